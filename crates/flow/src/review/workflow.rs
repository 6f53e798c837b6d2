//! A workflow whose steps are reviewed, as the audit logger's users know it.

use std::fmt::Write as _;

use sealbook_policy::{Policy, Raw};
use sealbook_record::{Actor, Category, PartName, Record, Target, TargetKind};
use serde::Serialize;
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use crate::{Error, Journal};

#[derive(Serialize)]
struct Details<'a> {
    workflow_id: &'a str,
    steps_count: usize,
    workflow_type: &'static str,
}

#[derive(Serialize)]
struct Context<'a> {
    workflow_steps: &'a [Box<RawValue>],
}

/// Seals that a compliance-aware workflow was made, and gives its id: `workflow_<seconds>_<8 hex of the steps>`.
///
/// The digest is over the steps as they are stored, so it tells nothing that the book does not. It may wait for a
/// disk.
///
/// Errors: the steps are more than a record may hold, or the book cannot be written.
pub fn record_workflow(
    journal: &dyn Journal,
    policy: &Policy,
    actor: &Actor,
    steps: &[Box<RawValue>],
) -> Result<String, Error> {
    let target = Target::new(TargetKind::Workflow, "compliance_aware");
    let mut record = Record::event(journal.next_id(), actor.clone(), "workflow.create", target, journal.now());
    record.category = Category::ConfigChange;
    record.tags = vec!["workflow_creation".to_owned(), "compliance".to_owned()];
    record.set_part(PartName::Context, &Context { workflow_steps: steps }).expect("JSON texts are JSON");
    let stored = policy.admit(Raw::new(record.clone()))?;
    let context = stored.record().part(PartName::Context).map_or("", RawValue::get);
    let digest = Sha256::digest(context.as_bytes()).iter().take(4).fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    });
    let id = format!("workflow_{}_{digest}", journal.now().as_micros().div_euclid(1_000_000));
    record.target.id.clone_from(&id);
    let details = Details { workflow_id: &id, steps_count: steps.len(), workflow_type: "compliance_aware" };
    record.set_part(PartName::Input, &details).expect("texts and numbers are JSON");
    journal.seal(record)?;
    Ok(id)
}
