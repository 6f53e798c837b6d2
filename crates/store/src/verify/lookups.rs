//! Whether what finds ids says what the leaves say.
//!
//! An id that is not found would be sealed a second time. The table of ids is compared with the leaves as a set:
//! both sides are summed up under a hash that is keyed anew for each run, so that nobody can choose
//! rows that cancel out; only where the sums differ is each row looked up.

use std::collections::BTreeSet;
use std::hash::BuildHasher;

use foldhash::quality::RandomState;
use sealbook_ledger::{Fault, Uuid};

use crate::{Error, Row, Snapshot};

/// Differences that are named.
const NAMED_MOST: usize = 100;
/// Where the id stands in every leaf: keys come in a fixed order, and `id` is the first.
const ID_AT: std::ops::Range<usize> = 7..43;

/// The keys of one run.
#[derive(Default)]
pub(super) struct Sums {
    one: RandomState,
    other: RandomState,
}

/// Pairs of id and sequence number, as a set.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sum {
    count: u64,
    one: u64,
    other: u64,
}

impl Sum {
    pub(super) fn add(&mut self, sums: &Sums, id: &[u8], seq: u64) {
        self.count += 1;
        self.one = self.one.wrapping_add(sums.one.hash_one((id, seq)));
        self.other = self.other.wrapping_add(sums.other.hash_one((id, seq)));
    }

    pub(super) fn join(&mut self, sum: Self) {
        self.count += sum.count;
        self.one = self.one.wrapping_add(sum.one);
        self.other = self.other.wrapping_add(sum.other);
    }

    /// Adds what a leaf says of itself. One that does not begin as leaves do is not counted: a fault names it.
    pub(super) fn add_leaf(&mut self, sums: &Sums, row: Row<'_>) {
        if let Some(id) = id_of(row.leaf) {
            self.add(sums, id.as_bytes(), row.seq);
        }
    }
}

fn id_of(leaf: &[u8]) -> Option<Uuid> {
    Uuid::try_parse_ascii(leaf.get(ID_AT)?).ok()
}

/// The sum of what the table of ids says. Each comes once, since they come in order.
pub(super) fn of_table(view: &dyn Snapshot, sums: &Sums) -> Result<Sum, Error> {
    let mut sum = Sum::default();
    view.each_id(&mut |id, seq| {
        sum.add(sums, id, seq);
        Ok(true)
    })?;
    Ok(sum)
}

/// Names what differs, both ways. Leaves that have a fault already are not asked.
pub(super) fn differences(view: &dyn Snapshot, size: u64, bad: &BTreeSet<u64>) -> Result<Vec<Fault>, Error> {
    let mut faults = Vec::new();
    let mut tell = |what: String| {
        faults.push(Fault::TableMismatch { table: "ids", what });
        Ok(faults.len() < NAMED_MOST)
    };
    view.scan(0, size, &mut |row| {
        let Some(id) = id_of(row.leaf).filter(|_| !bad.contains(&row.seq)) else { return Ok(true) };
        match view.seq_of(id)? {
            Some(seq) if seq == row.seq => Ok(true),
            Some(seq) => tell(format!("the id {id} of seq {} is found at seq {seq}", row.seq)),
            None => tell(format!("the id {id} of seq {} is not found", row.seq)),
        }
    })?;
    view.each_id(&mut |id, seq| {
        if bad.contains(&seq) {
            return Ok(true);
        }
        let mut said = None;
        if seq < size {
            view.scan(seq, seq + 1, &mut |row| {
                said = id_of(row.leaf);
                Ok(false)
            })?;
        }
        match Uuid::from_slice(id) {
            Ok(id) if said == Some(id) => Ok(true),
            Ok(id) => tell(format!("it finds an id {id} at seq {seq}, which has another")),
            Err(_) => tell(format!("it finds what is no id at seq {seq}")),
        }
    })?;
    Ok(faults)
}
