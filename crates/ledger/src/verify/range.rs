//! A range of entries, in order: their chain, and their tiles of level 0.

use std::{collections::BTreeMap, ops::Range};

use uuid::Uuid;

use super::{Checked, Checker, Entry, EntryPlace, Fault, Found, Keys, Subject};
use crate::{
    Error, Hash,
    tree::{TILE_BYTES, TILE_WIDTH, root_of_full},
};

/// What is looked at besides hashes.
#[derive(Debug, Clone, Copy)]
pub struct RangeOptions {
    /// Whether the signatures of records are checked. Those of key leaves always are.
    pub signatures: bool,
}

/// Verifies one range. Feed it every entry of the range, in order, then [`finish`](Self::finish).
pub struct RangeVerifier<'a> {
    subject: Subject<'a>,
    range: Range<u64>,
    checker: Checker<'a>,
    chain: Chain,
    tile: Tile,
    roots: Vec<Hash>,
    odd_tiles: BTreeMap<u64, OddTile>,
}

/// What was found in one range, for [`combine`](super::combine).
pub struct RangeReport {
    pub(super) range: Range<u64>,
    pub(super) found: Found,
    pub(super) chain: Chain,
    /// Roots of the full tiles of level 0, from the first on.
    pub(super) roots: Vec<Hash>,
    /// Leaf hashes of the partial tile at the end of the ledger.
    pub(super) tail: Vec<u8>,
    /// Tiles of level 0 that are not what their leaves make.
    pub(super) odd_tiles: BTreeMap<u64, OddTile>,
}

/// How each entry names the one before it.
#[derive(Debug, Default)]
pub(super) struct Chain {
    /// The first entry, and what it names.
    pub(super) first: Option<(EntryPlace, Hash)>,
    /// Hash of the last entry, where it was there.
    pub(super) last: Option<Hash>,
    /// Entries that do not name the one before.
    pub(super) breaks: Vec<EntryPlace>,
}

/// A tile of level 0 about which leaves and storage differ.
#[derive(Debug)]
pub(super) struct OddTile {
    /// Leaf hashes, as the leaves make them; zeros where the leaf is missing.
    pub(super) computed: Vec<u8>,
    /// Ids of the leaves, where they could be read.
    pub(super) ids: Vec<Option<Uuid>>,
    /// For each leaf, the hash that the next one names.
    pub(super) successors: Vec<Option<Hash>>,
    /// What is stored, where anything is; of any length.
    pub(super) stored: Option<Vec<u8>>,
}

/// The tile that is being filled.
#[derive(Debug, Default)]
struct Tile {
    hashes: Vec<u8>,
    ids: Vec<Option<Uuid>>,
    successors: Vec<Option<Hash>>,
    has_hole: bool,
}

impl<'a> RangeVerifier<'a> {
    /// Begins a range. It starts at a multiple of 256 and ends at one, or at the end of the ledger.
    pub fn new(subject: Subject<'a>, range: Range<u64>, options: RangeOptions) -> Result<Self, Error> {
        let is_edge = |at: u64| at.is_multiple_of(TILE_WIDTH as u64) || at == subject.size;
        let holds = is_edge(range.start) && is_edge(range.end) && range.end <= subject.size;
        if !holds || range.start > range.end {
            return Err(Error::OutsideTree { what: "range end", value: range.end, size: subject.size });
        }
        let keys = Keys::Known(subject.ring);
        let checker = Checker::new(subject.origin, keys, options.signatures);
        let next = Self {
            subject,
            range,
            checker,
            chain: Chain::default(),
            tile: Tile::default(),
            roots: Vec::new(),
            odd_tiles: BTreeMap::new(),
        };
        Ok(next)
    }

    /// Looks for ids that come twice, too. This takes 24 bytes for each entry, so that memory
    /// grows with the ledger; all ranges that are to be compared must ask for it.
    #[must_use]
    pub fn with_ids(mut self) -> Self {
        self.checker.collect_ids();
        self
    }

    /// Looks at the next entry. Errors come from reading tiles only.
    pub fn push(&mut self, entry: &Entry<'_>) -> Result<(), Error> {
        let expected = self.next_seq();
        if entry.seq < expected || entry.seq >= self.range.end {
            let place = EntryPlace { seq: entry.seq, id: None };
            self.checker.report(Fault::SeqUnexpected { entry: place });
            return Ok(());
        }
        self.skip_to(entry.seq)?;
        let checked = self.checker.check(entry);
        self.link(&checked, entry.seq);
        self.put(Some(&checked))
    }

    /// Ends the range: what has not come by now is missing.
    pub fn finish(mut self) -> Result<RangeReport, Error> {
        self.skip_to(self.range.end)?;
        let mut tail = Vec::new();
        if !self.tile.hashes.is_empty() {
            let is_partial = self.tile.hashes.len() < TILE_BYTES;
            if is_partial {
                tail.clone_from(&self.tile.hashes);
            }
            self.close_tile()?;
            if is_partial {
                self.roots.pop();
            }
        }
        let Self { range, checker, chain, roots, odd_tiles, .. } = self;
        let (found, _) = checker.finish();
        Ok(RangeReport { range, found, chain, roots, tail, odd_tiles })
    }

    fn next_seq(&self) -> u64 {
        self.range.start + (self.roots.len() * TILE_WIDTH + self.tile.hashes.len() / 32) as u64
    }

    fn skip_to(&mut self, seq: u64) -> Result<(), Error> {
        let from = self.next_seq();
        if from < seq {
            self.checker.report(Fault::SeqGap { from, to: seq });
        }
        for _ in from..seq {
            self.chain.last = None;
            self.put(None)?;
        }
        Ok(())
    }

    fn link(&mut self, checked: &Checked, seq: u64) {
        if seq == self.range.start {
            self.chain.first = checked.prev.map(|prev| (checked.place, prev));
        } else if let (Some(last), Some(prev)) = (self.chain.last, checked.prev)
            && last != prev
        {
            self.chain.breaks.push(checked.place);
        }
        self.chain.last = Some(checked.hash);
    }

    /// Adds a leaf to the tile, once the tile before is done.
    fn put(&mut self, checked: Option<&Checked>) -> Result<(), Error> {
        if let Some(successor) = self.tile.successors.last_mut() {
            *successor = checked.and_then(|checked| checked.prev);
        }
        if self.tile.hashes.len() == TILE_BYTES {
            self.close_tile()?;
        }
        self.tile.has_hole |= checked.is_none();
        let hash = checked.map_or(Hash::ZERO, |checked| checked.hash);
        self.tile.hashes.extend_from_slice(&hash.0);
        self.tile.ids.push(checked.and_then(|checked| checked.place.id));
        self.tile.successors.push(None);
        Ok(())
    }

    /// Holds the tile against the stored one and makes its root.
    fn close_tile(&mut self) -> Result<(), Error> {
        let index = self.range.start / TILE_WIDTH as u64 + self.roots.len() as u64;
        let stored = self.subject.tiles.tile(0, index)?;
        let computed = &self.tile.hashes;
        let root = if computed.len() == TILE_BYTES { root_of_full(computed) } else { Hash::ZERO };
        self.roots.push(root);
        let is_same = stored.as_ref() == Some(computed);
        if is_same && !self.tile.has_hole {
            self.tile.hashes.clear();
            self.tile.ids.clear();
            self.tile.successors.clear();
            return Ok(());
        }
        let Tile { hashes, ids, successors, .. } = std::mem::take(&mut self.tile);
        self.odd_tiles.insert(index, OddTile { computed: hashes, ids, successors, stored });
        Ok(())
    }
}
