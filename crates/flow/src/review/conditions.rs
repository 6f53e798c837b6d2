//! That the conditions of a review are met: said by a person who is not the one who wants to act, and on record.

use std::sync::Arc;

use sealbook_record::{Actor, ActorKind, Category, PartName, Record, Target, TargetKind, Uuid};
use serde::Serialize;

use super::{ComplianceStatus, Reviewed, Standing};
use crate::{Error, Journal};

/// Proof that the conditions of one review are met and that this is sealed. Nothing else makes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConditionsMet {
    review: Uuid,
    record: Uuid,
}

/// How it is known that a condition is met.
#[derive(Debug, Clone, Serialize)]
pub struct Evidence {
    /// The condition, as the review names it.
    pub condition: String,
    /// How it is known.
    pub evidence: String,
}

#[derive(Serialize)]
struct Note<'a> {
    review: String,
    conditions: &'a [Evidence],
}

impl ConditionsMet {
    /// Seals that every condition of a review is met. It may wait for a disk.
    ///
    /// Errors: [`Error::ConditionsUnmet`], where a condition has no evidence, the review has no conditions that
    /// could be met, or whoever says so is an agent or the one who wants to act; or the book cannot be written.
    pub fn record(
        journal: &Arc<dyn Journal>,
        reviewed: &Reviewed,
        by: &Actor,
        evidence: &[Evidence],
    ) -> Result<Self, Error> {
        let unmet = |why: String| Err(Error::ConditionsUnmet { why });
        let review = reviewed.review();
        if reviewed.standing() != Standing::Answered || review.compliance_status != ComplianceStatus::Conditional {
            return unmet("the review names no condition that could be met".to_owned());
        }
        if by.kind != ActorKind::User || by.id == reviewed.asked_by().id {
            return unmet("a person has to say so, and not the one who wants to act".to_owned());
        }
        let is_shown = |condition: &&String| {
            evidence.iter().any(|shown| shown.condition == **condition && !shown.evidence.trim().is_empty())
        };
        let count = review.approval_conditions.len();
        if let Some(at) = review.approval_conditions.iter().position(|condition| !is_shown(&condition)) {
            return unmet(format!("condition {} of {count} has no evidence", at + 1));
        }
        let target = Target::new(TargetKind::Record, reviewed.id().to_string());
        let mut record =
            Record::event(journal.next_id(), by.clone(), "policy.review.conditions_met", target, journal.now());
        record.category = Category::SecurityEvent;
        record.parent = Some(reviewed.id());
        let note = Note { review: reviewed.id().to_string(), conditions: evidence };
        record.set_part(PartName::Input, &note).expect("texts are JSON");
        let id = record.id;
        journal.seal(record)?;
        Ok(Self { review: reviewed.id(), record: id })
    }

    /// The record that says so.
    pub const fn id(&self) -> Uuid {
        self.record
    }

    pub(super) fn is_of(&self, review: Uuid) -> bool {
        self.review == review
    }
}
