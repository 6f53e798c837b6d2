//! Files that say how something else behaves.

use sealbook_record::{Finding, Severity};

use super::change::{Change, listed};

const RULE: &str = "drift.configuration";
/// As many are listed one by one.
const LISTED_MAX: usize = 50;

/// What such a file can do.
struct Sort {
    severity: Severity,
    what: &'static str,
    fits: fn(path: &str, name: &str) -> bool,
}

/// The first that fits counts.
const SORTS: &[Sort] = &[
    Sort { severity: Severity::Warning, what: "decides who may log in or act as whom", fits: is_access },
    Sort { severity: Severity::Warning, what: "runs on build servers, often with their secrets", fits: is_pipeline },
    Sort { severity: Severity::Warning, what: "runs by itself, at a time or at a start", fits: is_started },
    Sort { severity: Severity::Info, what: "says what agents and their tools may do", fits: is_agent },
    Sort { severity: Severity::Info, what: "configures what is built or run", fits: is_settings },
];

pub(super) fn findings(changes: &[Change]) -> Vec<Finding> {
    listed(changes.iter().filter(|change| change.is_of_content()).filter_map(finding).collect(), LISTED_MAX)
}

fn finding(change: &Change) -> Option<Finding> {
    let path = change.path.to_ascii_lowercase();
    let name = change.name().to_ascii_lowercase();
    let sort = SORTS.iter().find(|sort| (sort.fits)(&path, &name))?;
    let message = format!("{} {}; it {}", change.path, change.word(), sort.what);
    let is_grave = sort.severity >= Severity::Warning;
    let advice = is_grave.then_some("Review the change as you would review code.");
    Some(change.finding(RULE, sort.severity, message, advice))
}

fn within(path: &str, directory: &str) -> bool {
    path.strip_prefix(directory).is_some_and(|rest| rest.starts_with('/')) || path.contains(&format!("/{directory}/"))
}

fn is_access(path: &str, name: &str) -> bool {
    matches!(
        name,
        "sudoers" | "authorized_keys" | "sshd_config" | "passwd" | "shadow" | "group" | "pg_hba.conf" | "codeowners"
    ) || ["sudoers.d", "pam.d", ".ssh"].iter().any(|directory| within(path, directory))
}

fn is_pipeline(path: &str, name: &str) -> bool {
    matches!(name, ".gitlab-ci.yml" | "jenkinsfile" | "azure-pipelines.yml" | ".travis.yml" | "bitbucket-pipelines.yml")
        || [".github/workflows", ".github/actions", ".circleci", ".buildkite", ".gitea/workflows", ".forgejo/workflows"]
            .iter()
            .any(|directory| within(path, directory))
}

fn is_started(path: &str, name: &str) -> bool {
    let ends = |ending: &str| name.ends_with(ending);
    matches!(
        name,
        "crontab" | "rc.local" | ".bashrc" | ".profile" | ".zshrc" | ".bash_profile" | ".pre-commit-config.yaml"
    ) || [".service", ".timer", ".socket"].iter().any(|ending| ends(ending))
        || ["cron.d", "cron.daily", "cron.hourly", "init.d", ".husky", ".githooks"]
            .iter()
            .any(|directory| within(path, directory))
}

fn is_agent(path: &str, name: &str) -> bool {
    matches!(name, "agents.md" | "claude.md" | "gemini.md" | ".mcp.json" | ".cursorrules")
        || [".claude", ".cursor", ".codex", ".gemini"].iter().any(|directory| within(path, directory))
}

fn is_settings(_: &str, name: &str) -> bool {
    let ends = |ending: &str| name.ends_with(ending);
    matches!(name, "dockerfile" | "makefile" | "justfile" | "containerfile")
        || name.starts_with("dockerfile.")
        || name.starts_with(".env")
        || name.starts_with("docker-compose")
        || name.starts_with("compose.")
        || [".ini", ".cfg", ".conf", ".tf", ".tfvars", ".properties", ".toml"].iter().any(|ending| ends(ending))
}
