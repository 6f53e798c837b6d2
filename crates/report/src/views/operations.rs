//! Operations, and how each stands.

use sealbook_store::Operation;
use serde::Serialize;

use super::{history, words};
use crate::{Block, Column, Document, Row, Text, View, json};

/// Operations, newest first.
#[derive(Debug, Clone, Copy)]
pub struct OperationList<'a> {
    /// As the store put them together.
    pub operations: &'a [Operation],
    /// Whether older ones were left out.
    pub more: bool,
}

#[derive(Serialize)]
struct OperationJson<'a> {
    operation: String,
    status: &'static str,
    began: String,
    records: usize,
    seq: u64,
    action: Option<&'a str>,
    target: Option<&'a str>,
    actor: Option<&'a str>,
    session: Option<&'a str>,
}

impl<'a> OperationJson<'a> {
    fn of(operation: &'a Operation) -> Self {
        let first = operation.records.first();
        let record = first.and_then(|stored| stored.record.as_ref());
        Self {
            operation: operation.id.to_string(),
            status: operation.status.as_str(),
            began: first.map_or_else(String::new, |stored| stored.step().occurred.to_string()),
            records: operation.records.len(),
            seq: first.map_or(0, |stored| stored.seq),
            action: record.map(|record| record.action.as_str()),
            target: record.map(|record| record.target.id.as_str()),
            actor: record.map(|record| record.actor.id.as_str()),
            session: record.and_then(|record| record.session.as_deref()),
        }
    }
}

impl View for OperationList<'_> {
    fn document(&self) -> Document {
        let mut page = Document::new();
        if self.operations.is_empty() {
            page.line("No operations.");
            return page;
        }
        let row = |operation: &Operation| -> Row {
            let told = OperationJson::of(operation);
            let began =
                operation.records.first().map_or_else(String::new, |stored| words::second(stored.step().occurred));
            vec![
                Text::plain(told.operation),
                Text::plain(began),
                Text::name(told.actor.unwrap_or_default()),
                Text::name(told.action.unwrap_or("(erased)")),
                Text::name(told.target.unwrap_or_default()),
                history::word(operation.status),
            ]
        };
        let columns = vec![
            Column::whole("Operation"),
            Column::whole("Began"),
            Column::text("Actor"),
            Column::text("Action"),
            Column::text("Target"),
            Column::whole("Status"),
        ];
        page.add(Block::Table(columns, self.operations.iter().map(row).collect()));
        if self.more {
            page.line("There are older ones: --limit shows more.");
        }
        page
    }

    fn json(&self) -> String {
        #[derive(Serialize)]
        struct Whole<'a> {
            operations: Vec<OperationJson<'a>>,
            more: bool,
        }
        json::text(&Whole { operations: self.operations.iter().map(OperationJson::of).collect(), more: self.more })
    }

    fn json_lines(&self) -> Vec<String> {
        self.operations.iter().map(|operation| json::text(&OperationJson::of(operation))).collect()
    }
}
