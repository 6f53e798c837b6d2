//! What holds now: the state that rules, stops and approvals make, kept up to the book's head.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sealbook_policy::{RuleSet, State};
use sealbook_record::{Record, Timestamp};
use sealbook_store::{Ledger, Query, Stored};

/// Sequence numbers of our own that are remembered while those before them are not all seen.
const OWN_MAX: usize = 65_536;

/// The state, and which of the records after it are known to change nothing.
pub(crate) struct Watch(Mutex<Seen>);

struct Seen {
    state: State,
    /// Records that this process sealed, and that are none of the state's.
    own: BTreeSet<u64>,
}

impl Watch {
    /// The state as the book tells it.
    pub(crate) fn new(ledger: &Ledger) -> Result<Self, sealbook_store::Error> {
        let mut seen = Seen { state: State::new(), own: BTreeSet::new() };
        let size = ledger.reader()?.size()?;
        let action = State::ACTIONS.iter().map(|action| (*action).to_owned()).collect();
        let query = Query { action, ascending: true, ..Query::default() };
        let found = ledger.each_match(&query, &mut |stored| {
            seen.push(&stored);
            Ok(true)
        });
        match found {
            Ok(()) => seen.state.seen_to(size),
            // The index cannot be brought up to date, on a full disk for one: the book itself is read.
            Err(_) => seen = Seen { state: State::new(), own: BTreeSet::new() },
        }
        seen.catch_up(ledger)?;
        Ok(Self(Mutex::new(seen)))
    }

    /// Brings the state up to the head, and asks it something.
    pub(crate) fn now<T>(&self, ledger: &Ledger, ask: impl FnOnce(&State) -> T) -> Result<T, sealbook_store::Error> {
        let mut seen = self.lock();
        seen.catch_up(ledger)?;
        Ok(ask(&seen.state))
    }

    /// The rules as they were last seen.
    pub(crate) fn rules(&self) -> Arc<RuleSet> {
        self.lock().state.rules()
    }

    /// A record of ours, which changes nothing here and need not be read again.
    pub(crate) fn own(&self, seq: u64) {
        let mut seen = self.lock();
        if seen.own.len() < OWN_MAX {
            seen.own.insert(seq);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seen {
    fn catch_up(&mut self, ledger: &Ledger) -> Result<(), sealbook_store::Error> {
        let reader = ledger.reader()?;
        let size = reader.size()?;
        while self.state.next_seq() < size {
            let seq = self.state.next_seq();
            if !self.own.remove(&seq) {
                self.push(&reader.record(seq)?);
            }
            self.state.seen_to(seq + 1);
        }
        Ok(())
    }

    fn push(&mut self, stored: &Stored) {
        let Some(record) = &stored.record else { return };
        if changes_state(record) && stored.altered.is_empty() {
            let sealed = Timestamp::from_micros(stored.leaf.sealed_us);
            self.state.push(stored.seq, sealed, record, None);
        }
    }
}

fn changes_state(record: &Record) -> bool {
    State::ACTIONS.contains(&record.action.as_str())
}
