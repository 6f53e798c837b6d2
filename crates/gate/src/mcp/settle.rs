//! What was judged and is sealed now: what goes on, what is expected of it, what was refused.

use sealbook_record::Outcome;

use super::answer;
use super::judge::{After, Before, Wanted};
use super::peek::{Message, Peek, peek};
use super::session::{Awaited, Session, Side};
use crate::{Ended, Entered, Error, Passage, Pending, Refused};

/// Calls that entered, with the token of their ids; none of a notification.
pub(crate) type Calls = Vec<(Option<String>, Entered)>;

/// What became of each message.
#[derive(Default)]
pub(crate) struct Settled {
    pub(crate) entered: Calls,
    pub(crate) expected: Vec<(Option<String>, Awaited)>,
    /// With the place in the batch.
    pub(crate) refused: Vec<(usize, Refused)>,
}

/// Waits until every intent is durable, or the book has refused it.
pub(crate) fn settle(before: Vec<Before>) -> Settled {
    let mut settled = Settled::default();
    for Before { index, id, what } in before {
        match what {
            Wanted::Seal(pending) => settled.sealed(index, id, pending.and_then(Pending::wait)),
            Wanted::Reply(awaited) => settled.expected.push((id, awaited)),
            Wanted::Refused(one) => settled.refused.push((index, one)),
        }
    }
    settled
}

/// As [`settle`], without keeping a thread. It must be awaited to its end.
pub(crate) async fn settle_async(before: Vec<Before>) -> Settled {
    let mut settled = Settled::default();
    for Before { index, id, what } in before {
        match what {
            Wanted::Seal(Ok(pending)) => settled.sealed(index, id, pending.settled().await),
            Wanted::Seal(Err(cause)) => settled.sealed(index, id, Err(cause)),
            Wanted::Reply(awaited) => settled.expected.push((id, awaited)),
            Wanted::Refused(one) => settled.refused.push((index, one)),
        }
    }
    settled
}

impl Settled {
    fn sealed(&mut self, index: usize, id: Option<String>, became: Result<Passage, Error>) {
        match became {
            Ok(Passage::Entered(one)) => self.entered.push((id, one)),
            Ok(Passage::Refused(one)) => self.refused.push((index, one)),
            Err(cause) => self.refused.push((index, Refused::by_error(&cause))),
        }
    }
}

/// Replies are to come: the ids of these, and the calls of which none will tell how they ended.
pub(crate) fn expect(
    session: &Session,
    entered: Calls,
    expected: Vec<(Option<String>, Awaited)>,
) -> (Vec<String>, Calls) {
    let (mut ids, mut without_id) = (Vec::new(), Vec::new());
    let calls = entered.into_iter().map(|(id, entered)| (id, Awaited::Call(entered)));
    for (id, awaited) in expected.into_iter().chain(calls) {
        match (id, awaited) {
            (Some(id), awaited) => match session.expect(Side::Client, &id, awaited) {
                Ok(()) => ids.push(id),
                Err(Awaited::Call(entered)) => without_id.push((None, entered)),
                Err(_) => {}
            },
            (None, Awaited::Call(entered)) => without_id.push((None, entered)),
            (None, _) => {}
        }
    }
    (ids, without_id)
}

/// What a message that has gone tells.
pub(crate) fn tell(session: &Session, text: &[u8], after: &[After]) {
    for told in after {
        match told {
            After::Cancel(id) => session.cancel(Side::Client, id),
            After::Reply(index) => {
                if let Some(message) = messages(text).get(*index) {
                    session.reply(Side::Server, message);
                }
            }
        }
    }
}

/// The answers to a message or a batch of which something was refused: every request in it gets its own.
pub(crate) fn answers(session: &Session, text: &[u8], refused: &[(usize, Refused)]) -> Option<Vec<u8>> {
    let messages = messages(text);
    let is_batch = text.trim_ascii_start().starts_with(b"[");
    let answers = messages.iter().enumerate().filter_map(|(index, message)| {
        session.count_refused();
        match refused.iter().find(|(at, _)| *at == index) {
            Some((_, refused)) => answer::refusal(message, refused),
            None => message.method.as_ref().and(message.id).map(answer::batch_mate),
        }
    });
    let answers: Vec<Vec<u8>> = answers.collect();
    if answers.is_empty() {
        return None;
    }
    Some(if is_batch { answer::batch(&answers) } else { answers.concat() })
}

/// All of them end so.
pub(crate) fn leave_all(session: &Session, calls: Calls, outcome: Outcome, why: &str) {
    for (_, entered) in calls {
        session.gate.leave_soon(entered, Ended::new(outcome).because(why));
    }
}

/// The messages of a text.
pub(crate) fn messages(text: &[u8]) -> Vec<Message<'_>> {
    peek(text, false).map(Peek::into_messages).unwrap_or_default()
}
