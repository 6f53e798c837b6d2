//! `audit_trail`: the one tool of the older system, with its five actions and their answers.

use rmcp::model::JsonObject;
use rmcp::schemars::JsonSchema;
use sealbook_flow::ReviewRequest;
use sealbook_record::{Category, Severity, Timestamp};
use sealbook_report::ComplianceReport;
use sealbook_store::Query;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::to_raw_value;

use super::query::{Found, find};
use super::verify::{Verified, verify};
use crate::mcp::answer::{Answer, Status, Told};
use crate::mcp::tool::{Call, Definition, Effect, input, output};
use crate::{Error, compliance};

pub(super) static TOOL: Definition = Definition {
    name: "audit_trail",
    title: "Audit trail and compliance",
    about: "Search sealed records, verify their integrity, report on a time, or have an action reviewed against the \
            policies of a domain by a model (no legal advice). Rules cannot be added through a tool: \
            add_compliance_rule says what a person does instead.",
    effect: Effect::Records,
    input: input::<Arguments>,
    output: output::<Answered>,
    is_gated,
    run,
};

/// What is asked, and what it needs.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[schemars(crate = "rmcp::schemars")]
#[schemars(extend("required" = ["action"]))]
#[serde(deny_unknown_fields)]
struct Arguments {
    /// What to do
    #[schemars(with = "Named")]
    #[serde(default)]
    action: Action,
    /// search: which records; what is given is ANDed
    #[serde(default)]
    filters: Filters,
    /// search: how many records at most: 1 to 1000, 100 where nothing is said
    limit: Option<usize>,
    /// search: `next` of the page before
    cursor: Option<String>,
    /// `verify_integrity`: only from this record on: a number, an id, or the beginning of a hash
    start_id: Option<String>,
    /// `verify_integrity`: only up to this record
    end_id: Option<String>,
    /// The tenant; this server answers for one alone
    tenant_id: Option<String>,
    /// `compliance_report`: at or after this time: epoch seconds, a date, a phrase, RFC 3339
    start_date: Option<When>,
    /// `compliance_report`: at or before this time
    end_date: Option<When>,
    /// `review_compliance`: what is to be done, in words
    #[serde(default)]
    action_description: String,
    /// `review_compliance`: the circumstances
    #[serde(default)]
    context: JsonObject,
    /// `review_compliance`: general, healthcare, finance, government; the server's own where nothing is said
    domain: Option<String>,
    /// `add_compliance_rule`: the rule that a person should add
    rule: Option<ProposedRule>,
}

/// What can be asked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Action {
    #[default]
    Search,
    VerifyIntegrity,
    ComplianceReport,
    ReviewCompliance,
    AddComplianceRule,
    #[serde(other)]
    Unknown,
}

