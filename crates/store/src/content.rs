//! How the parts of one record are packed beside its leaf.
//!
//! `u8 count`, then for each part in the leaf's order: `u8 1`, 32 bytes salt,
//! `u32` length (little endian), bytes; or `u8 0` where the part was erased.
//! Names stand in the leaf alone.

use sealbook_ledger::DraftPart;

/// One part's place: what is there, or nothing since its erasure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PartSlot<'a> {
    /// Salt and bytes.
    Present(&'a [u8; 32], &'a [u8]),
    /// Salt and bytes are destroyed.
    Erased,
}

/// The packed parts of one record.
#[derive(Debug, Clone, Copy)]
pub struct Content<'a>(&'a [u8]);

impl<'a> Content<'a> {
    /// Takes packed bytes as they are; [`Content::slots`] checks them.
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// Unpacks. `None` where the bytes are not a packed content of `count` parts to the last byte.
    pub fn slots(self, count: usize) -> Option<Vec<PartSlot<'a>>> {
        let mut slots = Vec::with_capacity(count);
        self.slots_into(count, &mut slots).then_some(slots)
    }

    /// As [`Content::slots`], into a vector that is used again. `false` where the bytes do not fit.
    pub fn slots_into(self, count: usize, slots: &mut Vec<PartSlot<'a>>) -> bool {
        slots.clear();
        let Some((&stated, mut rest)) = self.0.split_first() else { return false };
        if usize::from(stated) != count {
            return false;
        }
        for _ in 0..count {
            match rest.split_first() {
                Some((0, after)) => {
                    slots.push(PartSlot::Erased);
                    rest = after;
                }
                Some((1, after)) => {
                    let Some((salt, after)) = after.split_first_chunk::<32>() else { return false };
                    let Some((len, after)) = after.split_first_chunk::<4>() else { return false };
                    let len = u32::from_le_bytes(*len) as usize;
                    let Some((bytes, after)) = after.split_at_checked(len) else { return false };
                    slots.push(PartSlot::Present(salt, bytes));
                    rest = after;
                }
                _ => return false,
            }
        }
        rest.is_empty()
    }
}

/// Appends the packed form of `parts` to `out`.
pub(crate) fn pack(parts: &[DraftPart], out: &mut Vec<u8>) {
    out.push(u8::try_from(parts.len()).expect("a draft has fewer than 256 parts"));
    for part in parts {
        pack_slot(PartSlot::Present(&part.salt, &part.bytes), out);
    }
}

/// Packs slots that were unpacked and changed.
pub(crate) fn pack_slots(slots: &[PartSlot<'_>]) -> Vec<u8> {
    let mut out = vec![u8::try_from(slots.len()).expect("a leaf has fewer than 256 parts")];
    for slot in slots {
        pack_slot(*slot, &mut out);
    }
    out
}

fn pack_slot(slot: PartSlot<'_>, out: &mut Vec<u8>) {
    match slot {
        PartSlot::Present(salt, bytes) => {
            out.push(1);
            out.extend_from_slice(salt);
            let len = u32::try_from(bytes.len()).expect("a part is at most 1 MiB");
            out.extend_from_slice(&len.to_le_bytes());
            out.extend_from_slice(bytes);
        }
        PartSlot::Erased => out.push(0),
    }
}
