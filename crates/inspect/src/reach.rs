//! What a source may do beside reading files: start a program, ask an address. Whoever asks for the run brings it.

use std::borrow::Cow;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Starts programs and asks addresses, each for no longer than it is told.
///
/// Nothing that it says of a failure quotes an address, an argument or an answer.
pub trait Reach: Sync {
    /// Runs a program to its end, without a shell and without input.
    fn run(&self, program: &Program<'_>) -> Result<Ran, Unreached>;
    /// Sends one request of HTTP and reads the answer; no redirect is followed.
    fn ask(&self, asked: &Asked<'_>) -> Result<Answered, Unreached>;
    /// Opens a TCP connection and closes it.
    fn connect(&self, host: &str, port: u16, most: Duration) -> Result<(), Unreached>;
}

/// A program to run.
#[derive(Debug, Clone)]
pub struct Program<'a> {
    /// Its path, or a name that is looked for.
    pub program: OsString,
    /// Its arguments.
    pub arguments: Vec<OsString>,
    /// Where it is started.
    pub directory: &'a Path,
    /// How long it may take; then it is killed, with all that it started.
    pub most: Duration,
    /// How much of each of its outputs is kept.
    pub bytes_max: usize,
    /// Whose code it runs.
    pub trust: Trust,
}

/// Whose code a program runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trust {
    /// Its own.
    Own,
    /// What the tree that is looked at says, too: its configuration, its build scripts, a command in it.
    Tree,
}

/// A program that was run.
#[derive(Debug, Clone)]
pub struct Ran {
    /// Its exit code; nothing where a signal ended it.
    pub code: Option<i32>,
    /// Its standard output, as far as it was kept.
    pub out: Vec<u8>,
    /// Its standard error, as far as it was kept.
    pub err: Vec<u8>,
    /// It said more than was kept.
    pub is_cut: bool,
}

/// A request of HTTP.
#[derive(Debug)]
pub struct Asked<'a> {
    /// `GET` or `HEAD`.
    pub method: &'a str,
    /// The address.
    pub url: &'a str,
    /// Headers.
    pub headers: &'a [(String, String)],
    /// A socket in the file system to ask instead of the address's host.
    pub socket: Option<&'a Path>,
    /// How long it may take.
    pub most: Duration,
    /// How much of the answer is read.
    pub bytes_max: usize,
}

/// An answer of HTTP.
#[derive(Debug, Clone)]
pub struct Answered {
    /// Its status.
    pub status: u16,
    /// Its body, as far as it was read.
    pub body: Vec<u8>,
    /// There was more.
    pub is_cut: bool,
}

/// Why nothing came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unreached {
    /// Nobody allowed it: it was not tried.
    NotAllowed(&'static str),
    /// The program, the socket or the means to ask is not there.
    Missing(Cow<'static, str>),
    /// It took longer than it may.
    Late,
    /// It was tried, and failed.
    Failed(Cow<'static, str>),
}

impl Unreached {
    /// The same in words.
    pub fn said(&self) -> Cow<'static, str> {
        match self {
            Self::NotAllowed(why) => Cow::Borrowed(why),
            Self::Missing(why) | Self::Failed(why) => why.clone(),
            Self::Late => Cow::Borrowed("it did not answer in time"),
        }
    }
}

/// Reaches nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoReach;

const NOT_ALLOWED: Unreached = Unreached::NotAllowed("this run reads files alone");

impl Reach for NoReach {
    fn run(&self, _: &Program<'_>) -> Result<Ran, Unreached> {
        Err(NOT_ALLOWED)
    }

    fn ask(&self, _: &Asked<'_>) -> Result<Answered, Unreached> {
        Err(NOT_ALLOWED)
    }

    fn connect(&self, _: &str, _: u16, _: Duration) -> Result<(), Unreached> {
        Err(NOT_ALLOWED)
    }
}

/// Options of the `service` source.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct ServiceOptions {
    /// Only this service.
    pub name: Option<String>,
    /// The file that names the services; what lies at the usual places of the target where nothing is given.
    pub file: Option<PathBuf>,
    /// Only whether they are up; neither the host's figures nor how much they take.
    pub health_only: bool,
}

impl ServiceOptions {
    pub(crate) fn is_default(&self) -> bool {
        *self == Self::default()
    }
}
