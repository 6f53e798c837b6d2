//! What the git analyzer goes on from: the same as if it had read everything again, whatever happens in between.

use std::fmt::Write as _;
use std::sync::atomic::Ordering;

use proptest::prelude::*;
use sealbook_inspect::{
    Analysis, Audit, Batch, Book as Ledgers, FileOptions, GitOptions, Prior, Request, Run, Scope, Selection, Silent,
    analyzer, source,
};
use sealbook_policy::{DigestKey, Policy};
use sealbook_record::{Actor, ActorKind, Finding, PartName, Timestamp};
use sealbook_store::{EraseRequest, Layout, Ledger, Query};
use serde_json::value::to_raw_value;

use crate::book::{Book, result};
use crate::git_repo::Repo;
use crate::tree::Tree;

const DAY: i64 = 86_400;
const FILES: usize = 5;

/// A repository whose history is made step by step, and a book that is told of it.
struct World {
    repo: Repo,
    book: Book,
    clock: i64,
    /// What each file is called now; nothing where it was deleted.
    files: [Option<String>; FILES],
    made: u64,
}

/// Something that happens between two runs.
#[derive(Debug, Clone)]
enum Step {
    Commits(u8, u8),
    Rename(u8),
    Delete(u8),
    Merge,
    Rewrite(u8),
    Ahead(u8),
    Wait(u16),
    PartOfIt,
    Damage(u8),
    Erase,
    Version,
}

impl World {
    fn new() -> Self {
        let book = Book::new();
        book.keeps.store(true, Ordering::Relaxed);
        let files = std::array::from_fn(|at| Some(format!("src/file{at}.rs")));
        Self { repo: Repo::new(), book, clock: 1_600_000_000, files, made: 0 }
    }

    /// One commit on a branch: who made it, when, and what it does to files.
    fn commit(&mut self, branch: &str, at: i64, changes: &str, merge: &str) {
        self.made += 1;
        let from = self.repo.try_git(&["rev-parse", "-q", "--verify", branch]);
        let from = String::from_utf8(from.stdout).unwrap().trim().to_owned();
        let from = if from.is_empty() { String::new() } else { format!("from {from}\n") };
        let who = ["Ann <ann@example.org>", "Béa <bea@example.org>", "x[bot] <x[bot]@example.org>"]
            [usize::try_from(self.made % 7 % 3).unwrap()];
        let message = ["wip", "Add what is needed\n\nBecause.", "fix"][usize::try_from(self.made % 3).unwrap()];
        let stream = format!(
            "commit {branch}\nauthor {who} {at} +0000\ncommitter {who} {at} +0000\ndata {}\n{message}\n{from}{merge}{changes}",
            message.len()
        );
        self.repo.fast_import(&stream);
    }

    fn write(&mut self, which: usize, lines: usize) -> String {
        let path = self.files[which].get_or_insert_with(|| format!("src/file{which}.rs"));
        let content = format!("{}\n{}", self.made, "a line\n".repeat(lines));
        format!("M 644 inline {path}\ndata {}\n{content}\n", content.len())
    }

