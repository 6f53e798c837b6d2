//! What people and programs read, word for word.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use sealbook_ledger::{EntryPlace, Fault, Report};
use sealbook_record::{OpenIntent, OperationStatus, PartName, Record, Severity, Silence, Target, TargetKind, Told};
use sealbook_report::{
    ActorActivity, AuditReport, AuditRun, AuditSummary, BackupDetail, Findings, Format, Gaps, HeadDetail,
    IncompleteAudit, OperationHistory, ReceiptDetail, RecordDetail, RecordList, SealedDetail, Status, TargetHistory,
    Verification, View,
};
use sealbook_store::{
    Activity, BackupSummary, Head, IndexProgress, Operation, Patterns, ProjectionFault, Provenance, Sealed, Stored,
};

use crate::samples::{at, erased, finding, full, hash, id, origin, plain_formats, record, rendered, stored};

/// All formats of a view that are text throughout, in one snapshot.
fn check(name: &str, view: &dyn View) {
    let mut all = String::new();
    for format in plain_formats() {
        let _ = write!(
            all,
            "══ {format}
{}",
            rendered(view, format)
        );
    }
    insta::assert_snapshot!(name, all);
}

fn head() -> Head {
    let checkpoint = format!("{}\n3\nAAAA\n\n— {} BBBB\n", origin(), origin());
    Head { origin: origin(), size: 1_234, root: hash(0xCC), checkpoint }
}

fn report(faults: Vec<Fault>) -> Report {
    Report {
        valid: faults.is_empty(),
        origin: origin(),
        size: 1_234,
        root: hash(0xCC),
        looked_at: None,
        verified_entries: 1_234 - faults.len() as u64,
        total_entries: 1_234,
        erased_parts: 2,
        signatures: 1_234,
        checkpoints: 17,
        fault_count: faults.len() as u64,
        faults,
        findings: vec![sealbook_ledger::Finding::NotPinned],
    }
}

#[test]
fn record_list() {
    let mut intent = record(4, "deploy.start", "shop");
    intent.phase = sealbook_ledger::Phase::Intent;
    intent.outcome = None;
    let rows = [stored(4, intent), full(), stored(2, record(2, "file.write", "src/main.rs")), erased(1)];
    check("record_list", &RecordList { rows: &rows, next: Some("s1") });
    check("record_list_empty", &RecordList { rows: &[], next: None });
}

#[test]
fn record_detail() {
    check("record_detail", &RecordDetail { stored: &full() });
    check("record_erased", &RecordDetail { stored: &erased(1) });
}

#[test]
fn findings() {
    let findings = [
        finding(Severity::Info, "git.message", None, "12 of 40 commits have a subject of one word"),
        finding(Severity::Critical, "git.forged", Some("objects/ab/cdef"), "the object's bytes do not have its id"),
        finding(Severity::Info, "git.message", Some("x"), "no body"),
    ];
    check("findings", &Findings { findings: &findings });
    check("findings_none", &Findings { findings: &[] });
}

#[test]
fn activity() {
    let mut patterns = Patterns {
        busiest_day: Some((20_513, 9)),
        active_days: 3,
        top_targets: vec![("src/main.rs".to_owned(), 8)],
        failing: vec![("deploy.start".to_owned(), 3, 4)],
        longest_pause_us: Some(93_784_000_000),
        off_hours_percent: 25.0,
        sessions: 2,
        ..Patterns::default()
    };
    patterns.by_hour[9] = 8;
    patterns.by_hour[17] = 4;
    patterns.by_weekday[0] = 12;
    let activity = Activity {
        actor: "agent-7".to_owned(),
        days: 30,
        total_operations: 12,
        operations_by_type: vec![("file.write".to_owned(), 8), ("deploy.start".to_owned(), 4)],
        errors: 3,
        projects_touched: vec!["shop".to_owned()],
        average_ops_per_day: 0.4,
        patterns,
    };
    check("activity", &ActorActivity { activity: &activity });
}

#[test]
fn histories() {
    let operation = Operation { id: id(900), records: vec![full()], status: OperationStatus::Failed };
    check("operation", &OperationHistory { operation: &operation });
    let provenance = Provenance {
        target: "etc/app.toml".to_owned(),
        entries: vec![full()],
        actors: BTreeMap::from([("agent-7".to_owned(), (1, at(3), at(3)))]),
        next: None,
    };
    check("provenance", &TargetHistory { provenance: &provenance, next: None });
}

