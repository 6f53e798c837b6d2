//! What the gateway knows of one client and one server: who they say they are, and what is under way.

use std::collections::{HashMap, VecDeque};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sealbook_policy::Mode;
use sealbook_record::{Actor, Category, Outcome, PartName, Record, Severity, Target, TargetKind};
use sealbook_store::Error as StoreError;
use serde_json::value::RawValue;

use super::changes;
use super::hold::{HoldOptions, Room, can_elicit};
use super::peek::{Bad, Id, Message, fields, text};
use super::pins::Pins;
use super::tell;
use crate::gate::Renew;
use crate::{Capture, Ended, Entered, Error, Gate, Held};

/// Calls that ended without a reply and are remembered, should one come.
const LATE_MAX: usize = 256;
/// Requests without a reply that are remembered; a server that never answers must not fill our memory.
const OPEN_MAX: usize = 10_000;
/// Malformed messages that get a record each; the others are counted.
const MALFORMED_TOLD_MAX: u64 = 100;
/// The source of the gateway's records.
pub(crate) const SOURCE: &str = "sealbook-wrap";
/// In the `_meta` of requests from revision 2026-07-28 on.
const CLIENT_KEY: &str = "io.modelcontextprotocol/clientInfo";

/// What is recorded beside calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Recording {
    /// Calls of tools, requests of the server, the handshake, and what rules want noted.
    #[default]
    Calls,
    /// Every other request too, as an event.
    Requests,
    /// Notifications as well.
    All,
}

/// How a session is set up.
#[derive(Debug, Clone)]
pub struct SessionOptions {
    /// Who calls, as far as it was authenticated.
    pub actor: Actor,
    /// Name of the server: tools are recorded as `server/tool`.
    pub server: String,
    /// What is run, or where it is reached; for people.
    pub command: String,
    /// The project in which it is used.
    pub project: Option<String>,
    /// What is recorded beside calls.
    pub recording: Recording,
    /// How long calls are held that a person must approve.
    pub holding: HoldOptions,
    /// Where a server of this machine changes files: what calls do to them is on record, so that it can be taken
    /// back. Nothing where the server is elsewhere.
    pub files: Option<FilePlace>,
}

/// Where the files lie that calls name.
#[derive(Debug, Clone)]
pub struct FilePlace {
    /// What paths that are not absolute lie below: the server's working directory.
    pub cwd: PathBuf,
    /// Only what lies below it is looked at; links resolved.
    pub root: PathBuf,
}

/// Who asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Side {
    Client,
    Server,
}

/// A request that waits for its reply.
#[derive(Debug)]
pub(crate) enum Awaited {
    /// Announced.
    Call(Entered),
    /// The handshake.
    Hello,
    /// A list of tools, from the beginning or from a cursor on.
    List { from: Option<String> },
}

impl Awaited {
    /// The call, if it is one.
    pub(crate) fn call(self) -> Option<Entered> {
        match self {
            Self::Call(entered) => Some(entered),
            Self::Hello | Self::List { .. } => None,
        }
    }
}

/// One client, one server.
pub(crate) struct Session {
    pub(crate) gate: Arc<Gate>,
    pub(crate) options: Arc<SessionOptions>,
    /// Also the session of its records.
    pub(crate) id: String,
    /// Whether what two readers could read differently is refused.
    pub(crate) strict: bool,
    actor: Mutex<Actor>,
    flight: Mutex<Flight>,
    /// Calls that wait for somebody's word.
    pub(crate) room: Room,
    can_elicit: AtomicBool,
    common: Arc<Common>,
}

/// What sessions with one server share.
#[derive(Default)]
struct Common {
    pins: Mutex<Pins>,
    calls: AtomicU64,
    refused: AtomicU64,
    malformed: AtomicU64,
}

#[derive(Default)]
struct Flight {
    awaited: HashMap<(Side, Id), Waiting>,
    /// Ended before a reply came.
    late: VecDeque<(Side, Id, Record)>,
    /// How many are in `awaited`.
    open: usize,
    closed: bool,
}

