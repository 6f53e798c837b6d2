//! What clients and servers say, as fuzz targets.

use serde_json::Value;

use super::peek::{Id, Message, Peek, peek as peek_at};
use super::trail::Trail;

pub use super::http::fuzz::{events, headers};

/// A line says the same to the gateway as to a common reader, or it is refused.
pub fn peek(data: &[u8]) -> bool {
    let mut trail = Trail::default();
    trail.push(data);
    let mut in_steps = Trail::default();
    data.chunks(3).for_each(|chunk| in_steps.push(chunk));
    let told = |trail: &Trail| (trail.reply_id().map(str::to_owned), trail.is_error(), trail.bytes());
    assert_eq!(told(&trail), told(&in_steps));
    let (strict, lenient) = (peek_at(data, true), peek_at(data, false));
    assert!(strict.is_err() || lenient.is_ok(), "who is strict refuses more");
    let Ok(lenient) = lenient else { return false };
    // It reads neither what lies too deep nor half a surrogate pair nor 1e400.
    if let Ok(value) = serde_json::from_slice::<Value>(data) {
        match (&lenient, &value) {
            (Peek::One(message), value) => same(message, value),
            (Peek::Batch(messages), Value::Array(values)) => {
                assert_eq!(messages.len(), values.len());
                messages.iter().zip(values).for_each(|(message, value)| same(message, value));
            }
            _ => panic!("{lenient:?} is {value}"),
        }
    }
    strict.is_ok()
}

fn same(message: &Message<'_>, value: &Value) {
    assert_eq!(message.method.as_deref(), value.get("method").and_then(Value::as_str));
    for (own, name) in [(message.params, "params"), (message.result, "result"), (message.error, "error")] {
        let own = own.map(|raw| serde_json::from_str::<Value>(raw).expect("it is a part of JSON"));
        assert_eq!(own.as_ref(), value.get(name), "{name}");
    }
    let id = value.get("id").map(ToString::to_string);
    assert_eq!(message.id.map(Id::of), id.as_deref().map(Id::of));
}
