//! Who calls: what the client says of itself, and what was authenticated.

use rmcp::RoleServer;
use rmcp::service::RequestContext;
use sealbook_record::{Actor, ActorKind};

/// Bytes of a client's name that go into a record.
const NAME_CHARS_MAX: usize = 120;

/// Who was authenticated on a connection over HTTP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal(pub String);

/// The actor of a call. The client's name is a claim; verified is the token, else the user who started the server.
pub(crate) fn of(context: &RequestContext<RoleServer>, started_by: &Actor) -> Actor {
    let client = context.client_info();
    let mut actor = if started_by.claimed.is_some() && started_by.kind != ActorKind::User {
        started_by.clone()
    } else {
        let mut actor = Actor::new(ActorKind::Agent, format!("agent@{}", started_by.id));
        actor.on_behalf_of = Some(started_by.id.clone());
        actor.verified.clone_from(&started_by.verified);
        actor
    };
    if let Some(client) = client.filter(|client| !client.name.is_empty()) {
        actor.name = Some(short(client.title.as_deref().unwrap_or(&client.name)));
        actor.claimed = Some(short(&format!("{} {}", client.name, client.version)));
    }
    let parts = context.extensions.get::<axum::http::request::Parts>();
    if let Some(Principal(principal)) = parts.and_then(|parts| parts.extensions.get::<Principal>()) {
        actor.verified = Some(principal.clone());
    }
    actor
}

fn short(text: &str) -> String {
    text.trim().chars().take(NAME_CHARS_MAX).collect()
}
