//! Reads the files of a tree, many at once, and looks through each.

use std::ffi::CString;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::thread;

use super::permission::{self, Issue};
use super::surroundings;
use crate::progress::go_on;
use crate::secrets::{Hit, RuleSet, Scanner, text_of};
use crate::source::file::list::{Content, LeftOut, Listed, Place, list_with, open};
use crate::{Error, Progress, TreePath};

/// Longer files are not read: nobody writes such.
const READ_BYTES_MAX: u64 = 32 << 20;
/// Files between the walk and whoever tells; each may hold a directory open.
const QUEUE: usize = 128;

/// A file to look at.
struct Job {
    place: Place,
    name: CString,
    path: Vec<u8>,
}

/// With what files are looked through.
pub(super) struct Look<'r> {
    pub(super) secrets: &'r RuleSet,
    pub(super) patterns: &'r RuleSet,
    /// Leave out what `.gitignore` does.
    pub(super) ignore_files: bool,
}

/// What became of a file.
pub(super) enum Seen {
    Text {
        bytes: u64,
        found: Vec<Found>,
    },
    /// Secrets are not looked for in what is no text.
    Binary {
        bytes: u64,
    },
    Permission(Vec<(u32, Issue)>),
    LeftOut(LeftOut),
    Gap {
        why: &'static str,
        detail: Option<String>,
    },
}

/// A hit with all that is told of it; `secret` goes no further than to a keyed digest.
pub(super) struct Found {
    pub(super) is_pattern: bool,
    pub(super) hit: Hit,
    pub(super) line: u64,
    pub(super) column: u64,
    pub(super) secret: Vec<u8>,
}

/// Looks at every file below `root`, and gives what was seen, in no order.
pub(super) fn run(
    root: &Path,
    threads: usize,
    look: &Look<'_>,
    progress: &dyn Progress,
    receive: &mut dyn FnMut(TreePath, Seen) -> Result<(), Error>,
) -> Result<(), Error> {
    let tree = open(root).map_err(|cause| Error::TargetUnreadable { path: root.to_owned(), cause })?;
    let (give_job, jobs) = sync_channel::<Job>(QUEUE);
    let (give, results) = sync_channel::<(Vec<u8>, Seen)>(QUEUE);
    let jobs = &Mutex::new(jobs);
    progress.begin("secrets", None);
    let done = thread::scope(move |scope| {
        let walked = give.clone();
        scope.spawn(move || walk(tree, root, look.ignore_files, &give_job, &walked));
        for _ in 0..threads.max(1) {
            let give = give.clone();
            scope.spawn(move || {
                let mut scanners = (Scanner::new(look.secrets), Scanner::new(look.patterns));
                let next = || jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
                let mut heard = true;
                // Taken to the end in any case, or the walk would wait at a full queue.
                while let Ok(job) = next() {
                    heard = heard && at(&job, &mut scanners, &give);
                }
            });
        }
        drop(give);
        for (path, seen) in results {
            go_on(progress)?;
            progress.advance(u64::from(matches!(seen, Seen::Text { .. } | Seen::Binary { .. })));
            receive(TreePath::new(path), seen)?;
        }
        Ok(())
    });
    progress.end();
    done
}

