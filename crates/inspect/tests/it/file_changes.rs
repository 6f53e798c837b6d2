//! What a later run says of the tree: one record for each file that is not as it was.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use sealbook_inspect::FileOptions;
use sealbook_record::PartName;

use crate::book::{Book, part, result};
use crate::tree::Tree;

fn audit(book: &Book, tree: &Tree) -> Vec<String> {
    book.audit(tree.path(), FileOptions::default());
    book.observed()
}

#[test]
fn tells_each_change_once() {
    let tree = Tree::new();
    for path in ["a", "a-b", "a.d/x", "kept/one", "kept/two", "mode", "gone", "old name", "z"] {
        tree.write(path, format!("content of {path}"));
    }
    let book = Book::new();
    assert_eq!(audit(&book, &tree), [""; 0]);
    let root = result(&book.of("file.manifest")[0])["root"].clone();
    assert_eq!(audit(&book, &tree), [""; 0]);
    assert_eq!(result(&book.of("file.manifest")[1])["root"], root, "the same tree, the same root");

    tree.write("a", "other content");
    tree.write("new/deep/file", "new");
    fs::set_permissions(tree.at("mode"), fs::Permissions::from_mode(0o600)).unwrap();
    fs::remove_file(tree.at("gone")).unwrap();
    fs::rename(tree.at("old name"), tree.at("kept/new name")).unwrap();
    fs::remove_file(tree.at("z")).unwrap();
    fs::create_dir(tree.at("z")).unwrap();
    assert_eq!(
        audit(&book, &tree),
        [
            "appeared new",
            "appeared new/deep",
            "appeared new/deep/file",
            "changed a",
            "changed mode",
            "changed z",
            "renamed kept/new name",
            "renamed_away old name",
            "vanished gone",
        ]
    );
    let manifest = result(&book.of("file.manifest")[2]);
    let counts = ["appeared", "changed", "renamed", "vanished"].map(|key| manifest["compared"][key].as_u64().unwrap());
    assert_eq!(counts, [3, 3, 1, 1]);
    assert_eq!(manifest["compared"]["previous"], book.of("file.manifest")[1].id.to_string());
    assert_eq!(audit(&book, &tree), [""; 0]);
}

#[test]
fn shows_before_and_after() {
    let tree = Tree::new();
    tree.write("a", "one");
    let book = Book::new();
    book.audit(tree.path(), FileOptions::default());
    let before = book.entry("a");
    tree.write("a", "three");
    book.audit(tree.path(), FileOptions::default());
    let observed = book.of("file.observed").pop().unwrap();
    assert_eq!(result(&observed)["fields"], serde_json::json!(["content"]));
    let (then, now) = (part(&observed, PartName::Before), part(&observed, PartName::After));
    assert_eq!(then["sha256"], before["sha256"]);
    assert_eq!(now["sha256"], book.entry("a")["sha256"]);
    assert_ne!(then["sha256"], now["sha256"]);
    assert!(!observed.diff().unwrap().is_empty());
    let uid = now["uid"].as_u64().unwrap().to_string();
    let named = String::from_utf8(tree.run("id", &["-un", &uid]));
    if uid == "0" {
        assert_eq!((now["user"].as_str(), named.unwrap().trim()), (Some("root"), "root"));
    }
}

#[test]
fn another_time_alone_is_counted_but_not_told() {
    let tree = Tree::new();
    tree.write("a", "same");
    let book = Book::new();
    audit(&book, &tree);
    let file = fs::File::options().write(true).open(tree.at("a")).unwrap();
    file.set_modified(std::time::SystemTime::UNIX_EPOCH).unwrap();
    assert_eq!(audit(&book, &tree), [""; 0]);
    assert_eq!(result(&book.of("file.manifest")[1])["compared"]["touched"], 1);
    assert_eq!(book.entry("a")["mtime"], "1970-01-01T00:00:00.000000000Z");
}

#[test]
fn copies_are_no_rename() {
    let tree = Tree::new();
    tree.write("one", "the same");
    tree.write("empty", "");
    let book = Book::new();
    audit(&book, &tree);
    for path in ["two", "three"] {
        fs::copy(tree.at("one"), tree.at(path)).unwrap();
    }
    fs::remove_file(tree.at("one")).unwrap();
    fs::rename(tree.at("empty"), tree.at("void")).unwrap();
    assert_eq!(
        audit(&book, &tree),
        ["appeared three", "appeared two", "appeared void", "vanished empty", "vanished one"],
    );
}

