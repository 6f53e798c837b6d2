//! Whether a run went as runs may go, from its records alone: a saga or a workflow that was interrupted and gone on
//! with, in whatever process, did nothing that its journal does not explain.
//!
//! Every effect has an intent before it; a repetition names the attempt that it repeats, and repeats nothing that
//! was done or may not be repeated; what is taken back was done before, and is taken back in the reverse of the order
//! in which it began.

mod calls;
mod kept;

use std::collections::HashMap;

use sealbook_ledger::Phase;
use serde::Serialize;
use uuid::Uuid;

use self::calls::Calls;
use self::kept::{Kept, Mark};
use crate::{Outcome, RECONCILED_ACTION, Record};

/// Something that a run did and may not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unlawful {
    /// The record that shows it.
    pub seq: u64,
    /// The run.
    pub run: String,
    /// The step, where it is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step: Option<String>,
    /// What is wrong.
    pub why: &'static str,
}

/// Holds runs against their own records. Checked are those whose beginning is among the records.
#[derive(Debug, Default)]
pub struct LawfulCheck {
    runs: HashMap<String, Run>,
    /// Intents of runs, by their ids: the run, the step, and whether it is of a call.
    intents: HashMap<Uuid, (String, Mark)>,
    found: Vec<Unlawful>,
}

/// A run, as far as it came.
#[derive(Debug, Default)]
struct Run {
    is_saga: bool,
    /// The saga's steps in order, with whether each is the point of no return; where its definition can be read.
    steps: Option<Vec<(String, bool)>>,
    calls: Calls,
    /// Nodes of a workflow.
    nodes: HashMap<String, Node>,
    resumed: u64,
    ended: bool,
}

/// A node of a workflow.
#[derive(Debug, Default)]
struct Node {
    intent: Option<Uuid>,
    began: u64,
    times: usize,
    outcome: Option<Outcome>,
}

impl LawfulCheck {
    /// Takes a record; in the order of sealing.
    pub fn push(&mut self, seq: u64, record: &Record) {
        let kept = Kept::of(seq, record);
        if let Some((run, is_saga)) = kept.begins() {
            let run = self.runs.entry(run.to_owned()).or_default();
            (run.is_saga, run.steps, run.calls.renews) = (is_saga, kept::steps(record), !is_saga);
            return;
        }
        let Some((name, mark)) = self.belongs(&kept) else { return };
        let Some(run) = self.runs.get_mut(&name) else { return };
        let step = mark.step().map(str::to_owned);
        for why in run.take(&kept, &mark) {
            self.found.push(Unlawful { seq, run: name.clone(), step: step.clone(), why });
        }
        if kept.phase == Phase::Intent {
            self.intents.insert(kept.id, (name, mark));
        }
    }

    /// How many runs there were.
    pub fn runs(&self) -> usize {
        self.runs.len()
    }

    /// What runs did and may not.
    pub fn finish(self) -> Vec<Unlawful> {
        self.found
    }

    /// The run and the step that a record belongs to.
    fn belongs(&self, kept: &Kept<'_>) -> Option<(String, Mark)> {
        let is_end = kept.phase == Phase::Outcome || kept.record.action == RECONCILED_ACTION;
        if is_end && let Some(known) = kept.parent.and_then(|parent| self.intents.get(&parent)) {
            return Some(known.clone());
        }
        if let Some(mark) = kept.mark() {
            return Some(mark);
        }
        // An outcome that bears the run's tag, and names no intent of it.
        let tag = kept.record.tags.iter().find(|tag| self.runs.contains_key(*tag))?;
        is_end.then(|| (tag.clone(), Mark::Nowhere))
    }
}

impl Run {
    /// One more record of it; what is wrong with that.
    fn take(&mut self, kept: &Kept<'_>, mark: &Mark) -> Vec<&'static str> {
        let mut why = Vec::new();
        if self.ended && kept.phase == Phase::Intent {
            why.push("it went on after it had ended");
        }
        match mark {
            Mark::Nowhere => why.push("an outcome without an intent before it"),
            Mark::Run => self.take_own(kept, &mut why),
            Mark::Node(path) => self.take_node(kept, path, &mut why),
            Mark::Call(step) => {
                if kept.phase == Phase::Intent {
                    self.place(kept, step, &mut why);
                }
                self.calls.take(kept, step, &mut why);
            }
        }
        why
    }

    fn take_own(&mut self, kept: &Kept<'_>, why: &mut Vec<&'static str>) {
        match (kept.phase, &*kept.record.action) {
            (Phase::Intent, "workflow.resume") => self.resumed = kept.seq,
            (Phase::Outcome, "saga.run" | "workflow.run") => {
                if std::mem::replace(&mut self.ended, true) {
                    why.push("it ended twice");
                }
                if let (true, Some(status)) = (self.is_saga, kept.status()) {
                    why.extend(self.calls.contradiction(&status, self.steps.as_deref()));
                }
            }
            _ => {}
        }
    }

    fn take_node(&mut self, kept: &Kept<'_>, path: &str, why: &mut Vec<&'static str>) {
        let resumed = self.resumed;
        let node = self.nodes.entry(path.to_owned()).or_default();
        match kept.phase {
            Phase::Intent => {
                if node.outcome == Some(Outcome::Ok) {
                    why.push("a step that was done is done again");
                } else if node.intent.is_some() && resumed < node.began {
                    why.push("a repetition that is not declared");
                }
                (node.intent, node.began, node.outcome) = (Some(kept.id), kept.seq, None);
                node.times += 1;
            }
            Phase::Outcome if kept.parent == node.intent && node.outcome.is_none() => node.outcome = kept.outcome,
            Phase::Outcome => why.push("an attempt ended that was over"),
            Phase::Event => {}
        }
    }

    /// Whether a call may begin where it does.
    fn place(&self, kept: &Kept<'_>, step: &str, why: &mut Vec<&'static str>) {
        if !self.is_saga {
            let node = self.nodes.get(step);
            // What an agent calls lies within its node.
            let is_within = |(path, node): (&String, &Node)| step.starts_with(&**path) && node.outcome.is_none();
            if !kept.is_undo() && !self.nodes.iter().any(is_within) {
                why.push("a call outside of its step");
            }
            if node.is_some_and(|node| self.calls.operations(step, kept) > node.times) {
                why.push("a repetition that is not declared");
            }
            return;
        }
        let Some(steps) = &self.steps else { return };
        let Some(at) = steps.iter().position(|(name, _)| name == step) else {
            why.push("a step that the saga does not have");
            return;
        };
        let is_past = steps.iter().any(|(name, is_pivot)| *is_pivot && self.calls.is_done(name));
        if kept.is_undo() {
            if is_past {
                why.push("taken back past the point of no return");
            }
        } else if steps[..at].iter().any(|(name, _)| !self.calls.is_done(name)) {
            why.push("a step began before the one before it was done");
        }
    }
}
