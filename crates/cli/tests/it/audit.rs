//! Audits of a small repository.

use std::path::{Path, PathBuf};

use crate::fixture::{Place, end, git};

fn repository() -> Place {
    let place = Place::empty();
    let root = place.project();
    git(&root, &["init", "--quiet", "--initial-branch=main"]);
    for (n, text) in ["one\n", "one\ntwo\n", "one\ntwo\nthree\n"].iter().enumerate() {
        place.write("src/a.txt", text);
        place.write(&format!("b{n}.txt"), text);
        git(&root, &["add", "--all"]);
        git(&root, &["commit", "--quiet", "--message", &format!("Change {n}")]);
    }
    place
}

/// An audit without its findings, of which some grow older every day.
fn told(place: &Place, text: &str) -> String {
    let (before, rest) = text.split_once("\nFindings\n").unwrap();
    let after = ["\nCommits\n", "\nFiles\n", "\nThe book\n"].iter().filter_map(|section| rest.find(section)).min();
    let told = place.plain(&format!("{before}\n(findings)\n{}", &rest[after.unwrap()..]));
    // Columns are as wide as what was replaced.
    let narrow = regex::Regex::new(" {2,}|─+").unwrap();
    narrow
        .replace_all(&told, |found: &regex::Captures| if found[0].starts_with('─') { "───" } else { "  " })
        .into_owned()
}

