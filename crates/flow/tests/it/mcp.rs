//! Tools of MCP servers: the official ones, and doubles that are as bad as can be.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use sealbook_flow::{
    Compensation, Error, Executor, Keys, Launch, Places, Registry, Request, SystemTime, Time, ToolAnswer, ToolsConfig,
};
use sealbook_record::{Actor, ActorKind, PartName, Severity};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::double::{Asked, Double, Said};
use crate::fixture::{Bench, wait_for};
use crate::launch::Starter;
use crate::net::recovery;

struct OneFile;

impl Keys for OneFile {
    fn read(&self, file: &str) -> Result<Zeroizing<String>, &'static str> {
        if file == "erp.key" { Ok(Zeroizing::new("k-4f1c9a7e\n".to_owned())) } else { Err("the file is not there") }
    }
}

fn built(text: &str) -> Result<Registry, Error> {
    let (time, launch): (Arc<dyn Time>, Arc<dyn Launch>) = (Arc::new(SystemTime::default()), Arc::new(Starter));
    ToolsConfig::read(text)?.registry_in(&OneFile, &time, &Places { launch: Some(launch), ..Places::default() })
}

/// A world of one configuration.
struct World {
    bench: Bench,
    executor: Executor,
    place: tempfile::TempDir,
}

impl World {
    fn new(text: &str) -> Self {
        Self::at(text, tempfile::tempdir().unwrap())
    }

    fn at(text: &str, place: tempfile::TempDir) -> Self {
        let bench = Bench::new();
        let config = ToolsConfig::read(text).unwrap();
        let executor = Executor::new(
            "benova",
            Arc::new(built(text).unwrap()),
            recovery(&bench),
            Arc::new(config.secrets(OneFile)),
        );
        Self { bench, executor, place }
    }

    /// A double that behaves so.
    fn double(how: &str, more: &str) -> Self {
        let place = tempfile::tempdir().unwrap();
        let text = double_toml(how, &place.path().join("effects"), more);
        Self::at(&text, place)
    }

    fn call(&self, tool: &str, input: Value) -> ToolAnswer {
        let request = Request::new(tool, input, Actor::new(ActorKind::Agent, "schedule_agent"));
        wait_for(self.executor.execute_tool(&request))
    }

    /// What the double was asked to do.
    fn effects(&self) -> Vec<String> {
        let text = std::fs::read_to_string(self.place.path().join("effects")).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }
}

fn double_toml(how: &str, effects: &Path, more: &str) -> String {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/mcp_double.py");
    let args = json!([script, how, effects]);
    format!("[secrets]\nerp = \"erp.key\"\n\n[mcp.shop]\ncommand = \"python3\"\nargs = {args}\ntimeout_s = 20\n{more}")
}

fn official(name: &str) -> PathBuf {
    let tools = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/tools");
    let path = tools.join(format!("mcp/node_modules/@modelcontextprotocol/{name}/dist/index.js"));
    assert!(path.exists(), "{} is missing; scripts/tools brings it", path.display());
    path.canonicalize().unwrap()
}

fn node() -> PathBuf {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/tools/node/node_modules/.bin/node");
    path.canonicalize().unwrap()
}

#[test]
fn the_official_file_server_has_tools_that_are_called_and_taken_back() {
    let place = tempfile::tempdir().unwrap();
    let root = place.path().canonicalize().unwrap();
    let more = "[mcp.files.tools.move_file]\neffect = \"unsafe\"\ncompensate = { tool = \"files/move_file\", input = { \
                source = \"$.input.destination\", destination = \"$.input.source\" } }\n";
    let args = json!([official("server-filesystem"), root]);
    let text = format!("[mcp.files]\ncommand = {}\nargs = {args}\n{more}", json!(node()));
    let world = World::at(&text, place);
    let listed: Vec<(String, &str, &str)> = world
        .executor
        .tools()
        .list()
        .filter(|it| it.info.name.starts_with("files/"))
        .map(|it| (it.info.name.clone(), it.info.effect.as_str(), it.info.reversal.as_str()))
        .collect();
    let of = |name: &str| listed.iter().find(|it| it.0 == format!("files/{name}")).map(|it| (it.1, it.2)).unwrap();
    assert_eq!(of("read_text_file"), ("read", "nothing"));
    assert_eq!(of("write_file"), ("idempotent", "irreversible"));
    assert_eq!(of("move_file"), ("unsafe", "call"));

    let (one, two) = (root.join("one.txt"), root.join("two.txt"));
    let wrote = world.call("files/write_file", json!({"path": one, "content": "hello"}));
    assert!(wrote.success, "{wrote:?}");
    assert_eq!(std::fs::read_to_string(&one).unwrap(), "hello");
    let read = world.call("files/read_text_file", json!({"path": one}));
    assert_eq!(read.data.unwrap()["content"], "hello", "what its schema describes");
    let request = Request::new(
        "files/move_file",
        json!({"source": one, "destination": two}),
        Actor::new(ActorKind::Agent, "tidier"),
    );
    let moved = wait_for(world.executor.call(&request)).unwrap();
    assert!(two.exists() && !one.exists());
    let Compensation::Call { tool, input } = moved.compensation else { panic!("{:?}", moved.compensation) };
    assert!(world.call(&tool, input).success);
    assert!(one.exists() && !two.exists(), "it is taken back");
    // What the server refuses is no success, and what it says of it is not repeated.
    let outside = world.call("files/read_text_file", json!({"path": "/etc/passwd"}));
    assert_eq!((outside.success, outside.data), (false, None));
    assert!(outside.error.unwrap().contains("the tool says that it failed"));
    let misfit = world.call("files/read_text_file", json!({"path": 7}));
    assert!(misfit.error.unwrap().contains("does not fit its schema"));
    let story = world.bench.story();
    assert_eq!(story[..2], ["intent mcp.call", "outcome mcp.call ok"]);
}

