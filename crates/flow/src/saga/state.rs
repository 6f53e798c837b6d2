//! How a saga stands: a fold over its records.

use std::collections::HashMap;

use sealbook_ledger::Phase;
use sealbook_record::{
    CERTIFICATE_ACTION, COMPENSATION_PREFIX, NOT_UNDOABLE_TAG, Outcome, PartName, RECONCILED_ACTION, Record, Redaction,
    Timestamp, Uuid,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::definition::SagaDefinition;
use super::note::{Control, HELD_ACTION, SAGA_ACTION, saga_note, step_note};
use super::taken::{Taken, taken};

/// How a saga stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SagaStatus {
    /// It goes on, or can be gone on with.
    Running,
    /// It holds: somebody froze it, it asks first, nobody knows how a step ended, or it can only go forward.
    Held,
    /// What it did is being taken back.
    Compensating,
    /// All steps are done.
    Completed,
    /// It failed before anything was done that is to be taken back.
    Failed,
    /// It was called off before anything was done that is to be taken back.
    Cancelled,
    /// What it did was taken back, all of it.
    Compensated,
    /// An undo failed; the others were done.
    CompensationFailed,
    /// All was taken back but what has no undo.
    NotUndoable,
    /// It was stopped where it stood.
    Killed,
}

impl SagaStatus {
    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Held => "held",
            Self::Compensating => "compensating",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Compensated => "compensated",
            Self::CompensationFailed => "compensation_failed",
            Self::NotUndoable => "not_undoable",
            Self::Killed => "killed",
        }
    }

    /// Whether nothing more comes.
    pub const fn is_over(self) -> bool {
        !matches!(self, Self::Running | Self::Held | Self::Compensating)
    }

    pub(super) const fn outcome(self) -> Outcome {
        match self {
            Self::Completed => Outcome::Ok,
            Self::Cancelled | Self::Killed => Outcome::Cancelled,
            _ => Outcome::Failed,
        }
    }
}

impl std::fmt::Display for SagaStatus {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

/// How a step stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum StepState {
    /// It has not begun.
    #[default]
    Pending,
    /// An attempt was begun, and has no outcome.
    Open,
    /// It is done.
    Done,
    /// It failed, and why.
    Failed(String),
    /// Nobody knows whether it happened, and why.
    Unknown(String),
}

/// How the undo of a step stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum UndoState {
    /// It has not begun.
    #[default]
    Pending,
    /// An attempt was begun, and has no outcome.
    Open,
    /// It is taken back.
    Done,
    /// It was tried, and failed, and why.
    Failed(String),
    /// Nobody knows whether it was taken back, and why.
    Unknown(String),
    /// It has no undo, and why.
    Impossible(String),
}

/// A step, as far as it came.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct StepRun {
    /// How it stands.
    pub state: StepState,
    /// Its operation.
    pub operation: Option<Uuid>,
    /// The intent of its last attempt.
    pub intent: Option<Uuid>,
    /// What was done, as its records call it.
    pub action: String,
    /// How many attempts there were.
    pub attempts: u32,
    /// Its place in the order of beginning.
    pub began: usize,
    /// What it was given; `None` where the record does not hold that whole.
    pub input: Option<Value>,
    /// What it gave; `None` where the record does not hold that whole.
    pub result: Option<Value>,
    /// What takes it back.
    pub taken: Option<Taken>,
    /// How its undo stands.
    pub undo: UndoState,
    /// The intent of the last attempt to take it back; the event that says that there is none.
    pub undo_record: Option<Uuid>,
    /// How far the fold was when it was last heard of.
    pub(super) heard: usize,
}

/// A saga, as far as it came.
#[derive(Debug, Clone)]
pub struct SagaRun {
    /// Its id, which its records bear as a tag.
    pub id: String,
    /// The record that is its intent.
    pub intent: Uuid,
    /// Its operation.
    pub operation: Option<Uuid>,
    /// Who asked for it.
    pub actor: String,
    /// When it began.
    pub began: Timestamp,
    /// What it is; `None` where the record does not hold that whole.
    pub definition: Option<SagaDefinition>,
    /// The digest of the definition.
    pub digest: String,
    /// What it was given.
    pub inputs: Value,
    /// Its steps, by their names.
    pub steps: HashMap<String, StepRun>,
    /// The record of its certificate of undo.
    pub certificate: Option<Uuid>,
    /// Why it holds, said when it began to.
    pub held: Option<String>,
    /// How it ended.
    pub ended: Option<SagaStatus>,
    /// Why, where it did not go well.
    pub why: Option<String>,
    pub(super) cancelled: Option<usize>,
    pub(super) killed: bool,
    pub(super) frozen: bool,
    pub(super) held_at: usize,
    pub(super) held_step: Option<String>,
    pub(super) resumed: usize,
    heard: usize,
    attempts: HashMap<Uuid, (String, bool)>,
    begun: usize,
}

