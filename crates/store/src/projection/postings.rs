//! The postings of one term in one chunk.
//!
//! Form: a tag byte, then the low 16 bits of each sequence number, ascending:
//!
//! | Tag | Form | Where |
//! |---|---|---|
//! | 0 | each in two bytes, little endian | there are at most [`LIST_MAX`] of them |
//! | 2 | the gap before each, as an unsigned LEB128 number | that is shorter than the next |
//! | 1 | a Roaring bitmap in its portable serialisation | else: the many, and long runs |

use roaring::RoaringBitmap;

/// A chunk holds 2^16 records: the natural size of a Roaring container.
pub(crate) const CHUNK_BITS: u32 = 16;
const LIST_MAX: usize = 64;
/// A bitmap of a whole chunk: from here on gaps are never shorter.
const BITMAP_BYTES: usize = 1 << (CHUNK_BITS - 3);

const LIST: u8 = 0;
const BITMAP: u8 = 1;
const GAPS: u8 = 2;

/// The chunk in which a record lies.
pub(crate) const fn chunk_of(seq: u64) -> u64 {
    seq >> CHUNK_BITS
}

/// Writes ascending low bits in their stored form.
pub(crate) fn encode(lows: &[u16], out: &mut Vec<u8>) {
    out.clear();
    if lows.len() <= LIST_MAX {
        out.push(LIST);
        for low in lows {
            out.extend_from_slice(&low.to_le_bytes());
        }
    } else if lows.len() > BITMAP_BYTES || !encode_gaps(lows, out) {
        let map = RoaringBitmap::from_sorted_iter(lows.iter().map(|l| u32::from(*l)))
            .expect("low bits are collected in ascending order");
        write_map(map, out);
    }
}

/// As [`encode`], for a bitmap.
pub(crate) fn encode_map(map: RoaringBitmap, out: &mut Vec<u8>) {
    if map.len() > BITMAP_BYTES as u64 {
        write_map(map, out);
    } else {
        encode(&map.iter().map(|low| low as u16).collect::<Vec<_>>(), out);
    }
}

fn write_map(mut map: RoaringBitmap, out: &mut Vec<u8>) {
    // One that was stored in runs need not be shortest so any more.
    map.remove_run_compression();
    map.optimize();
    out.clear();
    out.push(BITMAP);
    map.serialize_into(&mut *out).expect("writing to memory does not fail");
}

/// Writes gaps. `false` where a bitmap, or one of runs, is shorter.
fn encode_gaps(lows: &[u16], out: &mut Vec<u8>) -> bool {
    out.push(GAPS);
    let (mut runs, mut next) = (0, 0);
    for low in lows {
        let mut gap = u32::from(*low) - next;
        next = u32::from(*low) + 1;
        runs += usize::from(gap > 0);
        while gap >= 0x80 {
            out.push(gap as u8 | 0x80);
            gap >>= 7;
        }
        out.push(gap as u8);
    }
    // A run takes four bytes.
    out.len() <= BITMAP_BYTES && out.len() <= 4 * runs
}

/// Reads either form. `None` where the bytes are none: the index is damaged and wants a rebuild.
pub(crate) fn decode(bytes: &[u8]) -> Option<RoaringBitmap> {
    match bytes.split_first()? {
        (&LIST, list) if list.len() % 2 == 0 => {
            Some(list.as_chunks::<2>().0.iter().map(|low| u32::from(u16::from_le_bytes(*low))).collect())
        }
        (&BITMAP, map) => RoaringBitmap::deserialize_from(map).ok(),
        (&GAPS, gaps) => decode_gaps(gaps),
        _ => None,
    }
}

fn decode_gaps(gaps: &[u8]) -> Option<RoaringBitmap> {
    let mut lows = Vec::with_capacity(gaps.len());
    let (mut next, mut gap, mut shift) = (0_u32, 0, 0);
    for byte in gaps {
        gap |= u32::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            let low = next.checked_add(gap).filter(|low| *low < 1 << CHUNK_BITS)?;
            lows.push(low);
            (next, gap, shift) = (low + 1, 0, 0);
        } else {
            shift += 7;
            if shift > CHUNK_BITS {
                return None;
            }
        }
    }
    if shift > 0 { None } else { RoaringBitmap::from_sorted_iter(lows).ok() }
}

/// Adds ascending lows, all above what is stored, without decoding a list that stays one.
pub(crate) fn extend(stored: &[u8], lows: &[u16], out: &mut Vec<u8>) -> Option<()> {
    let (tag, list) = stored.split_first()?;
    let count = list.len() / 2;
    if *tag == LIST && count + lows.len() <= LIST_MAX {
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
    encode_map(map, out);
    Some(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn there_and_back(lows: &[u16]) -> u8 {
        let mut out = Vec::new();
        encode(lows, &mut out);
        let map = decode(&out).expect("what was written is read");
        assert!(map.iter().eq(lows.iter().map(|low| u32::from(*low))));
        out[0]
    }

    #[test]
    fn each_density_has_its_form() {
        let every = |step: usize| (0..=u16::MAX).step_by(step).collect::<Vec<_>>();
        assert_eq!(there_and_back(&every(2_000)), LIST);
        assert_eq!(there_and_back(&every(200)), GAPS);
        assert_eq!(there_and_back(&every(9)), GAPS);
        assert_eq!(there_and_back(&every(7)), BITMAP);
        assert_eq!(there_and_back(&every(1)), BITMAP);
        assert_eq!(there_and_back(&(500..900).collect::<Vec<_>>()), BITMAP);
    }

    proptest! {
        #[test]
        fn what_is_added_is_there(first in prop::collection::btree_set(0..40_000_u16, 0..300), later in prop::collection::btree_set(40_000..u16::MAX, 0..300)) {
            let lows = |set: &std::collections::BTreeSet<u16>| set.iter().copied().collect::<Vec<_>>();
            let (mut stored, mut out) = (Vec::new(), Vec::new());
            encode(&lows(&first), &mut stored);
            extend(&stored, &lows(&later), &mut out).unwrap();
            prop_assert!(decode(&out).unwrap().iter().eq(first.iter().chain(&later).map(|low| u32::from(*low))));
        }

        #[test]
        fn what_is_added_to_many_is_stored_as_if_it_had_come_at_once(step in 1..9_usize, runs in any::<bool>(), first in 9_000..60_000_u16, more in 1..4_000_u16) {
            let all: Vec<u16> = (0..=first.saturating_add(more)).filter(|low| runs && low / 512 % 2 == 0 || usize::from(*low) % step == 0).collect();
            let (before, after) = all.split_at(all.partition_point(|low| *low < first));
            let (mut stored, mut added, mut at_once) = (Vec::new(), Vec::new(), Vec::new());
            encode(before, &mut stored);
            extend(&stored, after, &mut added).unwrap();
            encode(&all, &mut at_once);
            prop_assert_eq!(added, at_once);
        }

        #[test]
        fn garbage_is_refused_or_read(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            if let Some(map) = decode(&bytes) {
                prop_assert!(bytes[0] != GAPS || map.max().is_none_or(|max| max < 1 << CHUNK_BITS));
            }
        }
    }
}
