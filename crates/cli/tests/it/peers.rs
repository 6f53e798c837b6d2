//! Official servers and a client of others, direct and through the gateway: the same answers.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::json;

use crate::fixture::Place;

/// What `scripts/tools` has brought.
pub(crate) fn tool(path: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/tools").join(path);
    assert!(path.exists(), "{} is missing; run scripts/tools", path.display());
    path
}

pub(crate) fn server(name: &str) -> Vec<String> {
    let script = tool(&format!("mcp/node_modules/@modelcontextprotocol/{name}/dist/index.js"));
    vec!["node".to_owned(), script.canonicalize().unwrap().display().to_string()]
}

/// What the Python client was told.
pub(crate) fn worked(place: &Place, command: &[String], calls: &serde_json::Value) -> Vec<String> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/peers.py");
    let mut client = Command::new(tool("python/bin/python"));
    client.env("SEALBOOK_HOME", place.home()).current_dir(place.project()).arg("-B").arg(script);
    let ended = client.args(command).arg(calls.to_string()).output().unwrap();
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    String::from_utf8(ended.stdout).unwrap().lines().map(str::to_owned).collect()
}

fn gateway(command: &[String]) -> Vec<String> {
    // The client gives servers a bare environment of its own making: where the book lies is said as well.
    let mut gateway = vec!["env".to_owned(), String::new(), env!("CARGO_BIN_EXE_sealbook").to_owned()];
    gateway.extend(["wrap", "--record", "all", "--name", "peer", "--"].map(str::to_owned));
    gateway.extend_from_slice(command);
    gateway
}

/// Direct, through the gateway, and what the book says of it.
fn same(command: &[String], calls: &serde_json::Value) -> Place {
    let place = Place::new();
    let direct = worked(&place, command, calls);
    let mut through = gateway(command);
    through[1] = format!("SEALBOOK_HOME={}", place.home().display());
    let gated = worked(&place, &through, calls);
    assert_eq!(direct, gated);
    assert_eq!(place.run(["verify", "--complete"]).code, 0);
    let calls = calls.as_array().unwrap().len();
    for phase in ["intent", "outcome"] {
        let found = place.json(["query", "--action", "tools.call", "--phase", phase]);
        assert_eq!(found["records"].as_array().unwrap().len(), calls, "{phase}");
    }
    place
}

#[test]
fn the_server_that_does_everything_answers_as_if_nothing_were_between() {
    let calls = json!([
        ["echo", {"message": "grüße \u{2028} \"quoted\""}],
        ["get-sum", {"a": 0.1, "b": 2}],
        ["get-tiny-image", {}],
        ["get-annotated-message", {"messageType": "error", "includeImage": true}],
        ["get-structured-content", {"location": "Chicago"}],
        ["no-such-tool", {}],
        ["echo", {"wrong": 1}],
    ]);
    let place = same(&server("server-everything"), &calls);
    let pinned = place.json(["query", "--action", "tools.pinned"]);
    assert_eq!(pinned["records"].as_array().unwrap().len(), 1);
    let claimed = place.json(["query", "--action", "tools.call", "--limit", "1"]);
    assert!(claimed["records"][0]["record"]["actor"]["claimed"].as_str().unwrap().starts_with("mcp "));
}

#[test]
fn the_filesystem_server_answers_as_if_nothing_were_between() {
    let files = tempfile::tempdir().unwrap();
    let root = files.path().canonicalize().unwrap();
    std::fs::write(root.join("a.txt"), "one\ntwo\n").unwrap();
    let at = |name: &str| root.join(name).display().to_string();
    let calls = json!([
        ["read_text_file", {"path": at("a.txt")}],
        ["write_file", {"path": at("b.txt"), "content": "x".repeat(60_000)}],
        ["read_text_file", {"path": at("b.txt")}],
        ["list_directory", {"path": at("")}],
        ["read_text_file", {"path": "/etc/passwd"}],
    ]);
    let mut command = server("server-filesystem");
    command.push(root.display().to_string());
    same(&command, &calls);
}
