//! A connection to a server: made when it is needed, and again after it broke.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use reqwest::{Client, Url};
use rmcp::ServiceExt as _;
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ErrorCode, JsonObject, PaginatedRequestParams,
};
use rmcp::service::{ClientInitializeError, RoleClient, RunningService, ServiceError};
use rmcp::transport::StreamableHttpClientTransport;
use rmcp::transport::async_rw::AsyncRwTransport;
use rmcp::transport::streamable_http_client::StreamableHttpClientTransportConfig;
use zeroize::Zeroizing;

use super::background::Background;
use super::ear::Ear;
use super::launch::{Launch, McpProgram};
use super::{TOOLS_MAX, digest};
use crate::{Cause, Fault};

/// One message of a server.
const MESSAGE_BYTES_MAX: usize = 4 << 20;
/// Pages of its list of tools.
const PAGES_MAX: usize = 100;

/// How a server is reached.
pub(in crate::tools) enum Way {
    Program(McpProgram, Arc<dyn Launch>),
    Http { client: Client, url: Url, bearer: Option<Zeroizing<String>> },
}

/// A server.
pub(super) struct Server {
    name: String,
    way: Way,
    timeout: Duration,
    background: Background,
    open: tokio::sync::Mutex<Option<Arc<Open>>>,
}

/// A connection.
struct Open {
    service: RunningService<RoleClient, Ear>,
    ear: Ear,
    /// What it says of its tools.
    tools: Mutex<Vec<rmcp::model::Tool>>,
    _alive: Option<Box<dyn Send + Sync>>,
}

impl Open {
    /// Over what it says of a tool now.
    fn digest_of(&self, name: &str) -> Option<String> {
        let tools = self.tools.lock().unwrap_or_else(PoisonError::into_inner);
        tools.iter().find(|tool| tool.name == name).map(digest)
    }
}

impl Server {
    pub(super) fn new(name: &str, way: Way, timeout: Duration) -> Result<Self, &'static str> {
        let background = Background::start()?;
        Ok(Self { name: name.to_owned(), way, timeout, background, open: tokio::sync::Mutex::default() })
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn backend(&self) -> String {
        match &self.way {
            Way::Program(program, _) => format!("mcp: {}", program.command),
            Way::Http { url, .. } => format!("mcp: {}", url.host_str().unwrap_or_default()),
        }
    }

    /// What the server says of its tools. This waits.
    ///
    /// Errors: it cannot be reached, or does not answer as it should.
    pub(super) fn list(self: &Arc<Self>) -> Result<Vec<rmcp::model::Tool>, Fault> {
        let own = Arc::clone(self);
        self.background.wait(async move {
            let open = own.open().await?;
            let tools = open.tools.lock().unwrap_or_else(PoisonError::into_inner);
            Ok(tools.clone())
        })
    }

    /// Calls a tool that is still what it was.
    ///
    /// Errors: it is not; the server cannot be reached, refuses, or breaks off.
    pub(super) async fn call(
        self: &Arc<Self>,
        tool: &str,
        digest: &str,
        given: JsonObject,
        left: Duration,
    ) -> Result<CallToolResult, Fault> {
        let (own, tool, expected) = (Arc::clone(self), tool.to_owned(), digest.to_owned());
        self.background
            .run(async move {
                let open = own.open().await?;
                if open.ear.heard() {
                    own.tools(&open).await?;
                }
                if open.digest_of(&tool).as_ref() != Some(&expected) {
                    return Err(Fault::permanent(
                        "the server says something else of this tool than when it was asked first, or has it no \
                         more; look at it again before it is called",
                    ));
                }
                let asked = CallToolRequestParams::new(tool).with_arguments(given);
                let answer = within(left.min(own.timeout), open.service.peer().call_tool_once(asked)).await?;
                match answer.map_err(|error| fault(&error))? {
                    CallToolResponse::Complete(answer) => Ok(answer),
                    CallToolResponse::InputRequired(_) => Err(Fault::permanent(
                        "the server asks something back before it goes on, and nobody here answers it",
                    )),
                    _ => Err(Fault::new(Cause::Unreadable)
                        .with_detail("the server goes on by itself and says later how it ended")),
                }
            })
            .await
    }

    /// The connection; a new one where there is none any more.
    async fn open(&self) -> Result<Arc<Open>, Fault> {
        let mut open = self.open.lock().await;
        if let Some(open) =
            open.as_ref().filter(|it| !it.service.is_closed() && !it.service.peer().is_transport_closed())
        {
            return Ok(Arc::clone(open));
        }
        *open = None;
        let ear = Ear::default();
        let (service, alive) = self.connect(&ear).await?;
        let new = Arc::new(Open { service, ear, tools: Mutex::default(), _alive: alive });
        self.tools(&new).await?;
        *open = Some(Arc::clone(&new));
        Ok(new)
    }

