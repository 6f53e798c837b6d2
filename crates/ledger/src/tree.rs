//! The Merkle tree of RFC 6962, kept in the 256-wide tiles of C2SP tlog-tiles.

mod proof;

use std::collections::BTreeMap;

pub use proof::{check_consistency, check_inclusion, prove_consistency, prove_inclusion, root_at};

use crate::{Error, Hash, TREE_SIZE_MAX};

/// Hashes in a full tile.
pub(crate) const TILE_WIDTH: usize = 256;
/// Bytes in a full tile.
pub(crate) const TILE_BYTES: usize = TILE_WIDTH * 32;

/// Where tiles are read from. Tiles may be wider than asked for, never narrower.
pub trait TileReader {
    /// The hashes of a tile, 32 bytes each, as many as are stored; `None` where there is no tile.
    fn tile(&self, level: u8, index: u64) -> Result<Option<Vec<u8>>, Error>;
}

impl TileReader for BTreeMap<(u8, u64), Vec<u8>> {
    fn tile(&self, level: u8, index: u64) -> Result<Option<Vec<u8>>, Error> {
        Ok(self.get(&(level, index)).cloned())
    }
}

/// A tile that changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TileWrite {
    /// Level, 0 nearest the leaves.
    pub level: u8,
    /// Index within the level.
    pub index: u64,
    /// All hashes of the tile, 32 bytes each; fewer than 256 where it is partial.
    pub hashes: Vec<u8>,
}

/// The right edge of a growing tree: what it takes to go on and to name the root.
#[derive(Debug, Clone, Default)]
pub struct TreeState {
    size: u64,
    /// Roots of the full subtrees that make up the tree, largest first: one per bit of `size`.
    peaks: Vec<Hash>,
    /// The partial tile of each level.
    edge: Vec<Edge>,
    /// Tiles that became full since the last take.
    full: Vec<TileWrite>,
}

#[derive(Debug, Clone, Default)]
struct Edge {
    hashes: Vec<u8>,
    is_dirty: bool,
}

impl TreeState {
    /// The tree without leaves.
    pub fn empty() -> Self {
        Self::default()
    }

    /// Takes a tree up again. `partial` holds the tiles that [`edge_tiles`] names, in that
    /// order; they may be wider than this size needs.
    pub fn from_edge(size: u64, partial: Vec<Vec<u8>>) -> Result<Self, Error> {
        let wanted = edge_tiles(size);
        if size > TREE_SIZE_MAX {
            return Err(Error::OutsideTree { what: "tree size", value: size, size: TREE_SIZE_MAX });
        }
        if let Some((level, index)) = wanted.get(partial.len()) {
            return Err(Error::TileMissing { level: *level, index: *index });
        }
        let mut tree = Self { size, ..Self::default() };
        for ((level, index), mut hashes) in wanted.into_iter().zip(partial) {
            let width = edge_width(size, level);
            if hashes.len() < width * 32 {
                return Err(Error::TileMissing { level, index });
            }
            hashes.truncate(width * 32);
            tree.edge.resize_with(level as usize + 1, Edge::default);
            tree.edge[level as usize].hashes = hashes;
        }
        tree.peaks = tree.edge.iter().rev().flat_map(|edge| peaks_of_tile(&edge.hashes)).collect();
        Ok(tree)
    }

    /// How many leaves the tree has.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Adds a leaf by its hash.
    pub fn push(&mut self, leaf_hash: Hash) {
        let place = self.size;
        self.size += 1;
        self.put(0, place, &leaf_hash);
        let mut node = leaf_hash;
        for level in 1..=self.size.trailing_zeros() {
            let left = self.peaks.pop().expect("every set bit below has its peak");
            node = Hash::of_node(&left, &node);
            if level % 8 == 0 {
                self.put(level as usize / 8, place >> level, &node);
            }
        }
        self.peaks.push(node);
    }

    /// RFC 6962 section 2.1: the Merkle tree hash. It takes at most 56 hashes.
    pub fn root(&self) -> Hash {
        fold_peaks(&self.peaks)
    }

    /// Every tile that changed since the last take, as it is now.
    pub fn take_dirty(&mut self) -> Vec<TileWrite> {
        let mut tiles = std::mem::take(&mut self.full);
        for (level, edge) in self.edge.iter_mut().enumerate() {
            if std::mem::take(&mut edge.is_dirty) && !edge.hashes.is_empty() {
                let index = self.size >> (8 * (level + 1));
                tiles.push(TileWrite { level: level as u8, index, hashes: edge.hashes.clone() });
            }
        }
        tiles
    }

    /// Sets the hash at a place of a tile level, which is the next one there.
    fn put(&mut self, level: usize, place: u64, hash: &Hash) {
        if level == self.edge.len() {
            self.edge.push(Edge::default());
        }
        let edge = &mut self.edge[level];
        edge.hashes.extend_from_slice(&hash.0);
        edge.is_dirty = true;
        if edge.hashes.len() == TILE_BYTES {
            edge.is_dirty = false;
            let hashes = std::mem::replace(&mut edge.hashes, Vec::with_capacity(TILE_BYTES));
            self.full.push(TileWrite { level: level as u8, index: place >> 8, hashes });
        }
    }
}

/// The partial tiles at the right edge of a tree of this size, as `(level, index)`:
/// what [`TreeState::from_edge`] needs.
pub fn edge_tiles(size: u64) -> Vec<(u8, u64)> {
    let levels = (0..8).filter(|level| edge_width(size, *level) > 0);
    levels.map(|level| (level, size.checked_shr(8 * (u32::from(level) + 1)).unwrap_or(0))).collect()
}

/// How many hashes the partial tile of a level has.
fn edge_width(size: u64, level: u8) -> usize {
    (size >> (8 * u32::from(level)) & 255) as usize
}

/// The roots of the full subtrees that a partial tile's hashes make up, largest first.
fn peaks_of_tile(hashes: &[u8]) -> Vec<Hash> {
    let mut peaks = Vec::new();
    let mut rest = hashes;
    for bit in (0..8).rev() {
        if (hashes.len() / 32) >> bit & 1 == 1 {
            let (subtree, right) = rest.split_at(32 << bit);
            peaks.push(root_of_full(subtree));
            rest = right;
        }
    }
    peaks
}

/// The root over hashes whose number is a power of two, at most 256.
pub(crate) fn root_of_full(hashes: &[u8]) -> Hash {
    let mut level = [Hash::ZERO; TILE_WIDTH / 2];
    let mut width = hashes.len() / 64;
    if width == 0 {
        return hash_of(hashes);
    }
    for (node, pair) in level.iter_mut().zip(hashes.chunks_exact(64)) {
        *node = Hash::of_node(&hash_of(&pair[..32]), &hash_of(&pair[32..]));
    }
    while width > 1 {
        width /= 2;
        for at in 0..width {
            level[at] = Hash::of_node(&level[2 * at], &level[2 * at + 1]);
        }
    }
    level[0]
}

/// The root over subtrees of falling size.
pub(crate) fn fold_peaks(peaks: &[Hash]) -> Hash {
    let Some((last, rest)) = peaks.split_last() else {
        return Hash::of(b"");
    };
    rest.iter().rev().fold(*last, |right, left| Hash::of_node(left, &right))
}

pub(crate) fn hash_of(bytes: &[u8]) -> Hash {
    Hash(bytes.try_into().expect("a hash has 32 bytes"))
}
