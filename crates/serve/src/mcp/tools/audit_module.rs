//! `audit_module`: what a module is made of.

use rmcp::schemars::JsonSchema;
use sealbook_inspect::Options;
use serde::Deserialize;

use super::audit::{self, Audited};
use crate::Error;
use crate::mcp::answer::Answer;
use crate::mcp::tool::{Call, Definition, Effect, always, input, output};

pub(super) static TOOL: Definition = Definition {
    name: "audit_module",
    title: "Audit a module",
    about: "Measure a module, a directory with a manifest (Cargo.toml, pyproject.toml, package.json, go.mod, pom.xml) or \
            any directory by its path: lines by language, complexity by function, the import graph and its cycles, \
            lines that tests ran, dependencies as a CycloneDX bill of materials. Nothing is run or fetched. The audit \
            is sealed in the book.",
    effect: Effect::Records,
    input: input::<Arguments>,
    output: output::<Audited>,
    is_gated: always,
    run,
};

/// Which module, and how much of it.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(crate = "rmcp::schemars")]
#[serde(deny_unknown_fields)]
struct Arguments {
    /// The module's name in the repository of the first root, or its directory (with a `/` in it, or `.`) below the
    /// server's roots
    module_name: String,
    /// Measure tests too
    #[serde(default)]
    include_tests: bool,
    /// List what the dependencies bring in too
    #[serde(default)]
    include_dependencies: bool,
}

fn run(call: &Call<'_>) -> Result<Answer, Error> {
    let asked: Arguments = call.read()?;
    let roots = &call.desk.setup.roots;
    let is_path = asked.module_name.contains('/') || asked.module_name == "." || asked.module_name == "..";
    let directory = roots.path(if is_path { &asked.module_name } else { "." })?;
    let root = roots.repository(&directory)?.unwrap_or_else(|| roots.around(&directory));
    let mut options = Options::default();
    options.module.name = Some(if is_path {
        let below = directory.strip_prefix(&root).unwrap_or(&directory);
        format!("./{}", below.to_string_lossy())
    } else {
        asked.module_name
    });
    options.module.include_tests = asked.include_tests;
    options.module.include_dependencies = asked.include_dependencies;
    audit::run(call, root.clone(), root, &["module"], options, &["module.audited"])
}
