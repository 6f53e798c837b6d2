//! Writes a bundle.

use std::io::Write;

use super::line::{Header, Kind, checkpoint_to_line, entry_to_line};
use crate::{Checkpoint, Entry, Error, Hash, leaf::Parsed};

/// Writes a bundle entry by entry; memory stays flat.
#[derive(Debug)]
pub struct BundleWriter<W: Write> {
    out: W,
    kind: Kind,
    size: u64,
    left: u64,
    next_seq: u64,
    line: String,
    leaf: Parsed,
}

impl<W: Write> BundleWriter<W> {
    /// A bundle of all entries that the checkpoint covers.
    pub fn whole(out: W, checkpoint: &str) -> Result<Self, Error> {
        let count = Checkpoint::of_note(checkpoint)?.size;
        Self::begin(out, Kind::Whole, checkpoint, count)
    }

    /// A bundle of `count` entries. Among them must be every key leaf that the checkpoint
    /// covers, and the erase leaf of every part that is shown as erased.
    pub fn selection(out: W, checkpoint: &str, count: u64) -> Result<Self, Error> {
        Self::begin(out, Kind::Selection, checkpoint, count)
    }

    fn begin(mut out: W, kind: Kind, note: &str, count: u64) -> Result<Self, Error> {
        let Checkpoint { origin, size, .. } = Checkpoint::of_note(note)?;
        out.write_all(&Header { kind, origin, count }.to_line())?;
        out.write_all(&checkpoint_to_line(note))?;
        Ok(Self { out, kind, size, left: count, next_seq: 0, line: String::new(), leaf: Parsed::default() })
    }

    /// Adds an entry, in ascending order. A selection needs its inclusion proof, a whole bundle takes none.
    pub fn entry(&mut self, entry: &Entry<'_>, proof: Option<&[Hash]>) -> Result<(), Error> {
        let refuse = |why| Err(Error::BundleRefused { seq: entry.seq, why });
        self.leaf.read(entry.leaf)?;
        if self.leaf.seq != entry.seq {
            return refuse("its leaf names another place");
        }
        if entry.seq < self.next_seq || (self.kind == Kind::Whole && entry.seq != self.next_seq) {
            return refuse("entries come in ascending order, and in a whole bundle none is left out");
        }
        if entry.seq >= self.size || self.left == 0 {
            return refuse("the checkpoint or the header does not cover it");
        }
        if proof.is_some() != (self.kind == Kind::Selection) {
            return refuse("a selection has proofs, a whole bundle has none");
        }
        if entry.parts.windows(2).any(|pair| pair[0].name() >= pair[1].name()) {
            return refuse("its parts are not in the order of their names");
        }
        entry_to_line(entry.leaf, entry.parts, proof, &mut self.line);
        self.out.write_all(self.line.as_bytes())?;
        self.left -= 1;
        self.next_seq = entry.seq + 1;
        Ok(())
    }

    /// Ends the bundle; refuses where entries are missing that were announced.
    pub fn finish(mut self) -> Result<W, Error> {
        if self.left > 0 {
            return Err(Error::BundleRefused { seq: self.next_seq, why: "fewer entries came than were announced" });
        }
        self.out.flush()?;
        Ok(self.out)
    }
}
