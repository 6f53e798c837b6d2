//! What a run covered, and what it did not.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Serialize;

use crate::TreePath;

/// What one source covered. "Nothing found" means something only beside this.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Coverage {
    /// Units read in full: files, commits.
    pub covered: u64,
    /// Bytes of content read.
    pub bytes: u64,
    /// Left out because somebody asked for it (ignore files), and therefore not missing.
    pub ignored: u64,
    /// What was left out on purpose, by reason; ignored entries are among it.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub left_out: BTreeMap<Cow<'static, str>, u64>,
    /// What should have been read and was not; up to [`Coverage::LISTED`] of them.
    pub skipped: Vec<Skipped>,
    /// How many were skipped in all, by reason.
    pub skipped_by_reason: BTreeMap<Cow<'static, str>, u64>,
    /// What a reader must know to weigh the result: limits reached, comparisons not made.
    pub notes: Vec<String>,
}

impl Coverage {
    /// How many skipped paths are listed by name; all are counted.
    pub const LISTED: usize = 500;
    /// What is longer than this is counted but not listed, so that the list always fits into a part.
    pub const LISTED_BYTES: usize = 400;

    /// Counts something that should have been read and was not.
    pub fn skip(&mut self, path: TreePath, why: impl Into<Cow<'static, str>>, detail: Option<String>) {
        let why = why.into();
        let bytes = path.as_bytes().len() + detail.as_ref().map_or(0, String::len);
        if self.skipped.len() < Self::LISTED && bytes <= Self::LISTED_BYTES {
            self.skipped.push(Skipped { path, why: why.clone(), detail });
        }
        *self.skipped_by_reason.entry(why).or_default() += 1;
    }

    /// Counts what was left out on purpose.
    pub(crate) fn leave_out(&mut self, why: &'static str, count: u64) {
        if count > 0 {
            *self.left_out.entry(why.into()).or_default() += count;
        }
    }

    /// Says that nothing was read, unless something was, or it is said already why not. Nothing found means nothing
    /// then: a word that was misspelled must not look like a clean tree.
    pub(crate) fn nothing_read(&mut self, path: TreePath, why: &'static str, detail: impl Into<String>) {
        if self.covered == 0 && self.is_complete() {
            self.skip(path, why, Some(detail.into()));
        }
    }

    /// Says that what was asked for is nowhere.
    pub(crate) fn nothing_selected(&mut self, why: &'static str, detail: impl Into<String>) {
        if self.is_complete() {
            self.skip(TreePath::from("."), why, Some(detail.into()));
        }
    }

    /// How many things were skipped.
    pub fn skipped_total(&self) -> u64 {
        self.skipped_by_reason.values().sum()
    }

    /// Whether all that should have been read was read.
    pub fn is_complete(&self) -> bool {
        self.skipped_by_reason.is_empty()
    }
}

/// Something that should have been read and was not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Skipped {
    /// What.
    pub path: TreePath,
    /// Why: a stable word, such as `unreadable` or `changed_while_read`.
    pub why: Cow<'static, str>,
    /// More about it, such as the system's error.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}