/// The actions as clients see them: an unknown one is none of them, and has an answer of its own.
#[derive(JsonSchema)]
#[schemars(crate = "rmcp::schemars", rename = "Action")]
#[serde(rename_all = "snake_case")]
#[expect(dead_code, reason = "the schema is made from it")]
enum Named {
    Search,
    VerifyIntegrity,
    ComplianceReport,
    ReviewCompliance,
    AddComplianceRule,
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[schemars(crate = "rmcp::schemars")]
#[serde(deny_unknown_fields)]
struct Filters {
    /// Who acted, by id
    user_id: Option<String>,
    /// The tenant; this server answers for one alone
    tenant_id: Option<String>,
    /// A category, such as `file_write`, or an action, such as `file.write`
    action_type: Option<String>,
    /// The weight: debug, info, warning, compliance, error, critical
    level: Option<String>,
    /// At or after this time: epoch seconds, a date, a phrase, RFC 3339
    start_time: Option<When>,
    /// At or before this time
    end_time: Option<When>,
    /// Words that all occur in the record
    text: Option<String>,
}

/// A point in time.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[schemars(crate = "rmcp::schemars")]
#[serde(untagged)]
enum When {
    /// Seconds since 1970-01-01T00:00:00Z
    Seconds(f64),
    /// A date, a phrase, RFC 3339
    Words(String),
}

/// A rule as the older system took it.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[schemars(crate = "rmcp::schemars")]
struct ProposedRule {
    /// Its id
    rule_id: String,
    /// Its name
    name: String,
    /// A regular expression
    pattern: String,
    /// Its weight
    severity: String,
}

/// The answer of the action that was asked for: of the four, the field with its name is there.
#[derive(Debug, JsonSchema)]
#[schemars(crate = "rmcp::schemars")]
#[expect(dead_code, reason = "the schema is made from it")]
struct Answered {
    status: Status,
    /// search: records, newest first
    #[schemars(skip_serializing_if = "Option::is_none")]
    results: Option<Vec<Told>>,
    /// search: the cursor of the next page; null at the end
    #[schemars(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
    /// `verify_integrity`: `valid`, `errors`, `verified_entries`, `total_entries`, and more
    #[schemars(skip_serializing_if = "Option::is_none")]
    verification: Option<Told>,
    /// `compliance_report`: figures, unresolved alerts, recommendations
    #[schemars(skip_serializing_if = "Option::is_none")]
    report: Option<Told>,
    /// `review_compliance`: what the model says, and how much of it counts
    #[schemars(skip_serializing_if = "Option::is_none")]
    review: Option<Told>,
}

/// A request to change the rules is on record, though it is never granted.
fn is_gated(arguments: &JsonObject) -> bool {
    arguments.get("action").and_then(Value::as_str) == Some("add_compliance_rule")
}

fn run(call: &Call<'_>) -> Result<Answer, Error> {
    let asked: Arguments = call.read()?;
    for tenant in [&asked.tenant_id, &asked.filters.tenant_id].into_iter().flatten() {
        if tenant != call.desk.ledger().tenant() {
            return Err(Error::OtherTenant);
        }
    }
    match asked.action {
        Action::Search => search(call, &asked).map(|found| Answer::of(&found)),
        Action::VerifyIntegrity => {
            let verified: Verified = verify(call, asked.start_id.as_deref(), asked.end_id.as_deref())?;
            Ok(Answer::of(&verified))
        }
        Action::ComplianceReport => report(call, &asked),
        Action::ReviewCompliance => review(call, asked),
        Action::AddComplianceRule => Err(refused(call, asked.rule.as_ref())),
        Action::Unknown => Err(Error::UnknownAction),
    }
}

fn search(call: &Call<'_>, asked: &Arguments) -> Result<Found, Error> {
    let filters = &asked.filters;
    let mut query = Query {
        actor: filters.user_id.iter().cloned().collect(),
        since: time(call, "filters.start_time", filters.start_time.as_ref())?,
        until: time(call, "filters.end_time", filters.end_time.as_ref())?,
        text: filters.text.clone(),
        ..Query::default()
    };
    if let Some(wanted) = &filters.action_type {
        match wanted.parse::<Category>() {
            Ok(category) => query.category = vec![category.as_str().to_owned()],
            Err(_) => query.action = vec![wanted.clone()],
        }
    }
    if let Some(level) = &filters.level {
        let unknown = |_| Error::Arguments { why: "`filters.level` is none of the weights".to_owned() };
        query.severity = vec![level.parse::<Severity>().map_err(unknown)?.as_str().to_owned()];
    }
    find(call, &query, asked.limit, asked.cursor.as_deref())
}

fn report(call: &Call<'_>, asked: &Arguments) -> Result<Answer, Error> {
    #[derive(Serialize)]
    struct Reported {
        status: Status,
        report: Told,
    }
    let (from, to) =
        (time(call, "start_date", asked.start_date.as_ref())?, time(call, "end_date", asked.end_date.as_ref())?);
    let ledger = call.desk.ledger();
    let compliance = compliance(ledger, &*call.desk.state()?, from, to)?;
    let report =
        ComplianceReport { compliance: &compliance, tenant: ledger.tenant(), period: (from, to), now: ledger.now() };
    Ok(Answer::of(&Reported { status: Status::Success, report: Told::view(&report) }))
}

fn review(call: &Call<'_>, asked: Arguments) -> Result<Answer, Error> {
    let setup = &call.desk.setup;
    let reviewer = setup.reviewer.as_ref().ok_or(Error::ModelMissing)?;
    let request = ReviewRequest {
        actor: call.actor.clone(),
        action: asked.action_description,
        context: to_raw_value(&asked.context).expect("its keys are texts"),
        domain: asked.domain.or_else(|| setup.domain.clone()),
        parent: None,
        session: None,
        project: setup.project.clone(),
    };
    let done = tokio::runtime::Handle::current().block_on(reviewer.review(request))?;
    // Its own answer begins with the same status, and says the rest in the tool's shape.
    Ok(Answer::of(&Told::json(done.review().response())))
}

/// What a person does instead.
fn refused(call: &Call<'_>, rule: Option<&ProposedRule>) -> Error {
    let Some(rule) = rule else {
        return Error::Arguments { why: "`rule` is missing: rule_id, name, pattern and severity".to_owned() };
    };
    let empty = [&rule.rule_id, &rule.name, &rule.pattern, &rule.severity].into_iter().any(String::is_empty);
    if empty {
        return Error::Arguments { why: "`rule` needs rule_id, name, pattern and severity".to_owned() };
    }
    Error::ApproverRequired { what: "adding a rule", command: call.desk.command("rules add FILE") }
}

fn time(call: &Call<'_>, field: &str, when: Option<&When>) -> Result<Option<Timestamp>, Error> {
    match when {
        None => Ok(None),
        Some(When::Words(text)) => call.desk.time(field, text).map(Some),
        Some(When::Seconds(seconds)) => {
            let us = seconds * 1e6;
            // Beyond it lies no year that a record can have.
            if !us.is_finite() || us.abs() > 2.5e17 {
                return Err(Error::Arguments { why: format!("`{field}` is no time") });
            }
            Ok(Some(Timestamp::from_micros(us as i64)))
        }
    }
}
