//! What analyzers saw, weightiest first.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use sealbook_record::{Finding, Location, Severity, Violation};

use super::words;
use crate::{Block, Column, Document, Text, Tone, View, json, sarif};

/// A person reads this many, the weightiest; JSON has all.
const FINDINGS_SHOWN: usize = 200;

/// Findings of one run, or of a query.
#[derive(Debug, Clone, Copy)]
pub struct Findings<'a> {
    /// The findings, in any order.
    pub findings: &'a [Finding],
}

impl Findings<'_> {
    /// Weightiest first, then by rule and place.
    pub(crate) fn sorted(&self) -> Vec<&Finding> {
        let mut findings: Vec<&Finding> = self.findings.iter().collect();
        let path = |finding: &Finding| finding.location.as_ref().map(|location| location.path.clone());
        findings.sort_by(|a, b| {
            (b.severity, &a.rule, path(a), &a.message).cmp(&(a.severity, &b.rule, path(b), &b.message))
        });
        findings
    }

    /// How many of each severity, weightiest first, those that occur.
    pub(super) fn tally(&self) -> Vec<(Severity, u64)> {
        let count = |severity| self.findings.iter().filter(|finding| finding.severity == severity).count() as u64;
        Severity::ALL
            .iter()
            .rev()
            .map(|severity| (*severity, count(*severity)))
            .filter(|(_, count)| *count > 0)
            .collect()
    }

    /// `1 error, 12 info`, or that there are none.
    pub(crate) fn summary(&self) -> Text {
        let mut text = Text::default();
        for (severity, count) in self.tally() {
            if !text.is_empty() {
                text = text.and(", ");
            }
            let tone = words::severity(severity).pieces.first().map_or(Tone::Plain, |piece| piece.tone);
            text = text.and_toned(format!("{} {severity}", words::grouped(count)), tone);
        }
        if text.is_empty() { Text::plain("none") } else { text }
    }
}

impl View for Findings<'_> {
    fn document(&self) -> Document {
        let mut page = Document::new();
        if self.findings.is_empty() {
            page.line("No findings.");
            return page;
        }
        let sorted = self.sorted();
        let rows = sorted.iter().take(FINDINGS_SHOWN).map(|finding| {
            vec![
                words::severity(finding.severity),
                Text::name(&finding.rule),
                place(finding.location.as_ref()),
                Text::plain(&finding.message),
                Text::plain(words::ranges(&finding.evidence)),
            ]
        });
        let columns = vec![
            Column::whole("Severity"),
            Column::whole("Rule"),
            Column::text("Where"),
            Column::text("Finding"),
            Column::text("Records"),
        ];
        page.add(Block::Table(columns, rows.collect()));
        let hidden = sorted.len().saturating_sub(FINDINGS_SHOWN) as u64;
        if hidden > 0 {
            page.line(format!("… and {} of less weight; --format json lists all.", words::grouped(hidden)));
        }
        let advice = advice(&sorted);
        if !advice.is_empty() {
            page.heading(2, "What to do").add(Block::List(advice));
        }
        page
    }

    fn json(&self) -> String {
        #[derive(serde::Serialize)]
        struct All<'a> {
            findings: Vec<&'a Finding>,
        }
        json::text(&All { findings: self.sorted() })
    }

    fn json_lines(&self) -> Vec<String> {
        self.sorted().iter().map(json::text).collect()
    }

    fn sarif(&self) -> Option<String> {
        Some(sarif::log(None, &self.sorted(), sarif::Invocation::of_query(Vec::new())))
    }
}

/// What to do. The same advice often goes with many findings of a rule: it is given once.
pub(super) fn advice(findings: &[&Finding]) -> Vec<Text> {
    let mut given = BTreeSet::new();
    findings
        .iter()
        .filter_map(|finding| Some((&finding.rule, finding.recommendation.as_ref()?)))
        .filter(|advice| given.insert(*advice))
        .map(|(rule, advice)| Text::name(rule).and(": ").and(advice))
        .collect()
}

/// Breaches of named rules, as a section of a page; nothing where there are none.
pub(super) fn violations(violations: &[Violation], page: &mut Document) {
    if violations.is_empty() {
        return;
    }
    page.heading(2, "Violations");
    let rows = violations.iter().map(|violation| {
        vec![
            words::severity(violation.severity),
            Text::name(&violation.rule),
            place(violation.location.as_ref()),
            Text::plain(&violation.message),
        ]
    });
    let columns =
        vec![Column::whole("Severity"), Column::whole("Rule"), Column::text("Where"), Column::text("Violation")];
    page.add(Block::Table(columns, rows.collect()));
}

/// `path:line:column`, as far as it is known.
pub(super) fn place(location: Option<&Location>) -> Text {
    let Some(location) = location else {
        return Text::default();
    };
    let mut text = location.path.clone();
    for number in [location.line, location.column].into_iter().map_while(|number| number) {
        let _ = write!(text, ":{number}");
    }
    Text::name(text)
}