#[test]
fn every_file_on_request() {
    let tree = Tree::new();
    tree.write("a", "a");
    tree.write("d/b", "b");
    let per_file = || FileOptions { per_file: true, ..FileOptions::default() };
    let book = Book::new();
    book.audit(tree.path(), per_file());
    assert_eq!(book.observed(), ["baseline .", "baseline a", "baseline d", "baseline d/b"]);
    tree.write("a", "c");
    book.audit(tree.path(), per_file());
    assert_eq!(book.observed(), ["changed a", "unchanged .", "unchanged d", "unchanged d/b"]);
}

#[test]
fn what_is_newly_ignored_is_left_out_and_not_gone() {
    let tree = Tree::new();
    tree.write("keep", "");
    tree.write("out.log", "");
    tree.write("tmp/x", "");
    let book = Book::new();
    audit(&book, &tree);
    tree.write(".gitignore", "*.log\ntmp/\n");
    assert_eq!(audit(&book, &tree), ["appeared .gitignore", "left_out out.log", "left_out tmp", "left_out tmp/x"]);
    let everything = FileOptions { ignore_files: false, ..FileOptions::default() };
    let coverage = book.audit(tree.path(), everything);
    assert_eq!(book.observed(), [""; 0]);
    assert!(coverage.notes[0].contains("other options"), "{:?}", coverage.notes);
}

#[test]
fn an_erased_page_is_said_and_not_guessed() {
    let tree = Tree::new();
    for index in 0..5_000 {
        tree.write(format!("{index:05}"), "");
    }
    let book = Book::new();
    audit(&book, &tree);
    book.edit(|records| {
        let page = records.iter_mut().filter(|record| record.action == "file.manifest.page").nth(1).unwrap();
        page.parts.clear();
    });
    tree.write("00000", "changed");
    tree.write("04999", "changed, but what it was is erased");
    let coverage = book.audit(tree.path(), FileOptions::default());
    assert_eq!(book.observed(), ["changed 00000"]);
    assert!(!coverage.is_complete());
    assert_eq!(coverage.skipped[0].why, "not_compared");
    assert!(audit(&book, &tree).is_empty(), "the new manifest is whole again");
}

#[test]
fn an_erased_manifest_begins_anew() {
    let tree = Tree::new();
    tree.write("a", "a");
    let book = Book::new();
    audit(&book, &tree);
    book.edit(|records| records.iter_mut().for_each(|record| record.parts.clear()));
    tree.write("a", "b");
    assert_eq!(audit(&book, &tree), [""; 0]);
}

#[test]
fn names_that_redaction_took_out_are_no_new_files() {
    let tree = Tree::new();
    for path in ["a/one", "a/secret-1", "a/secret-2", "a/zoo", "b/secret-3/file", "b/x", "c"] {
        tree.write(path, format!("content of {path}"));
    }
    tree.link("link", "secret-4");
    let book = Book::new();
    // Policy knows nothing of these names; the page is made to look as if it did.
    let redact = || {
        book.edit(|records| {
            for record in records.iter_mut().filter(|record| record.action == "file.manifest.page") {
                let mut text = record.part(PartName::Result).unwrap().get().to_owned();
                for secret in ["secret-1", "secret-2", "secret-3", "secret-4"] {
                    text = text.replace(secret, "***REDACTED***");
                }
                record.set_part_json(PartName::Result, text).unwrap();
            }
        });
    };
    audit(&book, &tree);
    redact();
    assert_eq!(audit(&book, &tree), [""; 0]);
    assert_eq!(result(&book.of("file.manifest")[1])["compared"]["touched"], 0);
    redact();
    tree.write("a/secret-1", "changed");
    tree.write("b/x", "changed");
    fs::remove_file(tree.at("a/secret-2")).unwrap();
    assert_eq!(audit(&book, &tree), ["changed a/secret-1", "changed b/x", "vanished a/***REDACTED***"]);
}

#[test]
fn a_directory_that_became_a_link_takes_its_files_with_it() {
    let tree = Tree::new();
    tree.write("real/file", "x");
    tree.write("other/file", "y");
    let book = Book::new();
    audit(&book, &tree);
    fs::remove_dir_all(tree.at("real")).unwrap();
    tree.link("real", "other");
    assert_eq!(audit(&book, &tree), ["changed real", "vanished real/file"]);
}
