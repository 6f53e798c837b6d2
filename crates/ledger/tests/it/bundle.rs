//! Bundles: three verifiers that share no code, on honest and on damaged ones.

use std::collections::BTreeSet;

use sealbook_ledger::{
    BundleWriter, Continues, Entry, EntryPart, Error, Fault, Finding, KeyEvent, KeyRole, LeafType, Report, Trust,
    prove_inclusion, verify_bundle,
};
use serde_json::Value;

use crate::book::{Book, CHECKPOINT, RECORD, Stored, key, named};
use crate::others::{Others, SCRIPT};

fn note(book: &Book) -> &str {
    std::str::from_utf8(&book.checkpoints.last().unwrap().note).unwrap()
}

pub(crate) fn whole(book: &Book) -> Vec<u8> {
    let mut writer = BundleWriter::whole(Vec::new(), note(book)).unwrap();
    for entry in &book.entries {
        entry.with(|entry| writer.entry(entry, None)).unwrap();
    }
    writer.finish().unwrap()
}

/// The key and erase leaves, and the records that are wanted, with their parts of this name withheld.
pub(crate) fn selection(book: &Book, wanted: &[u64], withheld: &str) -> Vec<u8> {
    let is_wanted = |entry: &&Stored| {
        let leaf = sealbook_ledger::Leaf::parse(&entry.leaf).unwrap();
        leaf.typ != LeafType::Record || wanted.contains(&entry.seq)
    };
    let chosen: Vec<&Stored> = book.entries.iter().filter(is_wanted).collect();
    let mut writer = BundleWriter::selection(Vec::new(), note(book), chosen.len() as u64).unwrap();
    for stored in chosen {
        let proof = prove_inclusion(stored.seq, book.size(), &book.tiles).unwrap();
        stored.with(|entry| {
            let parts: Vec<EntryPart<'_>> = entry.parts.iter().map(|part| hide(part, withheld)).collect();
            let entry = Entry { parts: &parts, ..*entry };
            writer.entry(&entry, Some(&proof)).unwrap();
        });
    }
    writer.finish().unwrap()
}

fn hide<'a>(part: &EntryPart<'a>, withheld: &str) -> EntryPart<'a> {
    match part {
        EntryPart::Present { name, .. } if *name == withheld => EntryPart::Withheld { name },
        part => *part,
    }
}

/// A dozen leaves in which everything happens.
pub(crate) fn small() -> Book {
    let mut book = Book::empty();
    let old = Book::of(3, 3);
    let reason = "restored from a backup, \u{201c}two\u{201d} records\nare missing \u{7f}\u{1}".to_owned();
    let continues = Continues::from_checkpoint(note(&old).to_owned(), reason).unwrap();
    let keys = vec![named(RECORD, KeyRole::Record), named(CHECKPOINT, KeyRole::Checkpoint)];
    book.key_leaf(&KeyEvent::Genesis { keys, continues: Some(continues) }, &[CHECKPOINT, RECORD]);
    book.record(&[RECORD]);
    book.record(&[]);
    book.key_leaf(&KeyEvent::Add(named(3, KeyRole::Checkpoint)), &[CHECKPOINT, 3]);
    book.key_leaf(&KeyEvent::Add(named(4, KeyRole::Approver)), &[3]);
    book.record(&[RECORD, 4]);
    book.key_leaf(&KeyEvent::Retire { key: key(CHECKPOINT).fingerprint() }, &[CHECKPOINT]);
    book.erase(&[(1, "input"), (2, "statement")]);
    book.key_leaf(&KeyEvent::Revoke { key: key(RECORD).fingerprint(), since_seq: 5 }, &[3]);
    book.record(&[4]);
    book.checkpoint(3);
    book
}

fn trust() -> Trust {
    Trust { origin: None, keys: vec![*key(CHECKPOINT).public()] }
}

fn report(bundle: &[u8]) -> Option<Report> {
    match verify_bundle(bundle, &trust()) {
        Ok(report) => Some(report),
        Err(Error::BundleUnusable) => None,
        Err(error) => panic!("{error}"),
    }
}

/// Code and place of each fault, as all verifiers name them.
fn places(faults: &[Value]) -> BTreeSet<String> {
    let place = |fault: &Value| {
        let field = |name: &str| fault.get(name).filter(|_| fault["code"] != "untrusted").map(ToString::to_string);
        let fields: Vec<String> =
            ["seq", "part", "key", "line", "size"].iter().filter_map(|name| field(name)).collect();
        format!("{} {}", fault["code"].as_str().unwrap(), fields.join(" "))
    };
    faults.iter().map(place).collect()
}

