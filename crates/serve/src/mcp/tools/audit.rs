//! What both audits share: a run over a target within the roots, told from what was sealed.

use std::path::{Path, PathBuf};

use rmcp::schemars::JsonSchema;
use sealbook_inspect::Options;
use sealbook_report::{AuditReport, Observed};
use sealbook_store::Query;
use serde::Serialize;

use crate::mcp::answer::{Answer, Status, Told};
use crate::mcp::tool::Call;
use crate::{Allowed, Error, Plan, accept, collect, run_of};

/// Findings of one answer; the query tool gives the rest.
const FINDINGS_MAX: usize = 200;
/// Observed records of one answer.
const OBSERVED_MAX: usize = 100;

/// What an audit saw, sealed and read back.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(crate = "rmcp::schemars")]
pub(super) struct Audited {
    status: Status,
    /// The run's id: every record of it has it as its operation.
    run: String,
    /// Whether everything that should have been read was read. Where it is false, nothing found means nothing.
    complete: bool,
    /// How many findings there are, listed or not.
    findings: usize,
    /// What was covered and what not, what was found, and the head of the book.
    audit: Told,
    /// The run's records of what it saw, some of them.
    observed: Vec<Told>,
}

pub(super) fn run(
    call: &Call<'_>,
    target: PathBuf,
    base: PathBuf,
    sources: &[&str],
    options: Options,
    show: &[&str],
) -> Result<Answer, Error> {
    let desk = call.desk;
    let plan = Plan {
        target,
        project: desk.setup.project.clone().or_else(|| Some(name_of(&base))),
        base,
        sources: sources.iter().map(|name| (*name).to_owned()).collect(),
        analyzers: &[],
        options,
        actor: call.actor.clone(),
        reason: None,
        baseline: None,
        allowed: Allowed::default(),
    };
    accept(&plan.sources, &plan.target)?;
    let audit = collect(plan, desk.ledger(), &desk.policy()?, call.watch)?;
    if audit.was_cancelled() {
        return Err(Error::Cancelled);
    }
    let run = audit.run;
    // What failed altogether is the answer; that it did is sealed in the run.
    let failed = audit.sources.into_iter().filter_map(|source| source.result.err());
    if let Some(error) = failed.chain(audit.analyses.into_iter().filter_map(|analysis| analysis.result.err())).next() {
        return Err(error.into());
    }
    let mut told = run_of(desk.ledger(), run)?.expect("the run's intent was sealed");
    let findings = told.findings.len();
    told.findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    told.findings.truncate(FINDINGS_MAX);
    let action = show.iter().map(|action| (*action).to_owned()).collect();
    let operation = vec![run.to_string()];
    let query = Query { action, operation, limit: Some(OBSERVED_MAX), ascending: true, ..Query::default() };
    let page = desk.ledger().query(&query)?;
    let (head, keys) = (desk.ledger().head()?, desk.ledger().keys()?);
    let report = AuditReport { run: &told, head: &head, keys: &keys, verification: None };
    Ok(Answer::of(&Audited {
        status: Status::Success,
        run: run.to_string(),
        complete: told.complete,
        findings,
        audit: Told::view(&report),
        observed: Told::list(&Observed { rows: &page.rows }),
    }))
}

fn name_of(root: &Path) -> String {
    let name = root.file_name().map_or_else(|| "root".into(), |name| name.to_string_lossy());
    sealbook_policy::redact_text(&name).into_owned()
}
