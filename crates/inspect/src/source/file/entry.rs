//! One entry of a manifest: what is known of one file, directory or link, and its JSON.

use rustix::fs::{FileType, Stat};
use serde::Deserialize;
use serde_json::Value;

use super::attributes::Attributes;
use super::redacted::{fits, is_redacted};
use crate::TreePath;

/// What is seen of one path. Written by [`Entry::write_json`]; reused for the next path.
#[derive(Debug, Default)]
pub(super) struct Entry {
    /// Below the root; `.` is the root itself.
    pub(super) path: Vec<u8>,
    pub(super) kind: Kind,
    pub(super) stat: Option<Meta>,
    pub(super) sha256: Option<[u8; 32]>,
    pub(super) binary: Option<bool>,
    /// Where a link points, as it is written.
    pub(super) link: Option<Vec<u8>>,
    /// Where that is: `inside`, `outside`, `missing`, `loop` or `unknown`.
    pub(super) resolves: Option<&'static str>,
    /// Bytes on the disk, of a file with holes.
    pub(super) allocated: Option<u64>,
    /// What lies beside the content.
    pub(super) attributes: Option<Box<Attributes>>,
    /// The whole text as the last manifest has it, of a file that was not read again.
    pub(super) adopted: Option<Box<str>>,
    /// Why the content was not read.
    pub(super) skipped: Option<&'static str>,
}

/// What lies at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Kind {
    #[default]
    File,
    Directory,
    Symlink,
    Fifo,
    Socket,
    Device,
    Unknown,
}

impl Kind {
    pub(super) fn of(file_type: FileType) -> Self {
        match file_type {
            FileType::RegularFile => Self::File,
            FileType::Directory => Self::Directory,
            FileType::Symlink => Self::Symlink,
            FileType::Fifo => Self::Fifo,
            FileType::Socket => Self::Socket,
            FileType::CharacterDevice | FileType::BlockDevice => Self::Device,
            FileType::Unknown => Self::Unknown,
        }
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Directory => "directory",
            Self::Symlink => "symlink",
            Self::Fifo => "fifo",
            Self::Socket => "socket",
            Self::Device => "device",
            Self::Unknown => "unknown",
        }
    }
}

/// The parts of `struct stat` that a manifest keeps. Access times are left out: reading changes them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Meta {
    pub(super) mode: u32,
    pub(super) uid: u32,
    pub(super) gid: u32,
    pub(super) size: u64,
    inode: u64,
    device: u64,
    links: u64,
    modified: (i64, u32),
    changed: (i64, u32),
}

impl Meta {
    #[expect(clippy::unnecessary_cast, reason = "the fields' types differ by platform")]
    pub(super) fn of(stat: &Stat) -> Self {
        Self {
            mode: stat.st_mode as u32,
            uid: stat.st_uid,
            gid: stat.st_gid,
            size: stat.st_size as u64,
            inode: stat.st_ino as u64,
            device: stat.st_dev as u64,
            links: stat.st_nlink as u64,
            modified: (stat.st_mtime as i64, stat.st_mtime_nsec as u32),
            changed: (stat.st_ctime as i64, stat.st_ctime_nsec as u32),
        }
    }

    /// The later of both times, in microseconds, the part of one rounded up.
    pub(super) fn newest_us(&self) -> i64 {
        let us = |(seconds, nanos): (i64, u32)| {
            seconds.saturating_mul(1_000_000).saturating_add(i64::from(nanos.div_ceil(1_000)))
        };
        us(self.modified).max(us(self.changed))
    }
}

impl Entry {
    /// Forgets the last path and begins the next.
    pub(super) fn begin(&mut self, directory: &[u8], name: &[u8]) {
        let mut path = std::mem::take(&mut self.path);
        path.clear();
        path.extend_from_slice(directory);
        path.extend_from_slice(name);
        *self = Self { path, ..Self::default() };
    }

    /// Appends the entry as one JSON object. Absent fields are left out; the order is fixed, so
    /// that equal entries are equal texts.
    pub(super) fn write_json(&self, out: &mut Vec<u8>) {
        if let Some(adopted) = &self.adopted {
            out.extend_from_slice(adopted.as_bytes());
            return;
        }
        self.write_head(out);
        self.write_rest(out);
        out.push(b'}');
    }