fn rust_places(report: &Report) -> BTreeSet<String> {
    let json = serde_json::to_value(&report.faults).unwrap();
    places(json.as_array().unwrap())
}

/// All verifiers must find the same.
fn agree(others: &mut Others, bundle: &[u8], what: &str) -> BTreeSet<String> {
    let ours = report(bundle).map(|report| rust_places(&report));
    for (name, theirs) in others.verify(bundle, &[key(CHECKPOINT).public().to_bytes()]) {
        assert_eq!(ours, theirs.map(|faults| places(&faults)), "{what}: {name}");
    }
    ours.unwrap_or_else(|| BTreeSet::from(["unusable".to_owned()]))
}

#[test]
fn honest_bundles_verify_with_each() {
    let mut others = Others::start();
    let book = small();
    for bundle in [whole(&book), selection(&book, &[1, 5, 9], "input"), selection(&book, &[], "statement")] {
        assert_eq!(agree(&mut others, &bundle, "honest"), BTreeSet::new());
        let report = report(&bundle).unwrap();
        assert!(report.valid);
        assert_eq!(report.verified_entries, report.total_entries);
        assert_eq!((report.size, report.root), (book.size(), book.tree.root()));
        let key = key(RECORD).fingerprint();
        assert!(report.findings.contains(&Finding::KeyRevoked { key, since_seq: 5, until_seq: 8 }));
    }
    let part = report(&selection(&book, &[1, 5, 9], "input")).unwrap();
    assert_eq!((part.total_entries, part.erased_parts), (9, 1));
    assert!(part.findings.contains(&Finding::PartsWithheld { count: 2 }));
}

#[test]
fn larger_bundles_verify_with_each() {
    let mut others = Others::start();
    for size in [1, 2, 3, 5, 17, 257, 300] {
        let book = Book::of(size, 64);
        assert_eq!(agree(&mut others, &whole(&book), "whole"), BTreeSet::new());
        let wanted: Vec<u64> = (0..size).step_by(41).collect();
        assert_eq!(agree(&mut others, &selection(&book, &wanted, ""), "selection"), BTreeSet::new());
    }
}

/// One byte in sixteen; all of them with `SEALBOOK_EVERY_BYTE=1`.
fn flips(bundle: &[u8]) -> impl Iterator<Item = (usize, Vec<u8>)> {
    let step = if std::env::var_os("SEALBOOK_EVERY_BYTE").is_some() { 1 } else { 16 };
    (0..bundle.len()).step_by(step).map(move |at| {
        let mut flipped = bundle.to_vec();
        flipped[at] ^= 1 << (at / step % 8);
        (at, flipped)
    })
}

#[test]
fn every_flip_in_a_whole_bundle_is_found_twice() {
    let mut others = Others::start();
    let bundle = whole(&small());
    let lines = |at: usize| bundle[..at].split(|byte| *byte == b'\n').count() as u64 - 1;
    for (at, flipped) in flips(&bundle) {
        let found = agree(&mut others, &flipped, &format!("byte {at}"));
        assert!(!found.is_empty(), "byte {at} was not found");
        // The place is named: the entry's, or the line's.
        let line = lines(at);
        if line >= 2 {
            let here = [format!(" {}", line - 2), format!(" {} ", line - 2), format!("line_malformed {}", line + 1)];
            let is_here = |fault: &String| here.iter().any(|here| fault.contains(here));
            let is_last =
                line - 2 == small().size() - 1 && found.iter().any(|fault| fault.starts_with("checkpoint_mis"));
            assert!(found.iter().any(is_here) || is_last, "byte {at}, line {}: {found:?}", line + 1);
        }
    }
}

#[test]
fn every_flip_in_a_selection_is_found_twice() {
    let mut others = Others::start();
    let bundle = selection(&small(), &[1, 5], "statement");
    for (at, flipped) in flips(&bundle) {
        assert!(!agree(&mut others, &flipped, &format!("byte {at}")).is_empty(), "byte {at} was not found");
    }
}

