//! Which directories a book knows as its projects: a pointer can be taken away, by `git clean` as by an agent that
//! wants other rules, and the book must not be lost with it.

use std::fs;
use std::path::{Path, PathBuf};

use super::MARKS;
use crate::failure::Failure;
use crate::project::{Config, Pointer, Project};

/// Longer than any file of marks that a person's work makes.
const FILE_BYTES_MAX: u64 = 1 << 20;
/// Before the directory and the tenant of a line that says where a pointer lies.
const AT: &str = "at ";

/// The line that says where a pointer lies; `None` where it cannot be said in a line.
pub(super) fn line_of(root: &Path, tenant: &str) -> Option<String> {
    let root = root.to_str().filter(|_| root.is_absolute())?;
    let is_plain = |text: &str| !text.contains(['\t', '\n', '\r']);
    (is_plain(root) && is_plain(tenant)).then(|| format!("{AT}{root}\t{tenant}\n"))
}

/// The project at or above `start` that a book of this home knows, where it lies nearer than the one whose pointer was
/// found.
///
/// Errors: two books know the directory, and no pointer says which is meant.
pub(super) fn project_around(books: &Path, start: &Path, found: Option<&Project>) -> Result<Option<Project>, Failure> {
    let real = start.canonicalize().ok();
    let is_around = |root: &Path| start.starts_with(root) || real.as_ref().is_some_and(|real| real.starts_with(root));
    let mut nearest: Vec<(PathBuf, Pointer)> = Vec::new();
    for book in fs::read_dir(books).into_iter().flatten().flatten() {
        let Ok(name) = book.file_name().into_string() else { continue };
        for (root, tenant) in roots(&book.path().join(MARKS)).into_iter().filter(|(root, _)| is_around(root)) {
            let depth = |root: &Path| root.components().count();
            let is_nearer = nearest.first().is_none_or(|(other, _)| depth(&root) > depth(other));
            if is_nearer {
                nearest.clear();
            }
            if nearest.first().is_none_or(|(other, _)| *other == root) {
                let pointer = Pointer { book: name.clone(), tenant, origins: Vec::new(), marks: Vec::new() };
                nearest.push((root, pointer));
            }
        }
    }
    // A pointer that is there says which book is meant.
    let is_pointed = |root: &Path| {
        let has_pointer = Project::find(root).ok().flatten().is_some_and(|project| project.root == root);
        has_pointer || found.is_some_and(|found| found.root.starts_with(root) || same(&found.root, root))
    };
    nearest.retain(|(root, _)| !is_pointed(root));
    nearest.dedup_by(|a, b| a.1.book == b.1.book);
    if let [(root, one), (_, other), ..] = &nearest[..] {
        let what = format!("{} has no pointer, and the books {} and {} know it", root.display(), one.book, other.book);
        return Err(Failure::usage(what, "say with --book which is meant"));
    }
    let project = |(root, pointer)| Project { root, pointer, config: Config::default(), disbelieved: None };
    Ok(nearest.pop().map(project))
}

fn same(a: &Path, b: &Path) -> bool {
    matches!((a.canonicalize(), b.canonicalize()), (Ok(a), Ok(b)) if a == b)
}

/// What a book says of where its pointers lie.
fn roots(marks: &Path) -> Vec<(PathBuf, String)> {
    if fs::metadata(marks).is_ok_and(|found| found.len() > FILE_BYTES_MAX) {
        return Vec::new();
    }
    let text = fs::read_to_string(marks).unwrap_or_default();
    let of = |line: &str| {
        let (root, tenant) = line.strip_prefix(AT)?.split_once('\t')?;
        Some((PathBuf::from(root), tenant.to_owned()))
    };
    text.lines().filter_map(of).collect()
}
