//! `cargo xtask licences`: every dependency comes from a registry, and its
//! licence lets anyone use Sealbook under Apache-2.0.

use serde_json::Value;

use crate::workspace::{Verdict, Workspace, fail, verdict};

/// Licences that ask for no more than a notice, as SPDX names them.
static ALLOWED: &[&str] = &[
    "0BSD",
    "Apache-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "MIT-0",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

/// Exceptions that only ever give more rights.
static EXCEPTIONS: &[&str] = &["LLVM-exception"];

pub(crate) fn run(workspace: &Workspace, _arguments: &[String]) -> Verdict {
    let metadata = workspace.metadata()?;
    let Some(packages) = metadata["packages"].as_array() else {
        return fail("cargo metadata: no packages");
    };
    let members: Vec<&str> =
        metadata["workspace_members"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let problems: Vec<String> = packages.iter().filter_map(|package| problem(package, &members)).collect();
    verdict(problems, || format!("{} packages, all from a registry or this workspace, all permissive", packages.len()))
}

fn problem(package: &Value, members: &[&str]) -> Option<String> {
    let name = format!("{} {}", package["name"].as_str().unwrap_or("?"), package["version"].as_str().unwrap_or("?"));
    match package["source"].as_str() {
        None if members.contains(&package["id"].as_str().unwrap_or("")) => {}
        None => {
            return Some(format!("{name}: a path outside this workspace; depend on a published version"));
        }
        Some(source) if source.starts_with("registry+") || source.starts_with("sparse+") => {}
        Some(source) => {
            return Some(format!("{name}: comes from {source}; depend on a published version"));
        }
    }
    match package["license"].as_str() {
        None => Some(format!("{name}: names no SPDX licence")),
        Some(expression) => match allows(expression) {
            Ok(true) => None,
            Ok(false) => Some(format!("{name}: licence `{expression}` is not on the list in xtask/src/licences.rs")),
            Err(why) => Some(format!("{name}: licence `{expression}` cannot be read: {why}")),
        },
    }
}

/// Whether an SPDX expression can be met from the list. `/` is the old spelling of `OR`.
fn allows(expression: &str) -> Result<bool, String> {
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut at = 0;
    let allowed = any(&words, &mut at)?;
    if at == words.len() { Ok(allowed) } else { Err(format!("`{}` is not expected there", words[at])) }
}

fn any(words: &[&str], at: &mut usize) -> Result<bool, String> {
    let mut allowed = all(words, at)?;
    while words.get(*at) == Some(&"OR") {
        *at += 1;
        allowed |= all(words, at)?;
    }
    Ok(allowed)
}

fn all(words: &[&str], at: &mut usize) -> Result<bool, String> {
    let mut allowed = one(words, at)?;
    while words.get(*at) == Some(&"AND") {
        *at += 1;
        allowed &= one(words, at)?;
    }
    Ok(allowed)
}

fn one(words: &[&str], at: &mut usize) -> Result<bool, String> {
    let Some(word) = words.get(*at) else {
        return Err("it ends too early".to_owned());
    };
    *at += 1;
    if *word == "(" {
        let allowed = any(words, at)?;
        if words.get(*at) != Some(&")") {
            return Err("a bracket is not closed".to_owned());
        }
        *at += 1;
        return Ok(allowed);
    }
    let mut allowed = ALLOWED.contains(word);
    if words.get(*at) == Some(&"WITH") {
        let exception = words.get(*at + 1).ok_or("it ends too early")?;
        allowed &= EXCEPTIONS.contains(exception);
        *at += 2;
    }
    Ok(allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_are_met_from_the_list() {
        for expression in [
            "MIT",
            "MIT OR GPL-3.0-only",
            "MIT/Apache-2.0",
            "(MIT OR Apache-2.0) AND Unicode-3.0",
            "Apache-2.0 WITH LLVM-exception OR GPL-2.0",
        ] {
            assert_eq!(allows(expression), Ok(true), "{expression}");
        }
        for expression in
            ["GPL-3.0-only", "MIT AND GPL-3.0-only", "Apache-2.0 WITH Other-exception", "(GPL-2.0 OR LGPL-2.1) AND MIT"]
        {
            assert_eq!(allows(expression), Ok(false), "{expression}");
        }
        for expression in ["", "MIT OR", "(MIT", "MIT Apache-2.0"] {
            assert!(allows(expression).is_err(), "{expression}");
        }
    }

    #[test]
    fn a_git_or_stray_path_dependency_is_a_problem() {
        let package = |source: Value| serde_json::json!({"name": "a", "version": "1.0.0", "id": "a", "license": "MIT", "source": source});
        assert_eq!(problem(&package(Value::Null), &["a"]), None);
        assert!(problem(&package(Value::Null), &[]).is_some());
        assert!(problem(&package("git+https://example.org/a".into()), &[]).is_some());
        assert_eq!(problem(&package("registry+https://example.org/index".into()), &[]), None);
    }
}
