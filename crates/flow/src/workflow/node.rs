//! A node: its id, its name, its type and what that type is told.

mod agent;
mod approval;
mod condition;
mod input;
mod merge;
mod output;
mod parallel;
mod repeat;
mod saga;
mod sub;
mod tool;
mod transform;
mod wait;

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub use self::agent::{Agent, AgentType};
pub use self::approval::Approval;
pub use self::condition::{Condition, ConditionType};
pub use self::input::{Input, InputType};
pub use self::merge::{Join, Merge, Reducer};
pub use self::output::{Output, OutputFormat};
pub use self::parallel::Parallel;
pub use self::repeat::{Excess, Loop};
pub use self::saga::Saga;
pub(super) use self::saga::named;
pub use self::sub::SubWorkflow;
pub use self::tool::{Tool, Undo};
pub use self::transform::{Transform, TransformConfig, TransformType};
pub use self::wait::Wait;
pub(super) use self::wait::lasting;
use super::bounds::step;
use super::error::shown;
use super::uses::Uses;

/// What a node is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum NodeType {
    /// Takes a value from outside.
    Input,
    /// Gives a value to the outside.
    Output,
    /// A language model works on a task.
    Agent,
    /// A tool is called.
    Tool,
    /// One of two branches is taken.
    Condition,
    /// Steps are repeated for each element of a list.
    Loop,
    /// Several branches begin at once.
    Parallel,
    /// Branches come together.
    Merge,
    /// Data changes its form.
    Transform,
    /// A person says yes or no.
    Approval,
    /// Another workflow is run.
    Workflow,
    /// Time passes.
    Wait,
    /// Steps that are all done, or taken back.
    Saga,
}

impl NodeType {
    /// All of them, in the order in which they are listed.
    pub const ALL: [Self; 13] = [
        Self::Input,
        Self::Output,
        Self::Agent,
        Self::Tool,
        Self::Condition,
        Self::Loop,
        Self::Parallel,
        Self::Merge,
        Self::Transform,
        Self::Approval,
        Self::Workflow,
        Self::Wait,
        Self::Saga,
    ];

    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Input => "input",
            Self::Output => "output",
            Self::Agent => "agent",
            Self::Tool => "tool",
            Self::Condition => "condition",
            Self::Loop => "loop",
            Self::Parallel => "parallel",
            Self::Merge => "merge",
            Self::Transform => "transform",
            Self::Approval => "approval",
            Self::Workflow => "workflow",
            Self::Wait => "wait",
            Self::Saga => "saga",
        }
    }
}

impl std::fmt::Display for NodeType {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

/// What a node is told, by its type.
#[derive(Debug, Clone, PartialEq)]
#[expect(missing_docs, reason = "each is named as its type, and told there")]
pub enum Config {
    Input(Input),
    Output(Output),
    Agent(Agent),
    Tool(Tool),
    Condition(Condition),
    Loop(Loop),
    Parallel(Parallel),
    Merge(Merge),
    Transform(Transform),
    Approval(Approval),
    Workflow(SubWorkflow),
    Wait(Wait),
    Saga(Saga),
}

/// Does the same with whatever a config holds.
macro_rules! each {
    ($config:expr, $it:ident => $do:expr) => {
        match $config {
            Config::Input($it) => $do,
            Config::Output($it) => $do,
            Config::Agent($it) => $do,
            Config::Tool($it) => $do,
            Config::Condition($it) => $do,
            Config::Loop($it) => $do,
            Config::Parallel($it) => $do,
            Config::Merge($it) => $do,
            Config::Transform($it) => $do,
            Config::Approval($it) => $do,
            Config::Workflow($it) => $do,
            Config::Wait($it) => $do,
            Config::Saga($it) => $do,
        }
    };
}

impl Config {
    fn read(node_type: NodeType, config: Value) -> Result<Self, String> {
        let config = match node_type {
            NodeType::Input => Self::Input(typed(config)?),
            NodeType::Output => Self::Output(typed(config)?),
            NodeType::Agent => Self::Agent(typed(config)?),
            NodeType::Tool => Self::Tool(typed(config)?),
            NodeType::Condition => Self::Condition(typed(config)?),
            NodeType::Loop => Self::Loop(typed(config)?),
            NodeType::Parallel => Self::Parallel(typed(config)?),
            NodeType::Merge => Self::Merge(typed(config)?),
            NodeType::Transform => Self::Transform(typed(config)?),
            NodeType::Approval => Self::Approval(typed(config)?),
            NodeType::Workflow => Self::Workflow(typed(config)?),
            NodeType::Wait => Self::Wait(typed(config)?),
            NodeType::Saga => Self::Saga(typed(config)?),
        };
        each!(&config, it => it.bounds())?;
        Ok(config)
    }

