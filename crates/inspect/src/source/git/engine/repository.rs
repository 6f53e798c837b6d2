//! A repository on disk: where its objects and references are, and what bends its history.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use super::id::Id;
use super::objects::{Database, Hash};

/// An open repository.
pub(crate) struct Repository {
    inner: gix::Repository,
    database: Database,
    shallow: HashSet<Id>,
    has_grafts: bool,
    is_partial: bool,
}

/// A reference as it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reference {
    /// Its full name: `refs/heads/main`, `HEAD`.
    pub(crate) name: Vec<u8>,
    pub(crate) points: Points,
}

/// What a reference says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Points {
    /// An object.
    At(Id),
    /// Another reference.
    To(Vec<u8>),
}

/// Why there is no repository to read.
#[derive(Debug)]
pub(crate) enum OpenError {
    /// There is none at the path or above it.
    None,
    /// There is one that cannot be read.
    Unreadable(String),
}

impl Repository {
    /// Opens the repository at a path, or the one that the path lies in. Reads no configuration but
    /// the repository's own, and no environment.
    pub(crate) fn discover(path: &Path) -> Result<Self, OpenError> {
        let options = gix::open::Options::isolated;
        let trust = gix::sec::trust::Mapping { full: options(), reduced: options() };
        let opened = gix::ThreadSafeRepository::discover_opts(path, gix::discover::upwards::Options::default(), trust);
        let inner = opened.map_err(|error| {
            if error.is_not_found() { OpenError::None } else { OpenError::Unreadable(chain(&error)) }
        })?;
        Self::new(inner.to_thread_local())
    }

    /// Opens the repository that lies exactly there.
    pub(crate) fn at(path: &Path) -> Result<Self, OpenError> {
        let opened = gix::ThreadSafeRepository::open_opts(path, gix::open::Options::isolated());
        Self::new(opened.map_err(|error| OpenError::Unreadable(error.to_string()))?.to_thread_local())
    }

    /// The file of allowed signers that the repository's own configuration names.
    pub(crate) fn allowed_signers(&self) -> Option<PathBuf> {
        let named = self.inner.config_snapshot().string("gpg.ssh.allowedSignersFile")?;
        let path = PathBuf::from(named.to_string());
        path.is_absolute().then_some(path)
    }

    /// Where repositories of submodules lie.
    pub(crate) fn modules(&self) -> PathBuf {
        self.inner.common_dir().join("modules")
    }

    fn new(inner: gix::Repository) -> Result<Self, OpenError> {
        let hash = match inner.object_hash() {
            gix::hash::Kind::Sha1 => Hash::Sha1,
            gix::hash::Kind::Sha256 => Hash::Sha256,
            other => {
                return Err(OpenError::Unreadable(format!("objects are named by {other}")));
            }
        };
        let common = inner.common_dir();
        let database = Database::open(common.join("objects"), hash)
            .map_err(|error| OpenError::Unreadable(format!("its objects: {error}")))?;
        let lines = |path: PathBuf| std::fs::read(path).unwrap_or_default();
        let shallow = lines(common.join("shallow"))
            .split(|&byte| byte == b'\n')
            .filter_map(|line| Id::from_hex(line.trim_ascii()))
            .collect();
        let has_grafts = lines(common.join("info/grafts"))
            .split(|&byte| byte == b'\n')
            .any(|line| !line.trim_ascii().is_empty() && !line.starts_with(b"#"));
        let is_partial = std::fs::read_dir(common.join("objects/pack")).is_ok_and(|entries| {
            entries.filter_map(Result::ok).any(|e| e.path().extension().is_some_and(|x| x == "promisor"))
        });
        Ok(Self { inner, database, shallow, has_grafts, is_partial })
    }

    pub(crate) fn database(&self) -> &Database {
        &self.database
    }

    /// Commits whose parents were not cloned.
    pub(crate) fn shallow(&self) -> &HashSet<Id> {
        &self.shallow
    }

    /// Whether `info/grafts` gives commits other parents in the eyes of git.
    pub(crate) fn has_grafts(&self) -> bool {
        self.has_grafts
    }

    /// Whether some packs came from a server that may hold back objects.
    pub(crate) fn is_partial(&self) -> bool {
        self.is_partial
    }

    /// The directory of the working tree, or else the repository itself.
    pub(crate) fn root(&self) -> PathBuf {
        let root = self.inner.workdir().unwrap_or_else(|| self.inner.common_dir());
        root.canonicalize().unwrap_or_else(|_| root.to_owned())
    }

    /// Whether there is a working tree.
    pub(crate) fn has_worktree(&self) -> bool {
        self.inner.workdir().is_some()
    }

    /// All references in order of their names, after `HEAD`; and those that cannot be read.
    pub(crate) fn references(&self) -> Result<(Vec<Reference>, Vec<String>), String> {
        let (mut found, mut broken) = (Vec::new(), Vec::new());
        match self.inner.find_reference("HEAD") {
            Ok(head) => found.push(reference(&head)),
            Err(error) => broken.push(format!("HEAD: {}", chain(&error))),
        }
        let platform = self.inner.references().map_err(|error| chain(&error))?;
        for item in platform.all().map_err(|error| chain(&error))? {
            match item {
                Ok(item) => found.push(reference(&item)),
                Err(error) => broken.push(chain(&error)),
            }
        }
        Ok((found, broken))
    }
}

fn reference(reference: &gix::Reference<'_>) -> Reference {
    let points = match reference.target() {
        gix::refs::TargetRef::Object(id) => {
            Points::At(Id::from_bytes(id.as_bytes()).expect("object names have 20 or 32 bytes"))
        }
        gix::refs::TargetRef::Symbolic(name) => Points::To(name.as_bstr().to_vec()),
    };
    Reference { name: reference.name().as_bstr().to_vec(), points }
}

/// An error and its causes on one line.
fn chain(error: &gix::Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        let more = error.to_string();
        if !text.contains(&more) {
            text.push_str(": ");
            text.push_str(&more);
        }
        cause = error.source();
    }
    text.replace('\n', " ")
}
