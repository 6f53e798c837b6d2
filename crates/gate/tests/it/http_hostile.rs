//! Strangers, garbage, and what is too large or too slow, over HTTP.

use std::io::Write;
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use sealbook_gate::Token;
use sealbook_gate::mcp::Recording;
use sealbook_testkit::corpus;
use sha2::{Digest, Sha256};

use crate::fixture::Book;
use crate::http::{call, observe};
use crate::web::{Client, Said, Web, answer, begin, event, finish, polite};
use crate::wire::Setup;

const TOKEN: &str = "0123456789abcdef0123456789abcdef";

fn guarded(book: &Book, upstream_token: Option<&str>) -> Web {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("token");
    std::fs::write(&path, TOKEN).unwrap();
    std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    Web::with_token(book, Setup::default(), Some(Token::load_or_create(&path).unwrap()), upstream_token, polite())
}

#[test]
fn without_the_token_nobody_comes_in_and_it_goes_no_further() {
    let book = Book::new();
    let web = guarded(&book, None);
    for wrong in [&[][..], &[("Authorization", "Bearer 0123")][..], &[("Sealbook-Token", "x")][..]] {
        let said = web.client().post(wrong, &call(1, "a"));
        assert_eq!((said.status(), said.header("www-authenticate")), (401, Some("Bearer realm=\"sealbook\"")));
    }
    assert!(web.seen().is_empty());
    let bearer = format!("Bearer {TOKEN}");
    assert_eq!(web.client().post(&[("Authorization", &bearer)], &call(1, "a")).status(), 200);
    // Where the server has a token of its own, the client's goes into another header.
    let both = [("Sealbook-Token", TOKEN), ("Authorization", "Bearer for-the-server")];
    assert_eq!(web.client().post(&both, &call(2, "a")).status(), 200);
    let seen = web.seen();
    assert_eq!(
        (seen[0].header("authorization"), seen[1].header("authorization")),
        (None, Some("Bearer for-the-server"))
    );
    assert!(!format!("{seen:?}").contains(TOKEN));
    web.end();
    assert!(!format!("{:?}", book.records()).contains(TOKEN));

    let book = Book::new();
    let web = guarded(&book, Some("own"));
    assert_eq!(web.client().post(&[("Authorization", &bearer)], &call(1, "a")).status(), 200);
    assert_eq!(web.seen()[0].header("authorization"), Some("Bearer own"));
}

