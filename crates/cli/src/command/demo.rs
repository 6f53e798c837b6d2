//! `sealbook demo tamper`: what verification finds when somebody changes one byte.

use std::fs::File;
use std::os::unix::fs::{DirBuilderExt, FileExt};
use std::path::PathBuf;

use clap::Subcommand;
use sealbook_inspect::Progress;
use sealbook_ledger::LeafType;
use sealbook_report::{Block, Document, Text, Verification, View};
use sealbook_store::{Error, Layout, Ledger, Stored, VerifyOptions};

use super::{Context, show};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::progress::Bars;
use crate::session::{self, Session};

/// Show what tampering looks like, on a copy
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  sealbook demo tamper
  sealbook demo tamper --record 42")]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Copy the book, flip one bit of one record in the copy, and verify the copy
    ///
    /// The book itself is only read. The copy is removed afterwards. Ends with 0 where the change
    /// is found, as it must be.
    Tamper {
        /// Which record: sequence number, id, or beginning of the hash [default: the one in the middle]
        #[arg(long, value_name = "RECORD")]
        record: Option<String>,
    },
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let What::Tamper { record } = &args.what;
    let session = context.open()?;
    let stored = choose(&session, record.as_deref())?;
    let copy = Copy::of(&session)?;
    let flip = copy.flip(&stored)?;
    let bars = Bars::new(context.is_watched());
    let report = copy.verify(&session, &bars)?;
    let found = report.faults.iter().any(|fault| fault.entry().is_some_and(|entry| entry.seq == stored.seq));
    context.out.show(&Shown { stored: &stored, flip: &flip, report: &report, found })?;
    Ok(if found { Exit::Clean } else { Exit::Broken })
}

/// The record that is asked for, else the one in the middle of the book.
fn choose(session: &Session, record: Option<&str>) -> Result<Stored, Failure> {
    if let Some(what) = record {
        let stored = show::find(session, what)?;
        if stored.leaf.origin != *session.ledger.origin() {
            return Err(Error::RecordMissing { what: format!("{what:?} in the present ledger") }.into());
        }
        return Ok(stored);
    }
    let reader = session.ledger.reader()?;
    let size = reader.size()?;
    for seq in (size / 2..size).chain((0..size / 2).rev()) {
        let stored = reader.record(seq)?;
        if stored.leaf.typ == LeafType::Record || seq == 0 {
            return Ok(stored);
        }
    }
    Err(Error::RecordMissing { what: "to tamper with".to_owned() }.into())
}

/// A copy of a book, removed when it is dropped.
struct Copy {
    dir: PathBuf,
}

/// What was changed.
struct Flip {
    offset: u64,
    before: char,
    after: char,
}

impl Copy {
    fn of(session: &Session) -> Result<Self, Failure> {
        let mut random = [0; 8];
        getrandom::fill(&mut random).expect("the kernel's random generator answers");
        let dir = std::env::temp_dir().join(format!("sealbook-demo-{:016x}", u64::from_be_bytes(random)));
        let failed = |cause| Failure::Output { name: dir.display().to_string(), cause };
        std::fs::DirBuilder::new().mode(0o700).create(&dir).map_err(failed)?;
        let copy = Self { dir };
        session.ledger.backup(&copy.file())?;
        Ok(copy)
    }

    fn file(&self) -> PathBuf {
        self.dir.join("ledger.db")
    }

    /// Flips the lowest bit of the last digit of the time at which a record says it happened.
    fn flip(&self, stored: &Stored) -> Result<Flip, Failure> {
        let path = self.file();
        let failed = |cause| Failure::Output { name: path.display().to_string(), cause };
        let bytes = std::fs::read(&path).map_err(failed)?;
        let claim = format!("{{\"id\":\"{}\",\"occurred_us\":\"{}", stored.leaf.id, stored.leaf.occurred_us);
        let start = find(&bytes, claim.as_bytes());
        let start =
            start.ok_or_else(|| Error::RowDamaged { seq: stored.seq, what: "it is not in the copy".to_owned() })?;
        let place = start + claim.len() - 1;
        let after = bytes[place] ^ 1;
        let file = File::options().write(true).open(&path).map_err(failed)?;
        file.write_all_at(&[after], place as u64).map_err(failed)?;
        Ok(Flip { offset: place as u64, before: char::from(bytes[place]), after: char::from(after) })
    }

    fn verify(&self, session: &Session, bars: &Bars) -> Result<sealbook_ledger::Report, Failure> {
        let layout = Layout { book: self.dir.clone(), heads: self.dir.join("heads"), ..session.place.layout.clone() };
        let ledger = Ledger::open_read_only(layout, session::options(&session.place))?;
        bars.begin("verifying", ledger.head().ok().map(|head| head.size));
        let trust = sealbook_serve::trust(&ledger, &[]);
        let options = VerifyOptions { trust, ..VerifyOptions::default() };
        let report = ledger.verify(&options, &|done| bars.advance(done));
        bars.end();
        Ok(report?)
    }
}

impl Drop for Copy {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}

fn find(bytes: &[u8], needle: &[u8]) -> Option<usize> {
    bytes.windows(needle.len()).position(|window| window == needle)
}

struct Shown<'a> {
    stored: &'a Stored,
    flip: &'a Flip,
    report: &'a sealbook_ledger::Report,
    found: bool,
}

impl View for Shown<'_> {
    fn document(&self) -> Document {
        let Flip { offset, before, after } = self.flip;
        let mut page = Document::new();
        page.heading(1, "One bit of a copy was flipped");
        page.add(Block::Fields(vec![
            (
                "record".to_owned(),
                Text::plain(self.stored.seq.to_string()).and(", ").and_name(self.stored.leaf.id.to_string()),
            ),
            (
                "changed".to_owned(),
                Text::plain(format!(
                    "byte {offset} of ledger.db, the last digit of the time at which it happened: {before} to {after}"
                )),
            ),
            ("your book".to_owned(), Text::plain("was only read")),
        ]));
        page.append(Verification { report: self.report, projections: None }.document(), 1);
        page
    }

    fn json(&self) -> String {
        let Flip { offset, .. } = self.flip;
        let verification = Verification { report: self.report, projections: None }.json();
        format!(
            "{{\"seq\":{},\"id\":\"{}\",\"offset\":{offset},\"found\":{},\"verification\":{verification}}}",
            self.stored.seq, self.stored.leaf.id, self.found
        )
    }
}
