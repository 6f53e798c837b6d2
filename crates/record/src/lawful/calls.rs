//! The calls of a run's steps, forward and back.

use std::collections::HashMap;

use sealbook_ledger::Phase;
use uuid::Uuid;

use super::kept::Kept;
use crate::{COMPENSATION_PREFIX, Outcome};

#[derive(Debug, Default)]
pub(super) struct Calls {
    steps: HashMap<String, Step>,
    begun: usize,
    is_taken_back: bool,
    /// A run that goes on gives a step that was cut off another operation, under a node that says so.
    pub(super) renews: bool,
}

#[derive(Debug, Default)]
struct Step {
    forward: Attempts,
    back: Attempts,
    action: String,
    operations: Vec<Uuid>,
    began: usize,
    leaves_nothing: bool,
    /// A record says that it has no undo.
    has_none: bool,
}

/// Attempts at one thing.
#[derive(Debug, Default)]
struct Attempts {
    last: Option<Uuid>,
    operation: Option<Uuid>,
    may_repeat: bool,
    outcome: Option<Outcome>,
}

impl Attempts {
    fn begin(&mut self, kept: &Kept<'_>, why: &mut Vec<&'static str>) {
        if let Some(last) = self.last {
            if kept.parent != Some(last) || kept.record.operation != self.operation {
                why.push("a repetition that is not declared");
            }
            match self.outcome {
                None => why.push("an attempt began while the one before it was open"),
                Some(Outcome::Ok) => why.push("a step that was done is done again"),
                Some(Outcome::Unknown) if !self.may_repeat => why.push("a call that may not be repeated was"),
                Some(_) => {}
            }
        }
        (self.last, self.operation, self.outcome) = (Some(kept.id), kept.record.operation, None);
        self.may_repeat = kept.may_repeat();
    }

    fn end(&mut self, kept: &Kept<'_>, why: &mut Vec<&'static str>) {
        if kept.parent != self.last || self.outcome.is_some() && !kept.is_reconciled() {
            why.push("an attempt ended that was over");
            return;
        }
        self.outcome = kept.outcome;
    }
}

impl Calls {
    pub(super) fn take(&mut self, kept: &Kept<'_>, name: &str, why: &mut Vec<&'static str>) {
        match kept.phase {
            Phase::Intent if kept.is_undo() => self.take_back(kept, name, why),
            Phase::Intent => {
                if self.is_taken_back {
                    why.push("a step began after taking back had begun");
                }
                let step = self.steps.entry(name.to_owned()).or_default();
                if step.began == 0 {
                    self.begun += 1;
                    step.began = self.begun;
                }
                step.action.clone_from(&kept.record.action);
                let is_new = kept.record.operation.is_some_and(|it| !step.operations.contains(&it));
                if is_new && self.renews && step.forward.outcome != Some(Outcome::Ok) {
                    step.forward = Attempts::default();
                }
                step.operations.extend(kept.record.operation.filter(|_| is_new));
                step.forward.begin(kept, why);
            }
            Phase::Outcome => self.end(kept, name, why),
            Phase::Event if kept.is_reconciled() => self.end(kept, name, why),
            Phase::Event if kept.is_undo() && kept.says_not_undoable() => {
                self.in_order(name, why);
                self.is_taken_back = true;
                self.steps.entry(name.to_owned()).or_default().has_none = true;
            }
            Phase::Event => {}
        }
    }

    fn take_back(&mut self, kept: &Kept<'_>, name: &str, why: &mut Vec<&'static str>) {
        self.is_taken_back |= !name.contains('.');
        self.in_order(name, why);
        let step = self.steps.entry(name.to_owned()).or_default();
        if step.forward.outcome != Some(Outcome::Ok) {
            why.push("an undo of what was not done");
        }
        let action = kept.record.action.strip_prefix(COMPENSATION_PREFIX).unwrap_or_default();
        if step.action != action || step.forward.operation != kept.record.operation {
            why.push("an undo of something else");
        }
        step.back.begin(kept, why);
    }

    fn end(&mut self, kept: &Kept<'_>, name: &str, why: &mut Vec<&'static str>) {
        let step = self.steps.entry(name.to_owned()).or_default();
        if step.back.last.is_some() && kept.parent == step.back.last {
            return step.back.end(kept, why);
        }
        step.forward.end(kept, why);
        if kept.outcome == Some(Outcome::Ok) {
            step.leaves_nothing = kept.leaves_nothing();
        }
    }

    /// Whether all that began later was turned to before.
    fn in_order(&self, name: &str, why: &mut Vec<&'static str>) {
        let began = self.steps.get(name).map_or(0, |step| step.began);
        let scope = |name: &str| name.rsplit_once('.').map(|(scope, _)| scope.to_owned());
        let is_left = |(other, step): (&String, &Step)| {
            scope(other) == scope(name) && step.began > began && step.stands() && !step.was_turned_to()
        };
        if self.steps.iter().any(is_left) {
            why.push("taken back out of order");
        }
    }

    pub(super) fn is_done(&self, name: &str) -> bool {
        self.steps.get(name).is_some_and(|step| step.forward.outcome == Some(Outcome::Ok))
    }

    /// How many operations a step has, with this record's.
    pub(super) fn operations(&self, name: &str, kept: &Kept<'_>) -> usize {
        let known = self.steps.get(name).map(|step| step.operations.as_slice()).unwrap_or_default();
        let is_new = kept.record.operation.is_some_and(|it| !known.contains(&it));
        known.len() + usize::from(is_new && !kept.is_undo())
    }

    /// What the calls show that the end of a saga does not.
    pub(super) fn contradiction(&self, status: &str, steps: Option<&[(String, bool)]>) -> Option<&'static str> {
        let any = |fits: fn(&Step) -> bool| self.steps.values().any(fits);
        match status {
            "completed" => {
                let is_left = steps.is_some_and(|steps| steps.iter().any(|(name, _)| !self.is_done(name)));
                (is_left || any(Step::was_turned_to)).then_some("it says that all is done, and that is not so")
            }
            "compensated" | "failed" | "cancelled" => any(|step| {
                (step.stands() || step.forward.outcome == Some(Outcome::Unknown))
                    && step.back.outcome != Some(Outcome::Ok)
            })
            .then_some("it says that nothing of it is left, and that is not so"),
            "not_undoable" => any(|step| step.stands() && step.back.outcome != Some(Outcome::Ok) && !step.has_none)
                .then_some("it left something without a word"),
            _ => None,
        }
    }
}

impl Step {
    /// Whether it did something that is to be taken back.
    fn stands(&self) -> bool {
        self.forward.outcome == Some(Outcome::Ok) && !self.leaves_nothing
    }

    fn was_turned_to(&self) -> bool {
        self.back.last.is_some() || self.has_none
    }
}
