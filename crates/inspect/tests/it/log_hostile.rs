//! Logs that were made to harm, or are broken: memory stays small, and what was not read is said.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;

use sealbook_inspect::LogOptions;

use crate::book::Book;
use crate::log_run::{audit, run, segment};
use crate::tree::Tree;

#[test]
fn a_line_of_a_hundred_mebibytes_is_passed_over() {
    let (book, tree) = (Book::new(), Tree::new());
    let mut file = fs::File::create(tree.at("app.log")).unwrap();
    file.write_all(b"2026-11-21 10:00:00 INFO before\n2026-11-21 10:00:01 INFO ").unwrap();
    let part = vec![b'x'; 1 << 20];
    for _ in 0..100 {
        file.write_all(&part).unwrap();
    }
    file.write_all(b"\n2026-11-21 10:00:02 INFO after\n").unwrap();
    drop(file);
    let coverage = audit(&book, tree.path(), LogOptions::default());
    assert_eq!(coverage.skipped_by_reason.get("line_too_long"), Some(&1));
    let told = segment(&book, "app.log");
    assert_eq!((&told["entries"], &told["to"]), (&2.into(), &fs::metadata(tree.at("app.log")).unwrap().len().into()));
}

#[test]
fn a_bomb_is_stopped() {
    let (book, tree) = (Book::new(), Tree::new());
    // 280 MiB of one letter in 280 KiB.
    tree.run("sh", &["-c", "head -c 293601280 /dev/zero | tr '\\0' 'a' | gzip > app.log.1.gz"]);
    let coverage = audit(&book, tree.path(), LogOptions::default());
    assert_eq!(coverage.skipped_by_reason.get("compression_bomb"), Some(&1), "{coverage:?}");
}

#[test]
fn broken_and_foreign_compression_is_said() {
    let (book, tree) = (Book::new(), Tree::new());
    let text: String =
        (0..5_000).map(|n| format!("2026-11-21 10:00:00 INFO line {n} {}\n", n * 7_919 % 10_007)).collect();
    tree.write("a.log", text);
    let whole = tree.run("gzip", &["-c", "a.log"]);
    fs::remove_file(tree.at("a.log")).unwrap();
    tree.write("cut.log.1.gz", &whole[..whole.len() / 2]);
    let mut corrupt = whole.clone();
    let middle = corrupt.len() / 2;
    corrupt[middle..middle + 64].fill(0xff);
    tree.write("corrupt.log.1.gz", corrupt);
    tree.write("other.log.1.bz2", b"BZh91AY&SY nothing");
    tree.write("other.log.1.zst", b"\x28\xb5\x2f\xfd\x00");
    let coverage = audit(&book, tree.path(), LogOptions::default());
    let why = |path: &str| {
        let skipped = coverage.skipped.iter().find(|skipped| skipped.path.to_string() == path);
        skipped.map(|skipped| skipped.why.to_string()).unwrap_or_default()
    };
    assert_eq!(why("cut.log.1.gz"), "compressed_truncated");
    assert_eq!(why("corrupt.log.1.gz"), "compressed_corrupt");
    assert_eq!(why("other.log.1.bz2"), "compression_unsupported");
    assert!(why("other.log.1.zst").starts_with("compressed_"), "{coverage:?}");
    assert!(segment(&book, "cut.log.1.gz")["entries"].as_u64().unwrap() > 100, "what was whole was read");
}

#[test]
fn garbage_is_told_and_text_that_is_no_utf8_is_read() {
    let (book, tree) = (Book::new(), Tree::new());
    tree.write("latin.log", b"2026-11-21 10:00:00 ERROR caf\xe9 is closed\n2026-11-21 10:00:01 INFO ok\n");
    let holes = [&b"2026-11-21 10:00:00 INFO before\n"[..], &[0; 30], b"\n2026-11-21 10:00:01 INFO after\n"].concat();
    let steady: String = (0..50).map(|_| "2026-11-21 10:00:02 INFO steady\n").collect();
    tree.write("holes.log", [&holes[..], steady.as_bytes()].concat());
    tree.write("binary.log", (0..4_000_u32).flat_map(u32::to_le_bytes).collect::<Vec<u8>>());
    tree.write("system.journal", b"LPKSHHRH\0\0\0\0");
    tree.write("empty.log", "");
    tree.write("picture.png", b"\x89PNG\r\n\x1a\n");
    let coverage = audit(&book, tree.path(), LogOptions::default());
    let reasons: Vec<String> = coverage.skipped_by_reason.keys().map(ToString::to_string).collect();
    assert_eq!(reasons, ["binary", "binary_journal", "binary_lines"]);
    assert_eq!(coverage.ignored, 1);
    assert_eq!(segment(&book, "latin.log")["also"]["not_utf8"], 1);
    assert_eq!(segment(&book, "holes.log")["also"]["binary"], 1);
    assert_eq!(run(&book)["complete"], false);
}

