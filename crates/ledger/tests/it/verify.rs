//! Honest books verify, whatever happened to them; damage is found, and where it is.

use sealbook_ledger::{Draft, Fault, Finding, Hash, KeyEvent, KeyRole, Leaf, LeafType, PART_STATEMENT, Trust};

use crate::book::{Book, CHECKPOINT, RECORD, faults, key, named};

/// A book in which everything happened: rotation, revocation, erasure, approvals, batches.
pub(crate) fn eventful() -> Book {
    let mut book = Book::of(40, 7);
    book.key_leaf(&KeyEvent::Add(named(3, KeyRole::Checkpoint)), &[CHECKPOINT]);
    book.checkpoint(CHECKPOINT);
    book.key_leaf(&KeyEvent::Add(named(4, KeyRole::Approver)), &[3]);
    book.record(&[RECORD, 4]);
    book.key_leaf(&KeyEvent::Retire { key: key(CHECKPOINT).fingerprint() }, &[CHECKPOINT]);
    book.checkpoint(3);
    book.key_leaf(&KeyEvent::Add(named(5, KeyRole::Record)), &[3]);
    book.key_leaf(&KeyEvent::Revoke { key: key(RECORD).fingerprint(), since_seq: 20 }, &[3, RECORD]);
    book.record(&[5]);
    book.record(&[]);
    book.checkpoint(3);
    let draft = book.draft(LeafType::Erase, vec![("erasure".into(), erasure(7, "input"))]);
    book.entries[7].parts[0].1 = None;
    book.seal(draft, &[5]);
    book.checkpoint(3);
    book
}

