//! Other gateways in front of the same server: a call and its answer of 1, 16 and 256 KiB, one at a time, through
//! `sealbook wrap` with every call on record, durable before it goes on or buffered, and through `mcp-proxy` and
//! `supergateway`, which record nothing. Each is spoken to as it wants: ours on its input and output, the others over HTTP.

mod http;
pub(crate) mod server;
mod stdio;

use std::path::PathBuf;
use std::time::Instant;

use serde_json::{Value, json};

use crate::measure::{Bound, Contender, Row, in_turns, median, note, tell};
use crate::{Result, setting};

/// Calls before those that are measured.
const WARM: usize = 20;

/// Something that a client can send a message to.
trait Wire {
    /// Sends a message; gives the answer, where one is due.
    fn send(&mut self, message: &Value, is_answered: bool) -> Result<String>;
}

/// Starts what is measured, gives it to the closure, and ends it.
type Start = fn(&mut dyn FnMut(&mut dyn Wire) -> Result<f64>) -> Result<f64>;

pub(crate) fn run() -> Result {
    let most = setting("SEALBOOK_BENCH_CALLS", 5_000)? as usize;
    for kib in [1, 16, 256] {
        let calls = (most / 5).min(8_192 / kib).max(10);
        let measured =
            |start: Start, calls: usize| -> Result<f64> { start(&mut |wire| latency(wire, kib << 10, calls)) };
        let mut peers: Vec<(&str, Start)> = vec![("mcp-proxy", http::mcp_proxy), ("supergateway", http::supergateway)];
        // Whoever takes no message of this size is not compared.
        peers.retain(|(name, start)| match measured(*start, 1) {
            Err(cause) if cause.to_string().contains(" 413 ") => {
                note(&format!("  {name} refuses {kib} KiB: {}", cause.to_string().lines().next().unwrap_or_default()));
                false
            }
            _ => true,
        });
        let ours: [(&str, Start); 2] = [("durable", stdio::durable), ("buffered", stdio::buffered)];
        let all = ours.iter().chain(&peers);
        let contenders: Vec<Contender<'_>> =
            all.map(|(name, start)| -> Contender<'_> { (name, Box::new(move || measured(*start, calls))) }).collect();
        let figures = in_turns(contenders)?;
        for (own, (how, _)) in ours.iter().enumerate() {
            for (at, (name, _)) in peers.iter().enumerate() {
                let what = format!("a call of {kib} KiB, {how}, against {name}, which records nothing");
                let row = Row { bench: "peers", what: &what, unit: "µs, median", target: Some(Bound::AtMost(1.0)) };
                tell(row, &figures[own], &figures[ours.len() + at]);
            }
        }
    }
    Ok(())
}

/// The median time from a call to its answer, in microseconds.
fn latency(wire: &mut dyn Wire, bytes: usize, calls: usize) -> Result<f64> {
    let client =
        json!({"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "bench", "version": "1"}});
    wire.send(&json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": client}), true)?;
    wire.send(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"}), false)?;
    let text = "lorem ipsum ".repeat(bytes / 12);
    let mut micros = Vec::with_capacity(calls);
    for id in 1..=WARM + calls {
        let arguments = json!({"name": "echo", "arguments": {"text": text}});
        let call = json!({"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": arguments});
        let begun = Instant::now();
        let answer = wire.send(&call, true)?;
        let took = begun.elapsed().as_secs_f64() * 1e6;
        if answer.len() < text.len() {
            let shown: String = answer.chars().take(300).collect();
            return Err(format!("the answer is too short: {shown}").into());
        }
        if id > WARM {
            micros.push(took);
        }
    }
    Ok(median(&micros))
}

/// The program of one of the others, as `scripts/tools` brings it.
fn peer(name: &str) -> Result<PathBuf> {
    let tools = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../target/tools/peers/node_modules/.bin"));
    let path = tools.join(name);
    if path.exists() { Ok(path) } else { Err(format!("no `{name}`; run scripts/tools").into()) }
}
