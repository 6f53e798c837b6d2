//! Where a book lies: names and directories to a [`Layout`].
//!
//! `$SEALBOOK_HOME/{books,keys,heads}`, else books in `$XDG_STATE_HOME/sealbook/books` and keys
//! and heads in `$XDG_DATA_HOME/sealbook/`. A book is a directory with one directory per tenant.
//! Key files are named by their keys and heads by their ledgers, so a book may be moved.

mod marks;

use std::path::{Path, PathBuf};

use sealbook_ledger::Hash;
use sealbook_record::DEFAULT_TENANT;
use sealbook_store::{Layout, is_book_name};

use crate::args::Global;
use crate::environment::Environment;
use crate::failure::Failure;
use crate::project::{Project, bare_root, directory_name};

/// The book of those who name none and are in no project.
const DEFAULT_BOOK: &str = "default";

/// The file beside a book's ledgers with the marks of the pointers that lead to it, and where they lie.
const MARKS: &str = "projects";

/// A ledger's place, and how it was found.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    /// Where its files lie.
    pub(crate) layout: Layout,
    /// Name or path of the book, for people.
    pub(crate) book: String,
    /// Whose ledger.
    pub(crate) tenant: String,
    /// The project from which the command was given.
    pub(crate) project: Option<Project>,
    /// Whether the project's pointer led here.
    pub(crate) by_pointer: bool,
    /// Whether the pointer is gone, and the book itself knows the directory: from the marks beside it.
    pub(crate) by_mark: bool,
    /// Whether the book is named after the path of the bare repository around, or of a directory that is no project:
    /// neither holds a pointer.
    pub(crate) of_bare: bool,
    /// Directories of this home by the variables that name them.
    pub(crate) variables: Vec<(String, PathBuf)>,
    /// Whether nothing led here: it is the book of those who are in no project.
    pub(crate) by_default: bool,
}

/// The directories that hold all books, keys and heads.
struct Homes {
    books: PathBuf,
    keys: PathBuf,
    heads: PathBuf,
}

impl Homes {
    fn new(environment: &Environment) -> Result<Self, Failure> {
        if let Some(home) = &environment.sealbook_home {
            return Ok(Self { books: home.join("books"), keys: home.join("keys"), heads: home.join("heads") });
        }
        let state = environment.state_home.as_ref().ok_or(Failure::HomeUnknown)?.join("sealbook");
        let data = environment.data_home.as_ref().ok_or(Failure::HomeUnknown)?.join("sealbook");
        Ok(Self { books: state.join("books"), keys: data.join("keys"), heads: data.join("heads") })
    }
}

impl Place {
    /// The place that `--book` and `--tenant` name, else that of the project around `start`, else the default book.
    pub(crate) fn find(environment: &Environment, global: &Global, start: &Path) -> Result<Self, Failure> {
        let homes = Homes::new(environment)?;
        let project = Project::find(start)?.map(|project| believed(project, &homes.books));
        // A pointer that was taken away leads nowhere else: the book itself knows whose it is.
        let named = global.book.is_some();
        let known = if named { None } else { marks::project_around(&homes.books, start, project.as_ref())? };
        let by_mark = known.is_some();
        let project = known.or(project);
        let bare = bare_root(start);
        // Of a project around a bare repository and the repository itself, the nearer counts.
        let project = project.filter(|project| bare.is_none_or(|bare| project.root.starts_with(bare)));
        let is_open = project.is_none() && global.book.is_none();
        let bare = bare.filter(|_| is_open).map(name_of_path).or_else(|| {
            // An audit of what is no project leaves no pointer either.
            let named = start.ancestors().filter(|_| is_open).map(name_of_path);
            named.into_iter().find(|name| homes.books.join(name).is_dir())
        });
        let pointer = project.as_ref().map(|project| &project.pointer).filter(|_| global.book.is_none());
        let tenant = global.tenant.as_deref().or(pointer.map(|pointer| &*pointer.tenant)).unwrap_or(DEFAULT_TENANT);
        let book = global.book.as_deref().or(pointer.map(|pointer| &*pointer.book)).or(bare.as_deref());
        let book = book.unwrap_or(DEFAULT_BOOK);
        let directory = match as_path(book) {
            // A path in a pointer would let a stranger's project choose any directory.
            Some(path) if pointer.is_none() => in_directory(&environment.absolute(path), tenant)?,
            _ => homes.books.join(checked(book)?).join(tenant_directory(tenant)?),
        };
        Ok(Self {
            layout: Layout { book: directory, keys: homes.keys, heads: homes.heads },
            book: book.to_owned(),
            tenant: tenant.to_owned(),
            by_pointer: pointer.is_some() && !by_mark,
            by_mark,
            of_bare: bare.is_some(),
            variables: environment.directories(),
            by_default: global.book.is_none() && pointer.is_none() && bare.is_none(),
            project,
        })
    }

