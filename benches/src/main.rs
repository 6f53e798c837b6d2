//! The benchmarks. Each measures ours and a yardstick in turns, in the same run and on the same disk, and
//! prints one JSON object per result, as `cargo xtask bench` reads it. Figures are medians of
//! pairs. Nothing here is a gate by itself: absolute rates depend on the disk and on whatever
//! else the machine does.
//!
//! Sizes come from the environment, so that a first look takes seconds:
//!
//! | Variable | Meaning | Default |
//! |---|---|---|
//! | `SEALBOOK_BENCH_PAIRS` | pairs of each measurement | 5 |
//! | `SEALBOOK_BENCH_RECORDS` | records of a large book | 1,000,000 |
//! | `SEALBOOK_BENCH_BATCHES` | batches of one append measurement; above 97 the index holds appends up | 90 |
//! | `SEALBOOK_BENCH_FILES`, `SEALBOOK_BENCH_MIB` | files of the tree, and their size together | 100,000, 2,048 |
//! | `SEALBOOK_BENCH_COMMITS` | commits of the repository that is made | 20,000 |
//! | `SEALBOOK_BENCH_LOG_MIB` | size of the log that is made | 1,024 |
//! | `SEALBOOK_BENCH_CALLS` | calls through the gateway | 5,000 |
//! | `SEALBOOK_BENCH_REPO` | an existing repository to audit instead | |
//! | `SEALBOOK_BENCH_LINES` | lines of code of the tree that is made | 1,000,000 |
//! | `SEALBOOK_BENCH_TREE` | an existing tree of code to audit instead | |
//! | `SEALBOOK_BENCH_DIR` | where the books are made | `bench` in the target directory |

mod bench;
mod book;
mod measure;
mod place;
mod raw;
mod records;

use std::sync::LazyLock;

use std::path::{Path, PathBuf};

fn main() -> Result {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["modules-peak", tree] => bench::modules::peak(Path::new(tree)),
        ["fused-peak", repository] => bench::fused::peak(Path::new(repository)),
        ["peak", book] => bench::verify::peak(Path::new(book)),
        ["recheck-peak", tree] => bench::recheck::peak(Path::new(tree)),
        ["log-peak", log] => bench::logs::peak(Path::new(log)),
        ["http-gateway", server, mode] => bench::http::memory::gateway(server, mode),
        ["server"] => bench::peers::server::run(),
        [name] => match bench::BENCHES.iter().find(|bench| bench.name == name) {
            Some(bench) => (bench.run)(),
            None => Err(unknown(name)),
        },
        _ => Err(unknown("")),
    }
}

fn unknown(name: &str) -> Failure {
    let names: Vec<&str> = bench::BENCHES.iter().map(|bench| bench.name).collect();
    format!("no benchmark `{name}`; there are: {}", names.join(", ")).into()
}

/// Whatever stops a benchmark.
pub(crate) type Failure = Box<dyn std::error::Error + Send + Sync>;

/// A value, or what stops the benchmark.
pub(crate) type Result<T = ()> = std::result::Result<T, Failure>;

/// A number from the environment, or what holds where nothing is said.
pub(crate) fn setting(name: &str, default: u64) -> Result<u64> {
    match std::env::var(name) {
        Ok(text) => text.replace(['_', ','], "").parse().map_err(|_| format!("{name}: `{text}` is no number").into()),
        Err(_) => Ok(default),
    }
}

/// The `sealbook` program, built beside this one.
pub(crate) fn program() -> Result<PathBuf> {
    let path = std::env::current_exe()?.with_file_name("sealbook");
    if path.exists() {
        Ok(path)
    } else {
        Err("no `sealbook` beside this program; build sealbook-cli in release".into())
    }
}

/// How many processors there are.
pub(crate) fn cores() -> usize {
    // Asked once: to answer, the system reads files.
    static CORES: LazyLock<usize> = LazyLock::new(|| std::thread::available_parallelism().map_or(1, usize::from));
    *CORES
}
