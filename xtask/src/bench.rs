//! `cargo xtask bench [NAME…] [--write] [--strict]`: runs the benchmarks in
//! release and prints one table of ratios.
//!
//! A benchmark is a program that measures ours and a yardstick in turns, in the
//! same run, and prints one JSON object per result to standard output:
//!
//! ```json
//! {"bench":"append","what":"batch append, 1,024 records","ours":101000,"yardstick":180000,
//!  "unit":"records/s","ratio":0.56,"target":0.45,"bound":"at_least","pairs":5}
//! ```
//!
//! `bench`, `what` and `ratio` are needed. `target` is what the ratio is held
//! to, `bound` says from which side (`at_least`, or `at_most` for times and
//! sizes). `pairs` is how many pairs the figures are the median of. Lines with
//! the same `bench` and `what` are pairs themselves: their medians are taken
//! here. Other lines are shown and otherwise ignored.
//!
//! `--write` puts the rows into the table of docs/benchmarks.md; rows of
//! benchmarks that did not run stay. Missed targets are named
//! in the table; `--strict` makes them a failure.

use std::path::Path;

use serde_json::Value;

use crate::workspace::{Verdict, Workspace, fail};

/// Every benchmark of `sealbook-benches`, in the order of the table.
static BENCHES: &[&str] = &[
    "append",
    "sustained",
    "signed",
    "submitters",
    "verify",
    "signatures",
    "query",
    "files",
    "recheck",
    "git",
    "fused",
    "logs",
    "modules",
    "size",
    "rules",
    "hook",
    "wrap",
    "http",
    "http-memory",
    "peers",
    "replay",
];

/// Cargo's arguments for the program that holds them all, and for the one that some of them start.
const BUILD: &[&str] = &["build", "--release", "--quiet", "--package", "sealbook-benches", "--package", "sealbook-cli"];
/// Where the first of the two then lies, in the target directory.
const PROGRAM: &str = "release/sealbook-bench";

/// The page that `--write` puts the table into, between the two marks.
const PAGE: &str = "docs/benchmarks.md";
const BEGIN: &str = "<!-- table: cargo xtask bench --write -->";
const END: &str = "<!-- /table -->";

pub(crate) fn run(workspace: &Workspace, arguments: &[String]) -> Verdict {
    let (flags, names): (Vec<&str>, Vec<&str>) =
        arguments.iter().map(String::as_str).partition(|word| word.starts_with("--"));
    if let Some(flag) = flags.iter().find(|flag| !matches!(**flag, "--write" | "--strict")) {
        return fail(format!("`{flag}`: takes NAME…, --write and --strict"));
    }
    if let Some(name) = names.iter().find(|name| !BENCHES.contains(name)) {
        let known = BENCHES.join(", ");
        return fail(format!("no benchmark `{name}`; there are: {known}"));
    }
    Workspace::follow(&mut workspace.command("cargo", BUILD))?;
    let metadata = workspace.metadata()?;
    let program = Path::new(metadata["target_directory"].as_str().unwrap_or("target")).join(PROGRAM);
    let mut results = Vec::new();
    for bench in BENCHES.iter().filter(|bench| names.is_empty() || names.contains(bench)) {
        let mut command = workspace.command(&program.display().to_string(), &[]);
        let lines = Workspace::follow(command.arg(bench))?;
        let found: Vec<Line> = lines.iter().filter_map(|line| Line::parse(line)).collect();
        if found.is_empty() {
            return fail(format!("benchmark `{bench}` printed no result"));
        }
        results.extend(medians(found));
    }
    println!("\n{}", table(&results));
    if flags.contains(&"--write") {
        write(&workspace.root.join(PAGE), &results)?;
    }
    let missed: Vec<String> = results
        .iter()
        .filter(|line| line.met() == Some(false))
        .map(|line| format!("missed: {}: {:.2}", line.what, line.ratio))
        .collect();
    if flags.contains(&"--strict") && !missed.is_empty() {
        return Err(missed);
    }
    Ok(format!("{} results, {} below their target", results.len(), missed.len()))
}

/// One result.
#[derive(Debug, Clone, PartialEq)]
struct Line {
    bench: String,
    what: String,
    unit: String,
    ours: Option<f64>,
    yardstick: Option<f64>,
    ratio: f64,
    target: Option<f64>,
    at_most: bool,
    pairs: u64,
}

impl Line {
    fn parse(text: &str) -> Option<Self> {
        let value: Value = serde_json::from_str(text).ok()?;
        Some(Self {
            bench: value["bench"].as_str()?.to_owned(),
            what: value["what"].as_str()?.to_owned(),
            unit: value["unit"].as_str().unwrap_or("").to_owned(),
            ours: value["ours"].as_f64(),
            yardstick: value["yardstick"].as_f64(),
            ratio: value["ratio"].as_f64()?,
            target: value["target"].as_f64(),
            at_most: value["bound"].as_str() == Some("at_most"),
            pairs: value["pairs"].as_u64().unwrap_or(1),
        })
    }

    /// Whether the target is met; none where there is no target.
    fn met(&self) -> Option<bool> {
        self.target.map(|target| if self.at_most { self.ratio <= target } else { self.ratio >= target })
    }
}

/// One line per `bench` and `what`, in order of first appearance, with the medians of their figures.
fn medians(lines: Vec<Line>) -> Vec<Line> {
    let mut groups: Vec<Vec<Line>> = Vec::new();
    for line in lines {
        match groups.iter_mut().find(|group| group[0].bench == line.bench && group[0].what == line.what) {
            Some(group) => group.push(line),
            None => groups.push(vec![line]),
        }
    }
    groups
        .into_iter()
        .map(|group| Line {
            ours: median(group.iter().filter_map(|line| line.ours).collect()),
            yardstick: median(group.iter().filter_map(|line| line.yardstick).collect()),
            ratio: median(group.iter().map(|line| line.ratio).collect()).unwrap_or(group[0].ratio),
            pairs: group.iter().map(|line| line.pairs).sum(),
            ..group[0].clone()
        })
        .collect()
}

