//! Audit of the modules of a tree, sealing included, against `tokei` for its lines and then `lizard` for its
//! functions.
//!
//! The tree is made for it, with a million lines in five languages, unless `SEALBOOK_BENCH_TREE` names one.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::measure::{Bound, Contender, Row, in_turns, note, tell, timed};
use crate::{Result, book, cores, place, setting};
use sealbook_inspect::{Batch, Book, ModuleAnalyzer, ModuleOptions, NoReach, Options, Request, Run, Silent, source};
use sealbook_record::{Actor, ActorKind};
use sealbook_testkit::Rng;

/// What a run may take of memory, in MiB.
const MEMORY_MIB: f64 = 600.0;

pub(crate) fn run() -> Result {
    let made = place::fresh()?;
    let lines = setting("SEALBOOK_BENCH_LINES", 1_000_000)?;
    let (tree, what) = if let Some(path) = std::env::var_os("SEALBOOK_BENCH_TREE") {
        (PathBuf::from(path), "an existing tree")
    } else {
        plant(made.path(), lines)?;
        (made.path().to_owned(), "a tree made for it")
    };
    let (tokei, lizard) = (tool("tokei/bin/tokei")?, tool("modules/bin/lizard")?);
    let counted = audit(&tree)?.1;
    note(&format!("  {counted} lines of code"));
    let rate = |took: Duration| counted as f64 / took.as_secs_f64();
    let contenders: Vec<Contender<'_>> = vec![
        ("audit", Box::new(|| Ok(rate(audit(&tree)?.0)))),
        (
            "tokei and lizard",
            Box::new(|| {
                let lines = timed(|| quiet(Command::new(&tokei).arg(&tree)))?.1;
                let functions =
                    timed(|| quiet(Command::new(&lizard).args(["--csv", "-t"]).arg(cores().to_string()).arg(&tree)))?.1;
                Ok(rate(lines + functions))
            }),
        ),
    ];
    let figures = in_turns(contenders)?;
    let what = format!("{what}, {counted} lines of code");
    let row = Row { bench: "modules", what: &what, unit: "lines/s", target: Some(Bound::AtLeast(3.0)) };
    tell(row, &figures[0], &figures[1]);
    let peak = peak_of(&tree)?;
    let what = format!("peak memory, of {MEMORY_MIB:.0} MiB");
    let row = Row { bench: "modules", what: &what, unit: "MiB", target: Some(Bound::AtMost(1.0)) };
    tell(row, &[peak], &[MEMORY_MIB]);
    Ok(())
}

/// Audits all modules, analyzer and sealing included; how long it took, and lines of code.
fn audit(tree: &Path) -> Result<(Duration, u64)> {
    let place = place::fresh()?;
    let (ledger, policy) = (book::create(place.path(), true)?, book::policy());
    let book = Book::new(&ledger);
    let batch = Batch {
        baseline: None,
        sources: vec![source("module")?],
        analyzers: vec![&ModuleAnalyzer],
        request: Request {
            target: tree.to_owned(),
            base: None,
            now: ledger.now(),
            run: Run::new(ledger.next_id(), Actor::new(ActorKind::User, "bench")),
            // As the others do, which know no tests.
            options: Options {
                module: ModuleOptions { include_tests: true, ..ModuleOptions::default() },
                ..Options::default()
            },
            threads: cores(),
            stamp: &book,
            reach: &NoReach,
        },
    };
    let mut sink = book.sink(&policy);
    let (audit, took) = timed(|| Ok(batch.collect(&book, &mut sink, &Silent)?))?;
    if audit.has_failed() {
        return Err("the audit failed".into());
    }
    for skipped in audit.sources.iter().filter_map(|run| run.result.as_ref().ok()).flat_map(|it| &it.skipped_by_reason)
    {
        note(&format!("  {} of {} were skipped", skipped.0, skipped.1));
    }
    let selection = sealbook_inspect::Selection { actions: &["module.audited"], ..Default::default() };
    let mut lines = 0;
    for sealed in sealbook_inspect::Prior::records(&book, &selection)? {
        let record = sealed?.record;
        let part = record.part(sealbook_record::PartName::Result).ok_or("a record without a result")?;
        let told: serde_json::Value = serde_json::from_str(part.get())?;
        lines += told["lines"]["code"].as_u64().ok_or("a record without lines")?;
    }
    Ok((took, lines))
}

/// One audit in a process of its own, which then says how much memory it had at most.
pub(crate) fn peak(tree: &Path) -> Result {
    audit(tree)?;
    crate::bench::verify::print_peak()
}

fn peak_of(tree: &Path) -> Result<f64> {
    let output =
        Command::new(std::env::current_exe()?).arg("modules-peak").arg(tree).stderr(Stdio::inherit()).output()?;
    let text = String::from_utf8(output.stdout)?;
    Ok(text.trim().parse::<f64>().map_err(|_| format!("the peak was told as {text:?}"))?)
}

