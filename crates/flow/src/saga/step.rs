//! One step, forward or back: what is asked of the executor.

use std::collections::HashMap;

use sealbook_record::{COMPENSATION_PREFIX, Outcome, PartName, Record, Target, TargetKind, Uuid};
use serde_json::{Value, json};

use super::definition::{Compensator, Irreversible, SagaStep, step_of};
use super::state::{SagaRun, StepRun};
use super::taken::Taken;
use super::watch::event;
use super::{SagaRequest, note::SagaNote};
use crate::binding::{Look, bind, path_of};
use crate::tool::Compensation;
use crate::{Journal, Request, TakenBy};

/// What steps gave in this process: it is not redacted.
#[derive(Default)]
pub(super) struct Live(pub(super) HashMap<String, (Value, Compensation)>);

/// What a definition's texts can point at.
#[derive(Clone, Default)]
pub(super) struct Known {
    inputs: Value,
    steps: HashMap<String, (Option<Value>, Option<Value>)>,
}

impl Known {
    pub(super) fn of(run: &SagaRun, live: &Live) -> Self {
        let steps = run.steps.iter().map(|(name, step)| {
            let gave = live.0.get(name).map(|(result, _)| result.clone()).or_else(|| step.result.clone());
            (name.clone(), (step.input.clone(), gave))
        });
        Self { inputs: run.inputs.clone(), steps: steps.collect() }
    }

    fn look(&self, text: &str) -> Look<'_> {
        if let Some(path) = path_of(text, "$.inputs") {
            return Look::at(Some(&self.inputs), path);
        }
        let Some((name, rest)) = step_of(text) else { return Look::Plain };
        let (input, result) = self.steps.get(name).map_or((None, None), |(i, r)| (i.as_ref(), r.as_ref()));
        match (path_of(rest, "result"), path_of(rest, "input")) {
            (Some(path), _) => Look::at(result, path),
            (None, Some(path)) => Look::at(input, path),
            (None, None) => Look::Missing,
        }
    }
}

/// The call of a step.
///
/// Errors: what it points at and is not there.
pub(super) fn forward(run: &SagaRun, request: &SagaRequest, step: &SagaStep, known: &Known) -> Result<Request, String> {
    let input = bind(&step.input, &|text| known.look(text))
        .map_err(|text| format!("its input needs `{text}`, and the record holds no such thing whole"))?;
    let stands = run.step(&step.name);
    let mut call = asked(run, request, &step.name, &step.tool, input);
    call.operation = stands.operation;
    call.parent = stands.intent.or(Some(run.intent));
    call.key = Some(format!("{}/{}", run.id, step.name));
    call.heeds_success = true;
    call.taken_by = taken_by(step, known);
    Ok(call)
}

/// The call that takes a step back.
pub(super) fn backward(
    run: &SagaRun,
    request: &SagaRequest,
    name: &str,
    stands: &StepRun,
    tool: &str,
    input: &Value,
) -> Request {
    let mut call = asked(run, request, name, tool, input.clone());
    call.operation = stands.operation;
    call.parent = stands.undo_record.or(stands.intent);
    call.key = stands.operation.map(|operation| format!("{operation}/undo"));
    call.undoes = Some(stands.action.clone());
    call.heeds_success = true;
    call
}

fn asked(run: &SagaRun, request: &SagaRequest, step: &str, tool: &str, input: Value) -> Request {
    let mut call = Request::new(tool, input, request.actor());
    call.session.clone_from(&request.session);
    call.conversation.clone_from(&request.conversation);
    call.project.clone_from(&request.project);
    call.reason.clone_from(&request.reason);
    call.step = Some(json!({"saga": run.id, "step": step}));
    call.tags = vec![run.id.clone()];
    call
}

/// What takes the step back, where the saga says it in the place of the tool.
fn taken_by(step: &SagaStep, known: &Known) -> Option<TakenBy> {
    if let Some(why) = step.irreversible.as_ref().and_then(Irreversible::why) {
        let why = why.to_owned();
        return Some(TakenBy::new(move |_, _| Compensation::Irreversible { why: why.clone() }));
    }
    let Compensator { tool: Some(tool), input: template, .. } = step.compensation.clone()? else { return None };
    let known = known.clone();
    Some(TakenBy::new(move |input, result| {
        let look = |text: &str| match (path_of(text, "$.input"), path_of(text, "$.result")) {
            (Some(path), _) => Look::at(Some(input), path),
            (None, Some(path)) => Look::at(Some(result), path),
            (None, None) => known.look(text),
        };
        // A value of two lifetimes: it is copied out at once.
        match bind(&template, &look) {
            Ok(input) => Compensation::Call { tool: tool.clone(), input },
            Err(place) => {
                let why = format!("what takes it back needs {place}, and there is no such thing");
                Compensation::Irreversible { why }
            }
        }
    }))
}

/// What takes a step back: as this process knows it, else as the record tells.
pub(super) fn taken_of(name: &str, step: &StepRun, live: &Live) -> Taken {
    match live.0.get(name) {
        Some((_, Compensation::Nothing)) => Taken::Nothing,
        Some((_, Compensation::Call { tool, input })) => Taken::Call { tool: tool.clone(), input: input.clone() },
        Some((_, Compensation::Irreversible { why })) => Taken::Impossible(why.clone()),
        None => step.taken.clone().unwrap_or(Taken::Nothing),
    }
}

/// The event of a step that could not be begun, forward or back.
pub(super) fn not_begun(
    journal: &dyn Journal,
    run: &SagaRun,
    request: &SagaRequest,
    name: &str,
    action: &str,
    why: &str,
) -> Record {
    let stands = run.step(name);
    let mut record = event(journal, &run.id, action, request.actor(), &SagaNote::default());
    if action.starts_with(COMPENSATION_PREFIX) {
        let intent: Option<Uuid> = stands.intent;
        record.target = Target::new(TargetKind::Record, intent.map_or_else(String::new, |id| id.to_string()));
    }
    record.operation = stands.operation;
    record.parent = stands.intent.or(Some(run.intent));
    record.outcome = Some(Outcome::Failed);
    record.session.clone_from(&request.session);
    record.conversation.clone_from(&request.conversation);
    record.project.clone_from(&request.project);
    let note = json!({"step": {"saga": run.id, "step": name}});
    record.set_part(PartName::Context, &note).expect("texts are JSON");
    record.set_part(PartName::Error, &json!({"message": why})).expect("texts are JSON");
    record
}
