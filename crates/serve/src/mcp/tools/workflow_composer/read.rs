//! What there is to say of workflows and runs.

use sealbook_flow::workflow::{self, Detail, DiagramFormat, node_templates};
use sealbook_report::{RunDetail, RunList};
use serde_json::{Value, json};

use super::{Arguments, missing};
use crate::Error;
use crate::mcp::answer::Told;
use crate::mcp::desk::Workflows;
use crate::mcp::tool::Call;

pub(super) fn list(room: &Workflows) -> Result<Value, Error> {
    let (workflows, unread) = room.equipment.shelf.list()?;
    let seconds = |at: sealbook_record::Timestamp| at.as_micros() as f64 / 1e6;
    let workflows: Vec<Value> = workflows
        .iter()
        .map(|it| {
            json!({
                "workflow_id": it.workflow_id, "name": it.name, "description": it.description,
                "node_count": it.node_count, "created_at": it.created_at.map(seconds), "version": it.version,
                "digest": it.digest, "tags": it.tags,
            })
        })
        .collect();
    let mut told = json!({"status": "success", "workflows": workflows});
    if !unread.is_empty() {
        told["unread"] = json!(unread);
    }
    Ok(told)
}

pub(super) fn show(room: &Workflows, asked: &Arguments) -> Result<Value, Error> {
    let definition = room.equipment.shelf.find(asked.workflow()?)?;
    Ok(json!({"status": "success", "workflow": definition.to_listed_json(), "digest": definition.digest()}))
}

pub(super) fn versions(room: &Workflows, asked: &Arguments) -> Result<Value, Error> {
    Ok(json!({"status": "success", "versions": room.equipment.shelf.versions(asked.workflow()?)?}))
}

pub(super) fn diff(room: &Workflows, asked: &Arguments) -> Result<Value, Error> {
    let shelf = &room.equipment.shelf;
    let other = asked.other.as_deref().ok_or_else(|| missing("other"))?;
    let diff = workflow::diff(&shelf.find(asked.workflow()?)?, &shelf.find(other)?);
    Ok(json!({"status": "success", "diff": diff}))
}

pub(super) fn explain(room: &Workflows, asked: &Arguments) -> Result<Value, Error> {
    let definition = room.equipment.shelf.find(asked.workflow()?)?;
    let detail = Detail::of_word(asked.detail_level.as_deref().unwrap_or("medium"));
    let text = workflow::explain(&definition, detail, Some(&*room.equipment.tools));
    Ok(json!({"status": "success", "explanation": text}))
}

pub(super) fn validate(room: &Workflows, asked: &Arguments) -> Result<Value, Error> {
    let definition = room.equipment.shelf.find(asked.workflow()?)?;
    let validation = workflow::validate(&definition, Some(&*room.equipment.tools));
    Ok(json!({"status": "success", "validation": validation}))
}

pub(super) fn diagram(room: &Workflows, asked: &Arguments) -> Result<Value, Error> {
    if !room.diagrams {
        return Err(Error::Arguments { why: "diagrams are off here (`VISUAL_DIAGRAMS_ENABLED`)".to_owned() });
    }
    let word = asked.format.as_deref().unwrap_or("svg");
    let unknown = || Error::Arguments { why: "`format` is svg, dot or mermaid".to_owned() };
    let format = DiagramFormat::of_word(word).ok_or_else(unknown)?;
    let definition = room.equipment.shelf.find(asked.workflow()?)?;
    let drawn = workflow::diagram(&definition, format).map_err(sealbook_flow::Error::from)?;
    Ok(json!({"status": "success", "diagram_path": null, "format": word, "diagram": drawn}))
}

pub(super) fn execution_status(call: &Call<'_>, room: &Workflows, asked: &Arguments) -> Result<Value, Error> {
    let id = asked.execution()?;
    let mut told = json!({"status": "success", "execution_status": standing(call, room, id)?});
    let [approve, deny] = ["approve REQUEST", "deny REQUEST"].map(|words| call.desk.command(words));
    if told["execution_status"]["waiting"].as_array().is_some_and(|waiting| !waiting.is_empty()) {
        told["how_to_decide"] = json!(format!(
            "only a person decides, with the approver's passphrase: `{approve}` or `{deny}` in a terminal, with the \
             id of the request; no tool can do it"
        ));
    }
    Ok(told)
}

/// How a run stands.
pub(super) fn standing(call: &Call<'_>, room: &Workflows, id: &str) -> Result<Told, Error> {
    let ledger = call.desk.ledger();
    let run = workflow::find_run(ledger, id)?;
    let definition = room.equipment.shelf.find(&run.digest)?;
    let waiting = if run.status.is_open() { waiting(call, &run.run_id)? } else { Vec::new() };
    Ok(Told::view(&RunDetail { run: &run, definition: &definition, now: ledger.now(), waiting: &waiting }))
}

fn waiting(call: &Call<'_>, run_id: &str) -> Result<Vec<String>, Error> {
    let now = call.desk.ledger().now();
    let open: Vec<(u64, String)> = {
        let state = call.desk.state()?;
        let waits = sealbook_policy::ApprovalState::Waiting;
        let open = state.approvals().iter().filter(|it| it.state(now) == waits && it.call.server == "workflow");
        open.map(|it| (it.seq, it.id.to_string())).collect()
    };
    let mut found = Vec::new();
    for (seq, id) in open {
        let stored = call.desk.ledger().reader()?.record(seq)?;
        if stored.record.is_some_and(|record| record.tags.iter().any(|tag| tag == run_id)) {
            found.push(id);
        }
    }
    Ok(found)
}

pub(super) fn runs(call: &Call<'_>, asked: &Arguments) -> Result<Value, Error> {
    let limit = asked.limit.unwrap_or(100).clamp(1, 1_000);
    let (runs, more) = workflow::runs(call.desk.ledger(), asked.workflow_id.as_deref(), &[], limit)?;
    Ok(json!({"status": "success", "executions": Told::list(&RunList { runs: &runs, more })}))
}

pub(super) fn templates() -> Value {
    json!({"status": "success", "templates": node_templates()})
}
