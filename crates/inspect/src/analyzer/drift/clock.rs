//! Content that changed while the file's time did not: somebody set the time back.

use sealbook_record::{Finding, Severity};

use super::change::{Change, listed};

const RULE: &str = "drift.clock";
const LISTED_MAX: usize = 100;
const ADVICE: &str =
    "Programs that write a file move its time; somebody set it back. Compare the content with a copy that you trust.";

pub(super) fn findings(changes: &[Change]) -> Vec<Finding> {
    let still = changes.iter().filter(|change| change.is_of_content() && has_same_time(change)).map(|change| {
        let message = format!("{} has other content and the same modification time as before", change.path);
        change.finding(RULE, Severity::Warning, message, Some(ADVICE))
    });
    listed(still.collect(), LISTED_MAX)
}

fn has_same_time(change: &Change) -> bool {
    match (&change.before, &change.after) {
        (Some(before), Some(after)) => before.mtime.is_some() && before.mtime == after.mtime,
        _ => false,
    }
}
