//! A ledger as static files: the layout of C2SP tlog-tiles, which other tools of that family read.
//!
//! Our entry of a tile log is the leaf's bytes, so its hash there is the record
//! hash. No content is published.

use crate::{Checkpoint, Error, TileReader, tree::TILE_WIDTH};

/// The path of the checkpoint, which is written last.
pub const CHECKPOINT_PATH: &str = "checkpoint";

/// The path of a tile; a width below 256 is that of a partial tile.
pub fn tile_path(level: u8, index: u64, width: u16) -> String {
    format!("tile/{level}/{}", place(index, width))
}

/// The path of an entry bundle.
pub fn entries_path(index: u64, width: u16) -> String {
    format!("tile/entries/{}", place(index, width))
}

/// Makes every file of the tree that a checkpoint signs, beyond those of an earlier size.
///
/// `leaf` appends the bytes of one leaf; `file` takes a path and its bytes. Files come in an
/// order in which a reader never sees a checkpoint before what it covers.
pub fn publish<E: From<Error>>(
    checkpoint: &str,
    published: u64,
    tiles: &dyn TileReader,
    mut leaf: impl FnMut(u64, &mut Vec<u8>) -> Result<(), E>,
    mut file: impl FnMut(&str, &[u8]) -> Result<(), E>,
) -> Result<(), E> {
    let size = Checkpoint::of_note(checkpoint)?.size;
    for (index, width) in changed(published, size, 0) {
        let mut bundle = Vec::new();
        for seq in index * TILE_WIDTH as u64..index * TILE_WIDTH as u64 + u64::from(width) {
            put_entry(&mut bundle, |out| leaf(seq, out))?;
        }
        file(&entries_path(index, width), &bundle)?;
    }
    for level in (0..8).take_while(|level| size >> (8 * level) > 0) {
        for (index, width) in changed(published, size, level) {
            let tile = tiles.tile(level, index)?.unwrap_or_default();
            let hashes = tile.get(..usize::from(width) * 32).ok_or(Error::TileMissing { level, index })?;
            file(&tile_path(level, index, width), hashes)?;
        }
    }
    file(CHECKPOINT_PATH, checkpoint.as_bytes())
}

/// The tiles of a level, with their widths, that differ between two sizes of the tree.
fn changed(old: u64, new: u64, level: u8) -> impl Iterator<Item = (u64, u16)> {
    let (old, new) = (old >> (8 * level), new >> (8 * level));
    let width = TILE_WIDTH as u64;
    let tiles = if old < new { old / width..new.div_ceil(width) } else { 0..0 };
    tiles.map(move |index| (index, (new - index * width).min(width) as u16))
}

/// Appends one entry: its length in two bytes, big-endian, then its bytes.
fn put_entry<E: From<Error>>(bundle: &mut Vec<u8>, leaf: impl FnOnce(&mut Vec<u8>) -> Result<(), E>) -> Result<(), E> {
    let start = bundle.len();
    bundle.extend_from_slice(&[0; 2]);
    leaf(bundle)?;
    let bytes = bundle.len() - start - 2;
    let len = u16::try_from(bytes).map_err(|_| Error::LeafTooLarge { bytes })?;
    bundle[start..start + 2].copy_from_slice(&len.to_be_bytes());
    Ok(())
}

/// Groups of three digits: `x001/x234/067`, and `.p/` with the width of a partial tile.
fn place(index: u64, width: u16) -> String {
    let mut path = format!("{:03}", index % 1_000);
    let mut rest = index / 1_000;
    while rest > 0 {
        path = format!("x{:03}/{path}", rest % 1_000);
        rest /= 1_000;
    }
    if usize::from(width) < TILE_WIDTH {
        return format!("{path}.p/{width}");
    }
    path
}
