//! What stands against the whole trail, whatever the catalogue: a seal that does not hold, stories without an end,
//! alerts that nobody resolved.

use sealbook_record::{Finding, Severity};

use super::evidence::{Evidence, Sort};

const TRAIL: &str = "compliance.trail";
const VIOLATION: &str = "compliance.violation";

pub(super) fn findings(evidence: &Evidence) -> Vec<Finding> {
    let Some((facts, seq)) = evidence.facts().zip(evidence.facts_at()) else { return Vec::new() };
    let about = |rule: &str, kind: &str, severity, message: String, content: &str, mend: &str| {
        let mut finding = Finding::new(rule, kind, severity, message, None, content);
        finding.recommendation = Some(mend.to_owned());
        finding.evidence = vec![(seq, seq)];
        finding
    };
    let mut findings = Vec::new();
    if facts.verified == Some(false) {
        let message =
            format!("the book does not verify, with {} faults: nothing in it is evidence by itself", facts.faults);
        let mend = "Run `sealbook verify`, and find out who changed what it names.";
        findings.push(about(TRAIL, "integrity", Severity::Critical, message, "integrity", mend));
    }
    if !facts.head_outside {
        let message = "no head is kept outside the book: that its end was cut off would not be noticed".to_owned();
        findings.push(about(
            TRAIL,
            "integrity",
            Severity::Warning,
            message,
            "outside",
            "Keep `sealbook head` somewhere else.",
        ));
    }
    let gaps = [
        (facts.open_intents, "open", "calls were announced, and no outcome is known"),
        (facts.outcomes_alone, "alone", "outcomes belong to nothing that was announced"),
        (facts.capture_gaps, "capture", "times in which a gate could not write"),
        (facts.missing_numbers, "numbers", "stretches of an actor's own numbers are missing"),
        (facts.seen_once, "seen_once", "calls were seen by one way in, and not by another that should have"),
        (facts.incomplete_audits, "audits", "audits and watches did not see everything"),
        (facts.missing_ledgers, "ledgers", "ledgers before this one are not beside it"),
        (facts.clock_steps, "clock", "times at which the clock stepped back"),
    ];
    for (count, content, what) in gaps.into_iter().filter(|(count, ..)| *count > 0) {
        let message = format!("{what}: {count}");
        findings.push(about(TRAIL, "gap", Severity::Warning, message, content, "`sealbook gaps` names each."));
    }
    if facts.alerts_unresolved > 0 {
        let message = format!("alerts that nobody has resolved: {}", facts.alerts_unresolved);
        let mend = "`sealbook alerts` lists them; resolve each with a reason.";
        let mut finding = about(VIOLATION, "violation", Severity::Warning, message, "alerts", mend);
        finding.evidence.extend(evidence.tally(Sort::Alerts).places.ranges());
        findings.push(finding);
    }
    findings
}
