//! Alerts: `list_alerts`, `assign_alert`, `resolve_alert`.

use rmcp::schemars::JsonSchema;
use sealbook_record::{Severity, Target, TargetKind};
use sealbook_report::AlertList;
use serde::{Deserialize, Serialize};

use crate::mcp::answer::{Answer, Status, Told};
use crate::mcp::tool::{Call, Definition, Effect, always, input, never, output};
use crate::{Error, change_alert, find_alert};

const LIMIT_DEFAULT: usize = 100;

pub(super) static LIST: Definition = Definition {
    name: "list_alerts",
    title: "List alerts",
    about: "List alerts that wait for a person, newest first, or all of them.",
    effect: Effect::Reads,
    input: input::<Listing>,
    output: output::<Listed>,
    is_gated: never,
    run: list,
};

pub(super) static ASSIGN: Definition = Definition {
    name: "assign_alert",
    title: "Assign an alert",
    about: "Say who is to look at an alert. That is a record of its own, with whoever calls as its actor.",
    effect: Effect::Changes,
    input: input::<Assigning>,
    output: output::<Listed>,
    is_gated: always,
    run: assign,
};

pub(super) static RESOLVE: Definition = Definition {
    name: "resolve_alert",
    title: "Resolve an alert",
    about: "Say that an alert is dealt with, and why. That is a record of its own, with whoever calls as its actor; \
            the alert stays in the book. Unless the person who started this server left it to agents, it is refused, \
            and the answer names the command for a person.",
    effect: Effect::Changes,
    input: input::<Resolving>,
    output: output::<Listed>,
    is_gated: always,
    run: resolve,
};

/// Which alerts.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[schemars(crate = "rmcp::schemars")]
#[serde(deny_unknown_fields)]
struct Listing {
    /// Those that were resolved too
    #[serde(default)]
    all: bool,
    /// Of this weight only: debug, info, warning, error, critical
    severity: Option<String>,
    /// How many at most
    limit: Option<usize>,
}

/// Which alert, and who looks at it.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(crate = "rmcp::schemars")]
#[serde(deny_unknown_fields)]
struct Assigning {
    /// Its id, or the beginning of it
    alert_id: String,
    /// Who is to look at it
    to: String,
}

/// Which alert, and why it is dealt with.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(crate = "rmcp::schemars")]
#[serde(deny_unknown_fields)]
struct Resolving {
    /// Its id, or the beginning of it
    alert_id: String,
    /// Why it is dealt with
    reason: String,
}

/// Alerts, and how many wait.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(crate = "rmcp::schemars")]
struct Listed {
    status: Status,
    /// How many of the book wait for a person, listed or not.
    unresolved: usize,
    alerts: Vec<Told>,
}

fn list(call: &Call<'_>) -> Result<Answer, Error> {
    let asked: Listing = call.read()?;
    let severity = asked.severity.as_deref().map(str::parse::<Severity>).transpose();
    let severity = severity.map_err(|_| Error::Arguments { why: "`severity` is none of the weights".to_owned() })?;
    let state = call.desk.state()?;
    let mut alerts = state.alerts().list();
    alerts.reverse();
    alerts.retain(|alert| (asked.all || alert.resolved.is_none()) && severity.is_none_or(|it| it == alert.severity));
    alerts.truncate(asked.limit.unwrap_or(LIMIT_DEFAULT));
    Ok(told(&AlertList { alerts, unresolved: state.alerts().unresolved() }))
}

fn assign(call: &Call<'_>) -> Result<Answer, Error> {
    let asked: Assigning = call.read()?;
    filled("to", &asked.to)?;
    let input = serde_json::json!({ "to": asked.to }).to_string();
    change(call, "alert.assigned", &asked.alert_id, None, &input)
}

fn resolve(call: &Call<'_>) -> Result<Answer, Error> {
    let asked: Resolving = call.read()?;
    filled("reason", &asked.reason)?;
    if !call.desk.setup.agents_resolve {
        let id = find_alert(&*call.desk.state()?, &asked.alert_id)?.id;
        let command = call.desk.command(&format!("alerts resolve {id} --reason WHY"));
        return Err(Error::PersonRequired { what: "resolving an alert", command });
    }
    change(call, "alert.resolved", &asked.alert_id, Some(&asked.reason), "{}")
}

fn filled(field: &str, text: &str) -> Result<(), Error> {
    if text.trim().is_empty() { Err(Error::Arguments { why: format!("`{field}` is empty") }) } else { Ok(()) }
}

fn change(call: &Call<'_>, action: &str, given: &str, reason: Option<&str>, input: &str) -> Result<Answer, Error> {
    let (id, record) = {
        let state = call.desk.state()?;
        let alert = find_alert(&state, given)?;
        let target = Target::new(TargetKind::Record, alert.id.to_string());
        let record = call.desk.event(&call.actor, action, target);
        (alert.id, change_alert(alert, record, reason, input)?)
    };
    call.desk.seal(record)?;
    let state = call.desk.state()?;
    let alerts = state.alerts().get(id).into_iter().collect();
    Ok(told(&AlertList { alerts, unresolved: state.alerts().unresolved() }))
}

fn told(list: &AlertList<'_>) -> Answer {
    Answer::of(&Listed { status: Status::Success, unresolved: list.unresolved, alerts: Told::list(list) })
}
