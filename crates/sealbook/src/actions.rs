//! Actions as the older audit manager kept them: one call before, one after, and questions about them.

use sealbook_flow::offload;
use sealbook_record::{
    Actor, ActorKind, Category, OperationStatus, Outcome, PartName, Phase, Record, Severity, Target, TargetKind,
    Timestamp, Uuid,
};
use sealbook_store::{Operation, OperationTally, Query, TallyBy};
use serde_json::{Map, Value, json};

use crate::{Book, Error};

/// How many entries an answer has where nothing is said.
pub const ENTRIES_DEFAULT: usize = 100;

/// What a company's agents do: written down as `pending`, then as well or badly ended, and asked for later.
///
/// A company is a tenant: its actions are those of its book. They do not expire after some days; a retention class
/// says how long they are kept, and a hold keeps them longer.
///
/// ```
/// use sealbook::{ActionLog, Book, Category, NewAction, Place};
/// use serde_json::json;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let home = tempfile::tempdir()?;
/// let book = Book::open_or_create(&Place::in_home(home.path(), "clinic")?)?;
/// let actions = ActionLog::new(book);
///
/// let booking = NewAction::of(Category::Booking, "create_booking").user("ann").input(json!({"time": "14:30"}));
/// let audit_id = actions.log_action(&booking)?;
/// actions.mark_success(audit_id, &json!({"event_id": "e1"}), 812)?;
///
/// let entry = actions.entry(audit_id)?.expect("it was written down");
/// assert_eq!((entry.status.as_str(), entry.duration_ms), ("ok", Some(812.0)));
/// assert_eq!(actions.tally(Category::Booking)?.mean_ms(), Some(812.0));
/// assert_eq!(actions.tally(Category::Ticket)?.mean_ms(), None);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct ActionLog {
    book: Book,
    retention: Option<String>,
}

/// An action that is about to be taken.
#[derive(Debug, Clone)]
pub struct NewAction {
    category: Category,
    name: String,
    user: Option<String>,
    agent: Option<String>,
    conversation: Option<String>,
    input: Value,
    undo: Option<(String, Value)>,
    tags: Vec<String>,
}

/// An action, and how it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct ActionEntry {
    /// The record of its intent.
    pub audit_id: Uuid,
    /// What sort of action it is: `booking`, `notification`, `ticket`, `rag_search`, `api_call`, …
    pub action_type: Category,
    /// Its name.
    pub action_name: String,
    /// Whose it is.
    pub user_id: Option<String>,
    /// The agent that takes it.
    pub agent_name: Option<String>,
    /// The conversation that it belongs to.
    pub conversation_id: Option<String>,
    /// How it stands: `pending`, `ok`, `failed`, `compensated`, …
    pub status: OperationStatus,
    /// What it was given, redacted.
    pub input_params: Option<Value>,
    /// What it gave, redacted.
    pub result: Option<Value>,
    /// Why it failed, redacted.
    pub error_message: Option<String>,
    /// How long it took, whether it ended well or not.
    pub duration_ms: Option<f64>,
    /// Whether something takes it back.
    pub compensable: bool,
    /// Labels.
    pub tags: Vec<String>,
    /// When it was begun.
    pub timestamp: Timestamp,
}

impl NewAction {
    /// An action of this sort and name.
    pub fn of(category: Category, name: impl Into<String>) -> Self {
        Self {
            category,
            name: name.into(),
            user: None,
            agent: None,
            conversation: None,
            input: Value::Null,
            undo: None,
            tags: Vec::new(),
        }
    }

    /// Whose it is. Where nobody is named, it is written down all the same, and marked so.
    #[must_use]
    pub fn user(self, id: impl Into<String>) -> Self {
        Self { user: Some(id.into()), ..self }
    }

    /// The agent that takes it, for the user where there is one.
    #[must_use]
    pub fn agent(self, name: impl Into<String>) -> Self {
        Self { agent: Some(name.into()), ..self }
    }

    /// The conversation that it belongs to.
    #[must_use]
    pub fn conversation(self, id: impl Into<String>) -> Self {
        Self { conversation: Some(id.into()), ..self }
    }

    /// What it is given. It is redacted.
    #[must_use]
    pub fn input(self, input: Value) -> Self {
        Self { input, ..self }
    }

    /// What takes it back: a tool, and what that is given.
    #[must_use]
    pub fn compensated_by(self, tool: impl Into<String>, input: Value) -> Self {
        Self { undo: Some((tool.into(), input)), ..self }
    }

