//! A record with what became of it since.

use sealbook_record::Status;
use sealbook_store::Mark;
use serde_json::json;

use super::RecordDetail;
use super::words;
use crate::{Block, Column, Document, Text, View};

/// One record, and what later records say of it.
#[derive(Debug, Clone, Copy)]
pub struct MarkedRecord<'a> {
    /// The record.
    pub detail: RecordDetail<'a>,
    /// Oldest first.
    pub marks: &'a [Mark],
}

impl MarkedRecord<'_> {
    /// The newest word; a record is `recorded` before anybody says more.
    fn status(&self) -> Status {
        self.marks.last().map_or(Status::Recorded, |mark| mark.status)
    }
}

impl View for MarkedRecord<'_> {
    fn document(&self) -> Document {
        let mut page = self.detail.document();
        if self.marks.is_empty() {
            return page;
        }
        page.heading(2, Text::plain("Status: ").and(self.status().as_str()));
        let rows = self.marks.iter().map(|mark| {
            vec![
                Text::plain(mark.status.as_str()),
                Text::name(&mark.by),
                Text::plain(words::second(mark.sealed)),
                Text::plain(mark.seq.to_string()),
                Text::plain(mark.reason.clone().unwrap_or_default()),
            ]
        });
        let columns = vec![
            Column::whole("Status"),
            Column::text("Says"),
            Column::whole("Sealed"),
            Column::number("In record"),
            Column::text("Why"),
        ];
        page.add(Block::Table(columns, rows.collect()));
        page
    }

    fn json(&self) -> String {
        let marks: Vec<_> = self
            .marks
            .iter()
            .map(|mark| {
                json!({ "status": mark.status.as_str(), "by": mark.by, "sealed": mark.sealed.to_string(),
                    "seq": mark.seq, "reason": mark.reason })
            })
            .collect();
        let record = self.detail.json();
        let own = record.trim_end().strip_suffix('}').unwrap_or_default();
        format!("{own},\"status\":{},\"marks\":{}}}", json!(self.status().as_str()), json!(marks))
    }
}
