//! What of a record counts.

use sealbook_ledger::Phase;
use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

use crate::{COMPENSATION_PREFIX, NOT_UNDOABLE_TAG, Outcome, PartName, RECONCILED_ACTION, Record};

/// Where in a run a record stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Mark {
    /// The run itself.
    Run,
    /// A node of a workflow.
    Node(String),
    /// A call of a step.
    Call(String),
    /// Nobody knows.
    Nowhere,
}

impl Mark {
    pub(super) fn step(&self) -> Option<&str> {
        match self {
            Self::Node(step) | Self::Call(step) => Some(step),
            Self::Run | Self::Nowhere => None,
        }
    }
}

#[derive(Debug, Default, Deserialize)]
struct Context {
    saga: Option<String>,
    run: Option<String>,
    path: Option<String>,
    status: Option<String>,
    step: Option<Value>,
}

pub(super) struct Kept<'r> {
    pub(super) seq: u64,
    pub(super) id: Uuid,
    pub(super) parent: Option<Uuid>,
    pub(super) phase: Phase,
    pub(super) outcome: Option<Outcome>,
    pub(super) record: &'r Record,
    context: Context,
}

impl<'r> Kept<'r> {
    pub(super) fn of(seq: u64, record: &'r Record) -> Self {
        let context = json(record, PartName::Context).and_then(|it| serde_json::from_value(it).ok());
        let (id, parent, phase, outcome) = (record.id, record.parent, record.phase, record.outcome);
        Self { seq, id, parent, phase, outcome, record, context: context.unwrap_or_default() }
    }

    /// The run that begins here, and whether it is a saga.
    pub(super) fn begins(&self) -> Option<(&str, bool)> {
        match (self.phase, &*self.record.action) {
            (Phase::Intent, "saga.run") => self.context.saga.as_deref().map(|run| (run, true)),
            (Phase::Intent, "workflow.run") => self.context.run.as_deref().map(|run| (run, false)),
            _ => None,
        }
    }

    /// The run and the step that it says it belongs to.
    pub(super) fn mark(&self) -> Option<(String, Mark)> {
        if let Some(step) = &self.context.step {
            let text = |name: &str| step.get(name)?.as_str().map(str::to_owned);
            let run = text("saga").or_else(|| text("run"))?;
            return Some((run, Mark::Call(text("step").or_else(|| text("path"))?)));
        }
        let run = self.context.saga.clone().or_else(|| self.context.run.clone())?;
        let mark = match (&*self.record.action, &self.context.path) {
            ("workflow.node", Some(path)) => Mark::Node(path.clone()),
            _ => Mark::Run,
        };
        Some((run, mark))
    }

    pub(super) fn status(&self) -> Option<String> {
        self.context.status.clone()
    }

    pub(super) fn is_undo(&self) -> bool {
        self.record.action.starts_with(COMPENSATION_PREFIX)
    }

    pub(super) fn is_reconciled(&self) -> bool {
        self.record.action == RECONCILED_ACTION
    }

    pub(super) fn says_not_undoable(&self) -> bool {
        self.record.tags.iter().any(|tag| tag == NOT_UNDOABLE_TAG)
    }

    /// Whether the attempt may be made again when nobody knows how it ended.
    pub(super) fn may_repeat(&self) -> bool {
        let metadata = json(self.record, PartName::Metadata).unwrap_or_default();
        !matches!(metadata["repeat"].as_str(), Some("no" | "if_refused"))
    }

    /// Whether its outcome says that there is nothing to take back.
    pub(super) fn leaves_nothing(&self) -> bool {
        let metadata = json(self.record, PartName::Metadata).unwrap_or_default();
        metadata["compensation"].as_str() == Some("nothing")
    }
}

/// The steps of a saga in order, and which is its point of no return.
pub(super) fn steps(record: &Record) -> Option<Vec<(String, bool)>> {
    let input = json(record, PartName::Input)?;
    let step = |step: &Value| Some((step["name"].as_str()?.to_owned(), step["pivot"].as_bool().unwrap_or(false)));
    input.get("saga")?.get("steps")?.as_array()?.iter().map(step).collect()
}

fn json(record: &Record, part: PartName) -> Option<Value> {
    serde_json::from_str(record.part(part)?.get()).ok()
}
