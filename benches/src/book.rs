//! Ledgers to measure, and ways to fill them.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::Arc;

use sealbook_policy::{DigestKey, Judged, Policy, Raw, RuleSet};
use sealbook_record::Record;
use sealbook_store::{Layout, Ledger, Options, Ticket};

use crate::records::Maker;
use crate::{Result, cores};

/// Records of one batch.
pub(crate) const BATCH: usize = 1_024;

/// A new ledger below `dir`.
pub(crate) fn create(dir: &Path, sign: bool) -> Result<Ledger> {
    Ok(Ledger::create(layout(dir), "default", options(sign), None)?)
}

/// The ledger below `dir`, for reading.
pub(crate) fn open(dir: &Path) -> Result<Ledger> {
    Ok(Ledger::open_read_only(layout(dir), options(true))?)
}

/// Where the files of the ledger below `dir` lie.
pub(crate) fn layout(dir: &Path) -> Layout {
    Layout { book: dir.join("book"), keys: dir.join("keys"), heads: dir.join("heads") }
}

fn options(sign: bool) -> Options {
    Options { sign, ..Options::default() }
}

/// The policy without rules, under a key of no worth: what rules cost is measured by itself (`rules`).
pub(crate) fn policy() -> Policy {
    let none = RuleSet::compile(Vec::new()).expect("no rules are valid rules");
    judging().with_rules(Arc::new(none))
}

/// The policy that every book begins with, built-in rules and all.
pub(crate) fn judging() -> Policy {
    Policy::new(DigestKey::new([7; 32]))
}

/// Takes records through the policy.
pub(crate) fn admit(policy: &Policy, records: Vec<Record>) -> Result<Vec<Judged>> {
    let raws = records.into_iter().map(Raw::new).collect();
    Ok(policy.admit_all(raws, cores()).into_iter().collect::<std::result::Result<_, _>>()?)
}

/// Redacts and seals batches, at most `in_flight` of them on their way at once; 1 waits for each
/// before it takes the next. Every record is durable when this returns.
pub(crate) fn append(
    ledger: &Ledger,
    policy: &Policy,
    batches: impl IntoIterator<Item = Vec<Record>>,
    in_flight: usize,
) -> Result {
    let mut tickets = VecDeque::new();
    for batch in batches {
        let judged = admit(policy, batch)?;
        while tickets.len() >= in_flight {
            settle(tickets.pop_front())?;
        }
        tickets.push_back(ledger.submit(judged)?);
        if in_flight == 1 {
            settle(tickets.pop_front())?;
        }
    }
    while !tickets.is_empty() {
        settle(tickets.pop_front())?;
    }
    Ok(())
}

fn settle(ticket: Option<Ticket>) -> Result {
    if let Some(ticket) = ticket {
        for answer in ticket.wait()? {
            if answer?.duplicate {
                return Err("a record was taken for one that was sealed before".into());
            }
        }
    }
    Ok(())
}

/// A ledger of the first `records` of a seed, sealed and indexed.
pub(crate) fn build(dir: &Path, records: usize, sign: bool, indexed: bool) -> Result<Ledger> {
    let ledger = create(dir, sign)?;
    let policy = policy();
    let mut maker = Maker::new(1);
    let mut left = records;
    while left > 0 {
        // As many as one chunk of the index holds: it then writes each of its rows once.
        let some = left.min(65_536);
        let batches = (0..some.div_ceil(BATCH)).map(|at| maker.batch(BATCH.min(some - at * BATCH)));
        append(&ledger, &policy, batches.collect::<Result<Vec<_>>>()?, 3)?;
        if indexed {
            ledger.catch_up()?;
        }
        left -= some;
    }
    Ok(ledger)
}
