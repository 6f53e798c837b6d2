//! Endpoints over HTTP that configuration declares, each a tool of its own.
//!
//! The host stands in the configuration; a call fills in the path, the query and the body. A connection is made to
//! public addresses alone, and to those that the configuration allows: what a name resolves to is looked at where it
//! is connected to. No redirect is followed.

mod guard;

use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use reqwest::{Client, Method, Url};
use sealbook_record::Category;
use serde_json::{Map, Value, json};
use zeroize::Zeroizing;

pub(super) use self::guard::Guard;
pub use self::guard::Network;
use self::guard::refusal;
use super::api::{self, Answer};
use super::undo::ToolUndo;
use crate::tool::{Compensation, Deed, Effect, Reversal, Tool, ToolCall, ToolInfo};
use crate::{Error, Fault, Pending, Schema, wire};

/// An endpoint as it is declared.
pub struct HttpEndpoint {
    /// The tool's name.
    pub name: String,
    /// What it does, for people and models.
    pub description: String,
    /// The method.
    pub method: String,
    /// The address. `{name}` in its path stands for that member of the input.
    pub url: String,
    /// Headers, with values that are secrets.
    pub headers: Vec<(String, Zeroizing<String>)>,
    /// What a call does to the world.
    pub effect: Effect,
    /// What it takes; an object with what the path names where nothing is said.
    pub input: Option<Value>,
    /// What it gives: of `body` alone.
    pub output: Option<Value>,
    /// The header that bears the call's key, where the other side knows one: `Idempotency-Key`.
    pub key_header: Option<String>,
    /// What takes a call back.
    pub undo: Option<ToolUndo>,
    /// Addresses that are not public and may be connected to all the same.
    pub allowed: Vec<Network>,
    /// How long one call may take.
    pub timeout: Duration,
    /// How long an answer may be.
    pub answer_bytes_max: usize,
}

/// The tool.
pub struct HttpTool {
    info: ToolInfo,
    client: Client,
    method: Method,
    url: Url,
    /// The path in pieces: texts, and names of members.
    path: Vec<Piece>,
    headers: Vec<(HeaderName, HeaderValue)>,
    key_header: Option<HeaderName>,
    undo: Option<ToolUndo>,
    timeout: Duration,
    answer_bytes_max: usize,
}

/// A segment of the path.
enum Piece {
    Text(String),
    Member(String),
}

impl HttpTool {
    /// Errors: [`Error::ToolInvalid`] with what cannot be used of it; [`Error::SchemaInvalid`].
    pub fn new(declared: HttpEndpoint) -> Result<Self, Error> {
        let invalid = |why| Error::ToolInvalid { tool: declared.name.clone(), why };
        let method: Method = declared.method.to_ascii_uppercase().parse().map_err(|_| invalid("`method` is none"))?;
        let known = [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];
        if !known.contains(&method) {
            return Err(invalid("`method` is none of GET, HEAD, POST, PUT, PATCH, DELETE"));
        }
        let (url, path) = pieces(&declared.url).map_err(invalid)?;
        let guard = Guard::new(declared.allowed, url.scheme() == "http");
        guard.check(&url).map_err(invalid)?;
        let client = wire::client(Some(Arc::new(guard))).map_err(invalid)?;
        let header = |name: &str| HeaderName::try_from(name).map_err(|_| invalid("a header's name is none"));
        let headers = declared.headers.iter().map(|(name, value)| {
            let mut value = HeaderValue::try_from(value.as_str()).map_err(|_| invalid("a header's value is none"))?;
            value.set_sensitive(true);
            Ok((header(name)?, value))
        });
        let headers = headers.collect::<Result<Vec<_>, Error>>()?;
        let key_header = declared.key_header.as_deref().map(header).transpose()?;
        if declared.effect == Effect::Probeable {
            return Err(invalid(
                "`effect` is `probeable`, and an endpoint cannot be asked; say `idempotent` or `unsafe`",
            ));
        }
        let reversal = match (&declared.undo, declared.effect.is_harmless()) {
            (_, true) => Reversal::Nothing,
            (Some(_), false) => Reversal::Call,
            (None, false) => Reversal::Irreversible,
        };
        let input = declared.input.unwrap_or_else(|| schema_of(&path));
        let output =
            declared.output.map(|body| json!({"type": "object", "required": ["body"], "properties": {"body": body}}));
        let info = ToolInfo {
            description: declared.description,
            backend: format!("http: {} {}", method, url.host_str().unwrap_or_default()),
            effect: declared.effect,
            reversal,
            input: Schema::new(input)?,
            output: output.map(Schema::new).transpose()?,
            name: declared.name,
        };
        let (timeout, answer_bytes_max) = (declared.timeout, declared.answer_bytes_max);
        Ok(Self {
            info,
            client,
            method,
            url,
            path,
            headers,
            key_header,
            undo: declared.undo,
            timeout,
            answer_bytes_max,
        })
    }

