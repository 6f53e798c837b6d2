//! Counts and durations. Durations are kept in buckets 1/128 wide, so that their number does not grow.

use std::collections::BTreeMap;

use sealbook_record::{Outcome, PartName, Record};

/// Steps within a power of two.
const STEPS: u64 = 128;
/// Names of figures that are kept.
const NAMES_MAX: usize = 200;

/// How often, how well and how fast.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Tally {
    /// Calls that ended, or were kept from beginning.
    pub tried: u64,
    /// Those that went well.
    pub ok: u64,
    /// Those that failed.
    pub failed: u64,
    /// Those of which nobody knows how they ended.
    pub unknown: u64,
    /// Those that were not let through.
    pub blocked: u64,
    /// Those that were called off.
    pub cancelled: u64,
    /// Calls whose duration is known.
    pub timed: u64,
    /// Half of them took at most so long, in microseconds; within 1 %.
    pub p50_us: Option<u64>,
    /// 95 of 100.
    pub p95_us: Option<u64>,
    /// 99 of 100.
    pub p99_us: Option<u64>,
    /// The longest.
    pub max_us: Option<u64>,
    /// The longest time from a failure to the next success, in microseconds.
    pub longest_outage_us: Option<u64>,
}

impl Tally {
    /// Calls that did not do what they should.
    pub fn failures(&self) -> u64 {
        self.failed + self.unknown
    }

    /// The share of calls that went well, of those that were let through and not called off; none without any.
    pub fn availability(&self) -> Option<f64> {
        let reached = self.ok + self.failures();
        (reached > 0).then(|| self.ok as f64 / reached as f64)
    }
}

/// What a [`Tally`] is made of.
#[derive(Default)]
pub(super) struct Tallies {
    tally: Tally,
    buckets: BTreeMap<u64, u64>,
    /// Since when nothing went well.
    down_since: Option<i64>,
}

impl Tallies {
    pub(super) fn add(&mut self, record: &Record) {
        let tally = &mut self.tally;
        tally.tried += 1;
        match record.outcome {
            Some(Outcome::Ok) => tally.ok += 1,
            Some(Outcome::Failed) => tally.failed += 1,
            Some(Outcome::Unknown) => tally.unknown += 1,
            Some(Outcome::Blocked) => tally.blocked += 1,
            Some(Outcome::Cancelled) => tally.cancelled += 1,
            None => {}
        }
        let at = record.occurred.as_micros();
        match record.outcome {
            Some(Outcome::Failed | Outcome::Unknown) => drop(self.down_since.get_or_insert(at)),
            Some(Outcome::Ok) => {
                if let Some(since) = self.down_since.take() {
                    let lasted = at.saturating_sub(since).unsigned_abs();
                    tally.longest_outage_us = tally.longest_outage_us.max(Some(lasted));
                }
            }
            _ => {}
        }
        if let Some(us) = record.duration_us {
            tally.timed += 1;
            tally.max_us = tally.max_us.max(Some(us));
            *self.buckets.entry(bucket(us)).or_default() += 1;
        }
    }

    pub(super) fn told(&self) -> Tally {
        let at = |share: f64| self.quantile(share);
        Tally { p50_us: at(0.5), p95_us: at(0.95), p99_us: at(0.99), ..self.tally.clone() }
    }

    fn quantile(&self, share: f64) -> Option<u64> {
        let wanted = (self.tally.timed as f64 * share).ceil().max(1.0) as u64;
        let mut seen = 0;
        self.buckets.iter().find_map(|(bucket, count)| {
            seen += count;
            (seen >= wanted).then(|| upper(*bucket).min(self.tally.max_us.unwrap_or(u64::MAX)))
        })
    }
}

/// Below twice the steps each number has a bucket; above, each power of two has as many as there are steps.
fn bucket(value: u64) -> u64 {
    if value < 2 * STEPS {
        return value;
    }
    let shift = u64::from(value.ilog2()) - u64::from(STEPS.ilog2());
    shift * STEPS + (value >> shift)
}

/// The largest number of a bucket.
fn upper(bucket: u64) -> u64 {
    if bucket < 2 * STEPS {
        return bucket;
    }
    let shift = bucket / STEPS - 1;
    let step = bucket - shift * STEPS;
    ((u128::from(step) + 1) << shift).saturating_sub(1).min(u128::from(u64::MAX)) as u64
}

/// A figure that records carry, such as `memory_mb`.
#[derive(Debug, Clone, PartialEq)]
pub struct Resource {
    /// The action of the records.
    pub action: String,
    /// The figure's name.
    pub name: String,
    /// How many records have it, and their mean.
    pub now: (u64, f64),
    /// The same in the time before.
    pub before: (u64, f64),
}

#[derive(Default)]
pub(super) struct Resources {
    /// Count and sum, of the period and before.
    sums: BTreeMap<(String, String), [(u64, f64); 2]>,
}

impl Resources {
    pub(super) fn add(&mut self, record: &Record, is_now: bool) {
        let parts = [PartName::Input, PartName::Result, PartName::Context, PartName::Metadata];
        for part in parts.into_iter().filter_map(|name| record.part(name)) {
            let Ok(serde_json::Value::Object(fields)) = serde_json::from_str(part.get()) else { continue };
            let figures = fields.iter().filter_map(|(name, value)| Some((name, value.as_f64()?)));
            for (name, figure) in figures.filter(|(_, figure)| figure.is_finite()) {
                let key = (record.action.clone(), name.clone());
                if self.sums.len() >= NAMES_MAX && !self.sums.contains_key(&key) {
                    continue;
                }
                let (count, sum) = &mut self.sums.entry(key).or_default()[usize::from(!is_now)];
                *count += 1;
                *sum += figure;
            }
        }
    }

    pub(super) fn told(self) -> Vec<Resource> {
        let mean = |(count, sum): (u64, f64)| (count, if count == 0 { 0.0 } else { sum / count as f64 });
        let sums = self.sums.into_iter();
        sums.map(|((action, name), [now, before])| Resource { action, name, now: mean(now), before: mean(before) })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_is_at_most_one_percent_wide() {
        let mut last = 0;
        for value in (0..2_000).chain((1..60).flat_map(|power| [(1 << power) - 1, 1 << power, (1 << power) + 77])) {
            let (own, top) = (bucket(value), upper(bucket(value)));
            assert!(top >= value && (top - value) * 100 <= value, "{value} is told as {top}");
            assert_eq!(bucket(top), own, "{value}");
            if value > last {
                assert!(own >= bucket(last));
                last = value;
            }
        }
        assert_eq!(upper(bucket(u64::MAX)), u64::MAX);
    }
}
