//! The manifest: what it says of each file, its pages, its root.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};

use aws_lc_rs::digest::{SHA256, digest};
use sealbook_inspect::{FileOptions, Silent, TreePath, source};
use sealbook_ledger::Hash;
use sealbook_record::{PartName, Record};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::book::{Book, part, result};
use crate::tree::Tree;

#[test]
fn says_what_stat_and_sha256sum_say() {
    let tree = Tree::new();
    for (path, content) in
        [("a.txt", &b"hello\n"[..]), ("empty", b""), ("bin", b"\x7fELF\0\0"), ("d/e/f.rs", b"fn main() {}\n")]
    {
        tree.write(path, content);
    }
    tree.write("big", vec![0xab; 3_000_001]);
    tree.write("exact", vec![b'x'; 128 * 1024]);
    tree.write("late nul", [vec![b'x'; 9_000], vec![0]].concat());
    fs::set_permissions(tree.at("a.txt"), fs::Permissions::from_mode(0o4750)).unwrap();
    let book = Book::new();
    let coverage = book.audit(tree.path(), FileOptions::default());
    assert!(coverage.is_complete());
    assert_eq!(coverage.covered, 7);

    let sums = tree.run("find", &[".", "-type", "f", "-exec", "sha256sum", "{}", "+"]);
    let mut bytes = 0;
    for line in String::from_utf8(sums).unwrap().lines() {
        let (sum, path) = line.split_once("  ./").unwrap();
        let (entry, stat) = (book.entry(path), tree.at(path).metadata().unwrap());
        assert_eq!(entry["sha256"], sum, "{path}");
        assert_eq!(entry["size"], stat.size());
        assert_eq!(entry["mode"], format!("{:04o}", stat.mode() & 0o7777));
        assert_eq!((&entry["uid"], &entry["gid"]), (&stat.uid().into(), &stat.gid().into()));
        let modified = jiff::Timestamp::new(stat.mtime(), stat.mtime_nsec() as i32).unwrap();
        assert_eq!(entry["mtime"], modified.strftime("%Y-%m-%dT%H:%M:%S.%9fZ").to_string());
        bytes += stat.size();
    }
    assert_eq!(coverage.bytes, bytes);
    for (path, binary) in [("a.txt", false), ("bin", true), ("empty", false), ("late nul", false)] {
        assert_eq!(book.entry(path)["binary"], binary, "{path}");
    }
    assert_eq!(book.entry("d")["kind"], "directory");
    assert!(book.of("file.observed").is_empty(), "the first manifest is the baseline");
}

#[test]
fn ten_thousand_files_are_three_pages_under_one_root() {
    let tree = Tree::new();
    for index in 0..10_000 {
        tree.write(format!("d{}/f{index}", index % 37), format!("content {index}"));
    }
    let book = Book::new();
    let coverage = book.audit(tree.path(), FileOptions::default());
    assert_eq!(coverage.covered, 10_000);
    let (pages, manifest) = (book.of("file.manifest.page"), book.of("file.manifest"));
    // 10,000 files, 37 directories and the root.
    let sizes: Vec<_> = pages.iter().map(|page| texts(page).len()).collect();
    assert_eq!((sizes.len(), sizes.iter().sum()), (3, 10_038));
    assert!(sizes.iter().all(|size| *size <= 4_096), "{sizes:?}");
    assert_eq!(result(&manifest[0])["entries"], 10_038);
    assert_eq!(result(&manifest[0])["pages"][2]["record"], pages[2].id.to_string());
    assert_eq!(book.records().last().unwrap().action, "file.manifest", "the manifest closes the run");

    let texts: Vec<String> = pages.iter().flat_map(texts).collect();
    let leaves: Vec<_> = texts.iter().map(|text| sha256(&[&[0], text.as_bytes()])).collect();
    assert_eq!(result(&manifest[0])["root"], Hash(merkle(&leaves)).to_string());

    let paths: Vec<TreePath> = texts.iter().map(|text| path(text)).collect();
    let order = |pair: &[TreePath]| TreePath::walk_order(pair[0].as_bytes(), pair[1].as_bytes()).is_lt();
    assert!(paths[1..].windows(2).all(order), "entries lie in the order of the walk");
}

#[test]
fn threads_make_no_difference() {
    let tree = Tree::new();
    for index in 0..700 {
        tree.write(format!("{}/{}/{index}", index % 11, index % 7), vec![index as u8; index * 100]);
    }
    let root = |threads| {
        let mut book = Book::new();
        book.threads = threads;
        book.audit(tree.path(), FileOptions::default());
        result(&book.of("file.manifest")[0])["root"].clone()
    };
    let alone = root(1);
    for threads in [0, 2, 16] {
        assert_eq!(root(threads), alone, "{threads} threads");
    }
}

#[test]
fn pages_of_long_names_stay_below_the_limit_of_a_part() {
    let tree = Tree::new();
    let long = "n".repeat(240);
    for index in 0..4_200 {
        tree.write(format!("{long}/{long}/{long}/{index:0>200}"), "");
    }
    let book = Book::new();
    book.audit(tree.path(), FileOptions::default());
    let pages = book.of("file.manifest.page");
    assert!(pages.len() > 2);
    assert!(pages.iter().all(|page| page.part(PartName::Result).unwrap().get().len() <= 1 << 20));
    assert_eq!(pages.iter().map(|page| texts(page).len()).sum::<usize>(), 4_204);
}

