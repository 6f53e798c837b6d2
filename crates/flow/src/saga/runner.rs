//! Does what comes next in a saga, until it is over or holds.

use std::sync::Arc;
use std::time::Duration;

use sealbook_record::{Actor, ActorKind, NOT_UNDOABLE_TAG, PartName, Phase, Record};
use sealbook_store::{Claim, Ledger};
use serde_json::{Map, Value, json};

use super::certify::certificate;
use super::definition::{SagaDefinition, SagaStep};
use super::note::{HELD_ACTION, SAGA_ACTION, STEP_ACTION, SagaNote};
use super::plan::{Hold, SagaPlan};
use super::state::{Given, SagaRun, SagaStatus, StepState, UndoState};
use super::step::{Known, Live, backward, forward, not_begun, taken_of};
use super::taken::Taken;
use super::watch::{Reading, Watch, Watched, WatchedTime, event, is_stopped};
use crate::time::before;
use crate::tool::Registry;
use crate::{
    Called, Error, Executor, Journal, Pending, Recovered, Recovery, Request, Retry, Secrets, Time, Unfinished, offload,
};

/// Runs sagas for one tenant.
#[derive(Clone)]
pub struct SagaRunner {
    /// Whose sagas they are.
    pub tenant: String,
    /// The book.
    pub ledger: Arc<Ledger>,
    /// The tools that steps call.
    pub tools: Arc<Registry>,
    /// How calls are tried and written down, where a step does not say.
    pub recovery: Recovery,
    /// What calls may name.
    pub secrets: Arc<dyn Secrets>,
    /// How often it looks what it is told.
    pub tempo: Tempo,
}

/// How often a running saga looks what it is told, and what it does while it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tempo {
    /// How often it looks while a step is under way and while it waits; only between attempts where nothing is said.
    pub poll: Option<Duration>,
    /// What it does while it holds.
    pub when_held: WhenHeld,
}

/// What becomes of a run that holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhenHeld {
    /// It waits until it may go on.
    Wait,
    /// It is left; whoever resumes it goes on with it.
    Leave,
}

impl Default for Tempo {
    fn default() -> Self {
        Self { poll: Some(Duration::from_millis(250)), when_held: WhenHeld::Wait }
    }
}

/// What a saga is begun with.
#[derive(Debug, Clone, Default)]
pub struct SagaRequest {
    /// What its steps can point at: `$.inputs.…`.
    pub inputs: Map<String, Value>,
    /// Who asks. Where nobody is named, the records say so.
    pub actor: Option<Actor>,
    /// Session.
    pub session: Option<String>,
    /// Conversation.
    pub conversation: Option<String>,
    /// Project.
    pub project: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// Its id; a new one where nothing is said.
    pub id: Option<String>,
}

impl SagaRequest {
    pub(super) fn actor(&self) -> Actor {
        self.actor.clone().unwrap_or_else(|| Actor::new(ActorKind::Unknown, "unknown"))
    }
}

/// A saga that is under way here. Nobody else runs it meanwhile.
struct Way<'w> {
    runner: &'w SagaRunner,
    definition: &'w SagaDefinition,
    request: &'w SagaRequest,
    reading: Reading,
    live: Live,
    _claim: Claim,
}

/// How a call of a step ended, as far as the saga has to know.
enum Call {
    /// It is on record, or nothing was begun.
    Told,
    /// A stop holds.
    Stopped,
    /// It could not be begun, and why; that may not be on record.
    Refused(String),
}

impl SagaRunner {
    /// Runs a saga until it is over, or holds and is left. A saga that failed is a saga: it is given, with its id.
    ///
    /// Errors: nothing was begun, since the saga is not valid or rules or a stop forbid it; or the book could not be
    /// read or written: then the saga stands as it is on record, and can be resumed.
    pub async fn run(&self, definition: &SagaDefinition, request: &SagaRequest) -> Result<SagaRun, Error> {
        definition.check()?;
        let errors = definition.problems(&self.tools).errors;
        if !errors.is_empty() {
            return Err(Error::SagaRefused { name: definition.name.clone(), errors });
        }
        let id = request.id.clone().unwrap_or_else(|| format!("saga_{}", self.journal().next_id().simple()));
        let claim = self.claim(&id)?;
        if Reading::of(&self.ledger, &id)?.is_some() {
            let why = "a saga of this id is on record already; resume it, or take another id".to_owned();
            return Err(Error::SagaStands { saga: id, why });
        }
        let note = SagaNote {
            saga: id.clone(),
            name: Some(definition.name.clone()),
            digest: Some(definition.digest()),
            ..SagaNote::default()
        };
        let mut intent = self.own(&id, SAGA_ACTION, request, &note);
        intent.phase = Phase::Intent;
        intent.operation = Some(self.journal().next_id());
        let saga = serde_json::to_value(definition).expect("its keys are texts");
        let given = Given { saga, inputs: Value::Object(request.inputs.clone()) };
        intent.set_part(PartName::Input, &given).expect("a JSON value is JSON");
        let journal = self.journal();
        offload(move || journal.enter(intent)).await??;
        self.go_on(definition, request, &id, claim).await
    }

