//! Commits whose clocks cannot be right. Times are claims, and rules by date rest on them.

use sealbook_record::{Finding, Severity, Timestamp};

use super::recent::Window;
use super::state::{Reader, Writer};
use super::text::{Complete as _, Evidence, count, day};
use super::{Measure, Names, Seen};

/// Before 1990 nobody committed with a clock that was right.
const FIRST_PLAUSIBLE_US: i64 = 631_152_000 * 1_000_000;

pub(super) struct Clocks {
    window: Window,
    /// When the first of those that are ahead will not be ahead any more.
    ahead_until: Option<Timestamp>,
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

    fn save(&self, out: &mut Writer) {
        out.number(self.number);
        out.maybe(self.example.as_ref(), |out, (id, at)| {
            out.text(id);
            out.time(*at);
        });
        out.evidence(&self.evidence);
    }

    fn load(from: &mut Reader<'_>) -> Option<Self> {
        let number = from.number()?;
        let example = from.maybe(|from| Some((from.text()?.to_owned(), from.time()?)))?;
        Some(Self { number, example, evidence: from.evidence()? })
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
    pub(super) fn new(window: Window) -> Self {
        Self { window, ahead_until: None, ahead: Suspects::default(), ancient: Suspects::default() }
    }
}

impl Measure for Clocks {
    fn commit(&mut self, seen: &Seen<'_>) {
        if self.window.is_ahead(seen.at) {
            self.ahead_until = Some(self.ahead_until.map_or(seen.at, |first| first.min(seen.at)));
            self.ahead.add(seen);
        } else if seen.at.as_micros() < FIRST_PLAUSIBLE_US {
            self.ancient.add(seen);
        }
    }

    fn save(&self, out: &mut Writer) {
        out.maybe(self.ahead_until, Writer::time);
        self.ahead.save(out);
        self.ancient.save(out);
    }

    fn load(&mut self, from: &mut Reader<'_>, window: Window) -> Option<()> {
        self.ahead_until = from.maybe(Reader::time)?;
        // One that time has caught up with was counted as what it is no longer.
        if self.ahead_until.is_some_and(|first| !window.is_ahead(first)) {
            return None;
        }
        self.ahead = Suspects::load(from)?;
        self.ancient = Suspects::load(from)?;
        Some(())
    }

    fn finish(self: Box<Self>, _: &Names) -> Vec<Finding> {
        let found = [self.ahead.finding("dated after the audit"), self.ancient.finding("dated before 1990")];
        found.into_iter().flatten().collect()
    }
}
