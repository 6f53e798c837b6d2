//! What changed since the last manifest: one record per file, made while the tree is read.
//!
//! Both manifests come in the same order, so one pass over both is enough and neither is held in
//! memory. What appeared and what vanished waits for the end, because a pair of them may be one
//! file that was renamed.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::os::fd::{AsFd as _, OwnedFd};

use rustix::fs::{AtFlags, FileType, statat};
use sealbook_policy::Raw;
use sealbook_record::{PartName, Target, TargetKind};
use serde::Serialize;
use serde_json::value::RawValue;

use super::entry::Known;
use super::manifest::part;
use super::owners::Owners;
use super::pipeline::Line;
use super::previous::{Previous, known};
use super::redacted::{Unclear, is_redacted};
use super::{NAME, OBSERVED};
use crate::{Coverage, Error, Request, Sink, TreePath};

/// Files that appeared or vanished and wait to be paired. Beyond it they are told at once, and a
/// rename is told as two.
const WAITING: usize = 16_384;

/// Compares the entries with the last manifest's as they come.
pub(super) struct Comparison<'a> {
    pub(super) request: &'a Request<'a>,
    pub(super) names: &'a Owners,
    /// The tree, to tell what is gone from what is merely left out now.
    pub(super) tree: OwnedFd,
    /// What the paths in records begin with.
    pub(super) base: TreePath,
    pub(super) previous: Option<Previous<'a>>,
    pub(super) counts: Compared,
    /// Tell every file, changed or not.
    pub(super) per_file: bool,
    appeared: Vec<String>,
    vanished: Vec<String>,
    unclear: Unclear,
    /// A directory nothing is known of in this run, with a final `/`.
    closed: Option<Vec<u8>>,
}

/// What the comparison gave.
#[derive(Debug, Default, Serialize)]
pub(super) struct Compared {
    /// The manifest it was compared with; none if this one is the baseline.
    #[serde(skip_serializing_if = "Option::is_none")]
    previous: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    previous_seq: Option<u64>,
    pub(super) appeared: u64,
    pub(super) vanished: u64,
    pub(super) renamed: u64,
    pub(super) changed: u64,
    /// Another time, and nothing else.
    pub(super) touched: u64,
    /// Still there, but no longer asked for: an ignore file leaves it out.
    pub(super) left_out: u64,
    /// In the last manifest, below a directory that could not be entered this time.
    pub(super) unknown: u64,
}

/// The part `result` of `file.observed`.
#[derive(Serialize)]
struct Change<'a> {
    #[serde(rename = "change")]
    what: &'static str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    fields: &'a [&'static str],
    #[serde(skip_serializing_if = "Option::is_none")]
    other: Option<TreePath>,
}

impl<'a> Comparison<'a> {
    pub(super) fn new(
        request: &'a Request<'a>,
        names: &'a Owners,
        tree: OwnedFd,
        base: TreePath,
        previous: Option<Previous<'a>>,
    ) -> Self {
        let counts = Compared {
            previous: previous.as_ref().map(|previous| previous.record.to_string()),
            previous_seq: previous.as_ref().map(|previous| previous.seq),
            ..Compared::default()
        };
        Self {
            request,
            names,
            tree,
            base,
            previous,
            counts,
            per_file: false,
            appeared: Vec::new(),
            vanished: Vec::new(),
            unclear: Unclear::default(),
            closed: None,
        }
    }

    /// Takes the next entry of this run.
    pub(super) fn step(&mut self, line: &Line<'_>, sink: &mut dyn Sink) -> Result<(), Error> {
        let per_file = self.per_file;
        let before = match self.catch_up(line, sink)? {
            Found::Baseline | Found::Same if !per_file => return Ok(()),
            Found::Baseline => {
                return self.observe("baseline", &[], None, None, Some(line.text), sink);
            }
            Found::Absent => {
                self.counts.appeared += 1;
                self.appeared.push(line.text.to_owned());
                return self.relieve(sink);
            }
            Found::Same => {
                return self.observe("unchanged", &[], None, Some(line.text), Some(line.text), sink);
            }
            Found::Other(before) => before,
        };
        let (fields, as_old) = match (known(&before), known(line.text)) {
            (Some(before), Some(after)) => (before.differences(&after), before.is_as_old(&after)),
            _ => (Vec::new(), false),
        };
        let change = match (fields.is_empty(), is_redacted(&before) || as_old) {
            (false, _) => "changed",
            (true, false) => "touched",
            (true, true) => "unchanged",
        };
        self.counts.changed += u64::from(change == "changed");
        self.counts.touched += u64::from(change == "touched");
        if change != "changed" && !per_file {
            return Ok(());
        }
        self.observe(change, &fields, None, Some(&before), Some(line.text), sink)
    }

