//! Calls over HTTP that are held while their client listens to a stream of events.

use sealbook_policy::Choice;

use crate::fixture::Book;
use crate::holds::{ASK, HELLO, LEAVES, Person, asking, reply};
use crate::http::call;
use crate::web::{Client, Said, Web, answer, begin, event, finish, polite};

const SESSION: [(&str, &str); 1] = [("Mcp-Session-Id", "s")];

fn wanting_news(id: u32) -> String {
    call(id, "write").replace(r#""name""#, r#""_meta":{"progressToken":"t 1"},"name""#)
}

/// The message in the next event.
fn said(client: &mut Client) -> serde_json::Value {
    let event = client.event();
    serde_json::from_str(event.strip_prefix("data: ").unwrap_or_else(|| panic!("{event}"))).unwrap()
}

fn begun(client: &mut Client) {
    let head = client.head();
    assert_eq!((head.status(), head.header("content-type")), (200, Some("text/event-stream")), "{head:?}");
}

#[test]
fn the_clients_user_is_asked_on_the_stream_of_the_held_call() {
    let book = Book::new();
    let web = Web::new(&book, asking(LEAVES), polite());
    assert_eq!(web.client().post(&SESSION, HELLO).json()["id"], 0);
    let mut client = web.client();
    for (id, result, is_refused) in
        [(1, r#"{"action":"accept","content":{"approve":true}}"#, false), (2, r#"{"action":"decline"}"#, true)]
    {
        client.send("POST", &SESSION, &call(id, "write"));
        begun(&mut client);
        let question = said(&mut client);
        assert_eq!(question["method"], "elicitation/create", "{question}");
        // Of another session it answers nothing.
        assert_eq!(web.client().post(&[("Mcp-Session-Id", "t")], &reply(&question, result)).status(), 202);
        assert_eq!(web.client().post(&SESSION, &reply(&question, result)).status(), 202);
        let answer = said(&mut client);
        assert_eq!((&answer["id"], answer["result"].get("isError").is_some()), (&id.into(), is_refused), "{answer}");
        assert_eq!(client.event(), "", "the stream ends with the answer");
    }
    let seen: Vec<String> = web.seen().iter().map(Said::text).filter(|text| text.contains("method")).collect();
    assert_eq!(seen, [HELLO.to_owned(), call(1, "write")], "the server saw the one call, and no answer of ours");
    web.end();
    assert!(book.story().contains(&"approval.elicited event".to_owned()), "{:?}", book.story());
    assert!(book.told().is_complete());
}

#[test]
fn news_come_first_and_what_the_server_streams_follows_as_it_is() {
    let book = Book::new();
    let person = Person::new(&book);
    let streamed = "event: message\r\nid: 7\r\ndata: {\"id\":1,\r\ndata: \"result\":{\"content\":[]}}\r\n\r\n";
    let web = Web::new(
        &book,
        asking(ASK),
        Box::new(move |_, to| {
            begin(to, "");
            event(to, streamed);
            finish(to)
        }),
    );
    let mut client = web.client();
    client.send("POST", &[], &wanting_news(1));
    begun(&mut client);
    let news = said(&mut client);
    assert_eq!((&news["method"], &news["params"]["progressToken"]), (&"notifications/progress".into(), &"t 1".into()));
    assert!(web.seen().is_empty());
    assert_eq!(person.decide(&person.asked(1), Choice::Approve, &[]), None);
    let rest = String::from_utf8(client.body_of_chunks()).unwrap();
    assert_eq!(rest, streamed);
    assert_eq!(web.seen()[0].text(), wanting_news(1));
    web.end();
    assert!(book.story().contains(&"tools.call outcome ok".to_owned()), "{:?}", book.story());
    assert!(book.told().is_complete());
}

#[test]
fn whoever_leaves_the_stream_or_calls_off_or_ends_the_gateway_ends_what_is_held() {
    let book = Book::new();
    let person = Person::new(&book);
    let web = Web::new(&book, asking(ASK), polite());
    let cancelled = |count: usize| {
        while book.story().iter().filter(|told| *told == "tools.call event cancelled").count() < count {
            std::thread::yield_now();
        }
    };
    let held = |id: u32| {
        let mut client = web.client();
        client.send("POST", &SESSION, &wanting_news(id));
        begun(&mut client);
        assert_eq!(said(&mut client)["method"], "notifications/progress");
        client
    };
    drop(held(1));
    cancelled(1);
    let mut client = held(2);
    let cancel = r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":2}}"#;
    assert_eq!(web.client().post(&SESSION, cancel).status(), 202);
    assert_eq!(said(&mut client)["id"], 2);
    cancelled(2);
    let mut client = held(3);
    assert_eq!(person.asked(1).used, None);
    let seen = web.seen();
    web.end();
    let told = said(&mut client);
    assert!(told["result"]["content"][0]["text"].as_str().unwrap().contains("the gateway ended"), "{told}");
    cancelled(3);
    assert!(seen.is_empty(), "{seen:?}");
    assert!(book.told().is_complete());
}

#[test]
fn a_client_that_takes_no_events_is_asked_nothing_and_answered_late() {
    let book = Book::new();
    let person = Person::new(&book);
    let reply = "{\"id\":1,\r\n \"result\":{\"n\":0.10}}";
    let web = Web::new(&book, asking(LEAVES), Box::new(move |_, to| answer(to, "X-Server: a\r\n", reply)));
    web.client().post(&SESSION, HELLO);
    let mut client = web.client();
    let call = wanting_news(1);
    let head = format!("POST /mcp HTTP/1.1\r\nHost: {}\r\nAccept: application/json\r\n", web.address);
    client.write(
        format!(
            "{head}Mcp-Session-Id: s\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{call}",
            call.len()
        )
        .as_bytes(),
    );
    assert_eq!(person.decide(&person.asked(1), Choice::Approve, &[]), None);
    let said = client.read();
    assert_eq!((said.header("content-type"), said.header("x-server")), (Some("application/json"), Some("a")));
    assert_eq!(said.text(), reply);
    web.end();
    assert!(book.story().iter().all(|told| !told.contains("elicit")), "{:?}", book.story());
}

#[test]
fn an_answer_that_fits_into_no_stream_is_told_in_it() {
    let book = Book::new();
    let person = Person::new(&book);
    let web = Web::new(
        &book,
        asking(ASK),
        Box::new(|said, to| {
            use std::io::Write;
            if said.text().contains("\"id\":1,") {
                // JSON on several lines is one event of one line.
                return answer(to, "", "{\"id\":1,\r\n\"result\":\n{\"content\":[]}}");
            }
            to.write_all(b"HTTP/1.1 500 Oh\r\nContent-Type: text/html\r\nContent-Length: 3\r\n\r\n<p>").is_ok()
        }),
    );
    let mut client = web.client();
    for (id, count) in [(1, 1), (2, 2)] {
        client.send("POST", &[], &wanting_news(id));
        begun(&mut client);
        said(&mut client);
        assert_eq!(person.decide(&person.asked(count), Choice::Approve, &[]), None);
        let told = said(&mut client);
        assert_eq!(told["id"], id, "{told}");
        let failed = told["error"]["message"].as_str().is_some_and(|text| text.contains("HTTP status 500"));
        assert_eq!(failed, id == 2, "{told}");
        assert_eq!(client.event(), "");
    }
    web.end();
    let ends = |how: &str| book.story().iter().filter(|told| *told == how).count();
    assert_eq!((ends("tools.call outcome ok"), ends("tools.call outcome failed")), (1, 1), "{:?}", book.story());
}
