//! `sealbook retention`: what has been kept for as long as it must be, and erasing it on record.

use sealbook_ledger::{LeafType, PART_STATEMENT};
use sealbook_policy::{HOLD_ACTIONS, HOLD_ALL, Kept, State};
use sealbook_record::{Target, TargetKind, Timestamp};
use sealbook_report::{Block, Document, Text, View};
use sealbook_store::{EraseRequest, Query, Stored};

use super::{Context, show};
use crate::approver::{self, Unlock};
use crate::args::Acting;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::Session;
use crate::when;

/// List what rules let be erased by now, and erase it on record
///
/// A rule says with `retention:` for how many years what it fits is to be kept. Of the rules that fit
/// a record the longest counts, from the time of its seal; a record that no such rule fits is kept.
/// So is what a legal hold names, what has an alert that waits, and what rules, stops, approvals,
/// keys and proofs follow from.
///
/// Nothing is erased without --erase. What is erased are parts, each with a record that says so:
/// leaves, hashes and every proof stay. Backups still hold the content: erase there too.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  sealbook retention
  sealbook retention --as-of 2033-01-01
  sealbook retention --erase --reason 'kept for seven years, as the rule says'
  sealbook retention --hold 42 --reason 'case 2031/17'
  sealbook retention --release 42 --reason 'case 2031/17 is closed'

With --format json: {\"due\": [{\"seq\", \"id\", \"action\", \"target\", \"rule\", \"years\", \"until\"}],
\"due_records\", \"erased\", \"held\", \"alerting\", \"kept\", \"holds\"}.")]
pub(crate) struct Args {
    /// List what will be due at this time
    #[arg(long, value_name = "TIME", conflicts_with = "erase")]
    as_of: Option<String>,
    /// Count from when it happened, as records claim, instead of from their seal
    #[arg(long)]
    from_occurred: bool,
    /// Erase what is due
    #[arg(long, requires = "reason", conflicts_with_all = ["hold", "release"])]
    erase: bool,
    /// Leave who did what to what, and erase the rest
    #[arg(long, requires = "erase")]
    keep_statement: bool,
    /// Hold a record and its operation, or `all`: it is not erased while this holds
    #[arg(long, value_name = "RECORD|all", requires = "reason", conflicts_with = "release")]
    hold: Option<String>,
    /// End a hold; this needs an approver's passphrase
    #[arg(long, value_name = "RECORD|all", requires = "reason")]
    release: Option<String>,
    /// Why
    #[arg(long)]
    reason: Option<String>,
    /// How many are listed
    #[arg(long, value_name = "N", default_value_t = 100)]
    limit: usize,
    #[command(flatten)]
    unlock: Unlock,
    #[command(flatten)]
    acting: Acting,
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let session = context.open_as(&args.acting)?;
    if let Some(what) = args.hold.as_deref().or(args.release.as_deref()) {
        change_hold(what, args, &session)?;
    }
    let asked = when::read("--as-of", args.as_of.as_deref(), &context.environment.zone)?;
    let mut due = Due::of(&session, asked.unwrap_or_else(when::now), args)?;
    if args.erase {
        let mut scrubbed = true;
        for seq in std::mem::take(&mut due.seqs) {
            scrubbed &= erase(seq, args, &session)?;
            due.erased += 1;
        }
        if !scrubbed {
            context.note("another process is reading the book: older pages of its files still hold the content; run `sealbook reindex` when it is done");
        }
    }
    if !session.earlier()?.is_empty() {
        context.note(
            "the ledgers that this one goes on from are closed, and are not looked at; erase where they are kept",
        );
    }
    context.out.show(&due)?;
    Ok(context.answered(&session.ledger, Exit::Clean))
}

/// What is due, and what is not though a rule lets it go.
#[derive(Default, serde::Serialize)]
struct Due {
    due: Vec<Line>,
    due_records: u64,
    erased: u64,
    /// Kept by a legal hold.
    held: u64,
    /// Kept because an alert about it waits.
    alerting: u64,
    /// Kept by a rule for longer.
    kept: u64,
    holds: Vec<String>,
    #[serde(skip)]
    seqs: Vec<u64>,
}

#[derive(serde::Serialize)]
struct Line {
    seq: u64,
    id: String,
    action: String,
    target: String,
    rule: String,
    years: u32,
    until: String,
}

