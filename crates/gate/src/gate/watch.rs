//! What holds now: the state that rules, stops and approvals make, kept up to the book's head.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sealbook_policy::{RuleSet, State};
use sealbook_store::Ledger;

/// The state, and the rules that were last asked for.
pub(crate) struct Watch(Mutex<Seen>);

struct Seen {
    state: State,
    /// The rules that the policy judges by.
    rules: Arc<RuleSet>,
}

impl Watch {
    /// The state as the book tells it. Rules that were `given` and are not the built-in ones hold until the
    /// book changes its own.
    pub(crate) fn new(ledger: &Ledger, given: &RuleSet) -> Result<Self, sealbook_store::Error> {
        let builtin = RuleSet::builtin();
        let is_own = given.digest() != builtin.digest();
        let mut seen = Seen { state: State::new(), rules: Arc::new(builtin) };
        ledger.bring_up(&mut seen.state)?;
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
        ledger.bring_up(&mut seen.state)?;
        Ok(ask(&seen.state))
    }

    fn lock(&self) -> MutexGuard<'_, Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
