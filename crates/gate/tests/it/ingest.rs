//! Batches that are taken in, and the server while the disk is full.

use std::fs::File;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::OpenOptionsExt;
use std::sync::Arc;

use sealbook_gate::ingest::{Desk, Limits, Sender, Served, Server, Signal, try_export};
use sealbook_gate::{GateOptions, Taken};
use sealbook_record::{Category, Phase, Record};

use crate::fixture::Book;

const TOKEN: &str = "0123456789-a-token-for-the-test-0123456789";

#[test]
fn a_batch_is_sealed_once_and_each_answers_for_itself() {
    let book = Book::new();
    let gate = book.gate(GateOptions::default());
    let mut long = book.call("long");
    long.source = "x".repeat(5_000);
    let mut lifted = book.call("lifted");
    "stop.lift".clone_into(&mut lifted.action);
    let mut announced = book.call("announced");
    announced.phase = Phase::Intent;
    let batch: Vec<Record> = vec![book.call("one"), long, lifted, announced, book.call("two")];
    let taken = gate.take_in(batch.clone()).unwrap();
    let told = |taken: &[Taken]| -> Vec<String> {
        let word = |taken: &Taken| match taken {
            Taken::Sealed(sealed) if sealed.duplicate => "there".to_owned(),
            Taken::Sealed(_) => "sealed".to_owned(),
            Taken::Refused(refused) => refused.code.to_owned(),
            Taken::Rejected(cause) => cause.code().to_owned(),
        };
        taken.iter().map(word).collect()
    };
    assert_eq!(told(&taken), ["sealed", "field_too_long", "action_reserved", "sealed", "sealed"]);
    assert_eq!(book.records().len(), 3);
    let again = told(&gate.take_in(batch).unwrap());
    assert_eq!((&*again[0], &*again[4], book.records().len()), ("there", "there", 3));
}

/// A server of its own, asked by `ask`, and what it counted.
fn served(book: &Book, ask: impl FnOnce(&dyn Fn(&[u8]) -> String)) -> Served {
    let desk = Desk::new(Arc::new(book.gate(GateOptions::default())), Limits::default());
    let file = book.place.layout().keys.join("test.token");
    let mut token = File::options().write(true).create_new(true).mode(0o600).open(&file).unwrap();
    token.write_all(TOKEN.as_bytes()).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let senders = vec![Sender::of_file(&file).unwrap()];
    let server = runtime.block_on(Server::bind("127.0.0.1:0".parse().unwrap(), desk, senders)).unwrap();
    let address = server.address().unwrap();
    let (stop, stopped) = tokio::sync::oneshot::channel();
    std::thread::scope(|scope| {
        let serving = scope.spawn(move || runtime.block_on(server.run(async { drop(stopped.await) })));
        ask(&|body| {
            let mut stream = TcpStream::connect(address).unwrap();
            let head = format!(
                "POST /v1/records HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {TOKEN}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                body.len()
            );
            stream.write_all(&[head.as_bytes(), body].concat()).unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).unwrap();
            answer.to_ascii_lowercase()
        });
        stop.send(()).unwrap();
        serving.join().unwrap()
    })
}

#[test]
fn what_cannot_be_sealed_is_not_acknowledged_and_may_come_again() {
    let book = Book::new();
    let body = br#"{"action":"a","target":"t"}"#;
    let served = served(&book, |ask| {
        book.set_full(true);
        let answer = ask(body);
        assert!(answer.starts_with("http/1.1 503 ") && answer.contains("retry-after: 1"), "{answer}");
        assert!(answer.contains("ingest_unavailable") && answer.contains("disk_full"), "{answer}");
        assert_eq!(book.records().len(), 0);
        book.set_full(false);
        assert!(ask(body).starts_with("http/1.1 200 "));
        assert!(ask(body).contains(r#""duplicates":1"#));
    });
    assert_eq!((served.requests, served.refused_requests, served.sealed, served.duplicates), (3, 1, 1, 1));
    let sealed = book.records().remove(0).record.unwrap();
    assert_eq!((sealed.category, sealed.actor.verified.as_deref()), (Category::Other, Some("sender:test")));
}

#[test]
fn bytes_of_strangers_are_read_without_harm() {
    let mut random = sealbook_testkit::Rng::new(7);
    let seed = br#"{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"5b8efff798038103d269b633813fc60c","spanId":"00000000000000aa","startTimeUnixNano":"18446744073709551615","attributes":[{"key":"gen_ai.usage.input_tokens","value":{"doubleValue":1e308}}]}]}]}]}"#;
    assert_eq!(try_export(Signal::Traces, true, seed), Some(1));
    for _ in 0..20_000 {
        let mut bytes = seed.to_vec();
        for _ in 0..=random.below(6) {
            let at = random.index(bytes.len());
            bytes[at] = random.bits() as u8;
        }
        bytes.truncate(random.below(bytes.len() as u64 * 2) as usize);
        for signal in [Signal::Traces, Signal::Logs] {
            try_export(signal, true, &bytes);
            try_export(signal, false, &bytes);
        }
    }
}
