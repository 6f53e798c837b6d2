//! One call, several ways in: what an agent's hook told of and the gateway should have seen, and the reverse.
//!
//! Two records are of one call where tool and arguments are equal, and they were sealed in one time. A
//! hook's call is looked for once it has happened, so that one which the user refused is no gap; a call
//! that passed the gateway only where hooks of an open session tell of that server at all.

use std::collections::{BTreeMap, HashMap, HashSet};

use sealbook_ledger::Phase;
use uuid::Uuid;

use crate::{Outcome, PartName, Record, Step};

/// The action of a call of a tool of an MCP server, whoever tells of it.
pub(super) const CALL: &str = "tools.call";
/// What the gateway announces when it is put before a server.
pub(super) const CAPTURE: &str = "capture.open";
/// Where hooks say they come from, with the agent's name.
pub(super) const HOOK_SOURCE: &str = "hook/";
/// Where the gateway says it is.
pub(super) const GATEWAY_SOURCE: &str = "sealbook-wrap";
/// Calls that wait for their counterpart; more are not told apart.
const WAITING_MAX: usize = 100_000;

/// A call that one way in saw and another should have seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenOnce {
    /// The record that tells of it.
    pub seq: u64,
    /// Server and tool.
    pub target: String,
    /// Who should have seen it: `gateway`, `hook` or `telemetry`.
    pub missed_by: &'static str,
}

/// What is known of the ways in, so far.
#[derive(Debug, Default)]
pub(super) struct Ways {
    /// Open captures of the gateway, by server.
    captured: HashMap<String, HashSet<Uuid>>,
    /// Sessions of agents that have told of a call, and of which servers.
    told: HashMap<String, HashSet<String>>,
    /// Calls of hooks that the gateway should see, by operation.
    expected: HashMap<Uuid, Expected>,
    /// Calls that passed the gateway, and that no hook's call was found for yet.
    passed: BTreeMap<(String, String), Vec<u64>>,
    /// Calls of hooks that the gateway has not been seen to pass yet.
    waiting: BTreeMap<(String, String), Vec<Uuid>>,
    count: usize,
}

#[derive(Debug)]
struct Expected {
    seq: u64,
    key: (String, String),
    seen: bool,
}

impl Ways {
    /// The next record; what is now known to be missing.
    pub(super) fn push(&mut self, step: &Step<'_>) -> Option<SeenOnce> {
        let record = step.record?;
        if record.source.starts_with(HOOK_SOURCE) {
            if record.action.ends_with(".session_end") {
                self.told.remove(record.session.as_deref().unwrap_or_default());
            }
            return if record.action == CALL { self.push_hook(step, record) } else { None };
        }
        if record.source != GATEWAY_SOURCE {
            return None;
        }
        match (&*record.action, step.phase) {
            (CAPTURE, Phase::Intent) => {
                self.captured.entry(record.target.id.clone()).or_default().insert(step.id);
            }
            (CAPTURE, _) => {
                let open = self.captured.get_mut(&record.target.id);
                if let (Some(open), Some(parent)) = (open, record.parent) {
                    open.remove(&parent);
                }
            }
            // What was refused at the gateway was seen there too.
            (CALL, Phase::Intent | Phase::Event) => self.push_gateway(step, record),
            _ => {}
        }
        None
    }

    /// What the gateway passed and no hook told of, now that nothing more comes.
    pub(super) fn finish(self) -> Vec<SeenOnce> {
        let mut missed = Vec::new();
        for ((target, _), seqs) in self.passed {
            let of = |seq| SeenOnce { seq, target: target.clone(), missed_by: "hook" };
            missed.extend(seqs.into_iter().map(of));
        }
        missed.sort_by_key(|seen| seen.seq);
        missed
    }

    fn push_hook(&mut self, step: &Step<'_>, record: &Record) -> Option<SeenOnce> {
        let server = server_of(record);
        let operation = step.operation?;
        if step.phase == Phase::Intent {
            self.told.entry(record.session.clone().unwrap_or_default()).or_default().insert(server.to_owned());
            let is_captured = self.captured.get(server).is_some_and(|open| !open.is_empty());
            if is_captured && self.count < WAITING_MAX {
                let key = key_of(record);
                self.count += 1;
                self.waiting.entry(key.clone()).or_default().push(operation);
                self.expected.insert(operation, Expected { seq: step.seq, key, seen: false });
            }
            return None;
        }
        let expected = self.expected.remove(&operation)?;
        self.count = self.count.saturating_sub(1);
        remove(&mut self.waiting, &expected.key, |waiting| *waiting == operation);
        let happened = matches!(record.outcome, Some(Outcome::Ok | Outcome::Failed));
        let missed = happened && !expected.seen;
        missed.then_some(SeenOnce { seq: expected.seq, target: expected.key.0, missed_by: "gateway" })
    }

    fn push_gateway(&mut self, step: &Step<'_>, record: &Record) {
        let key = key_of(record);
        if let Some(operation) = remove(&mut self.waiting, &key, |_| true) {
            if let Some(expected) = self.expected.get_mut(&operation) {
                expected.seen = true;
            }
            return;
        }
        let server = server_of(record);
        let is_told = self.told.values().any(|servers| servers.contains(server));
        if is_told && step.phase == Phase::Intent && self.passed.len() < WAITING_MAX {
            self.passed.entry(key).or_default().push(step.seq);
        }
    }
}

/// Takes the first that fits out of the lists.
fn remove<T>(
    lists: &mut BTreeMap<(String, String), Vec<T>>,
    key: &(String, String),
    fits: impl Fn(&T) -> bool,
) -> Option<T> {
    let list = lists.get_mut(key)?;
    let found = list.iter().position(fits).map(|at| list.remove(at));
    if list.is_empty() {
        lists.remove(key);
    }
    found
}

fn server_of(record: &Record) -> &str {
    record.target.id.rsplit_once('/').map_or(&record.target.id, |(server, _)| server)
}

/// Server and tool, and the arguments whatever the order of their fields.
fn key_of(record: &Record) -> (String, String) {
    let input = record.part(PartName::Input).map_or("{}", |part| part.get());
    let arguments = serde_json::from_str::<serde_json::Value>(input)
        .map_or_else(|_| input.split_whitespace().collect(), |value| value.to_string());
    (record.target.id.clone(), arguments)
}