#[test]
fn a_repository_is_audited_without_init() {
    let place = repository();
    let ended = place.run(["repo", "--actor", "ann"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    insta::assert_snapshot!("repo", told(&place, &format!("{}{}", ended.err, ended.out)));
    // The audit leaves nothing in the repository that git would see.
    assert_eq!(asked(&place.project(), &["status", "--porcelain"]), "");

    assert_eq!(place.json(["query", "--action", "git.commit"])["records"].as_array().unwrap().len(), 3);
    assert_eq!(place.json(["query", "--user", "ann@example.org"])["records"].as_array().unwrap().len(), 3);
}

#[test]
fn a_second_run_sees_what_is_new() {
    let place = repository();
    place.ok(["repo"]);
    place.write("b0.txt", "changed\n");
    std::fs::remove_file(place.project().join("b1.txt")).unwrap();
    place.ok(["repo"]);
    let page = place.json(["query", "--action", "file.observed", "--ascending"]);
    let seen: Vec<String> = page["records"]
        .as_array()
        .unwrap()
        .iter()
        .map(|r| {
            format!(
                "{} {}",
                r["record"]["target"]["id"].as_str().unwrap(),
                r["record"]["result"]["change"].as_str().unwrap()
            )
        })
        .collect();
    assert_eq!(seen, ["b0.txt changed", "b1.txt vanished"]);
    assert_eq!(place.json(["query", "--action", "git.commit"])["records"].as_array().unwrap().len(), 3);
}

#[test]
fn sources_can_be_chosen() {
    let place = repository();
    let report = place.json(["repo", "--sources", "file", "--per-file"]);
    let sources = report["run"]["sources"].as_array().unwrap();
    assert_eq!((sources.len(), &sources[0]["source"]), (1, &"file".into()));
    assert_eq!(
        place.json(["query", "--action", "file.observed"])["records"].as_array().unwrap().len(),
        6,
        "files and directories"
    );
    assert!(place.json(["query", "--action", "git.*"])["records"].as_array().unwrap().is_empty());
}

#[test]
fn history_is_narrowed_and_listed() {
    let place = repository();
    let ended = place.run(["git", "--file", "src/a.txt", "--blame", "--actor", "ann", "--quiet"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    insta::assert_snapshot!("blame", told(&place, &ended.out));
    let none = place.run(["git", "--author", "bob"]);
    assert!(none.code == 3 && none.out.contains("no_commit_matches"), "a word that nobody has: {none:?}");
    let later = place.json(["git", "--since", "2024-06-01"]);
    assert!(later["observed"].is_null(), "{later}");
    place.ok(["git", "--until", "2024-06-01", "--format", "markdown", "--output", "HISTORY.md"]);
    assert!(std::fs::read_to_string(place.project().join("HISTORY.md")).unwrap().starts_with("# Audit of"));
}

#[test]
fn files_are_audited_one_by_one_and_by_pattern() {
    let place = repository();
    let ended = place.run(["file", "src/a.txt", "--include-git", "--actor", "ann", "--quiet"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    insta::assert_snapshot!("file", told(&place, &ended.out));
    let matched = place.json(["file", "*.txt", "--pattern"]);
    let mut seen: Vec<&str> =
        matched["observed"].as_array().unwrap().iter().map(|r| r["record"]["target"]["id"].as_str().unwrap()).collect();
    seen.sort_unstable();
    assert_eq!(seen, ["b0.txt", "b1.txt", "b2.txt"]);
}

/// What git says, in one line.
fn asked(root: &Path, arguments: &[&str]) -> String {
    let output = std::process::Command::new("git").args(arguments).current_dir(root).output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// Where a loose object lies.
fn object(root: &Path, revision: &str) -> (String, PathBuf) {
    let id = asked(root, &["rev-parse", revision]);
    let path = root.join(".git/objects").join(&id[..2]).join(&id[2..]);
    (id, path)
}

#[test]
fn what_cannot_be_read_makes_the_run_incomplete() {
    let place = repository();
    let (_, tree) = object(&place.project(), "HEAD~1^{tree}");
    std::fs::remove_file(tree).unwrap();
    let ended = place.run(["repo", "--fail-on", "never"]);
    assert_eq!(ended.code, 3, "{ended:?}");
    assert!(ended.out.contains("INCOMPLETE"), "{}", ended.out);
    assert_eq!(place.run(["verify", "--complete"]).code, 3, "the book remembers it");
    assert_eq!(place.run(["report"]).code, 3, "a report of an audit that lacks something lacks it too");
}

#[test]
fn every_audit_as_json_lines_tells_run_coverage_findings_and_records_alike() {
    let place = repository();
    place.write("logs/app.log", "2026-11-01T10:00:00Z ERROR cannot connect\n");
    place.write("services.yaml", "timeout: 5s\nservices:\n  web:\n    checks:\n      - process: no-such-process\n");
    place.write("package.json", r#"{"name":"shop","dependencies":{"a":"*"}}"#);
    place.write("deploy.sh", format!("export KEY={}\n", ["AK", "IA", "QK7ZB3WMD2LXN5VC"].concat()));
    for (arguments, has_findings) in [
        (&["repo"][..], true),
        (&["git"], false),
        (&["file", "src/a.txt"], false),
        (&["security"], true),
        (&["logs", "--dir", "logs"], false),
        (&["module", "."], true),
        (&["services"], true),
        (&["report"], true),
    ] {
        let ended = place.run(arguments.iter().chain(&["--format", "jsonl"]));
        let lines: Vec<serde_json::Value> = ended.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let of = |line: &str| lines.iter().filter(|it| it["line"] == line).count();
        assert!(lines.iter().all(|it| !it[it["line"].as_str().unwrap()].is_null()), "{arguments:?}: {}", ended.out);
        assert_eq!((lines[0]["line"].as_str(), of("audit")), (Some("audit"), 1), "{arguments:?}");
        assert!(lines[0]["audit"]["book"]["checkpoint"].is_string() && lines[0]["audit"]["complete"].is_boolean());
        assert!(of("coverage") > 0 && of("analysis") > 0, "{arguments:?}: {}", ended.out);
        assert!(!has_findings || of("finding") > 0, "{arguments:?}: {}", ended.out);
        let known = ["audit", "coverage", "analysis", "finding", "record"].map(of).iter().sum::<usize>();
        assert_eq!(known, lines.len(), "{arguments:?}");
    }
}

#[test]
fn a_report_ends_as_the_audit_that_it_tells_of() {
    let place = Place::new();
    place.write("deploy.sh", format!("export KEY={}\n", ["AK", "IA", "QK7ZB3WMD2LXN5VC"].concat()));
    assert_eq!(place.run(["security"]).code, 1);
    for arguments in [&["report"][..], &["report", "--format", "json"], &["report", "--format", "sarif"]] {
        assert_eq!(place.run(arguments).code, 1, "{arguments:?}");
    }
    assert_eq!(place.run(["report", "--fail-on", "never"]).code, 0);
    let ended = place.run(["report", "--fail-on", "grave"]);
    assert!(ended.code == 2 && ended.err.contains("unknown_word"), "{ended:?}");
    place.write("deploy.sh", "export KEY=$KEY\n");
    place.ok(["security"]);
    assert_eq!(place.run(["report"]).code, 0);
    // Nothing is there to look through any more: that is not clean.
    std::fs::remove_file(place.project().join("deploy.sh")).unwrap();
    assert_eq!((place.run(["security"]).code, place.run(["report"]).code), (3, 3));
}

#[test]
fn a_forged_object_is_named() {
    let place = repository();
    let root = place.project();
    let (id, forged) = object(&root, "HEAD:src/a.txt");
    let (_, other) = object(&root, "HEAD~2:src/a.txt");
    std::fs::remove_file(&forged).unwrap();
    std::fs::copy(other, forged).unwrap();
    let ended = place.run(["repo", "--sources", "git", "--format", "json"]);
    assert_eq!(ended.code, 1, "a critical finding fails the audit by default");
    assert!(ended.out.contains("git.forged") && ended.out.contains(&id), "{}", ended.out);
}

#[test]
fn a_target_that_is_no_repository_fails() {
    let place = Place::new();
    let ended = place.run(["git"]);
    assert_eq!(ended.code, 2);
    assert!(ended.err.contains("error["), "{ended:?}");
    let ended = place.run(["repo"]);
    assert!(ended.code == 3 && ended.out.contains("no_file"), "nothing was read: {ended:?}");
    place.write("a.txt", "a");
    assert_eq!(place.run(["repo"]).code, 0, "its files can be read all the same");
}

#[test]
fn a_bare_repository_is_read_and_left_as_it_is() {
    let place = repository();
    let bare = place.beside("bare.git");
    git(&place.project(), &["clone", "--quiet", "--bare", ".", bare.to_str().unwrap()]);
    let within = |arguments: &[&str]| end(place.command(arguments).current_dir(&bare), b"");
    let first = place.run(["repo".as_ref(), bare.as_os_str()]);
    assert_eq!(first.code, 0, "{first:?}");
    assert!(first.err.contains("bare repository"), "{first:?}");
    assert!(!bare.join(".sealbook").exists());
    // From within it the same book is found, and goes on.
    assert_eq!(within(&["repo"]).code, 0);
    let found = within(&["query", "--action", "git.commit", "--format", "json"]);
    let found: serde_json::Value = serde_json::from_str(&found.out).unwrap();
    assert_eq!(found["records"].as_array().unwrap().len(), 3);
    let files = within(&["query", "--action", "file.*", "--format", "json"]);
    let files: serde_json::Value = serde_json::from_str(&files.out).unwrap();
    assert!(files["records"].as_array().unwrap().is_empty(), "{files}");
    assert_eq!(within(&["verify"]).code, 0);

    let empty = place.beside("empty.git");
    git(&place.project(), &["init", "--quiet", "--bare", empty.to_str().unwrap()]);
    let ended = place.run(["repo".as_ref(), empty.as_os_str()]);
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(ended.err.contains("bare repository") && !empty.join(".sealbook").exists(), "{ended:?}");
}

#[test]
fn an_object_that_was_forged_after_it_was_read_is_named_by_the_next_run() {
    let place = repository();
    let root = place.project();
    place.ok(["repo"]);
    let (id, forged) = object(&root, "HEAD:src/a.txt");
    let (_, other) = object(&root, "HEAD~2:src/a.txt");
    std::fs::remove_file(&forged).unwrap();
    std::fs::copy(other, forged).unwrap();
    let ended = place.run(["repo", "--sources", "git"]);
    assert_eq!(ended.code, 1, "{ended:?}");
    assert!(ended.out.contains("git.forged") && ended.out.contains(&id), "{}", ended.out);
    assert!(ended.out.contains("3 commits were sealed by earlier runs and not read again"), "{}", ended.out);
    let again = place.run(["git", "--again"]);
    assert_eq!(again.code, 1, "{again:?}");
    assert_eq!(place.json(["query", "--action", "git.commit"])["records"].as_array().unwrap().len(), 3);
}

#[test]
fn findings_are_about_what_was_selected() {
    let place = repository();
    let findings = |arguments: &[&str]| {
        let ended = place.run(arguments.iter().chain(&["--format", "json"]));
        let told: serde_json::Value = serde_json::from_str(&ended.out).unwrap();
        let audit = if told["audit"].is_null() { &told } else { &told["audit"] };
        (ended.code, audit["run"]["findings"].as_array().unwrap().len())
    };
    let (code, all) = findings(&["git"]);
    assert_eq!(code, 0);
    assert!(all > 0);
    assert_eq!(findings(&["git", "--author", "nobody"]), (3, 0), "there is no such author");
    assert_eq!(findings(&["git", "--since", "2090-01-01"]), (3, 0), "that is to come");
    assert_eq!(findings(&["git", "--until", "1990-01-01"]), (0, 0));
    assert_eq!(findings(&["git", "--file", "nothere"]), (3, 0), "there is no such file");
    assert_eq!(findings(&["git", "--file", "b0.txt"]).0, 0);
}

#[test]
fn two_first_audits_at_once_end_in_one_book() {
    use std::process::Stdio;
    let place = repository();
    let children: Vec<_> = (0..3)
        .map(|_| place.command(["repo", "--quiet"]).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap())
        .collect();
    for child in children {
        let ended = child.wait_with_output().unwrap();
        assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    }
    let books: Vec<_> =
        std::fs::read_dir(place.home().join("books")).unwrap().map(|book| book.unwrap().path()).collect();
    assert_eq!(books.len(), 1, "{books:?}");
    let runs = place.json(["query", "--action", "audit.run", "--phase", "outcome"]);
    assert_eq!(runs["records"].as_array().unwrap().len(), 3);
    assert_eq!(place.run(["verify"]).code, 0);
}

#[test]
fn what_cannot_be_read_leaves_no_book_behind() {
    let place = Place::empty();
    let ended = place.run(["git"]);
    assert_eq!(ended.code, 2, "{ended:?}");
    assert!(ended.err.contains("target_unsupported") && ended.err.contains("git repository"), "{ended:?}");
    assert!(!place.project().join(".sealbook").exists());
    assert_eq!(place.run(["status"]).code, 2);
}
