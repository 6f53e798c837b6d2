//! mypy: what it prints as JSON, one object per line.

use sealbook_record::Severity;
use serde::Deserialize;

use super::{Crash, Desk, Report, Said, Tool};
use crate::reach::Trust;
use crate::source::quality::tree::Tree;

pub(super) struct Mypy;

#[derive(Deserialize)]
struct Told {
    file: String,
    line: i64,
    column: i64,
    message: String,
    code: Option<String>,
    severity: String,
}

impl Tool for Mypy {
    fn name(&self) -> &'static str {
        "mypy"
    }

    /// Its plugins are modules of Python that the configuration names.
    fn trust(&self, tree: &Tree) -> Trust {
        let names_plugins = |name: &&str| tree.text(name).is_some_and(|text| text.contains("plugins"));
        if self.configuration().iter().any(names_plugins) { Trust::Tree } else { Trust::Own }
    }

    fn endings(&self) -> &'static [&'static str] {
        &["py", "pyi"]
    }

    fn configuration(&self) -> &'static [&'static str] {
        &["mypy.ini", ".mypy.ini", "pyproject.toml", "setup.cfg"]
    }

    fn run(&self, at: &Desk<'_>) -> Result<Report, Crash> {
        let version = at.version(&["--version"])?;
        let ran = at.look(&["--output", "json", "--cache-dir", "/dev/null", "--no-color-output"])?;
        let out = String::from_utf8_lossy(&ran.out).into_owned();
        let told: Vec<Told> = out.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
        // 0: nothing; 1: something; 2: it could not go on.
        let is_blocked = ran.code == Some(2) && !told.is_empty();
        if !matches!(ran.code, Some(0 | 1)) && !is_blocked {
            return Err(Crash::ended(&ran));
        }
        if ran.code == Some(1) && told.is_empty() {
            return Err(Crash::garbled("mypy"));
        }
        let mut report = Report { version, exit: ran.code, ..Report::default() };
        if is_blocked {
            // One file that it cannot read keeps it from all others.
            report.unread.extend(told.iter().map(|it| (it.file.clone(), "not_parsed", Some(it.message.clone()))));
            report.unread.dedup();
            let why = "it read nothing else for it".to_owned();
            report.unread.push((".".to_owned(), "blocked", Some(why)));
        }
        for it in told {
            let code = it.code.as_deref().unwrap_or("note");
            // What is not installed here says nothing of the code.
            let is_of_place = code.starts_with("import");
            let severity = match it.severity.as_str() {
                "error" if !is_of_place => Severity::Warning,
                _ => Severity::Info,
            };
            report.said.push(Said {
                rule: format!("mypy.{code}"),
                severity: if code == "syntax" { Severity::Error } else { severity },
                message: it.message,
                path: it.file,
                line: u64::try_from(it.line).ok().filter(|line| *line > 0),
                line_end: None,
                column: u64::try_from(it.column).ok().map(|column| column + 1),
            });
        }
        Ok(report)
    }
}