/// What waits for a reply of one id.
#[derive(Default)]
struct Waiting {
    requests: VecDeque<Awaited>,
    /// How many of them the client has the reply to, or will in a moment: those are open no more.
    passing: usize,
    /// Several were open at a time: which of them a reply answers is not known.
    is_shared: bool,
}

/// Why no reply can be expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unexpected {
    /// The session is over: nothing may be forwarded any more.
    Over,
    /// Another request of that id has no reply yet, and two of one id are not taken.
    Open,
}

impl Waiting {
    fn is_open(&self) -> bool {
        self.requests.len() > self.passing
    }
}

impl Session {
    pub(crate) fn new(gate: Arc<Gate>, options: SessionOptions) -> Self {
        let id = gate.ledger().next_id().to_string();
        let strict = gate.options().mode == Mode::Enforce;
        let actor = Mutex::new(options.actor.clone());
        let (flight, common) = (Mutex::default(), Arc::default());
        let (room, can_elicit) = (Room::default(), AtomicBool::new(false));
        Self { gate, options: Arc::new(options), id, strict, actor, flight, room, can_elicit, common }
    }

    /// A session of another client with the same server, under an id of its own or under this one's.
    pub(crate) fn another(&self, with_own_id: bool) -> Self {
        let id = if with_own_id { self.gate.ledger().next_id().to_string() } else { self.id.clone() };
        Self {
            gate: Arc::clone(&self.gate),
            options: Arc::clone(&self.options),
            id,
            strict: self.strict,
            actor: Mutex::new(self.options.actor.clone()),
            flight: Mutex::default(),
            room: Room::default(),
            can_elicit: AtomicBool::new(false),
            common: Arc::clone(&self.common),
        }
    }

    /// Announces the session durably.
    pub(crate) fn open(&self, way: &str) -> Result<Capture, Error> {
        let mut record = self.record("capture.open", self.service());
        record.category = Category::Audit;
        let options = self.gate.options();
        let context = serde_json::json!({
            "way": way, "server": self.options.server, "command": self.options.command,
            "mode": options.mode.as_str(), "fail": options.fail.as_str(),
            "durability": if options.durability == crate::Durability::Buffered { "buffered" } else { "durable" },
        });
        record.set_part(PartName::Context, &context).expect("texts are JSON");
        self.gate.capture(record)
    }

    /// Ends every call that is still open, and the session.
    pub(crate) fn close(&self, capture: Option<Capture>, outcome: Outcome, why: &str) -> Result<(), Error> {
        self.end(why);
        self.note_malformed();
        let counted = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let counts =
            serde_json::json!({"calls": counted(&self.common.calls), "refused": counted(&self.common.refused)});
        let counts = serde_json::value::to_raw_value(&counts).expect("numbers are JSON");
        let Some(capture) = capture else {
            self.gate.flush();
            return Ok(());
        };
        self.gate.close(capture, Ended::new(outcome).because(why).with(PartName::Context, counts))?;
        Ok(())
    }

    /// Ends every call that is still open; nothing more is expected.
    pub(crate) fn end(&self, why: &str) {
        let left = {
            let mut flight = lock(&self.flight);
            flight.closed = true;
            std::mem::take(&mut flight.awaited)
        };
        for awaited in left.into_values().flat_map(|waiting| waiting.requests) {
            if let Awaited::Call(entered) = awaited {
                self.gate.leave_soon(entered, Ended::new(Outcome::Unknown).because(why));
            }
        }
    }

    /// Tells that the client has ended the session with the server.
    pub(crate) fn note_end(&self) {
        let mut record = self.record("session.ended", self.service());
        record.category = Category::Audit;
        self.gate.event_soon(record);
    }

    /// A record of something in this session, without content.
    pub(crate) fn record(&self, action: &str, target: Target) -> Record {
        let ledger = self.gate.ledger();
        let mut record = Record::event(ledger.next_id(), lock(&self.actor).clone(), action, target, ledger.now());
        ledger.tenant().clone_into(&mut record.tenant);
        record.session = Some(self.id.clone());
        record.project.clone_from(&self.options.project);
        SOURCE.clone_into(&mut record.source);
        record.category = Category::McpCall;
        record
    }

