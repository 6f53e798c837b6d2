//! Conversations in which a model may ask for tools.

use std::fmt::Write as _;
use std::time::Duration;

use sealbook_policy::Judged;
use sealbook_record::PartName;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::{Fault, Pending};

/// Something that goes on with a conversation.
pub trait Chat: Send + Sync {
    /// What it is called, for records: `openai/gpt-5`.
    fn name(&self) -> String;
    /// Asks for the next turn once, and waits no longer than this.
    fn turn<'a>(&'a self, conversation: &'a Conversation, left: Duration) -> Pending<'a, Result<Turn, Fault>>;
}

/// What was said before: instructions of ours, and what was redacted. There is no other way to ask.
#[derive(Debug, Clone)]
pub struct Conversation {
    system: String,
    said: Vec<Said>,
    offers: Vec<Offer>,
    /// How much the answer may vary, from 0.
    pub temperature: f64,
    /// How long one answer may be, in tokens of the model.
    pub answer_tokens_max: u32,
}

/// Something that was said.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "snake_case")]
pub enum Said {
    /// What is to be done.
    Task {
        /// The text.
        text: String,
    },
    /// The model.
    Model {
        /// What it says.
        text: Option<String>,
        /// The calls that it asks for.
        calls: Vec<ToolWish>,
    },
    /// What came of a call.
    Tool {
        /// Which call.
        id: String,
        /// What it gave, or why it gave nothing. It may hold anything.
        answer: String,
        /// It gave nothing.
        failed: bool,
    },
}

/// A call that a model asks for. Nothing says that it may be made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ToolWish {
    /// Which call it is: ours, since a model's may be anything.
    pub id: String,
    /// The tool, as the model names it.
    pub tool: String,
    /// What it is to be given.
    pub input: Value,
}

/// A tool that a model may ask for.
#[derive(Debug, Clone, PartialEq)]
pub struct Offer {
    /// Its name for the model: letters, digits, `_` and `-`, 64 at most.
    pub name: String,
    /// What it does.
    pub description: String,
    /// What it takes: a JSON Schema of an object.
    pub input: Value,
}

/// What a model answered.
#[derive(Debug, Clone, PartialEq)]
pub struct Turn {
    /// What it says.
    pub text: Option<String>,
    /// The calls that it asks for.
    pub calls: Vec<ToolWish>,
    /// The model that answered, as it calls itself.
    pub model: Option<String>,
    /// Tokens of the question and of the answer.
    pub tokens: (Option<u64>, Option<u64>),
}

impl Conversation {
    /// A conversation as a redacted record holds it: a list of what was said, in its part `input`, below `said`.
    /// `None` where it holds none, since redaction took out more than texts of it.
    pub fn new(system: String, about: &Judged, offers: Vec<Offer>) -> Option<Self> {
        #[derive(Deserialize)]
        struct Part {
            said: Vec<Said>,
        }
        let part: Part = serde_json::from_str(about.record().part(PartName::Input)?.get()).ok()?;
        Some(Self { system, said: part.said, offers, temperature: 0.3, answer_tokens_max: 4_096 })
    }

    /// The instructions.
    pub fn system(&self) -> &str {
        &self.system
    }

    /// What was said.
    pub fn said(&self) -> &[Said] {
        &self.said
    }

    /// The tools.
    pub fn offers(&self) -> &[Offer] {
        &self.offers
    }

    /// SHA-256 over `sealbook/conversation/v1\0`, the instructions, a zero byte and what was said as JSON; lower hex.
    pub fn digest(&self) -> String {
        let mut hash = Sha256::new();
        hash.update(b"sealbook/conversation/v1\0");
        hash.update(self.system.as_bytes());
        hash.update(b"\0");
        hash.update(serde_json::to_vec(&self.said).expect("texts are JSON"));
        hash.finalize().iter().fold(String::with_capacity(64), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
    }
}
