//! Actions that are ours alone: something follows from a record of one, so nobody else may name one.

use crate::Standing;

/// What the gateway tells of pins, beside the pins themselves.
const TOLD_OF_PINS: &[&str] = &["tools.changed", "tools.unpinned"];

/// What decides which findings are lived with.
const OF_FINDINGS: &[&str] = &["finding.suppressed", "finding.unsuppressed"];
/// What says which audits are run by the clock, and which times were dealt with.
const OF_SCHEDULES: &str = "schedule.";

/// What says how operations ended, and what became of their undo.
const OF_OPERATIONS: &[&str] = &["operation.reconciled", "undo.certified"];

/// What says which workflows there are, how their runs stand, and what people wish of those.
const OF_WORKFLOWS: &[&str] = &[
    "workflow.cancel",
    "workflow.defined",
    "workflow.deleted",
    "workflow.freeze",
    "workflow.node",
    "workflow.resume",
    "workflow.run",
];

/// Whether an action is one of those that runs of workflows write down before and after.
pub fn is_of_runs(action: &str) -> bool {
    matches!(action, "workflow.node" | "workflow.resume" | "workflow.run")
}

/// Whether only the gate and the commands that are made for it write records of this action: what changes the
/// state, what places and releases holds, and what later sessions compare with.
pub fn is_reserved(action: &str) -> bool {
    Standing::of(action).is_some()
        || TOLD_OF_PINS.contains(&action)
        || OF_FINDINGS.contains(&action)
        || OF_OPERATIONS.contains(&action)
        || OF_WORKFLOWS.contains(&action)
        || action.starts_with(OF_SCHEDULES)
}

#[cfg(test)]
mod tests {
    use super::is_reserved;

    #[test]
    fn what_something_follows_from_is_reserved() {
        for action in [
            "stop.set",
            "alert.raised",
            "approval.requested",
            "retention.hold",
            "tools.pinned",
            "schedule.removed",
            "undo.certified",
            "workflow.defined",
        ] {
            assert!(is_reserved(action), "{action}");
        }
        for action in ["tools.call", "stop.sets", "stop", "retention.read", "", "Stop.set"] {
            assert!(!is_reserved(action), "{action}");
        }
    }
}
