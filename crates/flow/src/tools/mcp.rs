//! Tools of MCP servers, over standard input and output or Streamable HTTP, by the protocol's official library.
//!
//! What a server says of a tool is a hint until the configuration says otherwise: whether it only reads, whether
//! twice is as once. It is digested, and a call goes to that definition only. A server is asked for nothing but its
//! tools; what it wants of us (files, a model, a person) it does not get.

mod background;
mod ear;
mod launch;
mod server;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use rmcp::model::{CallToolResult, JsonObject};
use sealbook_record::Category;
use serde_json::{Map, Value, json};

pub use self::launch::{Launch, Launched, McpProgram};
use self::server::Server;
pub(super) use self::server::Way;
use super::undo::ToolUndo;
use crate::canonical;
use crate::tool::{Compensation, Deed, Effect, Reversal, Tool, ToolCall, ToolInfo, ToolSource};
use crate::{Error, Fault, Pending, Schema};

/// Tools of one server.
const TOOLS_MAX: usize = 1_000;
const DESCRIPTION_BYTES_MAX: usize = 64 << 10;

/// What the configuration says of a tool.
#[derive(Clone, Default)]
pub(super) struct Own {
    pub(super) effect: Option<Effect>,
    pub(super) undo: Option<ToolUndo>,
}

/// A server, and what the configuration says of its tools.
pub(super) struct McpServer {
    server: Arc<Server>,
    own: BTreeMap<String, Own>,
    /// What it says of effects counts where the configuration says nothing.
    heeds_hints: bool,
    /// Only these of its tools, where some are named.
    only: Option<Vec<String>>,
}

/// One tool of a server.
struct McpTool {
    info: ToolInfo,
    server: Arc<Server>,
    /// Its name there.
    name: String,
    /// Of all that the server said of it.
    digest: String,
    undo: Option<ToolUndo>,
}

impl McpServer {
    /// Errors: [`Error::ToolInvalid`].
    pub(super) fn new(
        name: &str,
        way: Way,
        timeout: Duration,
        own: BTreeMap<String, Own>,
        heeds_hints: bool,
        only: Option<Vec<String>>,
    ) -> Result<Self, Error> {
        let invalid = |why| Error::ToolInvalid { tool: name.to_owned(), why };
        if own.values().any(|it| it.effect == Some(Effect::Probeable)) {
            return Err(invalid("`effect` is `probeable`, and an MCP server cannot be asked what became of a call"));
        }
        let server = Arc::new(Server::new(name, way, timeout).map_err(invalid)?);
        Ok(Self { server, own, heeds_hints, only })
    }

    fn tool(&self, said: &rmcp::model::Tool) -> Result<McpTool, String> {
        let name = said.name.to_string();
        let what = format!("its tool `{}`", name.chars().take(64).filter(|c| !c.is_control()).collect::<String>());
        let description = said.description.as_deref().unwrap_or_default();
        if description.len() > DESCRIPTION_BYTES_MAX {
            return Err(format!("{what} has a description of more than {DESCRIPTION_BYTES_MAX} bytes"));
        }
        let own = self.own.get(&name).cloned().unwrap_or_default();
        let effect = own.effect.unwrap_or_else(|| if self.heeds_hints { hinted(said) } else { Effect::Unsafe });
        let reversal = match (&own.undo, effect.is_harmless()) {
            (_, true) => Reversal::Nothing,
            (Some(_), false) => Reversal::Call,
            (None, false) => Reversal::Irreversible,
        };
        let schema = |of: &JsonObject| Schema::new(Value::Object(of.clone())).map_err(|why| format!("{what}: {why}"));
        let info = ToolInfo {
            name: format!("{}/{name}", self.server.name()),
            description: description.to_owned(),
            backend: self.server.backend(),
            effect,
            reversal,
            input: schema(&said.input_schema)?,
            output: said.output_schema.as_deref().map(schema).transpose()?,
        };
        Ok(McpTool { info, server: Arc::clone(&self.server), name, digest: digest(said), undo: own.undo })
    }
}

impl ToolSource for McpServer {
    fn name(&self) -> &str {
        self.server.name()
    }

    fn backend(&self) -> String {
        self.server.backend()
    }

    fn tools(&self) -> Result<Vec<Arc<dyn Tool>>, String> {
        let said = self.server.list().map_err(|fault| fault.to_string())?;
        let is_wanted = |name: &str| self.only.as_ref().is_none_or(|only| only.iter().any(|it| it == name));
        if let Some(missing) = self.only.iter().flatten().find(|name| !said.iter().any(|it| it.name == **name)) {
            return Err(format!("it has no tool `{missing}`, which `only` names in its configuration"));
        }
        let tools = said.iter().filter(|it| is_wanted(&it.name));
        tools.map(|it| Ok(Arc::new(self.tool(it)?) as Arc<dyn Tool>)).collect()
    }
}

impl Tool for McpTool {
    fn info(&self) -> &ToolInfo {
        &self.info
    }

    fn deed(&self, _: &Value) -> Deed {
        let (effect, reversal) = (self.info.effect, self.info.reversal);
        Deed { action: "mcp.call".to_owned(), category: Category::ToolCall, effect, reversal }
    }

    fn call<'a>(&'a self, call: &'a ToolCall<'a>) -> Pending<'a, Result<Value, Fault>> {
        Box::pin(async move {
            let Value::Object(given) = call.input else {
                return Err(Fault::permanent("the tools of MCP servers take an object"));
            };
            let answer = self.server.call(&self.name, &self.digest, given.clone(), call.left).await?;
            result(answer, self.info.output.is_some())
        })
    }

    fn compensation(&self, input: &Value, result: &Value) -> Compensation {
        match (&self.undo, self.info.reversal) {
            (_, Reversal::Nothing) => Compensation::Nothing,
            (Some(undo), _) => undo.bind(input, result),
            (None, _) => Compensation::Irreversible { why: "nothing is declared that takes it back".to_owned() },
        }
    }
}

/// What a tool gives: what its schema describes, where it has one; else the content, and data where there are some.
fn result(answer: CallToolResult, has_schema: bool) -> Result<Value, Fault> {
    if answer.is_error == Some(true) {
        return Err(Fault::permanent("the tool says that it failed"));
    }
    if let Some(data) = &answer.structured_content
        && has_schema
    {
        return Ok(data.clone());
    }
    let mut given = Map::new();
    let content = serde_json::to_value(&answer.content).unwrap_or_default();
    given.insert("content".to_owned(), content);
    if let Some(data) = answer.structured_content {
        given.insert("data".to_owned(), data);
    }
    Ok(Value::Object(given))
}

/// What a server says that a tool does. It may be wrong: the configuration decides.
fn hinted(said: &rmcp::model::Tool) -> Effect {
    let hints = said.annotations.as_ref();
    let says = |hint: Option<bool>| hint == Some(true);
    if says(hints.and_then(|it| it.read_only_hint)) {
        Effect::Read
    } else if says(hints.and_then(|it| it.idempotent_hint)) {
        Effect::Idempotent
    } else {
        Effect::Unsafe
    }
}

/// Over what a server says of a tool that decides how it is called.
fn digest(said: &rmcp::model::Tool) -> String {
    canonical::digest(&json!({
        "name": said.name,
        "description": said.description,
        "input": *said.input_schema,
        "output": said.output_schema.as_deref(),
        "annotations": said.annotations,
    }))
}
