//! Test coverage, as other programs report it: lcov, Cobertura, coverage.py's JSON and llvm-cov's JSON.

mod cobertura;
mod coverage_py;
mod lcov;
mod llvm_cov;

use std::collections::HashMap;

/// Lines that tests ran through, by file as the report names it.
#[derive(Debug, Default)]
pub(super) struct Report {
    pub(super) format: &'static str,
    pub(super) files: HashMap<String, Hits>,
    /// Directories that names in the report begin from.
    pub(super) bases: Vec<String>,
}

/// Lines that could run, in order, and whether they did.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Hits(Vec<(u32, bool)>);

impl Hits {
    pub(super) fn add(&mut self, line: u32, ran: bool) {
        self.0.push((line, ran));
    }

    /// Puts them in order; a line that is told several times ran if it ran once.
    fn sort(&mut self) {
        self.0.sort_unstable();
        self.0.dedup_by(|next, kept| {
            let same = next.0 == kept.0;
            kept.1 |= same && next.1;
            same
        });
    }

    /// Takes up what another report says of the same file.
    pub(super) fn join(&mut self, other: &Self) {
        self.0.extend(&other.0);
        self.sort();
    }

    /// How many of the lines from `first` to `last` ran, and of how many.
    pub(super) fn between(&self, first: u32, last: u32) -> (u64, u64) {
        let start = self.0.partition_point(|(line, _)| *line < first);
        let within = self.0[start..].iter().take_while(|(line, _)| *line <= last);
        within.fold((0, 0), |(ran, all), (_, hit)| (ran + u64::from(*hit), all + 1))
    }
}

/// Names that reports usually have, and places where they usually lie.
pub(super) static PLACES: &[&str] = &[
    "lcov.info",
    "coverage.info",
    "coverage.lcov",
    "coverage/lcov.info",
    "target/lcov.info",
    "target/coverage/lcov.info",
    "target/llvm-cov/lcov.info",
    "coverage.xml",
    "cobertura.xml",
    "coverage/cobertura.xml",
    "coverage/cobertura-coverage.xml",
    "target/coverage/cobertura.xml",
    "target/site/cobertura/coverage.xml",
    "build/reports/cobertura.xml",
    "coverage.json",
    "coverage/coverage.json",
    "llvm-cov.json",
    "coverage/llvm-cov.json",
    "target/llvm-cov/llvm-cov.json",
];

/// Reads a report, whose format its content tells.
pub(super) fn read(text: &str) -> Result<Report, String> {
    let head = text.trim_start_matches('\u{feff}').trim_start();
    let mut report = if head.starts_with('<') {
        cobertura::read(text)
    } else if head.starts_with('{') {
        if head[..head.floor_char_boundary(4_096)].contains("\"data\"") && text.contains("llvm.coverage.json.export") {
            llvm_cov::read(text)
        } else {
            coverage_py::read(text)
        }
    } else {
        lcov::read(text)
    }?;
    report.files.values_mut().for_each(Hits::sort);
    Ok(report)
}
