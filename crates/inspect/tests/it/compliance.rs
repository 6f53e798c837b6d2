//! The compliance analyzer: what counts as evidence, and what does not.

use std::collections::HashSet;

use sealbook_inspect::{
    Analyzer as _, ComplianceAnalyzer, ComplianceOptions, Scope, Sealed, Silent, TrailFacts, catalogues, catalogues_of,
    mapping,
};
use sealbook_ledger::{Phase, Uuid};
use sealbook_record::{Actor, ActorKind, Category, Finding, Outcome, PartName, Record, Target, TargetKind, Timestamp};

fn record(seq: u64, action: &str, phase: Phase) -> Sealed {
    let actor = Actor::new(ActorKind::Agent, "a");
    let target = Target::new(TargetKind::Tool, "t");
    let mut record = Record::event(Uuid::from_u128(u128::from(seq)), actor, action, target, Timestamp::from_micros(5));
    record.phase = phase;
    record.category = Category::ToolCall;
    if phase == Phase::Outcome {
        record.outcome = Some(Outcome::Ok);
    }
    Sealed { seq, record }
}

fn measured(seq: u64, facts: &TrailFacts) -> Sealed {
    let mut sealed = record(seq, "trail.observed", Phase::Event);
    sealed.record.set_part(PartName::Result, facts).unwrap();
    sealed
}

fn whole() -> TrailFacts {
    TrailFacts { verified: Some(true), head_outside: true, size: 9, ..TrailFacts::default() }
}

fn assess(framework: &str, records: Vec<Sealed>) -> Vec<Finding> {
    let options = ComplianceOptions { frameworks: vec![framework.to_owned()], ..ComplianceOptions::default() };
    let scope = Scope { project: None, now: Timestamp::from_micros(9), since_baseline: None, suppressed: None };
    ComplianceAnalyzer { options }.analyze(&mut records.into_iter().map(Ok), &scope, &Silent).unwrap()
}

fn result<'f>(findings: &'f [Finding], control: &str) -> &'f str {
    let is = |finding: &&Finding| finding.metadata.get("control").is_some_and(|it| it == control);
    findings.iter().find(is).unwrap().metadata["result"].as_str().unwrap()
}

#[test]
fn catalogues_are_whole_cited_and_say_what_is_not_proven() {
    let asked = [
        "eu-ai-act",
        "iso-42001",
        "iso-27001",
        "nist-ai-rmf",
        "nist-800-53-au",
        "soc2-cc7",
        "hipaa",
        "pci-dss",
        "gdpr",
    ];
    assert_eq!(catalogues().iter().map(|it| &*it.id).collect::<Vec<_>>(), asked);
    let mut names = HashSet::new();
    for catalogue in catalogues() {
        assert!(catalogue.source.starts_with("https://") && !catalogue.edition.is_empty(), "{}", catalogue.id);
        for control in &catalogue.controls {
            let name = format!("{}/{}", catalogue.id, control.id);
            assert!(control.id.chars().all(|c| c.is_ascii_alphanumeric() || "-.".contains(c)), "{name}");
            assert!(!control.proves.is_empty() && !control.not.is_empty() && !control.asks.is_empty(), "{name}");
            assert!(!control.needs.is_empty() || control.rests.is_empty(), "{name} rests on what it does not need");
            let said = format!("{} {} {}", control.title, control.asks, control.proves).to_lowercase();
            assert!(!said.contains("complian") && !said.contains("complies"), "{name}");
            assert!(names.insert(name));
        }
    }
    for (catalogue, cited) in [
        ("eu-ai-act", &["Article 12(1)", "Article 13(3)(f)", "Article 14(4)(e)", "Article 19(1)", "Article 26(6)"][..]),
        ("iso-27001", &["Annex A, A.8.15", "Annex A, A.8.16", "Annex A, A.8.17"]),
        ("gdpr", &["Article 5(2)", "Article 17", "Article 30(1)", "Article 32(1)(b)"]),
    ] {
        let catalogue = catalogues().iter().find(|it| it.id == catalogue).unwrap();
        assert!(cited.iter().all(|cite| catalogue.controls.iter().any(|control| control.cite == *cite)), "{cited:?}");
    }
}