    fn step(&mut self, step: &Step) {
        const MAIN: &str = "refs/heads/main";
        match step {
            Step::Commits(number, seed) => {
                for at in 0..usize::from(*number) {
                    self.clock += 3_600;
                    // Two pairs that mostly change together, and a file that changes alone.
                    let first = [0, 2, 0, 2, 4][(at + usize::from(*seed)) % 5];
                    let mut changes = self.write(first, 5 + at % 3);
                    if first < 4 && at % 7 != 6 {
                        changes += &self.write(first + 1, if at % 9 == 8 { 700 } else { 3 });
                    }
                    self.commit(MAIN, self.clock, &changes, "");
                }
            }
            Step::Rename(which) => {
                let which = usize::from(*which) % FILES;
                let Some(old) = self.files[which].clone().filter(|_| self.made > 0 && self.has(which)) else { return };
                let new = format!("src/renamed{}.rs", self.made);
                self.clock += 3_600;
                self.commit(MAIN, self.clock, &format!("R {old} {new}\n"), "");
                self.files[which] = Some(new);
            }
            Step::Delete(which) => {
                let which = usize::from(*which) % FILES;
                if !self.has(which) {
                    return;
                }
                let path = self.files[which].take().unwrap();
                self.clock += 3_600;
                self.commit(MAIN, self.clock, &format!("D {path}\n"), "");
            }
            Step::Merge if self.made > 0 => {
                let side = format!("refs/heads/side{}", self.made);
                let head = self.repo.line(&["rev-parse", MAIN]);
                self.repo.git(&["update-ref", &side, &head]);
                self.clock += 3_600;
                let changes = self.write(0, 9);
                self.commit(&side, self.clock, &changes, "");
                let other = self.repo.line(&["rev-parse", &side]);
                let changes = self.write(1, 4);
                self.commit(MAIN, self.clock + 1, &changes, "");
                self.commit(MAIN, self.clock + 2, "", &format!("merge {other}\n"));
            }
            Step::Rewrite(back) if self.made > 0 => {
                let back = format!("{MAIN}~{}", back % 4);
                let found = self.repo.try_git(&["rev-parse", "-q", "--verify", &back]);
                if found.status.success() {
                    let id = String::from_utf8(found.stdout).unwrap().trim().to_owned();
                    self.repo.git(&["update-ref", MAIN, &id]);
                    self.files = std::array::from_fn(|at| self.files[at].clone().filter(|_| self.has(at)));
                }
                self.clock += 3_600;
                let changes = self.write(2, 8);
                self.commit(MAIN, self.clock, &changes, "");
            }
            Step::Ahead(days) => {
                let changes = self.write(3, 2);
                self.commit(MAIN, self.clock + (3 + i64::from(*days)) * DAY, &changes, "");
            }
            Step::Wait(days) => self.clock += i64::from(*days) * DAY,
            Step::PartOfIt => {
                let authors = vec!["bea".to_owned()];
                self.book.git(&self.repo.path, GitOptions { authors, ..GitOptions::default() });
            }
            Step::Damage(at) => {
                for bytes in self.book.derived.lock().unwrap().values_mut() {
                    let at = usize::from(*at) * 37 % bytes.len();
                    bytes[at] ^= 0x10;
                }
            }
            Step::Erase => self.book.derived.lock().unwrap().clear(),
            Step::Version => self.other_version(),
            Step::Merge | Step::Rewrite(_) => {}
        }
    }

    fn other_version(&self) {
        self.book.edit(|records| {
            for record in records.iter_mut().filter(|record| record.action == "analysis.state") {
                let mut state = result(record);
                state["version"] = "0".into();
                record.parts.insert(PartName::Result, to_raw_value(&state).unwrap());
            }
        });
    }

    fn has(&self, which: usize) -> bool {
        let Some(path) = &self.files[which] else { return false };
        self.repo.try_git(&["cat-file", "-e", &format!("refs/heads/main:{path}")]).status.success()
    }

    fn now(&self) -> Timestamp {
        Timestamp::from_micros((self.clock + DAY) * 1_000_000)
    }

    fn request(&self, options: GitOptions) -> Request<'_> {
        let mut request = self.book.request(&self.repo.path, FileOptions::default());
        (request.now, request.options.git) = (self.now(), options);
        request
    }

    fn run(&self) -> Analysis {
        self.run_with(GitOptions::default())
    }

    fn run_with(&self, options: GitOptions) -> Analysis {
        let (sources, analyzers) = (vec![source("git").unwrap()], vec![analyzer("git").unwrap()]);
        let batch = Batch { sources, analyzers, request: self.request(options), baseline: None };
        let mut audit = batch.collect(&self.book, &mut self.book.page(), &Silent).unwrap();
        assert!(!audit.has_failed(), "{audit:?}");
        audit.analyses.pop().unwrap()
    }

    /// What reading everything again gives.
    fn again(&self) -> (u64, Vec<Finding>) {
        let git = analyzer("git").unwrap();
        let selection = Selection { source: Some("git"), actions: git.metadata().actions, ..Selection::default() };
        let read: Vec<u64> =
            Prior::records(&self.book, &selection).unwrap().map(|sealed| sealed.unwrap().seq).collect();
        let scope = Scope { project: None, now: self.now(), since_baseline: None, suppressed: None, analyzed: &[] };
        let mut records = Prior::records(&self.book, &selection).unwrap();
        let mut findings = git.analyze(&mut records, &scope, &Silent).unwrap();
        for finding in findings.iter_mut().filter(|finding| finding.evidence.is_empty()) {
            finding.evidence.push((read[0], *read.last().unwrap()));
        }
        (read.len() as u64, findings)
    }

    /// Runs, and compares with reading everything again.
    fn check(&self) -> Analysis {
        let analysis = self.run();
        let (records, findings) = self.again();
        assert_eq!(analysis.records, records);
        let found = analysis.result.as_ref().unwrap();
        for (one, other) in found.iter().zip(&findings) {
            let mut one = one.clone();
            // A finding of a renamed file keeps its first key; that is the collector's doing.
            if let Some(own) = one.metadata.remove("key_of_path") {
                own.as_str().unwrap().clone_into(&mut one.id);
                one.metadata.remove("renamed_from");
            }
            assert_eq!(one, *other);
        }
        assert_eq!(found.len(), findings.len());
        analysis
    }
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (1_u8..16, any::<u8>()).prop_map(|(number, seed)| Step::Commits(number, seed)),
        2 => any::<u8>().prop_map(Step::Rename),
        1 => any::<u8>().prop_map(Step::Delete),
        1 => Just(Step::Merge),
        1 => any::<u8>().prop_map(Step::Rewrite),
        1 => (0_u8..20).prop_map(Step::Ahead),
        2 => (1_u16..300).prop_map(Step::Wait),
        1 => Just(Step::PartOfIt),
        1 => any::<u8>().prop_map(Step::Damage),
        1 => Just(Step::Erase),
        1 => Just(Step::Version),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 8, max_shrink_iters: 40, ..ProptestConfig::default() })]

    #[test]
    fn going_on_gives_what_reading_everything_gives(
        runs in proptest::collection::vec(proptest::collection::vec(step(), 0..4), 2..7),
    ) {
        let mut world = World::new();
        world.step(&Step::Commits(12, 0));
        world.check();
        for steps in &runs {
            for step in steps {
                world.step(step);
            }
            world.check();
        }
    }
}

