//! What is known of a book that no single record of it says: what is missing, what was erased, whether it holds.

use sealbook_inspect::{
    Audit, Batch, Book, ComplianceAnalyzer, ComplianceOptions, NoReach, Options, Progress, Request, Run,
};
use sealbook_inspect::{Seen, TrailFacts, TrailSource};
use sealbook_ledger::{LeafType, Report};
use sealbook_policy::{Policy, State};
use sealbook_record::{Actor, Completeness, CompletenessLimits, PartName, Record, Timestamp, Told};
use sealbook_report::IncompleteAudit;
use sealbook_store::{Ledger, Query};
use serde::Deserialize;

use crate::Error;

/// What one reading of a whole ledger tells.
#[derive(Debug, Default)]
pub struct Trail {
    /// What is missing.
    pub told: Told,
    /// Audits that did not read everything, and times in which a watch lost events.
    pub incomplete_audits: Vec<IncompleteAudit>,
    first_sealed: Option<Timestamp>,
    last_sealed: Option<Timestamp>,
    redacted: Seen,
    erasures: Seen,
    key_events: Seen,
}

/// What is needed of an audit's outcome.
#[derive(Deserialize)]
struct Ended {
    complete: bool,
}

impl Trail {
    /// Reads every record of a ledger once. What is kept grows with the open intents, and with the actors where
    /// their silence is judged.
    pub fn of(ledger: &Ledger, limits: CompletenessLimits, now: Timestamp) -> Result<Self, Error> {
        let mut fold = Completeness::new(limits);
        let mut trail = Self::default();
        ledger.each_match(&Query { ascending: true, ..Query::default() }, &mut |stored| {
            let sealed = Timestamp::from_micros(stored.leaf.sealed_us);
            trail.first_sealed.get_or_insert(sealed);
            trail.last_sealed = Some(sealed);
            match stored.leaf.typ {
                LeafType::Record => fold.push(&stored.step()),
                LeafType::Erase => trail.erasures.push(stored.seq),
                LeafType::Key => trail.key_events.push(stored.seq),
            }
            if !stored.redactions.is_empty() {
                trail.redacted.push(stored.seq);
            }
            if let Some(record) = stored.record.filter(is_incomplete) {
                let (seq, id, target) = (stored.seq, record.id.to_string(), record.target.id);
                trail.incomplete_audits.push(IncompleteAudit { seq, id, target });
            }
            Ok(true)
        })?;
        trail.told = fold.finish_at(now);
        Ok(trail)
    }
}

/// An audit that did not read everything, or a time in which a watch lost events: a look at everything followed, and
/// what came and went before it nobody saw.
fn is_incomplete(record: &Record) -> bool {
    if record.action == "watch.gap" {
        return true;
    }
    let result = || record.part(PartName::Result).and_then(|part| serde_json::from_str::<Ended>(part.get()).ok());
    record.action == "audit.run" && result().is_some_and(|ended| !ended.complete)
}

/// What is assessed, for whom, and what is known of the book.
#[derive(Debug)]
pub struct Assessed<'a> {
    /// Which catalogues, and of which time.
    pub options: ComplianceOptions,
    /// Who asks for it.
    pub actor: Actor,
    /// The project that the book belongs to.
    pub project: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// What verification said, where it was asked for.
    pub verification: Option<&'a Report>,
    /// Ledgers before this one that are not beside it.
    pub missing_ledgers: u64,
}

/// Assesses what a book supports of catalogues of controls; the run is sealed like every audit.
///
/// Errors: a catalogue that nobody knows, before anything is written.
pub fn assess(
    asked: Assessed<'_>,
    ledger: &Ledger,
    state: &State,
    policy: &Policy,
    progress: &dyn Progress,
) -> Result<Audit, Error> {
    sealbook_inspect::catalogues_of(&asked.options.frameworks)?;
    let trail = Trail::of(ledger, CompletenessLimits::default(), ledger.now())?;
    let source = TrailSource { facts: facts(&asked, &trail, ledger, state)?, gaps: trail.told.findings() };
    let book = Book::new(ledger);
    let mut run = Run::new(ledger.next_id(), asked.actor);
    ledger.tenant().clone_into(&mut run.tenant);
    run.project = asked.project;
    run.reason = asked.reason;
    let analyzer = ComplianceAnalyzer { options: asked.options.clone() };
    let batch = Batch {
        sources: vec![&source],
        analyzers: vec![&analyzer],
        request: Request {
            target: ledger.layout().book.clone(),
            base: None,
            now: ledger.now(),
            run,
            options: Options { compliance: asked.options, ..Options::default() },
            threads: ledger.threads(),
            stamp: &book,
            reach: &NoReach,
        },
        baseline: None,
    };
    Ok(batch.collect(&book, &mut book.sink(policy), progress)?)
}

fn facts(asked: &Assessed<'_>, trail: &Trail, ledger: &Ledger, state: &State) -> Result<TrailFacts, Error> {
    let head = ledger.head()?;
    let told = &trail.told;
    let count = |length: usize| u64::try_from(length).unwrap_or(u64::MAX);
    Ok(TrailFacts {
        size: head.size,
        root: head.root.to_string(),
        verified: asked.verification.map(|report| report.valid),
        faults: asked.verification.map_or(0, |report| report.fault_count),
        head_outside: ledger.has_kept_head()? && ledger.compare_with_kept().is_ok(),
        first_sealed: trail.first_sealed,
        last_sealed: trail.last_sealed,
        open_intents: count(told.open_intents.len()),
        outcomes_alone: count(told.outcomes_alone.len()),
        clock_steps: count(told.clock_steps.len()),
        capture_gaps: count(told.capture_gaps.len()),
        missing_numbers: count(told.missing_numbers.len()),
        seen_once: count(told.seen_once.len()),
        incomplete_audits: count(trail.incomplete_audits.len()),
        missing_ledgers: asked.missing_ledgers,
        alerts_unresolved: count(state.alerts().unresolved()),
        redacted: trail.redacted,
        erasures: trail.erasures,
        key_events: trail.key_events,
    })
}
