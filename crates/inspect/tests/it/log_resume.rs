//! A second run reads what is new, knows rotated logs again, and tells of logs that are not what they were.

use std::fs;
use std::io::Write as _;
use std::process::Command;

use sealbook_inspect::{FileOptions, LogOptions, Stamp as _, Suppression};
use sealbook_record::{Severity, Target, TargetKind, Timestamp};
use sha2::{Digest as _, Sha256};

use crate::book::{Book, result};
use crate::log_run::{append, audit, findings, rules, run, segment};
use crate::tree::Tree;

fn lines(from: usize, to: usize) -> String {
    (from..to)
        .map(|number| {
            format!("2026-11-21 10:{:02}:{:02} INFO request {number} served\n", number / 60 % 60, number % 60)
        })
        .collect()
}

fn sha256(content: &[u8]) -> String {
    Sha256::digest(content).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A log of 500 lines that was read once.
fn read_once() -> (Book, Tree) {
    let (book, tree) = (Book::new(), Tree::new());
    tree.write("app.log", lines(0, 500));
    assert!(audit(&book, tree.path(), LogOptions::default()).is_complete());
    (book, tree)
}

#[test]
fn what_is_new_is_read_and_the_digest_is_of_all() {
    let (book, tree) = read_once();
    let first = segment(&book, "app.log");
    assert_eq!((&first["from"], &first["entries"]), (&0.into(), &500.into()));
    append(&tree, "app.log", &lines(500, 520));
    let coverage = audit(&book, tree.path(), LogOptions::default());
    let second = segment(&book, "app.log");
    assert_eq!((&second["from"], &second["entries"]), (&first["to"], &20.into()));
    let whole = fs::read(tree.at("app.log")).unwrap();
    assert_eq!(second["sha256"], sha256(&whole));
    assert_eq!(coverage.bytes, lines(500, 520).len() as u64);
    assert_eq!(book.of("log.template").len(), 1);

    let coverage = audit(&book, tree.path(), LogOptions::default());
    assert_eq!((coverage.bytes, book.of("log.segment").len()), (0, 2));
    assert_eq!(run(&book)["unchanged"], 1);
}

#[test]
fn a_renamed_log_goes_on_under_its_new_name() {
    let (book, tree) = read_once();
    append(&tree, "app.log", &lines(500, 510));
    fs::rename(tree.at("app.log"), tree.at("app.log.1")).unwrap();
    tree.write("app.log", lines(510, 515));
    assert_eq!(findings(&book, tree.path(), LogOptions::default()), []);
    let old = segment(&book, "app.log.1");
    assert_eq!((&old["was"], &old["entries"]), (&"app.log".into(), &10.into()));
    let new = segment(&book, "app.log");
    assert_eq!((&new["from"], &new["entries"]), (&0.into(), &5.into()));
    assert_eq!(run(&book)["rotated"], 1);
}

#[test]
fn a_log_that_was_copied_and_emptied_is_rotated_and_nothing_between_is_lost() {
    let (book, tree) = read_once();
    append(&tree, "app.log", &lines(500, 510));
    fs::copy(tree.at("app.log"), tree.at("app.log.1")).unwrap();
    fs::write(tree.at("app.log"), lines(510, 515)).unwrap();
    assert_eq!(findings(&book, tree.path(), LogOptions::default()), []);
    assert_eq!(segment(&book, "app.log.1")["entries"], 10);
    assert_eq!(segment(&book, "app.log")["entries"], 5);
}

#[test]
fn a_log_that_was_compressed_is_not_read_twice() {
    for (tool, suffix) in [("gzip", "gz"), ("zstd", "zst")] {
        if Command::new(tool).arg("--version").output().is_err() {
            continue;
        }
        let (book, tree) = read_once();
        append(&tree, "app.log", &lines(500, 510));
        fs::rename(tree.at("app.log"), tree.at("app.log.1")).unwrap();
        tree.run(tool, &["-q", "app.log.1"]);
        let _ = fs::remove_file(tree.at("app.log.1"));
        tree.write("app.log", lines(510, 515));
        assert_eq!(findings(&book, tree.path(), LogOptions::default()), [], "{tool}");
        let old = segment(&book, &format!("app.log.1.{suffix}"));
        assert_eq!((&old["entries"], &old["compression"]), (&10.into(), &tool.into()));
        let count = book.of("log.segment").len();
        audit(&book, tree.path(), LogOptions::default());
        assert_eq!(book.of("log.segment").len(), count, "{tool}");
    }
}

#[test]
fn a_log_that_was_cut_off_is_told() {
    let (book, tree) = read_once();
    let content = fs::read(tree.at("app.log")).unwrap();
    fs::write(tree.at("app.log"), &content[..9_000]).unwrap();
    let found = findings(&book, tree.path(), LogOptions::default());
    assert_eq!(rules(&found), ["log.shrunk"]);
    assert_eq!(found[0].severity, Severity::Critical);
    let lost = result(&book.of("log.lost")[0]);
    assert_eq!((&lost["read"], &lost["sha256"]), (&content.len().into(), &sha256(&content).into()));
    let again = findings(&book, tree.path(), LogOptions::default());
    assert_eq!((rules(&again), &again[0].id), (vec!["log.shrunk"], &found[0].id), "it stands");
    let selects = LogOptions { level: Some(Severity::Error), ..LogOptions::default() };
    assert_eq!(findings(&book, tree.path(), selects), [], "a question of its own");
    suppress(&book, &found[0].id);
    assert_eq!(rules(&findings(&book, tree.path(), LogOptions::default())), ["suppression"]);
}

/// A person decides to live with it.
fn suppress(book: &Book, finding: &str) {
    let mut record = book.request(std::path::Path::new("/"), FileOptions::default()).event(
        "cli",
        "finding.suppressed",
        Target::new(TargetKind::Record, finding),
        book.now(),
    );
    let until = Timestamp::from_micros(i64::MAX);
    Suppression { finding: finding.to_owned(), reason: "known".into(), until }.write(&mut record).unwrap();
    book.edit(|records| records.push(record));
}

#[test]
fn a_log_written_over_at_its_beginning_is_told_as_such() {
    let (book, tree) = read_once();
    let mut content = fs::read(tree.at("app.log")).unwrap();
    content[40] = b'X';
    fs::write(tree.at("app.log"), &content).unwrap();
    assert_eq!(rules(&findings(&book, tree.path(), LogOptions::default())), ["log.rewritten"]);
    // All of it lies within the marks.
    let (book, tree) = (Book::new(), Tree::new());
    tree.write("small.log", lines(0, 20));
    audit(&book, tree.path(), LogOptions::default());
    tree.write("small.log", lines(0, 20).replace("request 3", "request 4"));
    assert_eq!(rules(&findings(&book, tree.path(), LogOptions::default())), ["log.rewritten"]);
}

#[test]
fn what_could_not_be_read_is_said_by_each_run() {
    let (book, tree) = (Book::new(), Tree::new());
    tree.write("long.log", format!("{}2026-11-21 10:00:00 INFO {}\n{}", lines(0, 5), "x".repeat(2 << 20), lines(5, 9)));
    let noise: Vec<u8> = lines(0, 5_000).bytes().collect();
    tree.write("a.log.1", &noise);
    let whole = tree.run("gzip", &["-c", "a.log.1"]);
    fs::remove_file(tree.at("a.log.1")).unwrap();
    tree.write("a.log.1.gz", &whole[..whole.len() / 2]);
    let reasons = |options: LogOptions| -> Vec<String> {
        audit(&book, tree.path(), options).skipped_by_reason.keys().map(ToString::to_string).collect()
    };
    let both = ["compressed_truncated", "line_too_long"];
    assert_eq!(reasons(LogOptions::default()), both);
    assert_eq!(reasons(LogOptions::default()), both, "nothing has read it since");
    assert_eq!(reasons(LogOptions { again: true, ..LogOptions::default() }), both);
    append(&tree, "long.log", &lines(9, 12));
    assert_eq!(reasons(LogOptions::default()), both, "what is new was read, and the long line was not");
    tree.write("a.log.1.gz", &whole);
    assert_eq!(reasons(LogOptions::default()), ["line_too_long"], "what was cut off is whole now");
}

#[test]
fn runs_that_nobody_analyzed_are_told_with_the_next() {
    let (book, tree) = read_once();
    assert_eq!(findings(&book, tree.path(), LogOptions::default()), []);
    let error = |text: &str| format!("2026-11-21 11:00:00 CRITICAL {text}\n");
    append(&tree, "app.log", &error("payment service cannot reach database").repeat(50));
    audit(&book, tree.path(), LogOptions::default());
    append(&tree, "app.log", &error("payment service cannot reach database").repeat(2));
    audit(&book, tree.path(), LogOptions::default());
    append(&tree, "app.log", &lines(500, 501));
    let found = findings(&book, tree.path(), LogOptions::default());
    assert_eq!(rules(&found)[0], "log.error.new", "{found:?}");
    assert!(found[0].message.contains("52 times"), "{}", found[0].message);
    assert_eq!(found[0].evidence.len(), 3, "it rests on all three runs");
    assert_eq!(findings(&book, tree.path(), LogOptions::default()), [], "and is told once");
}

#[test]
fn a_log_that_was_written_over_is_told() {
    // Of the same length, found by the time of the change; the end of it; and longer, found by `again` alone.
    let (book, tree) = read_once();
    let mut content = fs::read(tree.at("app.log")).unwrap();
    content[10_000] = b'X';
    fs::write(tree.at("app.log"), &content).unwrap();
    assert_eq!(rules(&findings(&book, tree.path(), LogOptions::default())), ["log.rewritten"]);

    let length = content.len();
    content[length - 5] = b'Y';
    content.extend(lines(500, 501).bytes());
    fs::write(tree.at("app.log"), &content).unwrap();
    assert_eq!(rules(&findings(&book, tree.path(), LogOptions::default())), ["log.rewritten"]);

    content[10_000] = b'Z';
    content.extend(lines(501, 502).bytes());
    fs::write(tree.at("app.log"), &content).unwrap();
    audit(&book, tree.path(), LogOptions::default());
    assert_eq!(book.of("log.lost").len(), 2);
    assert!(run(&book)["notes"].to_string().contains("--again"), "{}", run(&book)["notes"]);
    let again = LogOptions { again: true, ..LogOptions::default() };
    assert_eq!(rules(&findings(&book, tree.path(), again)), ["log.rewritten"]);
    assert_eq!(book.of("log.lost").len(), 3, "the digest goes on from what was read");
}

#[test]
fn again_checks_every_byte() {
    let (book, tree) = read_once();
    let mut content = fs::read(tree.at("app.log")).unwrap();
    content[10_000] = b'X';
    content.extend(lines(500, 501).bytes());
    fs::write(tree.at("app.log"), &content).unwrap();
    let again = || LogOptions { again: true, ..LogOptions::default() };
    assert_eq!(rules(&findings(&book, tree.path(), again())), ["log.rewritten"]);
    let coverage = audit(&book, tree.path(), again());
    assert_eq!(coverage.bytes, content.len() as u64, "all of it is read again");
}

#[test]
fn a_log_that_was_edited_near_its_beginning_is_the_same_log_edited() {
    let all = lines(0, 500);
    let (third, fifth) = (lines(0, 2).len(), lines(0, 5).len());
    let taken_out = [&all[..third], &all[lines(0, 3).len()..]].concat();
    let first_ones = [&all[fifth..], &lines(500, 501)].concat();
    let much = [&all[fifth..], &lines(500, 900)].concat();
    for (content, rule) in [
        (taken_out.as_str(), "log.rewritten"),
        (&first_ones, "log.rewritten"),
        (&much, "log.rewritten"),
        (&all[..lines(0, 40).len()], "log.shrunk"),
    ] {
        for is_new_inode in [false, true] {
            let (book, tree) = read_once();
            if is_new_inode {
                tree.write("next", content);
                fs::rename(tree.at("next"), tree.at("app.log")).unwrap();
            } else {
                fs::write(tree.at("app.log"), content).unwrap();
            }
            let found = findings(&book, tree.path(), LogOptions::default());
            assert_eq!((rules(&found), found[0].severity), (vec![rule], Severity::Critical), "{is_new_inode}");
        }
    }
    let (book, tree) = read_once();
    fs::write(tree.at("app.log"), lines(700, 720)).unwrap();
    let found = findings(&book, tree.path(), LogOptions::default());
    assert_eq!(rules(&found), ["log.replaced"], "emptied and written to again");
}

#[test]
fn a_log_that_was_emptied_or_removed_without_a_copy_is_told() {
    let (book, tree) = read_once();
    fs::write(tree.at("app.log"), "").unwrap();
    let found = findings(&book, tree.path(), LogOptions::default());
    assert_eq!((rules(&found), found[0].severity), (vec!["log.replaced"], Severity::Warning));
    let (book, tree) = read_once();
    fs::remove_file(tree.at("app.log")).unwrap();
    assert_eq!(rules(&findings(&book, tree.path(), LogOptions::default())), ["log.vanished"]);
    // What rotation deletes in the end is no finding.
    let (book, tree) = (Book::new(), Tree::new());
    tree.write("app.log.9", lines(0, 10));
    audit(&book, tree.path(), LogOptions::default());
    fs::remove_file(tree.at("app.log.9")).unwrap();
    assert_eq!(findings(&book, tree.path(), LogOptions::default()), []);
}

#[test]
fn a_line_that_is_being_written_waits_for_its_end() {
    let (book, tree) = (Book::new(), Tree::new());
    tree.write("app.log", "2026-11-21 10:00:00 INFO whole\n2026-11-21 10:00:01 INFO ha");
    let mut request = crate::log_run::request(&book, tree.path(), LogOptions::default());
    // As if the file were being written right now.
    let modified = fs::metadata(tree.at("app.log")).unwrap().modified().unwrap();
    let since_epoch = modified.duration_since(std::time::UNIX_EPOCH).unwrap();
    request.now = sealbook_record::Timestamp::from_micros(since_epoch.as_micros() as i64 + 1);
    let source = sealbook_inspect::source("log").unwrap();
    source.collect(&request, &book, &mut book.page(), &sealbook_inspect::Silent).unwrap();
    assert_eq!(segment(&book, "app.log")["entries"], 1);
    append(&tree, "app.log", "lf\n");
    audit(&book, tree.path(), LogOptions::default());
    let second = segment(&book, "app.log");
    assert_eq!((&second["from"], &second["entries"]), (&31.into(), &1.into()));
}

#[test]
fn new_errors_and_more_errors_are_told_and_old_ones_are_not() {
    let (book, tree) = (Book::new(), Tree::new());
    let error =
        |number: usize, what: &str| format!("2026-11-21 {:02}:{:02}:00 ERROR {what}\n", 10 + number / 60, number % 60);
    tree.write("app.log", (0..60).step_by(15).map(|n| error(n, "cannot reach 10.0.0.7")).collect::<String>());
    let first = findings(&book, tree.path(), LogOptions::default());
    assert_eq!(rules(&first), ["log.error"]);
    append(&tree, "app.log", &(60..120).step_by(15).map(|n| error(n, "cannot reach 10.0.0.8")).collect::<String>());
    assert_eq!(findings(&book, tree.path(), LogOptions::default()), [], "the same at the same rate is nothing new");
    append(&tree, "app.log", &error(121, "disk full on /dev/sda1"));
    append(&tree, "app.log", &(120..180).map(|n| error(n, "cannot reach 10.0.0.9")).collect::<String>());
    let third = findings(&book, tree.path(), LogOptions::default());
    assert_eq!(rules(&third), ["log.error.new", "log.error.more"]);
    assert!(third[0].message.contains("disk full on <path>"), "{}", third[0].message);
    assert_eq!(book.of("log.cluster").len(), 2);
}

#[test]
fn silence_bursts_and_gaps_are_told() {
    let (book, tree) = (Book::new(), Tree::new());
    let at = |minute: usize| format!("2026-11-21 {:02}:{:02}", minute / 60, minute % 60);
    let steady: String = (0..900).map(|minute| format!("{}:00 INFO tick\n", at(minute))).collect();
    tree.write("steady.log", &steady);
    tree.write("silent.log", (0..400).map(|minute| format!("{}:30 INFO tock\n", at(minute))).collect::<String>());
    let gap = (0..300).chain(700..900).map(|minute| format!("{}:10 INFO step\n", at(minute))).collect::<String>();
    tree.write("gap.log", gap);
    let burst: String = (0..40).map(|second| format!("{}:{second:02} ERROR no disk\n", at(500))).collect();
    tree.write("burst.log", format!("{}:00 ERROR no disk\n{burst}{}:00 ERROR no disk\n", at(1), at(890)));
    let found = findings(&book, tree.path(), LogOptions::default());
    let told =
        |rule: &str| found.iter().find(|finding| finding.rule == rule).unwrap_or_else(|| panic!("{rule}: {found:?}"));
    assert!(told("log.silent").message.starts_with("silent.log has said nothing for 8 h"), "{found:?}");
    assert!(told("log.burst").message.starts_with("40 errors within 60 s from 2026-11-21T08:20:00Z"), "{found:?}");
    assert_eq!(told("log.gap").location.as_ref().unwrap().path, "gap.log");
}

#[test]
fn a_run_whose_state_was_erased_reads_everything_again_and_says_so() {
    let (book, tree) = read_once();
    book.edit(|records| records.iter_mut().filter(|r| r.action == "log.state").for_each(|r| r.parts.clear()));
    let coverage = audit(&book, tree.path(), LogOptions::default());
    assert!(coverage.notes.iter().any(|note| note.contains("read again")), "{:?}", coverage.notes);
    assert_eq!(segment(&book, "app.log")["entries"], 500);
}

#[test]
fn what_is_written_while_it_is_compressed_twice_over_is_all_there() {
    // Two gzip members in one file, as `cat a.gz b.gz` makes them.
    let (book, tree) = (Book::new(), Tree::new());
    let mut file = fs::File::create(tree.at("app.log.1.gz")).unwrap();
    for part in [lines(0, 10), lines(10, 20)] {
        tree.write("part", part);
        file.write_all(&tree.run("gzip", &["-c", "part"])).unwrap();
    }
    fs::remove_file(tree.at("part")).unwrap();
    audit(&book, tree.path(), LogOptions::default());
    assert_eq!(segment(&book, "app.log.1.gz")["entries"], 20);
}
