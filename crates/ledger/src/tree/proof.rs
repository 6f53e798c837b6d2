//! Proofs, made from tiles and checked against roots, by the `tlog_tiles` crate.

use std::{
    cell::RefCell,
    collections::{BTreeMap, btree_map::Entry},
};

use tlog_tiles::{HashReader, check_record, check_tree, prove_record, prove_tree, split_stored_hash_index, tree_hash};

use super::{TileReader, hash_of, root_of_full};
use crate::{Error, Hash, TREE_SIZE_MAX};

/// Hashes in the longest proof that can be of use.
const PROOF_MAX: usize = 64;

/// RFC 6962 section 2.1.1: the audit path of leaf `seq` in the tree of this size.
pub fn prove_inclusion(seq: u64, size: u64, tiles: &dyn TileReader) -> Result<Vec<Hash>, Error> {
    within("leaf", seq, size, seq < size)?;
    Nodes::of(tiles).run(|nodes| prove_record(size, seq, nodes)).map(from_theirs)
}

/// RFC 6962 section 2.1.2: the proof that the tree of size `new` begins with that of size `old`.
pub fn prove_consistency(old: u64, new: u64, tiles: &dyn TileReader) -> Result<Vec<Hash>, Error> {
    within("tree size", old, new, 0 < old && old <= new)?;
    Nodes::of(tiles).run(|nodes| prove_tree(new, old, nodes)).map(from_theirs)
}

/// The root of the first `size` leaves.
pub fn root_at(size: u64, tiles: &dyn TileReader) -> Result<Hash, Error> {
    within("tree size", size, TREE_SIZE_MAX, true)?;
    Nodes::of(tiles).run(|nodes| tree_hash(size, nodes)).map(|root| Hash(root.0))
}

/// Checks that the leaf hash stands at `seq` under the root of the tree of this size.
pub fn check_inclusion(seq: u64, leaf: &Hash, size: u64, root: &Hash, proof: &[Hash]) -> Result<(), Error> {
    within("leaf", seq, size, seq < size)?;
    let invalid = || Error::ProofInvalid { what: "inclusion" };
    if proof.len() > PROOF_MAX {
        return Err(invalid());
    }
    check_record(&to_theirs(proof), size, theirs(root), seq, theirs(leaf)).map_err(|_| invalid())
}

/// Checks that the tree of size `new` begins with that of size `old`.
pub fn check_consistency(old: u64, old_root: &Hash, new: u64, new_root: &Hash, proof: &[Hash]) -> Result<(), Error> {
    within("tree size", old, new, 0 < old && old <= new)?;
    let invalid = || Error::ProofInvalid { what: "consistency" };
    if proof.len() > PROOF_MAX {
        return Err(invalid());
    }
    check_tree(&to_theirs(proof), new, theirs(new_root), old, theirs(old_root)).map_err(|_| invalid())
}

fn within(what: &'static str, value: u64, size: u64, holds: bool) -> Result<(), Error> {
    if holds && size <= TREE_SIZE_MAX && value <= TREE_SIZE_MAX {
        return Ok(());
    }
    Err(Error::OutsideTree { what, value, size })
}

fn theirs(hash: &Hash) -> tlog_tiles::Hash {
    tlog_tiles::Hash(hash.0)
}

fn to_theirs(proof: &[Hash]) -> Vec<tlog_tiles::Hash> {
    proof.iter().map(theirs).collect()
}

fn from_theirs(proof: Vec<tlog_tiles::Hash>) -> Vec<Hash> {
    proof.into_iter().map(|hash| Hash(hash.0)).collect()
}

/// The nodes of the tree, computed from the tiles beneath them. Each tile is read once.
struct Nodes<'a> {
    tiles: &'a dyn TileReader,
    cache: RefCell<BTreeMap<(u8, u64), Vec<u8>>>,
    failure: RefCell<Option<Error>>,
}

impl<'a> Nodes<'a> {
    fn of(tiles: &'a dyn TileReader) -> Self {
        Self { tiles, cache: RefCell::default(), failure: RefCell::default() }
    }

    /// Runs one of the crate's proofs; where it failed for want of a tile, says which.
    fn run<T>(self, prove: impl FnOnce(&Self) -> Result<T, tlog_tiles::Error>) -> Result<T, Error> {
        let outcome = prove(&self);
        match self.failure.into_inner() {
            Some(failure) => Err(failure),
            None => outcome.map_err(|_| Error::ProofInvalid { what: "tile" }),
        }
    }

    fn node(&self, level: u8, place: u64) -> Result<Hash, Error> {
        let (tile_level, height) = (level / 8, level % 8);
        let index = place >> (8 - height);
        let start = ((place << height) & 255) as usize * 32;
        let mut cache = self.cache.borrow_mut();
        let tile = match cache.entry((tile_level, index)) {
            Entry::Occupied(tile) => tile.into_mut(),
            Entry::Vacant(free) => free.insert(self.tiles.tile(tile_level, index)?.unwrap_or_default()),
        };
        let hashes = tile.get(start..start + (32 << height));
        let hashes = hashes.ok_or(Error::TileMissing { level: tile_level, index })?;
        Ok(if height == 0 { hash_of(hashes) } else { root_of_full(hashes) })
    }
}

impl HashReader for Nodes<'_> {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<tlog_tiles::Hash>, tlog_tiles::Error> {
        let node = |index: &u64| {
            let (level, place) = split_stored_hash_index(*index);
            self.node(level, place).map(|hash| theirs(&hash))
        };
        indexes.iter().map(node).collect::<Result<_, _>>().map_err(|error| {
            *self.failure.borrow_mut() = Some(error);
            tlog_tiles::Error::InvalidTile
        })
    }
}
