//! `cargo xtask sim --seeds N [--seed FIRST]`: the simulated faults, as many
//! seeds as wanted, optimised.
//!
//! A simulation is a test that reads how many seeds to run from `SIM_SEEDS` and
//! the first of them from `SIM_SEED`; without them it runs the few that every
//! test run affords. It prints the seed of a run that fails, and finding no
//! simulation is a failure.

use crate::workspace::{Verdict, Workspace, fail};

/// A test binary that holds simulations, and the names that its simulations share.
struct Simulation {
    package: &'static str,
    test: &'static str,
    filter: &'static str,
}

static SIMULATIONS: &[Simulation] = &[Simulation { package: "sealbook-store", test: "faults", filter: "simulation" }];

pub(crate) fn run(workspace: &Workspace, arguments: &[String]) -> Verdict {
    let mut seeds = 10_000_u64;
    let mut first = 0_u64;
    for pair in arguments.chunks(2) {
        let (flag, value) = match pair {
            [flag, value] => (flag.as_str(), value.parse::<u64>()),
            _ => return fail(format!("`{}` needs a number", pair[0])),
        };
        match (flag, value) {
            ("--seeds", Ok(value)) => seeds = value,
            ("--seed", Ok(value)) => {
                (first, seeds) = (value, if arguments.len() == 2 { 1 } else { seeds });
            }
            (flag, _) => {
                return fail(format!("`{flag} {}`: takes --seeds N and --seed FIRST", pair[1]));
            }
        }
    }
    for simulation in SIMULATIONS {
        let arguments = [
            "test",
            "--release",
            "--locked",
            "-p",
            simulation.package,
            "--test",
            simulation.test,
            "--",
            simulation.filter,
            "--nocapture",
        ];
        let mut command = workspace.command("cargo", &arguments);
        command.env("SIM_SEEDS", seeds.to_string()).env("SIM_SEED", first.to_string());
        let lines = Workspace::follow(&mut command)?;
        if !lines.iter().any(|line| line.starts_with("test result: ok.") && !line.contains(" 0 passed")) {
            return fail(format!("{}: no test there has `{}` in its name", simulation.package, simulation.filter));
        }
    }
    Ok(format!("{seeds} seeds from {first} on"))
}
