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

/// What a revision requires, scenario by scenario: checks that passed and failed, and why it is not scored.
fn run(url: &str, revision: &str) -> BTreeMap<String, (u32, u32, Option<String>)> {
    let place = Place::new();
    let mut suite = Command::new(tool("node/node_modules/.bin/node"));
    suite.arg(tool("suite/node_modules/@modelcontextprotocol/conformance/dist/index.js"));
    suite.args(["server", "--url", url, "--requirements", revision, "--output-dir"]).arg(place.path());
    let said = String::from_utf8(suite.output().unwrap().stdout).unwrap();
    let (_, summary) = said.split_once("=== SUMMARY ===").unwrap_or_else(|| panic!("no summary: {said}"));
    let (scored, unscored) = summary.split_once("Not scored for").unwrap_or((summary, ""));
    let mut results = BTreeMap::new();
    for line in scored.lines().filter(|line| line.starts_with(['✓', '✗', '⚠'])) {
        let (name, counts) = line[3..].trim().split_once(": ").unwrap();
        let mut numbers = counts.split(|c: char| !c.is_ascii_digit()).filter_map(|text| text.parse::<u32>().ok());
        results.insert(name.to_owned(), (numbers.next().unwrap(), numbers.next().unwrap(), None));
    }
    for line in unscored.lines().filter_map(|line| line.trim().strip_prefix(['✓', '✗', '⚠'])) {
        let (name, why) = line.trim().split_once(" (").unwrap();
        results.get_mut(name).unwrap().2 = Some(why.trim_end_matches(')').to_owned());
    }
    for scenario in std::fs::read_dir(place.path()).unwrap().map(|entry| entry.unwrap().path()) {
        let text = std::fs::read_to_string(scenario.join("checks.json")).unwrap();
        let checks: Vec<Value> = serde_json::from_str(&text).unwrap();
        for check in checks.iter().filter(|check| check["status"] == "FAILURE") {
            eprintln!("{revision} {}: {} {}", scenario.display(), check["id"], check["errorMessage"]);
        }
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
        let cell = |results: &BTreeMap<String, (u32, u32, Option<String>)>| match results.get(*name) {
            None => "-".to_owned(),
            Some((passed, failed, why)) => {
                let why = why.as_ref().map_or_else(String::new, |why| format!(" ({why})"));
                format!("{passed} of {}{why}", passed + failed)
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
        for (name, (_, failed, why)) in results {
            assert!(*failed == 0 || why.is_some(), "{name}: {failed} checks failed");
        }
    }
}
