//! A call that is held while its client waits for the response.

use std::sync::{Arc, Mutex, PoisonError};

use sealbook_record::Outcome;
use tokio::sync::Semaphore;

use crate::mcp::hold::{Asked, Hold, Settled, wait};
use crate::mcp::session::Session;
use crate::{Ended, Error, Held, Passage, Pending};

/// Calls of all clients that are held at a time; each takes a thread.
pub(super) const PLACES: usize = 128;

/// What the exchange and the thread that holds its call know of each other.
#[derive(Default)]
pub(super) enum Waiting {
    #[default]
    Nothing,
    Held(Arc<Hold>),
    /// The client has hung up.
    Gone,
}

/// Dropped when the client hangs up: what is held then is called off.
pub(super) struct HangUp(pub(super) Arc<Mutex<Waiting>>);

impl Drop for HangUp {
    fn drop(&mut self) {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Waiting::Held(hold) = std::mem::replace(&mut *waiting, Waiting::Gone) {
            hold.call_off(LEFT);
        }
    }
}

const LEFT: &str = "the caller left while it was held";

/// Waits until it is decided. Why, where it was called off: that is on record.
///
/// The client is asked nothing and told nothing meanwhile: its response has not begun.
pub(super) fn hold(
    session: &Session,
    held: Held,
    id: &str,
    waiting: &Mutex<Waiting>,
    places: &Semaphore,
) -> Result<Result<Pending, Error>, &'static str> {
    let place = places.try_acquire().ok();
    let Some(hold) = place.as_ref().and_then(|_| session.room.enter(id)) else {
        return Ok(held.look().and_then(|looked| looked.map_or_else(Held::give_up, Ok)));
    };
    {
        let mut waiting = waiting.lock().unwrap_or_else(PoisonError::into_inner);
        match &mut *waiting {
            Waiting::Gone => drop(hold.call_off(LEFT)),
            waiting => *waiting = Waiting::Held(Arc::clone(&hold)),
        }
    }
    let settled = wait(session, held, &hold, &Asked::default(), &|_| false);
    let released = match settled {
        Settled::CalledOff(why) => Err(why),
        Settled::Goes(pending) => match hold.release(|| {}) {
            Ok(()) => Ok(pending),
            // Called off just before it went on. Its intent may be sealed already.
            Err(why) => {
                if let Ok(Passage::Entered(entered)) = pending.and_then(Pending::wait) {
                    session.gate.leave_soon(entered, Ended::new(Outcome::Cancelled).because(why));
                }
                Err(why)
            }
        },
    };
    session.room.leave(&hold);
    released
}
