//! `sealbook import`: seals records from JSON Lines.

use std::collections::VecDeque;
use std::path::PathBuf;

use sealbook_inspect::Progress;
use sealbook_policy::Judged;
use sealbook_record::{Record, derived_id};
use sealbook_report::{Block, Document, Text, View};
use sealbook_store::{Error, Ledger, Ticket};

use super::{Context, append};
use crate::complete::names_nobody;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::form::{self, Form};
use crate::input::{self, Input};
use crate::progress::Bars;
use crate::session::{Session, refuse_reserved};

/// Seal records from JSON Lines
///
/// One record per line, in the form that `export` writes, or with --dialect in that of an older
/// audit system. A record that was sealed before, with the same id and the same content, is not
/// sealed again, so an import may be repeated; give every line an `id` for that. A line of a
/// dialect that has none gets one from the file's name, the line's number and the line. The first
/// line that is no record ends the import and is named; what stands before it is sealed. A line
/// without an actor is kept, with the actor `unknown`. What a line calls `actor.verified` was not
/// authenticated here, and is sealed as `imported:…`.
///
/// Of a directory, the files in it that end in `.log` or `.jsonl` are read in the order of their
/// names, which for daily files (`audit_2024-05-01.log`) is the order of the days.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  sealbook import records.jsonl
  ssh shop sealbook export | sealbook import -
  sealbook import *.jsonl --format json
  sealbook import --dialect jsonl Logs/            daily files, one after the other
  sealbook import --dialect audit_logger entries.jsonl --tenant acme

With --format json: {\"files\", \"records\", \"sealed\", \"duplicates\", \"without_actor\",
\"other_tenants\"}.")]
pub(crate) struct Args {
    /// Files of JSON Lines, directories of such files, `-` for standard input
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    #[command(flatten)]
    form: form::Given,
    /// Leave out records of other tenants, and count them
    #[arg(long)]
    skip_other_tenants: bool,
}

/// What an imported record calls verified was so where it came from.
const IMPORTED: &str = "imported:";
/// Records that are submitted together.
const BATCH_RECORDS: usize = 1_024;
/// A batch is submitted before it holds much more than these bytes.
const BATCH_BYTES: usize = 8 << 20;
/// Stands for the line of what no line holds.
const OF_AN_ALERT: u64 = 0;
/// Batches on their way to the disk while the next one is read.
const IN_FLIGHT: usize = 3;

pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let form = args.form.read()?;
    let files = input::files(&args.files)?;
    let session = context.open()?;
    let bars = Bars::new(context.is_watched());
    let mut import = Import::new(&session, form, args.skip_other_tenants)?;
    for path in &files {
        let mut input = Input::open(path)?;
        bars.begin("records", None);
        let ended = import.read(&mut input, &bars);
        // What was read before a bad line is sealed before the line is complained about.
        import.seal_all(&input)?;
        bars.end();
        import.counts.files += 1;
        if ended.is_err() && import.counts.records > 0 {
            let Counts { sealed, duplicates, .. } = import.counts;
            context.note(&format!("before it, {sealed} records were sealed and {duplicates} were there already"));
        }
        ended?;
    }
    context.out.show(&import.counts)?;
    Ok(Exit::Clean)
}

struct Import<'s> {
    session: &'s Session,
    /// The ledgers that this one goes on from: what they hold was sealed.
    earlier: Vec<Ledger>,
    form: Form,
    skip_other_tenants: bool,
    batch: Vec<Judged>,
    /// The line of each record of the batch.
    lines: Vec<u64>,
    bytes: usize,
    in_flight: VecDeque<(Ticket, Vec<u64>)>,
    counts: Counts,
}

/// What is to be done with a line.
enum Admitted {
    New(Box<Judged>),
    /// A ledger that this one goes on from holds it.
    SealedEarlier,
    /// It is another tenant's, and those are left out.
    OfOtherTenant,
}

/// What an import did.
#[derive(Debug, Default, serde::Serialize)]
struct Counts {
    files: u64,
    records: u64,
    sealed: u64,
    duplicates: u64,
    without_actor: u64,
    other_tenants: u64,
}

impl<'s> Import<'s> {
    fn new(session: &'s Session, form: Form, skip_other_tenants: bool) -> Result<Self, Failure> {
        Ok(Self {
            session,
            earlier: session.earlier()?,
            form,
            skip_other_tenants,
            batch: Vec::new(),
            lines: Vec::new(),
            bytes: 0,
            in_flight: VecDeque::new(),
            counts: Counts::default(),
        })
    }

