//! `cargo xtask boundaries`: rooms depend upwards only, and each keeps its
//! hands off what another room owns.
//!
//! The order of the rooms is the architecture (see ARCHITECTURE.md). Cargo
//! already forbids cycles between libraries; this check forbids the edges that
//! Cargo would allow, the foreign crates that belong to one room, and the calls
//! that bring in a clock, an environment, a process or a terminal.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::rust_text;
use crate::workspace::{Verdict, Workspace, fail, verdict};

/// The rooms, top first. A room may use the rooms before it and no other.
static ROOMS: &[&str] =
    &["ledger", "record", "policy", "store", "inspect", "flow", "gate", "report", "serve", "cli", "macros", "sealbook"];

/// Used by tests and benchmarks of any room; what it may use itself is `ROOMS` up to `store`.
const TESTKIT: &str = "testkit";

/// The benchmarks, above all rooms: they measure every one of them, and bare engines beside them.
const BENCHES: &str = "benches";

/// A crate of others that one room hides from the rest.
struct Owned {
    krate: &'static str,
    rooms: &'static [&'static str],
}

static OWNED: &[Owned] = &[
    Owned { krate: "ed25519-zebra", rooms: &["ledger"] },
    Owned { krate: "signed_note", rooms: &["ledger"] },
    Owned { krate: "tlog_tiles", rooms: &["ledger"] },
    Owned { krate: "json-patch", rooms: &["record"] },
    Owned { krate: "aho-corasick", rooms: &["policy", "inspect"] },
    Owned { krate: "argon2", rooms: &["policy"] },
    Owned { krate: "cel", rooms: &["policy"] },
    Owned { krate: "chacha20poly1305", rooms: &["policy"] },
    Owned { krate: "regex-syntax", rooms: &["policy"] },
    Owned { krate: "serde-saphyr", rooms: &["policy", "inspect"] },
    Owned { krate: "rusqlite", rooms: &["store"] },
    Owned { krate: "roaring", rooms: &["store"] },
    Owned { krate: "opentelemetry-proto", rooms: &["gate"] },
    Owned { krate: "prost", rooms: &["gate"] },
    Owned { krate: "gix", rooms: &["inspect"] },
    Owned { krate: "globset", rooms: &["inspect"] },
    Owned { krate: "ignore", rooms: &["inspect"] },
    Owned { krate: "logdrain", rooms: &["inspect"] },
    Owned { krate: "ruzstd", rooms: &["inspect"] },
    Owned { krate: "quick-xml", rooms: &["inspect"] },
    Owned { krate: "sysinfo", rooms: &["inspect"] },
    Owned { krate: "notify", rooms: &["inspect"] },
    Owned { krate: "croner", rooms: &["inspect"] },
    Owned { krate: "tree-sitter", rooms: &["inspect"] },
    Owned { krate: "reqwest", rooms: &["flow"] },
    Owned { krate: "lettre", rooms: &["flow"] },
    Owned { krate: "httpdate", rooms: &["flow"] },
    Owned { krate: "icalendar", rooms: &["flow"] },
    Owned { krate: "minijinja", rooms: &["flow"] },
    Owned { krate: "rust-sugiyama", rooms: &["flow"] },
    Owned { krate: "hyper", rooms: &["gate"] },
    Owned { krate: "hyper-rustls", rooms: &["gate"] },
    Owned { krate: "hyper-util", rooms: &["gate"] },
    Owned { krate: "signal-hook", rooms: &["gate"] },
    Owned { krate: "axum", rooms: &["serve"] },
    Owned { krate: "rmcp", rooms: &["flow", "serve"] },
    Owned { krate: "comfy-table", rooms: &["report"] },
    Owned { krate: "clap", rooms: &["cli"] },
    Owned { krate: "clap_complete", rooms: &["cli"] },
    Owned { krate: "indicatif", rooms: &["cli"] },
    Owned { krate: "getrandom", rooms: &["store", "cli"] },
];

/// Something that code may say in some places only.
struct Call {
    /// What is looked for in code (comments and text left out).
    says: &'static [&'static str],
    /// Where it may stand: paths from the root that a file's path starts with.
    allowed: &'static [&'static str],
    /// What to do instead.
    instead: &'static str,
}