#[test]
fn the_official_server_answers_over_http_too() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut server = std::process::Command::new(node());
    server.arg(official("server-everything")).arg("streamableHttp").env("PORT", port.to_string());
    server.stdin(std::process::Stdio::null()).stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
    let mut server = server.spawn().unwrap();
    while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(server.try_wait().unwrap().is_none(), "the server ended");
        std::thread::yield_now();
    }
    let text = format!("[mcp.all]\nurl = \"http://127.0.0.1:{port}/mcp\"\nallow = [\"127.0.0.1\"]\n");
    let world = World::new(&text);
    let echoed = world.call("all/echo", json!({"message": "hello"}));
    assert!(echoed.success, "{echoed:?}");
    assert_eq!(echoed.data.unwrap()["content"][0]["text"], "Echo: hello");
    let sum = world.call("all/get-sum", json!({"a": 2, "b": 3}));
    assert!(sum.data.unwrap()["content"][0]["text"].as_str().unwrap().contains('5'));
    server.kill().unwrap();
    server.wait().unwrap();
    let gone = world.call("all/echo", json!({"message": "hello"}));
    assert!(!gone.success && gone.data.is_none(), "{gone:?}");
}

#[test]
fn what_a_server_says_of_effects_is_a_hint_and_the_configuration_decides() {
    let effects = |more: &str| -> Vec<(String, String)> {
        let world = World::double("plain", more);
        let tools = world.executor.tools();
        let own = tools.list().filter(|it| it.info.name.starts_with("shop/"));
        own.map(|it| (it.info.name[5..].to_owned(), it.info.effect.to_string())).collect()
    };
    let pairs = |of: &[(&str, &str)]| of.iter().map(|it| (it.0.to_owned(), it.1.to_owned())).collect::<Vec<_>>();
    assert_eq!(
        effects(""),
        pairs(&[("add", "unsafe"), ("count", "unsafe"), ("read", "read"), ("remove", "unsafe"), ("set", "idempotent")])
    );
    assert_eq!(
        effects("hints = false\nonly = [\"add\", \"read\", \"set\"]\n[mcp.shop.tools.add]\neffect = \"read\"\n"),
        pairs(&[("add", "read"), ("read", "unsafe"), ("set", "unsafe")])
    );
    let undo = "[mcp.shop.tools.add.compensate]\ntool = \"shop/remove\"\ninput = { id = \"$.result.data.id\" }\n";
    let world = World::double("plain", undo);
    let request = Request::new("shop/add", json!({}), Actor::new(ActorKind::Agent, "a"));
    let added = wait_for(world.executor.call(&request)).unwrap();
    let expected = Compensation::Call { tool: "shop/remove".to_owned(), input: json!({"id": "o-1"}) };
    assert_eq!(added.compensation, expected);
    // A server that wants a secret of others in the call that takes its own back.
    let world = World::double("greedy", undo);
    let added = wait_for(world.executor.call(&request)).unwrap();
    let Compensation::Irreversible { why } = added.compensation else { panic!("{:?}", added.compensation) };
    assert!(why.contains("names a secret"), "{why}");
}