/// The part `input` of a saga's intent.
#[derive(Serialize, Deserialize)]
pub(super) struct Given {
    pub(super) saga: Value,
    pub(super) inputs: Value,
}

impl SagaRun {
    /// Folds the records that bear the saga's id as a tag, oldest first; `None` where no saga began.
    pub fn fold<'r>(records: impl IntoIterator<Item = (&'r Record, &'r [Redaction])>) -> Option<Self> {
        let mut records = records.into_iter();
        let mut run = records.by_ref().find_map(|(record, redactions)| Self::begun(record, redactions))?;
        records.for_each(|(record, redactions)| run.apply(record, redactions));
        Some(run)
    }

    fn begun(record: &Record, redactions: &[Redaction]) -> Option<Self> {
        if record.action != SAGA_ACTION || record.phase != Phase::Intent {
            return None;
        }
        let note = saga_note(record)?;
        let given = json(record, PartName::Input, redactions).and_then(|it| serde_json::from_value::<Given>(it).ok());
        let (definition, inputs) = match given {
            Some(Given { saga, inputs }) => (serde_json::from_value::<SagaDefinition>(saga).ok(), inputs),
            None => (None, Value::Null),
        };
        Some(Self {
            id: note.saga,
            intent: record.id,
            operation: record.operation,
            actor: record.actor.id.clone(),
            began: record.occurred,
            definition,
            digest: note.digest?,
            inputs,
            steps: HashMap::new(),
            certificate: None,
            held: None,
            ended: None,
            why: None,
            cancelled: None,
            killed: false,
            frozen: false,
            held_at: 0,
            held_step: None,
            resumed: 0,
            heard: 0,
            attempts: HashMap::new(),
            begun: 0,
        })
    }

    /// One more record.
    pub fn apply(&mut self, record: &Record, redactions: &[Redaction]) {
        if !record.tags.contains(&self.id) {
            return;
        }
        self.heard += 1;
        match (record.phase, record.action.as_str()) {
            (Phase::Intent, SAGA_ACTION) => {}
            (Phase::Intent, _) => self.attempt(record, redactions),
            (Phase::Outcome, SAGA_ACTION) => {
                let note = saga_note(record).unwrap_or_default();
                self.ended = Some(note.status.unwrap_or(SagaStatus::Failed));
                self.why = note.why;
                self.held = None;
            }
            (Phase::Outcome, _) | (Phase::Event, RECONCILED_ACTION) => self.end(record, redactions),
            (Phase::Event, CERTIFICATE_ACTION) => self.certificate = Some(record.id),
            (Phase::Event, HELD_ACTION) => {
                let note = saga_note(record).unwrap_or_default();
                (self.held, self.held_step, self.held_at) = (note.why, note.step, self.heard);
            }
            (Phase::Event, action) => match Control::of(action) {
                Some(control) => self.control(control),
                None => self.event(record),
            },
        }
    }

    fn control(&mut self, control: Control) {
        match control {
            // Who calls it off does not want it to hold.
            Control::Cancel => {
                (self.frozen, self.cancelled, self.held) = (false, Some(self.heard), None);
            }
            Control::Kill => self.killed = true,
            Control::Freeze => self.frozen = true,
            Control::Resume => {
                (self.frozen, self.resumed, self.held) = (false, self.heard, None);
            }
        }
    }

    fn attempt(&mut self, record: &Record, redactions: &[Redaction]) {
        let Some(note) = step_note(record) else { return };
        self.held = None;
        let is_undo = record.action.starts_with(COMPENSATION_PREFIX);
        self.attempts.insert(record.id, (note.step.clone(), is_undo));
        let step = self.steps.entry(note.step).or_default();
        step.heard = self.heard;
        if is_undo {
            (step.undo, step.undo_record) = (UndoState::Open, Some(record.id));
            return;
        }
        if step.attempts == 0 {
            self.begun += 1;
            step.began = self.begun;
        }
        step.attempts += 1;
        (step.operation, step.intent) = (record.operation, Some(record.id));
        step.action.clone_from(&record.action);
        step.state = StepState::Open;
        step.input = json(record, PartName::Input, redactions);
    }

    /// An outcome, or what was found out later.
    fn end(&mut self, record: &Record, redactions: &[Redaction]) {
        let Some((name, is_undo)) = record.parent.and_then(|intent| self.attempts.get(&intent)) else { return };
        let Some(step) = self.steps.get_mut(name) else { return };
        let outcome = record.outcome.unwrap_or(Outcome::Unknown);
        let why = || said(record).unwrap_or_else(|| outcome.to_string());
        step.heard = self.heard;
        if *is_undo {
            // A later attempt is under way already.
            if record.parent == step.undo_record {
                step.undo = match outcome {
                    Outcome::Ok => UndoState::Done,
                    Outcome::Unknown => UndoState::Unknown(why()),
                    _ => UndoState::Failed(why()),
                };
            }
            return;
        }
        if record.parent != step.intent {
            return;
        }
        step.state = match outcome {
            Outcome::Ok => StepState::Done,
            Outcome::Unknown => StepState::Unknown(why()),
            _ => StepState::Failed(why()),
        };
        if outcome == Outcome::Ok {
            step.result = json(record, PartName::Result, redactions);
            step.taken = Some(taken(record, redactions));
        }
    }

    /// A step that could not be begun, or has no undo.
    fn event(&mut self, record: &Record) {
        let Some(note) = step_note(record) else { return };
        let heard = self.heard;
        let step = self.steps.entry(note.step).or_default();
        let why = said(record).unwrap_or_else(|| "it could not be begun".to_owned());
        let is_stop = blocked_by(record).as_deref() == Some("stop");
        step.heard = heard;
        if record.action.starts_with(COMPENSATION_PREFIX) {
            if record.tags.iter().any(|tag| tag == NOT_UNDOABLE_TAG) {
                (step.undo, step.undo_record) = (UndoState::Impossible(why), Some(record.id));
            } else if !is_stop && step.undo != UndoState::Done {
                step.undo = UndoState::Failed(why);
            }
            // A stop does not decide anything: it is lifted, and the saga goes on.
        } else if !is_stop && step.state != StepState::Done {
            step.state = StepState::Failed(why);
        }
    }

    /// How it stands.
    pub fn status(&self) -> SagaStatus {
        let is_back = |step: &StepRun| step.undo != UndoState::Pending;
        match self.ended {
            Some(status) => status,
            None if self.is_held() => SagaStatus::Held,
            None if self.steps.values().any(is_back) => SagaStatus::Compensating,
            None => SagaStatus::Running,
        }
    }

    /// Whether it holds, as the book tells.
    pub fn is_held(&self) -> bool {
        self.frozen || self.held.is_some()
    }

    /// How a step stands.
    pub fn step(&self, name: &str) -> StepRun {
        self.steps.get(name).cloned().unwrap_or_default()
    }

    /// Steps that were taken back.
    pub fn taken_back(&self) -> usize {
        self.steps.values().filter(|step| step.undo == UndoState::Done).count()
    }

    /// Steps that are done and not taken back, in the order in which they began.
    pub fn standing(&self) -> Vec<(&str, &StepRun)> {
        let stands = |step: &StepRun| {
            !matches!(step.state, StepState::Pending | StepState::Failed(_)) && step.undo != UndoState::Done
        };
        let mut standing: Vec<_> =
            self.steps.iter().filter(|(_, step)| stands(step)).map(|(name, step)| (&**name, step)).collect();
        standing.sort_by_key(|(_, step)| step.began);
        standing
    }
}

/// A part as JSON, where the record holds it whole.
fn json(record: &Record, part: PartName, redactions: &[Redaction]) -> Option<Value> {
    let name = part.as_str();
    let is_hidden = redactions.iter().any(|gone| gone.path == name || gone.path.starts_with(&format!("{name}/")));
    let value: Value = serde_json::from_str(record.part(part)?.get()).ok()?;
    let is_left_out = value.as_object().is_some_and(|it| it.len() == 1 && it.contains_key("left_out"));
    (!is_hidden && !is_left_out).then_some(value)
}

fn said(record: &Record) -> Option<String> {
    let error: Value = serde_json::from_str(record.part(PartName::Error)?.get()).ok()?;
    let text = error.as_str().or_else(|| error.get("message")?.as_str()).map(str::to_owned);
    text.or_else(|| blocked_by(record).map(|by| format!("it was blocked by {by}")))
}

fn blocked_by(record: &Record) -> Option<String> {
    let error: Value = serde_json::from_str(record.part(PartName::Error)?.get()).ok()?;
    error.get("blocked_by")?.as_str().map(str::to_owned)
}
