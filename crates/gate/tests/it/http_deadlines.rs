//! A server that does not answer, over HTTP: it is waited for as long as was said, and the call's end is unknown.

use std::io::{Read, Write};
use std::sync::Mutex;
use std::sync::mpsc::channel;
use std::time::Duration;

use sealbook_gate::mcp::Deadlines;

use crate::fixture::Book;
use crate::http::{call, ends, until_gone};
use crate::web::{Web, begin, event, finish};
use crate::wire::Setup;

/// Long enough to be noticed, and no longer.
const SHORT: Option<Duration> = Some(Duration::from_millis(100));

fn waiting(head: Option<Duration>, silence: Option<Duration>) -> Setup {
    Setup { deadlines: Deadlines { head, silence }, ..Setup::default() }
}

#[test]
fn a_server_that_does_not_begin_to_answer_is_not_waited_for_for_ever() {
    let book = Book::new();
    let serve = Box::new(|_: &_, to: &mut std::net::TcpStream| {
        until_gone(to);
        false
    });
    let web = Web::new(&book, waiting(SHORT, None), serve);
    let said = web.post(&call(7, "stuck"));
    assert_eq!(said.status(), 504);
    let told = said.json();
    assert_eq!(told["id"], 7);
    let text = told["error"]["message"].as_str().unwrap();
    assert!(text.contains("did not begin to answer") && text.contains("not known"), "{text}");
    web.end();
    assert_eq!(ends(&book), ["tools.call files/stuck unknown"]);
    assert!(book.told().is_complete());
}

#[test]
fn a_server_that_falls_silent_within_its_answer_breaks_it_and_a_stream_of_events_may_be_silent() {
    let book = Book::new();
    let (go, gone) = channel::<()>();
    let gone = Mutex::new(gone);
    let web = Web::new(
        &book,
        waiting(None, SHORT),
        Box::new(move |said, to| {
            if said.text().contains("stream") {
                begin(to, "");
                gone.lock().unwrap().recv().unwrap();
                event(to, "data: {\"id\":1,\"result\":{\"content\":[]}}\n\n");
                return finish(to);
            }
            let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n";
            to.write_all(format!("{head}{{\"id\":2,\"res").as_bytes()).unwrap();
            until_gone(to);
            false
        }),
    );
    let mut streaming = web.client();
    streaming.send("POST", &[], &call(1, "stream"));
    assert_eq!(streaming.head().status(), 200);
    let mut silent = web.client();
    silent.send("POST", &[], &call(2, "silent"));
    assert_eq!(silent.head().status(), 200);
    let mut rest = Vec::new();
    silent.stream.read_to_end(&mut rest).unwrap();
    assert!(rest.len() < 100, "the client hears that the answer broke off");
    // The other one has been silent for longer by now.
    go.send(()).unwrap();
    assert!(streaming.event().contains("result"));
    web.end();
    assert_eq!(ends(&book), ["tools.call files/silent unknown", "tools.call files/stream ok"]);
    assert!(book.told().is_complete());
}