impl Due {
    fn of(session: &Session, at: Timestamp, args: &Args) -> Result<Self, Failure> {
        let (state, holds) = (session.state()?, session.ledger.holds()?);
        let waiting: Vec<_> = state
            .alerts()
            .list()
            .iter()
            .filter(|alert| alert.resolved.is_none())
            .filter_map(|alert| alert.about)
            .collect();
        let (held, holding) = (state.held_rules(), state.rules());
        let mut due = Self { holds: holds.named().map(str::to_owned).collect(), ..Self::default() };
        due.holds.sort_unstable();
        let records =
            Query { leaf_type: vec![LeafType::Record.as_str().to_owned()], ascending: true, ..Query::default() };
        session.ledger.each_match(&records, &mut |stored| {
            let Some(record) = stored.record.as_ref().filter(|_| !erasable(&stored, args).is_empty()) else {
                return Ok(true);
            };
            let since =
                if args.from_occurred { record.occurred } else { Timestamp::from_micros(stored.leaf.sealed_us) };
            let Some(kept) = Kept::of(record, since, held, &holding) else { return Ok(true) };
            if kept.until > at {
                due.kept += 1;
            } else if holds.cover(record.id, record.operation) {
                due.held += 1;
            } else if waiting.contains(&record.id) {
                due.alerting += 1;
            } else {
                due.due_records += 1;
                due.seqs.push(stored.seq);
                if due.due.len() < args.limit {
                    due.due.push(Line {
                        seq: stored.seq,
                        id: record.id.to_string(),
                        action: record.action.clone(),
                        target: record.target.id.clone(),
                        rule: kept.rule,
                        years: kept.years,
                        until: kept.until.to_string(),
                    });
                }
            }
            Ok(true)
        })?;
        Ok(due)
    }
}

/// The parts of a record that may go and are still there; none of one from which something follows.
fn erasable(stored: &Stored, args: &Args) -> Vec<String> {
    let action = stored.record.as_ref().map_or("", |record| record.action.as_str());
    if State::ACTIONS.contains(&action) || HOLD_ACTIONS.contains(&action) {
        return Vec::new();
    }
    let there = stored.leaf.parts.iter().map(|(name, _)| name.to_string());
    let stays = |name: &String| stored.erased.contains(name) || (args.keep_statement && name == PART_STATEMENT);
    there.filter(|name| !stays(name)).collect()
}

/// Erases one record's parts; whether older pages of the files are gone too.
fn erase(seq: u64, args: &Args, session: &Session) -> Result<bool, Failure> {
    // It may have been held or erased since it was listed.
    let stored = session.ledger.reader()?.record(seq)?;
    let parts = erasable(&stored, args);
    if parts.is_empty() || session.ledger.holds()?.cover(stored.leaf.id, stored.leaf.operation) {
        return Ok(true);
    }
    let mut record = session.event("record.erase", Target::new(TargetKind::Record, stored.leaf.id.to_string()));
    record.reason.clone_from(&args.reason);
    record.parent = Some(stored.leaf.id);
    record.tags = vec!["retention".to_owned()];
    let by = session.admit(record)?;
    Ok(session.ledger.erase(&EraseRequest { seq, parts }, by)?.scrubbed)
}

fn change_hold(what: &str, args: &Args, session: &Session) -> Result<(), Failure> {
    let id = if what == HOLD_ALL { HOLD_ALL.to_owned() } else { named(what, session)? };
    let action = if args.hold.is_some() { "retention.hold" } else { "retention.release" };
    let mut record = session.event(action, Target::new(TargetKind::Record, id.clone()));
    record.reason.clone_from(&args.reason);
    if args.hold.is_some() {
        session.seal(record)?;
        return Ok(());
    }
    if !session.ledger.holds()?.named().any(|held| held == id) {
        return Err(Failure::usage("nothing like that is held", "`sealbook retention --format json` lists `holds`"));
    }
    let key = approver::unlock(session, &args.unlock)?;
    approver::seal(session, record, &key)?;
    Ok(())
}

/// The operation of the record that is meant, else the record.
fn named(what: &str, session: &Session) -> Result<String, Failure> {
    let stored = show::find(session, what)?;
    Ok(stored.leaf.operation.unwrap_or(stored.leaf.id).to_string())
}

impl View for Due {
    fn document(&self) -> Document {
        let mut page = Document::new();
        let field = |name: &str, text: String| (name.to_owned(), Text::plain(text));
        let mut fields = vec![field("due", self.due_records.to_string())];
        let more = [("erased", self.erased), ("held", self.held), ("with an open alert", self.alerting)];
        fields.extend(more.iter().filter(|(_, count)| *count > 0).map(|(name, count)| field(name, count.to_string())));
        fields.push(field("kept for longer", self.kept.to_string()));
        fields.extend(self.holds.iter().map(|held| field("hold", held.clone())));
        page.add(Block::Fields(fields));
        for line in &self.due {
            let Line { seq, action, target, rule, years, until, .. } = line;
            page.add(Block::Fields(vec![
                field("record", format!("{seq}  {action}  {target}")),
                field("kept until", format!("{until}  ({rule}, {years} years)")),
            ]));
        }
        page
    }

    fn json(&self) -> String {
        serde_json::to_string(self).expect("texts and numbers are JSON")
    }
}
