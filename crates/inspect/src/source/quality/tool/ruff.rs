//! ruff: what it prints as JSON.

use std::ffi::OsString;

use sealbook_record::Severity;
use serde::Deserialize;

use super::{Crash, Desk, Report, Said, Tool, json};

pub(super) struct Ruff;

#[derive(Deserialize)]
struct Told {
    code: Option<String>,
    message: String,
    filename: String,
    location: Option<Place>,
    end_location: Option<Place>,
}

#[derive(Deserialize)]
struct Place {
    row: u64,
    column: u64,
}

impl Tool for Ruff {
    fn name(&self) -> &'static str {
        "ruff"
    }

    fn endings(&self) -> &'static [&'static str] {
        &["py", "pyi", "ipynb"]
    }

    fn configuration(&self) -> &'static [&'static str] {
        &["ruff.toml", ".ruff.toml", "pyproject.toml"]
    }

    fn run(&self, at: &Desk<'_>) -> Result<Report, Crash> {
        let version = at.version(&["--version"])?;
        let settings = at.look(&["check", "--show-settings"])?;
        if settings.code != Some(0) {
            return Err(Crash::ended(&settings));
        }
        let rules = rules_of(&String::from_utf8_lossy(&settings.out));
        let files = at.look(&["check", "--show-files"])?;
        let files = String::from_utf8_lossy(&files.out).lines().filter(|line| !line.trim().is_empty()).count() as u64;
        let ran = at.look(&["check", "--output-format", "json", "--no-cache", "--no-fix", "--exit-zero"])?;
        if ran.code != Some(0) {
            return Err(Crash::ended(&ran));
        }
        let told: Vec<Told> = json("ruff", &ran.out)?;
        let mut report = Report { version, rules, files: Some(files), exit: ran.code, ..Report::default() };
        for it in told {
            let code = it.code.as_deref().unwrap_or("invalid-syntax");
            if code == "invalid-syntax" || code == "E902" {
                report.unread.push((it.filename.clone(), "not_parsed", Some(it.message.clone())));
            }
            report.said.push(Said {
                rule: format!("ruff.{code}"),
                severity: severity(code),
                message: it.message,
                path: it.filename,
                line: it.location.as_ref().map(|place| place.row),
                line_end: it.end_location.as_ref().map(|place| place.row),
                column: it.location.as_ref().map(|place| place.column),
            });
        }
        Ok(report)
    }

    fn fix(&self, at: &Desk<'_>) -> Option<Vec<OsString>> {
        let words = ["check", "--fix", "--no-cache", "--exit-zero", "--quiet", "--"];
        Some(words.iter().map(OsString::from).chain([at.target.clone()]).collect())
    }
}

/// What cannot run is an error, what may be wrong a warning, and taste information.
fn severity(code: &str) -> Severity {
    if code == "invalid-syntax" || code.starts_with("E9") || code.starts_with("F82") || code.starts_with("F7") {
        return Severity::Error;
    }
    // Pyflakes, bugbear, bandit's rules and pylint's errors; all other families are about style.
    let family = code.trim_end_matches(|it: char| it.is_ascii_digit());
    if matches!(family, "F" | "B" | "S" | "PLE") { Severity::Warning } else { Severity::Info }
}

/// How many rules are on, as `--show-settings` lists them.
fn rules_of(settings: &str) -> Option<u64> {
    let (_, list) = settings.split_once("linter.rules.enabled = [")?;
    let list = list.split_once(']').map_or(list, |(list, _)| list);
    Some(list.lines().filter(|line| line.contains('(')).count() as u64)
}

#[cfg(test)]
mod tests {
    #[test]
    fn what_may_be_wrong_weighs_more_than_style() {
        let of = |code: &str| super::severity(code).as_str();
        assert_eq!(
            ["F821", "F401", "B006", "PLE2502", "SIM102", "FURB192", "BLE001"].map(of),
            ["error", "warning", "warning", "warning", "info", "info", "info"]
        );
    }

    #[test]
    fn rules_are_counted_as_they_are_listed() {
        let of = super::rules_of;
        assert_eq!(
            of("x\nlinter.rules.enabled = [\n\ta (E1),\n\tb (E2),\n]\nlinter.rules.should_fix = [\n\tc (E3)]"),
            Some(2)
        );
        assert_eq!(of("linter.rules.enabled = []\nlinter.x = [\n\tc (E3)]"), Some(0));
        assert_eq!(of("nothing"), None);
    }
}