fn walk(
    tree: std::os::fd::OwnedFd,
    root: &Path,
    ignore_files: bool,
    jobs: &SyncSender<Job>,
    give: &SyncSender<(Vec<u8>, Seen)>,
) {
    let mut file = |listed| {
        let given = match listed {
            Listed::File { place, name, path } => jobs.send(Job { place, name, path }).is_ok(),
            // A link is looked at where it leads, if that lies in the tree.
            Listed::Link { .. } => true,
            Listed::Closed { path, why, detail } => give.send((path, Seen::Gap { why, detail })).is_ok(),
        };
        if given { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    };
    let left_out = list_with(tree, root, ignore_files, &mut file, &mut |path, mode| {
        let issues = permission::of_directory(mode);
        if !issues.is_empty() {
            let issues = issues.into_iter().map(|issue| (mode, issue)).collect();
            // Whoever no longer listens has its reasons.
            let _ = give.send((path.to_vec(), Seen::Permission(issues)));
        }
    });
    let _ = give.send((Vec::new(), Seen::LeftOut(left_out)));
}

/// Looks at one file; says whether anybody still listens.
fn at(job: &Job, (secrets, patterns): &mut (Scanner<'_>, Scanner<'_>), give: &SyncSender<(Vec<u8>, Seen)>) -> bool {
    let mut is_private_key = false;
    let seen = match job.place.read(&job.name, READ_BYTES_MAX) {
        Content::Whole { bytes, .. } => {
            let size = bytes.len() as u64;
            match text_of(&job.path, &bytes) {
                None => Some(Seen::Binary { bytes: size }),
                Some(text) => {
                    let found = look_through(&job.path, &text, secrets, patterns);
                    let is_key = |it: &Found| {
                        !it.is_pattern && it.hit.end > 0 && secrets.rule(&it.hit).id.contains("private-key")
                    };
                    is_private_key = found.iter().any(|it| is_key(it) && it.hit.allowed.is_none());
                    Some(Seen::Text { bytes: size, found })
                }
            }
        }
        Content::TooLarge(size) => {
            let detail = Some(format!("{size} bytes; {READ_BYTES_MAX} at most are read"));
            Some(Seen::Gap { why: "too_large", detail })
        }
        Content::NoFile => None,
        Content::Unreadable { why, detail } => Some(Seen::Gap { why, detail }),
    };
    let mode = job.place.mode(&job.name).unwrap_or(0);
    let issues: Vec<_> = permission::of_file(mode, is_private_key).into_iter().map(|issue| (mode, issue)).collect();
    let tell = |seen| give.send((job.path.clone(), seen)).is_ok();
    (issues.is_empty() || tell(Seen::Permission(issues))) && seen.is_none_or(tell)
}

/// What the rules find in a text.
fn look_through(path: &[u8], text: &[u8], secrets: &mut Scanner<'_>, patterns: &mut Scanner<'_>) -> Vec<Found> {
    let hits = secrets.scan(path, text, &String::new).into_iter();
    let mut found: Vec<Found> = hits.map(|hit| Found::of(hit, text, false)).collect();
    found.extend(secrets.of_path(path).into_iter().map(|rule| Found::of(Hit::of_file(rule), text, false)));
    let written = patterns.scan(path, text, &String::new).into_iter();
    found.extend(
        written
            .filter(|hit| !is_comment(text, hit.start))
            .filter(|hit| surroundings::holds(&patterns.rule(hit).id, text, hit.start))
            .map(|hit| Found::of(hit, text, true)),
    );
    found
}

/// Whether a line is a comment: what is written there does not run.
fn is_comment(text: &[u8], at: usize) -> bool {
    let start = memchr::memrchr(b'\n', &text[..at]).map_or(0, |nl| nl + 1);
    let line = text[start..].trim_ascii_start();
    [&b"//"[..], b"#", b"*", b"/*", b"--", b"<!--"].iter().any(|mark| line.starts_with(mark))
}

impl Found {
    fn of(hit: Hit, text: &[u8], is_pattern: bool) -> Self {
        let before = &text[..hit.start];
        let line = memchr::memchr_iter(b'\n', before).count() as u64 + 1;
        let column = hit.start - memchr::memrchr(b'\n', before).map_or(0, |nl| nl + 1) + 1;
        // Of code the line counts, however it is indented; of a secret the secret.
        let content = if is_pattern { line_at(text, hit.start).trim_ascii() } else { &text[hit.start..hit.end] };
        Self { is_pattern, line, column: column as u64, secret: content.to_vec(), hit }
    }
}

fn line_at(text: &[u8], at: usize) -> &[u8] {
    let start = memchr::memrchr(b'\n', &text[..at]).map_or(0, |nl| nl + 1);
    let end = memchr::memchr(b'\n', &text[at..]).map_or(text.len(), |nl| at + nl);
    &text[start..end]
}
