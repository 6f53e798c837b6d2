//! What the engine holds: the rows as a reader sees them.

use std::collections::BTreeMap;
use std::sync::Arc;

use sealbook_ledger::Uuid;

use crate::Rng;

/// The rows of one moment. Cloning shares them.
#[derive(Debug, Clone, Default)]
pub struct Tables {
    /// Leaf and packed parts by sequence number.
    pub(super) rows: BTreeMap<u64, LeafAndContent>,
    pub(super) ids: BTreeMap<Uuid, u64>,
    pub(super) keys: Vec<u64>,
    pub(super) tiles: BTreeMap<(u8, u64), Arc<[u8]>>,
    pub(super) checkpoints: BTreeMap<u64, Arc<str>>,
}

type LeafAndContent = (Arc<[u8]>, Arc<[u8]>);

/// One change of the rows; a transaction is a list of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Change {
    Row { seq: u64, id: Uuid, is_key: bool, leaf: Arc<[u8]>, content: Arc<[u8]> },
    Tile { level: u8, index: u64, hashes: Arc<[u8]> },
    Checkpoint { size: u64, note: Arc<str> },
    Content { seq: u64, content: Arc<[u8]> },
}

/// Where a bit was flipped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields are places: of a row, a tile, a checkpoint")]
pub enum Flip {
    Leaf { seq: u64, byte: usize },
    Content { seq: u64, byte: usize },
    Tile { level: u8, index: u64, byte: usize },
    Checkpoint { size: u64, byte: usize },
}

impl Tables {
    /// Takes a change, or says why it cannot be.
    pub(super) fn apply(&mut self, change: &Change) -> Result<(), &'static str> {
        match change {
            Change::Row { seq, id, is_key, leaf, content } => {
                if self.rows.contains_key(seq) {
                    return Err("a row is there already");
                }
                if self.ids.contains_key(id) {
                    return Err("the id is there already");
                }
                self.rows.insert(*seq, (Arc::clone(leaf), Arc::clone(content)));
                self.ids.insert(*id, *seq);
                if *is_key {
                    self.keys.push(*seq);
                }
            }
            Change::Tile { level, index, hashes } => {
                self.tiles.insert((*level, *index), Arc::clone(hashes));
            }
            Change::Checkpoint { size, note } => {
                if self.checkpoints.contains_key(size) {
                    return Err("a checkpoint of this size is there already");
                }
                self.checkpoints.insert(*size, Arc::clone(note));
            }
            Change::Content { seq, content } => {
                self.rows.get_mut(seq).ok_or("there is no such row")?.1 = Arc::clone(content);
            }
        }
        Ok(())
    }

    /// Flips one bit of one row, as a disk does that rots.
    pub(super) fn flip(&mut self, rng: &mut Rng) -> Option<Flip> {
        let row = |rng: &mut Rng, rows: &Self| rows.rows.keys().nth(rng.index(rows.rows.len().max(1))).copied();
        match rng.below(4) {
            0 => {
                let seq = row(rng, self)?;
                let (leaf, _) = self.rows.get_mut(&seq)?;
                Some(Flip::Leaf { seq, byte: flip_bit(leaf, rng)? })
            }
            1 => {
                let seq = row(rng, self)?;
                let (_, content) = self.rows.get_mut(&seq)?;
                Some(Flip::Content { seq, byte: flip_bit(content, rng)? })
            }
            2 => {
                let (level, index) = *self.tiles.keys().nth(rng.index(self.tiles.len().max(1)))?;
                let byte = flip_bit(self.tiles.get_mut(&(level, index))?, rng)?;
                Some(Flip::Tile { level, index, byte })
            }
            _ => {
                let size = *self.checkpoints.keys().nth(rng.index(self.checkpoints.len().max(1)))?;
                let note = self.checkpoints.get_mut(&size)?;
                let byte = rng.index(note.len());
                let mut bytes = note.as_bytes().to_vec();
                bytes[byte] ^= 1 << rng.below(7);
                *note = String::from_utf8_lossy(&bytes).into();
                Some(Flip::Checkpoint { size, byte })
            }
        }
    }
}

fn flip_bit(bytes: &mut Arc<[u8]>, rng: &mut Rng) -> Option<usize> {
    let mut own = bytes.to_vec();
    let byte = rng.index(own.len().max(1));
    *own.get_mut(byte)? ^= 1 << rng.below(8);
    *bytes = own.into();
    Some(byte)
}
