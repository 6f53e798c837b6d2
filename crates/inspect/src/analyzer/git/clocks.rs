//! Commits whose clocks cannot be right. Times are claims, and rules by date rest on them.

use sealbook_record::{Finding, Severity, Timestamp};

use super::text::{Complete as _, Evidence, count, day};
use super::{Measure, Names, Seen};

/// Before 1990 nobody committed with a clock that was right.
const FIRST_PLAUSIBLE_US: i64 = 631_152_000 * 1_000_000;
const DAY_US: i64 = 86_400 * 1_000_000;

pub(super) struct Clocks {
    latest_us: i64,
    ahead: Suspects,
    ancient: Suspects,
}

#[derive(Default)]
struct Suspects {
    number: u64,
    example: Option<(String, Timestamp)>,
    evidence: Evidence,
}

impl Suspects {
    fn add(&mut self, seen: &Seen<'_>) {
        self.number += 1;
        self.example.get_or_insert_with(|| (seen.commit.short_id().to_owned(), seen.at));
        self.evidence.cite(seen.seq);
    }

    fn finding(&self, how: &str) -> Option<Finding> {
        let (id, at) = self.example.as_ref()?;
        let message = format!("{} {how}, for example {id} on {}", count(self.number, "commit"), day(*at));
        let finding = Finding::new("git.clock", "implausible_time", Severity::Warning, message, None, how)
            .recommend("Treat their dates as unknown; order history by parents, not by time.");
        Some(finding.rest_on(&self.evidence).with("commits", self.number))
    }
}

impl Clocks {
    pub(super) fn new(now: Timestamp) -> Self {
        Self { latest_us: now.as_micros() + DAY_US, ahead: Suspects::default(), ancient: Suspects::default() }
    }
}

impl Measure for Clocks {
    fn commit(&mut self, seen: &Seen<'_>) {
        let at = seen.at.as_micros();
        if at > self.latest_us {
            self.ahead.add(seen);
        } else if at < FIRST_PLAUSIBLE_US {
            self.ancient.add(seen);
        }
    }

    fn finish(self: Box<Self>, _: &Names) -> Vec<Finding> {
        let found = [self.ahead.finding("dated after the audit"), self.ancient.finding("dated before 1990")];
        found.into_iter().flatten().collect()
    }
}
