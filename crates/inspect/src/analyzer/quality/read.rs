//! The records of the quality source, as far as the rules need them.

use sealbook_record::{PartName, Record, Severity};
use serde::Deserialize;

#[derive(Deserialize, Default)]
pub(super) struct Run {
    pub(super) tool: String,
    pub(super) scope: String,
    pub(super) total: u64,
    pub(super) lines: u64,
    pub(super) open: Vec<Open>,
}

#[derive(Deserialize)]
pub(super) struct Open {
    pub(super) id: String,
    pub(super) rule: String,
    pub(super) severity: Severity,
    pub(super) path: String,
    #[serde(default)]
    pub(super) line: Option<u64>,
    #[serde(default)]
    pub(super) column: Option<u64>,
    pub(super) message: String,
    pub(super) content: String,
}

#[derive(Deserialize)]
struct Page {
    open: Vec<Open>,
}

/// A run; nothing if its content is erased.
pub(super) fn run(record: &Record) -> Option<Run> {
    serde_json::from_str(record.part(PartName::Result)?.get()).ok()
}

pub(super) fn page(record: &Record) -> Option<Vec<Open>> {
    serde_json::from_str::<Page>(record.part(PartName::Result)?.get()).ok().map(|page| page.open)
}
