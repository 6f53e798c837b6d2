//! The newest head, kept outside the book.
//!
//! Two slots of 4 KiB are written in turn, each a length, a SHA-256 and a checkpoint. The file is
//! written after the commit it tells of, so a crash leaves it behind the book, never ahead: a book
//! that is behind it was rolled back. A slot that is torn, or read while another process writes
//! it, does not fit its hash and is ignored; the other one is whole.

use std::fs::File;
use std::io::ErrorKind;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use sealbook_ledger::Checkpoint;
use sha2::{Digest, Sha256};

use crate::Error;
use crate::sqlite::file_error;
use crate::whole::private_file;

const SLOT_BYTES: usize = 4_096;
/// Length and hash.
const HEAD_BYTES: usize = 4 + 32;

/// Keeps the newest checkpoint of one ledger.
pub(crate) struct HeadFile {
    path: PathBuf,
    file: File,
    slot: u64,
}

impl HeadFile {
    /// Opens the file, or makes an empty one.
    pub(crate) fn open(path: &Path) -> Result<Self, Error> {
        let file = private_file(path)?;
        // The slot that is torn gives way first, then the older one.
        let size = |slot| Some(Checkpoint::of_note(&slot_of(&file, slot)?).ok()?.size);
        let slot = u64::from(size(0) > size(1));
        Ok(Self { path: path.to_owned(), file, slot })
    }

    /// The notes that are kept, in no order. None in a new file.
    pub(crate) fn read(path: &Path) -> Result<Vec<String>, Error> {
        let file = match File::open(path) {
            Ok(file) => file,
            Err(e) if e.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            Err(e) => return Err(file_error(path, e)),
        };
        Ok((0..2).filter_map(|slot| slot_of(&file, slot)).collect())
    }

    /// Keeps `note`. The older of the two slots gives way.
    pub(crate) fn keep(&mut self, note: &str) -> Result<(), Error> {
        let mut bytes = vec![0; SLOT_BYTES];
        let len = note.len().min(SLOT_BYTES - HEAD_BYTES);
        let note = &note.as_bytes()[..len];
        bytes[..4].copy_from_slice(&(len as u32).to_le_bytes());
        bytes[4..HEAD_BYTES].copy_from_slice(&Sha256::digest(note));
        bytes[HEAD_BYTES..HEAD_BYTES + len].copy_from_slice(note);
        self.file.write_all_at(&bytes, self.slot * SLOT_BYTES as u64).map_err(|cause| file_error(&self.path, cause))?;
        self.slot = 1 - self.slot;
        Ok(())
    }
}

/// The note in a slot, where it is whole.
fn slot_of(file: &File, slot: u64) -> Option<String> {
    let mut bytes = vec![0; SLOT_BYTES];
    file.read_exact_at(&mut bytes, slot * SLOT_BYTES as u64).ok()?;
    unpack(&bytes)
}

fn unpack(slot: &[u8]) -> Option<String> {
    let (len, rest) = slot.split_first_chunk::<4>()?;
    let (hash, rest) = rest.split_first_chunk::<32>()?;
    let note = rest.get(..u32::from_le_bytes(*len) as usize)?;
    let is_whole = Sha256::digest(note)[..] == hash[..];
    (is_whole && !note.is_empty()).then(|| String::from_utf8(note.to_vec()).ok()).flatten()
}
