//! Checking daily files: against each other, against their head, and against the book.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use serde::Serialize;
use sha2::{Digest, Sha256};

use super::{Grown, HEAD, Head, LINK_BYTES_MAX, Link, begins_with, daily_files, hex};
use crate::sqlite::file_error;
use crate::{Error, Ledger};

/// What is wrong with daily files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// Which file.
    pub file: String,
    /// What is wrong: each has a page in `docs/errors/`.
    pub code: &'static str,
    /// The same for people.
    pub what: &'static str,
}

/// What was found.
#[derive(Debug, Default)]
pub struct Check {
    /// How many files there are.
    pub files: u64,
    /// How many records stand in them.
    pub records: u64,
    /// Whether the book was asked too.
    pub with_book: bool,
    /// What is wrong, in the order of the files.
    pub faults: Vec<Fault>,
    /// What the head says.
    pub head: Option<Head>,
}

#[derive(Clone, Copy)]
enum Wrong {
    Missing,
    Altered,
    Unlinked,
    Unfinished,
    Unsealed,
}

impl Wrong {
    fn code(self) -> &'static str {
        match self {
            Self::Missing => "daily_missing",
            Self::Altered => "daily_altered",
            Self::Unlinked => "daily_unlinked",
            Self::Unfinished => "daily_unfinished",
            Self::Unsealed => "daily_unsealed",
        }
    }

    fn what(self) -> &'static str {
        match self {
            Self::Missing => "it should be there and is not",
            Self::Altered => "it is not what it was when it was written",
            Self::Unlinked => "nothing links it to the files before it",
            Self::Unfinished => "it was being written when the writer ended",
            Self::Unsealed => "the book does not say that the files go so far",
        }
    }
}

/// Checks the daily files in a directory against each other and against their head.
///
/// Errors: the directory or a file in it cannot be read.
pub fn check(dir: &Path) -> Result<Check, Error> {
    let mut check = Check { head: Head::read(dir)?, ..Check::default() };
    let mut seen: BTreeMap<String, Grown> = BTreeMap::new();
    let mut before: Option<String> = None;
    for name in daily_files(dir)? {
        let (grown, link, lines) = look(dir, &name)?;
        check.files += 1;
        check.records += lines.saturating_sub(u64::from(link.is_some()));
        match link {
            Some(link) if check.is_of_these(&link) => check.compare(&name, &link, before.as_deref(), &seen),
            _ => check.add(&name, Wrong::Unlinked),
        }
        seen.insert(name.clone(), grown);
        before = Some(name);
    }
    check.compare_head(&seen);
    Ok(check)
}

impl Ledger {
    /// As [`check`], and compared with what the book says of these files.
    pub fn verify_daily(&self, dir: &Path) -> Result<Check, Error> {
        let mut check = check(dir)?;
        let Some(head) = check.head.clone().filter(|head| head.origin == self.origin().as_str()) else {
            return Ok(check);
        };
        check.with_book = true;
        match self.daily_sealed(&head)? {
            Some(sealed) if !begins_with(dir, &sealed)? => {
                let is_there = dir.join(&sealed.file).exists();
                check.add(&sealed.file, if is_there { Wrong::Altered } else { Wrong::Missing });
            }
            sealed @ Some(_) if sealed == head.last => {}
            _ => check.add(HEAD, Wrong::Unsealed),
        }
        Ok(check)
    }
}

impl Check {
    /// Whether nothing is wrong.
    pub fn is_whole(&self) -> bool {
        self.faults.is_empty()
    }

    fn add(&mut self, file: &str, wrong: Wrong) {
        let fault = Fault { file: file.to_owned(), code: wrong.code(), what: wrong.what() };
        if !self.faults.contains(&fault) {
            self.faults.push(fault);
        }
    }

    fn is_of_these(&self, link: &Link) -> bool {
        self.head.as_ref().is_none_or(|head| head.log == link.log && head.origin == link.origin)
    }

    /// Compares a file's link with the files before it.
    fn compare(&mut self, name: &str, link: &Link, before: Option<&str>, seen: &BTreeMap<String, Grown>) {
        let Some(previous) = &link.previous else {
            if before.is_some() {
                self.add(name, Wrong::Unlinked);
            }
            return;
        };
        match seen.get(&previous.file) {
            None => self.add(&previous.file, Wrong::Missing),
            Some(found) if found != previous => self.add(&previous.file, Wrong::Altered),
            Some(_) => {}
        }
        // What stands between the two is in no link.
        for between in seen.keys().filter(|file| **file > previous.file) {
            self.add(between, Wrong::Unlinked);
        }
    }

    /// Compares the head with the files.
    fn compare_head(&mut self, seen: &BTreeMap<String, Grown>) {
        let Some(head) = self.head.clone() else {
            return self.add(HEAD, Wrong::Missing);
        };
        let or_unfinished = |wrong| if head.writing { Wrong::Unfinished } else { wrong };
        let last = head.last.as_ref();
        match last.map(|last| (last, seen.get(&last.file))) {
            Some((last, None)) => self.add(&last.file, Wrong::Missing),
            Some((last, Some(found))) if found != last => self.add(&last.file, or_unfinished(Wrong::Altered)),
            _ => {}
        }
        for beyond in seen.keys().filter(|file| last.is_none_or(|last| **file > last.file)) {
            self.add(beyond, or_unfinished(Wrong::Unlinked));
        }
    }
}

/// Reads a file once: its length and hash, its link, how many lines it has.
fn look(dir: &Path, name: &str) -> Result<(Grown, Option<Link>, u64), Error> {
    let path = dir.join(name);
    let failed = |cause| file_error(&path, cause);
    let mut reader = BufReader::with_capacity(1 << 16, File::open(&path).map_err(failed)?);
    let mut first = Vec::new();
    (&mut reader).take(LINK_BYTES_MAX).read_until(b'\n', &mut first).map_err(failed)?;
    let link = std::str::from_utf8(&first).ok().and_then(|line| Link::parse(line.trim_end()));
    let mut hash = Sha256::new();
    hash.update(&first);
    let (mut bytes, mut lines) = (first.len() as u64, u64::from(first.ends_with(b"\n")));
    loop {
        let found = reader.fill_buf().map_err(failed)?;
        if found.is_empty() {
            return Ok((Grown { file: name.to_owned(), bytes, sha256: hex(hash) }, link, lines));
        }
        hash.update(found);
        lines += found.iter().map(|byte| u64::from(*byte == b'\n')).sum::<u64>();
        bytes += found.len() as u64;
        let read = found.len();
        reader.consume(read);
    }
}
