//! What holds now: the state that rules, stops and approvals make, kept up to the book's head.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sealbook_policy::{RuleSet, State};
use sealbook_store::Ledger;

/// Sequence numbers of our own that are remembered while those before them are not all seen.
const OWN_MAX: usize = 65_536;

/// The state, and which of the records after it are known to change nothing.
pub(crate) struct Watch(Mutex<Seen>);

struct Seen {
    state: State,
    /// Records that this process sealed, and that are none of the state's.
    own: BTreeSet<u64>,
    /// The rules that the policy judges by.
    rules: Arc<RuleSet>,
}

impl Watch {
    /// The state as the book tells it. Rules that were `given` and are not the built-in ones hold until the
    /// book changes its own.
    pub(crate) fn new(ledger: &Ledger, given: &RuleSet) -> Result<Self, sealbook_store::Error> {
        let builtin = RuleSet::builtin();
        let is_own = given.digest() != builtin.digest();
        let mut seen = Seen { state: State::new(), own: BTreeSet::new(), rules: Arc::new(builtin) };
        seen.catch_up(ledger)?;
        if is_own {
            seen.rules = seen.state.rules();
        }
        Ok(Self(Mutex::new(seen)))
    }

    /// The rules of the book, where they are others than when this was asked last.
    pub(crate) fn new_rules(&self) -> Option<Arc<RuleSet>> {
        let mut seen = self.lock();
        let rules = seen.state.rules();
        if Arc::ptr_eq(&rules, &seen.rules) {
            return None;
        }
        let is_new = rules.digest() != seen.rules.digest();
        seen.rules = Arc::clone(&rules);
        is_new.then_some(rules)
    }

    /// Brings the state up to the head, and asks it something.
    pub(crate) fn now<T>(&self, ledger: &Ledger, ask: impl FnOnce(&State) -> T) -> Result<T, sealbook_store::Error> {
        let mut seen = self.lock();
        seen.catch_up(ledger)?;
        Ok(ask(&seen.state))
    }

    /// A record of ours, which changes nothing here and need not be read again.
    pub(crate) fn own(&self, seq: u64) {
        let mut seen = self.lock();
        if seen.own.len() < OWN_MAX && seq >= seen.state.next_seq() {
            seen.own.insert(seq);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seen {
    fn catch_up(&mut self, ledger: &Ledger) -> Result<(), sealbook_store::Error> {
        while self.own.first() == Some(&self.state.next_seq()) {
            self.own.pop_first();
            self.state.seen_to(self.state.next_seq() + 1);
        }
        ledger.bring_up(&mut self.state)?;
        let next = self.state.next_seq();
        while self.own.first().is_some_and(|seq| *seq < next) {
            self.own.pop_first();
        }
        Ok(())
    }
}
