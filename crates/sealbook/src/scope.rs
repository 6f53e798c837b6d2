//! Something that is about to be done.

use std::fmt::Display;
use std::future::Future;

use sealbook_flow::{Ending, enter, offload};
use sealbook_record::{Actor, Category, Classification, Outcome, PartName, Record, Severity, Target, TargetKind};
use serde::Serialize;
use serde_json::value::RawValue;

use crate::{Book, Entered, Error, RunError};

/// Something that is about to be done: who does what to what, and why. Nothing is written before it is entered
/// or run.
#[derive(Debug)]
#[must_use = "nothing is recorded before it is entered or run"]
pub struct Scope {
    book: Option<Book>,
    record: Option<Record>,
    arguments: Values,
    context: Values,
}

/// What is recorded of a value.
pub(crate) type Recorded = Option<Box<RawValue>>;
/// Values by their names.
pub(crate) type Values = Vec<(String, Recorded)>;

impl Scope {
    pub(crate) fn new(book: Option<Book>, action: String) -> Self {
        let record = book.as_ref().map(|book| book.record(action));
        Self { book, record, arguments: Vec::new(), context: Vec::new() }
    }

    fn set(mut self, set: impl FnOnce(&mut Record)) -> Self {
        if let Some(record) = &mut self.record {
            set(record);
        }
        self
    }

    /// Who acts.
    pub fn actor(self, actor: Actor) -> Self {
        self.set(|record| record.actor = actor)
    }

    /// To what it is done.
    pub fn target(self, kind: TargetKind, id: impl Into<String>) -> Self {
        self.set(|record| record.target = Target::new(kind, id))
    }

    /// What sort of action it is.
    pub fn category(self, category: Category) -> Self {
        self.set(|record| record.category = category)
    }

    /// Why.
    pub fn reason(self, reason: impl Into<String>) -> Self {
        self.set(|record| record.reason = Some(reason.into()))
    }

    /// A label.
    pub fn tag(self, tag: impl Into<String>) -> Self {
        self.set(|record| record.tags.push(tag.into()))
    }

    /// The session it belongs to.
    pub fn session(self, session: impl Into<String>) -> Self {
        self.set(|record| record.session = Some(session.into()))
    }

    /// Weight.
    pub fn severity(self, severity: Severity) -> Self {
        self.set(|record| record.severity = severity)
    }

    /// Who may see the content.
    pub fn classification(self, classification: Classification) -> Self {
        self.set(|record| record.classification = classification)
    }

    /// One of the arguments, in the part `input`. It is redacted.
    pub fn argument(mut self, name: impl Into<String>, value: &(impl Serialize + ?Sized)) -> Self {
        self.arguments.push((name.into(), serde_json::value::to_raw_value(value).ok()));
        self
    }

    /// Something about the circumstances, in the part `context`. It is redacted.
    pub fn context(mut self, name: impl Into<String>, value: &(impl Serialize + ?Sized)) -> Self {
        self.context.push((name.into(), serde_json::value::to_raw_value(value).ok()));
        self
    }

    /// Seals the intent and gives a guard. Waits until the intent is durable.
    ///
    /// Errors: a rule or the stop refuses, or the book cannot be written. Nothing may be done then.
    pub fn enter(self) -> Result<Entered, Error> {
        let (book, record) = self.parts()?;
        Ok(Entered::new(enter(&book.journal, record)?, book, Outcome::Unknown))
    }

    /// As [`Scope::enter`], without blocking the executor.
    pub async fn enter_async(self) -> Result<Entered, Error> {
        let (book, record) = self.parts()?;
        let journal = book.journal();
        Ok(Entered::new(offload(move || enter(&journal, record)).await??, book, Outcome::Unknown))
    }

    /// Does it: the intent is durable before, the outcome afterwards. A panic is recorded and goes on.
    ///
    /// Where the outcome cannot be sealed, what was done counts all the same: see [`Book::unsealed`].
    ///
    /// Errors: [`RunError::Refused`], where nothing was done, or [`RunError::Failed`].
    pub fn run<T, E: Display>(self, work: impl FnOnce() -> Result<T, E>) -> Result<T, RunError<E>> {
        self.run_recording(|_| None, work)
    }