    /// The server, as a target.
    pub(crate) fn service(&self) -> Target {
        Target::new(TargetKind::Service, tell::short(&self.options.server))
    }

    /// Takes note of who the client says it is. It is a claim, and changes nothing else.
    pub(crate) fn note_client(&self, message: &Message<'_>) {
        let Some(params) = message.params else { return };
        let info = if message.method.as_deref() == Some("initialize") {
            self.can_elicit.store(can_elicit(params), Ordering::Release);
            fields(params, ["clientInfo"])[0]
        } else {
            fields(params, ["_meta"])[0].and_then(|meta| fields(meta, [CLIENT_KEY])[0])
        };
        let Some(info) = info else { return };
        let [name, title, version] = fields(info, ["name", "title", "version"]).map(|token| token.and_then(text));
        let Some(name) = name else { return };
        let mut actor = lock(&self.actor);
        actor.name = Some(tell::short(title.as_deref().unwrap_or(&name)));
        actor.claimed = Some(tell::short(&match version {
            Some(version) => format!("{name} {version}"),
            None => name.into_owned(),
        }));
    }

    /// Who the client says it is.
    pub(crate) fn client(&self) -> Option<String> {
        lock(&self.actor).claimed.clone()
    }

    /// Whether the client says that it can ask its user.
    pub(crate) fn can_elicit(&self) -> bool {
        self.can_elicit.load(Ordering::Acquire)
    }

    /// A reply is to come.
    pub(crate) fn expect(&self, side: Side, id: &str, awaited: Awaited) -> Result<(), (Unexpected, Awaited)> {
        let key = (side, Id::of(id));
        let mut flight = lock(&self.flight);
        if flight.closed {
            return Err((Unexpected::Over, awaited));
        }
        let is_open = flight.awaited.get(&key).is_some_and(Waiting::is_open);
        if is_open && self.strict {
            return Err((Unexpected::Open, awaited));
        }
        // The reply to one that was called off may come still.
        let is_late = flight.late.iter().any(|(side, id, _)| (*side, id) == (key.0, &key.1));
        self.common.calls.fetch_add(u64::from(matches!(awaited, Awaited::Call(_))), Ordering::Relaxed);
        flight.open += 1;
        let waiting = flight.awaited.entry(key).or_default();
        waiting.is_shared |= is_open || is_late;
        waiting.requests.push_back(awaited);
        Ok(())
    }

    /// Whether a request of that id has no reply yet, or is held.
    pub(crate) fn is_open(&self, side: Side, id: &str) -> bool {
        let key = (side, Id::of(id));
        let is_held = || side == Side::Client && self.room.holds(&key.1);
        lock(&self.flight).awaited.get(&key).is_some_and(Waiting::is_open) || is_held()
    }

    /// A reply goes to the client now, and is taken in afterwards: its id may be used again from here on.
    pub(crate) fn passing(&self, side: Side, reply: &Message<'_>) {
        let Some(id) = reply.id else { return };
        if let Some(waiting) = lock(&self.flight).awaited.get_mut(&(side, Id::of(id))) {
            waiting.passing = waiting.requests.len().min(waiting.passing + 1);
        }
    }

    /// Whether too many requests wait for a reply.
    pub(crate) fn is_crowded(&self) -> bool {
        lock(&self.flight).open >= OPEN_MAX
    }

    pub(crate) fn count_refused(&self) {
        self.common.refused.fetch_add(1, Ordering::Relaxed);
    }

    /// A message that is not as it should be.
    pub(crate) fn malformed(&self, from: &str, bad: Bad, bytes: u64, refused: bool) {
        if refused {
            self.count_refused();
        }
        if self.common.malformed.fetch_add(1, Ordering::Relaxed) >= MALFORMED_TOLD_MAX {
            return;
        }
        let action = if refused { "message.refused" } else { "message.malformed" };
        let mut record = self.record(action, self.service());
        record.outcome = refused.then_some(Outcome::Blocked);
        record.severity = Severity::Warning;
        record.reason = Some(format!("a message from the {from}: {}", bad.as_str()));
        record.set_part(PartName::Context, &serde_json::json!({"from": from, "bytes": bytes})).expect("it is JSON");
        self.gate.event_soon(record);
    }

