//! What of a book is believed before it is gone on from: its keys, and a head that one of them has signed.
//!
//! Whoever can write the files can write rows, tiles and checkpoints; without a key he cannot sign them.
//! Nothing is sealed on top of a head that nobody signed: the new checkpoint would sign it too.

use sealbook_ledger::{
    Checkpoint, Hash, KeyEvent, KeyRing, Leaf, LeafType, Origin, PART_KEYS, PublicKey, SignedCheckpoint, TileReader,
    commit, root_at,
};

use crate::content::{Content, PartSlot};
use crate::{Error, Row, Snapshot};

/// The newest head, and the keys, as the ledger's own signatures tell them.
pub(crate) struct Trusted {
    pub(crate) checkpoint: Checkpoint,
    pub(crate) note: String,
    pub(crate) ring: KeyRing,
}

impl Trusted {
    /// Reads them; `None` in a store that was only just made.
    ///
    /// Errors: [`Error::HeadUntrusted`] where the checkpoint cannot be read or no key of the ledger has signed it.
    pub(crate) fn read(view: &dyn Snapshot, origin: &Origin) -> Result<Option<Self>, Error> {
        let Some(head) = view.head()? else { return Ok(None) };
        let refuse = |why: String| Error::HeadUntrusted { origin: origin.clone(), size: head.size, why };
        let stated = Checkpoint::of_note(&head.note).map_err(|e| refuse(e.to_string()))?;
        if stated.origin != *origin || stated.size != head.size || stated.size == 0 {
            return Err(refuse("it is of another ledger or of another size".to_owned()));
        }
        let by = |ring: KeyRing| {
            let keys: Vec<PublicKey> = ring.checkpoint_keys(stated.size).copied().collect();
            SignedCheckpoint::open(&head.note, &keys).map(|opened| (opened.checkpoint, ring))
        };
        let opened = match by(read_ring(view)?) {
            // The table of key leaves may have been tampered with too; the leaves themselves are asked.
            Err(_) => by(fold(view, &key_leaves(view, stated.size)?)?),
            opened => opened,
        };
        let (checkpoint, ring) = opened.map_err(|e| refuse(e.to_string()))?;
        Ok(Some(Self { checkpoint, note: head.note, ring }))
    }
}

/// Refuses a book of `size` records that does not go on from a head that was seen of it.
pub(crate) fn goes_on_from(seen: &Checkpoint, size: u64, tiles: &dyn TileReader) -> Result<(), Error> {
    if seen.size > size {
        return Err(Error::BookRolledBack { origin: seen.origin.clone(), found: size, kept: seen.size });
    }
    if root_at(seen.size, tiles)? != seen.root {
        return Err(Error::BookForked { origin: seen.origin.clone(), size: seen.size });
    }
    Ok(())
}

/// The tiles of a view.
pub(crate) struct Tiles<'v>(pub(crate) &'v dyn Snapshot);

impl TileReader for Tiles<'_> {
    fn tile(&self, level: u8, index: u64) -> Result<Option<Vec<u8>>, sealbook_ledger::Error> {
        // What cannot be read is missing: the root then says so.
        Ok(self.0.tile(level, index).unwrap_or(None))
    }
}

/// Folds the key leaves that those who may change the keys have signed. What is damaged or nobody signed is for
/// `verify` to report; what it would have said is not believed.
pub(crate) fn read_ring(view: &dyn Snapshot) -> Result<KeyRing, Error> {
    fold(view, &view.key_seqs()?)
}

/// Where the key leaves lie, found by reading all leaves.
fn key_leaves(view: &dyn Snapshot, size: u64) -> Result<Vec<u64>, Error> {
    let mut seqs = Vec::new();
    view.scan(0, size, &mut |row| {
        seqs.extend(Leaf::parse(row.leaf).is_ok_and(|leaf| leaf.typ == LeafType::Key).then_some(row.seq));
        Ok(true)
    })?;
    Ok(seqs)
}

fn fold(view: &dyn Snapshot, seqs: &[u64]) -> Result<KeyRing, Error> {
    let mut ring = KeyRing::new();
    for &seq in seqs {
        view.scan(seq, seq + 1, &mut |row| {
            if let Some(next) = changed(&ring, seq, &row) {
                ring = next;
            }
            Ok(false)
        })?;
    }
    Ok(ring)
}

/// The keys after a key leaf; `None` where it changes nothing.
fn changed(ring: &KeyRing, seq: u64, row: &Row<'_>) -> Option<KeyRing> {
    let event = key_event(row)?;
    let mut next = ring.clone();
    next.apply(seq, &event).ok()?;
    let digest = Leaf::signing_digest_of(row.leaf).ok()?;
    let sigs = Leaf::parse(row.leaf).ok()?.sigs;
    let signed = |key: &Hash| {
        let entry = next.get(key);
        entry.is_some_and(|entry| sigs.iter().any(|sig| sig.key == *key && sig.verify(&digest, &entry.key)))
    };
    next.may_change(signed, seq).then_some(next)
}

/// What a key leaf says, where its part is as it was sealed.
pub(crate) fn key_event(row: &Row<'_>) -> Option<KeyEvent> {
    let leaf = Leaf::parse(row.leaf).ok().filter(|leaf| leaf.typ == LeafType::Key)?;
    let slots = Content::new(row.content).slots(leaf.parts.len())?;
    let place = leaf.parts.iter().position(|(name, _)| &**name == PART_KEYS)?;
    match slots[place] {
        PartSlot::Present(salt, bytes) if commit(PART_KEYS, leaf.id, salt, bytes) == leaf.parts[place].1 => {
            KeyEvent::from_json(bytes).ok()
        }
        _ => None,
    }
}
