//! Something else instead. What comes of it is never taken for the real thing.

use std::future::Future;

use sealbook_record::{Category, Outcome, PartName, Record, Severity, Uuid};
use serde::Serialize;

use super::{Attempt, Call, Done, Fault, Recovery, Success, Why};
use crate::{Error, GaveUp, offload};

const TAG_DEGRADED: &str = "degraded";

/// What a call with a fallback gave. There is no way to the value that does not pass by the difference.
#[derive(Debug)]
pub enum Answer<T> {
    /// The call succeeded.
    Whole(Done<T>),
    /// The call failed, and this is what there is instead.
    Degraded {
        /// What the fallback gave.
        instead: Done<T>,
        /// How the call failed.
        because: Box<GaveUp>,
    },
}

/// What a call gave that a person can do by hand.
#[derive(Debug)]
pub enum DoneOrTask<T> {
    /// The call succeeded.
    Done(Done<T>),
    /// The service is down; a person has to do it.
    Task(ManualTask),
}

/// A task for a person, sealed.
#[derive(Debug)]
pub struct ManualTask {
    /// The id of its record.
    pub id: Uuid,
    /// How the call failed.
    pub because: Box<GaveUp>,
}

/// What the part `context` of a task says.
#[derive(Serialize)]
struct TaskNote<'a> {
    instead_of: &'a str,
    failure: String,
    attempts: u32,
    last_attempt: String,
    /// Whether the last attempt may have taken effect: look before doing it again.
    may_have_happened: bool,
}

impl Recovery {
    /// Makes the call; where it failed for good, makes the fallback's call instead.
    ///
    /// Both are recorded, as one operation. What the fallback does carries the tag `degraded`, and names the
    /// attempt that failed as its parent. A stop, a rule that forbids, or a book that cannot be written is no
    /// failure of the call: there is no fallback for it.
    pub async fn run_or<T, W, F>(
        &self,
        call: &Call,
        work: impl FnMut(Attempt) -> W,
        fallback: &Call,
        instead: impl FnMut(Attempt) -> F,
    ) -> Result<Answer<T>, Error>
    where
        W: Future<Output = Result<Success<T>, Fault>>,
        F: Future<Output = Result<Success<T>, Fault>>,
    {
        let because = match self.run(call, work).await {
            Ok(done) => return Ok(Answer::Whole(done)),
            Err(Error::GaveUp(because)) => because,
            Err(other) => return Err(other),
        };
        let mut fallback = fallback.clone();
        fallback.intent.tags.push(TAG_DEGRADED.to_owned());
        let instead = self.run_in(&fallback, because.operation, Some(because.last), instead).await?;
        Ok(Answer::Degraded { instead, because })
    }

    /// Makes the call; where the service is down, seals a task for a person instead.
    ///
    /// A failure that would not pass is no outage: it is an [`Error::GaveUp`], and no task is made of it.
    pub async fn run_or_task<T, W>(
        &self,
        call: &Call,
        work: impl FnMut(Attempt) -> W,
        task: &str,
    ) -> Result<DoneOrTask<T>, Error>
    where
        W: Future<Output = Result<Success<T>, Fault>>,
    {
        match self.run(call, work).await {
            Ok(done) => Ok(DoneOrTask::Done(done)),
            Err(Error::GaveUp(because)) if because.why != Why::Permanent => {
                let record = self.task(call, task, &because);
                let journal = std::sync::Arc::clone(&self.journal);
                let id = record.id;
                offload(move || journal.seal(record)).await??;
                Ok(DoneOrTask::Task(ManualTask { id, because }))
            }
            Err(other) => Err(other),
        }
    }

    fn task(&self, call: &Call, task: &str, because: &GaveUp) -> Record {
        let mut record = call.intent.clone();
        record.id = self.journal.next_id();
        record.phase = sealbook_record::Phase::Event;
        record.occurred = self.journal.now();
        record.operation = Some(because.operation);
        record.parent = Some(because.last);
        "task.manual".clone_into(&mut record.action);
        record.category = Category::TaskProcessing;
        record.severity = record.severity.max(Severity::Warning);
        record.outcome = None::<Outcome>;
        record.reason = Some(task.to_owned());
        record.tags.extend(["manual_task".to_owned(), TAG_DEGRADED.to_owned()]);
        let note = TaskNote {
            instead_of: &call.intent.action,
            failure: because.fault.to_string(),
            attempts: because.attempts,
            last_attempt: because.last.to_string(),
            may_have_happened: because.fault.cause.is_undecided(),
        };
        record.set_part(PartName::Context, &note).expect("numbers and texts are JSON");
        record
    }
}
