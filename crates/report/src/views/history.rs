//! Records that belong together: an operation's, and those of one target.

use sealbook_record::OperationStatus;
use sealbook_store::{Operation, Provenance};
use serde::Serialize;

use super::record::RecordJson;
use super::{records, words};
use crate::{Block, Column, Document, Text, Tone, View, json};

/// One operation, from intent to outcome.
#[derive(Debug, Clone, Copy)]
pub struct OperationHistory<'a> {
    /// As the store put it together.
    pub operation: &'a Operation,
}

/// What was done to one target, and by whom.
#[derive(Debug, Clone, Copy)]
pub struct TargetHistory<'a> {
    /// As the store put it together.
    pub provenance: &'a Provenance,
    /// What to ask with for the records that follow; none at the end.
    pub next: Option<&'a str>,
}

impl View for OperationHistory<'_> {
    fn document(&self) -> Document {
        let mut page = Document::new();
        page.heading(1, Text::plain("Operation ").and_name(self.operation.id.to_string()));
        let status = status(self.operation.status);
        page.add(Block::Fields(vec![("status".to_owned(), status)]));
        page.add(Block::Table(records::columns(), self.operation.records.iter().map(records::row).collect()));
        page
    }

    fn json(&self) -> String {
        #[derive(Serialize)]
        struct Whole<'a> {
            operation: String,
            status: &'static str,
            records: Vec<RecordJson<'a>>,
        }
        let status = self.operation.status.as_str();
        let records = self.operation.records.iter().map(RecordJson::short).collect();
        json::text(&Whole { operation: self.operation.id.to_string(), status, records })
    }

    fn json_lines(&self) -> Vec<String> {
        self.operation.records.iter().map(|stored| json::text(&RecordJson::short(stored))).collect()
    }
}

/// How an operation stands, in a word.
pub(super) fn word(status: OperationStatus) -> Text {
    Text::toned(status.as_str(), told(status).0)
}

/// How an operation stands, for people.
fn status(status: OperationStatus) -> Text {
    word(status).and(told(status).1)
}

fn told(status: OperationStatus) -> (Tone, &'static str) {
    match status {
        OperationStatus::Recorded => (Tone::Plain, ": events only"),
        OperationStatus::Pending => (Tone::Doubtful, ": an intent without an outcome"),
        OperationStatus::Ok => (Tone::Good, ""),
        OperationStatus::Failed => (Tone::Bad, ""),
        OperationStatus::Blocked => (Tone::Doubtful, ": it did not happen"),
        OperationStatus::Cancelled => (Tone::Doubtful, ""),
        OperationStatus::Unknown => (Tone::Doubtful, ": nobody knows whether it happened"),
        OperationStatus::Compensating => (Tone::Doubtful, ": it is being undone"),
        OperationStatus::Compensated => (Tone::Good, ": every undo was confirmed"),
        OperationStatus::CompensationFailed => (Tone::Bad, ": it could not be undone wholly"),
        OperationStatus::NotUndoable => (Tone::Bad, ": some of it has no undo"),
    }
}

impl View for TargetHistory<'_> {
    fn document(&self) -> Document {
        let provenance = self.provenance;
        let mut page = Document::new();
        page.heading(1, Text::plain("Provenance of ").and_name(&provenance.target));
        if provenance.entries.is_empty() {
            page.line("No records.");
            return page;
        }
        let rows = provenance.actors.iter().map(|(actor, (count, first, last))| {
            vec![
                Text::name(actor),
                Text::plain(words::grouped(*count)),
                Text::plain(words::second(*first)),
                Text::plain(words::second(*last)),
            ]
        });
        let columns =
            vec![Column::text("Actor"), Column::number("Records"), Column::whole("First"), Column::whole("Last")];
        page.add(Block::Table(columns, rows.collect()));
        page.add(Block::Table(records::columns(), provenance.entries.iter().map(records::row).collect()));
        if let Some(cursor) = self.next {
            page.line(format!("There are more: --cursor {cursor}"));
        }
        page
    }

    fn json(&self) -> String {
        #[derive(Serialize)]
        struct Whole<'a> {
            target: &'a str,
            actors: Vec<ActorJson<'a>>,
            records: Vec<RecordJson<'a>>,
            next: Option<&'a str>,
        }
        #[derive(Serialize)]
        struct ActorJson<'a> {
            actor: &'a str,
            records: u64,
            first: String,
            last: String,
        }
        let actors = self.provenance.actors.iter().map(|(actor, (records, first, last))| ActorJson {
            actor,
            records: *records,
            first: first.to_string(),
            last: last.to_string(),
        });
        json::text(&Whole {
            target: &self.provenance.target,
            actors: actors.collect(),
            records: self.provenance.entries.iter().map(RecordJson::short).collect(),
            next: self.next,
        })
    }

    fn json_lines(&self) -> Vec<String> {
        self.provenance.entries.iter().map(|stored| json::text(&RecordJson::short(stored))).collect()
    }
}
