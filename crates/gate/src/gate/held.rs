//! A call that waits: for a review, for a person, for both.

use std::sync::{Arc, PoisonError};

use sealbook_ledger::Hash;
use sealbook_policy::{ApprovalState, Call, Choice, Conditions, Decision, Verdict};
use sealbook_record::{Actor, Outcome, PartName, Phase, Record, Severity, Uuid};

use super::{Core, Gate, Judgement, Pending, Refused, Ruled};
use crate::Error;

/// The label of an intent that a model has looked at.
const REVIEWED: &str = "reviewed";

/// What became of a call that may wait.
pub enum Begun {
    /// It waits for nobody.
    Pending(Pending),
    /// It waits: look at it again with [`Held::look`].
    Held(Held),
}

/// A call that is held: nothing has happened, and nothing will unless [`Held::look`] says so. Whoever holds one
/// ends it by [`Held::look`], [`Held::elicited`], [`Held::give_up`] or [`Held::call_off`].
pub struct Held {
    core: Arc<Core>,
    record: Box<Record>,
    verdict: Verdict,
    /// The request that a person answers, and the rules under which it was made.
    asked: Option<(Uuid, Hash)>,
    /// What a yes must be about, under the rules that it names.
    call: Option<Call>,
    /// Whether a review has set conditions.
    conditional: bool,
    /// Whether the review rather than a rule asks.
    by_review: bool,
    renew: Option<Renew>,
}

/// Brings a record up to date.
pub(crate) struct Renew(pub(crate) Box<dyn Fn(&mut Record) + Send + Sync>);

/// How a person is known who answered through the client.
#[derive(Debug, Clone)]
pub struct Elicited {
    /// What they said.
    pub choice: Choice,
    /// Who the client says it is; a claim.
    pub by: Actor,
    /// The id of the record of the question.
    pub question: Uuid,
}

/// What came of asking.
pub(super) enum Said {
    Passes,
    Refused(Refused),
    Waits,
}

/// What came of looking, before anybody is asked.
pub(super) enum Weighed {
    Said(Said),
    /// A person must be asked, and these conditions must be met.
    MustAsk(Option<Conditions>),
}

impl Gate {
    /// As [`Gate::begin`], for a caller that can wait for a review and for a person.
    ///
    /// Errors: as there.
    pub fn begin_or_hold(&self, intent: Record) -> Result<Begun, Error> {
        let judgement = self.core.judge(&intent)?;
        Ok(match self.core.decide(intent, judgement)? {
            super::Decided::Waits(record, verdict) => Begun::Held(Held::new(Arc::clone(&self.core), record, verdict)),
            decided => Begun::Pending(self.carry_out(decided, self.is_buffered())?),
        })
    }
}

impl Held {
    pub(super) fn new(core: Arc<Core>, record: Box<Record>, verdict: Verdict) -> Self {
        Self { core, record, verdict, asked: None, call: None, conditional: false, by_review: false, renew: None }
    }

    pub(super) fn into_parts(self) -> (Box<Record>, Verdict) {
        (self.record, self.verdict)
    }

    /// The request that a person answers, once there is one.
    pub fn approval(&self) -> Option<Uuid> {
        self.asked.map(|(approval, _)| approval)
    }

    /// The command by which a person says yes, once there is a request.
    pub fn approve_command(&self) -> Option<String> {
        self.approval().map(|approval| self.core.command("approve", approval))
    }

    /// The call.
    pub fn record(&self) -> &Record {
        &self.record
    }

    /// The rules that hold it, by name.
    pub fn rules(&self) -> Vec<String> {
        if self.by_review {
            return self.verdict.reviews().map(|(rule, _)| rule.to_owned()).collect();
        }
        let deciding = self.verdict.enforced().filter(|hit| hit.effect == Decision::Ask);
        deciding.map(|hit| hit.name.clone()).collect()
    }

    /// Whether the answer of the client's own user counts: where no rule demands an approver, and no review has set
    /// conditions. `unsaid` is what holds for rules that say nothing.
    pub fn client_consents(&self, unsaid: bool) -> bool {
        !self.conditional && self.verdict.client_consents(unsaid)
    }

    /// Right before it passes, `renew` brings up to date what its record tells of the world around the call.
    pub(crate) fn renewed_by(mut self, renew: Renew) -> Self {
        self.renew = Some(renew);
        self
    }

    fn passes(mut self) -> Result<Pending, Error> {
        if let Some(Renew(renew)) = &self.renew {
            renew(&mut self.record);
        }
        self.core.passes(*self.record, self.verdict)
    }

