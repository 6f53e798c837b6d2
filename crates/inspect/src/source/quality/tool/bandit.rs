//! bandit: what it prints as JSON.

use sealbook_record::Severity;
use serde::Deserialize;

use super::{Crash, Desk, Report, Said, Tool, json};

pub(super) struct Bandit;

#[derive(Deserialize)]
struct Printed {
    errors: Vec<Unread>,
    metrics: serde_json::Map<String, serde_json::Value>,
    results: Vec<Told>,
}

#[derive(Deserialize)]
struct Unread {
    filename: String,
    #[serde(default)]
    reason: Option<String>,
}

#[derive(Deserialize)]
struct Told {
    test_id: String,
    filename: String,
    line_number: u64,
    #[serde(default)]
    line_range: Vec<u64>,
    #[serde(default)]
    col_offset: Option<i64>,
    issue_text: String,
    issue_severity: String,
    issue_confidence: String,
}

impl Tool for Bandit {
    fn name(&self) -> &'static str {
        "bandit"
    }

    fn endings(&self) -> &'static [&'static str] {
        &["py", "pyi"]
    }

    fn configuration(&self) -> &'static [&'static str] {
        &[".bandit", "bandit.yaml", "pyproject.toml"]
    }

    fn run(&self, at: &Desk<'_>) -> Result<Report, Crash> {
        let version = at.version(&["--version"])?;
        let ran = at.look(&["-r", "-q", "-f", "json", "--exit-zero"])?;
        if ran.code != Some(0) {
            return Err(Crash::ended(&ran));
        }
        let printed: Printed = json("bandit", &ran.out)?;
        let files = printed.metrics.keys().filter(|name| *name != "_totals").count() as u64;
        let mut report = Report { version, files: Some(files), exit: ran.code, ..Report::default() };
        report.unread = printed.errors.into_iter().map(|it| (it.filename, "not_parsed", it.reason)).collect();
        for it in printed.results {
            // Tests are made of `assert`: bandit's own manual leaves it out there.
            let is_of_tests = it.test_id == "B101" && is_of_tests(&it.filename);
            let severity = match (it.issue_severity.as_str(), it.issue_confidence.as_str()) {
                ("HIGH", "HIGH" | "MEDIUM") => Severity::Error,
                ("HIGH", _) | ("MEDIUM", "HIGH" | "MEDIUM") => Severity::Warning,
                _ if is_of_tests => Severity::Debug,
                _ => Severity::Info,
            };
            report.said.push(Said {
                rule: format!("bandit.{}", it.test_id),
                severity,
                message: it.issue_text,
                path: it.filename,
                line: Some(it.line_number),
                line_end: it.line_range.last().copied(),
                column: it.col_offset.and_then(|column| u64::try_from(column).ok()).map(|column| column + 1),
            });
        }
        Ok(report)
    }
}

/// As pytest names files of tests, and where they usually lie.
fn is_of_tests(path: &str) -> bool {
    let mut parts = path.rsplit('/');
    let name = parts.next().unwrap_or_default();
    name.starts_with("test_")
        || name.ends_with("_test.py")
        || name == "conftest.py"
        || parts.any(|part| matches!(part, "test" | "tests"))
}
