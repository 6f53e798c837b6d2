//! Counting with bounded memory.

use std::collections::HashMap;
use std::hash::Hash;

/// A table of what occurs often. When it is full, whatever was seen least goes, and counts of what
/// comes back may be too low by as much; the bound is kept (Manku and Motwani, lossy counting).
pub(super) struct Lossy<K, V> {
    entries: HashMap<K, V>,
    limit: usize,
    /// Counts may be too low by this much.
    pub(super) error: u32,
}

/// What is counted.
pub(super) trait Counted {
    fn count(&self) -> u32;
}

impl Counted for u32 {
    fn count(&self) -> u32 {
        *self
    }
}

impl<K: Eq + Hash + Clone, V: Counted> Lossy<K, V> {
    pub(super) fn new(limit: usize) -> Self {
        Self { entries: HashMap::new(), limit, error: 0 }
    }

    /// The entry for a key, made by `new` if there is none.
    pub(super) fn entry(&mut self, key: K, new: impl FnOnce() -> V) -> &mut V {
        if self.entries.len() >= self.limit && !self.entries.contains_key(&key) {
            self.make_room();
        }
        self.entries.entry(key).or_insert_with(new)
    }

    pub(super) fn get(&self, key: &K) -> Option<&V> {
        self.entries.get(key)
    }

    pub(super) fn remove(&mut self, key: &K) -> Option<V> {
        self.entries.remove(key)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.entries.iter()
    }

    fn make_room(&mut self) {
        while self.entries.len() > self.limit / 2 {
            self.error += 1;
            let error = self.error;
            self.entries.retain(|_, value| value.count() > error);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_frequent_survive_any_number_of_the_rare() {
        let mut table: Lossy<u32, u32> = Lossy::new(100);
        for at in 0..10_000 {
            *table.entry(1_000_000 + at, || 0) += 1;
            if at % 10 == 0 {
                *table.entry(7, || 0) += 1;
            }
        }
        assert!(table.iter().count() <= 100);
        let counted = *table.get(&7).expect("it is the most frequent");
        assert!(counted <= 1_000 && counted + table.error >= 1_000, "{counted} ± {}", table.error);
    }
}
