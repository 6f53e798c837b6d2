//! References: one record each per run, how they moved, and where the next run resumes.

use sealbook_inspect::{Error, FileOptions, GitOptions, Refs, Silent, source};
use sealbook_record::{PartName, Severity};
use serde_json::Value;

use crate::book::{Book, part, result};
use crate::git_repo::Repo;

/// The references of the newest run: name, kind, state.
fn told(book: &Book) -> Vec<(String, String, String)> {
    let run = book.of("git.history").last().unwrap().operation;
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let references = book.of("git.ref");
    let references = references.iter().filter(|record| record.operation == run).map(result);
    references.map(|told| (text(&told["name"]), text(&told["kind"]), text(&told["state"]))).collect()
}

#[track_caller]
fn expect(book: &Book, expected: &[(&str, &str, &str)]) {
    let told = told(book);
    let told: Vec<_> = told.iter().map(|(name, kind, state)| (name.as_str(), kind.as_str(), state.as_str())).collect();
    assert_eq!(told, expected);
}

fn subjects(book: &Book, since: usize) -> Vec<String> {
    let commits = book.of("git.commit");
    commits[since..].iter().map(|commit| result(commit)["subject"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn each_sort_is_recorded_once_a_run() {
    let mut repo = Repo::new();
    let first = repo.save("f", "1\n", "first");
    repo.git(&["tag", "light"]);
    repo.git(&["tag", "-a", "-m", "a release\n\nwith notes", "heavy"]);
    repo.git(&["branch", "side"]);
    repo.git(&["update-ref", "refs/remotes/origin/main", "HEAD"]);
    repo.git(&["update-ref", "refs/pull/1/head", "HEAD"]);
    let head = repo.save("f", "2\n", "second");
    let book = Book::new();
    let coverage = book.git(&repo.path, GitOptions::default());
    expect(
        &book,
        &[
            ("HEAD", "head", "new"),
            ("refs/heads/main", "branch", "new"),
            ("refs/heads/side", "branch", "new"),
            ("refs/pull/1/head", "other", "new"),
            ("refs/remotes/origin/main", "remote", "new"),
            ("refs/tags/heavy", "annotated_tag", "new"),
            ("refs/tags/light", "tag", "new"),
        ],
    );
    let of = |name: &str| result(book.of("git.ref").iter().find(|record| record.target.id == name).unwrap());
    assert_eq!(of("HEAD")["symbolic"], "refs/heads/main");
    assert_eq!(of("HEAD")["commit"], head);
    let heavy = of("refs/tags/heavy");
    assert_eq!(heavy["commit"], first);
    assert_eq!(heavy["target"], repo.line(&["rev-parse", "heavy"]));
    assert_eq!(heavy["tag"]["tagger"]["name"], "Carl Committer");
    assert_eq!(heavy["tag"]["message"], "a release\n\nwith notes\n");
    assert!(coverage.notes.iter().any(|note| note.contains("1 references were recorded and their history not walked")));
}

#[test]
fn the_next_run_reads_only_what_is_new() {
    let mut repo = Repo::new();
    repo.save("f", "1\n", "one");
    repo.save("f", "2\n", "two");
    let book = Book::new();
    book.git(&repo.path, GitOptions::default());
    book.git(&repo.path, GitOptions::default());
    assert_eq!(book.of("git.commit").len(), 2, "nothing is sealed twice");
    expect(&book, &[("HEAD", "head", "unchanged"), ("refs/heads/main", "branch", "unchanged")]);

    repo.git(&["checkout", "-q", "-b", "side", "HEAD~1"]);
    repo.save("g", "1\n", "aside");
    repo.git(&["checkout", "-q", "main"]);
    repo.save("f", "3\n", "three");
    repo.tick();
    repo.git(&["merge", "-q", "-m", "merge", "side"]);
    let coverage = book.git(&repo.path, GitOptions::default());
    assert_eq!(coverage.covered, 3);
    assert_eq!(subjects(&book, 2), ["merge", "three", "aside"]);
    expect(
        &book,
        &[("HEAD", "head", "moved"), ("refs/heads/main", "branch", "moved"), ("refs/heads/side", "branch", "new")],
    );
    let history = result(book.of("git.history").last().unwrap());
    assert_eq!(history["resumed"], true);
    assert_eq!(history["commits"], 3);
}

#[test]
fn a_forced_push_shows_with_what_it_left_behind() {
    let mut repo = Repo::new();
    repo.save("f", "1\n", "one");
    let old = repo.save("f", "2\n", "two");
    repo.git(&["tag", "v1"]);
    let book = Book::new();
    book.git(&repo.path, GitOptions::default());
    repo.git(&["reset", "-q", "--hard", "HEAD~1"]);
    let new = repo.save("f", "another\n", "rewritten");
    repo.git(&["tag", "-f", "v1"]);
    book.git(&repo.path, GitOptions::default());
    expect(
        &book,
        &[("HEAD", "head", "forced"), ("refs/heads/main", "branch", "forced"), ("refs/tags/v1", "tag", "forced")],
    );
    let record = book.of("git.ref").into_iter().rfind(|record| record.target.id == "refs/heads/main").unwrap();
    assert_eq!(record.severity, Severity::Warning);
    assert_eq!(result(&record)["previous"]["commit"], old);
    assert_eq!(part(&record, PartName::Before)["commit"], old);
    assert_eq!(part(&record, PartName::After)["commit"], new);
    assert_eq!(subjects(&book, 2), ["rewritten"]);
}

#[test]
fn a_deletion_shows_once_and_weighs_more_if_commits_are_lost() {
    let mut repo = Repo::new();
    repo.save("f", "1\n", "one");
    repo.git(&["branch", "merged"]);
    repo.git(&["checkout", "-q", "-b", "lost"]);
    repo.save("g", "1\n", "only here");
    repo.git(&["checkout", "-q", "main"]);
    let book = Book::new();
    book.git(&repo.path, GitOptions::default());
    repo.git(&["branch", "-q", "-D", "merged", "lost"]);
    book.git(&repo.path, GitOptions::default());
    let deleted: Vec<_> = told(&book).into_iter().filter(|(_, _, state)| state == "deleted").collect();
    assert_eq!(deleted.len(), 2);
    let severity = |name: &str| book.of("git.ref").iter().rfind(|record| record.target.id == name).unwrap().severity;
    assert_eq!(severity("refs/heads/merged"), Severity::Info);
    assert_eq!(severity("refs/heads/lost"), Severity::Warning);
    book.git(&repo.path, GitOptions::default());
    assert!(told(&book).iter().all(|(_, _, state)| state == "unchanged"), "it is not told again");
}

#[test]
fn a_run_that_was_cut_short_is_made_good_by_the_next() {
    let mut repo = Repo::new();
    repo.import(1_500);
    for room in [6, 700] {
        let book = Book::new();
        let mut request = book.request(&repo.path, FileOptions::default());
        request.options.git = GitOptions::default();
        let mut sink = book.page_with_room(room);
        let error = source("git").unwrap().collect(&request, &book, &mut sink, &Silent).unwrap_err();
        assert!(matches!(error, Error::Sealing { .. }));
        assert_eq!(book.of("git.commit").len() as u64, room);
        let coverage = book.git(&repo.path, GitOptions::default());
        assert_eq!(coverage.covered, 1_500, "what was sealed without an end is read again");
        assert_eq!(book.git(&repo.path, GitOptions::default()).covered, 0);
    }
}

#[test]
fn filtered_runs_answer_their_question_and_move_no_boundary() {
    let mut repo = Repo::new();
    repo.save("f", "1\n", "one");
    let book = Book::new();
    book.git(&repo.path, GitOptions::default());
    repo.save("f", "2\n", "two");
    let filtered = GitOptions { authors: vec!["ANN".to_owned()], ..GitOptions::default() };
    assert_eq!(book.git(&repo.path, filtered.clone()).covered, 2, "whatever was sealed before");
    let nobody = GitOptions { authors: vec!["nobody".to_owned()], ..GitOptions::default() };
    assert_eq!(book.git(&repo.path, nobody).covered, 0);
    assert_eq!(book.git(&repo.path, GitOptions::default()).covered, 1, "the new one only");
}

#[test]
fn commits_whose_clocks_run_backwards_are_all_read_once() {
    let repo = Repo::new();
    let book = Book::new();
    for round in 0..4 {
        for at in 0..5 {
            repo.write("f", format!("{round} {at}\n"));
            repo.git(&["add", "-A"]);
            let clock = format!("{} +0000", 1_600_000_000 - (round * 5 + at) * 86_400 * 30);
            let committed =
                repo.command().args(["commit", "-q", "-m", "back"]).env("GIT_COMMITTER_DATE", clock).status().unwrap();
            assert!(committed.success());
        }
        book.git(&repo.path, GitOptions::default());
    }
    let mut ids: Vec<_> = book.of("git.commit").iter().map(|record| record.target.id.clone()).collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 20, "none is left out");
}

#[test]
fn the_scope_of_references_is_a_choice() {
    let mut repo = Repo::new();
    repo.save("f", "1\n", "one");
    repo.git(&["checkout", "-q", "-b", "side"]);
    repo.save("f", "2\n", "on a branch");
    repo.git(&["checkout", "-q", "--orphan", "elsewhere"]);
    repo.save("f", "3\n", "pulled");
    repo.git(&["update-ref", "refs/pull/7/head", "HEAD"]);
    repo.git(&["checkout", "-q", "main"]);
    repo.git(&["branch", "-q", "-D", "elsewhere"]);
    let covered = |refs| Book::new().git(&repo.path, GitOptions { refs, ..GitOptions::default() }).covered;
    assert_eq!(covered(Refs::Head), 1);
    assert_eq!(covered(Refs::Usual), 2);
    assert_eq!(covered(Refs::All), 3);
}
