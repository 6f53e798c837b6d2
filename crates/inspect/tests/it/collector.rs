//! A run is one operation: intent first, every source heard, outcome last.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicI64, Ordering};

use sealbook_inspect::{
    ANALYZERS, Analyzer, AnalyzerMetadata, Batch, Coverage, Error, FileOptions, Prior, Progress, Request, SOURCES,
    Scope, Sealed, Silent, Sink, Source, SourceMetadata, TreePath, analyzer, source,
};
use sealbook_ledger::Phase;
use sealbook_policy::Raw;
use sealbook_record::{Finding, Outcome, PartName, Record, Severity, Target, TargetKind};
use serde_json::json;

use crate::book::{Book, part, result};
use crate::git_repo::Repo;
use crate::tree::Tree;

/// What a made-up source does.
enum Fate {
    Works,
    Fails,
    Skips,
}

struct Pretend(&'static SourceMetadata, Fate);

static WORKS: SourceMetadata = metadata("works");
static FAILS: SourceMetadata = metadata("fails");
static SKIPS: SourceMetadata = metadata("skips");

const fn metadata(name: &'static str) -> SourceMetadata {
    SourceMetadata {
        name,
        about: "for tests",
        version: "1",
        kinds: &[TargetKind::Other],
        actions: &["test.seen"],
        options: &[],
    }
}

impl Source for Pretend {
    fn metadata(&self) -> &'static SourceMetadata {
        self.0
    }

    fn collect(
        &self,
        request: &Request<'_>,
        _prior: &dyn Prior,
        sink: &mut dyn Sink,
        _progress: &dyn Progress,
    ) -> Result<Coverage, Error> {
        let target = Target { id: "it".into(), kind: TargetKind::Other };
        sink.record(Raw::new(request.event(self.0.name, "test.seen", target, request.now)))?;
        let mut coverage = Coverage { covered: 1, ..Coverage::default() };
        match self.1 {
            Fate::Works => {}
            Fate::Skips => coverage.skip(TreePath::from("there"), "unreadable", None),
            Fate::Fails => {
                return Err(Error::TargetNotFound { path: "nowhere".into() });
            }
        }
        Ok(coverage)
    }
}

/// Finds one thing in each record, or fails, or cites nothing.
struct Finder {
    fails: bool,
    cites: bool,
    copies: usize,
}

static FINDER: AnalyzerMetadata = AnalyzerMetadata {
    name: "finder",
    about: "for tests",
    version: "3",
    sources: &["works", "skips"],
    actions: &["test.seen"],
    rules: &["test.rule"],
};

impl Analyzer for Finder {
    fn metadata(&self) -> &'static AnalyzerMetadata {
        &FINDER
    }

    fn analyze(
        &self,
        records: &mut dyn Iterator<Item = Result<Sealed, Error>>,
        _scope: &Scope<'_>,
        _progress: &dyn Progress,
    ) -> Result<Vec<Finding>, Error> {
        let mut findings = Vec::new();
        for sealed in records {
            let seq = sealed?.seq;
            if self.fails {
                return Err(Error::Repository { path: "it".into(), cause: "odd".into() });
            }
            for copy in 0..self.copies {
                let mut finding =
                    Finding::new("test.rule", "test", Severity::Warning, "x".repeat(900), None, &copy.to_string());
                if self.cites {
                    finding.evidence.push((seq, seq));
                }
                findings.push(finding);
            }
        }
        Ok(findings)
    }
}

const WELL: Finder = Finder { fails: false, cites: true, copies: 1 };

fn batch<'a>(book: &'a Book, sources: Vec<&'a dyn Source>, analyzers: Vec<&'a dyn Analyzer>) -> Batch<'a> {
    let request = book.request(std::path::Path::new("/it"), FileOptions::default());
    Batch { sources, analyzers, request, baseline: None }
}

