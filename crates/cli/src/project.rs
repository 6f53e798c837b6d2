//! A project's `.sealbook/`: where its book is, and how it is audited.
//!
//! The directory holds no evidence, so that `git clean` deletes none; it ignores itself.

use std::fs;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use sealbook_policy::redact_text;
use serde::{Deserialize, Serialize};

use crate::failure::Failure;

const DIRECTORY: &str = ".sealbook";
const POINTER: &str = "book.toml";
const CONFIG: &str = "config.toml";
/// Longer than any file of ours.
const FILE_BYTES_MAX: u64 = 64 * 1024;

/// A directory with a `.sealbook/` in it.
#[derive(Debug, Clone)]
pub(crate) struct Project {
    /// The directory.
    pub(crate) root: PathBuf,
    /// Where its book is.
    pub(crate) pointer: Pointer,
    /// How it is audited; nothing is set by a configuration that is not believed.
    pub(crate) config: Config,
    /// The configuration that is there and not believed.
    pub(crate) disbelieved: Option<PathBuf>,
}

/// Which book a project has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Pointer {
    /// Name of the book.
    pub(crate) book: String,
    /// Whose ledger of it.
    pub(crate) tenant: String,
    /// The own names of the ledgers that lay there, newest last: another book in their place is
    /// noticed. There are several where the book was restored, or made in several homes.
    #[serde(default)]
    pub(crate) origins: Vec<String>,
    /// Random, one for each home that made the book: the home keeps it beside the book. A pointer that somebody
    /// else wrote has none that is known, and cannot lead into a book of this home.
    #[serde(default)]
    pub(crate) marks: Vec<String>,
}

/// What a person may set for a project.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    /// Who acts here, where `--actor` does not say it: `[KIND:]ID`.
    pub(crate) actor: Option<String>,
    /// The project's name in records; the directory's where nothing is said.
    pub(crate) project: Option<String>,
    /// From which severity on findings make an audit fail.
    pub(crate) fail_on: Option<String>,
    /// How many threads may work; all cores where nothing is said.
    pub(crate) threads: Option<usize>,
    /// One of the pointer's marks, so that a configuration that somebody else wrote is known as such: it could make
    /// an audit end well, or name another actor.
    #[serde(default)]
    pub(crate) marks: Vec<String>,
}

static CONFIG_TEMPLATE: &str = r#"# How Sealbook treats this project. Every line but `marks` is optional.

# Who acts here, where --actor does not say it: [user:|agent:|service:|system:]ID
# actor = "agent:builder"

# The project's name in records.
# project = "shop"

# From which severity on findings make an audit end with exit code 1:
# debug, info, warning, error, critical, never
# fail_on = "critical"

# How many threads may work.
# threads = 2
"#;

/// What is said of the marks in a new configuration.
static MARKS_ABOUT: &str = "\
# Random, as in book.toml. Without it nothing of this file is followed: a file that came with a clone has none.";

impl Project {
    /// The nearest project at or above `start`.
    pub(crate) fn find(start: &Path) -> Result<Option<Self>, Failure> {
        for root in start.ancestors() {
            let directory = root.join(DIRECTORY);
            if let Some(pointer) = read(&directory.join(POINTER))? {
                real(&directory)?;
                let config = read(&directory.join(CONFIG))?.unwrap_or_default();
                return Ok(Some(Self { root: root.to_owned(), pointer, config, disbelieved: None }));
            }
        }
        Ok(None)
    }

    /// Leaves the configuration out of account unless it bears a mark of the pointer that is known. Anybody could
    /// have put it there: it comes with a clone.
    pub(crate) fn believing(mut self, is_known: impl Fn(&str) -> bool) -> Self {
        let is_own = |mark: &String| self.pointer.marks.contains(mark) && is_known(mark);
        if !self.config.says_nothing() && !self.config.marks.iter().any(is_own) {
            self.config = Config::default();
            self.disbelieved = Some(self.root.join(DIRECTORY).join(CONFIG));
        }
        self
    }

