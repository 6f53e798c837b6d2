//! For callers that ask the person themselves, as agents with a user before them do.

use std::sync::Arc;

use sealbook_record::Record;

use super::held::{Held, Said, Weighed};
use super::{Decided, Entered, Gate, Passage, Pending};
use crate::Error;

/// The label of an intent that was asked for.
const ASKED: &str = "asked";

impl Gate {
    /// As [`Gate::enter`], for a caller that asks the person itself. Where a rule says `ask`, the intent
    /// is sealed with the label `asked`, and what the person is to be asked is given: the call may happen
    /// if they agree. Where they do not, no outcome follows, and the intent stays open. A rule that demands an
    /// approver, and a review that sets conditions, are not left to such a person: the call is refused, with the
    /// id of the request.
    ///
    /// Errors: it could not be judged or sealed. The call must not go on.
    pub fn enter_or_ask(&self, intent: Record) -> Result<(Passage, Option<String>), Error> {
        let judgement = self.core.judge(&intent)?;
        let (record, verdict) = match self.core.decide(intent, judgement)? {
            Decided::Waits(record, verdict) => (record, verdict),
            decided => return Ok((self.carry_out(decided, false)?.wait()?, None)),
        };
        let mut held = Held::new(Arc::clone(&self.core), record, verdict);
        let conditions = match held.weigh()? {
            Weighed::MustAsk(None) if held.client_consents(true) => return self.delegate(held),
            Weighed::MustAsk(conditions) => conditions,
            Weighed::Said(said) => {
                let pending = match said {
                    Said::Waits => held.give_up()?,
                    Said::Passes => {
                        let (record, verdict) = held.into_parts();
                        self.core.passes(*record, verdict)?
                    }
                    Said::Refused(refused) => {
                        let (record, verdict) = held.into_parts();
                        self.core.refuse(*record, verdict, refused)?
                    }
                };
                return Ok((pending.wait()?, None));
            }
        };
        held.request(conditions.as_ref())?;
        Ok((held.give_up()?.wait()?, None))
    }

    /// Seals the intent of a call that the caller's own user is asked about.
    fn delegate(&self, held: Held) -> Result<(Passage, Option<String>), Error> {
        let rules = held.rules().join(", ");
        let (mut intent, verdict) = held.into_parts();
        let question = format!("Sealbook: {rules} wants a person to decide. Record {}.", intent.id);
        intent.tags.push(ASKED.to_owned());
        let (record, entered) = self.core.intent(*intent, &verdict);
        let ticket = self.core.submit(record, verdict)?;
        let entered = Entered { buffered: false, ..entered };
        let passage = Pending::sealing(Arc::clone(&self.core), ticket, entered, false).wait()?;
        let question = matches!(passage, Passage::Entered(_)).then_some(question);
        Ok((passage, question))
    }
}
