//! The files that are asked for: how many there are of each kind, their lines, and their text.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::os::fd::AsFd as _;
use std::path::{Path, PathBuf};

use super::super::module::hex;
use crate::progress::go_on;
use crate::source::file::list::{Content, Listed, list, open, read_below};
use crate::{Coverage, Error, Progress, TreePath};

/// Longer than any file that a person wrote.
pub(super) const FILE_BYTES_MAX: u64 = 4 << 20;

/// What lies below the target.
pub(super) struct Tree {
    root: PathBuf,
    /// Files and lines by the ending of their names.
    pub(super) endings: BTreeMap<String, (u64, u64)>,
    /// Paths below the root, of files that are text.
    pub(super) texts: Vec<String>,
    pub(super) bytes: u64,
}

/// A file that is given to whoever walks along.
pub(super) struct TextFile<'a> {
    pub(super) path: &'a str,
    pub(super) text: &'a str,
}

impl Tree {
    /// Walks through it, and gives each text.
    pub(super) fn walk(
        root: &Path,
        target: &Path,
        ignore_files: bool,
        coverage: &mut Coverage,
        progress: &dyn Progress,
        give: &mut dyn FnMut(&TextFile<'_>),
    ) -> Result<Self, Error> {
        let mut tree = Self { root: root.to_owned(), endings: BTreeMap::new(), texts: Vec::new(), bytes: 0 };
        let unreadable = |cause| Error::TargetUnreadable { path: target.to_owned(), cause };
        let below = target.strip_prefix(root).unwrap_or(Path::new("")).to_string_lossy().into_owned();
        progress.begin("texts", None);
        if target.is_file() {
            let held = open(root).map_err(unreadable)?;
            match read_below(held.as_fd(), &below, FILE_BYTES_MAX) {
                Some(Content::Whole { bytes, .. }) => tree.take(&below, &bytes, give),
                _ => coverage.skip(TreePath::from(&*below), "unreadable", None),
            }
        } else {
            let prefix = if below.is_empty() { String::new() } else { format!("{below}/") };
            let left_out = list(open(target).map_err(unreadable)?, target, ignore_files, &mut |listed| {
                progress.advance(1);
                tree.file(listed, &prefix, coverage, give);
                if progress.is_cancelled() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            });
            left_out.tell(coverage);
        }
        progress.end();
        go_on(progress)?;
        tree.texts.sort();
        Ok(tree)
    }

    fn file(&mut self, listed: Listed, prefix: &str, coverage: &mut Coverage, give: &mut dyn FnMut(&TextFile<'_>)) {
        match listed {
            Listed::File { place, name, path } => {
                let path = format!("{prefix}{}", TreePath::new(path));
                match place.read(&name, FILE_BYTES_MAX) {
                    Content::Whole { bytes, .. } => self.take(&path, &bytes, give),
                    // No source code is so long; what is, is data.
                    Content::TooLarge(_) | Content::NoFile => {}
                    Content::Unreadable { why, detail } => coverage.skip(TreePath::from(&*path), why, detail),
                }
            }
            Listed::Link { .. } => {}
            Listed::Closed { path, why, detail } => {
                coverage.skip(TreePath::from(&*format!("{prefix}{}", TreePath::new(path))), why, detail);
            }
        }
    }

    fn take(&mut self, path: &str, bytes: &[u8], give: &mut dyn FnMut(&TextFile<'_>)) {
        self.bytes += bytes.len() as u64;
        let Ok(text) = std::str::from_utf8(bytes) else { return };
        if bytes.contains(&0) {
            return;
        }
        let name = path.rsplit('/').next().unwrap_or(path);
        let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
        let counted = self.endings.entry(ending.to_owned()).or_default();
        counted.0 += 1;
        counted.1 += text.lines().filter(|line| !line.trim().is_empty()).count() as u64;
        give(&TextFile { path, text });
        self.texts.push(path.to_owned());
    }

    pub(super) fn has(&self, endings: &[&str]) -> bool {
        endings.iter().any(|ending| self.endings.contains_key(*ending))
    }

    /// Files with these endings, and their lines that are not empty.
    pub(super) fn count(&self, endings: &[&str]) -> (u64, u64) {
        let counted = endings.iter().filter_map(|ending| self.endings.get(*ending));
        counted.fold((0, 0), |sum, (files, lines)| (sum.0 + files, sum.1 + lines))
    }

    /// A file of the root by its path.
    pub(super) fn text(&self, path: &str) -> Option<String> {
        let held = open(&self.root).ok()?;
        match read_below(held.as_fd(), path, FILE_BYTES_MAX)? {
            Content::Whole { bytes, .. } => String::from_utf8(bytes).ok(),
            _ => None,
        }
    }

    /// SHA-256 over the names and contents of some files of the root.
    pub(super) fn digest(&self, names: &[&str]) -> String {
        let mut hash = aws_lc_rs::digest::Context::new(&aws_lc_rs::digest::SHA256);
        for (name, text) in names.iter().filter_map(|name| Some((name, self.text(name)?))) {
            hash.update(name.as_bytes());
            hash.update(&[0]);
            hash.update(&(text.len() as u64).to_be_bytes());
            hash.update(text.as_bytes());
        }
        hex(hash.finish().as_ref())
    }
}
