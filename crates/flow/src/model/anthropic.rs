//! Anthropic's messages: `POST /v1/messages`.
//!
//! <https://docs.anthropic.com/en/api/messages>

use serde::{Deserialize, Serialize};

use serde_json::{Value, json};

use super::{Completion, Conversation, Endpoint, Prompt, Said, ToolWish, Turn};
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
    name: Option<String>,
    input: Option<Value>,
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

/// Asks for the next turn of a conversation.
pub(super) fn turn_request(endpoint: &Endpoint, conversation: &Conversation) -> Vec<u8> {
    let mut messages: Vec<(&str, Vec<Value>)> = Vec::new();
    let mut say = |role: &'static str, block: Value| match messages.last_mut() {
        // Results of one turn's calls are blocks of one message.
        Some((last, blocks)) if *last == role => blocks.push(block),
        _ => messages.push((role, vec![block])),
    };
    for said in conversation.said() {
        match said {
            Said::Task { text } => say("user", json!({"type": "text", "text": text})),
            Said::Model { text, calls } => {
                if let Some(text) = text {
                    say("assistant", json!({"type": "text", "text": text}));
                }
                for wish in calls {
                    // It takes objects alone; what was none was answered as the mistake that it is.
                    let input = if wish.input.is_object() { wish.input.clone() } else { json!({}) };
                    say("assistant", json!({"type": "tool_use", "id": wish.id, "name": wish.tool, "input": input}));
                }
            }
            Said::Tool { id, answer, failed } => {
                say("user", json!({"type": "tool_result", "tool_use_id": id, "content": answer, "is_error": failed}));
            }
        }
    }
    let messages: Vec<Value> =
        messages.into_iter().map(|(role, blocks)| json!({"role": role, "content": blocks})).collect();
    let mut request = json!({
        "model": endpoint.model,
        "max_tokens": conversation.answer_tokens_max,
        "temperature": conversation.temperature,
        "system": conversation.system(),
        "messages": messages,
    });
    let tools: Vec<Value> = conversation
        .offers()
        .iter()
        .map(|offer| json!({"name": offer.name, "description": offer.description, "input_schema": offer.input}))
        .collect();
    if !tools.is_empty() {
        request["tools"] = Value::Array(tools);
    }
    serde_json::to_vec(&request).expect("texts and numbers are JSON")
}

/// Reads the next turn.
pub(super) fn turn(body: &[u8]) -> Result<Turn, Fault> {
    let answer = ended(body)?;
    let (mut texts, mut calls) = (Vec::new(), Vec::new());
    for block in answer.content {
        match block.kind.as_str() {
            "text" => texts.extend(block.text),
            "tool_use" => calls.push(ToolWish {
                id: String::new(),
                tool: block.name.unwrap_or_default(),
                input: block.input.unwrap_or_else(|| json!({})),
            }),
            _ => {}
        }
    }
    if texts.is_empty() && calls.is_empty() {
        return Err(Fault::permanent("the answer has no text and calls no tool"));
    }
    let tokens = answer.usage.map_or((None, None), |usage| (usage.input_tokens, usage.output_tokens));
    Ok(Turn { text: Some(texts.concat()).filter(|text| !text.is_empty()), calls, model: answer.model, tokens })
}

pub(super) fn answer(body: &[u8]) -> Result<Completion, Fault> {
    let answer = ended(body)?;
    let texts: Vec<&str> =
        answer.content.iter().filter(|block| block.kind == "text").filter_map(|block| block.text.as_deref()).collect();
    if texts.is_empty() {
        return Err(Fault::permanent("the answer has no text"));
    }
    let tokens = answer.usage.map_or((None, None), |usage| (usage.input_tokens, usage.output_tokens));
    Ok(Completion { text: texts.concat(), model: answer.model, tokens })
}

/// A message that is whole.
fn ended(body: &[u8]) -> Result<Answer, Fault> {
    let answer: Answer = serde_json::from_slice(body).map_err(|_| Fault::permanent("the answer is no message"))?;
    match answer.stop_reason.as_deref() {
        Some("end_turn" | "stop_sequence" | "tool_use") => Ok(answer),
        Some("max_tokens" | "model_context_window_exceeded") => {
            Err(Fault::permanent("the answer was cut at its longest length"))
        }
        Some("refusal") => Err(Fault::permanent("the model refuses to answer")),
        _ => Err(Fault::permanent("the message did not end")),
    }
}
