//! The emergency stops that are set.

use sealbook_policy::Stop;
use serde_json::{Value, json};

use crate::{Block, Column, Document, Text, Tone, View};

/// Every stop that is set.
#[derive(Debug, Clone, Copy)]
pub struct StopList<'a> {
    /// The stops, oldest first.
    pub stops: &'a [Stop],
}

fn to_json(stop: &Stop) -> Value {
    json!({
        "id": stop.id.to_string(), "seq": stop.seq, "scope": stop.scope, "by": stop.by, "reason": stop.reason,
        "at": stop.at.to_string(),
    })
}

impl View for StopList<'_> {
    fn document(&self) -> Document {
        let mut page = Document::new();
        if self.stops.is_empty() {
            page.line(Text::toned("Nothing is stopped.", Tone::Good));
            return page;
        }
        let rows = self.stops.iter().map(|stop| {
            vec![
                Text::toned(stop.scope.kind.as_str(), Tone::Bad),
                Text::name(&stop.scope.id),
                Text::name(&stop.by),
                Text::plain(stop.reason.as_deref().unwrap_or_default()),
                Text::plain(stop.at.to_string()),
                Text::plain(stop.seq.to_string()),
            ]
        });
        let columns = vec![
            Column::whole("Stopped"),
            Column::text("Which"),
            Column::text("By"),
            Column::text("Reason"),
            Column::whole("At"),
            Column::number("Record"),
        ];
        page.add(Block::Table(columns, rows.collect()));
        page
    }

    fn json(&self) -> String {
        json!({ "stops": self.stops.iter().map(to_json).collect::<Vec<_>>() }).to_string()
    }

    fn json_lines(&self) -> Vec<String> {
        self.stops.iter().map(|stop| to_json(stop).to_string()).collect()
    }
}
