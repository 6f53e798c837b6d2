//! What is counted of each template.

use sealbook_record::Severity;

use super::level::{self, LEVELS};

/// Bytes of an example that are looked at for secrets, before it is cut.
const EXAMPLE_BYTES: usize = 8 * 1_024;
/// Services and files told of one template.
pub(super) const NAMES: usize = 8;

/// Counts of one template, and the first bad thing that was said with it.
#[derive(Debug, Clone, Default)]
pub(super) struct Tally {
    pub(super) counts: [u64; LEVELS],
    /// First and last entry of each weight.
    pub(super) first: [Option<i64>; LEVELS],
    pub(super) last: [Option<i64>; LEVELS],
    /// A message of the greatest weight so far, in full.
    pub(super) example: Option<(usize, Vec<u8>)>,
    pub(super) services: Vec<Box<[u8]>>,
}

impl Tally {
    pub(super) fn count(
        &mut self,
        time: Option<i64>,
        level: Option<Severity>,
        service: Option<&[u8]>,
        text: &mut dyn FnMut() -> Vec<u8>,
    ) {
        let weight = level::index(level);
        self.counts[weight] += 1;
        if let Some(time) = time {
            self.first[weight] = Some(self.first[weight].map_or(time, |first| first.min(time)));
            self.last[weight] = Some(self.last[weight].map_or(time, |last| last.max(time)));
        }
        if level < Some(Severity::Error) {
            return;
        }
        if self.example.as_ref().is_none_or(|(of, _)| *of < weight) {
            let mut text = text();
            text.truncate(EXAMPLE_BYTES);
            self.example = Some((weight, text));
        }
        if let Some(service) = service {
            self.serves(service);
        }
    }

    fn serves(&mut self, service: &[u8]) {
        if self.services.len() < NAMES && !self.services.iter().any(|known| **known == *service) {
            self.services.push(service.into());
        }
    }

    /// Adds what another log counted of the same template.
    pub(super) fn join(&mut self, other: Self) {
        for weight in 0..LEVELS {
            self.counts[weight] += other.counts[weight];
            self.first[weight] = [self.first[weight], other.first[weight]].into_iter().flatten().min();
            self.last[weight] = self.last[weight].max(other.last[weight]);
        }
        let weight = |example: &Option<(usize, Vec<u8>)>| example.as_ref().map(|(weight, _)| *weight);
        if weight(&other.example) > weight(&self.example) {
            self.example = other.example;
        }
        for service in &other.services {
            self.serves(service);
        }
    }

    pub(super) fn total(&self) -> u64 {
        self.counts.iter().sum()
    }
}
