//! What one actor did over some days.

use std::fmt::Write as _;

use sealbook_record::Timestamp;
use sealbook_store::{Activity, Patterns};
use serde::Serialize;

use super::words;
use crate::{Block, Column, Document, Text, Tone, View, json};

const DAY_US: i64 = 86_400_000_000;
const WEEKDAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

/// An actor's activity and the patterns in it.
#[derive(Debug, Clone, Copy)]
pub struct ActorActivity<'a> {
    /// As the store added it up.
    pub activity: &'a Activity,
}

impl View for ActorActivity<'_> {
    fn document(&self) -> Document {
        let activity = self.activity;
        let mut page = Document::new();
        page.heading(1, Text::plain("Activity of ").and_name(&activity.actor));
        let errors = match activity.errors {
            0 => Text::plain("0"),
            errors => Text::toned(words::grouped(errors), Tone::Bad),
        };
        let projects = match activity.projects_touched.as_slice() {
            [] => Text::plain("none named"),
            projects => Text::plain(projects.join(", ")),
        };
        page.add(Block::Fields(vec![
            ("days".into(), Text::plain(activity.days.to_string())),
            ("operations".into(), Text::plain(words::grouped(activity.total_operations))),
            ("per day".into(), Text::plain(format!("{:.2}", activity.average_ops_per_day))),
            ("errors".into(), errors),
            ("projects".into(), projects),
        ]));
        if activity.total_operations == 0 {
            return page;
        }
        page.heading(2, "By action");
        page.add(counted("Action", &activity.operations_by_type));
        page.append(patterns(&activity.patterns), 0);
        page
    }

    fn json(&self) -> String {
        json::text(&ActivityJson::new(self.activity))
    }
}

fn patterns(patterns: &Patterns) -> Document {
    let mut page = Document::new();
    page.heading(2, "Patterns");
    let mut fields = vec![
        ("active days".to_owned(), Text::plain(words::grouped(patterns.active_days))),
        ("sessions".to_owned(), Text::plain(words::grouped(patterns.sessions))),
    ];
    if let Some((day, operations)) = patterns.busiest_day {
        let operations = words::count(operations, "operation", "operations");
        fields.push(("busiest day".to_owned(), Text::plain(format!("{}, {operations}", date(day)))));
    }
    if let Some(pause) = patterns.longest_pause_us {
        fields.push(("longest pause".to_owned(), Text::plain(words::duration(pause))));
    }
    let off_hours = format!("{:.0} % (weekends, and before 06:00 or after 20:00 UTC)", patterns.off_hours_percent);
    fields.push(("off hours".to_owned(), Text::plain(off_hours)));
    fields.push(("by hour (UTC)".to_owned(), Text::plain(format!("0 {} 23", bars(&patterns.by_hour)))));
    fields.push(("by weekday".to_owned(), Text::plain(by_weekday(&patterns.by_weekday))));
    page.add(Block::Fields(fields));
    if !patterns.failing.is_empty() {
        page.heading(3, "Fails more often than not");
        let rows = patterns.failing.iter().map(|(action, failures, tries)| {
            vec![
                Text::name(action),
                Text::toned(words::grouped(*failures), Tone::Bad),
                Text::plain(words::grouped(*tries)),
            ]
        });
        let columns = vec![Column::text("Action"), Column::number("Failed"), Column::number("Tried")];
        page.add(Block::Table(columns, rows.collect()));
    }
    if !patterns.top_targets.is_empty() {
        page.heading(3, "Most acted on");
        page.add(counted("Target", &patterns.top_targets));
    }
    page
}

fn counted(what: &'static str, rows: &[(String, u64)]) -> Block {
    let rows = rows.iter().map(|(name, count)| vec![Text::name(name), Text::plain(words::grouped(*count))]);
    Block::Table(vec![Column::text(what), Column::number("Operations")], rows.collect())
}

/// One bar per number, as high as its share of the largest.
fn bars(numbers: &[u64]) -> String {
    const BARS: [char; 9] = ['·', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let largest = numbers.iter().copied().max().unwrap_or(0).max(1);
    numbers.iter().map(|number| BARS[(number * 8).div_ceil(largest) as usize]).collect()
}

fn by_weekday(numbers: &[u64; 7]) -> String {
    let mut text = String::new();
    for (name, number) in WEEKDAYS.iter().zip(numbers) {
        let _ = write!(text, "{}{name} {}", if text.is_empty() { "" } else { ", " }, words::grouped(*number));
    }
    text
}

/// A day since 1970 as a date.
fn date(day: i64) -> String {
    Timestamp::from_micros(day.saturating_mul(DAY_US)).to_string().chars().take(10).collect()
}

/// The names are those of the audit module this replaces, and `patterns`.
#[derive(Serialize)]
struct ActivityJson<'a> {
    user_id: &'a str,
    days: i64,
    total_operations: u64,
    operations_by_type: Vec<Counted<'a>>,
    errors: u64,
    projects_touched: &'a [String],
    average_ops_per_day: f64,
    patterns: PatternsJson<'a>,
}

#[derive(Serialize)]
struct Counted<'a> {
    name: &'a str,
    count: u64,
}

#[derive(Serialize)]
struct Failing<'a> {
    action: &'a str,
    failed: u64,
    tried: u64,
}

#[derive(Serialize)]
struct PatternsJson<'a> {
    active_days: u64,
    sessions: u64,
    busiest_day: Option<BusiestDay>,
    longest_pause_us: Option<u64>,
    off_hours_percent: f64,
    by_hour: &'a [u64; 24],
    by_weekday: &'a [u64; 7],
    failing: Vec<Failing<'a>>,
    top_targets: Vec<Counted<'a>>,
}

#[derive(Serialize)]
struct BusiestDay {
    date: String,
    operations: u64,
}

impl<'a> ActivityJson<'a> {
    fn new(activity: &'a Activity) -> Self {
        let counted =
            |rows: &'a [(String, u64)]| rows.iter().map(|(name, count)| Counted { name, count: *count }).collect();
        let patterns = &activity.patterns;
        Self {
            user_id: &activity.actor,
            days: activity.days,
            total_operations: activity.total_operations,
            operations_by_type: counted(&activity.operations_by_type),
            errors: activity.errors,
            projects_touched: &activity.projects_touched,
            average_ops_per_day: activity.average_ops_per_day,
            patterns: PatternsJson {
                active_days: patterns.active_days,
                sessions: patterns.sessions,
                busiest_day: patterns.busiest_day.map(|(day, operations)| BusiestDay { date: date(day), operations }),
                longest_pause_us: patterns.longest_pause_us,
                off_hours_percent: patterns.off_hours_percent,
                by_hour: &patterns.by_hour,
                by_weekday: &patterns.by_weekday,
                failing: patterns
                    .failing
                    .iter()
                    .map(|(action, failed, tried)| Failing { action, failed: *failed, tried: *tried })
                    .collect(),
                top_targets: counted(&patterns.top_targets),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_shares_of_the_largest() {
        assert_eq!(bars(&[0, 1, 4, 8]), "·▁▄█");
        assert_eq!(bars(&[0, 0]), "··");
        assert_eq!(date(1), "1970-01-02");
    }
}
