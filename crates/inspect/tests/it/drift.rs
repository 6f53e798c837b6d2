//! What changed and should be looked at, and what two pictures of a tree differ in.

use std::fs::{self, File, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::time::{Duration, SystemTime};

use rustix::fs::{XattrFlags, setxattr};
use sealbook_inspect::{Baseline, Batch, Error, FileOptions, Picture, Silent, analyzer, source};
use sealbook_record::{Finding, Severity, Timestamp};

use crate::book::Book;
use crate::tree::Tree;

/// Audits the tree, and gives what the analyzer makes of it.
fn audit(book: &Book, tree: &Tree, baseline: Option<&Picture>) -> Vec<Finding> {
    let batch = Batch {
        sources: vec![source("file").unwrap()],
        analyzers: vec![analyzer("drift").unwrap()],
        request: book.request(tree.path(), FileOptions::default()),
        baseline,
    };
    let audit = batch.collect(book, &mut book.page(), &Silent).unwrap();
    assert!(audit.is_complete());
    audit.findings().cloned().collect()
}

fn picture(book: &Book, tree: &Tree) -> Picture {
    Picture::of(book, tree.path(), None, None).unwrap()
}

/// `rule path` of each.
fn told(findings: &[Finding]) -> Vec<String> {
    let path = |finding: &Finding| finding.location.as_ref().map_or_else(String::new, |it| it.path.clone());
    let mut told: Vec<String> = findings.iter().map(|it| format!("{} {}", it.rule, path(it))).collect();
    told.sort();
    told
}

fn chmod(tree: &Tree, path: &str, mode: u32) {
    fs::set_permissions(tree.at(path), Permissions::from_mode(mode)).unwrap();
}

#[test]
fn the_work_of_a_day_is_no_finding() {
    let (book, tree) = (Book::new(), Tree::new());
    tree.write("src/a.rs", "one");
    tree.write("src/b.rs", "two");
    assert_eq!(told(&audit(&book, &tree, None)), [""; 0]);
    tree.write("src/a.rs", "other");
    tree.write("src/c.rs", "new");
    fs::remove_file(tree.at("src/b.rs")).unwrap();
    chmod(&tree, "src/a.rs", 0o755);
    assert_eq!(told(&audit(&book, &tree, None)), [""; 0]);
}

#[test]
fn rights_that_grow_wider_are_found_once() {
    let (book, tree) = (Book::new(), Tree::new());
    for name in ["suid", "open", "narrower", "sticky/x"] {
        tree.write(name, "x");
        chmod(&tree, name, 0o755);
    }
    chmod(&tree, "narrower", 0o777);
    audit(&book, &tree, None);
    chmod(&tree, "suid", 0o4755);
    chmod(&tree, "open", 0o757);
    chmod(&tree, "narrower", 0o755);
    chmod(&tree, "sticky", 0o1777);
    let found = audit(&book, &tree, None);
    assert_eq!(told(&found), ["drift.permission open", "drift.permission suid"]);
    assert_eq!((found[0].severity, found[1].severity), (Severity::Error, Severity::Warning), "the worst first");
    assert!(found[0].message.contains("0755 → 4755"), "{}", found[0].message);
    // What was told of the run before is history.
    assert_eq!(told(&audit(&book, &tree, None)), [""; 0]);
}

/// Rights beyond those of the mode.
#[test]
fn access_lists_and_capabilities_that_are_new_are_found() {
    let (book, tree) = (Book::new(), Tree::new());
    for name in ["listed", "capable", "plain"] {
        tree.write(name, "x");
    }
    audit(&book, &tree, None);
    let entry =
        |tag: u16, rights: u16, id: u32| [&tag.to_le_bytes()[..], &rights.to_le_bytes(), &id.to_le_bytes()].concat();
    let none = u32::MAX;
    let list = [entry(1, 6, none), entry(2, 6, 77), entry(4, 4, none), entry(0x10, 6, none), entry(0x20, 4, none)];
    let list = [&2_u32.to_le_bytes()[..], &list.concat()].concat();
    setxattr(tree.at("listed"), c"system.posix_acl_access", &list, XattrFlags::empty()).unwrap();
    let capability: Vec<u8> = [0x0200_0001_u32, 1 << 21, 0, 0, 0].iter().flat_map(|word| word.to_le_bytes()).collect();
    // Only who may give capabilities can give some here.
    let may = setxattr(tree.at("capable"), c"security.capability", &capability, XattrFlags::empty()).is_ok();
    let found = audit(&book, &tree, None);
    let expected = ["drift.permission capable", "drift.permission listed"];
    assert_eq!(told(&found), expected[usize::from(!may)..]);
    let of = |path: &str| found.iter().find(|it| it.location.as_ref().unwrap().path == path);
    assert!(of("listed").unwrap().message.contains("user:77:rw-"), "{found:?}");
    assert!(!may || of("capable").unwrap().message.contains("cap_sys_admin=ep"), "{found:?}");
    assert_eq!(told(&audit(&book, &tree, None)), [""; 0]);
}

#[test]
fn content_whose_time_stands_still_is_found() {
    let (book, tree) = (Book::new(), Tree::new());
    let then = SystemTime::UNIX_EPOCH + Duration::from_secs(1_600_000_000);
    let write = |name: &str, content: &str, time: SystemTime| {
        tree.write(name, content);
        File::options().write(true).open(tree.at(name)).unwrap().set_modified(time).unwrap();
    };
    write("set-back", "one", then);
    write("honest", "one", then);
    audit(&book, &tree, None);
    write("set-back", "two", then);
    write("honest", "two", then + Duration::from_secs(61));
    assert_eq!(told(&audit(&book, &tree, None)), ["drift.clock set-back"]);
}

#[test]
fn configuration_and_dependencies_are_told_by_what_they_can_do() {
    let (book, tree) = (Book::new(), Tree::new());
    tree.write("README.md", "x");
    audit(&book, &tree, None);
    for name in
        [".github/workflows/ci.yml", "etc/sudoers", "app.toml", "Cargo.lock", "web/package-lock.json", "src/conf.rs"]
    {
        tree.write(name, name);
    }
    tree.write("web/package.json", "{}");
    let found = audit(&book, &tree, None);
    assert_eq!(
        told(&found),
        [
            "drift.configuration .github/workflows/ci.yml",
            "drift.configuration app.toml",
            "drift.configuration etc/sudoers",
            "drift.dependency Cargo.lock",
            "drift.dependency web/package-lock.json",
        ]
    );
    let of = |path: &str| found.iter().find(|it| it.location.as_ref().unwrap().path == path).unwrap();
    assert_eq!(of("etc/sudoers").severity, Severity::Warning);
    assert_eq!(of("app.toml").severity, Severity::Info);
    assert!(of("Cargo.lock").message.contains("no Cargo.toml changed with it"));
    assert!(!of("web/package-lock.json").message.contains("changed with it"));
    // A finding stays the same finding as long as the content stays.
    let before = of("app.toml").id.clone();
    tree.write("app.toml", "other");
    assert_ne!(audit(&book, &tree, None)[0].id, before);
}

#[test]
fn more_change_than_usual_is_found() {
    let (book, tree) = (Book::new(), Tree::new());
    for run in 0..7 {
        tree.write("a", run.to_string());
        assert_eq!(told(&audit(&book, &tree, None)), [""; 0]);
    }
    for file in 0..80 {
        tree.write(format!("new/{file}"), "x");
    }
    let found = audit(&book, &tree, None);
    assert_eq!(told(&found), ["drift.velocity "]);
    assert_eq!(
        (&found[0].metadata["changes"], &found[0].metadata["median"]),
        (&81.into(), &1.into()),
        "eighty files in a new directory"
    );
}

#[test]
fn a_baseline_remembers_what_the_last_run_does_not() {
    let (book, tree) = (Book::new(), Tree::new());
    tree.write("tool", "x");
    tree.write("other", "y");
    audit(&book, &tree, None);
    let text = Baseline::new("b".into(), None, "o".into(), Timestamp::from_micros(1), picture(&book, &tree)).to_json();
    let baseline = Baseline::read(text.as_bytes()).unwrap().picture;

    chmod(&tree, "tool", 0o4755);
    audit(&book, &tree, None);
    tree.write("other", "z");
    assert_eq!(told(&audit(&book, &tree, None)), [""; 0], "the rights are as they were last time");
    let found = audit(&book, &tree, Some(&baseline));
    assert_eq!(told(&found), ["drift.baseline ", "drift.permission tool"]);
    assert_eq!(found[0].message, "since the baseline, of the files 2 changed");
}

#[test]
fn two_pictures_differ_in_what_was_done() {
    let (book, tree) = (Book::new(), Tree::new());
    // A directory that is still there, so that only what is done below it differs.
    for name in ["d/same", "d/touched", "d/changed", "d/mode", "d/gone", "d/old-name", "d/twin-1", "d/twin-2"] {
        tree.write(name, name);
    }
    tree.write("d/twin-2", "d/twin-1");
    audit(&book, &tree, None);
    let before = picture(&book, &tree);
    let past = SystemTime::UNIX_EPOCH + Duration::from_secs(1_500_000_001);
    File::options().write(true).open(tree.at("d/touched")).unwrap().set_modified(past).unwrap();
    tree.write("d/changed", "other");
    chmod(&tree, "d/mode", 0o600);
    fs::remove_file(tree.at("d/gone")).unwrap();
    fs::rename(tree.at("d/old-name"), tree.at("d/new-name")).unwrap();
    // Which of two became the third is not known.
    fs::remove_file(tree.at("d/twin-1")).unwrap();
    fs::rename(tree.at("d/twin-2"), tree.at("d/twin-3")).unwrap();
    tree.write("d/new", "quite new");
    audit(&book, &tree, None);
    let after = picture(&book, &tree);

    let difference = before.difference(&after);
    let seen: Vec<String> = difference
        .files
        .iter()
        .map(|file| format!("{} {} {}", file.change, file.path, file.fields.join(",")))
        .collect();
    assert_eq!(
        seen,
        [
            "changed d/changed content",
            "vanished d/gone ",
            "changed d/mode mode",
            "appeared d/new ",
            "renamed d/new-name ",
            "vanished d/twin-1 ",
            "vanished d/twin-2 ",
            "appeared d/twin-3 ",
        ]
    );
    assert_eq!(difference.files[4].renamed_from.as_ref().unwrap().to_string(), "d/old-name");
    assert!(difference.touched >= 1 && difference.not_compared.is_empty() && difference.unclear == 0);

    // There and back is the same the other way round, and nothing differs from itself.
    let back = after.difference(&before);
    assert_eq!(back.count("appeared"), difference.count("vanished"));
    assert_eq!(back.count("vanished"), difference.count("appeared"));
    assert!(after.difference(&after).is_empty() && before.difference(&before).is_empty());
}

#[test]
fn pictures_of_other_questions_are_not_compared() {
    let (book, tree) = (Book::new(), Tree::new());
    tree.write("a", "x");
    audit(&book, &tree, None);
    let before = picture(&book, &tree);
    book.audit(tree.path(), FileOptions { include_hash: false, ..FileOptions::default() });
    let difference = before.difference(&picture(&book, &tree));
    assert!(difference.is_empty());
    assert_eq!(difference.not_compared.len(), 1, "{:?}", difference.not_compared);
}

#[test]
fn a_page_that_is_gone_is_no_empty_tree() {
    let (book, tree) = (Book::new(), Tree::new());
    tree.write("a", "x");
    audit(&book, &tree, None);
    book.edit(|records| {
        for record in records.iter_mut().filter(|record| record.action == "file.manifest.page") {
            record.parts.clear();
        }
    });
    let error = Picture::of(&book, tree.path(), None, None).unwrap_err();
    assert!(matches!(error, Error::ManifestBroken { .. }), "{error}");
}

#[test]
fn a_baseline_that_is_none_is_refused_where_it_breaks() {
    let (book, tree) = (Book::new(), Tree::new());
    tree.write("a", "x");
    audit(&book, &tree, None);
    let whole = Baseline::new("b".into(), None, "o".into(), Timestamp::from_micros(1), picture(&book, &tree)).to_json();
    let refused = |text: &str| Baseline::read(text.as_bytes()).unwrap_err().to_string();
    for text in ["", "{}", "[1]", "null", "{\"form\":\"x\"", &whole[..whole.len() / 2], &whole.replace("/v1", "/v9")] {
        assert!(refused(text).starts_with("line "), "{text}");
    }
    let secret = whole.replacen("\"name\":\"b\"", "\"name\":[\"hunter2\"]", 1);
    assert!(!refused(&secret).contains("hunter2"));
}
