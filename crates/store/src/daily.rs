//! Daily files of JSON Lines (`audit_YYYY-MM-DD.log`), for `jq` and log shippers, sealed across files.
//!
//! Each line is a record in the dialect [`DIALECT`]. The first line of a file has the same fields and
//! links it: it names the file before, its length and its SHA-256, and holds the book's checkpoint of
//! that time. [`HEAD`], beside them, names the last file; and whoever writes them seals what it says in
//! the book ([`ACTION`]). So a line that was changed, a file that is gone and one that was put between
//! show, and a tail that was cut off shows where there is the book.
//!
//! Files only grow. A record stands in the file of the day on which it happened; one that came late, in
//! the file that was open then; none in a file later than the day on which it was sealed.

mod check;
mod write;

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::Path;

use sealbook_record::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::Error;
use crate::sqlite::file_error;

pub use check::{Check, Fault, check};
pub use write::Written;

/// The dialect of the lines.
pub const DIALECT: &str = "jsonl";
/// What is sealed when daily files were written.
pub const ACTION: &str = "export.daily";
/// The file that names the last of them.
pub const HEAD: &str = "audit_head.json";

const LOCK: &str = ".audit.lock";
/// The action of a line that links a file to the one before it.
const LINK_ACTION: &str = "log.open";
const VERSION: u32 = 1;
/// No head is longer: a checkpoint, a few names and numbers.
const HEAD_BYTES_MAX: u64 = 1 << 20;
/// No linking line is longer.
const LINK_BYTES_MAX: u64 = 1 << 20;

/// A file as it was when something was said of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grown {
    /// Its name.
    pub file: String,
    /// How long it was.
    pub bytes: u64,
    /// SHA-256 of so many bytes, in hexadecimal digits.
    pub sha256: String,
}

/// How far the files go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    v: u32,
    /// Which files these are: given when the first was made.
    pub log: String,
    /// The ledger whose records stand in them.
    pub origin: String,
    /// The first record that stands in none of them.
    pub next_seq: u64,
    /// Whether somebody was writing when this was written.
    writing: bool,
    /// The last file; none before there is one.
    pub last: Option<Grown>,
    /// The book's checkpoint then.
    pub checkpoint: String,
}

/// What the first line of a file says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Link {
    v: u32,
    log: String,
    origin: String,
    /// The first record that may stand in this file.
    first_seq: u64,
    previous: Option<Grown>,
    checkpoint: String,
}

/// A linking line: the fields of the dialect, so that whatever reads the others reads it too.
#[derive(Serialize, Deserialize)]
struct LinkLine {
    timestamp: String,
    actor: String,
    action: String,
    success: bool,
    details: LinkDetails,
    error: Option<String>,
    session_id: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct LinkDetails {
    sealbook: Link,
}

/// Whether a line is no record, but links its file to the one before.
pub fn is_link(line: &str) -> bool {
    line.contains(LINK_ACTION) && Link::parse(line).is_some()
}

impl Head {
    /// What the directory's head says; none where there is none, or where it cannot be read.
    fn read(dir: &Path) -> Result<Option<Self>, Error> {
        let path = dir.join(HEAD);
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(cause) if cause.kind() == ErrorKind::NotFound => return Ok(None),
            Err(cause) => return Err(file_error(&path, cause)),
        };
        let mut text = Vec::new();
        file.take(HEAD_BYTES_MAX).read_to_end(&mut text).map_err(|cause| file_error(&path, cause))?;
        let head: Option<Self> = serde_json::from_slice(&text).ok();
        Ok(head.filter(|head| head.v == VERSION))
    }

    /// What is said of these files in the book.
    pub fn target(&self) -> String {
        format!("daily:{}", self.log)
    }
}

impl Link {
    fn parse(line: &str) -> Option<Self> {
        let line: LinkLine = serde_json::from_str(line).ok()?;
        (line.action == LINK_ACTION && line.details.sealbook.v == VERSION).then_some(line.details.sealbook)
    }

    fn line(self, at: Timestamp) -> String {
        let text = at.to_string();
        let line = LinkLine {
            timestamp: format!("{}Z", &text[..text.len() - 4]),
            actor: "sealbook".to_owned(),
            action: LINK_ACTION.to_owned(),
            success: true,
            details: LinkDetails { sealbook: self },
            error: None,
            session_id: None,
        };
        serde_json::to_string(&line).expect("its keys are texts")
    }
}

/// `audit_2024-05-01.log`, in the order of the days.
fn daily_files(dir: &Path) -> Result<Vec<String>, Error> {
    let failed = |cause| file_error(dir, cause);
    let mut files = Vec::new();
    for entry in std::fs::read_dir(dir).map_err(failed)? {
        files.extend(entry.map_err(failed)?.file_name().into_string().ok().filter(|name| day_of_file(name).is_some()));
    }
    files.sort_unstable();
    Ok(files)
}

fn file_of_day(day: &str) -> String {
    format!("audit_{day}.log")
}

fn day_of_file(name: &str) -> Option<&str> {
    let day = name.strip_prefix("audit_")?.strip_suffix(".log")?;
    (day.len() == 10 && day.parse::<Timestamp>().is_ok()).then_some(day)
}

fn day_of(time: Timestamp) -> String {
    time.to_string()[..10].to_owned()
}

/// SHA-256 over the first `bytes` of a file, to go on with, and its whole length; none where it is
/// shorter or not there.
fn hash_of_start(path: &Path, bytes: u64) -> Result<Option<(Sha256, u64)>, Error> {
    let failed = |cause| file_error(path, cause);
    let file = match File::open(path) {
        Ok(file) => file,
        Err(cause) if cause.kind() == ErrorKind::NotFound => return Ok(None),
        Err(cause) => return Err(failed(cause)),
    };
    let length = file.metadata().map_err(failed)?.len();
    if length < bytes {
        return Ok(None);
    }
    let mut hash = Sha256::new();
    let mut rest = file.take(bytes);
    let mut buffer = vec![0; 1 << 16];
    loop {
        match rest.read(&mut buffer).map_err(failed)? {
            0 => return Ok(Some((hash, length))),
            read => hash.update(&buffer[..read]),
        }
    }
}

/// Whether the file still begins with what was said of it.
fn begins_with(dir: &Path, grown: &Grown) -> Result<bool, Error> {
    // The name is a stranger's where the head or a link was changed: it stays in the directory.
    if day_of_file(&grown.file).is_none() {
        return Ok(false);
    }
    let found = hash_of_start(&dir.join(&grown.file), grown.bytes)?;
    Ok(found.is_some_and(|(hash, _)| hex(hash) == grown.sha256))
}

fn hex(hash: Sha256) -> String {
    let nibbles = hash.finalize();
    let nibbles = nibbles.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    nibbles.map(|nibble| char::from(b"0123456789abcdef"[usize::from(nibble)])).collect()
}
