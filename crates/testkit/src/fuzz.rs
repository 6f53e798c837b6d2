//! Fuzz targets: what takes bytes of strangers and must neither fall over nor believe them.
//!
//! A target is a function from any bytes to whether they were taken; it panics where something does not hold.
//! `fuzz/` gives the targets to libFuzzer, and the tests [`drive`] them without it, from the same seeds in
//! `testdata/fuzz`. Those of the gate's inside are in `sealbook_gate::fuzz`.

mod ledger;
mod mutate;
mod policy;
mod record;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

pub use ledger::{bundle, keys, leaf, note, receipt};
pub use mutate::mutated;
pub use policy::{cel, redact, rules};
pub use record::{dialects, record};

use crate::Rng;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
/// Mutants of the share that every test run affords.
const RUNS: u64 = 1_000;
/// Mutants that were taken and are mutated further.
const POOL_MAX: usize = 512;
/// Longer inputs say nothing new.
const BYTES_MAX: usize = 64 << 10;

/// Gives the target its seeds, and then mutants of them and of those that it took: so many that every test run
/// affords them, or for `FUZZ_SECONDS`. `FUZZ_SEED` decides which. An input that fails is kept in
/// `target/fuzz/found` and named.
#[expect(clippy::print_stdout, reason = "a test says how much it tried")]
pub fn drive(target: &str, check: impl Fn(&[u8]) -> bool) {
    if std::env::var("FUZZ_TARGET").is_ok_and(|only| only != target) {
        return;
    }
    let number = |name: &str| std::env::var(name).ok().map(|value| value.parse().expect("it is a number"));
    let until = number("FUZZ_SECONDS").map(|seconds| Instant::now() + Duration::from_secs(seconds));
    let mut rng = Rng::new(number("FUZZ_SEED").unwrap_or(1));
    let mut pool = seeds(target);
    assert!(!pool.is_empty(), "{target} has no seeds");
    let taken = pool.iter().filter(|seed| run(target, seed, &check)).count();
    assert!(taken > 0, "{target} takes none of its seeds");
    let (own, mut runs) = (pool.len(), 0);
    while until.map_or(runs < RUNS, |until| Instant::now() < until) {
        let mut input = mutated(&mut rng, &pool);
        input.truncate(BYTES_MAX);
        runs += 1;
        if run(target, &input, &check) {
            if pool.len() < POOL_MAX {
                pool.push(input);
            } else {
                let at = own + rng.index(POOL_MAX - own);
                pool[at] = input;
            }
        }
    }
    println!("{target}: {runs} mutants of {own} seeds, {} taken at last", pool.len() - own);
}

/// The inputs that a target begins with, and those that made it fail once.
fn seeds(target: &str) -> Vec<Vec<u8>> {
    let dir = Path::new(ROOT).join("testdata/fuzz").join(target);
    let files = std::fs::read_dir(&dir).unwrap_or_else(|cause| panic!("{}: {cause}", dir.display()));
    let mut files: Vec<PathBuf> = files.map(|file| file.expect("a directory can be read").path()).collect();
    files.sort();
    files.iter().map(|file| std::fs::read(file).expect("a seed can be read")).collect()
}

fn run(target: &str, input: &[u8], check: &impl Fn(&[u8]) -> bool) -> bool {
    catch_unwind(AssertUnwindSafe(|| check(input))).unwrap_or_else(|_| {
        let dir = Path::new(ROOT).join("target/fuzz/found");
        let name = input
            .iter()
            .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3));
        let file = dir.join(format!("{target}-{name:016x}"));
        let kept = std::fs::create_dir_all(&dir).and_then(|()| std::fs::write(&file, input));
        panic!("{target} failed; the input is in {} ({kept:?}): add it to testdata/fuzz/{target}", file.display())
    })
}
