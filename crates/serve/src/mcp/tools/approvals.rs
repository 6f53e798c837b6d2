//! `list_approvals`: calls that wait for a person's word. Giving it is no tool's business.

use rmcp::schemars::JsonSchema;
use sealbook_policy::{Approval, ApprovalState};
use sealbook_report::ApprovalList;
use serde::{Deserialize, Serialize};

use crate::Error;
use crate::mcp::answer::{Answer, Status, Told};
use crate::mcp::tool::{Call, Definition, Effect, input, never, output};

pub(super) static LIST: Definition = Definition {
    name: "list_approvals",
    title: "List approvals",
    about: "List calls that wait for a person's approval, oldest first, or all requests. Approving and denying need \
            the approver's passphrase and cannot be done through a tool; the answer names the commands.",
    effect: Effect::Reads,
    input: input::<Listing>,
    output: output::<Listed>,
    is_gated: never,
    run,
};

/// Which requests.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[schemars(crate = "rmcp::schemars")]
#[serde(deny_unknown_fields)]
struct Listing {
    /// Those that are over too
    #[serde(default)]
    all: bool,
}

/// Requests, and how a person answers them.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(crate = "rmcp::schemars")]
struct Listed {
    status: Status,
    approvals: Vec<Told>,
    /// What a person does; no tool does it.
    how_to_decide: String,
}

fn run(call: &Call<'_>) -> Result<Answer, Error> {
    let asked: Listing = call.read()?;
    let (state, now) = (call.desk.state()?, call.desk.ledger().now());
    let wanted = |approval: &&Approval| asked.all || approval.state(now) == ApprovalState::Waiting;
    let mut approvals: Vec<&Approval> = state.approvals().iter().filter(wanted).collect();
    approvals.sort_by_key(|approval| approval.seq);
    let list = ApprovalList { approvals, now, shown: None };
    let [approve, deny] = ["approve REQUEST", "deny REQUEST"].map(|words| call.desk.command(words));
    let how_to_decide = format!(
        "only a person decides, with the approver's passphrase: `{approve}` or `{deny}` in a terminal, with the id of \
         the request; no tool can do it"
    );
    Ok(Answer::of(&Listed { status: Status::Success, approvals: Told::list(&list), how_to_decide }))
}
