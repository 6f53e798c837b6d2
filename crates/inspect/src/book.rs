//! Sources and a book: records go in through policy and the writer, what was sealed comes back.
//!
//! The only place of this crate that knows a [`Ledger`]. It neither opens nor chooses one.

use std::collections::VecDeque;
use std::error::Error as StdError;

use sealbook_ledger::Uuid;
use sealbook_policy::{Policy, Raw};
use sealbook_record::Timestamp;
use sealbook_store::{Cursor, Ledger, Query, Stored, Ticket};

use crate::{Derived, Error, Prior, Sealed, Selection, SeqRange, Sink, Stamp};

/// Records that are submitted together.
const BATCH_RECORDS: usize = 1_024;
/// A batch is submitted before it holds much more than these bytes.
const BATCH_BYTES: usize = 8 << 20;
/// Batches that may be on their way to the disk while the next one gathers.
const IN_FLIGHT: usize = 3;
/// Records that are read back at a time: few, since a page of a manifest has a megabyte.
const PAGE_RECORDS: usize = 128;

/// A ledger as sources and analyzers see it: what was sealed, the time, fresh ids.
#[derive(Clone, Copy)]
pub struct Book<'l> {
    ledger: &'l Ledger,
    digests: Option<&'l Policy>,
}

impl<'l> Book<'l> {
    /// The ledger that a run is sealed in.
    pub fn new(ledger: &'l Ledger) -> Self {
        Self { ledger, digests: None }
    }

    /// The same, which makes keyed digests of secrets with the key of a policy.
    #[must_use]
    pub fn with_digests(self, policy: &'l Policy) -> Self {
        Self { digests: Some(policy), ..self }
    }

    /// A sink that redacts with `policy` and seals.
    pub fn sink(self, policy: &'l Policy) -> BookSink<'l> {
        BookSink { ledger: self.ledger, policy, batch: Vec::new(), bytes: 0, in_flight: VecDeque::new(), range: None }
    }
}

impl Stamp for Book<'_> {
    fn now(&self) -> Timestamp {
        self.ledger.now()
    }

    fn id(&self) -> Uuid {
        self.ledger.next_id()
    }

    fn digest(&self, secret: &[u8]) -> Option<String> {
        self.digests.map(|policy| policy.digest(secret))
    }
}

impl Prior for Book<'_> {
    fn latest(&self, selection: &Selection<'_>) -> Result<Option<Sealed>, Error> {
        let wanted = Wanted::new(selection);
        let mut found = None;
        self.ledger
            .each_match(&wanted.query(), &mut |stored| {
                found = wanted.sealed(stored);
                Ok(found.is_none())
            })
            .map_err(unread)?;
        Ok(found)
    }

    fn records(
        &self,
        selection: &Selection<'_>,
    ) -> Result<Box<dyn Iterator<Item = Result<Sealed, Error>> + '_>, Error> {
        let wanted = Wanted::new(selection);
        let next = match selection.after {
            Some(seq) => Next::After(Cursor::after(seq)),
            None => Next::Begin,
        };
        let pages = Pages { ledger: self.ledger, wanted, page: Vec::new().into_iter(), next };
        Ok(Box::new(pages))
    }

    fn derived(&self) -> Option<&dyn Derived> {
        Some(self)
    }
}

impl Derived for Book<'_> {
    fn load(&self, name: &str) -> Option<Vec<u8>> {
        self.ledger.derived(name)
    }

    fn keep(&self, name: &str, bytes: &[u8], seq: u64) -> bool {
        // It saves time and is not needed.
        self.ledger.keep_derived(name, bytes, seq).unwrap_or(false)
    }

    fn has_erased_since(&self, seq: u64) -> Result<bool, Error> {
        self.ledger.has_erased_since(seq).map_err(unread)
    }
}

/// Gathers records, and seals them batch by batch. At most a few batches are held.
pub struct BookSink<'l> {
    ledger: &'l Ledger,
    policy: &'l Policy,
    batch: Vec<Raw>,
    bytes: usize,
    in_flight: VecDeque<Ticket>,
    range: Option<SeqRange>,
}

