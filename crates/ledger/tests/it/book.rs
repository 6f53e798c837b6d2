//! A ledger in memory: what a store keeps, in plain vectors that tests may damage.

use std::{borrow::Cow, collections::BTreeMap};

use sealbook_ledger::{
    Checkpoint, Draft, Entry, EntryPart, Erasure, Error, Hash, KeyEvent, KeyRing, KeyRole, LeafType, NamedKey, Origin,
    PART_ERASURE, PART_KEYS, PART_STATEMENT, Phase, RangeOptions, RangeVerifier, Report, SigningKey, StoredCheckpoint,
    Subject, TreeState, Trust, Uuid, combine,
};

pub(crate) type Tiles = BTreeMap<(u8, u64), Vec<u8>>;

/// A stored part: name, and salt and content unless erased.
pub(crate) type Part = (String, Option<([u8; 32], Vec<u8>)>);

#[derive(Clone)]
pub(crate) struct Stored {
    pub(crate) seq: u64,
    pub(crate) leaf: Vec<u8>,
    pub(crate) parts: Vec<Part>,
}

impl Stored {
    pub(crate) fn with<T>(&self, look: impl FnOnce(&Entry<'_>) -> T) -> T {
        let part = |(name, content): &'_ Part| match content {
            Some((salt, bytes)) => (name.clone(), Some((*salt, bytes.clone()))),
            None => (name.clone(), None),
        };
        let owned: Vec<Part> = self.parts.iter().map(part).collect();
        let parts: Vec<EntryPart<'_>> = owned
            .iter()
            .map(|(name, content)| match content {
                Some((salt, bytes)) => EntryPart::Present { name, salt, bytes },
                None => EntryPart::Erased { name },
            })
            .collect();
        look(&Entry { seq: self.seq, leaf: &self.leaf, parts: &parts })
    }
}

#[derive(Clone)]
pub(crate) struct Book {
    pub(crate) origin: Origin,
    pub(crate) entries: Vec<Stored>,
    pub(crate) tiles: Tiles,
    pub(crate) checkpoints: Vec<StoredCheckpoint>,
    pub(crate) tree: TreeState,
    pub(crate) prev: Hash,
    pub(crate) clock_us: i64,
    salt: u64,
}

/// Keys by number; the number is also their seed.
pub(crate) fn key(seed: u8) -> SigningKey {
    SigningKey::from_seed(&[seed; 32])
}

pub(crate) fn named(seed: u8, role: KeyRole) -> NamedKey {
    NamedKey { key: *key(seed).public(), role }
}

/// Checkpoint key 1 and record key 2.
pub(crate) const CHECKPOINT: u8 = 1;
pub(crate) const RECORD: u8 = 2;

impl Book {
    pub(crate) fn empty() -> Self {
        Self {
            origin: Origin::from_random(*b"a book for tests"),
            entries: Vec::new(),
            tiles: Tiles::new(),
            checkpoints: Vec::new(),
            tree: TreeState::empty(),
            prev: Hash::ZERO,
            clock_us: 1_700_000_000_000_000,
            salt: 0,
        }
    }

    /// A book with its first leaf, by keys 1 and 2.
    pub(crate) fn new() -> Self {
        let mut book = Self::empty();
        let keys = vec![named(CHECKPOINT, KeyRole::Checkpoint), named(RECORD, KeyRole::Record)];
        book.key_leaf(&KeyEvent::Genesis { keys, continues: None }, &[CHECKPOINT, RECORD]);
        book
    }

    /// A book of so many leaves, with a checkpoint after each batch.
    pub(crate) fn of(size: u64, batch: u64) -> Self {
        let mut book = Self::new();
        book.checkpoint(CHECKPOINT);
        while book.size() < size {
            for _ in 0..batch.min(size - book.size()) {
                book.record(&[RECORD]);
            }
            book.checkpoint(CHECKPOINT);
        }
        book
    }

    pub(crate) fn size(&self) -> u64 {
        self.entries.len() as u64
    }

