//! `sealbook restore`: goes on from a backup, or from a book that was rolled back.

use std::path::{Path, PathBuf};

use sealbook_report::HeadDetail;
use sealbook_store::{Error, Ledger, SqliteStore, Store, VerifyOptions};

use super::Context;
use super::stop::resume;
use crate::args::Acting;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::note;
use crate::place::Place;
use crate::session::{self, Session};
use crate::who;

/// Go on from a backup, or from a book that was rolled back, as a linked ledger
///
/// What was lost cannot be brought back, and must not be written over: the restored book is a new
/// ledger with new keys, whose first leaf names the old one, its size, its root and the reason.
/// The old records stay beside it: `query`, `show`, `export` and `verify` reach them. Rules, stops,
/// open alerts and approver keys hold on; approvals that were given do not. Where a newer head of the
/// book is known, what is lost is said, and stands in the first leaf. What is
/// restored is verified first: where it does not verify, nothing is done and the exit code is 4.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  sealbook restore /mnt/backup/shop-2024-05-01.sealbook
  sealbook restore old.sealbook --book shop-restored
  sealbook restore --continue --reason 'the disk was replaced, three days are missing'")]
pub(crate) struct Args {
    /// The backup
    #[arg(value_name = "FILE", required_unless_present = "go_on", conflicts_with = "go_on")]
    file: Option<PathBuf>,
    /// Go on from the book as it lies there, though a newer head of it is known
    #[arg(long = "continue", requires = "reason")]
    go_on: bool,
    /// Go on from it though it does not verify; say in --reason what is wrong with it
    #[arg(long, requires = "reason")]
    unverified: bool,
    /// Why, and what is known to be missing
    #[arg(long, allow_hyphen_values = true)]
    reason: Option<String>,
    #[command(flatten)]
    acting: Acting,
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let place = context.place()?;
    place.refuse_strange()?;
    let actor = who::acting(&args.acting, &place)?;
    let ledger = match &args.file {
        Some(file) => {
            let reason = args.reason.as_deref().unwrap_or("restored from a backup");
            restore(&context.environment.absolute(file), &place, reason, args.unverified)?
        }
        None => go_on(context, &place, args.reason.as_deref().unwrap_or_default(), args.unverified)?,
    };
    let mut session = Session::of(ledger, place, actor);
    session.take_approvers_over()?;
    point_at(&mut session)?;
    context.note(&format!(
        "the book {} goes on as {}; what it held before is in {}",
        session.place.book,
        session.ledger.origin(),
        session.place.layout.book.join("previous").display()
    ));
    let lost = lost(&session)?;
    if let Some((from, to)) = lost {
        context.note(&format!(
            "LOST: {} is known to have been sealed and is not in it; a rule or a stop that was set there does not \
             hold: look at `sealbook rules list` and `sealbook stop --list`",
            if from == to { format!("record {from}") } else { format!("each of the records {from} to {to}") }
        ));
    }
    tell_what_holds(&session, context)?;
    if let Some(origin) = session.missing_earlier()? {
        context.note(&format!(
            "it goes back to the ledger {origin}, which is not beside the backup: its records are not here"
        ));
    }
    context.out.show(&HeadDetail { head: &session.ledger.head()? })?;
    Ok(Exit::Clean)
}

/// The records that the kept head tells of and the ledger before does not hold.
fn lost(session: &Session) -> Result<Option<(u64, u64)>, Failure> {
    let Some(link) = session.ledger.continues()? else { return Ok(None) };
    let known = sealbook_store::kept_size(&session.place.layout, &link.origin)?;
    Ok(known.filter(|known| *known > link.size).map(|known| (link.size, known - 1)))
}

/// What held before holds on, and whoever restores it should know.
fn tell_what_holds(session: &Session, context: &Context) -> Result<(), Failure> {
    let state = session.state()?;
    let rules = state.held_rules().iter().filter(|held| !held.builtin && held.enabled).count();
    if rules > 0 {
        context.note(&format!("its {rules} rules hold on; approvals that were given before do not"));
    }
    for stop in state.stops() {
        context.note(&format!("it is stopped: {}; `{}` lifts it", stop.scope, resume(&stop.scope)));
    }
    Ok(())
}

