//! The `file` source: what lies in a directory tree.
//!
//! Each run seals one manifest: a `file.manifest.page` record per 4,096 entries, then a
//! `file.manifest` record with the Merkle root over all of them. The manifest comes last, so a run
//! that is cut short leaves none. The first manifest of a tree is the baseline; later runs add a
//! `file.observed` record for each file that appeared, changed or went since the one before.
//!
//! Links are recorded and never followed. `.git` and `.sealbook` are never entered. What could not
//! be read is an entry without a digest, and a skip in the [`Coverage`].

mod compare;
mod entry;
mod ignores;
mod manifest;
mod owners;
mod pattern;
mod pipeline;
mod previous;
mod read;
mod walk;

use std::ffi::CString;
use std::ops::ControlFlow;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::FileType;
use rustix::io::Errno;
use sealbook_record::TargetKind;

use self::compare::Comparison;
use self::entry::Kind;
use self::manifest::{Asked, Counts, Manifest};
use self::owners::Owners;
use self::pattern::Pattern;
use self::previous::Previous;
use self::read::Reader;
use self::walk::{Directory, Filter, Item, LeftOut, open_root, walk};
use crate::{
    Coverage, Error, OptionHelp, Prior, Progress, Request, Sink, Source, SourceMetadata, TreePath,
};

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
    about: "Files of a directory tree: content hash, size, mode, owner, times, links",
    version: "1",
    kinds: &[TargetKind::File],
    actions: &[MANIFEST, PAGE, OBSERVED],
    options: &[
        OptionHelp {
            name: "pattern",
            about: "Only files whose path matches this glob",
        },
        OptionHelp {
            name: "per-file",
            about: "One record for every file, changed or not",
        },
        OptionHelp {
            name: "no-hash",
            about: "Sizes, modes and times only; contents are not read",
        },
        OptionHelp {
            name: "no-ignore",
            about: "Read also what .gitignore and .ignore leave out",
        },
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
        let root_path = TreePath::from(&*target.root);
        let asked = Asked {
            version: 1,
            root: &root_path,
            pattern: options.pattern.as_deref(),
            ignore_files: options.ignore_files,
            include_hash: options.include_hash,
        };
        let scope = target.scope(options.pattern.as_deref());
        let open = || open_root(&target.root).map_err(|errno| unreadable(&target.root, errno));
        let names = Owners::of_this_system();
        let mut coverage = Coverage::default();
        let previous = comparable(prior, request, &scope, &asked, &mut coverage)?;
        let mut comparison =
            Comparison::new(request, &names, open()?, target.base(request), previous);
        comparison.per_file = options.per_file || target.file.is_some();
        let mut manifest = Manifest::new(request, &scope);
        let mut counts = Counts::default();

        let root = open()?;
        progress.begin("files", None);
        let reader = || Reader::new(root_path.as_bytes(), options.include_hash);
        let give = |give: &mut dyn FnMut(Item) -> ControlFlow<()>| match &target.file {
            Some(name) => {
                let directory = Arc::new(Directory {
                    fd: root,
                    prefix: Vec::new(),
                });
                let listed = FileType::Unknown;
                // One item: whether anyone wants another makes no difference.
                let _ = give(Item::Look {
                    directory,
                    name: name.clone(),
                    listed,
                });
                LeftOut::default()
            }
            None => walk(root, &target.root, &filter, give),
        };
        let left_out = pipeline::run(request.threads, reader, give, |looked| {
            for line in looked.lines() {
                counts.add(line.kind);
                manifest.push(&line, sink)?;
                comparison.step(&line, sink)?;
            }
            manifest.owners(&looked.owners);
            for (path, why, detail) in &looked.skipped {
                coverage.skip(path.clone(), *why, detail.clone());
            }
            coverage.covered += looked.covered;
            coverage.bytes += looked.bytes;
            progress.advance(looked.lines().count() as u64);
            Ok(())
        });
        progress.end();
        let left_out = left_out?;

        coverage.ignored = left_out.ignored;
        counts.bytes = coverage.bytes;
        counts.ignored = left_out.ignored;
        counts.excluded = left_out.excluded;
        if let Some(pattern) = &options.pattern
            && coverage.covered == 0
        {
            coverage
                .notes
                .push(format!("no file matches the pattern {pattern:?}"));
        }
        let compared = comparison.finish(&mut coverage, sink)?;
        counts.skipped = coverage.skipped_total();
        manifest.finish(&asked, &counts, &names, &compared, sink)?;
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
    let Some(previous) = Previous::of(prior, scope, request.run.project.as_deref())? else {
        return Ok(None);
    };
    let same = serde_json::from_str::<serde_json::Value>(&previous.asked).ok()
        == serde_json::to_value(asked).ok();
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
        let path = given.canonicalize().map_err(|cause| match cause.kind() {
            std::io::ErrorKind::NotFound => Error::TargetNotFound {
                path: given.clone(),
            },
            _ => Error::TargetUnreadable {
                path: given.clone(),
                cause,
            },
        })?;
        if path.is_dir() {
            return Ok(Self {
                root: path,
                file: None,
            });
        }
        let (Some(directory), Some(name)) = (path.parent(), path.file_name()) else {
            return Err(Error::TargetNotFound {
                path: given.clone(),
            });
        };
        let name = CString::new(name.as_bytes()).expect("a path that exists holds no NUL");
        Ok(Self {
            root: directory.to_owned(),
            file: Some(name),
        })
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

fn unreadable(path: &Path, errno: Errno) -> Error {
    Error::TargetUnreadable {
        path: path.to_owned(),
        cause: errno.into(),
    }
}