#[test]
fn lines_that_go_come_or_change_places_are_found_twice() {
    let mut others = Others::start();
    for bundle in [whole(&small()), selection(&small(), &[1, 2, 5, 9], "")] {
        let lines: Vec<&[u8]> = bundle.split_inclusive(|byte| *byte == b'\n').collect();
        for at in 0..lines.len() {
            let mut without = lines.clone();
            without.remove(at);
            let mut twice = lines.clone();
            twice.insert(at, lines[at]);
            let mut swapped = lines.clone();
            swapped.swap(at, (at + 1) % lines.len());
            for changed in [without, twice, swapped] {
                let found = agree(&mut others, &changed.concat(), &format!("line {at}"));
                assert!(!found.is_empty(), "line {at}");
            }
        }
        for at in 0..=lines.len() {
            for more in ["\n", "\n\n", "\nnot part of it\n", " \n", "\r\n", "{}\n", "x"] {
                let mut changed = lines.clone();
                changed.insert(at, more.as_bytes());
                let found = agree(&mut others, &changed.concat(), &format!("{more:?} before line {at}"));
                assert!(!found.is_empty(), "{more:?} before line {at}");
            }
        }
        for cut in (0..bundle.len()).step_by(97) {
            assert!(!agree(&mut others, &bundle[..cut], &format!("cut at {cut}")).is_empty());
        }
    }
}

/// Other spellings, and lines that mean trouble for parsers.
#[test]
fn hostile_lines_are_found_twice() {
    let mut others = Others::start();
    let bundle = String::from_utf8(whole(&small())).unwrap();
    let deep = format!("{{\"leaf\":{}", "[".repeat(100_000));
    let replacements = [
        ("{\"leaf\":", "{ \"leaf\":"),
        ("{\"leaf\":", "{\"extra\":\"\",\"leaf\":"),
        ("{\"leaf\":", "{\"leaf\":{},\"leaf\":"),
        ("{\"leaf\":", "\u{feff}{\"leaf\":"),
        ("{\"leaf\":", "[{\"leaf\":"),
        ("{\"leaf\":", &deep),
        ("\"v\":\"1\"", "\"v\":1"),
        ("\"v\":\"1\"", "\"v\":NaN"),
        ("\"v\":\"1\"", "\"v\":\"\\u0031\""),
        ("\"seq\":\"3\"", "\"seq\":\"03\""),
        ("\"seq\":\"3\"", "\"seq\":\"99999999999999999999\""),
        ("\"seq\":\"3\"", "\"seq\":3"),
        ("\"sealed_us\":\"1", "\"sealed_us\":\"99999999999999999991"),
        ("\"occurred_us\":\"1", "\"occurred_us\":\"-01"),
        ("\"withheld\"", "\"hidden\""),
        ("\"erased\"", "\"withheld\""),
        ("\"erased\"", "\"hidden\""),
        ("\"erased\"", "null"),
        ("\"erased\"", "{\"bytes\":\"\",\"salt\":\"\"}"),
        ("\"input\":{\"bytes\"", "\"input\":\"erased\",\"inpux\":{\"bytes\""),
        ("\"input\":{\"bytes\"", "\"INPUT\":{\"bytes\""),
        ("\"count\":\"10\"", "\"count\":\"11\""),
        ("\"count\":\"10\"", "\"count\":\"9\""),
        ("\"count\":\"10\"", "\"count\":\"010\""),
        ("\"kind\":\"whole\"", "\"kind\":\"selection\""),
        ("sealbook/bundle/v1", "sealbook/bundle/v2"),
        ("{\"checkpoint\":\"sealbook/", "{\"checkpoint\":\"sealbooks/"),
        ("\\n10\\n", "\\n010\\n"),
        ("\\n10\\n", "\\n9\\n"),
        ("\\n10\\n", "\\n99999999999999999999\\n"),
        ("\\n\\n\u{2014} ", "\\n\\n\u{2014} other AAAAAAA=\\n\u{2014} "),
        ("\\n\\n\u{2014} ", "\\n\\n\u{2014} other AAAAAA==\\n\u{2014} "),
        ("\\n\\n\u{2014} ", "\\n\\n\u{2014} ot+her AAAAAAAA\\n\u{2014} "),
        ("\\n\\n\u{2014} ", "\\n\\n\u{2014} ot\u{a0}her AAAAAAAA\\n\u{2014} "),
        ("\\n\\n\u{2014} ", "\\n\\n\u{2014}  AAAAAAAA\\n\u{2014} "),
        ("\\n\\n\u{2014} ", "\\nextension\\n\\n\u{2014} "),
        ("\\n\\n\u{2014} ", "\\r\\n\\n\u{2014} "),
        ("}\n", "}\r\n"),
        ("}\n", "}\n\n"),
    ];
    for (from, to) in replacements {
        if !bundle.contains(from) {
            continue;
        }
        let changed = bundle.replacen(from, to, 1);
        let found = agree(&mut others, changed.as_bytes(), &format!("{from} -> {to:.40}"));
        // A cosignature of somebody, and a part that may exist after all.
        let is_harmless = to.contains("other AAAAAAA=") || to == "\"withheld\"";
        assert_eq!(found.is_empty(), is_harmless, "{from} -> {to:.40}");
    }
}