    /// Goes on with a saga that was interrupted, or that held. What is on record as done is not done again; of an
    /// attempt without an end it is found out how it ended, as its effect allows.
    ///
    /// Errors: there is no such saga; it is over; somebody else runs it; or the definition is not the one it began
    /// with. Where none is given, the one on record is taken.
    pub async fn resume(
        &self,
        id: &str,
        definition: Option<&SagaDefinition>,
        request: &SagaRequest,
    ) -> Result<SagaRun, Error> {
        let claim = self.claim(id)?;
        let missing = || Error::SagaNotFound { saga: id.chars().take(80).collect() };
        let run = Reading::of(&self.ledger, id)?.ok_or_else(missing)?.run;
        let stands = |why: String| Error::SagaStands { saga: id.to_owned(), why };
        if let Some(status) = run.ended {
            return Err(stands(format!("it is over ({status}); begin another one")));
        }
        let definition = definition.or(run.definition.as_ref()).cloned().ok_or_else(|| {
            stands("the record does not hold it whole, since something was redacted; give its definition".to_owned())
        })?;
        if definition.digest() != run.digest {
            return Err(stands("this is not the definition that it began with; give that one".to_owned()));
        }
        self.go_on(&definition, request, id, claim).await
    }

    async fn go_on(
        &self,
        definition: &SagaDefinition,
        request: &SagaRequest,
        id: &str,
        claim: Claim,
    ) -> Result<SagaRun, Error> {
        let missing = || Error::SagaNotFound { saga: id.to_owned() };
        let reading = Reading::of(&self.ledger, id)?.ok_or_else(missing)?;
        let mut way = Way { runner: self, definition, request, reading, live: Live::default(), _claim: claim };
        way.go().await?;
        Ok(way.reading.run)
    }

    fn claim(&self, id: &str) -> Result<Claim, Error> {
        let busy = "another process runs it; it heeds what `sealbook saga` tells it".to_owned();
        self.ledger.claim(id)?.ok_or_else(|| Error::SagaStands { saga: id.to_owned(), why: busy })
    }

    fn journal(&self) -> Arc<dyn Journal> {
        Arc::clone(&self.recovery.journal)
    }

    fn own(&self, id: &str, action: &str, request: &SagaRequest, note: &SagaNote) -> Record {
        let mut record = event(&*self.recovery.journal, id, action, request.actor(), note);
        record.session.clone_from(&request.session);
        record.conversation.clone_from(&request.conversation);
        record.project.clone_from(&request.project);
        record.reason.clone_from(&request.reason);
        record
    }

    async fn seal(&self, record: Record) -> Result<(), Error> {
        let journal = self.journal();
        offload(move || journal.seal(record)).await?
    }
}

