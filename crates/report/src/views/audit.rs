//! A whole audit: what was read and what was not, what was found, and the
//! proof of the book it is sealed in.
//!
//! It is put together from the run's own sealed records, never from what a
//! program remembers: the report of a run can be made again as long as the book
//! lasts, and says the same.

mod page;
mod run;
mod tables;

use sealbook_ledger::{KeyEntry, KeyRole, Report};
use sealbook_record::Finding;
use sealbook_store::{Head, Stored};
use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};

pub use page::AuditPage;
use run::{AnalysisRun, SourceRun};
pub use run::{AuditRun, SourceCoverage};

use super::verification::Verification;
use super::{Findings, book, words};
use crate::{Block, Column, Document, Text, Tone, View, json, sarif};

/// A person reads this many skipped paths of a source.
const SKIPPED_SHOWN: usize = 20;

/// An audit and the book it is in.
#[derive(Debug, Clone, Copy)]
pub struct AuditReport<'a> {
    /// The run.
    pub run: &'a AuditRun,
    /// The newest checkpoint of the book.
    pub head: &'a Head,
    /// The book's keys.
    pub keys: &'a [KeyEntry],
    /// What verification said, where it was asked for.
    pub verification: Option<&'a Report>,
}

/// The short form, for the end of a run: coverage and findings, without the proof.
#[derive(Debug, Clone, Copy)]
pub struct AuditSummary<'a> {
    /// The run.
    pub run: &'a AuditRun,
}

/// The book that an audit is in.
#[derive(Serialize)]
struct Book<'a> {
    origin: String,
    size: u64,
    root: String,
    checkpoint: &'a str,
    checkpoint_keys: Vec<String>,
    verification: Option<&'a Report>,
}

/// A line of an audit as JSON Lines, of any audit: `line` says what it holds, under the key of that name.
#[derive(Serialize)]
#[serde(tag = "line", rename_all = "lowercase")]
enum AuditLine<'a> {
    /// The run and the book; always the first.
    Audit { audit: Beginning<'a> },
    /// One for each source: what it read, and what not.
    Coverage { coverage: &'a run::SourceRun },
    /// One for each analyzer.
    Analysis { analysis: &'a run::AnalysisRun },
    /// One for each finding.
    Finding { finding: &'a Finding },
}

/// The run without what has lines of its own.
struct Beginning<'a> {
    run: &'a AuditRun,
    book: &'a Book<'a>,
}

impl Serialize for Beginning<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let run = self.run;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("run", &run.run.to_string())?;
        map.serialize_entry("target", &run.target)?;
        map.serialize_entry("actor", &run.actor)?;
        map.serialize_entry("began", &run.began)?;
        map.serialize_entry("ended", &run.ended)?;
        map.serialize_entry("duration_us", &run.duration_us)?;
        map.serialize_entry("complete", &run.complete)?;
        map.serialize_entry("unreadable", &run.unreadable)?;
        map.serialize_entry("book", self.book)?;
        map.end()
    }
}

impl AuditReport<'_> {
    fn book(&self) -> Book<'_> {
        let keys = self.keys.iter().filter(|entry| entry.role == KeyRole::Checkpoint && entry.until_seq.is_none());
        Book {
            origin: self.head.origin.to_string(),
            size: self.head.size,
            root: self.head.root.to_string(),
            checkpoint: &self.head.checkpoint,
            checkpoint_keys: keys.map(|entry| entry.key.fingerprint().to_string()).collect(),
            verification: self.verification,
        }
    }
}

impl View for AuditReport<'_> {
    fn document(&self) -> Document {
        let mut page = self.run.document();
        page.append(self.book_section(), 0);
        page
    }

    fn json(&self) -> String {
        #[derive(Serialize)]
        struct Whole<'a> {
            run: &'a AuditRun,
            book: Book<'a>,
        }
        json::text(&Whole { run: self.run, book: self.book() })
    }

    /// One line for the audit, then one for each source, analyzer and finding.
    fn json_lines(&self) -> Vec<String> {
        let book = self.book();
        let run = self.run;
        let head = AuditLine::Audit { audit: Beginning { run, book: &book } };
        let coverage = run.sources.iter().map(|source| AuditLine::Coverage { coverage: source });
        let analyses = run.analyses.iter().map(|analysis| AuditLine::Analysis { analysis });
        let findings = run.findings.iter().map(|finding| AuditLine::Finding { finding });
        std::iter::once(head).chain(coverage).chain(analyses).chain(findings).map(|line| json::text(&line)).collect()
    }

    fn sarif(&self) -> Option<String> {
        Some(self.run.sarif())
    }
}

