//! One step: its intent, its work, its outcome.

use std::sync::Arc;

use sealbook_record::{Outcome, PartName};
use serde_json::{Value, json};

use super::{Runner, Way};
use crate::time::before;
use crate::tool::Compensation;
use crate::workflow::error::WorkflowError;
use crate::workflow::expression::Code;
use crate::workflow::node::{Config, Loop, Merge, Node, Tool};
use crate::workflow::run::event::{NODE_ACTION, RunEvent, RunNote, StepEnd};
use crate::workflow::run::state::Step;
use crate::workflow::run::steps::Place;
use crate::workflow::run::travel::Stub;
use crate::workflow::scope::Scope;
use crate::workflow::template::render;
use crate::{Ending, Entered, Error, Fault, Pending, Recovered, TakenBy, Unfinished, offload};

/// Why a step gave nothing.
pub(super) enum Broken {
    Failed(String),
    Unknown(String),
    /// The book: the run cannot go on.
    Book(Error),
    /// The run is halted: it stays open on record.
    Frozen,
}

impl From<WorkflowError> for Broken {
    fn from(error: WorkflowError) -> Self {
        Self::Failed(error.to_string())
    }
}

impl From<Error> for Broken {
    fn from(error: Error) -> Self {
        match &error {
            Error::Store(_) | Error::Offload { .. } => Self::Book(error),
            Error::GaveUp(gave_up) if gave_up.fault.cause.is_undecided() => Self::Unknown(error.to_string()),
            _ => Self::Failed(error.to_string()),
        }
    }
}

impl From<Fault> for Broken {
    fn from(fault: Fault) -> Self {
        if fault.cause.is_undecided() { Self::Unknown(fault.to_string()) } else { Self::Failed(fault.to_string()) }
    }
}

