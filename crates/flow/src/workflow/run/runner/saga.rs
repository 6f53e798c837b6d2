//! A saga within a run: its steps, and how they are taken back.

use std::sync::PoisonError;
use std::time::Duration;

use sealbook_record::{
    CERTIFICATE_ACTION, COMPENSATION_PREFIX, Category, Certificate, CertifiedOperation, NOT_UNDOABLE_TAG, Outcome,
    PartName, Undone, Uuid,
};
use serde_json::{Value, json};

use super::step::Broken;
use super::{Runner, Way};
use crate::saga::{Taken, UndoState};
use crate::tool::Compensation;
use crate::workflow::node::{Config, Saga};
use crate::workflow::run::calls::CallRun;
use crate::workflow::run::state::{Run, Step};
use crate::workflow::run::steps::Place;
use crate::workflow::scope::Scope;
use crate::{Called, Error, Executor, Recovered, Request, Unfinished, offload};

impl Way<'_> {
    /// A call of a step.
    pub(super) fn asks(&self, tool: &str, input: Value, path: &str) -> Request {
        let actor = self.request.actor.clone();
        let actor =
            actor.unwrap_or_else(|| sealbook_record::Actor::new(sealbook_record::ActorKind::Unknown, "unknown"));
        let mut request = Request::new(tool, input, actor);
        request.session.clone_from(&self.request.session);
        request.project.clone_from(&self.request.project);
        request.reason.clone_from(&self.request.reason);
        request.step = Some(json!({"run": self.run_id, "path": path}));
        request.tags = vec![self.run_id.clone()];
        request
    }

    /// A call is made; until its end is told, nobody knows of it.
    pub(super) fn begins(&self, path: &str, action: &str, operation: Uuid, intent: Uuid) {
        let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        if calls.0.iter().all(|call| call.operation != Some(operation)) {
            calls.0.push(CallRun {
                path: path.to_owned(),
                operation: Some(operation),
                action: action.to_owned(),
                intent,
                outcome: None,
                taken: None,
                result: None,
                undo: UndoState::Pending,
                undo_record: None,
            });
        }
    }

    /// A call did not go well.
    pub(super) fn failed(&self, operation: Uuid, error: &Error) {
        let is_unknown = matches!(error, Error::GaveUp(gave_up) if gave_up.fault.cause.is_undecided());
        let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        for call in calls.0.iter_mut().filter(|call| call.operation == Some(operation)) {
            call.outcome = Some(if is_unknown { Outcome::Unknown } else { Outcome::Failed });
        }
    }

    /// A call went well.
    pub(super) fn called(&self, path: &str, action: &str, called: &Called) {
        let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        calls.0.retain(|call| call.path != path || call.operation != Some(called.operation));
        calls.0.push(CallRun {
            path: path.to_owned(),
            operation: Some(called.operation),
            action: action.to_owned(),
            intent: called.intent,
            outcome: Some(Outcome::Ok),
            taken: Some(match &called.compensation {
                Compensation::Nothing => Taken::Nothing,
                Compensation::Call { tool, input } => Taken::Call { tool: tool.clone(), input: input.clone() },
                Compensation::Irreversible { why } => Taken::Impossible(why.clone()),
            }),
            result: None,
            undo: UndoState::Pending,
            undo_record: None,
        });
    }

    fn of_saga(&self, prefix: &str) -> Vec<CallRun> {
        let calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        calls.0.iter().filter(|call| call.path.starts_with(prefix)).cloned().collect()
    }

    fn keep(&self, told: &CallRun) {
        let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        let of = |call: &&mut CallRun| call.path == told.path && call.operation == told.operation;
        if let Some(call) = calls.0.iter_mut().find(of) {
            *call = told.clone();
        }
    }
}

