//! The state of the files that a call changes: digest and size, and content where that may be kept.

use std::fs::{File, Metadata};
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags};
use sealbook_ledger::Hash;
use sealbook_record::{FileState, PartName, Record};
use serde_json::value::{RawValue, to_raw_value};

/// Larger files are told by their size.
const HASHED_MAX: u64 = 64 << 20;
/// Larger texts are told by their digest.
const CONTENT_MAX: usize = 64 << 10;

/// Looks at each; paths that are not absolute lie in `cwd`. Content is kept of files below `cwd` that
/// others may read too: a key is told by its digest, whoever is about to write over it.
pub(crate) fn look(paths: &[PathBuf], cwd: Option<&Path>, with_content: bool) -> Vec<FileState> {
    let of = |name: &PathBuf| {
        let path = cwd.unwrap_or(Path::new("/")).join(name);
        let is_below = cwd.is_some_and(|cwd| lies_below(&path, cwd));
        state_of(name, &path, with_content && is_below)
    };
    paths.iter().map(of).collect()
}

fn lies_below(path: &Path, directory: &Path) -> bool {
    let (Ok(path), Ok(directory)) = (path.canonicalize(), directory.canonicalize()) else { return false };
    let own = |part: std::path::Component<'_>| matches!(part.as_os_str().to_str(), Some(".git" | ".sealbook"));
    path.strip_prefix(directory).is_ok_and(|below| !below.components().any(own))
}

/// States as a part of a record: one, or a list.
pub(crate) fn told_as(states: &[FileState]) -> Box<RawValue> {
    match states {
        [state] => to_raw_value(state),
        states => to_raw_value(states),
    }
    .expect("its keys are texts")
}

/// The states before a call that its record tells, without what stood in the files.
pub(crate) fn without_content(record: &Record) -> Box<RawValue> {
    let states = FileState::of_part(record, PartName::Before).into_iter();
    told_as(&states.map(|state| FileState { content: None, ..state }).collect::<Vec<_>>())
}

/// A file that is not there any more.
pub(crate) fn gone(name: &Path) -> FileState {
    FileState::absent(name.display().to_string())
}

/// A file below `root`, without its content.
pub(crate) fn told(name: &Path, root: &Path) -> FileState {
    state_of(name, &root.join(name), false)
}

fn state_of(name: &Path, path: &Path, with_content: bool) -> FileState {
    let mut state = gone(name);
    state.link = path.read_link().ok().map(|to| to.display().to_string());
    let unread = match open(path) {
        Ok((file, found)) if found.is_file() && found.len() <= HASHED_MAX => {
            state.mode = Some(format!("{:o}", found.mode() & 0o7777));
            let is_private = found.mode() & 0o044 == 0;
            read(&mut state, file, with_content && !is_private).err().map(|_| "unreadable")
        }
        Ok((_, found)) => {
            state.bytes = found.is_file().then_some(found.len());
            Some(if found.is_file() { "too_large" } else { "not_a_file" })
        }
        Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => None,
        Err(_) => Some("unreadable"),
    };
    state.unread = unread.map(str::to_owned);
    state
}

/// What lies there, links followed. A pipe or a device, which would never come to an end, is opened and not waited for.
fn open(path: &Path) -> std::io::Result<(File, Metadata)> {
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let file = File::from(rustix::fs::open(path, flags, Mode::empty())?);
    let found = file.metadata()?;
    Ok((file, found))
}

/// The content of a file of at most so many bytes; none of what is larger, or no file.
pub fn read_file(path: &Path, bytes_max: u64) -> std::io::Result<Option<Vec<u8>>> {
    let (file, found) = open(path)?;
    if !found.is_file() || found.len() > bytes_max {
        return Ok(None);
    }
    let mut content = Vec::new();
    file.take(bytes_max + 1).read_to_end(&mut content)?;
    Ok((content.len() as u64 <= bytes_max).then_some(content))
}

fn read(state: &mut FileState, file: File, with_content: bool) -> std::io::Result<()> {
    let mut content = Vec::new();
    file.take(HASHED_MAX).read_to_end(&mut content)?;
    state.bytes = Some(content.len() as u64);
    state.sha256 = Some(Hash::of(&content).to_string());
    if with_content && content.len() <= CONTENT_MAX {
        state.content = String::from_utf8(content).ok();
    }
    Ok(())
}

/// The text of a file that only its owner reads; else why not, with the mend.
pub(crate) fn read_private(path: &Path, bytes_max: u64) -> Result<String, String> {
    use std::os::unix::fs::MetadataExt as _;
    let failed = |cause: std::io::Error| format!("cannot be read: {cause}; check that it is there, its owner and mode");
    let file = File::open(path).map_err(failed)?;
    let mode = file.metadata().map_err(failed)?.mode() & 0o7777;
    if mode & 0o077 != 0 {
        return Err(format!("has mode {mode:o}: others can read it; run `chmod 600` on it"));
    }
    let mut text = String::new();
    file.take(bytes_max).read_to_string(&mut text).map_err(failed)?;
    Ok(text)
}

/// Makes a file that only its owner reads. One that is there stays as it is.
pub(crate) fn make_private(path: &Path, text: &str) -> std::io::Result<()> {
    use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
    if path.exists() {
        return Ok(());
    }
    let dir = path.parent().unwrap_or(Path::new("."));
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
    let draft = path.with_extension(format!("new-{}", std::process::id()));
    let mut file = File::options().write(true).create_new(true).mode(0o600).open(&draft)?;
    std::io::Write::write_all(&mut file, text.as_bytes())?;
    file.sync_all()?;
    // A link, not a rename: one that another process made meanwhile must stay.
    let linked = std::fs::hard_link(&draft, path);
    std::fs::remove_file(&draft)?;
    match linked {
        Err(cause) if cause.kind() != std::io::ErrorKind::AlreadyExists => Err(cause),
        _ => Ok(()),
    }
}
