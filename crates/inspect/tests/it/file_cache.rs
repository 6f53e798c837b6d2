//! What is read again, and what is not; and what lies beside the content of files.

use std::fs::{File, OpenOptions};
use std::io::{Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustix::fs::{XattrFlags, setxattr};
use sealbook_inspect::{Coverage, FileOptions, Silent, source};
use sealbook_record::Timestamp;

use crate::book::{Book, result};
use crate::tree::Tree;

/// Long after anything a test writes.
const LATER: i64 = 4_102_444_800_000_000;

fn audit_at(book: &Book, tree: &Tree, now_us: i64, options: FileOptions) -> Coverage {
    let mut request = book.request(tree.path(), options);
    request.now = Timestamp::from_micros(now_us);
    source("file").unwrap().collect(&request, book, &mut book.page(), &Silent).unwrap()
}

fn audit(book: &Book, tree: &Tree) -> Coverage {
    audit_at(book, tree, LATER, FileOptions::default())
}

fn paranoid() -> FileOptions {
    FileOptions { paranoid: true, ..FileOptions::default() }
}

fn unread(book: &Book) -> u64 {
    result(&book.of("file.manifest").pop().unwrap())["unread"].as_u64().unwrap()
}

#[test]
fn a_second_run_reads_what_changed_and_nothing_else() {
    let (book, tree) = (Book::new(), Tree::new());
    for n in 0..300 {
        tree.write(format!("d{}/f{n}", n % 7), format!("content {n}"));
    }
    let first = audit(&book, &tree);
    assert_eq!((first.covered, unread(&book)), (300, 0));
    let before = book.entries();

    let second = audit(&book, &tree);
    assert_eq!((second.covered, second.bytes, unread(&book)), (300, 0, 300));
    assert!(second.is_complete() && second.notes.iter().any(|note| note.contains("--paranoid")), "{second:?}");
    assert_eq!(book.entries(), before, "an entry that is taken over is the same, digest and all");
    assert_eq!(book.observed(), [""; 0]);

    tree.write("d1/f1", "content !");
    std::fs::rename(tree.at("d2/f2"), tree.at("d2/g2")).unwrap();
    let third = audit(&book, &tree);
    assert_eq!((third.bytes, unread(&book)), (18, 298), "the one that was written and the one that was renamed");
    assert_eq!(book.observed(), ["changed d1/f1", "renamed d2/g2", "renamed_away d2/f2"]);

    let all = audit_at(&book, &tree, LATER, paranoid());
    assert_eq!((all.covered, unread(&book)), (300, 0));
    assert!(all.bytes > 2_000, "{}", all.bytes);
}

/// Content of the same length, and the time of modification set back: the change time tells.
#[test]
fn a_time_that_was_set_back_hides_nothing() {
    let (book, tree) = (Book::new(), Tree::new());
    tree.write("a", "one");
    audit(&book, &tree);
    let modified = std::fs::metadata(tree.at("a")).unwrap().modified().unwrap();
    tree.write("a", "two");
    File::options().write(true).open(tree.at("a")).unwrap().set_modified(modified).unwrap();
    audit(&book, &tree);
    assert_eq!((unread(&book), book.observed()), (0, vec!["changed a".to_owned()]));
}

/// What changes within the same tick of the clock leaves no trace in the times.
#[test]
fn a_file_that_was_young_when_it_was_read_is_read_again() {
    let (book, tree) = (Book::new(), Tree::new());
    tree.write("young", "x");
    let stat = std::fs::metadata(tree.at("young")).unwrap();
    let changed = UNIX_EPOCH + Duration::new(stat.ctime() as u64, stat.ctime_nsec() as u32);
    let us = |time: SystemTime| time.duration_since(UNIX_EPOCH).unwrap().as_micros() as i64;
    for (after, expected) in [(0, 0), (1_999, 0), (2_500, 1)] {
        let began = us(changed + Duration::from_millis(after));
        audit_at(&book, &tree, began, FileOptions::default());
        // This run asks whether the file was young in the run before.
        audit_at(&book, &tree, LATER, FileOptions::default());
        assert_eq!(unread(&book), expected, "{after} ms");
        book.edit(Vec::clear);
    }
}

#[test]
fn a_manifest_that_was_altered_or_erased_vouches_for_nothing() {
    let (book, tree) = (Book::new(), Tree::new());
    tree.write("a", "one");
    audit(&book, &tree);
    book.edit(|records| {
        for page in records.iter_mut().filter(|record| record.action == "file.manifest.page") {
            page.parts.clear();
        }
    });
    audit(&book, &tree);
    assert_eq!(unread(&book), 0);
    assert_eq!(audit_at(&book, &tree, LATER, FileOptions { include_hash: false, ..FileOptions::default() }).bytes, 0);
    assert_eq!(unread(&book), 0, "without contents there is nothing to take over");
}

#[test]
fn attributes_are_digests_and_their_changes_are_told() {
    let (book, tree) = (Book::new(), Tree::new());
    tree.write("d/a", "one");
    setxattr(tree.at("d/a"), c"user.note", b"hunter2", XattrFlags::empty()).unwrap();
    setxattr(tree.at("d"), c"user.note", b"of the directory", XattrFlags::empty()).unwrap();
    audit(&book, &tree);
    let entry = book.entry("d/a");
    let digest = String::from_utf8(tree.run("sh", &["-c", "printf hunter2 | sha256sum"])).unwrap();
    assert_eq!(entry["xattrs"]["user.note"].as_str().unwrap(), &digest[..64]);
    assert!(!entry.to_string().contains("hunter2"));
    assert!(book.entry("d")["xattrs"]["user.note"].is_string());

    setxattr(tree.at("d/a"), c"user.note", b"other", XattrFlags::empty()).unwrap();
    audit(&book, &tree);
    let told = result(&book.of("file.observed").pop().unwrap());
    assert_eq!(told["fields"], serde_json::json!(["attributes"]));
}

/// An access list, in the kernel's form: rights of one more user than the mode shows.
#[test]
fn access_lists_are_spelled_out() {
    let (book, tree) = (Book::new(), Tree::new());
    tree.write("a", "one");
    audit(&book, &tree);
    let entry =
        |tag: u16, rights: u16, id: u32| [&tag.to_le_bytes()[..], &rights.to_le_bytes(), &id.to_le_bytes()].concat();
    let none = u32::MAX;
    let entries =
        [entry(1, 6, none), entry(2, 7, 1_234), entry(4, 4, none), entry(0x10, 7, none), entry(0x20, 4, none)];
    let list = [&2_u32.to_le_bytes()[..], &entries.concat()].concat();
    setxattr(tree.at("a"), c"system.posix_acl_access", &list, XattrFlags::empty()).unwrap();
    audit(&book, &tree);
    assert_eq!(book.entry("a")["acl"], "user::rw-,user:1234:rwx,group::r--,mask::rwx,other::r--");
    let told = result(&book.of("file.observed").pop().unwrap());
    assert!(told["fields"].as_array().unwrap().contains(&"acl".into()), "{told}");
}

#[test]
fn other_names_of_a_file_are_counted() {
    let (book, tree) = (Book::new(), Tree::new());
    tree.write("a", "one");
    audit(&book, &tree);
    assert!(book.entry("a")["links"].is_null());
    std::fs::hard_link(tree.at("a"), tree.at("b")).unwrap();
    audit(&book, &tree);
    let (a, b) = (book.entry("a"), book.entry("b"));
    assert_eq!((&a["links"], &a["inode"], &a["sha256"]), (&2.into(), &b["inode"], &b["sha256"]));
    assert_eq!(book.observed(), ["appeared b", "changed a"], "somebody gave it another name");
}

#[test]
fn a_file_with_holes_says_what_is_on_the_disk() {
    let (book, tree) = (Book::new(), Tree::new());
    tree.write("holes", "");
    let mut file = OpenOptions::new().write(true).open(tree.at("holes")).unwrap();
    file.seek(SeekFrom::Start(64 << 20)).unwrap();
    file.write_all(b"end").unwrap();
    drop(file);
    tree.write("solid", vec![b'x'; 64 << 10]);
    audit(&book, &tree);
    let holes = book.entry("holes");
    assert!(holes["allocated"].as_u64().unwrap() < 1 << 20, "{holes}");
    let digest = String::from_utf8(tree.run("sha256sum", &["holes"])).unwrap();
    assert_eq!(holes["sha256"].as_str().unwrap(), &digest[..64]);
    assert!(book.entry("solid")["allocated"].is_null());
}
