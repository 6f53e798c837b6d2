//! The directory of recordings and pictures: files below it are read and written, and nothing else.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Component, Path, PathBuf};

use rustix::fs::OFlags;
use sealbook_flow::MediaFiles;
use sealbook_ledger::Hash;

const OUTSIDE: &str = "it leads out of the directory for media; give a path below it, without `..`";
const NO_DIRECTORY: &str = "the directory for media is not there; create it, or correct `directory` in tools.toml";

/// Files below a directory. Links in its own path are followed, since a person named it; a file that is a link is
/// not opened.
pub(crate) struct MediaDirectory(PathBuf);

impl MediaDirectory {
    pub(crate) const fn new(directory: PathBuf) -> Self {
        Self(directory)
    }

    /// The real directory that a path leads into, and the file's name there.
    fn place<'p>(&self, path: &'p str) -> Result<(PathBuf, &'p OsStr), &'static str> {
        let root = self.0.canonicalize().map_err(|_| NO_DIRECTORY)?;
        let given = Path::new(path);
        if path.contains('\0') || !given.components().all(|part| matches!(part, Component::Normal(_))) {
            return Err(OUTSIDE);
        }
        let name = given.file_name().ok_or(OUTSIDE)?;
        let directory = root.join(given).parent().map_or_else(|| root.clone(), Path::to_owned);
        let directory = directory.canonicalize().map_err(|_| "its directory is not there")?;
        if directory.starts_with(&root) { Ok((directory, name)) } else { Err(OUTSIDE) }
    }

    fn open(&self, path: &str) -> Result<(File, PathBuf), &'static str> {
        let (directory, name) = self.place(path)?;
        let place = directory.join(name);
        // Not to wait for a pipe's other end, and not to follow a link.
        let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed();
        let file = File::options().read(true).custom_flags(flags).open(&place);
        let file = file.map_err(|cause| match cause.kind() {
            ErrorKind::NotFound => "there is no such file",
            _ => "it may not be read, or is a link",
        })?;
        let is_file = file.metadata().is_ok_and(|known| known.is_file());
        if is_file { Ok((file, place)) } else { Err("it is no file") }
    }
}

impl MediaFiles for MediaDirectory {
    fn read(&self, path: &str, bytes_max: usize) -> Result<Vec<u8>, &'static str> {
        let (file, _) = self.open(path)?;
        let mut bytes = Vec::new();
        file.take(bytes_max as u64 + 1).read_to_end(&mut bytes).map_err(|_| "it may not be read")?;
        if bytes.len() > bytes_max { Err("it has more than 25 MiB") } else { Ok(bytes) }
    }

    fn write_new(&self, path: &str, bytes: &[u8]) -> Result<(), &'static str> {
        const UNWRITABLE: &str = "its directory may not be written, or the disk is full";
        let (directory, name) = self.place(path)?;
        let mut draft_name = OsStr::new(".").to_owned();
        draft_name.push(name);
        draft_name.push(format!(".{}.part", std::process::id()));
        let draft = directory.join(draft_name);
        let written = (|| {
            let mut file = File::options().write(true).create_new(true).mode(0o600).open(&draft)?;
            file.write_all(bytes)?;
            file.set_permissions(fs::Permissions::from_mode(0o600))?;
            file.sync_all()?;
            // A name that is taken stays whose it is.
            fs::hard_link(&draft, directory.join(name))
        })();
        let _ = fs::remove_file(&draft);
        written.map_err(|cause| match cause.kind() {
            ErrorKind::AlreadyExists => "something is there already; name another",
            _ => UNWRITABLE,
        })
    }

    fn remove(&self, path: &str, digest: &Hash) -> Result<(), &'static str> {
        let (mut file, place) = self.open(path)?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(|_| "it may not be read")?;
        if Hash::of(&bytes) != *digest {
            return Err("it is not what was written any more");
        }
        fs::remove_file(place).map_err(|_| "it may not be removed")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_outside_is_read_written_or_removed() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("media");
        fs::create_dir_all(root.join("below")).unwrap();
        fs::write(dir.path().join("secret"), "s").unwrap();
        std::os::unix::fs::symlink(dir.path().join("secret"), root.join("link")).unwrap();
        std::os::unix::fs::symlink(dir.path(), root.join("away")).unwrap();
        let media = MediaDirectory::new(root.clone());
        for path in ["../secret", "/etc/passwd", "away/secret", "link", "", ".", "below/../../secret", "a\0b", "below"]
        {
            assert!(media.read(path, 100).is_err(), "{path:?}");
            assert!(media.write_new(path, b"x").is_err(), "{path:?}");
            assert!(media.remove(path, &Hash::of(b"s")).is_err(), "{path:?}");
        }
        assert_eq!(fs::read(dir.path().join("secret")).unwrap(), b"s");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2);
        media.write_new("below/a.mp3", b"one").unwrap();
        assert!(media.write_new("below/a.mp3", b"two").unwrap_err().contains("already"));
        assert_eq!(media.read("below/a.mp3", 3).unwrap(), b"one");
        assert!(media.read("below/a.mp3", 2).unwrap_err().contains("25 MiB"));
        assert!(media.remove("below/a.mp3", &Hash::of(b"two")).is_err());
        media.remove("below/a.mp3", &Hash::of(b"one")).unwrap();
        assert_eq!(fs::read_dir(root.join("below")).unwrap().count(), 0);
        assert!(MediaDirectory::new(root.join("missing")).read("a", 1).unwrap_err().contains("tools.toml"));
    }
}