static CALLS: &[Call] = &[
    Call {
        says: &["SystemTime::now", "Instant::now", "Timestamp::now(", "Zoned::now("],
        allowed: &["crates/cli/", "crates/store/src/clock.rs", "crates/flow/src/time.rs", "crates/testkit/"],
        instead: "take the time as an argument, or a `Clock`",
    },
    Call {
        says: &["env::var", "env::args", "env::current_dir", "env::home_dir", "env::temp_dir"],
        allowed: &["crates/cli/", "crates/sealbook/src/place.rs", "crates/testkit/"],
        instead: "take the value as an argument; only the edges read the environment",
    },
    Call {
        says: &["Command::new("],
        allowed: &[
            "crates/gate/src/child.rs",
            "crates/gate/src/child/captured.rs",
            "crates/gate/src/child/served.rs",
            "crates/testkit/",
        ],
        instead: "only the gate starts what a person asked it to run: no shell, no git, no helper program",
    },
    Call {
        says: &["println!", "eprintln!", "print!(", "eprint!(", "io::stdout(", "io::stderr("],
        allowed: &["crates/cli/", "crates/testkit/"],
        instead: "return a value, or write to the `impl io::Write` that was given",
    },
    Call {
        says: &["std::fs", "fs::File", "File::open", "File::create"],
        allowed: &[
            "crates/store/",
            "crates/inspect/",
            "crates/gate/src/files.rs",
            "crates/serve/src/disk.rs",
            "crates/serve/src/mcp/roots.rs",
            "crates/gate/src/token.rs",
            "crates/cli/",
            "crates/testkit/",
        ],
        instead: "this room knows no disk: take bytes, a reader or a writer",
    },
    Call {
        says: &["std::net::{", "std::net::Tcp", "TcpStream", "TcpListener", "UdpSocket"],
        allowed: &[
            "crates/gate/src/ingest/server.rs",
            "crates/gate/src/mcp/http.rs",
            "crates/gate/src/mcp/http/listen.rs",
            "crates/serve/src/mcp/http.rs",
            "crates/serve/src/reach.rs",
            "crates/testkit/",
        ],
        instead: "only the gateway and the servers listen, and only the gateway and `flow` ask others",
    },
    Call { says: &["thread::sleep"], allowed: &[], instead: "wait on a lock, a channel or a condition" },
];

pub(crate) fn run(workspace: &Workspace, _arguments: &[String]) -> Verdict {
    let metadata = workspace.metadata()?;
    let uses = dependencies(&metadata)?;
    let mut problems = order(&uses);
    problems.extend(owned(&uses));
    let files = workspace.files(&[".rs"])?;
    let mut read = 0;
    for path in files.iter().filter(|path| path.starts_with("crates/") && path.contains("/src/")) {
        problems.extend(calls(path, &workspace.read(path)?));
        read += 1;
    }
    verdict(problems, || format!("{} rooms in order, {read} files keep to what their room owns", uses.len()))
}

/// What each room depends on, development dependencies left out: room → package names.
fn dependencies(metadata: &Value) -> Result<BTreeMap<String, Vec<String>>, Vec<String>> {
    let Some(packages) = metadata["packages"].as_array() else {
        return fail("cargo metadata: no packages");
    };
    let mut uses = BTreeMap::new();
    for package in packages.iter().filter(|package| package["source"].is_null()) {
        let Some(room) = package["name"].as_str().and_then(room) else {
            continue;
        };
        if room == BENCHES {
            continue;
        }
        let names = package["dependencies"].as_array().into_iter().flatten();
        let names = names.filter(|dependency| dependency["kind"].as_str() != Some("dev"));
        uses.insert(
            room.to_owned(),
            names.filter_map(|dependency| dependency["name"].as_str()).map(str::to_owned).collect(),
        );
    }
    Ok(uses)
}

/// The room a package of ours is. The benchmarks are none: they measure all of them from outside,
/// against the bare libraries.
fn room(package: &str) -> Option<&str> {
    // The façade is called as the whole: it is what others depend on.
    let name = if package == "sealbook" { Some(package) } else { package.strip_prefix("sealbook-") };
    name.filter(|name| *name != "benches")
}

