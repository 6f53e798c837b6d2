//! `transcribe_audio`: what is said in a recording.
//! <https://platform.openai.com/docs/api-reference/audio/createTranscription>

use std::sync::Arc;

use sealbook_record::Category;
use serde_json::{Value, json};

use super::{AUDIO, Given, MediaFiles, given, given_schema, one_of_both};
use crate::tool::{Compensation, Deed, Effect, Reversal, Tool, ToolCall, ToolInfo};
use crate::tools::openai::OpenAi;
use crate::tools::{name_of, text};
use crate::{Cause, Error, Fault, Pending, Schema};

/// The tool.
pub struct TranscribeAudio {
    info: ToolInfo,
    service: OpenAi,
    files: Arc<dyn MediaFiles>,
}

impl TranscribeAudio {
    /// Errors: [`Error::SchemaInvalid`], which ours is not.
    pub fn new(service: OpenAi, files: Arc<dyn MediaFiles>) -> Result<Self, Error> {
        let info = ToolInfo {
            name: "transcribe_audio".to_owned(),
            description: "Writes down what is said in a recording.".to_owned(),
            backend: format!("openai api: {}", service.model()),
            effect: Effect::Read,
            reversal: Reversal::Nothing,
            input: Schema::new(input())?,
            output: Some(Schema::new(output())?),
        };
        Ok(Self { info, service, files })
    }

    async fn transcribe(&self, call: &ToolCall<'_>) -> Result<Value, Fault> {
        let given = given(call.input, &self.files, AUDIO).await?;
        let fields = [("model", Some(self.service.model())), ("response_format", Some("json"))];
        let fields = fields.into_iter().chain(["language", "prompt"].map(|name| (name, text(call.input, name))));
        let fields: Vec<(&str, &str)> = fields.filter_map(|(name, value)| Some((name, value?))).collect();
        // No part of a form can hold it by chance: it follows from the call and from the file.
        let boundary = format!("{}{}", name_of(call), &given.digest.to_string()[..24]);
        let body = form(&boundary, &fields, &given);
        let kind = format!("multipart/form-data; boundary={boundary}");
        let answer = self.service.ask(&["audio", "transcriptions"], (&kind, body), call.left).await?.json()?;
        let said = answer["text"].as_str();
        let said = said.ok_or_else(|| Fault::new(Cause::Unreadable).with_detail("it has no text"))?;
        Ok(json!({"text": said, "audio": {"sha256": given.digest.to_string(), "bytes": given.bytes.len(),
            "type": given.kind.mime}}))
    }
}

impl Tool for TranscribeAudio {
    fn info(&self) -> &ToolInfo {
        &self.info
    }

    fn deed(&self, _: &Value) -> Deed {
        let (action, category) = ("audio.transcribe".to_owned(), Category::LlmRequest);
        Deed { action, category, effect: Effect::Read, reversal: Reversal::Nothing }
    }

    fn call<'a>(&'a self, call: &'a ToolCall<'a>) -> Pending<'a, Result<Value, Fault>> {
        Box::pin(self.transcribe(call))
    }

    fn compensation(&self, _: &Value, _: &Value) -> Compensation {
        Compensation::Nothing
    }
}

/// A form with a file (RFC 7578). The file's name is ours: its suffix tells the service what it is.
fn form(boundary: &str, fields: &[(&str, &str)], file: &Given) -> Vec<u8> {
    let mut body = Vec::with_capacity(file.bytes.len() + 1_000);
    for (name, value) in fields {
        let head = format!("--{boundary}\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
        body.extend_from_slice(head.as_bytes());
    }
    let head = format!(
        "--{boundary}\r\ncontent-disposition: form-data; name=\"file\"; filename=\"audio.{}\"\r\n\
         content-type: {}\r\n\r\n",
        file.kind.suffix, file.kind.mime
    );
    body.extend_from_slice(head.as_bytes());
    body.extend_from_slice(&file.bytes);
    body.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
    body
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
            "language": {"type": "string", "pattern": "^[a-z]{2,3}$", "description": "ISO 639, as in `de`"},
            "prompt": {"type": "string", "maxLength": 2_000, "description": "Words that occur in it"},
        },
    })
}

fn output() -> Value {
    json!({"type": "object", "required": ["text", "audio"], "properties": {
        "text": {"type": "string"},
        "audio": {"type": "object", "required": ["sha256", "bytes", "type"]}}})
}
