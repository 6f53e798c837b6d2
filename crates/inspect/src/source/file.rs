//! The `file` source: what lies in a directory tree.
//!
//! Each run seals one manifest: a `file.manifest.page` record per 4,096 entries, then a
//! `file.manifest` record with the Merkle root over all of them. The manifest comes last, so a run
//! that is cut short leaves none. The first manifest of a tree is the baseline; later runs add a
//! `file.observed` record for each file that appeared, changed or went since the one before.
//!
//! Links are recorded and never followed. `.git` and `.sealbook` are never entered. What could not
//! be read is an entry without a digest, and a skip in the [`Coverage`].

mod attributes;
mod cache;
mod compare;
mod entry;
mod ignores;
pub(crate) mod list;
mod manifest;
mod owners;
mod pattern;
mod pipeline;
mod previous;
mod read;
mod redacted;
mod state;
mod walk;

use std::ffi::CString;
use std::ops::ControlFlow;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt as _;
use std::path::PathBuf;
use std::sync::Arc;

use rustix::fs::FileType;
use sealbook_record::TargetKind;

pub(crate) use self::entry::Known;
pub(crate) use self::ignores::Ignores;
pub(crate) use self::previous::{Previous, known};
pub(crate) use self::redacted::is_redacted;
pub use self::state::{FileChange, TreeState};

use self::cache::Cache;
use self::compare::Comparison;
use self::entry::Kind;
use self::manifest::{Asked, Counts, Manifest};
use self::owners::Owners;
use self::pattern::Pattern;
use self::pipeline::Looked;
use self::read::Reader;
use self::walk::{Directory, Filter, Item, LeftOut, open_root, walk};
use crate::progress::go_on;
use crate::source::resolved;
use crate::{Coverage, Error, OptionHelp, Prior, Progress, Request, Sink, Source, SourceMetadata, TreePath};

/// The source's name in records.
const NAME: &str = "file";
/// The record over a whole run.
const MANIFEST: &str = "file.manifest";
/// Up to 4,096 entries of it.
const PAGE: &str = "file.manifest.page";
/// One file that changed.
const OBSERVED: &str = "file.observed";

/// Reads files: content hash, size, mode, owner, times, links.
#[derive(Debug, Clone, Copy, Default)]
pub struct FileSource;

static METADATA: SourceMetadata = SourceMetadata {
    name: NAME,
    about: "Files of a directory tree: content hash, size, mode, owner, times, links, attributes, access lists",
    version: "2",
    kinds: &[TargetKind::File],
    actions: &[MANIFEST, PAGE, OBSERVED],
    options: &[
        OptionHelp { name: "pattern", about: "Only files whose path matches this glob" },
        OptionHelp { name: "per-file", about: "One record for every file, changed or not" },
        OptionHelp { name: "no-hash", about: "Sizes, modes and times only; contents are not read" },
        OptionHelp { name: "paranoid", about: "Read every file again, also where nothing says that it changed" },
        OptionHelp { name: "no-ignore", about: "Read also what .gitignore and .ignore leave out" },
    ],
};

impl Source for FileSource {
    fn metadata(&self) -> &'static SourceMetadata {
        &METADATA
    }

    fn collect(
        &self,
        request: &Request<'_>,
        prior: &dyn Prior,
        sink: &mut dyn Sink,
        progress: &dyn Progress,
    ) -> Result<Coverage, Error> {
        let options = &request.options.file;
        let filter = Filter {
            pattern: options.pattern.as_deref().map(Pattern::new).transpose()?,
            ignore_files: options.ignore_files,
        };
        let target = Target::resolve(request)?;
        let (root, names) = (target.open()?, Owners::of_this_system());
        let root_path = TreePath::from(&*target.root);
        let cache = cache(request, &target, prior)?;
        let reader = || Reader::new(root_path.as_bytes(), options.include_hash, cache.as_ref());
        let mut inventory = None;
        progress.begin("files", None);
        let left_out = pipeline::run(
            request.threads,
            reader,
            |give| target.visit(root, &filter, give),
            |looked| {
                // Looking up the last manifest may take a while; files are being read meanwhile.
                let inventory = match &mut inventory {
                    Some(begun) => begun,
                    None => inventory.insert(Inventory::begin(request, &target, &names, prior)?),
                };
                go_on(progress)?;
                progress.advance(looked.lines().count() as u64);
                inventory.add(looked, sink)
            },
        );
        progress.end();
        let left_out = left_out?;
        match inventory {
            Some(begun) => begun,
            None => Inventory::begin(request, &target, &names, prior)?,
        }
        .finish(&left_out, cache.as_ref().is_none_or(|cache| cache.is_whole), sink)
    }
}

/// What need not be read again; nothing where nothing was read before, or all is wanted anew.
fn cache(request: &Request<'_>, target: &Target, prior: &dyn Prior) -> Result<Option<Cache>, Error> {
    let options = &request.options.file;
    if options.paranoid || !options.include_hash {
        return Ok(None);
    }
    let root = TreePath::from(&*target.root);
    let scope = target.scope(options.pattern.as_deref());
    let asked = Asked::of(request, &root);
    // Whatever keeps it from being compared is said where it is compared.
    let previous = comparable(prior, request, &scope, &asked, &mut Coverage::default())?;
    previous.map(Cache::of).transpose()
}

/// All that a run gathers.
struct Inventory<'a> {
    request: &'a Request<'a>,
    names: &'a Owners,
    root: TreePath,
    manifest: Manifest<'a>,
    comparison: Comparison<'a>,
    counts: Counts,
    coverage: Coverage,
}

