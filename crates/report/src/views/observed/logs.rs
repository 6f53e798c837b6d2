//! What a run over logs saw: files, levels, kinds of errors.

use std::collections::BTreeMap;

use sealbook_record::{PartName, Record};
use serde::Deserialize;

use super::super::words;
use super::{part, table};
use crate::{Column, Document, Row, Text, Tone};

/// Characters of an example that a person reads in a table.
const EXAMPLE_CHARS: usize = 160;

/// Rows of the tables.
#[derive(Default)]
pub(super) struct Logs {
    files: Vec<Row>,
    levels: Vec<Row>,
    clusters: Vec<Row>,
}

/// What is shown of the part `result` of a `log.segment`.
#[derive(Deserialize)]
struct Segment {
    path: String,
    format: String,
    from: u64,
    to: u64,
    entries: u64,
    levels: BTreeMap<String, u64>,
    first: Option<String>,
    last: Option<String>,
}

/// What is shown of the part `result` of a `log.run` or `log.selection`.
#[derive(Deserialize)]
struct Run {
    entries: u64,
    levels: BTreeMap<String, u64>,
    clusters: Vec<Cluster>,
}

#[derive(Deserialize)]
struct Cluster {
    id: String,
    level: String,
    template: String,
    count: u64,
    first: Option<String>,
    last: Option<String>,
    files: Vec<String>,
    #[serde(default)]
    example: Option<String>,
    new: bool,
}

static FILES: &[Column] = &[
    Column::text("Log"),
    Column::whole("Format"),
    Column::number("Read"),
    Column::number("Entries"),
    Column::number("Errors"),
    Column::number("Warnings"),
    Column::whole("First"),
    Column::whole("Last"),
];

static LEVELS: &[Column] = &[Column::whole("Level"), Column::number("Entries"), Column::number("%")];

static CLUSTERS: &[Column] = &[
    Column::number("Count"),
    Column::whole("Level"),
    Column::whole("Kind"),
    Column::whole("Last"),
    Column::text("Message"),
    Column::text("Logs"),
];

impl Logs {
    pub(super) fn segment(&mut self, record: &Record) -> Option<()> {
        let segment: Segment = part(record, PartName::Result)?;
        let count = |names: &[&str]| names.iter().filter_map(|name| segment.levels.get(*name)).sum::<u64>();
        let errors = count(&["error", "critical"]);
        self.files.push(vec![
            Text::name(segment.path),
            Text::plain(segment.format),
            Text::plain(words::bytes(segment.to - segment.from.min(segment.to))),
            Text::plain(words::grouped(segment.entries)),
            if errors > 0 { Text::toned(words::grouped(errors), Tone::Bad) } else { Text::plain("0") },
            Text::plain(words::grouped(count(&["warning"]))),
            second(segment.first.as_deref()),
            second(segment.last.as_deref()),
        ]);
        Some(())
    }

    pub(super) fn run(&mut self, record: &Record) -> Option<()> {
        let run: Run = part(record, PartName::Result)?;
        for name in ["critical", "error", "warning", "info", "debug", "none"] {
            if let Some(count) = run.levels.get(name) {
                let share = (count * 1_000).checked_div(run.entries).unwrap_or_default();
                let tone = if matches!(name, "critical" | "error") { Tone::Bad } else { Tone::Plain };
                let share = Text::plain(format!("{}.{}", share / 10, share % 10));
                self.levels.push(vec![Text::toned(name, tone), Text::plain(words::grouped(*count)), share]);
            }
        }
        self.clusters.extend(run.clusters.into_iter().map(cluster));
        Some(())
    }

    pub(super) fn tell(self, page: &mut Document) {
        table(page, "Levels", LEVELS, self.levels);
        table(page, "Errors by kind", CLUSTERS, self.clusters);
        table(page, "Logs", FILES, self.files);
    }
}

fn cluster(cluster: Cluster) -> Row {
    let mut level = Text::toned(cluster.level, Tone::Bad);
    if cluster.new {
        level = level.and(" new");
    }
    // An example says more than its template, where the template left anything out.
    let said = cluster.example.unwrap_or(cluster.template);
    let line = said.lines().next().unwrap_or_default();
    let mut message: String = line.chars().take(EXAMPLE_CHARS).collect();
    if line.chars().count() > EXAMPLE_CHARS || said.lines().count() > 1 {
        message.push('…');
    }
    vec![
        Text::plain(words::grouped(cluster.count)),
        level,
        Text::name(cluster.id),
        second(cluster.last.as_deref().or(cluster.first.as_deref())),
        Text::plain(message),
        Text::name(cluster.files.join(", ")),
    ]
}

/// A time to the second.
fn second(time: Option<&str>) -> Text {
    time.map_or_else(Text::default, |time| {
        Text::plain(format!("{}Z", time.split('.').next().unwrap_or(time).trim_end_matches('Z')))
    })
}