    /// A label.
    #[must_use]
    pub fn tag(mut self, tag: impl Into<String>) -> Self {
        self.tags.push(tag.into());
        self
    }

    fn actor(&self) -> Actor {
        match (&self.agent, &self.user) {
            (Some(agent), user) => Actor { on_behalf_of: user.clone(), ..Actor::new(ActorKind::Agent, agent) },
            (None, Some(user)) => Actor::new(ActorKind::User, user),
            (None, None) => Actor::unknown(),
        }
    }
}

impl ActionLog {
    /// The actions of a book, that is of one company.
    pub const fn new(book: Book) -> Self {
        Self { book, retention: None }
    }

    /// The same, where new actions are kept as this retention class says.
    #[must_use]
    pub fn retention(self, class: impl Into<String>) -> Self {
        Self { retention: Some(class.into()), ..self }
    }

    /// Writes an action down as `pending`, before it is taken. Gives what the other calls name it by.
    ///
    /// Errors: a rule or the stop refuses, or the book cannot be written. It must not be taken then.
    pub fn log_action(&self, action: &NewAction) -> Result<Uuid, Error> {
        let mut record = self.book.record(action.name.clone());
        record.phase = Phase::Intent;
        record.operation = Some(self.book.journal.next_id());
        record.actor = action.actor();
        record.category = action.category;
        record.conversation.clone_from(&action.conversation);
        record.retention.clone_from(&self.retention);
        record.tags.clone_from(&action.tags);
        record.target = Target::new(TargetKind::Tool, &action.name);
        if record.actor_unknown() {
            record.severity = Severity::Warning;
            record.tags.push("actor_unknown".to_owned());
        }
        if !action.input.is_null() {
            set(&mut record, PartName::Input, &action.input);
        }
        if let Some((tool, input)) = &action.undo {
            set(&mut record, PartName::Context, &json!({"compensation": {"call": {"tool": tool, "input": input}}}));
        }
        let id = record.id;
        self.book.journal.enter(record)?;
        Ok(id)
    }

    /// As [`ActionLog::log_action`], without blocking the executor.
    pub async fn log_action_async(&self, action: &NewAction) -> Result<Uuid, Error> {
        let (own, action) = (self.clone(), action.clone());
        offload(move || own.log_action(&action)).await?
    }

    /// Writes down that a pending action ended well, what it gave, and how long it took.
    ///
    /// Errors: there is no such action, it has ended already, or the book cannot be written.
    pub fn mark_success(&self, audit_id: Uuid, result: &Value, duration_ms: u64) -> Result<(), Error> {
        self.end(audit_id, Outcome::Ok, duration_ms, |record, intent| {
            set(record, PartName::Result, result);
            // What an undo is planned from stands beside the outcome.
            let context = part(intent, PartName::Context);
            if let Some(undo) = context.as_ref().and_then(|context| context.get("compensation")) {
                set(record, PartName::Metadata, &json!({"compensation": undo}));
            }
        })
    }

    /// Writes down that a pending action failed, why, and after how long.
    ///
    /// Errors: as [`ActionLog::mark_success`].
    pub fn mark_failed(&self, audit_id: Uuid, error_message: &str, duration_ms: u64) -> Result<(), Error> {
        self.end(audit_id, Outcome::Failed, duration_ms, |record, _| {
            set(record, PartName::Error, &json!({"message": error_message}));
        })
    }

    /// The action of this id.
    pub fn entry(&self, audit_id: Uuid) -> Result<Option<ActionEntry>, Error> {
        Ok(self.operation_of(audit_id)?.and_then(|operation| entry(&operation)))
    }

    /// What a user did, or an agent did for the user, the newest first.
    pub fn user_actions(&self, user_id: &str, limit: usize) -> Result<Vec<ActionEntry>, Error> {
        let own = Query { actor: vec![user_id.to_owned()], ..Query::default() };
        let on_behalf = Query { on_behalf_of: vec![user_id.to_owned()], ..Query::default() };
        let mut all = self.entries(&own, limit)?;
        all.extend(self.entries(&on_behalf, limit)?);
        all.sort_by_key(|entry| std::cmp::Reverse((entry.timestamp.as_micros(), entry.audit_id)));
        all.dedup_by_key(|entry| entry.audit_id);
        all.truncate(limit);
        Ok(all)
    }

    /// The actions of a sort, the newest first.
    pub fn actions_by_type(&self, category: Category, limit: usize) -> Result<Vec<ActionEntry>, Error> {
        self.entries(&Query { category: vec![category.to_string()], ..Query::default() }, limit)
    }

