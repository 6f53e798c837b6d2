//! Lines and the calls that wrote them, over real repositories.

use std::path::Path;

use sealbook_inspect::{Authorship, Error, Silent, Sink as _, Stamp as _, TreePath, Writer};
use sealbook_ledger::{Hash, Phase, Uuid};
use sealbook_policy::Raw;
use sealbook_record::{Actor, ActorKind, Outcome, PartName, Record, Target, TargetKind};
use serde_json::{Value, json};

use crate::book::Book;
use crate::git_repo::Repo;

/// What a hook says of a file.
fn state(path: &Path, content: Option<&str>, with_content: bool) -> Value {
    let mut state = json!({ "path": path });
    if let Some(content) = content {
        state["sha256"] = Hash::of(content.as_bytes()).to_string().into();
        state["bytes"] = content.len().into();
        if with_content {
            state["content"] = content.into();
        }
    }
    state
}

fn record(book: &Book, operation: Uuid, phase: Phase, action: &str, target: Target) -> Record {
    let mut record = Record::event(book.id(), Actor::new(ActorKind::Agent, "claude-code"), action, target, book.now());
    record.phase = phase;
    record.operation = Some(operation);
    record.session = Some(format!("session-{operation}"));
    record.outcome = (phase != Phase::Intent).then_some(Outcome::Ok);
    record
}

/// A call that made `after` of `before`, told by a hook; gives the place of its end.
fn edit(book: &Book, repo: &Repo, before: Option<&str>, after: Option<&str>, with_content: bool) -> u64 {
    let file = repo.path.join("f");
    let operation = book.id();
    for (phase, part, content) in [(Phase::Intent, PartName::Before, before), (Phase::Outcome, PartName::After, after)]
    {
        let target = Target::new(TargetKind::File, file.display().to_string());
        let mut record = record(book, operation, phase, "file.write", target);
        record.set_part(part, &state(&file, content, with_content)).unwrap();
        book.page().record(Raw::new(record)).unwrap();
    }
    book.records().len() as u64 - 1
}

fn told(book: &Book, repo: &Repo) -> Authorship {
    Authorship::of(book, &repo.path, &TreePath::from("f"), None, &Silent).unwrap()
}

/// For each line who wrote it: `c<seq>`, `?`, `-`; a capital where it is not committed.
fn writers(told: &Authorship) -> Vec<String> {
    let mut lines = Vec::new();
    for run in &told.runs {
        let mut text = match &run.writer {
            Writer::Call { seq } => format!("c{seq}"),
            Writer::OneOf { seqs, or_unrecorded } => {
                format!(
                    "{}{}",
                    seqs.iter().map(|seq| format!("?{seq}")).collect::<String>(),
                    if *or_unrecorded { "-" } else { "" }
                )
            }
            Writer::Unrecorded => "-".to_owned(),
        };
        if run.commit.is_none() {
            text = text.to_uppercase();
        }
        lines.extend(std::iter::repeat_n(text, run.lines as usize));
    }
    assert_eq!(lines.len(), told.lines as usize);
    lines
}

#[test]
fn calls_and_people_share_a_commit() {
    let (book, mut repo) = (Book::new(), Repo::new().later());
    let v0 = "one\ntwo\n";
    repo.save("f", v0, "by ann");
    let v1 = "one\nagent a\ntwo\n";
    let a = edit(&book, &repo, Some(v0), Some(v1), true);
    // A person edits in between, and another call goes on from there.
    let v2 = "one\nagent a\ntwo\nperson\n";
    let v3 = "zero by agent b\none\nagent a\ntwo\nperson\n";
    let b = edit(&book, &repo, Some(v2), Some(v3), true);
    repo.save("f", v3, "together");
    let told = told(&book, &repo);
    assert_eq!(writers(&told), [format!("c{b}"), "-".into(), format!("c{a}"), "-".into(), "-".into()]);
    assert_eq!(told.commits.len(), 2);
    assert_eq!(told.calls[&a].actor, "claude-code");
    assert!(told.calls[&a].session.as_ref().unwrap().starts_with("session-"));
    assert!(told.notes.is_empty());
}

