//! What is counted while a log is read: weights, times, gaps, services.

use std::collections::BTreeMap;

use sealbook_record::Severity;
use serde::{Deserialize, Serialize};

use super::level::{self, LEVELS};

/// Buckets of a timeline, at most; when there are more, each becomes twice as wide.
const BUCKETS: usize = 1_440;
/// The narrowest bucket: a minute.
const MINUTE_US: i64 = 60_000_000;
/// Services told apart in one log.
const SERVICES: usize = 256;
/// The longest names of services.
const SERVICE_BYTES: usize = 128;
/// Silences of one log that are kept.
const GAPS: usize = 3;

/// Entries and errors over time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Timeline {
    pub(super) width_us: i64,
    buckets: BTreeMap<i64, [u64; 2]>,
    /// The bucket that is counted in now, not in the map yet.
    current: i64,
    counts: [u64; 2],
}

impl Default for Timeline {
    fn default() -> Self {
        Self { width_us: MINUTE_US, buckets: BTreeMap::new(), current: i64::MIN, counts: [0; 2] }
    }
}

impl Timeline {
    pub(super) fn count(&mut self, at_us: i64, is_error: bool) {
        let bucket = at_us.div_euclid(self.width_us);
        if bucket != self.current {
            self.settle();
            self.current = at_us.div_euclid(self.width_us);
        }
        self.counts[0] += 1;
        self.counts[1] += u64::from(is_error);
    }

    fn settle(&mut self) {
        let [all, errors] = std::mem::take(&mut self.counts);
        if all > 0 {
            let bucket = self.buckets.entry(self.current).or_default();
            bucket[0] += all;
            bucket[1] += errors;
        }
        while self.buckets.len() > BUCKETS {
            self.widen();
        }
        self.current = i64::MIN;
    }

    fn widen(&mut self) {
        self.width_us *= 2;
        let mut wider: BTreeMap<i64, [u64; 2]> = BTreeMap::new();
        for (bucket, [all, errors]) in std::mem::take(&mut self.buckets) {
            let sum = wider.entry(bucket.div_euclid(2)).or_default();
            sum[0] += all;
            sum[1] += errors;
        }
        self.buckets = wider;
    }

    /// Adds what another log counted.
    pub(super) fn join(&mut self, mut other: Self) {
        self.settle();
        other.settle();
        while other.width_us < self.width_us {
            other.widen();
        }
        while self.width_us < other.width_us {
            self.widen();
        }
        for (bucket, [all, errors]) in other.buckets {
            let sum = self.buckets.entry(bucket).or_default();
            sum[0] += all;
            sum[1] += errors;
        }
        self.settle();
    }

    /// The buckets in order: when each begins in seconds, all entries, errors.
    pub(super) fn rows(mut self) -> (i64, Vec<(i64, u64, u64)>) {
        self.settle();
        let seconds = self.width_us / 1_000_000;
        let rows = self.buckets.iter().map(|(bucket, [all, errors])| (bucket * seconds, *all, *errors));
        (seconds, rows.collect())
    }
}

/// A silence between two entries, in microseconds since the epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Gap {
    pub(super) from: i64,
    pub(super) to: i64,
}

/// Counters of one log, and of all of a run.
#[derive(Debug, Clone, Default)]
pub(super) struct Seen {
    /// Lines, or entries of formats that have no lines.
    pub(super) lines: u64,
    /// Entries, whether they were selected or not.
    pub(super) read: u64,
    /// Entries that were selected.
    pub(super) entries: u64,
    pub(super) levels: [u64; LEVELS],
    /// Entries of which no time is known.
    pub(super) undated: u64,
    pub(super) first: Option<i64>,
    pub(super) last: Option<i64>,
    /// Entries earlier than the one before them by more than a second.
    pub(super) backwards: u64,
    /// Lines that are not of the log's format.
    pub(super) unparsed: u64,
    /// Lines joined to the entry before.
    pub(super) joined: u64,
    /// Lines that are no UTF-8, read all the same.
    pub(super) not_utf8: u64,
    /// Lines that were left out, as they are no text.
    pub(super) binary: u64,
    /// Lines that were left out, as they are too long.
    pub(super) too_long: u64,
    pub(super) services: BTreeMap<Box<[u8]>, [u64; 2]>,
    pub(super) timeline: Timeline,
    previous: Option<i64>,
    pub(super) gaps: Vec<Gap>,
}