    /// The type that it belongs to.
    pub const fn node_type(&self) -> NodeType {
        match self {
            Self::Input(_) => NodeType::Input,
            Self::Output(_) => NodeType::Output,
            Self::Agent(_) => NodeType::Agent,
            Self::Tool(_) => NodeType::Tool,
            Self::Condition(_) => NodeType::Condition,
            Self::Loop(_) => NodeType::Loop,
            Self::Parallel(_) => NodeType::Parallel,
            Self::Merge(_) => NodeType::Merge,
            Self::Transform(_) => NodeType::Transform,
            Self::Approval(_) => NodeType::Approval,
            Self::Workflow(_) => NodeType::Workflow,
            Self::Wait(_) => NodeType::Wait,
            Self::Saga(_) => NodeType::Saga,
        }
    }

    /// It as JSON, with every default written out.
    pub fn to_json(&self) -> Value {
        each!(self, it => serde_json::to_value(it)).expect("its keys are texts")
    }

    /// What its templates and expressions read, and what is wrong with them.
    pub(super) fn uses(&self, uses: &mut Uses) {
        each!(self, it => it.uses(uses));
    }

    /// What it does, as the end of a sentence that begins with the node's name.
    pub(super) fn tells(&self) -> String {
        each!(self, it => it.tells())
    }

    /// Whether all that it does is computed from what is on record, so that doing it again gives the same.
    pub(super) const fn is_computed(&self) -> bool {
        matches!(
            self,
            Self::Input(_)
                | Self::Output(_)
                | Self::Condition(_)
                | Self::Parallel(_)
                | Self::Merge(_)
                | Self::Transform(_)
        )
    }

    /// Whether it lasts, and can be left and gone on with.
    pub(super) const fn waits(&self) -> bool {
        matches!(self, Self::Wait(_) | Self::Approval(_) | Self::Workflow(_) | Self::Loop(_))
    }

    /// Nodes that lie within it.
    pub fn body(&self) -> &[Node] {
        match self {
            Self::Loop(it) => &it.loop_body,
            Self::Saga(it) => &it.saga_body,
            _ => &[],
        }
    }
}

/// Where a node stands in a drawing that a person made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "x and y are x and y")]
pub struct Position {
    pub x: f64,
    pub y: f64,
}

/// A step of a workflow.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Form", into = "Form")]
pub struct Node {
    /// What others call it by: `nodes.<node_id>` is what it gave.
    pub node_id: String,
    /// What people call it by.
    pub name: String,
    /// Its type, and what that is told.
    pub config: Config,
    /// Where a person put it.
    pub position: Position,
    /// What else there is to say of it. It is kept, and means nothing here.
    pub metadata: Map<String, Value>,
    /// Ids that were given in the older form, until they are edges.
    pub(super) listed: Listed,
}

/// Edges in the older form, at their ends.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Listed {
    pub(super) inputs: Vec<String>,
    pub(super) outputs: Vec<String>,
}

/// A node as it is written.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Form {
    node_id: String,
    name: String,
    node_type: NodeType,
    #[serde(default)]
    config: Map<String, Value>,
    #[serde(default, skip_serializing)]
    inputs: Vec<String>,
    #[serde(default, skip_serializing)]
    outputs: Vec<String>,
    #[serde(default)]
    position: Position,
    #[serde(default)]
    metadata: Map<String, Value>,
}

