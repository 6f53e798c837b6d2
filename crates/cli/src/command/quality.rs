//! `sealbook quality`: audits what linters say.

use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use sealbook_inspect::{Options, QualityOptions};
use sealbook_serve::Allowed;

use super::{Context, init};
use crate::audit::{self, Plan, Running};
use crate::exit::Exit;
use crate::failure::Failure;

/// Audit quality: what linters and lists of banned words say, and what became of it
///
/// Runs ruff, mypy and bandit where there is Python; clippy and eslint where they are named with --run, since they run
/// code of the tree (build scripts, configuration); reads what any tool writes as SARIF. One record is sealed per run
/// of a tool, with its version, configuration, rules and files, and one for each thing that appears, changes, moves or
/// goes. A tool that crashed, is missing, was not allowed or loaded no rules makes the audit incomplete. Nothing is
/// changed without both --fix and --allow-changes.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  sealbook quality src
  sealbook quality . --run ruff,clippy
  sealbook quality . --violations --output violations.md
  sealbook quality . --banned-words
  sealbook quality . --sarif semgrep.sarif
  sealbook quality src --run ruff --fix --allow-changes
  sealbook query --action quality.finding --since '30 days ago'    what appeared and went")]
pub(crate) struct Args {
    /// A file or a directory
    #[arg(value_name = "PATH", default_value = ".")]
    path: PathBuf,
    /// Only what linters say, without banned words
    #[arg(long)]
    violations: bool,
    /// Only banned words, from banned-words.yaml or this file
    #[arg(long, value_name = "FILE", num_args = 0..=1, require_equals = true, default_missing_value = "")]
    banned_words: Option<String>,
    /// Only these tools, also where they run code of the tree
    #[arg(long, value_name = "TOOLS", value_delimiter = ',', value_parser = tools())]
    run: Vec<String>,
    /// Where a tool's program lies, where it is not on the path; may be given several times
    #[arg(long, value_name = "TOOL=PROGRAM")]
    tool: Vec<String>,
    /// A report in SARIF to read; may be given several times
    #[arg(long, value_name = "FILE")]
    sarif: Vec<PathBuf>,
    /// Let ruff, clippy and eslint mend what they can; needs --allow-changes
    #[arg(long)]
    fix: bool,
    /// With --fix: yes, change my files
    #[arg(long, requires = "fix")]
    allow_changes: bool,
    #[command(flatten)]
    running: Running,
}

fn tools() -> PossibleValuesParser {
    PossibleValuesParser::new(QualityOptions::tools())
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    if args.fix && !args.allow_changes {
        let mend = "read what it finds first, then add --allow-changes to let tools change your files";
        return Err(Failure::usage("--fix changes files, and nobody allowed that", mend));
    }
    let target = init::canonical(context, &args.path)?;
    let mut options = Options::default();
    let quality = &mut options.quality;
    // Reports alone are read where nothing else is asked for.
    let only_reports = !args.sarif.is_empty() && args.run.is_empty();
    quality.without_tools = (args.banned_words.is_some() || only_reports) && !args.violations;
    quality.without_banned = args.violations && args.banned_words.is_none();
    let file = args.banned_words.as_deref().filter(|file| !file.is_empty());
    quality.banned = file.map(|file| init::canonical(context, file.as_ref())).transpose()?;
    quality.run.clone_from(&args.run);
    for path in &args.sarif {
        quality.sarif.push(init::canonical(context, path)?);
    }
    for given in &args.tool {
        let wrong = || Failure::usage("`--tool` names no tool", "write TOOL=PROGRAM, as in ruff=/opt/ruff/bin/ruff");
        let (name, path) = given.split_once('=').ok_or_else(wrong)?;
        if !QualityOptions::tools().any(|tool| tool == name) {
            return Err(wrong());
        }
        quality.programs.insert(name.to_owned(), init::canonical(context, path.as_ref())?);
    }
    quality.fix = args.fix;
    let allowed = Allowed { code_of_the_tree: !args.run.is_empty(), ..Allowed::BY_A_PERSON };
    let show = &["quality.run", "quality.failed", "quality.fix"];
    let plan = Plan { target, sources: vec!["quality".to_owned()], options, show, ..Plan::default() };
    audit::run_allowed(plan, allowed, &args.running, context)
}