    /// The place of a new book for the project at `root`.
    pub(crate) fn new_for(environment: &Environment, global: &Global, root: &Path) -> Result<Self, Failure> {
        let name = book_name(root);
        let named = Global { book: Some(name), ..global.clone() };
        Self::find(environment, &named, root)
    }

    /// The place of the book of a directory that is no project: it is named after its path, and nothing is put there.
    pub(crate) fn of_path(environment: &Environment, global: &Global, root: &Path) -> Result<Self, Failure> {
        let named = Global { book: Some(name_of_path(root)), ..global.clone() };
        Ok(Self { of_bare: true, ..Self::find(environment, &named, root)? })
    }

    /// Whether there is a book.
    pub(crate) fn exists(&self) -> bool {
        self.layout.ledger_db().exists()
    }

    /// The ledger that should lie here: the newest that the project's pointer names, if it led
    /// here, and that this home has kept a head of.
    pub(crate) fn expected(&self) -> Option<(&Project, &str)> {
        let led_here = |project: &&Project| self.by_pointer && project.pointer.tenant == self.tenant;
        let project = self.project.as_ref().filter(led_here)?;
        let head_of = |origin: &str| self.layout.heads.join(format!("{}.head", last_piece(origin)));
        let origin = project.pointer.origins.iter().rev().find(|origin| head_of(origin).exists())?;
        Some((project, origin))
    }

    /// Whether the pointer leads to a book of this home that knows nothing of it: a stranger wrote it, and what
    /// is done here would be sealed among another project's records.
    pub(crate) fn is_strange(&self) -> bool {
        let Some(pointer) = self.project.as_ref().map(|project| &project.pointer).filter(|_| self.by_pointer) else {
            return false;
        };
        let known = std::fs::read_to_string(self.marks_file()).ok();
        let is_known = |mark: &String| known.iter().flat_map(|text| text.lines()).any(|line| line == mark);
        (self.exists() || known.is_some()) && !pointer.marks.iter().any(is_known)
    }

    /// Whether any pointer was ever written to the book in this home.
    pub(crate) fn has_marks(&self) -> bool {
        !self.by_pointer || self.marks_file().exists()
    }

    /// A pointer that a stranger wrote is not followed.
    pub(crate) fn refuse_strange(&self) -> Result<(), Failure> {
        match &self.project {
            Some(project) if self.is_strange() => {
                Err(Failure::PointerStrange { book: self.book.clone(), pointer: project.pointer_path() })
            }
            _ => Ok(()),
        }
    }

    /// Makes a mark and keeps it beside the book; the pointer that bears it is believed from now on.
    pub(crate) fn new_mark(&self, root: &Path) -> Result<String, Failure> {
        let mut random = [0; 16];
        getrandom::fill(&mut random).expect("the kernel's random generator answers");
        let mark = format!("{:032x}", u128::from_be_bytes(random));
        let path = self.marks_file();
        let mut text = std::fs::read_to_string(&path).unwrap_or_default();
        text.push_str(&mark);
        text.push('\n');
        text.push_str(&marks::line_of(root, &self.tenant).unwrap_or_default());
        let draft = path.with_extension(std::process::id().to_string());
        let kept = std::fs::write(&draft, text).and_then(|()| std::fs::rename(&draft, &path));
        kept.map_err(|cause| Failure::Output { name: path.display().to_string(), cause })?;
        Ok(mark)
    }

    /// Keeps the project's directory beside the book where the pointer that led here came from another place, as
    /// after a move. What cannot be kept is not missed until the pointer is.
    pub(crate) fn remember(&self) {
        let Some(project) = self.project.as_ref().filter(|_| self.by_pointer) else { return };
        let Some(line) = marks::line_of(&project.root, &self.tenant) else { return };
        let path = self.marks_file();
        let Ok(text) = std::fs::read_to_string(&path) else { return };
        if !text.contains(&line) {
            let draft = path.with_extension(std::process::id().to_string());
            let _ = std::fs::write(&draft, text + &line).and_then(|()| std::fs::rename(&draft, &path));
        }
    }

    /// Whether `--book` named the ledger's own directory, or the file in it.
    pub(crate) fn is_file_named(&self) -> bool {
        let of_tenant = tenant_directory(&self.tenant).ok();
        self.layout.book.file_name().and_then(|name| name.to_str()) != of_tenant.as_deref()
    }

    /// The directory of the book, by which it is found from anywhere.
    pub(crate) fn directory(&self) -> &Path {
        self.layout.book.parent().unwrap_or(&self.layout.book)
    }

