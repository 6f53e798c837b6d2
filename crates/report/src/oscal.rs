//! An assessment as OSCAL 1.1.3 assessment results (pages.nist.gov/OSCAL, model `assessment-results`).
//!
//! OSCAL knows two states of a finding, satisfied and not. The first is written where records of all the sorts that a
//! control asks for are there; what that does not mean stands in the remarks of every result and every finding, and
//! our own word beside it as a property. Controls that no record could show are excluded, and said so.

use sealbook_ledger::Uuid;
use sealbook_record::{Finding, derived_id};
use serde_json::{Value, json};

use crate::AuditRun;
use crate::views::{Group, text_of};

/// The version of the model.
const VERSION: &str = "1.1.3";
/// Whose our own properties are.
const NAMESPACE: &str = "urn:sealbook:assessment";

/// The document of a run.
pub(crate) fn results(run: &AuditRun, groups: &[Group<'_>], caveat: &str) -> String {
    let ended = run.ended.unwrap_or(run.began).to_string();
    let is_assessed = |finding: &&&Finding| text_of(finding, "result") != "not assessed";
    let assessed: Vec<&Finding> =
        groups.iter().flat_map(|group| group.controls.iter().filter(is_assessed).copied()).collect();
    let mut result = json!({
        "uuid": id(run, "result"),
        "title": "What the records of a book support",
        "description": caveat,
        "start": run.began.to_string(),
        "end": ended,
        "props": [property("complete", if run.complete { "yes" } else { "no" })],
        "reviewed-controls": {"control-selections": groups.iter().map(selection).collect::<Vec<_>>()},
        "remarks": caveat,
    });
    if !assessed.is_empty() {
        result["observations"] = assessed.iter().map(|finding| observation(run, finding, &ended)).collect();
        result["findings"] = assessed.iter().map(|finding| finding_of(run, finding)).collect();
    }
    let resources = groups.iter().map(|group| {
        json!({
            "uuid": id(run, &format!("catalogue/{}", group.catalogue)),
            "title": group.title,
            "description": format!("{}; reading {}", group.edition, group.version),
            "rlinks": [{"href": group.source}],
        })
    });
    let book = json!({
        "uuid": id(run, "book"),
        "title": "The book",
        "description": format!("Sealed records of {}; bundles of them (`sealbook export`) verify offline.", run.target),
    });
    let plan = json!({
        "uuid": id(run, "plan"),
        "title": "The plan of the run",
        "description": format!("The first record of operation {} says which catalogues were assessed, and how.", run.run),
    });
    let resources: Vec<Value> = [plan, book].into_iter().chain(resources).collect();
    json!({"assessment-results": {
        "uuid": id(run, "document"),
        "metadata": {
            "title": "What the records of a book support of catalogues of controls",
            "last-modified": ended,
            "version": run.run.to_string(),
            "oscal-version": VERSION,
            "props": [property("tool", concat!("sealbook ", env!("CARGO_PKG_VERSION")))],
            "remarks": caveat,
        },
        "import-ap": {"href": format!("#{}", id(run, "plan"))},
        "results": [result],
        "back-matter": {"resources": resources},
    }})
    .to_string()
}

fn selection(group: &Group<'_>) -> Value {
    let of = |is_assessed: bool| -> Vec<Value> {
        let are = |finding: &&&Finding| (text_of(finding, "result") != "not assessed") == is_assessed;
        group.controls.iter().filter(are).map(|finding| json!({"control-id": token(finding)})).collect()
    };
    let mut selection = json!({"description": format!("{} ({})", group.title, group.edition)});
    for (name, controls) in [("include-controls", of(true)), ("exclude-controls", of(false))] {
        if !controls.is_empty() {
            selection[name] = controls.into();
        }
    }
    selection
}

/// What was read of the records for one control.
fn observation(run: &AuditRun, finding: &Finding, collected: &str) -> Value {
    let book = format!("#{}", id(run, "book"));
    let needs = ["needs", "rests"].into_iter().filter_map(|name| finding.metadata.get(name)?.as_array()).flatten();
    let evidence: Vec<Value> = needs
        .map(|need| {
            let word = |name: &str| need[name].as_str().unwrap_or("unknown");
            let records = need["records"].as_array().filter(|records| !records.is_empty());
            let records = records.map_or_else(String::new, |records| format!("; records {}", ranges(records)));
            json!({
                "href": book,
                "description": format!("{}: {}: {}{records}", word("evidence"), word("state"), word("what")),
            })
        })
        .collect();
    let mut observation = json!({
        "uuid": id(run, &format!("observation/{}", token(finding))),
        "title": text_of(finding, "name"),
        "description": finding.message,
        "methods": ["EXAMINE"],
        "types": ["finding"],
        "collected": collected,
    });
    if !evidence.is_empty() {
        observation["relevant-evidence"] = evidence.into();
    }
    observation
}

fn finding_of(run: &AuditRun, finding: &Finding) -> Value {
    let result = text_of(finding, "result");
    let (state, reason) = if result == "evidenced" { ("satisfied", "pass") } else { ("not-satisfied", "other") };
    json!({
        "uuid": id(run, &format!("finding/{}", token(finding))),
        "title": format!("{} {}", text_of(finding, "cite"), text_of(finding, "name")),
        "description": text_of(finding, "asks"),
        "props": [property("result", result), property("key", &finding.id)],
        "target": {
            "type": "objective-id",
            "target-id": token(finding),
            "status": {"state": state, "reason": reason, "remarks": "Of the evidence that was looked for, not of the control as a whole."},
        },
        "related-observations": [{"observation-uuid": id(run, &format!("observation/{}", token(finding)))}],
        "remarks": format!("Proves: {} Does not prove: {}", text_of(finding, "proves"), text_of(finding, "does_not_prove")),
    })
}

fn property(name: &str, value: &str) -> Value {
    json!({"name": name, "ns": NAMESPACE, "value": value})
}

/// A control's name over all catalogues.
fn token(finding: &Finding) -> String {
    format!("{}_{}", text_of(finding, "catalogue"), text_of(finding, "control"))
}

fn ranges(records: &[Value]) -> String {
    let range = |range: &Value| match (range[0].as_u64(), range[1].as_u64()) {
        (Some(first), Some(last)) if first == last => first.to_string(),
        (Some(first), Some(last)) => format!("{first}-{last}"),
        _ => "?".to_owned(),
    };
    records.iter().map(range).collect::<Vec<_>>().join(", ")
}

/// The same thing of the same run has the same id. OSCAL takes versions 4 and 5 alone: the bits that are random in
/// version 4 are those of a digest.
fn id(run: &AuditRun, of: &str) -> String {
    const VERSION_BITS: u128 = 0xf << 76;
    let derived = derived_id("oscal", &format!("{}/{of}", run.run)).as_u128();
    Uuid::from_u128((derived & !VERSION_BITS) | (4 << 76)).to_string()
}
