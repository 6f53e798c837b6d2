//! The manifest of a run: all entries in pages, and one record over them with a Merkle root.
//!
//! The tree is RFC 6962's: leaf *i* is `SHA-256(0x00 ‖ text of entry i)`, the text being the bytes
//! of the entry's JSON object as it stands in its page.

use std::collections::{BTreeMap, BTreeSet};

use sealbook_ledger::{Hash, TreeState};
use sealbook_policy::Raw;
use sealbook_record::{PartName, Record, Target, TargetKind, Timestamp};
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

use super::owners::Owners;
use super::pipeline::Line;
use super::{MANIFEST, NAME, PAGE};
use crate::{Error, Request, Sink, TreePath};

/// Entries in a page, at most.
const PAGE_ENTRIES: u64 = 4_096;
/// Bytes of a page, at most: below the 1 MiB that a part may hold, with room for what redaction
/// may add. Reached first where names are long.
const PAGE_BYTES: usize = 1_000_000;

/// Gathers entries, sends pages as they fill up, and the manifest at the end.
pub(super) struct Manifest<'a> {
    request: &'a Request<'a>,
    scope: String,
    page: String,
    in_page: u64,
    tree: TreeState,
    pages: Vec<Page>,
    owners: BTreeSet<(u32, u32)>,
}

#[derive(Serialize)]
struct Page {
    record: String,
    entries: u64,
}

/// The part `input` of a manifest: what was asked for. Manifests are compared only where it agrees.
#[derive(Debug, Serialize)]
pub(super) struct Asked<'a> {
    version: u32,
    root: &'a TreePath,
    pattern: Option<&'a str>,
    ignore_files: bool,
    include_hash: bool,
}

impl<'a> Asked<'a> {
    pub(super) fn of(request: &'a Request<'_>, root: &'a TreePath) -> Self {
        let options = &request.options.file;
        Self {
            version: 1,
            root,
            pattern: options.pattern.as_deref(),
            ignore_files: options.ignore_files,
            include_hash: options.include_hash,
        }
    }
}

/// The counts of a manifest.
#[derive(Debug, Default, Serialize)]
pub(super) struct Counts {
    pub(super) files: u64,
    pub(super) directories: u64,
    pub(super) symlinks: u64,
    pub(super) other: u64,
    pub(super) bytes: u64,
    /// Files whose entry was taken over: the system says that they did not change.
    pub(super) unread: u64,
    pub(super) skipped: u64,
    pub(super) ignored: u64,
    pub(super) excluded: u64,
}

/// The part `result` of a manifest.
#[derive(Serialize)]
struct Told<'a, C: Serialize> {
    /// When the run began: files that changed after it, or shortly before, are read again.
    began: Timestamp,
    root: String,
    entries: u64,
    #[serde(flatten)]
    counts: &'a Counts,
    users: BTreeMap<u32, Option<&'a str>>,
    groups: BTreeMap<u32, Option<&'a str>>,
    compared: &'a C,
    pages: &'a [Page],
}

impl<'a> Manifest<'a> {
    pub(super) fn new(request: &'a Request<'a>, scope: String) -> Self {
        Self {
            request,
            scope,
            page: String::new(),
            in_page: 0,
            tree: TreeState::empty(),
            pages: Vec::new(),
            owners: BTreeSet::new(),
        }
    }

    /// Adds the next entry.
    pub(super) fn push(&mut self, line: &Line<'_>, sink: &mut dyn Sink) -> Result<(), Error> {
        if self.in_page == PAGE_ENTRIES || self.page.len() + line.text.len() > PAGE_BYTES {
            self.turn(sink)?;
        }
        if self.in_page == 0 {
            let (index, first) = (self.pages.len(), self.tree.size());
            self.page = format!("{{\"page\":{index},\"first\":{first},\"entries\":[");
        } else {
            self.page.push(',');
        }
        self.page.push_str(line.text);
        self.in_page += 1;
        self.tree.push(line.leaf);
        Ok(())
    }

    /// Remembers whose files were seen.
    pub(super) fn owners(&mut self, owners: &[(u32, u32)]) {
        self.owners.extend(owners);
    }

    /// Seals the page and begins the next.
    fn turn(&mut self, sink: &mut dyn Sink) -> Result<(), Error> {
        if self.in_page == 0 {
            return Ok(());
        }
        self.page.push_str("]}");
        let capacity = self.page.len();
        let text = std::mem::replace(&mut self.page, String::with_capacity(capacity));
        let mut record = self.record(PAGE);
        let part = RawValue::from_string(text).map_err(|cause| Error::Encoding { action: PAGE, cause })?;
        record.parts.insert(PartName::Result, part);
        self.pages.push(Page { record: record.id.to_string(), entries: self.in_page });
        self.in_page = 0;
        // The tree's tiles serve proofs within a ledger; here only the root is wanted.
        self.tree.take_dirty();
        sink.record(Raw::new(record))
    }

    /// Seals the last page and the manifest. `compared` is what the comparison with the last
    /// manifest gave.
    pub(super) fn finish(
        mut self,
        asked: &Asked<'_>,
        counts: &Counts,
        names: &Owners,
        compared: &impl Serialize,
        sink: &mut dyn Sink,
    ) -> Result<Hash, Error> {
        self.turn(sink)?;
        let root = self.tree.root();
        let told = Told {
            began: self.request.now,
            root: root.to_string(),
            entries: self.tree.size(),
            counts,
            users: self.owners.iter().map(|(uid, _)| (*uid, names.user(*uid))).collect(),
            groups: self.owners.iter().map(|(_, gid)| (*gid, names.group(*gid))).collect(),
            compared,
            pages: &self.pages,
        };
        let mut record = self.record(MANIFEST);
        record.parts.insert(PartName::Input, part(MANIFEST, asked)?);
        record.parts.insert(PartName::Result, part(MANIFEST, &told)?);
        sink.record(Raw::new(record))?;
        Ok(root)
    }

    fn record(&self, action: &str) -> Record {
        let target = Target { id: self.scope.clone(), kind: TargetKind::File };
        self.request.event(NAME, action, target, self.request.stamp.now())
    }
}

/// A value as the content of a part.
pub(super) fn part(action: &'static str, value: &impl Serialize) -> Result<Box<RawValue>, Error> {
    to_raw_value(value).map_err(|cause| Error::Encoding { action, cause })
}