    /// As [`Scope::run`], for a future: it is awaited here, and dropped here it is `cancelled`.
    pub async fn run_async<T, E: Display>(self, work: impl Future<Output = Result<T, E>>) -> Result<T, RunError<E>> {
        self.run_recording_async(|_| None, work).await
    }

    /// As [`Scope::run`], for work that adds what it finds to its own outcome.
    ///
    /// ```
    /// # use sealbook::{Book, Finding, Place, Severity};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let home = tempfile::tempdir()?;
    /// # let book = Book::open_or_create(&Place::in_home(home.path(), "shop")?)?;
    /// book.scope("license.check").run_with(|scope| {
    ///     let text = "some text";
    ///     scope.add_finding(Finding::new("license.unknown", "license", Severity::Warning, "?", Some("a.rs"), text));
    ///     Ok::<_, std::io::Error>(())
    /// })?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn run_with<T, E: Display>(self, work: impl FnOnce(&mut Entered) -> Result<T, E>) -> Result<T, RunError<E>> {
        let mut entered = self.enter().map_err(RunError::Refused)?;
        let ended = work(&mut entered);
        let _ = entered.end(ending(&ended, |_| None));
        ended.map_err(RunError::Failed)
    }

    /// As [`Scope::run_with`], for a future: dropped here it is `cancelled`, and what it found stays.
    pub async fn run_with_async<T, E: Display>(
        self,
        work: impl AsyncFnOnce(&mut Entered) -> Result<T, E>,
    ) -> Result<T, RunError<E>> {
        let mut entered = self.enter_async().await.map_err(RunError::Refused)?.if_dropped(Outcome::Cancelled);
        let ended = work(&mut entered).await;
        end_async(entered, ending(&ended, |_| None)).await;
        ended.map_err(RunError::Failed)
    }

    pub(crate) fn run_recording<T, E: Display>(
        self,
        record: impl FnOnce(&T) -> Recorded,
        work: impl FnOnce() -> Result<T, E>,
    ) -> Result<T, RunError<E>> {
        let entered = self.enter().map_err(RunError::Refused)?;
        let ended = work();
        // What cannot be sealed is counted there, and must not cost what was done.
        let _ = entered.end(ending(&ended, record));
        ended.map_err(RunError::Failed)
    }

    pub(crate) async fn run_recording_async<T, E: Display>(
        self,
        record: impl FnOnce(&T) -> Recorded,
        work: impl Future<Output = Result<T, E>>,
    ) -> Result<T, RunError<E>> {
        let entered = self.enter_async().await.map_err(RunError::Refused)?.if_dropped(Outcome::Cancelled);
        let ended = work.await;
        end_async(entered, ending(&ended, record)).await;
        ended.map_err(RunError::Failed)
    }

    fn parts(self) -> Result<(Book, Record), Error> {
        let (Some(book), Some(mut record)) = (self.book, self.record) else { return Err(Error::BookNotInstalled) };
        for (part, values) in [(PartName::Input, self.arguments), (PartName::Context, self.context)] {
            if !values.is_empty() {
                record.parts.insert(part, object(values)?);
            }
        }
        Ok((book, record))
    }
}

/// Seals the outcome without blocking the executor. What cannot be sealed is counted.
async fn end_async(entered: Entered, ending: Ending) {
    let book = entered.book.clone();
    if offload(move || entered.end(ending)).await.is_err() {
        book.note_unsealed();
    }
}

/// The values as one JSON object, each as it was written.
pub(crate) fn object(values: Values) -> Result<Box<RawValue>, Error> {
    let mut text = String::from("{");
    for (name, value) in values {
        let Some(value) = value else { return Err(Error::ArgumentUnwritable { name }) };
        if text.len() > 1 {
            text.push(',');
        }
        text.push_str(&serde_json::to_string(&name).expect("a text is JSON"));
        text.push(':');
        text.push_str(value.get());
    }
    text.push('}');
    Ok(RawValue::from_string(text).expect("names and JSON texts are an object"))
}

fn ending<T, E: Display>(ended: &Result<T, E>, record: impl FnOnce(&T) -> Recorded) -> Ending {
    match ended {
        Ok(value) => {
            let mut ending = Ending::new(Outcome::Ok);
            ending.parts.extend(record(value).map(|result| (PartName::Result, result)));
            ending
        }
        Err(error) => Ending::new(Outcome::Failed).with(PartName::Error, &error.to_string()),
    }
}
