//! An event as a record.

use sealbook_record::{Actor, ActorKind, Category, Classification, PartName, Record, Target, TargetKind, derived_id};
use serde::Serialize;

use super::agent::{Agent, Kind};
use super::event::Event;
use super::{Setting, tool};
use crate::{Gate, files};

/// What joins the records of one call, whoever saw it.
#[derive(Serialize)]
struct Metadata<'a> {
    hook: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_use_id: Option<String>,
}

/// The record that the event tells, without how it ended.
pub(super) fn record(gate: &Gate, event: &Event, setting: &Setting) -> Record {
    let agent = event.agent();
    let tool = event.tool();
    let input = event.input();
    let (action, category, target, writes) = match (&tool, event.kind()) {
        (Some(tool), _) if event.name() != "PermissionRequest" => {
            let deed = tool::deed(tool, event.of_server(), input.as_deref());
            (deed.action.to_owned(), deed.category, deed.target, deed.writes)
        }
        _ => (told_action(event.name()), category_of(event), about(event), Vec::new()),
    };
    let ledger = gate.ledger();
    let mut record = Record::event(ledger.next_id(), actor(agent, event, setting), action, target, ledger.now());
    ledger.tenant().clone_into(&mut record.tenant);
    record.category = category;
    record.session = event.session();
    record.conversation = event.text("conversation_id").filter(|_| agent == Agent::Cursor);
    record.project.clone_from(&setting.project);
    record.classification = setting.classification;
    record.source = format!("hook/{agent}");
    if matches!(event.kind(), Kind::Before | Kind::After | Kind::Denied) {
        record.operation = event.call().map(|call| {
            derived_id("hook", &format!("{agent}\0{}\0{call}", record.session.as_deref().unwrap_or_default()))
        });
    }
    if let Some(input) = input {
        record.parts.insert(PartName::Input, input);
    }
    record.parts.insert(PartName::Context, event.around());
    let metadata = Metadata { hook: event.name(), tool_name: tool.as_deref(), tool_use_id: event.text("tool_use_id") };
    record.set_part(PartName::Metadata, &metadata).expect("its keys are texts");
    if !writes.is_empty() {
        let with_content = setting.classification <= Classification::Internal;
        let states = files::look(&writes, event.cwd().as_deref(), with_content);
        let part = if event.kind() == Kind::Before { PartName::Before } else { PartName::After };
        record.parts.insert(part, files::told_as(&states));
    }
    record
}

/// Who acts: the agent, but for what its user types.
fn actor(agent: Agent, event: &Event, setting: &Setting) -> Actor {
    let is_typed =
        matches!(event.name(), "UserPromptSubmit" | "UserPromptExpansion" | "BeforeAgent" | "beforeSubmitPrompt");
    let mut actor = if is_typed {
        Actor::new(ActorKind::User, setting.on_behalf_of.clone())
    } else {
        let mut actor = Actor::new(ActorKind::Agent, agent.as_str());
        actor.on_behalf_of = Some(setting.on_behalf_of.clone());
        // A subagent is told apart by the name that its agent gives it, which is a claim.
        actor.claimed = event.text("agent_type").filter(|name| !name.is_empty());
        actor
    };
    actor.verified.clone_from(&setting.verified);
    actor
}

fn category_of(event: &Event) -> Category {
    match event.name() {
        "ConfigChange" => Category::ConfigChange,
        "PermissionRequest" => Category::AccessAttempt,
        "BeforeModel" => Category::LlmRequest,
        "subagentStart" | "SubagentStart" => Category::AgentDecision,
        _ => Category::Iteration,
    }
}

fn about(event: &Event) -> Target {
    let session = event.session().unwrap_or_else(|| "session".to_owned());
    match (event.tool(), event.text("file_path")) {
        (Some(tool), _) => Target::new(TargetKind::Tool, tool),
        (None, Some(path)) if !path.is_empty() => Target::new(TargetKind::File, path),
        _ => Target::new(TargetKind::Other, session),
    }
}

/// `UserPromptSubmit` is `agent.user_prompt_submit`.
fn told_action(event: &str) -> String {
    let mut action = "agent".to_owned();
    let mut before = '_';
    for letter in event.chars() {
        if letter.is_ascii_uppercase() && before != '_' || action == "agent" {
            action.push(if action == "agent" { '.' } else { '_' });
        }
        action.push(letter.to_ascii_lowercase());
        before = if letter.is_ascii_uppercase() { '_' } else { letter };
    }
    action
}

#[cfg(test)]
mod tests {
    use super::told_action;

    #[test]
    fn an_event_is_a_dotted_verb() {
        for (event, action) in [
            ("Stop", "agent.stop"),
            ("UserPromptSubmit", "agent.user_prompt_submit"),
            ("beforeSubmitPrompt", "agent.before_submit_prompt"),
            ("beforeMCPExecution", "agent.before_mcpexecution"),
            ("SessionStart", "agent.session_start"),
        ] {
            assert_eq!(told_action(event), action);
        }
    }
}
