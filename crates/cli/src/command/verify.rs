//! `sealbook verify`: checks everything, or one thing.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};

use sealbook_inspect::Progress;
use sealbook_ledger::{
    Entry, EntryPart, Fault, Leaf, PART_STATEMENT, PublicKey, Report, Trust, verify_bundle, verify_bundle_each,
};
use sealbook_record::{CertificateCheck, LawfulCheck, Record, Timestamp};
use sealbook_report::{Document, Gaps, Verification, View, bundle_in};
use sealbook_serve::{Checks, Verdict, trust, verdict_of_book};
use sealbook_store::{Ledger, Selection};

use super::{Context, show};
use crate::against::{self, Kept};
use crate::alone;
use crate::args::Acting;
use crate::complete::Lacking;
use crate::daily;
use crate::equivocation;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::input::Input;
use crate::progress::Bars;
use crate::range;
use crate::session::Session;
use crate::when;
use crate::who;

/// Verify a book, a record, or a bundle
///
/// Without options: every leaf, the chain, every part's commitment, every signature, the tree and
/// all checkpoints, and the newest head that is kept outside the book; in a restored book also the
/// ledgers before it and the links between them. Every fault is listed, with its place. Nothing is
/// changed.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  sealbook verify
  sealbook verify --chain --signatures
  sealbook verify --record 9f3c61aa
  sealbook verify --against 42.receipt             does the book still hold it?
  sealbook verify --against 42.receipt --key shop.vkey    the receipt alone, where no book is
  sealbook verify --bundle book.sealbundle --key shop.vkey
  sealbook verify --bundle audit.html --key shop.vkey       what a page of a report carries
  sealbook verify --equivocation evidence --key shop.vkey      did its keeper sign two histories?
  sealbook verify --range 1000..1999
  sealbook verify --projections --complete
  sealbook verify --daily Logs/
  sealbook verify --complete --silence 24h         was anything recorded every day?

