//! What verification found.

use sealbook_ledger::Report;
use sealbook_store::ProjectionFault;
use serde::Serialize;

use super::words;
use crate::{Block, Column, Document, Text, Tone, View, json};

/// A person reads this many faults; JSON has all that the report lists.
const FAULTS_SHOWN: usize = 100;

/// The verdict over a book, a part of it, or a bundle.
#[derive(Debug, Clone, Copy)]
pub struct Verification<'a> {
    /// What was verified, and what is wrong with it.
    pub report: &'a Report,
    /// What differs between the index and a rebuild, where that was compared.
    pub projections: Option<&'a [ProjectionFault]>,
}

impl Verification<'_> {
    fn is_valid(&self) -> bool {
        self.report.valid && self.projections.is_none_or(<[_]>::is_empty)
    }

    /// One line: intact or not.
    pub(super) fn verdict(&self) -> Text {
        let faults = words::count(self.report.fault_count, "fault", "faults");
        match (self.report.valid, self.is_valid()) {
            (true, true) => Text::toned("intact", Tone::Good),
            (true, false) => {
                Text::toned("the ledger is intact, its index is not", Tone::Bad).and(": run `sealbook reindex`")
            }
            (false, _) => Text::toned(format!("NOT intact: {faults}"), Tone::Bad),
        }
    }

    fn fields(&self) -> Vec<(String, Text)> {
        let report = self.report;
        let verified =
            format!("{} of {}", words::grouped(report.verified_entries), words::grouped(report.total_entries));
        // Of the whole there is nothing to say: it is all there.
        let looked_at = report.looked_at.as_deref().map_or_else(Text::default, |stretches| {
            Text::plain(words::ranges(stretches)).and(", whole tiles; the rest was taken from its tiles")
        });
        let fields = vec![
            ("verdict".to_owned(), self.verdict()),
            ("origin".to_owned(), Text::name(report.origin.to_string())),
            ("records".to_owned(), Text::plain(words::grouped(report.size))),
            ("root".to_owned(), Text::name(report.root.to_string())),
            ("verified".to_owned(), Text::plain(verified)),
            ("looked at".to_owned(), looked_at),
            ("signatures".to_owned(), Text::plain(words::grouped(report.signatures))),
            ("checkpoints".to_owned(), Text::plain(words::grouped(report.checkpoints))),
            ("erased parts".to_owned(), Text::plain(words::grouped(report.erased_parts))),
        ];
        fields.into_iter().filter(|(_, text)| !text.is_empty()).collect()
    }

    fn faults(&self, page: &mut Document) {
        let report = self.report;
        if report.faults.is_empty() {
            return;
        }
        page.heading(2, "Faults");
        let rows = report
            .faults
            .iter()
            .take(FAULTS_SHOWN)
            .map(|fault| vec![Text::toned(fault.code(), Tone::Bad), Text::plain(fault.to_string())]);
        page.add(Block::Table(vec![Column::whole("Code"), Column::text("What and where")], rows.collect()));
        let hidden = report.fault_count.saturating_sub(report.faults.len().min(FAULTS_SHOWN) as u64);
        if hidden > 0 {
            let listed = words::grouped(report.faults.len() as u64);
            page.line(format!("… and {} more; --format json lists {listed}.", words::grouped(hidden)));
        }
    }
}

impl View for Verification<'_> {
    fn document(&self) -> Document {
        let mut page = Document::new();
        page.heading(1, "Verification");
        page.add(Block::Fields(self.fields()));
        self.faults(&mut page);
        if let Some(faults) = self.projections.filter(|faults| !faults.is_empty()) {
            page.heading(2, "Index");
            let rows = faults.iter().map(|fault| {
                let seqs: Vec<(u64, u64)> = fault.seqs.iter().map(|seq| (*seq, *seq)).collect();
                vec![Text::plain(fault.table), Text::name(&fault.place), Text::plain(words::ranges(&seqs))]
            });
            let columns = vec![Column::whole("Table"), Column::text("Row"), Column::text("Records")];
            page.add(Block::Table(columns, rows.collect()));
        }
        if !self.report.findings.is_empty() {
            page.heading(2, "To be known");
            let items = self.report.findings.iter();
            page.add(Block::List(items.map(|finding| Text::plain(finding.to_string())).collect()));
        }
        page
    }

    /// The ledger's report, with the names of the audit logger it replaces: `valid`, `errors`,
    /// `verified_entries`, `total_entries`.
    fn json(&self) -> String {
        #[derive(Serialize)]
        struct Whole<'a> {
            errors: Vec<String>,
            #[serde(flatten)]
            report: &'a Report,
            #[serde(skip_serializing_if = "Option::is_none")]
            projections: Option<Vec<Projection<'a>>>,
        }
        #[derive(Serialize)]
        struct Projection<'a> {
            table: &'a str,
            place: &'a str,
            seqs: &'a [u64],
        }
        let projections = self.projections.map(|faults| {
            let faults = faults.iter();
            faults.map(|fault| Projection { table: fault.table, place: &fault.place, seqs: &fault.seqs }).collect()
        });
        let errors = self.report.faults.iter().map(ToString::to_string).collect();
        json::text(&Whole { errors, report: self.report, projections })
    }
}
