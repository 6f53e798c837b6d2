//! `cargo xtask ci`: everything that must hold before a change lands.
//!
//! Cheap checks first, then what compiles. All steps run, so that one look
//! shows everything there is to mend. Everything uses the one target directory
//! and the dev profile: clippy and rustdoc share the checked dependencies, the
//! tests build theirs once.

use std::time::Instant;

use crate::workspace::{Verdict, Workspace};
use crate::{boundaries, documents, errors, generate, licences, requirements, tidy};

/// How a step is done.
enum Step {
    /// A check of ours, with its arguments.
    Own(fn(&Workspace, &[String]) -> Verdict, &'static [&'static str]),
    /// A program, its arguments, and one environment variable.
    Program(&'static str, &'static [&'static str], Option<(&'static str, &'static str)>),
}

static STEPS: &[(&str, Step)] = &[
    ("format", Step::Program("cargo", &["fmt", "--all", "--check"], None)),
    ("tidy", Step::Own(tidy::run, &[])),
    ("boundaries", Step::Own(boundaries::run, &[])),
    ("licences", Step::Own(licences::run, &[])),
    ("errors", Step::Own(errors::run, &[])),
    ("generated", Step::Own(generate::run, &["--check"])),
    ("requirements", Step::Own(requirements::run, &[])),
    (
        "clippy",
        Step::Program("cargo", &["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"], None),
    ),
    (
        "rustdoc",
        Step::Program("cargo", &["doc", "--workspace", "--no-deps", "--locked"], Some(("RUSTDOCFLAGS", "-D warnings"))),
    ),
    ("tests", Step::Program("scripts/test", &[], None)),
    ("documents", Step::Own(documents::run, &["--built"])),
];

pub(crate) fn run(workspace: &Workspace, _arguments: &[String]) -> Verdict {
    let mut problems = Vec::new();
    let mut times = Vec::new();
    for (name, step) in STEPS {
        println!("── {name}");
        let begun = Instant::now();
        match perform(workspace, step) {
            Ok(said) => println!("{said}"),
            Err(found) => {
                for problem in &found {
                    println!("{problem}");
                }
                problems.extend(found.into_iter().map(|problem| format!("{name}: {problem}")));
            }
        }
        times.push(format!("{name} {} s", begun.elapsed().as_secs()));
    }
    println!("── {}", times.join(", "));
    if problems.is_empty() { Ok(format!("{} steps passed", STEPS.len())) } else { Err(problems) }
}

fn perform(workspace: &Workspace, step: &Step) -> Verdict {
    match step {
        Step::Own(check, arguments) => {
            let arguments: Vec<String> = arguments.iter().map(|argument| (*argument).to_owned()).collect();
            check(workspace, &arguments)
        }
        Step::Program(program, arguments, variable) => {
            // A script is named from the root; `Command` would look for it from where we stand.
            let whole = workspace.root.join(program);
            let program = if whole.is_file() { whole.display().to_string() } else { (*program).to_owned() };
            let mut command = workspace.command(&program, arguments);
            if let Some((name, value)) = variable {
                command.env(name, value);
            }
            match command.status() {
                Ok(status) if status.success() => Ok(String::new()),
                Ok(status) => Err(vec![format!("{program} {}: {status}", arguments.join(" "))]),
                Err(cause) => Err(vec![format!("{program}: {cause}")]),
            }
        }
    }
}
