//! The gateway as a program, and its installation into the configuration of clients.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;

use crate::fixture::Place;

/// A server in a shell: it answers every request with its tool's name, and logs what it sees.
const SERVER: &str = r#"
while IFS= read -r line; do
  printf '%s\n' "$line" >> seen.log
  id=${line#*\"id\":}; id=${id%%,*}
  case $line in
    *'"id"'*) printf '{"jsonrpc":"2.0","id":%s,"result":{"content":[]}}\n' "$id" ;;
  esac
done
echo "the server says goodbye" >&2
exit 7
"#;

fn call(id: u32, tool: &str) -> String {
    format!("{{\"jsonrpc\":\"2.0\",\"id\":{id},\"method\":\"tools/call\",\"params\":{{\"name\":\"{tool}\"}}}}\n")
}

#[test]
fn the_exit_code_and_the_standard_error_are_the_servers() {
    let place = Place::new();
    let ended =
        place.run_with(["wrap", "--name", "shop", "--", "sh", "-c", SERVER], call(1, "read") + &call(2, "write"));
    assert_eq!((ended.code, ended.err.as_str()), (7, "the server says goodbye\n"));
    assert_eq!(ended.out.lines().count(), 2);
    let records = place.json(["query", "--action", "tools.call"]);
    let records = records["records"].as_array().unwrap();
    assert_eq!(records.len(), 4);
    for record in records.iter().map(|row| &row["record"]) {
        assert_eq!((&record["actor"]["id"], &record["actor"]["on_behalf_of"]), (&"agent@ann".into(), &"ann".into()));
        assert!(record["target"]["id"].as_str().unwrap().starts_with("shop/"));
    }
    assert_eq!(place.run(["verify", "--complete"]).code, 0);
}

#[test]
fn a_missing_program_is_named() {
    let place = Place::new();
    let ended = place.run(["wrap", "--", "/nowhere/server"]);
    assert_eq!(ended.code, 2);
    assert!(ended.err.starts_with("error[program_failed]: cannot run /nowhere/server"), "{}", ended.err);
    assert_eq!(place.run_with(["wrap", "--", "sh", "-c", SERVER], call(1, "x")).code, 7);
    assert_eq!(place.run(["verify", "--complete"]).code, 0);
}

#[test]
fn whoever_speaks_through_the_gateway_is_an_agent_whatever_they_are_called() {
    let place = Place::new();
    for actor in ["system:sealbook", "user:boss", "unknown:x"] {
        place.run_with(["wrap", "--actor", actor, "--", "sh", "-c", SERVER], call(1, "x"));
        let newest = place.json(["query", "--action", "tools.call", "--limit", "1"])["records"][0]["record"].clone();
        assert_eq!(newest["actor"]["kind"], "agent", "{actor}: {newest}");
    }
}

#[test]
fn a_signal_goes_to_the_server_and_open_calls_are_closed() {
    let place = Place::new();
    let script = "trap 'exit 3' TERM; read line; echo '{\"method\":\"notifications/ready\"}'; while :; do read -t 60 more < /dev/tty || sleep 0.05; done 2>/dev/null";
    let mut command = place.command(["wrap", "--", "bash", "-c", script]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut to = child.stdin.take().unwrap();
    to.write_all(call(1, "slow").as_bytes()).unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line, "{\"method\":\"notifications/ready\"}\n");
    assert!(std::process::Command::new("kill").arg(child.id().to_string()).status().unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(3));
    drop(to);
    let records = place.json(["query", "--action", "tools.call", "--phase", "outcome"]);
    assert_eq!(records["records"][0]["record"]["outcome"], "unknown");
    assert_eq!(place.run(["verify", "--complete"]).code, 0);
}

const CONFIG: &str = "{\n  // kept\n  \"mcpServers\": {\n    \"files\": {\"command\": \"npx\", \"args\": [\"-y\", \"x\"], \"env\": {\"API_KEY\": \"s3cret\"}},\n    \"far\": {\"url\": \"https://example.org\"}\n  }\n}\r\n";

#[test]
fn a_clients_servers_go_behind_the_gateway_and_come_back_to_the_byte() {
    let place = Place::new();
    place.write(".cursor/mcp.json", CONFIG);
    let path = place.project().join(".cursor/mcp.json");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    let read = || std::fs::read_to_string(&path).unwrap();
    let shown = place.run(["wrap", "--install", "cursor", "--observe"]);
    assert_eq!(read(), CONFIG, "nothing is changed without --yes");
    assert!(shown.err.contains("nothing was changed yet: add --yes"), "{shown:?}");
    let lines: Vec<&str> = shown.out.lines().skip(1).collect();
    assert_eq!(lines.len(), 2);
    assert!(lines[0].starts_with("-    \"files\": {\"command\": \"npx\""));
    let own = "\"--tenant\", \"default\", \"--observe\", \"--name\", \"files\", \"--\", \"npx\", \"-y\", \"x\"]";
    assert!(lines[1].contains("\"args\": [\"wrap\", \"--book\", \"/") && lines[1].contains(own), "{}", lines[1]);
    place.ok(["wrap", "--install", "cursor", "--observe", "--yes"]);
    let wrapped = read();
    assert!(wrapped.contains("// kept") && wrapped.contains("\"--observe\""));
    place.ok(["wrap", "--install", "cursor", "--yes"]);
    assert_eq!(read(), wrapped, "what is wrapped is not wrapped twice");
    place.ok(["wrap", "--install", "cursor", "--undo", "--yes"]);
    assert_eq!(read(), CONFIG);
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(std::fs::read_dir(path.parent().unwrap()).unwrap().count(), 1, "nothing is left beside it");
}

#[test]
fn a_file_that_was_changed_since_keeps_its_changes() {
    let place = Place::new();
    place.write("mcp.json", CONFIG);
    let path = place.project().join("mcp.json");
    let file = ["--file", "mcp.json"];
    place.ok(["wrap", "--install", "claude-desktop", "--yes"].iter().chain(&file));
    let changed = std::fs::read_to_string(&path).unwrap().replace("// kept", "// changed since");
    std::fs::write(&path, &changed).unwrap();
    place.ok(["wrap", "--install", "claude-desktop", "--undo", "--yes"].iter().chain(&file));
    assert_eq!(std::fs::read_to_string(&path).unwrap(), CONFIG.replace("// kept", "// changed since"));
}

#[test]
fn a_configuration_that_is_missing_or_no_json_is_said_with_its_mend() {
    let place = Place::new();
    let missing = place.run(["wrap", "--install", "vscode"]);
    assert_eq!(missing.code, 2);
    assert!(missing.err.contains(".vscode/mcp.json"), "{}", missing.err);
    place.write("mcp.json", "{\n\"servers\": {\n,}");
    let broken = place.run(["wrap", "--install", "vscode", "--file", "mcp.json"]);
    assert!(broken.err.starts_with("error[usage]:") && broken.err.contains("line 3"), "{}", broken.err);
}
