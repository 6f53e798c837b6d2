//! What a tool is, and which ones there are.

mod bandit;
mod clippy;
mod eslint;
mod mypy;
mod ruff;
mod sarif;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use sealbook_record::Severity;
use serde::Deserialize;

pub(super) use self::sarif::read as read_sarif;
use super::tree::Tree;
use crate::reach::{Program, Ran, Reach, Trust, Unreached};

/// What one run of a tool may take.
const RUN_MAX: Duration = Duration::from_mins(20);
/// How long it may take to say which one it is.
const ABOUT_MAX: Duration = Duration::from_mins(1);
/// How much of an output is read.
const OUTPUT_BYTES_MAX: usize = 256 << 20;

/// A linter that can be run.
pub(super) trait Tool: Sync {
    /// Its name, which is also that of its program.
    fn name(&self) -> &'static str;
    /// Whether running it runs code of the tree.
    fn trust(&self, _: &Tree) -> Trust {
        Trust::Own
    }
    /// Endings of the files that it reads.
    fn endings(&self) -> &'static [&'static str];
    /// Whether there is anything for it.
    fn applies(&self, tree: &Tree) -> bool {
        tree.has(self.endings())
    }
    /// Files that set it up, below the root.
    fn configuration(&self) -> &'static [&'static str];
    /// Runs it and reads what it says.
    fn run(&self, at: &Desk<'_>) -> Result<Report, Crash>;
    /// The arguments with which it mends what it can; nothing where it mends nothing.
    fn fix(&self, _: &Desk<'_>) -> Option<Vec<OsString>> {
        None
    }
}

pub(super) static TOOLS: &[&dyn Tool] = &[&ruff::Ruff, &mypy::Mypy, &bandit::Bandit, &clippy::Clippy, &eslint::Eslint];

/// Where a tool is run, and by what.
pub(super) struct Desk<'a> {
    pub(super) reach: &'a dyn Reach,
    pub(super) program: PathBuf,
    /// The root, which paths are told from.
    pub(super) root: &'a Path,
    /// What is asked for, seen from the root: `.`, `./src`.
    pub(super) target: OsString,
    pub(super) trust: Trust,
    pub(super) tree: &'a Tree,
}

/// What a tool said.
#[derive(Debug, Default)]
pub(super) struct Report {
    pub(super) version: String,
    /// Rules that were loaded, where the tool says it.
    pub(super) rules: Option<u64>,
    /// Files that were looked at, where the tool says it.
    pub(super) files: Option<u64>,
    pub(super) exit: Option<i32>,
    pub(super) said: Vec<Said>,
    /// What it should have looked at and did not, why, and what the tool says of it.
    pub(super) unread: Vec<(String, &'static str, Option<String>)>,
}

/// One thing that a tool said of a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Said {
    /// With the tool's name before it: `ruff.F401`.
    pub(super) rule: String,
    pub(super) severity: Severity,
    pub(super) message: String,
    /// As the tool names it.
    pub(super) path: String,
    pub(super) line: Option<u64>,
    pub(super) line_end: Option<u64>,
    pub(super) column: Option<u64>,
}

/// Why a run of a tool says nothing.
#[derive(Debug)]
pub(super) struct Crash {
    pub(super) why: &'static str,
    pub(super) detail: String,
    pub(super) exit: Option<i32>,
}

impl Crash {
    fn new(why: &'static str, detail: impl Into<String>) -> Self {
        Self { why, detail: detail.into(), exit: None }
    }

    fn of(unreached: &Unreached) -> Self {
        let why = match unreached {
            Unreached::NotAllowed(_) => "not_consented",
            Unreached::Missing(_) => "tool_missing",
            Unreached::Late => "tool_late",
            Unreached::Failed(_) => "tool_crashed",
        };
        Self::new(why, unreached.said())
    }

    /// It ended in a way in which it does not when all is well.
    fn ended(ran: &Ran) -> Self {
        let how = ran.code.map_or_else(|| "a signal ended it".to_owned(), |code| format!("it ended with code {code}"));
        let said = String::from_utf8_lossy(if ran.err.is_empty() { &ran.out } else { &ran.err }).into_owned();
        let last = said.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default();
        let last: String = sealbook_policy::redact_text(last.trim()).chars().take(160).collect();
        Self {
            why: "tool_crashed",
            detail: if last.is_empty() { how } else { format!("{how}: {last}") },
            exit: ran.code,
        }
    }

    fn garbled(tool: &str) -> Self {
        Self::new("tool_crashed", format!("what {tool} printed is not what it prints"))
    }
}

impl Desk<'_> {
    fn start(&self, arguments: Vec<OsString>, most: Duration) -> Result<Ran, Crash> {
        let program = Program {
            program: self.program.clone().into(),
            arguments,
            directory: self.root,
            most,
            bytes_max: OUTPUT_BYTES_MAX,
            trust: self.trust,
        };
        let ran = self.reach.run(&program).map_err(|unreached| Crash::of(&unreached))?;
        if ran.is_cut { Err(Crash::new("tool_crashed", "it printed more than is read")) } else { Ok(ran) }
    }

    /// Runs it with arguments and then what is asked for.
    fn look(&self, arguments: &[&str]) -> Result<Ran, Crash> {
        let target = ["--".into(), self.target.clone()];
        self.start(arguments.iter().map(OsString::from).chain(target).collect(), RUN_MAX)
    }

    /// Runs it with arguments alone.
    fn ask(&self, arguments: &[&str]) -> Result<Ran, Crash> {
        self.start(arguments.iter().map(OsString::from).collect(), RUN_MAX)
    }

    /// The version in the first line of what it says of it.
    fn version(&self, arguments: &[&str]) -> Result<String, Crash> {
        let ran = self.start(arguments.iter().map(OsString::from).collect(), ABOUT_MAX)?;
        if ran.code != Some(0) {
            return Err(Crash::ended(&ran));
        }
        let text = String::from_utf8_lossy(&ran.out).into_owned();
        let line = text.lines().next().unwrap_or_default();
        let word = line
            .split_whitespace()
            .find(|word| word.trim_start_matches('v').starts_with(|it: char| it.is_ascii_digit()));
        // Who prints something else at this is not the tool, or is broken.
        word.map(|word| word.chars().take(40).collect()).ok_or_else(|| {
            let said: String = line.chars().take(40).collect();
            Crash::new("tool_crashed", format!("what it says of its version is none: {said:?}"))
        })
    }

    /// Mends what the tool can mend.
    pub(super) fn mend(&self, arguments: Vec<OsString>) -> Result<Ran, Crash> {
        self.start(arguments, RUN_MAX)
    }
}

/// One document of JSON.
fn json<T: for<'de> Deserialize<'de>>(tool: &str, bytes: &[u8]) -> Result<T, Crash> {
    serde_json::from_slice(bytes).map_err(|_| Crash::garbled(tool))
}
