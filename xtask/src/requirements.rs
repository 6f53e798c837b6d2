//! `cargo xtask requirements`: `docs/requirements.md` has each row and each
//! defect that is due, once, and every test it names exists.
//!
//! A line of the table is `| row | what | state | tests |`. Tests are written
//! `path/from/root.rs::function` (or `.py::function`) in backticks. A row that
//! says `done` names at least one.

use std::collections::BTreeMap;

use crate::workspace::{Verdict, Workspace, verdict};

/// The table.
const PAGE: &str = "docs/requirements.md";

/// Rows that are due, as ranges.
static ROWS: &[(u32, u32)] =
    &[(1, 20), (22, 181), (183, 183), (185, 185), (188, 205), (207, 262), (264, 264), (266, 299)];

/// Defects that are due, as ranges.
static DEFECTS: &[(u32, u32)] = &[(1, 9), (11, 39), (41, 84)];

/// What a row may say of itself.
static STATES: &[&str] = &["open", "partly", "done"];

/// One line of the table.
#[derive(Debug, PartialEq)]
struct Row {
    line: usize,
    name: String,
    state: String,
    tests: Vec<String>,
}

pub(crate) fn run(workspace: &Workspace, _arguments: &[String]) -> Verdict {
    let rows = rows(&workspace.read(PAGE)?);
    let mut problems = problems(&rows, &due());
    let mut sources: BTreeMap<&str, Option<String>> = BTreeMap::new();
    for row in &rows {
        for test in &row.tests {
            let (path, function) = test.split_once("::").unwrap_or((test, ""));
            let source = sources.entry(path).or_insert_with(|| std::fs::read_to_string(workspace.root.join(path)).ok());
            if let Some(problem) = missing(source.as_deref(), function) {
                problems.push(format!("{PAGE}:{}: row {}: `{test}`: {problem}", row.line, row.name));
            }
        }
    }
    let count = |state: &str| rows.iter().filter(|row| row.state == state).count();
    verdict(problems, || format!("{} done, {} partly, {} open", count("done"), count("partly"), count("open")))
}

/// The names of all rows that must be there.
fn due() -> Vec<String> {
    let rows = ROWS.iter().flat_map(|(from, to)| *from..=*to).map(|row| row.to_string());
    let defects = DEFECTS.iter().flat_map(|(from, to)| *from..=*to).map(|defect| format!("B{defect}"));
    rows.chain(defects).collect()
}

fn rows(text: &str) -> Vec<Row> {
    let mut rows = Vec::new();
    for (text, line) in text.lines().zip(1..) {
        let cells: Vec<&str> = text.trim().trim_matches('|').split(" | ").map(str::trim).collect();
        let [name, _, state, tests] = cells[..] else {
            continue;
        };
        if name.trim_start_matches('B').parse::<u32>().is_err() {
            continue;
        }
        let tests = tests.split('`').skip(1).step_by(2).map(str::to_owned).collect();
        rows.push(Row { line, name: name.to_owned(), state: state.to_owned(), tests });
    }
    rows
}

fn problems(rows: &[Row], due: &[String]) -> Vec<String> {
    let mut problems = Vec::new();
    for name in due {
        match rows.iter().filter(|row| row.name == *name).count() {
            1 => {}
            0 => problems.push(format!("{PAGE}: row {name} is missing")),
            more => problems.push(format!("{PAGE}: row {name} is there {more} times")),
        }
    }
    for row in rows {
        let place = format!("{PAGE}:{}: row {}", row.line, row.name);
        if !due.contains(&row.name) {
            problems.push(format!("{place} is not due; see the ranges in xtask/src/requirements.rs"));
        }
        if !STATES.contains(&row.state.as_str()) {
            problems.push(format!("{place}: state `{}` is none of {}", row.state, STATES.join(", ")));
        }
        if row.state == "done" && row.tests.is_empty() {
            problems.push(format!("{place} says done and names no test"));
        }
    }
    problems
}

/// Why a test cannot be found, if it cannot.
fn missing(source: Option<&str>, function: &str) -> Option<&'static str> {
    let Some(source) = source else {
        return Some("no such file");
    };
    if function.is_empty() {
        return Some("names no function");
    }
    let names = [format!("fn {function}("), format!("fn {function}<"), format!("def {function}(")];
    (!names.iter().any(|name| source.contains(name))).then_some("no such function in that file")
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "| Row | Asks for | State | Tests |\n|---|---|---|---|\n| 1 | a | done | `a.rs::b`, `c.py::d` |\n| B2 | e | open |  |\n";

    #[test]
    fn rows_are_read_with_their_tests() {
        let rows = rows(TABLE);
        assert_eq!(rows.len(), 2);
        assert_eq!((rows[0].name.as_str(), rows[0].tests.len(), rows[0].line), ("1", 2, 3));
        assert_eq!((rows[1].name.as_str(), rows[1].tests.len()), ("B2", 0));
    }

    #[test]
    fn a_missing_double_or_undone_row_is_a_problem() {
        let due = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        assert!(problems(&rows(TABLE), &due(&["1", "B2"])).is_empty());
        assert_eq!(problems(&rows(TABLE), &due(&["1", "2", "B2"])).len(), 1);
        assert_eq!(problems(&rows(TABLE), &due(&["1"])).len(), 1);
        let undone = rows("| 1 | a | done |  |\n| 2 | a | finished |  |\n| 2 | a | open |  |\n");
        assert_eq!(problems(&undone, &due(&["1", "2"])).len(), 3);
    }

    #[test]
    fn a_test_must_exist() {
        assert_eq!(missing(Some("fn b() {}"), "b"), None);
        assert_eq!(missing(Some("    def d(self):"), "d("), Some("no such function in that file"));
        assert_eq!(missing(Some("fn bb() {}"), "b"), Some("no such function in that file"));
        assert_eq!(missing(None, "b"), Some("no such file"));
    }
}
