//! Looking at a saga in the book, while it runs and otherwise; and telling one what to do.

use std::sync::Arc;
use std::time::Duration;

use sealbook_policy::State;
use sealbook_record::{Actor, Category, Outcome, PartName, Phase, Record, Target, TargetKind, Timestamp, Uuid};
use sealbook_store::{Cursor, Ledger, Query};

use super::note::{CANCEL_ACTION, Control, FREEZE_ACTION, KILL_ACTION, SAGA_ACTION, SagaNote};
use super::state::SagaRun;
use crate::{Error, Journal, Pending, Time};

/// A saga as the book tells of it, and how far that was read.
pub(super) struct Reading {
    pub(super) run: SagaRun,
    pub(super) seq: u64,
}

impl Reading {
    /// Reads all of it; `None` where no such saga is on record.
    pub(super) fn of(ledger: &Ledger, id: &str) -> Result<Option<Self>, Error> {
        let mut records = Vec::new();
        let mut seq = 0;
        ledger.each_match(&query(id), &mut |stored| {
            seq = stored.seq;
            records.extend(stored.record.map(|record| (record, stored.redactions)));
            Ok(true)
        })?;
        let run = SagaRun::fold(records.iter().map(|(record, redactions)| (record, redactions.as_slice())));
        Ok(run.map(|run| Self { run, seq }))
    }

    /// Reads what came since.
    pub(super) fn read_on(&mut self, ledger: &Ledger) -> Result<(), Error> {
        let query = Query { cursor: Some(Cursor::after(self.seq)), ..query(&self.run.id) };
        let (run, last) = (&mut self.run, &mut self.seq);
        ledger.each_match(&query, &mut |stored| {
            *last = stored.seq;
            if let Some(record) = &stored.record {
                run.apply(record, &stored.redactions);
            }
            Ok(true)
        })?;
        Ok(())
    }
}

fn query(id: &str) -> Query {
    Query { tags: vec![id.to_owned()], ascending: true, ..Query::default() }
}

/// Looks whether a saga is told to stop.
#[derive(Clone)]
pub(crate) struct Watch {
    pub(super) ledger: Arc<Ledger>,
    pub(super) id: String,
    /// What came later counts.
    pub(super) since: u64,
    /// What is under way takes something back: calling the saga off does not stop it.
    pub(super) is_undo: bool,
}

impl Watch {
    pub(super) fn is_halted(&self) -> Result<bool, Error> {
        let more = if self.is_undo { None } else { Some(CANCEL_ACTION) };
        self.is_told([KILL_ACTION, FREEZE_ACTION].into_iter().chain(more))
    }

    pub(super) fn is_killed(&self) -> Result<bool, Error> {
        self.is_told([KILL_ACTION])
    }

    fn is_told(&self, actions: impl IntoIterator<Item = &'static str>) -> Result<bool, Error> {
        let action = actions.into_iter().map(str::to_owned).collect();
        let query = Query { action, cursor: Some(Cursor::after(self.since)), ..query(&self.id) };
        let mut is_told = false;
        self.ledger.each_match(&query, &mut |_| {
            is_told = true;
            Ok(false)
        })?;
        Ok(is_told)
    }
}

/// A journal in which nothing is begun once the saga is told to stop, and a call that is torn may have happened.
pub(crate) struct Watched {
    pub(crate) journal: Arc<dyn Journal>,
    pub(crate) watch: Option<Watch>,
}

impl Journal for Watched {
    fn next_id(&self) -> Uuid {
        self.journal.next_id()
    }

    fn now(&self) -> Timestamp {
        self.journal.now()
    }

    fn enter(&self, intent: Record) -> Result<(), Error> {
        if let Some(watch) = &self.watch
            && watch.is_halted()?
        {
            return Err(Error::SagaHalted { saga: watch.id.clone() });
        }
        self.journal.enter(intent)
    }

    fn enter_undo(&self, intent: Record) -> Result<(), Error> {
        self.journal.enter_undo(intent)
    }

    fn seal(&self, record: Record) -> Result<(), Error> {
        self.journal.seal(record)
    }

    fn seal_soon(&self, record: Record) -> Result<(), Error> {
        self.journal.seal_soon(record)
    }

    fn hurry(&self) {
        self.journal.hurry();
    }

