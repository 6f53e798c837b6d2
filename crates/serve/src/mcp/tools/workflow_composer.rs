//! `workflow_composer`: the one tool of the older system for graphs of steps, with its actions and those it lacked.

mod edit;
mod execute;
mod read;

use rmcp::model::JsonObject;
use rmcp::schemars::JsonSchema;
use sealbook_flow::workflow::{NodeType, Position};
use serde::Deserialize;
use serde_json::Value;

use crate::mcp::answer::{Answer, Status, Told};
use crate::mcp::desk::Workflows;
use crate::mcp::tool::{Call, Definition, Effect, input, output};
use crate::{Error, mcp::Desk};

pub(super) static TOOL: Definition = Definition {
    name: "workflow_composer",
    title: "Workflow composer",
    about: "Make, change, explain, validate, draw and run workflows: graphs of steps whose journal is the book. Each \
            edit is a next version; a run pins the digest of its version, and each step is on record before and \
            after. Rules and stops hold for every step; approvals are given by people, never through a tool.",
    effect: Effect::Records,
    input: input::<Arguments>,
    output: output::<Answered>,
    is_gated,
    run,
};

/// What is asked, and what it needs.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[schemars(crate = "rmcp::schemars")]
#[schemars(extend("required" = ["action"]))]
#[serde(deny_unknown_fields)]
struct Arguments {
    /// What to do
    #[schemars(with = "Named")]
    #[serde(default)]
    action: Action,
    /// The workflow: an id; to read and to run also `ID@VERSION`, a digest, or its first eight digits
    workflow_id: Option<String>,
    /// create, clone, rename: what people call it; `add_node`, `update_node`: the node's name
    name: Option<String>,
    /// create, rename: what it is for
    description: Option<String>,
    /// create, rename: labels
    tags: Option<Vec<String>>,
    /// create: a whole definition, in the place of an empty one
    definition: Option<JsonObject>,
    /// `add_node`: the node's type, as `templates` lists them
    #[schemars(with = "Option<String>")]
    node_type: Option<NodeType>,
    /// `update_node`, `remove_node`: the node
    node_id: Option<String>,
    /// `add_node`, `update_node`: what the node is told, as `templates` lists it
    config: Option<JsonObject>,
    /// `add_node`, `update_node`: where it stands in a drawing
    #[schemars(with = "Option<Place>")]
    position: Option<Position>,
    /// connect, disconnect: the node that the edge leaves
    source_node: Option<String>,
    /// connect, disconnect: the node that it leads to
    target_node: Option<String>,
    /// connect, disconnect: the branch of a condition
    branch: Option<String>,
    /// execute, fork: the inputs, by their names
    inputs: Option<JsonObject>,
    /// `execution_status`, cancel, freeze, resume, fork: the run
    execution_id: Option<String>,
    /// fork: the node from which on the new run goes another way
    at_node: Option<String>,
    /// fork: call what has effects; otherwise what is on record of it is taken
    #[serde(default)]
    live: bool,
    /// explain: basic, medium or detailed; medium where nothing is said, or something else
    detail_level: Option<String>,
    /// diagram: svg, dot or mermaid
    format: Option<String>,
    /// diff: the workflow or version to compare with
    other: Option<String>,
    /// runs: how many at most, 100 where nothing is said
    limit: Option<usize>,
    /// execute, fork, cancel, freeze, delete: why
    reason: Option<String>,
    /// execute, fork: how many seconds to wait for the end, 50 at most; the run goes on after that
    wait_seconds: Option<u64>,
}

/// Where a node stands in a drawing
#[derive(JsonSchema)]
#[schemars(crate = "rmcp::schemars")]
#[expect(dead_code, reason = "the schema is made from it")]
struct Place {
    x: f64,
    y: f64,
}

/// Declares the actions twice: as they are read, where an unknown one has an answer of its own, and as clients see
/// them.
macro_rules! actions {
    ($($name:ident $word:literal $gated:literal),+ $(,)?) => {
        /// What can be asked.
        #[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
        #[serde(rename_all = "snake_case")]
        enum Action {
            $($name,)+
            /// The workflows there are
            #[default]
            List,
            #[serde(other)]
            Unknown,
        }

        #[derive(JsonSchema)]
        #[schemars(crate = "rmcp::schemars", rename = "Action")]
        #[serde(rename_all = "snake_case")]
        #[expect(dead_code, reason = "the schema is made from it")]
        enum Named {
            $($name,)+
            List,
        }

        /// Actions that change something, or have something done.
        static GATED: &[&str] = &[$(if $gated { $word } else { "" }),+];
    };
}

actions! {
    Create "create" true,
    AddNode "add_node" true,
    UpdateNode "update_node" true,
    Connect "connect" true,
    Disconnect "disconnect" true,
    RemoveNode "remove_node" true,
    Rename "rename" true,
    Clone "clone" true,
    Delete "delete" true,
    Execute "execute" true,
    Fork "fork" true,
    Cancel "cancel" true,
    Freeze "freeze" true,
    Resume "resume" true,
    Show "show" false,
    Versions "versions" false,
    Diff "diff" false,
    Explain "explain" false,
    Validate "validate" false,
    Diagram "diagram" false,
    ExecutionStatus "execution_status" false,
    Runs "runs" false,
    Templates "templates" false,
}

