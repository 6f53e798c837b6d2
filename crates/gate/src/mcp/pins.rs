//! Tool definitions, pinned: what a server says its tools are is compared with what it said before.
//!
//! A tool that changes after a person has looked at it is a known way to an agent's trust. Definitions are
//! compared by keyed digests of their content with the keys in order, so that a mere reordering is no change.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::fmt::Write as _;

use sealbook_policy::PIN_ACTION;
use sealbook_record::{Actor, ActorKind, Category, PartName, Record, Severity, Target, TargetKind};
use sealbook_store::Error;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use super::peek::{elements, fields, text};
use super::session::Session;
use super::tell;

/// Tools of one server that are compared.
const TOOLS_MAX: usize = 10_000;
/// Bytes of definitions that are kept while a list comes in.
const DEFINITIONS_BYTES_MAX: usize = 32 << 20;
/// Lists that are read at the same time, page by page.
const LISTS_MAX: usize = 4;
/// What alerts name as the rule.
const RULE: &str = "tools-changed";

/// What is known of a server's tools.
#[derive(Default)]
pub(crate) struct Pins {
    /// As they were pinned last, by digest of the name; `None` before the book was asked.
    known: Option<BTreeMap<String, Pin>>,
    /// The pages of the lists that come in now, each with the cursor at which it goes on.
    coming: VecDeque<(String, Vec<Seen>)>,
    annotations: HashMap<String, Box<RawValue>>,
}

/// A tool as it is pinned.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Pin {
    /// For people; redacted where it must be.
    name: String,
    /// Keyed digest of the name.
    id: String,
    /// Keyed digest of the definition.
    digest: String,
    /// The same without name and title: it stays when a tool is renamed.
    body: String,
}

struct Seen {
    pin: Pin,
    /// As it came; empty where there are too many bytes of them.
    definition: String,
    /// Bytes of the definitions up to this one.
    bytes: usize,
}

#[derive(Default, Serialize)]
struct Changes {
    added: Vec<String>,
    changed: Vec<String>,
    removed: Vec<String>,
    renamed: Vec<(String, String)>,
}

impl Pins {
    /// A page of a list, the first or the one at a cursor. The records are what is to be told of it.
    pub(crate) fn page(&mut self, session: &Session, result: &str, from: Option<&str>) -> Result<Vec<Record>, Error> {
        let [tools, next] = fields(result, ["tools", "nextCursor"]);
        let mut coming = match from {
            None => {
                self.annotations.clear();
                Some(Vec::new())
            }
            // `None` where its beginning was not seen.
            Some(from) => self.take(from),
        };
        for tool in tools.map(elements).unwrap_or_default() {
            let [name, annotations] = fields(tool, ["name", "annotations"]);
            let Some(name) = name.and_then(text) else { continue };
            if let Some(annotations) = annotations.filter(|_| self.annotations.len() < TOOLS_MAX) {
                self.annotations.insert(name.clone().into_owned(), tell::raw(annotations));
            }
            let Some(coming) = &mut coming else { continue };
            let bytes: usize = coming.last().map_or(0, |seen: &Seen| seen.bytes) + tool.len();
            if coming.len() < TOOLS_MAX {
                coming.push(Seen::new(session, &name, tool, bytes));
            }
        }
        let Some(coming) = coming else { return Ok(Vec::new()) };
        if let Some(next) = next.filter(|next| *next != "null") {
            self.coming.truncate(LISTS_MAX - 1);
            self.coming.push_front((next.to_owned(), coming));
            return Ok(Vec::new());
        }
        if self.known.is_none() {
            self.known = load(session)?;
        }
        let records = tell_changes(session, self.known.as_ref(), &coming);
        self.known = Some(coming.into_iter().map(|seen| (seen.pin.id.clone(), seen.pin)).collect());
        Ok(records)
    }

    fn take(&mut self, cursor: &str) -> Option<Vec<Seen>> {
        let same = |next: &str| next == cursor || text(next).is_some() && text(next) == text(cursor);
        let at = self.coming.iter().position(|(next, _)| same(next))?;
        self.coming.remove(at).map(|(_, seen)| seen)
    }

    /// What a tool says of itself.
    pub(crate) fn annotations(&self, tool: &str) -> Option<Box<RawValue>> {
        self.annotations.get(tool).cloned()
    }
}

impl Seen {
    fn new(session: &Session, name: &str, tool: &str, bytes: usize) -> Self {
        let gate = &session.gate;
        let (definition, body) = match serde_json::from_str::<Value>(tool) {
            Ok(mut value) => {
                let whole = canonical(&value);
                if let Some(map) = value.as_object_mut() {
                    map.remove("name");
                    map.remove("title");
                }
                (whole, canonical(&value))
            }
            Err(_) => (tool.to_owned(), tool.to_owned()),
        };
        let pin = Pin {
            name: tell::short(name),
            id: gate.digest(name.as_bytes()),
            digest: gate.digest(definition.as_bytes()),
            body: gate.digest(body.as_bytes()),
        };
        let definition = if bytes <= DEFINITIONS_BYTES_MAX { tool.to_owned() } else { String::new() };
        Self { pin, definition, bytes }
    }
}

