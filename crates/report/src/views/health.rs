//! How calls went, and what of that is unusual.

use sealbook_store::{ErrorPattern, Group, Health, Resource, Tally, Unusual};
use serde_json::{Value, json};

use super::words;
use crate::{Block, Column, Document, Text, Tone, View};

/// Rows of the table of actions and targets.
const GROUPS_SHOWN: usize = 20;

/// How the calls of a time went.
#[derive(Debug, Clone, Copy)]
pub struct HealthReport<'a> {
    /// As the store added it up.
    pub health: &'a Health,
}

impl View for HealthReport<'_> {
    fn document(&self) -> Document {
        let health = self.health;
        let mut page = Document::new();
        page.heading(1, "How calls went");
        let total = &health.total.now;
        page.add(Block::Fields(vec![
            ("since".into(), Text::plain(words::second(health.period.0))),
            ("until".into(), Text::plain(words::second(health.period.1))),
            ("compared since".into(), Text::plain(words::second(health.compared_since))),
            ("calls".into(), Text::plain(format!("{} ({} before)", total.tried, health.total.before.tried))),
            ("failed".into(), failures(total)),
            ("available".into(), Text::plain(percent(total.availability()))),
            ("refused".into(), Text::plain(words::grouped(total.blocked))),
            ("took".into(), Text::plain(durations(total))),
        ]));
        page.heading(2, "Unusual");
        if health.unusual.is_empty() {
            page.line(if total.tried == 0 { "Nothing was called." } else { "Nothing, beside the time before." });
        } else {
            let rows = health.unusual.iter().map(|it| {
                vec![
                    words::severity(it.severity),
                    Text::plain(it.kind.as_str()),
                    Text::name(&it.about),
                    Text::plain(&it.message),
                ]
            });
            let columns =
                vec![Column::whole("Weight"), Column::whole("Kind"), Column::text("Of"), Column::text("What")];
            page.add(Block::Table(columns, rows.collect()));
        }
        if !health.groups.is_empty() {
            page.heading(2, "By action");
            page.add(groups(&health.groups));
            if health.groups.len() > GROUPS_SHOWN {
                page.line(format!("{} more are in the JSON form.", health.groups.len() - GROUPS_SHOWN));
            }
        }
        if !health.errors.is_empty() {
            page.heading(2, "Errors");
            let rows = health.errors.iter().map(|error| {
                vec![
                    Text::plain(words::grouped(error.now)),
                    Text::plain(words::grouped(error.before)),
                    Text::name(&error.action),
                    Text::plain(&error.pattern),
                    Text::plain(words::second(error.seen.1)),
                ]
            });
            let columns = vec![
                Column::number("Now"),
                Column::number("Before"),
                Column::text("Action"),
                Column::text("Says"),
                Column::whole("Last"),
            ];
            page.add(Block::Table(columns, rows.collect()));
        }
        page
    }

    fn json(&self) -> String {
        let health = self.health;
        json!({
            "since": health.period.0.to_string(), "until": health.period.1.to_string(),
            "compared_since": health.compared_since.to_string(),
            "total": group(&health.total),
            "groups": health.groups.iter().map(group).collect::<Vec<_>>(),
            "errors": health.errors.iter().map(error).collect::<Vec<_>>(),
            "resources": health.resources.iter().map(resource).collect::<Vec<_>>(),
            "unusual": health.unusual.iter().map(unusual).collect::<Vec<_>>(),
        })
        .to_string()
    }
}

fn groups(all: &[Group]) -> Block {
    let rows = all.iter().take(GROUPS_SHOWN).map(|group| {
        let now = &group.now;
        vec![
            Text::name(&group.action),
            Text::name(&group.target),
            Text::plain(words::grouped(now.tried)),
            failures(now),
            Text::plain(percent(now.availability())),
            Text::plain(now.p50_us.map(words::duration).unwrap_or_default()),
            Text::plain(now.p95_us.map(words::duration).unwrap_or_default()),
            Text::plain(now.longest_outage_us.map(words::duration).unwrap_or_default()),
        ]
    });
    let columns = vec![
        Column::text("Action"),
        Column::text("Target"),
        Column::number("Calls"),
        Column::number("Failed"),
        Column::number("Available"),
        Column::number("Half within"),
        Column::number("95 % within"),
        Column::number("Longest outage"),
    ];
    Block::Table(columns, rows.collect())
}

fn failures(tally: &Tally) -> Text {
    match tally.failures() {
        0 => Text::plain("0"),
        failures => Text::toned(words::grouped(failures), Tone::Bad),
    }
}

fn percent(share: Option<f64>) -> String {
    share.map_or_else(String::new, |share| format!("{:.2} %", share * 100.0))
}

fn durations(tally: &Tally) -> String {
    let (Some(p50), Some(p95), Some(p99), Some(max)) = (tally.p50_us, tally.p95_us, tally.p99_us, tally.max_us) else {
        return "not known".to_owned();
    };
    let [p50, p95, p99, max] = [p50, p95, p99, max].map(words::duration);
    format!("half within {p50}, 95 % within {p95}, 99 % within {p99}, {max} at most")
}

fn group(group: &Group) -> Value {
    json!({ "action": group.action, "target": group.target, "now": tally(&group.now), "before": tally(&group.before) })
}

fn tally(tally: &Tally) -> Value {
    json!({
        "tried": tally.tried, "ok": tally.ok, "failed": tally.failed, "unknown": tally.unknown,
        "blocked": tally.blocked, "cancelled": tally.cancelled, "availability": tally.availability(),
        "timed": tally.timed, "p50_us": tally.p50_us, "p95_us": tally.p95_us, "p99_us": tally.p99_us,
        "max_us": tally.max_us, "longest_outage_us": tally.longest_outage_us,
    })
}

fn error(error: &ErrorPattern) -> Value {
    json!({
        "action": error.action, "pattern": error.pattern, "now": error.now, "before": error.before,
        "first": error.seen.0.to_string(), "last": error.seen.1.to_string(),
    })
}

fn resource(resource: &Resource) -> Value {
    let of = |(records, mean): (u64, f64)| json!({ "records": records, "mean": mean });
    json!({ "action": resource.action, "name": resource.name, "now": of(resource.now), "before": of(resource.before) })
}

fn unusual(it: &Unusual) -> Value {
    json!({ "kind": it.kind.as_str(), "severity": it.severity.as_str(), "about": it.about, "message": it.message })
}
