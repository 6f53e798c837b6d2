//! Repositories that are not the usual: what they are and what is missing is said.

use sealbook_inspect::{Error, GitOptions, Options, TreePath};
use sealbook_record::{ActorKind, Timestamp};

use crate::book::{Book, result};
use crate::git_repo::Repo;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_micros(seconds * 1_000_000)
}

fn ids(book: &Book) -> Vec<String> {
    book.of("git.commit").iter().map(|record| record.target.id.clone()).collect()
}

fn logged(repo: &Repo, args: &[&str]) -> Vec<String> {
    let log = repo.git(&[&["log", "--format=%H"][..], args].concat());
    String::from_utf8(log).unwrap().lines().map(str::to_owned).collect()
}

#[test]
fn no_repository_and_none_at_all_are_different_errors() {
    let empty = tempfile::tempdir().unwrap();
    let book = Book::new();
    let error = book.try_git(empty.path(), GitOptions::default()).unwrap_err();
    assert!(matches!(error, Error::TargetUnsupported { .. }), "{error}");
    let error = book.try_git(&empty.path().join("nowhere"), GitOptions::default()).unwrap_err();
    assert!(matches!(error, Error::TargetNotFound { .. }), "{error}");
    assert!(book.records().is_empty());
}

#[test]
fn a_repository_without_commits_is_covered() {
    let repo = Repo::new();
    let book = Book::new();
    let coverage = book.git(&repo.path, GitOptions::default());
    assert!(coverage.is_complete());
    assert_eq!(coverage.covered, 0);
    let head = result(&book.of("git.ref")[0]);
    assert_eq!(head["name"], "HEAD");
    assert_eq!(head["target"], serde_json::Value::Null);
}

#[test]
fn bare_repositories_worktrees_and_directories_below_read_alike() {
    let mut repo = Repo::new();
    repo.save("dir/f", "1\n", "one");
    repo.save("dir/f", "2\n", "two");
    let bare = repo.path.with_file_name("bare.git");
    repo.git(&["clone", "-q", "--bare", repo.path.to_str().unwrap(), bare.to_str().unwrap()]);
    let linked = repo.path.with_file_name("linked");
    repo.git(&["worktree", "add", "-q", "--detach", linked.to_str().unwrap(), "HEAD~1"]);
    for (path, commits) in [(&repo.path, 2), (&bare, 2), (&linked, 2), (&repo.path.join("dir"), 2)] {
        let book = Book::new();
        assert_eq!(book.git(path, GitOptions::default()).covered, commits, "{}", path.display());
        assert_eq!(result(&book.of("git.history")[0])["bare"], *path == bare);
    }
}

#[test]
fn a_shallow_clone_is_incomplete() {
    let mut repo = Repo::new();
    for at in 0..5 {
        repo.save("f", format!("{at}\n"), "more");
    }
    let clone = repo.path.with_file_name("shallow");
    let from = format!("file://{}", repo.path.display());
    repo.git(&["clone", "-q", "--depth", "2", &from, clone.to_str().unwrap()]);
    let book = Book::new();
    let coverage = book.git(&clone, GitOptions::default());
    assert_eq!(coverage.covered, 2);
    assert_eq!(coverage.skipped_by_reason["history_not_cloned"], 1);
    let edge = result(&book.of("git.commit")[1]);
    assert_eq!(edge["shallow"], true);
    assert_eq!(edge["files"].as_array().unwrap().len(), 0, "what it changed is not known");
    assert!(book.of("git.damaged").is_empty());

    // Nothing has read it since; and when it is here, it is read.
    for _ in 0..2 {
        assert_eq!(book.git(&clone, GitOptions::default()).skipped_by_reason["history_not_cloned"], 1);
    }
    let asked = GitOptions { authors: vec!["ann".into()], ..GitOptions::default() };
    book.git(&clone, asked);
    assert_eq!(book.git(&clone, GitOptions::default()).skipped_by_reason["history_not_cloned"], 1);
    repo.git(&["-C", clone.to_str().unwrap(), "fetch", "-q", "--unshallow"]);
    let coverage = book.git(&clone, GitOptions::default());
    assert!(coverage.is_complete(), "{:?}", coverage.skipped);
    let mut read = ids(&book);
    read.sort();
    read.dedup();
    assert_eq!(read.len(), 5, "those that were missing are sealed");
    let coverage = book.git(&clone, GitOptions::default());
    assert!(coverage.is_complete() && coverage.covered == 0);
}

