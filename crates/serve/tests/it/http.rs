//! What strangers send to the socket.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use sealbook_serve::mcp::{Http, Listening, Server, Token};
use sealbook_testkit::Place;
use serde_json::{Value, json};

use crate::fixture::World;

/// A server on a free port, and its token.
pub(crate) struct Served {
    pub(crate) world: World,
    pub(crate) address: String,
    pub(crate) token: String,
}

impl Served {
    pub(crate) async fn new() -> Self {
        let world = World::new();
        let file = world.place.join("mcp.token");
        let http = Http { token: Token::load_or_create(&file).unwrap(), hosts: Vec::new() };
        let listening = Listening::on("127.0.0.1:0".parse().unwrap()).await.unwrap();
        let address = listening.url().trim_start_matches("http://").trim_end_matches("/mcp").to_owned();
        let desk = world.desk();
        tokio::spawn(async move { listening.serve(move || Server::new(Arc::clone(&desk)), &http).await });
        Self { world, address, token: std::fs::read_to_string(file).unwrap().trim().to_owned() }
    }

    /// Sends bytes as they are and gives the status and the rest; 0 where the server just hung up.
    fn raw(&self, bytes: &[u8]) -> (u16, String) {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_mins(1))).unwrap();
        // A server may answer and hang up before all is sent.
        let _ = stream.write_all(bytes);
        let mut said = Vec::new();
        let _ = stream.read_to_end(&mut said);
        let said = String::from_utf8_lossy(&said).into_owned();
        let status = said.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
        (status, said)
    }

    /// One request with the usual headers, and further or other ones.
    fn post(&self, headers: &[(&str, &str)], body: &[u8]) -> (u16, String) {
        let bearer = format!("Bearer {}", self.token);
        let length = body.len().to_string();
        let mut all = vec![
            ("Host", &*self.address),
            ("Authorization", &bearer),
            ("Content-Type", "application/json"),
            ("Accept", "application/json, text/event-stream"),
            ("Content-Length", &length),
            ("Connection", "close"),
        ];
        for (name, value) in headers {
            all.retain(|(known, _)| known != name);
            all.push((name, value));
        }
        let mut bytes = b"POST /mcp HTTP/1.1\r\n".to_vec();
        for (name, value) in all.iter().filter(|(_, value)| !value.is_empty()) {
            bytes.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
        }
        bytes.extend_from_slice(b"\r\n");
        bytes.extend_from_slice(body);
        self.raw(&bytes)
    }

    /// A call of the stateless revision.
    fn ask(&self, method: &str, params: &Value, headers: &[(&str, &str)]) -> (u16, String) {
        let mut params = params.clone();
        params["_meta"] = json!({
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientInfo": {"name": "raw", "version": "1"},
            "io.modelcontextprotocol/clientCapabilities": {},
        });
        let body = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).to_string();
        let name = params["name"].as_str().unwrap_or_default().to_owned();
        let mut all = vec![("MCP-Protocol-Version", "2026-07-28"), ("Mcp-Method", method), ("Mcp-Name", &*name)];
        all.extend_from_slice(headers);
        self.post(&all, body.as_bytes())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_bears_no_token_is_told_so_and_nothing_else() {
    let served = Served::new().await;
    let list = |authorization: &str| served.ask("tools/list", &json!({}), &[("Authorization", authorization)]);
    let (status, said) = list("");
    assert_eq!(status, 401, "{said}");
    assert!(said.to_ascii_lowercase().contains("www-authenticate: bearer"), "{said}");
    let wrong = "Bearer ".to_owned() + &"0".repeat(64);
    for bad in
        [&*wrong, "Bearer", "Bearer ", "Basic QQ==", &served.token, &format!("Token {}", served.token), "Bearer ä"]
    {
        let (status, said) = list(bad);
        assert_eq!(status, 401, "{bad}: {said}");
        assert!(!said.contains("audit_trail") && !said.contains(&served.token), "{said}");
    }
    // The scheme's name has no case (RFC 9110, section 11.1).
    let (status, said) = list(&format!("bearer {}", served.token));
    assert_eq!(status, 200, "{said}");
    assert!(said.contains("audit_trail"), "{said}");
    let (status, _) =
        served.raw(format!("GET / HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", served.address).as_bytes());
    assert_eq!(status, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_in_a_browser_gets_nowhere() {
    let served = Served::new().await;
    for (name, value) in [
        ("Origin", "https://evil.example"),
        ("Origin", "null"),
        ("Origin", "http://localhost.evil.example"),
        ("Origin", "file://"),
        ("Host", "evil.example"),
        ("Host", "127.0.0.1.evil.example:80"),
    ] {
        let (status, said) = served.ask("tools/list", &json!({}), &[(name, value)]);
        assert!((400..500).contains(&status), "{name}: {value}: {said}");
        assert!(!said.contains("audit_trail"), "{said}");
    }
    for origin in ["http://localhost:6274", "http://127.0.0.1:80", "http://[::1]:9"] {
        let (status, said) = served.ask("tools/list", &json!({}), &[("Origin", origin)]);
        assert_eq!(status, 200, "{origin}: {said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn garbage_is_answered_and_the_server_goes_on() {
    let served = Served::new().await;
    let deep = format!(
        "{{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{}{}}}",
        "[".repeat(200_000),
        "]".repeat(200_000)
    );
    let huge = vec![b' '; 5 * 1024 * 1024];
    let bodies: [&[u8]; 12] = [
        b"",
        b"{",
        b"null",
        b"[]",
        b"7",
        b"\"text\"",
        b"\xff\xfe\x00",
        b"{\"jsonrpc\":\"2.0\"}",
        b"{\"jsonrpc\":\"1.0\",\"id\":1,\"method\":\"ping\"}",
        b"{\"jsonrpc\":\"2.0\",\"id\":{},\"method\":7}",
        deep.as_bytes(),
        &huge,
    ];
    for body in bodies {
        let (status, said) = served.post(&[], body);
        let start = String::from_utf8_lossy(&body[..body.len().min(60)]).into_owned();
        assert!((400..500).contains(&status), "{start}: {status} {said}");
        assert!(said.len() < 4_096, "{start}: {} bytes", said.len());
    }
    for bytes in
        [&b"\r\n\r\n\r\n"[..], b"GET", b"\x16\x03\x01\x02\x00\x01\x00", b"POST /mcp HTTP/9.9\r\n\r\n", b"A: b\r\n\r\n"]
    {
        let mut stream = TcpStream::connect(&served.address).unwrap();
        stream.write_all(bytes).unwrap();
        drop(stream);
    }
    // A length that is never kept, and one that lies.
    for length in ["99999999999", "-1", "4"] {
        let mut stream = TcpStream::connect(&served.address).unwrap();
        let head = format!(
            "POST /mcp HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\nContent-Length: {length}\r\n\r\n{{}}",
            served.address, served.token
        );
        stream.write_all(head.as_bytes()).unwrap();
        drop(stream);
    }
    let long = "x".repeat(1 << 20);
    let (status, _) = served.post(&[("X-Long", &long)], b"{}");
    assert!(status == 431 || status == 400 || status == 0, "{status}");

    let (status, said) = served.ask("tools/call", &json!({"name": "verify_audit_chain", "arguments": {}}), &[]);
    assert_eq!(status, 200, "{said}");
    assert!(said.contains("\"valid\":true"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_holder_of_the_token_is_who_was_verified() {
    let served = Served::new().await;
    served.world.write("a.txt", "a");
    let (status, said) =
        served.ask("tools/call", &json!({"name": "audit_file", "arguments": {"file_path": "a.txt"}}), &[]);
    assert_eq!(status, 200, "{said}");
    let calls = served.world.records("tools.call");
    let actor = &calls[0].record.as_ref().unwrap().actor;
    assert_eq!(actor.claimed.as_deref(), Some("raw 1"));
    let verified = actor.verified.as_deref().unwrap();
    assert!(verified.starts_with("token:") && !served.token.contains(&verified[6..]), "{verified}");
}

#[test]
fn a_token_is_made_once_and_kept_from_others() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::new();
    let file = place.join("keys/mcp.token");
    let first = Token::load_or_create(&file).unwrap();
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let text = std::fs::read_to_string(&file).unwrap();
    assert_eq!((text.trim().len(), format!("{first:?}")), (64, format!("{:?}", Token::load_or_create(&file).unwrap())));
    assert!(!format!("{first:?}").contains(text.trim()));

    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
    let loose = Token::load_or_create(&file).unwrap_err();
    assert_eq!(loose.code(), "token_file_unusable");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
    for bad in ["", "short", &"a b ".repeat(20)] {
        std::fs::write(&file, bad).unwrap();
        let error = Token::load_or_create(&file).unwrap_err();
        assert_eq!(error.code(), "token_file_unusable");
        assert!(bad.is_empty() || !error.to_string().contains(bad.trim()), "{error}");
    }
}
