//! Does what comes next in a run, until it is over.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sealbook_record::{Actor, ActorKind, Category, Outcome, PartName, Record, Target, TargetKind, Uuid};
use sealbook_store::{Claim, Ledger};
use serde_json::{Map, Value, json};

use super::calls::CallsRun;
use super::event::{RESUME_ACTION, RUN_ACTION, RunEvent, RunNote, StepEnd};
use super::found::find_run;
use super::plan::Planner;
use super::state::{Run, RunStatus, Step};
use super::steps::Hands;
use super::tool::Calls;
use super::travel::Recorded;
use super::wish::{Wish, Wishes};
use crate::tool::Registry;
use crate::workflow::definition::Definition;
use crate::workflow::edit::run_id;
use crate::workflow::error::WorkflowError;
use crate::workflow::node::Config;
use crate::workflow::validate::validate;
use crate::{Ending, Entered, Error, Pending, Recovery, Secrets, enter, offload};
use tokio::sync::watch;

mod saga;
mod step;

/// Is told what happens in which run, as it happens.
pub type Observer = Arc<dyn Fn(&str, &RunEvent) + Send + Sync>;

/// Runs workflows for one tenant.
#[derive(Clone)]
pub struct Runner {
    calls: Calls,
    hands: Arc<dyn Hands>,
    wishes: Option<Arc<dyn Wishes>>,
    observer: Option<Observer>,
    ledger: Option<Arc<Ledger>>,
}

/// What a run is begun with.
#[derive(Debug, Clone, Default)]
pub struct RunRequest {
    /// The inputs, by their names.
    pub inputs: Map<String, Value>,
    /// Who asks.
    pub actor: Option<Actor>,
    /// Session.
    pub session: Option<String>,
    /// Project.
    pub project: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// Its id; a new one where nothing is said.
    pub run_id: Option<String>,
    /// Who began it, where that is somebody else: nobody approves what they asked for.
    pub asker: Option<Actor>,
    /// The record that it follows from.
    pub parent: Option<Uuid>,
    /// The runs that it lies in, the outermost first: what is wished of one of them is wished of it.
    pub within: Vec<String>,
    /// How long it may last, where that is less than its workflow says.
    pub seconds_max: Option<u64>,
    /// What is taken from the record of an earlier run.
    pub recorded: Option<Arc<Recorded>>,
}

/// A run that is under way here.
struct Way<'w> {
    definition: &'w Definition,
    request: Arc<RunRequest>,
    run_id: String,
    digest: String,
    intent: Uuid,
    /// What was on record before, for steps that are not done again.
    before: Option<&'w Run>,
    /// What happened since the last look.
    told: Mutex<Vec<RunEvent>>,
    /// The calls so far, those of processes before this one among them.
    calls: Mutex<CallsRun>,
    /// Whether it is halted.
    frozen: watch::Sender<bool>,
    observer: Option<&'w Observer>,
}

impl Way<'_> {
    fn tell(&self, event: RunEvent) {
        if let Some(observer) = self.observer {
            observer(&self.run_id, &event);
        }
        self.told.lock().unwrap_or_else(PoisonError::into_inner).push(event);
    }
}

/// A node that runs.
type Running<'r> = Pending<'r, Result<(), Error>>;

impl Runner {
    /// Calls these tools, as this recovery tries and writes down; everything else is for the hands.
    pub fn new(
        tenant: impl Into<String>,
        tools: Arc<Registry>,
        recovery: Recovery,
        secrets: Arc<dyn Secrets>,
        hands: Arc<dyn Hands>,
    ) -> Self {
        let calls = Calls { tenant: tenant.into(), tools, recovery, secrets };
        Self { calls, hands, wishes: None, observer: None, ledger: None }
    }

    /// The same, which heeds what people wish of its runs.
    #[must_use]
    pub fn heeding(self, wishes: Arc<dyn Wishes>) -> Self {
        Self { wishes: Some(wishes), ..self }
    }

