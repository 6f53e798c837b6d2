//! For callers that ask the person themselves, as agents with a user before them do.

use super::{Gate, Passage};
use crate::Error;

/// The label of an intent that was asked for.
const ASKED: &str = "asked";

impl Gate {
    /// As [`Gate::enter`], for a caller that asks the person itself. Where a rule says `ask`, the intent
    /// is sealed with the label `asked`, and what the person is to be asked is given: the call may happen
    /// if they agree. Where they do not, no outcome follows, and the intent stays open.
    ///
    /// Errors: it could not be judged or sealed. The call must not go on.
    pub fn enter_or_ask(&self, mut intent: sealbook_record::Record) -> Result<(Passage, Option<String>), Error> {
        let verdict = self.core.judge(&intent)?;
        let question = match self.core.refusal(&intent, &verdict)? {
            Some(refused) if refused.code == "ask" => {
                let by = if refused.rules.is_empty() { "policy".to_owned() } else { refused.rules.join(", ") };
                intent.tags.push(ASKED.to_owned());
                Some(format!("Rule {by} wants a person to decide. Record {}.", intent.id))
            }
            Some(refused) => {
                return Ok((Passage::Refused(self.core.seal_refusal(intent, refused)?.wait_refused()), None));
            }
            None => None,
        };
        let (judged, mut entered) = self.core.announce(intent)?;
        entered.sealed = Some(self.core.seal(judged)?);
        Ok((Passage::Entered(entered), question))
    }
}
