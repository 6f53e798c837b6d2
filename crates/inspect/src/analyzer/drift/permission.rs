//! Rights that grew wider, and owners that changed.

use sealbook_record::{Finding, Severity};

use super::change::{Change, listed};
use crate::source::file::Known;

const RULE: &str = "drift.permission";
/// As many are listed one by one; a whole tree whose rights changed is one change.
const LISTED_MAX: usize = 100;

const SET_ID: u32 = 0o6000;
const OTHERS_WRITE: u32 = 0o002;
const STICKY: u32 = 0o1000;

pub(super) fn findings(changes: &[Change]) -> Vec<Finding> {
    listed(changes.iter().filter_map(finding).collect(), LISTED_MAX)
}

fn finding(change: &Change) -> Option<Finding> {
    let after = change.after.as_ref()?;
    let (was, is) = (change.before.as_ref().and_then(mode), mode(after)?);
    let new = is & !was.unwrap_or(0);
    let is_plain = after.kind == "file";
    let (severity, what) = if is_plain && new & SET_ID != 0 {
        (Severity::Error, "runs with its owner's or group's rights (setuid or setgid), and did not before")
    } else if after.kind != "symlink" && new & OTHERS_WRITE != 0 && is & STICKY == 0 {
        (Severity::Warning, "can be written by everyone, and could not before")
    } else if is_plain && gained(change, after, |entry| entry.attributes.capabilities.as_ref()) {
        (Severity::Error, "has capabilities that it did not have before")
    } else if gained(change, after, |entry| entry.attributes.acl.as_ref()) {
        (Severity::Warning, "has an access list that it did not have before")
    } else if change.before.as_ref().is_some_and(|before| owner(before) != owner(after)) {
        (Severity::Warning, "belongs to somebody else than before")
    } else {
        return None;
    };
    let modes = was.map_or_else(|| format!("{is:04o}"), |was| format!("{was:04o} → {is:04o}"));
    let rights = [after.attributes.capabilities.as_ref(), after.attributes.acl.as_ref()];
    let rights: String = rights.into_iter().flatten().map(|rights| format!(", {rights}")).collect();
    let message = format!("{} {what} ({modes}{rights})", change.path);
    let advice = "Find out who changed it and why; give it back the rights and the owner that it needs.";
    Some(change.finding(RULE, severity, message, Some(advice)))
}

fn mode(entry: &Known) -> Option<u32> {
    u32::from_str_radix(entry.mode.as_deref()?, 8).ok()
}

/// Whether it has rights now that it did not have, where the manifest before could have told of them.
fn gained<'e>(change: &'e Change, after: &'e Known, rights: impl Fn(&'e Known) -> Option<&'e String>) -> bool {
    let now = rights(after);
    let was = change.before.as_ref();
    now.is_some() && was.is_none_or(|was| was.tells_attributes() && rights(was) != now)
}

fn owner(entry: &Known) -> (Option<u32>, Option<u32>) {
    (entry.uid, entry.gid)
}
