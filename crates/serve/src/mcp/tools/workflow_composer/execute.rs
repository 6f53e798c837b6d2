//! Runs: begun, made from others, halted, called off. The rules and stops of the book hold for every step.

use std::sync::Arc;
use std::time::Duration;

use sealbook_flow::workflow::{Definition, Recorded, RunRequest, Wish, find_run, run_id, wish};
use serde_json::{Value, json};

use super::{Arguments, missing, read};
use crate::Error;
use crate::mcp::desk::Workflows;
use crate::mcp::tool::Call;

/// Clients give a call up after about a minute.
const WAIT_S_MAX: u64 = 50;
const WAIT_S: u64 = 30;
const LOOK_EVERY: Duration = Duration::from_millis(20);

pub(super) fn execute(call: &Call<'_>, room: &Workflows, asked: Arguments) -> Result<Value, Error> {
    let definition = room.equipment.shelf.find(asked.workflow()?)?;
    begin(call, room, definition, asked, None)
}

pub(super) fn fork(call: &Call<'_>, room: &Workflows, asked: Arguments) -> Result<Value, Error> {
    let before = find_run(call.desk.ledger(), asked.execution()?)?;
    let definition = room.equipment.shelf.find(asked.workflow_id.as_deref().unwrap_or(&before.digest))?;
    let at = asked.at_node.as_deref().ok_or_else(|| missing("at_node"))?;
    let recorded = Recorded::fork(before, &definition, at, !asked.live).map_err(sealbook_flow::Error::from)?;
    begin(call, room, definition, asked, Some(Arc::new(recorded)))
}

/// Begins a run, and waits a while for its end. It goes on in this server where that comes later.
fn begin(
    call: &Call<'_>,
    room: &Workflows,
    definition: Definition,
    asked: Arguments,
    recorded: Option<Arc<Recorded>>,
) -> Result<Value, Error> {
    let id = run_id(room.equipment.recovery.random());
    let wait = Duration::from_secs(asked.wait_seconds.unwrap_or(WAIT_S).min(WAIT_S_MAX));
    let request = RunRequest {
        inputs: asked.inputs.unwrap_or_default(),
        actor: Some(call.actor.clone()),
        project: call.desk.setup.project.clone(),
        reason: asked.reason,
        run_id: Some(id.clone()),
        seconds_max: room.seconds_max,
        recorded,
        ..RunRequest::default()
    };
    let runner = room.equipment.clone().runner();
    let handle = tokio::runtime::Handle::current();
    let mut running = handle.spawn(async move {
        let never = Box::pin(std::future::pending());
        runner.run(&definition, &request, never).await.map(drop)
    });
    let mut ended = handle.block_on(async { tokio::time::timeout(wait, &mut running).await });
    // An id is given once there is a run: that takes one write of the book.
    while ended.is_err() && find_run(call.desk.ledger(), &id).is_err() {
        ended = handle.block_on(async { tokio::time::timeout(LOOK_EVERY, &mut running).await });
    }
    // What was not begun has no id to ask for.
    if let Ok(Ok(Err(error))) = ended
        && find_run(call.desk.ledger(), &id).is_err()
    {
        return Err(error.into());
    }
    let standing = read::standing(call, room, &id)?;
    Ok(json!({"status": "success", "execution_id": id, "execution_status": standing}))
}

/// Puts a wish on record; whoever runs it heeds it.
pub(super) fn wished(call: &Call<'_>, room: &Workflows, asked: &Arguments, what: Wish) -> Result<Value, Error> {
    let run = find_run(call.desk.ledger(), asked.execution()?)?;
    if !run.status.is_open() {
        return Err(Error::Arguments { why: "`execution_id`: that run is over".to_owned() });
    }
    let journal = &*room.equipment.recovery.journal;
    wish(journal, &run.run_id, &run.workflow_id, what, call.actor.clone(), asked.reason.clone())?;
    let message = match what {
        Wish::Cancel => "Whoever runs it calls it off",
        Wish::Freeze => "No further step begins; a person goes on with it",
    };
    Ok(json!({"status": "success", "execution_id": run.run_id, "message": message}))
}

/// An agent can halt; a person goes on.
pub(super) fn resume(call: &Call<'_>, asked: &Arguments) -> Result<Error, Error> {
    let run = find_run(call.desk.ledger(), asked.execution()?)?;
    let command = call.desk.command(&format!("workflow resume {}", run.run_id));
    Ok(Error::PersonRequired { what: "going on with a run", command })
}
