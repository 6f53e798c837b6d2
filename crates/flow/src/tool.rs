//! Something that can be called, and what is declared of it.
//!
//! What a tool declares decides what the [executor](crate::Executor) may do: whether a call is made again when nobody
//! knows how it ended, whether it may be asked instead, and how it is taken back.

mod registry;
mod schema;
mod source;

use std::time::Duration;

use sealbook_record::{Category, Uuid};
use serde::Serialize;
use serde_json::Value;

pub use self::registry::{Listed, Registry};
pub use self::schema::{Misfit, Schema};
pub use self::source::ToolSource;
use crate::{Fault, Pending, Repeat};

/// What a call does to the world, which decides what may be done when nobody knows how it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// Nothing: it computes.
    Pure,
    /// Nothing: it reads.
    Read,
    /// Twice is as once, or the other side recognises the call's key: it is made again with the same key.
    Idempotent,
    /// It can be asked whether it happened ([`Tool::probe`]): that is done, and what it says decides.
    Probeable,
    /// Nobody can tell: it is made again only where it was surely refused; else the call stays `unknown`, and a person
    /// decides.
    Unsafe,
}

impl Effect {
    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pure => "pure",
            Self::Read => "read",
            Self::Idempotent => "idempotent",
            Self::Probeable => "probeable",
            Self::Unsafe => "unsafe",
        }
    }

    /// Whether there is nothing to take back.
    pub const fn is_harmless(self) -> bool {
        matches!(self, Self::Pure | Self::Read)
    }

    /// Whether a call may be made again without asking, and with which key.
    pub(crate) fn repeat(self, key: &str) -> Repeat {
        match self {
            Self::Pure | Self::Read => Repeat::Idempotent,
            Self::Idempotent => Repeat::Keyed(key.to_owned()),
            Self::Probeable => Repeat::No,
            Self::Unsafe => Repeat::IfRefused,
        }
    }
}

impl std::fmt::Display for Effect {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

/// How what a tool does can be taken back, as far as that can be said before it is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reversal {
    /// There is nothing to take back.
    Nothing,
    /// By another call, which follows from what the first one gave.
    Call,
    /// Not at all: a mail that was read, a payment that left.
    Irreversible,
}

impl Reversal {
    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Call => "call",
            Self::Irreversible => "irreversible",
        }
    }
}

/// What is declared of a tool. Its pin is a digest over all of this.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ToolInfo {
    /// What it is called by.
    pub name: String,
    /// What it does, for people and models.
    pub description: String,
    /// Which program or server does it.
    pub backend: String,
    /// The worst that a call of it does.
    pub effect: Effect,
    /// How that is taken back.
    pub reversal: Reversal,
    /// What it takes: JSON Schema 2020-12.
    pub input: Schema,
    /// What it gives, where that is declared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output: Option<Schema>,
}

/// What a call with a certain input is: a tool of several actions does more with one than with another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deed {
    /// The dotted verb of its records.
    pub action: String,
    /// What sort of action it is.
    pub category: Category,
    /// What it does to the world.
    pub effect: Effect,
    /// How that is taken back.
    pub reversal: Reversal,
}

/// The call that takes another back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Compensation {
    /// There is nothing to take back.
    Nothing,
    /// This call does it.
    Call {
        /// The tool.
        tool: String,
        /// What it is given, bound from what the first call gave.
        input: Value,
    },
    /// It cannot be taken back, and why.
    Irreversible {
        /// Why; no content.
        why: String,
    },
}

/// One attempt to call a tool.
#[derive(Debug, Clone)]
pub struct ToolCall<'a> {
    /// Whose call it is. No tool shows one tenant what is another's.
    pub tenant: &'a str,
    /// The operation.
    pub operation: Uuid,
    /// What the other side may recognise the call by: the same for each attempt, and for no other call.
    pub key: &'a str,
    /// What it is given, as its schema says. Secrets stand in it: it is neither recorded nor shown.
    pub input: &'a Value,
    /// How long it may last; after that it is dropped.
    pub left: Duration,
}

/// Whether a call took effect.
#[derive(Debug, Clone, PartialEq)]
pub enum Probed {
    /// It did, and gave this.
    Done(Value),
    /// It did not.
    NotDone,
}

/// Whether a tool can be called here and now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Availability {
    /// Whether it can.
    pub available: bool,
    /// Why not, with the mend.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

impl Availability {
    /// It can be called.
    pub const YES: Self = Self { available: true, why: None };

    /// It cannot, and why, with the mend.
    pub fn no(why: impl Into<String>) -> Self {
        Self { available: false, why: Some(why.into()) }
    }
}

/// Something that can be called. Everything it needs (a client, an address, keys) it holds.
///
/// A tool neither records nor retries: the executor does. What it gives is recorded once it was redacted.
pub trait Tool: Send + Sync {
    /// What is declared of it. It does not change while the tool lives.
    fn info(&self) -> &ToolInfo;

    /// What a call with this input is. The input fits the schema.
    fn deed(&self, input: &Value) -> Deed;

    /// Whether it can be called; this asks nobody and takes no time.
    fn availability(&self) -> Availability {
        Availability::YES
    }

    /// Calls it once.
    ///
    /// Errors: it did not do what was asked, or nobody knows ([`Cause::is_undecided`](crate::Cause::is_undecided)).
    fn call<'a>(&'a self, call: &'a ToolCall<'a>) -> Pending<'a, Result<Value, Fault>>;

    /// Asks whether a call of this key took effect. Called for what is [`Effect::Probeable`] alone.
    ///
    /// Errors: it cannot be told now.
    fn probe<'a>(&'a self, _: &'a ToolCall<'a>) -> Pending<'a, Result<Probed, Fault>> {
        Box::pin(std::future::ready(Err(Fault::permanent("this tool cannot be asked whether a call took effect"))))
    }

    /// What takes a call back that was given this and gave that.
    fn compensation(&self, input: &Value, result: &Value) -> Compensation;
}