#[test]
fn completeness() {
    let silence = |before, after, us| Silence { before, after, us };
    let mut told = Told {
        outcomes_alone: vec![4, 9],
        clock_steps: vec![(5, 6, 2_500_000)],
        silences: vec![silence(6, Some(7), 90_000_000_000), silence(9, None, 3_600_000_000)],
        actor_silences: vec![("agent-7".to_owned(), silence(6, None, 90_000_000_000))],
        actors_unknown: vec![8],
        ..Told::default()
    };
    for (seq, erased) in [(2_u8, false), (3, true)] {
        let known = |text: &str| (!erased).then(|| text.to_owned());
        told.open_intents.push(OpenIntent {
            seq: seq.into(),
            id: id(seq.into()),
            operation: (!erased).then(|| id(900)),
            action: known("deploy.start"),
            target: known("shop"),
            actor: known("agent-7"),
            occurred: at(seq.into()),
        });
    }
    let audits = [IncompleteAudit { seq: 7, id: id(7).to_string(), target: "shop".to_owned() }];
    let missing = [origin().to_string()];
    let gaps = Gaps { told: &told, incomplete_audits: &audits, missing_ledgers: &missing, silence_judged: true };
    check("completeness", &gaps);
    let none = Gaps { told: &Told::default(), incomplete_audits: &[], missing_ledgers: &[], silence_judged: true };
    check("completeness_whole", &none);
}

#[test]
fn verification() {
    check("verification_intact", &Verification { report: &report(Vec::new()), projections: Some(&[]) });
    let entry = EntryPlace { seq: 7, id: Some(id(7)) };
    let faults = vec![
        Fault::ChainBreak { entry },
        Fault::PartAltered { entry, name: "input".to_owned() },
        Fault::TileAltered { level: 0, index: 3 },
    ];
    let index = [ProjectionFault { table: "postings", place: "actor.id = agent-7".to_owned(), seqs: vec![3, 9] }];
    check("verification_broken", &Verification { report: &report(faults), projections: Some(&index) });
    check("verification_index_only", &Verification { report: &report(Vec::new()), projections: Some(&index) });
}

#[test]
fn a_long_list_of_faults_is_cut_for_people_and_counted() {
    let entry = |seq| EntryPlace { seq, id: None };
    let mut report = report((0..500).map(|seq| Fault::LeafAltered { entry: entry(seq) }).collect());
    report.fault_count = 20_000;
    let view = Verification { report: &report, projections: None };
    assert!(rendered(&view, Format::Terminal).contains("… and 19,900 more; --format json lists 500."));
    let json: serde_json::Value = serde_json::from_str(&rendered(&view, Format::Json)).expect("JSON");
    assert_eq!(json["errors"].as_array().map(Vec::len), Some(500));
    assert_eq!((json["valid"].as_bool(), json["fault_count"].as_u64()), (Some(false), Some(20_000)));
}

#[test]
fn book() {
    let status = Status {
        tenant: "default",
        project: Some("shop"),
        book: "/srv/books/shop",
        keys_dir: "/srv/keys/shop",
        bytes: Some(5_000_000),
        head: &head(),
        sealed: Some(at(9)),
        index: IndexProgress { indexed: 1_200, size: 1_234, relisted: false },
        keys: &[],
    };
    check("status", &status);
    check("head", &HeadDetail { head: &head() });
    let sealed = Sealed { seq: 41, id: id(41), hash: hash(0x41), duplicate: true };
    check("sealed", &SealedDetail { sealed: &sealed, receipt: Some("c2sp.org/tlog-proof@v1\nindex 41\n") });
    let receipt = "c2sp.org/tlog-proof@v1\nextra AAAA\nindex 41\nBBBB\n\n— sealbook/07 CCCC\n";
    check("receipt", &ReceiptDetail { seq: 41, receipt });
    // What is written to a file is the proof itself, byte for byte.
    assert_eq!(rendered(&ReceiptDetail { seq: 41, receipt }, Format::Terminal), receipt);
    assert_eq!(rendered(&HeadDetail { head: &head() }, Format::Terminal), head().checkpoint);
    let summary = BackupSummary { origin: origin(), size: 1_234, root: hash(0xCC), bytes: 5_000_000 };
    check("backup", &BackupDetail { summary: &summary, path: "book.backup" });
}

