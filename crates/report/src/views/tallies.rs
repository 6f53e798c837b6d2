//! How operations went.

use std::collections::BTreeMap;

use sealbook_store::{OperationTallies, OperationTally};
use serde::Serialize;

use crate::{Block, Column, Document, Row, Text, View, json};

/// Operations put together by a word of theirs.
#[derive(Debug, Clone, Copy)]
pub struct OperationStats<'a> {
    /// By what: `action`, `category`, …
    pub by: &'a str,
    /// As the store counted them.
    pub tallies: &'a OperationTallies,
}

#[derive(Serialize)]
struct Line<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    operations: u64,
    statuses: BTreeMap<&'static str, u64>,
    success_rate: Option<f64>,
    duration: Durations,
}

/// Of those that went well and say how long they took. `null` where none does.
#[derive(Serialize)]
struct Durations {
    timed: u64,
    mean_ms: Option<f64>,
    median_ms: Option<f64>,
    min_ms: Option<f64>,
    max_ms: Option<f64>,
}

impl<'a> Line<'a> {
    fn of(name: Option<&'a str>, tally: &OperationTally) -> Self {
        Self {
            name,
            operations: tally.total(),
            statuses: tally.statuses.iter().map(|(status, count)| (status.as_str(), *count)).collect(),
            success_rate: tally.success_rate(),
            duration: Durations {
                timed: tally.timed(),
                mean_ms: tally.mean_ms(),
                median_ms: tally.median_ms(),
                min_ms: tally.least_ms(),
                max_ms: tally.most_ms(),
            },
        }
    }

    fn row(&self, title: &str) -> Row {
        let ms = |value: Option<f64>| Text::plain(value.map_or_else(|| "-".to_owned(), |ms| format!("{ms:.1} ms")));
        let rate = self.success_rate.map_or_else(|| "-".to_owned(), |rate| format!("{:.1} %", rate * 100.0));
        let statuses: Vec<String> = self.statuses.iter().map(|(status, count)| format!("{count} {status}")).collect();
        vec![
            Text::name(title),
            Text::plain(self.operations.to_string()),
            Text::plain(rate),
            ms(self.duration.mean_ms),
            ms(self.duration.median_ms),
            ms(self.duration.max_ms),
            Text::plain(statuses.join(", ")),
        ]
    }
}

impl OperationStats<'_> {
    fn lines(&self) -> Vec<Line<'_>> {
        self.tallies.groups.iter().map(|(name, tally)| Line::of(name.as_deref(), tally)).collect()
    }
}

impl View for OperationStats<'_> {
    fn document(&self) -> Document {
        let mut page = Document::new();
        if self.tallies.all.total() == 0 {
            page.line("No operations.");
            return page;
        }
        let mut rows: Vec<Row> = self.lines().iter().map(|line| line.row(line.name.unwrap_or("(erased)"))).collect();
        rows.push(Line::of(None, &self.tallies.all).row("all"));
        let columns = ["Group", "Operations", "Went well", "Mean", "Median", "Longest", "How they stand"];
        page.add(Block::Table(columns.map(Column::text).into(), rows));
        page.line("Durations are of those that went well and say how long they took.");
        page
    }

    fn json(&self) -> String {
        json::text(&serde_json::json!({
            "by": self.by,
            "groups": self.lines(),
            "all": Line::of(None, &self.tallies.all),
        }))
    }

    fn json_lines(&self) -> Vec<String> {
        self.lines().iter().map(json::text).collect()
    }
}
