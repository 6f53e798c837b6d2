//! What a gate needs of whoever reviews calls with a model. The edge injects it.

use std::panic::{AssertUnwindSafe, catch_unwind};

use sealbook_policy::{Conditions, Decision, Verdict};
use sealbook_record::{Record, Uuid};

use super::Core;

/// Reviews calls.
pub trait Reviewer: Send + Sync {
    /// What it thinks of a call. It may take long, and keeps to a deadline of its own.
    ///
    /// The record is raw: whoever implements this redacts it before anybody else sees it.
    fn review(&self, asked: &ToReview<'_>) -> Opinion;
}

/// What is to be reviewed.
#[derive(Debug)]
pub struct ToReview<'a> {
    /// The call, raw.
    pub record: &'a Record,
    /// The domain that the rule names.
    pub domain: &'a str,
}

/// What a reviewer thinks. It can make a decision stricter; nothing here makes one milder.
#[derive(Debug, Clone)]
pub struct Opinion {
    at_least: Decision,
    conditions: Option<Conditions>,
    why: String,
}

impl Opinion {
    /// Nothing stands against it: what the rules say holds.
    pub fn nothing_to_add() -> Self {
        Self { at_least: Decision::Allow, conditions: None, why: String::new() }
    }

    /// A person decides.
    pub fn person_decides() -> Self {
        Self { at_least: Decision::Ask, conditions: None, why: String::new() }
    }

    /// A person has to say that each condition is met. Without a condition, a person decides.
    pub fn on_conditions(review: Uuid, texts: Vec<String>) -> Self {
        let conditions = (!texts.is_empty()).then_some(Conditions { review, texts });
        Self { conditions, ..Self::person_decides() }
    }

    /// It must not happen. `why` goes to the caller: a few words that quote nothing.
    pub fn rejected(why: impl Into<String>) -> Self {
        Self { at_least: Decision::Block, conditions: None, why: why.into() }
    }

    /// The decision that holds: what the rules said, or this, whichever is stricter.
    pub fn applied_to(&self, rules: Decision) -> Decision {
        rules.max(self.at_least)
    }

    pub(super) fn why(&self) -> &str {
        &self.why
    }

    pub(super) fn into_conditions(self) -> Option<Conditions> {
        self.conditions
    }
}

impl Core {
    /// What the reviews that the rules want come to: the strictest of them. No reviewer and a reviewer that fails
    /// mean no.
    pub(super) fn reviewed(&self, record: &Record, verdict: &Verdict) -> Option<Opinion> {
        let mut domains: Vec<&str> = verdict.reviews().map(|(_, domain)| domain).collect();
        domains.sort_unstable();
        domains.dedup();
        let mut strictest: Option<Opinion> = None;
        for domain in domains {
            let opinion = self.opinion(&ToReview { record, domain });
            let is_stricter = |other: &Opinion| {
                (opinion.at_least, opinion.conditions.is_some()) > (other.at_least, other.conditions.is_some())
            };
            let blocks = opinion.at_least == Decision::Block;
            if strictest.as_ref().is_none_or(is_stricter) {
                strictest = Some(opinion);
            }
            if blocks {
                break;
            }
        }
        strictest
    }

    fn opinion(&self, asked: &ToReview<'_>) -> Opinion {
        let Some(reviewer) = self.reviewer.get() else { return Opinion::rejected("there is no reviewer here") };
        catch_unwind(AssertUnwindSafe(|| reviewer.review(asked)))
            .unwrap_or_else(|_| Opinion::rejected("the review failed"))
    }
}
