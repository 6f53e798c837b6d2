//! `sealbook module`: audits one module.

use std::path::{Path, PathBuf};

use sealbook_inspect::Options;

use super::{Context, init};
use crate::audit::{self, MODULES, Plan, Running};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::project::root_of;

/// Audit a module: dependencies, lines, complexity, imports, coverage of its tests
///
/// A module is a directory with a manifest (Cargo.toml, pyproject.toml, requirements.txt, package.json, go.mod,
/// pom.xml), or any directory that is named by its path. Its record holds a bill of materials, which `--format
/// cyclonedx` writes. Nothing is run and nothing is fetched; what could not be read or parsed makes the audit
/// incomplete.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  sealbook module shop-api
  sealbook module crates/api --include-tests
  sealbook module . --include-dependencies --format cyclonedx --output shop.cdx.json
  sealbook repo --sources git,file,module            every module of the repository")]
pub(crate) struct Args {
    /// The module's name, or its directory (with a `/` in it, or `.`)
    #[arg(value_name = "NAME")]
    name: String,
    /// Measure tests too
    #[arg(long)]
    include_tests: bool,
    /// List what the dependencies bring in too, not only what the module itself asks for
    #[arg(long)]
    include_dependencies: bool,
    /// Read also what .gitignore leaves out; what git tracks is read in any case
    #[arg(long)]
    no_ignore: bool,
    #[command(flatten)]
    running: Running,
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let mut options = Options::default();
    options.module.include_tests = args.include_tests;
    options.module.include_dependencies = args.include_dependencies;
    options.file.ignore_files = !args.no_ignore;
    let (target, name) = place(&args.name, context)?;
    options.module.name = Some(name);
    let plan = Plan { target, sources: vec!["module".to_owned()], options, show: MODULES, ..Plan::default() };
    audit::run(plan, &args.running, context)
}

/// The repository, and the module as it is called there.
pub(crate) fn place(name: &str, context: &Context) -> Result<(PathBuf, String), Failure> {
    let is_path = name.contains('/') || name == "." || name == "..";
    if !is_path {
        return Ok((root_of(&init::canonical(context, Path::new("."))?), name.to_owned()));
    }
    let directory = init::canonical(context, Path::new(name))?;
    let root = root_of(&directory);
    let below = directory.strip_prefix(&root).unwrap_or(Path::new(""));
    let below = below.to_str().ok_or_else(|| Failure::usage("the path is not UTF-8", "name the module by its name"))?;
    Ok((root.clone(), format!("./{below}")))
}
