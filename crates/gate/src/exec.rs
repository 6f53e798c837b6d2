//! A command that is run on record: its intent before it starts, and how it ended.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sealbook_inspect::{FileChange, TreeState};
use sealbook_record::{Actor, Category, FileState, Outcome, PartName, Record, Target, TargetKind};
use serde::Serialize;
use serde_json::value::to_raw_value;

use crate::{Child, Ended, Error, Gate, Left, Passage, Refused, files};

/// Files of a tree that are watched at most.
const WATCHED_MAX: usize = 100_000;
/// Changes that are listed; the rest is counted.
const LISTED_MAX: usize = 1_000;

/// Variables that shells and terminals set by themselves: they are other ones for each call, and an approval does not
/// depend on them. Where the command runs is in its digest by itself.
static VOLATILE: &[&str] = &[
    "COLUMNS",
    "GNOME_TERMINAL_SCREEN",
    "ITERM_SESSION_ID",
    "LINES",
    "OLDPWD",
    "PWD",
    "SHLVL",
    "TERM_SESSION_ID",
    "WINDOWID",
    "WT_SESSION",
    "_",
];

/// What is to be run, and around what.
#[derive(Debug)]
pub struct Exec {
    /// The program and what it is run with; never empty.
    pub command: Vec<OsString>,
    /// Where it runs.
    pub cwd: PathBuf,
    /// The variables it runs with. The digest of all that do not change by themselves is recorded, and nothing else of them.
    pub environment: Vec<(OsString, OsString)>,
    /// The directory whose files are watched.
    pub watched: Option<PathBuf>,
    /// Who runs it.
    pub actor: Actor,
    /// The project around it.
    pub project: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// Agent or user session.
    pub session: Option<String>,
}

/// What became of it.
#[derive(Debug)]
pub enum Ran {
    /// It was not started, and that is on record.
    Refused(Refused),
    /// It could not be started.
    NotStarted(io::Error),
    /// It has ended.
    Ended(Left),
}

#[derive(Serialize)]
struct Result {
    exit_code: Option<u8>,
    signal: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    files: Option<Files>,
}

/// What became of the watched files.
#[derive(Serialize)]
struct Files {
    directory: String,
    /// Whether all of them were looked at, before and after.
    complete: bool,
    changed: usize,
    list: Vec<Changed>,
}

#[derive(Serialize)]
struct Changed {
    change: &'static str,
    #[serde(flatten)]
    state: FileState,
}

/// Runs a command, unless a rule or a stop refuses it. Its standard input, output and error are ours.
///
/// Errors: it could not be judged or recorded, and was not started; or how it ended could not be
/// recorded, which leaves an open intent.
pub fn run(gate: &Gate, exec: &Exec) -> std::result::Result<(Ran, Option<Error>), Error> {
    let entered = match gate.enter(intent(gate, exec))? {
        Passage::Entered(entered) => entered,
        Passage::Refused(refused) => return Ok((Ran::Refused(refused), None)),
    };
    let before = exec.watched.as_deref().map(|root| TreeState::of(root, WATCHED_MAX));
    let (program, arguments) = exec.command.split_first().expect("there is a program");
    let left = match Child::attached(program, arguments) {
        Ok(child) => child.wait(),
        Err(cause) => {
            let ended = Ended::new(Outcome::Failed).because("it could not be started");
            let ended = ended.with(PartName::Error, to_raw_value(&cause.to_string()).expect("a text is JSON"));
            let unsealed = gate.leave(entered, ended).err();
            return Ok((Ran::NotStarted(cause), unsealed));
        }
    };
    let files = exec.watched.as_deref().zip(before).map(|(root, before)| changes(root, before));
    let exit_code = left.signal.is_none().then_some(left.code);
    let result = Result { exit_code, signal: left.signal, files };
    let ended = Ended::new(if left.code == 0 { Outcome::Ok } else { Outcome::Failed });
    let ended = ended.with(PartName::Result, to_raw_value(&result).expect("its keys are texts"));
    let unsealed = gate.leave(entered, ended).err();
    Ok((Ran::Ended(left), unsealed))
}

