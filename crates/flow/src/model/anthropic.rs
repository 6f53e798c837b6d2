//! Anthropic's messages: `POST /v1/messages`.
//!
//! <https://docs.anthropic.com/en/api/messages>

use serde::{Deserialize, Serialize};

use super::{Completion, Endpoint, Prompt};
use crate::Fault;

/// The version of the API that is spoken.
pub(super) const VERSION: &str = "2023-06-01";

#[derive(Serialize)]
struct Request<'a> {
    model: &'a str,
    max_tokens: u32,
    temperature: f64,
    system: &'a str,
    messages: [Message<'a>; 1],
}

#[derive(Serialize)]
struct Message<'a> {
    role: &'static str,
    content: &'a str,
}

#[derive(Deserialize)]
struct Answer {
    model: Option<String>,
    content: Vec<Block>,
    stop_reason: Option<String>,
    usage: Option<Usage>,
}

#[derive(Deserialize)]
struct Block {
    #[serde(rename = "type")]
    kind: String,
    text: Option<String>,
}

#[derive(Deserialize)]
struct Usage {
    input_tokens: Option<u64>,
    output_tokens: Option<u64>,
}

pub(super) fn request(endpoint: &Endpoint, prompt: &Prompt) -> Vec<u8> {
    let request = Request {
        model: &endpoint.model,
        max_tokens: prompt.answer_tokens_max,
        temperature: prompt.temperature,
        system: prompt.system(),
        messages: [Message { role: "user", content: prompt.data() }],
    };
    serde_json::to_vec(&request).expect("texts and numbers are JSON")
}

pub(super) fn answer(body: &[u8]) -> Result<Completion, Fault> {
    let answer: Answer = serde_json::from_slice(body).map_err(|_| Fault::permanent("the answer is no message"))?;
    match answer.stop_reason.as_deref() {
        Some("end_turn" | "stop_sequence") => {}
        Some("max_tokens" | "model_context_window_exceeded") => {
            return Err(Fault::permanent("the answer was cut at its longest length"));
        }
        Some("refusal") => return Err(Fault::permanent("the model refuses to answer")),
        _ => return Err(Fault::permanent("the message did not end")),
    }
    let texts: Vec<&str> =
        answer.content.iter().filter(|block| block.kind == "text").filter_map(|block| block.text.as_deref()).collect();
    if texts.is_empty() {
        return Err(Fault::permanent("the answer has no text"));
    }
    let tokens = answer.usage.map_or((None, None), |usage| (usage.input_tokens, usage.output_tokens));
    Ok(Completion { text: texts.concat(), model: answer.model, tokens })
}
