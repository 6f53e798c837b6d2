//! Findings that a person decided to live with. A run lists them in one finding of its own; in a log each is a result
//! with its suppression, so that a reader neither counts it nor takes it for mended.

use sealbook_record::{Finding, Severity};
use serde_json::Value;

/// The rule of the finding that lists them, and the place of the list.
const RULE: &str = "suppression";
const LIST: &str = "suppressed";

pub(super) fn is_list(finding: &Finding) -> bool {
    finding.rule == RULE && finding.metadata.get(LIST).is_some_and(Value::is_array)
}

/// One finding each, as far as the list tells of it.
pub(super) fn listed_in(finding: &Finding) -> Vec<Finding> {
    let list = finding.metadata.get(LIST).and_then(Value::as_array).filter(|_| finding.rule == RULE);
    list.into_iter().flatten().filter_map(one).collect()
}

fn one(told: &Value) -> Option<Finding> {
    let text = |name: &str| told[name].as_str();
    let (by, until) = (text("by").unwrap_or("somebody"), text("until").unwrap_or("further notice"));
    let message = format!("Suppressed by {by} until {until}: {}", text("reason").unwrap_or("no reason was given"));
    let severity = text("severity").and_then(|word| word.parse().ok()).unwrap_or(Severity::Info);
    let mut finding = Finding::new(text("rule")?, LIST, severity, message, None, "");
    text("finding")?.clone_into(&mut finding.id);
    finding.evidence = told["record"].as_u64().map(|seq| (seq, seq)).into_iter().collect();
    finding.metadata.insert(LIST.to_owned(), told.clone());
    Some(finding)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::sarif::{Invocation, log};

    #[test]
    fn what_is_suppressed_is_told_with_its_reason_and_under_its_own_key() {
        let mut list = Finding::new(RULE, RULE, Severity::Info, "1 finding is suppressed", None, "ab");
        let told = json!({"finding": "ab12", "rule": "secret.key", "severity": "critical", "by": "ann",
            "reason": "made for a test", "until": "2027-01-01T00:00:00Z", "record": 7});
        list.metadata.insert(LIST.to_owned(), json!([told]));
        let log: Value = serde_json::from_str(&log(None, &[&list], Invocation::of_query(Vec::new()))).expect("JSON");
        let results = log["runs"][0]["results"].as_array().expect("results");
        assert_eq!(results.len(), 1, "the list itself is no finding");
        assert_eq!(results[0]["ruleId"], "secret.key");
        assert_eq!(results[0]["partialFingerprints"]["sealbookKey/v1"], "ab12");
        assert_eq!(results[0]["suppressions"][0]["justification"], "made for a test");
        assert_eq!(results[0]["suppressions"][0]["kind"], "external");
    }
}