/// The records of a run as the collector seals them.
fn run_records(outcome: Option<&str>) -> Vec<Stored> {
    let project = Target { id: "shop".to_owned(), kind: TargetKind::Project };
    let run_record = |number: u64, action: &str| -> Record {
        let mut record = record(number, action, "");
        record.target = project.clone();
        record.operation = Some(id(900));
        record
    };
    let mut intent = run_record(1, "audit.run");
    intent.phase = sealbook_ledger::Phase::Intent;
    let mut analysis = run_record(2, "analysis.run");
    analysis
        .set_part_json(PartName::Input, r#"{"analyzer":"git","version":"1","rules":["git.hotspot","git.message"]}"#)
        .expect("JSON");
    analysis.set_findings(&[finding(
        Severity::Warning,
        "git.hotspot",
        Some("src/main.rs"),
        "changed in 30 of 40 commits",
    )]);
    let mut records = vec![stored(1, intent), stored(2, analysis)];
    if let Some(result) = outcome {
        let mut ended = run_record(3, "audit.run");
        ended.phase = sealbook_ledger::Phase::Outcome;
        ended.duration_us = Some(2_000_000);
        ended.set_part_json(PartName::Result, result).expect("JSON");
        records.push(stored(3, ended));
    }
    records
}

const COMPLETE: &str = r#"{"complete":true,"sources":[{"source":"git","outcome":"ok","records":44,"complete":true,
  "coverage":{"covered":40,"bytes":123456,"ignored":0,"skipped":[],"skipped_by_reason":{},"notes":[]}}],
  "analyses":[{"analyzer":"git","outcome":"ok","records":44,"findings":1}]}"#;

const INCOMPLETE: &str = r#"{"complete":false,"sources":[{"source":"file","outcome":"ok","records":7,"complete":false,
  "coverage":{"covered":6,"bytes":2048,"ignored":3,"skipped":[{"path":"secret.bin","why":"unreadable","detail":"permission denied"},
  {"path":{"b64":"/w=="},"why":"unreadable"}],"skipped_by_reason":{"unreadable":2},"notes":["no earlier manifest to compare with"]}},
  {"source":"git","outcome":"failed","records":0,"error":{"code":"repository_unreadable","message":"no repository at `x`"}}],
  "analyses":[{"analyzer":"git","outcome":"failed","records":0,"error":{"code":"repository_unreadable","message":"nothing to read"}}]}"#;

#[test]
fn audit() {
    let run = AuditRun::of(&run_records(Some(COMPLETE))).expect("a run");
    assert!(run.complete);
    let report = report(Vec::new());
    check("audit_complete", &AuditReport { run: &run, head: &head(), keys: &[], verification: Some(&report) });
    let run = AuditRun::of(&run_records(Some(INCOMPLETE))).expect("a run");
    assert!(!run.complete);
    check("audit_incomplete", &AuditSummary { run: &run });
}

#[test]
fn figures_of_findings_become_tables() {
    let with = |path: Option<&str>, rule: &str, metadata: serde_json::Value| {
        let mut finding = finding(Severity::Info, rule, path, "figures");
        finding.recommendation = None;
        finding.metadata = metadata.as_object().expect("an object").clone();
        finding
    };
    let authors: Vec<_> =
        (0..25).map(|n| serde_json::json!({"name": format!("author {n}"), "commits": 2_000 - n})).collect();
    let mut records = run_records(Some(COMPLETE));
    records[1].record.as_mut().expect("a record").set_findings(&[
        with(Some("src/main.rs"), "git.hotspot", serde_json::json!({"commits": 30, "share": 0.75, "last": "alice"})),
        with(Some("src/a|b\u{1b}.rs"), "git.hotspot", serde_json::json!({"commits": 9, "x|\u{1b}": -1})),
        with(None, "git.contribution", serde_json::json!({"authors": authors})),
        with(None, "git.message", serde_json::json!({"example": "fix"})),
    ]);
    check("audit_figures", &AuditSummary { run: &AuditRun::of(&records).expect("a run") });
}

#[test]
fn a_run_that_did_not_end_is_incomplete_and_one_that_was_erased_says_so() {
    let run = AuditRun::of(&run_records(None)).expect("a run");
    assert!(!run.complete && run.ended.is_none());
    assert!(rendered(&AuditSummary { run: &run }, Format::Terminal).contains("it did not end"));

    let mut records = run_records(Some(COMPLETE));
    records[1].record = None;
    let run = AuditRun::of(&records).expect("a run");
    assert_eq!((run.complete, run.unreadable.as_slice()), (false, &[2][..]));
    assert!(rendered(&AuditSummary { run: &run }, Format::Markdown).contains("cannot be read"));

    assert_eq!(AuditRun::of(&[stored(1, record(1, "file.write", "x"))]), None);
}