#[test]
fn the_mapping_names_controls_that_are_there_and_corrects_what_was_wrong() {
    let controls: HashSet<String> = catalogues()
        .iter()
        .flat_map(|catalogue| catalogue.controls.iter().map(move |it| format!("{}/{}", catalogue.id, it.id)))
        .collect();
    let feature = |name: &str| mapping().features.iter().find(|it| it.name == name).unwrap();
    for feature in &mapping().features {
        assert!(feature.supports.iter().all(|control| controls.contains(control)), "{feature:?}");
    }
    let supports = |name: &str, control: &str| feature(name).supports.iter().any(|it| it.starts_with(control));
    assert!(!supports("Verification", "eu-ai-act/art-14"), "checking a chain is no oversight by people");
    assert!(supports("Retention", "eu-ai-act/art-19-1") && supports("Retention", "eu-ai-act/art-26-6"));
    assert!(!supports("Retention", "eu-ai-act/art-12"));
    assert!(supports("Audit trail", "iso-27001/a.8.15") && supports("Audit trail", "iso-42001/a.6.2.8"));
    assert!(controls.iter().all(|control| !control.contains("a.12.4")), "that is the numbering of 2013");
}

#[test]
fn the_four_results_follow_from_the_records() {
    let calls = || vec![record(1, "tools.call", Phase::Intent), record(2, "tools.call", Phase::Outcome)];
    let with = |facts: TrailFacts| [calls(), vec![measured(3, &facts)]].concat();
    let told = assess("eu-ai-act", with(whole()));
    assert_eq!(result(&told, "art-12-1"), "evidenced");
    assert_eq!(result(&told, "art-14-4-d"), "no evidence");
    assert_eq!(result(&told, "art-12-3"), "not assessed");
    let evidenced = told.iter().find(|it| it.metadata.get("control").is_some_and(|it| it == "art-12-1")).unwrap();
    assert_eq!(evidenced.evidence, [(1, 1), (3, 3)], "the intent, and what was measured");

    let open = assess("eu-ai-act", with(TrailFacts { open_intents: 1, ..whole() }));
    assert_eq!(result(&open, "art-12-1"), "partial");
    let gap = open.iter().find(|it| it.rule == "compliance.trail").unwrap();
    assert!(gap.message.contains("no outcome is known: 1"), "{}", gap.message);

    let broken = assess("eu-ai-act", with(TrailFacts { verified: Some(false), faults: 2, ..whole() }));
    assert_eq!(result(&broken, "art-12-1"), "partial", "of a book that does not hold nothing is evidence by itself");
    assert!(broken.iter().any(|it| it.rule == "compliance.trail" && it.message.contains("2 faults")));

    let nothing = assess("eu-ai-act", vec![measured(1, &whole())]);
    assert_eq!(result(&nothing, "art-12-1"), "no evidence", "that a book is intact is no evidence of what it lacks");
    let alerts = assess("gdpr", with(TrailFacts { alerts_unresolved: 3, ..whole() }));
    assert!(alerts.iter().any(|it| it.rule == "compliance.violation" && it.message.ends_with(": 3")));
}

#[test]
fn what_a_book_says_of_itself_is_no_evidence_of_others() {
    let mut own = record(1, "audit.run", Phase::Intent);
    own.record.category = Category::Audit;
    let mut config = record(2, "approval.requested", Phase::Intent);
    config.record.category = Category::Administration;
    let told = assess("eu-ai-act", vec![own, config, measured(3, &whole())]);
    assert_eq!(result(&told, "art-12-1"), "no evidence");
    assert_eq!(catalogues_of(&["all".to_owned()]).unwrap().len(), catalogues().len());
    assert_eq!(catalogues_of(&["moon".to_owned()]).unwrap_err().code(), "unknown_catalogue");
}

#[test]
fn retention_is_measured_by_what_the_book_holds() {
    let day = |days: i64| Some(Timestamp::from_micros(days * 86_400_000_000));
    let of = |days| {
        let facts = TrailFacts { first_sealed: day(0), last_sealed: day(days), ..whole() };
        let calls = vec![record(1, "tools.call", Phase::Intent), measured(2, &facts)];
        result(&assess("eu-ai-act", calls), "art-26-6").to_owned()
    };
    assert_eq!(of(179), "partial");
    assert_eq!(of(180), "evidenced");
}
