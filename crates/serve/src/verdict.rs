//! Verifying books: the present ledger, the ones that it goes on from, and the links between them.

use sealbook_inspect::Progress;
use sealbook_ledger::{Checkpoint, Fault, KeyRole, Origin, PublicKey, Report, Trust};
use sealbook_report::{Block, Document, Text, Tone, Verification, View};
use sealbook_store::{Error as StoreError, KeyDir, Ledger, ProjectionFault, VerifyOptions};

use crate::Error;
use crate::earlier::{continues, earlier};

/// What verification found of a book.
#[derive(Debug)]
pub struct Verdict {
    /// Of the present ledger.
    pub report: Report,
    /// Of the ledgers that it goes on from, newest first.
    pub earlier: Vec<Report>,
    /// A ledger that it goes on from and that is not beside it.
    pub missing: Option<String>,
    /// What differs between the index and a rebuild, where that was compared.
    pub projections: Option<Vec<ProjectionFault>>,
}

impl Verdict {
    /// Whether every ledger is intact, and the index where that was compared.
    pub fn is_intact(&self) -> bool {
        let whole = self.report.valid && self.earlier.iter().all(|report| report.valid);
        whole && self.projections.as_ref().is_none_or(Vec::is_empty)
    }
}

/// What is checked, and what is known beforehand.
#[derive(Debug, Default)]
pub struct Checks {
    /// Leave out the signatures of records.
    pub chain_only: bool,
    /// Compare the index with a rebuild.
    pub projections: bool,
    /// The ledger that should lie here, where that is known from elsewhere.
    pub expected: Option<Origin>,
    /// Keys that are known from elsewhere.
    pub keys: Vec<PublicKey>,
    /// Only these records of the present ledger, both included.
    pub records: Option<(u64, u64)>,
}

/// Verifies the present ledger alone, with what is known of its place.
pub fn verdict_of_ledger(ledger: &Ledger, checks: &Checks, progress: &dyn Progress) -> Result<Report, Error> {
    let mut trust = trust(ledger, &checks.keys);
    // A restored book's new ledger is vouched for by its link, which is looked at apart.
    trust.origin = match checks.expected.clone() {
        Some(origin) if earlier(ledger)?.iter().any(|ledger| *ledger.origin() == origin) => None,
        expected => expected,
    };
    verify(ledger, trust, checks, progress)
}

/// Verifies the book: every ledger of it, every link, and the head that is kept outside. Where only some
/// records are asked for, the ledgers before are left alone.
pub fn verdict_of_book(present: &Ledger, checks: &Checks, progress: &dyn Progress) -> Result<Verdict, Error> {
    let mut report = verdict_of_ledger(present, checks, progress)?;
    if let Some(fault) = kept_head_fault(present) {
        report.add(fault);
    }
    if checks.records.is_some() {
        return Ok(Verdict { report, earlier: Vec::new(), missing: None, projections: None });
    }
    let ledgers = earlier(present)?;
    let mut earlier = Vec::new();
    let mut link = continues(present).unwrap_or_default();
    for ledger in &ledgers {
        let mut report = verify(ledger, trust(ledger, &checks.keys), checks, progress)?;
        if let Some(fault) = link.take().and_then(|link| link_fault(&link, ledger)) {
            report.add(fault);
        }
        earlier.push(report);
        link = continues(ledger).unwrap_or_default();
    }
    let projections = if checks.projections { Some(present.verify_projections()?) } else { None };
    Ok(Verdict { report, earlier, missing: link.map(|link| link.origin.to_string()), projections })
}

fn verify(ledger: &Ledger, trust: Trust, checks: &Checks, progress: &dyn Progress) -> Result<Report, Error> {
    let size = ledger.head().map(|head| head.size).ok();
    progress.begin("verifying", size.filter(|_| checks.records.is_none()));
    let options = VerifyOptions { signatures: !checks.chain_only, trust, records: checks.records };
    let report = ledger.verify(&options, &|done| progress.advance(done));
    progress.end();
    Ok(report?)
}

/// The checkpoint keys that are known from elsewhere: given ones, and those whose private half is at hand.
pub fn trust(ledger: &Ledger, given: &[PublicKey]) -> Trust {
    let mut keys = given.to_vec();
    if keys.is_empty() {
        let dir = KeyDir::new(&ledger.layout().keys);
        // A ledger whose keys cannot be read is not trusted for them; verification says why.
        for entry in ledger.keys().unwrap_or_default() {
            let own = dir.load(KeyRole::Checkpoint, &entry.key.fingerprint());
            if entry.role == KeyRole::Checkpoint && matches!(own, Ok(Some(_)) | Err(StoreError::KeyModeLoose { .. })) {
                keys.push(entry.key);
            }
        }
    }
    Trust { origin: None, keys }
}

/// Compares the book with the head that is kept outside it, as a writer does when it opens it.
fn kept_head_fault(ledger: &Ledger) -> Option<Fault> {
    match ledger.compare_with_kept() {
        Err(StoreError::BookRolledBack { found, kept, .. }) => Some(Fault::Truncated { size: kept, have: found }),
        Err(StoreError::BookForked { size, .. }) => Some(Fault::CheckpointMismatch { size }),
        // Whatever else keeps a writer from opening it, verification has said already.
        _ => None,
    }
}

/// What speaks against an earlier ledger being the one that the link names.
fn link_fault(link: &sealbook_ledger::Continues, ledger: &Ledger) -> Option<Fault> {
    let size = link.size;
    let head = ledger.head().ok()?;
    let Checkpoint { origin, root, .. } = Checkpoint::of_note(&link.checkpoint).ok()?;
    if head.size < size {
        return Some(Fault::Truncated { size, have: head.size });
    }
    let fits = origin == link.origin && root == link.root && ledger.reader().ok()?.root_at(size).ok()? == root;
    (!fits).then_some(Fault::CheckpointMismatch { size })
}

impl View for Verdict {
    fn document(&self) -> Document {
        let mut page = Verification { report: &self.report, projections: self.projections.as_deref() }.document();
        for report in &self.earlier {
            page.heading(2, "The ledger before it");
            let mut earlier = Verification { report, projections: None }.document();
            earlier.blocks.retain(|block| !matches!(block, Block::Heading(1, _)));
            page.append(earlier, 1);
        }
        if let Some(origin) = &self.missing {
            let what = "It goes on from a ledger that is not beside it, and was not verified: ";
            page.line(Text::toned(what, Tone::Doubtful).and_name(origin));
        }
        page
    }

    fn json(&self) -> String {
        let mut json = Verification { report: &self.report, projections: self.projections.as_deref() }.json();
        if self.earlier.is_empty() && self.missing.is_none() {
            return json;
        }
        json.pop();
        let earlier: Vec<String> =
            self.earlier.iter().map(|report| Verification { report, projections: None }.json()).collect();
        let missing = serde_json::to_string(&self.missing).expect("a text is JSON");
        format!("{json},\"earlier\":[{}],\"missing\":{missing}}}", earlier.join(","))
    }
}
