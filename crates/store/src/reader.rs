//! Reading records from a snapshot, each checked against the tree and its own commitments.

use std::cell::RefCell;
use std::collections::HashMap;

use sealbook_ledger::{Checkpoint, Hash, Receipt, TileReader, Uuid, prove_consistency, prove_inclusion, root_at};

use crate::seam::StoreHead;
use crate::{Error, Snapshot, Stored};

/// Tiles that are kept while one view is read: 2 MiB.
const TILES_KEPT: usize = 256;

/// A consistent view of a ledger.
pub struct Reader<'s> {
    view: Box<dyn Snapshot + Send + 's>,
    tiles: RefCell<HashMap<(u8, u64), Vec<u8>>>,
}

impl<'s> Reader<'s> {
    pub(crate) fn new(view: Box<dyn Snapshot + Send + 's>) -> Self {
        Self { view, tiles: RefCell::default() }
    }

    pub(crate) fn view(&self) -> &dyn Snapshot {
        &*self.view
    }

    /// How many records the view holds.
    pub fn size(&self) -> Result<u64, Error> {
        Ok(self.view.head()?.map_or(0, |head| head.size))
    }

    pub(crate) fn head(&self) -> Result<StoreHead, Error> {
        self.view.head()?.ok_or_else(|| Error::RecordMissing { what: "at all in an empty ledger".to_owned() })
    }

    /// The record at `seq`.
    ///
    /// Its leaf is compared with the tree; a part that does not fit its commitment is named in
    /// [`Stored::altered`] and its content left out.
    pub fn record(&self, seq: u64) -> Result<Stored, Error> {
        let mut found = None;
        self.view.scan(seq, seq.saturating_add(1), &mut |row| {
            found = Some(Stored::new(row.seq, row.leaf, row.content));
            Ok(false)
        })?;
        let damaged = |what: &str| Error::RowDamaged { seq, what: what.to_owned() };
        let stored = found
            .ok_or_else(|| Error::RecordMissing { what: format!("at seq {seq}") })?
            .ok_or_else(|| damaged("it does not decode"))?;
        if stored.leaf.seq != seq || self.leaf_hash(seq)? != Some(stored.hash) {
            return Err(damaged("its hash is not the one in the tree"));
        }
        Ok(stored)
    }

    /// The record of that id.
    pub fn by_id(&self, id: Uuid) -> Result<Option<Stored>, Error> {
        let Some(seq) = self.view.seq_of(id)? else { return Ok(None) };
        let stored = self.record(seq)?;
        Ok((stored.leaf.id == id).then_some(stored))
    }

    /// The record that `what` names: a sequence number, an id, or the beginning of a record hash.
    pub fn find(&self, what: &str) -> Result<Stored, Error> {
        if let Ok(id) = what.parse::<Uuid>() {
            return self.by_id(id)?.ok_or_else(|| Error::RecordMissing { what: format!("with id {id}") });
        }
        // Eight digits or more are a hash before they are a number.
        if what.len() < 8
            && let Ok(seq) = what.parse()
        {
            return self.record(seq);
        }
        self.by_hash_prefix(what)
    }

    /// The record whose hash begins with these hexadecimal digits, at least four.
    ///
    /// The tiles hold every record hash in order: 32 bytes per record are read, nothing more.
    pub fn by_hash_prefix(&self, prefix: &str) -> Result<Stored, Error> {
        let prefix = prefix.trim_end_matches('.').to_ascii_lowercase();
        if !(4..=64).contains(&prefix.len()) || !prefix.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(Error::QueryInvalid {
                field: "record",
                why: "give a sequence number, an id, or 4 to 64 hexadecimal digits of a record hash".to_owned(),
            });
        }
        let nibbles: Vec<u8> = prefix.bytes().map(|b| (b as char).to_digit(16).unwrap_or(0) as u8).collect();
        let fits = |hash: &[u8]| nibbles.iter().enumerate().all(|(i, n)| (hash[i / 2] >> (4 * (1 - i % 2))) & 15 == *n);
        let size = self.size()?;
        let mut found = Vec::new();
        for index in 0..size.div_ceil(256) {
            let tile = self.view.tile(0, index)?.unwrap_or_default();
            for (offset, hash) in tile.chunks_exact(32).enumerate() {
                let seq = index * 256 + offset as u64;
                if seq < size && fits(hash) {
                    found.push(seq);
                }
            }
        }
        match found[..] {
            [] => Err(Error::RecordMissing { what: format!("with a hash that begins with {prefix}") }),
            [seq] => self.record(seq),
            _ => Err(Error::RecordAmbiguous { prefix, count: found.len() }),
        }
    }

    /// A receipt: the record's leaf, its inclusion proof, and the newest checkpoint.
    pub fn receipt(&self, seq: u64) -> Result<Receipt, Error> {
        let head = self.head()?;
        let mut leaf = None;
        self.view.scan(seq, seq.saturating_add(1), &mut |row| {
            leaf = Some(row.leaf.to_vec());
            Ok(false)
        })?;
        let leaf = leaf.ok_or_else(|| Error::RecordMissing { what: format!("at seq {seq}") })?;
        let proof = prove_inclusion(seq, head.size, self)?;
        Ok(Receipt { leaf, seq, proof, checkpoint: head.note })
    }

    /// Proof that the ledger of `old` records is the beginning of the one of `new`.
    pub fn consistency(&self, old: u64, new: u64) -> Result<Vec<Hash>, Error> {
        Ok(prove_consistency(old, new, self)?)
    }

    /// The root over the first `size` records, from the tiles.
    pub fn root_at(&self, size: u64) -> Result<Hash, Error> {
        Ok(root_at(size, self)?)
    }

    /// The newest checkpoint.
    pub fn checkpoint(&self) -> Result<(Checkpoint, String), Error> {
        let head = self.head()?;
        Ok((Checkpoint::of_note(&head.note)?, head.note))
    }

    fn leaf_hash(&self, seq: u64) -> Result<Option<Hash>, Error> {
        let tile = TileReader::tile(self, 0, seq >> 8)?.unwrap_or_default();
        let at = (seq & 255) as usize * 32;
        Ok(tile.get(at..at + 32).and_then(|hash| hash.try_into().ok()).map(Hash))
    }
}

impl TileReader for Reader<'_> {
    fn tile(&self, level: u8, index: u64) -> Result<Option<Vec<u8>>, sealbook_ledger::Error> {
        if let Some(tile) = self.tiles.borrow().get(&(level, index)) {
            return Ok(Some(tile.clone()));
        }
        // What cannot be read is missing: the proof that wants it says where.
        let tile = self.view.tile(level, index).unwrap_or(None);
        if let Some(tile) = &tile {
            let mut kept = self.tiles.borrow_mut();
            if kept.len() >= TILES_KEPT {
                kept.clear();
            }
            kept.insert((level, index), tile.clone());
        }
        Ok(tile)
    }
}