    /// The malformed messages that got no record of their own.
    fn note_malformed(&self) {
        let more = self.common.malformed.load(Ordering::Relaxed).saturating_sub(MALFORMED_TOLD_MAX);
        if more == 0 {
            return;
        }
        let mut record = self.record("message.malformed", self.service());
        record.severity = Severity::Warning;
        record.reason = Some(format!("{more} more malformed lines"));
        self.gate.event_soon(record);
    }

    /// What a reply answers: the oldest request of that id.
    pub(crate) fn awaited(&self, side: Side, id: &str) -> Option<Awaited> {
        self.take(side, id).map(|(awaited, _)| awaited)
    }

    /// The same, and whether it may be another one that the reply answers.
    fn take(&self, side: Side, id: &str) -> Option<(Awaited, bool)> {
        let key = (side, Id::of(id));
        let mut flight = lock(&self.flight);
        let waiting = flight.awaited.get_mut(&key)?;
        let (first, is_shared) = (waiting.requests.pop_front(), waiting.is_shared);
        waiting.passing = waiting.passing.saturating_sub(1);
        if waiting.requests.is_empty() {
            flight.awaited.remove(&key);
        }
        flight.open = flight.open.saturating_sub(usize::from(first.is_some()));
        first.map(|first| (first, is_shared))
    }

    /// A call has ended so, by a reply. False where no call of that id is open.
    pub(crate) fn ended(&self, side: Side, id: &str, ended: Ended) -> bool {
        let Some((Awaited::Call(entered), is_shared)) = self.take(side, id) else { return false };
        let ended = if is_shared { unclear() } else { self.with_files(&entered, ended) };
        self.gate.leave_soon(entered, ended);
        true
    }

    /// Whether something is learnt from the reply that the client's next call rests on: it is taken in before the
    /// client sees it. How a call ended is told afterwards, and makes nobody wait.
    pub(crate) fn teaches(&self, side: Side, message: &Message<'_>) -> bool {
        let Some(id) = message.id else { return false };
        let flight = lock(&self.flight);
        let first = flight.awaited.get(&(side, Id::of(id))).and_then(|waiting| waiting.requests.front());
        match first {
            Some(Awaited::Hello | Awaited::List { .. }) => true,
            // What the client does next may change the files again.
            Some(Awaited::Call(entered)) => changes::has_files(entered.record()),
            None => false,
        }
    }

    /// A reply came: the call has ended.
    pub(crate) fn reply(&self, side: Side, message: &Message<'_>) {
        let Some(id) = message.id else { return };
        match self.take(side, id) {
            Some((Awaited::Call(entered), true)) => self.gate.leave_soon(entered, unclear()),
            Some((Awaited::Call(entered), false)) => {
                let ended = self.with_files(&entered, tell::ended(message));
                self.gate.leave_soon(entered, ended);
            }
            Some((Awaited::Hello, _)) => {
                let mut record = self.record("initialize.reply", self.service());
                tell::ended(message).write_to(&mut record);
                self.gate.event_soon(record);
            }
            Some((Awaited::List { from }, _)) => self.listed(message, from.as_deref()),
            None => self.late(side, id, message),
        }
    }

    /// Puts the files that a call of a tool names into its record, as they are before it.
    pub(crate) fn look_at_files(&self, call: &mut Record) {
        let (Some(place), Some(input)) = (&self.options.files, call.part(PartName::Input)) else { return };
        let paths = changes::named(input.get(), place);
        if !paths.is_empty() {
            // What is said to read is held to it by its digest.
            let with_content = !self.only_reads(call);
            call.parts.insert(PartName::Before, changes::states(&paths, place, with_content));
        }
    }