impl Runner {
    /// Runs a node of the graph, whatever becomes of it.
    ///
    /// Errors: the book.
    pub(super) async fn node<'r>(&'r self, way: &'r Way<'r>, node: &'r Node, scope: Scope) -> Result<(), Error> {
        // What the edges that were taken bring: of a condition's, those of its branch.
        let taken = way.definition.edges().iter().filter(|edge| edge.to == node.node_id);
        let taken = taken
            .filter_map(|edge| Some((edge, scope.node(&edge.from)?)))
            .filter(|(edge, value)| edge.branch.as_deref().is_none_or(|branch| value.as_str() == Some(branch)));
        let before = taken.map(|(edge, value)| (edge.from.clone(), value.clone())).collect();
        match self.step(way, node, node.node_id.clone(), scope, before).await {
            Err(Broken::Book(error)) => Err(error),
            _ => Ok(()),
        }
    }

    /// The intent of a step. Where a stop or a rule forbids it, that is how it ended.
    async fn begin(&self, way: &Way<'_>, path: &str, note: &RunNote) -> Result<Entered, Broken> {
        let mut intent = self.record(way.definition, &way.request, &way.run_id, NODE_ACTION);
        intent.parent = Some(way.intent);
        intent.set_part(PartName::Context, note).expect("texts are JSON");
        let at = self.calls.recovery.journal.now();
        match self.enter(intent).await.map_err(Broken::from) {
            Err(Broken::Failed(why)) => {
                let end = StepEnd::Failed(why.clone());
                way.tell(RunEvent::StepEnded { path: path.to_owned(), end, at });
                Err(Broken::Failed(why))
            }
            entered => entered,
        }
    }

    /// A step of the graph or of a body: what it gives, written down.
    pub(super) fn step<'r>(
        &'r self,
        way: &'r Way<'r>,
        node: &'r Node,
        path: String,
        scope: Scope,
        before: Vec<(String, Value)>,
    ) -> Pending<'r, Result<Value, Broken>> {
        Box::pin(async move {
            let known = way.before.and_then(|run| run.steps.get(&path));
            match known {
                Some(Step::Ended(StepEnd::Completed(value))) => return Ok(value.clone()),
                Some(Step::Ended(StepEnd::Failed(why))) => return Err(Broken::Failed(why.clone())),
                Some(Step::Ended(StepEnd::Unknown(why))) => return Err(Broken::Unknown(why.clone())),
                _ => {}
            }
            if *way.frozen.borrow() {
                return Err(Broken::Frozen);
            }
            let mut note = RunNote { path: Some(path.clone()), ..RunNote::of(&way.run_id) };
            let entered = self.begin(way, &path, &note).await?;
            way.tell(RunEvent::StepBegan { path: path.clone(), at: self.calls.recovery.journal.now() });
            let place = Place {
                run_id: way.run_id.clone(),
                key: format!("{}/{path}", way.run_id),
                path,
                // What was called off may have happened all the same.
                again: matches!(known, Some(Step::Open | Step::Ended(StepEnd::Cancelled))),
                intent: entered.id(),
                workflow_id: way.definition.id().to_owned(),
                digest: way.digest.clone(),
                data: Self::data(node, &scope, &before),
                request: Arc::clone(&way.request),
                frozen: way.frozen.clone(),
            };
            let gave = match self.stub(way, node, &place.path) {
                Some(stub) => {
                    note.stubbed = true;
                    stub
                }
                None => self.work(way, node, &place, scope, before).await,
            };
            let is_halted = matches!(gave, Err(Broken::Frozen)) || gave.is_err() && *way.frozen.borrow();
            if is_halted && node.config.waits() {
                entered.leave_open();
                return Err(Broken::Frozen);
            }
            let (ending, end) = match &gave {
                Ok(value) => {
                    (Ending::new(Outcome::Ok).with(PartName::Result, value), StepEnd::Completed(value.clone()))
                }
                Err(Broken::Failed(why)) => {
                    (Ending::new(Outcome::Failed).with(PartName::Error, why), StepEnd::Failed(why.clone()))
                }
                Err(Broken::Unknown(why)) => {
                    (Ending::new(Outcome::Unknown).with(PartName::Error, why), StepEnd::Unknown(why.clone()))
                }
                Err(Broken::Book(_) | Broken::Frozen) => {
                    entered.leave_open();
                    return gave;
                }
            };
            let ending = ending.with(PartName::Context, &note);
            // What is computed here can be computed again: it goes along with what comes next.
            let is_soon = node.config.is_computed();
            let end_it = move || if is_soon { entered.end_soon(ending) } else { entered.end(ending) };
            offload(end_it).await.map_err(Broken::Book)??;
            way.tell(RunEvent::StepEnded { path: place.path, end, at: self.calls.recovery.journal.now() });
            gave
        })
    }

    /// What whoever does a step is told of the run.
    fn data(node: &Node, scope: &Scope, before: &[(String, Value)]) -> Value {
        if !matches!(node.config, Config::Agent(_) | Config::Approval(_) | Config::Workflow(_)) {
            return Value::Null;
        }
        let before: serde_json::Map<String, Value> = before.iter().cloned().collect();
        json!({"inputs": scope.whole("inputs"), "before": before, "item": scope.whole("item")})
    }

    /// What stands for a step in a run that was made from another one.
    fn stub(&self, way: &Way<'_>, node: &Node, path: &str) -> Option<Result<Value, Broken>> {
        let recorded = way.request.recorded.as_ref()?;
        let is_harmless = match &node.config {
            Config::Tool(tool) => {
                self.calls.tools.get(&tool.tool_name).is_some_and(|tool| tool.info().effect.is_harmless())
            }
            _ => false,
        };
        Some(match recorded.stub(node, path, is_harmless)? {
            Stub::Gave(value) => Ok(value),
            Stub::Failed(why) => Err(Broken::Failed(why)),
        })
    }

    /// Waits for something, unless the run is halted first.
    async fn unless_frozen<T>(way: &Way<'_>, work: impl Future<Output = T>) -> Result<T, Broken> {
        let mut frozen = way.frozen.subscribe();
        let halted: Pending<'_, ()> = Box::pin(async move {
            if frozen.wait_for(|is| *is).await.is_err() {
                std::future::pending::<()>().await;
            }
        });
        before(work, halted).await.ok_or(Broken::Frozen)
    }

    async fn work(
        &self,
        way: &Way<'_>,
        node: &Node,
        place: &Place,
        scope: Scope,
        before: Vec<(String, Value)>,
    ) -> Result<Value, Broken> {
        match &node.config {
            Config::Input(input) => {
                let name = input.name_of(&node.node_id, &node.name);
                Ok(scope.begin("inputs", Some(name)).cloned().unwrap_or_default())
            }
            Config::Output(output) => Ok(output.value(&node.name, &scope)?),
            Config::Condition(condition) => Ok(Value::from(condition.branch(&scope)?)),
            Config::Transform(transform) => {
                let one = if before.len() == 1 { before.first().map(|(_, value)| value) } else { None };
                Ok(transform.value(one, &scope)?)
            }
            Config::Merge(merge) => merged(merge, &before),
            Config::Parallel(_) => Ok(before.into_iter().next().map_or(Value::Null, |(_, value)| value)),
            Config::Wait(wait) => {
                let time = &self.calls.recovery.time;
                let now = time.now();
                let ends = wait.ends(now, &scope)?;
                let micros = u64::try_from(ends.as_micros().saturating_sub(now.as_micros())).unwrap_or(0);
                Self::unless_frozen(way, time.wait(std::time::Duration::from_micros(micros))).await?;
                Ok(json!({"until": ends.to_string()}))
            }
            Config::Tool(tool) => self.tool(way, tool, place, &scope).await,
            Config::Loop(it) => self.rounds(way, it, place, &scope).await,
            Config::Agent(agent) => Ok(self.hands.step(node, Value::from(agent.asked(&scope)?), place).await?),
            Config::Approval(approval) => {
                let asked = Value::from(approval.asked(&scope)?);
                Ok(Self::unless_frozen(way, self.hands.step(node, asked, place)).await??)
            }
            Config::Workflow(sub) => Ok(self.hands.step(node, Value::Object(sub.given(&scope)?), place).await?),
            Config::Saga(it) => self.saga(way, it, place, &scope).await,
        }
    }

    async fn tool(&self, way: &Way<'_>, tool: &Tool, place: &Place, scope: &Scope) -> Result<Value, Broken> {
        let input = tool.given(scope)?;
        let executor = self.calls.executor(tool)?;
        let mut request = way.asks(&tool.tool_name, input, &place.path);
        request.actor = self.record(way.definition, &way.request, &way.run_id, NODE_ACTION).actor;
        request.parent = Some(place.intent);
        request.key = Some(place.key.clone());
        request.taken_by = taken_by(tool, Arc::clone(self.calls.tool(tool)?), scope.clone());
        let before = way.before.filter(|_| place.again).and_then(|run| run.calls.last(&place.path));
        if let Some((before, operation)) = before.and_then(|call| Some((call, call.operation?))) {
            let unfinished = Unfinished { operation, intent: before.intent, is_open: before.outcome.is_none() };
            let recovered = match (before.outcome, &before.result) {
                // The call is on record as done; only the step's own outcome is missing.
                (Some(Outcome::Ok), Some(result)) => return Ok(result.clone()),
                (Some(Outcome::Ok), None) => {
                    let why = "it is done, and the record does not hold whole what it gave; a person decides";
                    return Err(Broken::Unknown(why.to_owned()));
                }
                (None | Some(Outcome::Unknown), _) => executor.recover(&request, unfinished).await?,
                (Some(_), _) => Recovered::Again,
            };
            match recovered {
                Recovered::Done(called) => {
                    way.called(&place.path, &before.action, &called);
                    return Ok(called.result);
                }
                Recovered::Again => (request.operation, request.parent) = (Some(operation), Some(before.intent)),
                Recovered::Unknown => {
                    return Err(Broken::Unknown(
                        "it was begun before, and nobody knows whether it took effect; a person decides".to_owned(),
                    ));
                }
            }
        }
        let action = self.calls.tool(tool)?.deed(&request.input).action;
        let operation = *request.operation.get_or_insert_with(|| self.calls.recovery.journal.next_id());
        way.begins(&place.path, &action, operation, place.intent);
        let called = executor.call(&request).await.inspect_err(|error| way.failed(operation, error))?;
        way.called(&place.path, &action, &called);
        match called.unsealed {
            Some(error) => Err(Broken::Book(error)),
            None => Ok(called.result),
        }
    }

    /// One round after the other. What a step of a round gave is known to those after it in the same round.
    async fn rounds(&self, way: &Way<'_>, it: &Loop, place: &Place, scope: &Scope) -> Result<Value, Broken> {
        let until = it.until.as_deref().map(Code::compile).transpose().map_err(Broken::Failed)?;
        let mut all = Vec::new();
        for (index, item) in it.items(scope)?.into_iter().enumerate() {
            let mut round = scope.with("item", item).with("index", Value::from(index));
            let mut last: Vec<(String, Value)> = Vec::new();
            for step in &it.loop_body {
                let path = format!("{}[{index}].{}", place.path, step.node_id);
                let gave = self.step(way, step, path, round.clone(), last).await;
                let value = gave.map_err(|broken| match broken {
                    Broken::Failed(why) => Broken::Failed(format!("in round {index}, {}: {why}", step.name)),
                    Broken::Unknown(why) => Broken::Unknown(format!("in round {index}, {}: {why}", step.name)),
                    broken => broken,
                })?;
                round.gave(&step.node_id, value.clone());
                last = vec![(step.node_id.clone(), value)];
            }
            let given = last.pop().map_or(Value::Null, |(_, value)| value);
            let is_over = match &until {
                Some(code) => code.evaluate(&round.with("result", given.clone())).map_err(Broken::Failed)?,
                None => Value::Bool(false),
            };
            all.push(given);
            if is_over == Value::Bool(true) {
                break;
            }
        }
        Ok(Value::Array(all))
    }
}

/// What takes a call back: what its tool says; where that says nothing, what the step says.
fn taken_by(node: &Tool, tool: Arc<dyn crate::Tool>, scope: Scope) -> Option<TakenBy> {
    let undo = node.compensation.clone()?;
    Some(TakenBy::new(move |input, result| {
        let own = tool.compensation(input, result);
        if matches!(own, Compensation::Call { .. }) {
            return own;
        }
        let scope = scope.with("result", result.clone()).with("parameters", input.clone());
        let members = undo.parameters.iter().map(|(name, value)| {
            Ok((name.clone(), render(&format!("compensation.parameters.{name}"), value, &scope)?))
        });
        match members.collect::<Result<serde_json::Map<_, _>, WorkflowError>>() {
            Ok(input) => Compensation::Call { tool: undo.tool_name.clone(), input: Value::Object(input) },
            Err(why) => Compensation::Irreversible { why: why.to_string() },
        }
    }))
}

fn merged(merge: &Merge, before: &[(String, Value)]) -> Result<Value, Broken> {
    // As many as it waited for: those that came in meanwhile make no difference.
    Ok(merge.reduce(before)?)
}
