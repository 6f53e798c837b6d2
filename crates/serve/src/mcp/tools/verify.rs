//! `verify_audit_chain`: whether anything was altered.

use rmcp::schemars::JsonSchema;
use sealbook_inspect::Progress;
use serde::{Deserialize, Serialize};

use crate::mcp::answer::{Answer, Status, Told};
use crate::mcp::tool::{Call, Definition, Effect, input, never, output};
use crate::{Checks, Error, place_of, verdict_of_book};

pub(super) static TOOL: Definition = Definition {
    name: "verify_audit_chain",
    title: "Verify the audit chain",
    about: "Check every leaf, the hash chain, every part's commitment, every signature, the Merkle tree, all \
            checkpoints and the newest head that is kept outside the book. Every fault is listed with its place. \
            Nothing is changed.",
    effect: Effect::Reads,
    input: input::<Arguments>,
    output: output::<Verified>,
    is_gated: never,
    run,
};

/// Everything, where nothing is given.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[schemars(crate = "rmcp::schemars")]
#[serde(deny_unknown_fields)]
struct Arguments {
    /// Only from this record on: a number, an id, or the beginning of a hash
    start_id: Option<String>,
    /// Only up to this record
    end_id: Option<String>,
}

/// What verification found.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(crate = "rmcp::schemars")]
pub(super) struct Verified {
    status: Status,
    #[schemars(with = "Shape")]
    verification: Told,
}

/// The report of a verification; it has further fields.
#[derive(Serialize, JsonSchema)]
#[schemars(crate = "rmcp::schemars")]
struct Shape {
    /// Whether what was looked at is intact.
    valid: bool,
    /// Every fault in words, with its place.
    errors: Vec<String>,
    /// Records that were looked at.
    verified_entries: u64,
    /// Records that there are.
    total_entries: u64,
}

fn run(call: &Call<'_>) -> Result<Answer, Error> {
    let asked: Arguments = call.read()?;
    Ok(Answer::of(&verify(call, asked.start_id.as_deref(), asked.end_id.as_deref())?))
}

pub(super) fn verify(call: &Call<'_>, start: Option<&str>, end: Option<&str>) -> Result<Verified, Error> {
    let desk = call.desk;
    let place = |name: Option<&str>| name.map(|name| place_of(desk.ledger(), name)).transpose();
    let records = match (place(start)?, place(end)?) {
        (None, None) => None,
        (first, last) => {
            let newest = desk.ledger().reader()?.size()?.saturating_sub(1);
            Some((first.unwrap_or(0), last.unwrap_or(newest)))
        }
    };
    let checks = Checks { records, expected: desk.setup.expected.clone(), ..Checks::default() };
    let verdict = verdict_of_book(desk.ledger(), &checks, call.watch)?;
    if call.watch.is_cancelled() {
        return Err(Error::Cancelled);
    }
    Ok(Verified { status: Status::Success, verification: Told::view(&verdict) })
}
