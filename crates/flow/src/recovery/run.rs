//! Making attempts.

use std::future::Future;
use std::sync::Arc;

use sealbook_record::{Outcome, PartName, Uuid};
use sealbook_store::Entropy;
use serde::Serialize;

use super::{Attempt, Call, Done, Failed, Fault, Next, Repeat, Retry, Success};
use crate::time::before;
use crate::{Cause, Ending, Entered, Error, GaveUp, Journal, Time, enter, offload};

/// Makes calls, and tries again. Everything it needs comes from outside.
#[derive(Clone)]
pub struct Recovery {
    /// How often, how long, until when.
    pub retry: Retry,
    /// Where attempts are written down; it knows the stop.
    pub journal: Arc<dyn Journal>,
    /// Time and waiting.
    pub time: Arc<dyn Time>,
    /// Randomness, for the jitter.
    pub entropy: Arc<dyn Entropy>,
}

/// What the part `metadata` of an attempt's intent says.
#[derive(Serialize)]
struct AttemptNote<'a> {
    attempt: u32,
    of: u32,
    repeat: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    idempotency: Option<&'a str>,
}

/// What the part `error` of a failed attempt's outcome says.
#[derive(Serialize)]
struct FaultNote {
    message: String,
    transient: bool,
    then: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    wait_ms: Option<u128>,
}

impl Recovery {
    /// Makes the call, and makes it again where it failed, that may pass, and it may be repeated.
    ///
    /// Each attempt is an intent, durable before `work` is called, and an outcome; all are one operation. The stop
    /// is looked at before each. Where the future is dropped, the attempt's outcome is `cancelled`. An attempt that
    /// runs into the deadline is dropped, and its outcome is `unknown`.
    ///
    /// Errors: [`Error::GaveUp`] with the last failure; [`Error::Stopped`] and [`Error::Refused`], where nothing
    /// further was begun; or the book could not be written.
    pub async fn run<T, W>(&self, call: &Call, work: impl FnMut(Attempt) -> W) -> Result<Done<T>, Error>
    where
        W: Future<Output = Result<Success<T>, Fault>>,
    {
        let operation = call.intent.operation.unwrap_or_else(|| self.journal.next_id());
        self.run_in(call, operation, call.intent.parent, work).await
    }

    pub(crate) async fn run_in<T, W>(
        &self,
        call: &Call,
        operation: Uuid,
        mut parent: Option<Uuid>,
        mut work: impl FnMut(Attempt) -> W,
    ) -> Result<Done<T>, Error>
    where
        W: Future<Output = Result<Success<T>, Fault>>,
    {
        let began = self.time.passed();
        let mut number = 1;
        loop {
            let entered = self.enter(call, number, operation, parent).await?;
            let intent = entered.id();
            parent = Some(intent);
            let left = self.retry.deadline.saturating_sub(self.time.passed().saturating_sub(began));
            let key = match &call.repeat {
                Repeat::Keyed(key) => Some(key.clone()),
                Repeat::Idempotent | Repeat::IfRefused | Repeat::No => None,
            };
            let attempt = Attempt { number, of: self.retry.attempts(), left, key, intent };
            let ended = before(work(attempt), self.time.wait(left)).await;
            let fault = match ended {
                Some(Ok(Success { value, result, also })) => {
                    let mut ending = Ending::new(Outcome::Ok);
                    ending.parts.extend(also);
                    ending.parts.extend(result.map(|result| (PartName::Result, result)));
                    let unsealed = leave(entered, ending).await.err();
                    return Ok(Done { value, attempts: number, operation, intent, unsealed });
                }
                Some(Err(fault)) => fault,
                None => Fault::new(Cause::Timeout),
            };
            let passed = self.time.passed().saturating_sub(began);
            let failed = Failed { fault: &fault, repeat: &call.repeat, attempt: number, passed, now: self.time.now() };
            let next = self.retry.next(&failed, self.random());
            leave(entered, failure(&fault, next)).await?;
            match next {
                Next::Retry(wait) => self.time.pause(wait).await,
                Next::End(why) => {
                    let action = call.intent.action.clone();
                    let gave_up = GaveUp { action, fault, why, attempts: number, operation, last: intent };
                    return Err(Error::GaveUp(Box::new(gave_up)));
                }
            }
            number += 1;
        }
    }

    /// Looks at the stop and the rules, and seals the intent of an attempt.
    async fn enter(&self, call: &Call, number: u32, operation: Uuid, parent: Option<Uuid>) -> Result<Entered, Error> {
        let mut intent = call.intent.clone();
        intent.operation = Some(operation);
        intent.parent = parent;
        let idempotency = match &call.repeat {
            Repeat::Keyed(key) => Some(key.as_str()),
            Repeat::Idempotent | Repeat::IfRefused | Repeat::No => None,
        };
        let of = self.retry.attempts();
        let note = AttemptNote { attempt: number, of, repeat: call.repeat.as_str(), idempotency };
        intent.set_part(PartName::Metadata, &note).expect("numbers and texts are JSON");
        let journal = Arc::clone(&self.journal);
        offload(move || enter(&journal, intent)).await?
    }

    /// A number that nobody can guess.
    pub fn random(&self) -> u64 {
        let mut bytes = [0; 8];
        self.entropy.fill(&mut bytes);
        u64::from_le_bytes(bytes)
    }
}

async fn leave(entered: Entered, ending: Ending) -> Result<(), Error> {
    offload(move || entered.end(ending)).await?
}

/// A failed attempt: how it failed, and what comes of it. Where nobody knows whether it took effect, it says so.
fn failure(fault: &Fault, next: Next) -> Ending {
    let outcome = if fault.cause.is_undecided() { Outcome::Unknown } else { Outcome::Failed };
    let (then, wait_ms) = match next {
        Next::Retry(wait) => ("retry", Some(wait.as_millis())),
        Next::End(why) => (why.as_str(), None),
    };
    let note = FaultNote { message: fault.to_string(), transient: fault.cause.is_transient(), then, wait_ms };
    Ending::new(outcome).with(PartName::Error, &note)
}
