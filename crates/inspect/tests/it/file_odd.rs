//! Trees that are not nice: links, loops, names that are no text, holes, files nobody may read.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixListener;

use sealbook_inspect::FileOptions;
use serde_json::json;

use crate::book::{Book, result};
use crate::tree::Tree;

#[test]
fn links_are_recorded_and_never_followed() {
    let outside = Tree::new();
    outside.write("secret", "not ours to read");
    let tree = Tree::new();
    tree.write("d/file", "x");
    tree.link("d/to-file", "file");
    tree.link("d/to-parent", "..");
    tree.link("loop-a", "loop-b");
    tree.link("loop-b", "loop-a");
    tree.link("self", "self");
    tree.link("dangling", "nowhere");
    tree.link("out-dir", outside.path().to_str().unwrap());
    tree.link("out-file", outside.at("secret").to_str().unwrap());
    tree.link("out-relative", "../../etc/passwd");
    let book = Book::new();
    let coverage = book.audit(tree.path(), FileOptions::default());
    assert!(coverage.is_complete(), "{:?}", coverage.skipped);
    for (path, target, resolves) in [
        ("d/to-file", "file", "inside"),
        ("d/to-parent", "..", "inside"),
        ("loop-a", "loop-b", "loop"),
        ("self", "self", "loop"),
        ("dangling", "nowhere", "missing"),
        ("out-dir", outside.path().to_str().unwrap(), "outside"),
        ("out-relative", "../../etc/passwd", "outside"),
    ] {
        let entry = book.entry(path);
        assert_eq!(
            (&entry["kind"], &entry["link"], &entry["resolves"]),
            (&json!("symlink"), &json!(target), &json!(resolves))
        );
        assert!(entry.get("sha256").is_none());
    }
    assert_eq!(coverage.bytes, 1, "only d/file was read");
    assert_eq!(book.entries().len(), 12);

    fs::remove_file(tree.at("dangling")).unwrap();
    tree.link("dangling", "d/file");
    book.audit(tree.path(), FileOptions::default());
    assert_eq!(book.observed(), ["changed dangling"]);
}

#[test]
fn a_target_that_is_a_link_is_what_it_leads_to() {
    let tree = Tree::new();
    tree.write("real/file", "x");
    tree.link("alias", "real");
    let book = Book::new();
    book.audit(&tree.at("alias"), FileOptions::default());
    assert_eq!(book.of("file.manifest")[0].target.id, tree.at("real").canonicalize().unwrap().to_str().unwrap());
    book.audit(&tree.at("real"), FileOptions::default());
    assert_eq!(result(&book.of("file.manifest")[1])["compared"]["previous_seq"], 1);
}

#[test]
fn names_that_are_no_text_keep_their_bytes() {
    let tree = Tree::new();
    let names: [&[u8]; 6] =
        [b"caf\xe9", b"caf\xe8", b"new\nline", b"quote\"back\\slash", b"\x01\x7f", "\u{1f980}".as_bytes()];
    for name in names {
        tree.write([b"d\xff/", name].concat(), name);
    }
    tree.write("b64", "not to be confused");
    let book = Book::new();
    assert!(book.audit(tree.path(), FileOptions::default()).is_complete());
    let paths: Vec<_> = book.entries().into_iter().map(|entry| entry["path"].clone()).collect();
    assert!(paths.contains(&json!({"b64": "ZP8vY2Fm6Q=="})), "{paths:?}");
    assert!(paths.contains(&json!({"b64": "ZP8vY2Fm6A=="})));
    fs::write(tree.at(b"d\xff/caf\xe9"), "changed").unwrap();
    fs::remove_file(tree.at(b"d\xff/new\nline")).unwrap();
    book.audit(tree.path(), FileOptions::default());
    assert_eq!(book.observed(), ["changed d\\xff/caf\\xe9", "vanished d\\xff/new\nline"]);
}

