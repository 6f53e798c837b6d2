//! `sealbook rules replay`: what rules would have said of what is sealed.

use std::path::PathBuf;

use sealbook_inspect::Progress;
use sealbook_ledger::LeafType;
use sealbook_policy::{Replayed, RuleSet};
use sealbook_report::{ReplayReport, ReplayedRule};
use sealbook_store::{Query, Stored};

use super::super::Context;
use super::{at, read};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::progress::Bars;
use crate::when;

/// Undecidable records that are named, of each rule.
const UNDECIDABLE_NAMED: usize = 10;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// YAML, `-` for standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// At or after this time: `2024-01-31`, `7 days ago`, RFC 3339
    #[arg(long, visible_alias = "since", value_name = "TIME")]
    from: Option<String>,
    /// At or before this time
    #[arg(long, visible_alias = "until", value_name = "TIME")]
    to: Option<String>,
    /// How many examples of each rule
    #[arg(long, value_name = "N", default_value_t = 5)]
    examples: usize,
}

pub(super) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let set = RuleSet::compile(read(&args.file)?).map_err(|cause| at(&args.file, cause.into()))?;
    let zone = &context.environment.zone;
    let query = Query {
        leaf_type: vec![LeafType::Record.as_str().to_owned()],
        since: when::read("--from", args.from.as_deref(), zone)?,
        until: when::read("--to", args.to.as_deref(), zone)?,
        ascending: true,
        ..Query::default()
    };
    let session = context.open()?;
    let mut report = ReplayReport { rules: set.rules().map(ReplayedRule::new).collect(), records: 0, erased: 0 };
    let bars = Bars::new(context.is_watched());
    bars.begin("replaying", Some(session.ledger.head()?.size));
    for ledger in session.earlier()?.iter().rev().chain([&session.ledger]) {
        ledger.each_match(&query, &mut |stored| {
            take(&mut report, &set, &stored, args.examples);
            bars.advance(1);
            Ok(true)
        })?;
    }
    bars.end();
    context.out.show(&report)?;
    Ok(Exit::Clean)
}

/// One record. What is kept does not grow with their number.
fn take(report: &mut ReplayReport, set: &RuleSet, stored: &Stored, examples: usize) {
    report.records += 1;
    let Some(record) = &stored.record else {
        report.erased += 1;
        return;
    };
    let withheld = record.parts.iter().filter(|(_, part)| part.get().starts_with(r#"{"withheld":"#));
    let mut gone: Vec<String> = withheld.map(|(name, _)| name.as_str().to_owned()).collect();
    gone.extend(stored.erased.iter().chain(&stored.altered).cloned());
    for (rule, said) in report.rules.iter_mut().zip(set.replay(record, &stored.redactions, &gone)) {
        match said {
            Replayed::Fits => {
                rule.fits += 1;
                if rule.examples.len() < examples {
                    let (action, target) = (record.action.clone(), record.target.id.clone());
                    rule.examples.push((stored.seq, action, target, record.actor.id.clone()));
                }
            }
            Replayed::Undecidable => {
                rule.undecidable += 1;
                if rule.undecidable_seqs.len() < UNDECIDABLE_NAMED {
                    rule.undecidable_seqs.push(stored.seq);
                }
            }
            Replayed::Passes => {}
        }
    }
}
