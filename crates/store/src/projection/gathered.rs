//! Terms and the records that have them, gathered in memory before they are written.
//!
//! Occurrences go to one log as they come; a term is looked up once for each, and nothing is
//! allocated for it but its bytes. Sorting by term happens once, when all are there.

use std::hash::BuildHasher;

use foldhash::fast::RandomState;
use hashbrown::HashTable;

/// Terms of records of one chunk, each record by the low bits of its sequence number.
#[derive(Default)]
pub(super) struct Gathered {
    hasher: RandomState,
    ids: HashTable<u32>,
    terms: Vec<Slot>,
    bytes: Vec<u8>,
    log: Vec<(u32, u16)>,
}

struct Slot {
    hash: u64,
    start: u32,
    len: u32,
    count: u32,
    last: u16,
}

impl Slot {
    fn of<'b>(&self, bytes: &'b [u8]) -> &'b [u8] {
        &bytes[self.start as usize..][..self.len as usize]
    }
}

impl Gathered {
    pub(super) fn clear(&mut self) {
        self.ids.clear();
        self.terms.clear();
        self.bytes.clear();
        self.log.clear();
    }

    /// Bytes that are held for terms and occurrences.
    pub(super) fn bytes_held(&self) -> usize {
        self.bytes.len() + self.log.len() * size_of::<(u32, u16)>() + self.terms.len() * size_of::<Slot>()
    }

    /// Notes that the record has the term. Records come in ascending order; repeats within one are dropped.
    pub(super) fn put(&mut self, term: &[u8], low: u16) {
        let Self { hasher, ids, terms, bytes, log } = self;
        let hash = hasher.hash_one(term);
        let found = ids.find(hash, |id| {
            let slot = &terms[*id as usize];
            slot.hash == hash && slot.of(bytes) == term
        });
        let id = if let Some(&id) = found {
            let slot = &mut terms[id as usize];
            if slot.last == low {
                return;
            }
            slot.last = low;
            slot.count += 1;
            id
        } else {
            let id = u32::try_from(terms.len()).expect("a chunk is written before it has so many terms");
            let start = u32::try_from(bytes.len()).expect("a chunk is written before it has so many bytes");
            bytes.extend_from_slice(term);
            terms.push(Slot { hash, start, len: term.len() as u32, count: 1, last: low });
            ids.insert_unique(hash, id, |id| terms[*id as usize].hash);
            id
        };
        log.push((id, low));
    }

    /// The terms, in no order.
    pub(super) fn terms(&self) -> impl Iterator<Item = &[u8]> {
        self.terms.iter().map(|slot| slot.of(&self.bytes))
    }

    pub(super) fn has(&self, term: &[u8]) -> bool {
        let hash = self.hasher.hash_one(term);
        self.ids.find(hash, |id| self.terms[*id as usize].of(&self.bytes) == term).is_some()
    }

    /// Calls `each` with every term in ascending order, and its records in ascending order.
    pub(super) fn each_sorted<E>(&self, mut each: impl FnMut(&[u8], &[u16]) -> Result<(), E>) -> Result<(), E> {
        // Where the records of each term begin, when all lie one term after the other.
        let mut places = Vec::with_capacity(self.terms.len());
        let mut total = 0;
        for slot in &self.terms {
            places.push(total);
            total += slot.count as usize;
        }
        let mut lows = vec![0; total];
        for (id, low) in &self.log {
            let place = &mut places[*id as usize];
            lows[*place] = *low;
            *place += 1;
        }
        let mut order: Vec<(u64, u32)> =
            (0..).zip(&self.terms).map(|(id, s)| (prefix(s.of(&self.bytes)), id)).collect();
        let term = |id: u32| self.terms[id as usize].of(&self.bytes);
        order.sort_unstable_by(|a, b| a.0.cmp(&b.0).then_with(|| term(a.1).cmp(term(b.1))));
        for (_, id) in order {
            let end = places[id as usize];
            each(term(id), &lows[end - self.terms[id as usize].count as usize..end])?;
        }
        Ok(())
    }
}

/// The first bytes of a term as a number that sorts as they do.
fn prefix(term: &[u8]) -> u64 {
    let mut first = [0; 8];
    let len = term.len().min(8);
    first[..len].copy_from_slice(&term[..len]);
    u64::from_be_bytes(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_come_sorted_with_their_records_once_each() {
        let mut gathered = Gathered::default();
        for (term, low) in
            [("b", 1), ("ab\0", 1), ("b", 1), ("ab", 2), ("b", 7), ("longer than eight", 7), ("longer than", 9)]
        {
            gathered.put(term.as_bytes(), low);
        }
        let mut all = Vec::new();
        gathered
            .each_sorted(|term, lows| {
                all.push((String::from_utf8_lossy(term).into_owned(), lows.to_vec()));
                Ok::<_, ()>(())
            })
            .unwrap();
        let expected = [
            ("ab", vec![2]),
            ("ab\0", vec![1]),
            ("b", vec![1, 7]),
            ("longer than", vec![9]),
            ("longer than eight", vec![7]),
        ];
        assert_eq!(all, expected.map(|(term, lows)| (term.to_owned(), lows)));
        assert!(gathered.has(b"ab") && !gathered.has(b"a"));
        gathered.clear();
        assert!(gathered.bytes_held() == 0 && !gathered.has(b"ab"));
    }
}
