//! A command that a message names can be run as it stands, and does what was promised of the book that was meant.

use std::path::Path;

use serde_json::json;

use crate::fixture::{Ended, Place, end};

/// The commands that a message names, as words; for `WHY` stands a reason.
fn hinted(said: &Ended) -> Vec<Vec<String>> {
    let named = said.err.split('`').skip(1).step_by(2).filter_map(|text| text.strip_prefix("sealbook "));
    named.map(|text| text.split_whitespace().map(|word| word.replace("WHY", "because")).collect()).collect()
}

/// Runs the first command that is named and begins like that, with the approver's passphrase where there is one.
fn follow(place: &Place, said: &Ended, command: &str) -> Ended {
    let all = hinted(said);
    let found = all.iter().find(|words| words.iter().any(|word| word == command));
    let mut words = found.unwrap_or_else(|| panic!("{command} is not among {all:?}: {said:?}")).clone();
    if command == "resume" {
        words.extend(["--passphrase-file".to_owned(), place.beside("passphrase").display().to_string()]);
    }
    place.run(words)
}

#[test]
fn the_command_that_makes_a_book_makes_the_one_that_was_missing() {
    let place = Place::new();
    let missing = place.run(["query", "--tenant", "b"]);
    assert_ne!(missing.code, 0);
    let made = follow(&place, &missing, "init");
    assert_eq!(made.code, 0, "{made:?}");
    assert_eq!(place.run(["query", "--tenant", "b"]).code, 0);
    let missing = place.run(["query", "--book", "other", "--tenant", "c"]);
    assert_eq!(follow(&place, &missing, "init").code, 0);
    assert_eq!(place.run(["query", "--book", "other", "--tenant", "c"]).code, 0);
}

#[test]
fn the_command_that_lifts_a_stop_lifts_that_one() {
    let place = Place::new();
    place.make_approver();
    for scope in [&[][..], &["--tool", "a/b"], &["--actor", "x y"], &["--session", "s"], &["--tenant", "default"]] {
        let stopped = place.run(["stop", "--reason", "odd"].iter().chain(scope));
        assert_eq!(stopped.code, 0, "{stopped:?}");
        if scope.contains(&"x y") {
            assert!(stopped.err.contains("resume --actor 'x y' --reason WHY`"), "{stopped:?}");
            place.approved(&["resume", "--actor", "x y", "--reason", "because"]);
            continue;
        }
        let lifted = follow(&place, &stopped, "resume");
        assert_eq!(lifted.code, 0, "{scope:?}: {lifted:?}");
        assert_eq!(place.json(["stop", "--list"])["stops"], json!([]), "{scope:?}");
    }
}

#[test]
fn the_command_that_goes_on_from_an_older_book_goes_on() {
    let place = Place::new();
    place.append(&["--action", "a", "--target", "t"]);
    let (ledger, kept) = (place.book().join("ledger.db"), place.beside("kept.db"));
    place.ok(["backup", kept.to_str().unwrap()]);
    place.append(&["--action", "b", "--target", "t"]);
    for suffix in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(format!("{}{suffix}", ledger.display()));
    }
    std::fs::copy(&kept, &ledger).unwrap();
    let older = place.run(["append", "--action", "c", "--target", "t"]);
    assert!(older.err.contains("rolled back"), "{older:?}");
    let gone_on = follow(&place, &older, "restore");
    assert_eq!(gone_on.code, 0, "{gone_on:?}");
    place.append(&["--action", "c", "--target", "t"]);
}

#[test]
fn reindex_mends_what_somebody_took_away_and_says_so_on_record() {
    let place = Place::new();
    place.ok(["stop", "--reason", "odd"]);
    // The file calls itself of format 1 (`user_version`, in the header of an SQLite file).
    let ledger = place.book().join("ledger.db");
    let mut bytes = std::fs::read(&ledger).unwrap();
    bytes[60..64].copy_from_slice(&1_u32.to_be_bytes());
    std::fs::write(&ledger, bytes).unwrap();
    let verified = place.run(["verify"]);
    assert!(verified.code == 4 && verified.out.contains("standing"), "{verified:?}");
    let refused = place.run(["exec", "--", "true"]);
    assert!(refused.code != 0 && refused.err.contains("standing_untrusted"), "{refused:?}");
    let mended = follow(&place, &refused, "reindex");
    assert!(mended.code == 0 && mended.out.contains("book.relisted"), "{mended:?}");
    assert!(place.ok(["query", "--action", "book.relisted"]).contains("book.relisted"));
    assert_eq!(place.json(["stop", "--list"])["stops"].as_array().unwrap().len(), 1, "the stop holds");
    place.ok(["verify"]);
}

#[test]
fn reading_an_older_book_writes_nothing() {
    let place = Place::new();
    let book = place.beside("older/default");
    std::fs::create_dir_all(&book).unwrap();
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/books/format-1/ledger.db");
    let ledger = book.join("ledger.db");
    std::fs::copy(fixture, &ledger).unwrap();
    let before = std::fs::read(&ledger).unwrap();
    let book = place.beside("older").display().to_string() + "/";
    for command in [&["verify"][..], &["query"], &["status"], &["show", "1"], &["gaps"], &["rules", "list"]] {
        let read = place.run(command.iter().copied().chain(["--book", &book]));
        assert!(matches!(read.code, 0 | 1), "{command:?}: {read:?}");
        assert!(!read.err.contains("older format"), "{read:?}");
        assert!(std::fs::read(&ledger).unwrap() == before, "{command:?}");
    }
}

#[test]
fn the_sample_of_a_hook_by_hand_records_where_no_project_is() {
    let doc = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/hooks.md");
    let doc = std::fs::read_to_string(doc).unwrap();
    let sample = doc.split("```json").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let sample: serde_json::Value = serde_json::from_str(sample).unwrap();
    let place = Place::new();
    place.ok(["init", "--book", "shop", "--quiet"]);
    let nowhere = place.beside("nowhere");
    std::fs::create_dir(&nowhere).unwrap();
    for event in ["PreToolUse", "PostToolUse"] {
        let command = sample["hooks"][event][0]["hooks"][0]["command"].as_str().unwrap();
        let words: Vec<&str> = command.split_whitespace().skip(1).collect();
        let input = json!({"hook_event_name": event, "session_id": "s1", "cwd": nowhere, "tool_name": "Bash",
            "tool_use_id": "u1", "tool_input": {"command": "ls"}, "tool_response": {}});
        let mut hook = place.command(words);
        let ended = end(hook.env("HOME", place.beside("user")).current_dir(&nowhere), input.to_string().as_bytes());
        assert_eq!(ended.code, 0, "{event}: {ended:?}");
    }
    let calls = place.json(["query", "--book", "shop", "--action", "command.run"]).to_string();
    assert!(calls.contains("intent") && calls.contains("outcome"), "{calls}");
}
