//! `analyze_image`: what is to be seen in a picture.
//! <https://platform.openai.com/docs/guides/images-vision>

use std::sync::Arc;

use sealbook_record::Category;
use serde_json::{Value, json};

use super::{IMAGES, MediaFiles, given, given_schema, one_of_both};
use crate::tool::{Compensation, Deed, Effect, Reversal, Tool, ToolCall, ToolInfo};
use crate::tools::api::base64;
use crate::tools::openai::OpenAi;
use crate::tools::text;
use crate::{Cause, Error, Fault, Pending, Schema};

const QUESTION: &str = "Describe what is to be seen in this picture.";
const TOKENS_MAX: u64 = 4_096;
const TOKENS_DEFAULT: u64 = 1_024;

/// The tool.
pub struct AnalyzeImage {
    info: ToolInfo,
    service: OpenAi,
    files: Arc<dyn MediaFiles>,
}

impl AnalyzeImage {
    /// Errors: [`Error::SchemaInvalid`], which ours is not.
    pub fn new(service: OpenAi, files: Arc<dyn MediaFiles>) -> Result<Self, Error> {
        let info = ToolInfo {
            name: "analyze_image".to_owned(),
            description: "Says what is to be seen in a picture, or answers a question about it.".to_owned(),
            backend: format!("openai api: {}", service.model()),
            effect: Effect::Read,
            reversal: Reversal::Nothing,
            input: Schema::new(input())?,
            output: Some(Schema::new(output())?),
        };
        Ok(Self { info, service, files })
    }

    async fn analyze(&self, call: &ToolCall<'_>) -> Result<Value, Fault> {
        let given = given(call.input, &self.files, IMAGES).await?;
        let picture = format!("data:{};base64,{}", given.kind.mime, base64(&given.bytes));
        let body = json!({
            "model": self.service.model(),
            "max_tokens": call.input["max_tokens"].as_u64().unwrap_or(TOKENS_DEFAULT).min(TOKENS_MAX),
            "messages": [{"role": "user", "content": [
                {"type": "text", "text": text(call.input, "question").unwrap_or(QUESTION)},
                {"type": "image_url", "image_url": {"url": picture}},
            ]}],
        });
        let answer = self.service.ask_json(&["chat", "completions"], &body, call.left).await?;
        let choice = &answer["choices"][0];
        match choice["finish_reason"].as_str() {
            Some("length") => {
                return Err(Fault::permanent("the answer was cut at its longest length; raise max_tokens"));
            }
            Some("content_filter") => return Err(Fault::permanent("the provider's filter held the answer back")),
            _ => {}
        }
        if choice["message"]["refusal"].as_str().is_some_and(|refusal| !refusal.is_empty()) {
            return Err(Fault::permanent("the model refuses to answer"));
        }
        let said = choice["message"]["content"].as_str();
        let said = said.ok_or_else(|| Fault::new(Cause::Unreadable).with_detail("it has no text"))?;
        Ok(json!({"description": said, "image": {"sha256": given.digest.to_string(), "bytes": given.bytes.len(),
            "type": given.kind.mime}}))
    }
}

impl Tool for AnalyzeImage {
    fn info(&self) -> &ToolInfo {
        &self.info
    }

    fn deed(&self, _: &Value) -> Deed {
        let (action, category) = ("image.analyze".to_owned(), Category::LlmRequest);
        Deed { action, category, effect: Effect::Read, reversal: Reversal::Nothing }
    }

    fn call<'a>(&'a self, call: &'a ToolCall<'a>) -> Pending<'a, Result<Value, Fault>> {
        Box::pin(self.analyze(call))
    }

    fn compensation(&self, _: &Value, _: &Value) -> Compensation {
        Compensation::Nothing
    }
}

fn input() -> Value {
    let (path, base64) = given_schema();
    json!({
        "type": "object",
        "additionalProperties": false,
        "oneOf": one_of_both(),
        "properties": {
            "path": path,
            "base64": base64,
            "question": {"type": "string", "minLength": 1, "maxLength": 4_000},
            "max_tokens": {"type": "integer", "minimum": 1, "maximum": TOKENS_MAX, "default": TOKENS_DEFAULT},
        },
    })
}

fn output() -> Value {
    json!({"type": "object", "required": ["description", "image"], "properties": {
        "description": {"type": "string"},
        "image": {"type": "object", "required": ["sha256", "bytes", "type"]}}})
}