    /// Tells what is left, and gives the counts. What could not be compared goes into `coverage`.
    pub(super) fn finish(mut self, coverage: &mut Coverage, sink: &mut dyn Sink) -> Result<Compared, Error> {
        while let Some(previous) = &mut self.previous
            && previous.peek()?.is_some()
        {
            let entry = previous.take().expect("just seen");
            self.gone(entry, sink)?;
        }
        for entry in self.unclear.rest() {
            self.gone(entry, sink)?;
        }
        self.pair(sink)?;
        if let Some(broken) = self.previous.as_ref().and_then(|previous| previous.broken.clone()) {
            coverage.skip(self.base.clone(), "not_compared", Some(broken));
        }
        if self.counts.unknown > 0 {
            coverage.notes.push(format!(
                "{} entries of the last manifest lie in directories that could not be entered; \
                 whether they changed is unknown",
                self.counts.unknown
            ));
        }
        Ok(self.counts)
    }

    /// Passes by what comes before the line in the last manifest, and says what is found there.
    fn catch_up(&mut self, line: &Line<'_>, sink: &mut dyn Sink) -> Result<Found, Error> {
        let found = loop {
            let Some(previous) = &mut self.previous else {
                break Found::Baseline;
            };
            let Some(text) = previous.peek()? else {
                // Nothing can be said any more once a page is missing.
                break if previous.broken.is_some() { Found::Baseline } else { self.clear_up(line) };
            };
            if text == line.text {
                previous.take();
                break Found::Same;
            }
            let known = known(text).filter(|known| !is_redacted(&known.path.to_string()));
            match known.map(|known| order(known.path.as_bytes(), line.path)) {
                Some(Ordering::Greater) => break self.clear_up(line),
                Some(Ordering::Equal) => break previous.take().map_or(Found::Absent, Found::Other),
                Some(Ordering::Less) => {
                    let entry = previous.take().expect("just seen");
                    self.gone(entry, sink)?;
                }
                None => {
                    let entry = previous.take().expect("just seen");
                    self.set_aside(entry);
                }
            }
        };
        if line.closed {
            self.closed = Some([line.path, b"/"].concat());
        }
        Ok(found)
    }

    /// An entry of the last manifest whose name was redacted has lost its place in the order.
    fn set_aside(&mut self, entry: String) {
        match known(&entry) {
            Some(known) => self.unclear.add(entry, known),
            None => self.counts.unknown += 1,
        }
    }

    /// What is not where it should be may be one of those that were set aside.
    fn clear_up(&mut self, line: &Line<'_>) -> Found {
        self.unclear.take(line.text).map_or(Found::Absent, Found::Other)
    }

    /// An entry of the last manifest that this run does not have.
    fn gone(&mut self, entry: String, sink: &mut dyn Sink) -> Result<(), Error> {
        let path = known(&entry).map(|known| known.path).unwrap_or_default();
        if self.closed.as_ref().is_some_and(|closed| closed == b"./" || path.as_bytes().starts_with(closed)) {
            self.counts.unknown += 1;
            return Ok(());
        }
        if self.is_there(path.as_bytes()) {
            self.counts.left_out += 1;
            return self.observe("left_out", &[], None, Some(&entry), None, sink);
        }
        self.counts.vanished += 1;
        self.vanished.push(entry);
        self.relieve(sink)
    }

    /// Whether something lies at the path, and no link on the way to it.
    fn is_there(&self, path: &[u8]) -> bool {
        let look = |path: &[u8]| statat(self.tree.as_fd(), path, AtFlags::SYMLINK_NOFOLLOW);
        let is_directory =
            |path: &[u8]| look(path).is_ok_and(|stat| FileType::from_raw_mode(stat.st_mode) == FileType::Directory);
        memchr::memchr_iter(b'/', path).all(|end| is_directory(&path[..end])) && look(path).is_ok()
    }

    fn relieve(&mut self, sink: &mut dyn Sink) -> Result<(), Error> {
        if self.appeared.len() + self.vanished.len() < WAITING { Ok(()) } else { self.pair(sink) }
    }