    /// The same, which tells what happens.
    #[must_use]
    pub fn observed_by(self, observer: Observer) -> Self {
        Self { observer: Some(observer), ..self }
    }

    /// The same, for the runs of this book: each is done by one process at a time.
    #[must_use]
    pub fn alone_in(self, ledger: Arc<Ledger>) -> Self {
        Self { ledger: Some(ledger), ..self }
    }

    /// Takes a run for this process alone.
    fn claim(&self, run: &str) -> Result<Option<Claim>, Error> {
        let Some(ledger) = &self.ledger else { return Ok(None) };
        let busy = || WorkflowError::RunNotResumable { run: run.to_owned(), why: "another process runs it" };
        ledger.claim(&format!("run {run}"))?.map(Some).ok_or_else(|| busy().into())
    }

    /// The tools that its runs call.
    pub fn tools(&self) -> &Registry {
        &self.calls.tools
    }

    /// Runs a workflow to its end, or until `cancel` comes. A run that failed is a run: it is given, with its id.
    ///
    /// Errors: nothing was begun, since the workflow is not valid, an input does not fit, or rules or a stop forbid
    /// it; or the book could not be written: then the run stands as it is on record.
    pub async fn run(
        &self,
        definition: &Definition,
        request: &RunRequest,
        cancel: Pending<'_, ()>,
    ) -> Result<Run, Error> {
        self.runnable(definition)?;
        let recorded = request.recorded.as_deref();
        let inputs = match recorded.and_then(|it| it.run().inputs.as_ref()?.as_object()) {
            // What an earlier run was given, and what is said otherwise now.
            Some(earlier) => {
                let mut given = earlier.clone();
                given.extend(request.inputs.clone());
                given.retain(|name, _| takes(definition, name) || request.inputs.contains_key(name));
                inputs(definition, &given)?
            }
            None => inputs(definition, &request.inputs)?,
        };
        let id = request.run_id.clone().unwrap_or_else(|| run_id(self.calls.recovery.random()));
        let _claim = self.claim(&id)?;
        let (digest, version) = (definition.digest(), Some(definition.version()));
        let mut intent = self.record(definition, request, &id, RUN_ACTION);
        intent.parent = request.parent;
        let (fork, dry) = (recorded.and_then(Recorded::note), recorded.is_some_and(Recorded::is_dry));
        let note = RunNote { digest: Some(digest.clone()), version, fork: fork.clone(), dry, ..RunNote::of(&id) };
        intent.set_part(PartName::Context, &note).expect("texts are JSON");
        intent.set_part(PartName::Input, &inputs).expect("a JSON value is JSON");
        let entered = self.enter(intent).await?;
        let began = RunEvent::Began {
            run_id: id.clone(),
            workflow_id: definition.id().to_owned(),
            digest,
            version,
            fork,
            dry,
            by: request.actor.clone(),
            inputs: Some(Value::Object(inputs)),
            intent: entered.id(),
            operation: entered.operation(),
            at: self.calls.recovery.journal.now(),
        };
        if let Some(observer) = &self.observer {
            observer(&id, &began);
        }
        let run = Run::fold([began]).expect("it began");
        self.go_on(definition, request, run, None, entered, cancel).await
    }