#[test]
fn only_what_is_new_is_read_again() {
    let mut world = World::new();
    world.step(&Step::Commits(40, 1));
    assert_eq!(world.check().resumed, None, "there was nothing to go on from");
    for step in [Step::Commits(9, 2), Step::Rename(4), Step::Merge, Step::Delete(4), Step::Rewrite(2), Step::Wait(200)]
    {
        world.step(&step);
        let analysis = world.check();
        let (from, records) = (analysis.resumed, world.book.records());
        assert!(from.is_some(), "{step:?}");
        let state = &records[usize::try_from(from.unwrap()).unwrap()];
        assert_eq!((state.action.as_str(), state.target.id.as_str()), ("analysis.state", "git of all projects"));
        let told = world.book.of("analysis.run").pop().unwrap();
        assert_eq!(crate::book::part(&told, PartName::Input)["resumed"], from.unwrap());
    }
    let findings = world.check().result.unwrap();
    for rule in ["git.hotspot", "git.coupling", "git.contribution", "git.frequency", "git.message.vague"] {
        assert!(findings.iter().any(|finding| finding.rule == rule), "{rule}");
    }
}

#[test]
fn what_cannot_be_believed_is_counted_again() {
    let mut world = World::new();
    world.step(&Step::Commits(20, 1));
    world.check();
    for step in [Step::Damage(3), Step::Erase, Step::Version] {
        world.step(&step);
        assert_eq!(world.check().resumed, None, "{step:?}");
        assert!(world.check().resumed.is_some(), "the next goes on from what this one counted");
    }
    world.book.erased.store(true, Ordering::Relaxed);
    assert_eq!(world.check().resumed, None, "what was erased may be in it");
    world.book.erased.store(false, Ordering::Relaxed);
    assert!(world.check().resumed.is_some());
    let again = world.run_with(GitOptions { again: true, ..GitOptions::default() });
    assert_eq!(again.resumed, None, "all of it was asked for again");
    world.clock -= 10 * DAY;
    assert_eq!(world.check().resumed, None, "a clock went back");
}

#[test]
fn commits_dated_ahead_are_counted_again_once_their_time_has_come() {
    let mut world = World::new();
    world.step(&Step::Commits(5, 1));
    world.step(&Step::Ahead(10));
    let ahead = |analysis: &Analysis| analysis.result.as_ref().unwrap().iter().any(|it| it.rule == "git.clock");
    assert!(ahead(&world.check()));
    world.step(&Step::Wait(5));
    let still = world.check();
    assert!(ahead(&still) && still.resumed.is_some());
    world.step(&Step::Wait(10));
    let now = world.check();
    assert!(!ahead(&now) && now.resumed.is_none());
}

#[test]
fn a_run_over_a_part_neither_goes_on_nor_puts_down() {
    let mut world = World::new();
    world.step(&Step::Commits(20, 1));
    world.check();
    let states = world.book.of("analysis.state").len();
    let part = world.run_with(GitOptions { authors: vec!["bea".to_owned()], ..GitOptions::default() });
    assert_eq!((part.resumed, world.book.of("analysis.state").len()), (None, states));
    assert!(part.records < world.check().records);
}

