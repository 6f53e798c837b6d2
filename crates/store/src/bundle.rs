//! Exports that are enough to verify offline: bundles, and the ledger as static files.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::Path;

use sealbook_ledger::{
    BundleWriter, Entry, EntryPart, ErasedPart, Erasure, LeafType, PART_ERASURE, PART_KEYS, prove_inclusion, publish,
};

use crate::reader::Reader;
use crate::sqlite::file_error;
use crate::stored::Decoded;
use crate::verify::with_entry;
use crate::{Error, Ledger, Query};

/// Which records a bundle holds.
#[derive(Debug, Clone)]
pub enum Selection {
    /// All of them.
    Whole,
    /// All leaves, and the content of these alone, of key leaves and of erasures.
    Showing(BTreeSet<u64>),
    /// These. Key leaves, and the erasures of parts that are erased, come along.
    Records(Vec<u64>),
}

impl Ledger {
    /// Writes a bundle; the number of entries in it.
    pub fn bundle<W: Write>(&self, selection: &Selection, out: W) -> Result<u64, Error> {
        let reader = self.reader()?;
        let head = reader.head()?;
        match selection {
            Selection::Whole => {
                let mut writer = BundleWriter::whole(out, &head.note)?;
                reader.view().scan(0, head.size, &mut |row| {
                    with_entry(row, |entry| writer.entry(entry, None))?;
                    Ok(true)
                })?;
                writer.finish()?;
                Ok(head.size)
            }
            Selection::Showing(shown) => {
                let mut writer = BundleWriter::whole(out, &head.note)?;
                reader.view().scan(0, head.size, &mut |row| {
                    with_entry(row, |entry| {
                        let parts =
                            if shown.contains(&entry.seq) { entry.parts.to_vec() } else { withheld(entry.parts) };
                        writer.entry(&Entry { parts: &parts, ..*entry }, None)
                    })?;
                    Ok(true)
                })?;
                writer.finish()?;
                Ok(head.size)
            }
            Selection::Records(seqs) => {
                let seqs = self.with_what_they_rest_on(&reader, seqs)?;
                let mut writer = BundleWriter::selection(out, &head.note, seqs.len() as u64)?;
                for seq in &seqs {
                    let proof = prove_inclusion(*seq, head.size, &reader)?;
                    let mut found = false;
                    reader.view().scan(*seq, seq.saturating_add(1), &mut |row| {
                        found = true;
                        with_entry(row, |entry: &Entry<'_>| writer.entry(entry, Some(&proof)))?;
                        Ok(false)
                    })?;
                    if !found {
                        return Err(Error::RecordMissing { what: format!("at seq {seq}") });
                    }
                }
                writer.finish()?;
                Ok(seqs.len() as u64)
            }
        }
    }

    /// Writes the ledger as static files in the layout of C2SP tlog-tiles: leaves, tiles and the
    /// newest checkpoint, no content. Other tools of that family read it.
    pub fn publish(&self, dir: &Path) -> Result<u64, Error> {
        let reader = self.reader()?;
        let head = reader.head()?;
        publish::publish(
            &head.note,
            0,
            &reader,
            |seq, out| {
                reader.view().scan(seq, seq + 1, &mut |row| {
                    out.extend_from_slice(row.leaf);
                    Ok(false)
                })
            },
            |path, bytes| {
                let file = dir.join(path);
                let written =
                    file.parent().map_or(Ok(()), std::fs::create_dir_all).and_then(|()| std::fs::write(&file, bytes));
                written.map_err(|cause| file_error(&file, cause))
            },
        )?;
        Ok(head.size)
    }

    /// The records, the key leaves, and the erase leaves of what is erased in them.
    fn with_what_they_rest_on(&self, reader: &Reader<'_>, seqs: &[u64]) -> Result<BTreeSet<u64>, Error> {
        let mut all: BTreeSet<u64> = seqs.iter().copied().collect();
        let mut erased = BTreeSet::new();
        for seq in seqs {
            erased.extend(reader.record(*seq)?.erased.into_iter().map(|name| ErasedPart { seq: *seq, name }));
        }
        all.extend(reader.view().key_seqs()?);
        if !erased.is_empty() {
            let erasures = Query { leaf_type: vec![LeafType::Erase.as_str().to_owned()], ..Query::default() };
            self.each_match(&erasures, &mut |stored| {
                let names = |part: &ErasedPart| erased.contains(part);
                if erasure_at(reader, stored.seq)?.is_some_and(|erasure| erasure.parts.iter().any(names)) {
                    all.insert(stored.seq);
                }
                Ok(true)
            })?;
        }
        Ok(all)
    }
}

/// Without content, but for what a verifier must read: changes of keys, and erasures.
fn withheld<'a>(parts: &[EntryPart<'a>]) -> Vec<EntryPart<'a>> {
    let hide = |part: &EntryPart<'a>| match part {
        EntryPart::Present { name, .. } if *name != PART_KEYS && *name != PART_ERASURE => EntryPart::Withheld { name },
        part => *part,
    };
    parts.iter().map(hide).collect()
}

fn erasure_at(reader: &Reader<'_>, seq: u64) -> Result<Option<Erasure>, Error> {
    let mut found = None;
    reader.view().scan(seq, seq + 1, &mut |row| {
        found = Decoded::new(row.leaf, row.content).and_then(|decoded| {
            let (_, bytes) = decoded.present().find(|(name, _)| *name == PART_ERASURE)?;
            Erasure::from_json(bytes).ok()
        });
        Ok(false)
    })?;
    Ok(found)
}
