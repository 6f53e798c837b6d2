//! Alerts: what a person must look at.

use std::collections::BTreeMap;

use sealbook_record::{Severity, Timestamp, Uuid};

/// One alert.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alert {
    /// Id of the record that raised it, by which it is named.
    pub id: Uuid,
    /// Its place.
    pub seq: u64,
    /// The record it is about.
    pub about: Option<Uuid>,
    /// The rule that raised it.
    pub rule: String,
    /// Weight.
    pub severity: Severity,
    /// What it says.
    pub message: String,
    /// When it was sealed.
    pub raised: Timestamp,
    /// Who is to look at it.
    pub assigned: Option<String>,
    /// Who resolved it, and why.
    pub resolved: Option<(String, Option<String>)>,
}

/// Every alert, by id.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Alerts {
    all: BTreeMap<Uuid, Alert>,
}

impl Alerts {
    /// The alert of that id.
    pub fn get(&self, id: Uuid) -> Option<&Alert> {
        self.all.get(&id)
    }

    /// Every alert that is kept, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = &Alert> {
        self.all.values()
    }

    /// How many wait for a person.
    pub fn unresolved(&self) -> usize {
        self.all.values().filter(|alert| alert.resolved.is_none()).count()
    }
}
