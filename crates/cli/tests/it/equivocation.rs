//! A keeper who signed two histories: the proof is written, and checked by somebody who has no book.

use serde_json::Value;

use crate::fixture::{Ended, Place};
use crate::verify::{codes, place_with_records};

/// A book that was set back and went on with something else; `evidence` proves it, `shop.vkey` is its key.
fn rewritten() -> Place {
    let place = place_with_records();
    place.ok(["key", "public", "--output", "shop.vkey"]);
    place.ok(["backup", "older.sealbook"]);
    place.append(&["--action", "inconvenient", "--target", "t"]);
    place.ok(["prove", "21", "--output", "kept.receipt"]);
    let book = place.book();
    for file in std::fs::read_dir(&book).unwrap() {
        std::fs::remove_file(file.unwrap().path()).unwrap();
    }
    std::fs::copy(place.project().join("older.sealbook"), book.join("ledger.db")).unwrap();
    std::fs::remove_dir_all(place.home().join("heads")).unwrap();
    // The keeper, who has the keys, seals something else instead.
    place.append(&["--action", "harmless", "--target", "t"]);
    place
}

/// Somebody else with the proof and the key, and nothing more.
fn stranger(keeper: &Place) -> Place {
    let elsewhere = Place::empty();
    for name in ["evidence", "shop.vkey"] {
        std::fs::copy(keeper.project().join(name), elsewhere.project().join(name)).unwrap();
    }
    elsewhere
}

fn check(place: &Place, file: &str, key: &str) -> (Ended, Value) {
    let ended = place.run(["verify", "--equivocation", file, "--key", key, "--format", "json"]);
    let told = serde_json::from_str(&ended.out).unwrap_or_default();
    (ended, told)
}

#[test]
fn a_rewritten_history_is_proven_by_what_was_kept() {
    let place = rewritten();
    assert_eq!(place.run(["verify"]).code, 0, "by itself it is a perfect book");
    let ended = place.run(["verify", "--format", "json", "--against", "kept.receipt", "--evidence", "evidence"]);
    assert_eq!(ended.code, 4);
    assert_eq!(codes(&ended), ["checkpoint_mismatch", "leaf_altered"]);

    let elsewhere = stranger(&place);
    let (ended, told) = check(&elsewhere, "evidence", "shop.vkey");
    assert_eq!((ended.code, &told["holds"], &told["conflict"]), (0, &true.into(), &"leaves".into()), "{ended:?}");
    assert_eq!((&told["seq"], &told["first"]["size"], &told["second"]["size"]), (&21.into(), &22.into(), &22.into()));
    assert_ne!(told["first"]["root"], told["second"]["root"]);
    assert!(!elsewhere.home().exists(), "no book is needed, and none is made");
    let told = elsewhere.ok(["verify", "--equivocation", "evidence", "--key", "shop.vkey"]);
    insta::assert_snapshot!("equivocation", elsewhere.plain(&told));
}

#[test]
fn a_proof_that_was_made_up_does_not_hold() {
    let place = rewritten();
    let ended = place.run(["verify", "--against", "kept.receipt", "--evidence", "evidence"]);
    assert_eq!(ended.code, 4);
    let elsewhere = stranger(&place);
    let text = std::fs::read_to_string(elsewhere.project().join("evidence")).unwrap();

    // Another key vouches for nothing, and a key only for the ledger that it was given for.
    place_with_records().ok(["key", "public", "--output", elsewhere.project().join("other.vkey").to_str().unwrap()]);
    let vkey = std::fs::read_to_string(elsewhere.project().join("shop.vkey")).unwrap();
    let (ended, told) = check(&elsewhere, "evidence", "other.vkey");
    assert_eq!((ended.code, &told["holds"]), (4, &false.into()), "{ended:?}");
    assert_eq!(told["refused"]["code"], "checkpoint_untrusted");

    // Every value of it counts: one character of each line, and the lines themselves.
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines.len() > 10);
    for at in 0..lines.len() {
        let mut changed: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
        let middle = lines[at].len() * 2 / 3;
        let other = if lines[at].as_bytes()[middle] == b'A' { "B" } else { "A" };
        changed[at].replace_range(middle..=middle, other);
        let mut missing = changed.clone();
        missing.remove(at);
        for forged in [changed, missing] {
            elsewhere.write("forged", forged.join("\n") + "\n");
            let (ended, told) = check(&elsewhere, "forged", vkey.trim());
            assert!(matches!(ended.code, 2 | 4) && told["holds"] != true, "line {at}: {ended:?}");
        }
    }
    // Two checkpoints of one history are no contradiction.
    let first = lines.iter().position(|line| line.starts_with("first ")).unwrap();
    let second = lines.iter().position(|line| line.starts_with("second ")).unwrap();
    let same = lines[first].replacen("first", "second", 1);
    let honest: Vec<&str> =
        lines.iter().enumerate().map(|(at, line)| if at == second { same.as_str() } else { line }).collect();
    elsewhere.write("forged", honest.join("\n") + "\n");
    let (ended, told) = check(&elsewhere, "forged", "shop.vkey");
    assert_eq!((ended.code, &told["refused"]["code"]), (4, &"proof_invalid".into()), "{ended:?}");

    // What is no proof at all is an error, with its place.
    elsewhere.write("forged", "hello\n");
    let ended = elsewhere.run(["verify", "--equivocation", "forged", "--key", "shop.vkey"]);
    assert!(ended.code == 2 && ended.err.starts_with("error[text_malformed]: forged:"), "{ended:?}");
    assert_eq!(elsewhere.run(["verify", "--equivocation", "evidence"]).code, 2, "a key is needed");
}
