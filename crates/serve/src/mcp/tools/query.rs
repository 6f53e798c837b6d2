//! `query_audit_trail`: records, newest first.

use rmcp::schemars::JsonSchema;
use sealbook_report::RecordList;
use sealbook_store::Query;
use serde::{Deserialize, Serialize};

use crate::mcp::answer::{Answer, Status, Told};
use crate::mcp::tool::{Call, Definition, Effect, input, never, output};
use crate::{Error, Page, read_page};

/// Records where nothing is said.
const LIMIT_DEFAULT: usize = 100;
/// The most records of one answer.
const LIMIT_MAX: usize = 1_000;
/// An answer ends before it is much longer than this: a model reads all of it. The next page goes on.
const ANSWER_BYTES_MAX: usize = 1024 * 1024;

pub(super) static TOOL: Definition = Definition {
    name: "query_audit_trail",
    title: "Query the audit trail",
    about: "Find sealed records, newest first: who did what to what, when, and how it ended. Every record that is \
            given is read from the ledger and checked against the tree. Pages go on at `next`.",
    effect: Effect::Reads,
    input: input::<Arguments>,
    output: output::<Found>,
    is_gated: never,
    run,
};

/// What to look for; what is given is ANDed.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(crate = "rmcp::schemars")]
#[serde(deny_unknown_fields)]
struct Arguments {
    /// The action, such as `file.write`; a `*` at its end stands for anything
    action: Option<String>,
    /// Who acted, by id; a `*` at its end stands for anything
    user: Option<String>,
    /// At or after this time: `7 days ago`, `2024-01-31`, RFC 3339
    since: Option<String>,
    /// At or before this time
    until: Option<String>,
    /// What it was done to, such as a path; a `*` at its end stands for anything
    target: Option<String>,
    /// The operation or audit run that records belong to, by id
    operation: Option<String>,
    /// Words that all occur in the record, its content included
    text: Option<String>,
    /// How many records at most: 1 to 1000
    #[schemars(range(min = 1, max = 1000))]
    #[serde(default = "limit_default")]
    limit: usize,
    /// `next` of the page before
    cursor: Option<String>,
}

const fn limit_default() -> usize {
    LIMIT_DEFAULT
}

/// Some records, and where the next page begins.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(crate = "rmcp::schemars")]
pub(super) struct Found {
    status: Status,
    /// Each with its place, its hash and the record itself.
    results: Vec<Told>,
    /// The cursor of the next page; null at the end.
    next: Option<String>,
    /// Records that were come upon and are not what was sealed: ask `verify_audit_chain`.
    altered: Vec<u64>,
}

fn run(call: &Call<'_>) -> Result<Answer, Error> {
    let asked: Arguments = call.read()?;
    let time = |field, given: &Option<String>| given.as_deref().map(|text| call.desk.time(field, text)).transpose();
    let query = Query {
        action: asked.action.into_iter().collect(),
        actor: asked.user.into_iter().collect(),
        since: time("since", &asked.since)?,
        until: time("until", &asked.until)?,
        target: asked.target.into_iter().collect(),
        operation: asked.operation.into_iter().collect(),
        text: asked.text,
        ..Query::default()
    };
    Ok(Answer::of(&find(call, &query, Some(asked.limit), asked.cursor.as_deref())?))
}

/// The page of a query. A page that is too long for one answer is cut, and goes on at `next`.
pub(super) fn find(call: &Call<'_>, query: &Query, limit: Option<usize>, cursor: Option<&str>) -> Result<Found, Error> {
    let limit = limit.unwrap_or(LIMIT_DEFAULT);
    if !(1..=LIMIT_MAX).contains(&limit) {
        return Err(Error::Arguments { why: format!("`limit` is not one of 1 to {LIMIT_MAX}") });
    }
    let ledger = call.desk.ledger();
    let mut page = read_page(ledger, query.clone(), limit, cursor)?;
    let mut results = told(&page);
    let mut bytes = 0;
    let fits = results.iter().take_while(|told| {
        bytes += told.bytes();
        bytes <= ANSWER_BYTES_MAX
    });
    let fits = fits.count().max(1);
    if fits < results.len() {
        page = read_page(ledger, query.clone(), fits, cursor)?;
        results = told(&page);
    }
    Ok(Found { status: Status::Success, results, next: page.next, altered: ledger.altered() })
}

fn told(page: &Page) -> Vec<Told> {
    Told::list(&RecordList { rows: &page.rows, next: None })
}
