//! The sessions that servers have given to clients, by their `Mcp-Session-Id`.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::mcp::session::Session;

/// Sessions that are remembered; the one that was used longest ago makes room.
const SESSIONS_MAX: usize = 4_096;

#[derive(Default)]
pub(super) struct Sessions(Mutex<Known>);

#[derive(Default)]
struct Known {
    by_id: HashMap<Vec<u8>, (u64, Arc<Session>)>,
    used: u64,
}

impl Sessions {
    /// The session of that id. One that is not known was given before this gateway began.
    pub(super) fn get(&self, id: &[u8], make: impl FnOnce() -> Session) -> Arc<Session> {
        let mut known = self.lock();
        known.used += 1;
        let used = known.used;
        if let Some((last, session)) = known.by_id.get_mut(id) {
            *last = used;
            return Arc::clone(session);
        }
        let session = Arc::new(make());
        let gone = known.insert(id, &session);
        drop(known);
        end(gone, "the gateway knows too many sessions");
        session
    }

    /// The server has given that id.
    pub(super) fn add(&self, id: &[u8], session: &Arc<Session>) {
        let mut known = self.lock();
        known.used += 1;
        let gone = known.insert(id, session);
        drop(known);
        end(gone, "another session took its place");
    }

    /// A session is over: no reply comes any more.
    pub(super) fn end(&self, id: &[u8], why: &str) {
        let gone = self.lock().by_id.remove(id);
        end(gone.map(|(_, session)| session), why);
    }

    pub(super) fn end_all(&self, why: &str) {
        let all = std::mem::take(&mut self.lock().by_id);
        all.into_values().for_each(|(_, session)| session.end(why));
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    /// What is not remembered any more.
    fn insert(&mut self, id: &[u8], session: &Arc<Session>) -> Option<Arc<Session>> {
        let mut gone = None;
        if self.by_id.len() >= SESSIONS_MAX && !self.by_id.contains_key(id) {
            let oldest = self.by_id.iter().min_by_key(|(_, (used, _))| *used).map(|(id, _)| id.clone());
            gone = oldest.and_then(|id| self.by_id.remove(&id));
        }
        let before = self.by_id.insert(id.to_owned(), (self.used, Arc::clone(session)));
        let before = before.filter(|(_, before)| !Arc::ptr_eq(before, session));
        gone.or(before).map(|(_, session)| session)
    }
}

fn end(gone: Option<Arc<Session>>, why: &str) {
    if let Some(session) = gone {
        session.room.close("the session ended while it was held");
        session.end(why);
    }
}
