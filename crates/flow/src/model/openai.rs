//! OpenAI's chat completions: `POST /v1/chat/completions`.
//!
//! <https://platform.openai.com/docs/api-reference/chat>

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{AnswerForm, Completion, Endpoint, Prompt};
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

pub(super) fn answer(body: &[u8]) -> Result<Completion, Fault> {
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
    if choice.message.refusal.is_some_and(|refusal| !refusal.is_empty()) {
        return Err(Fault::permanent("the model refuses to answer"));
    }
    let text = choice.message.content.ok_or_else(|| Fault::permanent("the answer has no text"))?;
    let tokens = answer.usage.map_or((None, None), |usage| (usage.prompt_tokens, usage.completion_tokens));
    Ok(Completion { text, model: answer.model, tokens })
}
