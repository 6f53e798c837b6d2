//! What a person should look at: what is unlike the time before, by fixed thresholds that can be told and checked.

use sealbook_record::Severity;

use super::{Group, Health};

/// Calls of each time below which figures say nothing.
const CALLS_MIN: u64 = 20;
/// Failures, refusals or errors of one kind below which nobody is told.
const COUNT_MIN: u64 = 5;
/// How many times as much is unusual.
const TIMES: f64 = 2.0;
/// A share of failures that is unusual whatever was before.
const FAILING: f64 = 0.5;
/// Differences below this many microseconds are nobody's concern.
const SLOWER_US_MIN: u64 = 10_000;
/// How many times as much of a resource is unusual.
const RESOURCE_TIMES: f64 = 1.5;
/// Records below which a figure's mean says nothing.
const RESOURCE_MIN: u64 = 5;

/// What sort of thing is unusual.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum UnusualKind {
    /// It fails more often than it did, or more often than not.
    Failures,
    /// An error that was never seen before.
    ErrorPattern,
    /// It takes longer than it did.
    Slow,
    /// More is refused than was.
    Refusals,
    /// A figure rises.
    Resource,
}

impl UnusualKind {
    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Failures => "failures",
            Self::ErrorPattern => "error_pattern",
            Self::Slow => "slow",
            Self::Refusals => "refusals",
            Self::Resource => "resource",
        }
    }
}

/// One thing that is unusual.
#[derive(Debug, Clone, PartialEq)]
pub struct Unusual {
    /// What sort.
    pub kind: UnusualKind,
    /// Weight.
    pub severity: Severity,
    /// Of what: the action, and the target where one is named.
    pub about: String,
    /// What was seen, in figures.
    pub message: String,
}

pub(super) fn look(health: &Health) -> Vec<Unusual> {
    let mut found: Vec<Unusual> = health.groups.iter().flat_map(|group| group_unusual(group, health)).collect();
    let has_past = health.total.before.tried > 0;
    for error in health.errors.iter().filter(|error| has_past && error.before == 0 && error.now >= COUNT_MIN) {
        found.push(Unusual {
            kind: UnusualKind::ErrorPattern,
            severity: Severity::Warning,
            about: error.action.clone(),
            message: format!("{} times, and never before: {}", error.now, error.pattern),
        });
    }
    for figure in &health.resources {
        let ((now, mean), (before, was)) = (figure.now, figure.before);
        if now >= RESOURCE_MIN && before >= RESOURCE_MIN && was > 0.0 && mean >= RESOURCE_TIMES * was {
            found.push(Unusual {
                kind: UnusualKind::Resource,
                severity: Severity::Warning,
                about: figure.action.clone(),
                message: format!("{} is {mean:.2} on average, and was {was:.2}", figure.name),
            });
        }
    }
    found.sort_by(|one, other| other.severity.cmp(&one.severity).then_with(|| one.kind.cmp(&other.kind)));
    found
}

fn group_unusual(group: &Group, health: &Health) -> Vec<Unusual> {
    let (now, before) = (&group.now, &group.before);
    let about =
        if group.target.is_empty() { group.action.clone() } else { format!("{} {}", group.action, group.target) };
    let unusual = |kind, severity, message| Unusual { kind, severity, about: about.clone(), message };
    let mut found = Vec::new();
    if let Some(failing) = now.availability().map(|share| 1.0 - share).filter(|_| now.failures() >= COUNT_MIN) {
        let was = before.availability().map(|share| 1.0 - share).filter(|_| before.tried >= CALLS_MIN);
        if failing >= FAILING || was.is_some_and(|was| failing >= TIMES * was && failing >= 0.02) {
            let severity = if failing >= FAILING { Severity::Error } else { Severity::Warning };
            let was = was.map_or_else(String::new, |was| format!(", and were {:.1} %", was * 100.0));
            let reached = now.ok + now.failures();
            let message = format!("{} of {reached} calls failed: {:.1} %{was}", now.failures(), failing * 100.0);
            found.push(unusual(UnusualKind::Failures, severity, message));
        }
    }
    if let (Some(p95), Some(was)) = (now.p95_us, before.p95_us)
        && now.timed >= CALLS_MIN
        && before.timed >= CALLS_MIN
        && p95 as f64 >= TIMES * was as f64
        && p95 - was >= SLOWER_US_MIN
    {
        let ms = |us: u64| us as f64 / 1_000.0;
        let message = format!("95 of 100 calls took at most {:.1} ms, and took {:.1} ms", ms(p95), ms(was));
        found.push(unusual(UnusualKind::Slow, Severity::Warning, message));
    }
    // As many as would come in the period if all were as before.
    let expected = before.blocked as f64 * share(health);
    if now.blocked >= COUNT_MIN && now.blocked as f64 >= TIMES * expected {
        let message = format!("{} calls were refused; {expected:.1} would be usual", now.blocked);
        found.push(unusual(UnusualKind::Refusals, Severity::Warning, message));
    }
    found
}

/// The length of the period, as a share of the time before it.
fn share(health: &Health) -> f64 {
    let (since, until) = (health.period.0.as_micros(), health.period.1.as_micros());
    let before = since.saturating_sub(health.compared_since.as_micros()).max(1);
    until.saturating_sub(since) as f64 / before as f64
}
