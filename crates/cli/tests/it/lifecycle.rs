//! A book's life: sealed, erased, backed up, rolled back, restored.

use std::path::Path;

use crate::fixture::Place;

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for file in std::fs::read_dir(from).unwrap() {
        let file = file.unwrap();
        if file.file_type().unwrap().is_file() {
            std::fs::copy(file.path(), to.join(file.file_name())).unwrap();
        }
    }
}

/// Whether a file of the book, or of the home around it, holds the bytes.
fn holds(dir: &Path, needle: &[u8]) -> bool {
    std::fs::read_dir(dir).unwrap().any(|entry| {
        let path = entry.unwrap().path();
        if path.is_dir() {
            return holds(&path, needle);
        }
        std::fs::read(&path).unwrap().windows(needle.len()).any(|window| window == needle)
    })
}

#[test]
fn what_is_erased_is_gone_from_every_file() {
    let place = Place::new();
    let seq = place.append(&["--action", "a", "--target", "t", "--input", "xylophonequartz", "--result", "stays"]);
    place.ok(["query", "--text", "xylophonequartz"]);
    assert!(holds(&place.home(), b"xylophonequartz"));
    let erased = place.ok(["erase", &seq.to_string(), "--part", "input", "--reason", "asked to"]);
    insta::assert_snapshot!("erased", place.plain(&erased));
    assert!(!holds(&place.home(), b"xylophonequartz"));
    insta::assert_snapshot!("record_erased", place.plain(&place.ok(["show", &seq.to_string()])));
    assert_eq!(place.json(["show", &seq.to_string()])["record"]["result"], "stays");
    assert!(place.json(["query", "--text", "xylophonequartz"])["records"].as_array().unwrap().is_empty());
}

#[test]
fn all_of_a_record_can_be_erased() {
    let place = Place::new();
    let seq = place.append(&["--action", "a", "--target", "t", "--input", "1"]).to_string();
    place.ok(["erase", "--record", &seq, "--all", "--reason", "asked to"]);
    assert!(place.json(["show", &seq])["record"].is_null());
    assert_eq!(place.run(["erase", &seq, "--part", "input", "--reason", "again"]).code, 2);
    let ended = place.run(["export"]);
    assert!(ended.err.contains("1 records are left out"), "{ended:?}");
}

#[test]
fn a_backup_goes_on_as_a_linked_ledger() {
    let place = Place::new();
    let operation = "0191e3a2-7c1d-7f00-8000-3f6c1a2b9d10";
    place.append(&["--action", "old.one", "--target", "t", "--operation", operation]);
    let old = place.json(["show", "1"]);
    let backup = place.beside("old.sealbook");
    place.ok(["backup".as_ref(), backup.as_os_str()]);
    assert_eq!(place.run(["backup".as_ref(), backup.as_os_str()]).code, 2, "a backup is not written over");
    assert_eq!(place.run(["restore".as_ref(), backup.as_os_str()]).code, 2, "nor is a book");

    place.ok(["restore", backup.to_str().unwrap(), "--book", "again", "--reason", "moved"]);
    let in_again = |arguments: &[&str]| place.json(arguments.iter().chain(&["--book", "again"]));
    place.ok(["append", "--action", "new.one", "--target", "t", "--book", "again"]);
    let page = in_again(&["query", "--action", "new.one", "--action", "old.one"]);
    let actions: Vec<&str> =
        page["records"].as_array().unwrap().iter().map(|r| r["record"]["action"].as_str().unwrap()).collect();
    assert_eq!(actions, ["new.one", "old.one"]);
    assert_eq!(in_again(&["show", old["hash"].as_str().unwrap()])["id"], old["id"]);
    assert_eq!(in_again(&["show", "--operation", operation])["records"].as_array().unwrap().len(), 1);
    assert_eq!(in_again(&["show", "--target", "t"])["records"].as_array().unwrap().len(), 2);
    assert_eq!(in_again(&["show", "0"])["note"]["continues"]["reason"], "moved");
    let refused =
        place.run(["erase", old["hash"].as_str().unwrap(), "--part", "statement", "--reason", "r", "--book", "again"]);
    assert!(refused.err.starts_with("error[erase_refused]"), "{refused:?}");
}

