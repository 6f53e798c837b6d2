//! What stands around an audit in its page: what happened in the book, earlier audits, and what proves the page.

use std::collections::BTreeSet;
use std::io::{self, Write};

use sealbook_report::{AuditRun, Carried, Chronicle, Extent, RunTally};
use sealbook_store::{Error as StoreError, Ledger, Query, Selection};

use crate::{Error, run_of};

/// Records that are counted, the newest.
const COUNTED_MAX: u64 = 50_000;
/// Earlier audits that are told of.
const AUDITS_MAX: usize = 30;
/// A page carries a bundle of at most so many bytes: a browser checks it in seconds, and mail takes it.
const BUNDLE_BYTES_MAX: usize = 6 << 20;
/// Leaves of a bundle of that size: none is smaller than this many bytes of it.
const LEAVES_MAX: u64 = (BUNDLE_BYTES_MAX / 700) as u64;
/// Records that findings rest on and that are carried.
const EVIDENCE_MAX: usize = 500;

/// What happened in a book, the newest of it.
pub fn chronicle(ledger: &Ledger) -> Result<Chronicle, Error> {
    let mut chronicle = Chronicle::default();
    ledger.each_match(&Query::default(), &mut |stored| {
        if chronicle.records == COUNTED_MAX {
            chronicle.is_cut = true;
            return Ok(false);
        }
        chronicle.push(&stored);
        Ok(true)
    })?;
    Ok(chronicle)
}

/// The newest audits of the same target up to this one, oldest first.
pub fn trend(ledger: &Ledger, run: &AuditRun) -> Result<Vec<RunTally>, Error> {
    let runs = Query {
        action: vec!["audit.run".to_owned()],
        phase: vec!["intent".to_owned()],
        target: vec![run.target.clone()],
        until: Some(run.began),
        limit: Some(AUDITS_MAX),
        ..Query::default()
    };
    let mut tallies = Vec::new();
    for stored in ledger.query(&runs)?.rows {
        let Some(operation) = stored.leaf.operation else { continue };
        let told = if operation == run.run { Some(run.clone()) } else { run_of(ledger, operation)? };
        // What assesses controls, or watches, has findings of another kind.
        let Some(told) = told.filter(|told| told.ended.is_some() && reads_as(told) == reads_as(run)) else { continue };
        tallies.push(RunTally::of(&told));
    }
    tallies.reverse();
    Ok(tallies)
}

/// The sources of a run: only runs that read the same are compared.
fn reads_as(run: &AuditRun) -> BTreeSet<&str> {
    run.sources.iter().map(|source| source.source.as_str()).collect()
}

/// What a page about a run carries: all leaves of the book with the content that the page tells of; where that is too
/// much, what it tells of with proofs; where that is too much, the records that begin and end the run. `None` where
/// even those are too large.
pub fn carried(ledger: &Ledger, run: &AuditRun) -> Result<Option<Carried>, Error> {
    let of_run = |query: Query| -> Result<BTreeSet<u64>, Error> {
        let mut seqs = BTreeSet::new();
        let query = Query { operation: vec![run.run.to_string()], ..query };
        ledger.each_match(&query, &mut |stored| {
            seqs.insert(stored.seq);
            Ok(seqs.len() as u64 <= LEAVES_MAX)
        })?;
        Ok(seqs)
    };
    let action = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    let ends = of_run(Query { action: action(&["audit.run"]), ..Query::default() })?;
    let mut shown = of_run(Query { action: action(&["audit.run", "analysis.run"]), ..Query::default() })?;
    shown.extend(of_run(Query { has: action(&["findings"]), ..Query::default() })?);
    let mut with_evidence = shown.clone();
    let evidence = run.findings.iter().flat_map(|finding| &finding.evidence).flat_map(|(first, last)| *first..=*last);
    with_evidence.extend(evidence.take(EVIDENCE_MAX));

    let size = ledger.head()?.size;
    let list = |seqs: &BTreeSet<u64>| Selection::Records(seqs.iter().copied().collect());
    let whole = [Selection::Showing(with_evidence.clone()), Selection::Showing(shown.clone())];
    let whole = whole.into_iter().map(|selection| (selection, Extent::Book, size));
    let parts = [(with_evidence, Extent::Shown), (shown, Extent::Shown), (ends, Extent::Run)];
    let parts = parts.iter().map(|(seqs, extent)| (list(seqs), *extent, seqs.len() as u64));
    for (selection, extent, leaves) in whole.chain(parts) {
        if leaves > LEAVES_MAX {
            continue;
        }
        let mut bounded = Bounded::default();
        match ledger.bundle(&selection, &mut bounded) {
            Ok(_) => return Ok(Some(Carried { bundle: bounded.bytes, extent })),
            Err(_) if bounded.is_full => {}
            // A run that began before the checkpoint does not end after it.
            Err(StoreError::RecordMissing { .. }) => {}
            Err(cause) => return Err(cause.into()),
        }
    }
    Ok(None)
}

/// Takes what fits.
#[derive(Default)]
struct Bounded {
    bytes: Vec<u8>,
    is_full: bool,
}

impl Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.bytes.len() + bytes.len() > BUNDLE_BYTES_MAX {
            self.is_full = true;
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
