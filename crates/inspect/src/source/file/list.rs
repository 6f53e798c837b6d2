//! The files of a tree for other sources: the same walk, the same ignore files, links not followed.

use std::ffi::{CStr, CString};
use std::fs::File;
use std::io::Read as _;
use std::ops::ControlFlow;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;
use std::sync::Arc;

use rustix::fs::{AtFlags, FileType, Mode, OFlags, fstat, openat, statat};
use rustix::io::Errno;

use super::read::Fault;
pub(crate) use super::tracked::{Missing, missing};
pub(crate) use super::walk::LeftOut;
use super::walk::{self, Filter, Item};

/// A directory that is held open while one of its files is wanted.
#[derive(Clone)]
pub(crate) struct Place(Arc<walk::Directory>);

/// What the walk finds.
pub(crate) enum Listed {
    /// A file, by its path below the root.
    File { place: Place, name: CString, path: Vec<u8> },
    /// A link, which is not followed.
    Link { path: Vec<u8> },
    /// Something that could not be entered.
    Closed { path: Vec<u8>, why: &'static str, detail: Option<String> },
}

/// What was read of a file.
pub(crate) enum Content {
    Whole {
        bytes: Vec<u8>,
        modified_s: i64,
    },
    /// It is larger than was allowed.
    TooLarge(u64),
    /// It is no file any more.
    NoFile,
    Unreadable {
        why: &'static str,
        detail: Option<String>,
    },
}

/// Opens the root of a tree.
pub(crate) fn open(path: &Path) -> Result<OwnedFd, std::io::Error> {
    walk::open_root(path).map_err(Into::into)
}

/// Gives every file below `root`; says what was left out.
pub(crate) fn list(
    root: OwnedFd,
    path: &Path,
    ignore_files: bool,
    give: &mut dyn FnMut(Listed) -> ControlFlow<()>,
) -> LeftOut {
    list_with(root, path, ignore_files, give, &mut |_, _| {})
}

/// The same; directories come too, by their path and mode.
pub(in crate::source) fn list_with(
    root: OwnedFd,
    path: &Path,
    ignore_files: bool,
    give: &mut dyn FnMut(Listed) -> ControlFlow<()>,
    directory: &mut dyn FnMut(&[u8], u32),
) -> LeftOut {
    let filter = Filter { pattern: None, ignore_files };
    walk::walk(root, path, &filter, &mut |item| match item {
        Item::Look { directory, name, listed } => {
            let path = [&directory.prefix[..], name.to_bytes()].concat();
            match listed {
                FileType::RegularFile | FileType::Unknown => give(Listed::File { place: Place(directory), name, path }),
                FileType::Symlink => give(Listed::Link { path }),
                _ => ControlFlow::Continue(()),
            }
        }
        Item::Directory(entry, None) => {
            if let Some(meta) = &entry.stat {
                directory(&entry.path, meta.mode);
            }
            ControlFlow::Continue(())
        }
        Item::Directory(entry, Some(fault)) => {
            give(Listed::Closed { path: entry.path.clone(), why: fault.why(), detail: fault.detail() })
        }
        Item::Beyond { path, why } => give(Listed::Closed { path, why, detail: None }),
    })
}

impl Place {
    /// The mode of a file, links not followed.
    pub(in crate::source) fn mode(&self, name: &CStr) -> Option<u32> {
        statat(&self.0.fd, name, AtFlags::SYMLINK_NOFOLLOW).ok().map(|stat| stat.st_mode)
    }

    /// Reads a file, if it is no longer than `most`.
    pub(crate) fn read(&self, name: &CStr, most: u64) -> Content {
        read_in(self.0.fd.as_fd(), name, most)
    }
}

/// Reads a file by its path below `root`, no link on the way; nothing where there is none.
pub(crate) fn read_below(root: BorrowedFd<'_>, path: &str, most: u64) -> Option<Content> {
    let mut parts: Vec<CString> = path.split('/').filter_map(|part| CString::new(part).ok()).collect();
    let name = parts.pop()?;
    let mut directory: Option<OwnedFd> = None;
    for part in parts {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let above = directory.as_ref().map_or(root, AsFd::as_fd);
        directory = Some(openat(above, &part, flags, Mode::empty()).ok()?);
    }
    match read_in(directory.as_ref().map_or(root, AsFd::as_fd), &name, most) {
        Content::Unreadable { why: "vanished", .. } | Content::NoFile => None,
        content => Some(content),
    }
}

fn read_in(directory: BorrowedFd<'_>, name: &CStr, most: u64) -> Content {
    let unreadable = |errno: Errno| match errno {
        Errno::LOOP => Content::NoFile,
        errno => {
            let fault = Fault::from(errno);
            Content::Unreadable { why: fault.why(), detail: fault.detail() }
        }
    };
    // NONBLOCK: what was a file when listed may be a pipe by now.
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let opened = openat(directory, name, flags, Mode::empty()).and_then(|fd| Ok((fstat(&fd)?, fd)));
    let (stat, fd) = match opened {
        Ok(opened) => opened,
        Err(errno) => return unreadable(errno),
    };
    if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
        return Content::NoFile;
    }
    let size = u64::try_from(stat.st_size).unwrap_or(0);
    if size > most {
        return Content::TooLarge(size);
    }
    let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or(0) + 1);
    match File::from(fd).take(most + 1).read_to_end(&mut bytes) {
        Ok(read) if read as u64 > most => Content::TooLarge(read as u64),
        Ok(_) => Content::Whole { bytes, modified_s: stat.st_mtime },
        Err(cause) => Content::Unreadable { why: "unreadable", detail: Some(cause.to_string()) },
    }
}
