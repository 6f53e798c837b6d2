//! Findings as SARIF 2.1.0 (docs.oasis-open.org/sarif/sarif/v2.1.0), the form in which code hosts and editors take them.
//!
//! A result's `partialFingerprints` holds the finding's key, which survives moves: a reader that compares two logs
//! takes the same thing for the same. What a run did not read stands in its invocation, which is then no
//! successful one: who reads the results alone never takes an incomplete run for a clean one.

mod invocation;
mod result;
mod suppressed;

use std::collections::BTreeMap;

use sealbook_record::Finding;
use serde::Serialize;

pub(crate) use invocation::{Invocation, Notification};
use result::SarifResult;

use crate::json;

const SCHEMA: &str = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";
/// What paths are relative to, by the name that readers of such logs know.
const ROOT: &str = "%SRCROOT%";

#[derive(Serialize)]
struct Log<'a> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [Run<'a>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Run<'a> {
    tool: Tool<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    automation_details: Option<Automation>,
    invocations: [Invocation; 1],
    original_uri_base_ids: BTreeMap<&'static str, Base>,
    results: Vec<SarifResult<'a>>,
    column_kind: &'static str,
}

#[derive(Serialize)]
struct Tool<'a> {
    driver: Driver<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Driver<'a> {
    name: &'static str,
    semantic_version: &'static str,
    rules: Vec<Rule<'a>>,
}

#[derive(Serialize)]
struct Rule<'a> {
    id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    help: Option<Message<'a>>,
}

#[derive(Serialize)]
struct Message<'a> {
    text: &'a str,
}

#[derive(Serialize)]
struct Automation {
    id: String,
}

#[derive(Serialize)]
struct Base {
    description: Message<'static>,
}

/// A log of one run. `run` names it where it is one; the same finding given twice is told once, as it was given last.
pub(crate) fn log(run: Option<String>, findings: &[&Finding], invocation: Invocation) -> String {
    let suppressed: Vec<Finding> = findings.iter().flat_map(|finding| suppressed::listed_in(finding)).collect();
    let mut last: BTreeMap<&str, &Finding> = BTreeMap::new();
    for finding in findings.iter().copied().filter(|finding| !suppressed::is_list(finding)).chain(&suppressed) {
        last.insert(&finding.id, finding);
    }
    let mut findings: Vec<&Finding> = last.into_values().collect();
    findings.sort_by(|a, b| (b.severity, &a.rule, &a.id).cmp(&(a.severity, &b.rule, &b.id)));
    let mut rules: BTreeMap<&str, Rule<'_>> = BTreeMap::new();
    for finding in &findings {
        let rule = rules.entry(&finding.rule).or_insert(Rule { id: &finding.rule, help: None });
        rule.help = rule.help.take().or_else(|| Some(Message { text: finding.recommendation.as_deref()? }));
    }
    let index: BTreeMap<&str, usize> = rules.keys().enumerate().map(|(index, rule)| (*rule, index)).collect();
    let results = findings.iter().map(|finding| SarifResult::of(finding, index[&*finding.rule])).collect();
    let description = Message { text: "What was audited: the root of the project or of the tree." };
    json::text(&Log {
        schema: SCHEMA,
        version: "2.1.0",
        runs: [Run {
            tool: Tool {
                driver: Driver {
                    name: "sealbook",
                    semantic_version: env!("CARGO_PKG_VERSION"),
                    rules: rules.into_values().collect(),
                },
            },
            automation_details: run.map(|run| Automation { id: format!("sealbook/{run}") }),
            invocations: [invocation],
            original_uri_base_ids: BTreeMap::from([(ROOT, Base { description })]),
            results,
            column_kind: "unicodeCodePoints",
        }],
    })
}