    /// What is queued is of a call that was dropped while it was under way: it may have arrived.
    fn queue(&self, mut record: Record) -> Result<(), Error> {
        if record.phase == Phase::Outcome && record.outcome == Some(Outcome::Cancelled) {
            record.outcome = Some(Outcome::Unknown);
        }
        self.journal.queue(record)
    }
}

/// A time in which a pause between attempts ends once the saga is told to stop.
pub(super) struct WatchedTime {
    pub(super) time: Arc<dyn Time>,
    pub(super) watch: Watch,
    pub(super) poll: Duration,
}

impl Time for WatchedTime {
    fn now(&self) -> Timestamp {
        self.time.now()
    }

    fn passed(&self) -> Duration {
        self.time.passed()
    }

    fn wait(&self, how_long: Duration) -> Pending<'_, ()> {
        self.time.wait(how_long)
    }

    fn pause(&self, mut how_long: Duration) -> Pending<'_, ()> {
        Box::pin(async move {
            while !how_long.is_zero() {
                let slice = how_long.min(self.poll);
                self.time.wait(slice).await;
                how_long -= slice;
                // Where the book cannot be read, whoever begins the next attempt finds that out.
                if self.watch.is_halted().unwrap_or(true) {
                    return;
                }
            }
        })
    }
}

/// Whether a stop holds for what this record tells of.
pub(super) fn is_stopped(ledger: &Ledger, record: &Record) -> Result<bool, Error> {
    let mut state = State::new();
    ledger.bring_up(&mut state)?;
    Ok(state.stopped(record).is_some())
}

/// A saga as the book tells of it.
///
/// Errors: there is none of this id; or the book could not be read.
pub fn find_saga(ledger: &Ledger, id: &str) -> Result<SagaRun, Error> {
    let reading = Reading::of(ledger, id)?;
    Ok(reading.ok_or_else(|| Error::SagaNotFound { saga: id.chars().take(80).collect() })?.run)
}

/// The newest sagas, the one that began last first.
///
/// Errors: the book could not be read.
pub fn sagas(ledger: &Ledger, limit: usize, fits: &dyn Fn(&SagaRun) -> bool) -> Result<Vec<SagaRun>, Error> {
    let query = Query { action: vec![SAGA_ACTION.to_owned()], phase: vec!["intent".to_owned()], ..Query::default() };
    let mut ids = Vec::new();
    ledger.each_match(&query, &mut |stored| {
        ids.extend(stored.record.and_then(|record| record.tags.into_iter().next()));
        Ok(true)
    })?;
    let mut found = Vec::new();
    for id in ids {
        if found.len() == limit {
            break;
        }
        if let Some(reading) = Reading::of(ledger, &id)?.filter(|reading| fits(&reading.run)) {
            found.push(reading.run);
        }
    }
    Ok(found)
}

/// Tells a saga what to do; whoever runs it heeds that before its next attempt. Gives it as it then stands on record.
///
/// Errors: there is no such saga, it is over, or it is past its point of no return and cannot be called off.
pub fn control(
    ledger: &Ledger,
    journal: &dyn Journal,
    id: &str,
    control: Control,
    actor: Actor,
    reason: Option<String>,
) -> Result<SagaRun, Error> {
    let run = find_saga(ledger, id)?;
    let stands = |why: String| Err(Error::SagaStands { saga: run.id.clone(), why });
    if let Some(status) = run.ended {
        return stands(format!("it is over ({status}); `sealbook undo` takes back what stands of it"));
    }
    let is_past = run.definition.as_ref().is_some_and(|definition| run.is_past_return(definition));
    if control == Control::Cancel && is_past {
        return stands(
            "it is past its point of no return, or may be, and only goes forward; `sealbook saga kill` stops it where \
             it stands"
                .to_owned(),
        );
    }
    let note = SagaNote { saga: run.id.clone(), ..SagaNote::default() };
    let mut record = event(journal, &run.id, control.action(), actor, &note);
    record.parent = Some(run.intent);
    record.operation = run.operation;
    record.reason = reason;
    journal.seal(record)?;
    find_saga(ledger, id)
}

/// An event of a saga.
pub(super) fn event(journal: &dyn Journal, id: &str, action: &str, actor: Actor, note: &SagaNote) -> Record {
    let target = Target::new(TargetKind::Workflow, id);
    let mut record = Record::event(journal.next_id(), actor, action, target, journal.now());
    record.category = Category::AgentDecision;
    "saga".clone_into(&mut record.source);
    record.tags.push(id.to_owned());
    record.set_part(PartName::Context, note).expect("texts are JSON");
    record
}
