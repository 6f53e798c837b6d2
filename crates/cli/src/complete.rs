//! Completeness: what a book should hold and does not. Integrity is another question.

use sealbook_ledger::LeafType;
use sealbook_record::{Actor, Completeness, CompletenessLimits, PartName, Record, Told};
use sealbook_report::{Gaps, IncompleteAudit};
use sealbook_store::{Ledger, Query};
use serde::Deserialize;

use crate::exit::Exit;
use crate::failure::Failure;
use crate::when;

/// What a book lacks.
#[derive(Debug)]
pub(crate) struct Lacking {
    told: Told,
    incomplete_audits: Vec<IncompleteAudit>,
    missing_ledgers: Vec<String>,
    silence_judged: bool,
}

/// What is needed of an audit's outcome.
#[derive(Deserialize)]
struct Ended {
    complete: bool,
}

impl Lacking {
    /// Reads every record of a ledger once. What is kept grows with the open intents, and with the actors
    /// where their silence is judged.
    pub(crate) fn of(ledger: &Ledger, missing: Option<String>, silence_us: Option<i64>) -> Result<Self, Failure> {
        let limits = CompletenessLimits { silence_us, actor_silence_us: silence_us, ..CompletenessLimits::default() };
        let mut fold = Completeness::new(limits);
        let mut incomplete_audits = Vec::new();
        let records =
            Query { leaf_type: vec![LeafType::Record.as_str().to_owned()], ascending: true, ..Query::default() };
        ledger.each_match(&records, &mut |stored| {
            fold.push(&stored.step());
            if let Some(record) = stored.record.filter(is_incomplete) {
                let (seq, id, target) = (stored.seq, record.id.to_string(), record.target.id);
                incomplete_audits.push(IncompleteAudit { seq, id, target });
            }
            Ok(true)
        })?;
        let told = fold.finish_at(when::now());
        let missing_ledgers = missing.into_iter().collect();
        Ok(Self { told, incomplete_audits, missing_ledgers, silence_judged: silence_us.is_some() })
    }

    /// To be shown.
    pub(crate) fn gaps(&self) -> Gaps<'_> {
        Gaps {
            told: &self.told,
            incomplete_audits: &self.incomplete_audits,
            missing_ledgers: &self.missing_ledgers,
            silence_judged: self.silence_judged,
        }
    }

    /// 3 where coverage is incomplete, 1 where there is something to look at.
    pub(crate) fn exit(&self) -> Exit {
        if !self.incomplete_audits.is_empty() || !self.missing_ledgers.is_empty() {
            Exit::Incomplete
        } else if self.told.is_complete() {
            Exit::Clean
        } else {
            Exit::Findings
        }
    }
}

/// Whether nobody was named as the actor.
pub(crate) fn names_nobody(record: &Record) -> bool {
    record.actor_unknown() && record.actor.id == Actor::UNKNOWN
}

fn is_incomplete(record: &Record) -> bool {
    let result = || record.part(PartName::Result).and_then(|part| serde_json::from_str::<Ended>(part.get()).ok());
    record.action == "audit.run" && result().is_some_and(|ended| !ended.complete)
}