    #[expect(clippy::type_complexity, reason = "a connection, and what ends its program")]
    async fn connect(
        &self,
        ear: &Ear,
    ) -> Result<(RunningService<RoleClient, Ear>, Option<Box<dyn Send + Sync>>), Fault> {
        match &self.way {
            Way::Program(program, launch) => {
                let not_there = |why: String| {
                    Fault::new(Cause::Connect).with_detail(format!("its program `{}`: {why}", program.command))
                };
                let launched = launch.launch(program).map_err(not_there)?;
                let wire =
                    AsyncRwTransport::new(launched.output, launched.input).with_max_line_length(MESSAGE_BYTES_MAX);
                let service = within(self.timeout, ear.clone().serve(wire)).await;
                let service = service.map_err(|_| not_there("it did not answer in time".to_owned()))?;
                let service = service.map_err(|error| not_there(unserved(&error, true).to_owned()))?;
                Ok((service, Some(launched.alive)))
            }
            Way::Http { client, url, bearer } => {
                let mut config =
                    StreamableHttpClientTransportConfig::with_uri(url.as_str()).max_sse_event_size(MESSAGE_BYTES_MAX);
                if let Some(bearer) = bearer {
                    config = config.auth_header(bearer.as_str());
                }
                let not_there = |why: &str| Fault::new(Cause::Connect).with_detail(format!("the server: {why}"));
                let wire = StreamableHttpClientTransport::with_client(client.clone(), config);
                let service = within(self.timeout, ear.clone().serve(wire)).await;
                let service = service.map_err(|_| not_there("it did not answer in time"))?;
                Ok((service.map_err(|error| not_there(unserved(&error, false)))?, None))
            }
        }
    }

    /// Asks for its tools, and keeps what it says of them.
    async fn tools(&self, open: &Open) -> Result<(), Fault> {
        let bad = |why: &str| Fault::permanent(format!("the server's list of tools: {why}"));
        let all = within(self.timeout, async {
            let (mut tools, mut cursor) = (Vec::new(), None);
            for _ in 0..PAGES_MAX {
                let page = PaginatedRequestParams::default().with_cursor(cursor);
                let page = open.service.peer().list_tools(Some(page)).await.map_err(|error| fault(&error))?;
                tools.extend(page.tools);
                if tools.len() > TOOLS_MAX {
                    return Err(bad(&format!("it has more than {TOOLS_MAX}; name those that are wanted elsewhere")));
                }
                cursor = page.next_cursor;
                if cursor.is_none() {
                    return Ok(tools);
                }
            }
            Err(bad(&format!("it has more than {PAGES_MAX} pages")))
        });
        let all: Vec<rmcp::model::Tool> = all.await??;
        *open.tools.lock().unwrap_or_else(PoisonError::into_inner) = all;
        Ok(())
    }
}

async fn within<T>(most: Duration, work: impl Future<Output = T>) -> Result<T, Fault> {
    tokio::time::timeout(most, work).await.map_err(|_| Fault::new(Cause::Timeout))
}

/// Why a connection did not come to be. The error's own text may quote what the server said.
fn unserved(error: &ClientInitializeError, is_program: bool) -> &'static str {
    match error {
        ClientInitializeError::TransportError { .. } if is_program => "it ended before it answered",
        ClientInitializeError::ConnectionClosed(_) => "it ended before it answered",
        ClientInitializeError::TransportError { .. } => {
            "it cannot be reached, refuses the connection or its bearer token, or is no MCP server"
        }
        _ => "it does not speak MCP as it should",
    }
}

/// What went wrong with a request.
fn fault(error: &ServiceError) -> Fault {
    match error {
        ServiceError::McpError(said) => {
            let is_refused = [
                ErrorCode::INVALID_PARAMS,
                ErrorCode::INVALID_REQUEST,
                ErrorCode::METHOD_NOT_FOUND,
                ErrorCode::PARSE_ERROR,
            ];
            let what = format!("the server answers with the error {}", said.code.0);
            if is_refused.contains(&said.code) {
                Fault::permanent(what)
            } else {
                Fault::new(Cause::Status(500)).with_detail(what)
            }
        }
        ServiceError::Timeout { .. } => Fault::new(Cause::Timeout),
        ServiceError::UnexpectedResponse => Fault::new(Cause::Unreadable),
        _ => Fault::new(Cause::Lost),
    }
}
