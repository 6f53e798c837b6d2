//! The disk, for undo: files as they are now, and how one is made what it was.
//!
//! What is written is reached from the root down, directory by directory, and no link is followed on that way: the
//! place that was looked at is the one that is written to, whoever moves directories meanwhile.

use std::fs::{File, Permissions};
use std::io::{self, ErrorKind, Write};
use std::os::fd::OwnedFd;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Component, Path, PathBuf};

use rustix::fs::{AtFlags, Gid, Mode, OFlags, Uid};
use sealbook_flow::{Files, Wanted};
use sealbook_gate::{read_file, read_whole};
use sealbook_ledger::Hash;
use sealbook_record::FileContent;

/// Larger files are not read, and so not written over.
const READ_MAX: u64 = 64 << 20;
/// Links that lead to links.
const LINKS_MAX: usize = 40;

/// The files of this machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct Disk;

impl Files for Disk {
    fn look(&self, path: &Path) -> FileContent {
        content_of(read_file(path, READ_MAX))
    }

    fn link(&self, path: &Path) -> Option<PathBuf> {
        path.read_link().ok()
    }

    fn real(&self, path: &Path) -> PathBuf {
        real(path, LINKS_MAX)
    }

    fn put(&self, real: &Path, expected: &FileContent, wanted: &Wanted) -> Result<(), String> {
        let told = |cause: io::Error| format!("it cannot be written: {cause}");
        Spot::of(real).map_err(told)?.put(expected, wanted, told)
    }
}

fn content_of(read: io::Result<Option<Vec<u8>>>) -> FileContent {
    match read {
        Ok(Some(content)) => FileContent::Sha256(Hash::of(&content).to_string()),
        Err(cause) if cause.kind() == ErrorKind::NotFound => FileContent::Absent,
        Ok(None) | Err(_) => FileContent::Unknown,
    }
}

/// A name in a directory that is held open.
struct Spot {
    dir: OwnedFd,
    name: std::ffi::OsString,
}

impl Spot {
    /// Directories that are not there are made.
    fn of(real: &Path) -> io::Result<Self> {
        let no_file = || io::Error::new(ErrorKind::InvalidInput, "it names no file");
        let (Some(parent), Some(name)) = (real.parent(), real.file_name()) else { return Err(no_file()) };
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let mut dir = rustix::fs::open("/", flags, Mode::empty())?;
        for part in parent.components() {
            let Component::Normal(part) = part else { continue };
            dir = match rustix::fs::openat(&dir, part, flags, Mode::empty()) {
                Err(rustix::io::Errno::NOENT) => {
                    rustix::fs::mkdirat(&dir, part, Mode::from_raw_mode(0o777))?;
                    rustix::fs::openat(&dir, part, flags, Mode::empty())?
                }
                opened => opened?,
            };
        }
        Ok(Self { dir, name: name.to_owned() })
    }

    /// The file that lies there; a link is none.
    fn open(&self) -> io::Result<File> {
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOFOLLOW | OFlags::NOCTTY | OFlags::CLOEXEC;
        Ok(File::from(rustix::fs::openat(&self.dir, &*self.name, flags, Mode::empty())?))
    }

    fn look(&self) -> FileContent {
        content_of(self.open().and_then(|file| read_whole(file, READ_MAX)))
    }

    fn put(&self, expected: &FileContent, wanted: &Wanted, told: impl Fn(io::Error) -> String) -> Result<(), String> {
        let after = match wanted {
            Wanted::Absent => FileContent::Absent,
            Wanted::Content { bytes, .. } => FileContent::Sha256(Hash::of(bytes).to_string()),
        };
        let now = self.look();
        if now == after {
            return Ok(());
        }
        if now != *expected {
            return Err("it was changed meanwhile".to_owned());
        }
        match wanted {
            Wanted::Absent => {
                rustix::fs::unlinkat(&self.dir, &*self.name, AtFlags::empty()).map_err(|cause| told(cause.into()))?;
            }
            Wanted::Content { bytes, mode } => self.write(bytes, *mode).map_err(told)?,
        }
        if self.look() == after { Ok(()) } else { Err("it is not what was written".to_owned()) }
    }

    fn write(&self, bytes: &[u8], mode: Option<u32>) -> io::Result<()> {
        let kept = self.open().and_then(|file| file.metadata()).ok();
        let draft = format!(".{}.undo-{}", self.name.to_string_lossy(), std::process::id());
        let written = (|| {
            let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            let mut file = File::from(rustix::fs::openat(&self.dir, &*draft, flags, Mode::from_raw_mode(0o600))?);
            file.write_all(bytes)?;
            if let Some(kept) = &kept {
                // Whose it is stays, where we may say so.
                let (uid, gid) = (Uid::from_raw(kept.uid()), Gid::from_raw(kept.gid()));
                let _ = rustix::fs::fchown(&file, Some(uid), Some(gid));
            }
            let kept = kept.as_ref().map(|kept| kept.mode() & 0o7777);
            file.set_permissions(Permissions::from_mode(mode.or(kept).unwrap_or(0o644)))?;
            file.sync_all()?;
            rustix::fs::renameat(&self.dir, &*draft, &self.dir, &*self.name)?;
            rustix::fs::fsync(&self.dir)?;
            Ok(())
        })();
        if written.is_err() {
            let _ = rustix::fs::unlinkat(&self.dir, &*draft, AtFlags::empty());
        }
        written
    }
}

/// The path with its links followed, as far as it is there; also a link that leads to what is not there.
fn real(path: &Path, links: usize) -> PathBuf {
    let mut rest = Vec::new();
    let mut at = path;
    loop {
        if let Ok(found) = at.canonicalize() {
            return rest.iter().rev().fold(found, |path, part| path.join(part));
        }
        let (Some(parent), Some(name)) = (at.parent(), at.file_name()) else { return path.to_owned() };
        if let (Ok(to), true) = (at.read_link(), links > 0) {
            let led = rest.iter().rev().fold(parent.join(to), |path, part| path.join(part));
            return real(&led, links - 1);
        }
        rest.push(name);
        at = parent;
    }
}
