//! Where tools may look: paths are followed to their ends, and the ends must lie below a root.
//!
//! A git repository has ways of its own to lead elsewhere: `.git` may be a file that names a directory, which may
//! name another that it shares, whose objects may lie in further ones (gitrepository-layout(5)). All of them are
//! followed before anything is read.

use std::fs;
use std::path::{Path, PathBuf};

use crate::Error;

/// Larger than any file that leads from one part of a repository to another.
const LEAD_BYTES_MAX: u64 = 64 * 1024;

/// The directories below which tools read.
#[derive(Debug, Clone)]
pub struct Roots(Vec<PathBuf>);

impl Roots {
    /// Links in the roots themselves are followed: a person named them.
    ///
    /// Errors: one of them is no directory.
    pub fn new(roots: &[PathBuf]) -> Result<Self, Error> {
        let real = |root: &PathBuf| {
            let unusable = |cause| Error::RootUnusable { path: root.display().to_string(), cause };
            let real = root.canonicalize().map_err(unusable)?;
            if real.is_dir() { Ok(real) } else { Err(unusable(std::io::ErrorKind::NotADirectory.into())) }
        };
        roots.iter().map(real).collect::<Result<_, _>>().map(Self)
    }

    /// The path that is meant, links resolved: from the first root on where it is relative.
    ///
    /// Errors: it leads out of the roots, or nothing is there. Of a path outside, nothing else is said.
    pub(crate) fn path(&self, given: &str) -> Result<PathBuf, Error> {
        let first = self.0.first().map_or(Path::new("/"), PathBuf::as_path);
        let path = first.join(given);
        match path.canonicalize() {
            Ok(real) if self.holds(&real) => Ok(real),
            // Whether something is there is not told of what lies outside.
            Err(_) if self.holds_plainly(&path) => Err(sealbook_inspect::Error::TargetNotFound { path }.into()),
            _ => Err(self.outside(given)),
        }
    }

    /// The root that `path` lies below, or it itself where that is none of them.
    pub(crate) fn around(&self, path: &Path) -> PathBuf {
        self.0.iter().find(|root| path.starts_with(root)).map_or_else(|| path.to_owned(), Clone::clone)
    }

    /// The git work tree or bare repository that `path` lies in, if it lies below a root, and all that it leads to.
    pub(crate) fn repository(&self, path: &Path) -> Result<Option<PathBuf>, Error> {
        let directory = if path.is_dir() { path } else { path.parent().unwrap_or(path) };
        let is_root = |dir: &&Path| fs::symlink_metadata(dir.join(".git")).is_ok() || is_bare(dir);
        let Some(root) = directory.ancestors().take_while(|dir| self.holds(dir)).find(is_root) else { return Ok(None) };
        self.check(root)?;
        Ok(Some(root.to_owned()))
    }

    fn check(&self, root: &Path) -> Result<(), Error> {
        let dot_git = root.join(".git");
        let git = if dot_git.is_file() {
            let lead = self.read(&dot_git)?;
            root.join(lead.trim().trim_start_matches("gitdir:").trim())
        } else if fs::symlink_metadata(&dot_git).is_ok() {
            dot_git
        } else {
            root.to_owned()
        };
        let git = self.inside(&git)?;
        let common = match self.read_if_there(&git.join("commondir"))? {
            Some(lead) => self.inside(&git.join(lead.trim()))?,
            None => git.clone(),
        };
        for dir in [&git, &common] {
            self.check_links(dir)?;
            self.check_links(&dir.join("refs"))?;
        }
        self.check_objects(&common.join("objects"), 0)
    }

    /// Objects may be shared with other repositories, which may share in turn; git follows five.
    fn check_objects(&self, objects: &Path, depth: usize) -> Result<(), Error> {
        let objects = self.inside(objects)?;
        for dir in [objects.clone(), objects.join("pack"), objects.join("info")] {
            self.check_links(&dir)?;
        }
        let alternates = self.read_if_there(&objects.join("info/alternates"))?.unwrap_or_default();
        for line in alternates.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
            let shared = objects.join(line);
            if depth == 5 {
                return Err(self.outside(&shared.display().to_string()));
            }
            self.check_objects(&shared, depth + 1)?;
        }
        Ok(())
    }

    /// No entry of a directory is a link that leads out.
    fn check_links(&self, dir: &Path) -> Result<(), Error> {
        let Ok(entries) = fs::read_dir(dir) else { return Ok(()) };
        for entry in entries.flatten() {
            if entry.file_type().is_ok_and(|kind| kind.is_symlink()) {
                self.inside(&entry.path())?;
            }
        }
        Ok(())
    }

    fn read(&self, path: &Path) -> Result<String, Error> {
        let real = self.inside(path)?;
        let unreadable = |cause| sealbook_inspect::Error::TargetUnreadable { path: real.clone(), cause };
        if fs::metadata(&real).map_err(unreadable)?.len() > LEAD_BYTES_MAX {
            return Err(unreadable(std::io::ErrorKind::FileTooLarge.into()).into());
        }
        Ok(fs::read_to_string(&real).map_err(unreadable)?)
    }

    fn read_if_there(&self, path: &Path) -> Result<Option<String>, Error> {
        if fs::symlink_metadata(path).is_err() { Ok(None) } else { self.read(path).map(Some) }
    }

    fn inside(&self, path: &Path) -> Result<PathBuf, Error> {
        match path.canonicalize() {
            Ok(real) if self.holds(&real) => Ok(real),
            _ => Err(self.outside(&path.display().to_string())),
        }
    }

    fn holds(&self, real: &Path) -> bool {
        self.0.iter().any(|root| real.starts_with(root))
    }

    /// Whether a path that is not there would lie below a root: its nearest directory that is there does.
    fn holds_plainly(&self, path: &Path) -> bool {
        let plain = path.components().all(|part| !matches!(part, std::path::Component::ParentDir));
        let there = path.ancestors().skip(1).find_map(|dir| dir.canonicalize().ok());
        plain && there.is_some_and(|there| self.holds(&there))
    }

    fn outside(&self, path: &str) -> Error {
        let roots = self.0.iter().map(|root| root.display().to_string()).collect::<Vec<_>>().join(", ");
        Error::OutsideRoots { path: path.chars().take(200).collect(), roots }
    }
}

/// Whether git would take the directory for a repository without a work tree (gitrepository-layout(5)).
fn is_bare(dir: &Path) -> bool {
    dir.join("HEAD").is_file() && dir.join("objects").is_dir() && dir.join("refs").is_dir()
}
