//! OpenAI's chat completions: `POST /v1/chat/completions`.
//!
//! <https://platform.openai.com/docs/api-reference/chat>

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use serde_json::{Value, json};

use super::{AnswerForm, Completion, Conversation, Endpoint, Prompt, Said as Told, ToolWish, Turn};
use crate::Fault;

#[derive(Serialize)]
struct Request<'a> {
    model: &'a str,
    messages: [Message<'a>; 2],
    temperature: f64,
    max_tokens: u32,
    stream: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_format: Option<ResponseFormat<'a>>,
}

#[derive(Serialize)]
struct Message<'a> {
    role: &'static str,
    content: &'a str,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum ResponseFormat<'a> {
    JsonObject,
    JsonSchema { json_schema: JsonSchema<'a> },
}

#[derive(Serialize)]
struct JsonSchema<'a> {
    name: &'static str,
    strict: bool,
    schema: &'a RawValue,
}

#[derive(Deserialize)]
struct Answer {
    model: Option<String>,
    choices: Vec<Choice>,
    usage: Option<Usage>,
}

#[derive(Deserialize)]
struct Choice {
    message: Said,
    finish_reason: Option<String>,
}

#[derive(Deserialize)]
struct Said {
    content: Option<String>,
    refusal: Option<String>,
    #[serde(default)]
    tool_calls: Option<Vec<ToolCall>>,
}

#[derive(Deserialize)]
struct ToolCall {
    function: Function,
}

#[derive(Deserialize)]
struct Function {
    name: String,
    /// JSON in a text, as the model wrote it.
    #[serde(default)]
    arguments: String,
}

#[derive(Deserialize)]
struct Usage {
    prompt_tokens: Option<u64>,
    completion_tokens: Option<u64>,
}

pub(super) fn request(endpoint: &Endpoint, prompt: &Prompt) -> Vec<u8> {
    let response_format = prompt.form.as_ref().and_then(|(name, schema)| match endpoint.answer_form {
        AnswerForm::Schema => {
            Some(ResponseFormat::JsonSchema { json_schema: JsonSchema { name, strict: true, schema } })
        }
        AnswerForm::Object => Some(ResponseFormat::JsonObject),
        AnswerForm::Text => None,
    });
    let request = Request {
        model: &endpoint.model,
        messages: [
            Message { role: "system", content: prompt.system() },
            Message { role: "user", content: prompt.data() },
        ],
        temperature: prompt.temperature,
        max_tokens: prompt.answer_tokens_max,
        stream: false,
        response_format,
    };
    serde_json::to_vec(&request).expect("texts and numbers are JSON")
}

/// Asks for the next turn of a conversation.
pub(super) fn turn_request(endpoint: &Endpoint, conversation: &Conversation) -> Vec<u8> {
    let mut messages = vec![json!({"role": "system", "content": conversation.system()})];
    for said in conversation.said() {
        match said {
            Told::Task { text } => messages.push(json!({"role": "user", "content": text})),
            Told::Model { text, calls } => {
                let wishes = calls.iter().map(|wish| {
                    let function = json!({"name": wish.tool, "arguments": wish.input.to_string()});
                    json!({"id": wish.id, "type": "function", "function": function})
                });
                let wishes: Vec<Value> = wishes.collect();
                let mut message = json!({"role": "assistant", "content": text});
                if !wishes.is_empty() {
                    message["tool_calls"] = Value::Array(wishes);
                }
                messages.push(message);
            }
            Told::Tool { id, answer, .. } => {
                messages.push(json!({"role": "tool", "tool_call_id": id, "content": answer}));
            }
        }
    }
    let mut request = json!({
        "model": endpoint.model,
        "messages": messages,
        "temperature": conversation.temperature,
        "max_tokens": conversation.answer_tokens_max,
        "stream": false,
    });
    let tools: Vec<Value> = conversation
        .offers()
        .iter()
        .map(|offer| {
            let function = json!({"name": offer.name, "description": offer.description, "parameters": offer.input});
            json!({"type": "function", "function": function})
        })
        .collect();
    if !tools.is_empty() {
        request["tools"] = Value::Array(tools);
    }
    serde_json::to_vec(&request).expect("texts and numbers are JSON")
}

/// Reads the next turn.
pub(super) fn turn(body: &[u8]) -> Result<Turn, Fault> {
    let (said, model, usage) = choice(body)?;
    let calls: Vec<ToolWish> = said
        .tool_calls
        .unwrap_or_default()
        .into_iter()
        .map(|call| {
            let arguments = if call.function.arguments.trim().is_empty() { "{}" } else { &call.function.arguments };
            // What is no JSON is handed on as the text that it is: no schema of a tool takes it.
            let input = serde_json::from_str(arguments).unwrap_or_else(|_| Value::from(arguments));
            ToolWish { id: String::new(), tool: call.function.name, input }
        })
        .collect();
    if calls.is_empty() && said.content.is_none() {
        return Err(Fault::permanent("the answer has no text and calls no tool"));
    }
    let tokens = usage.map_or((None, None), |usage| (usage.prompt_tokens, usage.completion_tokens));
    Ok(Turn { text: said.content.filter(|text| !text.is_empty()), calls, model, tokens })
}

pub(super) fn answer(body: &[u8]) -> Result<Completion, Fault> {
    let (said, model, usage) = choice(body)?;
    let text = said.content.ok_or_else(|| Fault::permanent("the answer has no text"))?;
    let tokens = usage.map_or((None, None), |usage| (usage.prompt_tokens, usage.completion_tokens));
    Ok(Completion { text, model, tokens })
}

/// The one choice of an answer that is whole.
fn choice(body: &[u8]) -> Result<(Said, Option<String>, Option<Usage>), Fault> {
    let answer: Answer =
        serde_json::from_slice(body).map_err(|_| Fault::permanent("the answer is no chat completion"))?;
    let mut choices = answer.choices.into_iter();
    let (Some(choice), None) = (choices.next(), choices.next()) else {
        return Err(Fault::permanent("the answer has not one choice, but none or several"));
    };
    match choice.finish_reason.as_deref() {
        Some("length") => return Err(Fault::permanent("the answer was cut at its longest length")),
        Some("content_filter") => return Err(Fault::permanent("the provider's filter held the answer back")),
        _ => {}
    }
    if choice.message.refusal.as_ref().is_some_and(|refusal| !refusal.is_empty()) {
        return Err(Fault::permanent("the model refuses to answer"));
    }
    Ok((choice.message, answer.model, answer.usage))
}
