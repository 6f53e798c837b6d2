//! What a review may do to a decision: make it stricter.

use sealbook_policy::Decision;

/// What a review asks for at the least. Only a review makes one, and it can only be applied on top of what the
/// rules decided: nothing here gives a milder decision than it was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "advice that is not applied to the rules' decision does nothing"]
pub struct Advice(Decision);

impl Advice {
    /// Nothing to add: whatever the rules say holds.
    pub(super) const NONE: Self = Self(Decision::Allow);
    /// A person decides.
    pub(super) const ASK: Self = Self(Decision::Ask);
    /// It must not happen.
    pub(super) const BLOCK: Self = Self(Decision::Block);

    /// The decision that holds: what the rules said, or what is advised, whichever is stricter.
    pub fn applied_to(self, rules: Decision) -> Decision {
        rules.max(self.0)
    }
}