impl AuditReport<'_> {
    /// The book that the audit is in, and its newest checkpoint.
    fn book_section(&self) -> Document {
        let mut page = Document::new();
        page.heading(2, "The book");
        let mut fields = book::head_fields(self.head);
        for entry in self.keys.iter().filter(|entry| entry.role == KeyRole::Checkpoint && entry.until_seq.is_none()) {
            fields.push(("checkpoint key".to_owned(), Text::name(entry.key.fingerprint().to_string())));
        }
        fields.push(("verified".to_owned(), self.verdict()));
        page.add(Block::Fields(fields));
        page.line("Checkpoint, to be kept somewhere else:");
        page.add(Block::Verbatim("text", self.head.checkpoint.clone()));
        page
    }

    pub(crate) fn verdict(&self) -> Text {
        match self.verification {
            Some(report) => Verification { report, projections: None }.verdict(),
            None => Text::toned("not verified in this run", Tone::Doubtful).and(": run `sealbook verify`"),
        }
    }
}

impl View for AuditSummary<'_> {
    fn document(&self) -> Document {
        self.run.document()
    }

    fn json(&self) -> String {
        json::text(self.run)
    }

    fn json_lines(&self) -> Vec<String> {
        self.run.findings.iter().map(json::text).collect()
    }

    fn sarif(&self) -> Option<String> {
        Some(self.run.sarif())
    }
}

impl AuditRun {
    fn sarif(&self) -> String {
        let findings: Vec<&Finding> = self.findings.iter().collect();
        sarif::log(Some(self.run.to_string()), &findings, sarif::Invocation::of_run(self))
    }

    fn document(&self) -> Document {
        let mut page = Document::new();
        page.heading(1, Text::plain("Audit of ").and_name(&self.target));
        page.add(Block::Fields(self.fields()));
        self.coverage(&mut page);
        page.heading(2, "Findings");
        page.append(Findings { findings: &self.findings }.document(), 1);
        page.append(tables::of(&self.findings), 1);
        page
    }

    fn fields(&self) -> Vec<(String, Text)> {
        let mut fields = vec![
            ("run".to_owned(), Text::name(self.run.to_string())),
            ("by".to_owned(), Text::name(&self.actor)),
            ("began".to_owned(), Text::plain(self.began.to_string())),
        ];
        match (self.ended, self.duration_us) {
            (Some(ended), Some(took)) => {
                fields.push(("ended".to_owned(), Text::plain(format!("{ended}, after {}", words::duration(took)))));
            }
            (Some(ended), None) => {
                fields.push(("ended".to_owned(), Text::plain(ended.to_string())));
            }
            (None, _) => {
                fields.push(("ended".to_owned(), Text::toned("it did not end", Tone::Bad)));
            }
        }
        let coverage = if self.complete {
            Text::toned("complete", Tone::Good)
        } else {
            Text::toned("INCOMPLETE", Tone::Bad).and(": not everything was read, see below")
        };
        fields.push(("coverage".to_owned(), coverage));
        fields.push(("findings".to_owned(), Findings { findings: &self.findings }.summary()));
        fields
    }

    fn coverage(&self, page: &mut Document) {
        page.heading(2, "What was read");
        let rows = self.sources.iter().map(Self::source_row);
        let columns = vec![
            Column::whole("Source"),
            Column::number("Records"),
            Column::number("Units read"),
            Column::number("Bytes"),
            Column::number("Ignored"),
            Column::number("Skipped"),
        ];
        page.add(Block::Table(columns, rows.collect()));
        let rows = self.analyses.iter().map(Self::analysis_row);
        let columns = vec![
            Column::whole("Analyzer"),
            Column::number("Records read"),
            Column::number("Rules"),
            Column::number("Findings"),
        ];
        page.add(Block::Table(columns, rows.collect()));
        self.not_read(page);
    }

