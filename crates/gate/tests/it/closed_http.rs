//! Ways around the gateway over HTTP, closed: each was shown to work once.

use std::io::{Read, Write};

use sealbook_gate::Token;
use sealbook_record::{Outcome, Record};

use crate::fixture::Book;
use crate::http::call;
use crate::web::{Said, Serve, Web, answer, begin, event, finish, polite};
use crate::wire::Setup;

const NO_SAMPLING: &str = "{id: no-sampling, effect: block, scope: {actions: [sampling.create_message]}}";

fn of(book: &Book, action: &str) -> Vec<Record> {
    book.records().into_iter().filter_map(|stored| stored.record).filter(|it| it.action == action).collect()
}

/// A request with this type and no other.
fn typed(web: &Web, kinds: &[&str], body: &str) -> Said {
    let mut client = web.client();
    let kinds: String = kinds.iter().map(|kind| format!("Content-Type: {kind}\r\n")).collect();
    let length = body.len();
    client.write(
        format!("POST /mcp HTTP/1.1\r\nHost: localhost\r\n{kinds}Content-Length: {length}\r\n\r\n{body}").as_bytes(),
    );
    client.read()
}

#[test]
fn a_body_in_another_charset_is_not_forwarded() {
    let book = Book::new();
    let web = Web::new(&book, Setup::default(), polite());
    let hidden = call(1, "danger").replace("tools/call", "+AHQ-ools/call");
    assert_eq!(typed(&web, &["application/json; charset=utf-7"], &hidden).status(), 415);
    assert_eq!(typed(&web, &["application/json", "application/json; charset=utf-7"], &hidden).status(), 415);
    assert!(web.seen().is_empty());
    assert_eq!(typed(&web, &["application/json; charset=UTF-8"], &call(1, "a")).status(), 200);
    web.end();
    assert_eq!(of(&book, "message.refused").len(), 2, "{:?}", book.story());
}

#[test]
fn the_token_goes_no_further_however_often_it_is_given() {
    let book = Book::new();
    let path = book.place.layout().ledger_db().with_file_name("token");
    let token = Token::load_or_create(&path).unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    let text = text.trim();
    let web = Web::with_token(&book, Setup::default(), Some(token), None, polite());
    let bearer = format!("Bearer {text}");
    let headers = [("Sealbook-Token", text), ("Authorization", &*bearer)];
    assert_eq!(web.client().post(&headers, &call(1, "a")).status(), 200);
    assert_eq!(
        web.client().post(&[("Sealbook-Token", text), ("Authorization", "Bearer theirs")], &call(2, "a")).status(),
        200
    );
    let seen = web.seen();
    assert!(!format!("{:?}", seen[0]).contains(text), "{seen:?}");
    assert_eq!(seen[1].header("authorization"), Some("Bearer theirs"));
}

#[test]
fn the_servers_own_query_stays() {
    let book = Book::new();
    let web = Web::at(&book, Setup::default(), "?key=server", polite());
    let mut client = web.client();
    let body = call(1, "a");
    client.write(
        format!("POST /mcp?key=mine&b=1 HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n\r\n{body}", body.len())
            .as_bytes(),
    );
    assert_eq!(client.read().status(), 200);
    assert_eq!(web.post(&body).status(), 200);
    let lines: Vec<String> = web.seen().into_iter().map(|said| said.line).collect();
    assert_eq!(lines, ["POST /mcp?key=server&key=mine&b=1 HTTP/1.1", "POST /mcp?key=server HTTP/1.1"]);
}

#[test]
fn clients_without_a_session_share_the_gateways() {
    let book = Book::new();
    let web = Web::new(&book, Setup::default(), polite());
    for id in [1, 2] {
        assert_eq!(web.post(&call(id, "a")).status(), 200);
    }
    web.end();
    let own = of(&book, "capture.open")[0].session.clone();
    assert!(of(&book, "tools.call").iter().all(|record| record.session == own), "{:?}", book.story());
}

