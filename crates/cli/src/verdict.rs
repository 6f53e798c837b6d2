//! Verifying books: the present ledger, the ones that it goes on from, and the links between them.

use sealbook_inspect::Progress;
use sealbook_ledger::{Checkpoint, Fault, KeyRole, Origin, PublicKey, Report, Trust};
use sealbook_report::{Block, Document, Text, Tone, Verification, View};
use sealbook_store::{Error, KeyDir, Ledger, ProjectionFault, VerifyOptions};

use crate::exit::Exit;
use crate::failure::Failure;
use crate::place::Place;
use crate::progress::Bars;
use crate::session::Session;

/// What verification found of a book.
pub(crate) struct Verdict {
    /// Of the present ledger.
    pub(crate) report: Report,
    /// Of the ledgers that it goes on from, newest first.
    pub(crate) earlier: Vec<Report>,
    /// A ledger that it goes on from and that is not beside it.
    pub(crate) missing: Option<String>,
    /// What differs between the index and a rebuild, where that was compared.
    pub(crate) projections: Option<Vec<ProjectionFault>>,
}

impl Verdict {
    /// Clean, or broken.
    pub(crate) fn exit(&self) -> Exit {
        let whole = self.report.valid && self.earlier.iter().all(|report| report.valid);
        let indexed = self.projections.as_ref().is_none_or(Vec::is_empty);
        if whole && indexed { Exit::Clean } else { Exit::Broken }
    }
}

/// What is checked, and what is known beforehand.
#[derive(Default)]
pub(crate) struct Checks {
    /// Leave out the signatures of records.
    pub(crate) chain_only: bool,
    /// Compare the index with a rebuild.
    pub(crate) projections: bool,
    /// Keys that are known from elsewhere.
    pub(crate) keys: Vec<PublicKey>,
    /// Only these records of the present ledger, both included.
    pub(crate) records: Option<(u64, u64)>,
}

/// Verifies the present ledger alone, with what its place says of it.
pub(crate) fn of_ledger(session: &Session, checks: &Checks, bars: &Bars) -> Result<Report, Failure> {
    let mut trust = trust(&session.ledger, &session.place, &checks.keys);
    let expected = session.place.expected().and_then(|(_, origin)| origin.parse::<Origin>().ok());
    // A restored book's new ledger is vouched for by its link, which is looked at apart.
    trust.origin = match expected {
        Some(origin) if session.earlier()?.iter().any(|ledger| *ledger.origin() == origin) => None,
        expected => expected,
    };
    verify(&session.ledger, trust, checks, bars)
}

/// Verifies the book: every ledger of it, every link, and the head that is kept outside. Where only some
/// records are asked for, the ledgers before are left alone.
pub(crate) fn of_book(session: &Session, checks: &Checks, bars: &Bars) -> Result<Verdict, Failure> {
    let mut report = of_ledger(session, checks, bars)?;
    if let Some(fault) = kept_head_fault(&session.ledger) {
        report.add(fault);
    }
    if checks.records.is_some() {
        return Ok(Verdict { report, earlier: Vec::new(), missing: None, projections: None });
    }
    let ledgers = session.earlier()?;
    let mut earlier = Vec::new();
    let mut link = session.ledger.continues().unwrap_or_default();
    for ledger in &ledgers {
        let mut report = verify(ledger, trust(ledger, &session.place, &checks.keys), checks, bars)?;
        if let Some(fault) = link.take().and_then(|link| link_fault(&link, ledger)) {
            report.add(fault);
        }
        earlier.push(report);
        link = ledger.continues().unwrap_or_default();
    }
    let projections = if checks.projections { Some(session.ledger.verify_projections()?) } else { None };
    Ok(Verdict { report, earlier, missing: link.map(|link| link.origin.to_string()), projections })
}

fn verify(ledger: &Ledger, trust: Trust, checks: &Checks, bars: &Bars) -> Result<Report, Failure> {
    let size = ledger.head().map(|head| head.size).ok();
    bars.begin("verifying", size.filter(|_| checks.records.is_none()));
    let options = VerifyOptions { signatures: !checks.chain_only, trust, records: checks.records };
    let report = ledger.verify(&options, &|done| bars.advance(done));
    bars.end();
    Ok(report?)
}

/// The checkpoint keys that are known from elsewhere: given ones, and those whose private half is at hand.
pub(crate) fn trust(ledger: &Ledger, place: &Place, given: &[PublicKey]) -> Trust {
    let mut keys = given.to_vec();
    if keys.is_empty() {
        let dir = KeyDir::new(&place.layout.keys);
        // A ledger whose keys cannot be read is not trusted for them; verification says why.
        for entry in ledger.keys().unwrap_or_default() {
            let own = dir.load(KeyRole::Checkpoint, &entry.key.fingerprint());
            if entry.role == KeyRole::Checkpoint && matches!(own, Ok(Some(_)) | Err(Error::KeyModeLoose { .. })) {
                keys.push(entry.key);
            }
        }
    }
    Trust { origin: None, keys }
}

/// Compares the book with the head that is kept outside it, as a writer does when it opens it.
fn kept_head_fault(ledger: &Ledger) -> Option<Fault> {
    match ledger.compare_with_kept() {
        Err(Error::BookRolledBack { found, kept, .. }) => Some(Fault::Truncated { size: kept, have: found }),
        Err(Error::BookForked { size, .. }) => Some(Fault::CheckpointMismatch { size }),
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