impl BookSink<'_> {
    fn submit(&mut self) -> Result<(), Error> {
        if self.batch.is_empty() {
            return Ok(());
        }
        while self.in_flight.len() >= IN_FLIGHT {
            self.wait_for_one()?;
        }
        self.bytes = 0;
        let admitted = self.policy.admit_all(std::mem::take(&mut self.batch), self.ledger.threads());
        let refused = |cause: sealbook_policy::Error| Error::Sealing { code: cause.code(), cause: cause.into() };
        let batch = admitted.into_iter().collect::<Result<_, _>>().map_err(refused)?;
        self.in_flight.push_back(self.ledger.submit(batch).map_err(unsealed)?);
        Ok(())
    }

    fn wait_for_one(&mut self) -> Result<(), Error> {
        let Some(ticket) = self.in_flight.pop_front() else {
            return Ok(());
        };
        for answer in ticket.wait().map_err(unsealed)? {
            let seq = answer.map_err(unsealed)?.seq;
            let range = self.range.get_or_insert(SeqRange { first: seq, last: seq });
            *range = SeqRange { first: range.first.min(seq), last: range.last.max(seq) };
        }
        Ok(())
    }
}

impl Sink for BookSink<'_> {
    fn record(&mut self, raw: Raw) -> Result<(), Error> {
        self.bytes += raw.record().parts.values().map(|part| part.get().len()).sum::<usize>();
        self.batch.push(raw);
        if self.batch.len() >= BATCH_RECORDS || self.bytes >= BATCH_BYTES {
            self.submit()?;
        }
        Ok(())
    }

    fn seal(&mut self) -> Result<Option<SeqRange>, Error> {
        self.submit()?;
        while !self.in_flight.is_empty() {
            self.wait_for_one()?;
        }
        Ok(self.range.take())
    }
}

/// A [`Selection`] that outlives its question.
struct Wanted {
    source: Option<String>,
    actions: Vec<String>,
    target: Option<String>,
    project: Option<String>,
    operation: Option<Uuid>,
    after: Option<u64>,
    until: Option<Timestamp>,
}

impl Wanted {
    fn new(selection: &Selection<'_>) -> Self {
        let owned = |text: Option<&str>| text.map(str::to_owned);
        Self {
            source: owned(selection.source),
            actions: selection.actions.iter().map(|action| (*action).to_owned()).collect(),
            target: owned(selection.target),
            project: owned(selection.project),
            operation: selection.operation,
            after: selection.after,
            until: selection.until,
        }
    }

    fn query(&self) -> Query {
        let one = |text: &Option<String>| text.iter().cloned().collect();
        Query {
            source: one(&self.source),
            action: self.actions.clone(),
            target: one(&self.target),
            project: one(&self.project),
            operation: self.operation.iter().map(Uuid::to_string).collect(),
            until: self.until,
            limit: Some(PAGE_RECORDS),
            ..Query::default()
        }
    }

    /// The record, if it is exactly what is wanted: to a query, a `*` at the end of a file's name
    /// is a wildcard.
    fn sealed(&self, stored: Stored) -> Option<Sealed> {
        let record = stored.record?;
        let is = |wanted: &Option<String>, found: Option<&str>| wanted.is_none() || wanted.as_deref() == found;
        let fits = is(&self.source, Some(&record.source))
            && is(&self.target, Some(&record.target.id))
            && is(&self.project, record.project.as_deref())
            && (self.actions.is_empty() || self.actions.contains(&record.action))
            && self.after.is_none_or(|after| after < stored.seq)
            && (self.operation.is_none() || self.operation == record.operation);
        fits.then_some(Sealed { seq: stored.seq, record })
    }
}

/// Records page by page, oldest first.
struct Pages<'l> {
    ledger: &'l Ledger,
    wanted: Wanted,
    page: std::vec::IntoIter<Stored>,
    next: Next,
}

/// Where the next page begins.
enum Next {
    Begin,
    After(Cursor),
    End,
}

impl Iterator for Pages<'_> {
    type Item = Result<Sealed, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            for stored in self.page.by_ref() {
                if let Some(sealed) = self.wanted.sealed(stored) {
                    return Some(Ok(sealed));
                }
            }
            let cursor = match std::mem::replace(&mut self.next, Next::End) {
                Next::Begin => None,
                Next::After(cursor) => Some(cursor),
                Next::End => return None,
            };
            let query = Query { ascending: true, cursor, ..self.wanted.query() };
            match self.ledger.query(&query) {
                Ok(page) => {
                    self.page = page.rows.into_iter();
                    self.next = page.next.map_or(Next::End, Next::After);
                }
                Err(cause) => return Some(Err(unread(cause))),
            }
        }
    }
}

fn unsealed(cause: sealbook_store::Error) -> Error {
    Error::Sealing { code: cause.code(), cause: boxed(cause) }
}

fn unread(cause: sealbook_store::Error) -> Error {
    Error::Prior { code: cause.code(), cause: boxed(cause) }
}

fn boxed(cause: sealbook_store::Error) -> Box<dyn StdError + Send + Sync> {
    Box::new(cause)
}
