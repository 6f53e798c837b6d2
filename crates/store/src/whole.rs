//! Database files that get their name only when they are whole.
//!
//! A crash while a book is founded or copied leaves a file under another name, which nobody opens
//! and the next attempt throws away. What has its name has its first checkpoint.

use std::fs::File;
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use crate::Error;
use crate::sqlite::file_error;

/// What SQLite keeps beside a database file while it is open.
const BESIDE: [&str; 3] = ["-wal", "-shm", "-journal"];

/// Makes the file `to` under another name and then gives it its own. `make` closes what it opened.
pub(crate) fn make_whole<T>(to: &Path, make: impl FnOnce(&Path) -> Result<T, Error>) -> Result<T, Error> {
    let dir = to.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let dir = File::open(dir).map_err(|cause| file_error(to, cause))?;
    // One at a time in this directory: what lies under the other name then is a dead one's. Where a
    // file system cannot lock a directory, two at once may disturb each other; neither publishes half.
    let _ = dir.lock();
    if to.exists() {
        return Err(Error::BookExists { path: to.to_owned() });
    }
    let draft = with_suffix(to, ".part");
    remove_all(&draft)?;
    let outcome = make(&draft).and_then(|made| publish(&draft, to, &dir).map(|()| made));
    if outcome.is_err() {
        let _ = remove_all(&draft);
    }
    outcome
}

fn publish(draft: &Path, to: &Path, dir: &File) -> Result<(), Error> {
    // Closing the last connection has moved the WAL into the file; one that is still there is data.
    if std::fs::metadata(with_suffix(draft, "-wal")).is_ok_and(|wal| wal.len() > 0) {
        return Err(Error::Engine {
            path: draft.to_owned(),
            cause: "its write-ahead log could not be folded in".to_owned(),
        });
    }
    let named = (|| {
        File::open(draft)?.sync_all()?;
        std::fs::rename(draft, to)?;
        dir.sync_all()
    })();
    named.map_err(|cause| file_error(to, cause))?;
    remove_all(draft)
}

/// Removes a database file and all that belongs to it.
fn remove_all(file: &Path) -> Result<(), Error> {
    for path in
        BESIDE.iter().map(|suffix| with_suffix(file, suffix)).chain([file.with_extension("lock"), file.to_owned()])
    {
        match std::fs::remove_file(&path) {
            Err(cause) if cause.kind() != ErrorKind::NotFound => return Err(file_error(&path, cause)),
            _ => {}
        }
    }
    Ok(())
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Opens a file that only its owner may read or write, and makes it where it is missing. SQLite gives
/// what it keeps beside a database the database's own mode.
pub(crate) fn private_file(path: &Path) -> Result<File, Error> {
    File::options()
        .create(true)
        .truncate(false)
        .read(true)
        .write(true)
        .mode(0o600)
        .open(path)
        .map_err(|cause| file_error(path, cause))
}

/// Makes a directory that only its owner enters, and those above it, so that they outlive a loss of power.
pub(crate) fn make_private_dir(dir: &Path) -> Result<(), Error> {
    let missing: Vec<&Path> = dir.ancestors().take_while(|dir| !dir.as_os_str().is_empty() && !dir.exists()).collect();
    let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(dir);
    made.map_err(|cause| file_error(dir, cause))?;
    for dir in missing {
        let above = dir.parent().filter(|above| !above.as_os_str().is_empty()).unwrap_or(Path::new("."));
        // One that may be written and not read cannot be opened to be synced.
        if let Ok(above) = File::open(above) {
            above.sync_all().map_err(|cause| file_error(dir, cause))?;
        }
    }
    Ok(())
}
