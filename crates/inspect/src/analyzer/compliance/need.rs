//! Sorts of evidence that controls ask for, and when each is there.

use sealbook_record::Timestamp;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Value, json};

use super::evidence::{Evidence, Sort};

/// Microseconds of a month, thirty days of 24 hours.
const MONTH_US: i64 = 30 * 24 * 3_600 * 1_000_000;

/// One sort of evidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// Records of a sort; see the table.
    Records(usize),
    /// The seal holds.
    Intact,
    /// A head is kept outside the book.
    Outside,
    /// No gap is known of.
    Complete,
    /// The clock did not step back.
    Clock,
    /// Nobody read what they must not; no record of a book shows that.
    Confidential,
    /// Values were taken out before sealing.
    Redaction,
    /// Content was erased on record.
    Erasure,
    /// The book reaches back so many months.
    Retained(u32),
}

/// Whether it is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Met,
    Partial,
    Lacking,
}

/// What was found of a need.
#[derive(Debug)]
pub(super) struct Judged {
    need: String,
    pub(super) state: State,
    /// What is there, and what is not.
    pub(super) why: String,
    pub(super) mend: &'static str,
    pub(super) evidence: Vec<(u64, u64)>,
}

/// Name, sort, what it is called, and how to come to have some.
type Row = (&'static str, Sort, &'static str, &'static str);

static RECORDS: &[Row] = &[
    (
        "calls",
        Sort::Calls,
        "calls announced before they were made",
        "Put a gate before the agent: `sealbook wrap`, `sealbook hook install` or `sealbook exec`.",
    ),
    (
        "who",
        Sort::Who,
        "records that name who acted",
        "Name the actor where the record is made: `--actor`, or the gate's own configuration.",
    ),
    (
        "authenticated",
        Sort::Authenticated,
        "calls with an authenticated principal",
        "Let clients come with a token of their own, so that who they are is verified.",
    ),
    ("inputs", Sort::Inputs, "calls that say what went in", "Record inputs; large ones are kept as digest and size."),
    (
        "results",
        Sort::Results,
        "outcomes that say what came out",
        "Record results; large ones are kept as digest and size.",
    ),
    (
        "endings",
        Sort::Endings,
        "outcomes that say how a call ended",
        "Look at `sealbook query --outcome unknown`, and reconcile what is open.",
    ),
    (
        "reasons",
        Sort::Reasons,
        "calls with a stated reason",
        "Let agents state why, or set `--reason` where they are run.",
    ),
    (
        "sessions",
        Sort::Sessions,
        "calls that belong to a session",
        "Use the hooks or the gateway, which name the session by themselves.",
    ),
    ("models", Sort::Models, "requests that name the model", "Send the telemetry of model calls to `sealbook ingest`."),
    ("approvals", Sort::Approvals, "decisions of approvers", "Add a rule with `ask` for what a person must decide."),
    (
        "stops",
        Sort::Stops,
        "stops that were set or lifted",
        "Exercise `sealbook stop` and `sealbook resume` once, on record.",
    ),
    ("rules", Sort::Rules, "rules that were added or changed", "Add rules: `sealbook rules add`."),
    ("blocked", Sort::Blocked, "calls that were refused", "Add rules that block, and try one."),
    ("alerts", Sort::Alerts, "alerts", "Add rules that alert: `sealbook rules add`."),
    (
        "handled",
        Sort::Handled,
        "alerts that were taken up or resolved",
        "Resolve alerts with a reason: `sealbook alerts resolve`.",
    ),
    (
        "reviews",
        Sort::Reviews,
        "reviews",
        "Mark what was reviewed (`sealbook mark`), resolve alerts, decide approvals.",
    ),
    (
        "config",
        Sort::Config,
        "recorded changes of configuration",
        "Record changes of configuration: `sealbook append --category config_change`, or through the gate.",
    ),
    (
        "administration",
        Sort::Administration,
        "recorded acts of administration",
        "Administer rules, keys, stops and retention through `sealbook`, which records it.",
    ),
    ("access", Sort::Access, "recorded access to data", "Put the tools that read data behind a gate."),
    (
        "credentials",
        Sort::Credentials,
        "recorded changes of credentials",
        "Record what is done to credentials: the categories `credential_*`.",
    ),
    ("audits", Sort::Audits, "audits that ended", "Run audits regularly: `sealbook repo`."),
    ("logs", Sort::Logs, "findings from logs and services", "Audit the logs: `sealbook logs --dir DIR`."),
    (
        "retention",
        Sort::Retention,
        "records with a retention class, and holds",
        "Give rules a retention: `retention_years`.",
    ),
    (
        "captures",
        Sort::Captures,
        "records of when capturing began, ended or failed",
        "Capture through the gateway or `sealbook ingest`, which say so.",
    ),
    (
        "synchronised",
        Sort::Synchronised,
        "comparisons of the clock with a source of time, on record and good",
        "Let whatever watches the clock record what it sees: `sealbook append --action clock.compared`.",
    ),
];

impl Need {
    fn name(self) -> String {
        match self {
            Self::Records(row) => RECORDS[row].0.to_owned(),
            Self::Intact => "intact".to_owned(),
            Self::Outside => "outside".to_owned(),
            Self::Complete => "complete".to_owned(),
            Self::Clock => "clock".to_owned(),
            Self::Confidential => "confidential".to_owned(),
            Self::Redaction => "redaction".to_owned(),
            Self::Erasure => "erasure".to_owned(),
            Self::Retained(months) => format!("retained-{months}m"),
        }
    }

    fn read(text: &str) -> Option<Self> {
        if let Some(row) = RECORDS.iter().position(|(name, ..)| *name == text) {
            return Some(Self::Records(row));
        }
        Some(match text {
            "intact" => Self::Intact,
            "outside" => Self::Outside,
            "complete" => Self::Complete,
            "clock" => Self::Clock,
            "confidential" => Self::Confidential,
            "redaction" => Self::Redaction,
            "erasure" => Self::Erasure,
            _ => Self::Retained(text.strip_prefix("retained-")?.strip_suffix('m')?.parse().ok()?),
        })
    }

    /// What the evidence says of it.
    pub(super) fn judge(self, evidence: &Evidence) -> Judged {
        let (state, why, mend) = match self {
            Self::Records(row) => return records(row, evidence),
            _ => self.of_facts(evidence),
        };
        let at = evidence.facts_at().map(|seq| (seq, seq));
        let range = evidence.facts().and_then(|facts| match self {
            Self::Redaction => facts.redacted.range,
            Self::Erasure => facts.erasures.range,
            _ => None,
        });
        Judged { need: self.name(), state, why, mend, evidence: at.into_iter().chain(range).collect() }
    }

    fn of_facts(self, evidence: &Evidence) -> (State, String, &'static str) {
        let Some(facts) = evidence.facts() else {
            return (State::Lacking, "the book was not measured".to_owned(), "Run `sealbook compliance --framework`.");
        };
        // A seal over nothing, and time that passed over it, show nothing of anybody.
        let rests_on_records =
            matches!(self, Self::Intact | Self::Outside | Self::Complete | Self::Clock | Self::Retained(_));
        if rests_on_records && evidence.held() == 0 {
            let why = "the book holds no record of anything but itself".to_owned();
            return (State::Lacking, why, "Record what is done: `sealbook wrap`, `sealbook hook`, `sealbook exec`.");
        }
        let is = |good: bool, bad: State, text: String| (if good { State::Met } else { bad }, text);
        let (mend, (state, why)) = match self {
            Self::Intact => (
                "Run `sealbook verify`, and look at what it names first.",
                match facts.verified {
                    Some(true) => (State::Met, format!("{} records verify", facts.size)),
                    Some(false) => (State::Lacking, format!("the book does not verify: {} faults", facts.faults)),
                    None => (State::Partial, "the book was not verified".to_owned()),
                },
            ),
            Self::Outside => (
                "Keep the head somewhere else: `sealbook head`.",
                is(facts.head_outside, State::Lacking, told(facts.head_outside, "a head is kept outside the book")),
            ),
            Self::Complete => (
                "Look at `sealbook gaps`.",
                is(facts.gaps() == 0, State::Partial, format!("{} gaps are known of", facts.gaps())),
            ),
            Self::Clock => (
                "Look at the clock of whoever writes the book: `sealbook gaps`.",
                if evidence.held() == 1 {
                    (State::Lacking, "one record is not enough to tell how the clock ran".to_owned())
                } else {
                    let why = format!("the clock stepped back {} times", facts.clock_steps);
                    is(facts.clock_steps == 0, State::Partial, why)
                },
            ),
            Self::Confidential => (
                "Look at who may read the book's files, and encrypt where they lie.",
                (State::Lacking, "who read the book's files leaves no trace in it".to_owned()),
            ),
            Self::Redaction => (
                "Redaction is on by default; nothing that it looks for has come yet.",
                is(
                    facts.redacted.count > 0,
                    State::Lacking,
                    format!("values were taken out of {} records", facts.redacted.count),
                ),
            ),
            Self::Erasure => (
                "Erase content on record when it is due: `sealbook erase`.",
                is(
                    facts.erasures.count > 0,
                    State::Lacking,
                    format!("{} erasures are on record", facts.erasures.count),
                ),
            ),
            Self::Retained(months) => {
                ("Keep the book; the time passes by itself.", retained(months, facts.first_sealed, facts.last_sealed))
            }
            Self::Records(_) => unreachable!("they are judged by their tallies"),
        };
        (state, why, mend)
    }
}

fn told(is: bool, text: &str) -> String {
    if is { text.to_owned() } else { format!("it is not known that {text}") }
}

/// A younger book holds less than is asked for, through no fault of anybody's.
fn retained(months: u32, first: Option<Timestamp>, last: Option<Timestamp>) -> (State, String) {
    let (Some(first), Some(last)) = (first, last) else {
        return (State::Lacking, "the book is empty".to_owned());
    };
    let span_us = last.as_micros().saturating_sub(first.as_micros());
    let days = span_us / (MONTH_US / 30);
    let state = if span_us >= i64::from(months) * MONTH_US { State::Met } else { State::Partial };
    (state, format!("the book reaches back {days} days, to {first}; {months} months are looked for"))
}

fn records(row: usize, evidence: &Evidence) -> Judged {
    let (name, sort, what, mend) = RECORDS[row];
    let tally = evidence.tally(sort);
    let (state, why) = match (tally.have, tally.of) {
        (0, 0) => (State::Lacking, format!("no {what}")),
        (have, of) if have == of => (State::Met, format!("{have} {what}")),
        (0, of) => (State::Lacking, format!("none of {of}: {what}")),
        (have, of) => (State::Partial, format!("{have} of {of}: {what}")),
    };
    let facts = evidence.facts();
    let open = facts.map_or(0, |facts| facts.open_intents);
    let unresolved = facts.map_or(0, |facts| facts.alerts_unresolved);
    let (state, why) = match (sort, state) {
        (Sort::Calls, State::Met) if open > 0 => (State::Partial, format!("{why}; of {open} no outcome is known")),
        (Sort::Handled, State::Met) if unresolved > 0 => {
            (State::Partial, format!("{why}; {unresolved} alerts are not resolved"))
        }
        other => (other.1, why),
    };
    Judged { need: name.to_owned(), state, why, mend, evidence: tally.places.ranges() }
}

impl Judged {
    pub(super) fn told(&self) -> Value {
        let state = match self.state {
            State::Met => "met",
            State::Partial => "partial",
            State::Lacking => "lacking",
        };
        json!({"evidence": self.need, "state": state, "what": self.why, "records": self.evidence})
    }
}

impl<'de> Deserialize<'de> for Need {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::read(&text).ok_or_else(|| D::Error::custom(format!("no evidence is called {text:?}")))
    }
}

impl Serialize for Need {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.name())
    }
}