    pub(crate) fn draft(&mut self, typ: LeafType, parts: Vec<(Cow<'static, str>, Vec<u8>)>) -> Draft {
        let salt = &mut self.salt;
        let mut salts = |out: &mut [u8; 32]| {
            *salt += 1;
            *out = Hash::of(&salt.to_be_bytes()).0;
        };
        let id = Uuid::from_u128(0x0193_4a2b_7c8d_7000_8000_0000_0000_0000 + u128::from(self.entries.len() as u64));
        Draft::new(typ, id, None, Phase::Event, self.clock_us - 5, parts, &mut salts).unwrap()
    }

    pub(crate) fn seal(&mut self, mut draft: Draft, signers: &[u8]) -> u64 {
        for signer in signers {
            draft.sign(&self.origin, &key(*signer));
        }
        self.seal_as_is(&draft)
    }

    pub(crate) fn seal_as_is(&mut self, draft: &Draft) -> u64 {
        let (seq, mut leaf) = (self.size(), Vec::new());
        self.prev = draft.seal_into(&self.origin, seq, &self.prev, self.clock_us, &mut leaf).unwrap();
        self.clock_us += 1_000;
        self.tree.push(self.prev);
        let parts = draft.parts().iter().map(|part| (part.name.to_string(), Some((part.salt, part.bytes.clone()))));
        self.entries.push(Stored { seq, leaf, parts: parts.collect() });
        seq
    }

    pub(crate) fn record(&mut self, signers: &[u8]) -> u64 {
        let number = self.size();
        let parts = vec![
            (PART_STATEMENT.into(), format!(r#"{{"action":"file.write","number":{number}}}"#).into_bytes()),
            ("input".into(), format!(r#"{{"path":"/tmp/{number}"}}"#).into_bytes()),
        ];
        let draft = self.draft(LeafType::Record, parts);
        self.seal(draft, signers)
    }

    pub(crate) fn key_leaf(&mut self, event: &KeyEvent, signers: &[u8]) -> u64 {
        let draft = self.draft(LeafType::Key, vec![(PART_KEYS.into(), event.to_json())]);
        self.seal(draft, signers)
    }

    /// Destroys parts and records it.
    pub(crate) fn erase(&mut self, parts: &[(u64, &str)]) -> u64 {
        for (seq, name) in parts {
            let stored = self.entries[*seq as usize].parts.iter_mut().find(|(part, _)| part == name).unwrap();
            stored.1 = None;
        }
        let part = |(seq, name): &(u64, &str)| sealbook_ledger::ErasedPart { seq: *seq, name: (*name).to_owned() };
        let erasure = Erasure { parts: parts.iter().map(part).collect() };
        let draft = self.draft(LeafType::Erase, vec![(PART_ERASURE.into(), erasure.to_json())]);
        self.seal(draft, &[RECORD])
    }

    pub(crate) fn head(&self) -> Checkpoint {
        Checkpoint { origin: self.origin.clone(), size: self.size(), root: self.tree.root() }
    }

    pub(crate) fn checkpoint(&mut self, signer: u8) {
        let note = self.head().sign(&[&key(signer)]).into_bytes();
        self.tiles.extend(self.tree.take_dirty().into_iter().map(|tile| ((tile.level, tile.index), tile.hashes)));
        self.checkpoints.push(StoredCheckpoint { size: self.size(), note });
    }

    /// The keys, as a store folds them beforehand.
    pub(crate) fn ring(&self) -> KeyRing {
        let mut ring = KeyRing::new();
        for entry in &self.entries {
            let _ = entry.with(|entry| ring.apply_entry(entry));
        }
        ring
    }

    pub(crate) fn trust(&self) -> Trust {
        Trust { origin: Some(self.origin.clone()), keys: vec![*key(CHECKPOINT).public()] }
    }

    pub(crate) fn verify(&self) -> Report {
        self.verify_in(256 * 1024)
    }

    /// Verifies in ranges of so many entries, a multiple of 256.
    pub(crate) fn verify_in(&self, width: u64) -> Report {
        let size = self.tree.size();
        let starts = (0..size).step_by(width as usize);
        let ranges: Vec<_> = starts.map(|start| (start, (start + width).min(size))).collect();
        self.verify_ranges(&ranges, &self.trust()).unwrap()
    }

    pub(crate) fn verify_ranges(&self, ranges: &[(u64, u64)], trust: &Trust) -> Result<Report, Error> {
        let ring = self.ring();
        let subject = Subject { origin: &self.origin, size: self.tree.size(), ring: &ring, tiles: &self.tiles };
        let mut reports = Vec::new();
        for range in ranges.iter().map(|(from, to)| *from..*to) {
            let mut verifier =
                RangeVerifier::new(subject, range.clone(), RangeOptions { signatures: true })?.with_ids();
            for entry in self.entries.iter().filter(|entry| range.contains(&entry.seq)) {
                entry.with(|entry| verifier.push(entry))?;
            }
            reports.push(verifier.finish()?);
        }
        combine(&subject, reports, self.checkpoints.iter().cloned().map(Ok), trust)
    }
}

/// The codes of a report, with the places they name.
pub(crate) fn faults(report: &Report) -> Vec<String> {
    report
        .faults
        .iter()
        .map(|fault| match (fault.entry(), fault.tile(), fault.checkpoint()) {
            (Some(entry), _, _) => format!("{}@{}", fault.code(), entry.seq),
            (_, Some((level, index)), _) => format!("{}@{level}/{index}", fault.code()),
            (_, _, Some(size)) => format!("{}@{size}", fault.code()),
            _ => fault.code().to_owned(),
        })
        .collect()
}
