//! Completeness: what a book should hold and does not. Integrity is another question.

use sealbook_record::{Actor, CompletenessLimits, Record, Told};
use sealbook_report::{Gaps, IncompleteAudit};
use sealbook_serve::Trail;
use sealbook_store::Ledger;

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

impl Lacking {
    /// Reads every record of a ledger once.
    pub(crate) fn of(ledger: &Ledger, missing: Option<String>, silence_us: Option<i64>) -> Result<Self, Failure> {
        let limits = CompletenessLimits { silence_us, actor_silence_us: silence_us, ..CompletenessLimits::default() };
        let Trail { told, incomplete_audits, .. } = Trail::of(ledger, limits, when::now())?;
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
