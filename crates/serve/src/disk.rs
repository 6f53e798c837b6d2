//! The disk, for undo: files as they are now, and how one is made what it was.

use std::fs::{File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use sealbook_flow::{Files, Wanted};
use sealbook_gate::read_file;
use sealbook_ledger::Hash;
use sealbook_record::FileContent;

/// Larger files are not read, and so not written over.
const READ_MAX: u64 = 64 << 20;

/// The files of this machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct Disk;

impl Files for Disk {
    fn look(&self, path: &Path) -> FileContent {
        look(path)
    }

    fn link(&self, path: &Path) -> Option<PathBuf> {
        std::fs::read_link(path).ok()
    }

    fn real(&self, path: &Path) -> PathBuf {
        real(path)
    }

    fn put(&self, path: &Path, expected: &FileContent, wanted: &Wanted) -> Result<(), String> {
        put(path, expected, wanted)
    }
}

/// What lies at a path now; links are followed.
fn look(path: &Path) -> FileContent {
    let read = || -> io::Result<FileContent> {
        let content = read_file(path, READ_MAX)?;
        Ok(content.map_or(FileContent::Unknown, |content| FileContent::Sha256(Hash::of(&content).to_string())))
    };
    read().unwrap_or_else(|cause| match cause.kind() {
        io::ErrorKind::NotFound => FileContent::Absent,
        _ => FileContent::Unknown,
    })
}

/// Makes a file what it was, in one step: a reader sees the one or the other. It is looked at right before; where it
/// is neither `expected` nor already what it is to be, nothing is done.
///
/// Errors: why nothing was done.
fn put(path: &Path, expected: &FileContent, wanted: &Wanted) -> Result<(), String> {
    let after = match wanted {
        Wanted::Absent => FileContent::Absent,
        Wanted::Content { bytes, .. } => FileContent::Sha256(Hash::of(bytes).to_string()),
    };
    let now = look(path);
    if now == after {
        return Ok(());
    }
    if now != *expected {
        return Err("it was changed meanwhile".to_owned());
    }
    let told = |cause: io::Error| format!("it cannot be written: {cause}");
    match wanted {
        Wanted::Absent => std::fs::remove_file(path).map_err(told)?,
        Wanted::Content { bytes, mode } => write(path, bytes, *mode).map_err(told)?,
    }
    if look(path) == after { Ok(()) } else { Err("it is not what was written".to_owned()) }
}

fn write(path: &Path, bytes: &[u8], mode: Option<u32>) -> io::Result<()> {
    // A link stays one: what it leads to is written, also where nothing is there any more.
    let led = path.read_link().ok().map(|to| path.parent().unwrap_or(Path::new("/")).join(to));
    let path = path.canonicalize().unwrap_or_else(|_| led.unwrap_or_else(|| path.to_owned()));
    let dir = path.parent().unwrap_or(Path::new("/"));
    std::fs::create_dir_all(dir)?;
    let kept = path.metadata().ok().map(|found| found.permissions().mode() & 0o7777);
    let draft = draft_of(&path);
    let written = (|| {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
        file.write_all(bytes)?;
        file.set_permissions(Permissions::from_mode(mode.or(kept).unwrap_or(0o644)))?;
        file.sync_all()?;
        std::fs::rename(&draft, &path)?;
        File::open(dir)?.sync_all()
    })();
    if written.is_err() {
        let _ = std::fs::remove_file(&draft);
    }
    written
}

fn draft_of(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.undo-{}", std::process::id()))
}

/// The path with its links followed, as far as it is there.
fn real(path: &Path) -> PathBuf {
    let mut rest = Vec::new();
    let mut at = path;
    loop {
        if let Ok(found) = at.canonicalize() {
            return rest.iter().rev().fold(found, |path, part| path.join(part));
        }
        let (Some(parent), Some(name)) = (at.parent(), at.file_name()) else { return path.to_owned() };
        rest.push(name);
        at = parent;
    }
}