fn erasure(seq: u64, name: &str) -> Vec<u8> {
    format!(r#"{{"parts":[{{"name":"{name}","seq":"{seq}"}}]}}"#).into_bytes()
}

#[test]
fn an_honest_book_verifies() {
    let book = Book::of(200, 64);
    let report = book.verify();
    assert_eq!(faults(&report), [""; 0]);
    assert!(report.valid && report.findings.is_empty());
    assert_eq!((report.verified_entries, report.total_entries, report.size), (200, 200, 200));
    assert_eq!((report.root, report.signatures, report.checkpoints), (book.tree.root(), 201, 5));
}

#[test]
fn an_eventful_book_verifies() {
    let book = eventful();
    let report = book.verify();
    assert_eq!(faults(&report), [""; 0]);
    assert_eq!(report.verified_entries, book.size());
    assert_eq!(report.erased_parts, 1);
    let key = key(RECORD).fingerprint();
    let expected = [Finding::KeyRevoked { key, since_seq: 20, until_seq: 45 }, Finding::Unsigned { count: 1 }];
    assert_eq!(report.findings, expected);
}

#[test]
fn ranges_may_be_cut_anywhere_on_the_grid() {
    let book = Book::of(1_300, 100);
    for width in [256, 512, 1_280] {
        let report = book.verify_in(width);
        assert_eq!(faults(&report), [""; 0]);
        assert_eq!(report.verified_entries, 1_300);
    }
    let report = book.verify_ranges(&[(256, 512), (1_024, 1_300)], &book.trust()).unwrap();
    assert_eq!((faults(&report), report.total_entries), (vec![], 532));
    assert!(book.verify_ranges(&[(10, 256)], &book.trust()).is_err());
    assert!(book.verify_ranges(&[(0, 2_000)], &book.trust()).is_err());
}

#[test]
fn an_empty_book_is_consistent() {
    let report = Book::empty().verify_ranges(&[], &Trust::default()).unwrap();
    assert_eq!((report.valid, report.findings), (true, vec![Finding::NotPinned]));
}

/// Flips every bit in turn and expects a fault at the entry, and at no other entry.
fn located(book: &mut Book, seq: u64, damage: impl Fn(&mut Book), expected: &[&str]) {
    let mut damaged = book.clone();
    damage(&mut damaged);
    let found = faults(&damaged.verify_in(256));
    assert!(
        !found.is_empty() && found.iter().any(|fault| expected.iter().any(|code| *fault == format!("{code}@{seq}"))),
        "expected {expected:?}@{seq}, found {found:?}"
    );
    assert!(
        found.iter().all(|fault| fault.ends_with(&format!("@{seq}")) || is_consequence(book, seq, fault)),
        "{seq}: {found:?}"
    );
}

/// Where a key leaf is broken, what its keys signed later cannot be believed, and where an
/// erase leaf is, what it erased is unaccounted for: that is said too.
fn is_consequence(book: &Book, seq: u64, fault: &str) -> bool {
    let leaf = Leaf::parse(&book.entries[seq as usize].leaf).unwrap();
    let codes: &[&str] = match leaf.typ {
        LeafType::Record => &[],
        LeafType::Erase => &["erased_without_record"],
        LeafType::Key => &["signer_unknown", "key_", "checkpoint_key_unknown", "checkpoint_invalid", "untrusted"],
    };
    codes.iter().any(|code| fault.starts_with(code))
}

/// One byte in sixteen, other ones from entry to entry; all of them with `SEALBOOK_EVERY_BYTE=1`.
fn sampled(len: usize, entry: usize) -> impl Iterator<Item = usize> {
    let is_full = std::env::var_os("SEALBOOK_EVERY_BYTE").is_some();
    (0..len).filter(move |byte| is_full || (byte + entry).is_multiple_of(16))
}

#[test]
fn every_byte_of_an_eventful_book() {
    let mut book = eventful();
    for at in 0..book.entries.len() {
        for byte in sampled(book.entries[at].leaf.len(), at) {
            let flip = |book: &mut Book| book.entries[at].leaf[byte] ^= 1 << (byte % 7);
            located(&mut book, at as u64, flip, &["leaf_altered", "leaf_malformed"]);
        }
        for part in 0..book.entries[at].parts.len() {
            let Some((_, bytes)) = &book.entries[at].parts[part].1 else {
                continue;
            };
            for byte in sampled(bytes.len(), at) {
                let flip = |book: &mut Book| book.entries[at].parts[part].1.as_mut().unwrap().1[byte] ^= 4;
                located(&mut book, at as u64, flip, &["part_altered"]);
            }
            for byte in sampled(32, at) {
                let flip = |book: &mut Book| book.entries[at].parts[part].1.as_mut().unwrap().0[byte] ^= 128;
                located(&mut book, at as u64, flip, &["part_altered"]);
            }
        }
    }
}

#[test]
fn every_byte_of_tiles_and_checkpoints() {
    let book = Book::of(600, 150);
    for (at, tile) in &book.tiles {
        for byte in (0..tile.len()).step_by(31) {
            let mut damaged = book.clone();
            damaged.tiles.get_mut(at).unwrap()[byte] ^= 1;
            assert_eq!(faults(&damaged.verify_in(256)), [format!("tile_altered@{}/{}", at.0, at.1)]);
        }
        let mut damaged = book.clone();
        damaged.tiles.get_mut(at).unwrap().truncate(tile.len() - 32);
        assert_eq!(faults(&damaged.verify()), [format!("tile_altered@{}/{}", at.0, at.1)]);
        damaged.tiles.remove(at);
        assert_eq!(faults(&damaged.verify()), [format!("tile_missing@{}/{}", at.0, at.1)]);
    }
    for at in 0..book.checkpoints.len() {
        let size = book.checkpoints[at].size;
        for byte in 0..book.checkpoints[at].note.len() {
            let mut damaged = book.clone();
            damaged.checkpoints[at].note[byte] ^= 1 << (byte % 8);
            let found = faults(&damaged.verify());
            let expected = [format!("checkpoint_invalid@{size}"), format!("checkpoint_key_unknown@{size}")];
            assert!(found.len() == 1 && expected.contains(&found[0]), "{found:?}");
        }
        let mut damaged = book.clone();
        damaged.checkpoints[at].size -= 1;
        let expected = format!("checkpoint_invalid@{}", size - 1);
        assert!(faults(&damaged.verify()).contains(&expected));
    }
}

#[test]
fn two_faults_of_different_kinds_are_told_apart() {
    let book = Book::of(600, 150);
    let mut damaged = book.clone();
    damaged.entries[10].leaf[30] ^= 1;
    damaged.tiles.get_mut(&(0, 1)).unwrap()[70] ^= 1;
    let found = faults(&damaged.verify_in(256));
    assert_eq!(found.last().unwrap(), "tile_altered@0/1");
    assert!(found[..found.len() - 1].iter().all(|fault| fault.ends_with("@10")), "{found:?}");
    // The last leaf has no next one: only the signed root can tell.
    let mut damaged = book.clone();
    damaged.entries[599].leaf[30] ^= 1;
    assert!(faults(&damaged.verify()).iter().all(|fault| fault.ends_with("@599")));
    let mut damaged = book;
    *damaged.tiles.get_mut(&(0, 2)).unwrap().last_mut().unwrap() ^= 1;
    assert_eq!(faults(&damaged.verify()), ["tile_altered@0/2"]);
}

#[test]
fn a_leaf_rewritten_with_its_tiles_contradicts_chain_and_root() {
    let mut book = Book::of(300, 100);
    let mut forged = Book::of(10, 10);
    forged.origin = book.origin.clone();
    let draft = forged.draft(LeafType::Record, vec![(PART_STATEMENT.into(), b"forged".to_vec())]);
    let mut leaf = Vec::new();
    draft.seal_into(&book.origin, 10, &hash_of(&book, 9), 0, &mut leaf).unwrap();
    book.entries[10].leaf = leaf;
    book.entries[10].parts = vec![(PART_STATEMENT.into(), Some((draft.parts()[0].salt, b"forged".to_vec())))];
    let mut tree = sealbook_ledger::TreeState::empty();
    book.entries.iter().for_each(|entry| tree.push(sealbook_ledger::Leaf::hash(&entry.leaf)));
    book.tiles = tree.take_dirty().into_iter().map(|tile| ((tile.level, tile.index), tile.hashes)).collect();
    let expected = ["chain_break@11", "checkpoint_mismatch@101", "checkpoint_mismatch@201", "checkpoint_mismatch@300"];
    assert_eq!(faults(&book.verify()), expected);
}

fn hash_of(book: &Book, seq: usize) -> Hash {
    sealbook_ledger::Leaf::hash(&book.entries[seq].leaf)
}

#[test]
fn entries_that_go_missing_or_change_places() {
    let book = Book::of(300, 100);
    let mut cut = book.clone();
    cut.entries.drain(100..103);
    assert_eq!(faults(&cut.verify()), ["seq_gap@100"]);
    assert_eq!(cut.verify().verified_entries, 297);
    let mut swapped = book.clone();
    swapped.entries.swap(50, 51);
    swapped.entries[50].seq = 50;
    swapped.entries[51].seq = 51;
    let found = faults(&swapped.verify());
    assert!(found.contains(&"leaf_misplaced@50".into()) && found.contains(&"leaf_misplaced@51".into()), "{found:?}");
    let mut twice = book.clone();
    twice.entries.insert(20, book.entries[19].clone());
    assert_eq!(faults(&twice.verify()), ["seq_unexpected@19"]);
}

#[test]
fn a_cut_tail_contradicts_the_newest_checkpoint() {
    let book = Book::of(300, 100);
    let mut cut = Book::of(201, 100);
    cut.checkpoints = book.checkpoints.clone();
    assert_eq!(faults(&cut.verify()), ["truncated@300"]);
    let mut uncovered = book.clone();
    uncovered.checkpoints.pop();
    assert_eq!(faults(&uncovered.verify()), ["checkpoint_missing@201"]);
}

#[test]
fn parts_that_go_missing_or_come_in() {
    let book = Book::of(20, 20);
    let damaged = |damage: fn(&mut Book)| {
        let mut damaged = book.clone();
        damage(&mut damaged);
        faults(&damaged.verify())
    };
    assert_eq!(damaged(|book| drop(book.entries[5].parts.remove(0))), ["part_missing@5"]);
    assert_eq!(damaged(|book| book.entries[5].parts[0].1 = None), ["erased_without_record@5"]);
    assert_eq!(damaged(|book| book.entries[5].parts.push(("zeal".into(), None))), ["part_unknown@5"]);
    assert_eq!(damaged(|book| book.entries[5].parts.extend_from_within(..1)), ["part_unknown@5"]);
    assert_eq!(damaged(|book| book.entries[5].parts.reverse()), [""; 0]);
    assert_eq!(damaged(|book| book.entries[5].parts[0].0 = "output".into()), ["part_missing@5", "part_unknown@5"]);
}

#[test]
fn an_erasure_needs_its_record_and_names_what_is_gone() {
    let mut book = Book::of(20, 20);
    let seq = book.erase(&[(3, "input"), (4, "statement"), (3, "statement")]);
    book.checkpoint(CHECKPOINT);
    assert_eq!((faults(&book.verify()), book.verify().erased_parts), (vec![], 3));
    let mut kept = book.clone();
    kept.entries[3].parts = Book::of(20, 20).entries[3].parts.clone();
    assert!(matches!(&kept.verify().findings[..], [Finding::ErasedStillPresent { entry, .. }, _] if entry.seq == 3));
    book.entries[seq as usize].parts[0].1 = None;
    let found = faults(&book.verify());
    assert!(found.contains(&format!("part_missing@{seq}")), "{found:?}");
    assert!(found.contains(&"erased_without_record@3".to_owned()), "{found:?}");
}

#[test]
fn trust_is_asked_for_and_checked() {
    let book = Book::of(20, 20);
    let untrusted = |trust: &Trust| faults(&book.verify_ranges(&[(0, 20)], trust).unwrap());
    let stranger = Trust { origin: None, keys: vec![*key(9).public()] };
    assert_eq!(untrusted(&stranger), ["untrusted"]);
    let other = Trust { origin: Some(sealbook_ledger::Origin::from_random([0; 16])), keys: vec![] };
    assert_eq!(untrusted(&other), ["untrusted"]);
    // Record keys vouch for nothing.
    assert_eq!(untrusted(&Trust { origin: None, keys: vec![*key(RECORD).public()] }), ["untrusted"]);
    // After a rotation, both the first key and the newest one do.
    let book = eventful();
    for seed in [CHECKPOINT, 3] {
        let trust = Trust { origin: None, keys: vec![*key(seed).public()] };
        assert_eq!(faults(&book.verify_ranges(&[(0, book.size())], &trust).unwrap()), [""; 0]);
    }
}

#[test]
fn the_clock_of_the_writer_going_back_is_a_finding() {
    let mut book = Book::of(300, 300);
    book.clock_us -= 5_000_000;
    book.record(&[RECORD]);
    book.checkpoint(CHECKPOINT);
    let report = book.verify_in(256);
    assert!(report.valid);
    assert!(matches!(&report.findings[..], [Finding::ClockStep { entry, .. }] if entry.seq == 300));
}

#[test]
fn an_id_that_comes_twice_is_found_across_ranges() {
    let mut book = Book::of(300, 300);
    let mut draft = book.draft(LeafType::Record, vec![(PART_STATEMENT.into(), b"{}".to_vec())]);
    draft.id = Leaf::parse(&book.entries[7].leaf).unwrap().id;
    let parts = vec![(PART_STATEMENT.into(), b"{}".to_vec())];
    let draft = Draft::new(draft.typ, draft.id, None, draft.phase, 0, parts, &mut |_| {}).unwrap();
    book.seal(draft, &[RECORD]);
    book.checkpoint(CHECKPOINT);
    assert_eq!(faults(&book.verify_in(256)), ["duplicate_id@300"]);
}

#[test]
fn faults_speak_as_people_expect() {
    let mut book = Book::of(20, 20);
    book.entries[5].parts[0].1.as_mut().unwrap().1[0] ^= 1;
    let report = book.verify();
    let id = "01934a2b-7c8d-7000-8000-000000000005";
    assert_eq!(
        report.faults[0].to_string(),
        format!("Hash mismatch at entry {id} (seq 5): its part `input` was altered")
    );
    let json = serde_json::to_value(&report).unwrap();
    assert_eq!(json["faults"][0]["code"], "part_altered");
    assert_eq!(json["faults"][0]["seq"], 5);
    assert_eq!(json["faults"][0]["part"], "input");
    assert_eq!((&json["valid"], &json["verified_entries"]), (&false.into(), &19.into()));
    let break_at = Fault::ChainBreak { entry: report.faults[0].entry().unwrap() };
    assert!(break_at.to_string().starts_with(&format!("Chain break at entry {id}")));
}

#[test]
fn a_failed_signature_is_told_in_the_usual_words() {
    let mut book = Book::of(5, 5);
    // By a key that nobody named, by one that may not sign records, and one that was changed.
    book.record(&[9]);
    book.record(&[CHECKPOINT]);
    book.record(&[RECORD]);
    book.checkpoint(CHECKPOINT);
    let name = b"\"sig\":\"";
    let leaf = &mut book.entries[7].leaf;
    let at = leaf.windows(name.len()).rposition(|window| window == name).expect("it is signed") + name.len();
    leaf[at] = if leaf[at] == b'A' { b'B' } else { b'A' };
    let report = book.verify();
    for (seq, code, cause) in [
        (5, "signer_unknown", "no key leaf names key "),
        (6, "key_not_valid", "key "),
        (7, "signature_invalid", "the signature by key "),
    ] {
        let fault =
            report.faults.iter().find(|fault| fault.code() == code).unwrap_or_else(|| panic!("{code}: {report:?}"));
        let id = format!("01934a2b-7c8d-7000-8000-{seq:012x}");
        let words = format!("Signature verification failed for {id} (seq {seq}): {cause}");
        assert!(fault.to_string().starts_with(&words), "{fault}");
    }
}

#[test]
fn faults_beyond_the_limit_are_counted() {
    let mut book = Book::of(10_300, 10_300);
    for entry in &mut book.entries {
        entry.parts.last_mut().unwrap().1.as_mut().unwrap().0[0] ^= 1;
    }
    let report = book.verify();
    assert_eq!((report.faults.len(), report.fault_count >= 10_300), (sealbook_ledger::FAULTS_MAX, true));
    assert_eq!(report.verified_entries, 0);
}
