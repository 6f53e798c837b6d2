//! clippy, by way of cargo: its messages as JSON, one object per line.

use std::collections::BTreeSet;
use std::ffi::OsString;

use sealbook_record::Severity;
use serde::Deserialize;

use super::{Crash, Desk, Report, Said, Tool};
use crate::reach::Trust;
use crate::source::quality::tree::Tree;

pub(super) struct Clippy;

#[derive(Deserialize)]
struct Line {
    reason: String,
    #[serde(default)]
    message: Option<Message>,
    #[serde(default)]
    package_id: String,
    #[serde(default)]
    success: Option<bool>,
}

#[derive(Deserialize)]
struct Message {
    message: String,
    level: String,
    code: Option<Code>,
    spans: Vec<Span>,
}

#[derive(Deserialize)]
struct Code {
    code: String,
}

#[derive(Deserialize)]
struct Span {
    file_name: String,
    line_start: u64,
    line_end: u64,
    column_start: u64,
    is_primary: bool,
}

impl Tool for Clippy {
    fn name(&self) -> &'static str {
        "clippy"
    }

    /// Cargo runs build scripts and macros.
    fn trust(&self, _: &Tree) -> Trust {
        Trust::Tree
    }

    fn endings(&self) -> &'static [&'static str] {
        &["rs"]
    }

    fn applies(&self, tree: &Tree) -> bool {
        tree.has(&["rs"]) && tree.text("Cargo.toml").is_some()
    }

    fn configuration(&self) -> &'static [&'static str] {
        &["clippy.toml", ".clippy.toml", "Cargo.toml"]
    }

    fn run(&self, at: &Desk<'_>) -> Result<Report, Crash> {
        let version = at.version(&["clippy", "--version"])?;
        let mut arguments = vec!["clippy", "--workspace", "--all-targets", "--message-format", "json", "--quiet"];
        if at.tree.text("Cargo.lock").is_some() {
            arguments.push("--locked");
        }
        let ran = at.ask(&arguments)?;
        let out = String::from_utf8_lossy(&ran.out).into_owned();
        let lines: Vec<Line> = out.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
        let has_ended = lines.iter().any(|line| line.reason == "build-finished");
        if !has_ended {
            return Err(Crash::ended(&ran));
        }
        let packages: BTreeSet<&str> = lines
            .iter()
            .filter(|line| line.reason == "compiler-artifact" && line.package_id.starts_with("path+"))
            .map(|line| line.package_id.as_str())
            .collect();
        let mut report = Report { version, exit: ran.code, ..Report::default() };
        if packages.is_empty() || lines.iter().any(|line| line.success == Some(false)) {
            report.unread.push((".".to_owned(), "not_built", None));
        }
        let messages =
            lines.iter().filter(|line| line.reason == "compiler-message").filter_map(|it| it.message.as_ref());
        // Each target of a package says the same of what they share.
        let mut known = BTreeSet::new();
        for message in messages {
            let Some(code) = &message.code else { continue };
            let Some(span) = message.spans.iter().find(|span| span.is_primary) else { continue };
            if !known.insert((&code.code, &span.file_name, span.line_start, span.column_start, &message.message)) {
                continue;
            }
            report.said.push(Said {
                rule: format!("clippy.{}", code.code.trim_start_matches("clippy::")),
                severity: if message.level == "error" { Severity::Error } else { Severity::Warning },
                message: message.message.clone(),
                path: span.file_name.clone(),
                line: Some(span.line_start),
                line_end: Some(span.line_end),
                column: Some(span.column_start),
            });
        }
        Ok(report)
    }

    fn fix(&self, _: &Desk<'_>) -> Option<Vec<OsString>> {
        let words = [
            "clippy",
            "--fix",
            "--workspace",
            "--all-targets",
            "--allow-dirty",
            "--allow-staged",
            "--allow-no-vcs",
            "--quiet",
        ];
        Some(words.iter().map(OsString::from).collect())
    }
}
