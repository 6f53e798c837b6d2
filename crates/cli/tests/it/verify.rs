//! Verification, proofs, bundles, tampering.

use std::os::unix::fs::FileExt;

use crate::fixture::{Ended, Place, git};

pub(crate) fn place_with_records() -> Place {
    let place = Place::new();
    let line = |n| format!("{{\"action\":\"a\",\"target\":\"t{n}\",\"actor\":\"ann\",\"input\":{{\"n\":{n}}}}}");
    let lines = (1..=20).map(line).collect::<Vec<_>>().join("\n");
    assert_eq!(place.run_with(["import", "-"], lines).code, 0);
    place
}

/// Changes one byte of the sealed file, at the first place of `needle`.
pub(crate) fn tamper(place: &Place, needle: &str) {
    place.ok(["reindex"]);
    let path = place.book().join("ledger.db");
    let bytes = std::fs::read(&path).unwrap();
    let at = bytes.windows(needle.len()).position(|window| window == needle.as_bytes()).expect("it is in the file");
    let last = at + needle.len() - 1;
    let file = std::fs::File::options().write(true).open(&path).unwrap();
    file.write_all_at(&[bytes[last] ^ 1], last as u64).unwrap();
}

pub(crate) fn codes(ended: &Ended) -> Vec<String> {
    let report: serde_json::Value = serde_json::from_str(&ended.out).unwrap_or_else(|e| panic!("{e}: {ended:?}"));
    report["faults"].as_array().unwrap().iter().map(|fault| fault["code"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn an_honest_book_is_intact() {
    let place = place_with_records();
    insta::assert_snapshot!("intact", place.plain(&place.ok(["verify"])));
    let report = place.json(["verify", "--chain", "--signatures"]);
    assert_eq!((&report["valid"], &report["verified_entries"]), (&true.into(), &21.into()));
    let chain = place.json(["verify", "--chain"]);
    assert!(chain["signatures"].as_u64() < report["signatures"].as_u64());
    place.make_approver();
    place.approved(&["key", "rotate"]);
    place.ok(["erase", "3", "--part", "input", "--reason", "r"]);
    place.ok(["verify", "--projections", "--complete"]);
}

#[test]
fn signatures_can_be_asked_for_alone() {
    let place = place_with_records();
    let [alone, both, chain] = [&["--signatures"][..], &["--chain", "--signatures"], &["--chain"]]
        .map(|options| place.json(["verify"].iter().chain(options)));
    // Twenty records, and the first leaf with its two.
    assert_eq!((&alone["valid"], &alone["signatures"]), (&true.into(), &22.into()));
    assert_eq!(alone["signatures"], both["signatures"]);
    assert_eq!(chain["signatures"], 2, "key leaves are always checked");
    // With them comes all that they stand for: what was signed.
    tamper(&place, "{\"n\":7}");
    let ended = place.run(["verify", "--signatures", "--format", "json"]);
    assert_eq!((ended.code, codes(&ended)), (4, vec!["part_altered".to_owned()]));
}

#[test]
fn a_changed_byte_is_found_in_its_place() {
    let place = place_with_records();
    let hash = place.json(["show", "7"])["hash"].as_str().unwrap().to_owned();
    tamper(&place, "{\"n\":7}");
    let ended = place.run(["verify", "--format", "json"]);
    assert_eq!(ended.code, 4);
    assert_eq!(codes(&ended), ["part_altered"]);
    assert!(ended.out.contains("\"seq\": 7"), "{}", ended.out);
    assert_eq!(place.run(["verify", "--record", &hash[..8]]).code, 4);
    assert_eq!(place.run(["verify", "--record", "8"]).code, 0);
    // What was altered is not shown as if it were sealed.
    let ended = place.run(["show", "7", "--format", "json"]);
    assert_eq!(ended.code, 4, "{ended:?}");
    let shown: serde_json::Value = serde_json::from_str(&ended.out).unwrap();
    assert!(shown["record"]["input"].is_null(), "{shown}");
}

#[test]
fn a_receipt_outlives_the_book() {
    let place = place_with_records();
    place.ok(["prove", "7", "--output", "7.receipt"]);
    place.ok(["head", "--output", "kept.checkpoint"]);
    place.append(&["--action", "later", "--target", "t"]);
    for kept in ["7.receipt", "kept.checkpoint"] {
        assert_eq!(place.run(["verify", "--against", kept]).code, 0, "{kept}");
    }
    let other = place_with_records();
    for kept in ["7.receipt", "kept.checkpoint"] {
        let path = place.project().join(kept);
        let ended = other.run(["verify", "--format", "json", "--against", path.to_str().unwrap()]);
        assert_eq!((ended.code, codes(&ended)), (4, vec!["untrusted".to_owned()]));
    }
    // A receipt that was changed proves nothing.
    let text = std::fs::read_to_string(place.project().join("7.receipt")).unwrap();
    place.write("forged.receipt", text.replacen("index 7", "index 8", 1));
    let ended = place.run(["verify", "--format", "json", "--against", "forged.receipt"]);
    assert_eq!(ended.code, 4);
    place.write("no.receipt", "hello\n");
    assert_eq!(place.run(["verify", "--against", "no.receipt"]).code, 2);
}

#[test]
fn a_cut_tail_is_found_against_what_was_kept() {
    let place = place_with_records();
    place.ok(["backup", "older.sealbook"]);
    place.append(&["--action", "late", "--target", "t"]);
    place.ok(["head", "--output", "kept.checkpoint"]);
    place.ok(["prove", "21", "--output", "late.receipt"]);
    let book = place.book();
    for file in std::fs::read_dir(&book).unwrap() {
        std::fs::remove_file(file.unwrap().path()).unwrap();
    }
    std::fs::copy(place.project().join("older.sealbook"), book.join("ledger.db")).unwrap();

    // The head that is kept outside the book tells it, and so does what anybody kept.
    let ended = place.run(["verify", "--format", "json"]);
    assert_eq!((ended.code, codes(&ended)), (4, vec!["truncated".to_owned()]));
    std::fs::remove_dir_all(place.home().join("heads")).unwrap();
    assert_eq!(place.run(["verify"]).code, 0);
    for kept in ["kept.checkpoint", "late.receipt"] {
        let ended = place.run(["verify", "--format", "json", "--against", kept]);
        assert_eq!((ended.code, codes(&ended)), (4, vec!["truncated".to_owned()]), "{kept}");
    }
}

#[test]
fn a_bundle_is_verified_without_the_book() {
    let place = place_with_records();
    place.ok(["key", "public", "--output", "shop.vkey"]);
    place.ok(["export", "--bundle", "all.sealbundle", "--quiet"]);
    place.ok(["export", "--bundle", "some.sealbundle", "--target", "t7", "--quiet"]);
    let elsewhere = Place::empty();
    for name in ["all.sealbundle", "some.sealbundle", "shop.vkey"] {
        std::fs::copy(place.project().join(name), elsewhere.project().join(name)).unwrap();
    }
    let verify = |name: &str| elsewhere.run(["verify", "--format", "json", "--bundle", name, "--key", "shop.vkey"]);
    for (name, entries) in [("all.sealbundle", 21), ("some.sealbundle", 2)] {
        let ended = verify(name);
        assert_eq!(ended.code, 0, "{ended:?}");
        let report: serde_json::Value = serde_json::from_str(&ended.out).unwrap();
        assert_eq!((&report["verified_entries"], &report["findings"]), (&entries.into(), &serde_json::json!([])));
    }
    assert!(!elsewhere.home().exists(), "nothing is made for it");

    let other = Place::new();
    other.ok(["key", "public", "--output", "other.vkey"]);
    std::fs::copy(other.project().join("other.vkey"), elsewhere.project().join("shop.vkey")).unwrap();
    assert_eq!(verify("all.sealbundle").code, 4, "another's key vouches for nothing");
    elsewhere.write("shop.vkey", "no key\n");
    assert_eq!(verify("all.sealbundle").code, 2);
    elsewhere.write("no.sealbundle", "{}\n");
    assert_eq!(elsewhere.run(["verify", "--bundle", "no.sealbundle"]).code, 2);
}

#[test]
fn a_restored_book_is_verified_with_the_ledgers_before_it() {
    let place = place_with_records();
    place.ok(["backup", "old.sealbook"]);
    place.ok(["prove", "7", "--output", "7.receipt"]);
    place.ok(["restore", "old.sealbook", "--book", "again"]);
    let report = place.json(["verify", "--book", "again"]);
    assert_eq!((&report["valid"], &report["earlier"][0]["verified_entries"]), (&true.into(), &21.into()));
    assert_eq!(place.run(["verify", "--book", "again", "--against", "7.receipt"]).code, 0);

    let previous = place.home().join("books/again/default/previous");
    let old = std::fs::read_dir(&previous).unwrap().next().unwrap().unwrap().path();
    let path = old.join("ledger.db");
    let bytes = std::fs::read(&path).unwrap();
    let at = bytes.windows(7).position(|window| window == b"{\"n\":7}").unwrap();
    std::fs::File::options().write(true).open(&path).unwrap().write_all_at(b"8", at as u64 + 5).unwrap();
    assert_eq!(place.run(["verify", "--book", "again"]).code, 4);

    std::fs::remove_dir_all(&previous).unwrap();
    assert_eq!(
        place.run(["verify", "--book", "again"]).code,
        0,
        "what is not there is said, and broken is another word"
    );
    let ended = place.run(["verify", "--book", "again", "--complete"]);
    assert_eq!(ended.code, 3, "{ended:?}");
}

#[test]
fn what_is_missing_is_a_finding() {
    let place = Place::new();
    place.append(&["--action", "deploy", "--target", "service:shop", "--phase", "intent"]);
    assert_eq!(place.run(["verify"]).code, 0);
    let ended = place.run(["verify", "--complete"]);
    assert_eq!(ended.code, 1);
    insta::assert_snapshot!("incomplete", place.plain(&ended.out));
    let id = place.json(["show", "1"])["id"].as_str().unwrap().to_owned();
    place.append(&[
        "--action",
        "deploy",
        "--target",
        "service:shop",
        "--phase",
        "outcome",
        "--parent",
        &id,
        "--outcome",
        "failed",
    ]);
    assert_eq!(place.run(["verify", "--complete"]).code, 0);
}

#[test]
fn tampering_is_demonstrated_on_a_copy() {
    let place = place_with_records();
    let before = place.json(["head"]);
    let ended = place.run(["demo", "tamper"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(ended.out.contains("leaf_altered") && ended.out.contains("seq 10"), "{}", ended.out);
    assert_eq!(place.json(["demo", "tamper", "--record", "3"])["found"], true);
    assert_eq!(place.json(["head"]), before);
    place.ok(["verify"]);
}

#[test]
fn exits_have_an_order() {
    let place = Place::empty();
    let root = place.project();
    git(&root, &["init", "--quiet"]);
    place.write("a", "a");
    git(&root, &["add", "--all"]);
    git(&root, &["commit", "--quiet", "--message", "a"]);
    assert_eq!(place.run(["repo"]).code, 0);
    assert_eq!(place.run(["repo", "--fail-on", "info"]).code, 1, "every history has something to say");
    assert_eq!(place.run(["repo", "--fail-on", "never"]).code, 0);
    place.configure("fail_on = \"info\"\n");
    assert_eq!(place.run(["repo"]).code, 1);
    tamper(&place, "\"git.commit\"");
    assert_eq!(place.run(["verify"]).code, 4);
    assert_eq!(place.run(["repo", "--fail-on", "info"]).code, 4);
}

#[test]
fn a_report_is_told_again_from_what_was_sealed() {
    let place = Place::new();
    let ended = place.run(["report"]);
    assert!(ended.err.starts_with("error[audit_missing]"), "{ended:?}");
    place.write("a.txt", "a");
    place.ok(["repo", "--quiet"]);
    let first = place.json(["report"]);
    assert_eq!(first["run"]["sources"][0]["source"], "file");
    place.write("b.txt", "b");
    place.ok(["repo", "--quiet"]);
    let run = first["run"]["run"].as_str().unwrap();
    assert_eq!(place.json(["report", "--run", run])["run"], first["run"]);
    assert_ne!(place.json(["report"])["run"], first["run"]);
    place.ok(["report", "--format", "markdown", "--output", "AUDIT.md"]);
    assert!(std::fs::read_to_string(place.project().join("AUDIT.md")).unwrap().contains("## The book"));
}

#[test]
fn a_head_that_is_not_there_to_compare_with_is_told() {
    let place = place_with_records();
    assert!(!place.run(["verify"]).err.contains("no head"), "the kept head is there");
    for head in std::fs::read_dir(place.home().join("heads")).unwrap() {
        std::fs::write(head.unwrap().path(), "garbage").unwrap();
    }
    let ended = place.run(["verify"]);
    assert!(ended.code == 0 && ended.err.contains("no head of this book is kept here"), "{ended:?}");
}

#[test]
fn a_key_file_without_a_key_is_an_error() {
    let place = place_with_records();
    let bundle = place.beside("b.sealbundle").to_str().unwrap().to_owned();
    place.ok(["export", "--bundle", &bundle]);
    let key = place.ok(["key", "public"]);
    for (content, code) in [("", "usage"), ("\n \n", "usage"), (&key[..key.len() / 2], "key_refused")] {
        place.write("k.vkey", content);
        for arguments in [&["verify", "--bundle", &bundle, "--key", "k.vkey"][..], &["verify", "--key", "k.vkey"]] {
            let ended = place.run(arguments);
            assert_eq!(ended.code, 2, "{content:?}: {ended:?}");
            assert!(ended.err.contains(&format!("error[{code}]")) && ended.err.contains("k.vkey"), "{ended:?}");
        }
    }
}

#[test]
fn a_receipt_is_checked_without_a_book() {
    let (place, elsewhere) = (place_with_records(), Place::empty());
    let receipt = place.ok(["prove", "3"]);
    let head = place.ok(["head"]);
    elsewhere.write("k.vkey", place.ok(["key", "public"]));
    elsewhere.write("3.receipt", &receipt);
    elsewhere.write("head", &head);
    let check = |file: &str| elsewhere.run(["verify", "--against", file, "--key", "k.vkey", "--format", "json"]);
    for (file, kind) in [("3.receipt", "receipt"), ("head", "checkpoint")] {
        let ended = check(file);
        assert_eq!(ended.code, 0, "{ended:?}");
        let answer: serde_json::Value = serde_json::from_str(&ended.out).unwrap();
        assert_eq!((&answer["valid"], &answer["kind"]), (&true.into(), &kind.into()));
        assert!(answer["not_checked"][0].as_str().unwrap().contains("no book is here"), "{answer}");
    }
    assert!(!elsewhere.home().join("books").exists(), "nothing was made");

    // Another place in the tree, another key.
    let index = receipt.lines().position(|line| line == "index 3").unwrap();
    let lines: Vec<&str> = receipt.lines().collect();
    let moved: String = lines
        .iter()
        .enumerate()
        .map(|(at, line)| format!("{}\n", if at == index { "index 2" } else { line }))
        .collect();
    elsewhere.write("3.receipt", moved);
    let ended = check("3.receipt");
    assert_eq!(ended.code, 4, "{ended:?}");
    elsewhere.write("3.receipt", &receipt);
    elsewhere.write("k.vkey", place_with_records().ok(["key", "public"]));
    let ended = check("3.receipt");
    assert!(ended.code == 4 && ended.out.contains("untrusted"), "{ended:?}");
    let ended = elsewhere.run(["verify", "--against", "3.receipt"]);
    assert!(ended.err.contains("error[book_missing]"), "without a key there is nothing to check it with: {ended:?}");
}
