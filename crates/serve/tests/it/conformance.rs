//! The official suite against our transport, with a server that has everything it asks for.

mod everything;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use sealbook_serve::mcp::{Http, Listening, Token};
use sealbook_testkit::Place;
use serde_json::Value;

use everything::Everything;

fn tool(path: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/tools").join(path);
    assert!(path.exists(), "{} is missing; run scripts/tools", path.display());
    path
}

/// A proxy that adds the token, which the suite knows nothing of.
struct Bearer {
    child: Child,
    url: String,
}

impl Bearer {
    fn new(upstream: &str, token: &Path) -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/bearer.mjs");
        let mut node = Command::new(tool("node/node_modules/.bin/node"));
        let mut child = node.arg(script).arg(upstream).arg(token).stdout(Stdio::piped()).spawn().unwrap();
        let mut url = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut url).unwrap();
        Self { child, url: url.trim().to_owned() }
    }
}

impl Drop for Bearer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// How a scenario went.
#[derive(Debug, Default)]
struct Played {
    passed: usize,
    failed: Vec<String>,
    /// Why the suite does not score it, where it does not.
    unscored: Option<String>,
}

/// The scenarios that a revision requires.
fn run(url: &str, revision: &str) -> BTreeMap<String, Played> {
    let place = Place::new();
    let mut suite = Command::new(tool("node/node_modules/.bin/node"));
    suite.arg(tool("suite/node_modules/@modelcontextprotocol/conformance/dist/index.js"));
    suite.args(["server", "--url", url, "--requirements", revision, "--output-dir"]).arg(place.path());
    let said = String::from_utf8(suite.output().unwrap().stdout).unwrap();
    let (_, unscored) = said.split_once("Not scored for").unwrap_or_default();
    let why = |name: &str| {
        let line = unscored.lines().find_map(|line| line.split_once(&format!(" {name} (")));
        line.map(|(_, why)| why.trim_end_matches(')').to_owned())
    };
    let mut results: BTreeMap<String, Played> = BTreeMap::new();
    for scenario in std::fs::read_dir(place.path()).unwrap().map(|entry| entry.unwrap().path()) {
        let name = scenario.file_name().unwrap().to_str().unwrap().strip_prefix("server-").unwrap();
        let name = &name[..name.len() - "-2026-11-21T14-04-01-850Z".len()];
        let checks: Vec<Value> = serde_json::from_slice(&std::fs::read(scenario.join("checks.json")).unwrap()).unwrap();
        let of = |status: &'static str| checks.iter().filter(move |check| check["status"] == status);
        let failed = of("FAILURE").map(|check| format!("{} {}", check["id"], check["errorMessage"])).collect();
        results.insert(name.to_owned(), Played { passed: of("SUCCESS").count(), failed, unscored: why(name) });
    }
    results
}

#[tokio::test(flavor = "multi_thread")]
async fn the_transport_passes_the_official_suite() {
    let place = Place::new();
    let file = place.join("token");
    let http = Http { token: Token::load_or_create(&file).unwrap(), hosts: Vec::new() };
    let listening = Listening::on("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let upstream = listening.url();
    let everything = Everything::default();
    tokio::spawn(async move { listening.serve(move || everything.clone(), &http).await });
    let bearer = Bearer::new(&upstream, &file);

    let mut table = String::from("| Scenario | 2025-11-25 | 2026-07-28 |\n|---|---|---|\n");
    let [older, newer] = ["2025-11-25", "2026-07-28"].map(|revision| run(&bearer.url, revision));
    let names: std::collections::BTreeSet<_> = older.keys().chain(newer.keys()).collect();
    for name in names.iter().filter(|name| !name.starts_with("tasks-")) {
        let cell = |results: &BTreeMap<String, Played>| match results.get(*name) {
            None => "-".to_owned(),
            Some(Played { passed, failed, unscored }) => {
                let why = unscored.as_ref().map_or_else(String::new, |why| format!(" ({why})"));
                format!("{passed} of {}{why}", passed + failed.len())
            }
        };
        let _ = writeln!(table, "| `{name}` | {} | {} |", cell(&older), cell(&newer));
    }
    let doc = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/mcp-server.md");
    let text = std::fs::read_to_string(&doc).unwrap();
    let (before, rest) = text.split_once("<!-- transport -->\n").unwrap();
    let (kept, after) = rest.split_once("<!-- end -->").unwrap();
    if std::env::var("INSTA_UPDATE").as_deref() == Ok("always") {
        std::fs::write(&doc, format!("{before}<!-- transport -->\n{table}<!-- end -->{after}")).unwrap();
    } else {
        assert_eq!(kept, table, "write it anew with INSTA_UPDATE=always, and read the difference");
    }
    for results in [&older, &newer] {
        assert!(results.len() > 25, "{results:?}");
        for (name, played) in results {
            assert!(played.failed.is_empty() || played.unscored.is_some(), "{name}: {:?}", played.failed);
        }
    }
}
