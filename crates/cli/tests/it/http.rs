//! The gateway over HTTP as a program: official servers and clients of others, direct and through it.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use serde_json::json;

use crate::fixture::Place;
use crate::peers::tool;
use crate::running::{Running, everything};

fn worked(url: &str, token: &str, calls: &serde_json::Value) -> Vec<String> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/peers.py");
    let mut client = Command::new(tool("python/bin/python"));
    let ended = client.arg("-B").arg(script).args([url, token, &calls.to_string()]).output().unwrap();
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    String::from_utf8(ended.stdout).unwrap().lines().map(str::to_owned).collect()
}

#[test]
fn a_client_of_others_is_answered_as_if_nothing_were_between() {
    let (place, upstream) = (Place::new(), everything());
    let calls = json!([
        ["echo", {"message": "grüße \u{2028} \"quoted\""}],
        ["get-sum", {"a": 0.1, "b": 2}],
        ["get-tiny-image", {}],
        ["get-structured-content", {"location": "Chicago"}],
        ["trigger-long-running-operation", {"duration": 1, "steps": 3}],
        ["no-such-tool", {}],
        ["echo", {"wrong": 1}],
    ]);
    let gateway = Running::gateway(&place, &upstream.url, &["--record", "all"]);
    let file = place.home().join("wrap.token");
    assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    let token = std::fs::read_to_string(&file).unwrap();
    let direct = worked(&upstream.url, "none", &calls);
    let gated = worked(&gateway.url, token.trim(), &calls);
    assert_eq!(direct, gated);
    assert!(gated.iter().any(|line| line.contains("Chicago") || line.contains("temperature")), "{gated:?}");
    gateway.end();
    assert_eq!(place.run(["verify", "--complete"]).code, 0);
    for phase in ["intent", "outcome"] {
        let found = place.json(["query", "--action", "tools.call", "--phase", phase]);
        assert_eq!(found["records"].as_array().unwrap().len(), 7, "{phase}");
    }
    let pinned = place.json(["query", "--action", "tools.pinned"]);
    assert_eq!(pinned["records"].as_array().unwrap().len(), 1);
}

/// How many checks of each scenario passed and failed.
fn conformance(url: &str, suite: &[&str]) -> BTreeMap<String, (u32, u32)> {
    let mut node = Command::new(tool("node/node_modules/.bin/node"));
    node.arg(tool("suite/node_modules/@modelcontextprotocol/conformance/dist/index.js"));
    let said = node.args(["server", "--url", url]).args(suite).output().unwrap();
    let said = String::from_utf8(said.stdout).unwrap();
    let scenario = |line: &str| {
        let (name, counts) = line.trim_start_matches(['✓', '✗', ' ']).split_once(": ")?;
        let (passed, failed) = counts.strip_suffix(" failed")?.split_once(" passed, ")?;
        Some((name.to_owned(), (passed.parse().ok()?, failed.parse().ok()?)))
    };
    said.lines().filter(|line| line.starts_with(['✓', '✗'])).filter_map(scenario).collect()
}

/// Scenarios in which the gateway refuses what the server lets pass: a foreign `Host`, and headers that say
/// something else than the body.
const STRICTER: &[&str] = &["dns-rebinding-protection", "server-stateless", "tasks-request-headers"];

#[test]
fn the_official_suite_sees_no_difference_but_what_the_gateway_refuses() {
    for suite in [["--requirements", "2025-11-25"], ["--requirements", "2026-07-28"]] {
        let (place, upstream) = (Place::new(), everything());
        let direct = conformance(&upstream.url, &suite);
        let gateway = Running::gateway(&place, &upstream.url, &["--no-token"]);
        let gated = conformance(&gateway.url, &suite);
        gateway.end();
        assert!(direct.len() > 25, "{direct:?}");
        assert_eq!(direct.keys().collect::<Vec<_>>(), gated.keys().collect::<Vec<_>>());
        for (name, (passed, failed)) in &direct {
            let (now_passed, now_failed) = gated[name];
            assert_eq!(now_passed + now_failed, passed + failed, "{name}");
            let is_same = now_passed == *passed;
            assert!(
                is_same || (now_passed > *passed && STRICTER.contains(&name.as_str())),
                "{name}: {passed} became {now_passed}"
            );
        }
        assert_eq!(place.run(["verify", "--complete"]).code, 0);
    }
}