    /// Goes on with a run that was interrupted: what is on record as done is not done again. A step that was begun,
    /// and whose end is not on record, is done again where that does no harm, asked about where that can be, and
    /// else left for a person: the run ends as `unknown`.
    ///
    /// Errors: it is over; it pins another definition; its record does not hold what it was given.
    pub async fn resume(
        &self,
        definition: &Definition,
        request: &RunRequest,
        before: &Run,
        cancel: Pending<'_, ()>,
    ) -> Result<Run, Error> {
        self.runnable(definition)?;
        let _claim = self.claim(&before.run_id)?;
        let refused = |why: &'static str| WorkflowError::RunNotResumable { run: before.run_id.clone(), why };
        if before.digest != definition.digest() {
            return Err(refused("the run pins another version of this workflow; give it that one").into());
        }
        if !before.status.is_open() {
            return Err(refused("the run is over; begin another one").into());
        }
        let newest = self.ledger.as_ref().map(|ledger| find_run(ledger, &before.run_id)).transpose()?;
        if newest.is_some_and(|newest| !newest.is_as_far_as(before)) {
            return Err(refused("another process has gone on with it meanwhile; look at it again").into());
        }
        if before.inputs.is_none() || before.steps.values().any(|it| *it == Step::Ended(super::StepEnd::Hidden)) {
            return Err(refused("the record does not hold the data of this run whole; begin another one").into());
        }
        let mut run = before.clone();
        run.status = RunStatus::Running;
        // Steps that are open, or were called off with whoever ran it, are begun again, each as its effect allows.
        run.steps.retain(|_, step| !matches!(step, Step::Open | Step::Ended(StepEnd::Cancelled)));
        let mut intent = self.record(definition, request, &before.run_id, RESUME_ACTION);
        intent.parent = Some(before.intent);
        let note = RunNote::of(&before.run_id);
        intent.set_part(PartName::Context, &note).expect("texts are JSON");
        let resumed = self.enter(intent).await?;
        let ended = self.go_on_as(definition, request, run, Some(before), before.intent, cancel).await?;
        // Halted, it went as far as it should; what becomes of the run is told by whoever goes on.
        let outcome = if ended.status == RunStatus::Frozen { Outcome::Ok } else { outcome_of(ended.status) };
        offload(move || resumed.end(Ending::new(outcome))).await??;
        if ended.status != RunStatus::Frozen {
            self.end_other(definition, request, before, &ended).await?;
        }
        Ok(ended)
    }

    /// Ends a run that nobody goes on with: it is called off. What was done stays done.
    ///
    /// Errors: it is over; or the book.
    pub async fn end_as_cancelled(
        &self,
        definition: &Definition,
        request: &RunRequest,
        before: &Run,
    ) -> Result<Run, Error> {
        if !before.status.is_open() {
            let why = "the run is over; there is nothing to call off";
            return Err(WorkflowError::RunNotResumable { run: before.run_id.clone(), why }.into());
        }
        let mut run = before.clone();
        let (status, why) = (RunStatus::Cancelled, Some("it was called off".to_owned()));
        run.apply(RunEvent::Ended { status, why, at: self.calls.recovery.journal.now() });
        self.end_other(definition, request, before, &run).await?;
        Ok(run)
    }

    async fn go_on(
        &self,
        definition: &Definition,
        request: &RunRequest,
        run: Run,
        before: Option<&Run>,
        entered: Entered,
        cancel: Pending<'_, ()>,
    ) -> Result<Run, Error> {
        let intent = entered.id();
        // Where the book cannot be written, the run stays open on record, and can be gone on with.
        let run = match self.go_on_as(definition, request, run, before, intent, cancel).await {
            Ok(run) if run.status != RunStatus::Frozen => run,
            // It stays open on record, and can be gone on with.
            stands => {
                entered.leave_open();
                return stands;
            }
        };
        let ending = ending(definition, &run);
        offload(move || entered.end(ending)).await??;
        Ok(run)
    }