#[test]
fn what_is_missing_stays_missing_until_it_is_there() {
    let mut repo = Repo::new();
    repo.save("f", "one\n", "one");
    repo.save("f", "two\n", "two");
    let victim = repo.line(&["rev-parse", "HEAD~1:f"]);
    let object = repo.loose(&victim);
    let kept = std::fs::read(&object).unwrap();
    std::fs::remove_file(&object).unwrap();
    let book = Book::new();
    for _ in 0..3 {
        assert_eq!(book.git(&repo.path, GitOptions::default()).skipped_by_reason["object_missing"], 1);
    }
    repo.save("f", "three\n", "three");
    let coverage = book.git(&repo.path, GitOptions::default());
    assert_eq!((coverage.covered, coverage.skipped_by_reason["object_missing"]), (1, 1), "and goes on from there");
    std::fs::write(&object, kept).unwrap();
    let coverage = book.git(&repo.path, GitOptions::default());
    assert!(coverage.is_complete(), "{:?}", coverage.skipped);
    assert_eq!(coverage.covered, 3, "all of it was read again");
    assert_eq!(book.git(&repo.path, GitOptions::default()).covered, 0);
}

#[test]
fn a_question_that_nobody_could_answer_is_no_clean_answer() {
    let mut repo = Repo::new();
    repo.save("f", "one\n", "one");
    let book = Book::new();
    let asked = |options: GitOptions| book.git(&repo.path, options);
    let by = |name: &str| GitOptions { authors: vec![name.into()], ..GitOptions::default() };
    assert!(asked(by("nobdy")).skipped_by_reason.contains_key("no_commit_matches"));
    assert!(asked(by("ann")).is_complete());
    let future = GitOptions { since: Some(at(4_000_000_000)), ..GitOptions::default() };
    assert!(asked(future).skipped_by_reason.contains_key("no_commit_matches"));
    let quiet = GitOptions { until: Some(at(1_000_000_000)), ..GitOptions::default() };
    let coverage = asked(quiet);
    assert!(coverage.is_complete() && coverage.notes.iter().any(|note| note.contains("no commit matches")));
}

#[test]
fn a_partial_clone_is_incomplete_and_not_broken() {
    let mut repo = Repo::new();
    for at in 0..3 {
        repo.save("f", format!("{at}\n"), "more");
    }
    repo.git(&["config", "uploadpack.allowFilter", "true"]);
    let clone = repo.path.with_file_name("partial");
    let from = format!("file://{}", repo.path.display());
    repo.git(&["clone", "-q", "--no-checkout", "--filter=blob:none", &from, clone.to_str().unwrap()]);
    let book = Book::new();
    let coverage = book.git(&clone, GitOptions::default());
    assert_eq!(coverage.covered, 3);
    assert_eq!(coverage.skipped_by_reason["object_not_cloned"], 3);
    assert!(book.of("git.damaged").is_empty());
    assert_eq!(result(&book.of("git.commit")[0])["files"][0]["added"], serde_json::Value::Null);
}

#[test]
fn borrowed_objects_are_read_where_they_lie() {
    let mut repo = Repo::new();
    repo.save("f", "1\n", "one");
    let clone = repo.path.with_file_name("borrower");
    repo.git(&["clone", "-q", "--shared", repo.path.to_str().unwrap(), clone.to_str().unwrap()]);
    let blob = repo.line(&["rev-parse", "HEAD:f"]);
    std::fs::write(repo.path.join("forgery"), "2\n").unwrap();
    let other = repo.line(&["hash-object", "-w", "forgery"]);
    std::fs::remove_file(repo.loose(&blob)).unwrap();
    std::fs::rename(repo.loose(&other), repo.loose(&blob)).unwrap();
    let book = Book::new();
    assert_eq!(book.git(&clone, GitOptions::default()).covered, 1);
    let lies_in = result(&book.of("git.forged")[0])["lies_in"].clone();
    assert_eq!(lies_in, repo.loose(&blob).to_str().unwrap());
}

#[test]
fn a_repository_that_cannot_be_opened_is_an_error() {
    let repo = Repo::new();
    std::fs::write(repo.path.join(".git/config"), "[core\nnonsense").unwrap();
    let error = Book::new().try_git(&repo.path, GitOptions::default()).unwrap_err();
    assert_eq!(error.code(), "repository_unreadable", "{error}");
}

