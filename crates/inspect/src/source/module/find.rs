//! Finds the modules of a tree: directories with a manifest, and the tree itself.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::path::Path;

use aws_lc_rs::digest;

use super::language::is_of_tests;
use super::manifest::{Sort, sort};
use super::package::{Ecosystem, Lock, Manifest, hex};
use crate::progress::go_on;
use crate::source::file::list::{Content, Listed, Place, list, open};
use crate::{Coverage, Error, ModuleOptions, Progress, TreePath};

/// Manifests and lock files are shorter: the longest that projects have are of some megabytes.
pub(super) const MANIFEST_BYTES_MAX: u64 = 16 << 20;

/// Directories with other people's code in them.
const FOREIGN: [&str; 9] = [
    "node_modules",
    "bower_components",
    "jspm_packages",
    "site-packages",
    ".venv",
    ".tox",
    ".yarn",
    "vendor",
    "third_party",
];

/// Whether the path leads through other people's code.
pub(super) fn is_foreign(path: &str) -> bool {
    path.split('/').any(|part| FOREIGN.contains(&part))
}

/// A manifest or lock file that was read.
#[derive(Debug)]
pub(super) struct Read<T> {
    /// Where it lies, below the root; empty for the root.
    pub(super) directory: String,
    pub(super) name: String,
    pub(super) order: usize,
    pub(super) ecosystem: Ecosystem,
    pub(super) sha256: String,
    pub(super) what: T,
}

impl<T> Read<T> {
    pub(super) fn path(&self) -> String {
        below(&self.directory, &self.name)
    }
}

/// A path below a directory, which may be the root.
pub(super) fn below(directory: &str, name: &str) -> String {
    if directory.is_empty() { name.to_owned() } else { format!("{directory}/{name}") }
}

/// A module: a directory, and all below it that is not of a further module.
#[derive(Debug)]
pub(super) struct Module {
    pub(super) directory: String,
    pub(super) name: String,
    /// Indices of its manifests.
    pub(super) manifests: Vec<usize>,
    /// Somebody asked for it by name.
    pub(super) is_named: bool,
}

/// A file that could not be read: its path, why, and more about it.
pub(super) type Trouble = (String, &'static str, Option<String>);

/// What there is.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) manifests: Vec<Read<Manifest>>,
    pub(super) locks: Vec<Read<Lock>>,
    pub(super) modules: Vec<Module>,
    /// Lists of constraints, by the lists of requirements that they hold for.
    pub(super) constraints: BTreeMap<usize, BTreeSet<usize>>,
    by_directory: BTreeMap<String, usize>,
    directories: BTreeSet<String>,
}