impl<'a> Inventory<'a> {
    fn begin(
        request: &'a Request<'a>,
        target: &Target,
        names: &'a Owners,
        prior: &'a dyn Prior,
    ) -> Result<Self, Error> {
        let root = TreePath::from(&*target.root);
        let scope = target.scope(request.options.file.pattern.as_deref());
        let mut coverage = Coverage::default();
        let asked = Asked::of(request, &root);
        let previous = comparable(prior, request, &scope, &asked, &mut coverage)?;
        let mut comparison = Comparison::new(request, names, target.open()?, target.base(request), previous);
        comparison.per_file = request.options.file.per_file || target.file.is_some();
        let manifest = Manifest::new(request, scope);
        let counts = Counts::default();
        Ok(Self { request, names, root, manifest, comparison, counts, coverage })
    }

    fn add(&mut self, looked: &Looked, sink: &mut dyn Sink) -> Result<(), Error> {
        for line in looked.lines() {
            self.counts.add(line.kind);
            self.manifest.push(&line, sink)?;
            self.comparison.step(&line, sink)?;
        }
        self.manifest.owners(&looked.owners);
        for (path, why, detail) in &looked.skipped {
            self.coverage.skip(path.clone(), *why, detail.clone());
        }
        self.coverage.covered += looked.covered;
        self.coverage.bytes += looked.bytes;
        self.counts.unread += looked.unread;
        Ok(())
    }

    fn finish(mut self, left_out: &LeftOut, is_cache_whole: bool, sink: &mut dyn Sink) -> Result<Coverage, Error> {
        let mut coverage = self.coverage;
        coverage.ignored = left_out.ignored;
        if let Some(pattern) = &self.request.options.file.pattern
            && coverage.covered == 0
        {
            coverage.notes.push(format!("no file matches the pattern {pattern:?}"));
        }
        if self.counts.unread > 0 {
            coverage.notes.push(format!(
                "{} files were not read again: size, mode, owner, times and inode are what they were; --paranoid reads \
                 them all",
                self.counts.unread
            ));
        }
        if !is_cache_whole {
            coverage
                .notes
                .push("the last manifest is larger than what is kept of it: some files were read again".to_owned());
        }
        let compared = self.comparison.finish(&mut coverage, sink)?;
        self.counts.bytes = coverage.bytes;
        self.counts.ignored = left_out.ignored;
        self.counts.excluded = left_out.excluded;
        self.counts.skipped = coverage.skipped_total();
        let asked = Asked::of(self.request, &self.root);
        self.manifest.finish(&asked, &self.counts, self.names, &compared, sink)?;
        Ok(coverage)
    }
}

impl Counts {
    fn add(&mut self, kind: Kind) {
        *match kind {
            Kind::File => &mut self.files,
            Kind::Directory => &mut self.directories,
            Kind::Symlink => &mut self.symlinks,
            _ => &mut self.other,
        } += 1;
    }
}

/// The last manifest, if it answered the same question.
fn comparable<'a>(
    prior: &'a dyn Prior,
    request: &Request<'_>,
    scope: &str,
    asked: &Asked<'_>,
    coverage: &mut Coverage,
) -> Result<Option<Previous<'a>>, Error> {
    let Some(previous) = Previous::of(prior, scope, request.run.project.as_deref(), None)? else {
        return Ok(None);
    };
    let same = serde_json::from_str::<serde_json::Value>(&previous.asked).ok() == serde_json::to_value(asked).ok();
    if !same {
        coverage.notes.push(format!(
            "the last manifest (record {}) was made with other options; this one is a new baseline",
            previous.seq
        ));
    }
    Ok(same.then_some(previous))
}

/// A directory, or one file in it, by absolute path without links.
struct Target {
    root: PathBuf,
    file: Option<CString>,
}

impl Target {
    fn resolve(request: &Request<'_>) -> Result<Self, Error> {
        let given = &request.target;
        let path = resolved(given)?;
        if path.is_dir() {
            return Ok(Self { root: path, file: None });
        }
        let (Some(directory), Some(name)) = (path.parent(), path.file_name()) else {
            return Err(Error::TargetNotFound { path: given.clone() });
        };
        let name = CString::new(name.as_bytes()).expect("a path that exists holds no NUL");
        Ok(Self { root: directory.to_owned(), file: Some(name) })
    }

    fn open(&self) -> Result<OwnedFd, Error> {
        open_root(&self.root).map_err(|errno| Error::TargetUnreadable { path: self.root.clone(), cause: errno.into() })
    }

    fn visit(&self, root: OwnedFd, filter: &Filter, give: &mut dyn FnMut(Item) -> ControlFlow<()>) -> LeftOut {
        let Some(name) = &self.file else { return walk(root, &self.root, filter, give) };
        let directory = Arc::new(Directory { fd: root, prefix: Vec::new() });
        // One item: whether anyone wants another makes no difference.
        let _ = give(Item::Look { directory, name: name.clone(), listed: FileType::Unknown });
        LeftOut::default()
    }

    /// What tells this manifest from those of other trees and patterns.
    fn scope(&self, pattern: Option<&str>) -> String {
        let root = TreePath::from(&*self.root);
        let below = match (&self.file, pattern) {
            (Some(name), _) => TreePath::new(name.as_bytes()).to_string(),
            (None, Some(pattern)) => pattern.to_owned(),
            (None, None) => return root.to_string(),
        };
        format!("{}/{below}", root.to_string().trim_end_matches('/'))
    }

    /// What paths in records begin with: the way from the request's base to the root, or nothing.
    fn base(&self, request: &Request<'_>) -> TreePath {
        let Some(base) = &request.base else {
            return TreePath::default();
        };
        let base = base.canonicalize().unwrap_or_else(|_| base.clone());
        let below = self.root.strip_prefix(&base).unwrap_or(&self.root);
        TreePath::from(below)
    }
}
