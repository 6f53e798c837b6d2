//! `ingest`: a server on loopback, real exporters, and strangers.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use crate::fixture::Place;
use crate::peers::tool;

/// The server, listening.
struct Server {
    child: Child,
    address: String,
    token: String,
}

/// What was answered.
#[derive(Debug)]
struct Answer {
    status: u16,
    head: String,
    body: Vec<u8>,
}

impl Server {
    fn start(place: &Place, more: &[&str]) -> Self {
        let path = place.json(["ingest", "--show-token-path"]);
        let token = std::fs::read_to_string(path["token_file"].as_str().unwrap()).unwrap().trim().to_owned();
        let mut command = place.command(["ingest", "--listen", "127.0.0.1:0", "--format", "json"].iter().chain(more));
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut said = String::new();
        BufReader::new(child.stderr.take().unwrap()).read_line(&mut said).unwrap();
        let address = said.split("http://").nth(1).unwrap_or_else(|| panic!("{said}"));
        let address = address.split(';').next().unwrap().to_owned();
        Self { child, address, token }
    }

    /// A request with these headers, beside those that every one has.
    fn send(&self, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let length = body.len().to_string();
        let own = [("Host", &*self.address), ("Content-Length", &length), ("Connection", "close")];
        let mut request = format!("POST {path} HTTP/1.1\r\n");
        for (name, value) in
            own.iter().filter(|(name, _)| headers.iter().all(|(other, _)| other != name)).chain(headers)
        {
            request.push_str(&format!("{name}: {value}\r\n"));
        }
        request.push_str("\r\n");
        self.raw(&[request.as_bytes(), body].concat())
    }

    /// As every sender with the token would.
    fn post(&self, path: &str, content_type: &str, body: &[u8]) -> Answer {
        let token = format!("Bearer {}", self.token);
        self.send(path, &[("Authorization", &token), ("Content-Type", content_type)], body)
    }

    fn json(&self, path: &str, body: &Value) -> Answer {
        self.post(path, "application/json", body.to_string().as_bytes())
    }

    fn raw(&self, request: &[u8]) -> Answer {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        // The server may answer and close before it has read everything.
        let _ = stream.write_all(request);
        Answer::read(&mut stream)
    }