impl Seen {
    /// Counts an entry that was selected.
    pub(super) fn count(&mut self, time: Option<i64>, level: Option<Severity>, service: Option<&[u8]>) {
        let is_error = level >= Some(Severity::Error);
        self.entries += 1;
        self.levels[level::index(level)] += 1;
        match time {
            Some(time) => self.at(time, is_error),
            None => self.undated += 1,
        }
        if let Some(service) = service.filter(|service| service.len() <= SERVICE_BYTES) {
            if let Some(counts) = self.services.get_mut(service) {
                counts[0] += 1;
                counts[1] += u64::from(is_error);
            } else if self.services.len() < SERVICES {
                self.services.insert(service.into(), [1, u64::from(is_error)]);
            }
        }
    }

    fn at(&mut self, time: i64, is_error: bool) {
        self.timeline.count(time, is_error);
        self.first = Some(self.first.map_or(time, |first| first.min(time)));
        self.last = Some(self.last.map_or(time, |last| last.max(time)));
        if let Some(previous) = self.previous {
            let gap = time.saturating_sub(previous);
            self.backwards += u64::from(gap < -1_000_000);
            if gap > MINUTE_US {
                self.gaps.push(Gap { from: previous, to: time });
                self.gaps.sort_by_key(|gap| gap.from.saturating_sub(gap.to));
                self.gaps.truncate(GAPS);
            }
        }
        self.previous = Some(time);
    }

    /// Silences that are much longer than this log is usually silent: half an hour at least, and a hundred times
    /// the time between its entries otherwise.
    pub(super) fn odd_gaps(&self) -> Vec<Gap> {
        let (Some(first), Some(last)) = (self.first, self.last) else { return Vec::new() };
        let dated = self.entries.saturating_sub(self.undated);
        let silent: i64 = self.gaps.iter().map(|gap| gap.to - gap.from).sum();
        let busy = (last - first).saturating_sub(silent).max(0);
        let usual = busy / i64::try_from(dated.max(1)).unwrap_or(i64::MAX);
        let odd = |gap: &&Gap| dated >= 200 && gap.to - gap.from >= (30 * MINUTE_US).max(usual.saturating_mul(100));
        self.gaps.iter().filter(odd).copied().collect()
    }

    /// Adds what was counted in another log.
    pub(super) fn join(&mut self, other: Self) {
        self.lines += other.lines;
        self.read += other.read;
        self.entries += other.entries;
        for (sum, count) in self.levels.iter_mut().zip(other.levels) {
            *sum += count;
        }
        self.undated += other.undated;
        self.first = [self.first, other.first].into_iter().flatten().min();
        self.last = self.last.max(other.last);
        self.backwards += other.backwards;
        self.unparsed += other.unparsed;
        self.joined += other.joined;
        self.not_utf8 += other.not_utf8;
        self.binary += other.binary;
        self.too_long += other.too_long;
        for (service, [all, errors]) in other.services {
            if self.services.len() < SERVICES * 4 || self.services.contains_key(&service) {
                let sum = self.services.entry(service).or_default();
                sum[0] += all;
                sum[1] += errors;
            }
        }
        self.timeline.join(other.timeline);
    }

    pub(super) fn errors(&self) -> u64 {
        self.levels[4] + self.levels[5]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timeline_is_bounded_and_loses_nothing() {
        let mut one = Timeline::default();
        for minute in 0..10_000 {
            one.count(minute * MINUTE_US, minute % 10 == 0);
        }
        let mut other = Timeline::default();
        other.count(5, true);
        one.join(other);
        let (seconds, rows) = one.rows();
        assert!(rows.len() <= BUCKETS && seconds == 480, "{} of {seconds} s", rows.len());
        assert_eq!(rows.iter().map(|row| row.1).sum::<u64>(), 10_001);
        assert_eq!(rows.iter().map(|row| row.2).sum::<u64>(), 1_001);
    }

    #[test]
    fn a_silence_is_odd_where_a_log_speaks_often() {
        let mut often = Seen::default();
        for second in (0..600).chain(8_000..8_600) {
            often.count(Some(second * 1_000_000), None, None);
        }
        assert_eq!(often.odd_gaps(), [Gap { from: 599_000_000, to: 8_000_000_000 }]);
        let mut seldom = Seen::default();
        for hour in 0..300 {
            seldom.count(Some(hour * 3_600_000_000), None, None);
        }
        assert_eq!(seldom.odd_gaps(), []);
    }
}
