//! Runs as the book holds them: one by its id, or those that began last.

use sealbook_record::{PartName, Phase};
use sealbook_store::{Ledger, Query, Stored};

use super::event::{CANCEL_ACTION, FREEZE_ACTION, RESUME_ACTION, RUN_ACTION, RunEvent};
use super::state::{Run, RunStatus};
use crate::Error;
use crate::workflow::error::{WorkflowError, shown};

/// The run of this id, with all its steps.
///
/// Errors: there is none; or the book cannot be read.
pub fn find_run(ledger: &Ledger, id: &str) -> Result<Run, Error> {
    let not_found = || WorkflowError::RunNotFound { id: shown(id) };
    // An id with a `*` would stand for several.
    if !id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
        return Err(not_found().into());
    }
    let events = events(ledger, Query { tags: vec![id.to_owned()], ascending: true, ..Query::default() })?;
    Ok(Run::fold(events).filter(|run| run.run_id == id).ok_or_else(not_found)?)
}

/// Runs, the one that began last first, without their steps: of this workflow where one is named, and as far as they
/// stand so. Whether there are more is said besides.
///
/// Errors: the book cannot be read.
pub fn runs(
    ledger: &Ledger,
    workflow_id: Option<&str>,
    statuses: &[RunStatus],
    limit: usize,
) -> Result<(Vec<Run>, bool), Error> {
    let query = Query {
        action: vec![RUN_ACTION.to_owned()],
        phase: vec![Phase::Intent.as_str().to_owned()],
        target: workflow_id.map(str::to_owned).into_iter().collect(),
        ..Query::default()
    };
    let (mut found, mut more) = (Vec::new(), false);
    ledger.each_match(&query, &mut |stored| {
        if workflow_id.is_some_and(|id| stored.record.as_ref().is_none_or(|record| record.target.id != id)) {
            return Ok(true);
        }
        let Some(run) = of_intent(ledger, &stored)? else { return Ok(true) };
        if statuses.is_empty() || statuses.contains(&run.status) {
            more = found.len() == limit;
            if !more {
                found.push(run);
            }
        }
        Ok(!more)
    })?;
    Ok((found, more))
}

/// The run that began with this record, and how it stands.
fn of_intent(ledger: &Ledger, intent: &Stored) -> Result<Option<Run>, sealbook_store::Error> {
    let Some(began @ RunEvent::Began { .. }) = event(intent) else { return Ok(None) };
    let RunEvent::Began { run_id, .. } = &began else { return Ok(None) };
    let action = [RUN_ACTION, FREEZE_ACTION, RESUME_ACTION, CANCEL_ACTION].map(str::to_owned).to_vec();
    let query = Query { tags: vec![run_id.clone()], action, ascending: true, ..Query::default() };
    let mut events = vec![began];
    ledger.each_match(&query, &mut |stored| {
        events.extend(event(&stored).filter(|event| !matches!(event, RunEvent::Began { .. })));
        Ok(true)
    })?;
    Ok(Run::fold(events))
}

fn events(ledger: &Ledger, query: Query) -> Result<Vec<RunEvent>, Error> {
    let mut events = Vec::new();
    ledger.each_match(&query, &mut |stored| {
        events.extend(event(&stored));
        Ok(true)
    })?;
    Ok(events)
}

/// What a record tells; where something of it was erased, no more than is left.
fn event(stored: &Stored) -> Option<RunEvent> {
    let record = stored.record.as_ref()?;
    let mut event = RunEvent::of(record, &stored.redactions)?;
    let is_gone = |part: PartName| stored.erased.iter().chain(&stored.altered).any(|gone| gone == part.as_str());
    if let RunEvent::Began { inputs, .. } = &mut event
        && is_gone(PartName::Input)
    {
        *inputs = None;
    }
    Some(event)
}
