//! `sealbook baseline`: saved pictures of a project.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use clap::Subcommand;
use sealbook_inspect::{BASELINE_BYTES_MAX, Baseline, Book, Picture};
use sealbook_ledger::Hash;
use sealbook_record::{PartName, Target, TargetKind};
use sealbook_report::{BaselineDetail, BaselineLine, BaselineList, SavedBaseline};
use sealbook_store::{Query, Stored};

use super::Context;
use crate::args::Acting;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::write_file;
use crate::project::{directory_name, root_of};
use crate::session::Session;
use crate::when;

/// Save what was audited as a baseline, and look at those that were saved
///
/// A baseline is a file of its own: what the newest audit sealed of the project's files, references
/// and findings. A record with its digest is sealed, so that one that was edited is told from one
/// that was not. Later audits and `sealbook diff` compare with it.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  sealbook baseline save
  sealbook baseline save release-4
  sealbook baseline list
  sealbook baseline show release-4
  sealbook diff --baseline release-4 --show-drift")]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Save what the newest audit of this project saw
    Save {
        /// Its name [default: today's date]
        #[arg(value_name = "NAME")]
        name: Option<String>,
        /// The file, which must not exist [default: .audit/baseline-NAME.json in the project]
        #[arg(long, value_name = "FILE")]
        file: Option<PathBuf>,
        #[command(flatten)]
        acting: Acting,
    },
    /// List those that were saved, newest first
    List,
    /// Show what is in one, and whether this book has sealed it
    Show {
        /// Its name, or its file
        #[arg(value_name = "NAME|FILE")]
        baseline: PathBuf,
    },
}

/// What is said of a baseline whose digest no record of the book has.
pub(crate) const UNSEALED: &str =
    "the baseline is not one that this book has sealed, or it was edited since: what it says proves nothing";

const ACTION: &str = "baseline.saved";

pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let root = project_root(context);
    match &args.what {
        What::Save { name, file, acting } => {
            let session = context.open_as(acting)?;
            save(name.as_deref(), file.as_deref(), &root, &session, context)
        }
        What::List => {
            let session = context.open()?;
            let lines: Vec<BaselineLine> = saved(&session)?.iter().filter_map(line).collect();
            context.out.show(&BaselineList { baselines: &lines })?;
            Ok(context.answered(&session.ledger, Exit::Clean))
        }
        What::Show { baseline } => {
            let session = context.open()?;
            let (_, line) = load(baseline, &root, &session, context)?;
            context.out.show(&BaselineDetail { baseline: &line })?;
            Ok(context.answered(&session.ledger, Exit::Clean))
        }
    }
}

/// The root of the project around the working directory.
pub(crate) fn project_root(context: &Context) -> PathBuf {
    let here = &context.environment.current_dir;
    root_of(&here.canonicalize().unwrap_or_else(|_| here.clone()))
}

/// The name under which the project's records are kept.
pub(crate) fn project_name(session: &Session, root: &Path) -> String {
    session.project().unwrap_or_else(|| directory_name(root))
}