#[test]
fn what_cannot_be_opened_is_said_and_links_and_pipes_are_not_followed() {
    let (book, tree) = (Book::new(), Tree::new());
    tree.write("app.log", "2026-11-21 10:00:00 INFO fine\n");
    tree.link("link.log", "/etc/passwd");
    tree.run("mkfifo", &["pipe.log"]);
    tree.write("secret.log", "2026-11-21 10:00:00 INFO no\n");
    fs::set_permissions(tree.at("secret.log"), fs::Permissions::from_mode(0o000)).unwrap();
    let coverage = audit(&book, tree.path(), LogOptions::default());
    assert_eq!((coverage.ignored, coverage.skipped_by_reason.get("link")), (1, Some(&1)));
    // Whoever runs as root reads it all the same.
    let is_readable = fs::read(tree.at("secret.log")).is_ok();
    assert_eq!(coverage.skipped_total(), 2 - u64::from(is_readable), "{coverage:?}");
    assert_eq!(book.of("log.segment").len(), 1 + usize::from(is_readable));
}

#[test]
fn endless_kinds_of_messages_stay_bounded() {
    let (book, tree) = (Book::new(), Tree::new());
    let word =
        |number: usize| -> String { number.to_string().bytes().map(|digit| char::from(digit - b'0' + b'g')).collect() };
    let text: String = (0..30_000)
        .map(|n| format!("2026-11-21 10:00:00 ERROR {} {} {}\n", word(n), word(n * 7), word(n * 13)))
        .collect();
    tree.write("app.log", text);
    let coverage = audit(&book, tree.path(), LogOptions::default());
    let told = run(&book);
    assert_eq!((&told["entries"], &told["levels"]["error"]), (&30_000.into(), &30_000.into()));
    assert!(told["templates"]["seen"].as_u64().unwrap() <= 4_097);
    assert!(coverage.notes.iter().any(|note| note.contains("more kinds of messages")), "{:?}", coverage.notes);
    assert!(book.of("log.cluster").len() <= 2_000);
}

#[test]
fn a_thousand_files_are_one_run() {
    let (book, tree) = (Book::new(), Tree::new());
    for number in 0..1_001 {
        tree.write(format!("{number}/app.log"), format!("2026-11-21 10:00:00 INFO started {number}\n"));
    }
    assert_eq!(audit(&book, tree.path(), LogOptions::default()).covered, 1_001);
    assert_eq!(book.of("log.state").len(), 3);
    assert_eq!(audit(&book, tree.path(), LogOptions::default()).bytes, 0);
    assert_eq!(run(&book)["unchanged"], 1_001);
}

#[test]
fn a_link_to_a_log_elsewhere_is_a_gap_and_one_within_is_read_where_it_leads() {
    let (book, tree, other) = (Book::new(), Tree::new(), Tree::new());
    tree.write("q.log", "2026-11-21T10:00:00Z INFO ready\n");
    tree.link("again.log", "q.log");
    tree.link("gone.log", "nowhere.log");
    assert!(audit(&book, tree.path(), LogOptions::default()).is_complete());
    other.write("p.log", "2026-11-21T10:00:00Z CRITICAL no disk\n");
    tree.link("p.log", other.at("p.log").to_str().unwrap());
    let coverage = audit(&book, tree.path(), LogOptions::default());
    assert_eq!((coverage.skipped[0].path.to_string(), &*coverage.skipped[0].why), ("p.log".to_owned(), "link"));
}