impl Runner {
    /// One step after the other. Where one fails, what was done is taken back, the last first.
    pub(super) async fn saga(&self, way: &Way<'_>, it: &Saga, place: &Place, scope: &Scope) -> Result<Value, Broken> {
        let prefix = format!("{}.", place.path);
        // A process before this one had begun to take it back.
        let is_begun = way.of_saga(&prefix).iter().any(|call| call.undo != UndoState::Pending);
        let gave = if is_begun {
            Err(Broken::Failed("it failed before".to_owned()))
        } else {
            self.saga_steps(way, it, place, scope).await
        };
        match gave {
            Err(Broken::Failed(why)) => {
                let told = self.take_back(way, &prefix).await.map_err(Broken::Book)?;
                Err(Broken::Failed(format!("{why}; {told}")))
            }
            gave => gave,
        }
    }

    async fn saga_steps(&self, way: &Way<'_>, it: &Saga, place: &Place, scope: &Scope) -> Result<Value, Broken> {
        let time = &self.calls.recovery.time;
        let began = time.passed();
        let mut inner = scope.clone();
        let mut last: Vec<(String, Value)> = Vec::new();
        for step in &it.saga_body {
            // A step is not torn: it may have happened.
            let most = it.timeout_s.map(Duration::from_secs);
            if most.is_some_and(|most| time.passed().saturating_sub(began) > most) {
                let why = format!("its steps took longer than {} seconds", it.timeout_s.unwrap_or_default());
                return Err(Broken::Failed(why));
            }
            let path = format!("{}.{}", place.path, step.node_id);
            let value = self.step(way, step, path, inner.clone(), last).await.map_err(|broken| match broken {
                Broken::Failed(why) => Broken::Failed(format!("{}: {why}", step.name)),
                Broken::Unknown(why) => Broken::Unknown(format!("{}: {why}", step.name)),
                other @ (Broken::Book(_) | Broken::Frozen) => other,
            })?;
            inner.gave(&step.node_id, value.clone());
            last = vec![(step.node_id.clone(), value)];
        }
        Ok(last.pop().map_or(Value::Null, |(_, value)| value))
    }

    /// Takes back what sagas did that are still open when the run ends.
    pub(super) async fn leave_sagas(&self, way: &Way<'_>, run: &Run) -> Result<(), Error> {
        for node in way.definition.nodes() {
            let is_open = run.steps.get(&node.node_id) == Some(&Step::Open);
            if is_open && matches!(node.config, Config::Saga(_)) {
                self.take_back(way, &format!("{}.", node.node_id)).await?;
            }
        }
        Ok(())
    }

    /// Takes back what the calls of a saga did, the one that began last first; what fails does not keep the rest from
    /// being taken back. Says how many were.
    async fn take_back(&self, way: &Way<'_>, prefix: &str) -> Result<String, Error> {
        let mut calls = way.of_saga(prefix);
        for call in calls.iter_mut().rev().filter(|call| call.is_left()) {
            self.take_one_back(way, call).await?;
            way.keep(call);
        }
        let told: Vec<CertifiedOperation> =
            calls.iter().rev().filter(|call| call.undo != UndoState::Pending).map(certified).collect();
        if told.is_empty() {
            return Ok("there was nothing to take back".to_owned());
        }
        let undone = told.iter().filter(|told| told.undone.is_back()).count();
        let not_undone = told.len() - undone;
        let scope = format!("saga {} of run {}", prefix.trim_end_matches('.'), way.run_id);
        let certificate = Certificate { scope, complete: not_undone == 0, undone, not_undone, operations: told };
        let mut record = self.record(way.definition, &way.request, &way.run_id, CERTIFICATE_ACTION);
        record.category = Category::SensitiveOperation;
        record.parent = Some(way.intent);
        record.outcome = Some(if not_undone == 0 { Outcome::Ok } else { Outcome::Failed });
        record.set_part(PartName::Result, &certificate).expect("texts are JSON");
        self.seal(record).await?;
        Ok(format!("{undone} of {} steps were taken back", undone + not_undone))
    }

