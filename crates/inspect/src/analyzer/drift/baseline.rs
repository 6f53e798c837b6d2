//! How far the whole is from its baseline.

use sealbook_record::{Finding, Severity};

use super::KIND;
use crate::{Difference, ReferenceDifference};

/// The difference in one finding, and one for each reference that was lost or moved.
pub(super) fn findings(difference: &Difference) -> Vec<Finding> {
    let mut found: Vec<Finding> = difference.references.iter().filter_map(reference).collect();
    if !difference.files.is_empty() {
        found.push(files(difference));
    }
    found
}

fn files(difference: &Difference) -> Finding {
    let counts = ["appeared", "changed", "vanished", "renamed"].map(|change| (change, difference.count(change)));
    let told: Vec<String> =
        counts.iter().filter(|(_, count)| *count > 0).map(|(change, count)| format!("{count} {change}")).collect();
    let message = format!("since the baseline, of the files {}", told.join(", "));
    let root = difference.between.as_ref().map(|(_, now)| now.root.clone()).unwrap_or_default();
    let mut finding = Finding::new("drift.baseline", KIND, Severity::Info, message, None, &root);
    finding.evidence = difference.between.iter().map(|(_, now)| (now.seq, now.seq)).collect();
    for (change, count) in counts {
        finding.metadata.insert(change.to_owned(), count.into());
    }
    finding
}

/// Branches move; what does not is a tag, and what should not is lost.
fn reference(reference: &ReferenceDifference) -> Option<Finding> {
    let ReferenceDifference { name, before, after } = reference;
    let before = before.as_ref()?;
    let short = |id: &str| id.get(..10).unwrap_or(id).to_owned();
    let (severity, message) = match after {
        Some(after) if name.starts_with("refs/tags/") => (
            Severity::Warning,
            format!("the tag {name} was at {} in the baseline and is at {}", short(before), short(after)),
        ),
        Some(_) => return None,
        None if name.starts_with("refs/remotes/") => return None,
        None => (Severity::Info, format!("{name}, at {} in the baseline, is gone", short(before))),
    };
    let content = format!("{before} {}", after.as_deref().unwrap_or_default());
    Some(Finding::new("drift.reference", KIND, severity, message, Some(name), &content))
}