    async fn go_on_as(
        &self,
        definition: &Definition,
        request: &RunRequest,
        mut run: Run,
        before: Option<&Run>,
        intent: Uuid,
        mut cancel: Pending<'_, ()>,
    ) -> Result<Run, Error> {
        let asker = request.asker.clone().or_else(|| run.by.clone());
        let (request, digest) = (Arc::new(RunRequest { asker, ..request.clone() }), run.digest.clone());
        let calls = Mutex::new(run.calls.clone());
        let own: Vec<String> = request.within.iter().chain([&run.run_id]).cloned().collect();
        let way = Way {
            definition,
            request,
            run_id: run.run_id.clone(),
            digest,
            intent,
            before,
            told: Mutex::default(),
            calls,
            frozen: watch::Sender::new(false),
            observer: self.observer.as_ref(),
        };
        let time = &self.calls.recovery.time;
        let lasts_s = definition.timeout_s().min(way.request.seconds_max.unwrap_or(u64::MAX));
        let mut timeout = time.wait(Duration::from_secs(lasts_s));
        let mut wished: Pending<'_, Wish> = match &self.wishes {
            Some(wishes) => wishes.wished(&own),
            None => Box::pin(std::future::pending()),
        };
        let mut planner = Planner::new(definition, &run);
        let mut scope = run.scope(definition);
        let mut running: Vec<Running<'_>> = Vec::new();
        let (status, why) = loop {
            let is_frozen = *way.frozen.borrow();
            let begin = match planner.plan(&run) {
                Err(status) => break (status, None),
                Ok(_) if is_frozen => Vec::new(),
                Ok(begin) => begin,
            };
            if is_frozen && running.is_empty() {
                run.apply(RunEvent::Frozen);
                return Ok(run);
            }
            if begin.is_empty() {
                self.calls.recovery.journal.hurry();
            }
            for at in begin {
                let node = &definition.nodes()[at];
                run.steps.insert(node.node_id.clone(), Step::Open);
                planner.changed(&run, &node.node_id);
                running.push(Box::pin(self.node(&way, node, scope.clone())));
            }
            let next = first(&mut running, &mut cancel, &mut timeout, &mut wished).await;
            for event in std::mem::take(&mut *way.told.lock().unwrap_or_else(PoisonError::into_inner)) {
                let ended = match &event {
                    RunEvent::StepEnded { path, end, .. } => {
                        if let StepEnd::Completed(value) = end
                            && !path.contains('.')
                        {
                            scope.gave(path, value.clone());
                        }
                        Some(path.clone())
                    }
                    _ => None,
                };
                run.apply(event);
                if let Some(path) = ended {
                    planner.changed(&run, &path);
                }
            }
            match next {
                First::Done(done) => done?,
                First::Cancelled => break (RunStatus::Cancelled, Some("it was called off".to_owned())),
                First::Wished(Wish::Cancel) => {
                    break (RunStatus::Cancelled, Some("a person called it off".to_owned()));
                }
                First::Wished(Wish::Freeze) => {
                    way.frozen.send_replace(true);
                    wished = Box::pin(std::future::pending());
                }
                First::TimedOut => {
                    let why = format!("it took longer than {lasts_s} seconds");
                    break (RunStatus::Failed, Some(why));
                }
            }
        };
        // What still runs is called off; its records say so.
        drop(running);
        self.leave_sagas(&way, &run).await?;
        let why = why.or_else(|| run.errors(definition).first().cloned().filter(|_| status != RunStatus::Completed));
        let ended = RunEvent::Ended { status, why, at: self.calls.recovery.journal.now() };
        way.tell(ended.clone());
        run.apply(ended);
        Ok(run)
    }

    /// The outcome of a run whose intent another process sealed.
    async fn end_other(
        &self,
        definition: &Definition,
        request: &RunRequest,
        before: &Run,
        run: &Run,
    ) -> Result<(), Error> {
        let mut record = self.record(definition, request, &run.run_id, RUN_ACTION);
        record.phase = sealbook_record::Phase::Outcome;
        record.parent = Some(before.intent);
        record.operation = before.operation;
        let Ending { outcome, parts, .. } = ending(definition, run);
        record.outcome = Some(outcome);
        record.parts = parts;
        let journal = Arc::clone(&self.calls.recovery.journal);
        offload(move || journal.seal(record)).await?
    }

    /// Refuses what is not valid.
    fn runnable(&self, definition: &Definition) -> Result<(), WorkflowError> {
        let errors = validate(definition, Some(&*self.calls.tools)).errors;
        if errors.is_empty() { Ok(()) } else { Err(WorkflowError::ValidationFailed { errors }) }
    }

    fn record(&self, definition: &Definition, request: &RunRequest, run_id: &str, action: &str) -> Record {
        let journal = &self.calls.recovery.journal;
        let actor = request.actor.clone().unwrap_or_else(|| Actor::new(ActorKind::Unknown, "unknown"));
        let target = Target::new(TargetKind::Workflow, definition.id());
        let mut record = Record::event(journal.next_id(), actor, action, target, journal.now());
        record.category = Category::AgentDecision;
        "workflow".clone_into(&mut record.source);
        record.tags.push(run_id.to_owned());
        record.session.clone_from(&request.session);
        record.project.clone_from(&request.project);
        record.reason.clone_from(&request.reason);
        record
    }

    async fn enter(&self, intent: Record) -> Result<Entered, Error> {
        let journal = Arc::clone(&self.calls.recovery.journal);
        offload(move || enter(&journal, intent)).await?
    }
}