fn order(uses: &BTreeMap<String, Vec<String>>) -> Vec<String> {
    let place = |room: &str| ROOMS.iter().position(|known| *known == room);
    let mut problems = Vec::new();
    for (from, packages) in uses {
        let floor = if from == TESTKIT { place("store").map(|store| store + 1) } else { place(from) };
        let Some(floor) = floor else {
            problems.push(format!("crates/{from}: not in the order of rooms; give it a place in xtask/src/boundaries.rs and ARCHITECTURE.md"));
            continue;
        };
        for to in packages.iter().filter_map(|package| room(package)) {
            match place(to) {
                Some(at) if at < floor => {}
                Some(_) => problems.push(format!("crates/{from}/Cargo.toml: uses `{to}`, which is not above it")),
                None => problems.push(format!("crates/{from}/Cargo.toml: uses `{to}`, which is for tests only")),
            }
        }
    }
    problems
}

fn owned(uses: &BTreeMap<String, Vec<String>>) -> Vec<String> {
    let mut problems = Vec::new();
    for (from, packages) in uses.iter().filter(|(from, _)| *from != TESTKIT) {
        for owned in OWNED.iter().filter(|owned| packages.iter().any(|package| package == owned.krate)) {
            if !owned.rooms.contains(&from.as_str()) {
                let rooms = owned.rooms.join(", ");
                problems.push(format!("crates/{from}/Cargo.toml: uses `{}`, which belongs to {rooms}", owned.krate));
            }
        }
    }
    problems
}

fn calls(path: &str, source: &str) -> Vec<String> {
    let code = rust_text::code_only(rust_text::without_tests(source));
    let mut problems = Vec::new();
    for call in CALLS.iter().filter(|call| !call.allowed.iter().any(|place| path.starts_with(place))) {
        // Where two spellings meet in one place (`println!` ends `eprintln!`), it is said once.
        let mut lines: Vec<(usize, &str)> = call
            .says
            .iter()
            .flat_map(|says| code.match_indices(says).map(move |(at, _)| (at, *says)))
            .map(|(at, says)| (rust_text::line_of(&code, at), says))
            .collect();
        lines.sort_unstable();
        lines.dedup_by_key(|(line, _)| *line);
        for (line, says) in lines {
            problems.push(format!("{path}:{line}: `{says}`: {}", call.instead));
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uses(rows: &[(&str, &[&str])]) -> BTreeMap<String, Vec<String>> {
        rows.iter()
            .map(|(room, names)| ((*room).to_owned(), names.iter().map(|name| (*name).to_owned()).collect()))
            .collect()
    }

    #[test]
    fn a_room_may_use_rooms_above_it_only() {
        assert!(
            order(&uses(&[("store", &["sealbook-ledger", "sealbook-policy"]), ("testkit", &["sealbook-store"])]))
                .is_empty()
        );
        assert_eq!(order(&uses(&[("ledger", &["sealbook-record"])])).len(), 1);
        assert_eq!(order(&uses(&[("store", &["sealbook-testkit"])])).len(), 1);
        assert_eq!(order(&uses(&[("testkit", &["sealbook-report"])])).len(), 1);
        assert_eq!(order(&uses(&[("cellar", &[])])).len(), 1);
    }

    #[test]
    fn a_foreign_crate_stays_with_its_room() {
        assert!(owned(&uses(&[("store", &["rusqlite"]), ("testkit", &["rusqlite"])])).is_empty());
        assert_eq!(owned(&uses(&[("inspect", &["rusqlite"])])).len(), 1);
    }

    #[test]
    fn calls_are_found_in_code_and_not_in_comments_or_tests() {
        let source =
            "//! println! is not used\nfn f() { eprintln!(\"x\"); }\n#[cfg(test)]\nmod t { fn g() { println!(); } }\n";
        let found = calls("crates/ledger/src/a.rs", source);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].starts_with("crates/ledger/src/a.rs:2: "));
        assert!(calls("crates/cli/src/a.rs", source).is_empty());
    }

    #[test]
    fn development_dependencies_do_not_count() {
        let metadata = serde_json::json!({"packages": [{"name": "sealbook-store", "source": null, "dependencies": [
            {"name": "sealbook-ledger", "kind": null}, {"name": "sealbook-testkit", "kind": "dev"}]}]});
        assert_eq!(dependencies(&metadata), Ok(uses(&[("store", &["sealbook-ledger"])])));
    }
}