fn median(mut figures: Vec<f64>) -> Option<f64> {
    figures.sort_by(f64::total_cmp);
    let middle = figures.len() / 2;
    match figures.len() {
        0 => None,
        odd if odd % 2 == 1 => Some(figures[middle]),
        _ => Some(f64::midpoint(figures[middle - 1], figures[middle])),
    }
}

const HEADER: &str = "| What | Ours | Yardstick | Ratio | Target | Pairs |\n|---|---:|---:|---:|---:|---:|\n";

fn table(results: &[Line]) -> String {
    HEADER.to_owned() + &rows(results).concat()
}

fn rows(results: &[Line]) -> Vec<String> {
    let mut rows = Vec::new();
    for line in results {
        let target = line.target.map_or_else(String::new, |target| {
            let sign = if line.at_most { "≤" } else { "≥" };
            let missed = if line.met() == Some(false) { " **missed**" } else { "" };
            format!("{sign} {target}{missed}")
        });
        let row = [
            format!("{}: {}", line.bench, line.what.replace('|', "\\|")),
            figure(line.ours, &line.unit),
            figure(line.yardstick, &line.unit),
            format!("{:.2}", line.ratio),
            target,
            line.pairs.to_string(),
        ];
        rows.push(format!("| {} |\n", row.join(" | ")));
    }
    rows
}

/// The table with these results in the place of those of the same benchmarks, in the order of the benchmarks.
fn merged(old: &str, results: &[Line]) -> String {
    let bench_of = |row: &str| row.trim_start_matches("| ").split(':').next().unwrap_or_default().to_owned();
    let stays =
        |row: &&str| BENCHES.contains(&&*bench_of(row)) && results.iter().all(|line| line.bench != bench_of(row));
    let mut rows: Vec<String> = old.lines().filter(stays).map(|row| format!("{row}\n")).collect();
    rows.extend(self::rows(results));
    rows.sort_by_key(|row| BENCHES.iter().position(|bench| *bench == bench_of(row)));
    HEADER.to_owned() + &rows.concat()
}

/// A figure with its unit: whole above 100, with thousands set apart, else two decimals.
fn figure(figure: Option<f64>, unit: &str) -> String {
    let Some(figure) = figure else {
        return String::new();
    };
    if figure.abs() < 100.0 {
        return format!("{figure:.2} {unit}").trim_end().to_owned();
    }
    let digits = format!("{figure:.0}");
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at) % 3 == 0 && !text.ends_with('-') {
            text.push(',');
        }
        text.push(digit);
    }
    format!("{text} {unit}").trim_end().to_owned()
}

fn write(page: &Path, results: &[Line]) -> Result<(), Vec<String>> {
    let place = page.display();
    let old = std::fs::read_to_string(page).map_err(|cause| vec![format!("{place}: {cause}")])?;
    let Some((before, (table, after))) =
        old.split_once(BEGIN).and_then(|(before, rest)| Some((before, rest.split_once(END)?)))
    else {
        return fail(format!("{place}: the marks `{BEGIN}` and `{END}` are missing"));
    };
    std::fs::write(page, format!("{before}{BEGIN}\n{}{END}{after}", merged(table, results)))
        .map_err(|cause| vec![format!("{place}: {cause}")])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str) -> Line {
        Line::parse(text).expect("a result")
    }

    #[test]
    fn lines_of_one_thing_become_their_median() {
        let lines = [0.4, 0.9, 0.5].map(|ratio| {
            line(&format!("{{\"bench\":\"a\",\"what\":\"b\",\"ratio\":{ratio},\"ours\":1000,\"target\":0.45}}"))
        });
        let found = medians(lines.to_vec());
        assert_eq!((found.len(), found[0].ratio, found[0].pairs), (1, 0.5, 3));
        assert_eq!(found[0].met(), Some(true));
        assert_eq!(median(vec![1.0, 3.0]), Some(2.0));
    }

    #[test]
    fn a_bound_from_above_is_met_from_below() {
        let size = line(r#"{"bench":"size","what":"book","ratio":3.6,"target":3.5,"bound":"at_most"}"#);
        assert_eq!(size.met(), Some(false));
        assert!(table(&[size]).contains("≤ 3.5 **missed**"));
    }

    #[test]
    fn rows_of_other_benchmarks_stay() {
        let old = table(&[
            line(r#"{"bench":"append","what":"a","ratio":1}"#),
            line(r#"{"bench":"rules","what":"old","ratio":1}"#),
        ]);
        let new = merged(&old, &[line(r#"{"bench":"rules","what":"new","ratio":2}"#)]);
        assert!(new.starts_with(HEADER) && new.contains("| append: a |") && new.contains("| rules: new |"), "{new}");
        assert!(!new.contains("old"), "{new}");
        let query = merged(&new, &[line(r#"{"bench":"query","what":"q","ratio":2}"#)]);
        assert_eq!(query.lines().nth(3).map(|row| row.starts_with("| query: q |")), Some(true), "{query}");
    }

    #[test]
    fn other_lines_are_no_results() {
        assert_eq!(Line::parse("running 3 pairs"), None);
        assert_eq!(Line::parse(r#"{"bench":"a"}"#), None);
        assert_eq!(figure(Some(1_234_567.4), "records/s"), "1,234,567 records/s");
        assert_eq!(figure(Some(1.5), ""), "1.50");
    }
}
