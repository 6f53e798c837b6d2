//! What happened within the last year, day by day: a later run lets go of the days that are then too long ago.

use sealbook_record::Timestamp;

use super::state::{Reader, Writer};

pub(super) const DAY_US: i64 = 86_400 * 1_000_000;

/// How long ago still counts as lately: a year.
const LATELY_DAYS: i64 = 365;

/// A day, counted from 1970; [`AHEAD`] for all that is dated after the analysis.
pub(super) type Day = i32;

/// Later than the analysis: lately for as long as it is.
const AHEAD: Day = Day::MAX;

/// From when until when something happened lately.
#[derive(Clone, Copy)]
pub(super) struct Window {
    since: i64,
    /// A clock that is a day ahead may be right somewhere.
    latest_us: i64,
}

impl Window {
    pub(super) fn new(now: Timestamp) -> Self {
        let now = now.as_micros();
        Self { since: now.div_euclid(DAY_US) - LATELY_DAYS, latest_us: now.saturating_add(DAY_US) }
    }

    /// The day, where it is within a year before the analysis.
    pub(super) fn day(self, at: Timestamp) -> Option<Day> {
        if self.is_ahead(at) {
            return Some(AHEAD);
        }
        let day = at.as_micros().div_euclid(DAY_US);
        (day >= self.since).then_some(day as Day)
    }

    /// Whether it lies after the analysis.
    pub(super) fn is_ahead(self, at: Timestamp) -> bool {
        at.as_micros() > self.latest_us
    }
}

/// A count of what happened lately.
#[derive(Default)]
pub(super) struct Recent {
    /// Rising.
    days: Vec<(Day, u32)>,
}

impl Recent {
    pub(super) fn add(&mut self, day: Option<Day>) {
        if let Some(day) = day {
            self.add_many(day, 1);
        }
    }

    fn add_many(&mut self, day: Day, number: u32) {
        match self.days.binary_search_by_key(&day, |(day, _)| *day) {
            Ok(at) => self.days[at].1 += number,
            Err(at) => self.days.insert(at, (day, number)),
        }
    }

    pub(super) fn join(&mut self, other: &Self) {
        for (day, number) in &other.days {
            self.add_many(*day, *number);
        }
    }

    pub(super) fn total(&self) -> u64 {
        self.days.iter().map(|(_, number)| u64::from(*number)).sum()
    }

    pub(super) fn save(&self, out: &mut Writer) {
        out.count(self.days.len());
        let mut before = 0;
        for (day, number) in &self.days {
            out.signed(i64::from(*day) - before);
            out.number(u64::from(*number));
            before = i64::from(*day);
        }
    }

    /// What of it is still lately.
    pub(super) fn load(from: &mut Reader<'_>, window: Window) -> Option<Self> {
        let mut days = Vec::new();
        let mut day = 0_i64;
        for _ in 0..from.count()? {
            day = day.checked_add(from.signed()?)?;
            let number = from.narrow()?;
            if day >= window.since {
                days.push((Day::try_from(day).ok()?, number));
            }
        }
        days.is_sorted_by(|a, b| a.0 < b.0).then_some(Self { days })
    }
}
