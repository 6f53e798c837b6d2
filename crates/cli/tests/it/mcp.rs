//! `sealbook mcp`, worked by clients of others.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use sealbook_testkit::endpoint::{Endpoint, Reply};
use serde_json::{Value, json};

use crate::fixture::{Place, end};
use crate::peers::{tool, worked};

fn node() -> Command {
    Command::new(tool("node/node_modules/.bin/node"))
}

/// The command, with the home that clients would leave out of its environment.
pub(crate) fn stdio(place: &Place) -> Vec<String> {
    let home = format!("SEALBOOK_HOME={}", place.home().display());
    ["env", &home, env!("CARGO_BIN_EXE_sealbook"), "mcp"].map(str::to_owned).to_vec()
}

/// A child that says in its first line where it is, and ends with this.
pub(crate) struct Running {
    child: Child,
    pub(crate) line: String,
}

impl Running {
    fn new(command: &mut Command, on_error: bool) -> Self {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut line = String::new();
        if on_error {
            BufReader::new(child.stderr.take().unwrap()).read_line(&mut line).unwrap();
        } else {
            BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        }
        Self { child, line: line.trim().to_owned() }
    }

    /// The address in its line.
    pub(crate) fn url(&self) -> &str {
        let url = self.line.split_whitespace().find(|word| word.starts_with("http://")).unwrap();
        url.trim_end_matches(';')
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The program over HTTP, and a proxy before it that adds the token.
pub(crate) fn served(place: &Place) -> (Running, Running) {
    let server = Running::new(&mut place.command(["mcp", "--listen", "127.0.0.1:0"]), true);
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../serve/tests/it/bearer.mjs");
    let token = place.home().join("mcp.token");
    let proxy = Running::new(node().arg(script).arg(server.url()).arg(token), false);
    (server, proxy)
}

#[test]
fn a_python_client_works_the_book_and_checks_every_answer() {
    let place = Place::new();
    place.write("a.txt", "one\n");
    place.append(&["--actor", "bob", "--action", "file.write", "--target", "file:a.txt"]);
    // This client checks each structured answer against the schema that the tool came with.
    let calls = json!([
        ["query_audit_trail", {"user": "bob"}],
        ["audit_file", {"file_path": "a.txt"}],
        ["verify_audit_chain", {}],
        ["audit_trail", {"action": "search", "filters": {"user_id": "bob"}}],
        ["audit_trail", {"action": "verify_integrity"}],
        ["audit_trail", {"action": "compliance_report", "start_date": 0}],
        ["audit_trail", {"action": "no_such"}],
        ["list_alerts", {}],
        ["list_approvals", {"all": true}],
        ["list_stops", {}],
        ["emergency_stop", {"reason": "a drill", "scope": "session", "id": "s1"}],
        ["audit_file", {"file_path": "/etc/passwd"}],
    ]);
    let told = worked(&place, &stdio(&place), &calls);
    let answers: Vec<Value> = told.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    let names: Vec<&str> = answers.iter().map(|answer| answer[0].as_str().unwrap()).collect();
    assert_eq!(&names[..4], ["initialize", "tools", "resources", "prompts"]);
    for (answer, call) in answers[4..].iter().zip(calls.as_array().unwrap()) {
        let fails = call[1]["action"] == "no_such" || call[1]["file_path"] == "/etc/passwd";
        assert_eq!(answer[1]["isError"], fails, "{answer}");
        let status = &answer[1]["structuredContent"]["status"];
        assert_eq!(status, if fails { "error" } else { "success" }, "{answer}");
    }
    // What it changed is in the book, in its name.
    let sealed = place.json(["query", "--action", "tools.call", "--phase", "intent"]);
    let sealed = sealed["records"].as_array().unwrap();
    assert_eq!(sealed.len(), 2);
    for row in sealed {
        assert!(row["record"]["actor"]["claimed"].as_str().unwrap().starts_with("mcp "), "{row}");
        assert_eq!(row["record"]["actor"]["on_behalf_of"], "ann");
    }
    let stop = place.json(["query", "--action", "stop.set"]);
    assert_eq!(stop["records"][0]["record"]["actor"]["kind"], "agent");
    assert_eq!(place.run(["verify", "--complete"]).code, 0);
}

/// What the inspector's command line says of a server.
pub(crate) fn inspected(place: &Place, server: &[String], arguments: &[&str]) -> Value {
    let script = tool("suite/node_modules/@modelcontextprotocol/inspector/clients/launcher/build/index.js");
    let mut inspector = node();
    inspector.arg(script).arg("--cli").args(server).args(arguments).current_dir(place.project());
    let path = tool("node/node_modules/.bin").canonicalize().unwrap();
    inspector.env("PATH", format!("{}:/usr/bin:/bin", path.display())).env("HOME", place.home());
    let ended = inspector.output().unwrap();
    let said = String::from_utf8_lossy(&ended.stdout).into_owned();
    serde_json::from_str(&said).unwrap_or_else(|error| {
        panic!("{error}: {said} {}", String::from_utf8_lossy(&ended.stderr));
    })
}

#[test]
fn the_inspector_lists_and_calls_tools() {
    let place = Place::new();
    let inspect = |arguments: &[&str]| inspected(&place, &stdio(&place), arguments);
    let listed = inspect(&["--method", "tools/list"]);
    let names: BTreeSet<&str> =
        listed["tools"].as_array().unwrap().iter().map(|it| it["name"].as_str().unwrap()).collect();
    for name in ["audit_trail", "audit_file", "audit_git", "verify_audit_chain", "query_audit_trail"] {
        assert!(names.contains(name), "{name}");
    }
    let called = inspect(&["--method", "tools/call", "--tool-name", "verify_audit_chain"]);
    assert_eq!(called["structuredContent"]["verification"]["valid"], true, "{called}");
}

#[test]
fn a_review_is_asked_for_through_the_tool_in_the_configured_domain() {
    let said = json!({"compliance_status": "CONDITIONAL", "risk_level": "HIGH", "violations": [], "recommendations": [],
        "required_actions": [], "legal_notes": "looked at", "approval_conditions": ["a backup exists"]});
    let double = Endpoint::start(None, [Reply::Says(said.to_string())]);
    let place = Place::new();
    let file = format!("provider = \"openai\"\nurl = \"{}\"\nmodel = \"m\"\nretries = 0\n", double.url());
    std::fs::write(place.home().join("model.toml"), file).unwrap();
    let mut command = stdio(&place);
    command.insert(2, "COMPLIANCE_DOMAIN=finance".to_owned());
    let secret = "AKIAIOSFODNN7EXAMPLQ";
    let asked = json!({"action": "review_compliance", "action_description": "delete user data",
        "context": {"users": 3, "key": secret}});
    let told = worked(&place, &command, &json!([["audit_trail", asked]]));
    let answer: Value = serde_json::from_str(told.last().unwrap()).unwrap();
    let review = &answer[1]["structuredContent"]["review"];
    assert_eq!(
        (&review["compliance_status"], &review["risk_level"]),
        (&json!("CONDITIONAL"), &json!("HIGH")),
        "{answer}"
    );
    let asked = format!("{:?}", double.requests());
    assert!(asked.contains("SOX") && !asked.contains(secret), "{asked}");
    let sealed = place.json(["query", "--action", "policy.review"]);
    assert_eq!(sealed["records"].as_array().unwrap().len(), 2);
    assert!(sealed["records"][0]["record"]["actor"]["claimed"].as_str().unwrap().starts_with("mcp "), "{sealed}");
}

#[test]
fn variables_of_the_older_logger_are_heeded_or_named() {
    let place = Place::new();
    let mut command = place.command(["mcp"]);
    command.envs([("AUDIT_ENABLED", "false"), ("AUDIT_DB_PATH", "audit_trail.db"), ("AUDIT_RETENTION_YEARS", "7")]);
    let ended = end(&mut command, b"");
    assert_eq!(ended.code, 0, "{ended:?}");
    for name in ["AUDIT_ENABLED", "AUDIT_DB_PATH", "AUDIT_RETENTION_YEARS"] {
        assert!(ended.err.contains(&format!("{name} is set and not heeded")), "{ended:?}");
    }
}

/// Scenarios that a server of this one's capabilities cannot play, and why.
fn not_played(scenario: &str) -> Option<&'static str> {
    let tools = "asks for tools of the suite's own";
    let undeclared = "a capability that the server does not declare";
    let questions = "the server asks its client nothing";
    let table = [
        ("tools-call-sampling", questions),
        ("tools-call-elicitation", questions),
        ("tools-call-", tools),
        ("json-schema-2020-12", tools),
        ("http-custom-header-server-validation", tools),
        ("logging-", undeclared),
        ("completion-", undeclared),
        ("resources-", undeclared),
        ("prompts-", undeclared),
        ("caching", undeclared),
        ("elicitation-", questions),
        ("input-required-result-", questions),
        ("tasks-", undeclared),
        ("sep-2640-", undeclared),
    ];
    table.iter().find(|(name, _)| scenario.starts_with(name)).map(|(_, why)| *why)
}

/// The failed checks of each scenario that a revision requires.
pub(crate) fn suite(url: &str, revision: &str) -> BTreeMap<String, (usize, Vec<String>)> {
    let results = tempfile::tempdir().unwrap();
    let mut suite = node();
    suite.arg(tool("suite/node_modules/@modelcontextprotocol/conformance/dist/index.js"));
    suite.args(["server", "--url", url, "--requirements", revision, "--output-dir"]).arg(results.path());
    suite.output().unwrap();
    let mut found = BTreeMap::new();
    for scenario in std::fs::read_dir(results.path()).unwrap().map(|entry| entry.unwrap().path()) {
        let name = scenario.file_name().unwrap().to_str().unwrap().to_owned();
        // server-NAME-2026-11-21T14-04-01-850Z
        let name = name.strip_prefix("server-").unwrap();
        let name = name[..name.len() - "-2026-11-21T14-04-01-850Z".len()].to_owned();
        let checks: Vec<Value> = serde_json::from_slice(&std::fs::read(scenario.join("checks.json")).unwrap()).unwrap();
        let of = |status: &'static str| checks.iter().filter(move |check| check["status"] == status);
        let failed = of("FAILURE").map(|check| format!("{} {}", check["id"], check["errorMessage"])).collect();
        found.insert(name, (of("SUCCESS").count(), failed));
    }
    found
}

#[test]
fn the_program_passes_what_the_suite_can_ask_of_it() {
    let place = Place::new();
    let (_server, proxy) = served(&place);
    let [older, newer] = ["2025-11-25", "2026-07-28"].map(|revision| suite(&proxy.line, revision));
    let names: BTreeSet<&String> = older.keys().chain(newer.keys()).collect();
    let mut table = String::from("| Scenario | 2025-11-25 | 2026-07-28 |\n|---|---|---|\n");
    let mut left_out: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    let mut played = 0;
    for name in names {
        if let Some(why) = not_played(name) {
            left_out.entry(why).or_default().push(format!("`{name}`"));
            continue;
        }
        let mut cells = Vec::new();
        for results in [&older, &newer] {
            let Some((passed, failed)) = results.get(name) else {
                cells.push("-".to_owned());
                continue;
            };
            // A check that needs a tool of the suite's own says so.
            let real: Vec<_> = failed.iter().filter(|check| !check.contains("Not testable")).collect();
            assert!(real.is_empty(), "{name}: {real:?}");
            played += 1;
            cells.push(match failed.len() {
                0 => format!("{passed} of {passed}"),
                untestable => format!("{passed} of {passed}; {untestable} need tools of the suite's own"),
            });
        }
        let _ = writeln!(table, "| `{name}` | {} |", cells.join(" | "));
    }
    table.push_str("\nNot played:\n\n");
    for (why, names) in left_out {
        let _ = writeln!(table, "- {why}: {}.", names.join(", "));
    }
    assert!(played >= 12, "{played}");
    kept("program", &table);
    assert_eq!(place.run(["verify"]).code, 0);
}

/// The table as the documentation has it.
fn kept(mark: &str, table: &str) {
    let doc = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/mcp-server.md");
    let text = std::fs::read_to_string(&doc).unwrap();
    let (before, rest) = text.split_once(&format!("<!-- {mark} -->\n")).unwrap();
    let (kept, after) = rest.split_once("<!-- end -->").unwrap();
    if std::env::var("INSTA_UPDATE").as_deref() == Ok("always") {
        std::fs::write(&doc, format!("{before}<!-- {mark} -->\n{table}<!-- end -->{after}")).unwrap();
    } else {
        assert_eq!(kept, table, "write it anew with INSTA_UPDATE=always, and read the difference");
    }
}

#[test]
fn what_cannot_be_served_is_told_before_anything_is_made() {
    let place = Place::empty();
    let ended = place.run(["mcp", "--root", "no/such/dir"]);
    assert_eq!((ended.code, ended.err.contains("root_unusable")), (2, true), "{ended:?}");
    let ended = place.run(["mcp", "--listen", "0.0.0.0:0"]);
    assert_eq!((ended.code, ended.err.contains("--allow-host")), (2, true), "{ended:?}");
    assert!(!place.home().exists());

    let place = Place::new();
    let loose = place.beside("token");
    std::fs::write(&loose, "0".repeat(64)).unwrap();
    let ended = place.run(["mcp", "--listen", "127.0.0.1:0", "--token-file", loose.to_str().unwrap()]);
    assert_eq!((ended.code, ended.err.contains("token_file_unusable")), (2, true), "{ended:?}");
    assert!(!ended.err.contains("00000000"), "{ended:?}");
    // A client that goes away at once has asked for nothing.
    let ended = place.run(["mcp"]);
    assert_eq!((ended.code, ended.out.as_str()), (0, ""), "{ended:?}");
}
