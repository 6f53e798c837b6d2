//! Edits: each gives the next version.

use sealbook_flow::workflow::{Definition, NewWorkflow, NodeChange, Shelved, WorkflowError};
use serde_json::{Value, json};

use super::{Arguments, missing};
use crate::Error;
use crate::mcp::desk::Workflows;
use crate::mcp::tool::Call;

pub(super) fn create(call: &Call<'_>, room: &Workflows, asked: Arguments) -> Result<Value, Error> {
    let shelf = &room.equipment.shelf;
    let journal = &*room.equipment.recovery.journal;
    let shelved = match asked.definition {
        Some(given) => {
            let definition = Definition::read(&Value::Object(given).to_string()).map_err(flow)?;
            shelf.adopt(journal, &definition, &call.actor)?.1
        }
        None => {
            let new = NewWorkflow {
                name: asked.name.unwrap_or_else(|| "New Workflow".to_owned()),
                description: asked.description.unwrap_or_default(),
                tags: asked.tags.unwrap_or_default(),
            };
            let made = Definition::create(random(room), new, call.desk.ledger().now()).map_err(flow)?;
            shelf.put(journal, &made, "created", &call.actor, None)?
        }
    };
    Ok(made(&shelved))
}

pub(super) fn clone(call: &Call<'_>, room: &Workflows, asked: &Arguments) -> Result<Value, Error> {
    let from = room.equipment.shelf.find(asked.workflow()?)?;
    let name = asked.name.clone().unwrap_or_else(|| format!("{} (copy)", from.name()));
    let copy = from.clone_as(random(room), &name, call.desk.ledger().now()).map_err(flow)?;
    let change = format!("cloned from {}@{}", from.id(), from.version());
    let journal = &*room.equipment.recovery.journal;
    Ok(made(&room.equipment.shelf.put(journal, &copy, &change, &call.actor, None)?))
}

pub(super) fn add_node(call: &Call<'_>, room: &Workflows, asked: Arguments) -> Result<Value, Error> {
    let node_type = asked.node_type.ok_or_else(|| missing("node_type"))?;
    let name = asked.name.as_deref().unwrap_or(node_type.as_str());
    let config = asked.config.clone().unwrap_or_default();
    let (place, mut node) = (asked.position.unwrap_or_default(), String::new());
    let shelved = edited(call, room, asked.workflow()?, &format!("add {node_type}"), |it| {
        let (next, id) = it.with_node(random(room) as u32, node_type, name, &config, place)?;
        node = id;
        Ok(next)
    })?;
    Ok(json!({"status": "success", "node_id": node, "version": shelved.version, "digest": shelved.digest}))
}

pub(super) fn update_node(call: &Call<'_>, room: &Workflows, asked: Arguments) -> Result<Value, Error> {
    let (workflow, id) = (asked.workflow()?.to_owned(), asked.node()?.to_owned());
    let change = NodeChange { name: asked.name, config: asked.config, position: asked.position, metadata: None };
    let shelved = edited(call, room, &workflow, &format!("update {id}"), |it| it.with_change(&id, change))?;
    Ok(said("Node updated", &shelved))
}

pub(super) fn remove_node(call: &Call<'_>, room: &Workflows, asked: &Arguments) -> Result<Value, Error> {
    let id = asked.node()?;
    let shelved = edited(call, room, asked.workflow()?, &format!("remove {id}"), |it| it.without_node(id))?;
    Ok(said("Node removed", &shelved))
}

pub(super) fn connect(call: &Call<'_>, room: &Workflows, asked: &Arguments) -> Result<Value, Error> {
    let (from, to) = ends(asked)?;
    let branch = asked.branch.as_deref();
    let change = format!("connect {from} → {to}");
    let shelved = edited(call, room, asked.workflow()?, &change, |it| it.with_edge(from, to, branch))?;
    Ok(said("Nodes connected", &shelved))
}

pub(super) fn disconnect(call: &Call<'_>, room: &Workflows, asked: &Arguments) -> Result<Value, Error> {
    let (from, to) = ends(asked)?;
    let branch = asked.branch.as_deref();
    let change = format!("disconnect {from} → {to}");
    let shelved = edited(call, room, asked.workflow()?, &change, |it| it.without_edge(from, to, branch))?;
    Ok(said("Nodes disconnected", &shelved))
}

pub(super) fn rename(call: &Call<'_>, room: &Workflows, asked: &Arguments) -> Result<Value, Error> {
    let shelved = edited(call, room, asked.workflow()?, "rename", |it| {
        it.renamed(asked.name.as_deref(), asked.description.as_deref(), asked.tags.as_deref())
    })?;
    Ok(said("Workflow renamed", &shelved))
}

pub(super) fn delete(call: &Call<'_>, room: &Workflows, asked: &Arguments) -> Result<Value, Error> {
    let journal = &*room.equipment.recovery.journal;
    room.equipment.shelf.delete(journal, asked.workflow()?, &call.actor, asked.reason.as_deref())?;
    Ok(json!({"status": "success", "message": "Workflow deleted; its versions and runs stay on record"}))
}

fn edited(
    call: &Call<'_>,
    room: &Workflows,
    id: &str,
    change: &str,
    edit: impl FnOnce(&Definition) -> Result<Definition, WorkflowError>,
) -> Result<Shelved, Error> {
    Ok(room.equipment.shelf.edit(&*room.equipment.recovery.journal, id, change, &call.actor, edit)?)
}

fn made(shelved: &Shelved) -> Value {
    json!({
        "status": "success", "workflow_id": shelved.workflow_id, "version": shelved.version, "digest": shelved.digest,
    })
}

fn said(message: &str, shelved: &Shelved) -> Value {
    json!({"status": "success", "message": message, "version": shelved.version, "digest": shelved.digest})
}

fn ends(asked: &Arguments) -> Result<(&str, &str), Error> {
    let from = asked.source_node.as_deref().ok_or_else(|| missing("source_node"))?;
    Ok((from, asked.target_node.as_deref().ok_or_else(|| missing("target_node"))?))
}

fn random(room: &Workflows) -> u64 {
    room.equipment.recovery.random()
}

fn flow(error: WorkflowError) -> sealbook_flow::Error {
    error.into()
}
