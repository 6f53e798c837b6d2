//! What is to be called, and what came of it.

use std::time::Duration;

use sealbook_record::{PartName, Record, Uuid};
use serde::Serialize;
use serde_json::value::RawValue;

use crate::Error;

/// Whether a call may be made again when nobody knows what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Repeat {
    /// Twice is as once, by its nature: it reads, or it sets what is set already.
    Idempotent,
    /// The other side recognises this key, and does it once. Every attempt carries the same.
    Keyed(String),
    /// Only where it surely did not take effect: it was refused for now, or never arrived. A message, a mail.
    IfRefused,
    /// No: a payment, the creation of a customer.
    No,
}

impl Repeat {
    /// The word for it in records.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Idempotent => "idempotent",
            Self::Keyed(_) => "keyed",
            Self::IfRefused => "if_refused",
            Self::No => "no",
        }
    }
}

/// Something to be called: what is written down of each attempt, and whether it may be repeated.
#[derive(Debug, Clone)]
pub struct Call {
    /// Who does what to what, with which input. Ids, phase and times are set for each attempt.
    pub intent: Record,
    /// Whether it may be repeated.
    pub repeat: Repeat,
}

/// One attempt, for whoever makes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// Which it is, from 1.
    pub number: u32,
    /// How many there are at most.
    pub of: u32,
    /// How long it may last; after that it is dropped.
    pub left: Duration,
    /// The key that the other side recognises, the same for each attempt.
    pub key: Option<String>,
    /// Its sealed intent.
    pub intent: Uuid,
}

/// What a successful attempt gives.
#[derive(Debug, Clone)]
pub struct Success<T> {
    /// The value.
    pub value: T,
    /// What is recorded of it, JSON text.
    pub result: Option<Box<RawValue>>,
    /// What else is recorded of it.
    pub also: Vec<(PartName, Box<RawValue>)>,
}

impl<T> Success<T> {
    /// A value of which nothing is recorded.
    pub const fn new(value: T) -> Self {
        Self { value, result: None, also: Vec::new() }
    }

    /// The same, with what is recorded of it. A thing that JSON cannot write is not recorded.
    #[must_use]
    pub fn recorded(self, result: &impl Serialize) -> Self {
        Self { result: serde_json::value::to_raw_value(result).ok(), ..self }
    }

    /// The same, with another part of the outcome. A thing that JSON cannot write is not recorded.
    #[must_use]
    pub fn noting(mut self, part: PartName, value: &impl Serialize) -> Self {
        self.also.extend(serde_json::value::to_raw_value(value).ok().map(|raw| (part, raw)));
        self
    }
}

/// A call that succeeded.
#[derive(Debug)]
pub struct Done<T> {
    /// The value.
    pub value: T,
    /// How many attempts it took.
    pub attempts: u32,
    /// The operation that all attempts belong to.
    pub operation: Uuid,
    /// The intent of the attempt that succeeded.
    pub intent: Uuid,
    /// Why its outcome could not be sealed. It was done all the same; the book shows an open intent.
    pub unsealed: Option<Error>,
}