    async fn take_one_back(&self, way: &Way<'_>, call: &mut CallRun) -> Result<(), Error> {
        let action = format!("{COMPENSATION_PREFIX}{}", call.action);
        let (tool, input) = match (call.outcome, &call.taken) {
            (Some(Outcome::Ok), Some(Taken::Call { tool, input })) => (tool.clone(), input.clone()),
            (outcome, taken) => {
                let why = match (outcome, taken) {
                    (Some(Outcome::Ok), Some(Taken::Impossible(why))) => why.clone(),
                    (Some(Outcome::Ok), _) => "nothing on record says what would take it back".to_owned(),
                    _ => "nobody knows whether it happened; `sealbook operation reconcile` says it".to_owned(),
                };
                let mut record = self.record(way.definition, &way.request, &way.run_id, &action);
                record.operation = call.operation;
                record.parent = Some(call.intent);
                record.outcome = Some(Outcome::Failed);
                record.tags.push(NOT_UNDOABLE_TAG.to_owned());
                let note = json!({"step": {"run": way.run_id, "path": call.path}});
                record.set_part(PartName::Context, &note).expect("texts are JSON");
                record.set_part(PartName::Error, &json!({"message": why})).expect("texts are JSON");
                let id = self.seal(record).await?;
                (call.undo, call.undo_record) = (UndoState::Impossible(why), Some(id));
                return Ok(());
            }
        };
        let calls = &self.calls;
        let executor = Executor::new(
            calls.tenant.clone(),
            std::sync::Arc::clone(&calls.tools),
            calls.recovery.clone(),
            std::sync::Arc::clone(&calls.secrets),
        );
        let mut request = way.asks(&tool, input, &call.path);
        request.operation = call.operation;
        request.parent = call.undo_record.or(Some(call.intent));
        request.key = call.operation.map(|operation| format!("{operation}/undo"));
        request.undoes = Some(call.action.clone());
        request.heeds_success = true;
        if let (UndoState::Open, Some(operation), Some(intent)) = (&call.undo, call.operation, call.undo_record) {
            match executor.recover(&request, Unfinished { operation, intent, is_open: true }).await? {
                Recovered::Again => {}
                Recovered::Done(_) => {
                    call.undo = UndoState::Done;
                    return Ok(());
                }
                Recovered::Unknown => {
                    call.undo = UndoState::Unknown("nobody knows whether it was taken back".to_owned());
                    return Ok(());
                }
            }
        }
        match executor.call(&request).await {
            Ok(called) => (call.undo, call.undo_record) = (UndoState::Done, Some(called.intent)),
            Err(Error::GaveUp(gave_up)) => {
                (call.undo, call.undo_record) = (UndoState::Failed(gave_up.fault.to_string()), Some(gave_up.last));
            }
            // While a stop holds, nothing is called: the run stays open, and is gone on with.
            Err(error @ (Error::Store(_) | Error::Offload { .. } | Error::Stopped { .. })) => return Err(error),
            Err(error) => call.undo = UndoState::Failed(error.to_string()),
        }
        Ok(())
    }

    async fn seal(&self, record: sealbook_record::Record) -> Result<Uuid, Error> {
        let (journal, id) = (std::sync::Arc::clone(&self.calls.recovery.journal), record.id);
        offload(move || journal.seal(record)).await??;
        Ok(id)
    }
}

fn certified(call: &CallRun) -> CertifiedOperation {
    let (undone, why) = match &call.undo {
        UndoState::Done => (Undone::Compensated, None),
        UndoState::Impossible(why) => (Undone::NotUndoable, Some(why.clone())),
        UndoState::Failed(why) | UndoState::Unknown(why) => (Undone::CompensationFailed, Some(why.clone())),
        UndoState::Open | UndoState::Pending => (Undone::CompensationFailed, Some("it has no end".to_owned())),
    };
    CertifiedOperation {
        operation: call.operation.map_or_else(String::new, |id| id.to_string()),
        action: call.action.clone(),
        undone,
        evidence: call.undo_record.map(|id| id.to_string()),
        why,
        files: Vec::new(),
    }
}