fn outcome_of(status: RunStatus) -> Outcome {
    match status {
        RunStatus::Completed => Outcome::Ok,
        RunStatus::Cancelled => Outcome::Cancelled,
        RunStatus::Unknown => Outcome::Unknown,
        RunStatus::Running | RunStatus::Frozen | RunStatus::Failed => Outcome::Failed,
    }
}

fn ending(definition: &Definition, run: &Run) -> Ending {
    let note = RunNote { status: Some(run.status), dry: run.dry, ..RunNote::of(&run.run_id) };
    let mut ending = Ending::new(outcome_of(run.status)).with(PartName::Context, &note);
    match &run.why {
        Some(why) => ending = ending.with(PartName::Error, why),
        None => ending = ending.with(PartName::Result, &run.outputs(definition)),
    }
    ending
}

/// What came first.
enum First {
    Done(Result<(), Error>),
    Cancelled,
    TimedOut,
    Wished(Wish),
}

/// Waits for the first that is done, and takes it out.
async fn first(
    running: &mut Vec<Running<'_>>,
    cancel: &mut Pending<'_, ()>,
    timeout: &mut Pending<'_, ()>,
    wished: &mut Pending<'_, Wish>,
) -> First {
    std::future::poll_fn(|context| {
        for at in 0..running.len() {
            if let std::task::Poll::Ready(done) = running[at].as_mut().poll(context) {
                drop(running.swap_remove(at));
                return std::task::Poll::Ready(First::Done(done));
            }
        }
        if cancel.as_mut().poll(context).is_ready() {
            return std::task::Poll::Ready(First::Cancelled);
        }
        if let std::task::Poll::Ready(wish) = wished.as_mut().poll(context) {
            return std::task::Poll::Ready(First::Wished(wish));
        }
        timeout.as_mut().poll(context).map(|()| First::TimedOut)
    })
    .await
}

/// Whether a run may be given an input of this name.
fn takes(definition: &Definition, name: &str) -> bool {
    definition.nodes().iter().any(|node| match &node.config {
        Config::Input(input) => input.name_of(&node.node_id, &node.name) == name,
        _ => false,
    })
}

/// What the run is given: each input checked, its default where it is missing.
fn inputs(definition: &Definition, given: &Map<String, Value>) -> Result<Map<String, Value>, WorkflowError> {
    let mut all = Map::new();
    for node in definition.nodes() {
        let Config::Input(input) = &node.config else { continue };
        let name = input.name_of(&node.node_id, &node.name);
        all.insert(name.to_owned(), input.value(name, given.get(name))?);
    }
    if let Some(name) = given.keys().find(|name| !all.contains_key(*name)) {
        let known: Vec<&str> = all.keys().map(String::as_str).collect();
        let why = format!("this workflow takes no such input; it takes {}", json!(known));
        return Err(WorkflowError::InputInvalid { name: super::super::error::shown(name), why });
    }
    Ok(all)
}
