//! Calls that are held open until somebody has decided. What is here knows no transport.

mod elicit;
mod room;

use std::sync::mpsc::{SyncSender, sync_channel};
use std::time::Duration;

use sealbook_record::Timestamp;

use super::peek::{Message, fields};
use super::session::Session;
use crate::{Error, Held, Pending};
use elicit::Elicitation;
pub(crate) use elicit::can_elicit;
pub(crate) use room::{Hold, Room};

/// How often the book is looked at while a call is held.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// How often a client that wants to know is told that the call goes on.
const PROGRESS_EVERY_US: i64 = 5_000_000;

/// How long calls are held, and who is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HoldOptions {
    /// How long a call is held for a person. Clients give up after a minute, as a rule.
    pub hold: Duration,
    /// The same where the client has asked for news of the call: each of them moves its deadline.
    pub hold_progress: Duration,
    /// Whether the client's own user may decide where a rule does not say who may.
    pub elicit: bool,
}

impl Default for HoldOptions {
    fn default() -> Self {
        Self { hold: Duration::from_secs(55), hold_progress: Duration::from_mins(4), elicit: false }
    }
}

/// What a thread does that holds a call.
pub(crate) type Work = Box<dyn FnOnce() + Send>;

/// A thread for a call that is to be held, where the system has one more. It is there before it is given its work:
/// where there is none, the call is still here, and answered at once.
pub(crate) fn thread() -> Option<SyncSender<Work>> {
    let (give, take) = sync_channel::<Work>(1);
    let work = move || {
        if let Ok(work) = take.recv() {
            work();
        }
    };
    std::thread::Builder::new().name("sealbook-hold".to_owned()).spawn(work).ok().map(|_| give)
}

/// What the held request says of itself.
#[derive(Debug, Clone, Default)]
pub(crate) struct Asked {
    /// The token under which the client wants news, as it stands.
    pub(crate) progress: Option<String>,
    /// Whether the client takes requests of ours while it waits.
    pub(crate) takes_requests: bool,
}

impl Asked {
    pub(crate) fn of(session: &Session, message: &Message<'_>) -> Self {
        let meta = message.params.and_then(|params| fields(params, ["_meta"])[0]);
        let token = meta.and_then(|meta| fields(meta, ["progressToken"])[0]);
        let fits = |token: &&str| token.len() <= 512 && (token.starts_with('"') || token.parse::<f64>().is_ok());
        // From revision 2026-07-28 on nothing is asked but in a result, which the client answers by a changed call.
        let takes_requests = session.can_elicit() && !super::answer::names_its_revision(message);
        Self { progress: token.filter(fits).map(str::to_owned), takes_requests }
    }
}

/// What became of a held call.
pub(crate) enum Settled {
    /// It passes, or is refused.
    Goes(Result<Pending, Error>),
    /// The client wants it no more, or somebody is gone. It is on record; why.
    CalledOff(&'static str),
}

/// Holds a call until it is decided, called off, or held long enough. `say` writes a message (without a line break)
/// to the client while it waits, and says whether that was possible.
pub(crate) fn wait(
    session: &Session,
    mut held: Held,
    hold: &Hold,
    asked: &Asked,
    say: &dyn Fn(Vec<u8>) -> bool,
) -> Settled {
    let begun = session.gate.ledger().now();
    let options = &session.options.holding;
    let limit = if asked.progress.is_some() { options.hold_progress } else { options.hold };
    let mut news = News { asked, next: begun, count: 0 };
    let mut question = Elicitation::Unasked;
    loop {
        if let Some(why) = hold.called_off() {
            question.end(session, say);
            // It did not happen. Where even that cannot be written down, the gap says so.
            let _ = held.call_off(why);
            return Settled::CalledOff(why);
        }
        let looked = match question.answer(session, hold) {
            Some(answer) => held.elicited(&answer),
            None => held.look(),
        };
        held = match looked {
            Ok(Err(held)) => held,
            Ok(Ok(pending)) => {
                question.end(session, say);
                return Settled::Goes(Ok(pending));
            }
            Err(cause) => {
                question.end(session, say);
                return Settled::Goes(Err(cause));
            }
        };
        let now = session.gate.ledger().now();
        if lasted(begun, now) >= limit {
            question.end(session, say);
            return Settled::Goes(held.give_up());
        }
        if asked.takes_requests && held.client_consents(options.elicit) {
            question.ask(session, &held, hold, say);
        }
        news.tell(now, &held, say);
        hold.sleep(LOOK_EVERY);
    }
}

fn lasted(begun: Timestamp, now: Timestamp) -> Duration {
    Duration::from_micros(u64::try_from(now.as_micros().saturating_sub(begun.as_micros())).unwrap_or(0))
}

/// News of a held call, for a client that asked for them.
struct News<'a> {
    asked: &'a Asked,
    next: Timestamp,
    count: u32,
}

impl News<'_> {
    fn tell(&mut self, now: Timestamp, held: &Held, say: &dyn Fn(Vec<u8>) -> bool) {
        let Some(token) = self.asked.progress.as_deref().filter(|_| now >= self.next) else { return };
        self.next = Timestamp::from_micros(now.as_micros().saturating_add(PROGRESS_EVERY_US));
        self.count += 1;
        let approval = held.approve_command().map_or_else(String::new, |command| format!(" ({command})"));
        let message = serde_json::Value::from(format!("Held: a person has to approve this call{approval}"));
        // Progress only grows, and the server's own comes after ours: so ours is next to nothing.
        let news = format!(
            "{{\"jsonrpc\":\"2.0\",\"method\":\"notifications/progress\",\"params\":{{\"progressToken\":{token},\"progress\":0.{:06},\"message\":{message}}}}}",
            self.count.min(999_999)
        );
        say(news.into_bytes());
    }
}
