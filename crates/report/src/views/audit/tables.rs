//! Tables made of findings that carry figures.

use sealbook_record::Finding;

use crate::Document;

/// The tables of a run's findings; an empty page where none carries figures.
pub(super) fn of(_findings: &[Finding]) -> Document {
    Document::new()
}
