//! What could not be written down, until it can be said that it was not.

use std::sync::{Mutex, MutexGuard, PoisonError};

use sealbook_record::{Actor, ActorKind, Category, Outcome, PartName, Record, Severity, Target, TargetKind, Timestamp};

use super::Core;

/// The gap that is open now, if one is.
#[derive(Default)]
pub(crate) struct Gap(Mutex<Option<Open>>);

/// Since when, why, and how much is missing.
#[derive(Debug, Clone, serde::Serialize)]
struct Open {
    since: String,
    until: String,
    /// Code of the first error.
    cause: &'static str,
    /// Calls that an open gate let pass.
    passed: u64,
    /// Calls that were refused without a record.
    refused: u64,
    /// Outcomes and events that were dropped.
    dropped: u64,
}

impl Gap {
    pub(crate) fn passed(&self, now: Timestamp, cause: &'static str) {
        self.add(now, cause, |open| &mut open.passed);
    }

    pub(crate) fn refused(&self, now: Timestamp, cause: &'static str) {
        self.add(now, cause, |open| &mut open.refused);
    }

    pub(crate) fn dropped(&self, now: Timestamp, cause: &'static str) {
        self.add(now, cause, |open| &mut open.dropped);
    }

    /// The gap that is open, in a sentence.
    pub(crate) fn told(&self) -> Option<String> {
        let open = self.lock();
        let Open { since, until, cause, passed, refused, dropped } = open.as_ref()?;
        Some(format!(
            "from {since} to {until} the book took no records ({cause}): {refused} calls were refused, {passed} passed \
             and {dropped} outcomes or events were dropped, and none of that is on record"
        ))
    }

    fn add(&self, now: Timestamp, cause: &'static str, count: impl FnOnce(&mut Open) -> &mut u64) {
        let mut open = self.lock();
        let open = open.get_or_insert_with(|| Open {
            since: now.to_string(),
            until: String::new(),
            cause,
            passed: 0,
            refused: 0,
            dropped: 0,
        });
        open.until = now.to_string();
        *count(open) += 1;
    }

    fn lock(&self) -> MutexGuard<'_, Option<Open>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Core {
    /// Seals the gap, now that the book takes records again.
    pub(crate) fn close_gap(&self) {
        let Some(open) = self.gap.lock().take() else { return };
        let (id, now) = (self.ledger.next_id(), self.ledger.now());
        let actor = Actor::new(ActorKind::System, "sealbook");
        let target = Target::new(TargetKind::Ledger, self.ledger.origin().as_str());
        let mut record = Record::event(id, actor, "capture.gap", target, now);
        self.ledger.tenant().clone_into(&mut record.tenant);
        record.category = Category::SecurityEvent;
        record.outcome = Some(Outcome::Unknown);
        record.severity = if open.passed > 0 { Severity::Critical } else { Severity::Warning };
        record.reason =
            Some("the book could not be written for a while; what is counted here has no record".to_owned());
        record.set_part(PartName::Context, &open).expect("counts and codes are JSON");
        let sealed = self.admit(record).and_then(|judged| self.seal(judged));
        if sealed.is_err() {
            self.gap.lock().get_or_insert(open);
        }
    }
}
