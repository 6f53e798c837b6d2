//! What records themselves say was left out: numbers that actors give their records, and gaps that a gate
//! seals when the book could not be written.

use std::collections::HashMap;

use serde::Deserialize;

use crate::{PartName, Record};

/// The action of a record that says what could not be written down.
const GAP_ACTION: &str = "capture.gap";
/// The field of the part `metadata` in which an actor numbers its records of a session.
const NUMBER_FIELD: &str = "actor_seq";

/// Numbers that an actor gave to records which are not there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingNumbers {
    /// Who numbers its records.
    pub actor: String,
    /// Within which session, where it names one.
    pub session: Option<String>,
    /// The record before.
    pub before: u64,
    /// The record after.
    pub after: u64,
    /// The first number that is missing.
    pub first: u64,
    /// The last one.
    pub last: u64,
}

/// A time in which a gate could not write to the book.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaptureGap {
    /// The record that says so.
    pub seq: u64,
    /// Calls that passed without a record.
    pub passed: u64,
    /// Calls that were refused without a record.
    pub refused: u64,
    /// Outcomes and events that were dropped.
    pub dropped: u64,
}

/// The newest number of each actor and session, and where it stands.
#[derive(Debug, Default)]
pub(super) struct Numbers(HashMap<(String, Option<String>), (u64, u64)>);

#[derive(Deserialize)]
struct Numbered {
    actor_seq: Option<u64>,
}

impl Numbers {
    /// The numbers that are missing before this record. One that is not above the last begins anew.
    pub(super) fn push(&mut self, seq: u64, record: &Record) -> Option<MissingNumbers> {
        let metadata = record.part(PartName::Metadata)?.get();
        if !metadata.contains(NUMBER_FIELD) {
            return None;
        }
        let number = serde_json::from_str::<Numbered>(metadata).ok()?.actor_seq?;
        let key = (record.actor.id.clone(), record.session.clone());
        let (before, last) = self.0.insert(key.clone(), (seq, number))?;
        let first = last.saturating_add(1);
        (first < number).then(|| MissingNumbers {
            actor: key.0,
            session: key.1,
            before,
            after: seq,
            first,
            last: number - 1,
        })
    }
}

impl CaptureGap {
    pub(super) fn of(seq: u64, record: &Record) -> Option<Self> {
        #[derive(Deserialize, Default)]
        #[serde(default)]
        struct Counts {
            passed: u64,
            refused: u64,
            dropped: u64,
        }
        if record.action != GAP_ACTION {
            return None;
        }
        let counts = record.part(PartName::Context).and_then(|part| serde_json::from_str::<Counts>(part.get()).ok());
        let Counts { passed, refused, dropped } = counts.unwrap_or_default();
        Some(Self { seq, passed, refused, dropped })
    }
}