    /// The actions that were begun in a range of time, both ends included, the newest first.
    pub fn actions_between(&self, since: Timestamp, until: Timestamp, limit: usize) -> Result<Vec<ActionEntry>, Error> {
        self.entries(&Query { since: Some(since), until: Some(until), ..Query::default() }, limit)
    }

    /// How the actions of a sort went; a mean over nothing is `None`.
    pub fn tally(&self, category: Category) -> Result<OperationTally, Error> {
        let query = Query { category: vec![category.to_string()], ..Query::default() };
        Ok(self.book.ledger().tally_operations(&query, TallyBy::Category)?.all)
    }

    fn entries(&self, query: &Query, limit: usize) -> Result<Vec<ActionEntry>, Error> {
        let (operations, _) = self.book.ledger().operations(query, limit, &|operation| entry(operation).is_some())?;
        Ok(operations.iter().filter_map(entry).collect())
    }

    fn operation_of(&self, audit_id: Uuid) -> Result<Option<Operation>, Error> {
        let ledger = self.book.ledger();
        let found = ledger.reader()?.by_id(audit_id)?;
        let operation = found.filter(|stored| stored.leaf.phase == Phase::Intent).and_then(|it| it.leaf.operation);
        Ok(operation.map(|id| ledger.operation(id)).transpose()?.flatten())
    }

    fn end(
        &self,
        audit_id: Uuid,
        outcome: Outcome,
        duration_ms: u64,
        tell: impl FnOnce(&mut Record, &Record),
    ) -> Result<(), Error> {
        let missing = || Error::ActionMissing { audit_id };
        let operation = self.operation_of(audit_id)?.ok_or_else(missing)?;
        if operation.status != OperationStatus::Pending {
            return Err(Error::ActionEnded { audit_id, status: operation.status });
        }
        let own = operation.records.iter().filter_map(|stored| stored.record.as_ref());
        let intent = own.into_iter().find(|record| record.id == audit_id).ok_or_else(missing)?;
        let mut record = intent.clone();
        record.parts.clear();
        record.id = self.book.journal.next_id();
        record.phase = Phase::Outcome;
        record.parent = Some(audit_id);
        record.outcome = Some(outcome);
        record.duration_us = Some(duration_ms.saturating_mul(1_000));
        record.occurred = self.book.journal.now();
        tell(&mut record, intent);
        Ok(self.book.journal.seal(record)?)
    }
}

/// The entry of an operation; none where the words of its intent were erased.
fn entry(operation: &Operation) -> Option<ActionEntry> {
    let intent = operation.intent()?;
    let outcome = operation.records.iter().filter_map(|stored| stored.record.as_ref());
    let outcome = outcome.into_iter().find(|it| it.phase == Phase::Outcome && it.parent == Some(intent.id));
    let is_agent = intent.actor.kind == ActorKind::Agent;
    let own = || Some(intent.actor.id.clone()).filter(|_| !intent.actor_unknown());
    let error = outcome.and_then(|record| part(record, PartName::Error));
    let said = |error: Value| error["message"].as_str().map_or_else(|| error.to_string(), str::to_owned);
    let metadata = outcome.and_then(|record| part(record, PartName::Metadata));
    let undo = [metadata, part(intent, PartName::Context)].into_iter().flatten();
    Some(ActionEntry {
        audit_id: intent.id,
        action_type: intent.category,
        action_name: intent.action.clone(),
        user_id: if is_agent { intent.actor.on_behalf_of.clone() } else { own() },
        agent_name: if is_agent { own() } else { None },
        conversation_id: intent.conversation.clone(),
        status: operation.status,
        input_params: part(intent, PartName::Input),
        result: outcome.and_then(|record| part(record, PartName::Result)),
        error_message: error.map(said),
        duration_ms: outcome.and_then(|record| record.duration_us).map(|us| us as f64 / 1_000.0),
        compensable: undo.into_iter().any(|note| note["compensation"].get("call").is_some()),
        tags: intent.tags.clone(),
        timestamp: intent.occurred,
    })
}

fn set(record: &mut Record, name: PartName, value: &Value) {
    record.set_part(name, value).expect("a JSON value is JSON");
}

fn part(record: &Record, name: PartName) -> Option<Value> {
    serde_json::from_str::<Value>(record.part(name)?.get()).ok().filter(|value| *value != Value::Object(Map::new()))
}
