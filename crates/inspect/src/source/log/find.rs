//! Which files are logs, and which of them are one log that was rotated.

use std::ffi::{CString, OsStr};
use std::fs::File;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::{Dir, FileType, Mode, OFlags, openat};

use crate::source::resolved;
use crate::{Coverage, Error, TreePath};

/// Files of one run, at most.
const FILES_MOST: usize = 100_000;
/// Directories below one another, at most.
const DEPTH_MOST: usize = 32;
/// Never entered: what versions, packages and builds are made of.
const EXCLUDED: [&[u8]; 7] = [b".git", b".sealbook", b"node_modules", b"target", b".venv", b"__pycache__", b".tox"];

/// A file that may be a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Candidate {
    /// Its path below the root.
    pub(super) path: TreePath,
    /// Whether its name says that it is a log, or a person named it: then it is read whatever is in it.
    pub(super) is_named: bool,
}

/// Where logs lie: a directory, or one file in it.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) root: PathBuf,
    file: Option<CString>,
}

impl Place {
    pub(super) fn resolve(given: &Path) -> Result<Self, Error> {
        let path = resolved(given)?;
        if path.is_dir() {
            return Ok(Self { root: path, file: None });
        }
        let (Some(directory), Some(name)) = (path.parent(), path.file_name()) else {
            return Err(Error::TargetNotFound { path: given.to_owned() });
        };
        let name = CString::new(name.as_bytes()).expect("a path that exists holds no NUL");
        Ok(Self { root: directory.to_owned(), file: Some(name) })
    }

    /// What tells the runs over this place from others.
    pub(super) fn scope(&self) -> PathBuf {
        match &self.file {
            Some(name) => self.root.join(OsStr::from_bytes(name.to_bytes())),
            None => self.root.clone(),
        }
    }

    /// The files, in the order of their paths.
    pub(super) fn list(&self, coverage: &mut Coverage) -> Result<Vec<Candidate>, Error> {
        let root = self.open()?;
        if let Some(name) = &self.file {
            return Ok(vec![Candidate { path: TreePath::new(name.to_bytes()), is_named: true }]);
        }
        let mut found = Vec::new();
        walk(&root, &self.root, (&[], 0), &mut found, coverage);
        found.sort_by(|a, b| a.path.as_bytes().cmp(b.path.as_bytes()));
        Ok(found)
    }

    fn open(&self) -> Result<OwnedFd, Error> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        rustix::fs::open(&self.root, flags, Mode::empty())
            .map_err(|errno| Error::TargetUnreadable { path: self.root.clone(), cause: errno.into() })
    }

    /// Opens a file below the root, through no link on the way.
    pub(super) fn open_file(&self, path: &TreePath) -> std::io::Result<File> {
        let mut directory: OwnedFd = self.open().map_err(|error| std::io::Error::other(error.to_string()))?;
        let mut parts = path.as_bytes().split(|byte| *byte == b'/').peekable();
        while let Some(part) = parts.next() {
            let mut flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOFOLLOW;
            let is_last = parts.peek().is_none();
            // A pipe in the place of a file must not make the run wait.
            flags |= if is_last { OFlags::NONBLOCK | OFlags::NOCTTY } else { OFlags::DIRECTORY };
            let opened = openat(&directory, OsStr::from_bytes(part), flags, Mode::empty())?;
            if is_last {
                return Ok(File::from(opened));
            }
            directory = opened;
        }
        Err(std::io::ErrorKind::NotFound.into())
    }
}

fn walk(
    directory: &OwnedFd,
    root: &Path,
    (prefix, depth): (&[u8], usize),
    found: &mut Vec<Candidate>,
    coverage: &mut Coverage,
) {
    let entries = match Dir::read_from(directory) {
        Ok(entries) => entries,
        Err(errno) => {
            coverage.skip(below(prefix), "unreadable", Some(std::io::Error::from(errno).to_string()));
            return;
        }
    };
    for entry in entries {
        let entry = match entry {
            Ok(entry) => entry,
            Err(errno) => {
                coverage.skip(below(prefix), "unreadable", Some(std::io::Error::from(errno).to_string()));
                return;
            }
        };
        let name = entry.file_name().to_bytes();
        if matches!(name, b"." | b"..") {
            continue;
        }
        let path = [prefix, name].concat();
        let kind = match entry.file_type() {
            FileType::Unknown => kind_of(directory, entry.file_name()),
            kind => kind,
        };
        match kind {
            FileType::Directory if EXCLUDED.contains(&name) => {}
            FileType::Directory if depth >= DEPTH_MOST => coverage.skip(TreePath::new(path), "too_deep", None),
            FileType::Directory => {
                let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC | OFlags::NOFOLLOW;
                match openat(directory, entry.file_name(), flags, Mode::empty()) {
                    Ok(inner) => walk(&inner, root, (&[&path[..], b"/"].concat(), depth + 1), found, coverage),
                    Err(errno) => {
                        let cause = std::io::Error::from(errno).to_string();
                        coverage.skip(TreePath::new(path), "unreadable", Some(cause));
                    }
                }
            }
            FileType::RegularFile if found.len() >= FILES_MOST => {
                coverage.skip(TreePath::new(path), "too_many_files", None);
            }
            FileType::RegularFile => {
                let is_named = names_a_log(name);
                found.push(Candidate { path: TreePath::new(path), is_named });
            }
            FileType::Symlink if leads_out(root, &path) => {
                let why = "a link to a log that lies elsewhere; links are not followed".to_owned();
                coverage.skip(TreePath::new(path), "link", Some(why));
            }
            // A link's end is read where it lies.
            _ => coverage.ignored += 1,
        }
    }
}