/// A server that answers every call with so many bytes, once it has read all that it is sent.
fn flood(bytes: usize) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            let mut length = 0;
            loop {
                let mut line = String::new();
                reader.read_line(&mut line).unwrap();
                if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                    length = value.trim().parse().unwrap();
                }
                if line.trim().is_empty() {
                    break;
                }
            }
            std::io::copy(&mut reader.take(length), &mut std::io::sink()).unwrap();
            let (head, tail) = ("{\"jsonrpc\":\"2.0\",\"result\":\"", "\",\"id\":1}");
            let all = head.len() + bytes + tail.len();
            let said =
                format!("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {all}\r\n\r\n{head}");
            stream.write_all(said.as_bytes()).unwrap();
            for _ in 0..bytes >> 20 {
                stream.write_all(&vec![b'x'; 1 << 20]).unwrap();
            }
            stream.write_all(tail.as_bytes()).unwrap();
        }
    });
    address
}

/// Sends a call of so many MiB; how many bytes came back.
fn exchange(url: &str, mib: usize) -> u64 {
    let address = url.split('/').nth(2).unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    let (head, tail) =
        ("{\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"w\",\"arguments\":{\"a\":\"", "\"}}}");
    let length = head.len() + (mib << 20) + tail.len();
    let request =
        format!("POST /mcp HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{head}");
    stream.write_all(request.as_bytes()).unwrap();
    for _ in 0..mib {
        stream.write_all(&vec![b'a'; 1 << 20]).unwrap();
    }
    stream.write_all(tail.as_bytes()).unwrap();
    std::io::copy(&mut stream, &mut std::io::sink()).unwrap()
}

#[test]
fn memory_stays_flat_with_the_size_of_bodies() {
    let (mib, big) = (1 << 20, 256 << 20);
    let peak = |answer: usize, sent: usize| {
        let place = Place::new();
        let gateway = Running::gateway(&place, &format!("http://{}/mcp", flood(answer)), &["--no-token", "--observe"]);
        assert!(exchange(&gateway.url, sent) > answer as u64);
        let peak = gateway.peak_kib();
        gateway.end();
        assert_eq!(place.run(["verify", "--complete"]).code, 0);
        peak
    };
    let small = peak(mib, 0);
    let large_answer = peak(big, 0);
    let (sixteen, large_call) = (peak(mib, 15), peak(mib, 256));
    assert!(large_answer < small + (24 << 10), "{small} KiB, and {large_answer} KiB with 256 MiB to hand through");
    assert!(large_call < sixteen.max(small + (64 << 10)), "{sixteen} KiB for 15 MiB, and {large_call} KiB for 256");
}

#[test]
fn what_cannot_be_served_is_named() {
    let place = Place::new();
    let failed = |arguments: &[&str], code: &str| {
        let ended = place.run([&["wrap"], arguments].concat());
        assert_eq!(ended.code, 2, "{ended:?}");
        assert!(ended.err.contains(code), "{ended:?}");
    };
    failed(&["--listen", "0.0.0.0:0", "--upstream", "http://127.0.0.1:1/mcp"], "is not of this machine alone");
    failed(&["--listen", "127.0.0.1:0", "--upstream", "ftp://x/mcp"], "upstream_invalid");
    failed(&["--listen", "127.0.0.1:0", "--upstream", "http://a:b@x/mcp"], "upstream_invalid");
    failed(&["--listen", "127.0.0.1:0"], "--upstream");
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    failed(&["--listen", &address, "--upstream", "http://127.0.0.1:1/mcp"], "listen_failed");
    let loose = place.beside("token");
    std::fs::write(&loose, "0123456789abcdef0123456789abcdef").unwrap();
    let loose = loose.display().to_string();
    let arguments = ["--listen", "127.0.0.1:0", "--upstream", "http://127.0.0.1:1/mcp", "--token-file", &loose];
    failed(&arguments, "token_file_unusable");
}
