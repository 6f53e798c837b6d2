//! The postings of one term in one chunk.
//!
//! Form: a tag byte; `0` and then the low 16 bits of each sequence number, ascending, little
//! endian, while there are at most [`LIST_MAX`] of them; else `1` and a Roaring bitmap in its
//! portable serialisation.

use roaring::RoaringBitmap;

/// A chunk holds 2^16 records: the natural size of a Roaring container.
pub(crate) const CHUNK_BITS: u32 = 16;
const LIST_MAX: usize = 64;

/// The chunk in which a record lies.
pub(crate) const fn chunk_of(seq: u64) -> u64 {
    seq >> CHUNK_BITS
}

/// Writes ascending low bits in their stored form.
pub(crate) fn encode(lows: &[u16], out: &mut Vec<u8>) {
    out.clear();
    if lows.len() <= LIST_MAX {
        out.push(0);
        for low in lows {
            out.extend_from_slice(&low.to_le_bytes());
        }
    } else {
        let mut map = RoaringBitmap::from_sorted_iter(lows.iter().map(|l| u32::from(*l)))
            .expect("low bits are collected in ascending order");
        encode_map(&mut map, out);
    }
}

/// As [`encode`], for a bitmap.
pub(crate) fn encode_map(map: &mut RoaringBitmap, out: &mut Vec<u8>) {
    out.clear();
    if map.len() as usize <= LIST_MAX {
        out.push(0);
        for low in map.iter() {
            out.extend_from_slice(&(low as u16).to_le_bytes());
        }
    } else {
        map.optimize();
        out.push(1);
        map.serialize_into(&mut *out).expect("writing to memory does not fail");
    }
}

/// Reads either form. `None` where the bytes are neither: the index is damaged and wants a rebuild.
pub(crate) fn decode(bytes: &[u8]) -> Option<RoaringBitmap> {
    match bytes.split_first()? {
        (0, list) if list.len() % 2 == 0 => {
            Some(list.as_chunks::<2>().0.iter().map(|low| u32::from(u16::from_le_bytes(*low))).collect())
        }
        (1, map) => RoaringBitmap::deserialize_from(map).ok(),
        _ => None,
    }
}

/// Adds ascending lows, all above what is stored, without decoding a list that stays one.
pub(crate) fn extend(stored: &[u8], lows: &[u16], out: &mut Vec<u8>) -> Option<()> {
    let (tag, list) = stored.split_first()?;
    let count = list.len() / 2;
    if *tag == 0 && count + lows.len() <= LIST_MAX {
        let highest = list.last_chunk::<2>().map(|low| u16::from_le_bytes(*low));
        if lows.first().copied() > highest || highest.is_none() {
            out.clear();
            out.extend_from_slice(stored);
            for low in lows {
                out.extend_from_slice(&low.to_le_bytes());
            }
            return Some(());
        }
    }
    let mut map = decode(stored)?;
    map.extend(lows.iter().map(|l| u32::from(*l)));
    encode_map(&mut map, out);
    Some(())
}
