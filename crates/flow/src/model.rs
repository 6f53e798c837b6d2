//! Language models behind HTTP: endpoints that speak OpenAI's chat completions (LM Studio, Ollama, vLLM and others
//! do as well), and Anthropic's messages.
//!
//! An answer is read whole and within bounds of time and size. Nothing of it, of what was asked, or of a key gets
//! into an error: what a provider says of a failure is known words or nothing.

mod anthropic;
mod chat;
mod client;
mod endpoint;
mod key;
mod openai;
mod refusal;

use std::fmt::Write as _;
use std::time::Duration;

use sealbook_policy::Judged;
use sealbook_record::PartName;
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use crate::{Fault, Pending};

pub use chat::{Chat, Conversation, Offer, Said, ToolWish, Turn};
pub use client::HttpModel;
pub(crate) use endpoint::is_this_machine;
pub use endpoint::{AnswerForm, Endpoint, Provider};
pub use key::ApiKey;

/// Something that answers.
pub trait Model: Send + Sync {
    /// What it is called, for records: `openai/gpt-5`.
    fn name(&self) -> String;
    /// Asks once, and waits no longer than this.
    fn ask<'a>(&'a self, prompt: &'a Prompt, left: Duration) -> Pending<'a, Result<Completion, Fault>>;
}

/// What a model is asked: instructions of ours, and something that was redacted. There is no other way to ask.
#[derive(Debug, Clone)]
pub struct Prompt {
    system: String,
    data: String,
    /// How much the answer may vary, from 0.
    pub temperature: f64,
    /// How long the answer may be, in tokens of the model.
    pub answer_tokens_max: u32,
    /// The form that the answer must have: a name and a JSON schema.
    pub form: Option<(&'static str, Box<RawValue>)>,
}

impl Prompt {
    /// Asks about a redacted record: its parts, as one JSON object.
    pub fn new(system: String, about: &Judged) -> Self {
        let parts = PartName::ALL.iter().filter_map(|name| Some((name, about.record().part(*name)?)));
        let parts: Vec<String> = parts.map(|(name, part)| format!("\"{name}\":{}", part.get())).collect();
        let data = format!("{{{}}}", parts.join(","));
        Self { system, data, temperature: 0.1, answer_tokens_max: 2_048, form: None }
    }

    /// The instructions.
    pub fn system(&self) -> &str {
        &self.system
    }

    /// What they are about: a JSON object.
    pub fn data(&self) -> &str {
        &self.data
    }

    /// SHA-256 over `sealbook/prompt/v1\0`, the instructions, a zero byte and the data, as lower hex. Everything in
    /// it was redacted before.
    pub fn digest(&self) -> String {
        let mut hash = Sha256::new();
        hash.update(b"sealbook/prompt/v1\0");
        hash.update(self.system.as_bytes());
        hash.update(b"\0");
        hash.update(self.data.as_bytes());
        hash.finalize().iter().fold(String::with_capacity(64), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
    }
}

/// What a model answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Completion {
    /// The text, whole. It may hold anything.
    pub text: String,
    /// The model that answered, as it calls itself.
    pub model: Option<String>,
    /// Tokens of the question and of the answer.
    pub tokens: (Option<u64>, Option<u64>),
}