    fn source_row(source: &SourceRun) -> Vec<Text> {
        let mut row = vec![Text::name(&source.source), Text::plain(words::grouped(source.records))];
        match &source.coverage {
            Some(coverage) => row.extend([
                Text::plain(words::grouped(coverage.covered)),
                Text::plain(words::bytes(coverage.bytes)),
                Text::plain(words::grouped(coverage.ignored)),
                skipped_count(coverage.skipped_total()),
            ]),
            None => {
                row.extend([Text::toned("failed", Tone::Bad), Text::default(), Text::default(), Text::default()]);
            }
        }
        row
    }

    fn analysis_row(analysis: &AnalysisRun) -> Vec<Text> {
        let findings = analysis
            .findings
            .map_or_else(|| Text::toned("failed", Tone::Bad), |findings| Text::plain(words::grouped(findings)));
        let rules = Text::plain(words::grouped(analysis.rules));
        vec![Text::name(&analysis.analyzer), Text::plain(words::grouped(analysis.records)), rules, findings]
    }

    fn not_read(&self, page: &mut Document) {
        let items = self.not_read_items();
        if !items.is_empty() {
            page.heading(3, "What was not, and what else to know");
            page.add(Block::List(items));
        }
    }

    /// What was not read, and why: the half of a report that "nothing found" depends on.
    fn not_read_items(&self) -> Vec<Text> {
        let mut items = Vec::new();
        for source in &self.sources {
            if let Some(error) = &source.error {
                let name = Text::name(&source.source);
                items.push(
                    name.and(": ").and_toned("failed", Tone::Bad).and(format!(": {} ({})", error.message, error.code)),
                );
            }
            let Some(coverage) = &source.coverage else {
                continue;
            };
            for (why, count) in &coverage.left_out {
                let said = match why.as_str() {
                    "gitignore" => "not tracked, and ignored by git",
                    "gitignore_without_index" => "ignored by git, and no index says whether it is tracked",
                    // The book lies in nearly every tree.
                    _ => continue,
                };
                items.push(Text::name(&source.source).and(format!(": {} left out: {said}", words::grouped(*count))));
            }
            for (why, count) in &coverage.skipped_by_reason {
                items.push(Text::name(&source.source).and(format!(": {} skipped: {why}", words::grouped(*count))));
            }
            for skipped in coverage.skipped.iter().take(SKIPPED_SHOWN) {
                let detail = skipped.detail.as_deref().map_or_else(String::new, |detail| format!(" ({detail})"));
                items.push(Text::name(&skipped.path).and(format!(": {}{detail}", skipped.why)));
            }
            let hidden = coverage.skipped_total().saturating_sub(coverage.skipped.len().min(SKIPPED_SHOWN) as u64);
            if hidden > 0 && !coverage.skipped.is_empty() {
                items.push(Text::plain(format!("… and {} more", words::grouped(hidden))));
            }
            items.extend(coverage.notes.iter().map(|note| Text::name(&source.source).and(": ").and(note)));
        }
        for analysis in &self.analyses {
            if let Some(error) = &analysis.error {
                let name = Text::name(&analysis.analyzer);
                items.push(
                    name.and(": ").and_toned("failed", Tone::Bad).and(format!(": {} ({})", error.message, error.code)),
                );
            }
        }
        if !self.unreadable.is_empty() {
            let seqs: Vec<(u64, u64)> = self.unreadable.iter().map(|seq| (*seq, *seq)).collect();
            let what = "records of this run cannot be read (erased, altered, or of another version): ";
            items.push(Text::toned(what, Tone::Bad).and(words::ranges(&seqs)));
        }
        items
    }
}

fn skipped_count(count: u64) -> Text {
    if count == 0 { Text::plain("0") } else { Text::toned(words::grouped(count), Tone::Bad) }
}

/// The findings of stored records, for a report of findings alone; records without any are passed over.
pub fn findings_of(records: &[Stored]) -> Vec<Finding> {
    records
        .iter()
        .filter_map(|stored| stored.record.as_ref())
        .filter_map(|record| record.findings().ok())
        .flatten()
        .collect()
}
