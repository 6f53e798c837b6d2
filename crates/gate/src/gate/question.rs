//! Telling a person that something waits for them.

use std::sync::Arc;

use sealbook_record::{Category, Outcome, PartName, Record, Severity, Target, TargetKind, Timestamp, Uuid};

use super::Core;

/// Who tells people. The edge injects one.
pub trait Teller: Send + Sync {
    /// Tells of a question, and returns without waiting for anybody. What could not be told is said to
    /// [`Question::untold`], then or later.
    fn tell(&self, question: Question);
}

/// What a person is asked. Nothing in it quotes arguments.
#[derive(Debug, Clone)]
pub struct Question {
    /// The request, by which it is answered.
    pub approval: Uuid,
    /// The command that says yes.
    pub approve: String,
    /// The command that says no.
    pub deny: String,
    /// The names of the rules that ask.
    pub rules: Vec<String>,
    /// Who wants to act.
    pub caller: String,
    /// The server, or whatever else runs the tool.
    pub server: String,
    /// The tool.
    pub tool: String,
    /// Until when a yes counts.
    pub expires: Timestamp,
    /// How many conditions a review has set.
    pub conditions: usize,
    /// How many different approvers must say yes.
    pub approvers: u32,
    /// Where to say that it could not be told.
    pub untold: Untold,
}

/// Puts on record that somebody could not be told.
#[derive(Clone)]
pub struct Untold {
    pub(super) core: Arc<Core>,
    pub(super) request: Box<Record>,
}

impl Untold {
    /// It could not be told in this `way`; `why` is a word or two that quote nothing. A failure to write that down is
    /// of no further consequence: the request itself is on record.
    pub fn because(&self, way: &str, why: &str) {
        let core = &self.core;
        let target = Target::new(TargetKind::Record, self.request.id.to_string());
        let actor = sealbook_record::Actor::new(sealbook_record::ActorKind::System, "sealbook");
        let mut record = Record::event(core.ledger.next_id(), actor, "approval.untold", target, core.ledger.now());
        record.tenant.clone_from(&self.request.tenant);
        record.session.clone_from(&self.request.session);
        record.project.clone_from(&self.request.project);
        record.operation = self.request.operation;
        record.parent = Some(self.request.id);
        record.category = Category::Audit;
        record.outcome = Some(Outcome::Failed);
        record.severity = Severity::Warning;
        let context = serde_json::json!({"way": way, "why": why});
        record.set_part(PartName::Context, &context).expect("texts are JSON");
        let _ = core.admit(record).and_then(|judged| core.seal(judged));
    }
}

impl std::fmt::Debug for Untold {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Untold").field("request", &self.request.id).finish_non_exhaustive()
    }
}
