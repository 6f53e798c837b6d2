//! What providers say of a failure, as far as it is known. Anything else they say is not repeated: it may quote
//! the key, or what was asked.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::{Cause, Fault};

/// The words of both APIs for what went wrong, and the causes they stand for where the status does not say it.
static WORDS: &[(&str, Option<Cause>)] = &[
    ("api_error", None),
    ("authentication_error", None),
    ("billing_error", None),
    ("context_length_exceeded", None),
    ("insufficient_quota", Some(Cause::Quota)),
    ("invalid_api_key", None),
    ("invalid_request_error", None),
    ("model_not_found", None),
    ("not_found_error", None),
    ("overloaded_error", Some(Cause::RateLimit)),
    ("permission_error", None),
    ("rate_limit_error", Some(Cause::RateLimit)),
    ("rate_limit_exceeded", Some(Cause::RateLimit)),
    ("request_too_large", None),
    ("server_error", None),
    ("timeout_error", None),
];

/// Anthropic's status for an overloaded API.
const OVERLOADED: u16 = 529;

#[derive(Deserialize)]
struct Outer {
    error: Inner,
}

#[derive(Deserialize)]
struct Inner {
    #[serde(rename = "type")]
    kind: Option<Box<RawValue>>,
    code: Option<Box<RawValue>>,
}

/// The failure that a status and its body tell of.
pub(super) fn read(status: u16, body: &[u8], retry_after: Option<&str>) -> Fault {
    let words = serde_json::from_slice::<Outer>(body).ok();
    let words = words.iter().flat_map(|outer| [&outer.error.code, &outer.error.kind]).flatten();
    let known = words.filter_map(|said| {
        let said: String = serde_json::from_str(said.get()).ok()?;
        WORDS.iter().find(|(word, _)| *word == said)
    });
    let known: Vec<_> = known.collect();
    let said = known.iter().find_map(|(_, cause)| *cause);
    let cause = said.unwrap_or(if status == OVERLOADED { Cause::RateLimit } else { Cause::Status(status) });
    let mut fault = Fault::new(cause);
    if let Some((word, _)) = known.first() {
        fault = fault.with_detail(format!("the provider says `{word}` (HTTP status {status})"));
    }
    match retry_after {
        Some(value) => fault.with_retry_after(value),
        None => fault,
    }
}
