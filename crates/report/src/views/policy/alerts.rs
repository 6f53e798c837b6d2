//! Alerts, those that wait for a person first.

use sealbook_policy::Alert;
use serde_json::{Value, json};

use super::super::words;
use crate::{Block, Column, Document, Text, Tone, View};

/// Alerts, in the order they are given.
#[derive(Debug, Clone)]
pub struct AlertList<'a> {
    /// The alerts.
    pub alerts: Vec<&'a Alert>,
    /// How many of the book wait for a person, shown or not.
    pub unresolved: usize,
}

fn to_json(alert: &Alert) -> Value {
    let resolved = alert.resolved.as_ref().map(|(by, reason)| json!({ "by": by, "reason": reason }));
    json!({
        "alert_id": alert.id.to_string(), "seq": alert.seq, "rule_id": alert.rule, "severity": alert.severity,
        "message": alert.message, "timestamp": alert.raised.to_string(), "action_type": alert.action,
        "record": alert.about.map(|id| id.to_string()), "assigned": alert.assigned, "resolved": resolved,
    })
}

impl View for AlertList<'_> {
    fn document(&self) -> Document {
        let mut page = Document::new();
        let rows = self.alerts.iter().map(|alert| {
            let state = match (&alert.resolved, &alert.assigned) {
                (Some((by, reason)), _) => {
                    Text::toned("resolved", Tone::Good).and(" by ").and_name(by).and(match reason {
                        Some(reason) => format!(": {reason}"),
                        None => String::new(),
                    })
                }
                (None, Some(to)) => Text::toned("assigned", Tone::Doubtful).and(" to ").and_name(to),
                (None, None) => Text::toned("open", Tone::Bad),
            };
            vec![
                Text::name(alert.id.to_string()),
                words::severity(alert.severity),
                Text::name(&alert.rule),
                Text::name(&alert.action),
                Text::plain(&alert.message),
                state,
                Text::plain(alert.raised.to_string()),
            ]
        });
        let columns = vec![
            Column::whole("Alert"),
            Column::whole("Severity"),
            Column::text("Rule"),
            Column::text("Action"),
            Column::text("Message"),
            Column::text("State"),
            Column::whole("Raised"),
        ];
        page.add(Block::Table(columns, rows.collect()));
        page.line(match self.unresolved {
            0 => Text::toned("No alert waits for a person.", Tone::Good),
            count => {
                Text::toned(words::count(count as u64, "alert waits", "alerts wait") + " for a person.", Tone::Doubtful)
            }
        });
        page
    }

    fn json(&self) -> String {
        let alerts: Vec<Value> = self.alerts.iter().map(|alert| to_json(alert)).collect();
        json!({ "unresolved": self.unresolved, "alerts": alerts }).to_string()
    }

    fn json_lines(&self) -> Vec<String> {
        self.alerts.iter().map(|alert| to_json(alert).to_string()).collect()
    }
}
