//! Verification of a book, or of a part of it, over all cores.
//!
//! Every thread reads the same moment: views are opened until all of them see one head, so that
//! an erasure which is sealed meanwhile is seen by all or by none. Each takes the next stretch of
//! records, checks leaves, commitments, chain and signatures, and keeps one hash per 256 records;
//! what no stretch can see alone (tree, tiles, checkpoints, keys, erasures) is joined at the end.

mod lookups;
mod part;
mod standing;

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use sealbook_ledger::{
    Checkpoint, Entry, EntryPart, Fault, KeyRing, RangeOptions, RangeReport, RangeVerifier, Report, StoredCheckpoint,
    Subject, Trust, combine,
};

use self::lookups::{Sum, Sums};
use crate::content::{Content, packed_len};
use crate::projection::compare;
use crate::reader::Reader;
use crate::{Error, Ledger, ProjectionFault, Row, Store, Stored};

/// Checkpoints that are read at a time.
const CHECKPOINTS_PAGE: usize = 1_000;
/// Records at either end that are asked whose they are: those whose statement was erased cannot say.
const TENANT_SAMPLE: u64 = 64;
/// Tries to open all views at one moment. A commit takes longer than opening them.
const VIEW_TRIES_MAX: usize = 1_000;

/// What is checked besides hashes, chain and tree.
#[derive(Debug, Clone)]
pub struct VerifyOptions {
    /// Signatures of records.
    pub signatures: bool,
    /// The ledger and the keys that are expected, learnt by another way.
    pub trust: Trust,
    /// Only these records, both included, with what is needed to anchor them: the record before, the rest of
    /// the tiles that they are in, and every change of keys. The report says what was looked at.
    pub records: Option<(u64, u64)>,
}

impl Default for VerifyOptions {
    fn default() -> Self {
        Self { signatures: true, trust: Trust::default(), records: None }
    }
}

/// Verifies what a store holds: all of it, unless the options name a part. `progress` is told of records as they are done, from any thread.
///
/// Tampering is a fault in the report; an error means that the store could not be read at all.
pub fn verify(
    store: &dyn Store,
    threads: usize,
    options: &VerifyOptions,
    progress: &(dyn Fn(u64) + Sync),
) -> Result<Report, Error> {
    let (lead, workers) = views_of_one_moment(store, threads)?;
    // A head whose checkpoint cannot be read leaves the rows to tell how many there are.
    let stated = lead.view().head()?;
    let size = stated.as_ref().map_or(0, |h| Checkpoint::of_note(&h.note).map_or(h.size, |c| c.size));
    let ring = ring_of(&lead)?;
    let stretches = match options.records {
        Some(records) => part::stretches(records, size, &lead.view().key_seqs()?)?,
        None => part::cut(0..size).collect(),
    };
    let next = AtomicUsize::new(0);
    let reports = Mutex::new((Vec::new(), Sum::default(), Sum::default()));
    let (origin, sums) = (store.origin(), Sums::default());
    let of_table = std::thread::scope(|scope| {
        let (next, reports, ring, stretches, sums) = (&next, &reports, &ring, &stretches, &sums);
        let threads: Vec<_> = workers
            .into_iter()
            .map(|reader| {
                scope.spawn(move || -> Result<(), Error> {
                    let subject = Subject { origin, size, ring, tiles: &reader };
                    loop {
                        let Some(stretch) = stretches.get(next.fetch_add(1, Ordering::Relaxed)) else {
                            return Ok(());
                        };
                        let (report, sum, standing) =
                            verify_stretch(&reader, subject, stretch.clone(), options.signatures, sums)?;
                        let mut done = reports.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                        done.0.push(report);
                        done.1.join(sum);
                        done.2.join(standing);
                        drop(done);
                        progress(stretch.end - stretch.start);
                    }
                })
            })
            .collect();
        let of_table = lookups::of_table(lead.view(), sums);
        threads.into_iter().try_for_each(|t| t.join().expect("verification does not panic"))?;
        of_table
    })?;
    let (reports, of_leaves, standing) = reports.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    let subject = Subject { origin, size, ring: &ring, tiles: &lead };
    let checkpoints = Checkpoints { reader: &lead, next: Some(0), page: Vec::new().into_iter() };
    let mut report = combine(&subject, reports, checkpoints, &options.trust)?;
    // A part of a book says nothing of all its ids.
    if options.records.is_none() {
        if of_table != of_leaves {
            let bad: BTreeSet<u64> = report.faults.iter().filter_map(|f| f.entry().map(|entry| entry.seq)).collect();
            lookups::differences(lead.view(), size, &bad)?.into_iter().for_each(|fault| report.add(fault));
        }
        for fault in standing::faults(lead.view(), (origin, &ring, size), &sums, standing)? {
            report.add(fault);
        }
        for stray in lead.view().strays(size)? {
            report.add(Fault::TableMismatch { table: stray.table, what: stray.what });
        }
        if let Some(said) = other_tenant(&lead, size, store.tenant())? {
            let what = format!("it names the tenant `{}`, record {} another", store.tenant(), said);
            report.add(Fault::TableMismatch { table: "meta", what });
        }
    }
    Ok(report)
}

impl Ledger {
    /// Verifies the book, as [`verify`] does.
    pub fn verify(&self, options: &VerifyOptions, progress: &(dyn Fn(u64) + Sync)) -> Result<Report, Error> {
        verify(&*self.store, self.options.threads, options, progress)
    }