/// The pins of the newest record of this server that a gateway made; `None` where there is none. Of one that cannot be
/// read nothing is known: then every tool is a new one, and that is told.
fn load(session: &Session) -> Result<Option<BTreeMap<String, Pin>>, Error> {
    #[derive(Deserialize)]
    struct Pinned {
        tools: Vec<Pin>,
    }
    let own = session.record(PIN_ACTION, session.service());
    // What another program wrote under this action says nothing of what this gateway saw.
    let is_own = |record: &Record| record.target == own.target && record.source == own.source;
    let Some(stored) = session.gate.ledger().newest_pin(&is_own)? else { return Ok(None) };
    let pinned = stored.record.as_ref().and_then(|record| record.part(PartName::After));
    // Pins that cannot be read are compared with as if there had been no tools: everything is new, and told.
    let tools = pinned.and_then(|part| serde_json::from_str::<Pinned>(part.get()).ok()).map(|pinned| pinned.tools);
    Ok(Some(tools.unwrap_or_default().into_iter().map(|pin| (pin.id.clone(), pin)).collect()))
}

fn tell_changes(session: &Session, known: Option<&BTreeMap<String, Pin>>, coming: &[Seen]) -> Vec<Record> {
    let mut records = Vec::new();
    if let Some(known) = known {
        let changes = Changes::between(known, coming);
        if changes.is_empty() {
            return records;
        }
        let told = changes.record(session, known, coming);
        let alert = alert(session, &told);
        records.extend([told, alert]);
    }
    let mut record = session.record(PIN_ACTION, session.service());
    record.category = Category::Audit;
    let pins: Vec<&Pin> = coming.iter().map(|seen| &seen.pin).collect();
    record.set_part(PartName::After, &serde_json::json!({"tools": pins})).expect("texts are JSON");
    records.push(record);
    records
}

/// What a person must look at: as the alerts that rules raise.
fn alert(session: &Session, changed: &Record) -> Record {
    let mut alert = session.record("alert.raised", Target::new(TargetKind::Rule, RULE));
    alert.actor = Actor::new(ActorKind::System, "sealbook");
    alert.parent = Some(changed.id);
    alert.category = Category::Audit;
    alert.severity = changed.severity;
    let message = changed.reason.as_deref().unwrap_or_default();
    let input = serde_json::json!({
        "rule": RULE, "effect": "alert", "message": message, "action": changed.action,
    });
    alert.set_part(PartName::Input, &input).expect("texts are JSON");
    alert
}

impl Changes {
    fn between(known: &BTreeMap<String, Pin>, coming: &[Seen]) -> Self {
        let mut changes = Self::default();
        let mut gone: Vec<&Pin> =
            known.values().filter(|pin| coming.iter().all(|seen| seen.pin.id != pin.id)).collect();
        for Seen { pin, .. } in coming {
            match known.get(&pin.id) {
                Some(before) if before.digest == pin.digest => {}
                Some(_) => changes.changed.push(pin.name.clone()),
                None => match gone.iter().position(|before| before.body == pin.body) {
                    Some(at) => changes.renamed.push((gone.remove(at).name.clone(), pin.name.clone())),
                    None => changes.added.push(pin.name.clone()),
                },
            }
        }
        changes.removed = gone.into_iter().map(|pin| pin.name.clone()).collect();
        changes
    }

    fn is_empty(&self) -> bool {
        self.added.is_empty() && self.changed.is_empty() && self.removed.is_empty() && self.renamed.is_empty()
    }

    fn record(&self, session: &Session, known: &BTreeMap<String, Pin>, coming: &[Seen]) -> Record {
        let mut record = session.record("tools.changed", session.service());
        record.category = Category::SecurityEvent;
        record.severity = Severity::Warning;
        record.tags = vec!["alert".to_owned()];
        let counts = [
            ("changed", self.changed.len()),
            ("added", self.added.len()),
            ("removed", self.removed.len()),
            ("renamed", self.renamed.len()),
        ];
        let counts: Vec<String> =
            counts.iter().filter(|(_, n)| *n > 0).map(|(what, n)| format!("{n} {what}")).collect();
        record.reason = Some(format!("the server's tools are not the ones pinned before: {}", counts.join(", ")));
        record.set_part(PartName::Context, self).expect("texts are JSON");
        let is_new = |seen: &&Seen| known.get(&seen.pin.id).is_none_or(|before| before.digest != seen.pin.digest);
        let definitions: Vec<Box<RawValue>> =
            coming.iter().filter(is_new).map(|seen| tell::raw(&seen.definition)).collect();
        record.set_part(PartName::After, &serde_json::json!({"tools": definitions})).expect("JSON stays JSON");
        record
    }
}

/// The value with the keys of every object in order.
fn canonical(value: &Value) -> String {
    let mut out = String::new();
    write_canonical(&mut out, value);
    out
}

fn write_canonical(out: &mut String, value: &Value) {
    match value {
        Value::Array(list) => {
            out.push('[');
            for (at, value) in list.iter().enumerate() {
                out.push_str(if at == 0 { "" } else { "," });
                write_canonical(out, value);
            }
            out.push(']');
        }
        Value::Object(map) => {
            let sorted: BTreeMap<&String, &Value> = map.iter().collect();
            out.push('{');
            for (at, (key, value)) in sorted.into_iter().enumerate() {
                out.push_str(if at == 0 { "" } else { "," });
                let _ = write!(out, "{}:", Value::from(key.as_str()));
                write_canonical(out, value);
            }
            out.push('}');
        }
        plain => {
            let _ = write!(out, "{plain}");
        }
    }
}
