//! How often work is committed, and whether that changed.

use std::collections::BTreeMap;

use jiff::civil::Date;
use sealbook_record::{Finding, Severity, Timestamp};

use super::recent::Window;
use super::state::{Reader, Writer};
use super::text::{Complete as _, count, day, percent, thousands};
use super::{Measure, Names, Seen};

/// The stretch that is compared with the one before.
const STRETCH_DAYS: i64 = 90;

/// Fewer commits than this make no trend.
const ENOUGH: u64 = 20;

pub(super) struct Frequency {
    now: Date,
    /// Commits by day. Days that cannot be are left out, so the table is bounded by the calendar.
    days: BTreeMap<Date, u64>,
    commits: u64,
    merges: u64,
}

impl Frequency {
    pub(super) fn new(now: Timestamp) -> Self {
        Self { now: day(now), days: BTreeMap::new(), commits: 0, merges: 0 }
    }

    fn between(&self, from: i64, to: i64) -> u64 {
        let at = |days: i64| self.now.saturating_sub(jiff::Span::new().days(days));
        self.days.range((std::ops::Bound::Excluded(at(to)), std::ops::Bound::Included(at(from)))).map(|(_, n)| n).sum()
    }

    fn busiest_month(&self) -> Option<(String, u64)> {
        let mut months: BTreeMap<(i16, i8), u64> = BTreeMap::new();
        for (day, number) in &self.days {
            *months.entry((day.year(), day.month())).or_default() += number;
        }
        let best = months.into_iter().rev().max_by_key(|(_, number)| *number)?;
        Some((format!("{:04}-{:02}", best.0.0, best.0.1), best.1))
    }

    fn longest_silence(&self) -> Option<(i64, Date)> {
        let days: Vec<Date> = self.days.keys().copied().collect();
        let apart = |pair: &[Date]| i64::from((pair[1] - pair[0]).get_days());
        days.windows(2).map(|pair| (apart(pair), pair[0])).max_by_key(|(days, _)| *days)
    }
}

impl Measure for Frequency {
    fn commit(&mut self, seen: &Seen<'_>) {
        self.commits += 1;
        self.merges += u64::from(seen.commit.is_merge);
        let day = day(seen.at);
        if (1970..=2200).contains(&day.year()) {
            *self.days.entry(day).or_default() += 1;
        }
    }

    fn save(&self, out: &mut Writer) {
        out.number(self.commits);
        out.number(self.merges);
        out.count(self.days.len());
        for (day, number) in &self.days {
            // The years that are counted have four digits.
            out.number(day.year().unsigned_abs().into());
            out.number(day.day_of_year().unsigned_abs().into());
            out.number(*number);
        }
    }

    fn load(&mut self, from: &mut Reader<'_>, _: Window) -> Option<()> {
        self.commits = from.number()?;
        self.merges = from.number()?;
        for _ in 0..from.count()? {
            let day = Date::new(from.narrow()?, 1, 1).ok()?.with().day_of_year(from.narrow()?).build().ok()?;
            self.days.insert(day, from.number()?);
        }
        Some(())
    }

    fn finish(self: Box<Self>, _: &Names) -> Vec<Finding> {
        let (Some((first, _)), Some((last, _))) = (self.days.first_key_value(), self.days.last_key_value()) else {
            return Vec::new();
        };
        let (recent, before) = (self.between(0, STRETCH_DAYS), self.between(STRETCH_DAYS, 2 * STRETCH_DAYS));
        let idle = i64::from((self.now - *last).get_days());
        let trend = if idle >= STRETCH_DAYS {
            format!("none in the last {} days", thousands(idle as u64))
        } else {
            let change = match (before, recent) {
                (0, _) => "none in the stretch before".to_owned(),
                (before, recent) if before >= ENOUGH || recent >= ENOUGH => {
                    let ratio = percent(recent, before) as i64 - 100;
                    format!("{ratio:+}% against the {STRETCH_DAYS} days before")
                }
                (before, _) => format!("{before} in the {STRETCH_DAYS} days before"),
            };
            format!("{} in the last {STRETCH_DAYS} days, {change}", thousands(recent))
        };
        let months = ((i64::from((*last - *first).get_days()) + 30) / 30).max(1) as u64;
        let busiest = self
            .busiest_month()
            .map_or(String::new(), |(month, n)| format!("; busiest month {month} with {}", thousands(n)));
        let silence = self
            .longest_silence()
            .filter(|(days, _)| *days >= 30)
            .map_or(String::new(), |(days, since)| format!("; longest silence {days} days from {since}"));
        let message = format!(
            "{}, {} of them merges, from {first} to {last}: {} a month; {trend}{busiest}{silence}",
            count(self.commits, "commit"),
            thousands(self.merges),
            thousands(self.commits / months),
        );
        let finding = Finding::new("git.frequency", "frequency", Severity::Info, message, None, "")
            .with("commits", self.commits)
            .with("merges", self.merges)
            .with("recent", recent)
            .with("before", before)
            .with("idle_days", idle);
        let advice = if idle >= 365 {
            "Nobody has touched it for a year: ask who still answers for it, and whether it is still used."
        } else {
            "Compare with what is known of the project: releases, people who came or left."
        };
        vec![finding.recommend(advice)]
    }
}
