//! Alerts: what a person must look at.

use std::collections::BTreeMap;

use sealbook_ledger::Hash;
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
    pub fn list(&self) -> Vec<&Alert> {
        let mut alerts: Vec<&Alert> = self.all.values().collect();
        alerts.sort_by_key(|alert| alert.seq);
        alerts
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
    pub(super) fn resolve(&mut self, record: &Record) -> Result<(), &'static str> {
        let id = record.parent.ok_or(UNKNOWN)?;
        let alert = self.all.get_mut(&id).ok_or(UNKNOWN)?;
        if alert.resolved.is_some() {
            return Err("it was resolved before");
        }
        alert.resolved = Some((record.actor.id.clone(), record.reason.clone()));
        self.resolved += 1;
        Ok(())
    }
}

impl Judged {
    /// The alerts that the enforced hits of this record raise: one for each, to be sealed with it or after it.
    ///
    /// Made twice from one record they are the same, so that what is sealed twice raises them once. Records of
    /// [`State::ACTIONS`] raise none: an alert about an alert would never end.
    pub fn alerts(&self) -> Vec<Raw> {
        let about = self.record();
        if State::ACTIONS.contains(&about.action.as_str()) {
            return Vec::new();
        }
        let raising = self.verdict().enforced().filter(|hit| hit.effect >= Decision::Alert);
        raising.map(|hit| Raw::new(alert(hit, about))).collect()
    }
}

/// An alert about a record that no rule of the book raises. `rule` names what was looked for, `which` tells it from
/// others of the same record.
pub fn alert_about(about: &Record, rule: &str, which: &str, severity: Severity, message: &str) -> Record {
    raised(about, (rule, Decision::Alert), alert_id(about.id, &format!("{rule}\0{which}")), (severity, message))
}

fn alert(hit: &Hit, about: &Record) -> Record {
    raised(about, (&hit.rule, hit.effect), alert_id(about.id, &hit.rule), (hit.severity, &hit.message))
}

fn raised(about: &Record, (rule, effect): (&str, Decision), id: Uuid, (severity, message): (Severity, &str)) -> Record {
    let actor = Actor::new(ActorKind::System, "sealbook");
    let target = Target::new(TargetKind::Rule, rule);
    let mut record = Record::event(id, actor, "alert.raised", target, about.occurred);
    record.tenant.clone_from(&about.tenant);
    record.operation = about.operation;
    record.parent = Some(about.id);
    record.session.clone_from(&about.session);
    record.project.clone_from(&about.project);
    record.category = Category::Audit;
    record.severity = severity;
    let form = Form {
        rule: rule.to_owned(),
        effect: effect.as_str().to_owned(),
        message: message.to_owned(),
        action: about.action.clone(),
    };
    record.set_part(PartName::Input, &form).expect("texts are JSON");
    record
}

/// The millisecond of the record, then 74 bits of SHA-256(`sealbook/alert/v1\0` ‖ record id ‖ rule), as `UUIDv7`: it
/// stands beside the record's own in every order by id.
fn alert_id(about: Uuid, rule: &str) -> Uuid {
    let mut bytes = b"sealbook/alert/v1\0".to_vec();
    bytes.extend_from_slice(about.as_bytes());
    bytes.extend_from_slice(rule.as_bytes());
    let hash = Hash::of(&bytes);
    let mut id = *about.as_bytes();
    id[6..].copy_from_slice(&hash.as_bytes()[..10]);
    id[6] = (id[6] & 0x0f) | 0x70;
    id[8] = (id[8] & 0x3f) | 0x80;
    Uuid::from_bytes(id)
}