#[test]
fn objects_named_by_sha256_are_read_too() {
    let mut repo = Repo::with(&["init", "-q", "-b", "main", "--object-format=sha256"]);
    repo.save("f", "1\n", "one");
    repo.save("f", "2\n3\n", "two");
    let book = Book::new();
    assert!(book.git(&repo.path, GitOptions::default()).is_complete());
    assert_eq!(ids(&book), logged(&repo, &[]));
    assert_eq!(book.of("git.commit")[0].target.id.len(), 64);
    let files = result(&book.of("git.commit")[0])["files"].clone();
    assert_eq!((&files[0]["added"], &files[0]["deleted"]), (&2.into(), &1.into()));
    assert!(book.of("git.forged").is_empty());
}

#[test]
fn commits_carry_who_when_and_what() {
    let mut repo = Repo::new();
    repo.save("f", "1\n", "Say one thing\nin two lines\n\nAnd why.\n\nTwice.\n");
    let book = Book::new();
    book.git(&repo.path, GitOptions::default());
    let record = &book.of("git.commit")[0];
    assert_eq!(record.actor.id, "ann@example.org");
    assert_eq!(record.actor.kind, ActorKind::User);
    assert_eq!(record.actor.name.as_deref(), Some("Ann Author"));
    assert_eq!(record.actor.claimed.as_deref(), Some("Ann Author <ann@example.org>"));
    assert_eq!(record.actor.verified, None, "git proves nothing of it");
    assert_eq!(record.occurred, at(1_600_000_060));
    let told = result(record);
    assert_eq!(told["subject"], "Say one thing in two lines");
    assert_eq!(told["body"], "And why.\n\nTwice.\n");
    assert_eq!(told["author"]["time"], "2020-09-13T13:57:40+01:30");
    assert_eq!(told["committer"]["name"], "Carl Committer");
    assert_eq!(told["signature"], serde_json::Value::Null);
    assert_eq!(told["tree"], repo.line(&["rev-parse", "HEAD^{tree}"]));
}

#[test]
fn signatures_are_told_apart() {
    let mut repo = Repo::new();
    repo.save("f", "1\n", "unsigned");
    let tree = repo.line(&["rev-parse", "HEAD^{tree}"]);
    for (kind, armour) in [("gpg", "PGP SIGNATURE"), ("ssh", "SSH SIGNATURE"), ("x509", "SIGNED MESSAGE")] {
        let who = "A <a@b> 1600001000 +0000";
        let parent = repo.head();
        let content = format!(
            "tree {tree}\nparent {parent}\nauthor {who}\ncommitter {who}\ngpgsig -----BEGIN {armour}-----\n \n \
             abc\n -----END {armour}-----\n\nsigned\n"
        );
        std::fs::write(repo.path.join(".git/content"), content).unwrap();
        let commit = repo.line(&["hash-object", "-t", "commit", "-w", ".git/content"]);
        repo.git(&["update-ref", "HEAD", &commit]);
        let book = Book::new();
        book.git(&repo.path, GitOptions::default());
        let told = book.of("git.commit").iter().map(result).find(|told| told["id"] == commit).unwrap();
        assert_eq!(told["signature"]["kind"], kind);
        assert_eq!(told["subject"], "signed");
    }
}

#[test]
fn since_until_and_author_select_as_git_does() {
    let mut repo = Repo::new();
    for number in 0..10 {
        repo.write("f", format!("{number}\n"));
        repo.git(&["add", "-A"]);
        repo.tick();
        let author = if number % 3 == 0 { "Béatrice" } else { "Ann Author" };
        assert!(
            repo.command().args(["commit", "-q", "-m", "x"]).env("GIT_AUTHOR_NAME", author).status().unwrap().success()
        );
    }
    let read = |options: GitOptions| {
        let book = Book::new();
        book.git(&repo.path, options);
        ids(&book)
    };
    let (from, to) = (1_600_000_000 + 60 * 3, 1_600_000_000 + 60 * 7);
    let since = GitOptions { since: Some(at(from)), ..GitOptions::default() };
    assert_eq!(read(since), logged(&repo, &[&format!("--since=@{from}")]));
    let both = GitOptions { since: Some(at(from)), until: Some(at(to)), ..GitOptions::default() };
    assert_eq!(read(both), logged(&repo, &[&format!("--since=@{from}"), &format!("--until=@{to}")]));
    let author = GitOptions { authors: vec!["béat".to_owned()], ..GitOptions::default() };
    assert_eq!(read(author), logged(&repo, &["--author=Béat"]));
}

