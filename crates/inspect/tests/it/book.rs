//! A book in memory: what a sink takes, a prior gives back, redacted as in a real one.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use sealbook_inspect::{
    Coverage, Derived, Error, FileOptions, NoReach, Options, Prior, Request, Run, Sealed, Selection, SeqRange, Silent,
    Sink, Stamp, source,
};
use sealbook_ledger::Uuid;
use sealbook_policy::{DigestKey, Policy, Raw};
use sealbook_record::{Actor, ActorKind, PartName, Record, Timestamp};
use serde_json::Value;

pub(crate) struct Book {
    sealed: Mutex<Vec<Record>>,
    policy: Policy,
    ticks: AtomicU64,
    pub(crate) threads: usize,
    /// What analyzers counted; they find no such place unless it is asked for.
    pub(crate) derived: Mutex<HashMap<String, Vec<u8>>>,
    pub(crate) keeps: AtomicBool,
    /// Whether something is said to be erased.
    pub(crate) erased: AtomicBool,
}

impl Book {
    pub(crate) fn new() -> Self {
        Self {
            sealed: Mutex::default(),
            policy: Policy::new(DigestKey::new([7; 32])),
            ticks: AtomicU64::new(1),
            threads: 4,
            derived: Mutex::default(),
            keeps: AtomicBool::new(false),
            erased: AtomicBool::new(false),
        }
    }

    pub(crate) fn records(&self) -> Vec<Record> {
        self.sealed.lock().unwrap().clone()
    }

    pub(crate) fn of(&self, action: &str) -> Vec<Record> {
        self.records().into_iter().filter(|record| record.action == action).collect()
    }

    /// Changes what is sealed: a test erases a part.
    pub(crate) fn edit(&self, edit: impl FnOnce(&mut Vec<Record>)) {
        edit(&mut self.sealed.lock().unwrap());
    }

    pub(crate) fn request<'a>(&'a self, target: &Path, file: FileOptions) -> Request<'a> {
        Request {
            target: target.to_owned(),
            base: None,
            now: self.now(),
            run: Run::new(self.id(), Actor::new(ActorKind::User, "ann")),
            options: Options { file, ..Options::default() },
            threads: self.threads,
            stamp: self,
            reach: &NoReach,
        }
    }

    pub(crate) fn page(&self) -> Page<'_> {
        Page { book: self, first: None, room: u64::MAX }
    }

    /// A sink that fails once it has taken so many records.
    pub(crate) fn page_with_room(&self, room: u64) -> Page<'_> {
        Page { book: self, first: None, room }
    }

    /// Runs the file source over the tree.
    pub(crate) fn audit(&self, target: &Path, options: FileOptions) -> Coverage {
        self.try_audit(target, options).unwrap()
    }

    pub(crate) fn try_audit(&self, target: &Path, options: FileOptions) -> Result<Coverage, Error> {
        let request = self.request(target, options);
        source("file")?.collect(&request, self, &mut self.page(), &Silent)
    }

    /// The entries of the newest manifest, in order.
    pub(crate) fn entries(&self) -> Vec<Value> {
        let manifest = self.of("file.manifest").pop().unwrap();
        let pages = self.of("file.manifest.page");
        let pages = pages.iter().filter(|page| page.operation == manifest.operation);
        pages.flat_map(|page| result(page)["entries"].as_array().unwrap().clone()).collect()
    }

    /// The newest manifest's entry for a path.
    pub(crate) fn entry(&self, path: &str) -> Value {
        self.entries()
            .into_iter()
            .find(|entry| entry["path"] == path)
            .unwrap_or_else(|| panic!("{path} is not in the manifest"))
    }

    /// `change path` of all observations, sorted, and forgets them.
    pub(crate) fn observed(&self) -> Vec<String> {
        let mut seen = Vec::new();
        self.edit(|records| {
            records.retain(|record| {
                let observed = record.action == "file.observed";
                if observed {
                    seen.push(format!("{} {}", result(record)["change"].as_str().unwrap(), record.target.id));
                }
                !observed
            });
        });
        seen.sort();
        seen
    }
}

pub(crate) fn result(record: &Record) -> Value {
    part(record, PartName::Result)
}

pub(crate) fn part(record: &Record, name: PartName) -> Value {
    serde_json::from_str(record.part(name).unwrap().get()).unwrap()
}

impl Stamp for Book {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(1_700_000_000_000_000 + self.ticks.fetch_add(1, Ordering::Relaxed) as i64)
    }

    fn digest(&self, secret: &[u8]) -> Option<String> {
        Some(self.policy.digest(secret))
    }

    fn id(&self) -> Uuid {
        Uuid::from_u128(u128::from(self.ticks.fetch_add(1, Ordering::Relaxed)))
    }
}

impl Prior for Book {
    fn latest(&self, selection: &Selection<'_>) -> Result<Option<Sealed>, Error> {
        Prior::records(self, selection)?.last().transpose()
    }

    fn records(
        &self,
        selection: &Selection<'_>,
    ) -> Result<Box<dyn Iterator<Item = Result<Sealed, Error>> + '_>, Error> {
        let matches = |record: &Record| {
            selection.source.is_none_or(|source| source == record.source)
                && (selection.actions.is_empty() || selection.actions.contains(&record.action.as_str()))
                && selection.target.is_none_or(|target| target == record.target.id)
                && selection.project.is_none_or(|project| Some(project) == record.project.as_deref())
                && selection.operation.is_none_or(|operation| Some(operation) == record.operation)
                && selection.until.is_none_or(|until| record.occurred <= until)
        };
        let after = selection.after;
        let sealed = self.sealed.lock().unwrap();
        let found: Vec<_> = sealed
            .iter()
            .enumerate()
            .filter(|(seq, record)| after.is_none_or(|after| after < *seq as u64) && matches(record))
            .map(|(seq, record)| Ok(Sealed { seq: seq as u64, record: record.clone() }))
            .collect();
        Ok(Box::new(found.into_iter()))
    }

    fn derived(&self) -> Option<&dyn Derived> {
        self.keeps.load(Ordering::Relaxed).then_some(self as &dyn Derived)
    }
}

impl Derived for Book {
    fn load(&self, name: &str) -> Option<Vec<u8>> {
        self.derived.lock().unwrap().get(name).cloned()
    }

    fn keep(&self, name: &str, bytes: &[u8], _: u64) -> bool {
        self.derived.lock().unwrap().insert(name.to_owned(), bytes.to_vec());
        true
    }

    fn has_erased_since(&self, _: u64) -> Result<bool, Error> {
        Ok(self.erased.load(Ordering::Relaxed))
    }

    fn worth_records(&self) -> u64 {
        1
    }
}

pub(crate) struct Page<'a> {
    book: &'a Book,
    first: Option<u64>,
    room: u64,
}

impl Sink for Page<'_> {
    fn record(&mut self, raw: Raw) -> Result<(), Error> {
        if self.room == 0 {
            return Err(Error::Sealing { code: "disk_full", cause: "no room".into() });
        }
        self.room -= 1;
        let judged = self.book.policy.admit(raw).unwrap();
        let mut sealed = self.book.sealed.lock().unwrap();
        self.first.get_or_insert(sealed.len() as u64);
        sealed.push(judged.record().clone());
        Ok(())
    }

    fn seal(&mut self) -> Result<Option<SeqRange>, Error> {
        let last = (self.book.sealed.lock().unwrap().len() as u64).saturating_sub(1);
        Ok(self.first.take().map(|first| SeqRange { first, last }))
    }
}
