//! Places of records, as few ranges as they need, and never more than a bound.

/// More ranges than these are joined where they lie closest.
const RANGES_MAX: usize = 32;

/// Places that come in rising order.
#[derive(Debug, Clone, Default)]
pub(super) struct Places(Vec<(u64, u64)>);

impl Places {
    pub(super) fn push(&mut self, seq: u64) {
        match self.0.last_mut() {
            Some((_, last)) if *last + 1 >= seq => *last = seq.max(*last),
            _ => self.0.push((seq, seq)),
        }
        if self.0.len() > 4 * RANGES_MAX {
            join_closest(&mut self.0);
        }
    }

    pub(super) fn ranges(&self) -> Vec<(u64, u64)> {
        let mut ranges = self.0.clone();
        join_closest(&mut ranges);
        ranges
    }
}

/// All of them, in order, joined where they touch.
pub(super) fn union(ranges: impl Iterator<Item = (u64, u64)>) -> Vec<(u64, u64)> {
    let mut ranges: Vec<(u64, u64)> = ranges.collect();
    ranges.sort_unstable();
    let mut joined: Vec<(u64, u64)> = Vec::new();
    for (first, last) in ranges {
        match joined.last_mut() {
            Some((_, end)) if first <= end.saturating_add(1) => *end = last.max(*end),
            _ => joined.push((first, last)),
        }
    }
    join_closest(&mut joined);
    joined
}

/// Joins across the smallest gaps until there are few enough: what is cited then holds more than was meant, and
/// nothing less.
fn join_closest(ranges: &mut Vec<(u64, u64)>) {
    if ranges.len() <= RANGES_MAX {
        return;
    }
    let mut gaps: Vec<(u64, usize)> =
        ranges.windows(2).enumerate().map(|(index, pair)| (pair[1].0 - pair[0].1, index + 1)).collect();
    gaps.sort_unstable_by_key(|(gap, index)| (std::cmp::Reverse(*gap), *index));
    let mut starts: Vec<usize> = gaps.iter().take(RANGES_MAX - 1).map(|(_, index)| *index).collect();
    starts.push(0);
    starts.sort_unstable();
    let ends = starts.iter().skip(1).map(|next| next - 1).chain([ranges.len() - 1]);
    *ranges = starts.iter().zip(ends).map(|(start, end)| (ranges[*start].0, ranges[end].1)).collect();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_stay_few_and_are_never_lost() {
        let mut places = Places::default();
        let seqs: Vec<u64> = (0..5_000).map(|n| n * 3 + n / 100 * 1_000).collect();
        for seq in &seqs {
            places.push(*seq);
        }
        let ranges = places.ranges();
        assert!(ranges.len() <= RANGES_MAX, "{}", ranges.len());
        assert!(seqs.iter().all(|seq| ranges.iter().any(|(first, last)| first <= seq && seq <= last)));
        assert!(ranges.windows(2).all(|pair| pair[0].1 < pair[1].0));
        assert_eq!(union([(5, 6), (1, 2), (3, 3), (9, 9)].into_iter()), [(1, 3), (5, 6), (9, 9)]);
    }
}
