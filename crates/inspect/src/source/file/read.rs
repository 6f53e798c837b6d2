//! Looks at one path: metadata, and content read once, in bounded memory.

use std::ffi::CStr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use aws_lc_rs::digest;
use rustix::fs::{AtFlags, FileType, Mode, OFlags, fstat, openat, readlinkat, statat};
use rustix::io::{Errno, read};

use super::attributes::Attributes;
use super::cache::Cache;
use super::entry::{Entry, Kind, Meta};

/// Small enough to stay in the second-level cache between the kernel's copy and the hash.
const BUFFER_BYTES: usize = 128 * 1024;
/// How much is looked at for a NUL, as git does, to tell binary from text.
const BINARY_PROBE_BYTES: usize = 8_000;
/// A file that changes under the reader is read so many times before it is given up.
const ATTEMPTS: u32 = 3;

/// Why a path could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// It was listed, and is gone.
    Vanished,
    /// It changed during each attempt to read it.
    Changed,
    /// The system refused.
    Unreadable(Errno),
}

impl Fault {
    /// The reason in coverage and in the manifest.
    pub(super) fn why(self) -> &'static str {
        match self {
            Self::Vanished => "vanished",
            Self::Changed => "changed_while_read",
            Self::Unreadable(_) => "unreadable",
        }
    }

    /// The system's words.
    pub(super) fn detail(self) -> Option<String> {
        match self {
            Self::Unreadable(errno) => Some(std::io::Error::from(errno).to_string()),
            _ => None,
        }
    }
}

impl From<Errno> for Fault {
    fn from(errno: Errno) -> Self {
        match errno {
            Errno::NOENT | Errno::NOTDIR => Self::Vanished,
            other => Self::Unreadable(other),
        }
    }
}

/// Looks at paths, one after the other, with one buffer.
pub(super) struct Reader<'a> {
    buffer: Vec<u8>,
    root: &'a [u8],
    include_hash: bool,
    cache: Option<&'a Cache>,
    head: Vec<u8>,
    attributes: Vec<u8>,
}

impl<'a> Reader<'a> {
    /// `root` is the absolute path of the tree; links that lead out of it are told apart.
    /// What is in the cache, and has not changed, is not read.
    pub(super) fn new(root: &'a [u8], include_hash: bool, cache: Option<&'a Cache>) -> Self {
        let (head, attributes) = (Vec::new(), Vec::new());
        Self { buffer: vec![0; BUFFER_BYTES], root, include_hash, cache, head, attributes }
    }

    /// Fills in `entry`, whose path is set; `listed` is what the directory said it was. Gives the
    /// bytes of content read. On a fault the entry holds what could be learned all the same.
    pub(super) fn look(
        &mut self,
        dir: BorrowedFd<'_>,
        name: &CStr,
        listed: FileType,
        entry: &mut Entry,
    ) -> Result<u64, Fault> {
        let mut kind = Kind::of(listed);
        for _ in 0..ATTEMPTS {
            let looked = match kind {
                Kind::File if self.include_hash && self.is_unchanged(dir, name, entry) => Ok(0),
                Kind::File if self.include_hash => self.file(dir, name, entry),
                Kind::Symlink => self.link(dir, name, entry),
                // What is a directory now was not entered, and nothing is known of its content.
                Kind::Directory => Err(Fault::Changed),
                _ => metadata(dir, name, entry).map(|()| 0),
            };
            match looked {
                // Nobody had said yet what it is, or it is a directory by now.
                Ok(_) if kind == Kind::Unknown && entry.kind != Kind::Unknown => kind = entry.kind,
                Ok(_) if entry.kind == Kind::Directory => kind = entry.kind,
                Ok(bytes) => return Ok(bytes),
                // It became something else since it was listed, or since it was looked at.
                Err(Fault::Unreadable(Errno::LOOP)) if kind == Kind::File => kind = Kind::Symlink,
                Err(Fault::Unreadable(Errno::INVAL)) if kind == Kind::Symlink => kind = Kind::File,
                Err(Fault::Changed) => {}
                Err(fault) => {
                    if fault != Fault::Vanished {
                        metadata(dir, name, entry)?;
                    }
                    return Err(fault);
                }
            }
        }
        entry.sha256 = None;
        entry.binary = None;
        Err(Fault::Changed)
    }

    /// Whether the last manifest's entry still stands for the file; it is taken over then.
    fn is_unchanged(&mut self, dir: BorrowedFd<'_>, name: &CStr, entry: &mut Entry) -> bool {
        let Some(cache) = self.cache else { return false };
        if metadata(dir, name, entry).is_err() || entry.kind != Kind::File {
            return false;
        }
        let Some(meta) = entry.stat else { return false };
        self.head.clear();
        entry.write_head(&mut self.head);
        entry.adopted = cache.unchanged(&entry.path, &meta, &self.head).map(Into::into);
        entry.adopted.is_some()
    }

    fn file(&mut self, dir: BorrowedFd<'_>, name: &CStr, entry: &mut Entry) -> Result<u64, Fault> {
        // NONBLOCK: what was a file when listed may be a pipe by now, and must not hang the run.
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = openat(dir, name, flags, Mode::empty())?;
        let stat = fstat(&file)?;
        entry.kind = Kind::of(FileType::from_raw_mode(stat.st_mode));
        entry.stat = Some(Meta::of(&stat));
        if entry.kind != Kind::File {
            return Ok(0);
        }
        let on_disk = u64::try_from(stat.st_blocks).unwrap_or(0).saturating_mul(512);
        let size = u64::try_from(stat.st_size).unwrap_or(0);
        // Small files may lie in the inode and tails may be packed: a hole is a page at least.
        entry.allocated = (on_disk.saturating_add(4_096) <= size).then_some(on_disk);
        entry.attributes = Attributes::of(file.as_fd(), &mut self.attributes)?.map(Box::new);
        self.content(&file, Meta::of(&stat), entry, || {})
    }