/// A server that asks for a sampling in this way, and then answers.
fn asking(how: &'static str) -> Serve {
    Box::new(move |said, to| {
        let Some(id) = serde_json::from_slice::<serde_json::Value>(&said.body)
            .ok()
            .and_then(|it| it.get("method").and(it.get("id")).cloned())
        else {
            return to.write_all(b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n").is_ok();
        };
        let long = "a".repeat(3 << 20);
        let asked = match how {
            "long" => format!(r#"{{"id":"s","method":"sampling/createMessage","params":{{"x":"{long}"}}}}"#),
            "nan" => r#"{"id":"s","method":"sampling/createMessage","params":{"x":NaN}}"#.to_owned(),
            _ => r#"{"id":"s","method":"sampling/createMessage","params":{}}"#.to_owned(),
        };
        let reply = format!(r#"{{"id":{id},"result":{{"content":[]}}}}"#);
        let events = format!("data: {asked}\n\ndata: {reply}\n\n");
        match how {
            "plain" | "charset" => {
                let kind = if how == "plain" { "text/plain" } else { "application/json; charset=utf-7" };
                let head =
                    format!("HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\r\n", events.len());
                to.write_all((head + &events).as_bytes()).is_ok()
            }
            "within" => answer(
                to,
                "",
                r#"{"id":1,"result":{"inputRequests":{"a":{"method":"sampling/createMessage","params":{}}},"resultType":"input_required"}}"#,
            ),
            _ => {
                begin(to, "");
                event(to, &format!("data: {asked}\n\n"));
                event(to, &format!("data: {reply}\n\n"));
                finish(to)
            }
        }
    })
}

/// All that a client was sent until the connection closed.
fn sent(web: &Web) -> String {
    let mut client = web.client();
    client.send("POST", &[("Connection", "close")], &call(1, "t"));
    let mut all = Vec::new();
    let _ = client.stream.read_to_end(&mut all);
    String::from_utf8_lossy(&all).into_owned()
}

#[test]
fn what_a_server_says_and_nobody_can_judge_does_not_reach_the_client() {
    for (how, outcome) in [
        ("nan", Outcome::Ok),
        ("long", Outcome::Unknown),
        ("plain", Outcome::Unknown),
        ("charset", Outcome::Unknown),
        ("within", Outcome::Failed),
    ] {
        let book = Book::new();
        let setup = Setup { rules: NO_SAMPLING, ..Setup::default() };
        let web = Web::new(&book, setup, asking(how));
        // What is broken off before anything of it has passed has no head either.
        let rest = sent(&web);
        assert_eq!(rest.starts_with("HTTP/1.1 502"), how == "charset", "{rest:.300}");
        // Of a long event the beginning may have passed; without its end no client reads it.
        let is_whole = rest.contains("sampling") && (how != "long" || rest.contains("}}\n\n"));
        assert!(!is_whole, "{how}: {rest:.300}");
        assert_eq!(rest.contains("\"result\""), how == "nan", "{how}: {rest:.300}");
        web.end();
        let ended = of(&book, "tools.call").pop().unwrap();
        assert_eq!(ended.outcome, Some(outcome), "{how}: {:?}", book.story());
        assert!(!ended.reason.unwrap_or_default().contains("client left"), "{how}");
    }
}

#[test]
fn a_result_that_asks_for_what_is_blocked_becomes_a_refusal_of_the_same_length() {
    let book = Book::new();
    let setup = Setup { rules: NO_SAMPLING, ..Setup::default() };
    let web = Web::new(
        &book,
        setup,
        Box::new(|_, to| {
            let pad = "x".repeat(400);
            answer(
                to,
                "",
                &format!(
                    r#"{{"id":1,"result":{{"inputRequests":{{"a":{{"method":"sampling/createMessage","params":{{"p":"{pad}"}}}}}}}}}}"#
                ),
            )
        }),
    );
    let said = web.post(&call(1, "t"));
    assert!(said.json()["error"]["message"].as_str().unwrap().contains("Blocked by"), "{said:?}");
    web.end();
    assert_eq!(of(&book, "sampling.create_message")[0].outcome, Some(Outcome::Blocked));
}
