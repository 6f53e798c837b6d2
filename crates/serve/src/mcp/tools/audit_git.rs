//! `audit_git`: a repository's history.

use rmcp::schemars::JsonSchema;
use sealbook_inspect::{Options, TreePath};
use serde::Deserialize;

use super::audit::{self, Audited};
use crate::Error;
use crate::mcp::answer::Answer;
use crate::mcp::tool::{Call, Definition, Effect, always, input, output};

pub(super) static TOOL: Definition = Definition {
    name: "audit_git",
    title: "Audit a git history",
    about: "Seal one record per commit and one per branch and tag, and say what was found: every object that is read \
            is checked against its own name, so a forged one is named. Without since and author it goes on from where \
            the last audit ended.",
    effect: Effect::Records,
    input: input::<Arguments>,
    output: output::<Audited>,
    is_gated: always,
    run,
};

/// Which history.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(crate = "rmcp::schemars")]
#[serde(deny_unknown_fields)]
struct Arguments {
    /// A repository, or a file of one whose history alone is meant; below the server's roots, relative to the first
    target: String,
    /// Only commits at or after this time: `7 days ago`, `2024-01-31`, RFC 3339
    since: Option<String>,
    /// Only commits whose author's name or address contains this
    author: Option<String>,
}

fn run(call: &Call<'_>) -> Result<Answer, Error> {
    let asked: Arguments = call.read()?;
    let roots = &call.desk.setup.roots;
    let target = roots.path(&asked.target)?;
    let Some(repository) = roots.repository(&target)? else {
        let why = "`target` is in no git repository below the roots".to_owned();
        return Err(Error::Arguments { why });
    };
    let mut options = Options::default();
    options.git.since = asked.since.as_deref().map(|text| call.desk.time("since", text)).transpose()?;
    options.git.secrets = true;
    options.git.authors = asked.author.into_iter().collect();
    if target.is_file() {
        let below = target.strip_prefix(&repository).expect("the repository is above the target");
        options.git.file = Some(TreePath::from(below));
    }
    audit::run(call, repository.clone(), repository, &["git"], options, &["git.commit"])
}
