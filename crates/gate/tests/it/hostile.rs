//! Peers that misbehave on standard input and output: floods, lines without end, hang-ups, odd ids.

use std::io::{PipeReader, PipeWriter, Read, Write, pipe};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{channel, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use sealbook_gate::mcp::{HoldOptions, Pipes, Recording, SessionOptions, Stdio};
use sealbook_gate::{Error, Gate, GateOptions, Mode};
use sealbook_record::{Actor, ActorKind, Outcome, Phase};

use crate::fixture::Book;

const MIB: usize = 1 << 20;

/// Both ends of a gateway, for a test to do with as it likes.
struct Ends {
    to: PipeWriter,
    from: PipeReader,
    server_in: PipeReader,
    server_out: PipeWriter,
    gateway: JoinHandle<Result<(), Error>>,
}

fn gateway(book: &Book, mode: Mode) -> Ends {
    let (from_client, to) = pipe().unwrap();
    let (from, to_client) = pipe().unwrap();
    let (server_in, to_server) = pipe().unwrap();
    let (from_server, server_out) = pipe().unwrap();
    let options = GateOptions { mode, ..GateOptions::default() };
    let gate = Arc::new(Gate::new(Arc::clone(&book.ledger), Book::policy(), options).unwrap());
    let session = SessionOptions {
        actor: Actor::new(ActorKind::Agent, "ann"),
        server: "files".to_owned(),
        command: "files".to_owned(),
        project: None,
        recording: Recording::Calls,
        holding: HoldOptions::default(),
        files: None,
    };
    let pipes = Pipes {
        from_client: Box::new(from_client),
        to_client: Box::new(to_client),
        from_server: Box::new(from_server),
        to_server: Box::new(to_server),
    };
    let gateway = std::thread::spawn(move || Stdio::new(gate, session).run(pipes, || "it ended".to_owned()));
    Ends { to, from, server_in, server_out, gateway }
}

/// What a reader read to its end.
fn drain(mut from: PipeReader) -> JoinHandle<Vec<u8>> {
    std::thread::spawn(move || {
        let mut all = Vec::new();
        from.read_to_end(&mut all).unwrap();
        all
    })
}

/// Writes on until nobody takes more for two seconds; how much was taken.
fn until_stuck(mut to: PipeWriter, line: Vec<u8>, times: usize) -> (usize, JoinHandle<PipeWriter>) {
    let (sent, progress) = channel();
    let writer = std::thread::spawn(move || {
        for _ in 0..times {
            to.write_all(&line).unwrap();
            // Nobody counts any more once it was stuck.
            let _ = sent.send(());
        }
        to
    });
    let mut taken = 0;
    while progress.recv_timeout(Duration::from_secs(2)).is_ok() {
        taken += 1;
    }
    (taken, writer)
}

#[test]
fn a_flood_both_ways_that_nobody_reads_is_held_back_and_nothing_is_lost() {
    let book = Book::new();
    let Ends { to, from, server_in, server_out, gateway } = gateway(&book, Mode::Observe);
    let up = format!("{{\"method\":\"up\",\"params\":\"{}\"}}\n", "u".repeat(MIB)).into_bytes();
    let down = format!("{{\"method\":\"down\",\"params\":\"{}\"}}\n", "d".repeat(MIB)).into_bytes();
    let (taken_up, up_writer) = until_stuck(to, up.clone(), 48);
    let (taken_down, down_writer) = until_stuck(server_out, down.clone(), 48);
    assert!(taken_up < 32 && taken_down < 32, "{taken_up} and {taken_down} MiB were taken for nobody");
    // Both begin to read: all of it arrives, in order.
    let (at_server, at_client) = (drain(server_in), drain(from));
    let server_out = down_writer.join().unwrap();
    drop(up_writer.join().unwrap());
    // Whoever ends the session is the server, once its input is at its end.
    assert!(at_server.join().unwrap() == up.repeat(48), "what the client wrote arrives whole");
    drop(server_out);
    assert!(at_client.join().unwrap() == down.repeat(48), "what the server wrote arrives whole");
    gateway.join().unwrap().unwrap();
    assert!(book.told().is_complete(), "{:?}", book.told());
}

#[test]
fn a_client_that_never_reads_and_leaves_ends_the_session() {
    let book = Book::new();
    let Ends { mut to, from, server_in, server_out, gateway } = gateway(&book, Mode::Enforce);
    let call = br#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a"}}"#;
    to.write_all(&[call, &b"\n"[..]].concat()).unwrap();
    let down = format!("{{\"method\":\"down\",\"params\":\"{}\"}}\n", "d".repeat(MIB)).into_bytes();
    let at_server = drain(server_in);
    let flood = std::thread::spawn(move || {
        let mut out = server_out;
        while out.write_all(&down).is_ok() {}
    });
    // The client leaves without having read a byte. The server learns of it by the end of its input, and ends.
    drop(to);
    drop(from);
    assert!(at_server.join().unwrap().starts_with(call));
    // What is not read any more does not stop the flood; the server's own end does.
    drop(flood);
    let told = (0..200).find_map(|_| {
        std::thread::park_timeout(Duration::from_millis(20));
        let told = book.story();
        told.iter().any(|line| line.starts_with("tools.call intent")).then_some(told)
    });
    assert!(told.is_some(), "the call was sealed");
    drop(gateway);
}

#[test]
fn replies_of_100_mib_pass_and_other_lines_of_that_length_do_not() {
    let book = Book::new();
    let Ends { mut to, from, mut server_in, mut server_out, gateway } = gateway(&book, Mode::Enforce);
    // A call is open, so that there is something to answer.
    let open = b"{\"id\":9,\"method\":\"tools/call\",\"params\":{\"name\":\"a\"}}\n";
    to.write_all(open).unwrap();
    server_in.read_exact(&mut vec![0; open.len()]).unwrap();
    let (at_server, count) = (drain(server_in), Arc::new(AtomicUsize::new(0)));
    let own = Arc::clone(&count);
    let (first, answered) = sync_channel::<Vec<u8>>(1);
    let reading = std::thread::spawn(move || {
        // Counted, not kept; the first line apart.
        let (mut from, mut piece, mut line, mut told) = (from, vec![0; 64 << 10], Vec::new(), false);
        loop {
            let read = from.read(&mut piece).unwrap();
            if read == 0 {
                return;
            }
            if told {
                own.fetch_add(read, Ordering::Relaxed);
            } else {
                line.extend_from_slice(&piece[..read]);
                if let Some(end) = line.iter().position(|byte| *byte == b'\n') {
                    told = true;
                    own.fetch_add(line.len() - end - 1, Ordering::Relaxed);
                    first.send(line[..end].to_vec()).unwrap();
                }
            }
        }
    });
    let piece = vec![b'x'; MIB];
    to.write_all(br#"{"id":7,"method":"tools/call","params":{"name":"a","arguments":""#).unwrap();
    for _ in 0..100 {
        to.write_all(&piece).unwrap();
    }
    to.write_all(b"\"}}\n").unwrap();
    let refused = answered.recv().unwrap();
    let refused: serde_json::Value = serde_json::from_slice(&refused).unwrap();
    assert!(refused["error"]["code"].is_number(), "{refused}");
    // A line of the server passes where it is plainly the reply to an open call, and so does what follows.
    let (head, tail) = (br#"{"result":{"content":""#, b"\"},\"id\":9}\n\n");
    for (head, tail) in [(&b"{\"x\":\""[..], &b"\"}\n"[..]), (head, tail)] {
        server_out.write_all(head).unwrap();
        for _ in 0..100 {
            server_out.write_all(&piece).unwrap();
        }
        server_out.write_all(tail).unwrap();
    }
    to.write_all(b"{\"id\":8,\"method\":\"ping\"}\n").unwrap();
    // The server ends once its input is at its end, and not before.
    drop(to);
    let forwarded = at_server.join().unwrap();
    drop(server_out);
    gateway.join().unwrap().unwrap();
    reading.join().unwrap();
    assert_eq!(count.load(Ordering::Relaxed), 100 * MIB + head.len() + tail.len());
    assert!(book.story().contains(&"tools.call outcome ok".to_owned()), "{:?}", book.story());
    assert_eq!(forwarded, b"{\"id\":8,\"method\":\"ping\"}\n");
}

#[test]
fn a_server_that_hangs_up_in_the_middle_of_an_answer_leaves_an_unknown_end() {
    let book = Book::new();
    let Ends { mut to, from, server_in, mut server_out, gateway } = gateway(&book, Mode::Enforce);
    let at_client = drain(from);
    to.write_all(b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"a\"}}\n").unwrap();
    let half = br#"{"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"te"#;
    server_out.write_all(half).unwrap();
    // It has read the call, and both its ends close.
    let mut byte = [0];
    (&server_in).read_exact(&mut byte).unwrap();
    drop((server_in, server_out));
    gateway.join().unwrap().unwrap();
    // The gateway is over; in a process of its own that closes the client's end.
    drop(to);
    let told = String::from_utf8(at_client.join().unwrap()).unwrap();
    assert!(told.starts_with(r#"{"jsonrpc":"2.0","id":1,"error""#), "half an answer is none: {told}");
    assert!(book.story().contains(&"tools.call outcome unknown".to_owned()), "{:?}", book.story());
    assert!(book.told().is_complete());
}

#[test]
fn ids_of_every_json_type_are_matched_or_refused_and_never_changed() {
    let ids = [
        "1",
        "-1",
        "0",
        "1.0",
        "1e2",
        "0.10",
        "123456789012345678901234567890",
        "\"\"",
        "\"1\"",
        "\"\\u0031x\"",
        "\"ü\"",
        "null",
        "true",
        "false",
        "[]",
        "[1,{}]",
        "{}",
        "{\"a\":null}",
    ];
    for mode in [Mode::Enforce, Mode::Observe] {
        let book = Book::new();
        let Ends { mut to, from, server_in, mut server_out, gateway } = gateway(&book, mode);
        let at_client = drain(from);
        let line = |id: &str| {
            format!("{{\"jsonrpc\":\"2.0\",\"id\":{id},\"method\":\"tools/call\",\"params\":{{\"name\":\"a\"}}}}\n")
        };
        let serving = std::thread::spawn(move || {
            let (mut seen, mut lines) = (Vec::new(), std::io::BufReader::new(server_in));
            loop {
                let mut line = Vec::new();
                if std::io::BufRead::read_until(&mut lines, b'\n', &mut line).unwrap() == 0 {
                    return seen;
                }
                let text = String::from_utf8(line).unwrap();
                let id = text.split("\"id\":").nth(1).unwrap().split(",\"method\"").next().unwrap().to_owned();
                server_out
                    .write_all(format!("{{\"jsonrpc\":\"2.0\",\"id\":{id},\"result\":{{}}}}\n").as_bytes())
                    .unwrap();
                seen.push(id);
            }
        });
        for id in ids {
            to.write_all(line(id).as_bytes()).unwrap();
        }
        // One without an id expects no answer, and is on record as well.
        drop(to);
        let seen = serving.join().unwrap();
        gateway.join().unwrap().unwrap();
        let answers = String::from_utf8(at_client.join().unwrap()).unwrap();
        assert_eq!(answers.lines().count(), ids.len(), "each is answered, by the server or in its place: {answers}");
        if mode == Mode::Observe {
            assert_eq!(seen, ids, "all of them pass as they are");
        }
        for id in &seen {
            assert!(ids.contains(&&**id), "{id}");
        }
        // What reached the server has an intent, and every intent an end.
        let calls: Vec<_> = book
            .records()
            .into_iter()
            .filter_map(|stored| stored.record)
            .filter(|r| r.action == "tools.call")
            .collect();
        let intents = calls.iter().filter(|record| record.phase == Phase::Intent).count();
        let events = calls
            .iter()
            .filter(|record| record.phase == Phase::Event && record.outcome != Some(Outcome::Blocked))
            .count();
        // `1.0` may come while `1` has no reply: then it is kept back.
        let kept_back = calls.iter().filter(|record| record.outcome == Some(Outcome::Cancelled)).count();
        assert_eq!(intents + events, seen.len() + kept_back, "{:?}", book.story());
        assert!(book.told().open_intents.is_empty(), "{:?}", book.told());
    }
}
