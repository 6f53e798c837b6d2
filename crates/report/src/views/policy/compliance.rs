//! The compliance report.

use std::collections::BTreeMap;

use sealbook_policy::{Compliance, report_id};
use sealbook_record::Timestamp;
use serde_json::json;

use super::super::words;
use crate::{Block, Column, Document, Text, View};

/// What was recorded in a time, and which alerts nobody has resolved.
#[derive(Debug, Clone)]
pub struct ComplianceReport<'a> {
    /// The figures.
    pub compliance: &'a Compliance,
    /// Whose ledger.
    pub tenant: &'a str,
    /// The time it is about; open ends are those of the book.
    pub period: (Option<Timestamp>, Option<Timestamp>),
    /// When it was made.
    pub now: Timestamp,
}

impl View for ComplianceReport<'_> {
    fn document(&self) -> Document {
        let mut page = Document::new();
        page.heading(1, "Compliance report");
        let end = |time: Option<Timestamp>, open: &str| time.map_or_else(|| open.to_owned(), |time| time.to_string());
        page.add(Block::Fields(vec![
            ("report".to_owned(), Text::name(report_id(self.now))),
            ("tenant".to_owned(), Text::name(self.tenant)),
            ("from".to_owned(), Text::plain(end(self.period.0, "the first record"))),
            ("to".to_owned(), Text::plain(end(self.period.1, "the last record"))),
            ("made at".to_owned(), Text::plain(self.now.to_string())),
        ]));
        page.heading(2, "Records");
        let rows = self
            .compliance
            .levels()
            .map(|(severity, count)| vec![words::severity(severity), Text::plain(words::grouped(count))]);
        page.add(Block::Table(vec![Column::whole("Severity"), Column::number("Records")], rows.collect()));
        page.heading(2, "Unresolved alerts");
        let violations = self.compliance.violations();
        if violations.is_empty() {
            page.line("None.");
        }
        let rows = violations.iter().map(|alert| {
            vec![
                words::severity(alert.severity),
                Text::name(&alert.rule),
                Text::name(&alert.action),
                Text::plain(&alert.message),
                Text::plain(alert.raised.to_string()),
                Text::name(alert.id.to_string()),
            ]
        });
        let columns = vec![
            Column::whole("Severity"),
            Column::whole("Rule"),
            Column::text("Action"),
            Column::text("Message"),
            Column::whole("Raised"),
            Column::whole("Alert"),
        ];
        page.add(Block::Table(columns, rows.collect()));
        let advice: Vec<Text> = self.compliance.recommendations().into_iter().map(Text::plain).collect();
        if !advice.is_empty() {
            page.heading(2, "Recommendations").add(Block::List(advice));
        }
        page
    }

    fn json(&self) -> String {
        let levels: BTreeMap<&str, u64> =
            self.compliance.levels().map(|(severity, count)| (severity.as_str(), count)).collect();
        let violations = self.compliance.violations();
        let violations = violations.iter().map(|alert| {
            json!({
                "alert_id": alert.id.to_string(), "rule_id": alert.rule, "severity": alert.severity,
                "message": alert.message, "timestamp": alert.raised.to_string(), "action_type": alert.action,
            })
        });
        let time = |time: Option<Timestamp>| time.map(|time| time.to_string());
        json!({
            "report_id": report_id(self.now),
            "generated_at": self.now.to_string(),
            "tenant_id": self.tenant,
            "period": { "start": time(self.period.0), "end": time(self.period.1) },
            "summary": { "entries_by_level": levels },
            "violations": violations.collect::<Vec<_>>(),
            "recommendations": self.compliance.recommendations(),
        })
        .to_string()
    }
}