#[test]
fn what_is_put_down_says_the_same_every_time() {
    let mut world = World::new();
    world.step(&Step::Commits(25, 1));
    world.check();
    let first = world.book.derived.lock().unwrap().clone();
    world.step(&Step::Erase);
    world.book.edit(|records| records.retain(|record| record.action != "analysis.state"));
    let selection = Selection { source: Some("git"), ..Selection::default() };
    let git = analyzer("git").unwrap().resumable().unwrap();
    let mut fold =
        git.begin(&Scope { project: None, now: world.now(), since_baseline: None, suppressed: None, analyzed: &[] });
    Prior::records(&world.book, &selection).unwrap().for_each(|sealed| fold.record(sealed.unwrap()));
    assert_eq!(first["git"], fold.state());
    assert!(first["git"].len() < 8_000, "{}", first["git"].len());
}

/// A real book: records are redacted and sealed, the bytes lie beside it, an erasure throws them away.
#[test]
fn a_book_keeps_it_beside_itself_until_something_is_erased() {
    let world = World::new();
    let mut stream = String::new();
    for at in 0..2_100 {
        let content = format!("{at}\n");
        let (path, time) = (at % 40, 1_600_000_000 + at * 60);
        write!(
            stream,
            "commit refs/heads/main\ncommitter Ann <ann@example.org> {time} +0000\ndata 7\nmessage\nM 644 inline f{path}\ndata {}\n{content}\n",
            content.len()
        )
        .unwrap();
    }
    world.repo.fast_import(&stream);
    let place = Tree::new();
    let [book, keys, heads] = ["book", "keys", "heads"].map(|name| place.at(name));
    let derived = book.join("derived");
    let layout = Layout { book, keys, heads };
    let ledger = Ledger::create(layout, "default", sealbook_store::Options::default(), None).unwrap();
    let policy = Policy::new(DigestKey::new([7; 32]));
    let audit = |project: &str| -> Audit {
        let book = Ledgers::new(&ledger).with_digests(&policy);
        let mut request = world.request(GitOptions::default());
        request.run =
            Run { project: Some(project.into()), ..Run::new(ledger.next_id(), Actor::new(ActorKind::User, "ann")) };
        request.now = ledger.now();
        request.stamp = &book;
        let (sources, analyzers) = (vec![source("git").unwrap()], vec![analyzer("git").unwrap()]);
        let batch = Batch { sources, analyzers, request, baseline: None };
        batch.collect(&book, &mut book.sink(&policy), &Silent).unwrap()
    };
    let kept = || std::fs::read_dir(&derived).map_or(0, Iterator::count);
    let findings = |audit: Audit| audit.analyses.into_iter().next().unwrap().result.unwrap();

    let first = audit("one");
    assert_eq!((first.analyses[0].resumed, kept()), (None, 1));
    let second = audit("one");
    assert!(second.analyses[0].resumed.is_some());
    assert!(second.analyses[0].records > first.analyses[0].records, "the references are told in each run");
    let messages = |audit: Audit| findings(audit).into_iter().map(|it| it.message).collect::<Vec<_>>();
    assert_eq!(messages(second), messages(first));
    assert_eq!((audit("another").analyses[0].resumed, kept()), (None, 2), "projects are apart");
    assert!(audit("one").analyses[0].resumed.is_some());

    let query = Query { action: vec!["git.commit".into()], limit: Some(1), ..Query::default() };
    let seq = ledger.query(&query).unwrap().rows[0].seq;
    let by = sealbook_record::Record::event(
        ledger.next_id(),
        Actor::new(ActorKind::User, "ann"),
        "record.erase",
        sealbook_record::Target { id: seq.to_string(), kind: sealbook_record::TargetKind::Record },
        ledger.now(),
    );
    let by = policy.admit(sealbook_policy::Raw::new(by)).unwrap();
    ledger.erase(&EraseRequest { seq, parts: vec!["result".into()] }, by).unwrap();
    assert_eq!(kept(), 0);
    let after = audit("one");
    assert_eq!((after.analyses[0].resumed, kept()), (None, 1));
    assert!(audit("one").analyses[0].resumed.is_some());
    // What was kept before an erasure and is put back is not believed.
    std::fs::write(derived.join("x"), "y").unwrap();
    assert!(ledger.keep_derived("x", b"z", ledger.head().unwrap().size).unwrap());
    assert!(!ledger.keep_derived("x", b"older", seq).unwrap());
    assert_eq!(ledger.derived("x").unwrap(), b"z");
    assert!(ledger.derived("../ledger.db").is_none());
}
