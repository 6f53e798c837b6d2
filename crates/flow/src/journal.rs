//! Where it is written down: an intent before, an outcome after, whatever happens in between.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use sealbook_policy::{Decision, Judged, PART_BYTES_MAX, Policy, Raw, State, is_of_runs, is_reserved};
use sealbook_record::{Outcome, PartName, Phase, Record, Severity, Timestamp, Uuid};
use sealbook_store::Ledger;
use serde::Serialize;
use serde_json::value::RawValue;

use crate::Error;

/// Where it is written down. Its methods may wait for a disk.
pub trait Journal: Send + Sync {
    /// A new id.
    fn next_id(&self) -> Uuid;
    /// The time, for records.
    fn now(&self) -> Timestamp;
    /// Looks at the stop and the rules, as of now and whoever set them, and seals the intent. When it returns, the
    /// intent is durable.
    ///
    /// Errors: [`Error::Stopped`] and [`Error::Refused`], each sealed as one event with outcome `blocked` before it
    /// is told; or the intent is not admitted, or the book could not be written. Nothing may be done then.
    fn enter(&self, intent: Record) -> Result<(), Error>;
    /// The same for an undo that a person asks for: no stop keeps what was done from being taken back.
    ///
    /// Errors: as [`Journal::enter`], but for [`Error::Stopped`].
    fn enter_undo(&self, intent: Record) -> Result<(), Error>;
    /// Seals an outcome or an event. When it returns, the record is durable.
    fn seal(&self, record: Record) -> Result<(), Error>;
    /// Queues an outcome or an event, and returns before the record is durable.
    fn queue(&self, record: Record) -> Result<(), Error>;
    /// Hands over an outcome or an event that nobody waits for: it becomes durable with what comes next, or after
    /// [`Journal::hurry`].
    fn seal_soon(&self, record: Record) -> Result<(), Error> {
        self.seal(record)
    }
    /// What was handed over becomes durable now.
    fn hurry(&self) {}
}

/// A ledger and its policy, with the rules and stops that the ledger itself tells of.
///
/// What a rule wants a person to approve is refused here: approvals are the gate's.
pub struct LedgerJournal {
    ledger: Arc<Ledger>,
    held: Mutex<Held>,
}

/// What holds now, up to the newest record that was looked at.
struct Held {
    state: State,
    policy: Arc<Policy>,
    /// Open intents that raised alerts, and by which rules: their outcomes do not raise them again.
    raised: HashMap<Uuid, Vec<String>>,
}

impl LedgerJournal {
    /// Writes to this ledger what this policy admits, judged by the ledger's own rules.
    pub fn new(ledger: Arc<Ledger>, policy: Arc<Policy>) -> Self {
        Self { ledger, held: Mutex::new(Held { state: State::new(), policy, raised: HashMap::new() }) }
    }

    /// The policy with the rules of now, and the stop that an intent runs into.
    fn now_for(&self, intent: Option<&Record>) -> Result<(Arc<Policy>, Option<String>), Error> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(intent) = intent else { return Ok((Arc::clone(&held.policy), None)) };
        self.ledger.bring_up(&mut held.state)?;
        let rules = held.state.rules();
        if !Arc::ptr_eq(&rules, held.policy.rules()) {
            held.policy = Arc::new(held.policy.judging_by(rules));
        }
        let stop = held.state.stopped(intent).map(|stop| format!("a person has halted {}", stop.scope));
        Ok((Arc::clone(&held.policy), stop))
    }

    fn own(&self, mut record: Record) -> Record {
        self.ledger.tenant().clone_into(&mut record.tenant);
        record
    }

    fn admit(&self, record: Record) -> Result<Judged, Error> {
        let (policy, _) = self.now_for(None)?;
        Ok(policy.admit(Raw::new(self.own(record)))?)
    }

    fn append(&self, judged: Judged) -> Result<(), Error> {
        let records = self.with_alerts(judged)?;
        self.ledger.append(records)?.into_iter().try_for_each(|answer| answer.map(drop))?;
        Ok(())
    }

    /// A record and the alerts that it raises, to be sealed together.
    fn with_alerts(&self, judged: Judged) -> Result<Vec<Judged>, Error> {
        let (phase, id, parent) = (judged.record().phase, judged.record().id, judged.record().parent);
        let mut alerts = judged.alerts();
        let policy = {
            let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
            let rule_of = |alert: &Raw| alert.record().target.id.clone();
            match phase {
                Phase::Intent if !alerts.is_empty() => {
                    held.raised.insert(id, alerts.iter().map(rule_of).collect());
                }
                Phase::Outcome => {
                    let said = parent.and_then(|intent| held.raised.remove(&intent)).unwrap_or_default();
                    alerts.retain(|alert| !said.contains(&rule_of(alert)));
                }
                Phase::Intent | Phase::Event => {}
            }
            Arc::clone(&held.policy)
        };
        let mut all = vec![judged];
        for alert in alerts {
            all.push(policy.admit(alert)?);
        }
        Ok(all)
    }

    fn block(&self, mut intent: Record, by: &'static str, which: &str) -> Result<(), Error> {
        #[derive(Serialize)]
        struct Blocked<'a> {
            blocked_by: &'static str,
            which: &'a str,
        }
        intent.phase = Phase::Event;
        intent.outcome = Some(Outcome::Blocked);
        intent.set_part(PartName::Error, &Blocked { blocked_by: by, which }).expect("texts are JSON");
        self.seal(intent)
    }
}

