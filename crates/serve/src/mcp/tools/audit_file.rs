//! `audit_file`: what a file or a directory is, and what changed since it was audited last.

use std::path::Path;

use rmcp::schemars::JsonSchema;
use sealbook_inspect::{Options, TreePath};
use serde::Deserialize;

use super::audit::{self, Audited};
use crate::Error;
use crate::mcp::answer::Answer;
use crate::mcp::tool::{Call, Definition, Effect, always, input, output};

pub(super) static TOOL: Definition = Definition {
    name: "audit_file",
    title: "Audit a file",
    about: "Record content hash, size, mode, owner, times and links of a file, or of all files below a directory, and \
            what changed since the audit before; with include_git also the file's history. Content is not stored. \
            The audit is sealed in the book.",
    effect: Effect::Records,
    input: input::<Arguments>,
    output: output::<Audited>,
    is_gated: always,
    run,
};

/// What to look at.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(crate = "rmcp::schemars")]
#[serde(deny_unknown_fields)]
struct Arguments {
    /// A file or a directory below the server's roots; relative to the first of them
    file_path: String,
    /// Read the file's git history too
    #[serde(default)]
    include_git: bool,
}

fn run(call: &Call<'_>) -> Result<Answer, Error> {
    let asked: Arguments = call.read()?;
    let roots = &call.desk.setup.roots;
    let target = roots.path(&asked.file_path)?;
    let mut options = Options::default();
    options.file.per_file = target.is_file();
    let directory = if target.is_dir() { &target } else { target.parent().unwrap_or(Path::new("/")) };
    let repository = if asked.include_git { roots.repository(&target)? } else { None };
    let base = repository.clone().unwrap_or_else(|| directory.to_owned());
    if !asked.include_git {
        return audit::run(call, target, base, &["file"], options, &["file.observed"]);
    }
    if repository.is_none() {
        let why = "`include_git`: the path is in no git repository below the roots".to_owned();
        return Err(Error::Arguments { why });
    }
    let below = target.strip_prefix(&base).expect("the repository is above the target");
    if !below.as_os_str().is_empty() {
        options.git.file = Some(TreePath::from(below));
    }
    audit::run(call, target, base, &["git", "file"], options, &["git.commit", "file.observed"])
}
