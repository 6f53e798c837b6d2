//! Headers: which end at the next hop (RFC 9110, section 7.6.1), and which repeat what the body says
//! (revision 2026-07-28, "Request Metadata").

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{
    ACCEPT, CONNECTION, CONTENT_ENCODING, CONTENT_TYPE, HeaderName, TE, TRAILER, TRANSFER_ENCODING, UPGRADE,
};
use http::{HeaderMap, HeaderValue};

use crate::mcp::answer::REVISION_KEY;
use crate::mcp::peek::{Message, fields, text};

pub(super) const SESSION: HeaderName = HeaderName::from_static("mcp-session-id");
pub(super) const REVISION: HeaderName = HeaderName::from_static("mcp-protocol-version");
const METHOD: HeaderName = HeaderName::from_static("mcp-method");
const NAME: HeaderName = HeaderName::from_static("mcp-name");
/// The first revision without sessions, in which closing a stream calls its request off.
const STATELESS: &str = "2026-07-28";

static HOP: [HeaderName; 9] = [
    CONNECTION,
    TE,
    TRAILER,
    TRANSFER_ENCODING,
    UPGRADE,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-authenticate"),
    HeaderName::from_static("proxy-authorization"),
    HeaderName::from_static("proxy-connection"),
];

/// Takes out what is meant for this hop.
pub(super) fn strip_hop(headers: &mut HeaderMap) {
    let named: Vec<HeaderName> = headers
        .get_all(CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    for name in named.iter().chain(&HOP) {
        headers.remove(name);
    }
}

/// Whether the body is of that type.
pub(super) fn is_kind(headers: &HeaderMap, name: &str) -> bool {
    let kind = headers.get(CONTENT_TYPE).map_or(&b""[..], |kind| kind.as_bytes());
    kind.len() >= name.len() && kind[..name.len()].eq_ignore_ascii_case(name.as_bytes())
}

/// Whether the client says that it takes bodies of that type.
pub(super) fn takes(headers: &HeaderMap, name: &str) -> bool {
    let values = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let mut kinds = values.flat_map(|value| value.split(',')).map(|kind| kind.split(';').next().unwrap_or_default());
    kinds.any(|kind| kind.trim().eq_ignore_ascii_case(name))
}

/// Whether a body is compressed.
pub(super) fn is_encoded(headers: &HeaderMap) -> bool {
    headers.get_all(CONTENT_ENCODING).iter().any(|value| !value.as_bytes().eq_ignore_ascii_case(b"identity"))
}

/// Whether a body is in UTF-8, whoever reads its type: at most one type, and no other charset in it, however it is
/// written.
pub(super) fn is_utf8(headers: &HeaderMap) -> bool {
    let mut kinds = headers.get_all(CONTENT_TYPE).iter();
    let Some(kind) = kinds.next() else { return true };
    let Ok(kind) = kind.to_str() else { return false };
    let kind = kind.to_ascii_lowercase();
    kinds.next().is_none() && kind.match_indices("charset").all(|(at, word)| is_utf8_named(&kind[at + word.len()..]))
}

/// What follows the word `charset`.
fn is_utf8_named(rest: &str) -> bool {
    let Some(value) = rest.trim_start().strip_prefix('=') else { return false };
    let value = value.trim_start();
    let quoted = value.strip_prefix('"').map(|rest| rest.split_once('"').map_or("", |(value, _)| value));
    let name = quoted.unwrap_or_else(|| value.split([';', ',', ' ', '\t']).next().unwrap_or_default());
    matches!(name, "utf-8" | "utf8" | "us-ascii" | "ascii")
}

/// Whether the client speaks a revision without sessions.
pub(super) fn is_stateless(headers: &HeaderMap) -> bool {
    headers.get(REVISION).and_then(|value| value.to_str().ok()).is_some_and(|revision| revision >= STATELESS)
}

/// Whether what the headers repeat is what the message says. What is missing is the server's to ask for.
pub(super) fn agree(headers: &HeaderMap, message: &Message<'_>) -> bool {
    let Some(method) = message.method.as_deref() else { return true };
    let params = message.params.unwrap_or("{}");
    let [name, uri, meta] = fields(params, ["name", "uri", "_meta"]);
    let name = match method {
        "tools/call" | "prompts/get" => name.and_then(text),
        "resources/read" => uri.and_then(text),
        _ => None,
    };
    let revision = meta.and_then(|meta| fields(meta, [REVISION_KEY])[0]).and_then(text);
    all(headers, &METHOD, |value| value == method)
        && name.is_none_or(|name| all(headers, &NAME, |value| decoded(value).as_deref() == Some(&*name)))
        && revision.is_none_or(|revision| all(headers, &REVISION, |value| value == revision))
}

fn all(headers: &HeaderMap, name: &HeaderName, is: impl Fn(&str) -> bool) -> bool {
    let same = |value: &HeaderValue| value.to_str().is_ok_and(|value| is(value.trim()));
    headers.get_all(name).iter().all(same)
}

/// A value as it is meant: `=?base64?…?=` holds what no header may.
fn decoded(value: &str) -> Option<Cow<'_, str>> {
    let Some(inner) = value.strip_prefix("=?base64?").and_then(|rest| rest.strip_suffix("?=")) else {
        return Some(Cow::Borrowed(value));
    };
    String::from_utf8(STANDARD.decode(inner).ok()?).ok().map(Cow::Owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mcp::peek::{Peek, peek};

    fn agrees(pairs: &[(&'static str, &str)], body: &str) -> bool {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, value.parse().unwrap());
        }
        let Ok(Peek::One(message)) = peek(body.as_bytes(), true) else { panic!("{body}") };
        agree(&headers, &message)
    }

    #[test]
    fn what_headers_repeat_must_be_what_the_body_says() {
        let call = r#"{"id":1,"method":"tools/call","params":{"name":"grüße","_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}}}"#;
        assert!(agrees(&[], call));
        let name = ("mcp-name", "=?base64?Z3LDvMOfZQ==?=");
        assert!(agrees(&[("mcp-method", "tools/call"), name, ("mcp-protocol-version", "2026-07-28")], call));
        assert!(!agrees(&[("mcp-method", "tools/list")], call));
        assert!(!agrees(&[("mcp-method", "tools/call"), ("mcp-method", "ping")], call));
        assert!(!agrees(&[("mcp-name", "other")], call));
        assert!(!agrees(&[("mcp-name", "=?base64?!!?=")], call));
        assert!(!agrees(&[("mcp-protocol-version", "2025-11-25")], call));
        assert!(!agrees(&[("mcp-method", "Tools/Call")], call));
        let read = r#"{"id":1,"method":"resources/read","params":{"uri":"file:///a","name":"b"}}"#;
        assert!(agrees(&[("mcp-name", "file:///a")], read) && !agrees(&[("mcp-name", "b")], read));
        assert!(agrees(&[("mcp-method", "x")], r#"{"id":1,"result":{}}"#));
    }

    #[test]
    fn a_body_is_in_utf_8_or_nobody_knows() {
        let of = |kinds: &[&str]| {
            let mut headers = HeaderMap::new();
            for kind in kinds {
                headers.append(CONTENT_TYPE, kind.parse().unwrap());
            }
            is_utf8(&headers)
        };
        for plain in
            ["application/json", "application/json; charset=utf-8", "a/b;Charset=\"UTF-8\"; x=y", "a/b;charset = utf8"]
        {
            assert!(of(&[plain]), "{plain}");
        }
        assert!(of(&[]));
        for odd in [
            "application/json; charset=utf-7",
            "application/json; charset=utf-16le",
            "application/json; charset=utf-8; charset=utf-7",
            "application/json; charset=utf-7; charset=utf-8",
            "application/json; charset=\"ut\\f-7\"",
            "application/json; charset*=utf-8''utf-7",
            "application/json; charset",
            "application/json; charset=",
            "application/json; charset=utf-8x",
        ] {
            assert!(!of(&[odd]), "{odd}");
        }
        assert!(!of(&["application/json", "application/json"]));
    }

    #[test]
    fn what_is_meant_for_this_hop_goes_no_further() {
        let mut headers = HeaderMap::new();
        for (name, value) in [("connection", "close, X-Mine"), ("x-mine", "1"), ("keep-alive", "5"), ("x-other", "2")] {
            headers.insert(name, value.parse().unwrap());
        }
        strip_hop(&mut headers);
        assert_eq!(headers.keys().map(HeaderName::as_str).collect::<Vec<_>>(), ["x-other"]);
    }
}