/// Builds a book and expects both verifiers to find these codes in its bundle, and ours in the book too.
fn check(others: &mut Others, what: &str, expected: &[&str], build: &dyn Fn(&mut Book)) {
    let mut book = Book::new();
    book.record(&[RECORD]);
    build(&mut book);
    book.checkpoint(CHECKPOINT);
    let found = agree(others, &whole(&book), what);
    let codes: BTreeSet<&str> = found.iter().map(|fault| fault.split(' ').next().unwrap()).collect();
    assert_eq!(codes, expected.iter().copied().collect(), "{what}");
    let report = book.verify();
    assert_eq!(report.valid, expected.is_empty(), "{what}: {:?}", report.faults);
}

fn add(book: &mut Book, seed: u8, role: KeyRole, signers: &[u8]) {
    book.key_leaf(&KeyEvent::Add(named(seed, role)), signers);
}

fn retire(seed: u8) -> KeyEvent {
    KeyEvent::Retire { key: key(seed).fingerprint() }
}

fn revoke(seed: u8, since_seq: u64) -> KeyEvent {
    KeyEvent::Revoke { key: key(seed).fingerprint(), since_seq }
}

#[test]
fn only_checkpoint_keys_change_keys() {
    let mut others = Others::start();
    check(&mut others, "nothing", &[], &|_| {});
    check(&mut others, "added by a record key", &["key_event_unauthorized"], &|book| {
        add(book, 5, KeyRole::Record, &[RECORD]);
    });
    check(&mut others, "added by itself", &["key_event_unauthorized"], &|book| add(book, 5, KeyRole::Checkpoint, &[5]));
    check(&mut others, "added by a stranger", &["key_event_unauthorized", "signer_unknown"], &|book| {
        add(book, 5, KeyRole::Record, &[6]);
    });
    check(&mut others, "added by nobody", &["key_event_unauthorized"], &|book| add(book, 5, KeyRole::Record, &[]));
    check(&mut others, "added and signs", &[], &|book| {
        add(book, 5, KeyRole::Record, &[CHECKPOINT]);
        book.record(&[5]);
    });
    check(&mut others, "signs before it is added", &["signer_unknown"], &|book| {
        book.record(&[5]);
        add(book, 5, KeyRole::Record, &[CHECKPOINT]);
    });
}

#[test]
fn events_that_contradict_the_ledger_are_found_twice() {
    let mut others = Others::start();
    check(&mut others, "added twice", &["key_event_invalid"], &|book| {
        add(book, 5, KeyRole::Record, &[CHECKPOINT]);
        add(book, 5, KeyRole::Approver, &[CHECKPOINT]);
    });
    check(&mut others, "a second genesis", &["key_event_invalid"], &|book| {
        let keys = vec![named(7, KeyRole::Checkpoint)];
        book.key_leaf(&KeyEvent::Genesis { keys, continues: None }, &[CHECKPOINT]);
    });
    check(&mut others, "the last checkpoint key retired", &["key_event_invalid"], &|book| {
        book.key_leaf(&retire(CHECKPOINT), &[CHECKPOINT]);
    });
    check(&mut others, "the last checkpoint key revoked", &["key_event_invalid"], &|book| {
        book.key_leaf(&revoke(CHECKPOINT, 0), &[CHECKPOINT]);
    });
    check(&mut others, "a stranger retired", &["key_event_invalid"], &|book| {
        book.key_leaf(&retire(9), &[CHECKPOINT]);
    });
    check(&mut others, "retired twice", &["key_event_invalid"], &|book| {
        book.key_leaf(&retire(RECORD), &[CHECKPOINT]);
        book.key_leaf(&retire(RECORD), &[CHECKPOINT]);
    });
    check(&mut others, "retired, then revoked", &[], &|book| {
        book.key_leaf(&retire(RECORD), &[CHECKPOINT]);
        book.key_leaf(&revoke(RECORD, 1), &[CHECKPOINT]);
    });
    check(&mut others, "revoked, then retired", &["key_event_invalid"], &|book| {
        book.key_leaf(&revoke(RECORD, 1), &[CHECKPOINT]);
        book.key_leaf(&retire(RECORD), &[CHECKPOINT]);
    });
    check(&mut others, "revoked from the future", &["key_event_invalid"], &|book| {
        book.key_leaf(&revoke(RECORD, 9), &[CHECKPOINT]);
    });
}

