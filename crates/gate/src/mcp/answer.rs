//! Answers that the gateway gives itself, in place of a server that never saw the call.

use sealbook_record::push_string;

use super::peek::{Bad, Message, fields};
use crate::Refused;

/// In the `_meta` of every request from revision 2026-07-28 on.
const REVISION_KEY: &str = "io.modelcontextprotocol/protocolVersion";

/// The answer to a request that was refused, without a line break; nothing where it wants none.
pub(crate) fn refusal(message: &Message<'_>, refused: &Refused) -> Option<Vec<u8>> {
    let id = message.id?;
    if message.method.as_deref() != Some("tools/call") {
        return Some(error(id, -32_000, &refused.text));
    }
    let mut out = opening(id);
    out.extend_from_slice(b"\"result\":{");
    if names_its_revision(message) {
        out.extend_from_slice(b"\"resultType\":\"complete\",");
    }
    out.extend_from_slice(b"\"content\":[{\"type\":\"text\",\"text\":");
    push_string(&mut out, &refused.text);
    out.extend_from_slice(b"}],\"isError\":true}}");
    Some(out)
}

/// The answer to a line that is not taken.
pub(crate) fn bad(id: Option<&str>, bad: Bad) -> Vec<u8> {
    let code = if matches!(bad, Bad::Syntax | Bad::NotUtf8) { -32_700 } else { -32_600 };
    let text = format!("Refused by the audit gateway: {}. It was not forwarded.", bad.as_str());
    error(id.unwrap_or("null"), code, &text)
}

/// The answer to a request whose batch holds one that was refused.
pub(crate) fn batch_mate(id: &str) -> Vec<u8> {
    error(id, -32_000, "Not forwarded: another call of the same batch was refused.")
}

/// Answers to a batch.
pub(crate) fn batch(answers: &[Vec<u8>]) -> Vec<u8> {
    let mut out = vec![b'['];
    out.extend_from_slice(&answers.join(&b','));
    out.push(b']');
    out
}

fn error(id: &str, code: i32, text: &str) -> Vec<u8> {
    let mut out = opening(id);
    out.extend_from_slice(format!("\"error\":{{\"code\":{code},\"message\":").as_bytes());
    push_string(&mut out, text);
    out.extend_from_slice(b"}}");
    out
}

/// `id` is a token that came in: it goes back as it stands.
fn opening(id: &str) -> Vec<u8> {
    format!("{{\"jsonrpc\":\"2.0\",\"id\":{id},").into_bytes()
}

/// Whether the message says its revision, as each does that knows no session.
pub(crate) fn names_its_revision(message: &Message<'_>) -> bool {
    let meta = message.params.and_then(|params| fields(params, ["_meta"])[0]);
    meta.is_some_and(|meta| fields(meta, [REVISION_KEY])[0].is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused() -> Refused {
        let text = "Blocked by rule \"x\".\n\u{1}".to_owned();
        Refused { id: uuid::Uuid::nil(), code: "blocked", rules: Vec::new(), text, approval: None, sealed: None }
    }

    #[test]
    fn a_blocked_call_is_answered_with_a_result_that_a_model_reads() {
        for id in ["1", "\"a\\u0022\"", "null", "1.50"] {
            let message = Message { id: Some(id), method: Some("tools/call".into()), ..Message::default() };
            let answer = String::from_utf8(refusal(&message, &refused()).unwrap()).unwrap();
            assert!(answer.starts_with(&format!(r#"{{"jsonrpc":"2.0","id":{id},"result""#)));
            let answer: serde_json::Value = serde_json::from_str(&answer).unwrap();
            assert_eq!(answer["result"]["isError"], true);
            assert_eq!(answer["result"]["content"][0]["text"], "Blocked by rule \"x\".\n\u{1}");
            assert!(answer["result"].get("resultType").is_none());
        }
        let params = r#"{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}}"#;
        let message =
            Message { id: Some("1"), method: Some("tools/call".into()), params: Some(params), ..Message::default() };
        let answer: serde_json::Value = serde_json::from_slice(&refusal(&message, &refused()).unwrap()).unwrap();
        assert_eq!(answer["result"]["resultType"], "complete");
    }

    #[test]
    fn other_requests_get_errors_and_notifications_nothing() {
        let request = Message { id: Some("7"), method: Some("resources/read".into()), ..Message::default() };
        let answer: serde_json::Value = serde_json::from_slice(&refusal(&request, &refused()).unwrap()).unwrap();
        assert_eq!(answer["error"]["code"], -32_000);
        let note = Message { method: Some("tools/call".into()), ..Message::default() };
        assert_eq!(refusal(&note, &refused()), None);
        assert_eq!(batch(&[b"1".to_vec(), b"2".to_vec()]), b"[1,2]");
    }
}
