//! The most memory that a gateway over HTTP holds, by how much its clients send and its server answers.
//!
//! Each figure is the peak of a gateway in a process of its own, which carries nothing else. Requests are judged, so
//! each is held as a whole, up to the gateway's bound; one beyond it is refused, or passes as it comes where calls are
//! only watched. Replies pass as they come.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, ChildStdin, Command, Stdio};

use sealbook_gate::{Durability, Mode};

use super::{Client, Gateway, head, warm};
use crate::measure::{Bound, Row, note, tell};
use crate::{Failure, Result, place};

const IN_FLIGHT: usize = 8;
/// Calls of each client, beside those that make it warm.
const CALLS: usize = 3;
const KIB: usize = 1 << 10;
const MIB: usize = 1 << 20;
/// What is measured: the size's name, and how many bytes it is.
const SIZES: [(&str, usize); 4] = [("1 KiB", KIB), ("256 KiB", 256 * KIB), ("16 MiB", 16 * MIB), ("64 MiB", 64 * MIB)];
/// The longest request that a gateway judges, with room for what is around the text.
const JUDGED_MAX: usize = 16 * MIB - 512;
/// What a gateway may hold of each reply, and of all requests together with the copies that are judged: beside it,
/// memory is flat.
const REPLIES_MIB: f64 = (2 * IN_FLIGHT) as f64;
const REQUESTS_MIB: f64 = 128.0 + 64.0;

pub(crate) fn run() -> Result {
    let modest = peak(KIB, KIB, "enforce")?;
    for (name, bytes) in &SIZES[1..] {
        let ours = peak(KIB, *bytes, "enforce")?;
        let what =
            format!("peak of the gateway, {IN_FLIGHT} in flight, replies of {name}, beside 1 KiB and what is held");
        told(&what, ours, modest + REPLIES_MIB);
    }
    for (name, bytes) in &SIZES[1..3] {
        let ours = peak((*bytes).min(JUDGED_MAX), KIB, "enforce")?;
        let what =
            format!("peak of the gateway, {IN_FLIGHT} in flight, requests of {name}, beside 1 KiB and what is held");
        told(&what, ours, modest + REQUESTS_MIB);
    }
    let (name, bytes) = SIZES[3];
    let ours = peak(bytes, KIB, "observe")?;
    let what = format!(
        "peak of the gateway, {IN_FLIGHT} in flight, requests of {name} that are only watched, beside 1 KiB and what is held"
    );
    told(&what, ours, modest + REQUESTS_MIB);
    Ok(())
}

fn told(what: &str, ours: f64, yardstick: f64) {
    tell(Row { bench: "http-memory", what, unit: "MiB", target: Some(Bound::AtMost(1.0)) }, &[ours], &[yardstick]);
}

/// The peak of a new gateway after calls with requests and replies of these sizes.
fn peak(request: usize, reply: usize, mode: &str) -> Result<f64> {
    let gateway = Separate::start(server(reply)?, mode)?;
    let text = "lorem ipsum ".repeat(request.div_ceil(12));
    let text = &text[..request];
    std::thread::scope(|scope| {
        let call = || -> Result {
            let mut client: Client = warm(gateway.address, text)?;
            (0..CALLS).try_for_each(|_| client.call(text).map(drop))
        };
        let callers: Vec<_> = (0..IN_FLIGHT).map(|_| scope.spawn(call)).collect();
        callers.into_iter().try_for_each(|caller| caller.join().map_err(|_| Failure::from("a thread panicked"))?)
    })?;
    let peak = gateway.peak()?;
    note(&format!("  requests of {request} bytes, replies of {reply}, {mode}: {peak:.1} MiB"));
    Ok(peak)
}

/// A gateway in a process of its own.
struct Separate {
    child: Child,
    /// It ends when this is closed.
    hold: ChildStdin,
    told: BufReader<std::process::ChildStdout>,
    address: SocketAddr,
}

impl Separate {
    fn start(server: SocketAddr, mode: &str) -> Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["http-gateway", &server.to_string(), mode]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn()?;
        let missing = || Failure::from("the gateway has no pipes");
        let hold = child.stdin.take().ok_or_else(missing)?;
        let mut told = BufReader::new(child.stdout.take().ok_or_else(missing)?);
        let mut line = String::new();
        told.read_line(&mut line)?;
        let address = line.trim().parse().map_err(|_| Failure::from("the gateway did not start"))?;
        Ok(Self { child, hold, told, address })
    }

    fn peak(self) -> Result<f64> {
        let Self { mut child, hold, mut told, .. } = self;
        drop(hold);
        let mut line = String::new();
        told.read_line(&mut line)?;
        child.wait()?;
        line.trim().parse().map_err(|_| Failure::from("the gateway told no peak"))
    }
}

/// A gateway before this server; tells its address, and its peak when standard input ends.
#[expect(clippy::print_stdout, reason = "the parent reads it")]
pub(crate) fn gateway(server: &str, mode: &str) -> Result {
    let place = place::fresh()?;
    let mode = if mode == "observe" { Mode::Observe } else { Mode::Enforce };
    let gateway = Gateway::start(place.path(), server.parse()?, Durability::Durable, mode)?;
    println!("{}", gateway.address);
    std::io::stdin().read_to_end(&mut Vec::new())?;
    crate::bench::verify::print_peak()?;
    gateway.stop()
}

/// A server that reads each call as it comes, and answers with so many bytes.
fn server(reply: usize) -> Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(std::io::Result::ok) {
            std::thread::spawn(move || drop(answer(stream, reply)));
        }
    });
    Ok(address)
}

fn answer(mut stream: TcpStream, reply: usize) -> Result {
    stream.set_nodelay(true)?;
    let mut reader = BufReader::with_capacity(64 << 10, stream.try_clone()?);
    loop {
        let head = head(&mut reader)?;
        let value =
            head.iter().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ").map(str::to_owned));
        let length: u64 = value.and_then(|length| length.parse().ok()).ok_or("a request without a length")?;
        let mut start = Vec::new();
        (&mut reader).take(length.min(64)).read_to_end(&mut start)?;
        std::io::copy(&mut (&mut reader).take(length - start.len() as u64), &mut std::io::sink())?;
        let start = String::from_utf8_lossy(&start).into_owned();
        let Some((_, rest)) = start.split_once("\"id\":") else {
            stream.write_all(b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n")?;
            continue;
        };
        let id: String = rest.chars().take_while(char::is_ascii_digit).collect();
        let (before, after) =
            (format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{{"content":[{{"type":"text","text":""#), r#""}]}}"#);
        let length = before.len() + reply + after.len();
        let head = format!("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n");
        stream.write_all((head + &before).as_bytes())?;
        std::io::copy(&mut std::io::repeat(b'x').take(reply as u64), &mut stream)?;
        stream.write_all(after.as_bytes())?;
    }
}
