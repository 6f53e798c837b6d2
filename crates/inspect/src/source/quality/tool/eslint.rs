//! eslint: what it prints as JSON.

use std::ffi::OsString;

use sealbook_record::Severity;
use serde::Deserialize;
use serde_json::Value;

use super::{Crash, Desk, Report, Said, Tool, json};
use crate::reach::Trust;
use crate::source::quality::tree::Tree;

pub(super) struct Eslint;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct OfFile {
    file_path: String,
    messages: Vec<Told>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Told {
    rule_id: Option<String>,
    severity: u8,
    message: String,
    #[serde(default)]
    line: Option<u64>,
    #[serde(default)]
    end_line: Option<u64>,
    #[serde(default)]
    column: Option<u64>,
    #[serde(default)]
    fatal: bool,
}

impl Tool for Eslint {
    fn name(&self) -> &'static str {
        "eslint"
    }

    /// Its configuration is a program.
    fn trust(&self, _: &Tree) -> Trust {
        Trust::Tree
    }

    fn endings(&self) -> &'static [&'static str] {
        &["js", "mjs", "cjs", "jsx", "ts", "mts", "cts", "tsx"]
    }

    fn configuration(&self) -> &'static [&'static str] {
        &["eslint.config.js", "eslint.config.mjs", "eslint.config.cjs", "eslint.config.ts", "package.json"]
    }

    fn run(&self, at: &Desk<'_>) -> Result<Report, Crash> {
        let version = at.version(&["--version"])?;
        let ran = at.look(&["--format", "json", "--no-color"])?;
        // 0: nothing grave; 1: something; 2: it could not go on.
        if !matches!(ran.code, Some(0 | 1)) {
            return Err(Crash::ended(&ran));
        }
        let told: Vec<OfFile> = json("eslint", &ran.out)?;
        let mut report = Report { version, files: Some(told.len() as u64), exit: ran.code, ..Report::default() };
        if let Some(first) = told.first() {
            report.rules = rules_of(at, &first.file_path);
        }
        for (path, it) in
            told.into_iter().flat_map(|file| file.messages.into_iter().map(move |it| (file.file_path.clone(), it)))
        {
            if it.fatal {
                report.unread.push((path.clone(), "not_parsed", Some(it.message.clone())));
            }
            let Some(rule) = it.rule_id.or_else(|| it.fatal.then(|| "parse".to_owned())) else { continue };
            report.said.push(Said {
                severity: match (rule.as_str(), it.severity) {
                    ("parse", _) => Severity::Error,
                    (_, 2) => Severity::Warning,
                    _ => Severity::Info,
                },
                rule: format!("eslint.{rule}"),
                message: it.message,
                path,
                line: it.line,
                line_end: it.end_line,
                column: it.column,
            });
        }
        Ok(report)
    }

    fn fix(&self, at: &Desk<'_>) -> Option<Vec<OsString>> {
        Some(["--fix", "--quiet", "--"].iter().map(OsString::from).chain([at.target.clone()]).collect())
    }
}

/// How many rules are on for a file.
fn rules_of(at: &Desk<'_>, path: &str) -> Option<u64> {
    let ran = at.ask(&["--print-config", path]).ok().filter(|ran| ran.code == Some(0))?;
    let config: Value = serde_json::from_slice(&ran.out).ok()?;
    let is_on = |rule: &Value| {
        let level = rule.as_array().map_or(rule, |list| list.first().unwrap_or(rule));
        !(level == 0 || level == "off")
    };
    Some(config["rules"].as_object().map_or(0, |rules| rules.values().filter(|rule| is_on(rule)).count()) as u64)
}
