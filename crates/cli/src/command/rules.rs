//! `sealbook rules`: what may be done, as data.

mod replay;

use std::path::{Path, PathBuf};

use clap::Subcommand;
use sealbook_policy::{HeldRule, Rule, RuleSet, State};
use sealbook_record::{PartName, Record, Target, TargetKind};
use sealbook_report::{RuleCheck, RuleList};

use super::{Context, append};
use crate::approver::{self, Change};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::input::Input;
use crate::session::Session;

/// List, add, test, replay, disable and enable rules
///
/// Rules are YAML; docs/rules.md has the language. Changes are sealed records and need an
/// approver's passphrase; they hold for every gate at its next call. A rule with the id of another
/// takes its place. Try a rule with `replay` first, or add it with `mode: observe`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  sealbook rules list
  sealbook rules test no-prod.yaml --against call.json
  sealbook rules replay no-prod.yaml --from '30 days ago'
  sealbook rules add no-prod.yaml --reason 'agreed on Monday'
  sealbook rules disable data_export_monitor --reason 'too many'")]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Show every rule, the built-in ones too
    List,
    /// Show one rule whole
    Show {
        /// Its id
        #[arg(value_name = "RULE")]
        rule: String,
    },
    /// Add the rules of a file, or put them in the place of those with the same id
    Add {
        /// YAML, `-` for standard input
        #[arg(value_name = "FILE")]
        file: PathBuf,
        #[command(flatten)]
        change: Change,
    },
    /// Say what the rules of a file would say of a record; nothing is sealed
    Test {
        /// YAML, `-` for standard input
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// A record as JSON, as `append --json` takes it
        #[arg(long, value_name = "RECORD")]
        against: PathBuf,
    },
    /// Say what the rules of a file would have said of the records of this book
    Replay(replay::Args),
    /// Let a rule hold no longer
    Disable {
        /// Its id
        #[arg(value_name = "RULE")]
        rule: String,
        #[command(flatten)]
        change: Change,
    },
    /// Let a rule hold again
    Enable {
        /// Its id
        #[arg(value_name = "RULE")]
        rule: String,
        #[command(flatten)]
        change: Change,
    },
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    match &args.what {
        What::List => list(&context.open()?, context)?,
        What::Show { rule } => {
            let state = context.open()?.state()?;
            let held = find(&state, rule)?.clone();
            context.out.show(&RuleList { rules: &[held], detailed: true })?;
        }
        What::Add { file, change } => {
            let rules = read(file)?;
            let session = context.open()?;
            let key = approver::unlock(&session, &change.unlock)?;
            for rule in rules {
                let mut record = changed(&session, "rule.add", &rule.id, change);
                record.set_part_json(PartName::Input, rule.to_json())?;
                let sealed = approver::seal(&session, record, &key)?;
                approver::check_effect(&session, sealed.seq)?;
            }
            list(&session, context)?;
        }
        What::Test { file, against } => {
            let set = RuleSet::compile(read(file)?).map_err(|cause| at(file, cause.into()))?;
            let session = context.open()?;
            let bytes = Input::open(against)?.read_all()?;
            let text = String::from_utf8_lossy(&bytes);
            let record =
                Record::from_json(&text, append::defaults(&session)).map_err(|cause| at(against, cause.into()))?;
            let verdict = set.evaluate(&record);
            context.out.show(&RuleCheck { verdict: &verdict, rules: set.len() })?;
        }
        What::Replay(args) => return replay::run(args, context),
        What::Disable { rule, change } => switch("rule.disable", rule, change, context)?,
        What::Enable { rule, change } => switch("rule.enable", rule, change, context)?,
    }
    Ok(Exit::Clean)
}

/// The rules of a file, checked and ready to compile.
fn read(file: &Path) -> Result<Vec<Rule>, Failure> {
    let mut input = Input::open(file)?;
    let bytes = input.read_all()?;
    let text = std::str::from_utf8(&bytes).map_err(|error| {
        let before = &bytes[..error.valid_up_to()];
        let line = before.split(|byte| *byte == b'\n').count() as u64;
        let column = 1 + before.iter().rev().take_while(|byte| **byte != b'\n').count();
        Failure::InputNotUtf8 { place: input.place(line), column }
    })?;
    let rules = Rule::from_yaml(text).map_err(|cause| at(file, cause.into()))?;
    RuleSet::compile(rules.clone()).map_err(|cause| at(file, cause.into()))?;
    Ok(rules)
}

fn at(file: &Path, cause: Failure) -> Failure {
    cause.at(crate::input::name_of(file))
}

fn list(session: &Session, context: &Context) -> Result<(), Failure> {
    context.out.show(&RuleList { rules: session.state()?.held_rules(), detailed: false })
}

fn find<'s>(state: &'s State, id: &str) -> Result<&'s HeldRule, Failure> {
    let held = state.held_rules().iter().find(|held| held.rule().id == id);
    held.ok_or_else(|| Failure::RuleUnknown { id: id.chars().take(64).collect() })
}

fn switch(action: &str, id: &str, change: &Change, context: &Context) -> Result<(), Failure> {
    let session = context.open()?;
    find(&session.state()?, id)?;
    let key = approver::unlock(&session, &change.unlock)?;
    let sealed = approver::seal(&session, changed(&session, action, id, change), &key)?;
    approver::check_effect(&session, sealed.seq)?;
    list(&session, context)
}

fn changed(session: &Session, action: &str, id: &str, change: &Change) -> Record {
    let mut record = session.event(action, Target::new(TargetKind::Rule, id));
    record.reason.clone_from(&change.reason);
    record
}
