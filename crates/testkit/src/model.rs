//! The plain model that every test of durability compares a book with: a list of what was
//! acknowledged, and of what may or may not be there.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use sealbook_ledger::{Checkpoint, Hash, Leaf, LeafType, Report, Uuid};
use sealbook_policy::Judged;
use sealbook_store::{Content, PartSlot, Sealed, Store, VerifyOptions};

use crate::records::parts_of;

/// How a book differs from what it promised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation(pub String);

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// `Err` with the text where the condition does not hold.
pub(crate) fn hold(condition: bool, otherwise: impl FnOnce() -> String) -> Result<(), Violation> {
    if condition { Ok(()) } else { Err(Violation(otherwise())) }
}

/// Verifies all that a store holds.
pub fn verify(store: &dyn Store, signatures: bool) -> Result<Report, sealbook_store::Error> {
    sealbook_store::verify(store, 1, &VerifyOptions { signatures, ..VerifyOptions::default() }, &|_| {})
}

/// A book as it was read.
#[derive(Debug)]
pub struct Book {
    /// The rows, from seq 0 on.
    pub rows: Vec<BookRow>,
    /// The root over them, as the newest checkpoint says it.
    pub root: Hash,
}

/// One row of a [`Book`].
#[derive(Debug)]
pub struct BookRow {
    /// The leaf.
    pub leaf: Leaf,
    /// Its record hash.
    pub hash: Hash,
    /// Name and bytes of each part; `None` where it was erased.
    pub parts: BTreeMap<String, Option<Vec<u8>>>,
}

impl Book {
    /// Reads and verifies a whole book; the signatures of records, which take nearly all of the
    /// time, can be left out.
    pub fn read(store: &dyn Store, signatures: bool) -> Result<Self, Violation> {
        let failed = |what: &str, e: &sealbook_store::Error| Violation(format!("{what}: {e}"));
        let report = verify(store, signatures).map_err(|e| failed("the book cannot be read", &e))?;
        hold(report.valid, || {
            let faults: Vec<String> = report.faults.iter().take(5).map(ToString::to_string).collect();
            format!("an honest book does not verify ({} faults): {}", report.fault_count, faults.join("; "))
        })?;
        let view = store.snapshot().map_err(|e| failed("no snapshot", &e))?;
        let head = view.head().map_err(|e| failed("no head", &e))?;
        let head = head.ok_or_else(|| Violation("the whole book was lost: it has no checkpoint".to_owned()))?;
        let checkpoint = Checkpoint::of_note(&head.note).map_err(|e| Violation(e.to_string()))?;
        let mut rows = Vec::new();
        view.scan(0, u64::MAX, &mut |row| {
            let leaf = Leaf::parse(row.leaf)?;
            let slots = Content::new(row.content).slots(leaf.parts.len()).unwrap_or_default();
            let parts = leaf.parts.iter().zip(slots).map(|((name, _), slot)| match slot {
                PartSlot::Present(_, bytes) => (name.to_string(), Some(bytes.to_vec())),
                PartSlot::Erased => (name.to_string(), None),
            });
            rows.push(BookRow { hash: Leaf::hash(row.leaf), parts: parts.collect(), leaf });
            Ok(true)
        })
        .map_err(|e| failed("a row cannot be read", &e))?;
        // Others may have written since it was verified, but never between head and rows.
        hold(head.size == rows.len() as u64, || format!("{} rows under a head of {}", rows.len(), head.size))?;
        hold(report.size <= head.size, || format!("a head of {} after one of {}", head.size, report.size))?;
        for (seq, row) in rows.iter().enumerate() {
            let found = view.seq_of(row.leaf.id).map_err(|e| failed("no lookup", &e))?;
            hold(found == Some(seq as u64), || format!("the id of row {seq} leads to {found:?}"))?;
        }
        let keys = view.key_seqs().map_err(|e| failed("no keys", &e))?;
        let are: Vec<u64> =
            (0..).zip(&rows).filter(|(_, row)| row.leaf.typ == LeafType::Key).map(|(seq, _)| seq).collect();
        hold(keys == are, || format!("key leaves at {are:?}, listed at {keys:?}"))?;
        Ok(Self { rows, root: checkpoint.root })
    }
}

/// What a book must hold.
#[derive(Debug, Default)]
pub struct Model {
    known: BTreeMap<Uuid, Known>,
    /// The place after the last that was given to a new record.
    next_seq: u64,
}

/// What is known of one record.
#[derive(Debug)]
struct Known {
    parts: Vec<(String, Vec<u8>)>,
    /// Where it is; `None` while it may not be there at all.
    place: Option<(u64, Hash)>,
    /// Whether it must be there, although nobody has said where.
    must: bool,
    erased: BTreeSet<String>,
    /// Parts whose erasure was asked for and not answered.
    in_doubt: BTreeSet<String>,
}

