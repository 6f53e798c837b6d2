//! Audits that are done, as one answer.

use sealbook_ledger::{KeyEntry, Report};
use sealbook_report::{AuditReport, AuditRun, Block, Document, Observed, View};
use sealbook_store::{Head, Stored};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::command::Context;
use crate::exit::Exit;
use crate::failure::Failure;

/// An audit, with what it saw, and how it ends.
pub(crate) struct Told {
    pub(crate) run: AuditRun,
    pub(crate) head: Head,
    pub(crate) keys: Vec<KeyEntry>,
    pub(crate) verification: Option<Report>,
    pub(crate) shown: Vec<Stored>,
    pub(crate) exit: Exit,
}

/// Shows audits as one document, and gives the worst of their exits.
pub(crate) fn show(audits: &[Told], context: &Context) -> Result<Exit, Failure> {
    match audits {
        [one] => context.out.show(one)?,
        several => context.out.show(&Several(several))?,
    }
    Ok(audits.iter().fold(Exit::Clean, |worst, it| worst.or_worse(it.exit)))
}

impl Told {
    fn report(&self) -> AuditReport<'_> {
        AuditReport { run: &self.run, head: &self.head, keys: &self.keys, verification: self.verification.as_ref() }
    }

    fn observed(&self) -> Option<Observed<'_>> {
        (!self.shown.is_empty()).then_some(Observed { rows: &self.shown })
    }
}

impl View for Told {
    /// What it saw stands before what is said of the book.
    fn document(&self) -> Document {
        let mut page = self.report().document();
        let Some(observed) = self.observed() else { return page };
        let is_section = |block: &Block| matches!(block, Block::Heading(2, _));
        let book = page.blocks.iter().rposition(is_section).unwrap_or(page.blocks.len());
        let proof = page.blocks.split_off(book);
        page.append(observed.document(), 0);
        page.blocks.extend(proof);
        page
    }

    fn json(&self) -> String {
        let report = self.report().json();
        match self.observed() {
            Some(observed) => format!("{{\"audit\":{report},\"observed\":{}}}", observed.json()),
            None => report,
        }
    }

    /// Lines of the audit, as of any, and then one for each record that is shown.
    fn json_lines(&self) -> Vec<String> {
        let mut lines = self.report().json_lines();
        let records = self.observed().map(|observed| observed.json_lines()).unwrap_or_default();
        lines.extend(records.into_iter().map(|record| format!("{{\"line\":\"record\",\"record\":{record}}}")));
        lines
    }

    fn bom(&self) -> Option<String> {
        self.observed()?.bom()
    }

    fn sarif(&self) -> Option<String> {
        self.report().sarif()
    }
}

/// Several audits that one command made.
struct Several<'a>(&'a [Told]);

/// A SARIF log, of which the runs alone are looked at.
#[derive(Serialize, Deserialize)]
struct Log {
    #[serde(rename = "$schema")]
    schema: String,
    version: String,
    runs: Vec<Box<RawValue>>,
}

impl View for Several<'_> {
    fn document(&self) -> Document {
        let mut page = Document::new();
        for audit in self.0 {
            page.append(audit.document(), 0);
        }
        page
    }

    fn json(&self) -> String {
        let audits: Vec<String> = self.0.iter().map(View::json).collect();
        format!("{{\"audits\":[{}]}}", audits.join(","))
    }

    fn json_lines(&self) -> Vec<String> {
        self.0.iter().flat_map(View::json_lines).collect()
    }

    /// One log, with the runs of all of them.
    fn sarif(&self) -> Option<String> {
        let logs = self.0.iter().map(|audit| serde_json::from_str::<Log>(&audit.sarif()?).ok());
        let logs: Vec<Log> = logs.collect::<Option<_>>()?;
        let mut logs = logs.into_iter();
        let mut first = logs.next()?;
        first.runs.extend(logs.flat_map(|log| log.runs));
        serde_json::to_string(&first).ok()
    }
}
