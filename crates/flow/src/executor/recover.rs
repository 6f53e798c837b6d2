//! Calls that another process began, and whose end is not on record.

use sealbook_record::{Outcome, PartName, Phase, Uuid};

use super::{Asked, Called, Executor, Request};
use crate::tool::Effect;
use crate::{Error, offload};

/// An attempt of which nobody knows how it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unfinished {
    /// The operation of the call.
    pub operation: Uuid,
    /// The intent of its last attempt.
    pub intent: Uuid,
    /// No outcome of that is on record; else one that says `unknown`.
    pub is_open: bool,
}

/// What is known of such an attempt now.
#[derive(Debug)]
pub enum Recovered {
    /// It took effect, and gave this; that is on record.
    Done(Box<Called>),
    /// The call may be made again: it did not take effect, or twice is as once.
    Again,
    /// Nobody can tell: a person decides.
    Unknown,
}

impl Executor {
    /// Finds out how an attempt ended, as its effect allows. An outcome that is missing is sealed first: `unknown`.
    /// What is called again afterwards names the attempt as its parent, so that it is told as a repetition.
    ///
    /// Errors: the tool is not there, or its input does not fit any more; or the book could not be written.
    pub async fn recover(&self, request: &Request, unfinished: Unfinished) -> Result<Recovered, Error> {
        let ready = self.ready(request, unfinished.operation)?;
        if unfinished.is_open {
            let mut record = self.intent(&ready);
            record.phase = Phase::Outcome;
            record.operation = Some(unfinished.operation);
            record.parent = Some(unfinished.intent);
            record.outcome = Some(Outcome::Unknown);
            record.parts.clear();
            let said = serde_json::json!({"message": "who made it ended before its outcome was sealed"});
            record.set_part(PartName::Error, &said).expect("texts are JSON");
            let journal = std::sync::Arc::clone(&self.recovery.journal);
            record.id = journal.next_id();
            record.occurred = journal.now();
            offload(move || journal.seal(record)).await??;
        }
        Ok(match ready.deed.effect {
            Effect::Pure | Effect::Read | Effect::Idempotent => Recovered::Again,
            Effect::Unsafe => Recovered::Unknown,
            Effect::Probeable => match self.probed(&ready, unfinished.intent, 1).await? {
                Some(Asked::Done(called)) => Recovered::Done(Box::new(called)),
                Some(Asked::NotDone) => Recovered::Again,
                None => Recovered::Unknown,
            },
        })
    }
}
