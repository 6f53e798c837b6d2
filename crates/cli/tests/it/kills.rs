//! A client works a real server through the gateway, and client, gateway and server are killed.
//!
//! `FAULTS_GATEWAY_CALLS` says how many calls are made, `FAULTS_SEED_GATEWAY` which kills happen when.

mod http;
mod stdio;
mod wire;
mod worker;

use std::collections::{BTreeMap, BTreeSet};
use std::process::{Command, Stdio};

use sealbook_record::{Completeness, CompletenessLimits, Outcome, PartName, Phase};
use sealbook_store::{Layout, Ledger, Options};
use serde_json::Value;

use crate::fixture::Place;

/// Calls in flight.
const WINDOW: usize = 8;

fn share(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(default)
}

fn kill(pid: &str) {
    let _ = Command::new("kill").args(["-9", pid.trim()]).stderr(Stdio::null()).status();
}

/// What the book says of the calls, each by one of its arguments.
struct Told {
    intents: BTreeSet<String>,
    outcomes: BTreeMap<String, Outcome>,
    /// Intents without an outcome.
    open: usize,
}

impl Told {
    fn summary(&self, reached: &BTreeSet<String>) -> String {
        let (reached, intents, open) = (reached.len(), self.intents.len(), self.open);
        format!("{reached} reached the server, {intents} intents, {open} open")
    }
}

fn told(place: &Place, argument: &str) -> Told {
    let home = place.home();
    let layout = Layout { book: place.book(), keys: home.join("keys"), heads: home.join("heads") };
    let ledger = Ledger::open_read_only(layout, Options::default()).unwrap();
    let reader = ledger.reader().unwrap();
    let mut told = Told { intents: BTreeSet::new(), outcomes: BTreeMap::new(), open: 0 };
    let (mut operations, mut fold) = (BTreeMap::new(), Completeness::new(CompletenessLimits::default()));
    for seq in 0..reader.size().unwrap() {
        let stored = reader.record(seq).unwrap();
        fold.push(&stored.step());
        let Some(record) = stored.record.filter(|it| it.action == "tools.call") else { continue };
        let operation = record.operation.unwrap();
        match record.phase {
            Phase::Intent => {
                let input: Value = serde_json::from_str(record.part(PartName::Input).unwrap().get()).unwrap();
                let name = input[argument].as_str().unwrap().to_owned();
                operations.insert(operation, name.clone());
                assert!(told.intents.insert(name), "no call is announced twice");
            }
            Phase::Outcome => {
                let name = operations[&operation].clone();
                assert!(told.outcomes.insert(name, record.outcome.unwrap()).is_none(), "no call ends twice");
            }
            Phase::Event => {}
        }
    }
    let complete = fold.finish();
    assert!(complete.outcomes_alone.is_empty(), "{:?}", complete.outcomes_alone);
    told.open = complete.open_intents.len();
    told
}

/// What holds whoever was killed, gateways among them.
fn hold(place: &Place, reached: &BTreeSet<String>, told: &Told, calls: u64, gateways: u64) {
    let unannounced: Vec<&String> = reached.difference(&told.intents).collect();
    assert!(unannounced.is_empty(), "{unannounced:?}");
    assert!(reached.len() as u64 > calls / 2);
    let verified = place.run(["verify", "--complete", "--format", "json"]);
    assert!(matches!(verified.code, 0 | 1), "{verified:?}");
    let verified: Value = serde_json::from_str(&verified.out).unwrap();
    assert_eq!(verified["completeness"]["open_intents"].as_array().unwrap().len(), told.open);
    // And the captures of the gateways that were killed.
    assert_eq!(told.open, told.intents.len() - told.outcomes.len() + gateways as usize);
}
