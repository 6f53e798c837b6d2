//! The semantic conventions for generative AI and for MCP: which call a span or an event tells of.
//!
//! Names of version 1.41 and, where they differ, those of 1.36 and before, which many programs still send.

use sealbook_record::{Actor, ActorKind, Category, PartName, Record, Target, TargetKind};
use serde_json::{Map, Value, json};

use super::attributes::{Attributes, content};
use super::{About, From};

/// What names of calls, models, tools and agents stand under.
const OPERATION: &[&str] = &["gen_ai.operation.name"];
const PROVIDER: &[&str] = &["gen_ai.provider.name", "gen_ai.system"];
const MODEL: &[&str] = &["gen_ai.request.model", "gen_ai.response.model"];
const TOOL: &[&str] = &["gen_ai.tool.name", "mcp.tool.name"];
const AGENT: &[&str] = &["gen_ai.agent.name", "gen_ai.agent.id"];
const METHOD: &[&str] = &["mcp.method.name"];

/// What a span or an event is about.
pub(super) struct Deed {
    pub(super) action: String,
    pub(super) category: Category,
    pub(super) target: Target,
}

/// Which call it tells of, where it tells of one.
pub(super) fn deed(attributes: &Attributes) -> Option<Deed> {
    let operation = attributes.text(OPERATION);
    let method = attributes.text(METHOD);
    let deed = |action: &str, category, target| Some(Deed { action: action.to_owned(), category, target });
    match (operation.as_deref(), method.as_deref()) {
        (_, Some("tools/call")) => deed("tools.call", Category::McpCall, tool(attributes)),
        (_, Some(method)) => {
            let target = Target::new(TargetKind::Service, server(attributes).unwrap_or_else(|| "mcp".to_owned()));
            deed(&crate::mcp::action_of_either(method), Category::McpCall, target)
        }
        (Some("execute_tool"), None) => deed("tool.call", Category::ToolCall, tool(attributes)),
        (Some(name @ ("invoke_agent" | "create_agent" | "invoke_workflow" | "plan")), None) => {
            let kind = if name == "invoke_workflow" { TargetKind::Workflow } else { TargetKind::Service };
            let named = attributes.text(&["gen_ai.workflow.name"]).or_else(|| attributes.text(AGENT));
            let target = Target::new(kind, named.unwrap_or_else(|| "unnamed".to_owned()));
            deed(&format!("agent.{}", plain(name)), Category::AgentDecision, target)
        }
        (Some(name), None) => deed(&format!("model.{}", plain(name)), Category::LlmRequest, model(attributes)),
        (None, None) if attributes.text(TOOL).is_some() => deed("tool.call", Category::ToolCall, tool(attributes)),
        (None, None) if attributes.text(MODEL).is_some() => deed("model.call", Category::LlmRequest, model(attributes)),
        (None, None) => None,
    }
}

/// Moves what went in and out, and what it cost, from the attributes to where a record has it.
pub(super) fn fill(record: &mut Record, attributes: &mut Attributes) -> Map<String, Value> {
    let mut parts = [
        (PartName::Input, attributes.take(&["gen_ai.tool.call.arguments", "gen_ai.input.messages", "gen_ai.prompt"])),
        (
            PartName::Result,
            attributes.take(&["gen_ai.tool.call.result", "gen_ai.output.messages", "gen_ai.completion"]),
        ),
    ];
    for (name, value) in &mut parts {
        if let Some(value) = value.take() {
            record.set_part(*name, &content(value)).expect("JSON is JSON");
        }
    }
    let mut told = Map::new();
    let mut usage = attributes.take_all("gen_ai.usage.");
    for (old, new) in [("prompt_tokens", "input_tokens"), ("completion_tokens", "output_tokens")] {
        if let Some(count) = usage.remove(old) {
            usage.entry(new).or_insert(count);
        }
    }
    if !usage.is_empty() {
        told.insert("usage".to_owned(), Value::Object(usage));
    }
    for (name, of) in [("request", "gen_ai.request."), ("response", "gen_ai.response.")] {
        let of = attributes.take_all(of);
        if !of.is_empty() {
            told.insert(name.to_owned(), Value::Object(of));
        }
    }
    if let Some(call) = attributes.text(&["gen_ai.tool.call.id"]) {
        told.insert("tool_call".to_owned(), json!(call));
    }
    told
}

/// Who acts: the agent that is named, else the service. Both are what the sender says; only the sender is verified.
pub(super) fn actor(attributes: &Attributes, from: &From<'_>, about: &About<'_>) -> Actor {
    let service = from.resource.text(&["service.name"]).filter(|name| !name.starts_with("unknown_service"));
    let agent = attributes.text(AGENT);
    let kind = if agent.is_some() { ActorKind::Agent } else { ActorKind::Service };
    let mut actor = match agent.or_else(|| service.clone()) {
        Some(id) => Actor::new(kind, id),
        None => Actor::unknown(),
    };
    actor.claimed = service.or_else(|| Some(actor.id.clone())).filter(|_| actor.kind != ActorKind::Unknown);
    actor.on_behalf_of = attributes.text(&["user.id", "enduser.id"]);
    actor.verified = about.sender.map(|sender| format!("sender:{sender}"));
    actor
}

/// `SERVER/TOOL` where the server is named, else the tool.
fn tool(attributes: &Attributes) -> Target {
    let tool = attributes.text(TOOL).unwrap_or_else(|| "unnamed".to_owned());
    let id = server(attributes).map_or_else(|| tool.clone(), |server| format!("{server}/{tool}"));
    Target::new(TargetKind::Tool, id)
}

fn server(attributes: &Attributes) -> Option<String> {
    attributes.text(&["mcp.server.name"])
}

fn model(attributes: &Attributes) -> Target {
    let model = attributes.text(MODEL).unwrap_or_else(|| "unnamed".to_owned());
    let id = attributes.text(PROVIDER).map_or_else(|| model.clone(), |provider| format!("{provider}/{model}"));
    Target::new(TargetKind::Model, id)
}

/// A word of a dotted verb.
pub(super) fn plain(name: &str) -> String {
    let letter =
        |c: char| if c.is_ascii_alphanumeric() || matches!(c, '_' | '-') { c.to_ascii_lowercase() } else { '_' };
    name.chars().take(100).map(letter).collect()
}