    /// Path, sort, and what the system says of it without reading it.
    pub(super) fn write_head(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"{\"path\":");
        push_path(out, &self.path);
        push_text(out, "kind", self.kind.as_str());
        if let Some(meta) = &self.stat {
            if self.kind == Kind::File {
                push_number(out, "size", meta.size);
            }
            push_mode(out, meta.mode);
            push_number(out, "uid", u64::from(meta.uid));
            push_number(out, "gid", u64::from(meta.gid));
            push_time(out, "mtime", meta.modified);
            push_time(out, "ctime", meta.changed);
            if matches!(self.kind, Kind::File | Kind::Directory) {
                push_number(out, "inode", meta.inode);
                push_number(out, "device", meta.device);
            }
            if self.kind == Kind::File && meta.links > 1 {
                push_number(out, "links", meta.links);
            }
        }
    }

    fn write_rest(&self, out: &mut Vec<u8>) {
        if let Some(sha256) = &self.sha256 {
            out.extend_from_slice(b",\"sha256\":\"");
            push_hex(out, sha256);
            out.push(b'"');
        }
        if let Some(binary) = self.binary {
            out.extend_from_slice(if binary { b",\"binary\":true" } else { b",\"binary\":false" });
        }
        if let Some(allocated) = self.allocated {
            push_number(out, "allocated", allocated);
        }
        if let Some(attributes) = &self.attributes {
            attributes.write_json(out);
        }
        if let Some(link) = &self.link {
            out.extend_from_slice(b",\"link\":");
            push_path(out, link);
        }
        if let Some(resolves) = self.resolves {
            push_text(out, "resolves", resolves);
        }
        if let Some(skipped) = self.skipped {
            push_text(out, "skipped", skipped);
        }
    }
}

/// An entry read back from its JSON, in order to compare it.
#[derive(Debug, Deserialize)]
pub(crate) struct Known {
    pub(crate) path: TreePath,
    pub(crate) kind: String,
    /// A number; redaction may have put a text there.
    pub(crate) size: Option<Value>,
    pub(crate) mode: Option<String>,
    pub(crate) uid: Option<u32>,
    pub(crate) gid: Option<u32>,
    pub(crate) mtime: Option<String>,
    pub(crate) sha256: Option<String>,
    pub(crate) link: Option<TreePath>,
    pub(crate) skipped: Option<String>,
    pub(crate) ctime: Option<String>,
    pub(crate) links: Option<u64>,
    /// There since manifests tell what lies beside the content.
    inode: Option<u64>,
    #[serde(flatten)]
    pub(crate) attributes: Attributes,
}

impl Known {
    /// The fields that differ, times aside: `kind`, `content`, `mode`, `owner`, `links` (other names of the file),
    /// `acl`, `capabilities`, `attributes`, `link`, `readable`.
    /// Where a digest is missing on either side, size and time stand in for it. What redaction took
    /// out of this one is taken to be the same.
    pub(crate) fn differences(&self, now: &Self) -> Vec<&'static str> {
        let content = match (&self.sha256, &now.sha256) {
            (Some(before), Some(after)) => !fits(before, after),
            _ if self.kind != "file" || now.kind != "file" => false,
            _ => self.size != now.size || self.mtime != now.mtime,
        };
        let link = match (&self.link, &now.link) {
            (Some(before), Some(after)) if is_redacted(&before.to_string()) => {
                !fits(&before.to_string(), &after.to_string())
            }
            (before, after) => before != after,
        };
        // Of what lies beside the content an older manifest says nothing, and one without contents neither.
        let aware = self.inode.is_some() && now.inode.is_some() && self.sha256.is_some() == now.sha256.is_some();
        let (was, is) = (&self.attributes, &now.attributes);
        [
            ("kind", self.kind != now.kind),
            ("content", content),
            ("mode", self.mode != now.mode),
            ("owner", (self.uid, self.gid) != (now.uid, now.gid)),
            ("links", aware && self.links != now.links),
            ("acl", aware && (&was.acl, &was.acl_default) != (&is.acl, &is.acl_default)),
            ("capabilities", aware && was.capabilities != is.capabilities),
            ("attributes", aware && was.xattrs != is.xattrs),
            ("link", link),
            ("readable", self.skipped != now.skipped),
        ]
        .into_iter()
        .filter_map(|(name, differs)| differs.then_some(name))
        .collect()
    }

    /// Whether it would say what lies beside the content.
    pub(crate) fn tells_attributes(&self) -> bool {
        self.inode.is_some()
    }

    /// Whether both times are the same.
    pub(crate) fn is_as_old(&self, now: &Self) -> bool {
        (&self.mtime, &self.ctime) == (&now.mtime, &now.ctime)
    }

    /// The digest of a file that has content.
    pub(crate) fn content(self) -> Option<String> {
        self.sha256.filter(|_| self.size.is_some_and(|size| size != 0))
    }
}

