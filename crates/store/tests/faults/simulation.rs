//! Seeded runs over the simulated store. `SIM_SEEDS` says how many, `SIM_SEED` which is the first;
//! `cargo xtask sim` sets them.

use std::sync::atomic::{AtomicU64, Ordering};

use sealbook_testkit::sim::Honesty;
use sealbook_testkit::world::{Outcome, run};

const SEEDS_DEFAULT: u64 = 300;

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{variable} is not a number")))
}

/// Runs seeds on every core; the first that fails ends the test and is named.
fn each_seed(first: u64, seeds: u64, check: impl Fn(u64) -> Result<Outcome, String> + Sync) -> Vec<Outcome> {
    let next = AtomicU64::new(first);
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let work = || {
        let mut outcomes = Vec::new();
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= first + seeds {
                return outcomes;
            }
            let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| check(seed)));
            let failed = match caught {
                Ok(Ok(outcome)) => {
                    outcomes.push(outcome);
                    continue;
                }
                Ok(Err(violation)) => violation,
                Err(_) => "it panicked".to_owned(),
            };
            panic!("seed {seed}: {failed}\nagain: cargo xtask sim --seed {seed}");
        }
    };
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        workers.into_iter().flat_map(|worker| worker.join().expect("a seed failed; it is named above")).collect()
    })
}

#[test]
fn simulation_loses_nothing() {
    let seeds = number("SIM_SEEDS").unwrap_or(SEEDS_DEFAULT);
    let outcomes = each_seed(number("SIM_SEED").unwrap_or(0), seeds, |seed| {
        run(seed, Honesty::Honest).map_err(|violation| violation.to_string())
    });
    let sum = |of: fn(&Outcome) -> u64| outcomes.iter().map(of).sum::<u64>();
    println!(
        "{seeds} seeds: {} records, {} acknowledgements, {} of them duplicates, {} refused and {} doubtful submissions, \
         {} losses of power, {} flipped bits found",
        sum(|o| o.size),
        sum(|o| o.acknowledged),
        sum(|o| o.duplicates),
        sum(|o| o.refused),
        sum(|o| o.in_doubt),
        sum(|o| o.power_losses),
        sum(|o| o.flips_found),
    );
    // A simulation in which nothing goes wrong proves nothing.
    if seeds >= 20 {
        for (what, count) in [
            ("duplicates", sum(|o| o.duplicates)),
            ("refusals", sum(|o| o.refused)),
            ("doubts", sum(|o| o.in_doubt)),
            ("losses of power", sum(|o| o.power_losses)),
            ("flips", sum(|o| o.flips_found)),
        ] {
            assert!(count >= seeds / 2, "{seeds} seeds met only {count} {what}");
        }
    }
}

#[test]
fn a_seed_brings_the_same_run_back() {
    for seed in [3, 17, 1_000_003] {
        assert_eq!(run(seed, Honesty::Honest), run(seed, Honesty::Honest), "seed {seed}");
    }
}

/// The eyes of the simulation: on a disk that loses what it acknowledged, it must see the loss.
#[test]
fn a_lying_disk_is_found_out() {
    let (mut lost, mut rolled_back) = (0, 0);
    for seed in 0..40 {
        match run(seed, Honesty::LosesFsync) {
            Ok(_) => {}
            Err(violation) if violation.0.contains("`book_rolled_back`") => rolled_back += 1,
            Err(violation) if violation.0.contains("was lost") || violation.0.contains("holds another record") => {
                lost += 1;
            }
            Err(other) => panic!("seed {seed}: {other}"),
        }
    }
    println!("of 40 runs on a disk that forgets, {rolled_back} ended at the kept head and {lost} at the model");
    assert!(lost >= 15 && rolled_back >= 15, "only {lost} + {rolled_back} of 40 runs noticed that the disk forgets");
}
