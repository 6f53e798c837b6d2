//! One audit: sources and analyzers over a target, sealed, and told from what was sealed.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use sealbook_inspect::{
    ANALYZERS, Analyzer, Audit, Batch, Book, Options, Picture, Progress, Request, Run, Source, analyzer, source,
};
use sealbook_ledger::Uuid;
use sealbook_policy::Policy;
use sealbook_record::Actor;
use sealbook_report::{AuditRun, findings_of};
use sealbook_store::{Ledger, Query, Stored};

use crate::{Allowed, Error};

/// What is audited, with what, for whom.
#[derive(Debug)]
pub struct Plan {
    /// A directory or a file, links resolved.
    pub target: PathBuf,
    /// What the paths in records are relative to.
    pub base: PathBuf,
    /// Names of the sources.
    pub sources: Vec<String>,
    /// Names of the analyzers whose findings are asked for; every one's, where none is named.
    pub analyzers: &'static [&'static str],
    /// Their options.
    pub options: Options,
    /// Who asks for it.
    pub actor: Actor,
    /// The project that the target belongs to.
    pub project: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// What the target is compared with, beside what it was last.
    pub baseline: Option<Picture>,
    /// What it may reach beside files.
    pub allowed: Allowed,
}

/// Errors where a source has no such name, or none of them could ever read the target. Nothing is written yet.
pub fn accept(sources: &[String], target: &Path) -> Result<(), Error> {
    let sources = named(sources)?;
    let mut refusals: Vec<_> = sources.iter().map_while(|source| source.accepts(target).err()).collect();
    match refusals.pop().filter(|_| refusals.len() + 1 == sources.len()) {
        Some(error) => Err(error.into()),
        None => Ok(()),
    }
}

fn named(sources: &[String]) -> Result<Vec<&'static dyn Source>, Error> {
    Ok(sources.iter().map(|name| source(name)).collect::<Result<_, _>>()?)
}

/// Runs it; every record of it is sealed when it ends.
pub fn collect(plan: Plan, ledger: &Ledger, policy: &Policy, progress: &dyn Progress) -> Result<Audit, Error> {
    let analyzers = match plan.analyzers {
        [] => ANALYZERS.to_vec(),
        names => names.iter().map(|name| analyzer(name)).collect::<Result<_, _>>()?,
    };
    run(plan, analyzers, ledger, policy, progress)
}

/// The same without analyzers, which read what was sealed before: what it costs does not grow with the book.
pub(crate) fn read(plan: Plan, ledger: &Ledger, policy: &Policy, progress: &dyn Progress) -> Result<Audit, Error> {
    run(plan, Vec::new(), ledger, policy, progress)
}

fn run(
    plan: Plan,
    analyzers: Vec<&'static dyn Analyzer>,
    ledger: &Ledger,
    policy: &Policy,
    progress: &dyn Progress,
) -> Result<Audit, Error> {
    let sources = named(&plan.sources)?;
    let book = Book::new(ledger).with_digests(policy);
    let mut run = Run::new(ledger.next_id(), plan.actor);
    ledger.tenant().clone_into(&mut run.tenant);
    run.project = plan.project;
    run.reason = plan.reason;
    let batch = Batch {
        sources,
        analyzers,
        request: Request {
            target: plan.target,
            base: Some(plan.base),
            now: ledger.now(),
            run,
            options: plan.options,
            threads: ledger.threads(),
            stamp: &book,
            reach: &plan.allowed,
        },
        baseline: plan.baseline.as_ref(),
    };
    let mut sink = book.sink(policy);
    Ok(batch.collect(&book, &mut sink, progress)?)
}

/// A run as its sealed records tell it; `None` where there is no such run.
///
/// What a source found while it read is in records of its own, and belongs to the findings too.
pub fn run_of(ledger: &Ledger, run: Uuid) -> Result<Option<AuditRun>, Error> {
    let action = ["audit.run", "analysis.run"].map(str::to_owned).to_vec();
    let own = all(ledger, &Query { action, ..of_run(run) })?;
    let Some(mut told) = AuditRun::of(&own) else { return Ok(None) };
    let with_findings = Query { has: vec!["findings".to_owned()], ..of_run(run) };
    let mut known: HashSet<String> = told.findings.iter().map(|finding| finding.id.clone()).collect();
    let found = findings_of(&all(ledger, &with_findings)?);
    told.findings.extend(found.into_iter().filter(|finding| known.insert(finding.id.clone())));
    // What was read and is not what was sealed may have said anything.
    for seq in ledger.altered() {
        told.complete = false;
        if !told.unreadable.contains(&seq) {
            told.unreadable.push(seq);
        }
    }
    Ok(Some(told))
}

fn of_run(run: Uuid) -> Query {
    Query { operation: vec![run.to_string()], ascending: true, ..Query::default() }
}

fn all(ledger: &Ledger, query: &Query) -> Result<Vec<Stored>, Error> {
    let mut records = Vec::new();
    ledger.each_match(query, &mut |stored| {
        records.push(stored);
        Ok(true)
    })?;
    Ok(records)
}