    /// Whether the server says of the tool that a call's record is about that it changes nothing.
    fn only_reads(&self, call: &Record) -> bool {
        let server = tell::short(&self.options.server);
        let tool = call.target.id.strip_prefix(server.as_str()).and_then(|rest| rest.strip_prefix('/'));
        let hints = tool.and_then(|tool| self.annotations(tool));
        hints.is_some_and(|hints| fields(hints.get(), ["readOnlyHint"])[0] == Some("true"))
    }

    /// A call that is held tells its files as they are when it goes out.
    pub(crate) fn looking_again(&self, held: Held) -> Held {
        let Some(place) = self.options.files.clone().filter(|_| changes::has_files(held.record())) else { return held };
        let with_content = !self.only_reads(held.record());
        held.renewed_by(Renew(Box::new(move |call| {
            let states = changes::after(call, &place, with_content);
            call.parts.extend(states.map(|states| (PartName::Before, states)));
        })))
    }

    /// How a call ended, with the files that it named as they are after it.
    fn with_files(&self, entered: &Entered, mut ended: Ended) -> Ended {
        let after = self.options.files.as_ref().and_then(|place| {
            let with_content = !self.only_reads(entered.record());
            changes::after(entered.record(), place, with_content)
        });
        ended.parts.extend(after.map(|states| (PartName::After, states)));
        ended
    }

    /// The client calls a request off. The call ends here, whatever the server makes of it.
    pub(crate) fn cancel(&self, side: Side, id: &str) {
        self.abandon(side, id, Outcome::Cancelled, "the caller cancelled it");
    }

    /// No reply is waited for any more. One that comes after all is told as a late one.
    pub(crate) fn abandon(&self, side: Side, id: &str, outcome: Outcome, why: &str) {
        let Some(awaited) = self.awaited(side, id) else { return };
        if let Awaited::Call(entered) = awaited {
            let mut flight = lock(&self.flight);
            if flight.late.len() == LATE_MAX {
                flight.late.pop_front();
            }
            flight.late.push_back((side, Id::of(id), entered.record().clone()));
            drop(flight);
            self.gate.leave_soon(entered, Ended::new(outcome).because(why));
        }
    }

    /// A reply to something that had ended: what really became of it.
    fn late(&self, side: Side, id: &str, message: &Message<'_>) {
        let id = Id::of(id);
        let mut flight = lock(&self.flight);
        let Some(at) = flight.late.iter().position(|(s, late, _)| *s == side && *late == id) else { return };
        let (_, _, intent) = flight.late.remove(at).expect("it was found just now");
        drop(flight);
        let mut record = self.record(&format!("{}.late_reply", intent.action), intent.target.clone());
        record.parent = Some(intent.id);
        record.operation = intent.operation;
        tell::ended(message).write_to(&mut record);
        self.gate.event_soon(record);
    }

    /// A page of tools.
    fn listed(&self, message: &Message<'_>, from: Option<&str>) {
        let Some(result) = message.result else { return };
        let mut pins = lock(&self.common.pins);
        let told = pins.page(self, result, from);
        drop(pins);
        match told {
            Ok(records) => records.into_iter().for_each(|record| self.gate.event_soon(record)),
            Err(cause) => self.unpinned(&cause),
        }
    }

    /// What was pinned before could not be read.
    fn unpinned(&self, cause: &StoreError) {
        let mut record = self.record("tools.unpinned", self.service());
        record.outcome = Some(Outcome::Unknown);
        record.severity = Severity::Warning;
        record.reason = Some(format!("the tools could not be compared with those pinned before ({})", cause.code()));
        self.gate.event_soon(record);
    }

    /// What a tool says of itself, where it was listed.
    pub(crate) fn annotations(&self, tool: &str) -> Option<Box<RawValue>> {
        lock(&self.common.pins).annotations(tool)
    }
}

/// How a call ended whose id others had too.
fn unclear() -> Ended {
    Ended::new(Outcome::Unknown).because("several requests had this id: which of them the reply answers is not known")
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
