//! The leaves of a book as seen by its leaves, by its tiles, and as decided.
//!
//! Where a leaf and its hash in the tile differ, one of them was altered. What
//! the leaf makes is one view of the tree, what the tile says another; signed
//! roots tell which is right, and where they cannot, the next leaf does.

use std::collections::{BTreeMap, BTreeSet};

use super::{EntryPlace, Peaks, RangeReport, Subject, range::OddTile};
use crate::{
    Error, Hash,
    tree::{TILE_BYTES, TILE_WIDTH, hash_of, root_of_full},
};

/// Whose word counts where leaf and tile differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum View {
    Leaves,
    Tiles,
    Resolved,
}

/// The hashes of all leaves, in memory only where something is odd.
pub(super) struct Views<'a> {
    subject: Subject<'a>,
    /// Roots of the full tiles of level 0, as the leaves make them.
    roots: Vec<Hash>,
    /// The partial tile at the end.
    tail: Vec<u8>,
    odd: BTreeMap<u64, OddTile>,
    /// Places where leaf and tile differ.
    suspects: Vec<Suspect>,
    /// Leaves that were found to be altered.
    altered: BTreeSet<u64>,
}

/// A place where leaf and tile differ.
#[derive(Debug, Clone, Copy)]
pub(super) struct Suspect {
    pub(super) place: EntryPlace,
    /// Which of the two the next leaf says was altered.
    hint: Option<Altered>,
    /// The verdict; where nothing decides, none.
    verdict: Option<Altered>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Altered {
    Leaf,
    Tile,
}

impl Suspect {
    /// Whether the leaf was altered, or may have been.
    pub(super) fn is_leaf(&self) -> bool {
        self.verdict != Some(Altered::Tile)
    }

    /// Whether the tile was altered, or may have been.
    pub(super) fn is_tile(&self) -> bool {
        self.verdict != Some(Altered::Leaf)
    }
}

impl<'a> Views<'a> {
    /// Takes what the ranges computed; where there was no range, the stored tiles.
    pub(super) fn new(subject: &Subject<'a>, ranges: Vec<RangeReport>) -> Result<Self, Error> {
        let mut views = Self {
            subject: *subject,
            roots: Vec::new(),
            tail: Vec::new(),
            odd: BTreeMap::new(),
            suspects: Vec::new(),
            altered: BTreeSet::new(),
        };
        for report in ranges {
            views.fill_to(report.range.start)?;
            views.roots.extend(report.roots);
            views.odd.extend(report.odd_tiles);
            if report.range.end == subject.size {
                views.tail = report.tail;
            }
        }
        views.fill_to(subject.size)?;
        views.suspects = views.odd.iter().flat_map(|(index, tile)| tile.suspects(*index)).collect();
        Ok(views)
    }

    pub(super) fn has_suspects(&self) -> bool {
        !self.suspects.is_empty()
    }

    pub(super) fn suspects(&self) -> &[Suspect] {
        &self.suspects
    }

    pub(super) fn is_altered(&self, seq: u64) -> bool {
        self.altered.contains(&seq)
    }

    /// Decides every place where leaf and tile differ.
    ///
    /// `leaves_hold` and `tiles_hold` say that signed roots bear out that view and no
    /// other. Where both or neither do, what the next leaf names is right.
    pub(super) fn decide(&mut self, leaves_hold: bool, tiles_hold: bool) {
        for suspect in &mut self.suspects {
            suspect.verdict = match (leaves_hold, tiles_hold) {
                (true, false) => Some(Altered::Tile),
                (false, true) => Some(Altered::Leaf),
                _ => suspect.hint,
            };
            if suspect.is_leaf() {
                self.altered.insert(suspect.place.seq);
            }
        }
    }

    /// The root of the first leaves, in one view.
    pub(super) fn root(&self, view: View, size: u64) -> Result<Hash, Error> {
        let mut cursor = Cursor::new(view);
        cursor.advance(self, size)?;
        Ok(cursor.root())
    }

    /// Tiles that are not what the decided leaves make: level, index, and whether they are there at all.
    pub(super) fn odd_tiles(&self) -> Result<Vec<(u8, u64, bool)>, Error> {
        let mut odd = Vec::new();
        for (index, tile) in &self.odd {
            let is_whole = tile.stored.as_ref().is_some_and(|stored| stored.len() == tile.computed.len());
            if !is_whole {
                odd.push((0, *index, tile.stored.is_some()));
            }
        }
        let full = 0..self.roots.len() as u64;
        let mut hashes: Vec<Hash> =
            full.map(|index| self.tile_root(View::Resolved, index)).collect::<Result<_, _>>()?;
        let mut level = 1;
        while !hashes.is_empty() {
            for (index, tile) in hashes.chunks(TILE_WIDTH).enumerate() {
                let expected: Vec<u8> = tile.iter().flat_map(|hash| hash.0).collect();
                match self.subject.tiles.tile(level, index as u64)? {
                    Some(stored) if stored == expected => {}
                    stored => odd.push((level, index as u64, stored.is_some())),
                }
            }
            let flat: Vec<u8> = hashes.iter().flat_map(|hash| hash.0).collect();
            hashes = flat.chunks_exact(TILE_BYTES).map(root_of_full).collect();
            level += 1;
        }
        Ok(odd)
    }