#[test]
fn a_pattern_narrows_and_is_its_own_manifest() {
    let tree = Tree::new();
    for path in ["base/a.py", "base/x/y/b.py", "base/x/c.txt", "other/d.py", "e.py"] {
        tree.write(path, path);
    }
    let book = Book::new();
    let options = || FileOptions { pattern: Some("base/**/*.py".into()), ..FileOptions::default() };
    book.audit(tree.path(), FileOptions::default());
    let coverage = book.audit(tree.path(), options());
    assert_eq!(coverage.covered, 2);
    let paths: Vec<_> = book.entries().iter().map(|entry| entry["path"].clone()).collect();
    assert_eq!(paths, ["base/a.py", "base/x/y/b.py"]);
    assert_eq!(book.observed(), [""; 0], "the whole tree's manifest is not its baseline");
    tree.write("e.py", "changed, but not asked for");
    tree.write("base/a.py", "changed");
    book.audit(tree.path(), options());
    assert_eq!(book.observed(), ["changed base/a.py"]);

    let nothing = FileOptions { pattern: Some("*.java".into()), ..FileOptions::default() };
    let coverage = book.audit(tree.path(), nothing);
    let why = coverage.skipped[0].detail.clone().unwrap();
    assert!(why.contains("no file matches") && coverage.skipped_by_reason.contains_key("no_match"), "{why}");
    let broken = FileOptions { pattern: Some("a[".into()), ..FileOptions::default() };
    assert_eq!(book.try_audit(tree.path(), broken).unwrap_err().code(), "pattern_invalid");
}

#[test]
fn a_single_file_is_observed_at_once() {
    let tree = Tree::new();
    tree.write("src/a.rs", "fn a() {}");
    tree.write("src/b.rs", "fn b() {}");
    let book = Book::new();
    let mut request = book.request(&tree.at("src/a.rs"), FileOptions::default());
    request.base = Some(tree.path().to_owned());
    let coverage = source("file").unwrap().collect(&request, &book, &mut book.page(), &Silent).unwrap();
    assert_eq!(coverage.covered, 1);
    let observed = book.of("file.observed");
    assert_eq!(observed[0].target.id, "src/a.rs", "named from the base");
    assert_eq!(part(&observed[0], PartName::After)["size"], 9);
    assert_eq!(book.of("file.manifest")[0].target.id, tree.at("src/a.rs").canonicalize().unwrap().to_str().unwrap());
    assert_eq!(book.try_audit(&tree.at("src/c.rs"), FileOptions::default()).unwrap_err().code(), "target_not_found");
}

#[test]
fn without_hashes_nothing_is_read() {
    let tree = Tree::new();
    tree.write("a", "content");
    let book = Book::new();
    let options = || FileOptions { include_hash: false, ..FileOptions::default() };
    assert_eq!(book.audit(tree.path(), options()).bytes, 0);
    assert!(book.entry("a").get("sha256").is_none());
    tree.write("a", "longer content");
    book.audit(tree.path(), options());
    assert_eq!(book.observed(), ["changed a"]);
}

#[test]
fn a_book_that_takes_no_more_stops_the_walk() {
    let tree = Tree::new();
    for index in 0..9_000 {
        tree.write(format!("d{}/{index}", index % 90), "");
    }
    let book = Book::new();
    let request = book.request(tree.path(), FileOptions::default());
    for room in 0..3 {
        let mut page = book.page_with_room(room);
        let error = source("file").unwrap().collect(&request, &book, &mut page, &Silent).unwrap_err();
        assert!(error.is_of_the_book());
        assert_eq!(error.code(), "disk_full");
    }
    assert!(book.of("file.manifest").is_empty(), "a run cut short leaves no manifest");
}

#[derive(Deserialize)]
struct Page<'a> {
    #[serde(borrow)]
    entries: Vec<&'a RawValue>,
}

fn texts(page: &Record) -> Vec<String> {
    let page: Page<'_> = serde_json::from_str(page.part(PartName::Result).unwrap().get()).unwrap();
    page.entries.iter().map(|entry| entry.get().to_owned()).collect()
}

fn path(entry: &str) -> TreePath {
    serde_json::from_value(serde_json::from_str::<serde_json::Value>(entry).unwrap()["path"].clone()).unwrap()
}

/// RFC 6962 §2.1, word for word.
fn merkle(leaves: &[[u8; 32]]) -> [u8; 32] {
    match leaves {
        [] => sha256(&[]),
        [one] => *one,
        more => {
            let mut half = 1;
            while half * 2 < more.len() {
                half *= 2;
            }
            sha256(&[&[1], &merkle(&more[..half]), &merkle(&more[half..])])
        }
    }
}

fn sha256(pieces: &[&[u8]]) -> [u8; 32] {
    digest(&SHA256, &pieces.concat()).as_ref().try_into().unwrap()
}