fn tool(path: &str) -> Result<PathBuf> {
    let path = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../target/tools")).join(path);
    if path.exists() { Ok(path) } else { Err(format!("no {}; run scripts/tools", path.display()).into()) }
}

/// lizard ends with 1 where functions are complex.
fn quiet(command: &mut Command) -> Result {
    let status = command.stdout(Stdio::null()).status()?;
    if matches!(status.code(), Some(0 | 1)) { Ok(()) } else { Err(format!("{command:?}: {status}").into()) }
}

/// Lines of one file, about.
const FILE_LINES: u64 = 400;
/// Files of one module.
const MODULE_FILES: u64 = 100;

/// Modules of five languages in turns, each of files with functions as people write them.
fn plant(root: &Path, lines: u64) -> Result {
    let mut rng = Rng::new(9);
    for at in 0..lines / FILE_LINES {
        let module = at / MODULE_FILES;
        let (end, manifest, content) = match module % 5 {
            0 => ("rs", "Cargo.toml", format!("[package]\nname = \"m{module}\"\nversion = \"0.1.0\"\n")),
            1 => ("py", "pyproject.toml", format!("[project]\nname = \"m{module}\"\nversion = \"0.1.0\"\n")),
            2 => ("ts", "package.json", format!("{{\"name\": \"m{module}\", \"version\": \"0.1.0\"}}")),
            3 => ("go", "go.mod", format!("module example.org/m{module}\n")),
            _ => ("java", "pom.xml", format!("<project><artifactId>m{module}</artifactId></project>")),
        };
        let directory = root.join(format!("m{module}"));
        std::fs::create_dir_all(directory.join("src"))?;
        std::fs::write(directory.join(manifest), content)?;
        let text = file(&mut rng, end, at)?;
        std::fs::write(directory.join(format!("src/f{at}.{end}")), text)?;
    }
    Ok(())
}

fn file(rng: &mut Rng, end: &str, at: u64) -> Result<String> {
    let mut out = String::new();
    let before = at.saturating_sub(1);
    match end {
        "rs" => writeln!(out, "//! File {at}.\n\nuse crate::f{before}::total_0 as before;\n")?,
        "py" => writeln!(out, "\"\"\"File {at}.\"\"\"\nfrom . import f{before}\n")?,
        "ts" => writeln!(out, "// File {at}.\nimport {{ total0 }} from './f{before}';\n")?,
        "go" => writeln!(out, "// Package src is file {at}.\npackage src\n\nimport \"fmt\"\n")?,
        _ => writeln!(out, "package src;\n\nimport java.util.List;\n\nclass F{at} {{")?,
    }
    let mut number = 0;
    while out.lines().count() < FILE_LINES as usize {
        function(&mut out, rng, end, number)?;
        number += 1;
    }
    if end == "java" {
        out.push_str("}\n");
    }
    Ok(out)
}

/// A function with a loop, a few branches and a few lines between them.
fn function(out: &mut String, rng: &mut Rng, end: &str, n: u64) -> Result {
    let branches = 1 + rng.below(6);
    if end == "py" {
        writeln!(
            out,
            "\ndef total_{n}(items, limit):\n    # Adds up what is below the limit.\n    total = 0\n    for item in items:"
        )?;
        for at in 0..branches {
            writeln!(
                out,
                "        if item > {at} and item < limit:\n            total += item * {}\n",
                rng.below(100)
            )?;
        }
        writeln!(out, "    print(f\"total {{total}}\")\n    return total\n")?;
        return Ok(());
    }
    let (head, each, print) = match end {
        "rs" => (
            format!("pub fn total_{n}(items: &[i64], limit: i64) -> i64 {{\n    let mut total = 0;"),
            "for &item in items",
            "println!(\"total {total}\");",
        ),
        "ts" => (
            format!("export function total{n}(items: number[], limit: number): number {{\n    let total = 0;"),
            "for (const item of items)",
            "console.log(`total ${total}`);",
        ),
        "go" => (
            format!("func total{n}(items []int, limit int) int {{\n\ttotal := 0"),
            "for _, item := range items",
            "fmt.Println(\"total\", total)",
        ),
        _ => (
            format!("    long total{n}(List<Long> items, long limit) {{\n        long total = 0;"),
            "for (long item : items)",
            "System.out.println(\"total \" + total);",
        ),
    };
    let (open, close) = if matches!(end, "rs" | "go") { ("", "") } else { ("(", ")") };
    writeln!(out, "// Adds up what is below the limit.\n{head}\n    {each} {{")?;
    for at in 0..branches {
        writeln!(
            out,
            "        if {open}item > {at} && item < limit{close} {{\n            total += item * {};\n        }}\n",
            rng.below(100)
        )?;
    }
    writeln!(out, "    }}\n    {print}\n    return total;\n}}\n")?;
    Ok(())
}
