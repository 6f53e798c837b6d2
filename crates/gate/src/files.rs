//! The state of the files that a call changes: digest and size, and content where that may be kept.

use std::fs::File;
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use serde::Serialize;
use sha2::{Digest, Sha256};

/// Larger files are told by their size.
const HASHED_MAX: u64 = 64 << 20;
/// Larger texts are told by their digest.
const CONTENT_MAX: usize = 64 << 10;

/// What a file is at this moment.
#[derive(Debug, Serialize)]
pub(crate) struct State {
    path: String,
    /// Absent where there is no such file.
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes: Option<u64>,
    /// As in the manifests of the `file` source.
    #[serde(skip_serializing_if = "Option::is_none")]
    sha256: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    content: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unread: Option<&'static str>,
}

/// Looks at each; paths that are not absolute lie in `cwd`. Content is kept of files below `cwd` that
/// others may read too: a key is told by its digest, whoever is about to write over it.
pub(crate) fn look(paths: &[PathBuf], cwd: Option<&Path>, with_content: bool) -> Vec<State> {
    let of = |name: &PathBuf| {
        let path = cwd.unwrap_or(Path::new("/")).join(name);
        let is_below = cwd.is_some_and(|cwd| lies_below(&path, cwd));
        State::of(name, &path, with_content && is_below)
    };
    paths.iter().map(of).collect()
}

fn lies_below(path: &Path, directory: &Path) -> bool {
    let (Ok(path), Ok(directory)) = (path.canonicalize(), directory.canonicalize()) else { return false };
    let own = |part: std::path::Component<'_>| matches!(part.as_os_str().to_str(), Some(".git" | ".sealbook"));
    path.strip_prefix(directory).is_ok_and(|below| !below.components().any(own))
}

impl State {
    /// A file that is not there any more.
    pub(crate) fn gone(name: &Path) -> Self {
        Self { path: name.display().to_string(), bytes: None, sha256: None, content: None, unread: None }
    }

    /// A file below `root`, without its content.
    pub(crate) fn told(name: &Path, root: &Path) -> Self {
        Self::of(name, &root.join(name), false)
    }

    fn of(name: &Path, path: &Path, with_content: bool) -> Self {
        let mut state = Self::gone(name);
        match path.metadata() {
            Ok(found) if found.is_file() && found.len() <= HASHED_MAX => {
                let is_private = found.mode() & 0o044 == 0;
                if state.read(path, with_content && !is_private).is_err() {
                    state.unread = Some("unreadable");
                }
            }
            // A pipe or a device would never come to an end.
            Ok(found) => {
                state.bytes = found.is_file().then_some(found.len());
                state.unread = Some(if found.is_file() { "too_large" } else { "not_a_file" });
            }
            Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => {}
            Err(_) => state.unread = Some("unreadable"),
        }
        state
    }

    fn read(&mut self, path: &Path, with_content: bool) -> std::io::Result<()> {
        let mut content = Vec::new();
        File::open(path)?.take(HASHED_MAX).read_to_end(&mut content)?;
        self.bytes = Some(content.len() as u64);
        let nibbles = Sha256::digest(&content);
        let nibbles = nibbles.iter().flat_map(|byte| [byte >> 4, byte & 15]);
        self.sha256 = Some(nibbles.map(|nibble| char::from(b"0123456789abcdef"[usize::from(nibble)])).collect());
        if with_content && content.len() <= CONTENT_MAX {
            self.content = String::from_utf8(content).ok();
        }
        Ok(())
    }
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