    async fn ask(&self, call: &ToolCall<'_>) -> Result<Value, Fault> {
        let mut rest = call.input.as_object().cloned().unwrap_or_default();
        let mut url = self.url.clone();
        self.fill(&mut url, &mut rest)?;
        let has_body = matches!(self.method, Method::POST | Method::PUT | Method::PATCH);
        if !has_body && !rest.is_empty() {
            let mut query = url.query_pairs_mut();
            for (name, value) in &rest {
                query.append_pair(name, &plain(value).unwrap_or_else(|| value.to_string()));
            }
        }
        let mut request = self.client.request(self.method.clone(), url).timeout(call.left.min(self.timeout));
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        if let Some(name) = &self.key_header {
            request = request.header(name, call.key);
        }
        if has_body {
            request = request.header(CONTENT_TYPE, "application/json").body(Value::Object(rest).to_string());
        }
        let response = request.send().await.map_err(|cause| refusal(&cause).unwrap_or_else(|| wire::fault(&cause)))?;
        let answer = api::read(response, self.answer_bytes_max).await?.taken()?;
        Ok(json!({"status": answer.status, "body": body(&answer)}))
    }

    /// Puts what the path names in; a member is one segment, whatever stands in it.
    fn fill(&self, url: &mut Url, rest: &mut Map<String, Value>) -> Result<(), Fault> {
        let mut segments = Vec::new();
        for piece in &self.path {
            segments.push(match piece {
                Piece::Text(text) => text.clone(),
                Piece::Member(name) => {
                    let given = rest.remove(name).and_then(|value| plain(&value));
                    let is_name = |text: &String| !text.is_empty() && text != "." && text != "..";
                    given.filter(is_name).ok_or_else(|| {
                        Fault::permanent(format!("`{name}` stands in the path, and is no text or number there"))
                    })?
                }
            });
        }
        let mut path = url.path_segments_mut().map_err(|()| Fault::permanent("the address has no path"))?;
        path.clear().extend(&segments);
        Ok(())
    }
}

impl Tool for HttpTool {
    fn info(&self) -> &ToolInfo {
        &self.info
    }

    fn deed(&self, _: &Value) -> Deed {
        let (effect, reversal) = (self.info.effect, self.info.reversal);
        Deed { action: "http.call".to_owned(), category: Category::ApiCall, effect, reversal }
    }

    fn call<'a>(&'a self, call: &'a ToolCall<'a>) -> Pending<'a, Result<Value, Fault>> {
        Box::pin(self.ask(call))
    }

    fn compensation(&self, input: &Value, result: &Value) -> Compensation {
        match (&self.undo, self.info.reversal) {
            (_, Reversal::Nothing) => Compensation::Nothing,
            (Some(undo), _) => undo.bind(input, &result["body"]),
            (None, _) => Compensation::Irreversible { why: "nothing is declared that takes it back".to_owned() },
        }
    }
}

/// The address without what a call fills in, and its path.
fn pieces(url: &str) -> Result<(Url, Vec<Piece>), &'static str> {
    let parsed: Url = url.parse().map_err(|_| "`url` is no address")?;
    if !matches!(parsed.scheme(), "https" | "http") {
        return Err("`url` is neither `https://…` nor `http://…`");
    }
    if !parsed.username().is_empty() || parsed.password().is_some() || parsed.fragment().is_some() {
        return Err("`url` holds more than scheme, host, port, path and query; give a secret in `headers`");
    }
    // As it was written: a parsed path has its braces escaped.
    let after = url.split_once("://").map_or("", |(_, after)| after);
    let path = after.find('/').map_or("", |at| &after[at + 1..]);
    let path = path.split(['?', '#']).next().unwrap_or_default();
    if after.split(['/', '?']).next().unwrap_or_default().contains(['{', '}'])
        || parsed.query().is_some_and(|it| it.contains("%7B") || it.contains('{'))
    {
        return Err("`url` names members outside its path; the host is the configuration's to say");
    }
    let pieces = path.split('/').map(|segment| match segment.strip_prefix('{').and_then(|it| it.strip_suffix('}')) {
        Some(name) if !name.is_empty() && !name.contains(['{', '}']) => Ok(Piece::Member(name.to_owned())),
        None if !segment.contains(['{', '}']) => Ok(Piece::Text(segment.to_owned())),
        _ => Err("`{name}` in `url` stands for a whole segment of its path"),
    });
    Ok((parsed, pieces.collect::<Result<_, _>>()?))
}

fn schema_of(path: &[Piece]) -> Value {
    let names: Vec<&String> =
        path.iter().filter_map(|piece| if let Piece::Member(name) = piece { Some(name) } else { None }).collect();
    let properties: Map<String, Value> = names
        .iter()
        .map(|name| ((*name).clone(), json!({"type": ["string", "integer"], "maxLength": 1_000})))
        .collect();
    json!({"type": "object", "required": names, "properties": properties})
}

/// A text or a number as it stands in an address.
fn plain(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
        _ => None,
    }
}

/// JSON, text, or bytes.
fn body(answer: &Answer) -> Value {
    serde_json::from_slice(&answer.body).unwrap_or_else(|_| match std::str::from_utf8(&answer.body) {
        Ok("") => Value::Null,
        Ok(text) => json!(text),
        Err(_) => json!({"b64": api::base64(&answer.body)}),
    })
}