#[test]
fn one_source_that_fails_does_not_stop_the_others() {
    let book = Book::new();
    let (works, fails, skips) =
        (Pretend(&WORKS, Fate::Works), Pretend(&FAILS, Fate::Fails), Pretend(&SKIPS, Fate::Skips));
    let batch = batch(&book, vec![&fails, &works, &skips], vec![&WELL]);
    let audit = batch.collect(&book, &mut book.page(), &Silent).unwrap();
    assert!(!audit.is_complete() && audit.has_failed());
    assert_eq!(audit.sources[0].result.as_ref().unwrap_err().code(), "target_not_found");
    assert_eq!(audit.findings().count(), 2);

    let records = book.records();
    let told: Vec<_> = records.iter().map(|record| (record.action.as_str(), record.phase)).collect();
    assert_eq!(
        told,
        [
            ("audit.run", Phase::Intent),
            ("test.seen", Phase::Event),
            ("test.seen", Phase::Event),
            ("test.seen", Phase::Event),
            ("analysis.run", Phase::Event),
            ("audit.run", Phase::Outcome),
        ]
    );
    assert!(records.iter().all(|record| record.operation == Some(audit.run)));
    let range = audit.range.unwrap();
    assert_eq!((range.first, range.last), (0, 5));

    let (intent, analysis, outcome) = (&records[0], &records[4], &records[5]);
    assert_eq!(intent.outcome, None);
    assert_eq!(part(intent, PartName::Input)["sources"][1], json!({"name": "works", "version": "1"}));
    assert_eq!(outcome.outcome, Some(Outcome::Failed));
    assert_eq!(outcome.parent, Some(intent.id));
    assert!(outcome.duration_us.is_some());
    let ended = result(outcome);
    assert_eq!(ended["complete"], false);
    assert_eq!(ended["sources"][0]["error"]["code"], "target_not_found");
    assert_eq!(ended["sources"][1]["coverage"]["covered"], 1);
    assert_eq!(ended["sources"][2]["coverage"]["skipped"][0], json!({"path": "there", "why": "unreadable"}));
    assert_eq!(ended["analyses"][0], json!({"analyzer": "finder", "outcome": "ok", "records": 2, "findings": 2}));

    let read = part(analysis, PartName::Input);
    assert_eq!(read["range"], json!({"first": 2, "last": 3}));
    let findings = analysis.findings().unwrap();
    assert_eq!(findings.iter().map(|finding| finding.evidence[0]).collect::<Vec<_>>(), [(2, 2), (3, 3)]);
}

#[test]
fn a_clean_run_is_complete() {
    let book = Book::new();
    let works = Pretend(&WORKS, Fate::Works);
    let audit = batch(&book, vec![&works], vec![&WELL]).collect(&book, &mut book.page(), &Silent).unwrap();
    assert!(audit.is_complete() && !audit.has_failed());
    assert_eq!(book.records().last().unwrap().outcome, Some(Outcome::Ok));
}

#[test]
fn an_analyzer_is_asked_only_for_sources_it_knows() {
    let book = Book::new();
    let fails = Pretend(&FAILS, Fate::Fails);
    let audit = batch(&book, vec![&fails], vec![&WELL]).collect(&book, &mut book.page(), &Silent).unwrap();
    assert!(audit.analyses.is_empty());
}

#[test]
fn an_analyzer_that_fails_is_a_record_too() {
    let book = Book::new();
    let works = Pretend(&WORKS, Fate::Works);
    let fails = Finder { fails: true, ..WELL };
    let audit = batch(&book, vec![&works], vec![&fails]).collect(&book, &mut book.page(), &Silent).unwrap();
    assert!(audit.has_failed() && !audit.is_complete());
    let record = book.of("analysis.run").pop().unwrap();
    assert_eq!(record.outcome, Some(Outcome::Failed));
    assert_eq!(part(&record, PartName::Error)["code"], "repository_unreadable");
}

#[test]
fn a_finding_that_cites_nothing_rests_on_all_that_was_read() {
    let book = Book::new();
    let (works, skips) = (Pretend(&WORKS, Fate::Works), Pretend(&SKIPS, Fate::Skips));
    let vague = Finder { cites: false, ..WELL };
    let audit = batch(&book, vec![&works, &skips], vec![&vague]).collect(&book, &mut book.page(), &Silent).unwrap();
    assert!(audit.findings().all(|finding| finding.evidence == [(1, 2)]));
}

#[test]
fn many_findings_take_several_records() {
    let book = Book::new();
    let works = Pretend(&WORKS, Fate::Works);
    let many = Finder { copies: 2_500, ..WELL };
    let audit = batch(&book, vec![&works], vec![&many]).collect(&book, &mut book.page(), &Silent).unwrap();
    let records = book.of("analysis.run");
    assert!(records.len() > 2);
    assert!(records.iter().all(|record| record.part(PartName::Findings).unwrap().get().len() <= 1 << 20));
    let sealed: usize = records.iter().map(|record| record.findings().unwrap().len()).sum();
    assert_eq!((sealed, audit.findings().count()), (2_500, 2_500));
}

#[test]
fn a_book_that_fails_stops_the_run_and_leaves_the_intent_open() {
    let works = Pretend(&WORKS, Fate::Works);
    for room in 0..4 {
        let book = Book::new();
        let batch = batch(&book, vec![&works], vec![&WELL]);
        let error = batch.collect(&book, &mut book.page_with_room(room), &Silent).unwrap_err();
        assert_eq!(error.code(), "disk_full");
        assert_eq!(book.records().len() as u64, room);
        assert!(book.records().iter().all(|record| record.phase != Phase::Outcome));
    }
}

#[test]
fn a_real_tree_from_intent_to_outcome() {
    let tree = Tree::new();
    tree.write("a", "x");
    let book = Book::new();
    let batch = Batch {
        sources: vec![source("file").unwrap()],
        analyzers: Vec::new(),
        request: book.request(tree.path(), FileOptions::default()),
        baseline: None,
    };
    let audit = batch.collect(&book, &mut book.page(), &Silent).unwrap();
    assert_eq!(audit.sources[0].records, 2);
    let actions: Vec<_> = book.records().into_iter().map(|record| record.action).collect();
    assert_eq!(actions, ["audit.run", "file.manifest.page", "file.manifest", "audit.run"]);
}

