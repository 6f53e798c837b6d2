//! What programs told of their own calls, beside what the gateway and hooks saw of them.
//!
//! Telemetry comes late and in batches, so nothing is said before all was read. A call that telemetry tells of
//! is looked for among those of the gateway, and among those of hooks, by the tool's name: in the same trace,
//! else with equal arguments, else within ten minutes where it tells no arguments.
//!
//! Who should have seen it: the gateway, where it stood before that server at the time (before a server whose
//! tool of that name it has seen, where telemetry names none); telemetry, where it told of calls of that tool
//! both before and after.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use sealbook_ledger::{Hash, Phase};
use uuid::Uuid;

use super::SeenOnce;
use super::reconciled::{CALL, CAPTURE, GATEWAY_SOURCE, HOOK_SOURCE};
use crate::{Outcome, PartName, Record, Step};

/// Where telemetry says it comes from, with what it was.
const SOURCE: &str = "otlp/";
/// What telemetry calls a call whose server is not told.
const ANY_CALL: &str = "tool.call";
/// Calls of each way in that are held; of more, nothing is told.
const CALLS_MAX: usize = 100_000;
/// How far clocks and batches may be apart, in microseconds.
const APART_MAX_US: i64 = 600_000_000;

/// A call as one way in saw it.
#[derive(Debug)]
struct Call {
    seq: u64,
    server: Option<String>,
    occurred_us: i64,
    /// W3C trace id.
    trace: Option<String>,
    /// Of the arguments, whatever the order of their fields.
    arguments: Option<Hash>,
    seen: bool,
}

/// From when to when the gateway stood before a server.
#[derive(Debug)]
struct Captured {
    server: String,
    from_us: i64,
    to_us: Option<i64>,
}

/// What each way in told of, by the tool's name.
#[derive(Debug, Default)]
pub(super) struct Telemetry {
    told: BTreeMap<String, Vec<Call>>,
    gateway: HashMap<String, Vec<Call>>,
    hook: HashMap<String, Vec<Call>>,
    captured: HashMap<Uuid, Captured>,
    count: usize,
}

impl Telemetry {
    /// The next record.
    pub(super) fn push(&mut self, step: &Step<'_>) {
        let Some(record) = step.record else { return };
        let source = &*record.source;
        if source == GATEWAY_SOURCE && record.action == CAPTURE {
            self.push_capture(step, record);
        } else if source.starts_with(SOURCE) {
            let is_call = record.action == CALL || record.action == ANY_CALL;
            if is_call && record.outcome != Some(Outcome::Blocked) {
                self.add(step, record, |ways| ways.told.entry(tool_of(record)).or_default());
            }
        } else if record.action == CALL && step.phase == Phase::Intent {
            if source == GATEWAY_SOURCE {
                self.add(step, record, |ways| ways.gateway.entry(tool_of(record)).or_default());
            } else if source.starts_with(HOOK_SOURCE) {
                self.add(step, record, |ways| ways.hook.entry(tool_of(record)).or_default());
            }
        }
    }

    /// Calls that one way in saw and another should have seen.
    pub(super) fn finish(mut self) -> Vec<SeenOnce> {
        let mut missed = Vec::new();
        if self.count > CALLS_MAX {
            return missed;
        }
        for (tool, mut told) in std::mem::take(&mut self.told) {
            told.sort_by_key(|call| (call.occurred_us, call.seq));
            let (mut gateway, mut hook) = (self.gateway.remove(&tool), self.hook.remove(&tool));
            let servers: BTreeSet<String> = gateway.iter().flatten().filter_map(|call| call.server.clone()).collect();
            for call in &told {
                let is_seen = [&mut gateway, &mut hook].map(|seen| call.find(seen.as_mut())).contains(&true);
                if !is_seen && self.was_captured(call, &servers) {
                    missed.push(call.missed(&tool, "gateway"));
                }
            }
            let (first, last) = (told.first().map(|call| call.occurred_us), told.last().map(|call| call.occurred_us));
            let between = |call: &&Call| Some(call.occurred_us) > first && Some(call.occurred_us) < last;
            for call in [gateway, hook].iter().flatten().flatten().filter(|call| !call.seen).filter(between) {
                missed.push(call.missed(&tool, "telemetry"));
            }
        }
        missed
    }

    fn push_capture(&mut self, step: &Step<'_>, record: &Record) {
        let at = record.occurred.as_micros();
        if step.phase == Phase::Intent && self.captured.len() < CALLS_MAX {
            let server = record.target.id.clone();
            self.captured.insert(step.id, Captured { server, from_us: at, to_us: None });
        } else if let Some(captured) = record.parent.and_then(|parent| self.captured.get_mut(&parent)) {
            captured.to_us = Some(at);
        }
    }

    fn add(&mut self, step: &Step<'_>, record: &Record, of: impl FnOnce(&mut Self) -> &mut Vec<Call>) {
        self.count += 1;
        if self.count > CALLS_MAX {
            return;
        }
        let call = Call {
            seq: step.seq,
            server: record.target.id.rsplit_once('/').map(|(server, _)| server.to_owned()),
            occurred_us: record.occurred.as_micros(),
            trace: record.trace.as_deref().and_then(|trace| trace.split('-').nth(1)).map(str::to_owned),
            arguments: record.part(PartName::Input).map(|input| arguments_of(input.get())),
            seen: false,
        };
        of(self).push(call);
    }

    fn was_captured(&self, call: &Call, servers: &BTreeSet<String>) -> bool {
        self.captured.values().any(|captured| {
            let is_then =
                captured.from_us <= call.occurred_us && captured.to_us.is_none_or(|to| call.occurred_us <= to);
            let is_its = call.server.as_ref().map_or(servers.contains(&captured.server), |own| *own == captured.server);
            is_then && is_its
        })
    }
}

impl Call {
    /// Looks for the same call as another way in saw it, and marks it.
    fn find(&self, seen: Option<&mut Vec<Self>>) -> bool {
        let Some(seen) = seen else { return false };
        let is_near = |other: &&mut Self| {
            let is_server = self.server.is_none() || self.server == other.server;
            !other.seen && is_server && self.occurred_us.abs_diff(other.occurred_us) <= APART_MAX_US as u64
        };
        let is_equal = |other: &Self| self.arguments.is_none() || self.arguments == other.arguments;
        let in_trace = |other: &Self| self.trace.is_some() && self.trace == other.trace;
        let best = |other: &&mut Self| {
            (!in_trace(other), !is_equal(other), self.occurred_us.abs_diff(other.occurred_us), other.seq)
        };
        let found = seen.iter_mut().filter(is_near).filter(|other| in_trace(other) || is_equal(other)).min_by_key(best);
        found.map(|other| other.seen = true).is_some()
    }

    fn missed(&self, tool: &str, by: &'static str) -> SeenOnce {
        let target = self.server.as_ref().map_or_else(|| tool.to_owned(), |server| format!("{server}/{tool}"));
        SeenOnce { seq: self.seq, target, missed_by: by }
    }
}

fn tool_of(record: &Record) -> String {
    let id = &record.target.id;
    id.rsplit_once('/').map_or(&**id, |(_, tool)| tool).to_owned()
}

fn arguments_of(input: &str) -> Hash {
    let text =
        serde_json::from_str::<serde_json::Value>(input).map_or_else(|_| input.to_owned(), |json| json.to_string());
    Hash::of(text.as_bytes())
}