#[test]
fn a_tool_that_is_not_what_it_was_is_not_called() {
    // Its server says so, or says it only when it is started again, or the pin in the configuration says it.
    let world = World::double("turns", "");
    let told = world.call("shop/add", json!({}));
    assert!(told.error.unwrap().contains("something else of this tool"));
    assert!(world.effects().is_empty());
    assert!(world.call("shop/read", json!({})).success, "the others are what they were");

    let pin = World::double("plain", "").executor.tools().pin("shop/add").unwrap().to_owned();
    let pinned = |how: &str, pin: &str| World::double(how, &format!("[pins]\n\"shop/add\" = \"{pin}\"\n"));
    assert!(pinned("plain", &pin).call("shop/add", json!({})).success);
    let world = pinned("plain", &"0".repeat(64));
    let told = world.call("shop/add", json!({})).error.unwrap();
    assert!(told.contains("is not what it was when it was pinned"), "{told}");
    assert!(world.effects().is_empty());
    let listed = world.executor.tools().describe("shop/add").unwrap().availability;
    assert!(!listed.available && listed.why.unwrap().contains("pinned"));
    let sealed = world.bench.told();
    let record = sealed.last().unwrap().record.as_ref().unwrap();
    assert_eq!(record.severity, Severity::Critical);
    assert!(record.tags.contains(&"tool_changed".to_owned()));

    // It died, was started again, and is another now.
    let place = tempfile::tempdir().unwrap();
    let text = double_toml("turns-on-restart", &place.path().join("effects"), "");
    let world = World::at(&text, place);
    assert!(world.call("shop/add", json!({})).success);
    let other = World::at(
        &double_toml("turns-on-restart", &world.place.path().join("effects"), ""),
        tempfile::tempdir().unwrap(),
    );
    assert_ne!(world.executor.tools().pin("shop/add"), other.executor.tools().pin("shop/add"));
}

#[test]
fn bad_servers_are_clear_errors() {
    for (how, why) in [
        ("bad-name", "more than letters"),
        ("twice", "two tools of one name"),
        ("many", "more than 1000"),
        ("bad-schema", "the schema cannot be used"),
    ] {
        let world = World::double(how, "");
        let told = world.call("shop/add", json!({})).error.unwrap();
        assert!(told.contains(why), "{how}: {told}");
        let listed = world.executor.tools().describe("shop").unwrap().availability;
        assert!(listed.why.unwrap().contains(why), "{how}");
    }
    let world = World::double("rubbish", "");
    assert!(world.call("shop/add", json!({})).success, "what is no message is passed over");
    let mute = World::double("mute", "");
    let text = double_toml("mute", Path::new("/dev/null"), "").replace("timeout_s = 20", "timeout_s = 1");
    drop(mute);
    let told = World::new(&text).call("shop/add", json!({})).error.unwrap();
    assert!(told.contains("it did not answer in time"), "{told}");
    for (command, why) in [("/nowhere/program", "entity not found"), ("true", "it ended before it answered")] {
        let told = World::new(&format!("[mcp.shop]\ncommand = \"{command}\"\n")).call("shop/add", json!({}));
        let told = told.error.unwrap();
        assert!(told.contains(why) && told.contains(command), "{told}");
    }
}

#[test]
fn bad_answers_are_clear_errors_and_quote_nothing() {
    for (how, tool, why, status) in [
        ("fails", "add", "the tool says that it failed", "failed"),
        ("lies", "count", "does not fit its schema", "unknown"),
        ("-32602", "add", "the error -32602", "failed"),
        ("-32603", "add", "the error -32603", "unknown"),
        ("dies", "add", "the connection broke", "unknown"),
    ] {
        let world = World::double(how, "");
        let told = world.call(&format!("shop/{tool}"), json!({"of": "x"}));
        let error = told.error.unwrap();
        assert!(error.contains(why) && !error.contains("hunter2"), "{how}: {error}");
        let story = world.bench.story();
        assert_eq!(story, ["intent mcp.call", &format!("outcome mcp.call {status}")], "{how}");
        let sealed = world.bench.part(1, PartName::Error).to_string();
        assert!(!sealed.contains("hunter2"), "{sealed}");
    }
    // What only reads is tried again, at a server that is started again for it.
    let world = World::double("dies", "[mcp.shop.tools.add]\neffect = \"read\"\n");
    assert!(!world.call("shop/add", json!({})).success);
    assert_eq!(world.effects().len(), 4, "3 retries are 4 attempts");
    let text = double_toml("silent", Path::new("/dev/null"), "").replace("timeout_s = 20", "timeout_s = 1");
    let world = World::new(&text);
    assert!(world.call("shop/add", json!({})).error.unwrap().contains("no answer in time"));
    assert_eq!(world.bench.story(), ["intent mcp.call", "outcome mcp.call unknown"]);
    let text = double_toml("huge", Path::new("/dev/null"), "").replace("timeout_s = 20", "timeout_s = 3");
    assert!(!World::new(&text).call("shop/add", json!({})).success, "8 MiB are no answer");
}