impl Found {
    /// Looks for manifests and lock files, and makes modules of them.
    pub(super) fn look(
        root: &Path,
        options: &ModuleOptions,
        ignore_files: bool,
        coverage: &mut Coverage,
        progress: &dyn Progress,
    ) -> Result<Self, Error> {
        let mut found = Self::default();
        let mut troubles: Vec<Trouble> = Vec::new();
        let unreadable = |cause| Error::TargetUnreadable { path: root.to_owned(), cause };
        progress.begin("manifests", None);
        let left_out = list(open(root).map_err(unreadable)?, root, ignore_files, &mut |listed| {
            found.take(listed, &mut troubles);
            if progress.is_cancelled() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        progress.end();
        go_on(progress)?;
        left_out.tell(coverage);
        found.manifests.sort_by(|a, b| (&a.directory, a.order, &a.name).cmp(&(&b.directory, b.order, &b.name)));
        found.locks.sort_by(|a, b| (&a.directory, a.order).cmp(&(&b.directory, b.order)));
        found.divide(root, options);
        found.follow(root, &mut troubles);
        let unsaid = |it: &&Read<Manifest>| it.what.unread.is_some() && found.lock_of(it).is_none();
        troubles.extend(found.manifests.iter().filter(unsaid).map(|it| {
            let why = it.what.unread.map(str::to_owned);
            (it.path(), "dependencies_unread", why)
        }));
        let only = found.select(options)?;
        // Of what was not asked for, nothing is missing.
        for (path, why, detail) in troubles {
            let owner = found.owner(&path);
            let is_wanted =
                only.is_none_or(|only| owner == Some(only)) && (options.include_tests || !is_of_tests(&path));
            let is_maven = |module: usize| {
                let ecosystem = |at: &usize| found.manifests[*at].ecosystem;
                found.modules[module].manifests.iter().map(ecosystem).any(|it| it == Ecosystem::Maven)
            };
            // The name is a common one: beside a Maven project alone it means a lock file.
            let is_other = path.ends_with("lockfile.json") && !owner.is_some_and(is_maven);
            if is_wanted && !is_other {
                coverage.skip(TreePath::from(path.as_str()), why, detail);
            }
        }
        if let Some(only) = only {
            found.keep(only);
        }
        Ok(found)
    }

    fn take(&mut self, listed: Listed, troubles: &mut Vec<Trouble>) {
        match listed {
            Listed::File { place, name, path } => {
                let path = TreePath::new(path).to_string();
                let (directory, _) = path.rsplit_once('/').unwrap_or(("", &path));
                if !self.directories.contains(directory) {
                    self.directories.insert(directory.to_owned());
                }
                let Some((order, sort)) = sort(&path) else { return };
                if !is_foreign(&path)
                    && let Err((why, detail)) = self.read(&place, &name, directory, order, sort)
                {
                    troubles.push((path, why, Some(detail)));
                }
            }
            Listed::Link { path } => {
                let path = TreePath::new(path).to_string();
                if sort(&path).is_some() && !is_foreign(&path) {
                    troubles.push((path, "link", Some("links are not followed".to_owned())));
                }
            }
            Listed::Closed { path, why, detail } => troubles.push((TreePath::new(path).to_string(), why, detail)),
        }
    }

    fn read(
        &mut self,
        place: &Place,
        name: &std::ffi::CStr,
        directory: &str,
        order: usize,
        sort: Sort,
    ) -> Result<(), (&'static str, String)> {
        let (ecosystem, is_lock) = match sort {
            Sort::Unread(why) => return Err(("dependencies_unread", why.to_owned())),
            Sort::Manifest(ecosystem, _) => (ecosystem, false),
            Sort::UnreadIf(..) => (Ecosystem::Python, false),
            Sort::Lock(ecosystem, _) => (ecosystem, true),
        };
        let bytes = match place.read(name, MANIFEST_BYTES_MAX) {
            Content::Whole { bytes, .. } => bytes,
            Content::TooLarge(size) => {
                return Err(("too_large", format!("{size} bytes; {MANIFEST_BYTES_MAX} at most are read")));
            }
            Content::NoFile => return Ok(()),
            Content::Unreadable { why, detail } => return Err((why, detail.unwrap_or_default())),
        };
        let why = if is_lock { "lock_unreadable" } else { "manifest_unreadable" };
        let text = std::str::from_utf8(&bytes).map_err(|_| (why, "it is not UTF-8".to_owned()))?;
        let said = |detail: String| (why, detail.chars().take(200).collect());
        let sha256 = hex(digest::digest(&digest::SHA256, &bytes).as_ref());
        let (directory, name) = (directory.to_owned(), name.to_string_lossy().into_owned());
        match sort {
            Sort::Manifest(_, read) => {
                let what = read(text).and_then(Manifest::checked).map_err(said)?;
                self.manifests.push(Read { directory, name, order, ecosystem, sha256, what });
            }
            Sort::Lock(_, read) => {
                let what = read(text).and_then(Lock::checked).map_err(said)?;
                self.locks.push(Read { directory, name, order, ecosystem, sha256, what });
            }
            Sort::UnreadIf(holds, why) if holds(text) => return Err(("dependencies_unread", why.to_owned())),
            Sort::Unread(_) | Sort::UnreadIf(..) => {}
        }
        Ok(())
    }

    /// Makes a module of each directory with a manifest, and of the root.
    fn divide(&mut self, root: &Path, options: &ModuleOptions) {
        let mut directories: BTreeMap<String, Vec<usize>> = BTreeMap::from([(String::new(), Vec::new())]);
        let asked = options.name.as_deref().map(plain);
        for (at, manifest) in self.manifests.iter().enumerate() {
            let directory = &manifest.directory;
            let for_tests = is_of_tests(&below(directory, "x"));
            if !for_tests || options.include_tests || asked == Some(directory.as_str()) {
                directories.entry(directory.clone()).or_default().push(at);
            }
        }
        for (directory, manifests) in directories {
            let own = manifests.iter().find_map(|at| self.manifests[*at].what.name.clone());
            let last = || directory.rsplit('/').next().filter(|name| !name.is_empty()).map(str::to_owned);
            let of_root = || root.file_name().map(|name| name.to_string_lossy().into_owned());
            let name = own.or_else(last).or_else(of_root).unwrap_or_else(|| "root".to_owned());
            self.by_directory.insert(directory.clone(), self.modules.len());
            self.modules.push(Module { directory, name, manifests, is_named: false });
        }
    }

    /// The module that was asked for, where one was.
    fn select(&mut self, options: &ModuleOptions) -> Result<Option<usize>, Error> {
        let Some(asked) = options.name.as_deref() else { return Ok(None) };
        let path = plain(asked);
        let is_path = asked.contains('/') || path.is_empty();
        let by_name = |found: &Self| -> Vec<usize> {
            let fits = |how: &dyn Fn(&Module) -> bool| -> Vec<usize> {
                (0..found.modules.len()).filter(|at| how(&found.modules[*at])).collect()
            };
            let named = fits(&|module| module.name == asked);
            if named.is_empty() { fits(&|module| module.directory.rsplit('/').next() == Some(asked)) } else { named }
        };
        let candidates = if is_path { Vec::new() } else { by_name(self) };
        let at = match candidates[..] {
            [at] => at,
            [] => match self.by_directory.get(path).copied() {
                Some(at) => at,
                None => self.at_path(path).ok_or_else(|| self.unknown(asked))?,
            },
            _ => {
                let paths = candidates.iter().map(|at| format!("{:?}", self.modules[*at].directory));
                let paths = paths.collect::<Vec<_>>().join(", ");
                return Err(Error::ModuleAmbiguous { name: asked.to_owned(), paths });
            }
        };
        self.modules[at].is_named = true;
        Ok(Some(at))
    }

    /// A directory without a manifest is a module when it is asked for.
    fn at_path(&mut self, path: &str) -> Option<usize> {
        let within = format!("{path}/");
        if !self.directories.iter().any(|directory| directory == path || directory.starts_with(&within)) {
            return None;
        }
        self.by_directory.insert(path.to_owned(), self.modules.len());
        let name = path.to_owned();
        self.modules.push(Module { directory: path.to_owned(), name, manifests: Vec::new(), is_named: false });
        Some(self.modules.len() - 1)
    }

    fn unknown(&self, asked: &str) -> Error {
        const SHOWN: usize = 20;
        let mut known: Vec<&str> = self.modules.iter().map(|module| module.name.as_str()).collect();
        let more = known.len().saturating_sub(SHOWN);
        known.truncate(SHOWN);
        let mut known = known.join(", ");
        if more > 0 {
            known = format!("{known}, and {more} more");
        }
        Error::UnknownModule { name: asked.to_owned(), known }
    }

    /// The innermost module that a path lies in.
    pub(super) fn owner(&self, path: &str) -> Option<usize> {
        let mut directory = path;
        loop {
            directory = directory.rsplit_once('/').map_or("", |(above, _)| above);
            if let Some(at) = self.by_directory.get(directory) {
                return Some(*at);
            }
            if directory.is_empty() {
                return None;
            }
        }
    }

    /// Leaves one module; what is of others is then nobody's.
    fn keep(&mut self, only: usize) {
        for (at, module) in self.modules.iter_mut().enumerate() {
            if at != only {
                module.manifests.clear();
            }
        }
        self.by_directory.values_mut().for_each(|at| {
            if *at != only {
                *at = usize::MAX;
            }
        });
    }

    /// Whether a module is asked for.
    pub(super) fn is_wanted(&self, at: usize) -> bool {
        self.by_directory.get(&self.modules[at].directory) == Some(&at)
    }

    /// Whether a module of the tree itself bears the name.
    pub(super) fn is_own(&self, ecosystem: Ecosystem, name: &str) -> bool {
        let bears = |it: &Read<Manifest>| it.ecosystem == ecosystem && it.what.name.as_deref() == Some(name);
        self.manifests.iter().any(bears)
    }

    /// The lock file that fixes what a manifest asks for: the nearest, going up, of whose workspace it is.
    pub(super) fn lock_of(&self, manifest: &Read<Manifest>) -> Option<&Read<Lock>> {
        let mut directory = manifest.directory.as_str();
        loop {
            let fits = |lock: &&Read<Lock>| lock.directory == directory && lock.ecosystem == manifest.ecosystem;
            if let Some(lock) = self.locks.iter().find(fits) {
                return Some(lock).filter(|lock| is_member(manifest, lock));
            }
            if directory.is_empty() {
                return None;
            }
            directory = directory.rsplit_once('/').map_or("", |(above, _)| above);
        }
    }
}

/// Whether a lock file speaks of a manifest: it lies beside it, or the lock file names it among its members. Those that
/// name none are of a whole tree, but for Python's, which are of one project; a list of requirements is its own.
fn is_member(manifest: &Read<Manifest>, lock: &Read<Lock>) -> bool {
    if manifest.directory == lock.directory {
        return true;
    }
    let is_python = manifest.ecosystem == Ecosystem::Python;
    if is_python && manifest.what.pins_itself {
        return false;
    }
    let within = manifest.directory.strip_prefix(lock.directory.as_str()).unwrap_or_default().trim_start_matches('/');
    let members: Vec<&String> = lock.what.roots.keys().filter(|member| !member.is_empty()).collect();
    let is_named =
        |member: &&String| member.trim_matches('/') == within || Some(*member) == manifest.what.name.as_ref();
    match manifest.ecosystem {
        Ecosystem::Python | Ecosystem::Cargo => members.iter().any(is_named),
        Ecosystem::Npm => lock.what.roots.is_empty() || members.iter().any(is_named),
        Ecosystem::Go | Ecosystem::Maven => true,
    }
}

/// A path as directories are named here.
fn plain(path: &str) -> &str {
    let path = path.trim_end_matches('/');
    let path = path.strip_prefix("./").unwrap_or(path);
    if path == "." { "" } else { path }
}