With --format json: {\"valid\", \"errors\", \"verified_entries\", \"total_entries\", \"faults\", …}.
Ends with 0 (intact), 2 or 4 (not intact); --complete adds 1 (something to look at) and 3.")]
#[expect(clippy::struct_excessive_bools, reason = "each is an option of its own")]
pub(crate) struct Args {
    /// Hashes, chain and tree; without --signatures, no signatures of records
    #[arg(long)]
    chain: bool,
    /// The signatures of records too
    #[arg(long)]
    signatures: bool,
    /// One record alone: its place in the tree, its parts, its signatures
    #[arg(long, value_name = "RECORD", conflicts_with_all = ["chain", "bundle", "against", "projections", "complete"])]
    record: Option<String>,
    /// Only these records, both included: FROM and TO are numbers, ids or hashes, either may be left out
    ///
    /// The chain, parts, signatures and tiles of these records, the record before them that the first
    /// one must name, the rest of the tiles they are in (256 records each), every change of keys, and
    /// all checkpoints. The answer says what was looked at; of the rest, the tiles are believed.
    #[arg(long, value_name = "FROM..TO", allow_hyphen_values = true, conflicts_with_all = ["record", "bundle", "projections", "complete"])]
    range: Option<String>,
    /// A bundle from elsewhere, or a page of a report that carries one; no book is needed
    #[arg(long, value_name = "FILE", conflicts_with_all = ["chain", "against", "projections", "complete"])]
    bundle: Option<PathBuf>,
    /// Compare the book with a receipt or a checkpoint that was kept elsewhere
    ///
    /// Where no book is at hand, --key is enough to check what was kept by itself: whose signature it bears, and
    /// for a receipt that its record stands in the ledger that was signed. What that leaves open is said.
    #[arg(long, value_name = "FILE")]
    against: Option<PathBuf>,
    /// Where the book contradicts --against, write the proof of it to this file
    #[arg(long, value_name = "FILE", requires = "against")]
    evidence: Option<PathBuf>,
    /// Check such a proof: that the holder of --key signed two histories; no book is needed
    #[arg(long, value_name = "FILE", requires = "keys", conflicts_with_all = ["chain", "signatures", "record", "range", "bundle", "against", "projections", "complete"])]
    equivocation: Option<PathBuf>,
    /// Check daily files that `export --daily` wrote: with each other, and with the book where it is at hand
    #[arg(long, value_name = "DIR", conflicts_with_all = ["chain", "signatures", "record", "range", "bundle", "against", "equivocation", "projections", "complete"])]
    daily: Option<PathBuf>,
    /// Compare the index with what it would be if it were made anew
    #[arg(long)]
    projections: bool,
    /// Say too what is missing: intents without an outcome and the reverse, clocks that went back,
    /// records without an actor, audits that did not read everything
    #[arg(long)]
    complete: bool,
    /// With --complete, also times longer than this without any record, or without one of an actor
    /// who has announced something and not ended it: `24h`, `7 days`
    #[arg(long, value_name = "LENGTH", requires = "complete")]
    silence: Option<String>,
    /// A public key that is trusted, from `sealbook key public` or in a file; may be given several times
    #[arg(long = "key", value_name = "VKEY|FILE")]
    keys: Vec<String>,
}

impl Args {
    /// Whether the book is only to be compared with what was kept.
    fn asks_nothing_else(&self) -> bool {
        let flags = [self.chain, self.signatures, self.projections, self.complete];
        !flags.contains(&true) && self.record.is_none() && self.range.is_none() && self.evidence.is_none()
    }
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let trusted = read_keys(&args.keys)?;
    let silence_us = when::read_length("--silence", args.silence.as_deref())?;
    if let Some(path) = &args.bundle {
        return of_bundle(path, trusted, context);
    }
    if let Some(path) = &args.equivocation {
        return equivocation::check(path, &trusted, context);
    }
    if let Some(dir) = &args.daily {
        return daily::verify(dir, context);
    }
    let place = context.place()?;
    if let Some(path) = args.against.as_ref().filter(|_| args.asks_nothing_else() && !trusted.is_empty())
        && !place.exists()
    {
        return alone::check(path, &trusted, context);
    }
    let actor = who::acting(&Acting::default(), &place)?;
    let session = Session::open_unchecked(place, actor)?;
    let keys: Vec<PublicKey> = trusted.into_iter().map(|(_, key)| key).collect();
    if let Some(what) = &args.record {
        return of_record(what, &keys, &session, context);
    }
    let bars = Bars::new(context.is_watched());
    let records = args.range.as_deref().map(|range| range::read(range, &session.ledger)).transpose()?;
    let checks = Checks {
        chain_only: args.chain && !args.signatures,
        projections: args.projections,
        keys,
        records,
        ..session.checks()
    };
    let mut verdict = verdict_of_book(&session.ledger, &checks, &bars)?;
    if args.against.is_none() && !session.ledger.has_kept_head()? {
        context.note(
            "no head of this book is kept here, or it cannot be read: a tail that was cut off would not be noticed; \
             compare with a checkpoint that was kept elsewhere by --against",
        );
    }
    if let Some(path) = &args.against {
        for fault in compare(path, args.evidence.as_deref(), &checks.keys, &session, context)? {
            verdict.report.add(fault);
        }
    }
    if !args.complete {
        context.out.show(&verdict)?;
        return Ok(exit(&verdict));
    }
    bars.begin("records", None);
    let lacking = Lacking::of(&session.ledger, verdict.missing.clone(), silence_us)?;
    bars.end();
    context.out.show(&Both { verdict: &verdict, gaps: lacking.gaps() })?;
    Ok(exit(&verdict).or_worse(lacking.exit()))
}

fn exit(verdict: &Verdict) -> Exit {
    if verdict.is_intact() { Exit::Clean } else { Exit::Broken }
}

/// No page that carries a bundle is larger.
const PAGE_BYTES_MAX: u64 = 64 << 20;

/// A bundle needs nothing but itself and a key; a page of a report carries one.
fn of_bundle(
    path: &Path,
    trusted: Vec<(sealbook_ledger::Origin, PublicKey)>,
    context: &Context,
) -> Result<Exit, Failure> {
    let mut trust = Trust { origin: trusted.first().map(|(origin, _)| origin.clone()), keys: Vec::new() };
    trust.keys.extend(trusted.into_iter().map(|(_, key)| key));
    let input = Input::open(path)?;
    let name = input.name.clone();
    let (mut certificates, mut runs) = (CertificateCheck::default(), LawfulCheck::default());
    let mut take = |entry: &Entry<'_>| {
        if let Some(record) = record_of(entry) {
            runs.push(entry.seq, &record);
            certificates.push(entry.seq, record);
        }
    };
    let mut reader = BufReader::new(input.into_reader());
    let failed = |cause| Failure::Input { name: name.clone(), cause };
    // A page that carries a bundle is read whole; bundles begin with a brace, and may be larger than memory.
    let is_page = reader.fill_buf().map_err(failed)?.starts_with(b"<");
    let report = if is_page {
        let mut page = Vec::new();
        reader.take(PAGE_BYTES_MAX).read_to_end(&mut page).map_err(failed)?;
        verify_bundle_each(&*bundle_in(&page).unwrap_or_default(), &trust, &mut take)
    } else {
        verify_bundle_each(reader, &trust, &mut take)
    };
    let report = report.map_err(|cause| Failure::from(cause).at(&*name))?;
    let exit = present(&report, context)?;
    let count = certificates.certificates();
    let unfounded = certificates.finish();
    for doubt in &unfounded {
        let about = doubt.operation.as_ref().map_or_else(String::new, |id| format!(", of operation {id}"));
        context.note(&format!("the certificate of undo in record {}{about}: {}", doubt.seq, doubt.why));
    }
    if count > 0 && unfounded.is_empty() && report.valid {
        context.note(&format!("certificates of undo: {count}, each borne out by the records in the bundle"));
    }
    let is_lawful = of_runs(runs, report.valid, context);
    Ok(if unfounded.is_empty() && is_lawful { exit } else { exit.or_worse(Exit::Findings) })
}

