//! Sagas: how they stand, and each of their steps.

use sealbook_flow::{SagaRun, SagaStatus, StepRun, StepState, UndoState};
use serde::Serialize;

use crate::{Block, Column, Document, Text, Tone, View, json};

/// One saga.
#[derive(Debug, Clone, Copy)]
pub struct SagaDetail<'a> {
    /// As the book tells of it.
    pub run: &'a SagaRun,
}

/// Sagas, the one that began last first.
#[derive(Debug, Clone, Copy)]
pub struct SagaList<'a> {
    /// The sagas.
    pub runs: &'a [SagaRun],
}

#[derive(Serialize)]
struct SagaJson<'a> {
    saga_id: &'a str,
    name: Option<&'a str>,
    status: SagaStatus,
    success: bool,
    actor: &'a str,
    began: String,
    digest: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    certificate: Option<String>,
    taken_back: usize,
    stands: Vec<&'a str>,
    steps: Vec<StepJson>,
}

#[derive(Serialize)]
struct StepJson {
    step: String,
    state: &'static str,
    undo: &'static str,
    attempts: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    operation: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<String>,
}

fn of(run: &SagaRun) -> SagaJson<'_> {
    let names: Vec<String> = if let Some(saga) = &run.definition {
        saga.steps.iter().map(|step| step.name.clone()).collect()
    } else {
        let mut begun: Vec<_> = run.steps.iter().collect();
        begun.sort_by_key(|(_, step)| step.began);
        begun.into_iter().map(|(name, _)| name.clone()).collect()
    };
    SagaJson {
        saga_id: &run.id,
        name: run.definition.as_ref().map(|saga| &*saga.name),
        status: run.status(),
        success: run.status() == SagaStatus::Completed,
        actor: &run.actor,
        began: run.began.to_string(),
        digest: &run.digest,
        why: run.why.as_deref().or(run.held.as_deref()),
        certificate: run.certificate.map(|id| id.to_string()),
        taken_back: run.taken_back(),
        stands: run.standing().into_iter().map(|(name, _)| name).collect(),
        steps: names.into_iter().map(|name| step(&run.step(&name), name)).collect(),
    }
}

fn step(step: &StepRun, name: String) -> StepJson {
    let (state, mut why) = match &step.state {
        StepState::Pending => ("pending", None),
        StepState::Open => ("running", None),
        StepState::Done => ("ok", None),
        StepState::Failed(why) => ("failed", Some(why.clone())),
        StepState::Unknown(why) => ("unknown", Some(why.clone())),
    };
    let undo = match &step.undo {
        UndoState::Pending => "",
        UndoState::Open => "compensating",
        UndoState::Done => "compensated",
        UndoState::Failed(said) | UndoState::Unknown(said) => {
            why = Some(said.clone());
            "compensation_failed"
        }
        UndoState::Impossible(said) => {
            why = Some(said.clone());
            "not_undoable"
        }
    };
    let operation = step.operation.map(|id| id.to_string());
    StepJson { step: name, state, undo, attempts: step.attempts, operation, why }
}

fn tone(status: SagaStatus) -> Tone {
    match status {
        SagaStatus::Completed => Tone::Good,
        SagaStatus::CompensationFailed | SagaStatus::NotUndoable => Tone::Bad,
        SagaStatus::Running => Tone::Plain,
        _ => Tone::Doubtful,
    }
}

impl View for SagaDetail<'_> {
    fn document(&self) -> Document {
        let told = of(self.run);
        let mut fields = vec![("saga".to_owned(), Text::name(told.saga_id))];
        fields.extend(told.name.map(|name| ("name".to_owned(), Text::plain(name))));
        fields.push(("status".to_owned(), Text::toned(told.status.as_str(), tone(told.status))));
        fields.extend(told.why.map(|why| ("why".to_owned(), Text::plain(why))));
        fields.push(("began".to_owned(), Text::plain(told.began)));
        fields.push(("by".to_owned(), Text::name(told.actor)));
        fields.extend(told.certificate.map(|id| ("certificate".to_owned(), Text::name(&id))));
        if !told.stands.is_empty() {
            fields.push(("stands".to_owned(), Text::plain(told.stands.join(", "))));
        }
        let mut page = Document::new();
        page.add(Block::Fields(fields));
        let rows = told.steps.into_iter().map(|step| {
            vec![
                Text::name(&step.step),
                Text::plain(step.state),
                Text::plain(step.undo),
                Text::name(step.operation.unwrap_or_default()),
                Text::plain(step.why.unwrap_or_default()),
            ]
        });
        let columns = ["Step", "State", "Undo", "Operation", "Why"].map(Column::text);
        page.add(Block::Table(columns.into(), rows.collect()));
        page
    }

    fn json(&self) -> String {
        json::text(&of(self.run))
    }
}

impl View for SagaList<'_> {
    fn document(&self) -> Document {
        let mut page = Document::new();
        let rows = self.runs.iter().map(|run| {
            let told = of(run);
            vec![
                Text::name(told.saga_id),
                Text::plain(told.name.unwrap_or("(not on record)")),
                Text::toned(told.status.as_str(), tone(told.status)),
                Text::plain(told.began),
                Text::plain(told.why.unwrap_or_default()),
            ]
        });
        let columns = ["Saga", "Name", "Status", "Began", "Why"].map(Column::text);
        page.add(Block::Table(columns.into(), rows.collect()));
        page
    }

    fn json(&self) -> String {
        json::text(&serde_json::json!({"sagas": self.runs.iter().map(of).collect::<Vec<_>>()}))
    }

    fn json_lines(&self) -> Vec<String> {
        self.runs.iter().map(|run| json::text(&of(run))).collect()
    }
}
