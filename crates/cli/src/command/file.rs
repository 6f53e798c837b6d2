//! `sealbook file`: audits a file, a directory, or all that match a pattern.

use std::path::{Path, PathBuf};

use sealbook_inspect::Options;

use super::{Context, git, init};
use crate::audit::{self, Plan, Running};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::project::root_of;

/// Audit a file, a directory, or all files that match a pattern
///
/// Records content hash, size, mode, owner, times and links, and what changed since the audit of
/// the same target before. Content itself is not stored.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  sealbook file src/main.rs
  sealbook file 'src/**/*.rs' --pattern
  sealbook file src/main.rs --include-git            with its git history
  sealbook file /etc --no-hash --book host")]
#[expect(clippy::struct_excessive_bools, reason = "each is an option of its own")]
pub(crate) struct Args {
    /// A file or a directory; with --pattern a glob
    #[arg(value_name = "PATH")]
    path: PathBuf,
    /// PATH is a glob, such as `base/**/*.py`
    #[arg(long)]
    pattern: bool,
    /// Read the file's git history too
    #[arg(long, conflicts_with = "pattern")]
    include_git: bool,
    /// One record for every file, changed or not
    #[arg(long)]
    per_file: bool,
    /// Read every file again, also where size, times and inode are what they were
    #[arg(long)]
    paranoid: bool,
    /// Sizes, modes and times only; contents are not read
    #[arg(long)]
    no_hash: bool,
    /// Read also what .gitignore leaves out; what git tracks is read in any case
    #[arg(long)]
    no_ignore: bool,
    #[command(flatten)]
    running: Running,
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let mut options = Options::default();
    options.file.per_file = args.per_file || args.pattern;
    options.file.paranoid = args.paranoid;
    options.file.include_hash = !args.no_hash;
    options.file.ignore_files = !args.no_ignore;
    let mut sources = vec!["file".to_owned()];
    let target = if args.pattern {
        let (directory, glob) = split(&args.path)?;
        options.file.pattern = Some(glob);
        init::canonical(context, &directory)?
    } else {
        init::canonical(context, &args.path)?
    };
    if args.include_git {
        options.git.file = Some(git::in_tree(context, &root_of(&target), &args.path)?);
        sources.insert(0, "git".to_owned());
    }
    let plan = Plan { target, sources, options, show: &["git.commit", "file.observed"], ..Plan::default() };
    audit::run(plan, &args.running, context)
}

/// A glob as the directory that it begins with and the rest.
fn split(glob: &Path) -> Result<(PathBuf, String), Failure> {
    let text =
        glob.to_str().ok_or_else(|| Failure::usage("the pattern is not UTF-8", "match the odd names with `*`"))?;
    let wild = text.find(['*', '?', '[', '{']).unwrap_or(text.len());
    let (directory, rest) = match text[..wild].rfind('/') {
        Some(0) => ("/", &text[1..]),
        Some(slash) => (&text[..slash], &text[slash + 1..]),
        None => (".", text),
    };
    Ok((PathBuf::from(directory), rest.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_glob_begins_with_a_directory() {
        let of = |glob: &str| split(Path::new(glob)).unwrap();
        assert_eq!(of("base/**/*.py"), ("base".into(), "**/*.py".into()));
        assert_eq!(of("*.py"), (".".into(), "*.py".into()));
        assert_eq!(of("/etc/*.conf"), ("/etc".into(), "*.conf".into()));
        assert_eq!(of("/*.conf"), ("/".into(), "*.conf".into()));
        assert_eq!(of("a/b{1,2}/c"), ("a".into(), "b{1,2}/c".into()));
    }
}
