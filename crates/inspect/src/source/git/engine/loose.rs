//! Loose objects: each a file of its own, which anyone who may write to the repository can write over.

use std::cmp::Reverse;
use std::fs::DirEntry;
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use gix::zlib::{Decompress, FlushDecompress, Status};

use super::id::Id;
use super::objects::{Damage, Kind, OBJECT_LIMIT};

/// Git reads no longer header (`MAX_HEADER_LEN` of its object-file.c).
const HEADER_MOST: usize = 32;

/// Deflate makes at most 1,032 bytes of one (RFC 1951 by way of zlib's technical notes).
const DEFLATE_MOST: usize = 1_100;

/// The names of the loose objects below `…/objects`, those whose files changed last first. The system sets
/// that time, so that a forger does not choose it.
pub(super) fn names(objects: &Path) -> Vec<Id> {
    let mut found = Vec::new();
    each(objects, &mut |id, file| {
        let changed = file.metadata().map_or((0, 0), |file| (file.ctime(), file.ctime_nsec()));
        found.push((Reverse(changed), id));
    });
    found.sort_unstable();
    found.into_iter().map(|(_, id)| id).collect()
}

/// Calls `tell` with each loose object below `…/objects`, in no order.
pub(super) fn each(objects: &Path, tell: &mut dyn FnMut(Id, &DirEntry)) {
    let is_hex = |name: &str| name.bytes().all(|byte| byte.is_ascii_hexdigit());
    let list = |path: &Path| std::fs::read_dir(path).into_iter().flatten().filter_map(Result::ok);
    for directory in list(objects) {
        let name = directory.file_name();
        let Some(head) = name.to_str().filter(|name| name.len() == 2 && is_hex(name)) else { continue };
        for file in list(&directory.path()) {
            let name = file.file_name();
            let id = name.to_str().and_then(|tail| Id::from_hex(format!("{head}{tail}").as_bytes()));
            if let Some(id) = id {
                tell(id, &file);
            }
        }
    }
}

/// Where an object of this name lies, if it is loose below `…/objects`.
pub(super) fn path(objects: &Path, id: &Id) -> PathBuf {
    let hex = id.to_string();
    objects.join(&hex[..2]).join(&hex[2..])
}

/// Reads a loose object as strictly as git does: a size with a leading zero, and bytes after the content or
/// after the stream, are damage.
pub(super) fn read(path: &Path) -> Result<(Kind, Vec<u8>), Damage> {
    let packed = std::fs::read(path).map_err(|error| match error.kind() {
        ErrorKind::NotFound => Damage::Missing,
        _ => Damage::Corrupt(error.to_string()),
    })?;
    let mut stream = Stream { inflate: Decompress::new(), packed: &packed };
    let mut head = [0; HEADER_MOST];
    let filled = stream.fill(&mut head)?;
    let end = head[..filled].iter().position(|byte| *byte == 0).ok_or_else(|| corrupt("it has no header"))?;
    let (kind, size) = header(&head[..end]).ok_or_else(|| corrupt("its header is not one that git writes"))?;
    if size > OBJECT_LIMIT {
        return Err(Damage::TooLarge);
    }
    let begun = filled - end - 1;
    if begun > size || size > packed.len().saturating_mul(DEFLATE_MOST) {
        return Err(corrupt("its size is not the one in its header"));
    }
    // One byte more than it may have shows what is too long.
    let mut data = vec![0; size + 1];
    data[..begun].copy_from_slice(&head[end + 1..filled]);
    if begun + stream.fill(&mut data[begun..])? != size {
        return Err(corrupt("its size is not the one in its header"));
    }
    if stream.inflate.total_in() != packed.len() as u64 {
        return Err(corrupt("there are bytes after its end"));
    }
    data.truncate(size);
    Ok((kind, data))
}

struct Stream<'a> {
    inflate: Decompress,
    packed: &'a [u8],
}

impl Stream<'_> {
    /// Inflates until the stream ends or `out` is full; gives the number of bytes.
    fn fill(&mut self, out: &mut [u8]) -> Result<usize, Damage> {
        let begun = self.inflate.total_out();
        loop {
            let (read, written) = (self.inflate.total_in(), self.inflate.total_out());
            let filled = (written - begun) as usize;
            let rest = &self.packed[read as usize..];
            let status = self.inflate.decompress(rest, &mut out[filled..], FlushDecompress::None);
            let status = status.map_err(|error| Damage::Corrupt(error.to_string()))?;
            let filled = (self.inflate.total_out() - begun) as usize;
            if status == Status::StreamEnd || filled == out.len() {
                return Ok(filled);
            }
            if (read, written) == (self.inflate.total_in(), self.inflate.total_out()) {
                return Err(corrupt("its stream is cut off"));
            }
        }
    }
}

/// `commit 123`: a kind, one blank, and a number without a leading zero.
fn header(bytes: &[u8]) -> Option<(Kind, usize)> {
    let (kind, size) = std::str::from_utf8(bytes).ok()?.split_once(' ')?;
    let kind = [Kind::Commit, Kind::Tree, Kind::Blob, Kind::Tag].into_iter().find(|it| it.as_str() == kind)?;
    let is_number = size.bytes().all(|byte| byte.is_ascii_digit()) && (size == "0" || !size.starts_with('0'));
    Some((kind, size.parse().ok().filter(|_| is_number)?))
}

fn corrupt(what: &str) -> Damage {
    Damage::Corrupt(what.to_owned())
}
