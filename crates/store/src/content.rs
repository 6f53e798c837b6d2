//! How the parts of one record are packed beside its leaf.
//!
//! `u8 count`, then for each part in the order of the names: `u8 state`, `u8` length of the name,
//! name, and where the state is 1: 32 bytes salt, `u32` length (little endian), bytes. State 0 is a
//! part that was erased. A reader needs no leaf to take a row apart.

use sealbook_ledger::{DraftPart, EntryPart};

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
    /// Takes packed bytes as they are; unpacking checks them.
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// Unpacks, without the names. `None` where the bytes are not a packed content of `count` parts to the last byte.
    pub fn slots(self, count: usize) -> Option<Vec<PartSlot<'a>>> {
        let mut parts = Vec::with_capacity(count);
        (self.parts_into(&mut parts) && parts.len() == count).then(|| {
            let slot = |part: &EntryPart<'a>| match *part {
                EntryPart::Present { salt, bytes, .. } => PartSlot::Present(salt, bytes),
                _ => PartSlot::Erased,
            };
            parts.iter().map(slot).collect()
        })
    }

    /// Unpacks into a vector that is used again. `false` where the bytes are not a packed content;
    /// the vector then holds the parts before the damage.
    pub fn parts_into(self, parts: &mut Vec<EntryPart<'a>>) -> bool {
        parts.clear();
        let Some((&count, mut rest)) = self.0.split_first() else { return false };
        for _ in 0..count {
            let Some((part, after)) = unpack_one(rest) else { return false };
            parts.push(part);
            rest = after;
        }
        rest.is_empty()
    }
}

fn unpack_one(packed: &[u8]) -> Option<(EntryPart<'_>, &[u8])> {
    let (&[state, name_len], rest) = packed.split_first_chunk::<2>()?;
    let (name, rest) = rest.split_at_checked(usize::from(name_len))?;
    let name = std::str::from_utf8(name).ok()?;
    match state {
        0 => Some((EntryPart::Erased { name }, rest)),
        1 => {
            let (salt, rest) = rest.split_first_chunk::<32>()?;
            let (len, rest) = rest.split_first_chunk::<4>()?;
            let (bytes, rest) = rest.split_at_checked(u32::from_le_bytes(*len) as usize)?;
            Some((EntryPart::Present { name, salt, bytes }, rest))
        }
        _ => None,
    }
}

/// How many bytes a part takes when it is packed.
pub(crate) fn packed_len(part: &EntryPart<'_>) -> usize {
    match part {
        EntryPart::Present { name, bytes, .. } => 2 + name.len() + 32 + 4 + bytes.len(),
        EntryPart::Erased { name } | EntryPart::Withheld { name } => 2 + name.len(),
    }
}

/// Appends the packed form of `parts` to `out`.
pub(crate) fn pack(parts: &[DraftPart], out: &mut Vec<u8>) {
    out.push(u8::try_from(parts.len()).expect("a draft has fewer than 256 parts"));
    for part in parts {
        pack_one(&part.name, PartSlot::Present(&part.salt, &part.bytes), out);
    }
}

/// Packs parts that were unpacked and changed.
pub(crate) fn pack_parts<'a>(parts: impl ExactSizeIterator<Item = (&'a str, PartSlot<'a>)>) -> Vec<u8> {
    let mut out = vec![u8::try_from(parts.len()).expect("a leaf has fewer than 256 parts")];
    for (name, slot) in parts {
        pack_one(name, slot, &mut out);
    }
    out
}

fn pack_one(name: &str, slot: PartSlot<'_>, out: &mut Vec<u8>) {
    out.push(u8::from(matches!(slot, PartSlot::Present(..))));
    out.push(u8::try_from(name.len()).expect("the name of a part has at most 32 bytes"));
    out.extend_from_slice(name.as_bytes());
    if let PartSlot::Present(salt, bytes) = slot {
        out.extend_from_slice(salt);
        let len = u32::try_from(bytes.len()).expect("a part is at most 1 MiB");
        out.extend_from_slice(&len.to_le_bytes());
        out.extend_from_slice(bytes);
    }
}