#[test]
fn keys_sign_within_their_role_and_range() {
    let mut others = Others::start();
    check(&mut others, "signs after it was retired", &["key_not_valid"], &|book| {
        book.key_leaf(&retire(RECORD), &[CHECKPOINT]);
        book.record(&[RECORD]);
    });
    check(&mut others, "a checkpoint key signs a record", &["key_not_valid"], &|book| {
        book.record(&[CHECKPOINT]);
    });
    check(&mut others, "a retired checkpoint key signs a checkpoint", &["checkpoint_invalid"], &|book| {
        add(book, 5, KeyRole::Checkpoint, &[CHECKPOINT]);
        book.key_leaf(&retire(CHECKPOINT), &[5]);
    });
    check(
        &mut others,
        "a retired key changes keys",
        &["key_event_unauthorized", "key_not_valid", "checkpoint_invalid"],
        &|book| {
            add(book, 5, KeyRole::Checkpoint, &[CHECKPOINT]);
            book.key_leaf(&retire(CHECKPOINT), &[5]);
            add(book, 6, KeyRole::Record, &[CHECKPOINT]);
        },
    );
}

#[test]
fn events_that_are_not_in_their_form_are_found_twice() {
    let mut others = Others::start();
    let raw = |text: &'static str| {
        move |book: &mut Book| {
            let draft = book.draft(LeafType::Key, vec![("keys".into(), text.as_bytes().to_vec())]);
            book.seal(draft, &[CHECKPOINT]);
        }
    };
    for text in [
        "",
        "{}",
        "[]",
        "null",
        "\"add\"",
        r#"{"event":"add"}"#,
        r#"{"event":"retire","key":"00"}"#,
        r#"{"event":"promote","key":"x"}"#,
    ] {
        check(&mut others, text, &["key_event_invalid"], &raw(text));
    }
    check(&mut others, "no part keys", &["part_missing"], &|book| {
        let draft = book.draft(LeafType::Key, vec![("statement".into(), b"{}".to_vec())]);
        book.seal(draft, &[CHECKPOINT]);
    });
    for text in [
        "",
        "{}",
        r#"{"parts":[]}"#,
        r#"{"parts":[{"name":"input","seq":"01"}]}"#,
        r#"{"parts":[{"name":"input","seq":"9"}]}"#,
    ] {
        check(&mut others, text, &["erasure_invalid"], &|book| {
            let draft = book.draft(LeafType::Erase, vec![("erasure".into(), text.as_bytes().to_vec())]);
            book.seal(draft, &[RECORD]);
        });
    }
}

#[test]
fn a_genesis_must_name_and_bear_its_keys() {
    let mut others = Others::start();
    let mut check = |roles: &[(u8, KeyRole)], signers: &[u8], expected: &[&str]| {
        let mut book = Book::empty();
        let keys = roles.iter().map(|(seed, role)| named(*seed, *role)).collect();
        book.key_leaf(&KeyEvent::Genesis { keys, continues: None }, signers);
        book.checkpoint(CHECKPOINT);
        let found = agree(&mut others, &whole(&book), "genesis");
        let codes: BTreeSet<&str> = found.iter().map(|fault| fault.split(' ').next().unwrap()).collect();
        assert_eq!(codes, expected.iter().copied().collect());
        assert_eq!(book.verify().valid, expected.is_empty());
    };
    let both = [(CHECKPOINT, KeyRole::Checkpoint), (RECORD, KeyRole::Record)];
    check(&both, &[CHECKPOINT, RECORD], &[]);
    check(&both, &[CHECKPOINT], &["key_event_unauthorized"]);
    check(&both, &[RECORD], &["key_event_unauthorized"]);
    let gone = ["key_event_invalid", "signer_unknown", "genesis_missing", "checkpoint_key_unknown", "untrusted"];
    check(&[(RECORD, KeyRole::Record)], &[RECORD], &gone);
    check(&[], &[CHECKPOINT], &gone);
    check(&[both[0], both[0]], &[CHECKPOINT], &gone);
}