    fn tile_root(&self, view: View, index: u64) -> Result<Hash, Error> {
        if self.odd.contains_key(&index) {
            return Ok(root_of_full(&self.tile(view, index)?));
        }
        Ok(self.roots[index as usize])
    }

    /// The leaf hashes of a tile.
    fn tile(&self, view: View, index: u64) -> Result<Vec<u8>, Error> {
        if let Some(tile) = self.odd.get(&index) {
            return Ok(tile.seen(index, view, &self.altered));
        }
        if index == self.roots.len() as u64 {
            return Ok(self.tail.clone());
        }
        self.subject.tiles.tile(0, index)?.ok_or(Error::TileMissing { level: 0, index })
    }

    /// Takes stored tiles for leaves that no range looked at.
    fn fill_to(&mut self, seq: u64) -> Result<(), Error> {
        let width = TILE_WIDTH as u64;
        while (self.roots.len() as u64 + 1) * width <= seq {
            let index = self.roots.len() as u64;
            let stored = self.subject.tiles.tile(0, index)?;
            match stored {
                Some(stored) if stored.len() == TILE_BYTES => {
                    self.roots.push(root_of_full(&stored));
                }
                stored => {
                    self.odd.insert(index, OddTile::unseen(TILE_WIDTH, stored));
                    self.roots.push(Hash::ZERO);
                }
            }
        }
        let (index, rest) = (self.roots.len() as u64, (seq % width) as usize);
        let is_filled = !self.tail.is_empty() || self.odd.contains_key(&index);
        if seq == self.subject.size && rest > 0 && !is_filled {
            match self.subject.tiles.tile(0, index)? {
                Some(stored) if stored.len() == rest * 32 => self.tail = stored,
                stored => {
                    self.odd.insert(index, OddTile::unseen(rest, stored));
                }
            }
        }
        Ok(())
    }
}

impl OddTile {
    /// A tile that should have been whole, over leaves that no range looked at.
    fn unseen(width: usize, stored: Option<Vec<u8>>) -> Self {
        Self { computed: vec![0; width * 32], ids: vec![None; width], successors: vec![None; width], stored }
    }

    fn stored_at(&self, at: usize) -> Option<Hash> {
        self.stored.as_ref()?.get(at * 32..at * 32 + 32).map(hash_of)
    }

    fn computed_at(&self, at: usize) -> Option<Hash> {
        Some(hash_of(&self.computed[at * 32..at * 32 + 32])).filter(|hash| *hash != Hash::ZERO)
    }

    fn seen(&self, index: u64, view: View, altered: &BTreeSet<u64>) -> Vec<u8> {
        let hash = |at: usize| {
            let by_tile = match view {
                View::Leaves => false,
                View::Tiles => true,
                View::Resolved => altered.contains(&(index * TILE_WIDTH as u64 + at as u64)),
            };
            let (leaf, tile) = (self.computed_at(at), self.stored_at(at));
            let best = if by_tile { tile.or(leaf) } else { leaf.or(tile) };
            best.or(self.successors[at]).unwrap_or(Hash::ZERO).0
        };
        (0..self.successors.len()).flat_map(hash).collect()
    }

    fn suspects(&self, index: u64) -> impl Iterator<Item = Suspect> {
        (0..self.successors.len()).filter_map(move |at| {
            let (leaf, tile) = (self.computed_at(at)?, self.stored_at(at)?);
            let hint = match self.successors[at] {
                Some(says) if says == leaf => Some(Altered::Tile),
                Some(says) if says == tile => Some(Altered::Leaf),
                _ => None,
            };
            let place = EntryPlace { seq: index * TILE_WIDTH as u64 + at as u64, id: self.ids[at] };
            (leaf != tile).then_some(Suspect { place, hint, verdict: None })
        })
    }
}

/// Walks over the leaves of one view and knows the root of all that it passed.
pub(super) struct Cursor {
    view: View,
    peaks: Peaks,
    tile: Option<(u64, Vec<u8>)>,
}

impl Cursor {
    pub(super) fn new(view: View) -> Self {
        Self { view, peaks: Peaks::default(), tile: None }
    }

    pub(super) fn root(&self) -> Hash {
        self.peaks.root()
    }

    /// Goes to a size; back only by starting over.
    pub(super) fn advance(&mut self, views: &Views<'_>, to: u64) -> Result<(), Error> {
        let width = TILE_WIDTH as u64;
        if to < self.peaks.size() {
            self.peaks = Peaks::default();
        }
        while self.peaks.size() < to {
            let (index, at) = (self.peaks.size() / width, (self.peaks.size() % width) as usize);
            if at == 0 && (index + 1) * width <= to {
                self.peaks.push(8, views.tile_root(self.view, index)?);
                continue;
            }
            if self.tile.as_ref().is_none_or(|(known, _)| *known != index) {
                self.tile = Some((index, views.tile(self.view, index)?));
            }
            let (_, hashes) = self.tile.as_ref().expect("the tile was just read");
            self.peaks.push(0, hash_of(&hashes[at * 32..at * 32 + 32]));
        }
        Ok(())
    }
}