fn intent(gate: &Gate, exec: &Exec) -> Record {
    #[derive(Serialize)]
    struct Input {
        command: String,
        /// Each word in Base64, where one is no text: two commands must not look alike.
        #[serde(skip_serializing_if = "Option::is_none")]
        argv_b64: Option<Vec<String>>,
    }
    #[derive(Serialize)]
    struct Context<'a> {
        cwd: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        exact: Option<String>,
        environment: Environment,
    }
    #[derive(Serialize)]
    struct Environment {
        digest: String,
        variables: usize,
    }
    let program = Path::new(&exec.command[0]).file_name().unwrap_or(&exec.command[0]).to_string_lossy();
    let target = Target::new(TargetKind::Tool, program);
    let ledger = gate.ledger();
    let mut record = Record::event(ledger.next_id(), exec.actor.clone(), "command.run", target, ledger.now());
    ledger.tenant().clone_into(&mut record.tenant);
    record.category = Category::CodeExecution;
    "exec".clone_into(&mut record.source);
    record.project.clone_from(&exec.project);
    record.reason.clone_from(&exec.reason);
    record.session.clone_from(&exec.session);
    let command = exec.command.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" ");
    let is_text = exec.command.iter().all(|word| word.to_str().is_some());
    let argv_b64 = (!is_text).then(|| exec.command.iter().map(|word| STANDARD.encode(word.as_bytes())).collect());
    record.set_part(PartName::Input, &Input { command, argv_b64 }).expect("texts are JSON");
    let environment = Environment {
        digest: gate.digest(&environment_bytes(&exec.environment)),
        variables: lasting(&exec.environment).count(),
    };
    // A directory whose name is no text is told apart by its bytes.
    let exact = exec.cwd.to_str().is_none().then(|| gate.digest(exec.cwd.as_os_str().as_bytes()));
    let context = Context { cwd: &exec.cwd.to_string_lossy(), exact, environment };
    record.set_part(PartName::Context, &context).expect("texts are JSON");
    record
}

/// The variables that do not change by themselves.
fn lasting(environment: &[(OsString, OsString)]) -> impl Iterator<Item = &(OsString, OsString)> {
    environment.iter().filter(|(name, _)| !VOLATILE.iter().any(|other| name == other))
}

/// `NAME=VALUE` and a zero byte each, by name, so that equal environments have equal digests; without what is volatile.
fn environment_bytes(environment: &[(OsString, OsString)]) -> Vec<u8> {
    let sorted: BTreeMap<&[u8], &[u8]> =
        lasting(environment).map(|(name, value)| (name.as_bytes(), value.as_bytes())).collect();
    let mut bytes = Vec::new();
    for (name, value) in sorted {
        for piece in [name, b"=", value, b"\0"] {
            bytes.extend_from_slice(piece);
        }
    }
    bytes
}

/// A word as a POSIX shell reads it: the line can be run again, and redaction reads it as a line.
fn quoted(word: &OsStr) -> String {
    let word = word.to_string_lossy();
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./:=@%+,".contains(&byte);
    if !word.is_empty() && word.bytes().all(plain) {
        word.into_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

fn changes(root: &Path, before: io::Result<TreeState>) -> Files {
    let after = TreeState::of(root, WATCHED_MAX);
    let mut files = Files { directory: root.display().to_string(), complete: false, changed: 0, list: Vec::new() };
    let (Ok(before), Ok(after)) = (before, after) else { return files };
    files.complete = before.is_whole() && after.is_whole();
    let all = before.changes_to(&after);
    files.changed = all.len();
    for (path, change) in all.into_iter().take(LISTED_MAX) {
        let path = PathBuf::from(OsStr::from_bytes(path.as_bytes()));
        // What a removed file was, its last manifest says.
        let state = if change == FileChange::Removed { files::gone(&path) } else { files::told(&path, root) };
        files.list.push(Changed { change: change.as_str(), state });
    }
    files
}