    /// What is said of a configuration that is not believed.
    pub(crate) fn disbelief(&self) -> Option<String> {
        let path = self.disbelieved.as_ref()?.display();
        let pointer = self.pointer_path();
        let pointer = pointer.display();
        Some(format!(
            "{path} bears no mark of this home, so somebody else may have written it: nothing in it is followed; to \
             accept it, read it and copy the line `marks = …` of {pointer} into it"
        ))
    }

    /// Makes `.sealbook/` in `root`, without a pointer.
    ///
    /// One process at a time makes a project's book: others wait until what is given back is dropped. Where a
    /// file system cannot lock a directory, nobody waits.
    pub(crate) fn prepare(root: &Path) -> Result<fs::File, Failure> {
        let directory = root.join(DIRECTORY);
        real(&directory)?;
        fs::create_dir_all(&directory).map_err(|cause| failed(&directory, cause))?;
        let making = fs::File::open(&directory).map_err(|cause| failed(&directory, cause))?;
        let _ = making.lock();
        write_new(&directory.join(".gitignore"), "*\n")?;
        Ok(making)
    }

    /// Points a prepared `.sealbook/` in `root` at a book, by a pointer with a mark that was made now. A
    /// configuration that is there stays, and is not believed.
    pub(crate) fn point(root: &Path, pointer: Pointer) -> Result<Self, Failure> {
        let path = root.join(DIRECTORY).join(CONFIG);
        let config: Option<Config> = read(&path)?;
        let mark = pointer.marks.last().cloned();
        let project = Self { root: root.to_owned(), pointer, config: Config::default(), disbelieved: None };
        project.keep_pointer()?;
        let Some(config) = config else {
            let marks: Vec<String> = mark.into_iter().collect();
            write_new(&path, &format!("{CONFIG_TEMPLATE}\n{MARKS_ABOUT}\nmarks = {marks:?}\n"))?;
            return Ok(project);
        };
        Ok(Self { config, ..project }.believing(|known| mark.as_deref() == Some(known)))
    }

    /// Writes the pointer as it is now, whole or not at all.
    pub(crate) fn keep_pointer(&self) -> Result<(), Failure> {
        let path = self.pointer_path();
        let text = toml::to_string(&self.pointer).expect("texts and lists of them are TOML");
        let text = format!("# Where this project's book is. Written by sealbook; the book itself is not here.\n{text}");
        let draft = path.with_extension(format!("toml.{}", std::process::id()));
        let _ = fs::remove_file(&draft);
        write_new(&draft, &text)?;
        fs::rename(&draft, &path).map_err(|cause| failed(&path, cause))
    }

    /// The file that says which book it is.
    pub(crate) fn pointer_path(&self) -> PathBuf {
        self.root.join(DIRECTORY).join(POINTER)
    }

    /// Its name in records.
    pub(crate) fn name(&self) -> String {
        self.config.project.clone().unwrap_or_else(|| directory_name(&self.root))
    }
}

impl Config {
    /// Whether it changes nothing, whoever wrote it.
    fn says_nothing(&self) -> bool {
        *self == Self { marks: self.marks.clone(), ..Self::default() }
    }
}

/// The last component of a path, as text without secrets: books and projects are named after it.
pub(crate) fn directory_name(path: &Path) -> String {
    path.file_name().map_or_else(|| "root".to_owned(), |name| redact_text(&name.to_string_lossy()).into_owned())
}

/// The git work tree or the bare repository that `path` lies in, else the directory itself.
pub(crate) fn root_of(path: &Path) -> PathBuf {
    let directory = if path.is_dir() { path } else { path.parent().unwrap_or(path) };
    repository_of(directory).unwrap_or(directory).to_owned()
}

/// The bare repository that `path` lies in: it is all history, and nothing of ours is put into it.
pub(crate) fn bare_root(path: &Path) -> Option<&Path> {
    repository_of(path).filter(|root| is_bare(root))
}