impl Way<'_> {
    async fn go(&mut self) -> Result<(), Error> {
        loop {
            self.reading.read_on(&self.runner.ledger)?;
            let plan = self.reading.run.next(self.definition);
            match plan {
                SagaPlan::End(status) => return self.end(status).await,
                SagaPlan::Hold(hold) => {
                    let (step, why) = self.why(&hold);
                    self.say_held(step, &why).await?;
                    if !self.wait().await {
                        return self.reading.read_on(&self.runner.ledger);
                    }
                }
                SagaPlan::Forward(at) => {
                    let name = &self.definition.steps[at].name;
                    if self.forward(at, None).await? && !self.wait_for_stop(name).await? {
                        return self.reading.read_on(&self.runner.ledger);
                    }
                }
                SagaPlan::Settle { step, undo } => {
                    let name = &self.definition.steps[step].name;
                    let is_stopped = self.settle(step, undo).await?;
                    if is_stopped && !self.wait_for_stop(name).await? {
                        return self.reading.read_on(&self.runner.ledger);
                    }
                }
                SagaPlan::Undo(at) => {
                    let name = &self.definition.steps[at].name;
                    if self.undo(at, None).await? && !self.wait_for_stop(name).await? {
                        return self.reading.read_on(&self.runner.ledger);
                    }
                }
            }
        }
    }

    fn why(&self, hold: &Hold) -> (Option<usize>, String) {
        let name = |at: &usize| &self.definition.steps[*at].name;
        match hold {
            Hold::Frozen => (None, "somebody froze it; `sealbook saga resume` lets it go on".to_owned()),
            Hold::Asks(at) => (Some(*at), format!("`{}` asks first; `sealbook saga resume` lets it go on", name(at))),
            Hold::Unknown(at) => {
                let operation = self.reading.run.step(name(at)).operation;
                let operation = operation.map_or_else(String::new, |id| id.to_string());
                let why = format!(
                    "nobody knows whether `{}` happened; `sealbook operation reconcile {operation} --as ok|failed` \
                     says it",
                    name(at)
                );
                (Some(*at), why)
            }
            Hold::Forward(at) => {
                let why =
                    format!("`{}` failed past the point of no return; `sealbook saga resume` tries it again", name(at));
                (Some(*at), why)
            }
        }
    }

    /// Says that it holds, once.
    async fn say_held(&mut self, step: Option<usize>, why: &str) -> Result<(), Error> {
        let step = step.map(|at| self.definition.steps[at].name.clone());
        let run = &self.reading.run;
        if run.held.is_some() && run.held_step == step || run.frozen && step.is_none() {
            return Ok(());
        }
        let note = SagaNote { saga: run.id.clone(), step, why: Some(why.to_owned()), ..SagaNote::default() };
        let mut record = self.runner.own(&run.id, HELD_ACTION, self.request, &note);
        record.parent = Some(run.intent);
        record.operation = run.operation;
        self.runner.seal(record).await?;
        self.reading.read_on(&self.runner.ledger)
    }

    /// Waits a little; `false` where it is left instead.
    async fn wait(&self) -> bool {
        let Tempo { poll: Some(poll), when_held: WhenHeld::Wait } = self.runner.tempo else { return false };
        self.runner.recovery.time.pause(poll).await;
        true
    }

    /// Holds until the stop is lifted; `false` where it is left instead.
    async fn wait_for_stop(&mut self, name: &str) -> Result<bool, Error> {
        let at = self.definition.step(name).map(|(at, _)| at);
        self.say_held(at, "the emergency stop holds; a person lifts it with `sealbook resume`").await?;
        loop {
            if !self.wait().await {
                return Ok(false);
            }
            self.reading.read_on(&self.runner.ledger)?;
            if self.reading.run.killed {
                return Ok(true);
            }
            let run = &self.reading.run;
            let sample = self.runner.own(&run.id, STEP_ACTION, self.request, &SagaNote::default());
            if !is_stopped(&self.runner.ledger, &sample)? {
                return Ok(true);
            }
        }
    }

    /// Does a step; `true` where a stop keeps it from being done.
    async fn forward(&mut self, at: usize, asked: Option<Request>) -> Result<bool, Error> {
        let step = &self.definition.steps[at];
        let request = match asked.map_or_else(|| self.request_of(step), Ok) {
            Ok(request) => request,
            Err(why) => return self.say_not_begun(&step.name, STEP_ACTION, &why).await.map(|()| false),
        };
        let was = self.reading.run.step(&step.name);
        let call = self.call(&step.name, &request, step.retry(self.runner.recovery.retry), false).await?;
        self.reading.read_on(&self.runner.ledger)?;
        match call {
            Call::Stopped => return Ok(true),
            Call::Refused(why) if self.reading.run.step(&step.name) == was => {
                self.say_not_begun(&step.name, STEP_ACTION, &why).await?;
            }
            Call::Told | Call::Refused(_) => {}
        }
        Ok(false)
    }

    fn request_of(&self, step: &SagaStep) -> Result<Request, String> {
        let run = &self.reading.run;
        forward(run, self.request, step, &Known::of(run, &self.live))
    }

    /// Takes a step back, or says why that cannot be; `true` where a stop keeps it from being done.
    async fn undo(&mut self, at: usize, parent: Option<sealbook_record::Uuid>) -> Result<bool, Error> {
        let step = &self.definition.steps[at];
        let stands = self.reading.run.step(&step.name);
        let action = format!("{}{}", sealbook_record::COMPENSATION_PREFIX, stands.action);
        let impossible = match (&stands.state, taken_of(&step.name, &stands, &self.live)) {
            (StepState::Unknown(_), _) => {
                "nobody knows whether it happened; `sealbook operation reconcile` says it".to_owned()
            }
            (_, Taken::Nothing) => "there is nothing to take back".to_owned(),
            (_, Taken::Impossible(why)) => why,
            (_, Taken::Call { tool, input }) => {
                let run = &self.reading.run;
                let mut request = backward(run, self.request, &step.name, &stands, &tool, &input);
                request.parent = parent.or(request.parent);
                let retry = step.undo_retry(self.runner.recovery.retry);
                let call = self.call(&step.name, &request, retry, true).await?;
                self.reading.read_on(&self.runner.ledger)?;
                match call {
                    Call::Stopped => return Ok(true),
                    Call::Refused(why) if self.reading.run.step(&step.name).undo == UndoState::Pending => {
                        self.say_not_begun(&step.name, &action, &why).await?;
                    }
                    Call::Told | Call::Refused(_) => {}
                }
                return Ok(false);
            }
        };
        let journal = self.runner.journal();
        let mut record = not_begun(&*journal, &self.reading.run, self.request, &step.name, &action, &impossible);
        record.tags.push(NOT_UNDOABLE_TAG.to_owned());
        self.runner.seal(record).await?;
        Ok(false)
    }

    /// Finds out how the last attempt ended, and goes on; `true` where a stop keeps it from being done again.
    async fn settle(&mut self, at: usize, undo: bool) -> Result<bool, Error> {
        let step = &self.definition.steps[at];
        let stands = self.reading.run.step(&step.name);
        let (request, intent, is_open) = if undo {
            let Taken::Call { tool, input } = taken_of(&step.name, &stands, &self.live) else {
                return self.undo(at, None).await;
            };
            let request = backward(&self.reading.run, self.request, &step.name, &stands, &tool, &input);
            (request, stands.undo_record, stands.undo == UndoState::Open)
        } else {
            match self.request_of(step) {
                Ok(request) => (request, stands.intent, stands.state == StepState::Open),
                Err(why) => return Err(Error::SagaStands { saga: self.reading.run.id.clone(), why }),
            }
        };
        let (Some(operation), Some(intent)) = (stands.operation, intent) else { return Ok(false) };
        let executor = self.executor(step.retry(self.runner.recovery.retry), undo);
        let recovered = executor.recover(&request, Unfinished { operation, intent, is_open }).await?;
        self.reading.read_on(&self.runner.ledger)?;
        match recovered {
            Recovered::Done(called) => {
                if !undo {
                    self.live.0.insert(step.name.clone(), (called.result, called.compensation));
                }
                Ok(false)
            }
            Recovered::Again if undo => self.undo(at, Some(intent)).await,
            Recovered::Again => self.forward(at, Some(Request { parent: Some(intent), ..request })).await,
            Recovered::Unknown if undo => Ok(false),
            Recovered::Unknown => {
                let (step, why) = self.why(&Hold::Unknown(at));
                self.reading.run.held = None;
                self.say_held(step, &why).await.map(|()| false)
            }
        }
    }

    async fn call(&mut self, name: &str, request: &Request, retry: Retry, undo: bool) -> Result<Call, Error> {
        let executor = self.executor(retry, undo);
        let ended = match self.runner.tempo.poll {
            None => Some(executor.call(request).await),
            Some(poll) => before(executor.call(request), self.killed(poll, undo)).await,
        };
        // A call that was dropped has queued its outcome: what is sealed next comes behind it.
        match ended {
            None | Some(Err(Error::SagaHalted { .. } | Error::GaveUp(_) | Error::Refused { .. })) => Ok(Call::Told),
            Some(Ok(Called { unsealed: Some(error), .. }) | Err(error @ (Error::Store(_) | Error::Offload { .. }))) => {
                Err(error)
            }
            Some(Ok(called)) => {
                if !undo {
                    self.live.0.insert(name.to_owned(), (called.result, called.compensation));
                }
                Ok(Call::Told)
            }
            Some(Err(Error::Stopped { .. })) => Ok(Call::Stopped),
            Some(Err(error)) => Ok(Call::Refused(error.to_string())),
        }
    }

    /// Comes once the saga is told to stop at once.
    fn killed(&self, poll: Duration, is_undo: bool) -> Pending<'static, ()> {
        let (watch, time) = (self.watch(is_undo), Arc::clone(&self.runner.recovery.time));
        Box::pin(async move {
            // Where the book cannot be read, the call under way is not torn for it.
            while !watch.is_killed().unwrap_or(false) {
                time.wait(poll).await;
            }
        })
    }

    fn watch(&self, is_undo: bool) -> Watch {
        let ledger = Arc::clone(&self.runner.ledger);
        Watch { ledger, id: self.reading.run.id.clone(), since: self.reading.seq, is_undo }
    }

    /// An executor for one step, with its own retries and deadline, that begins nothing once it is told to stop.
    fn executor(&self, retry: Retry, is_undo: bool) -> Executor {
        let runner = self.runner;
        let watch = self.watch(is_undo);
        let time: Arc<dyn Time> = match runner.tempo.poll {
            None => Arc::clone(&runner.recovery.time),
            Some(poll) => Arc::new(WatchedTime { time: Arc::clone(&runner.recovery.time), watch: watch.clone(), poll }),
        };
        let journal: Arc<dyn Journal> = Arc::new(Watched { journal: runner.journal(), watch: Some(watch) });
        let recovery = Recovery { retry, journal, time, entropy: Arc::clone(&runner.recovery.entropy) };
        Executor::new(runner.tenant.clone(), Arc::clone(&runner.tools), recovery, Arc::clone(&runner.secrets))
    }

    async fn say_not_begun(&self, name: &str, action: &str, why: &str) -> Result<(), Error> {
        let journal = self.runner.journal();
        let record = not_begun(&*journal, &self.reading.run, self.request, name, action, why);
        self.runner.seal(record).await
    }

    /// Seals the certificate, where something was to be taken back, and how it ended.
    async fn end(&mut self, status: SagaStatus) -> Result<(), Error> {
        if self.reading.run.ended.is_some() {
            return Ok(());
        }
        let run = &self.reading.run;
        if run.certificate.is_none()
            && status != SagaStatus::Killed
            && let Some((certificate, is_complete)) = certificate(run)
        {
            let action = sealbook_record::CERTIFICATE_ACTION;
            let mut record = self.runner.own(&run.id, action, self.request, &SagaNote::default());
            record.parts.clear();
            record.parent = Some(run.intent);
            record.operation = run.operation;
            record.category = sealbook_record::Category::SensitiveOperation;
            let outcome = if is_complete { sealbook_record::Outcome::Ok } else { sealbook_record::Outcome::Failed };
            record.outcome = Some(outcome);
            record.set_part(PartName::Result, &certificate).expect("texts are JSON");
            self.runner.seal(record).await?;
        }
        let run = &self.reading.run;
        let why = self.reason(status);
        let note = SagaNote { saga: run.id.clone(), status: Some(status), why: why.clone(), ..SagaNote::default() };
        let mut record = self.runner.own(&run.id, SAGA_ACTION, self.request, &note);
        record.phase = Phase::Outcome;
        record.parent = Some(run.intent);
        record.operation = run.operation;
        record.outcome = Some(status.outcome());
        let stands = run.standing().into_iter().map(|(name, step)| {
            json!({"step": name, "operation": step.operation.map(|id| id.to_string()), "known": step.state == StepState::Done})
        });
        let told = json!({"status": status, "taken_back": run.taken_back(), "stands": stands.collect::<Vec<_>>()});
        record.set_part(PartName::Result, &told).expect("texts are JSON");
        if let Some(why) = why {
            record.set_part(PartName::Error, &json!({"message": why})).expect("texts are JSON");
        }
        self.runner.seal(record).await?;
        self.reading.read_on(&self.runner.ledger)
    }

    /// Why it did not go well.
    fn reason(&self, status: SagaStatus) -> Option<String> {
        let run = &self.reading.run;
        let failed = self.definition.steps.iter().find_map(|step| match run.step(&step.name).state {
            StepState::Failed(why) => Some(format!("step `{}` failed: {why}", step.name)),
            _ => None,
        });
        match status {
            SagaStatus::Completed => None,
            SagaStatus::Killed => Some("somebody stopped it where it stood".to_owned()),
            _ => failed.or_else(|| run.cancelled.map(|_| "somebody called it off".to_owned())),
        }
    }
}