    /// What a gate says of a book that nobody named to it.
    pub(crate) fn notice(&self) -> Option<String> {
        if self.by_mark {
            let pointer = self.project.as_ref().map(Project::pointer_path).unwrap_or_default();
            let (pointer, book) = (pointer.display(), &self.book);
            return Some(format!(
                "{pointer} is missing; the book {book}, which knows this directory, is used; `sealbook init` makes \
                 a new one, --book names another"
            ));
        }
        let is_fallback = self.by_default && self.exists();
        is_fallback
            .then(|| format!("no project is around here: the book `{DEFAULT_BOOK}` is used; --book names another"))
    }

    /// Beside the ledgers of all tenants of the book.
    fn marks_file(&self) -> PathBuf {
        self.layout.book.parent().unwrap_or(&self.layout.book).join(MARKS)
    }

    /// A book that is not there though its head is was taken away.
    pub(crate) fn notice_gone(&self) -> Result<(), Failure> {
        match self.expected() {
            Some((project, _)) if !self.exists() => {
                Err(Failure::BookGone { book: self.book.clone(), pointer: project.pointer_path() })
            }
            _ => Ok(()),
        }
    }
}

/// The project with its configuration, if that bears a mark of this home.
fn believed(project: Project, books: &Path) -> Project {
    // The pointer may be anybody's: its book need not be a name.
    let marks = is_book_name(&project.pointer.book).then(|| books.join(&project.pointer.book).join(MARKS));
    let known = marks.and_then(|marks| std::fs::read_to_string(marks).ok()).unwrap_or_default();
    project.believing(|mark| known.lines().any(|line| line == mark))
}

fn last_piece(origin: &str) -> &str {
    origin.rsplit('/').next().unwrap_or(origin)
}

/// A book given by its directory, or by the file in it.
fn as_path(book: &str) -> Option<&Path> {
    let is_path = book.contains('/') || matches!(book, "." | "..");
    is_path.then(|| Path::new(book))
}

fn in_directory(path: &Path, tenant: &str) -> Result<PathBuf, Failure> {
    if path.is_file() {
        return Ok(path.parent().unwrap_or(path).to_owned());
    }
    if path.join("ledger.db").exists() {
        return Ok(path.to_owned());
    }
    Ok(path.join(tenant_directory(tenant)?))
}

fn checked(name: &str) -> Result<&str, Failure> {
    if is_book_name(name) { Ok(name) } else { Err(invalid("book", name)) }
}

fn tenant_directory(tenant: &str) -> Result<String, Failure> {
    sealbook_store::tenant_directory(tenant).ok_or_else(|| invalid("tenant", tenant))
}

fn invalid(what: &'static str, given: &str) -> Failure {
    let allowed = match what {
        "tenant" => "of 1 to 80 bytes",
        _ => "of up to 100 letters, digits, `-`, `_` and `.`, not beginning with a dot",
    };
    Failure::NameInvalid { what, given: given.chars().take(64).collect(), allowed }
}

/// The directory's name and 32 random bits: two projects of one name have two books.
fn book_name(root: &Path) -> String {
    let mut random = [0; 4];
    getrandom::fill(&mut random).expect("the kernel's random generator answers");
    numbered(root, u32::from_be_bytes(random))
}

/// The name of the book of a bare repository, or of a directory that is no project: nothing in it points at the book,
/// so its path does.
fn name_of_path(root: &Path) -> String {
    let real = root.canonicalize().unwrap_or_else(|_| root.to_owned());
    let digest = Hash::of(real.as_os_str().as_encoded_bytes()).to_string();
    numbered(&real, u32::from_str_radix(&digest[..8], 16).expect("a hash is shown as hex"))
}

fn numbered(root: &Path, number: u32) -> String {
    let name: String = directory_name(root)
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || matches!(c, '_' | '.') { c } else { '-' })
        .skip_while(|c| matches!(c, '.' | '-'))
        .take(60)
        .collect();
    let name = if name.is_empty() { "project" } else { &name };
    format!("{name}-{number:08x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_in_their_directory() {
        assert_eq!(checked("shop-1.2_b").unwrap(), "shop-1.2_b");
        for bad in ["", ".", "..", ".hidden", "a b", "a/b", "ä", &"x".repeat(101)] {
            assert!(checked(bad).is_err(), "{bad}");
        }
        assert_eq!(tenant_directory("acme.eu").unwrap(), "acme.eu");
        assert_eq!(tenant_directory("../x").unwrap(), "%2E.%2Fx");
        assert_eq!(tenant_directory("Müller & Co").unwrap(), "M%C3%BCller%20%26%20Co");
        assert!(tenant_directory("").is_err());
    }

    #[test]
    fn a_new_book_is_named_after_its_project() {
        let name = book_name(Path::new("/src/.my project"));
        assert!(name.starts_with("my-project-") && name.len() == 19, "{name}");
        assert!(checked(&name).is_ok());
        assert!(book_name(Path::new("/")).starts_with("root-"));
    }
}