/// The answer of the action that was asked for: its fields are there, the others are not.
#[derive(Debug, JsonSchema)]
#[schemars(crate = "rmcp::schemars")]
#[expect(dead_code, reason = "the schema is made from it")]
struct Answered {
    status: Status,
    /// create, clone
    #[schemars(skip_serializing_if = "Option::is_none")]
    workflow_id: Option<String>,
    /// `add_node`
    #[schemars(skip_serializing_if = "Option::is_none")]
    node_id: Option<String>,
    /// What was done, in words
    #[schemars(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    /// The version that it made
    #[schemars(skip_serializing_if = "Option::is_none")]
    version: Option<u64>,
    /// The digest of that
    #[schemars(skip_serializing_if = "Option::is_none")]
    digest: Option<String>,
    /// execute, fork
    #[schemars(skip_serializing_if = "Option::is_none")]
    execution_id: Option<String>,
    /// execute, fork, `execution_status`: how the run stands
    #[schemars(skip_serializing_if = "Option::is_none")]
    execution_status: Option<Told>,
    /// `execution_status`: how a person answers what waits
    #[schemars(skip_serializing_if = "Option::is_none")]
    how_to_decide: Option<String>,
    /// explain
    #[schemars(skip_serializing_if = "Option::is_none")]
    explanation: Option<String>,
    /// validate: `valid`, `errors`, `warnings`, `suggestions`, `not_undoable`
    #[schemars(skip_serializing_if = "Option::is_none")]
    validation: Option<Told>,
    /// diagram: the drawing itself
    #[schemars(skip_serializing_if = "Option::is_none")]
    diagram: Option<String>,
    /// diagram: null, since nothing is written to a file
    #[schemars(skip_serializing_if = "Option::is_none")]
    diagram_path: Option<String>,
    /// diagram: svg, dot or mermaid
    #[schemars(skip_serializing_if = "Option::is_none")]
    format: Option<String>,
    /// diff: fields, added, removed, changed, connected, disconnected
    #[schemars(skip_serializing_if = "Option::is_none")]
    diff: Option<Told>,
    /// show: the definition
    #[schemars(skip_serializing_if = "Option::is_none")]
    workflow: Option<Told>,
    /// versions, oldest first
    #[schemars(skip_serializing_if = "Option::is_none")]
    versions: Option<Vec<Told>>,
    /// list: each with `workflow_id`, `name`, `description`, `node_count`, `created_at`, `version`
    #[schemars(skip_serializing_if = "Option::is_none")]
    workflows: Option<Vec<Told>>,
    /// list: records of versions that cannot be read, and why
    #[schemars(skip_serializing_if = "Option::is_none")]
    unread: Option<Vec<Told>>,
    /// runs, the one that began last first
    #[schemars(skip_serializing_if = "Option::is_none")]
    executions: Option<Vec<Told>>,
    /// templates: the types of nodes, and what each is told
    #[schemars(skip_serializing_if = "Option::is_none")]
    templates: Option<Vec<Told>>,
}

/// What changes something passes the gate, and so does what nobody knows.
fn is_gated(arguments: &JsonObject) -> bool {
    arguments.get("action").and_then(Value::as_str).is_some_and(|action| GATED.contains(&action))
}

fn run(call: &Call<'_>) -> Result<Answer, Error> {
    let asked: Arguments = call.read()?;
    let room = room(call.desk)?;
    let told = match asked.action {
        Action::Create => edit::create(call, room, asked)?,
        Action::AddNode => edit::add_node(call, room, asked)?,
        Action::UpdateNode => edit::update_node(call, room, asked)?,
        Action::Connect => edit::connect(call, room, &asked)?,
        Action::Disconnect => edit::disconnect(call, room, &asked)?,
        Action::RemoveNode => edit::remove_node(call, room, &asked)?,
        Action::Rename => edit::rename(call, room, &asked)?,
        Action::Clone => edit::clone(call, room, &asked)?,
        Action::Delete => edit::delete(call, room, &asked)?,
        Action::Execute => execute::execute(call, room, asked)?,
        Action::Fork => execute::fork(call, room, asked)?,
        Action::Cancel => execute::wished(call, room, &asked, sealbook_flow::workflow::Wish::Cancel)?,
        Action::Freeze => execute::wished(call, room, &asked, sealbook_flow::workflow::Wish::Freeze)?,
        Action::Resume => return Err(execute::resume(call, &asked)?),
        Action::Show => read::show(room, &asked)?,
        Action::Versions => read::versions(room, &asked)?,
        Action::Diff => read::diff(room, &asked)?,
        Action::Explain => read::explain(room, &asked)?,
        Action::Validate => read::validate(room, &asked)?,
        Action::Diagram => read::diagram(room, &asked)?,
        Action::ExecutionStatus => read::execution_status(call, room, &asked)?,
        Action::Runs => read::runs(call, &asked)?,
        Action::Templates => read::templates(),
        Action::List => read::list(room)?,
        Action::Unknown => return Err(Error::UnknownWorkflowAction),
    };
    Ok(Answer::of(&told))
}

/// Whether this server has the composer.
pub(super) fn is_there(desk: &Desk) -> bool {
    desk.setup.workflows.is_some()
}

fn room(desk: &Desk) -> Result<&Workflows, Error> {
    desk.setup.workflows.as_ref().ok_or(Error::ComposerOff)
}

fn missing(field: &str) -> Error {
    Error::Arguments { why: format!("`{field}` is missing") }
}

impl Arguments {
    fn workflow(&self) -> Result<&str, Error> {
        self.workflow_id.as_deref().ok_or_else(|| missing("workflow_id"))
    }

    fn execution(&self) -> Result<&str, Error> {
        self.execution_id.as_deref().ok_or_else(|| missing("execution_id"))
    }

    fn node(&self) -> Result<&str, Error> {
        self.node_id.as_deref().ok_or_else(|| missing("node_id"))
    }
}