impl TryFrom<Form> for Node {
    type Error = String;

    fn try_from(mut form: Form) -> Result<Self, String> {
        form.config.values_mut().chain(form.metadata.values_mut()).for_each(crate::canonical::settle);
        check_id("/node_id", &form.node_id)?;
        check_text("/name", &form.name, NAME_BYTES_MAX)?;
        if form.name.trim().is_empty() {
            return Err("/name: a node has a name; people know it by that".to_owned());
        }
        let config = Config::read(form.node_type, Value::Object(form.config)).map_err(|why| within("/config", &why))?;
        let (node_id, name, position, metadata) = (form.node_id, form.name, form.position, form.metadata);
        let listed = Listed { inputs: form.inputs, outputs: form.outputs };
        Ok(Self { node_id, name, config, position, metadata, listed })
    }
}

impl From<Node> for Form {
    fn from(node: Node) -> Self {
        let Value::Object(config) = node.config.to_json() else { unreachable!("a struct is a map") };
        Self {
            node_id: node.node_id,
            name: node.name,
            node_type: node.config.node_type(),
            config,
            inputs: node.listed.inputs,
            outputs: node.listed.outputs,
            position: node.position,
            metadata: node.metadata,
        }
    }
}

pub(super) const NAME_BYTES_MAX: usize = 256;
/// A template, an expression, a message.
pub(super) const TEXT_BYTES_MAX: usize = 16_384;
const ID_BYTES_MAX: usize = 64;
/// A month: longer is no step of a run.
const SECONDS_MAX: u64 = 31 * 24 * 3_600;
const RETRIES_MAX: u32 = 20;

/// Ids stand in expressions, so they are names there: a letter or `_`, then letters, digits and `_`.
pub(super) fn check_id(at: &str, id: &str) -> Result<(), String> {
    let begins = id.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    if begins && id.len() <= ID_BYTES_MAX && id.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
        return Ok(());
    }
    Err(format!("{at}: `{}` is no id; take letters, digits and `_`, {ID_BYTES_MAX} at most, no digit first", shown(id)))
}

pub(super) fn check_text(at: &str, text: &str, limit: usize) -> Result<(), String> {
    if text.len() > limit {
        return Err(format!("{at}: {} bytes, where {limit} may be; shorten it", text.len()));
    }
    Ok(())
}

fn check_seconds(at: &str, seconds: Option<u64>) -> Result<(), String> {
    match seconds {
        Some(seconds) if !(1..=SECONDS_MAX).contains(&seconds) => {
            Err(format!("{at}: {seconds} seconds; say a time between 1 second and 31 days"))
        }
        _ => Ok(()),
    }
}

fn check_retries(count: u32) -> Result<(), String> {
    if count > RETRIES_MAX {
        return Err(format!("/retry_count: {count} retries; {RETRIES_MAX} at most"));
    }
    Ok(())
}

/// Reads a value as this type; what is wrong begins with where: `/place: why`.
pub(super) fn typed<T: DeserializeOwned>(value: Value) -> Result<T, String> {
    serde_path_to_error::deserialize(value).map_err(|error| placed(error.path(), &error.inner().to_string()))
}

/// What serde says, after its place, without the value that it says it of.
pub(super) fn placed(path: &serde_path_to_error::Path, why: &str) -> String {
    let at = path.iter().fold(String::new(), |at, segment| match segment {
        serde_path_to_error::Segment::Seq { index } => format!("{at}/{index}"),
        serde_path_to_error::Segment::Map { key } => format!("{at}/{}", step(key)),
        _ => at,
    });
    let why = match why.rsplit_once(", expected ") {
        Some((before, expected)) if before.starts_with("invalid") => Cow::Owned(format!("this is not {expected}")),
        _ => Cow::Borrowed(why),
    };
    within(&at, &why)
}

/// Puts a place before what is wrong, which may begin with a place of its own.
pub(super) fn within(at: &str, why: &str) -> String {
    if why.starts_with('/') { format!("{at}{why}") } else { format!("{at}: {why}") }
}
