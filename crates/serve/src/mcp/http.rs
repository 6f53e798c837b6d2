//! Streamable HTTP (revisions 2025-11-25 and 2026-07-28) on a socket of this machine.
//!
//! Whatever comes is asked for its token first; then the `Host` and `Origin` that a page in a browser cannot choose
//! are looked at, then the size of the body, and only then is anything parsed.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use rmcp::ServerHandler;
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use tokio::net::TcpListener;

use super::caller::Principal;
use super::token::Token;
use crate::Error;

/// The path of the endpoint.
const PATH: &str = "/mcp";
/// The longest message. What a tool takes is short; a context for a review is the longest of it.
const BODY_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Names that a browser on this machine has for it.
static LOOPBACK: &[&str] = &["localhost", "127.0.0.1", "[::1]"];

/// How it is served.
#[derive(Debug, Clone)]
pub struct Http {
    /// What every request must bear.
    pub token: Token,
    /// Further names of this machine that requests may be addressed to; loopback's always may.
    pub hosts: Vec<String>,
}

/// A socket that waits for clients.
#[derive(Debug)]
pub struct Listening {
    listener: TcpListener,
    address: SocketAddr,
}

impl Listening {
    /// Binds the address; port 0 is any that is free.
    pub async fn on(address: SocketAddr) -> Result<Self, Error> {
        let failed = |cause| Error::Listen { address: address.to_string(), cause };
        let listener = TcpListener::bind(address).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        Ok(Self { listener, address })
    }

    /// Where clients find it.
    pub fn url(&self) -> String {
        format!("http://{}{PATH}", self.address)
    }

    /// Serves every client. Each gets a handler of its own.
    pub async fn serve<H: ServerHandler>(
        self,
        make: impl Fn() -> H + Send + Sync + 'static,
        http: &Http,
    ) -> Result<(), Error> {
        let serving = axum::serve(self.listener, router(make, http));
        serving.await.map_err(|cause| Error::Transport { cause: cause.to_string() })
    }
}

fn router<H: ServerHandler>(make: impl Fn() -> H + Send + Sync + 'static, http: &Http) -> Router {
    let names = || LOOPBACK.iter().map(|name| (*name).to_owned()).chain(http.hosts.iter().cloned());
    let bare = names().map(|name| name.trim_matches(['[', ']']).to_owned());
    let config = StreamableHttpServerConfig::default()
        .with_allowed_hosts(bare)
        .with_allowed_origins(names().map(|name| format!("http://{name}:*")))
        .enforce_origin_validation()
        .with_max_request_body_bytes(BODY_BYTES_MAX);
    let service = StreamableHttpService::new(move || Ok(make()), Arc::new(LocalSessionManager::default()), config);
    Router::new().route_service(PATH, service).layer(middleware::from_fn_with_state(http.token.clone(), authenticate))
}

/// RFC 6750, section 2.1, and section 3 for the answer.
async fn authenticate(State(token): State<Token>, mut request: Request, next: Next) -> Response {
    let given = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let bearer =
        given.and_then(|value| value.split_once(' ')).filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    match bearer {
        Some((_, bearer)) if token.is(bearer.trim()) => {
            // What was checked is of no use to anybody behind this.
            request.headers_mut().remove(header::AUTHORIZATION);
            request.extensions_mut().insert(Principal(token.principal()));
            next.run(request).await
        }
        given => {
            let challenge = match given {
                Some(_) => "Bearer realm=\"sealbook\", error=\"invalid_token\"",
                None => "Bearer realm=\"sealbook\"",
            };
            let text = "this server needs its bearer token; it is in the file that `sealbook mcp --listen` names\n";
            let mut response = (StatusCode::UNAUTHORIZED, text).into_response();
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
            response
        }
    }
}