#[test]
fn pages_of_others_do_not_come_in() {
    let book = Book::new();
    let web = Web::new(&book, Setup::default(), polite());
    let body = call(1, "a");
    let raw = |host: &str, more: &str| {
        let mut client = web.client();
        let length = body.len();
        client.write(
            format!("POST /mcp HTTP/1.1\r\nHost: {host}\r\n{more}Content-Length: {length}\r\n\r\n{body}").as_bytes(),
        );
        client.read().status()
    };
    assert_eq!(raw("evil.example", ""), 403);
    assert_eq!(raw("127.0.0.1", "Origin: http://evil.example\r\n"), 403);
    assert_eq!(raw("127.0.0.1", "Origin: null\r\n"), 403);
    assert_eq!(raw("127.0.0.1\r\nHost: evil.example", ""), 403);
    assert_eq!(raw("localhost:1", "Origin: http://localhost:6274\r\n"), 200);
    let mut client = web.client();
    client.write(b"GET /other HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assert_eq!(client.read().status(), 404);
    assert_eq!(web.seen().len(), 1);
}

#[test]
fn garbage_is_refused_and_ids_of_every_type_come_back_as_they_were() {
    let book = Book::new();
    let web = Web::new(&book, Setup::default(), polite());
    let twice = r#"{"id":1,"method":"tools/call","method":"ping"}"#;
    let deep = format!("{}1{}", "[".repeat(600), "]".repeat(600));
    let arguments = r#"{"id":1,"method":"tools/call","params":{"name":"a","arguments":{"x":1,"x":2}}}"#;
    let alike = r#"{"id":1,"method":"tools/call","params":{"name":"a","Name":"b"}}"#;
    for bad in
        ["{", "nonsense", "1", "[]", "\u{1}", "{} {}", twice, &deep, arguments, alike, r#"{"ID":1,"Method":"x"}"#]
    {
        let said = web.post(bad);
        assert_eq!(said.status(), 400, "{bad:.60}: {said:?}");
    }
    let mut client = web.client();
    client.send("PUT", &[], twice);
    assert_eq!(client.read().status(), 400, "whatever the method, a body is judged");
    let said = web.client().post(&[("Content-Encoding", "gzip")], &call(1, "a"));
    assert_eq!(said.status(), 415);
    assert!(web.seen().is_empty());
    for id in ["1", "-0", "1.5", "1e3", "123456789012345678", "\"\"", "\"\\u00e9\"", "null", "[1]", "{\"a\":1}", "true"]
    {
        let said = web.post(&call(id, "x"));
        assert_eq!(said.status(), 200, "{id}: {said:?}");
        assert_eq!(web.seen().last().unwrap().text(), call(id, "x"));
    }
    web.end();
    assert!(book.told().is_complete(), "{:?}", book.told());
    assert_eq!(book.story().iter().filter(|told| *told == "tools.call outcome ok").count(), 11, "{:?}", book.story());
}

#[test]
fn the_framing_is_read_as_the_server_reads_it() {
    let book = Book::new();
    let web = Web::new(&book, Setup::default(), polite());
    let body = call(1, "a");
    let sent = |head: &str, body: &str| {
        let mut client = web.client();
        client.write(format!("POST /mcp HTTP/1.1\r\nHost: localhost\r\n{head}\r\n{body}").as_bytes());
        client.head().status()
    };
    let (first, second) = body.split_at(20);
    let chunked = format!("14\r\n{first}\r\n{:x};x=y\r\n{second}\r\n0\r\n\r\n", second.len());
    assert_eq!(sent("Transfer-Encoding: chunked\r\n", &chunked), 200);
    assert_eq!(web.seen()[0].text(), body);
    for (head, body) in [
        ("Content-Length: 5\r\nContent-Length: 6\r\n", "{}    "),
        ("Content-Length: -1\r\n", ""),
        ("Content-Length: 5x\r\n", "{}   "),
        ("Transfer-Encoding: chunked, identity\r\n", "0\r\n\r\n"),
        ("Transfer-Encoding: chunked\r\n", "zz\r\n{}\r\n0\r\n\r\n"),
        ("Bad Header: 1\r\n", ""),
    ] {
        assert_eq!(sent(head, body), 400, "{head}");
    }
    // Two messages on one connection are two messages: nothing hides behind the first.
    let smuggled = format!("POST /mcp HTTP/1.1\r\nHost: evil.example\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    let mut client = web.client();
    client.send("POST", &[], &body);
    client.write(smuggled.as_bytes());
    assert_eq!((client.read().status(), client.read().status()), (200, 403));
    // One that hangs up in the middle of a body has said nothing.
    let mut client = web.client();
    client.write(b"POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Length: 500\r\n\r\n{\"id\":1,");
    drop(client);
    assert_eq!(web.post(&body).status(), 200);
    assert_eq!(web.seen().len(), 3);
    web.end();
    assert!(book.told().is_complete());
}

/// 100 MiB that begin and end like a call.
fn huge(client: &mut Client) -> String {
    let (head, tail) = ("{\"jsonrpc\":\"2.0\",\"method\":\"tools/call\",\"params\":{\"name\":\"", "\"},\"id\":77}");
    let piece = "x".repeat(1 << 20);
    let length = head.len() + tail.len() + 100 * piece.len();
    client.write(format!("POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n\r\n{head}").as_bytes());
    let mut digest = Sha256::new();
    digest.update(head);
    for _ in 0..100 {
        client.write(piece.as_bytes());
        digest.update(&piece);
    }
    client.write(tail.as_bytes());
    digest.update(tail);
    format!("{:x?}", digest.finalize())
}

#[test]
fn a_body_beyond_the_bound_is_refused_or_passes_as_it_comes() {
    let book = Book::new();
    let web = Web::new(&book, Setup::default(), polite());
    let mut client = web.client();
    huge(&mut client);
    let said = client.read();
    assert_eq!((said.status(), &said.json()["id"]), (413, &77.into()));
    assert!(web.seen().is_empty());
    web.end();
    assert!(book.story().contains(&"message.refused event blocked".to_owned()));

    let book = Book::new();
    let serve = Box::new(|said: &Said, to: &mut TcpStream| {
        answer(to, "", &format!("{:?}", format!("{:x?}", Sha256::digest(&said.body))))
    });
    let web = Web::new(&book, observe(), serve);
    let mut client = web.client();
    let digest = huge(&mut client);
    assert_eq!(client.read().json(), digest);
    web.end();
    assert!(book.story().contains(&"message.malformed event".to_owned()));
}

#[test]
fn a_reply_beyond_the_bound_passes_and_ends_its_call() {
    let book = Book::new();
    let big = format!("{{\"result\":\"{}\",\"id\":4}}", "y".repeat(20 << 20));
    let expected = big.clone();
    let serve = Box::new(move |said: &Said, to: &mut TcpStream| {
        if said.text().contains("stream") {
            begin(to, "");
            event(to, &format!("data: {big}\n\n"));
            return finish(to);
        }
        answer(to, "", &big)
    });
    let web = Web::new(&book, Setup::default(), serve);
    assert!(web.post(&call(4, "json")).text() == expected);
    assert!(web.post(&call(4, "stream")).text() == format!("data: {expected}\n\n"));
    web.end();
    let ok = book.story().iter().filter(|told| *told == "tools.call outcome ok").count();
    assert_eq!(ok, 2, "{:?}", book.story());
}

#[test]
fn a_client_that_does_not_read_holds_the_server_back() {
    let book = Book::new();
    let written = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&written);
    let (tell, told) = std::sync::mpsc::channel();
    let serve = Box::new(move |_: &Said, to: &mut TcpStream| {
        begin(to, "");
        to.set_write_timeout(Some(std::time::Duration::from_millis(1_500))).unwrap();
        let piece = format!("data: {{\"method\":\"notifications/message\",\"params\":\"{}\"}}\n\n", "z".repeat(64_000));
        let chunk = format!("{:x}\r\n{piece}\r\n", piece.len());
        while to.write_all(chunk.as_bytes()).is_ok() {
            count.fetch_add(chunk.len(), Ordering::Relaxed);
        }
        tell.send(()).unwrap();
        false
    });
    let web = Web::new(&book, Setup::default(), serve);
    let mut client = web.client();
    client.send("POST", &[], &call(1, "floods"));
    client.head();
    // The server can write no more: what is between it and the client is bounded.
    told.recv().unwrap();
    let held = written.load(Ordering::Relaxed);
    assert!(held < 24 << 20, "{held} bytes are held");
    assert_eq!(web.post("{").status(), 400, "others are served meanwhile");
}

#[test]
fn what_leads_past_the_gateway_or_cannot_be_looked_at_is_told() {
    let book = Book::new();
    let serve = Box::new(|said: &Said, to: &mut TcpStream| {
        if said.text().contains("moved") {
            return to
                .write_all(
                    b"HTTP/1.1 307 Temporary Redirect\r\nLocation: http://elsewhere/mcp\r\nContent-Length: 0\r\n\r\n",
                )
                .is_ok();
        }
        answer(to, "Content-Encoding: gzip\r\n", "\u{1f}garbage")
    });
    let web = Web::new(&book, Setup::default(), serve);
    let said = web.post(&call(1, "moved"));
    assert_eq!((said.status(), said.header("location")), (502, None));
    let said = web.post(&call(2, "packed"));
    assert_eq!(said.status(), 502);
    assert!(!said.text().contains("garbage") && said.json()["id"] == 2, "{said:?}");
    web.end();
    let story = book.story();
    for told in ["tools.call outcome failed", "tools.call outcome unknown", "message.refused event blocked"] {
        assert!(story.contains(&told.to_owned()), "{told}: {story:?}");
    }
}

#[test]
fn no_secret_of_a_message_is_in_the_book() {
    let book = Book::new();
    let serve = Box::new(|said: &Said, to: &mut TcpStream| {
        let message: serde_json::Value = serde_json::from_slice(&said.body).unwrap();
        let text = &message["params"]["arguments"]["a"];
        answer(to, "", &format!("{{\"id\":1,\"result\":{{\"content\":[{{\"type\":\"text\",\"text\":{text}}}]}}}}"))
    });
    let web = Web::new(&book, Setup { recording: Recording::All, ..Setup::default() }, serve);
    for (_, secret) in corpus::secrets() {
        let text = corpus::quoted(&secret);
        let body = format!(r#"{{"id":1,"method":"tools/call","params":{{"name":{text},"arguments":{{"a":{text}}}}}}}"#);
        assert_eq!(web.post(&body).status(), 200);
    }
    web.end();
    let all = format!("{:?}", book.records());
    for (what, secret) in corpus::secrets() {
        assert!(!all.contains(&secret), "{what}");
    }
}
