//! For callers that ask the person themselves, as agents with a user before them do.

use std::sync::Arc;

use sealbook_policy::{Decision, Mode};
use sealbook_record::Record;

use super::{Entered, Gate, Passage, Pending};
use crate::Error;

/// The label of an intent that was asked for.
const ASKED: &str = "asked";

impl Gate {
    /// As [`Gate::enter`], for a caller that asks the person itself. Where a rule says `ask`, the intent
    /// is sealed with the label `asked`, and what the person is to be asked is given: the call may happen
    /// if they agree. Where they do not, no outcome follows, and the intent stays open.
    ///
    /// Errors: it could not be judged or sealed. The call must not go on.
    pub fn enter_or_ask(&self, mut intent: Record) -> Result<(Passage, Option<String>), Error> {
        let judgement = self.core.judge(&intent)?;
        let is_asked = judgement.verdict.decision() == Decision::Ask;
        if !is_asked || judgement.stop.is_some() || self.core.options.mode == Mode::Observe {
            return Ok((self.enter(intent)?, None));
        }
        let deciding = judgement.verdict.enforced().filter(|hit| hit.effect == Decision::Ask);
        let rules: Vec<&str> = deciding.map(|hit| &*hit.name).collect();
        let question = format!("Sealbook: {} wants a person to decide. Record {}.", rules.join(", "), intent.id);
        intent.tags.push(ASKED.to_owned());
        let (record, entered) = self.core.intent(intent, &judgement.verdict);
        let ticket = self.core.submit(record, judgement.verdict)?;
        let entered = Entered { buffered: false, ..entered };
        let passage = Pending::sealing(Arc::clone(&self.core), ticket, entered, false).wait()?;
        let question = matches!(passage, Passage::Entered(_)).then_some(question);
        Ok((passage, question))
    }
}
