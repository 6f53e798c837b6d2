//! Does what comes next in a run, until it is over.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sealbook_record::{Actor, ActorKind, Category, Outcome, PartName, Record, Target, TargetKind, Uuid};
use serde_json::{Map, Value, json};

use super::calls::CallsRun;
use super::event::{RESUMED_ACTION, RUN_ACTION, RunEvent, RunNote};
use super::state::{Run, RunStatus, Step};
use super::steps::Hands;
use super::tool::Calls;
use crate::tool::Registry;
use crate::workflow::definition::Definition;
use crate::workflow::edit::run_id;
use crate::workflow::error::WorkflowError;
use crate::workflow::node::Config;
use crate::workflow::validate::validate;
use crate::{Ending, Entered, Error, Pending, Recovery, Secrets, enter, offload};

mod saga;
mod step;

/// Runs workflows for one tenant.
pub struct Runner {
    calls: Calls,
    hands: Arc<dyn Hands>,
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
}

/// A run that is under way here.
struct Way<'w> {
    definition: &'w Definition,
    request: &'w RunRequest,
    run_id: String,
    intent: Uuid,
    /// What was on record before, for steps that are not done again.
    before: Option<&'w Run>,
    /// What happened since the last look.
    told: Mutex<Vec<RunEvent>>,
    /// The calls so far, those of processes before this one among them.
    calls: Mutex<CallsRun>,
}

impl Way<'_> {
    fn tell(&self, event: RunEvent) {
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
        Self { calls: Calls { tenant: tenant.into(), tools, recovery, secrets }, hands }
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
        let inputs = inputs(definition, &request.inputs)?;
        let id = run_id(self.calls.recovery.random());
        let digest = definition.digest();
        let mut intent = self.record(definition, request, &id, RUN_ACTION);
        let note = RunNote {
            run: id.clone(),
            digest: Some(digest.clone()),
            version: Some(definition.version()),
            path: None,
            status: None,
        };
        intent.set_part(PartName::Context, &note).expect("texts are JSON");
        intent.set_part(PartName::Input, &inputs).expect("a JSON value is JSON");
        let entered = self.enter(intent).await?;
        let began = RunEvent::Began {
            run_id: id,
            workflow_id: definition.id().to_owned(),
            digest,
            inputs: Some(Value::Object(inputs)),
            intent: entered.id(),
            operation: entered.operation(),
            at: self.calls.recovery.journal.now(),
        };
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
        let refused = |why: &'static str| WorkflowError::RunNotResumable { run: before.run_id.clone(), why };
        if before.digest != definition.digest() {
            return Err(refused("the run pins another version of this workflow; give it that one").into());
        }
        if before.status != RunStatus::Running {
            return Err(refused("the run is over; begin another one").into());
        }
        if before.inputs.is_none() || before.steps.values().any(|it| *it == Step::Ended(super::StepEnd::Hidden)) {
            return Err(refused("the record does not hold the data of this run whole; begin another one").into());
        }
        let mut run = before.clone();
        // Steps that are open are begun again, each as its effect allows.
        run.steps.retain(|_, step| *step != Step::Open);
        let mut intent = self.record(definition, request, &before.run_id, RESUMED_ACTION);
        intent.parent = Some(before.intent);
        let note = RunNote { run: before.run_id.clone(), digest: None, version: None, path: None, status: None };
        intent.set_part(PartName::Context, &note).expect("texts are JSON");
        let resumed = self.enter(intent).await?;
        let ended = self.go_on_as(definition, request, run, Some(before), before.intent, cancel).await?;
        let outcome = outcome_of(ended.status);
        offload(move || resumed.end(Ending::new(outcome))).await??;
        self.end_other(definition, request, before, &ended).await?;
        Ok(ended)
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
        let run = self.go_on_as(definition, request, run, before, intent, cancel).await?;
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
        let (run_id, calls) = (run.run_id.clone(), Mutex::new(run.calls.clone()));
        let way = Way { definition, request, run_id, intent, before, told: Mutex::default(), calls };
        let time = &self.calls.recovery.time;
        let mut timeout = time.wait(Duration::from_secs(definition.timeout_s()));
        let mut running: Vec<Running<'_>> = Vec::new();
        let (status, why) = loop {
            let plan = run.next(definition);
            if let Some(status) = plan.end {
                break (status, None);
            }
            for id in &plan.begin {
                let node = definition.nodes().iter().find(|node| node.node_id == *id).expect("a plan names nodes");
                run.steps.insert(id.clone(), Step::Open);
                let scope = run.scope(definition);
                running.push(Box::pin(self.node(&way, node, scope)));
            }
            let next = first(&mut running, &mut cancel, &mut timeout).await;
            for event in std::mem::take(&mut *way.told.lock().unwrap_or_else(PoisonError::into_inner)) {
                run.apply(event);
            }
            match next {
                First::Done(done) => done?,
                First::Cancelled => break (RunStatus::Cancelled, Some("it was called off".to_owned())),
                First::TimedOut => {
                    let why = format!("it took longer than {} seconds", definition.timeout_s());
                    break (RunStatus::Failed, Some(why));
                }
            }
        };
        // What still runs is called off; its records say so.
        drop(running);
        self.leave_sagas(&way, &run).await?;
        let why = why.or_else(|| run.errors(definition).first().cloned().filter(|_| status != RunStatus::Completed));
        run.apply(RunEvent::Ended { status, why, at: self.calls.recovery.journal.now() });
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
        RunStatus::Running | RunStatus::Failed => Outcome::Failed,
    }
}

fn ending(definition: &Definition, run: &Run) -> Ending {
    let note = RunNote { run: run.run_id.clone(), digest: None, version: None, path: None, status: Some(run.status) };
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
}

/// Waits for the first that is done, and takes it out.
async fn first(running: &mut Vec<Running<'_>>, cancel: &mut Pending<'_, ()>, timeout: &mut Pending<'_, ()>) -> First {
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
        timeout.as_mut().poll(context).map(|()| First::TimedOut)
    })
    .await
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
