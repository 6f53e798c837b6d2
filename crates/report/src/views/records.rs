//! A list of records: the answer to a query.

use sealbook_record::Finding;
use sealbook_store::Stored;

use super::{record::RecordJson, words};
use crate::sarif::{self, Invocation, Notification};
use crate::{Block, Column, Document, Row, Text, Tone, View, json};

/// Records, in the order in which they were found.
#[derive(Debug, Clone, Copy)]
pub struct RecordList<'a> {
    /// The records.
    pub rows: &'a [Stored],
    /// What to ask with for those that follow; none at the end.
    pub next: Option<&'a str>,
}

static COLUMNS: &[Column] = &[
    Column::number("Seq"),
    Column::whole("When"),
    Column::text("Actor"),
    Column::text("Action"),
    Column::text("Target"),
    Column::whole("Ended"),
    Column::whole("Severity"),
];

impl View for RecordList<'_> {
    fn document(&self) -> Document {
        let mut page = Document::new();
        if self.rows.is_empty() {
            page.line("No records.");
            return page;
        }
        page.add(Block::Table(COLUMNS.to_vec(), self.rows.iter().map(row).collect()));
        let altered: Vec<String> =
            self.rows.iter().filter(|stored| !stored.altered.is_empty()).map(|stored| stored.seq.to_string()).collect();
        if !altered.is_empty() {
            let what = format!("Content does not fit its commitment, and is not shown, in: {}", altered.join(", "));
            page.line(Text::toned(what, Tone::Bad).and(". `sealbook verify` says more."));
        }
        let count = words::count(self.rows.len() as u64, "record", "records");
        page.line(match self.next {
            Some(cursor) => Text::plain(format!("{count}; there are more: --cursor {cursor}")),
            None => Text::plain(count),
        });
        page
    }

    fn json(&self) -> String {
        #[derive(serde::Serialize)]
        struct Page<'a> {
            records: Vec<RecordJson<'a>>,
            next: Option<&'a str>,
        }
        json::text(&Page { records: self.rows.iter().map(RecordJson::short).collect(), next: self.next })
    }

    fn json_lines(&self) -> Vec<String> {
        self.rows.iter().map(|stored| json::text(&RecordJson::short(stored))).collect()
    }

    fn sarif(&self) -> Option<String> {
        let mut rows: Vec<&Stored> = self.rows.iter().collect();
        rows.sort_by_key(|stored| stored.seq);
        let found: Vec<Finding> = rows.into_iter().flat_map(findings_in).collect();
        let mut notes = Vec::new();
        if let Some(cursor) = self.next {
            let text = format!("there are more records than these: ask again with --cursor {cursor}");
            notes.push(Notification::new("warning", "more_records", text));
        }
        let unread = self.rows.iter().filter(|stored| stored.record.is_none() || !stored.altered.is_empty()).count();
        if unread > 0 {
            let text = format!("{unread} of the records found cannot be read, or are not what was sealed");
            notes.push(Notification::new("error", "unreadable_records", text));
        }
        Some(sarif::log(None, &found.iter().collect::<Vec<_>>(), Invocation::of_query(notes)))
    }
}

/// What a record holds of findings, its breaches of named rules among them.
fn findings_in(stored: &Stored) -> Vec<Finding> {
    let Some(record) = &stored.record else { return Vec::new() };
    let mut found = record.findings().unwrap_or_default();
    for finding in &mut found {
        if finding.evidence.is_empty() {
            finding.evidence.push((stored.seq, stored.seq));
        }
    }
    let violations = record.violations().unwrap_or_default();
    found.extend(violations.into_iter().map(|violation| Finding {
        // Their ids are given by whoever found them, and are unique within the record.
        id: Finding::key(&violation.rule, &record.id.to_string(), &violation.id),
        rule: violation.rule,
        kind: "violation".to_owned(),
        severity: violation.severity,
        message: violation.message,
        location: violation.location,
        recommendation: None,
        evidence: vec![(stored.seq, stored.seq)],
        metadata: serde_json::Map::new(),
        content: String::new(),
    }));
    found
}

/// One record in one line, for a list that has no end.
#[derive(Debug, Clone, Copy)]
pub struct RecordLine<'a>(pub &'a Stored);

impl View for RecordLine<'_> {
    fn document(&self) -> Document {
        let mut line = Text::default();
        for cell in row(self.0).into_iter().filter(|cell| !cell.is_empty()) {
            if !line.is_empty() {
                line = line.and("  ");
            }
            line.pieces.extend(cell.pieces);
        }
        let mut page = Document::new();
        page.line(line);
        page
    }

    fn json(&self) -> String {
        json::text(&RecordJson::short(self.0))
    }
}

/// The cells of one record, for this and other views' tables.
pub(super) fn row(stored: &Stored) -> Row {
    let leaf = &stored.leaf;
    let seq = if stored.altered.is_empty() { Tone::Plain } else { Tone::Bad };
    let mut row =
        vec![Text::toned(stored.seq.to_string(), seq), Text::plain(words::second(words::time_of_us(leaf.occurred_us)))];
    match &stored.record {
        Some(record) => row.extend([
            words::actor(&record.actor),
            Text::plain(&record.action),
            words::target(&record.target),
            words::ending(leaf.phase, Some(record)),
            words::severity(record.severity),
        ]),
        None => row.extend([
            Text::default(),
            words::instead_of_record(stored),
            Text::default(),
            words::ending(leaf.phase, None),
            Text::default(),
        ]),
    }
    row
}

/// The columns that [`row`] fills.
pub(super) fn columns() -> Vec<Column> {
    COLUMNS.to_vec()
}