/// Whether a link with the name of a log, or to a file with such a name, leads to a file outside of the root.
fn leads_out(root: &Path, path: &[u8]) -> bool {
    let Ok(end) = root.join(OsStr::from_bytes(path)).canonicalize() else { return false };
    let is_log = |path: &[u8]| names_a_log(path.rsplit(|byte| *byte == b'/').next().unwrap_or(path));
    let is_outside = root.canonicalize().is_ok_and(|root| !end.starts_with(root));
    is_outside && end.is_file() && (is_log(path) || is_log(end.as_os_str().as_bytes()))
}

fn kind_of(directory: &OwnedFd, name: &std::ffi::CStr) -> FileType {
    rustix::fs::statat(directory, name, rustix::fs::AtFlags::SYMLINK_NOFOLLOW)
        .map_or(FileType::Unknown, |stat| FileType::from_raw_mode(stat.st_mode))
}

fn below(prefix: &[u8]) -> TreePath {
    TreePath::new(if prefix.is_empty() { b"." } else { prefix.strip_suffix(b"/").unwrap_or(prefix) })
}

/// What a log is called without what rotation and compression put behind its name, and whether they put anything:
/// `app.log.2.gz` and `app.log-20261121` are `app.log`.
pub(super) fn base_name(name: &[u8]) -> (&[u8], bool) {
    let mut base = name;
    while let Some(at) = base.iter().rposition(|byte| matches!(byte, b'.' | b'-')) {
        let ending = &base[at + 1..];
        let is_number = !ending.is_empty() && ending.len() <= 14 && ending.iter().all(u8::is_ascii_digit);
        let is_word = matches!(ending, b"gz" | b"zst" | b"zstd" | b"bz2" | b"xz" | b"lz4" | b"Z" | b"old" | b"bak");
        if at == 0 || !(is_number || (is_word && base[at] == b'.')) {
            break;
        }
        base = &base[..at];
    }
    (base, base.len() != name.len())
}

/// Whether a name is one that logs have.
fn names_a_log(name: &[u8]) -> bool {
    let (base, _) = base_name(name);
    let base = base.to_ascii_lowercase();
    let endings: [&[u8]; 11] = [
        b".log",
        b".logs",
        b".jsonl",
        b".ndjson",
        b".err",
        b"_log",
        b"-log",
        b".journal",
        b".log.info",
        b".log.warning",
        b".log.error",
    ];
    let whole: [&[u8]; 12] = [
        b"syslog",
        b"messages",
        b"dmesg",
        b"boot",
        b"secure",
        b"maillog",
        b"cron",
        b"debug",
        b"log",
        b"stderr",
        b"stdout",
        b"nohup.out",
    ];
    endings.iter().any(|ending| base.ends_with(ending)) || whole.contains(&&*base)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rotated_logs_have_one_name() {
        for (name, base) in [
            ("app.log", "app.log"),
            ("app.log.1", "app.log"),
            ("app.log.2.gz", "app.log"),
            ("app.log-20261121", "app.log"),
            ("app.log-2026-11-21.zst", "app.log"),
            ("catalina.2026-11-21.log", "catalina.2026-11-21.log"),
            ("syslog.old", "syslog"),
            (".1", ".1"),
            ("1", "1"),
            ("python3.11", "python3"),
        ] {
            assert_eq!(base_name(name.as_bytes()).0, base.as_bytes(), "{name}");
        }
    }

    #[test]
    fn names_say_what_is_a_log() {
        for name in ["app.log", "syslog.1", "access_log", "x.jsonl", "ERROR.LOG.3.gz", "a.log.2026-11-21", "nohup.out"]
        {
            assert!(names_a_log(name.as_bytes()), "{name}");
        }
        for name in ["README.md", "main.rs", "data.json", "app.log.labels", "catalog", "blog.txt", "wtmp"] {
            assert!(!names_a_log(name.as_bytes()), "{name}");
        }
    }
}