#[test]
fn a_server_gets_a_small_environment_and_nothing_that_it_asks_for() {
    let more = "env = { ERP_KEY = \"secret://erp\", LOG_LEVEL = \"debug\" }\n";
    let world = World::double("environment", more);
    let told = world.call("shop/add", json!({})).data.unwrap();
    let environment: Value = serde_json::from_str(told["content"][0]["text"].as_str().unwrap()).unwrap();
    assert_eq!((&environment["ERP_KEY"], &environment["LOG_LEVEL"]), (&json!("k-4f1c9a7e"), &json!("debug")));
    assert!(environment.get("CARGO_MANIFEST_DIR").is_none() && environment.get("HOME").is_none(), "{environment}");
    for stored in world.bench.told() {
        let record = stored.record.unwrap();
        for part in [PartName::Input, PartName::Context].iter().filter_map(|name| record.part(*name)) {
            assert!(!part.get().contains("k-4f1c9a7e"), "{}", part.get());
        }
    }
    let world = World::double("asks", "");
    let told = world.call("shop/add", json!({})).data.unwrap();
    let answers: Value = serde_json::from_str(told["content"][0]["text"].as_str().unwrap()).unwrap();
    for answer in answers.as_array().unwrap() {
        assert!(answer["error"]["code"].is_i64() || answer["result"]["roots"] == json!([]), "{answer}");
    }
}

#[test]
fn a_server_over_http_gets_its_token_and_no_redirect_is_followed() {
    let answer = |asked: &Asked| {
        let message = asked.json();
        if asked.header("authorization") != Some("Bearer k-4f1c9a7e") {
            return Said::status(401);
        }
        let result = match message["method"].as_str() {
            _ if asked.method != "POST" => return Said::status(405),
            Some("initialize") => json!({"protocolVersion": message["params"]["protocolVersion"],
                "capabilities": {"tools": {}}, "serverInfo": {"name": "double", "version": "1"}}),
            Some("tools/list") => json!({"tools": [{"name": "add", "inputSchema": {"type": "object"}}]}),
            Some("tools/call") => json!({"content": [{"type": "text", "text": "added"}]}),
            _ => return Said::status(202),
        };
        Said::json(200, &json!({"jsonrpc": "2.0", "id": message["id"], "result": result}))
    };
    let double = Double::start(answer);
    let toml = |url: &str, more: &str| format!("[mcp.shop]\nurl = \"{url}/mcp\"\nallow = [\"127.0.0.1\"]\n{more}");
    let world = World::new(&toml(&double.url(), "bearer = \"file:erp.key\"\n"));
    let added = world.call("shop/add", json!({}));
    assert_eq!(added.data.unwrap_or_default()["content"][0]["text"], "added");
    let told = World::new(&toml(&double.url(), "")).call("shop/add", json!({})).error.unwrap();
    assert!(told.contains("refuses the connection or its bearer token"), "{told}");
    let elsewhere = Double::start(move |_| {
        Said::Body(307, vec![("location", double.url()), ("content-length", "0".to_owned())], Vec::new())
    });
    let told = World::new(&toml(&elsewhere.url(), "bearer = \"file:erp.key\"\n")).call("shop/add", json!({}));
    assert!(!told.success && told.error.unwrap().contains("cannot be reached"));
}

#[test]
fn what_cannot_be_configured_is_refused() {
    for (text, word) in [
        ("[mcp.a]\n", "either `command`"),
        ("[mcp.a]\ncommand = \"x\"\nurl = \"https://x.example/\"\n", "either `command`"),
        ("[mcp.a]\ncommand = \"x\"\nbearer = \"file:erp.key\"\n", "`bearer` and `allow`"),
        ("[mcp.a]\ncommand = \"x\"\nenv = { API_KEY = \"hunter2\" }\n", "0600"),
        ("[mcp.a]\nurl = \"http://10.0.0.1/mcp\"\n", "allow"),
        ("[mcp.a]\nurl = \"ftp://x.example/\"\n", "neither `https"),
        ("[mcp.a]\nurl = \"https://ann:hunter2@x.example/\"\n", "`bearer`"),
        ("[mcp.a]\nurl = \"https://x.example/\"\nargs = [\"x\"]\n", "for a program"),
        ("[mcp.a]\nurl = \"https://x.example/\"\nbearer = \"hunter2\"\n", "0600"),
        (
            "[mcp.a]\ncommand = \"x\"\n[mcp.a.tools.x]\neffect = \"read\"\ncompensate = { tool = \"y\", input = { i = \"$.z\" } }\n",
            "points neither",
        ),
        ("[mcp.\"a/b\"]\ncommand = \"x\"\n", "no `/`"),
    ] {
        let error = built(text).err().unwrap();
        assert_eq!(error.code(), "tool_invalid", "{text}: {error}");
        assert!(error.to_string().contains(word) && !error.to_string().contains("hunter2"), "{text}: {error}");
    }
    let time: Arc<dyn Time> = Arc::new(SystemTime::default());
    let error = ToolsConfig::read("[mcp.a]\ncommand = \"x\"\n").unwrap().registry(&OneFile, &time).err().unwrap();
    assert!(error.to_string().contains("nothing here may start programs"), "{error}");
}
