//! What a run of linters saw, tool by tool.

use sealbook_record::{PartName, Record};
use serde::Deserialize;

use super::super::words;
use super::part;
use crate::{Column, Row, Text, Tone};

/// What is shown of the part `result` of a `quality.run`.
#[derive(Deserialize)]
struct Run {
    tool: String,
    scope: String,
    version: String,
    rules: Option<u64>,
    files: u64,
    complete: bool,
    total: u64,
    counts: Counts,
    changes: Changes,
}

#[derive(Deserialize)]
struct Counts {
    error: u64,
    warning: u64,
    info: u64,
}

#[derive(Deserialize)]
struct Changes {
    appeared: u64,
    changed: u64,
    moved: u64,
    gone: u64,
}

/// What is shown of the part `error` of a `quality.failed`.
#[derive(Deserialize)]
struct Failed {
    tool: String,
    scope: String,
    why: String,
    detail: String,
}

pub(super) static TOOLS: &[Column] = &[
    Column::number("Seq"),
    Column::text("Tool"),
    Column::text("Where"),
    Column::whole("Version"),
    Column::number("Rules"),
    Column::number("Files"),
    Column::number("Open"),
    Column::text("Weight"),
    Column::text("Since the last run"),
];

pub(super) fn row(seq: u64, record: &Record) -> Option<Row> {
    if let Some(failed) = part::<Failed>(record, PartName::Error) {
        let why = Text::toned(failed.why, Tone::Bad).and(": ").and(failed.detail);
        let mut row = vec![Text::plain(seq.to_string()), Text::name(failed.tool), Text::name(failed.scope)];
        row.extend([Text::default(), Text::default(), Text::default(), Text::default(), why, Text::default()]);
        return Some(row);
    }
    let run: Run = part(record, PartName::Result)?;
    let name = Text::name(&run.tool);
    let counts = &run.counts;
    let weights =
        [(counts.error, "error", "errors"), (counts.warning, "warning", "warnings"), (counts.info, "note", "notes")];
    let changes = [
        (run.changes.appeared, "new", "new"),
        (run.changes.changed, "changed", "changed"),
        (run.changes.moved, "moved", "moved"),
        (run.changes.gone, "gone", "gone"),
    ];
    Some(vec![
        Text::plain(seq.to_string()),
        if run.complete { name } else { name.and(" ").and_toned("incomplete", Tone::Bad) },
        Text::name(&run.scope),
        Text::plain(&run.version),
        Text::plain(run.rules.map_or_else(|| "its own".to_owned(), words::grouped)),
        Text::plain(words::grouped(run.files)),
        Text::plain(words::grouped(run.total)),
        Text::plain(list(&weights)),
        Text::plain(list(&changes)),
    ])
}

fn list(counts: &[(u64, &str, &str)]) -> String {
    let told = counts.iter().filter(|(count, ..)| *count > 0);
    told.map(|(count, one, many)| words::count(*count, one, many)).collect::<Vec<_>>().join(", ")
}
