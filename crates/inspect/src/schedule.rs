//! When something is due: cron expressions in a time zone, and what was missed.
//!
//! Fields are those of cron(5), with an optional field of seconds before them: seconds, minutes, hours, days of the
//! month, months, days of the week. In the hour that a clock skips in spring, what is due comes right after it; in the
//! one that comes twice in autumn, what is due at a time of day comes once.

use croner::Cron;
use croner::parser::{CronParser, Seconds};
use jiff::Zoned;
use sealbook_record::{TimeZone, Timestamp};

use crate::Error;

/// Times of one schedule that are counted, at most: above it, they are said to be more.
pub const DUE_COUNTED_MAX: u64 = 100_000;

/// A cron expression and the zone it is meant in.
#[derive(Debug, Clone)]
pub struct Schedule {
    cron: Cron,
    zone: TimeZone,
}

/// What was due in a stretch of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Due {
    /// How often; [`DUE_COUNTED_MAX`] at most.
    pub count: u64,
    /// The first time.
    pub first: Timestamp,
    /// The last but one, where there are two.
    pub last_but_one: Option<Timestamp>,
    /// The last time.
    pub last: Timestamp,
}

impl Schedule {
    /// Reads an expression such as `0 */6 * * *`, in a zone such as `Europe/Berlin`.
    ///
    /// Errors: [`Error::ScheduleInvalid`].
    pub fn new(expression: &str, zone: &str) -> Result<Self, Error> {
        let invalid = |what: &'static str| Error::ScheduleInvalid { what };
        let parser = CronParser::builder().seconds(Seconds::Optional).build();
        let cron = parser.parse(expression).map_err(|_| invalid("its expression has no five or six fields of cron"))?;
        let zone = TimeZone::get(zone).map_err(|_| invalid("its time zone is unknown to this system"))?;
        let schedule = Self { cron, zone };
        schedule.next(Timestamp::from_micros(0)).ok_or(invalid("there is no day on which it is due"))?;
        Ok(schedule)
    }

    /// The first time after this one at which it is due.
    pub fn next(&self, after: Timestamp) -> Option<Timestamp> {
        let after = jiff::Timestamp::from_microsecond(after.as_micros()).ok()?.to_zoned(self.zone.clone());
        let next: Zoned = self.cron.find_next_occurrence(&after, false).ok()?;
        let next = Timestamp::from_micros(next.timestamp().as_microsecond());
        // Never the same again, whatever a clock does.
        (next.as_micros() > after.timestamp().as_microsecond()).then_some(next)
    }

    /// What was due after `after`, up to `until`.
    pub fn due(&self, after: Timestamp, until: Timestamp) -> Option<Due> {
        let first = self.next(after).filter(|first| *first <= until)?;
        let mut due = Due { count: 1, first, last_but_one: None, last: first };
        while due.count < DUE_COUNTED_MAX
            && let Some(next) = self.next(due.last).filter(|next| *next <= until)
        {
            due = Due { count: due.count + 1, last_but_one: Some(due.last), last: next, ..due };
        }
        Some(due)
    }
}

#[cfg(test)]
mod tests {
    use sealbook_record::parse_time;

    use super::*;

    fn at(text: &str) -> Timestamp {
        parse_time(text, Timestamp::from_micros(0), &TimeZone::UTC).unwrap()
    }

    fn times(schedule: &Schedule, from: &str, count: usize) -> Vec<String> {
        let mut last = at(from);
        (0..count)
            .map(|_| {
                last = schedule.next(last).unwrap();
                last.to_string().chars().take(16).collect()
            })
            .collect()
    }

    #[test]
    fn zones_are_kept_over_the_change_of_clocks() {
        let every_six = Schedule::new("0 */6 * * *", "UTC").unwrap();
        assert_eq!(times(&every_six, "2026-01-01T05:00:00Z", 2), ["2026-01-01T06:00", "2026-01-01T12:00"]);
        let berlin = Schedule::new("30 6 * * *", "Europe/Berlin").unwrap();
        let spring = times(&berlin, "2026-03-28T00:00:00Z", 2);
        assert_eq!(spring, ["2026-03-28T05:30", "2026-03-29T04:30"]);
        // 02:30 is not there on that day, and comes twice in autumn: it is due once each day.
        let gap = Schedule::new("30 2 * * *", "Europe/Berlin").unwrap();
        let spring = times(&gap, "2026-03-28T12:00:00Z", 2);
        assert!(spring[0].starts_with("2026-03-29T01:") && spring[1] == "2026-03-30T00:30", "{spring:?}");
        let autumn = times(&gap, "2026-10-24T12:00:00Z", 2);
        assert_eq!(autumn, ["2026-10-25T00:30", "2026-10-26T01:30"]);
    }

    #[test]
    fn what_was_due_is_counted_with_its_ends() {
        let hourly = Schedule::new("0 * * * *", "UTC").unwrap();
        let due = hourly.due(at("2026-01-01T00:00:00Z"), at("2026-01-01T05:30:00Z")).unwrap();
        assert_eq!((due.count, due.first, due.last), (5, at("2026-01-01T01:00:00Z"), at("2026-01-01T05:00:00Z")));
        assert_eq!(due.last_but_one, Some(at("2026-01-01T04:00:00Z")));
        assert_eq!(hourly.due(at("2026-01-01T05:00:00Z"), at("2026-01-01T05:59:59Z")), None);
        let seconds = Schedule::new("* * * * * *", "UTC").unwrap();
        assert_eq!(seconds.due(at("2026-01-01T00:00:00Z"), at("2026-01-03T00:00:00Z")).unwrap().count, DUE_COUNTED_MAX);
    }

    #[test]
    fn what_is_no_schedule_is_refused() {
        for (cron, zone) in [("hello", "UTC"), ("61 * * * *", "UTC"), ("0 0 * *", "UTC"), ("0 0 * * *", "Mars/Dust")] {
            assert!(Schedule::new(cron, zone).is_err(), "{cron} {zone}");
        }
        assert!(Schedule::new("0 0 30 2 *", "UTC").is_err(), "no year has such a day");
    }
}
