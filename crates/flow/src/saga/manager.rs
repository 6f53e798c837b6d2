//! Sagas in the shape of the older saga manager: created, given actions one by one, executed.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use sealbook_record::{Actor, ActorKind};
use serde::Serialize;

use super::action::{Action, ActionSaga};
use super::definition::Order;
use super::runner::{SagaRequest, SagaRunner};
use super::state::{SagaRun, SagaStatus, StepState};
use super::watch::find_saga;
use crate::Error;

/// Creates, knows and executes sagas of functions.
pub struct SagaManager {
    runner: SagaRunner,
    sagas: Mutex<BTreeMap<String, Draft>>,
}

#[derive(Clone)]
struct Draft {
    saga: ActionSaga,
    name: String,
    user_id: String,
    conversation_id: Option<String>,
}

/// A saga as it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SagaSummary {
    /// Its id.
    pub saga_id: String,
    /// What people call it.
    pub saga_name: String,
    /// Whose it is.
    pub user_id: String,
    /// The names of its actions, in order.
    pub actions: Vec<String>,
    /// How it stands; nothing where it was not executed yet.
    pub status: Option<SagaStatus>,
}

/// What came of a saga.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SagaAnswer {
    /// Whether all actions went well.
    pub success: bool,
    /// How it ended, or why it holds.
    pub status: SagaStatus,
    /// Actions that were done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actions_executed: Option<usize>,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Actions that were taken back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actions_compensated: Option<usize>,
    /// Actions that stand: they have no undo, it failed, or nobody knows.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub not_compensated: Vec<String>,
}

impl SagaManager {
    /// Executes as this runner does.
    pub fn new(runner: SagaRunner) -> Self {
        Self { runner, sagas: Mutex::default() }
    }

    /// Creates a saga of a user, and gives its id. An action without a compensator is warned about where it comes
    /// before others, and told as not undoable.
    pub fn create_saga(&self, user_id: &str, saga_name: &str, conversation_id: Option<&str>) -> String {
        let id = format!("saga_{}", self.runner.recovery.journal.next_id().simple());
        let draft = Draft {
            saga: ActionSaga::new(saga_name).order(Order::Warn),
            name: saga_name.to_owned(),
            user_id: user_id.to_owned(),
            conversation_id: conversation_id.map(str::to_owned),
        };
        self.drafts().insert(id.clone(), draft);
        id
    }

    /// A saga, as far as it came.
    ///
    /// Errors: there is none of this id; or the book could not be read.
    pub fn get_saga(&self, saga_id: &str) -> Result<SagaSummary, Error> {
        let draft = self.draft(saga_id)?;
        let status = match find_saga(&self.runner.ledger, saga_id) {
            Ok(run) => Some(run.status()),
            Err(Error::SagaNotFound { .. }) => None,
            Err(error) => return Err(error),
        };
        let actions = draft.saga.actions().iter().map(|action| action.name().to_owned()).collect();
        let (saga_id, saga_name, user_id) = (saga_id.to_owned(), draft.name, draft.user_id);
        Ok(SagaSummary { saga_id, saga_name, user_id, actions, status })
    }

    /// Adds an action.
    ///
    /// Errors: there is no such saga.
    pub fn add_action(&self, saga_id: &str, action: Action) -> Result<(), Error> {
        let mut drafts = self.drafts();
        let draft = drafts.get_mut(saga_id).ok_or_else(|| missing(saga_id))?;
        draft.saga = std::mem::take(&mut draft.saga).then(action);
        Ok(())
    }

    /// Executes a saga, or goes on with it where it was interrupted.
    ///
    /// Errors: as [`SagaRunner::run`] and [`SagaRunner::resume`].
    pub async fn execute_saga(&self, saga_id: &str) -> Result<SagaAnswer, Error> {
        let draft = self.draft(saga_id)?;
        let (definition, tools) = draft.saga.parts(&self.runner.tools)?;
        let runner = SagaRunner { tools: Arc::new(tools), ..self.runner.clone() };
        let request = SagaRequest {
            actor: Some(Actor::new(ActorKind::User, draft.user_id)),
            conversation: draft.conversation_id,
            id: Some(saga_id.to_owned()),
            ..SagaRequest::default()
        };
        let run = match find_saga(&runner.ledger, saga_id) {
            Ok(_) => runner.resume(saga_id, Some(&definition), &request).await?,
            Err(Error::SagaNotFound { .. }) => runner.run(&definition, &request).await?,
            Err(error) => return Err(error),
        };
        Ok(SagaAnswer::of(&run))
    }

    fn draft(&self, saga_id: &str) -> Result<Draft, Error> {
        self.drafts().get(saga_id).cloned().ok_or_else(|| missing(saga_id))
    }

    fn drafts(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Draft>> {
        self.sagas.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn missing(saga_id: &str) -> Error {
    Error::SagaNotFound { saga: saga_id.chars().take(80).collect() }
}

impl SagaAnswer {
    /// What came of a saga.
    pub fn of(run: &SagaRun) -> Self {
        let status = run.status();
        if status == SagaStatus::Completed {
            let done = run.steps.values().filter(|step| step.state == StepState::Done).count();
            let actions_executed = Some(done);
            return Self {
                success: true,
                status,
                actions_executed,
                error: None,
                actions_compensated: None,
                not_compensated: Vec::new(),
            };
        }
        let why = run.why.clone().or_else(|| run.held.clone()).unwrap_or_else(|| status.to_string());
        Self {
            success: false,
            status,
            actions_executed: None,
            error: Some(why),
            actions_compensated: Some(run.taken_back()),
            not_compensated: run.standing().into_iter().map(|(name, _)| name.to_owned()).collect(),
        }
    }
}