    /// Compares every projection with a rebuild from the ledger; the differences, if any.
    pub fn verify_projections(&self) -> Result<Vec<ProjectionFault>, Error> {
        compare(&self.index, &*self.store, self.origin())
    }
}

/// A record that was sealed for another tenant than the store says it is of. The oldest and the newest are asked:
/// nothing is sealed into a book of another tenant, so all of them are of one.
fn other_tenant(lead: &Reader<'_>, size: u64, tenant: &str) -> Result<Option<u64>, Error> {
    for seq in (0..size.min(TENANT_SAMPLE)).chain(size.saturating_sub(TENANT_SAMPLE)..size) {
        let mut other = false;
        lead.view().scan(seq, seq + 1, &mut |row| {
            let sealed = Stored::new(seq, row.leaf, row.content).filter(|stored| stored.altered.is_empty());
            other = sealed.and_then(|stored| stored.record).is_some_and(|record| record.tenant != tenant);
            Ok(false)
        })?;
        if other {
            return Ok(Some(seq));
        }
    }
    Ok(None)
}

/// One view to join with, and one for each thread, all of the same head.
fn views_of_one_moment(store: &dyn Store, threads: usize) -> Result<(Reader<'_>, Vec<Reader<'_>>), Error> {
    for _ in 0..VIEW_TRIES_MAX {
        let lead = Reader::new(store.snapshot()?);
        let head = lead.view().head()?;
        let mut workers = Vec::new();
        for _ in 0..threads.max(1) {
            workers.push(Reader::new(store.snapshot()?));
        }
        let mut same = true;
        for worker in &workers {
            same &= worker.view().head()? == head;
        }
        if same {
            return Ok((lead, workers));
        }
    }
    Err(Error::Engine {
        path: store.place().to_owned(),
        cause: "the book changes faster than it can be opened; verify a backup instead".to_owned(),
    })
}

fn verify_stretch(
    reader: &Reader<'_>,
    subject: Subject<'_>,
    stretch: Range<u64>,
    signatures: bool,
    sums: &Sums,
) -> Result<(RangeReport, Sum, Sum), Error> {
    let mut verifier = RangeVerifier::new(subject, stretch.clone(), RangeOptions { signatures })?;
    let (mut sum, mut standing) = (Sum::default(), Sum::default());
    reader.view().scan(stretch.start, stretch.end, &mut |row| {
        sum.add_leaf(sums, row);
        standing::add_row(&mut standing, sums, row);
        with_entry(row, |entry| verifier.push(entry))?;
        Ok(true)
    })?;
    Ok((verifier.finish()?, sum, standing))
}

/// Takes a row apart for the verifier. Parts behind a damage are not there, which it will say.
pub(crate) fn with_entry<T>(row: Row<'_>, use_it: impl FnOnce(&Entry<'_>) -> T) -> T {
    let mut parts: Vec<EntryPart<'_>> = Vec::new();
    let is_whole = Content::new(row.content).parts_into(&mut parts);
    let count = usize::from(row.content.first().copied().unwrap_or(0));
    let read = 1 + parts.iter().map(packed_len).sum::<usize>();
    if !is_whole && (parts.len() == count || read == row.content.len()) {
        // Bytes after the last part, or a count of more parts than there are: neither belongs to a
        // part, and must not pass as if it were not there.
        parts.pop();
    }
    use_it(&Entry { seq: row.seq, leaf: row.leaf, parts: &parts })
}

/// All stored checkpoints in order, a page at a time: there is one for each commit.
struct Checkpoints<'r, 's> {
    reader: &'r Reader<'s>,
    next: Option<u64>,
    page: std::vec::IntoIter<StoredCheckpoint>,
}

impl Iterator for Checkpoints<'_, '_> {
    type Item = Result<StoredCheckpoint, sealbook_ledger::Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(checkpoint) = self.page.next() {
            return Some(Ok(checkpoint));
        }
        let from = self.next.take()?;
        let mut page = Vec::new();
        // What cannot be read is missing, which the verdict will say.
        let _ = self.reader.view().checkpoints(from, u64::MAX, &mut |size, note| {
            page.push(StoredCheckpoint { size, note: note.as_bytes().to_vec() });
            Ok(page.len() < CHECKPOINTS_PAGE)
        });
        self.next = page.last().and_then(|last| last.size.checked_add(1));
        self.page = page.into_iter();
        self.page.next().map(Ok)
    }
}

/// Folds the key leaves: those that the table of key leaves names.
fn ring_of(reader: &Reader<'_>) -> Result<KeyRing, Error> {
    let mut ring = KeyRing::new();
    for seq in reader.view().key_seqs()? {
        reader.view().scan(seq, seq.saturating_add(1), &mut |row| {
            // Verification says what is wrong with a leaf that is refused here.
            let _ = with_entry(row, |entry| ring.apply_entry(entry));
            Ok(false)
        })?;
    }
    Ok(ring)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_that_is_wrong_costs_a_part() {
        let whole = vec![2, 0, 1, b'a', 0, 1, b'b'];
        let names = |content: &[u8]| {
            with_entry(Row { seq: 0, leaf: b"", content }, |entry| {
                entry.parts.iter().map(|part| part.name().to_owned()).collect::<Vec<_>>()
            })
        };
        assert_eq!(names(&whole), ["a", "b"]);
        for count in (0..=255).filter(|count| *count != 2) {
            let mut wrong = whole.clone();
            wrong[0] = count;
            assert!(names(&wrong).len() < 2, "a count of {count} passes");
        }
        assert_eq!(names(&[&whole[..], b"more"].concat()), ["a"]);
    }
}
