//! Alerts: what a person must look at.

use std::collections::BTreeMap;

use sealbook_record::{Actor, ActorKind, Category, PartName, Record, Severity, Target, TargetKind, Timestamp, Uuid};
use serde::{Deserialize, Serialize};

use super::{State, UNKNOWN, UNREADABLE};
use crate::{Decision, Hit, Judged, Raw};

/// One alert.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alert {
    /// Id of the record that raised it, by which it is named.
    pub id: Uuid,
    /// Its place.
    pub seq: u64,
    /// The record it is about.
    pub about: Option<Uuid>,
    /// What that record did, and of what sort it is.
    pub action: String,
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

/// Every alert, by id. Ids are those of records: no two alerts share one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Alerts {
    all: BTreeMap<Uuid, Alert>,
    resolved: u64,
}

/// The part `input` of an alert.
#[derive(Serialize, Deserialize)]
struct Form {
    rule: String,
    effect: String,
    message: String,
    /// What the record that it is about did.
    action: String,
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

    /// How many were resolved.
    pub fn resolved(&self) -> u64 {
        self.resolved
    }

    pub(super) fn raise(&mut self, seq: u64, sealed: Timestamp, record: &Record) -> Result<(), &'static str> {
        let input = record.part(PartName::Input).ok_or(UNREADABLE)?;
        let form: Form = serde_json::from_str(input.get()).map_err(|_| UNREADABLE)?;
        let alert = Alert {
            id: record.id,
            seq,
            about: record.parent,
            action: form.action,
            rule: form.rule,
            severity: record.severity,
            message: form.message,
            raised: sealed,
            assigned: None,
            resolved: None,
        };
        self.all.insert(record.id, alert);
        Ok(())
    }

    pub(super) fn assign(&mut self, record: &Record) -> Result<(), &'static str> {
        #[derive(Deserialize)]
        struct To {
            to: String,
        }
        let alert = record.parent.and_then(|id| self.all.get_mut(&id)).ok_or(UNKNOWN)?;
        let input = record.part(PartName::Input).ok_or(UNREADABLE)?;
        let To { to } = serde_json::from_str(input.get()).map_err(|_| UNREADABLE)?;
        alert.assigned = Some(to);
        Ok(())
    }

    /// Resolves an alert; a second resolution changes nothing.
    pub(super) fn resolve(&mut self, record: &Record, keep: bool) -> Result<(), &'static str> {
        let id = record.parent.ok_or(UNKNOWN)?;
        let alert = self.all.get_mut(&id).ok_or(UNKNOWN)?;
        if alert.resolved.is_some() {
            return Err("it was resolved before");
        }
        alert.resolved = Some((record.actor.id.clone(), record.reason.clone()));
        self.resolved += 1;
        if !keep {
            self.all.remove(&id);
        }
        Ok(())
    }
}

impl Judged {
    /// The alerts that the enforced hits of this record raise: one for each, to be sealed with it or after it.
    ///
    /// Records of [`State::ACTIONS`] raise none: an alert about an alert would never end.
    pub fn alerts(&self, now: Timestamp, next_id: &mut dyn FnMut() -> Uuid) -> Vec<Raw> {
        let about = self.record();
        if State::ACTIONS.contains(&about.action.as_str()) {
            return Vec::new();
        }
        let raising = self.verdict().enforced().filter(|hit| hit.effect >= Decision::Alert);
        raising.map(|hit| Raw::new(alert(hit, about, now, next_id()))).collect()
    }
}

fn alert(hit: &Hit, about: &Record, now: Timestamp, id: Uuid) -> Record {
    let target = Target::new(TargetKind::Rule, hit.rule.as_str());
    let mut record = Record::event(id, Actor::new(ActorKind::System, "sealbook"), "alert.raised", target, now);
    record.tenant.clone_from(&about.tenant);
    record.operation = about.operation;
    record.parent = Some(about.id);
    record.session.clone_from(&about.session);
    record.project.clone_from(&about.project);
    record.category = Category::Audit;
    record.severity = hit.severity;
    let form = Form {
        rule: hit.rule.clone(),
        effect: hit.effect.as_str().to_owned(),
        message: hit.message.clone(),
        action: about.action.clone(),
    };
    record.set_part(PartName::Input, &form).expect("texts are JSON");
    record
}
