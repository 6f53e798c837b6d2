//! A guard over something that was announced and is not over.

use sealbook_flow::Ending;
use sealbook_record::{Finding, Outcome, PartName};
use serde::Serialize;
use serde_json::value::RawValue;

use crate::scope::{Values, object};
use crate::{Book, Error};

/// Something that was announced: its intent is sealed. Say how it ended; dropped without that, its outcome is
/// `unknown`, or `failed` where the thread panics, and is queued. What was found meanwhile is in the outcome either
/// way.
#[derive(Debug)]
#[must_use = "dropped at once, it ends at once, and nobody knows how"]
pub struct Entered {
    /// `None` once it has ended.
    inner: Option<sealbook_flow::Entered>,
    id: String,
    pub(crate) book: Book,
    result: Option<Box<RawValue>>,
    findings: Vec<Finding>,
    context: Values,
}

impl Entered {
    pub(crate) fn new(inner: sealbook_flow::Entered, book: Book, if_dropped: Outcome) -> Self {
        let (id, inner) = (inner.id().to_string(), Some(inner.if_dropped(if_dropped)));
        Self { inner, id, book, result: None, findings: Vec::new(), context: Vec::new() }
    }

    /// What it means when this is dropped without an ending.
    pub(crate) fn if_dropped(mut self, outcome: Outcome) -> Self {
        self.inner = self.inner.take().map(|inner| inner.if_dropped(outcome));
        self
    }

    /// The intent's id, as text.
    pub fn id(&self) -> String {
        self.id.clone()
    }

    /// Adds what came out. What JSON cannot write is left out.
    pub fn result(mut self, result: &impl Serialize) -> Self {
        self.result = serde_json::value::to_raw_value(result).ok();
        self
    }

    /// Adds something that was found: it is in the outcome's part `findings`.
    pub fn add_finding(&mut self, finding: Finding) {
        self.findings.push(finding);
    }

    /// Adds all of them.
    pub fn add_findings(&mut self, findings: impl IntoIterator<Item = Finding>) {
        self.findings.extend(findings);
    }

    /// Adds something about how it went, in the outcome's part `context`. What JSON cannot write is left out.
    pub fn add_context(&mut self, name: impl Into<String>, value: &(impl Serialize + ?Sized)) {
        if let Ok(value) = serde_json::value::to_raw_value(value) {
            self.context.push((name.into(), Some(value)));
        }
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

    pub(crate) fn end(mut self, mut ending: Ending) -> Result<(), Error> {
        ending.parts.extend(self.result.take().map(|result| (PartName::Result, result)));
        let Some(inner) = self.noted() else { return Ok(()) };
        let ended = inner.end(ending);
        if ended.is_err() {
            self.book.note_unsealed();
        }
        Ok(ended?)
    }

    /// The announcement, with what was found.
    fn noted(&mut self) -> Option<sealbook_flow::Entered> {
        let mut inner = self.inner.take()?;
        if !self.findings.is_empty() {
            inner.note(PartName::Findings, &self.findings);
        }
        if let Some(context) = object(std::mem::take(&mut self.context)).ok().filter(|it| it.get() != "{}") {
            inner.note(PartName::Context, &context);
        }
        Some(inner)
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        drop(self.noted());
    }
}