/// Whether the sagas and workflows in a bundle went as runs may go.
fn of_runs(runs: LawfulCheck, is_intact: bool, context: &Context) -> bool {
    let count = runs.runs();
    let unlawful = runs.finish();
    for breach in &unlawful {
        let step = breach.step.as_ref().map_or_else(String::new, |step| format!(", step {step}"));
        context.note(&format!("run {}{step}, record {}: {}", breach.run, breach.seq, breach.why));
    }
    if count > 0 && unlawful.is_empty() && is_intact {
        context.note(&format!("runs: {count}, each explained by its records"));
    }
    unlawful.is_empty()
}

/// The record that an entry of a bundle shows, where it shows one.
fn record_of(entry: &Entry<'_>) -> Option<Record> {
    let leaf = Leaf::parse(entry.leaf).ok()?;
    let shown = |part: &EntryPart<'_>| match part {
        EntryPart::Present { bytes, .. } => Some((part.name().to_owned(), bytes.to_vec())),
        _ => None,
    };
    let parts: Vec<(String, Vec<u8>)> = entry.parts.iter().filter_map(shown).collect();
    let statement = parts.iter().find(|(name, _)| name == PART_STATEMENT).map(|(_, bytes)| bytes.as_slice())?;
    let content = parts.iter().filter_map(|(name, bytes)| Some((name.parse().ok()?, bytes.as_slice())));
    let occurred = Timestamp::from_micros(leaf.occurred_us);
    Record::from_stored(leaf.id, leaf.operation, leaf.phase, occurred, statement, content)
        .ok()
        .map(|(record, _)| record)
}

/// One record, as a verifier elsewhere would see it: as a bundle of its own.
fn of_record(what: &str, keys: &[PublicKey], session: &Session, context: &Context) -> Result<Exit, Failure> {
    let stored = show::find(session, what)?;
    let earlier = session.earlier()?;
    let of_origin = |ledger: &&Ledger| *ledger.origin() == stored.leaf.origin;
    let ledger = std::iter::once(&session.ledger).chain(&earlier).find(of_origin).expect("it was found in one of them");
    let mut bundle = Vec::new();
    ledger.bundle(&Selection::Records(vec![stored.seq]), &mut bundle)?;
    let trusted = trust(ledger, keys);
    present(&verify_bundle(&*bundle, &trusted)?, context)
}

fn present(report: &Report, context: &Context) -> Result<Exit, Failure> {
    context.out.show(&Verification { report, projections: None })?;
    Ok(if report.valid { Exit::Clean } else { Exit::Broken })
}

/// Compares the book with what was kept of it; the ledgers that it goes on from count too.
fn compare(
    path: &Path,
    evidence: Option<&Path>,
    keys: &[PublicKey],
    session: &Session,
    context: &Context,
) -> Result<Vec<Fault>, Failure> {
    let mut input = Input::open(path)?;
    let text = String::from_utf8_lossy(&input.read_all()?).into_owned();
    let kept = Kept::read(&text).map_err(|cause| cause.at(&*input.name))?;
    let origin = kept.origin()?;
    let earlier = session.earlier()?;
    let Some(ledger) = std::iter::once(&session.ledger).chain(&earlier).find(|ledger| *ledger.origin() == origin)
    else {
        return Ok(vec![Fault::Untrusted { why: "what was kept is of another ledger" }]);
    };
    let compared = against::compare(&kept, ledger, keys)?;
    match (&compared.evidence, evidence) {
        (Some(text), Some(file)) => {
            let failed = |cause| Failure::Output { name: file.display().to_string(), cause };
            std::fs::write(file, text).map_err(failed)?;
            context.note(&format!("the proof that both cannot be true is in {}", file.display()));
        }
        (Some(_), None) => context.note("both are signed and cannot both be true: --evidence FILE writes the proof"),
        (None, _) => {}
    }
    Ok(compared.faults)
}

/// Verifier keys, given as they are or in files, one per line.
fn read_keys(given: &[String]) -> Result<Vec<(sealbook_ledger::Origin, PublicKey)>, Failure> {
    let mut keys = Vec::new();
    for text in given {
        if text.starts_with("sealbook/") && text.contains('+') {
            keys.push(PublicKey::from_vkey(text)?);
            continue;
        }
        let mut input = Input::open(Path::new(text))?;
        let before = keys.len();
        while let Some(line) = input.next_line()? {
            let key =
                PublicKey::from_vkey(&line).map_err(|cause| Failure::from(cause).at(input.place(input.line())))?;
            keys.push(key);
        }
        if keys.len() == before {
            let mend = "give a file that `sealbook key public` wrote, or the key itself";
            return Err(Failure::usage(format!("--key {}: there is no key in it", input.name), mend));
        }
    }
    Ok(keys)
}

/// Integrity, then completeness.
struct Both<'a> {
    verdict: &'a Verdict,
    gaps: Gaps<'a>,
}

impl View for Both<'_> {
    fn document(&self) -> Document {
        let mut page = self.verdict.document();
        page.append(self.gaps.document(), 0);
        page
    }

    fn json(&self) -> String {
        let mut json = self.verdict.json();
        json.pop();
        format!("{json},\"completeness\":{}}}", self.gaps.json())
    }
}
