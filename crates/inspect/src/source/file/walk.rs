//! Lists a tree in its one order: depth first, the names of each directory by their bytes.
//!
//! Directories are opened relative to the directory above and never through a symlink, so that no
//! link, loop or rename on the way leads out of the tree. Files are not touched here.

use std::ffi::{CStr, CString};
use std::fs::File;
use std::io::Read as _;
use std::ops::ControlFlow;
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::sync::Arc;

use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, fstat, openat, statat};
use rustix::io::Errno;

use super::attributes::Attributes;
use super::entry::{Entry, Kind, Meta};
use super::ignores::{Ignores, Rules};
use super::pattern::Pattern;
use super::read::Fault;

/// Never audited: the book's own, and git's, which the `git` source reads.
const EXCLUDED: [&[u8]; 2] = [b".git", b".sealbook"];
/// Directories held open at a time. Only nested ones with something left to list count.
const OPEN_DIRECTORIES: usize = 256;
/// Longest path below the root; the system's own calls end at 4,096.
const PATH_BYTES: usize = 64 * 1024;
/// Longest ignore file that is read.
const RULES_BYTES: u64 = 4 * 1024 * 1024;

/// A directory that is being read.
#[derive(Debug)]
pub(super) struct Directory {
    pub(super) fd: OwnedFd,
    /// Its path below the root with a final `/`; empty for the root.
    pub(super) prefix: Vec<u8>,
}

/// What the walk finds, in order.
pub(super) enum Item {
    /// Something to look at.
    Look { directory: Arc<Directory>, name: CString, listed: FileType },
    /// A directory, looked at already, and why it could not be entered.
    Directory(Box<Entry>, Option<Fault>),
    /// Not entered or read, and not known any closer.
    Beyond { path: Vec<u8>, why: &'static str },
}

/// What to leave out.
pub(super) struct Filter {
    pub(super) pattern: Option<Pattern>,
    pub(super) ignore_files: bool,
}

/// What was left out.
#[derive(Debug, Default)]
pub(super) struct LeftOut {
    /// By an ignore file; a directory counts once.
    pub(super) ignored: u64,
    /// `.git` and `.sealbook`.
    pub(super) excluded: u64,
}

/// Opens the root of a tree.
pub(super) fn open_root(path: &Path) -> Result<OwnedFd, Errno> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    openat(rustix::fs::CWD, path, flags, Mode::empty())
}

/// Walks the tree below `root`, whose absolute path is `path`, until all is given or `give` breaks.
pub(super) fn walk(
    root: OwnedFd,
    path: &Path,
    filter: &Filter,
    give: &mut dyn FnMut(Item) -> ControlFlow<()>,
) -> LeftOut {
    let above = if filter.ignore_files { rules_above(path) } else { Ignores::default() };
    let mut walk = Walk { filter, give, frames: Vec::new(), left_out: LeftOut::default(), attributes: Vec::new() };
    let mut entry = Entry::default();
    entry.begin(b"", b".");
    // A break is the consumer's wish to stop; what was left out no longer matters then.
    if walk.enter(Ok(root), entry, Vec::new(), &above).is_continue() {
        let _ = walk.run();
    }
    walk.left_out
}

struct Walk<'a> {
    filter: &'a Filter,
    give: &'a mut dyn FnMut(Item) -> ControlFlow<()>,
    frames: Vec<Frame>,
    left_out: LeftOut,
    attributes: Vec<u8>,
}

/// A directory with names left to visit, in reverse order.
struct Frame {
    directory: Arc<Directory>,
    names: Vec<(CString, FileType)>,
    ignores: Ignores,
}

