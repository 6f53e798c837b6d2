//! A client works a real server through the gateway over HTTP.

use std::collections::{BTreeSet, HashMap};
use std::io::{BufRead, BufReader};

use sealbook_record::Outcome;
use sealbook_testkit::Rng;

use super::{hold, share, told, wire::Wire, worker};
use crate::fixture::Place;
use crate::running::{Running, everything};

/// Calls that a worker has left when it is killed.
const SPARE: u64 = 1_000;

#[test]
fn over_http_every_call_that_reached_the_server_was_announced_whoever_is_killed() {
    let calls = share("FAULTS_GATEWAY_CALLS", 200);
    let mut rng = Rng::new(share("FAULTS_SEED_GATEWAY", 1));
    let (place, wire) = (Place::new(), Wire::new());
    let upstream = format!("http://{}/mcp", wire.address);
    let start = || (Running::gateway(&place, &upstream, &[]), everything());
    let (mut gateway, mut server) = start();
    wire.lead_to(&server.url);
    let token = std::fs::read_to_string(place.home().join("wrap.token")).unwrap();
    let (mut made, mut answered, mut kills) = (0, 0, HashMap::<&str, u64>::new());
    // Those of rounds in which the gateway lived on.
    let mut settled = BTreeSet::new();
    while made < calls {
        let many = 5 + rng.below(if calls > 1_000 { 300 } else { 50 });
        let how = ["client", "gateway", "server", "nobody"][rng.below(4) as usize];
        *kills.entry(how).or_default() += 1;
        let spare = if how == "nobody" { 0 } else { SPARE };
        let mut client = worker::start(&gateway.url, token.trim(), made, made + many + spare);
        let (mut here, mut is_killed) = (BTreeSet::new(), false);
        for line in BufReader::new(client.stdout.take().unwrap()).lines().map_while(Result::ok) {
            match line.split_once(' ') {
                Some(("made", number)) => made = made.max(number.parse::<u64>().unwrap() + 1),
                Some(("answered", number)) => drop(here.insert(format!("call-{number}"))),
                _ => {}
            }
            if here.len() as u64 >= many && !std::mem::replace(&mut is_killed, true) {
                match how {
                    "client" => client.kill().unwrap(),
                    "gateway" => gateway.child.kill().unwrap(),
                    "server" => server.child.kill().unwrap(),
                    _ => {}
                }
            }
        }
        client.wait().unwrap();
        assert!(here.len() as u64 >= many, "{how}: {} of {many} were answered", here.len());
        answered += here.len();
        match how {
            "gateway" => {
                gateway.child.wait().unwrap();
                gateway = Running::gateway(&place, &upstream, &[]);
            }
            "server" => {
                server = everything();
                wire.lead_to(&server.url);
            }
            _ => {}
        }
        if how != "gateway" {
            settled.append(&mut here);
        }
    }
    gateway.end();
    let (reached, told) = (wire.reached(), told(&place, "message"));
    println!("HTTP: {made} calls, {answered} answered, {}, kills {kills:?}", told.summary(&reached));
    hold(&place, &reached, &told, calls, kills.get("gateway").copied().unwrap_or_default());
    // An answer that a client has seen is on record where the gateway lived.
    let lost: Vec<_> = settled.iter().filter(|call| told.outcomes.get(*call) != Some(&Outcome::Ok)).collect();
    assert!(lost.is_empty(), "{lost:?}");
    assert!(told.open == 0 || kills.contains_key("gateway"), "{} are open", told.open);
}