#[test]
fn trust_in_bundles() {
    let bundle = whole(&small());
    let codes = |trust: &Trust| -> Vec<&str> {
        verify_bundle(&bundle[..], trust).unwrap().faults.iter().map(Fault::code).collect()
    };
    for (seed, expected) in [(CHECKPOINT, [].as_slice()), (3, &[]), (RECORD, &["untrusted"]), (9, &["untrusted"])] {
        assert_eq!(codes(&Trust { origin: None, keys: vec![*key(seed).public()] }), expected, "key {seed}");
    }
    let origin = Some(sealbook_ledger::Origin::from_random([0; 16]));
    assert_eq!(codes(&Trust { origin, keys: vec![] }), ["untrusted"]);
    let unpinned = verify_bundle(&bundle[..], &Trust::default()).unwrap();
    assert!(unpinned.valid && unpinned.findings.contains(&Finding::NotPinned));
}

#[test]
fn the_writer_refuses_what_would_not_verify() {
    let book = small();
    let entry = |seq: usize, writer: &mut BundleWriter<Vec<u8>>, proof| {
        book.entries[seq].with(|entry| writer.entry(entry, proof).map_err(|error| error.code()))
    };
    let mut writer = BundleWriter::whole(Vec::new(), note(&book)).unwrap();
    assert_eq!(entry(1, &mut writer, None), Err("bundle_refused"));
    assert_eq!(entry(0, &mut writer, Some(&[])), Err("bundle_refused"));
    assert_eq!(entry(0, &mut writer, None), Ok(()));
    assert_eq!(entry(0, &mut writer, None), Err("bundle_refused"));
    assert_eq!(writer.finish().unwrap_err().code(), "bundle_refused");
    let mut writer = BundleWriter::selection(Vec::new(), note(&book), 1).unwrap();
    assert_eq!(entry(0, &mut writer, Some(&[])), Ok(()));
    assert_eq!(entry(1, &mut writer, Some(&[])), Err("bundle_refused"));
    assert_eq!(BundleWriter::whole(Vec::new(), "no note").unwrap_err().code(), "checkpoint_malformed");
}

/// The program itself: arguments, output, exit codes.
#[test]
fn the_second_verifier_as_a_program() {
    let dir = std::env::temp_dir().join(format!("sealbook-bundle-{}", std::process::id()));
    std::fs::create_dir_all(&dir).unwrap();
    let book = small();
    let (good, bad, junk) = (dir.join("good"), dir.join("bad"), dir.join("junk"));
    let mut bundle = whole(&book);
    std::fs::write(&good, &bundle).unwrap();
    let middle = bundle.len() / 2;
    bundle[middle] ^= 1;
    std::fs::write(&bad, &bundle).unwrap();
    std::fs::write(&junk, b"not a bundle\n").unwrap();
    let run = |args: &[&str]| {
        let output = std::process::Command::new("python3").arg("-B").arg(SCRIPT).args(args).output().unwrap();
        (output.status.code().unwrap(), String::from_utf8(output.stdout).unwrap())
    };
    let vkey = key(CHECKPOINT).public().vkey(&book.origin);
    let stranger = key(9).public().vkey(&book.origin);
    let [good, bad, junk] = [&good, &bad, &junk].map(|path| path.to_str().unwrap());
    assert_eq!(run(&[good, "--key", &vkey]), (0, "valid\n".into()));
    assert_eq!(run(&[good, "--key", &vkey, "--origin", book.origin.as_str()]).0, 0);
    assert_eq!(run(&[good, "--key", &stranger]).0, 4);
    assert_eq!(run(&[good, "--origin", "sealbook/00000000000000000000000000000000"]).0, 4);
    let (code, output) = run(&[bad, "--key", &vkey, "--json"]);
    let json: Value = serde_json::from_str(&output).unwrap();
    assert_eq!((code, &json["valid"], &json["pinned"]), (4, &false.into(), &true.into()));
    assert!(!json["faults"].as_array().unwrap().is_empty());
    assert_eq!(run(&[junk]).0, 2);
    assert_eq!(run(&[good, "--key", "nonsense"]).0, 2);
    assert_eq!(run(&["/nowhere/at/all"]).0, 2);
    std::fs::remove_dir_all(dir).unwrap();
    let lines = std::fs::read_to_string(SCRIPT).unwrap().lines().count();
    assert!(lines <= 250, "the second verifier has {lines} lines");
}