    /// Ends it as a service manager does; what it says at the end.
    fn stop(mut self) -> Value {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
        let mut out = String::new();
        self.child.stdout.take().unwrap().read_to_string(&mut out).unwrap();
        assert!(self.child.wait().unwrap().success());
        serde_json::from_str(&out).unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Answer {
    fn read(stream: &mut TcpStream) -> Self {
        let mut all = Vec::new();
        let _ = stream.read_to_end(&mut all);
        let end = all.windows(4).position(|four| four == b"\r\n\r\n").unwrap_or_else(|| panic!("no answer"));
        let head = String::from_utf8(all[..end].to_vec()).unwrap().to_ascii_lowercase();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Self { status, head, body: all[end + 4..].to_vec() }
    }

    fn told(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

fn span(id: u64, name: &str, attributes: &Value) -> Value {
    let attributes: Vec<Value> =
        attributes.as_object().unwrap().iter().map(|(key, value)| json!({"key": key, "value": value})).collect();
    json!({
        "traceId": "5b8efff798038103d269b633813fc60c", "spanId": format!("{id:016x}"), "name": name, "kind": 3,
        "startTimeUnixNano": "1770000000000000000", "endTimeUnixNano": 1_770_000_000_250_000_000_u64,
        "attributes": attributes, "status": {}, "unknownField": [1]
    })
}

fn export(spans: &[Value]) -> Value {
    let resource = json!({"attributes": [{"key": "service.name", "value": {"stringValue": "buyer"}}]});
    json!({"resourceSpans": [{"resource": resource, "scopeSpans": [{"scope": {"name": "t"}, "spans": spans}]}]})
}

fn records(place: &Place, filter: &[&str]) -> Vec<Value> {
    let found = place.json(["query", "--limit", "1000", "--source", "otlp/traces"].iter().chain(filter));
    found["records"].as_array().unwrap().iter().map(|found| found["record"].clone()).collect()
}

#[test]
fn real_exporters_are_understood() {
    let place = Place::new();
    let server = Server::start(&place, &[]);
    for packing in ["none", "gzip"] {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/ingest.py");
        let mut sender = Command::new(tool("otlp/bin/python"));
        sender.arg("-B").arg(script).args([&*format!("http://{}", server.address), &server.token, packing]);
        let sent = sender.env("OTEL_EXPORTER_OTLP_TIMEOUT", "60").output().unwrap();
        let said = String::from_utf8_lossy(&sent.stderr);
        assert!(sent.status.success() && !said.contains("Failed to export"), "{said}");
    }
    let told = server.stop();
    assert_eq!((&told["sealed"], &told["refused"]), (&json!(12), &json!(0)), "{told}");

    let chat = &records(&place, &["--action", "model.chat"])[0];
    assert_eq!((&chat["target"]["id"], &chat["category"]), (&json!("acme/m-1"), &json!("llm_request")));
    assert_eq!(chat["metadata"]["captured_by"], "telemetry");
    assert_eq!(chat["metadata"]["usage"], json!({"input_tokens": 1200, "output_tokens": 34}));
    assert_eq!(chat["input"][0]["parts"][0]["content"], "buy tea");
    assert_eq!(chat["conversation"], "c-7");
    let call = &records(&place, &["--action", "tool.call"])[0];
    assert_eq!((&call["target"]["id"], &call["outcome"]), (&json!("order"), &json!("failed")));
    assert_eq!((&call["actor"]["id"], &call["actor"]["kind"]), (&json!("buyer"), &json!("agent")));
    assert_eq!(
        (&call["actor"]["claimed"], &call["actor"]["verified"]),
        (&json!("shop-agent"), &json!("sender:ingest"))
    );
    assert_eq!((&call["input"]["sort"], call["error"]["message"].as_str()), (&json!("green"), Some("sold out")));
    assert_eq!(call["error"]["exception"]["exception.type"], "ValueError");
    assert!(!call.to_string().contains("hunter2"), "{call}");
    let agent = &records(&place, &["--action", "agent.invoke_agent"])[0];
    assert_eq!(agent["operation"], records(&place, &["--action", "span.client"])[0]["operation"]);
    let logs = place.json(["query", "--source", "otlp/logs"]);
    let logs = logs["records"].as_array().unwrap();
    assert_eq!(logs.len(), 4);
    let event = logs.iter().map(|log| &log["record"]).find(|log| log["action"] == "shelf.empty").unwrap();
    assert_eq!((&event["severity"], &event["context"]["attributes"]["shelf"]), (&json!("warning"), &json!(3)));
    // The capture is closed, and nothing is missing.
    assert_eq!(place.run(["verify", "--complete"]).code, 0);
}

#[test]
fn spans_of_models_and_tools_become_records_of_their_kind() {
    let place = Place::new();
    let server = Server::start(&place, &[]);
    let mut call = span(
        2,
        "tools/call read",
        &json!({
            "mcp.method.name": {"stringValue": "tools/call"}, "gen_ai.tool.name": {"stringValue": "read"},
            "mcp.server.name": {"stringValue": "fs"}, "mcp.session.id": {"stringValue": "s-1"},
            "gen_ai.tool.call.result": {"stringValue": "{\"n\":1}"}
        }),
    );
    call["parentSpanId"] = json!(format!("{:016x}", 1));
    let spans = [
        span(
            1,
            "chat old",
            &json!({
                "gen_ai.system": {"stringValue": "openai"}, "gen_ai.response.model": {"stringValue": "m"},
                "gen_ai.usage.prompt_tokens": {"intValue": "7"}, "gen_ai.usage.completion_tokens": {"intValue": 2},
                "score": {"doubleValue": 0.5}, "raw": {"bytesValue": "/w=="},
                "list": {"arrayValue": {"values": [{"boolValue": true}, {}]}}
            }),
        ),
        call,
        span(3, "db", &json!({})),
    ];
    let answer = server.json("/v1/traces", &export(&spans));
    assert_eq!((answer.status, answer.told()), (200, json!({})));
    let old = &records(&place, &["--action", "model.call"])[0];
    assert_eq!((&old["target"]["id"], &old["duration_us"]), (&json!("openai/m"), &json!(250_000)));
    assert_eq!(old["metadata"]["usage"], json!({"input_tokens": 7, "output_tokens": 2}));
    let attributes = &old["context"]["attributes"];
    assert_eq!(attributes["list"], json!([true, null]));
    assert_eq!((&attributes["score"], &attributes["raw"]), (&json!(0.5), &json!({"b64": "/w=="})));
    assert_eq!(old["occurred"], "2026-02-02T02:40:00.000000Z");
    let call = &records(&place, &["--action", "tools.call"])[0];
    assert_eq!((&call["target"]["id"], &call["category"]), (&json!("fs/read"), &json!("mcp_call")));
    assert_eq!((&call["parent"], &call["operation"]), (&old["id"], &old["operation"]));
    assert_eq!((&call["session"], &call["result"]), (&json!("s-1"), &json!({"n": 1})));
    assert_eq!(records(&place, &["--action", "span.client"])[0]["target"]["id"], "db");
}

#[test]
fn a_retry_seals_nothing_twice_and_another_span_of_that_id_is_told() {
    let place = Place::new();
    let server = Server::start(&place, &[]);
    let body = export(&[span(1, "a", &json!({})), span(2, "b", &json!({}))]);
    assert_eq!(server.json("/v1/traces", &body).told(), json!({}));
    // A rule that came meanwhile would put other words into the record.
    place.make_approver();
    place.write("rule.yaml", "id: odd\neffect: log\nscope: {actions: ['span.*']}\n");
    place.approved(&["rules", "add", "rule.yaml"]);
    assert_eq!(server.json("/v1/traces", &body).told(), json!({}));
    let other = export(&[span(1, "another", &json!({})), span(3, "c", &json!({}))]);
    let told = server.json("/v1/traces", &other).told();
    assert_eq!(told["partialSuccess"]["rejectedSpans"], 1, "{told}");
    let logs = json!({"resourceLogs": [{"scopeLogs": [{"logRecords": [
        {"timeUnixNano": "1770000000000000000", "body": {"stringValue": "twice"}},
        {"timeUnixNano": "1770000000000000000", "body": {"stringValue": "twice"}},
        {}
    ]}]}]});
    for _ in 0..2 {
        let told = server.json("/v1/logs", &logs).told();
        assert_eq!(told["partialSuccess"]["rejectedLogRecords"], 1, "{told}");
    }
    assert_eq!(records(&place, &[]).len(), 3);
    let told = server.stop();
    assert_eq!((&told["sealed"], &told["duplicates"], &told["refused"]), (&json!(5), &json!(4), &json!(3)), "{told}");
    assert_eq!(place.json(["query", "--source", "otlp/logs"])["records"].as_array().unwrap().len(), 2);
}

#[test]
fn strangers_get_nothing_and_do_no_harm() {
    let place = Place::new();
    let server = Server::start(&place, &["--body-bytes", "100000"]);
    let token = format!("Bearer {}", server.token);
    let body = export(&[span(9, "no", &json!({}))]).to_string();
    let body = body.as_bytes();
    let json = ("Content-Type", "application/json");
    let auth = ("Authorization", &*token);
    let other = if server.token.ends_with('0') { '1' } else { '0' };
    let wrong = format!("Bearer {}{other}", &server.token[..63]);
    for (status, path, headers) in [
        (401, "/v1/traces", vec![json]),
        (401, "/v1/traces", vec![json, ("Authorization", "Bearer ")]),
        (401, "/v1/traces", vec![json, ("Authorization", &*wrong)]),
        (401, "/v1/traces", vec![json, ("Authorization", "Basic abc")]),
        (403, "/v1/traces", vec![json, auth, ("Origin", "http://localhost:3000")]),
        (403, "/v1/traces", vec![json, auth, ("Host", "evil.example")]),
        (403, "/v1/traces", vec![json, auth, ("Host", "127.0.0.1.evil.example:80")]),
        (404, "/v1/metrics", vec![json, auth]),
        (415, "/v1/traces", vec![auth, ("Content-Type", "text/plain")]),
        (415, "/v1/traces", vec![json, auth, ("Content-Encoding", "br")]),
        (400, "/v1/traces", vec![json, auth, ("Content-Encoding", "gzip")]),
        (413, "/v1/traces", vec![json, auth, ("Content-Length", "99999999999")]),
    ] {
        let answer = server.send(path, &headers, body);
        assert_eq!(answer.status, status, "{path} {headers:?}: {answer:?}");
        assert!(answer.told()["message"].as_str().unwrap().contains("; "), "{answer:?}");
    }
    assert_eq!(
        server
            .raw(
                format!(
                    "GET /v1/traces HTTP/1.1\r\nHost: localhost\r\nAuthorization: {token}\r\nConnection: close\r\n\r\n"
                )
                .as_bytes()
            )
            .status,
        405
    );
    let deep = format!(
        "{}1{}",
        r#"{"resourceSpans":[{"scopeSpans":[{"spans":[{"attributes":[{"key":"a","value":"#, "}]}]}]}]}"
    );
    let nested = deep.replace('1', &format!("{}{}", r#"{"arrayValue":{"values":["#.repeat(2_000), "]}}".repeat(2_000)));
    let garbage: Vec<u8> = (0..5_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    for body in
        [&b""[..], b"{", b"[]", b"null", &garbage, nested.as_bytes(), &body[..body.len() / 2], b"{\"resourceSpans\":3}"]
    {
        let answer = server.post("/v1/traces", "application/json", body);
        assert_eq!(answer.status, 400, "{answer:?}");
    }
    for body in [&garbage[..], &[0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f], &[0x0b; 3_000]] {
        let answer = server.post("/v1/logs", "application/x-protobuf", body);
        assert_eq!((answer.status, answer.body.first()), (400, Some(&8)), "a google.rpc.Status: {answer:?}");
    }
    // 50 MB of nothing in 50 kB.
    let mut bomb = Command::new("python3");
    bomb.args(["-c", "import gzip,sys; sys.stdout.buffer.write(gzip.compress(b' ' * 50_000_000))"]);
    let bomb = bomb.output().unwrap().stdout;
    let headers = [json, auth, ("Content-Encoding", "gzip")];
    assert_eq!(server.send("/v1/traces", &headers, &bomb).status, 413);
    assert_eq!(server.send("/v1/traces", &headers, &bomb[..bomb.len() / 2]).status, 413);
    assert_eq!(server.send("/v1/traces", &[json, auth], &vec![b' '; 100_001]).status, 413);
    // A body in pieces, longer than it may be, and one that breaks off.
    let chunks = format!(
        "POST /v1/records HTTP/1.1\r\nHost: localhost\r\nAuthorization: {token}\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    );
    let mut pieces = chunks.clone().into_bytes();
    for _ in 0..30 {
        pieces.extend(format!("1000\r\n{}\r\n", " ".repeat(4_096)).into_bytes());
    }
    assert_eq!(server.raw(&pieces).status, 413);
    drop(TcpStream::connect(&server.address).unwrap().write_all(format!("{chunks}10\r\nabc").as_bytes()));
    // After all of this it still takes what is good, and has taken nothing else.
    assert_eq!(server.send("/v1/traces", &[json, auth], body).status, 200);
    assert_eq!(records(&place, &[]).len(), 1);
    assert_eq!(place.json(["verify"])["valid"], true);
}

#[test]
fn a_sender_that_is_too_many_is_asked_to_come_back() {
    let place = Place::new();
    let server = Server::start(&place, &["--requests", "1"]);
    let body = export(&[span(1, "a", &json!({}))]).to_string();
    let mut slow = TcpStream::connect(&server.address).unwrap();
    let head = format!(
        "POST /v1/traces HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n",
        server.token,
        body.len()
    );
    slow.write_all(head.as_bytes()).unwrap();
    // It is being worked on once the server asks for its body.
    let mut line = [0; 25];
    slow.read_exact(&mut line).unwrap();
    assert!(line.starts_with(b"HTTP/1.1 100 "), "{line:?}");
    let answer = server.json("/v1/traces", &export(&[span(2, "b", &json!({}))]));
    assert_eq!(answer.status, 429, "{answer:?}");
    assert!(answer.head.contains("retry-after: 1"), "{answer:?}");
    slow.write_all(body.as_bytes()).unwrap();
    assert_eq!(Answer::read(&mut slow).status, 200);
    assert_eq!(server.json("/v1/traces", &export(&[span(2, "b", &json!({}))])).status, 200);
}

#[test]
fn json_lines_are_records_and_what_is_none_is_named() {
    let place = Place::new();
    place.make_approver();
    place.write("rule.yaml", "id: no-drop\neffect: block\nscope: {actions: [db.drop]}\n");
    place.approved(&["rules", "add", "rule.yaml"]);
    let server = Server::start(&place, &[]);
    let lines = concat!(
        r#"{"action":"deploy","target":"shop","actor":{"id":"ci","kind":"service","verified":"root"}}"#,
        "\n\n",
        r#"{"action":"deploy"}"#,
        "\n",
        r#"{"action":"db.drop","target":"shop","phase":"intent"}"#,
        "\n",
        r#"{"action":"stop.lift","target":"all"}"#,
        "\n",
        r#"{"action":"db.drop","target":"shop","outcome":"ok"}"#,
    );
    let answer = server.post("/v1/records", "application/x-ndjson", lines.as_bytes());
    let told = answer.told();
    assert_eq!((answer.status, &told["sealed"], &told["refused"]), (422, &json!(2), &json!(3)), "{told}");
    let of = |at: usize| (told["lines"][at]["line"].as_u64().unwrap(), told["lines"][at]["code"].as_str().unwrap());
    assert_eq!([of(0), of(1), of(2)], [(3, "missing_field"), (4, "blocked"), (5, "action_reserved")]);
    let again = server.post("/v1/records", "application/x-ndjson", lines.as_bytes()).told();
    assert_eq!((&again["sealed"], &again["duplicates"]), (&json!(0), &json!(2)), "{again}");
    let sealed = place.json(["query", "--action", "deploy"]);
    let actor = &sealed["records"][0]["record"]["actor"];
    assert_eq!((&actor["verified"], &actor["claimed"]), (&json!("sender:ingest"), &json!("imported:root")));
    let blocked = place.json(["query", "--outcome", "blocked"]);
    assert_eq!(blocked["records"][0]["record"]["action"], "db.drop");
}

#[test]
fn it_listens_to_this_machine_and_to_those_who_have_a_token() {
    let place = Place::new();
    let ended = place.run(["ingest", "--listen", "0.0.0.0:0"]);
    assert!(ended.code == 2 && ended.err.contains("not_loopback"), "{ended:?}");
    place.write("open.token", "0123456789abcdef0123456789abcdef\n");
    let loose = place.run(["ingest", "--listen", "127.0.0.1:0", "--token-file", "open.token"]);
    assert!(loose.code == 2 && loose.err.contains("token_file_unusable") && !loose.err.contains("012345"), "{loose:?}");
    place.write("short.token", "short");
    for name in ["open.token", "short.token"] {
        assert!(Command::new("chmod").arg("600").arg(place.project().join(name)).status().unwrap().success());
    }
    assert_eq!(place.run(["ingest", "--listen", "127.0.0.1:0", "--token-file", "short.token"]).code, 2);
    // Each sender has a name of its own; the book's own token opens nothing then.
    let server = Server::start(&place, &["--token-file", "open.token"]);
    let body = export(&[span(1, "a", &json!({}))]);
    assert_eq!(server.json("/v1/traces", &body).status, 401);
    let known = [("Authorization", "bearer 0123456789abcdef0123456789abcdef"), ("Content-Type", "application/json")];
    assert_eq!(server.send("/v1/traces", &known, body.to_string().as_bytes()).status, 200);
    assert_eq!(records(&place, &[])[0]["actor"]["verified"], "sender:open");
    let taken = place.run(["ingest", "--listen", &*server.address]);
    assert!(taken.code == 2 && taken.err.contains("listen_failed"), "{taken:?}");
    drop(server);
    // A server that was killed is a gap.
    let gaps = place.run(["gaps", "--format", "json"]).out;
    assert_eq!(serde_json::from_str::<Value>(&gaps).unwrap()["open_intents"][0]["action"], "capture.open");
    let server = Server::start(&place, &["--without-token"]);
    let answer = server.send("/v1/traces", &[("Content-Type", "application/json")], body.to_string().as_bytes());
    assert_eq!(answer.status, 200);
}
