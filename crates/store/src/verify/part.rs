//! Which stretches of a book are read, so that a part of it can be verified.
//!
//! Stretches begin and end at tiles, 256 records wide. A part is widened to the tiles around it and to that
//! of the record before it, which its first record must name. The changes of keys are read as well, wherever
//! they are: signatures are checked with keys that must be those of the ledger.

use std::ops::Range;

use crate::Error;

/// Records that a thread takes at a time: a multiple of 256, small enough that the threads end together.
const STRETCH: u64 = 16_384;
/// Records under one tile.
const TILE: u64 = 256;

/// The stretches that verify these records, first and last included, in order.
pub(super) fn stretches((first, last): (u64, u64), size: u64, key_seqs: &[u64]) -> Result<Vec<Range<u64>>, Error> {
    let refuse = |mend| Err(Error::RangeInvalid { first, last, size, mend });
    if first > last {
        return refuse("give the smaller number first");
    }
    if last >= size {
        return refuse("leave the end open for the last record");
    }
    let tiles = |first: u64, last: u64| first / TILE * TILE..size.min((last / TILE + 1) * TILE);
    let keys = key_seqs.iter().filter(|seq| **seq < size).map(|seq| tiles(*seq, *seq));
    let mut wanted: Vec<Range<u64>> = keys.chain([tiles(first.saturating_sub(1), last)]).collect();
    wanted.sort_unstable_by_key(|range| range.start);
    let mut apart: Vec<Range<u64>> = Vec::new();
    for range in wanted {
        match apart.last_mut().filter(|before| range.start <= before.end) {
            Some(before) => before.end = before.end.max(range.end),
            None => apart.push(range),
        }
    }
    Ok(apart.into_iter().flat_map(cut).collect())
}

/// A range that begins at a tile, cut into pieces for the threads.
pub(super) fn cut(range: Range<u64>) -> impl Iterator<Item = Range<u64>> {
    let Range { start, end } = range;
    (start..end).step_by(STRETCH as usize).map(move |from| from..end.min(from + STRETCH))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_takes_along_what_anchors_it() {
        let of = |first, last, keys: &[u64]| {
            let ranges = stretches((first, last), 1_000, keys).unwrap();
            ranges.into_iter().map(|range| (range.start, range.end)).collect::<Vec<_>>()
        };
        assert_eq!(of(0, 0, &[0]), [(0, 256)]);
        assert_eq!(of(300, 400, &[]), [(256, 512)]);
        assert_eq!(of(256, 400, &[]), [(0, 512)], "the record before lies in the tile before");
        assert_eq!(of(257, 511, &[]), [(256, 512)]);
        assert_eq!(of(900, 999, &[0]), [(0, 256), (768, 1_000)]);
        assert_eq!(of(600, 600, &[0, 300, 999, 5_000]), [(0, 1_000)], "what touches is one");
    }

    #[test]
    fn long_parts_are_cut_for_the_threads() {
        let cut = stretches((10, 40_000), 50_000, &[0]).unwrap();
        assert_eq!(cut, [0..16_384, 16_384..32_768, 32_768..40_192]);
        assert_eq!(cut.iter().map(|range| range.start % TILE).sum::<u64>(), 0);
    }

    #[test]
    fn what_is_no_range_is_refused() {
        for (first, last, size) in [(2, 1, 10), (0, 10, 10), (10, 10, 10), (0, u64::MAX, 10), (0, 0, 0)] {
            let refused = stretches((first, last), size, &[0]).unwrap_err();
            assert_eq!(refused.code(), "range_invalid", "{first}..{last} of {size}");
            assert!(refused.to_string().contains("; "), "a mend: {refused}");
        }
    }
}
