//! `sealbook git`: audits a repository's history.

use std::path::{Component, Path, PathBuf};

use sealbook_inspect::{Options, Refs, TreePath};

use super::{Context, init};
use crate::audit::{self, Plan, Running};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::project::root_of;
use crate::when;

/// Audit a git history
///
/// Seals one record per commit and one per branch and tag, and lists what this run sealed. Every
/// object that is read is checked against its own name: a forged one is named. Runs without
/// options go on from where the last one ended: of what was sealed before, loose objects alone are
/// checked again, and all of it with --again. With --since, --until, --author or --file the findings
/// are about what was selected.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  sealbook git --since 2024-01-01
  sealbook git --author alice --until '30 days ago'
  sealbook git --file src/main.rs
  sealbook git --file src/main.rs --blame --format json
  sealbook git --since 2024-01-01 --format markdown --output HISTORY.md")]
pub(crate) struct Args {
    /// Somewhere in the repository
    #[arg(value_name = "PATH", default_value = ".")]
    path: PathBuf,
    /// Only commits at or after this time: `2024-01-31`, `7 days ago`
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Only commits at or before this time
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// Only commits whose author's name or address contains this; may be given several times
    #[arg(long = "author", value_name = "NAME")]
    authors: Vec<String>,
    /// Only the history of this file
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// Say for each line of --file which commit wrote it
    #[arg(long, requires = "file")]
    blame: bool,
    /// From which references to walk: `head`, `usual` (branches and tags) or `all` (whatever is under refs/)
    #[arg(long, value_name = "WHICH", default_value = "usual", value_parser = audit::refs())]
    refs: Refs,
    /// Read and check again what earlier runs sealed; nothing is sealed twice
    #[arg(long, conflicts_with_all = ["since", "until", "authors", "file"])]
    again: bool,
    /// Rules for secrets in the form of gitleaks' configuration, in place of the built-in ones
    #[arg(long, value_name = "FILE")]
    rules: Option<PathBuf>,
    /// Whose SSH keys are whose, as `ssh-keygen` reads it [default: gpg.ssh.allowedSignersFile of the repository]
    #[arg(long, value_name = "FILE")]
    allowed_signers: Option<PathBuf>,
    /// Do not look for secrets in the lines that commits added
    #[arg(long)]
    no_secrets: bool,
    #[command(flatten)]
    running: Running,
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let zone = &context.environment.zone;
    let target = root_of(&init::canonical(context, &args.path)?);
    let mut options = Options::default();
    options.git.since = when::read("--since", args.since.as_deref(), zone)?;
    options.git.until = when::read("--until", args.until.as_deref(), zone)?;
    options.git.authors.clone_from(&args.authors);
    options.git.file = args.file.as_deref().map(|file| in_tree(context, &target, file)).transpose()?;
    options.git.blame = args.blame;
    options.git.refs = args.refs;
    options.git.again = args.again;
    options.git.secrets = !args.no_secrets;
    options.git.allowed_signers = args.allowed_signers.as_deref().map(|path| context.environment.absolute(path));
    options.security = audit::security(context, args.rules.as_deref(), None);
    let show: &[_] = if args.blame { &["git.blame", "git.commit"] } else { &["git.commit"] };
    let plan = Plan { target, sources: vec!["git".to_owned()], options, show, ..Plan::default() };
    audit::run(plan, &args.running, context)
}

/// A file's path from the root of the work tree on. It need not be there any more.
pub(crate) fn in_tree(context: &Context, root: &Path, file: &Path) -> Result<TreePath, Failure> {
    let path = context.environment.absolute(file);
    let resolved = resolved(&path);
    let below = resolved.strip_prefix(root).map_err(|_| {
        let what = format!("{} is not in the repository {}", file.display(), root.display());
        Failure::usage(what, "name a file of this repository")
    })?;
    Ok(TreePath::from(below))
}

/// The path with links of its directories resolved, as far as they are there, and without `..`.
fn resolved(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for component in path.components() {
        match component {
            Component::ParentDir => {
                plain.pop();
            }
            Component::CurDir => {}
            component => plain.push(component),
        }
    }
    let there = plain.ancestors().skip(1).find_map(|dir| Some((dir.canonicalize().ok()?, dir)));
    match there {
        Some((real, dir)) => real.join(plain.strip_prefix(dir).unwrap_or(&plain)),
        None => plain,
    }
}