impl Journal for LedgerJournal {
    fn next_id(&self) -> Uuid {
        self.ledger.next_id()
    }

    fn now(&self) -> Timestamp {
        self.ledger.now()
    }

    fn enter(&self, intent: Record) -> Result<(), Error> {
        self.judge(intent, true)
    }

    fn enter_undo(&self, intent: Record) -> Result<(), Error> {
        self.judge(intent, false)
    }

    fn seal(&self, record: Record) -> Result<(), Error> {
        self.append(self.admit(record)?)
    }

    fn queue(&self, record: Record) -> Result<(), Error> {
        // The ticket is given up: the writer seals what is queued, also when the ledger is closed.
        let records = self.with_alerts(self.admit(record)?)?;
        Ok(self.ledger.submit(records).map(drop)?)
    }

    fn seal_soon(&self, record: Record) -> Result<(), Error> {
        let records = self.with_alerts(self.admit(record)?)?;
        Ok(self.ledger.submit_later(records).map(drop)?)
    }

    fn hurry(&self) {
        self.ledger.hurry();
    }
}

/// A journal that writes nothing: what is done with it leaves no trace, and must have no effect.
pub struct Unwritten(Arc<dyn Journal>);

impl Unwritten {
    /// With ids and times of this journal.
    pub fn new(journal: Arc<dyn Journal>) -> Self {
        Self(journal)
    }
}

impl Journal for Unwritten {
    fn next_id(&self) -> Uuid {
        self.0.next_id()
    }

    fn now(&self) -> Timestamp {
        self.0.now()
    }

    fn enter(&self, _: Record) -> Result<(), Error> {
        Ok(())
    }

    fn enter_undo(&self, _: Record) -> Result<(), Error> {
        Ok(())
    }

    fn seal(&self, _: Record) -> Result<(), Error> {
        Ok(())
    }

    fn queue(&self, _: Record) -> Result<(), Error> {
        Ok(())
    }
}

impl LedgerJournal {
    fn judge(&self, intent: Record, heeds_stop: bool) -> Result<(), Error> {
        if is_reserved(&intent.action) && !is_of_runs(&intent.action) {
            return Err(Error::ActionReserved { action: intent.action });
        }
        let intent = self.own(intent);
        let (policy, stop) = self.now_for(Some(&intent))?;
        if let Some(stop) = stop.filter(|_| heeds_stop) {
            let action = intent.action.clone();
            self.block(intent, "stop", &stop)?;
            return Err(Error::Stopped { action, stop });
        }
        let judged = policy.admit(Raw::new(intent.clone()))?;
        let decision = judged.decision();
        if decision >= Decision::Ask {
            let (action, record) = (intent.action.clone(), intent.id);
            self.block(intent, "rules", decision.as_str())?;
            return Err(Error::Refused { action, decision, record });
        }
        self.append(judged)
    }
}

/// Seals an intent. Its id, phase and time are set here; so is its operation, where it has none.
///
/// Errors: as [`Journal::enter`].
pub fn enter(journal: &Arc<dyn Journal>, intent: Record) -> Result<Entered, Error> {
    enter_by(journal, intent, |intent| journal.enter(intent))
}

/// Seals the intent of an undo that a person asks for.
///
/// Errors: as [`Journal::enter_undo`].
pub(crate) fn enter_undo(journal: &Arc<dyn Journal>, intent: Record) -> Result<Entered, Error> {
    enter_by(journal, intent, |intent| journal.enter_undo(intent))
}

fn enter_by(
    journal: &Arc<dyn Journal>,
    mut intent: Record,
    enter: impl FnOnce(Record) -> Result<(), Error>,
) -> Result<Entered, Error> {
    intent.id = journal.next_id();
    intent.phase = Phase::Intent;
    intent.occurred = journal.now();
    intent.outcome = None;
    intent.operation.get_or_insert_with(|| journal.next_id());
    let mut about = intent.clone();
    about.parts.clear();
    enter(intent)?;
    let (journal, id, noted) = (Arc::clone(journal), about.id, BTreeMap::new());
    Ok(Entered { journal, id, about: Some(about), noted, if_dropped: Outcome::Cancelled })
}

/// How something ended.
#[derive(Debug, Clone)]
pub struct Ending {
    /// The word for it.
    pub outcome: Outcome,
    /// What there is to say of it.
    pub parts: BTreeMap<PartName, Box<RawValue>>,
    /// How much it weighs; as its intent where nothing is said.
    pub severity: Option<Severity>,
    /// Labels beyond those of its intent.
    pub tags: Vec<String>,
}

impl Ending {
    /// It ended so, and there is nothing to add.
    pub const fn new(outcome: Outcome) -> Self {
        Self { outcome, parts: BTreeMap::new(), severity: None, tags: Vec::new() }
    }