#[test]
fn the_history_of_one_file_follows_it_through_renames_and_merges() {
    let mut repo = Repo::new();
    let lines = |n: u32| (0..n).fold(String::new(), |text, at| text + &format!("line {at}\n"));
    repo.save("a", lines(20), "born");
    repo.save("other", "x\n", "elsewhere");
    repo.save("a", lines(22), "grown");
    repo.git(&["mv", "a", "b"]);
    repo.commit("renamed");
    repo.git(&["checkout", "-q", "-b", "side"]);
    repo.save("b", lines(25), "grown aside");
    repo.git(&["checkout", "-q", "main"]);
    repo.save("other", "y\n", "elsewhere again");
    repo.tick();
    repo.git(&["merge", "-q", "-m", "merge", "side"]);
    let book = Book::new();
    let options = GitOptions { file: Some(TreePath::from("./b")), ..GitOptions::default() };
    book.git(&repo.path, options);
    assert_eq!(ids(&book), logged(&repo, &["--follow", "--", "b"]));
    let told: Vec<_> = book.of("git.commit").iter().map(result).collect();
    let subjects: Vec<_> = told.iter().map(|told| told["subject"].as_str().unwrap()).collect();
    assert_eq!(subjects, ["grown aside", "renamed", "grown", "born"]);
    assert_eq!(told[1]["files"][0]["old_path"], "a");
    assert!(told.iter().all(|told| told["files"].as_array().unwrap().len() == 1));
    assert!(book.of("git.blame").is_empty());
}

#[test]
fn a_directory_has_a_history_too() {
    let mut repo = Repo::new();
    repo.write("dir/a", "1\n");
    repo.save("other", "1\n", "both");
    repo.save("other", "2\n", "outside");
    repo.write("dir/b", "1\n");
    repo.save("other", "3\n", "inside and outside");
    let book = Book::new();
    let options = GitOptions { file: Some(TreePath::from("dir/")), ..GitOptions::default() };
    book.git(&repo.path, options);
    assert_eq!(ids(&book), logged(&repo, &["--", "dir"]));
    let newest = result(&book.of("git.commit")[0]);
    assert_eq!(newest["files"].as_array().unwrap().len(), 1);
    assert_eq!(newest["files"][0]["path"], "dir/b");
}

#[test]
fn replacements_are_told_and_not_followed() {
    let mut repo = Repo::new();
    let victim = repo.save("f", "1\n", "the true one");
    let decoy = repo.save("f", "2\n", "the decoy");
    repo.git(&["reset", "-q", "--hard", &victim]);
    repo.git(&["replace", &victim, &decoy]);
    assert_eq!(repo.line(&["log", "-1", "--format=%s", &victim]), "the decoy", "git follows it");
    let book = Book::new();
    let coverage = book.git(&repo.path, GitOptions::default());
    assert_eq!(result(&book.of("git.commit")[0])["subject"], "the true one");
    let told = book.of("git.ref").iter().map(result).find(|told| told["kind"] == "replace").unwrap();
    assert_eq!(told["name"], format!("refs/replace/{victim}"));
    assert!(coverage.notes.iter().any(|note| note.contains("refs/replace")));
}

#[test]
fn odd_dates_and_people_are_kept_as_they_are() {
    let mut repo = Repo::new();
    repo.save("f", "1\n", "one");
    let tree = repo.line(&["rev-parse", "HEAD^{tree}"]);
    let add = |who: &str| {
        let content = format!("tree {tree}\nauthor {who}\ncommitter {who}\n\nodd\n");
        std::fs::write(repo.path.join(".git/content"), content).unwrap();
        repo.line(&["hash-object", "--literally", "-t", "commit", "-w", ".git/content"])
    };
    let long = "n".repeat(100_000);
    let odd =
        [" <> 99999999999999 +0000", "nobody at all", &format!("{long} <x@y> -5 -9999"), "a\u{1b}[31m <b> 1 +0000"];
    for (number, who) in odd.iter().enumerate() {
        repo.git(&["update-ref", &format!("refs/heads/odd-{number}"), &add(who)]);
    }
    let book = Book::new();
    let coverage = book.git(&repo.path, GitOptions::default());
    assert_eq!(coverage.covered, 5);
    assert!(coverage.is_complete());
    let unknown = book.of("git.commit").iter().filter(|record| record.actor_unknown()).count();
    assert_eq!(unknown, 1, "the one with neither name nor address");
}

#[test]
fn the_options_say_what_they_are() {
    let options = Options::default();
    assert_eq!(serde_json::to_value(&options.git).unwrap()["refs"], "usual");
}
