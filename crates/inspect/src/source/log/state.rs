//! How far each log was read: sealed by one run, gone on from by the next.

use std::borrow::Cow;
use std::fs::File;
use std::io;
use std::os::unix::fs::{FileExt as _, MetadataExt as _};

use serde::{Deserialize, Serialize};
use sha2::digest::common::hazmat::SerializableState as _;
use sha2::{Digest as _, Sha256};

use super::format::Format;
use super::open::{Compression, Content};
use crate::TreePath;

/// Bytes at a log's beginning, and before the place up to which it was read, by which it is known again.
pub(super) const MARK_BYTES: u64 = 4 << 10;

/// Bytes at a log's beginning by which it is known as the same one, edited: a line or two.
pub(super) const START_BYTES: u64 = 64;

/// Bytes at the end of what was read by which it is found again where it was moved up.
pub(super) const END_BYTES: u64 = 256;

/// A log as a run left it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct State {
    pub(super) path: TreePath,
    pub(super) device: u64,
    pub(super) inode: u64,
    /// Its size on disk.
    pub(super) size: u64,
    /// When it was changed last, in microseconds since the epoch.
    pub(super) changed_us: i64,
    /// Bytes of its content that were read; more than its size where it is compressed.
    pub(super) read: u64,
    /// Digest of so many first bytes: [`MARK_BYTES`], or all that were read.
    pub(super) head: String,
    /// Digest of as many bytes before the place up to which it was read.
    pub(super) tail: String,
    /// Digest of the first [`START_BYTES`], which stand when a line further down is taken out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) start: Option<String>,
    /// Digest of the last [`END_BYTES`], which stand when the first lines are taken out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) end: Option<String>,
    /// Digest of all bytes that were read.
    pub(super) sha256: String,
    /// The state of computing that digest, to go on from.
    pub(super) midstate: String,
    pub(super) format: Format,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) compression: Option<Compression>,
    /// Entries, and the first and last of them, since it was read first.
    pub(super) entries: u64,
    pub(super) first: Option<i64>,
    pub(super) last: Option<i64>,
    /// What of it could not be read: as long as it is what it was, no later run has read it either.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) unread: Vec<Unread>,
}

/// What of a log could not be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Unread {
    pub(super) why: Cow<'static, str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) detail: Option<String>,
}

impl State {
    /// The digest's computation as it was left; `None` where it cannot be gone on from.
    pub(super) fn resumed(&self) -> Option<Sha256> {
        let bytes = from_hex(&self.midstate)?;
        let hash = Sha256::deserialize(bytes.as_slice().try_into().ok()?).ok()?;
        // A sealed state that is not the digest's own would make a digest of something else.
        (hex(&hash.clone().finalize()) == self.sha256).then_some(hash)
    }
}

/// A digest's state as text.
pub(super) fn midstate(hash: &Sha256) -> String {
    hex(&hash.serialize())
}

/// A file's own marks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stat {
    pub(super) device: u64,
    pub(super) inode: u64,
    pub(super) size: u64,
    pub(super) changed_us: i64,
}

impl Stat {
    pub(super) fn of(file: &File) -> io::Result<Self> {
        let metadata = file.metadata()?;
        let changed_us = metadata.mtime().saturating_mul(1_000_000).saturating_add(metadata.mtime_nsec() / 1_000);
        Ok(Self { device: metadata.dev(), inode: metadata.ino(), size: metadata.size(), changed_us })
    }
}

/// Digest of the bytes in `from..to`; `None` where there are fewer.
pub(super) fn digest_of(file: &File, from: u64, to: u64) -> io::Result<Option<String>> {
    let mut bytes = vec![0; usize::try_from(to - from).unwrap_or(usize::MAX).min(MARK_BYTES as usize)];
    match file.read_exact_at(&mut bytes, from) {
        Ok(()) => Ok(Some(hex(&Sha256::digest(&bytes)))),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
        Err(error) => Err(error),
    }
}

/// Digest of the first bytes of content that may be compressed; `None` where there are fewer.
pub(super) fn head_of(file: &File, compression: Option<Compression>, bytes: u64) -> io::Result<Option<String>> {
    use std::io::Read as _;
    if compression.is_none() {
        return digest_of(file, 0, bytes);
    }
    let mut head = Vec::new();
    Content::new(again(file)?, compression).take(bytes).read_to_end(&mut head)?;
    Ok((head.len() as u64 == bytes).then(|| hex(&Sha256::digest(&head))))
}

/// The same file from its beginning.
pub(super) fn again(file: &File) -> io::Result<File> {
    use std::io::Seek as _;
    let mut again = file.try_clone()?;
    again.rewind()?;
    Ok(again)
}

/// Digest of a whole prefix; `None` where the content is shorter. `each` is told how many bytes went by.
pub(super) fn digest_to(
    file: &File,
    compression: Option<Compression>,
    to: u64,
    each: &mut dyn FnMut(u64) -> bool,
) -> io::Result<Option<String>> {
    use std::io::Read as _;
    let mut content = Content::new(again(file)?, compression).take(to);
    let (mut hash, mut seen, mut buffer) = (Sha256::new(), 0, vec![0; 256 << 10]);
    loop {
        let read = match content.read(&mut buffer) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            other => other?,
        };
        if read == 0 || !each(read as u64) {
            break;
        }
        hash.update(&buffer[..read]);
        seen += read as u64;
    }
    Ok((seen == to).then(|| hex(&hash.finalize())))
}

pub(super) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes
        .iter()
        .flat_map(|byte| [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]])
        .map(char::from)
        .collect()
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> =
        text.chars().map(|digit| digit.to_digit(16).map(|digit| digit as u8)).collect::<Option<_>>()?;
    digits.len().is_multiple_of(2).then(|| digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_goes_on_where_it_was_left() {
        let mut hash = Sha256::new();
        hash.update(vec![7; 1_000]);
        let text = midstate(&hash);
        let state = |sha256: String, midstate: String| State {
            path: TreePath::from("a.log"),
            device: 1,
            inode: 2,
            size: 1_000,
            changed_us: 0,
            read: 1_000,
            head: String::new(),
            tail: String::new(),
            start: None,
            end: None,
            sha256,
            midstate,
            format: Format::Plain,
            compression: None,
            entries: 0,
            first: None,
            last: None,
            unread: Vec::new(),
        };
        let sha256 = hex(&hash.clone().finalize());
        let mut resumed = state(sha256.clone(), text.clone()).resumed().unwrap();
        resumed.update(b"more");
        hash.update(b"more");
        assert_eq!(resumed.finalize(), hash.finalize());
        assert!(state("00".repeat(32), text).resumed().is_none());
        assert!(state(sha256, "zz".to_owned()).resumed().is_none());
    }
}
