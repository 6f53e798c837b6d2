//! Agents: a language model works on a task, turn by turn, with the tools that its node names and no other.
//!
//! Each turn and each call is on record before and after. Going on after a crash is reading that: a turn that is over
//! is not asked for again, a call that was made is not made again. What a tool gives is data for the model and nothing
//! else: it neither names a tool nor a secret that the node does not.

mod call;
mod memory;
mod models;
mod offers;
mod turn;

use std::sync::Arc;
use std::time::Duration;

use sealbook_policy::Policy;
use sealbook_record::{Actor, ActorKind, Category, Record, Target, TargetKind};
use sealbook_store::Ledger;
use serde::Serialize;
use serde_json::Value;

use self::memory::{Memory, Remembered};
pub use self::models::Models;
use self::offers::Offers;
use super::steps::{Hands, Place};
use super::tool::Calls;
use crate::tool::Registry;
use crate::workflow::node::{Agent, Config, Node};
use crate::{Chat, Error, Fault, Pending, Recovery, Said, Schema, Secrets, offload};

/// The action of the records of a model's turns.
pub const TURN_ACTION: &str = "model.ask";
/// The action of the records of the calls that a model asked for.
pub const CALL_ACTION: &str = "agent.call";

/// Calls of one turn; those after them are answered, and not made.
const CALLS_MAX: usize = 16;
/// How long all of an agent's work may last where nothing is said.
const TIMEOUT: Duration = Duration::from_mins(30);

/// Does the steps of agents, and hands on the others.
pub struct Agents {
    models: Models,
    policy: Arc<Policy>,
    calls: Calls,
    /// Where what was done before is read.
    ledger: Option<Arc<Ledger>>,
    others: Arc<dyn Hands>,
}

/// One agent at work.
struct Work<'w> {
    agents: &'w Agents,
    agent: &'w Agent,
    place: &'w Place,
    actor: Actor,
    model: Arc<dyn Chat>,
    offers: Offers,
    memory: Memory,
    began: Duration,
}

/// What the part `context` of the records says.
#[derive(Debug, Serialize, serde::Deserialize)]
struct Note {
    run: String,
    /// The step, and within it the turn and the call: `ask/turn[2].call[0]`.
    path: String,
}

impl Agents {
    /// Agents that ask these models, redacted as this policy does, and call these tools.
    pub fn new(
        models: Models,
        policy: Arc<Policy>,
        tenant: impl Into<String>,
        tools: Arc<Registry>,
        recovery: Recovery,
        secrets: Arc<dyn Secrets>,
        others: Arc<dyn Hands>,
    ) -> Self {
        let calls = Calls { tenant: tenant.into(), tools, recovery, secrets };
        Self { models, policy, calls, ledger: None, others }
    }

    /// The same, which go on where an earlier process ended, as this ledger says.
    #[must_use]
    pub fn remembering(self, ledger: Arc<Ledger>) -> Self {
        Self { ledger: Some(ledger), ..self }
    }

    async fn work(&self, node: &Node, agent: &Agent, asked: String, place: &Place) -> Result<Value, Fault> {
        let model = self.models.choose(agent.model_preference.as_deref()).map_err(Fault::permanent)?;
        let offers = Offers::of(&self.calls.tools, &agent.tools).map_err(Fault::permanent)?;
        let memory = match &self.ledger {
            Some(ledger) if place.again => {
                let (ledger, run, path) = (Arc::clone(ledger), place.run_id.clone(), place.path.clone());
                let read = offload(move || Memory::read(&ledger, &run, &path)).await;
                read.and_then(|read| read).map_err(|error| fault(&error))?
            }
            _ if place.again => {
                let why = "it was begun before, and its records are not at hand here; a person decides";
                return Err(Fault::new(crate::Cause::Lost).with_detail(why));
            }
            _ => Memory::default(),
        };
        let mut actor = Actor::new(ActorKind::Agent, node.node_id.clone());
        actor.name = Some(node.name.clone());
        actor.on_behalf_of = place.request.actor.as_ref().map(|it| it.id.clone());
        let began = self.calls.recovery.time.passed();
        Work { agents: self, agent, place, actor, model, offers, memory, began }.run(asked).await
    }
}

impl Hands for Agents {
    fn step<'a>(&'a self, node: &'a Node, asked: Value, place: &'a Place) -> Pending<'a, Result<Value, Fault>> {
        match (&node.config, asked) {
            (Config::Agent(agent), Value::String(asked)) => Box::pin(self.work(node, agent, asked, place)),
            (_, asked) => self.others.step(node, asked, place),
        }
    }
}

