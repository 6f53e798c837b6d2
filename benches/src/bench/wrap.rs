//! What the gateway adds to a call over pipes, against a byte pipe that only forwards and 15 µs; and what a durable
//! call takes where 32 are in flight, against a bare commit of as many rows.

use std::io::{BufRead, BufReader, PipeReader, PipeWriter, Read, Write, pipe};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Instant;

use sealbook_gate::mcp::{FilePlace, Pipes, Recording, SessionOptions, Stdio};
use sealbook_gate::{Durability, Gate, GateOptions};
use sealbook_record::{Actor, ActorKind};

use crate::measure::{Bound, Contender, Row, in_turns, median, tell};
use crate::{Failure, Result, book, place, raw, setting};

/// Bytes of a call, more or less.
const CALL_BYTES: usize = 1_024;

/// What may come on top of a byte pipe where intents are buffered, in microseconds.
const MORE_US: f64 = 15.0;
const IN_FLIGHT: usize = 32;

pub(crate) fn run() -> Result {
    let calls = setting("SEALBOOK_BENCH_CALLS", 5_000)? as usize;
    let contenders: Vec<Contender<'_>> = vec![
        ("buffered", Box::new(move || with_gateway(Durability::Buffered, |wire| latency(wire, calls)))),
        ("durable", Box::new(move || with_gateway(Durability::Durable, |wire| latency(wire, calls)))),
        ("byte pipe", Box::new(move || with_pipe(|wire| latency(wire, calls)))),
    ];
    let figures = in_turns(contenders)?;
    let allowed: Vec<f64> = figures[2].iter().map(|pipe| pipe + MORE_US).collect();
    let what = "call of 1 KiB, buffered, against a byte pipe and 15 µs";
    let target = Some(Bound::AtMost(1.0));
    tell(Row { bench: "wrap", what, unit: "µs, median", target }, &figures[0], &allowed);
    let what = "call of 1 KiB, durable, against a byte pipe";
    tell(Row { bench: "wrap", what, unit: "µs, median", target: None }, &figures[1], &figures[2]);

    let contenders: Vec<Contender<'_>> = vec![
        ("32 in flight", Box::new(move || with_gateway(Durability::Durable, |wire| rate(wire, calls, IN_FLIGHT)))),
        ("one in flight", Box::new(move || with_gateway(Durability::Durable, |wire| rate(wire, calls / 8, 1)))),
        ("bare commits", Box::new(move || bare_commit(calls / IN_FLIGHT))),
    ];
    let figures = in_turns(contenders)?;
    let what = "durable calls with 32 in flight, against one";
    tell(Row { bench: "wrap", what, unit: "calls/s", target: Some(Bound::AtLeast(6.0)) }, &figures[0], &figures[1]);
    let each: Vec<f64> = figures[0].iter().map(|rate| 1e6 / rate).collect();
    let what = "durable call with 32 in flight, against a bare commit of 32 such rows";
    tell(Row { bench: "wrap", what, unit: "µs/call", target: Some(Bound::AtMost(3.0)) }, &each, &figures[2]);
    Ok(())
}

/// The median time of a bare commit of as many rows as calls are in flight, for each of them, in microseconds.
fn bare_commit(commits: usize) -> Result<f64> {
    let place = place::fresh()?;
    let connection = raw::create(&place.path().join("raw.db"), 16_384, raw::PACKED)?;
    // A leaf as it is, and the call.
    let rows = vec![(vec![b'x'; 600], call(0).into_bytes()); IN_FLIGHT];
    let mut micros = Vec::with_capacity(commits);
    for commit in 0..commits.max(1) {
        let begun = Instant::now();
        raw::insert_packed(&connection, commit * IN_FLIGHT, &rows)?;
        micros.push(begun.elapsed().as_secs_f64() * 1e6 / IN_FLIGHT as f64);
    }
    Ok(median(&micros))
}

/// What a client holds.
struct Wire {
    to: PipeWriter,
    from: BufReader<PipeReader>,
}

fn with_pipe(measure: impl FnOnce(&mut Wire) -> Result<f64>) -> Result<f64> {
    let (mut from_client, to) = pipe()?;
    let (from, mut to_client) = pipe()?;
    let (mut server_out, mut server_in) = serve()?;
    let up = std::thread::spawn(move || copy(&mut from_client, &mut server_in));
    let down = std::thread::spawn(move || copy(&mut server_out, &mut to_client));
    let mut wire = Wire { to, from: BufReader::new(from) };
    let figure = measure(&mut wire)?;
    drop(wire);
    joined(up)?;
    joined(down)?;
    Ok(figure)
}

