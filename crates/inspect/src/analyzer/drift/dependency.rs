//! What is built in from elsewhere: lock files and manifests.

use sealbook_record::{Finding, Severity};

use super::change::{Change, listed};

const RULE: &str = "drift.dependency";
const LISTED_MAX: usize = 50;

/// A lock file, and the manifests whose change explains it.
const LOCKS: &[(&str, &[&str])] = &[
    ("Cargo.lock", &["Cargo.toml"]),
    ("package-lock.json", &["package.json"]),
    ("npm-shrinkwrap.json", &["package.json"]),
    ("pnpm-lock.yaml", &["package.json", "pnpm-workspace.yaml"]),
    ("yarn.lock", &["package.json"]),
    ("bun.lock", &["package.json"]),
    ("uv.lock", &["pyproject.toml"]),
    ("poetry.lock", &["pyproject.toml"]),
    ("Pipfile.lock", &["Pipfile"]),
    ("go.sum", &["go.mod"]),
    ("Gemfile.lock", &["Gemfile"]),
    ("composer.lock", &["composer.json"]),
];

pub(super) fn findings(changes: &[Change]) -> Vec<Finding> {
    let changed: Vec<&Change> = changes.iter().filter(|change| change.is_of_content()).collect();
    let found = changed.iter().filter_map(|change| {
        let (_, manifests) = LOCKS.iter().find(|(lock, _)| *lock == change.name())?;
        let is_explained = changed.iter().any(|other| manifests.contains(&other.name()));
        Some(finding(change, manifests, is_explained))
    });
    listed(found.collect(), LISTED_MAX)
}

fn finding(change: &Change, manifests: &[&str], is_explained: bool) -> Finding {
    let (severity, more) = if change.after.is_none() {
        (Severity::Warning, "; what is built now depends on what the registries offer".to_owned())
    } else if is_explained {
        (Severity::Info, String::new())
    } else {
        (Severity::Info, format!("; no {} changed with it", manifests.join(" or ")))
    };
    let message = format!("{} {}: other dependencies than before{more}", change.path, change.word());
    change.finding(RULE, severity, message, Some("Look through what came in, and from whom."))
}
