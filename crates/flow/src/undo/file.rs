//! Files as they are now, and how one is made what it was.

use std::fs::{File, OpenOptions, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use sealbook_ledger::Hash;
use sealbook_record::FileContent;

/// Larger files are not read, and so not written over.
const READ_MAX: u64 = 64 << 20;

/// What a file is to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Target {
    Absent,
    Content { bytes: Vec<u8>, mode: Option<u32> },
}

/// What lies at a path now; links are followed.
pub(crate) fn look(path: &Path) -> FileContent {
    let read = || -> io::Result<FileContent> {
        let found = path.metadata()?;
        if !found.is_file() || found.len() > READ_MAX {
            return Ok(FileContent::Unknown);
        }
        let mut content = Vec::new();
        File::open(path)?.take(READ_MAX).read_to_end(&mut content)?;
        Ok(FileContent::Sha256(Hash::of(&content).to_string()))
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
pub(super) fn put(path: &Path, expected: &FileContent, target: &Target) -> Result<(), String> {
    let wanted = match target {
        Target::Absent => FileContent::Absent,
        Target::Content { bytes, .. } => FileContent::Sha256(Hash::of(bytes).to_string()),
    };
    let now = look(path);
    if now == wanted {
        return Ok(());
    }
    if now != *expected {
        return Err("it was changed meanwhile".to_owned());
    }
    let told = |cause: io::Error| format!("it cannot be written: {cause}");
    match target {
        Target::Absent => std::fs::remove_file(path).map_err(told)?,
        Target::Content { bytes, mode } => write(path, bytes, *mode).map_err(told)?,
    }
    if look(path) == wanted { Ok(()) } else { Err("it is not what was written".to_owned()) }
}

fn write(path: &Path, bytes: &[u8], mode: Option<u32>) -> io::Result<()> {
    // A link stays one: what it leads to is written.
    let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
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