fn save(
    name: Option<&str>,
    file: Option<&Path>,
    root: &Path,
    session: &Session,
    context: &Context,
) -> Result<Exit, Failure> {
    let today = || when::now().to_string().chars().take(10).collect();
    let name = name.map_or_else(today, str::to_owned);
    let is_plain = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_');
    if name.is_empty() || name.starts_with('.') || name.len() > 100 || !name.chars().all(is_plain) {
        return Err(Failure::usage(
            format!("{name:?} cannot name a baseline"),
            "give letters, digits, dots, dashes and underscores",
        ));
    }
    let path = file.map_or_else(|| place(root, &name), |file| context.environment.absolute(file));
    if path.exists() {
        return Err(Failure::usage(
            format!("{} is there already", path.display()),
            "give another name, or move it away first",
        ));
    }
    let project = project_name(session, root);
    let picture = Picture::of(&Book::new(&session.ledger), root, Some(&project), None)?;
    if picture.is_empty() {
        return Err(Failure::AuditMissing);
    }
    let origin = session.ledger.origin().to_string();
    let baseline = Baseline::new(name, Some(project), origin, session.ledger.now(), picture);
    let text = baseline.to_json();
    let told = told(&baseline, text.as_bytes());
    let shown = path.strip_prefix(root).unwrap_or(&path).display().to_string();
    let mut record = session.event(ACTION, Target::new(TargetKind::File, shown.clone()));
    record.set_part(PartName::Result, &told).expect("texts and numbers are JSON");
    let record = session.admit(record)?;
    if let Some(directory) = path.parent() {
        let failed = |cause| Failure::Output { name: directory.display().to_string(), cause };
        std::fs::create_dir_all(directory).map_err(failed)?;
    }
    let failed = |cause| Failure::Output { name: path.display().to_string(), cause };
    write_file(&path, |out| out.write_all(text.as_bytes()).map_err(failed))?;
    let sealed = session.ledger.append(vec![record]).and_then(|mut answers| answers.remove(0));
    let sealed = sealed.inspect_err(|_| drop(std::fs::remove_file(&path)))?;
    let line = BaselineLine { seq: Some(sealed.seq), saved: baseline.saved, file: shown, told };
    context.out.show(&BaselineDetail { baseline: &line })?;
    Ok(context.answered(&session.ledger, Exit::Clean))
}

/// Where a baseline of that name lies.
fn place(root: &Path, name: &str) -> PathBuf {
    root.join(".audit").join(format!("baseline-{name}.json"))
}

/// Reads a baseline by name or file, and finds the record that seals it.
pub(crate) fn load(
    given: &Path,
    root: &Path,
    session: &Session,
    context: &Context,
) -> Result<(Baseline, BaselineLine), Failure> {
    let named = given.to_str().filter(|name| !name.contains('/')).map(|name| place(root, name));
    let as_file = context.environment.absolute(given);
    let path = named.filter(|path| !as_file.exists() && path.exists()).unwrap_or(as_file);
    let shown = path.strip_prefix(root).unwrap_or(&path).display().to_string();
    let failed = |cause| Failure::Input { name: path.display().to_string(), cause };
    let mut text = Vec::new();
    let file = std::fs::File::open(&path).map_err(failed)?;
    file.take(BASELINE_BYTES_MAX + 1).read_to_end(&mut text).map_err(failed)?;
    if text.len() as u64 > BASELINE_BYTES_MAX {
        return Err(Failure::usage(format!("{shown} is larger than any baseline"), "name another file"));
    }
    let baseline = Baseline::read(&text).map_err(|cause| Failure::from(cause).at(shown.clone()))?;
    let told = told(&baseline, &text);
    let sealed = saved(session)?.iter().filter_map(line).find(|line| line.told.sha256 == told.sha256);
    let line = BaselineLine { seq: sealed.and_then(|line| line.seq), saved: baseline.saved, file: shown, told };
    Ok((baseline, line))
}

/// What is said of a baseline.
fn told(baseline: &Baseline, text: &[u8]) -> SavedBaseline {
    let Picture { files, references, findings } = &baseline.picture;
    SavedBaseline {
        name: baseline.name.clone(),
        sha256: Hash::of(text).to_string(),
        bytes: text.len() as u64,
        manifest: files.as_ref().map(|files| files.seq),
        root: files.as_ref().map(|files| files.root.clone()),
        entries: files.as_ref().map_or(0, |files| files.entries.len() as u64),
        references: references.as_ref().map_or(0, |references| references.len() as u64),
        findings: findings.as_ref().map_or(0, |findings| findings.len() as u64),
    }
}

/// The records of saved baselines, newest first.
fn saved(session: &Session) -> Result<Vec<Stored>, Failure> {
    let mut found = Vec::new();
    let query = Query { action: vec![ACTION.to_owned()], ..Query::default() };
    session.ledger.each_match(&query, &mut |stored| {
        found.push(stored);
        Ok(true)
    })?;
    Ok(found)
}

fn line(stored: &Stored) -> Option<BaselineLine> {
    let record = stored.record.as_ref()?;
    let told = serde_json::from_str(record.part(PartName::Result)?.get()).ok()?;
    Some(BaselineLine { seq: Some(stored.seq), saved: record.occurred, file: record.target.id.clone(), told })
}