#[test]
fn pipes_and_sockets_are_listed_and_not_opened() {
    let tree = Tree::new();
    tree.run("mkfifo", &["pipe"]);
    let _socket = UnixListener::bind(tree.at("socket")).unwrap();
    let book = Book::new();
    assert!(book.audit(tree.path(), FileOptions::default()).is_complete());
    assert_eq!(book.entry("pipe")["kind"], "fifo");
    assert_eq!(book.entry("socket")["kind"], "socket");
}

#[test]
fn holes_are_zeros() {
    let tree = Tree::new();
    fs::File::create(tree.at("sparse")).unwrap().set_len(20 << 20).unwrap();
    let book = Book::new();
    book.audit(tree.path(), FileOptions::default());
    let sum = String::from_utf8(tree.run("sha256sum", &["sparse"])).unwrap();
    assert_eq!(book.entry("sparse")["sha256"], sum[..64]);
}

#[test]
fn trees_deeper_than_a_path_may_be_long() {
    let tree = Tree::new();
    let name = "d".repeat(200);
    // Made from the inside: the whole path is longer than the system takes.
    let script = format!("for i in $(seq 30); do mkdir {name} && cd -P {name} || exit 1; done; echo deep > file");
    tree.run("bash", &["-c", &script]);
    let book = Book::new();
    let coverage = book.audit(tree.path(), FileOptions::default());
    assert!(coverage.is_complete(), "{:?}", coverage.skipped);
    assert_eq!(book.entries().len(), 32);
    assert_eq!(book.entries()[31]["path"].as_str().unwrap().len(), 30 * 201 + 4);
    assert_eq!(coverage.bytes, 5);
}

#[test]
fn what_may_not_be_read_is_said() {
    let tree = Tree::new();
    tree.write("open", "x");
    tree.write("closed/inside", "x");
    tree.write("locked", "x");
    let book = Book::new();
    book.audit(tree.path(), FileOptions::default());
    for path in ["closed", "locked"] {
        fs::set_permissions(tree.at(path), fs::Permissions::from_mode(0o000)).unwrap();
    }
    // Root reads everything: nothing to be seen then.
    if fs::read(tree.at("locked")).is_err() {
        let coverage = book.audit(tree.path(), FileOptions::default());
        assert!(!coverage.is_complete());
        let mut skipped: Vec<_> = coverage.skipped.iter().map(|s| format!("{} {}", s.path, s.why)).collect();
        skipped.sort();
        assert_eq!(skipped, ["closed unreadable", "locked unreadable"]);
        assert_eq!(book.entry("locked")["skipped"], "unreadable");
        assert_eq!(book.observed(), ["changed closed", "changed locked"], "what lies in closed did not vanish");
        assert_eq!(result(&book.of("file.manifest")[1])["compared"]["unknown"], 1);
    }
    fs::set_permissions(tree.at("closed"), fs::Permissions::from_mode(0o700)).unwrap();
}

#[test]
fn files_without_a_size_are_read_to_their_end() {
    let book = Book::new();
    let path = std::path::Path::new("/proc/version");
    if let Ok(content) = fs::read(path) {
        let coverage = book.audit(path, FileOptions::default());
        assert!(coverage.is_complete(), "{:?}", coverage.skipped);
        assert_eq!(coverage.bytes, content.len() as u64);
    }
}

#[test]
fn what_cannot_be_read_is_an_entry_without_a_digest() {
    // Reading one's own memory from address 0 fails for everybody, root included.
    let book = Book::new();
    let path = std::path::Path::new("/proc/self/mem");
    if path.exists() {
        let coverage = book.audit(path, FileOptions::default());
        assert_eq!(coverage.covered, 0);
        assert_eq!(coverage.skipped[0].why, "unreadable");
        assert!(coverage.skipped[0].detail.is_some());
        let entry = &book.entries()[0];
        assert_eq!((&entry["skipped"], entry.get("sha256")), (&json!("unreadable"), None));
    }
}
