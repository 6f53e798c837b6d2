//! `cargo xtask faults [--kills N] [--cuts N] [--batches N] [--calls N] [--watch SECONDS]`: the faults that are real
//! (processes killed at random moments, power cut after any write, processes that append at once, a
//! client, its gateway and its server killed, a watch under load), as many as are wanted, optimised.
//!
//! The tests read how often from the environment; without it they run the share that every test
//! run affords.

use crate::workspace::{Verdict, Workspace, fail};

/// What is asked of the tests: a flag, the variable that they read, and how often where nothing is said.
struct Amount {
    suite: &'static [&'static str],
    flag: &'static str,
    variable: &'static str,
    default: u64,
}

/// The store's own, without the simulation, which has a command of its own.
static STORE: &[&str] = &["-p", "sealbook-store", "--test", "faults", "--", "--nocapture", "--skip", "simulation"];
/// The gateway between a client and a server.
static GATEWAY: &[&str] = &["-p", "sealbook-cli", "--test", "it", "--", "--nocapture", "kills::"];

/// A watch of files and of a log, under load.
static WATCH: &[&str] = &["-p", "sealbook-cli", "--test", "it", "--", "--nocapture", "watch_load::"];

static AMOUNTS: &[Amount] = &[
    Amount { suite: STORE, flag: "--kills", variable: "FAULTS_KILLS", default: 200 },
    Amount { suite: STORE, flag: "--cuts", variable: "FAULTS_CUTS", default: 10_000 },
    Amount { suite: STORE, flag: "--batches", variable: "FAULTS_BATCHES_EACH", default: 300 },
    Amount { suite: GATEWAY, flag: "--calls", variable: "FAULTS_GATEWAY_CALLS", default: 10_000 },
    Amount { suite: WATCH, flag: "--watch", variable: "FAULTS_WATCH_SECONDS", default: 600 },
];

pub(crate) fn run(workspace: &Workspace, arguments: &[String]) -> Verdict {
    let mut amounts: Vec<u64> = AMOUNTS.iter().map(|amount| amount.default).collect();
    for pair in arguments.chunks(2) {
        let at = AMOUNTS.iter().position(|amount| amount.flag == pair[0]);
        let value = pair.get(1).and_then(|value| value.parse().ok());
        match (at, value) {
            (Some(at), Some(value)) => amounts[at] = value,
            _ => {
                return fail(format!(
                    "`{}`: takes --kills N, --cuts N, --batches N, --calls N and --watch SECONDS",
                    pair.join(" ")
                ));
            }
        }
    }
    for suite in [STORE, GATEWAY, WATCH] {
        let mut command = workspace.command("cargo", &[&["test", "--release", "--locked"], suite].concat());
        for (amount, value) in AMOUNTS.iter().zip(&amounts).filter(|(amount, _)| amount.suite == suite) {
            command.env(amount.variable, value.to_string());
        }
        Workspace::follow(&mut command)?;
    }
    Ok(AMOUNTS
        .iter()
        .zip(&amounts)
        .map(|(amount, value)| format!("{} {value}", amount.flag))
        .collect::<Vec<_>>()
        .join(", "))
}
