//! One file per benchmark.

mod append;
mod files;
pub(crate) mod fused;
mod git;
mod hook;
pub(crate) mod http;
pub(crate) mod logs;
pub(crate) mod modules;
pub(crate) mod peers;
mod query;
pub(crate) mod recheck;
mod replay;
mod rules;
mod signatures;
mod signed;
mod size;
mod submitters;
mod sustained;
pub(crate) mod verify;
mod workflow;
mod wrap;

use crate::Result;

/// A benchmark.
pub(crate) struct Bench {
    /// What it is called on the command line.
    pub(crate) name: &'static str,
    /// Measures and tells.
    pub(crate) run: fn() -> Result,
}

/// Every benchmark, in the order of the table.
pub(crate) static BENCHES: &[Bench] = &[
    Bench { name: "append", run: append::run },
    Bench { name: "sustained", run: sustained::run },
    Bench { name: "signed", run: signed::run },
    Bench { name: "submitters", run: submitters::run },
    Bench { name: "verify", run: verify::run },
    Bench { name: "signatures", run: signatures::run },
    Bench { name: "query", run: query::run },
    Bench { name: "rules", run: rules::run },
    Bench { name: "hook", run: hook::run },
    Bench { name: "files", run: files::run },
    Bench { name: "recheck", run: recheck::run },
    Bench { name: "git", run: git::run },
    Bench { name: "fused", run: fused::run },
    Bench { name: "logs", run: logs::run },
    Bench { name: "modules", run: modules::run },
    Bench { name: "size", run: size::run },
    Bench { name: "wrap", run: wrap::run },
    Bench { name: "http", run: http::run },
    Bench { name: "http-memory", run: http::memory::run },
    Bench { name: "peers", run: peers::run },
    Bench { name: "replay", run: replay::run },
    Bench { name: "workflow", run: workflow::run },
];