fn restore(from: &Path, place: &Place, reason: &str, unverified: bool) -> Result<Ledger, Failure> {
    if !from.exists() {
        let cause = std::io::ErrorKind::NotFound.into();
        return Err(Failure::Input { name: from.display().to_string(), cause });
    }
    // Another tenant's records would be found under this one's name.
    let tenant = SqliteStore::open_read_only(from)?.tenant().to_owned();
    if tenant != place.tenant {
        let what = format!("the backup is tenant {tenant:?}'s, the book would be {:?}'s", place.tenant);
        return Err(Failure::usage(what, "name its tenant with --tenant"));
    }
    let options = session::options(place);
    if place.exists() {
        return Err(Error::BookExists { path: place.layout.ledger_db() }.into());
    }
    let earlier = files_of(&earlier_of(from));
    for file in std::iter::once(from).chain(earlier.iter().map(|(_, file)| &**file)).filter(|_| !unverified) {
        verify_file(file, options.threads)?;
    }
    for (name, file) in &earlier {
        let kept = place.layout.book.join("previous").join(name);
        let copied = private_dir(&kept).and_then(|()| std::fs::copy(file, kept.join("ledger.db")));
        copied.map_err(|cause| Failure::Output { name: kept.display().to_string(), cause })?;
    }
    Ok(Ledger::restore(from, place.layout.clone(), &place.tenant, options, reason)?)
}

/// Where a backup keeps the ledgers that the backed up one goes on from: beside it, one directory each.
pub(crate) fn earlier_of(backup: &Path) -> PathBuf {
    let mut name = backup.as_os_str().to_owned();
    name.push(".previous");
    name.into()
}

/// Makes a directory that only its owner enters, and those above it.
pub(crate) fn private_dir(dir: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(dir)
}

fn files_of(earlier: &Path) -> Vec<(std::ffi::OsString, PathBuf)> {
    let entries = std::fs::read_dir(earlier).into_iter().flatten().flatten();
    let files = entries.map(|entry| (entry.file_name(), entry.path().join("ledger.db")));
    files.filter(|(_, file)| file.is_file()).collect()
}

/// What is broken is not taken for evidence, and not found out only years later.
fn verify_file(file: &Path, threads: usize) -> Result<(), Failure> {
    let store = SqliteStore::open_read_only(file)?;
    let report = sealbook_store::verify(&store, threads, &VerifyOptions::default(), &|_| ())?;
    match report.faults.first() {
        _ if report.valid => Ok(()),
        first => Err(Failure::RestoreBroken {
            path: file.to_owned(),
            faults: report.fault_count,
            first: first.map_or_else(String::new, ToString::to_string),
        }),
    }
}

/// Sets the book aside, and goes on from it. A crash midway leaves it aside, whole.
fn go_on(context: &Context, place: &Place, reason: &str, unverified: bool) -> Result<Ledger, Failure> {
    let book = &place.layout.book;
    if !place.exists() {
        return Err(Error::BookMissing { path: book.clone() }.into());
    }
    if !unverified {
        verify_file(&place.layout.ledger_db(), session::options(place).threads)?;
    }
    let aside = set_aside_name(book);
    let failed = |cause| Failure::Output { name: book.display().to_string(), cause };
    std::fs::rename(book, &aside).map_err(failed)?;
    let restored = restore(&aside.join("ledger.db"), place, reason, true).and_then(|ledger| {
        bring_earlier(&aside, book).map_err(failed)?;
        Ok(ledger)
    });
    if restored.is_err() && !place.exists() {
        let _ = std::fs::remove_dir_all(book);
        std::fs::rename(&aside, book).map_err(failed)?;
    } else if !context.global.quiet {
        note(&format!("the book as it was found is kept in {}", aside.display()));
    }
    restored
}

/// A name beside the book that is not taken.
fn set_aside_name(book: &Path) -> PathBuf {
    let base = book.file_name().map_or_else(|| "book".into(), std::ffi::OsStr::to_os_string);
    let named = |number: u32| {
        let mut name = base.clone();
        name.push(format!(".found-{number}"));
        book.with_file_name(name)
    };
    let mut number = 1;
    while named(number).exists() {
        number += 1;
    }
    named(number)
}

/// The ledgers that the old book went on from are this one's too.
fn bring_earlier(from: &Path, to: &Path) -> std::io::Result<()> {
    let Ok(entries) = std::fs::read_dir(from.join("previous")) else {
        return Ok(());
    };
    for entry in entries {
        let entry = entry?;
        let place = to.join("previous").join(entry.file_name());
        if !place.exists() {
            std::fs::rename(entry.path(), place)?;
        }
    }
    Ok(())
}

/// The project's pointer names the new ledger from now on.
fn point_at(session: &mut Session) -> Result<(), Failure> {
    let origin = session.ledger.origin().to_string();
    // The home that holds the book now may not be the one that made it.
    let root = session.place.project.as_ref().map(|project| project.root.clone()).unwrap_or_default();
    let wants_mark = session.place.is_strange() || !session.place.has_marks();
    let mark = if wants_mark { session.place.new_mark(&root).ok() } else { None };
    let Place { project, by_pointer, tenant, .. } = &mut session.place;
    if let Some(project) = project.as_mut().filter(|project| *by_pointer && project.pointer.tenant == *tenant) {
        project.pointer.origins.push(origin);
        project.pointer.marks.extend(mark);
        project.keep_pointer()?;
    }
    Ok(())
}
