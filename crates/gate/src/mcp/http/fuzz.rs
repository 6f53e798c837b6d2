//! What HTTP carries, as fuzz targets.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;

use super::events::{Cut, Events, without_data};
use super::headers::agree;
use crate::mcp::peek::{Peek, peek_body};

/// However a stream is cut, every byte comes out, and the same events are seen.
pub fn events(data: &[u8]) -> bool {
    let whole = cut(data, data.len().max(1));
    assert!(whole.0 == data, "a byte was changed");
    for step in [1, 2, 7] {
        assert!(cut(data, step) == whole, "cut into pieces of {step} it is another stream");
    }
    !whole.1.is_empty()
}

fn cut(stream: &[u8], step: usize) -> (Vec<u8>, Vec<Vec<u8>>) {
    let (mut events, mut out, mut said) = (Events::default(), Vec::new(), Vec::new());
    for chunk in stream.chunks(step) {
        for cut in events.push(&Bytes::copy_from_slice(chunk)) {
            match cut {
                Cut::Pass(bytes) => out.extend_from_slice(&bytes),
                Cut::Event(bytes, data) => {
                    assert!(without_data(&bytes).len() < bytes.len());
                    out.extend_from_slice(&bytes);
                    said.push(data);
                }
                Cut::Long(_) => said.push(b"long".to_vec()),
            }
        }
    }
    out.extend_from_slice(&events.rest());
    (out, said)
}

/// Headers agree with a body only where a common reader finds the same in both. Headers come first, one a line, and
/// then an empty line.
pub fn headers(data: &[u8]) -> bool {
    let Some(at) = data.windows(2).position(|pair| pair == b"\n\n") else { return false };
    let (lines, body) = (&data[..at], &data[at + 2..]);
    let mut headers = HeaderMap::new();
    for line in lines.split(|byte| *byte == b'\n') {
        let Some(colon) = line.iter().position(|byte| *byte == b':') else { continue };
        let name = HeaderName::from_bytes(&line[..colon]);
        if let (Ok(name), Ok(value)) = (name, HeaderValue::from_bytes(&line[colon + 1..])) {
            headers.append(name, value);
        }
    }
    let Ok(Peek::One(message)) = peek_body(body, true) else { return false };
    if !agree(&headers, &message) {
        return false;
    }
    let Ok(said) = serde_json::from_slice::<Value>(body) else { return false };
    let Some(method) = said["method"].as_str() else { return false };
    let is_all = |header: &str, expected: &str| {
        headers.get_all(header).iter().all(|value| {
            let value = value.to_str().expect("it agreed").trim();
            value == expected || value.starts_with("=?base64?")
        })
    };
    assert!(is_all("mcp-method", method));
    let name = if method == "resources/read" { &said["params"]["uri"] } else { &said["params"]["name"] };
    if let ("tools/call" | "prompts/get" | "resources/read", Some(name)) = (method, name.as_str()) {
        assert!(is_all("mcp-name", name));
    }
    true
}