impl Known {
    fn new(judged: &Judged) -> Self {
        let (erased, in_doubt) = (BTreeSet::new(), BTreeSet::new());
        Self { parts: parts_of(judged), place: None, must: false, erased, in_doubt }
    }
}

impl Model {
    /// A record was acknowledged.
    pub fn acknowledged(&mut self, judged: &Judged, sealed: &Sealed) -> Result<(), Violation> {
        let id = judged.record().id;
        hold(sealed.id == id, || format!("record {id} was answered with the place of {}", sealed.id))?;
        let known = self.known.entry(id).or_insert_with(|| Known::new(judged));
        let place = (sealed.seq, sealed.hash);
        if let Some(before) = known.place {
            hold(sealed.duplicate, || format!("record {id} was sealed twice: at {} and at {}", before.0, sealed.seq))?;
            hold(before == place, || format!("record {id} moved from {} to {}", before.0, sealed.seq))?;
        }
        known.place = Some(place);
        if !sealed.duplicate {
            let next = self.next_seq;
            hold(sealed.seq >= next, || {
                format!("record {id} was acknowledged late, and placed at {} before {next}", sealed.seq)
            })?;
            self.next_seq = sealed.seq + 1;
        }
        Ok(())
    }

    /// Nobody knows whether a record was sealed.
    pub fn in_doubt(&mut self, judged: &Judged) {
        self.known.entry(judged.record().id).or_insert_with(|| Known::new(judged));
    }

    /// A record was sealed, and nobody said where.
    pub fn sealed_somewhere(&mut self, judged: &Judged) {
        self.known.entry(judged.record().id).or_insert_with(|| Known::new(judged)).must = true;
    }

    /// A part was erased, or `sure` says that it may have been.
    pub fn erased(&mut self, id: Uuid, part: &str, sure: bool) {
        if let Some(known) = self.known.get_mut(&id) {
            let set = if sure { &mut known.erased } else { &mut known.in_doubt };
            set.insert(part.to_owned());
        }
    }

    /// How many records were acknowledged or seen.
    pub fn placed(&self) -> usize {
        self.known.values().filter(|known| known.place.is_some()).count()
    }

    /// The place of a record.
    pub fn seq_of(&self, id: Uuid) -> Option<u64> {
        self.known.get(&id)?.place.map(|(seq, _)| seq)
    }

    /// Compares a book with the model. What a reader has once seen may not go away either: it
    /// counts as acknowledged from now on.
    pub fn compare(&mut self, book: &Book) -> Result<(), Violation> {
        for (id, known) in &self.known {
            if let Some((seq, hash)) = known.place {
                let row = book
                    .rows
                    .get(seq as usize)
                    .ok_or_else(|| Violation(format!("record {id} of seq {seq} was lost")))?;
                hold(row.leaf.id == *id && row.hash == hash, || format!("seq {seq} holds another record than {id}"))?;
            }
        }
        let mut places = BTreeMap::new();
        for (seq, row) in (0..).zip(&book.rows) {
            let id = row.leaf.id;
            if let Some(first) = places.insert(id, seq) {
                return Err(Violation(format!("record {id} is there twice: at {first} and {seq}")));
            }
            if seq == 0 {
                continue;
            }
            let Some(known) = self.known.get_mut(&id) else {
                return Err(Violation(format!("record {id} at {seq} was refused, or never submitted")));
            };
            known.place = Some((seq, row.hash));
            known.compare_parts(seq, row)?;
        }
        self.next_seq = self.next_seq.max(book.rows.len() as u64);
        match self.known.iter().find(|(_, known)| known.must && known.place.is_none()) {
            Some((id, _)) => Err(Violation(format!("record {id} was lost"))),
            None => Ok(()),
        }
    }
}

impl Known {
    fn compare_parts(&mut self, seq: u64, row: &BookRow) -> Result<(), Violation> {
        for (name, bytes) in &self.parts {
            match row.parts.get(name) {
                None => return Err(Violation(format!("part {name} of {seq} is not there"))),
                Some(Some(stored)) => {
                    hold(stored == bytes, || format!("part {name} of {seq} has other bytes"))?;
                    // An erasure in doubt stays in doubt: what was written and not synced may come back with
                    // the next loss of power.
                    hold(!self.erased.contains(name), || format!("part {name} of {seq} was erased, and is there"))?;
                }
                Some(None) => {
                    let known = self.erased.contains(name) || self.in_doubt.remove(name);
                    hold(known, || format!("part {name} of {seq} is gone, and nobody erased it"))?;
                    self.erased.insert(name.clone());
                }
            }
        }
        Ok(())
    }
}