#[test]
fn every_line_is_blamed_on_the_commit_that_git_names() {
    let (book, mut repo) = (Book::new(), Repo::new().later());
    let mut text = String::new();
    for round in 0..12 {
        text = format!("top {round}\n{text}end {round}\n");
        repo.save("f", &text, &format!("round {round}"));
    }
    let told = told(&book, &repo);
    let porcelain = repo.line(&["blame", "--line-porcelain", "f"]);
    let expected: Vec<&str> = porcelain
        .lines()
        .filter_map(|line| {
            line.split(' ').next().filter(|word| word.len() == 40 && word.bytes().all(|b| b.is_ascii_hexdigit()))
        })
        .collect();
    let found: Vec<String> =
        told.runs.iter().flat_map(|run| std::iter::repeat_n(run.commit.clone().unwrap(), run.lines as usize)).collect();
    assert_eq!(found, expected);
    assert!(told.calls.is_empty());
}

#[test]
fn what_is_not_committed_has_a_story_too() {
    let (book, mut repo) = (Book::new(), Repo::new().later());
    let v0 = "one\n";
    repo.save("f", v0, "by ann");
    let v1 = "one\nagent\n";
    let call = edit(&book, &repo, Some(v0), Some(v1), true);
    repo.write("f", "one\nagent\nperson\n");
    assert_eq!(writers(&told(&book, &repo)), ["-".to_owned(), format!("C{call}"), "-".to_owned()]);
    // A file that git does not know.
    let (book, repo) = (Book::new(), Repo::new().later());
    let call = edit(&book, &repo, None, Some("new\n"), false);
    repo.write("f", "new\n");
    let told = told(&book, &repo);
    assert_eq!(writers(&told), [format!("C{call}")]);
    assert!(told.notes.is_empty() && told.head.is_none());
}

#[test]
fn digests_alone_tie_a_call_to_a_commit() {
    // Without contents: one call leads from commit to commit, and its lines are its own.
    let (book, mut repo) = (Book::new(), Repo::new().later());
    repo.save("f", "a\n", "1");
    let call = edit(&book, &repo, Some("a\n"), Some("a\nb\n"), false);
    repo.save("f", "a\nb\n", "2");
    assert_eq!(writers(&told(&book, &repo)), ["-".to_owned(), format!("c{call}")]);
    // Two calls, and nobody knows the content between: one of them.
    let first = edit(&book, &repo, Some("a\nb\n"), Some("a\nb\nc\n"), false);
    let second = edit(&book, &repo, Some("a\nb\nc\n"), Some("a\nb\nc\nd\n"), false);
    repo.save("f", "a\nb\nc\nd\n", "3");
    let of = writers(&told(&book, &repo));
    assert_eq!(of[2..], [format!("?{first}?{second}"), format!("?{first}?{second}")]);
    // A call whose content was never committed has written nothing, whatever its name and time.
    let (book, mut repo) = (Book::new(), Repo::new().later());
    repo.save("f", "a\n", "1");
    edit(&book, &repo, Some("x\n"), Some("x\ny\n"), true);
    repo.save("f", "a\nb\n", "2");
    assert_eq!(writers(&told(&book, &repo)), ["-", "-"]);
}

#[test]
fn whoever_was_first_has_written_it() {
    // The commits are older than the book: what an agent wrote later, on the same content, came second.
    let (book, mut repo) = (Book::new(), Repo::new());
    repo.save("f", "a\n", "1");
    repo.save("f", "a\nb\n", "2");
    edit(&book, &repo, Some("a\n"), Some("a\nb\n"), true);
    assert_eq!(writers(&told(&book, &repo)), ["-", "-"]);
}

#[test]
fn what_redaction_changed_is_no_content() {
    let (book, mut repo) = (Book::new(), Repo::new().later());
    let secret = "key = \"ghp_16C7e42F292c6912E7710c838347Ae178B4a\"\n";
    repo.save("f", "a\n", "1");
    let (v1, v2) = (format!("a\n{secret}"), format!("a\n{secret}b\n"));
    let first = edit(&book, &repo, Some("a\n"), Some(&v1), true);
    let second = edit(&book, &repo, Some(&v1), Some(&v2), true);
    repo.save("f", &v2, "2");
    // The content between is not known; the ends are.
    assert_eq!(writers(&told(&book, &repo))[1..], [format!("?{first}?{second}"), format!("?{first}?{second}")]);
}