impl Work<'_> {
    async fn run(&self, asked: String) -> Result<Value, Fault> {
        let schema = self.agent.answer_schema.clone().map(Schema::new).transpose();
        let schema = schema.map_err(|error| Fault::permanent(error.to_string()))?;
        let (mut said, mut spent) = (vec![Said::Task { text: asked }], 0_u64);
        for number in 0..self.agent.max_turns {
            let turn = match self.memory.turn(number) {
                Remembered::Done(turn) => turn,
                Remembered::Hidden => {
                    let why = "it was begun before, and the record does not hold what its model said whole; a person \
                               decides";
                    return Err(Fault::new(crate::Cause::Lost).with_detail(why));
                }
                Remembered::No => self.turn(number, &said, schema.as_ref()).await?,
            };
            spent = spent.saturating_add(turn.tokens.0.unwrap_or(0)).saturating_add(turn.tokens.1.unwrap_or(0));
            said.push(Said::Model { text: turn.text.clone(), calls: turn.calls.clone() });
            if turn.calls.is_empty() {
                match answer(turn.text.unwrap_or_default(), schema.as_ref()) {
                    Ok(value) => return Ok(value),
                    Err(why) => said.push(Said::Task { text: why }),
                }
            }
            if let Some(most) = self.agent.tokens_max.filter(|most| spent > *most) {
                let why = format!("its model used {spent} tokens, and `tokens_max` is {most}; it was ended there");
                return Err(Fault::permanent(why));
            }
            for (at, wish) in turn.calls.iter().enumerate() {
                said.push(self.answered(number, at, wish).await?);
            }
        }
        let most = self.agent.max_turns;
        Err(Fault::permanent(format!(
            "it is not done after {most} turns; raise `max_turns`, or give it a smaller task"
        )))
    }

    /// How long it may still last.
    ///
    /// Errors: no longer.
    fn left(&self) -> Result<Duration, Fault> {
        let most = self.agent.timeout_s.map_or(TIMEOUT, Duration::from_secs);
        let passed = self.agents.calls.recovery.time.passed().saturating_sub(self.began);
        let left = most.saturating_sub(passed);
        if left.is_zero() {
            return Err(Fault::permanent(format!("it took longer than {} seconds", most.as_secs())));
        }
        Ok(left)
    }

    fn note(&self, path: String) -> Note {
        Note { run: self.place.run_id.clone(), path }
    }

    /// A record of what the agent does, for others to complete.
    fn record(&self, action: &str, category: Category, target: Target) -> Record {
        let journal = &self.agents.calls.recovery.journal;
        let mut record = Record::event(journal.next_id(), self.actor.clone(), action, target, journal.now());
        record.category = category;
        "workflow".clone_into(&mut record.source);
        record.tags.push(self.place.run_id.clone());
        record.parent = Some(self.place.intent);
        record.session.clone_from(&self.place.request.session);
        record.project.clone_from(&self.place.request.project);
        record
    }

    fn model(&self) -> Target {
        Target::new(TargetKind::Model, self.model.name())
    }
}

/// What the agent gives: its text, or data where a schema says which; else what the model is told.
fn answer(text: String, schema: Option<&Schema>) -> Result<Value, String> {
    let Some(schema) = schema else { return Ok(Value::String(text)) };
    let bare = text.trim();
    let bare = bare.strip_prefix("```json").or_else(|| bare.strip_prefix("```")).unwrap_or(bare);
    let bare = bare.strip_suffix("```").unwrap_or(bare).trim();
    let value: Value = serde_json::from_str(bare)
        .map_err(|_| "Your answer is not JSON. Answer again, with one JSON value and nothing else.".to_owned())?;
    match schema.check(&value) {
        Ok(()) => Ok(value),
        Err(misfit) => {
            Err(format!("Your answer does not fit its schema: {misfit}. Answer again, with JSON that fits."))
        }
    }
}

/// An error of the room as how a step failed.
fn fault(error: &Error) -> Fault {
    match error {
        Error::GaveUp(gave_up) if gave_up.fault.cause.is_undecided() => {
            Fault::new(gave_up.fault.cause).with_detail(error.to_string())
        }
        _ => Fault::permanent(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_answer_is_a_text_or_the_data_that_its_schema_wants() {
        assert_eq!(answer("as it is".to_owned(), None), Ok(json!("as it is")));
        let schema =
            Schema::new(json!({"type": "object", "required": ["n"], "properties": {"n": {"type": "integer"}}}));
        let schema = schema.unwrap();
        for text in ["{\"n\": 1}", "```json\n{\"n\": 1}\n```", "```\n{\"n\":1}```\n"] {
            assert_eq!(answer(text.to_owned(), Some(&schema)), Ok(json!({"n": 1})), "{text}");
        }
        for (text, why) in [("no", "is not JSON"), ("{\"n\": \"secret\"}", "at /n"), ("[]", "does not fit")] {
            let told = answer(text.to_owned(), Some(&schema)).unwrap_err();
            assert!(told.contains(why) && !told.contains("secret"), "{told}");
        }
    }
}
