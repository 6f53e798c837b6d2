//! How a file is at this moment.

use std::os::fd::AsFd as _;
use std::path::Path;

use serde::Serialize;

use crate::TreePath;
use crate::source::file::list::{Content, open, read_below};
use crate::source::module::hex;

/// Of what is longer no digest is made while it may still grow.
const DIGEST_BYTES_MAX: u64 = 16 << 20;

/// How a path is.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Now {
    /// Nothing is there any more.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub gone: bool,
    /// Its length, of a file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// SHA-256 of its content, of a file that is no longer than 16 MiB.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// Why there is no digest of a file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unread: Option<&'static str>,
}

impl Now {
    /// Looks at each path below a root; links are not followed.
    pub fn of<'p>(root: &Path, paths: impl Iterator<Item = &'p Path>) -> Vec<Self> {
        let Ok(tree) = open(root) else {
            return paths.map(|_| Self { unread: Some("unreadable"), ..Self::default() }).collect();
        };
        let look = |path: &Path| match read_below(tree.as_fd(), &TreePath::from(path).to_string(), DIGEST_BYTES_MAX) {
            Some(Content::Whole { bytes, .. }) => {
                let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &bytes);
                Self { size: Some(bytes.len() as u64), sha256: Some(hex(digest.as_ref())), ..Self::default() }
            }
            Some(Content::TooLarge(size)) => Self { size: Some(size), unread: Some("too_large"), ..Self::default() },
            Some(Content::Unreadable { why, .. }) => Self { unread: Some(why), ..Self::default() },
            Some(Content::NoFile) => Self::default(),
            None => Self { gone: std::fs::symlink_metadata(root.join(path)).is_err(), ..Self::default() },
        };
        paths.map(look).collect()
    }
}
