//! Which records say what holds, and a running hash over those of each sort.
//!
//! Whoever keeps a list of them, so that nobody has to read a whole book to learn what holds, keeps the hash beside
//! it: a list that lacks one, or has one too many, comes to another hash.

use sealbook_ledger::Hash;

use super::State;
use crate::HOLD_ACTIONS;

/// The action of the records that pin the tools of a server.
pub const PIN_ACTION: &str = "tools.pinned";

/// What a record that says what holds is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// Rules, stops and approvals: what is decided follows from them.
    Decision,
    /// Alerts.
    Alert,
    /// Legal holds.
    Hold,
    /// The tools of a server.
    Pin,
}

impl Standing {
    /// Every sort.
    pub const ALL: [Self; 4] = [Self::Decision, Self::Alert, Self::Hold, Self::Pin];

    /// What a record of that action is about; `None` where nothing follows from it.
    pub fn of(action: &str) -> Option<Self> {
        if State::ACTIONS.contains(&action) {
            Some(if action.starts_with("alert.") { Self::Alert } else { Self::Decision })
        } else if HOLD_ACTIONS.contains(&action) {
            Some(Self::Hold)
        } else {
            (action == PIN_ACTION).then_some(Self::Pin)
        }
    }

    /// Its number: where it stands in [`Standing::ALL`].
    pub const fn number(self) -> u8 {
        self as u8
    }
}

/// The records of one sort, up to some place of the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// How many there are.
    pub count: u64,
    /// `SHA-256(hash before ‖ u64 sequence number ‖ record hash)`, zeros before the first.
    pub hash: Hash,
}

impl Tally {
    /// The next record of the sort.
    pub fn push(&mut self, seq: u64, record: &Hash) {
        let mut bytes = [0; 72];
        bytes[..32].copy_from_slice(self.hash.as_bytes());
        bytes[32..40].copy_from_slice(&seq.to_be_bytes());
        bytes[40..].copy_from_slice(record.as_bytes());
        *self = Self { count: self.count + 1, hash: Hash::of(&bytes) };
    }
}

/// The records of each sort, by [`Standing::number`].
pub type Tallies = [Tally; Standing::ALL.len()];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sorts_have_numbers_and_every_action_of_a_state_has_a_sort() {
        for (at, sort) in Standing::ALL.into_iter().enumerate() {
            assert_eq!(usize::from(sort.number()), at);
        }
        assert!(State::ACTIONS.iter().chain(HOLD_ACTIONS).all(|action| Standing::of(action).is_some()));
        assert_eq!((Standing::of("file.write"), Standing::of(PIN_ACTION)), (None, Some(Standing::Pin)));
        assert_eq!(
            (Standing::of("alert.raised"), Standing::of("stop.set")),
            (Some(Standing::Alert), Some(Standing::Decision))
        );
    }

    #[test]
    fn another_order_place_or_record_comes_to_another_hash() {
        let of = |records: &[(u64, u8)]| {
            let mut tally = Tally::default();
            records.iter().for_each(|(seq, byte)| tally.push(*seq, &Hash([*byte; 32])));
            tally
        };
        let all = [of(&[]), of(&[(1, 1)]), of(&[(2, 1)]), of(&[(1, 2)]), of(&[(1, 1), (2, 2)]), of(&[(2, 2), (1, 1)])];
        for (at, one) in all.iter().enumerate() {
            assert!(all[at + 1..].iter().all(|other| other.hash != one.hash));
        }
    }
}