    /// Tells what waits. A file that vanished and one that appeared are one that was renamed if
    /// they alone have that content.
    fn pair(&mut self, sink: &mut dyn Sink) -> Result<(), Error> {
        let (appeared, vanished) = (std::mem::take(&mut self.appeared), std::mem::take(&mut self.vanished));
        let mut by_content: HashMap<String, Pair> = HashMap::new();
        let sides = [(&appeared, true), (&vanished, false)];
        for (entries, came) in sides {
            for (index, entry) in entries.iter().enumerate() {
                if let Some(content) = known(entry).and_then(Known::content) {
                    let pair = by_content.entry(content).or_default();
                    if came { &mut pair.came } else { &mut pair.went }.push(index);
                }
            }
        }
        let mut partner: [HashMap<usize, usize>; 2] = [HashMap::new(), HashMap::new()];
        for pair in by_content.values() {
            if let (&[came], &[went]) = (&pair.came[..], &pair.went[..]) {
                partner[0].insert(came, went);
                partner[1].insert(went, came);
            }
        }
        let renamed = partner[0].len() as u64;
        self.counts.renamed += renamed;
        self.counts.appeared -= renamed;
        self.counts.vanished -= renamed;
        for (index, after) in appeared.iter().enumerate() {
            match partner[0].get(&index).map(|went| &vanished[*went]) {
                Some(before) => self.observe("renamed", &[], path_of(before), Some(before), Some(after), sink)?,
                None => self.observe("appeared", &[], None, None, Some(after), sink)?,
            }
        }
        for (index, before) in vanished.iter().enumerate() {
            match partner[1].get(&index).map(|came| &appeared[*came]) {
                Some(after) => self.observe("renamed_away", &[], path_of(after), Some(before), None, sink)?,
                None => self.observe("vanished", &[], None, Some(before), None, sink)?,
            }
        }
        Ok(())
    }

    fn observe(
        &self,
        what: &'static str,
        fields: &[&'static str],
        other: Option<TreePath>,
        before: Option<&str>,
        after: Option<&str>,
        sink: &mut dyn Sink,
    ) -> Result<(), Error> {
        let path = after.or(before).and_then(path_of).unwrap_or_default();
        let target = Target { id: self.place(&path), kind: TargetKind::File };
        let mut record = self.request.event(NAME, OBSERVED, target, self.request.stamp.now());
        let change = Change { what, fields, other };
        record.parts.insert(PartName::Result, part(OBSERVED, &change)?);
        for (name, entry) in [(PartName::Before, before), (PartName::After, after)] {
            if let Some(entry) = entry {
                record.parts.insert(name, self.with_names(entry)?);
            }
        }
        sink.record(Raw::new(record))
    }

    /// The path as records name it.
    fn place(&self, path: &TreePath) -> String {
        match (self.base.as_bytes(), path.as_bytes()) {
            (b"", _) => path.to_string(),
            (_, b".") => self.base.to_string(),
            _ => format!("{}/{path}", self.base),
        }
    }

    /// The entry with the names of its owner and group added.
    fn with_names(&self, entry: &str) -> Result<Box<RawValue>, Error> {
        let mut text = entry.to_owned();
        if let Some(known) = known(entry) {
            text.pop();
            for (key, name) in [
                ("user", known.uid.and_then(|uid| self.names.user(uid))),
                ("group", known.gid.and_then(|gid| self.names.group(gid))),
            ] {
                if let Some(name) = name {
                    text.extend([",\"", key, "\":", part(OBSERVED, &name)?.get()]);
                }
            }
            text.push('}');
        }
        RawValue::from_string(text).map_err(|cause| Error::Encoding { action: OBSERVED, cause })
    }
}

/// What the last manifest has at a path.
enum Found {
    /// There is no last manifest to compare with.
    Baseline,
    Absent,
    Same,
    Other(String),
}

#[derive(Default)]
struct Pair {
    came: Vec<usize>,
    went: Vec<usize>,
}

fn path_of(entry: &str) -> Option<TreePath> {
    known(entry).map(|known| known.path)
}

/// The order of manifests: the root itself first, then as the walk goes.
fn order(a: &[u8], b: &[u8]) -> Ordering {
    let plain = |path| if path == b"." { &b""[..] } else { path };
    TreePath::walk_order(plain(a), plain(b))
}
