//! `sealbook security`: what in a tree and its history lets others in.

use std::path::PathBuf;

use sealbook_inspect::Options;

use super::{Context, init};
use crate::audit::{self, Plan, Running};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::project::{bare_root, root_of};

/// Audit what lets others in: secrets, insecure code, permissions, dependencies
///
/// Looks for secrets in the files around PATH and in every line that a commit added, with the
/// built-in rules or those of a file in the form of gitleaks. What is found is never kept: a finding
/// has the rule, the length and a keyed digest. A line with `sealbook:allow RULE reason` is allowed;
/// a finding that is lived with for a while is suppressed with `sealbook suppress`. Where no rule was
/// loaded, or an advisory cannot be read, the audit is incomplete (exit code 3), never clean.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  sealbook security
  sealbook security --no-history
  sealbook security --rules .gitleaks.toml
  sealbook security --advisories ~/advisory-db --fail-on error
  sealbook security --format json | jq .run.findings")]
pub(crate) struct Args {
    /// Somewhere in the repository
    #[arg(value_name = "PATH", default_value = ".")]
    path: PathBuf,
    /// Rules for secrets in the form of gitleaks' configuration, in place of the built-in ones
    #[arg(long, value_name = "FILE")]
    rules: Option<PathBuf>,
    #[expect(clippy::doc_markdown, reason = "a name, shown as it is")]
    /// Hold the bills of materials against the advisories (OSV, RustSec) in this directory
    #[arg(long, value_name = "DIR")]
    advisories: Option<PathBuf>,
    /// Only what lies in the tree now
    #[arg(long)]
    no_history: bool,
    /// Read also what .gitignore leaves out; what git tracks is read in any case
    #[arg(long)]
    no_ignore: bool,
    #[command(flatten)]
    running: Running,
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let target = root_of(&init::canonical(context, &args.path)?);
    let is_bare = bare_root(&target).is_some();
    let mut sources = Vec::new();
    if !args.no_history && (is_bare || target.join(".git").exists()) {
        sources.push("git".to_owned());
    }
    if !is_bare {
        sources.push("security".to_owned());
    }
    let mut options = Options::default();
    if args.advisories.is_some() {
        audit::add_modules(&mut sources, &mut options);
    }
    options.git.secrets = true;
    options.file.ignore_files = !args.no_ignore;
    options.security = audit::security(context, args.rules.as_deref(), args.advisories.as_deref());
    let plan = Plan { target, sources, analyzers: &["security"], options, ..Plan::default() };
    audit::run(plan, &args.running, context)
}