    /// The same, with something to add. A thing that JSON cannot write is left out.
    #[must_use]
    pub fn with(mut self, part: PartName, value: &(impl Serialize + ?Sized)) -> Self {
        self.parts.extend(serde_json::value::to_raw_value(value).ok().map(|raw| (part, raw)));
        self
    }
}

/// An intent that is sealed, and whose outcome is not yet.
///
/// Dropped without an ending, it queues an outcome without waiting for it to be durable: `failed` where the thread
/// panics, else `cancelled`, or what [`Entered::if_dropped`] says. Where that cannot be queued, the book shows an
/// open intent.
pub struct Entered {
    journal: Arc<dyn Journal>,
    /// The intent without its content; `None` once it has ended.
    about: Option<Record>,
    id: Uuid,
    noted: BTreeMap<PartName, Box<RawValue>>,
    if_dropped: Outcome,
}

impl Entered {
    /// An intent that was sealed before, by a process that ended before its outcome was.
    pub(crate) fn resumed(journal: &Arc<dyn Journal>, mut intent: Record) -> Self {
        intent.parts.clear();
        let (journal, id) = (Arc::clone(journal), intent.id);
        Self { journal, id, about: Some(intent), noted: BTreeMap::new(), if_dropped: Outcome::Cancelled }
    }

    /// The intent's id.
    pub const fn id(&self) -> Uuid {
        self.id
    }

    /// The operation of intent and outcome.
    pub fn operation(&self) -> Option<Uuid> {
        self.about.as_ref().and_then(|about| about.operation)
    }

    /// What it means when this is dropped without an ending.
    #[must_use]
    pub fn if_dropped(mut self, outcome: Outcome) -> Self {
        self.if_dropped = outcome;
        self
    }

    /// Adds something to the outcome, however it comes to be. What JSON cannot write is left out.
    pub fn note(&mut self, part: PartName, value: &(impl Serialize + ?Sized)) {
        self.noted.extend(serde_json::value::to_raw_value(value).ok().map(|raw| (part, raw)));
    }

    /// Leaves it open on record: whoever goes on with it says how it ended.
    pub(crate) fn leave_open(mut self) {
        self.about = None;
    }

    /// Hands the outcome over, to become durable with what comes next.
    pub(crate) fn end_soon(mut self, mut ending: Ending) -> Result<(), Error> {
        let Some(about) = self.about.take() else { return Ok(()) };
        ending.parts.append(&mut self.noted);
        let journal = Arc::clone(&self.journal);
        write(about, ending, &*journal, |record| journal.seal_soon(record))
    }

    /// Seals the outcome. It returns when that is durable.
    ///
    /// What is more than a record may hold is left out of it, and that is said in its place.
    pub fn end(mut self, mut ending: Ending) -> Result<(), Error> {
        let Some(about) = self.about.take() else { return Ok(()) };
        ending.parts.append(&mut self.noted);
        let journal = Arc::clone(&self.journal);
        write(about, ending, &*journal, |record| journal.seal(record))
    }
}

/// Makes an outcome's record and hands it on; where its content is not admitted, without that.
fn write(
    mut record: Record,
    ending: Ending,
    journal: &dyn Journal,
    hand_on: impl Fn(Record) -> Result<(), Error>,
) -> Result<(), Error> {
    let now = journal.now();
    let lasted = now.as_micros().saturating_sub(record.occurred.as_micros());
    record.duration_us = Some(u64::try_from(lasted).unwrap_or(0));
    record.occurred = now;
    record.parent = Some(record.id);
    record.id = journal.next_id();
    record.phase = Phase::Outcome;
    record.outcome = Some(ending.outcome);
    record.parts = ending.parts;
    record.severity = ending.severity.unwrap_or(record.severity);
    record.tags.extend(ending.tags);
    for value in record.parts.values_mut().filter(|value| value.get().len() > PART_BYTES_MAX) {
        *value = left_out(value);
    }
    match hand_on(record.clone()) {
        // Content must not cost the outcome.
        Err(Error::Policy(_)) => {
            record.parts.values_mut().for_each(|value| *value = left_out(value));
            hand_on(record)
        }
        handed_on => handed_on,
    }
}

/// What stands for content that a record cannot hold.
fn left_out(value: &RawValue) -> Box<RawValue> {
    let text = format!(r#"{{"left_out":{{"bytes":{}}}}}"#, value.get().len());
    RawValue::from_string(text).expect("a number is JSON")
}

impl Drop for Entered {
    fn drop(&mut self) {
        let Some(about) = self.about.take() else { return };
        let mut ending = if std::thread::panicking() {
            Ending::new(Outcome::Failed).with(PartName::Error, "it panicked")
        } else {
            Ending::new(self.if_dropped)
        };
        ending.parts.append(&mut self.noted);
        // A drop can tell nobody. What is not queued stays an open intent, which the book shows.
        let _ = write(about, ending, &*self.journal, |record| self.journal.queue(record));
    }
}

impl std::fmt::Debug for Entered {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Entered").field("id", &self.id).finish_non_exhaustive()
    }
}