#[test]
fn a_book_that_went_back_in_time_is_found_and_goes_on_when_a_person_says_so() {
    let place = Place::new();
    place.append(&["--action", "one", "--target", "t"]);
    copy(&place.book(), &place.beside("older"));
    place.append(&["--action", "two", "--target", "t"]);
    std::fs::remove_dir_all(place.book()).unwrap();
    copy(&place.beside("older"), &place.book());

    for arguments in [&["query"][..], &["append", "--action", "x", "--target", "t"], &["repo"]] {
        let ended = place.run(arguments);
        assert_eq!(ended.code, 4, "{ended:?}");
        assert!(ended.err.contains("error[book_rolled_back]"), "{ended:?}");
    }
    assert_eq!(place.run(["restore", "--continue"]).code, 2, "the reason is asked for");
    let ended = place.run(["restore", "--continue", "--reason", "one record is missing"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    insta::assert_snapshot!("continued", place.plain(&ended.err));
    place.append(&["--action", "three", "--target", "t"]);
    let page = place.json(["query", "--target", "t", "--ascending"]);
    let actions: Vec<&str> =
        page["records"].as_array().unwrap().iter().map(|r| r["record"]["action"].as_str().unwrap()).collect();
    assert_eq!(actions, ["one", "three"]);

    // Pages go through both ledgers, in either order.
    for order in [&[][..], &["--ascending"]] {
        let mut seen = 0;
        let mut cursor = None::<String>;
        loop {
            let mut arguments = vec!["query", "--limit", "1"];
            arguments.extend(order);
            if let Some(cursor) = &cursor {
                arguments.extend(["--cursor", cursor]);
            }
            let page = place.json(&arguments);
            seen += page["records"].as_array().unwrap().len();
            match page["next"].as_str() {
                Some(next) => cursor = Some(next.to_owned()),
                None => break,
            }
            assert!(seen < 10);
        }
        assert_eq!(seen, 4);
    }
}

#[test]
fn a_damaged_index_is_named_and_made_again() {
    let place = Place::new();
    for n in 0..50 {
        place.append(&["--action", "a", "--target", &n.to_string()]);
    }
    place.ok(["reindex"]);
    let path = place.book().join("index.db");
    let mut bytes = std::fs::read(&path).unwrap();
    let len = bytes.len();
    bytes[4096..len.min(16384)].fill(0xa5);
    std::fs::write(&path, bytes).unwrap();
    let ended = place.run(["query"]);
    if ended.code != 0 {
        assert!(
            ended.err.starts_with("error[index_unreadable]") && ended.err.contains("sealbook reindex"),
            "{ended:?}"
        );
    }
    assert_eq!(place.run(["verify"]).code, 0, "nothing sealed is in it");
    assert_eq!(place.json(["reindex"])["indexed"], 51);
    assert_eq!(place.json(["query", "--action", "a"])["records"].as_array().unwrap().len(), 50);
}

#[test]
fn an_index_is_made_again() {
    let place = Place::new();
    place.append(&["--action", "a", "--target", "t"]);
    place.ok(["query"]);
    std::fs::remove_file(place.book().join("index.db")).unwrap();
    assert_eq!(place.json(["reindex"])["indexed"], 2);
    assert_eq!(place.json(["query", "--action", "a"])["records"].as_array().unwrap().len(), 1);
}

#[test]
fn a_backup_that_does_not_verify_is_not_restored() {
    let place = Place::new();
    for n in 0..20 {
        place.append(&["--action", "a", "--target", &format!("xylophone{n}")]);
    }
    let backup = place.beside("b.sealbook");
    place.ok(["backup".as_ref(), backup.as_os_str()]);
    let mut bytes = std::fs::read(&backup).unwrap();
    let at = bytes.windows(10).position(|window| window == b"xylophone7").unwrap();
    bytes[at] ^= 1;
    std::fs::write(&backup, bytes).unwrap();
    let restore =
        |more: &[&str]| place.run(["restore", backup.to_str().unwrap(), "--book", "again"].iter().chain(more));
    let refused = restore(&[]);
    assert_eq!(refused.code, 4, "{refused:?}");
    assert!(refused.err.starts_with("error[restore_broken]") && refused.err.contains("--unverified"), "{refused:?}");
    assert_eq!(place.run(["status", "--book", "again"]).code, 2, "nothing was made");
    assert_eq!(place.json(["status"])["head"]["size"], 21, "nothing was touched");
    assert_eq!(restore(&["--unverified"]).code, 2, "why is asked for");
    assert_eq!(restore(&["--unverified", "--reason", "record 8 is damaged"]).code, 0);
}

#[test]
fn a_book_that_does_not_verify_does_not_go_on_unsaid() {
    let place = Place::new();
    place.append(&["--action", "a", "--target", "xylophone"]);
    let file = place.book().join("ledger.db");
    // Folds the log into the file.
    place.ok(["verify"]);
    let mut bytes = std::fs::read(&file).unwrap();
    let at = bytes.windows(9).position(|window| window == b"xylophone").unwrap();
    bytes[at] ^= 1;
    std::fs::write(&file, &bytes).unwrap();
    let refused = place.run(["restore", "--continue", "--reason", "r"]);
    assert_eq!(refused.code, 4, "{refused:?}");
    assert_eq!(std::fs::read(&file).unwrap(), bytes, "it lies where it lay");
    assert_eq!(place.run(["restore", "--continue", "--reason", "r", "--unverified"]).code, 0);
}

#[test]
fn a_backup_of_a_restored_book_holds_every_ledger() {
    let place = Place::new();
    place.append(&["--action", "one", "--target", "t"]);
    let file = |name: &str| place.beside(name).to_str().unwrap().to_owned();
    place.ok(["backup", &file("1")]);
    place.ok(["restore", &file("1"), "--book", "two"]);
    place.ok(["append", "--action", "two", "--target", "t", "--book", "two"]);
    place.ok(["backup", &file("2"), "--book", "two"]);
    assert!(place.beside("2.previous").is_dir());
    place.ok(["restore", &file("2"), "--book", "three"]);
    place.ok(["append", "--action", "three", "--target", "t", "--book", "three"]);
    place.ok(["backup", &file("3"), "--book", "three"]);
    place.ok(["restore", &file("3"), "--book", "four"]);
    let exported = place.ok(["export", "--book", "four", "--target", "t"]);
    let told: Vec<bool> =
        ["one", "two", "three"].iter().map(|it| exported.contains(&format!("\"action\":\"{it}\""))).collect();
    assert_eq!(told, [true, true, true], "{exported}");
    assert_eq!(place.run(["verify", "--book", "four"]).code, 0);

    // Without what lies beside it, the backup says what is missing.
    std::fs::rename(place.beside("3.previous"), place.beside("elsewhere")).unwrap();
    let ended = place.run(["restore", &file("3"), "--book", "five"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(ended.err.contains("which is not beside the backup"), "{ended:?}");
}

#[test]
fn what_held_before_a_restore_holds_after_it() {
    let place = Place::new();
    place.make_approver();
    place.write("rule.yaml", "id: no-drop\neffect: block\nscope: {actions: [db.drop]}\n");
    place.approved(&["rules", "add", "rule.yaml"]);
    place.ok(["stop", "--tool", "github/delete_repo", "--reason", "until it is reviewed"]);
    let intent = |book: &[&str], action: &str, target: &str| {
        place.run(["append", "--action", action, "--target", target, "--phase", "intent"].iter().chain(book)).code
    };
    assert_eq!((intent(&[], "db.drop", "t"), intent(&[], "x", "tool:github/delete_repo")), (2, 2));
    let file = |name: &str| place.beside(name).to_str().unwrap().to_owned();
    place.ok(["backup", &file("1")]);
    // The same after one restore and after two, in a book of another name and in the book itself.
    let restored = place.run(["restore", &file("1"), "--book", "two"]);
    assert!(
        restored.err.contains("its 1 rules hold on") && restored.err.contains("it is stopped: tool"),
        "{restored:?}"
    );
    place.ok(["backup", &file("2"), "--book", "two"]);
    place.ok(["restore", &file("2"), "--book", "three"]);
    place.ok(["restore", "--continue", "--reason", "moved"]);
    for book in [&["--book", "two"][..], &["--book", "three"], &[]] {
        assert_eq!(intent(book, "db.drop", "t"), 2, "{book:?}");
        assert_eq!(intent(book, "x", "tool:github/delete_repo"), 2, "{book:?}");
        assert_eq!(intent(book, "x", "t"), 0, "{book:?}");
        let rules = place.ok(["rules", "list"].iter().chain(book));
        assert!(rules.contains("no-drop"), "{rules}");
        assert_eq!(place.run(["verify"].iter().chain(book)).code, 0, "{book:?}");
    }
    // Nobody makes himself an approver there; the one who was goes on deciding.
    std::fs::write(place.beside("mine"), "an agent's own\n").unwrap();
    let mine = place.beside("mine").display().to_string();
    let own =
        place.run(["key", "approver", "--new-passphrase-file", &mine, "--passphrase-file", &mine, "--book", "three"]);
    assert_eq!(own.code, 2, "{own:?}");
    assert_eq!(
        place
            .run([
                "resume",
                "--tool",
                "github/delete_repo",
                "--reason",
                "r",
                "--passphrase-file",
                &mine,
                "--book",
                "three"
            ])
            .code,
        2
    );
    place.approved(&["resume", "--tool", "github/delete_repo", "--reason", "reviewed", "--book", "three"]);
    place.approved(&["rules", "disable", "no-drop", "--book", "three"]);
    assert_eq!(intent(&["--book", "three"], "x", "tool:github/delete_repo"), 0);
    assert_eq!(intent(&["--book", "three"], "db.drop", "t"), 0);
    assert_eq!(place.run(["verify", "--book", "three"]).code, 0);
    // And so it is after another restore.
    place.ok(["backup", &file("3"), "--book", "three"]);
    place.ok(["restore", &file("3"), "--book", "four"]);
    assert_eq!(intent(&["--book", "four"], "db.drop", "t"), 0);
}

#[test]
fn a_book_restored_from_an_older_backup_says_what_it_lost() {
    let place = Place::new();
    place.append(&["--action", "a", "--target", "t"]);
    let backup = place.beside("b").to_str().unwrap().to_owned();
    place.ok(["backup", &backup]);
    place.ok(["stop", "--reason", "too late for the backup"]);
    let seq = place.append(&["--action", "a", "--target", "t"]);
    std::fs::remove_dir_all(place.book()).unwrap();
    let restored = place.run(["restore", &backup]);
    assert_eq!(restored.code, 0, "{restored:?}");
    assert!(restored.err.contains(&format!("LOST: each of the records {} to {seq} is ", seq - 1)), "{restored:?}");
    let first = place.ok(["export"]);
    let first = format!("{first}{}", place.ok(["show", "0"]));
    assert!(first.contains(&format!("its records {} to {seq} are not in it", seq - 1)), "{first}");
    assert!(place.json(["stop", "--list"])["stops"].as_array().unwrap().is_empty());
}

#[test]
fn what_an_earlier_ledger_holds_is_not_sealed_again() {
    let place = Place::new();
    let id = "0191e3a2-7c1d-7f00-8000-3f6c1a2b9d11";
    place.append(&["--id", id, "--action", "one", "--target", "t", "--input", "password=hunter2hunter2"]);
    place.append(&["--action", "two", "--target", "t", "--input", "xylophone"]);
    let exported = place.ok(["export", "--target", "t"]);
    let backup = place.beside("b").to_str().unwrap().to_owned();
    place.ok(["backup", &backup]);
    place.ok(["restore", &backup, "--book", "again", "--reason", "moved"]);
    place.ok(["erase", "2", "--part", "input", "--reason", "asked to"]);
    let size = || place.json(["status", "--book", "again"])["head"]["size"].as_u64().unwrap();
    let before = size();
    let ended = place.run_with(["import", "-", "--book", "again", "--format", "json"], &exported);
    let counts: serde_json::Value = serde_json::from_str(&ended.out).unwrap();
    assert_eq!((&counts["sealed"], &counts["duplicates"], &counts["records"]), (&0.into(), &2.into(), &2.into()));
    let line = exported.lines().find(|line| line.contains(id)).unwrap();
    let ended = place.run_with(["append", "--json", "-", "--book", "again", "--format", "json"], line);
    assert_eq!(ended.code, 0, "{ended:?}");
    let answer: serde_json::Value = serde_json::from_str(&ended.out).unwrap();
    assert_eq!((&answer["duplicate"], &answer["seq"]), (&true.into(), &1.into()));
    assert_eq!(size(), before);
    // With other content it is refused, as within one ledger.
    let other = line.replace("\"action\":\"one\"", "\"action\":\"other\"");
    for command in [&["append", "--json", "-"][..], &["import", "-"]] {
        let ended = place.run_with(command.iter().chain(&["--book", "again"]), &other);
        assert!(ended.err.contains("error[id_conflict]"), "{ended:?}");
    }
    assert_eq!(size(), before);
}
