//! Counting with bounded memory.

use std::collections::HashMap;
use std::hash::Hash;

use foldhash::fast::RandomState;

use super::state::{Reader, Writer};

/// A table of what occurs often. When it is full, whatever was seen least goes, and counts of what
/// comes back may be too low by as much; the bound is kept (Manku and Motwani, lossy counting).
pub(super) struct Lossy<K, V> {
    entries: HashMap<K, V, RandomState>,
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
        Self { entries: HashMap::default(), limit, error: 0 }
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

impl<V: Counted> Lossy<u64, V> {
    /// Takes it down, by rising key.
    pub(super) fn save(&self, out: &mut Writer, write: impl Fn(&V, &mut Writer)) {
        out.number(u64::from(self.error));
        let mut entries: Vec<(u64, &V)> = self.entries.iter().map(|(key, value)| (*key, value)).collect();
        entries.sort_unstable_by_key(|(key, _)| *key);
        out.keys(&entries.iter().map(|(key, _)| *key).collect::<Vec<_>>());
        for (_, value) in entries {
            write(value, out);
        }
    }

    /// Takes it up again.
    pub(super) fn load(&mut self, from: &mut Reader<'_>, read: impl Fn(&mut Reader<'_>) -> Option<V>) -> Option<()> {
        self.error = from.narrow()?;
        let keys = from.keys()?;
        if keys.len() > self.limit {
            return None;
        }
        self.entries.reserve(keys.len());
        for key in keys {
            self.entries.insert(key, read(from)?);
        }
        Some(())
    }
}

impl<V: Counted> Lossy<(u64, u64), V> {
    /// Takes it down: the keys once, then pairs of their places, by rising place.
    pub(super) fn save_pairs(&self, out: &mut Writer, write: impl Fn(&V, &mut Writer)) {
        out.number(u64::from(self.error));
        let mut keys: Vec<u64> = self.entries.keys().flat_map(|(a, b)| [*a, *b]).collect();
        keys.sort_unstable();
        keys.dedup();
        out.keys(&keys);
        let mut pairs: Vec<(&(u64, u64), &V)> = self.entries.iter().collect();
        pairs.sort_unstable_by_key(|(pair, _)| **pair);
        out.count(pairs.len());
        let place = |key: u64| keys.partition_point(|known| *known < key) as u64;
        let (mut before, mut at) = (0, 0);
        for ((a, b), value) in pairs {
            if keys.get(at as usize) != Some(a) {
                at = place(*a);
            }
            out.number(at - before);
            before = at;
            out.number(place(*b));
            write(value, out);
        }
    }

    /// Takes it up again.
    pub(super) fn load_pairs(
        &mut self,
        from: &mut Reader<'_>,
        read: impl Fn(&mut Reader<'_>) -> Option<V>,
    ) -> Option<()> {
        self.error = from.narrow()?;
        let keys = from.keys()?;
        let key = |place: u64| keys.get(usize::try_from(place).ok()?).copied();
        let count = from.count()?;
        if count > self.limit {
            return None;
        }
        self.entries.reserve(count);
        let mut at = 0_u64;
        for _ in 0..count {
            at = at.checked_add(from.number()?)?;
            let pair = (key(at)?, key(from.number()?)?);
            self.entries.insert(pair, read(from)?);
        }
        Some(())
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