#[test]
fn registries_know_their_names() {
    for known in SOURCES {
        assert_eq!(source(known.metadata().name).unwrap().metadata().version, known.metadata().version);
    }
    for known in ANALYZERS {
        assert!(!analyzer(known.metadata().name).unwrap().metadata().rules.is_empty());
    }
    let error = source("weather").map(|_| ()).unwrap_err();
    assert_eq!(error.code(), "unknown_source");
    assert!(error.to_string().contains("file"), "{error}");
    assert_eq!(analyzer("weather").map(|_| ()).unwrap_err().code(), "unknown_analyzer");
}

#[test]
fn a_long_list_of_skips_is_counted_in_full_and_listed_in_part() {
    let mut coverage = Coverage::default();
    for index in 0..5_000 {
        coverage.skip(TreePath::new(format!("{index}{}", "p".repeat(index % 600))), "unreadable", None);
    }
    assert_eq!(coverage.skipped_total(), 5_000);
    assert_eq!(coverage.skipped.len(), Coverage::LISTED);
    assert!(serde_json::to_string(&coverage).unwrap().len() < 256 * 1024);
}

#[test]
fn sources_say_what_they_support() {
    for (name, supported, not) in [
        ("git", &[TargetKind::Git][..], &[TargetKind::File, TargetKind::Service][..]),
        ("file", &[TargetKind::File], &[TargetKind::Git, TargetKind::Service]),
    ] {
        let source = source(name).unwrap();
        for kind in supported {
            assert!(source.supports(*kind), "{name} reads {kind}");
        }
        for kind in not {
            assert!(!source.supports(*kind), "{name} does not read {kind}");
        }
        assert_eq!(
            TargetKind::ALL.iter().filter(|kind| source.supports(**kind)).count(),
            source.metadata().kinds.len()
        );
    }
    assert!(!Pretend(&WORKS, Fate::Works).supports(TargetKind::Git), "a new source says it by its metadata alone");
}

/// Called off once so much was done.
#[derive(Default)]
struct Patience {
    left: AtomicI64,
}

impl Progress for Patience {
    fn begin(&self, _: &str, _: Option<u64>) {}

    fn advance(&self, done: u64) {
        self.left.fetch_sub(done.cast_signed(), Ordering::Relaxed);
    }

    fn end(&self) {}

    fn is_cancelled(&self) -> bool {
        self.left.load(Ordering::Relaxed) <= 0
    }
}

#[test]
fn a_run_that_is_called_off_says_so_and_asks_nobody_further() {
    let mut repo = Repo::new();
    for number in 0..4 {
        repo.save("a.txt", format!("{number}"), "change");
    }
    // Something to read for each source.
    repo.write("Cargo.toml", "[package]\nname = \"a\"\nversion = \"0.1.0\"\n");
    repo.write("app.log", "2026-11-21 10:00:00 INFO begun\n");
    repo.commit("the rest");
    let book = Book::new();
    let run = |patience: i64| {
        let before = book.records().len();
        let batch = Batch {
            // Those that need more than files to read call themselves incomplete here.
            sources: SOURCES
                .iter()
                .copied()
                .filter(|it| !["service", "quality"].contains(&it.metadata().name))
                .collect(),
            analyzers: ANALYZERS.to_vec(),
            request: book.request(&repo.path, FileOptions::default()),
            baseline: None,
        };
        let patience = Patience { left: AtomicI64::new(patience) };
        let audit = batch.collect(&book, &mut book.page(), &patience).unwrap();
        (audit, book.records()[before..].to_vec())
    };
    let (audit, records) = run(2);
    assert!(audit.was_cancelled() && audit.has_failed() && !audit.is_complete());
    // The source that was under way, and neither another one nor an analyzer.
    assert_eq!((audit.sources.len(), audit.analyses.len()), (1, 0));
    assert_eq!(audit.sources[0].result.as_ref().unwrap_err().code(), "cancelled");
    let outcome = records.last().unwrap();
    assert_eq!((outcome.action.as_str(), outcome.outcome), ("audit.run", Some(Outcome::Cancelled)));
    let commits = |records: &[Record]| records.iter().filter(|record| record.action == "git.commit").count();
    assert!((1..5).contains(&commits(&records)));

    // A later run reads what is left, and what was sealed is not taken for all of it.
    let (audit, _) = run(i64::MAX);
    assert!(audit.is_complete() && !audit.was_cancelled());
    let told: BTreeSet<String> = book.of("git.commit").iter().map(|record| record.target.id.clone()).collect();
    assert_eq!(told.len(), 5, "{told:?}");

    let (audit, _) = run(0);
    assert!(audit.was_cancelled());
}
