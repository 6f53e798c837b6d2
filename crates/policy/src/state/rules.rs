//! Which rules hold.

use std::sync::{Arc, OnceLock};

use sealbook_ledger::Hash;
use sealbook_record::{PartName, Record};

use super::{UNKNOWN, UNREADABLE, UNSIGNED};
use crate::rules::{Compiled, guarding};
use crate::{Rule, RuleSet};

/// A rule, and what became of it.
#[derive(Debug, Clone)]
pub struct HeldRule {
    pub(crate) compiled: Compiled,
    /// Whether it is one that every book begins with, unchanged.
    pub builtin: bool,
    /// Whether it holds.
    pub enabled: bool,
    /// The record that added it last.
    pub seq: Option<u64>,
    /// Who added it.
    pub by: Option<String>,
}

impl HeldRule {
    /// The rule.
    pub fn rule(&self) -> &Rule {
        &self.compiled.rule
    }
}

/// Every rule of a book, and the set of those that hold.
#[derive(Debug, Clone)]
pub(super) struct Rules {
    held: Vec<HeldRule>,
    /// Made when it is asked for: a book with many rules is read in one go.
    set: OnceLock<Arc<RuleSet>>,
}

impl Rules {
    pub(super) fn builtin() -> Self {
        let builtin = RuleSet::shared_builtin();
        let held = builtin.compiled().iter().map(|compiled| HeldRule {
            compiled: compiled.clone(),
            builtin: true,
            enabled: true,
            seq: None,
            by: None,
        });
        Self { held: held.collect(), set: OnceLock::new() }
    }

    /// Adds the built-in guards of the directories in which the book lies, unless they are there.
    pub(super) fn guard(&mut self, places: &[String], variables: &[String]) {
        for rule in guarding(places, variables) {
            let is_there = self.held.iter().any(|held| held.rule().id == rule.id);
            if let Ok(compiled) = Compiled::lazy(Arc::new(rule))
                && !is_there
            {
                self.held.push(HeldRule { compiled, builtin: true, enabled: true, seq: None, by: None });
                self.set = OnceLock::new();
            }
        }
    }

    pub(super) fn held(&self) -> &[HeldRule] {
        &self.held
    }

    pub(super) fn set(&self) -> Arc<RuleSet> {
        let make = || {
            let enabled = self.held.iter().filter(|rule| rule.enabled);
            Arc::new(RuleSet::of(enabled.map(|rule| rule.compiled.clone()).collect()))
        };
        Arc::clone(self.set.get_or_init(make))
    }

    /// Adds a rule, or puts it in the place of the one with its id.
    pub(super) fn add(&mut self, seq: u64, record: &Record, approver: Option<Hash>) -> Result<(), &'static str> {
        approver.ok_or(UNSIGNED)?;
        let input = record.part(PartName::Input).ok_or(UNREADABLE)?;
        let rule = Rule::from_json(input.get()).map_err(|_| UNREADABLE)?;
        let compiled = Compiled::lazy(Arc::new(rule)).map_err(|_| UNREADABLE)?;
        let held =
            HeldRule { compiled, builtin: false, enabled: true, seq: Some(seq), by: Some(record.actor.id.clone()) };
        match self.held.iter_mut().find(|other| other.rule().id == held.rule().id) {
            Some(place) => *place = held,
            None => self.held.push(held),
        }
        self.set = OnceLock::new();
        Ok(())
    }

    pub(super) fn switch(&mut self, record: &Record, on: bool, approver: Option<Hash>) -> Result<(), &'static str> {
        approver.ok_or(UNSIGNED)?;
        let held = self.held.iter_mut().find(|held| held.rule().id == record.target.id).ok_or(UNKNOWN)?;
        held.enabled = on;
        self.set = OnceLock::new();
        Ok(())
    }
}