impl Walk<'_> {
    fn run(&mut self) -> ControlFlow<()> {
        while let Some(frame) = self.frames.last_mut() {
            let Some((name, listed)) = frame.names.pop() else {
                self.frames.pop();
                continue;
            };
            let (directory, ignores) = (frame.directory.clone(), frame.ignores.clone());
            // A chain of directories with one child each must not hold all of them open.
            if frame.names.is_empty() {
                self.frames.pop();
            }
            self.visit(&directory, &ignores, name, listed)?;
        }
        ControlFlow::Continue(())
    }

    fn visit(
        &mut self,
        directory: &Arc<Directory>,
        ignores: &Ignores,
        name: CString,
        listed: FileType,
    ) -> ControlFlow<()> {
        if EXCLUDED.contains(&name.to_bytes()) {
            self.left_out.excluded += 1;
            return ControlFlow::Continue(());
        }
        let path = [&directory.prefix[..], name.to_bytes()].concat();
        let listed = match listed {
            // Some file systems do not say in the listing.
            FileType::Unknown => statat(&directory.fd, &name, AtFlags::SYMLINK_NOFOLLOW)
                .map_or(FileType::Unknown, |stat| FileType::from_raw_mode(stat.st_mode)),
            known => known,
        };
        let is_dir = listed == FileType::Directory;
        if let Some(pattern) = &self.filter.pattern {
            let wanted = if is_dir { pattern.may_match_below(&path) } else { pattern.matches(&path) };
            if !wanted {
                return ControlFlow::Continue(());
            }
        }
        if ignores.leave_out(&path, is_dir) {
            self.left_out.ignored += 1;
            return ControlFlow::Continue(());
        }
        if path.len() > PATH_BYTES {
            return (self.give)(Item::Beyond { path, why: "path_too_long" });
        }
        if !is_dir {
            return (self.give)(Item::Look { directory: directory.clone(), name, listed });
        }
        if self.frames.len() >= OPEN_DIRECTORIES {
            return (self.give)(Item::Beyond { path, why: "nested_too_deep" });
        }
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let opened = openat(&directory.fd, &name, flags, Mode::empty());
        if let Err(Errno::LOOP | Errno::NOTDIR) = opened {
            // No longer a directory: looked at as what it is now.
            let listed = FileType::Unknown;
            return (self.give)(Item::Look { directory: directory.clone(), name, listed });
        }
        let mut entry = Entry::default();
        entry.begin(&directory.prefix, name.to_bytes());
        if opened.is_err()
            && let Ok(stat) = statat(&directory.fd, &name, AtFlags::SYMLINK_NOFOLLOW)
        {
            entry.stat = Some(Meta::of(&stat));
        }
        self.enter(opened, entry, [&path[..], b"/"].concat(), ignores)
    }

    /// Gives the directory's own entry, and makes it the next to be listed.
    fn enter(
        &mut self,
        opened: Result<OwnedFd, Errno>,
        mut entry: Entry,
        prefix: Vec<u8>,
        ignores: &Ignores,
    ) -> ControlFlow<()> {
        entry.kind = Kind::Directory;
        let listed = opened.and_then(|fd| {
            entry.stat = Some(Meta::of(&fstat(&fd)?));
            entry.attributes = Attributes::of(fd.as_fd(), &mut self.attributes)?.map(Box::new);
            Ok((list(&fd)?, fd))
        });
        let fault = listed.as_ref().err().map(|errno| Fault::from(*errno));
        entry.skipped = fault.map(Fault::why);
        if self.filter.pattern.is_none() || fault.is_some() {
            (self.give)(Item::Directory(Box::new(entry), fault))?;
        }
        if let Ok((mut names, fd)) = listed {
            let ignores = if self.filter.ignore_files {
                ignores.enter(&prefix, &rules_in(fd.as_fd(), &names))
            } else {
                Ignores::default()
            };
            names.sort_unstable_by(|(a, _), (b, _)| b.cmp(a));
            self.frames.push(Frame { directory: Arc::new(Directory { fd, prefix }), names, ignores });
        }
        ControlFlow::Continue(())
    }
}

fn list(fd: &OwnedFd) -> Result<Vec<(CString, FileType)>, Errno> {
    let mut names = Vec::new();
    for child in Dir::read_from(fd)? {
        let child = child?;
        if !matches!(child.file_name().to_bytes(), b"." | b"..") {
            names.push((child.file_name().to_owned(), child.file_type()));
        }
    }
    Ok(names)
}

/// The rules of one directory, which is not listed; none where it cannot be opened.
pub(super) fn rules_of(directory: &Path) -> Rules {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let Ok(directory) = openat(rustix::fs::CWD, directory, flags, Mode::empty()) else { return Rules::default() };
    rules_with(directory.as_fd(), &|name| statat(&directory, name, AtFlags::SYMLINK_NOFOLLOW).is_ok())
}

fn rules_in(directory: BorrowedFd<'_>, names: &[(CString, FileType)]) -> Rules {
    rules_with(directory, &|wanted| names.iter().any(|(name, _)| name.as_c_str() == wanted))
}

fn rules_with(directory: BorrowedFd<'_>, has: &dyn Fn(&CStr) -> bool) -> Rules {
    let read = |name: &CStr| {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        read_rules(File::from(openat(directory, name, flags, Mode::empty()).ok()?))
    };
    let repository = has(c".git");
    Rules {
        git: has(c".gitignore").then(|| read(c".gitignore")).flatten(),
        plain: has(c".ignore").then(|| read(c".ignore")).flatten(),
        exclude: repository.then(|| read(c".git/info/exclude")).flatten(),
        repository,
    }
}

/// An ignore file that cannot be read leaves nothing out; that it cannot be read shows where it is
/// listed itself.
fn read_rules(file: File) -> Option<Vec<u8>> {
    let mut text = Vec::new();
    if !file.metadata().ok()?.is_file() {
        return None;
    }
    file.take(RULES_BYTES).read_to_end(&mut text).ok()?;
    Some(text)
}

/// The rules of the directories above the root, up to the repository it lies in. A rule that
/// leaves out the root itself is overruled by whoever names it as the target.
pub(super) fn rules_above(root: &Path) -> Ignores {
    let mut chain = Vec::new();
    if root.join(".git").symlink_metadata().is_ok() {
        return Ignores::default();
    }
    for directory in root.ancestors().skip(1) {
        chain.push(directory);
        if directory.join(".git").symlink_metadata().is_ok() {
            return chain.into_iter().rev().fold(Ignores::default(), |ignores, directory| {
                let mut to_root =
                    root.strip_prefix(directory).expect("an ancestor is a prefix").as_os_str().as_bytes().to_vec();
                to_root.push(b'/');
                let read = |name| read_rules(File::open(directory.join(name)).ok()?);
                let rules = Rules {
                    git: read(".gitignore"),
                    plain: read(".ignore"),
                    exclude: read(".git/info/exclude"),
                    repository: directory.join(".git").symlink_metadata().is_ok(),
                };
                ignores.enter_above(&to_root, &rules)
            });
        }
    }
    Ignores::default()
}