    fn read(&mut self, input: &mut Input, bars: &Bars) -> Result<(), Failure> {
        while let Some(line) = input.next_line()? {
            let number = input.line();
            if self.form.is_link(&line) {
                continue;
            }
            let admitted = self.admit(&line, input).map_err(|cause| cause.at_line(&input.place(number)))?;
            let judged = match admitted {
                Admitted::New(judged) => *judged,
                Admitted::SealedEarlier => {
                    self.counts.records += 1;
                    self.counts.duplicates += 1;
                    bars.advance(1);
                    continue;
                }
                Admitted::OfOtherTenant => {
                    self.counts.other_tenants += 1;
                    continue;
                }
            };
            self.counts.without_actor += u64::from(names_nobody(judged.record()));
            self.bytes += line.len();
            let alerts = self.session.alerts_of(&judged)?;
            self.lines.push(number);
            self.lines.extend(alerts.iter().map(|_| OF_AN_ALERT));
            self.batch.push(judged);
            self.batch.extend(alerts);
            bars.advance(1);
            if self.batch.len() >= BATCH_RECORDS || self.bytes >= BATCH_BYTES {
                self.submit()?;
                while self.in_flight.len() > IN_FLIGHT {
                    self.wait_for_one(input)?;
                }
            }
        }
        Ok(())
    }

    /// The record of a line, if it is one to seal.
    fn admit(&self, line: &str, input: &Input) -> Result<Admitted, Failure> {
        let mut record = self.read_record(line, input)?;
        self.doubt_verified(&mut record)?;
        let own = self.session.ledger.tenant();
        if record.tenant != own {
            if self.skip_other_tenants {
                return Ok(Admitted::OfOtherTenant);
            }
            let (id, given) = (record.id, record.tenant);
            return Err(Error::TenantMismatch { id, given, own: own.to_owned() }.into());
        }
        refuse_reserved(&record.action)?;
        if self.session.sealed_in(&self.earlier, &record)?.is_some() {
            return Ok(Admitted::SealedEarlier);
        }
        Ok(Admitted::New(Box::new(self.session.admit(record)?)))
    }

    fn read_record(&self, line: &str, input: &Input) -> Result<Record, Failure> {
        let mut defaults = append::defaults(self.session);
        let now = defaults.now;
        // What has no id of its own gets one that stays, so that the import may be repeated. Of a
        // stream nobody knows whether it was read before.
        if let (Form::Dialect(dialect), Some(name)) = (&self.form, input.file_name()) {
            defaults.id = derived_id(dialect.name, &format!("{name}\0{}\0{line}", input.line()));
        }
        let mut record = self.form.read(line, defaults)?;
        if record.occurred == now {
            append::take_time_of_first(self.session, &mut record)?;
        }
        Ok(record)
    }

    /// Who was authenticated elsewhere was not authenticated here. What this book said so itself stays, so that
    /// its own export can be imported again.
    fn doubt_verified(&self, record: &mut Record) -> Result<(), Failure> {
        let Some(verified) = record.actor.verified.take() else { return Ok(()) };
        let ledgers = std::iter::once(&self.session.ledger).chain(&self.earlier);
        let mut sealed = None;
        for ledger in ledgers {
            sealed = sealed.or(ledger.reader()?.by_id(record.id)?.and_then(|stored| stored.record));
        }
        let is_own = sealed.is_some_and(|sealed| sealed.actor.verified.as_ref() == Some(&verified));
        let stays = is_own || verified.starts_with(IMPORTED);
        record.actor.verified = Some(if stays { verified } else { format!("{IMPORTED}{verified}") });
        Ok(())
    }

    fn submit(&mut self) -> Result<(), Failure> {
        if !self.batch.is_empty() {
            self.bytes = 0;
            let ticket = self.session.ledger.submit(std::mem::take(&mut self.batch))?;
            self.in_flight.push_back((ticket, std::mem::take(&mut self.lines)));
        }
        Ok(())
    }

    fn wait_for_one(&mut self, input: &Input) -> Result<(), Failure> {
        let Some((ticket, lines)) = self.in_flight.pop_front() else {
            return Ok(());
        };
        let mut refused = Ok(());
        for (answer, line) in ticket.wait()?.into_iter().zip(lines) {
            if line == OF_AN_ALERT {
                // It is made from its record: where that was there before, so was this.
                continue;
            }
            self.counts.records += 1;
            match answer {
                Ok(sealed) if sealed.duplicate => self.counts.duplicates += 1,
                Ok(_) => self.counts.sealed += 1,
                Err(cause) if refused.is_ok() => refused = Err(Failure::from(cause).at(input.place(line))),
                Err(_) => {}
            }
        }
        refused
    }

    fn seal_all(&mut self, input: &Input) -> Result<(), Failure> {
        self.submit()?;
        while !self.in_flight.is_empty() {
            self.wait_for_one(input)?;
        }
        Ok(())
    }
}

impl View for Counts {
    fn document(&self) -> Document {
        let mut page = Document::new();
        let mut fields = vec![
            ("records".to_owned(), Text::plain(self.records.to_string())),
            ("sealed".to_owned(), Text::plain(self.sealed.to_string())),
            ("already there".to_owned(), Text::plain(self.duplicates.to_string())),
        ];
        if self.without_actor > 0 {
            fields.push(("without an actor".to_owned(), Text::plain(self.without_actor.to_string())));
        }
        if self.other_tenants > 0 {
            fields.push(("of other tenants, left out".to_owned(), Text::plain(self.other_tenants.to_string())));
        }
        page.add(Block::Fields(fields));
        page
    }

    fn json(&self) -> String {
        serde_json::to_string(self).expect("numbers are JSON")
    }
}
