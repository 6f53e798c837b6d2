//! What agents did is taken back: files where they still are what was left, and no further.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sealbook_flow::{Doer, Error, FileHow, Journal, LedgerJournal, Performed, Scope, Undo, UndoPlan};
use sealbook_ledger::Hash;
use sealbook_policy::{DigestKey, Policy, StopScope};
use sealbook_record::{
    Actor, ActorKind, Category, Certificate, CertificateCheck, OperationStatus, Outcome, PartName, Phase, Record,
    Target, TargetKind, Timestamp, Undone, Uuid,
};
use sealbook_serve::Disk;
use sealbook_store::{Ledger, Query, Stored};
use sealbook_testkit::records::admit;
use sealbook_testkit::{Place, Rng, SimClock, seeded_options};
use serde_json::{Value, json};

/// 2026-01-01T00:00:00Z.
const START_US: i64 = 1_767_225_600_000_000;

/// A ledger of its own.
struct Bench {
    ledger: Arc<Ledger>,
    journal: Arc<dyn Journal>,
    _place: Place,
}

impl Bench {
    fn new() -> Self {
        let place = Place::new();
        let options = seeded_options(&mut Rng::new(7), Arc::new(SimClock::at(START_US)));
        let ledger = Arc::new(Ledger::create(place.layout(), "default", options, None).unwrap());
        let journal = LedgerJournal::new(Arc::clone(&ledger), Arc::new(Policy::new(DigestKey::new([7; 32]))));
        Self { ledger, journal: Arc::new(journal), _place: place }
    }

    /// Stops everything, as another process would: by a record.
    fn stop(&self) {
        let (ann, now) = (Actor::new(ActorKind::User, "ann"), Timestamp::from_micros(START_US));
        let target = Target::new(TargetKind::Ledger, "all");
        let mut stop = Record::event(self.ledger.next_id(), ann, "stop.set", target, now);
        stop.set_part_json(PartName::Input, StopScope::all().to_json()).unwrap();
        self.ledger.append(vec![admit(stop)]).unwrap().pop().unwrap().unwrap();
    }

    /// Every record that was sealed, oldest first.
    fn told(&self) -> Vec<Stored> {
        let query = Query { leaf_type: vec!["record".to_owned()], ascending: true, ..Query::default() };
        let mut all = Vec::new();
        let mut take = |stored| {
            all.push(stored);
            Ok(true)
        };
        self.ledger.each_match(&query, &mut take).unwrap();
        all
    }
}

fn wait_for<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

/// A project that an agent works in, and the book of it.
struct Desk {
    bench: Bench,
    dir: tempfile::TempDir,
}