fn push_text(out: &mut Vec<u8>, key: &str, value: &str) {
    out.extend_from_slice(b",\"");
    out.extend_from_slice(key.as_bytes());
    out.extend_from_slice(b"\":\"");
    out.extend_from_slice(value.as_bytes());
    out.push(b'"');
}

fn push_path(out: &mut Vec<u8>, path: &[u8]) {
    // The common name needs no escape, and most of a manifest is names.
    if path.iter().all(|b| matches!(b, b' '..=b'~') && !matches!(b, b'"' | b'\\')) {
        out.push(b'"');
        out.extend_from_slice(path);
        out.push(b'"');
    } else {
        serde_json::to_writer(out, &TreePath::new(path)).expect("a path is JSON, and a Vec takes all");
    }
}

fn push_number(out: &mut Vec<u8>, key: &str, value: u64) {
    out.extend_from_slice(b",\"");
    out.extend_from_slice(key.as_bytes());
    out.extend_from_slice(b"\":");
    push_decimal(out, value, 1);
}

fn push_mode(out: &mut Vec<u8>, mode: u32) {
    out.extend_from_slice(b",\"mode\":\"");
    for shift in [9, 6, 3, 0] {
        out.push(b'0' + ((mode >> shift) & 7) as u8);
    }
    out.push(b'"');
}

fn push_hex(out: &mut Vec<u8>, bytes: &[u8]) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    for byte in bytes {
        out.push(DIGITS[usize::from(byte >> 4)]);
        out.push(DIGITS[usize::from(byte & 15)]);
    }
}

/// RFC 3339 in UTC with nine decimals. Days to dates by Howard Hinnant's `civil_from_days`.
fn push_time(out: &mut Vec<u8>, key: &str, (seconds, nanos): (i64, u32)) {
    out.extend_from_slice(b",\"");
    out.extend_from_slice(key.as_bytes());
    out.extend_from_slice(b"\":\"");
    let (days, of_day) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400) as u64);
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let doe = z.rem_euclid(146_097);
    let yoe = (doe - doe / 1_460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let day = doy - (153 * mp + 2) / 5 + 1;
    let month = if mp < 10 { mp + 3 } else { mp - 9 };
    let year = yoe + era * 400 + i64::from(month <= 2);
    if year < 0 {
        out.push(b'-');
    }
    push_decimal(out, year.unsigned_abs(), 4);
    for (mark, value) in [
        (b'-', month as u64),
        (b'-', day as u64),
        (b'T', of_day / 3_600),
        (b':', of_day / 60 % 60),
        (b':', of_day % 60),
    ] {
        out.push(mark);
        push_decimal(out, value, 2);
    }
    out.push(b'.');
    push_decimal(out, u64::from(nanos), 9);
    out.extend_from_slice(b"Z\"");
}

fn push_decimal(out: &mut Vec<u8>, mut value: u64, width: usize) {
    let mut digits = [b'0'; 20];
    let mut at = digits.len();
    while value > 0 {
        at -= 1;
        digits[at] = b'0' + (value % 10) as u8;
        value /= 10;
    }
    out.extend_from_slice(&digits[at.min(digits.len() - width)..]);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(seconds: i64, nanos: u32) -> String {
        let mut out = Vec::new();
        push_time(&mut out, "t", (seconds, nanos));
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn times_agree_with_a_calendar() {
        for seconds in (-62_000_000_000..250_000_000_000).step_by(86_399_131) {
            let expected = jiff::Timestamp::new(seconds, 0).unwrap().strftime("%Y-%m-%dT%H:%M:%S");
            assert_eq!(time(seconds, 7), format!(",\"t\":\"{expected}.000000007Z\""));
        }
    }

    #[test]
    fn names_of_any_bytes_come_back() {
        for name in [&b"plain"[..], b"qu\"ote\\", b"tab\t\x01", "\u{fc}ml\u{e4}ut".as_bytes(), b"\xff\xfe", b""] {
            let mut entry = Entry::default();
            entry.begin(b"d/", name);
            let mut out = Vec::new();
            entry.write_json(&mut out);
            let known: Known = serde_json::from_slice(&out).unwrap();
            assert_eq!(known.path.as_bytes(), [b"d/", name].concat());
        }
    }
}
