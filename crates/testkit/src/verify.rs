//! Verification of a whole store through its seam, with nothing of the store's own in between.

use sealbook_ledger::{
    Entry, EntryPart, Error, KeyRing, Leaf, RangeOptions, RangeVerifier, Report, StoredCheckpoint, Subject, TileReader,
    Trust, combine,
};
use sealbook_store::{Content, PartSlot, Row, Snapshot, Store};

/// Verifies everything: leaves, parts, signatures, chain, tree, tiles, every checkpoint.
///
/// An `Err` is a store that could not be read; whatever is wrong with what was read is in the report.
pub fn verify(store: &dyn Store) -> Result<Report, sealbook_store::Error> {
    verify_with(store, RangeOptions { signatures: true })
}

/// As [`verify`]; the signatures of records, which take nearly all of the time, can be left out.
pub fn verify_with(store: &dyn Store, options: RangeOptions) -> Result<Report, sealbook_store::Error> {
    let view = store.snapshot()?;
    let size = view.head()?.map_or(0, |head| head.size);
    let ring = ring(&*view)?;
    let tiles = Tiles(&*view);
    let subject = Subject { origin: store.origin(), size, ring: &ring, tiles: &tiles };
    let mut range = RangeVerifier::new(subject, 0..size, options)?;
    // Rows beyond the head are no part of the ledger, and must not be there either.
    view.scan(0, u64::MAX, &mut |row| {
        with_entry(&row, |entry| range.push(entry))?;
        Ok(true)
    })?;
    let mut checkpoints = Vec::new();
    view.checkpoints(0, u64::MAX, &mut |size, note| {
        checkpoints.push(Ok(StoredCheckpoint { size, note: note.as_bytes().to_vec() }));
        Ok(true)
    })?;
    Ok(combine(&subject, vec![range.finish()?], checkpoints, &Trust::default())?)
}

fn ring(view: &dyn Snapshot) -> Result<KeyRing, sealbook_store::Error> {
    let mut ring = KeyRing::new();
    for seq in view.key_seqs()? {
        view.scan(seq, seq + 1, &mut |row| {
            // What does not say a change of keys is named by the verifier.
            let _ = with_entry(&row, |entry| ring.apply_entry(entry));
            Ok(true)
        })?;
    }
    Ok(ring)
}

fn with_entry<T>(row: &Row<'_>, call: impl FnOnce(&Entry<'_>) -> T) -> T {
    let leaf = Leaf::parse(row.leaf).ok();
    let names: Vec<&str> = leaf.iter().flat_map(|leaf| leaf.parts.iter().map(|(name, _)| &**name)).collect();
    // Content that does not unpack shows no part at all: each of them is missing.
    let slots = Content::new(row.content).slots(names.len()).unwrap_or_default();
    let parts: Vec<EntryPart<'_>> = names
        .iter()
        .zip(&slots)
        .map(|(name, slot)| match *slot {
            PartSlot::Present(salt, bytes) => EntryPart::Present { name, salt, bytes },
            PartSlot::Erased => EntryPart::Erased { name },
        })
        .collect();
    call(&Entry { seq: row.seq, leaf: row.leaf, parts: &parts })
}

struct Tiles<'v>(&'v dyn Snapshot);

impl TileReader for Tiles<'_> {
    fn tile(&self, level: u8, index: u64) -> Result<Option<Vec<u8>>, Error> {
        Ok(self.0.tile(level, index).unwrap_or(None))
    }
}