    /// Looks at the book as it is now: stops, rules, and what a person has said. Gives the call back where it is
    /// decided, and `None` where it still waits. The first look carries out a review, which takes its time, and
    /// asks the person.
    ///
    /// Errors: the book cannot be read or written. The call must not go on.
    pub fn look(mut self) -> Result<Result<Pending, Self>, Error> {
        let judgement = self.core.judge(&self.record)?;
        let ruled = self.core.rule(&self.record, &judgement);
        let Judgement { verdict, .. } = judgement;
        if let Ruled::Refused(refused) = ruled {
            return Ok(Ok(self.core.refuse(*self.record, verdict, refused)?));
        }
        // Rules that changed since are asked anew.
        let rules = self.core.policy().rules().digest();
        let is_new = self.asked.is_none_or(|(_, then)| then != rules);
        self.verdict = verdict;
        if matches!(ruled, Ruled::Passes) {
            return Ok(Ok(self.passes()?));
        }
        let said = if is_new { self.ask()? } else { self.heard()? };
        Ok(match said {
            Said::Waits => Err(self),
            Said::Passes => Ok(self.passes()?),
            Said::Refused(refused) => Ok(self.core.refuse(*self.record, self.verdict, refused)?),
        })
    }

    /// What a person has said of the request.
    fn heard(&mut self) -> Result<Said, Error> {
        let Some((approval, _)) = self.asked else { return self.ask() };
        // A yes to another request for the same call is as good: one call goes for each.
        if self.is_approved()? {
            return Ok(Said::Passes);
        }
        let now = self.core.ledger.now();
        let state =
            self.core.watch.now(&self.core.ledger, |state| state.approvals().get(approval).map(|it| it.state(now)))?;
        match state {
            Some(ApprovalState::Waiting) => Ok(Said::Waits),
            Some(ApprovalState::Denied) => Ok(Said::Refused(Refused::denied(self.record.id, &self.rules(), approval))),
            // Another call with the same bytes was faster, or its time is over.
            _ => self.ask(),
        }
    }

    /// Whether a person has approved exactly this call; else a review, where one is wanted, and a request.
    pub(super) fn ask(&mut self) -> Result<Said, Error> {
        match self.weigh()? {
            Weighed::Said(said) => Ok(said),
            Weighed::MustAsk(conditions) => {
                self.request(conditions.as_ref())?;
                Ok(Said::Waits)
            }
        }
    }

    /// Whether an approval admits the call; it is used up then.
    fn is_approved(&mut self) -> Result<bool, Error> {
        let (core, approvers) = (Arc::clone(&self.core), self.verdict.approvers());
        let call = self.call();
        let Some(approval) = core.approved(call, approvers, core.ledger.now())? else { return Ok(false) };
        core.use_up(&self.record, approval)
    }

    /// The call under the rules that hold now. Its bytes are hashed once.
    fn call(&mut self) -> &Call {
        let policy = self.core.policy().rules().digest();
        let call = self.call.take().unwrap_or_else(|| self.core.call(&self.record));
        self.call.insert(Call { policy, ..call })
    }

    /// A request that waits for the same call, made by whoever held it first, is this one's too.
    fn joins(&mut self) -> Result<bool, Error> {
        let (core, approvers) = (Arc::clone(&self.core), self.verdict.approvers());
        let call = self.call();
        let policy = call.policy;
        let Some((approval, conditional)) = core.waiting(call, approvers, core.ledger.now())? else { return Ok(false) };
        self.asked = Some((approval, policy));
        self.conditional = conditional;
        Ok(true)
    }

    /// The same, and nobody is asked yet.
    pub(super) fn weigh(&mut self) -> Result<Weighed, Error> {
        let core = Arc::clone(&self.core);
        if self.is_approved()? {
            return Ok(Weighed::Said(Said::Passes));
        }
        if self.joins()? {
            return Ok(Weighed::Said(Said::Waits));
        }
        let Some(opinion) = core.reviewed(&self.record, &self.verdict) else { return Ok(Weighed::MustAsk(None)) };
        self.by_review = opinion.applied_to(Decision::Allow) > self.verdict.decision();
        if !self.record.tags.iter().any(|tag| tag == REVIEWED) {
            self.record.tags.push(REVIEWED.to_owned());
        }
        Ok(match opinion.applied_to(self.verdict.decision()) {
            Decision::Block => {
                let rules: Vec<String> = self.verdict.reviews().map(|(rule, _)| rule.to_owned()).collect();
                Weighed::Said(Said::Refused(Refused::reviewed(self.record.id, &rules, opinion.why())))
            }
            Decision::Ask => Weighed::MustAsk(opinion.into_conditions()),
            _ => Weighed::Said(self.after_review()?),
        })
    }

