//! The protocol's side: what the server says of itself, and how a call reaches its tool.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CompleteRequestMethod, CompleteRequestParams, CompleteResult,
    Implementation, ListPromptsRequestMethod, ListPromptsResult, ListResourceTemplatesRequestMethod,
    ListResourceTemplatesResult, ListResourcesRequestMethod, ListResourcesResult, ListToolsResult,
    PaginatedRequestParams, ProgressNotificationParam, ProgressToken, ProtocolVersion, ServerCapabilities,
    ServerConfig, Tool,
};
use rmcp::service::{Peer, RequestContext};
use rmcp::{ErrorData, RoleServer, ServerHandler};
use tokio::sync::watch::Receiver;

use super::answer::{Answer, refusal};
use super::tool::{Call, Definition};
use super::watch::{Reached, Watch};
use super::{Desk, caller, tools};
use crate::Error;

/// Between two notifications of how far a tool is.
const PROGRESS_EVERY: Duration = Duration::from_millis(100);

const INSTRUCTIONS: &str = "\
Sealbook is the book of record for what agents, people and services do to systems. Ask it what was done \
(query_audit_trail, audit_trail), audit files, git histories and modules (audit_file, audit_git, audit_module), and verify \
that nothing was altered (verify_audit_chain). Compose and run workflows on record (workflow_composer). Alerts can be assigned and resolved with a reason. An emergency stop can be set here; \
only a person lifts it. Approvals, rules and keys need a person's passphrase and cannot be given through a tool.";

/// The revisions that are spoken.
static VERSIONS: &[ProtocolVersion] = &[
    ProtocolVersion::V_2025_03_26,
    ProtocolVersion::V_2025_06_18,
    ProtocolVersion::V_2025_11_25,
    ProtocolVersion::V_2026_07_28,
];

/// An MCP server over one book. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Server {
    desk: Arc<Desk>,
}

impl Server {
    /// A server for every client of this desk.
    pub fn new(desk: Arc<Desk>) -> Self {
        Self { desk }
    }
}

impl ServerHandler for Server {
    fn get_info(&self) -> ServerConfig {
        let mut info = ServerConfig::new(ServerCapabilities::builder().enable_tools().build());
        info.server_info = Implementation::new("sealbook", env!("CARGO_PKG_VERSION"));
        info.server_info.title = Some("Sealbook".to_owned());
        info.instructions = Some(INSTRUCTIONS.to_owned());
        info
    }

    fn supported_protocol_versions(&self) -> Cow<'static, [ProtocolVersion]> {
        Cow::Borrowed(VERSIONS)
    }

    async fn list_tools(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        Ok(ListToolsResult::with_all_items(tools::of(&self.desk).map(Definition::tool).collect()))
    }

    fn get_tool(&self, name: &str) -> Option<Tool> {
        tools::find(&self.desk, name).map(Definition::tool)
    }

    // What is not declared is not there: without these, an empty list would be the answer.
    async fn list_prompts(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListPromptsResult, ErrorData> {
        Err(ErrorData::method_not_found::<ListPromptsRequestMethod>())
    }

    async fn list_resources(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListResourcesResult, ErrorData> {
        Err(ErrorData::method_not_found::<ListResourcesRequestMethod>())
    }

    async fn list_resource_templates(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListResourceTemplatesResult, ErrorData> {
        Err(ErrorData::method_not_found::<ListResourceTemplatesRequestMethod>())
    }

    async fn complete(
        &self,
        _: CompleteRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<CompleteResult, ErrorData> {
        Err(ErrorData::method_not_found::<CompleteRequestMethod>())
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let Some(tool) = tools::find(&self.desk, &request.name) else {
            let known: Vec<&str> = tools::of(&self.desk).map(|tool| tool.name).collect();
            let text = format!("there is no such tool; there are: {}", known.join(", "));
            return Err(ErrorData::invalid_params(text, None));
        };
        let actor = caller::of(&context, &self.desk.setup.started_by);
        let (watch, seen) = Watch::new();
        let watch = Arc::new(watch);
        // Also where this future is dropped: a client that is gone waits for nothing.
        let _guard = OnDrop(Arc::clone(&watch));
        let (desk, arguments) = (Arc::clone(&self.desk), request.arguments.unwrap_or_default());
        let on_thread = Arc::clone(&watch);
        let working =
            tokio::task::spawn_blocking(move || tool.call(&Call { desk: &desk, actor, arguments, watch: &on_thread }));
        let mut telling = Telling { seen, token: context.meta.get_progress_token(), peer: context.peer.clone() };
        let answer: Result<Answer, Error> = tokio::select! {
            answer = working => answer.unwrap_or_else(|cause| Err(Error::Transport { cause: cause.to_string() })),
            () = telling.go_on() => Err(Error::Cancelled),
            () = context.ct.cancelled() => Err(Error::Cancelled),
        };
        telling.tell_last().await;
        Ok(match answer {
            Ok(answer) => answer.result().into(),
            Err(error) => refusal(&error).into(),
        })
    }
}

/// Tells a client that asked for it how far its call is.
struct Telling {
    seen: Receiver<Reached>,
    token: Option<ProgressToken>,
    peer: Peer<RoleServer>,
}

impl Telling {
    /// Never ends by itself.
    async fn go_on(&mut self) {
        while self.token.is_some() && self.seen.changed().await.is_ok() {
            self.tell().await;
            tokio::time::sleep(PROGRESS_EVERY).await;
        }
        std::future::pending::<()>().await;
    }

    /// What was reached since it was told last.
    async fn tell_last(&mut self) {
        if self.seen.has_changed().is_ok_and(|changed| changed) {
            self.tell().await;
        }
    }

    async fn tell(&mut self) {
        let Reached { stage, done, total } = self.seen.borrow_and_update().clone();
        let Some(token) = self.token.clone() else { return };
        let mut told = ProgressNotificationParam::new(token, done as f64).with_message(stage);
        if let Some(total) = total {
            told = told.with_total(total as f64);
        }
        // A client that cannot be told finds out by the end of its call.
        let _ = self.peer.notify_progress(told).await;
    }
}

/// Calls the work off when nobody waits for it.
struct OnDrop(Arc<Watch>);

impl Drop for OnDrop {
    fn drop(&mut self) {
        self.0.cancel();
    }
}
