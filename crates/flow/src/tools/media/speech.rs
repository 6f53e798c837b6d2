//! `text_to_speech`: speaks a text, into a file below the directory for media or into the answer itself.
//! <https://platform.openai.com/docs/api-reference/audio/createSpeech>

use std::sync::Arc;

use sealbook_ledger::Hash;
use sealbook_record::Category;
use serde_json::{Value, json};

use super::{INLINE_BYTES_MAX, MediaFiles};
use crate::tool::{Compensation, Deed, Effect, Reversal, Tool, ToolCall, ToolInfo};
use crate::tools::api::base64;
use crate::tools::openai::OpenAi;
use crate::tools::{not_begun, text};
use crate::{Error, Fault, Pending, Schema, offload};

/// What the API takes.
const TEXT_CHARS_MAX: usize = 4_096;
const NAME: &str = "text_to_speech";

/// The tool.
pub struct TextToSpeech {
    info: ToolInfo,
    service: OpenAi,
    voice: String,
    files: Arc<dyn MediaFiles>,
}

impl TextToSpeech {
    /// Speaks with this voice where a call names none.
    ///
    /// Errors: [`Error::SchemaInvalid`], which ours is not.
    pub fn new(service: OpenAi, voice: &str, files: Arc<dyn MediaFiles>) -> Result<Self, Error> {
        let info = ToolInfo {
            name: NAME.to_owned(),
            description: "Speaks a text: into a new file (`save_as`), or into the answer.".to_owned(),
            backend: format!("openai api: {}", service.model()),
            effect: Effect::Unsafe,
            reversal: Reversal::Call,
            input: Schema::new(input())?,
            output: Some(Schema::new(output())?),
        };
        Ok(Self { info, service, voice: voice.to_owned(), files })
    }

    async fn speak(&self, call: &ToolCall<'_>) -> Result<Value, Fault> {
        if let Some(path) = text(call.input, "remove") {
            return self.remove(path, text(call.input, "sha256").unwrap_or_default()).await;
        }
        let format = text(call.input, "format").unwrap_or("mp3");
        let body = json!({
            "model": self.service.model(),
            "input": text(call.input, "text").unwrap_or_default(),
            "voice": text(call.input, "voice").unwrap_or(&self.voice),
            "response_format": format,
        });
        let body = ("application/json", body.to_string().into_bytes());
        let asked = self.service.ask(&["audio", "speech"], body, call.left).await;
        // Nothing was written: whatever became of the question, it may be asked again.
        let spoken = asked.map_err(not_begun)?.body;
        if spoken.is_empty() {
            return Err(Fault::permanent("the service answered with nothing"));
        }
        let digest = Hash::of(&spoken);
        let mut result = json!({"format": format, "bytes": spoken.len(), "sha256": digest.to_string()});
        match text(call.input, "save_as") {
            Some(path) => {
                let (files, name) = (Arc::clone(&self.files), path.to_owned());
                let written = offload(move || files.write_new(&name, &spoken)).await;
                let written = written.map_err(|error| Fault::permanent(error.to_string()))?;
                written.map_err(|why| Fault::permanent(format!("`save_as` cannot be written: {why}")))?;
                result["path"] = json!(path);
            }
            None if spoken.len() > INLINE_BYTES_MAX => {
                let why = format!("it has more than {INLINE_BYTES_MAX} bytes; name a file with `save_as`");
                return Err(Fault::permanent(why));
            }
            None => result["base64"] = json!(base64(&spoken)),
        }
        Ok(result)
    }

    async fn remove(&self, path: &str, digest: &str) -> Result<Value, Fault> {
        let digest: Hash = digest.parse().map_err(|_| Fault::permanent("`sha256` is no digest"))?;
        let (files, name) = (Arc::clone(&self.files), path.to_owned());
        let removed = offload(move || files.remove(&name, &digest)).await;
        let removed = removed.map_err(|error| Fault::permanent(error.to_string()))?;
        removed.map_err(|why| Fault::permanent(format!("the file was left where it is: {why}")))?;
        Ok(json!({"removed": path, "sha256": digest.to_string()}))
    }
}

impl Tool for TextToSpeech {
    fn info(&self) -> &ToolInfo {
        &self.info
    }

    fn deed(&self, input: &Value) -> Deed {
        let category = Category::LlmRequest;
        let (action, category, effect, reversal) = if input.get("remove").is_some() {
            ("speech.remove", Category::FileWrite, Effect::Unsafe, Reversal::Irreversible)
        } else if input.get("save_as").is_some() {
            ("speech.make", category, Effect::Unsafe, Reversal::Call)
        } else {
            ("speech.make", category, Effect::Read, Reversal::Nothing)
        };
        Deed { action: action.to_owned(), category, effect, reversal }
    }

    fn call<'a>(&'a self, call: &'a ToolCall<'a>) -> Pending<'a, Result<Value, Fault>> {
        Box::pin(self.speak(call))
    }

    fn compensation(&self, _: &Value, result: &Value) -> Compensation {
        match (text(result, "path"), text(result, "sha256")) {
            (Some(path), Some(digest)) => {
                Compensation::Call { tool: NAME.to_owned(), input: json!({"remove": path, "sha256": digest}) }
            }
            _ if result.get("removed").is_some() => {
                Compensation::Irreversible { why: "the recording was removed; speak the text again".to_owned() }
            }
            _ => Compensation::Nothing,
        }
    }
}

fn input() -> Value {
    let path = json!({"type": "string", "minLength": 1, "maxLength": 1_000});
    json!({
        "type": "object",
        "additionalProperties": false,
        "oneOf": [
            {"required": ["text"], "not": {"anyOf": [{"required": ["remove"]}, {"required": ["sha256"]}]}},
            {"required": ["remove", "sha256"], "maxProperties": 2},
        ],
        "properties": {
            "text": {"type": "string", "minLength": 1, "maxLength": TEXT_CHARS_MAX},
            "voice": {"type": "string", "pattern": "^[A-Za-z0-9_-]{1,64}$"},
            "format": {"enum": ["mp3", "opus", "aac", "flac", "wav"]},
            "save_as": path,
            "remove": path,
            "sha256": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
        },
    })
}

fn output() -> Value {
    json!({"type": "object", "required": ["sha256"], "properties": {
        "format": {"type": "string"}, "bytes": {"type": "integer"}, "sha256": {"type": "string"},
        "path": {"type": "string"}, "base64": {"type": "string"}, "removed": {"type": "string"}}})
}