fn with_gateway(durability: Durability, measure: impl FnOnce(&mut Wire) -> Result<f64>) -> Result<f64> {
    let place = place::fresh()?;
    let ledger = Arc::new(book::create(place.path(), true)?);
    let gate = Arc::new(Gate::new(ledger, book::judging(), GateOptions { durability, ..GateOptions::default() })?);
    let (from_client, to) = pipe()?;
    let (from, to_client) = pipe()?;
    let (server_out, server_in) = serve()?;
    let pipes = Pipes {
        from_client: Box::new(from_client),
        to_client: Box::new(to_client),
        from_server: Box::new(server_out),
        to_server: Box::new(server_in),
    };
    let options = SessionOptions {
        holding: sealbook_gate::mcp::HoldOptions::default(),
        files: std::env::current_dir().ok().map(|cwd| FilePlace { cwd: cwd.clone(), root: cwd }),
        actor: Actor::new(ActorKind::Agent, "bench"),
        server: "bench".to_owned(),
        command: "bench".to_owned(),
        project: None,
        recording: Recording::Calls,
    };
    let gateway = std::thread::spawn(move || Ok(Stdio::new(gate, options).run(pipes, || "over".to_owned())?));
    let mut wire = Wire { to, from: BufReader::new(from) };
    let figure = measure(&mut wire)?;
    drop(wire);
    joined(gateway)?;
    Ok(figure)
}

/// The median time from a call to its answer, one at a time, in microseconds.
fn latency(wire: &mut Wire, calls: usize) -> Result<f64> {
    let mut micros = Vec::with_capacity(calls);
    let mut line = String::new();
    for id in 0..calls {
        let call = call(id);
        let begun = Instant::now();
        wire.to.write_all(call.as_bytes())?;
        line.clear();
        wire.from.read_line(&mut line)?;
        micros.push(begun.elapsed().as_secs_f64() * 1e6);
    }
    Ok(median(&micros))
}

/// Calls per second with so many in flight.
fn rate(wire: &mut Wire, calls: usize, in_flight: usize) -> Result<f64> {
    let begun = Instant::now();
    let mut line = String::new();
    for id in 0..calls {
        if id >= in_flight {
            line.clear();
            wire.from.read_line(&mut line)?;
        }
        wire.to.write_all(call(id).as_bytes())?;
    }
    for _ in 0..in_flight.min(calls) {
        line.clear();
        wire.from.read_line(&mut line)?;
    }
    Ok(calls as f64 / begun.elapsed().as_secs_f64())
}

fn call(id: usize) -> String {
    let text = "lorem ipsum ".repeat(CALL_BYTES / 12 - 10);
    format!(
        "{{\"jsonrpc\":\"2.0\",\"id\":{id},\"method\":\"tools/call\",\"params\":{{\"name\":\"write\",\"arguments\":{{\"text\":\"{text}\"}}}}}}\n"
    )
}

/// A server that answers every line: what it writes, and what it reads.
fn serve() -> Result<(PipeReader, PipeWriter)> {
    let (from, to_server) = pipe()?;
    let (from_server, mut to) = pipe()?;
    std::thread::spawn(move || {
        for (id, line) in BufReader::new(from).split(b'\n').enumerate() {
            if line.is_err() {
                return;
            }
            let content = "{\"content\":[{\"type\":\"text\",\"text\":\"done\"}]}";
            let answer = format!("{{\"jsonrpc\":\"2.0\",\"id\":{id},\"result\":{content}}}\n");
            if to.write_all(answer.as_bytes()).is_err() {
                return;
            }
        }
    });
    Ok((from_server, to_server))
}

/// Forwards bytes and does nothing else.
fn copy(from: &mut impl Read, to: &mut impl Write) -> Result {
    let mut buffer = vec![0; 64 << 10];
    loop {
        let read = from.read(&mut buffer)?;
        if read == 0 {
            return Ok(());
        }
        to.write_all(&buffer[..read])?;
    }
}

fn joined(thread: JoinHandle<Result>) -> Result {
    thread.join().map_err(|_| Failure::from("a thread panicked"))?
}