fn repository_of(path: &Path) -> Option<&Path> {
    path.ancestors().find(|root| root.join(".git").exists() || is_bare(root))
}

/// Whether git itself would take the directory for a repository that has no work tree (gitrepository-layout(5)).
/// What lies within a `.git` belongs to that one's work tree.
fn is_bare(root: &Path) -> bool {
    let in_git = || root.components().any(|component| component.as_os_str() == ".git");
    root.join("HEAD").is_file() && root.join("objects").is_dir() && root.join("refs").is_dir() && !in_git()
}

fn failed(path: &Path, cause: std::io::Error) -> Failure {
    Failure::Output { name: path.display().to_string(), cause }
}

/// Refuses a link: a repository may hold one that leads to a directory or a file of somebody else.
fn real(path: &Path) -> Result<(), Failure> {
    match fs::symlink_metadata(path) {
        Ok(found) if found.is_symlink() => Err(Failure::ProjectLinked { path: path.to_owned() }),
        _ => Ok(()),
    }
}

/// Writes a file that is not there yet. Where something is, also a link that leads nowhere, it stays.
fn write_new(path: &Path, text: &str) -> Result<(), Failure> {
    let written = fs::File::options()
        .write(true)
        .create_new(true)
        .open(path)
        .and_then(|mut file| file.write_all(text.as_bytes()));
    match written {
        Err(cause) if cause.kind() == ErrorKind::AlreadyExists => real(path),
        written => written.map_err(|cause| failed(path, cause)),
    }
}

/// Reads a file of ours; `None` where there is none.
fn read<T: for<'de> Deserialize<'de>>(path: &Path) -> Result<Option<T>, Failure> {
    real(path)?;
    let text = match fs::metadata(path) {
        Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            return Ok(None);
        }
        Ok(found) if found.len() > FILE_BYTES_MAX => {
            return Err(invalid(path, 1, "it is longer than any file of Sealbook"));
        }
        _ => fs::read_to_string(path),
    };
    let text = text.map_err(|cause| Failure::Input { name: path.display().to_string(), cause })?;
    let parsed = toml::from_str(&text).map_err(|error| {
        let before = &text[..error.span().map_or(0, |span| span.start.min(text.len()))];
        let first = error.message().lines().next().unwrap_or("it is not TOML").to_owned();
        invalid(path, 1 + before.matches('\n').count(), &first)
    })?;
    Ok(Some(parsed))
}

fn invalid(path: &Path, line: usize, cause: &str) -> Failure {
    Failure::ConfigInvalid { path: path.to_owned(), line, cause: cause.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_project_is_found_from_below_and_ignores_itself() {
        let dir = tempfile::tempdir().unwrap();
        let below = dir.path().join("src/deep");
        fs::create_dir_all(&below).unwrap();
        assert!(Project::find(&below).unwrap().is_none());

        let pointer =
            Pointer { book: "shop-1".into(), tenant: "default".into(), origins: Vec::new(), marks: Vec::new() };
        drop(Project::prepare(dir.path()).unwrap());
        Project::point(dir.path(), pointer.clone()).unwrap();
        let found = Project::find(&below).unwrap().unwrap();
        assert_eq!((found.pointer, found.config), (pointer, Config::default()));
        assert!(found.disbelieved.is_none());
        assert_eq!(fs::read_to_string(dir.path().join(".sealbook/.gitignore")).unwrap(), "*\n");
    }

    #[test]
    fn a_bad_line_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let pointer =
            Pointer { book: "shop-1".into(), tenant: "default".into(), origins: Vec::new(), marks: Vec::new() };
        drop(Project::prepare(dir.path()).unwrap());
        Project::point(dir.path(), pointer).unwrap();
        fs::write(dir.path().join(".sealbook/config.toml"), "actor = \"a\"\n\ncolour = true\n").unwrap();
        match Project::find(dir.path()) {
            Err(Failure::ConfigInvalid { line: 3, cause, .. }) => {
                assert!(cause.contains("colour"), "{cause}");
            }
            other => panic!("{other:?}"),
        }
    }
}