impl Desk {
    fn new() -> Self {
        Self { bench: Bench::new(), dir: tempfile::tempdir().unwrap() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn put(&self, name: &str, content: &str) {
        fs::write(self.path(name), content).unwrap();
    }

    fn read(&self, name: &str) -> Option<String> {
        fs::read_to_string(self.path(name)).ok()
    }

    fn seal(&self, record: Record) {
        self.bench.ledger.append(vec![admit(record)]).unwrap().pop().unwrap().unwrap();
    }

    fn record(&self, action: &str, operation: Uuid) -> Record {
        let id = self.bench.ledger.next_id();
        let actor = Actor::new(ActorKind::Agent, "claude-code");
        let mut record =
            Record::event(id, actor, action, Target::new(TargetKind::File, "f"), Timestamp::from_micros(START_US));
        record.category = Category::FileWrite;
        record.session = Some("s1".to_owned());
        record.operation = Some(operation);
        record.set_part(PartName::Context, &json!({"cwd": self.dir.path()})).unwrap();
        record
    }

    /// An agent's call that writes a file, as the hook records it.
    fn write(&self, name: &str, content: Option<&str>) -> Uuid {
        self.write_told(name, content, |_| ())
    }

    /// The same, where what is recorded of the file before is changed.
    fn write_told(&self, name: &str, content: Option<&str>, tell: impl FnOnce(&mut Value)) -> Uuid {
        let operation = self.bench.ledger.next_id();
        let mut before = self.state(name);
        tell(&mut before);
        let mut intent = self.record("file.write", operation);
        intent.phase = Phase::Intent;
        intent.set_part(PartName::Before, &before).unwrap();
        self.seal(intent);
        match content {
            Some(content) => self.put(name, content),
            None => fs::remove_file(self.path(name)).unwrap(),
        }
        let mut outcome = self.record("file.write", operation);
        outcome.phase = Phase::Outcome;
        outcome.outcome = Some(Outcome::Ok);
        outcome.set_part(PartName::After, &self.state(name)).unwrap();
        self.seal(outcome);
        operation
    }

    fn state(&self, name: &str) -> Value {
        let Some(content) = self.read(name) else { return json!({"path": name}) };
        let sha256 = Hash::of(content.as_bytes()).to_string();
        let mode = format!("{:o}", self.path(name).metadata().unwrap().permissions().mode() & 0o7777);
        let link = fs::read_link(self.path(name)).ok();
        json!({"path": name, "bytes": content.len(), "sha256": sha256, "mode": mode, "link": link, "content": content})
    }

    fn plan(&self, scope: Scope) -> UndoPlan {
        UndoPlan::of(&self.bench.ledger, &Disk, scope, &[self.dir.path().to_owned()]).unwrap()
    }

    fn undo(&self, scope: Scope) -> Performed {
        self.undo_below(scope, self.dir.path())
    }

    fn undo_below(&self, scope: Scope, root: &Path) -> Performed {
        let doer = Doer {
            ledger: &self.bench.ledger,
            journal: Arc::clone(&self.bench.journal),
            files: &Disk,
            executor: None,
            actor: Actor::new(ActorKind::User, "ann"),
            reason: Some("it broke the build".to_owned()),
            roots: vec![root.to_owned()],
        };
        let performed = wait_for(doer.perform(scope)).unwrap();
        let mut check = CertificateCheck::default();
        for stored in self.bench.told().into_iter().filter(|stored| performed.seqs.contains(&stored.seq)) {
            check.push(stored.seq, stored.record.unwrap());
        }
        assert_eq!((check.certificates() > 0, check.finish()), (true, Vec::new()));
        performed
    }

    fn status(&self, operation: Uuid) -> OperationStatus {
        self.bench.ledger.operation(operation).unwrap().unwrap().status
    }
}

fn session() -> Scope {
    Scope::Session("s1".to_owned())
}

fn files(plan: &UndoPlan) -> Vec<&FileHow> {
    plan.items
        .iter()
        .flat_map(|item| if let Undo::Files(files) = &item.undo { &files[..] } else { &[] })
        .map(|file| &file.how)
        .collect()
}

#[test]
fn a_session_is_taken_back_and_certified() {
    let desk = Desk::new();
    desk.put("a.rs", "one\n");
    desk.put("b.rs", "bee\n");
    let all = [
        desk.write("a.rs", Some("two\n")),
        desk.write("new.rs", Some("new\n")),
        desk.write("a.rs", Some("three\n")),
        desk.write("b.rs", None),
    ];
    let plan = desk.plan(session());
    assert!(plan.is_whole() && !plan.is_empty());
    assert_eq!(
        plan.items.iter().map(|item| item.operation).collect::<Vec<_>>(),
        all.iter().rev().copied().collect::<Vec<_>>()
    );
    assert_eq!(desk.read("a.rs").as_deref(), Some("three\n"), "a plan touches nothing");
    let Performed { certificate, record, seqs } = desk.undo(session());
    assert_eq!(
        (desk.read("a.rs").as_deref(), desk.read("b.rs").as_deref(), desk.read("new.rs")),
        (Some("one\n"), Some("bee\n"), None)
    );
    assert!(certificate.complete && certificate.undone == 4 && certificate.not_undone == 0, "{certificate:?}");
    for operation in all {
        assert_eq!(desk.status(operation), OperationStatus::Compensated);
    }
    let told = desk.bench.told();
    let last = told.last().unwrap();
    assert_eq!((last.leaf.id, seqs.len()), (record, told.len()), "it is sealed last, and speaks of all the others");
    let sealed: Certificate =
        serde_json::from_str(last.record.as_ref().unwrap().part(PartName::Result).unwrap().get()).unwrap();
    assert_eq!(sealed, certificate);
    // Again, nothing is left to do.
    let again = desk.undo(session());
    assert!(again.certificate.operations.iter().all(|told| told.undone == Undone::Already), "{again:?}");
}

#[test]
fn what_changed_since_is_told_and_not_touched() {
    let desk = Desk::new();
    desk.put("a.rs", "one\n");
    let (first, second) = (desk.write("a.rs", Some("two\n")), desk.write("a.rs", Some("three\n")));
    desk.put("a.rs", "a person's\n");
    let plan = desk.plan(session());
    assert!(
        !plan.is_whole() && matches!(files(&plan)[..], [FileHow::Changed { .. }, FileHow::Changed { .. }]),
        "{plan:?}"
    );
    let certificate = desk.undo(session()).certificate;
    assert_eq!(desk.read("a.rs").as_deref(), Some("a person's\n"));
    assert!(!certificate.complete && certificate.not_undone == 2, "{certificate:?}");
    assert!(certificate.operations[0].files[0].why.as_deref().unwrap().contains("changed since"));
    for operation in [first, second] {
        assert_eq!(desk.status(operation), OperationStatus::NotUndoable);
    }
}

#[test]
fn only_the_newest_of_two_calls_can_be_taken_back_alone() {
    let desk = Desk::new();
    desk.put("a.rs", "one\n");
    let (first, second) = (desk.write("a.rs", Some("two\n")), desk.write("a.rs", Some("three\n")));
    assert!(!desk.plan(Scope::Operation(first)).is_whole());
    assert!(desk.undo(Scope::Operation(second)).certificate.complete);
    assert_eq!(desk.read("a.rs").as_deref(), Some("two\n"));
    assert!(desk.undo(Scope::Operation(first)).certificate.complete);
    assert_eq!(desk.read("a.rs").as_deref(), Some("one\n"));
}

#[test]
fn a_file_that_somebody_else_changed_in_between_goes_back_that_far() {
    let desk = Desk::new();
    desk.put("a.rs", "one\n");
    let first = desk.write("a.rs", Some("two\n"));
    desk.put("a.rs", "a person's\n");
    let second = desk.write("a.rs", Some("three\n"));
    let certificate = desk.undo(session()).certificate;
    assert_eq!(desk.read("a.rs").as_deref(), Some("a person's\n"));
    assert_eq!((certificate.undone, certificate.not_undone), (1, 1), "{certificate:?}");
    assert_eq!((desk.status(second), desk.status(first)), (OperationStatus::Compensated, OperationStatus::NotUndoable));
}

#[test]
fn content_that_is_not_kept_is_passed_through_or_told() {
    let desk = Desk::new();
    desk.put("a.rs", "one\n");
    desk.write("a.rs", Some("two\n"));
    // What a record keeps of "two" is neither here nor in the outcome before.
    let unkept = |state: &mut Value| drop(state.as_object_mut().unwrap().remove("content"));
    desk.write_told("a.rs", Some("three\n"), unkept);
    assert!(desk.undo(session()).certificate.complete);
    assert_eq!(desk.read("a.rs").as_deref(), Some("one\n"));

    let desk = Desk::new();
    desk.put("a.rs", "one\n");
    // Redaction changes what is kept: it does not fit its digest any more.
    let operation = desk.write_told("a.rs", Some("two\n"), |state| state["content"] = json!("***REDACTED***"));
    let plan = desk.plan(session());
    assert!(matches!(files(&plan)[..], [FileHow::Impossible(why)] if why.contains("redacted")), "{plan:?}");
    desk.undo(session());
    assert_eq!((desk.read("a.rs").as_deref(), desk.status(operation)), (Some("two\n"), OperationStatus::NotUndoable));
}

#[test]
fn nothing_outside_the_roots_is_written_nor_what_git_and_sealbook_keep() {
    let (desk, outside) = (Desk::new(), tempfile::tempdir().unwrap());
    let away = outside.path().join("authorized_keys");
    fs::write(&away, "theirs\n").unwrap();
    fs::create_dir_all(desk.path(".git/hooks")).unwrap();
    desk.put(".git/hooks/pre-commit", "old\n");
    std::os::unix::fs::symlink(outside.path(), desk.path("link")).unwrap();
    for name in [away.to_str().unwrap(), ".git/hooks/pre-commit", "link/authorized_keys", "x/../.git/hooks/pre-commit"]
    {
        fs::create_dir_all(desk.path("x")).unwrap();
        let before = fs::read(desk.path(name)).unwrap();
        desk.write(name, Some("evil\n"));
        let plan = desk.plan(session());
        assert!(matches!(files(&plan)[0], FileHow::Impossible(_)), "{name}: {plan:?}");
        desk.undo(session());
        assert_eq!(fs::read(desk.path(name)).unwrap(), b"evil\n", "{name}");
        fs::write(desk.path(name), before).unwrap();
    }
}

#[test]
fn a_link_stays_one_and_modes_come_back() {
    let desk = Desk::new();
    desk.put("real.sh", "one\n");
    std::os::unix::fs::symlink("real.sh", desk.path("link.sh")).unwrap();
    desk.write("link.sh", Some("two\n"));
    desk.undo(session());
    assert!(desk.path("link.sh").is_symlink() && desk.read("real.sh").as_deref() == Some("one\n"));

    let desk = Desk::new();
    desk.put("run.sh", "one\n");
    fs::set_permissions(desk.path("run.sh"), fs::Permissions::from_mode(0o755)).unwrap();
    desk.write("run.sh", None);
    desk.undo(session());
    assert_eq!(desk.path("run.sh").metadata().unwrap().permissions().mode() & 0o7777, 0o755);
}

#[test]
fn an_undo_that_was_cut_off_goes_on_where_it_was() {
    let desk = Desk::new();
    desk.put("a.rs", "one\n");
    let operation = desk.write("a.rs", Some("two\n"));
    // It was announced, the file was written, and then the process died.
    let mut begun = desk.record("compensate.file.write", operation);
    begun.phase = Phase::Intent;
    let id = begun.id;
    desk.seal(begun);
    desk.put("a.rs", "one\n");
    assert_eq!(desk.status(operation), OperationStatus::Compensating);
    let certificate = desk.undo(session()).certificate;
    assert!(certificate.complete, "{certificate:?}");
    assert_eq!(certificate.operations[0].evidence.as_deref(), Some(&*id.to_string()));
    assert_eq!(desk.status(operation), OperationStatus::Compensated);
}

#[test]
fn what_cannot_be_taken_back_is_said_of_each() {
    let desk = Desk::new();
    let operation = desk.bench.ledger.next_id();
    for (phase, outcome) in [(Phase::Intent, None), (Phase::Outcome, Some(Outcome::Ok))] {
        let mut record = desk.record("command.run", operation);
        (record.phase, record.outcome, record.category) = (phase, outcome, Category::CodeExecution);
        desk.seal(record);
    }
    let reading = desk.bench.ledger.next_id();
    let mut read = desk.record("file.read", reading);
    (read.phase, read.category) = (Phase::Intent, Category::FileRead);
    desk.seal(read);
    let certificate = desk.undo(session()).certificate;
    assert_eq!(certificate.operations.len(), 1, "what only read is not spoken of: {certificate:?}");
    assert_eq!(certificate.operations[0].undone, Undone::NotUndoable);
    assert!(certificate.operations[0].why.as_deref().unwrap().contains("command"));
    assert_eq!(desk.status(operation), OperationStatus::NotUndoable);
}

#[test]
fn a_stop_does_not_keep_it_from_being_taken_back() {
    let desk = Desk::new();
    desk.put("a.rs", "one\n");
    desk.write("a.rs", Some("two\n"));
    desk.bench.stop();
    assert!(desk.undo(session()).certificate.complete);
    assert_eq!(desk.read("a.rs").as_deref(), Some("one\n"));
}

#[test]
fn what_is_not_there_is_named() {
    let desk = Desk::new();
    let unknown = Scope::Session("s9".to_owned());
    let Err(error) = UndoPlan::of(&desk.bench.ledger, &Disk, unknown, &[]) else { panic!("there is none") };
    assert!(matches!(error, Error::NothingToUndo { .. }) && error.to_string().contains("s9"));
}

#[test]
fn a_directory_that_is_read_only_fails_and_the_rest_is_taken_back() {
    let desk = Desk::new();
    fs::create_dir(desk.path("locked")).unwrap();
    desk.put("locked/a", "one\n");
    desk.put("b", "bee\n");
    desk.write("b", Some("two\n"));
    let failed = desk.write("locked/a", Some("two\n"));
    // A directory where the draft would lie, which nobody can write over, whoever runs this.
    let draft = desk.path("locked").join(format!(".a.undo-{}", std::process::id()));
    fs::create_dir(&draft).unwrap();
    let certificate = desk.undo(session()).certificate;
    assert_eq!((certificate.undone, certificate.not_undone), (1, 1), "{certificate:?}");
    assert_eq!(desk.status(failed), OperationStatus::CompensationFailed);
    assert_eq!((desk.read("b").as_deref(), desk.read("locked/a").as_deref()), (Some("bee\n"), Some("two\n")));
    // Once it can be written, what failed is tried again.
    fs::remove_dir(&draft).unwrap();
    assert!(desk.undo(Scope::Operation(failed)).certificate.complete);
    assert_eq!(desk.read("locked/a").as_deref(), Some("one\n"));
}

#[test]
fn a_certificate_that_claims_too_much_is_unfounded() {
    type Lie = fn(&mut Certificate);
    let lies: [(Lie, &str); 6] = [
        (|told| told.undone += 1, "sums"),
        (|told| told.operations[0].evidence = Some("0191e3a2-7c1d-7f00-8000-3f6c1a2b9d10".to_owned()), "evidence"),
        (
            |told| told.operations[0].operation = "0191e3a2-7c1d-7f00-8000-3f6c1a2b9d10".to_owned(),
            "not among the records",
        ),
        (|told| told.operations[0].action = "file.read".to_owned(), "something else"),
        (|told| told.operations[0].files[0].to = "absent".to_owned(), "other files"),
        (|told| told.operations[0].undone = Undone::NotUndoable, "no undo"),
    ];
    for (lie, why) in lies {
        let desk = Desk::new();
        desk.put("a.rs", "one\n");
        desk.write("a.rs", Some("two\n"));
        let mut performed = desk.undo(session());
        lie(&mut performed.certificate);
        // Whoever holds the book's own keys can seal it.
        let mut forged = desk.record("undo.certified", desk.bench.ledger.next_id());
        (forged.operation, forged.outcome) = (None, Some(Outcome::Ok));
        forged.set_part(PartName::Result, &performed.certificate).unwrap();
        desk.seal(forged);
        let mut check = CertificateCheck::default();
        desk.bench.told().into_iter().for_each(|stored| check.push(stored.seq, stored.record.unwrap()));
        let unfounded = check.finish();
        assert!(!unfounded.is_empty() && unfounded.iter().any(|doubt| doubt.why.contains(why)), "{why}: {unfounded:?}");
        assert_eq!(python_doubts(&desk), unfounded.len(), "{why}: the second verifier agrees");
    }
}

/// How many claims the second verifier finds unfounded.
fn python_doubts(desk: &Desk) -> usize {
    let path = desk.path("book.sealbundle");
    desk.bench.ledger.bundle(&sealbook_store::Selection::Whole, fs::File::create(&path).unwrap()).unwrap();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../python/verify_certificate.py");
    let ended = std::process::Command::new("python3").args(["-B", script]).arg(path).output().unwrap();
    let told = String::from_utf8_lossy(&ended.stdout).into_owned();
    assert!(matches!(ended.status.code(), Some(0 | 1)), "{told} {}", String::from_utf8_lossy(&ended.stderr));
    told.lines().last().unwrap().rsplit_once(": ").unwrap().1.parse().unwrap()
}
