//! The project's own commands: `cargo xtask <command>`.
//!
//! One file per command. A command is a function from its arguments to a
//! verdict; it never changes a tracked file unless it is called `gen` or told
//! to by a flag that says so. Checks fail, they do not advise.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "these commands talk to a person at a terminal")]

mod bench;
mod boundaries;
mod ci;
mod documents;
mod errors;
mod faults;
mod fuzz;
mod generate;
mod licences;
mod requirements;
mod rust_text;
mod sim;
mod tidy;
mod workspace;

use std::fmt::Write as _;
use std::process::ExitCode;

use workspace::{Verdict, Workspace};

/// One `cargo xtask` command.
struct Command {
    name: &'static str,
    about: &'static str,
    run: fn(&Workspace, &[String]) -> Verdict,
}

/// Every command; the help text is made from this list.
static COMMANDS: &[Command] = &[
    Command { name: "ci", about: "everything that must hold before a change lands", run: ci::run },
    Command {
        name: "gen",
        about: "write the generated files (--check: fail if they would change)",
        run: generate::run,
    },
    Command { name: "bench", about: "run the benchmarks: [NAME…] [--write] [--strict]", run: bench::run },
    Command { name: "sim", about: "run the simulations: [--seeds N] [--seed FIRST]", run: sim::run },
    Command {
        name: "faults",
        about: "kill, cut power, append at once, watch: [--kills N] [--cuts N] [--batches N] [--calls N] [--watch SECONDS]",
        run: faults::run,
    },
    Command {
        name: "fuzz",
        about: "bytes that nobody wrote, for parsers: [TARGET…] [--seconds N] [--plain]",
        run: fuzz::run,
    },
    Command { name: "boundaries", about: "rooms depend upwards only, and keep to what they own", run: boundaries::run },
    Command {
        name: "licences",
        about: "dependencies come from a registry under a permissive licence",
        run: licences::run,
    },
    Command { name: "errors", about: "every error code has its page, every page its code", run: errors::run },
    Command {
        name: "requirements",
        about: "docs/requirements.md names every row, and tests that exist",
        run: requirements::run,
    },
    Command { name: "documents", about: "the commands that documents show can be typed", run: documents::run },
    Command { name: "tidy", about: "file lengths, leftovers, machine paths, links in documents", run: tidy::run },
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let Some((name, rest)) = arguments.split_first() else {
        print!("{}", help());
        return ExitCode::from(2);
    };
    let Some(command) = COMMANDS.iter().find(|command| command.name == name) else {
        if matches!(name.as_str(), "help" | "--help" | "-h") {
            print!("{}", help());
            return ExitCode::SUCCESS;
        }
        eprint!("no command `{name}`\n\n{}", help());
        return ExitCode::from(2);
    };
    let verdict = Workspace::find().and_then(|workspace| (command.run)(&workspace, rest));
    match verdict {
        Ok(said) => {
            println!("{name}: {said}");
            ExitCode::SUCCESS
        }
        Err(problems) => {
            for problem in &problems {
                eprintln!("{name}: {problem}");
            }
            eprintln!("{name}: failed, {} to mend", problems.len());
            ExitCode::FAILURE
        }
    }
}

fn help() -> String {
    let mut text = String::from("usage: cargo xtask <command>\n\n");
    for command in COMMANDS {
        let _ = writeln!(text, "  {:<13} {}", command.name, command.about);
    }
    text
}