    /// Puts the request on record, and tells whoever should decide.
    pub(super) fn request(&mut self, conditions: Option<&Conditions>) -> Result<(), Error> {
        let core = Arc::clone(&self.core);
        // One at a time: of many that hold the same call, one asks.
        let _asking = core.asking.lock().unwrap_or_else(PoisonError::into_inner);
        if conditions.is_none() && self.joins()? {
            return Ok(());
        }
        let (call, approvers) = (self.call().clone(), self.verdict.approvers());
        let approval = core.request(&self.record, &call, &self.rules(), conditions, approvers)?;
        self.asked = Some((approval, call.policy));
        self.conditional = conditions.is_some();
        Ok(())
    }

    /// A review took its time: a stop that came meanwhile holds, and so do rules.
    fn after_review(&mut self) -> Result<Said, Error> {
        let judgement = self.core.judge(&self.record)?;
        Ok(match self.core.rule(&self.record, &judgement) {
            Ruled::Refused(refused) => Said::Refused(refused),
            _ if judgement.verdict.decision() >= Decision::Ask => {
                Said::Refused(Refused::blocked(self.record.id, &self.rules()))
            }
            _ => Said::Passes,
        })
    }

    /// What the client says that its user answered. It counts for this call alone, and only where nobody else has
    /// decided before; whoever calls this has looked whether it counts at all ([`Held::client_consents`]).
    ///
    /// Errors: as [`Held::look`].
    pub fn elicited(mut self, answer: &Elicited) -> Result<Result<Pending, Self>, Error> {
        let Some((approval, _)) = self.asked else { return Ok(Err(self)) };
        let first = self.core.elicited(&self.record, approval, answer)?;
        if !first || answer.choice == Choice::Deny {
            return self.look();
        }
        // A stop, or rules that changed while the person thought.
        let judgement = self.core.judge(&self.record)?;
        let ruled = self.core.rule(&self.record, &judgement);
        let still = self.asked.is_some_and(|(_, rules)| rules == self.core.policy().rules().digest());
        Ok(match ruled {
            Ruled::Refused(refused) => Ok(self.core.refuse(*self.record, judgement.verdict, refused)?),
            Ruled::Waits if !still => Err(self),
            _ => {
                self.verdict = judgement.verdict;
                Ok(self.passes()?)
            }
        })
    }

    /// Nobody has decided in time: it is refused, and told under which id a person finds it. A yes that comes
    /// later admits one identical call.
    pub fn give_up(self) -> Result<Pending, Error> {
        let (id, rules) = (self.record.id, self.rules());
        let refused = match self.asked {
            Some((approval, _)) => Refused::held(id, &rules, approval, &self.core.command("approve", approval)),
            None => Refused::blocked(id, &rules),
        };
        self.core.refuse(*self.record, self.verdict, refused)
    }

    /// The caller wants it no more, or is gone: one event with outcome `cancelled`. Nothing that is said of it later
    /// makes it happen.
    pub fn call_off(self, why: &str) -> Result<(), Error> {
        let Self { core, mut record, verdict, .. } = self;
        record.phase = Phase::Event;
        record.outcome = Some(Outcome::Cancelled);
        record.operation.get_or_insert(record.id);
        record.severity = record.severity.max(Severity::Warning);
        record.reason = Some(why.to_owned());
        core.ledger.tenant().clone_into(&mut record.tenant);
        let ticket = core.submit(*record, verdict)?;
        ticket?.wait()?;
        Ok(())
    }

    /// What a person is told of the call: who, what, and the arguments as they are recorded, cut to `chars_max`.
    pub fn told(&self, chars_max: usize) -> String {
        let arguments = self.core.shown(&self.record, PartName::Input);
        let cut = arguments.char_indices().nth(chars_max).map_or(arguments.len(), |(at, _)| at);
        let more = if cut < arguments.len() { " …" } else { "" };
        let actor = &self.record.actor;
        format!("{} wants to call {} with {}{more}", actor.id, self.record.target.id, &arguments[..cut])
    }
}

impl std::fmt::Debug for Held {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Held").field("record", &self.record.id).field("asked", &self.asked).finish_non_exhaustive()
    }
}
