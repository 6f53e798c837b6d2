//! What `coverage json` writes (coverage.py).

use std::collections::BTreeMap;

use serde::Deserialize;

use super::Report;

#[derive(Deserialize)]
struct Whole {
    files: BTreeMap<String, File>,
}

#[derive(Deserialize)]
struct File {
    executed_lines: Vec<u32>,
    missing_lines: Vec<u32>,
}

pub(super) fn read(text: &str) -> Result<Report, String> {
    let whole: Whole =
        serde_json::from_str(text).map_err(|error| format!("neither coverage.py nor llvm-cov wrote this: {error}"))?;
    let mut report = Report { format: "coverage.py", ..Report::default() };
    for (path, file) in whole.files {
        let hits = report.files.entry(path).or_default();
        file.executed_lines.into_iter().for_each(|line| hits.add(line, true));
        file.missing_lines.into_iter().for_each(|line| hits.add(line, false));
    }
    Ok(report)
}