#[test]
fn a_file_that_was_renamed_keeps_its_story() {
    let (book, mut repo) = (Book::new(), Repo::new().later());
    let text = "one line that stays\nand another that stays\nand a third that stays\n";
    let call = edit(&book, &repo, None, Some(text), true);
    repo.save("f", text, "begin");
    repo.git(&["mv", "f", "g"]);
    repo.commit("rename");
    let told = Authorship::of(&book, &repo.path, &TreePath::from("g"), None, &Silent).unwrap();
    assert_eq!(told.runs.len(), 1);
    assert_eq!(told.runs[0].writer, Writer::Call { seq: call });
}

#[test]
fn a_call_over_the_gateway_is_known_by_the_text_it_was_given() {
    let (book, mut repo) = (Book::new(), Repo::new().later());
    repo.save("f", "a\n", "1");
    let operation = book.id();
    let target = || Target::new(TargetKind::Tool, "files/write_file");
    let mut intent = record(&book, operation, Phase::Intent, "tools.call", target());
    intent.set_part(PartName::Input, &json!({"path": repo.path.join("f"), "content": "whole\nnew\n"})).unwrap();
    book.page().record(Raw::new(intent)).unwrap();
    book.page().record(Raw::new(record(&book, operation, Phase::Outcome, "tools.call", target()))).unwrap();
    let seq = book.records().len() - 1;
    // To another file it was given the same.
    let other = book.id();
    let mut elsewhere = record(&book, other, Phase::Intent, "tools.call", target());
    elsewhere.set_part(PartName::Input, &json!({"path": repo.path.join("other"), "content": "later\n"})).unwrap();
    book.page().record(Raw::new(elsewhere)).unwrap();
    book.page().record(Raw::new(record(&book, other, Phase::Outcome, "tools.call", target()))).unwrap();
    repo.save("f", "whole\nnew\n", "2");
    repo.save("f", "whole\nnew\nlater\n", "3");
    let told = told(&book, &repo);
    assert_eq!(writers(&told), [format!("c{seq}"), format!("c{seq}"), "-".to_owned()]);
    assert_eq!(told.calls[&(seq as u64)].tool.as_deref(), Some("files/write_file"));
}

#[test]
fn who_approved_is_told() {
    let (book, mut repo) = (Book::new(), Repo::new().later());
    repo.save("f", "a\n", "1");
    let seq = edit(&book, &repo, Some("a\n"), Some("a\nb\n"), true);
    repo.save("f", "a\nb\n", "2");
    let operation = book.records()[seq as usize].operation.unwrap();
    let request = book.id();
    let about = |action: &str, target: String, parent: Option<Uuid>, actor: &str| {
        let mut record = record(&book, operation, Phase::Event, action, Target::new(TargetKind::Record, target));
        record.actor = Actor::new(ActorKind::User, actor);
        record.parent = parent;
        record
    };
    let mut decided = about("approval.decided", request.to_string(), Some(request), "bob");
    decided.operation = None;
    decided.set_part(PartName::Input, &json!({"decision": "approve", "digest": "00"})).unwrap();
    book.page().record(Raw::new(decided)).unwrap();
    book.page().record(Raw::new(about("approval.used", "x".into(), Some(request), "sealbook"))).unwrap();
    assert_eq!(told(&book, &repo).calls[&seq].approved_by, ["bob"]);
}

#[test]
fn what_is_no_file_is_an_error() {
    let (book, mut repo) = (Book::new(), Repo::new().later());
    repo.save("d/f", "a\n", "1");
    let of = |path: &str| Authorship::of(&book, &repo.path, &TreePath::from(path), None, &Silent);
    assert!(matches!(of("nothing").unwrap_err(), Error::TargetNotFound { .. }));
    assert!(matches!(of("d").unwrap_err(), Error::TargetUnsupported { .. }));
    std::fs::remove_file(repo.path.join("d/f")).unwrap();
    let gone = of("d/f").unwrap();
    assert_eq!((gone.lines, gone.notes.len()), (1, 1));
}
