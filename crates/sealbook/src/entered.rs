//! A guard over something that was announced and is not over.

use sealbook_flow::Ending;
use sealbook_record::{Outcome, PartName};
use serde::Serialize;
use serde_json::value::RawValue;

use crate::{Book, Error};

/// Something that was announced: its intent is sealed. Say how it ended; dropped without that, its outcome is
/// `unknown`, or `failed` where the thread panics, and is queued.
#[derive(Debug)]
#[must_use = "dropped at once, it ends at once, and nobody knows how"]
pub struct Entered {
    pub(crate) inner: sealbook_flow::Entered,
    pub(crate) book: Book,
    result: Option<Box<RawValue>>,
}

impl Entered {
    pub(crate) fn new(inner: sealbook_flow::Entered, book: Book, if_dropped: Outcome) -> Self {
        Self { inner: inner.if_dropped(if_dropped), book, result: None }
    }

    /// The intent's id, as text.
    pub fn id(&self) -> String {
        self.inner.id().to_string()
    }

    /// Adds what came out. What JSON cannot write is left out.
    pub fn result(mut self, result: &impl Serialize) -> Self {
        self.result = serde_json::value::to_raw_value(result).ok();
        self
    }

    /// It went well. Waits until that is durable.
    pub fn ok(self) -> Result<(), Error> {
        self.end(Ending::new(Outcome::Ok))
    }

    /// It failed. Waits until that is durable.
    pub fn failed(self, why: impl std::fmt::Display) -> Result<(), Error> {
        self.end(Ending::new(Outcome::Failed).with(PartName::Error, &why.to_string()))
    }

    /// It was called off. Waits until that is durable.
    pub fn cancelled(self, why: impl std::fmt::Display) -> Result<(), Error> {
        self.end(Ending::new(Outcome::Cancelled).with(PartName::Error, &why.to_string()))
    }

    pub(crate) fn end(self, mut ending: Ending) -> Result<(), Error> {
        ending.parts.extend(self.result.map(|result| (PartName::Result, result)));
        let ended = self.inner.end(ending);
        if ended.is_err() {
            self.book.note_unsealed();
        }
        Ok(ended?)
    }
}
