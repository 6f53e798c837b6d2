//! `sealbook repo`: audits a repository.

use std::path::PathBuf;

use sealbook_inspect::{Options, Refs};

use super::{Context, init};
use crate::audit::{self, Plan, Running};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::project::{bare_root, root_of};

/// What is read where nobody says it.
const DEFAULT: [&str; 3] = ["git", "file", "security"];

/// Audit a repository: seal what is in it, show findings, prove the book
///
/// Reads the git history and the files of the work tree around PATH. The first run makes the
/// project's book, and says where. Later runs read what is new, and compare the files with those
/// of the run before; of the history that was sealed before, loose objects alone are checked again,
/// and all of it with --again. Secrets are looked for in the files and in every line that a commit
/// added; what is found is never kept, only its rule, its length and a keyed digest. Of a bare repository the history is read and nothing is put into it.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  sealbook repo
  sealbook repo ~/src/shop --sources git
  sealbook repo --sources git,logs                   the history, and the logs in the tree
  sealbook repo --sources git,file,module            its modules too, with their bill of materials
  sealbook repo --again                              read and check the whole history once more
  sealbook repo --sources file --paranoid            read every file, also where nothing says that it changed
  sealbook repo --fail-on warning --output audit.md
  sealbook repo --baseline .audit/baseline-2024-01-01.json
  sealbook repo --sources git,file,module,security --advisories ~/advisory-db
  sealbook repo --rules .gitleaks.toml
  sealbook repo --per-file --format json | jq .run.findings")]
pub(crate) struct Args {
    /// Somewhere in the repository
    #[arg(value_name = "PATH", default_value = ".")]
    path: PathBuf,
    /// Which sources to read [default: git, where it is a git repository, file and security]; `log` reads the logs below PATH
    #[arg(long, value_name = "SOURCES", value_delimiter = ',', value_parser = audit::source_names())]
    sources: Vec<String>,
    /// One record for every file, changed or not
    #[arg(long)]
    per_file: bool,
    /// Read every file again, also where size, times and inode are what they were
    #[arg(long)]
    paranoid: bool,
    /// Only files whose path matches this glob
    #[arg(long, value_name = "GLOB")]
    pattern: Option<String>,
    /// Read also what .gitignore leaves out; what git tracks is read in any case
    #[arg(long)]
    no_ignore: bool,
    /// From which references to walk: `head`, `usual` (branches and tags) or `all` (whatever is under refs/)
    #[arg(long, value_name = "WHICH", default_value = "usual", value_parser = audit::refs())]
    refs: Refs,
    /// Read and check again what earlier runs sealed; nothing is sealed twice
    #[arg(long)]
    again: bool,
    /// Compare with this baseline too: its name, or its file
    #[arg(long, value_name = "NAME|FILE")]
    baseline: Option<PathBuf>,
    /// Rules for secrets in the form of gitleaks' configuration, in place of the built-in ones
    #[arg(long, value_name = "FILE")]
    rules: Option<PathBuf>,
    #[expect(clippy::doc_markdown, reason = "a name, shown as it is")]
    /// Hold the bills of materials against the advisories (OSV, RustSec) in this directory; reads the modules too
    #[arg(long, value_name = "DIR")]
    advisories: Option<PathBuf>,
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
    let target = root_of(&init::canonical(context, &args.path)?);
    let mut sources = args.sources.clone();
    if sources.is_empty() {
        sources = DEFAULT.iter().map(|name| (*name).to_owned()).collect();
        if bare_root(&target).is_some() {
            context.note("this is a bare repository: its history is read, nothing is put into it, and its book is named after it");
            sources.retain(|name| name == "git");
        } else if !target.join(".git").exists() {
            context.note("no git repository is here: only files are read");
            sources.retain(|name| name != "git");
        }
    }
    let mut options = Options::default();
    if args.advisories.is_some() {
        audit::add_modules(&mut sources, &mut options);
    }
    options.security = audit::security(context, args.rules.as_deref(), args.advisories.as_deref());
    options.git.secrets = !args.no_secrets;
    options.git.allowed_signers = args.allowed_signers.as_deref().map(|path| context.environment.absolute(path));
    options.file.per_file = args.per_file;
    options.file.paranoid = args.paranoid;
    options.git.refs = args.refs;
    options.git.again = args.again;
    options.file.pattern.clone_from(&args.pattern);
    options.file.ignore_files = !args.no_ignore;
    options.log.again = args.again;
    options.log.zone = Some((*context.environment.zone).clone());
    let show = if sources.iter().any(|name| name == "module") { audit::MODULES } else { &[] };
    let plan = Plan { target, sources, options, show, baseline: args.baseline.clone(), ..Plan::default() };
    audit::run(plan, &args.running, context)
}