    /// Hashes an open file. `between` runs after the reading and before the check that nothing
    /// changed meanwhile; tests change the file there.
    fn content(
        &mut self,
        file: &OwnedFd,
        before: Meta,
        entry: &mut Entry,
        between: impl FnOnce(),
    ) -> Result<u64, Fault> {
        let first = self.fill(file)?;
        let probe = &self.buffer[..first.min(BINARY_PROBE_BYTES)];
        let binary = memchr::memchr(0, probe).is_some();
        let mut total = first as u64;
        // One read gives the whole of a small file; files without a size (procfs) are read on.
        let sha256 = if first < BUFFER_BYTES && total == before.size {
            digest::digest(&digest::SHA256, &self.buffer[..first])
        } else {
            let mut hasher = digest::Context::new(&digest::SHA256);
            hasher.update(&self.buffer[..first]);
            loop {
                let count = self.fill(file)?;
                if count == 0 {
                    break hasher.finish();
                }
                hasher.update(&self.buffer[..count]);
                total += count as u64;
            }
        };
        between();
        let after = Meta::of(&fstat(file)?);
        // Pseudo files say size 0 whatever they hold; only the clock tells there.
        if after != before || (total != before.size && before.size != 0) {
            return Err(Fault::Changed);
        }
        entry.sha256 = Some(sha256.as_ref().try_into().expect("SHA-256 is 32 bytes"));
        entry.binary = Some(binary);
        Ok(total)
    }

    fn fill(&mut self, file: &OwnedFd) -> Result<usize, Fault> {
        loop {
            match read(file, &mut self.buffer[..]) {
                Err(Errno::INTR) => {}
                result => return Ok(result?),
            }
        }
    }

    fn link(&self, dir: BorrowedFd<'_>, name: &CStr, entry: &mut Entry) -> Result<u64, Fault> {
        let target = readlinkat(dir, name, Vec::new())?.into_bytes();
        metadata(dir, name, entry)?;
        entry.resolves = Some(if self.leads_out(&entry.path, &target) {
            "outside"
        } else {
            match statat(dir, name, AtFlags::empty()) {
                Ok(_) => "inside",
                Err(Errno::NOENT | Errno::NOTDIR) => "missing",
                Err(Errno::LOOP) => "loop",
                Err(_) => "unknown",
            }
        });
        entry.link = Some(target);
        Ok(0)
    }

    /// Whether a link leads out of the tree by what is written in it. The target of such a link is
    /// not even looked at.
    fn leads_out(&self, path: &[u8], target: &[u8]) -> bool {
        let (mut depth, relative) = if target.starts_with(b"/") {
            match target.strip_prefix(self.root) {
                Some(rest) if self.root == b"/" || rest.is_empty() || rest.starts_with(b"/") => (0, rest),
                _ => return true,
            }
        } else {
            (memchr::memchr_iter(b'/', path).count(), target)
        };
        for component in relative.split(|b| *b == b'/') {
            match component {
                b"" | b"." => {}
                b".." if depth == 0 => return true,
                b".." => depth -= 1,
                _ => depth += 1,
            }
        }
        false
    }
}

/// Kind and metadata of the path itself, without opening it.
fn metadata(dir: BorrowedFd<'_>, name: &CStr, entry: &mut Entry) -> Result<(), Fault> {
    let stat = statat(dir.as_fd(), name, AtFlags::SYMLINK_NOFOLLOW)?;
    entry.kind = Kind::of(FileType::from_raw_mode(stat.st_mode));
    entry.stat = Some(Meta::of(&stat));
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Write as _;

    use super::*;

    #[test]
    fn a_file_that_grows_while_it_is_read_is_not_vouched_for() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        for size in [0, 10, BUFFER_BYTES - 1, BUFFER_BYTES, 3 * BUFFER_BYTES + 5] {
            fs::write(&path, vec![b'x'; size]).unwrap();
            let file: OwnedFd = fs::File::open(&path).unwrap().into();
            let before = Meta::of(&fstat(&file).unwrap());
            let mut entry = Entry::default();
            let mut reader = Reader::new(b"/", true, None);
            let grow = || {
                fs::OpenOptions::new().append(true).open(&path).unwrap().write_all(b"more").unwrap();
            };
            assert_eq!(reader.content(&file, before, &mut entry, grow), Err(Fault::Changed));
            assert_eq!(entry.sha256, None);
        }
    }

    #[test]
    fn links_are_told_by_what_is_written_in_them() {
        let reader = Reader::new(b"/srv/tree", true, None);
        for (path, target, out) in [
            (&b"a/b/link"[..], &b"../../c"[..], false),
            (b"a/b/link", b"../../../c", true),
            (b"link", b"..", true),
            (b"link", b"a/../..", true),
            (b"link", b".", false),
            (b"link", b"/srv/tree/a", false),
            (b"link", b"/srv/tree/../x", true),
            (b"link", b"/srv/treehouse", true),
            (b"link", b"/etc/passwd", true),
        ] {
            assert_eq!(reader.leads_out(path, target), out, "{}", String::from_utf8_lossy(target));
        }
    }
}
