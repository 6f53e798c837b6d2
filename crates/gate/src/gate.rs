//! The gate itself: judge in memory, seal the intent, answer, seal the outcome.

mod ask;
mod delegate;
mod gap;
mod held;
mod options;
mod passage;
mod question;
mod recorder;
mod review;
mod shrink;
mod taken;
mod watch;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock};

use sealbook_policy::{Decision, Fail, Judged, Mode, Policy, Raw, Rule, RuleSet, Verdict};
use sealbook_record::{Outcome, PartName, Phase, Record, Severity};
use sealbook_store::{Ledger, Sealed, Ticket};

pub(crate) use held::Renew;
pub use held::{Begun, Elicited, Held};
pub use options::{Durability, GateOptions};
pub use passage::{Capture, Ended, Entered, Passage, Pending, Refused};
pub use question::{Question, Teller, Untold};
pub use review::{Opinion, Reviewer, ToReview};
pub use taken::Taken;

use crate::{Error, files};
use gap::Gap;
use recorder::Recorder;
use watch::Watch;

/// One per process. Shared freely between threads.
pub struct Gate {
    core: Arc<Core>,
    recorder: Recorder,
    /// Whether a durable [`Capture`] is open, without which nothing is buffered.
    captured: AtomicBool,
}

/// What the gate and its recorder share.
pub(crate) struct Core {
    pub(crate) ledger: Arc<Ledger>,
    policy: RwLock<Arc<Policy>>,
    /// Rules that came with the policy and are not built in: they hold beside the book's.
    own_rules: Vec<Rule>,
    pub(crate) options: GateOptions,
    pub(crate) gap: Gap,
    pub(crate) watch: Watch,
    teller: OnceLock<Arc<dyn Teller>>,
    reviewer: OnceLock<Arc<dyn Reviewer>>,
    /// Options that name the book, at the end of commands that people are told.
    book: OnceLock<String>,
    /// Held while a person is asked.
    asking: Mutex<()>,
}

/// Records on their way to the disk, or why they are not.
type Submitted = Result<Ticket, sealbook_store::Error>;

/// Whether a call passes.
enum Decided {
    Passes(Box<Record>, Verdict),
    Refused(Pending),
    /// A model or a person has to say something first.
    Waits(Box<Record>, Verdict),
}

/// What is to be said of one record.
struct Judgement {
    stop: Option<String>,
    verdict: Verdict,
}

/// What the rules and stops alone make of a record.
enum Ruled {
    Passes,
    Refused(Refused),
    /// A model or a person has to say something first.
    Waits,
}

impl Gate {
    /// A gate before a ledger.
    ///
    /// Errors: the book cannot be read.
    pub fn new(ledger: Arc<Ledger>, policy: Policy, options: GateOptions) -> Result<Self, Error> {
        let built_in = RuleSet::builtin();
        let is_own = |rule: &&Rule| built_in.rules().all(|other| other != *rule);
        let own_rules = policy.rules().rules().filter(is_own).cloned().collect();
        let watch = Watch::new(&ledger, policy.rules())?;
        let core = Arc::new(Core {
            ledger,
            policy: RwLock::new(Arc::new(policy)),
            own_rules,
            options,
            gap: Gap::default(),
            watch,
            teller: OnceLock::new(),
            reviewer: OnceLock::new(),
            book: OnceLock::new(),
            asking: Mutex::new(()),
        });
        let recorder = Recorder::start(Arc::clone(&core));
        Ok(Self { core, recorder, captured: AtomicBool::new(false) })
    }

    /// The same; whoever should decide is told by `teller` that something waits.
    #[must_use]
    pub fn telling(self, teller: Arc<dyn Teller>) -> Self {
        let _ = self.core.teller.set(teller);
        self
    }

    /// The same; what a rule wants reviewed is shown to `reviewer`. Without one, such calls are refused.
    #[must_use]
    pub fn reviewed_by(self, reviewer: Arc<dyn Reviewer>) -> Self {
        let _ = self.core.reviewer.set(reviewer);
        self
    }

    /// The same; commands that people are told end with these options, which name the book and the tenant.
    #[must_use]
    pub fn spoken_of_as(self, options: &str) -> Self {
        let _ = self.core.book.set(options.to_owned());
        self
    }

    /// The ledger behind the gate.
    pub fn ledger(&self) -> &Ledger {
        &self.core.ledger
    }

    /// The rules that hold now.
    ///
    /// Errors: the book cannot be read.
    pub(crate) fn rules(&self) -> Result<Arc<RuleSet>, Error> {
        self.core.bring_rules_up()?;
        Ok(Arc::clone(self.core.policy().rules()))
    }

    /// How the gate was set up.
    pub fn options(&self) -> &GateOptions {
        &self.core.options
    }

    /// Digest of content that may hold secrets, under the ledger's own key.
    pub fn digest(&self, bytes: &[u8]) -> String {
        self.core.policy().digest(bytes)
    }

    /// Judges the raw intent and seals it, or one event with outcome `blocked`; answers when that is durable.
    ///
    /// Errors: the record holds more than one may. The call must not go on.
    pub fn enter(&self, intent: Record) -> Result<Passage, Error> {
        self.begin(intent)?.wait()
    }

    /// As [`Gate::enter`], in two steps: judged and queued here, durable when [`Pending::wait`] returns.
    /// Calls that are begun one after another share a commit.
    pub fn begin(&self, intent: Record) -> Result<Pending, Error> {
        self.begin_with(intent, self.is_buffered())
    }

    /// Seals how it ended; answers when that is durable.
    pub fn leave(&self, entered: Entered, ended: Ended) -> Result<Sealed, Error> {
        let (record, said) = self.outcome(entered, ended);
        let mut all = vec![self.core.admit(record)?];
        all.append(&mut self.core.alerts(&all[0], &said)?);
        let sealed = self.core.ledger.append(all)?.into_iter().next().expect("one answer for each record")?;
        self.core.close_gap();
        Ok(sealed)
    }

    /// As [`Gate::leave`], soon: what comes out of a call need not wait for the disk. A failure is tried
    /// again, and what cannot be sealed in the end is an intent without outcome, which every verifier lists.
    pub fn leave_soon(&self, entered: Entered, ended: Ended) {
        let (record, said) = self.outcome(entered, ended);
        self.recorder.push(record, said);
    }

    /// Seals something that happened and is not judged; answers when it is durable.
    pub fn event(&self, record: Record) -> Result<Sealed, Error> {
        let judged = self.core.admit(record)?;
        let sealed = self.core.seal(judged)?;
        self.core.close_gap();
        Ok(sealed)
    }

    /// As [`Gate::event`], soon.
    pub fn event_soon(&self, record: Record) {
        self.recorder.push(record, Vec::new());
    }

    /// Judges something that needs no record of its own. It is sealed where it is refused, where a rule
    /// wants it noted, and where `keep` says so.
    pub fn consider(&self, record: Record, keep: bool) -> Result<Option<Refused>, Error> {
        let judgement = self.core.judge(&record)?;
        let record = match self.core.decide(record, judgement)?.at_once(&self.core)? {
            Decided::Waits(..) => unreachable!("nothing waits at once"),
            Decided::Refused(pending) => return Ok(Some(pending.wait_refused())),
            Decided::Passes(record, verdict) if keep || !verdict.hits().is_empty() => record,
            Decided::Passes(..) => return Ok(None),
        };
        self.recorder.push(*record, Vec::new());
        Ok(None)
    }

    /// Opens a capture: a durable intent that [`Capture`] closes with an outcome. A process that ends
    /// without closing it leaves an open intent, and so a gap that shows.
    pub fn capture(&self, record: Record) -> Result<Capture, Error> {
        let (record, entered) = self.core.intent(record, &Verdict::default());
        let sealed = self.core.seal(self.core.admit(record)?)?;
        self.captured.store(true, Ordering::Release);
        Ok(Capture(Entered { sealed: Some(sealed), buffered: false, ..entered }))
    }

    /// Seals everything that is queued and ends the capture. From here on everything is durable again.
    pub fn close(&self, capture: Capture, ended: Ended) -> Result<Sealed, Error> {
        self.captured.store(false, Ordering::Release);
        self.recorder.flush();
        self.leave(capture.0, ended)
    }

    /// What is not on record and should be, in a sentence: the book did not take it, and has taken nothing since.
    pub fn gap(&self) -> Option<String> {
        self.core.gap.told()
    }

    /// Waits until everything that was to be recorded soon is sealed or has failed once more.
    pub fn flush(&self) {
        self.recorder.flush();
    }

    fn is_buffered(&self) -> bool {
        self.core.options.durability == Durability::Buffered && self.captured.load(Ordering::Acquire)
    }

    fn begin_with(&self, intent: Record, buffered: bool) -> Result<Pending, Error> {
        let judgement = self.core.judge(&intent)?;
        let decided = self.core.decide(intent, judgement)?.at_once(&self.core)?;
        self.carry_out(decided, buffered)
    }

    /// What was decided and waits for nobody.
    fn carry_out(&self, decided: Decided, buffered: bool) -> Result<Pending, Error> {
        let (intent, verdict) = match decided {
            Decided::Waits(..) => unreachable!("nothing waits at once"),
            Decided::Refused(pending) => return Ok(pending),
            Decided::Passes(intent, verdict) => (intent, verdict),
        };
        if buffered && !self.recorder.is_stuck() {
            let (record, entered) = self.core.intent(*intent, &verdict);
            self.recorder.push(record, Vec::new());
            return Ok(Pending::ready(Passage::Entered(entered)));
        }
        self.core.passes(*intent, verdict)
    }

    /// The record of how something ended.
    fn outcome(&self, entered: Entered, ended: Ended) -> (Record, Vec<String>) {
        let Entered { mut record, sealed, begun, buffered, said } = entered;
        let now = self.core.ledger.now();
        let intent = record.id;
        record.id = self.core.ledger.next_id();
        record.parent = Some(intent);
        record.phase = Phase::Outcome;
        if sealed.is_none() && !buffered {
            // Nothing announced it: the gate was open, and the book could not be written.
            record.phase = Phase::Event;
            record.tags.push("gap".to_owned());
        }
        record.occurred = now;
        record.outcome = Some(ended.outcome);
        record.duration_us = Some(now.as_micros().saturating_sub(begun.as_micros()).max(0) as u64);
        record.reason = ended.reason.or(record.reason);
        record.tags.extend(ended.tags);
        record.parts = ended.parts;
        record.severity = ended.severity.unwrap_or(match ended.outcome {
            Outcome::Ok => record.severity,
            _ => record.severity.max(Severity::Warning),
        });
        (*record, said)
    }
}

impl Core {
    /// The policy with the rules that held when it was asked last.
    pub(crate) fn policy(&self) -> Arc<Policy> {
        Arc::clone(&self.policy.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// What the rules that hold now say of the raw record, and the stop that it runs into.
    ///
    /// Where the book cannot be read, nobody knows what holds: an error.
    fn judge(&self, record: &Record) -> Result<Judgement, Error> {
        let stop = self.watch.now(&self.ledger, |state| state.stopped(record).map(|stop| stop.scope.to_string()));
        // What is refused for that leaves no record: that it was shows as a gap, once the book is there again.
        let stop = stop.map_err(|cause| {
            let cause = Error::from(cause);
            self.gap.refused(self.ledger.now(), cause.code());
            cause
        })?;
        self.take_new_rules();
        let verdict = self.policy().rules().evaluate(record);
        Ok(Judgement { stop, verdict })
    }

    /// Judges by the rules that hold now, from here on.
    pub(crate) fn bring_rules_up(&self) -> Result<(), Error> {
        self.watch.now(&self.ledger, |_| ())?;
        self.take_new_rules();
        Ok(())
    }

    fn take_new_rules(&self) {
        if let Some(rules) = self.watch.new_rules() {
            let mut policy = self.policy.write().unwrap_or_else(PoisonError::into_inner);
            *policy = Arc::new(policy.judging_by(self.with_own(&rules)));
        }
    }

    /// The book's rules and those that came with the policy.
    fn with_own(&self, rules: &Arc<RuleSet>) -> Arc<RuleSet> {
        if self.own_rules.is_empty() {
            return Arc::clone(rules);
        }
        let all = rules.rules().chain(&self.own_rules).cloned().collect();
        // Each of them was compiled before.
        RuleSet::compile(all).map_or_else(|_| Arc::clone(rules), Arc::new)
    }

    /// Redacts; content larger than a part may be becomes a digest and a size.
    pub(crate) fn admit(&self, record: Record) -> Result<Judged, Error> {
        Ok(self.policy().admit(Raw::new(self.small(record)))?)
    }

    /// Seals one record and waits for it.
    pub(crate) fn seal(&self, judged: Judged) -> Result<Sealed, Error> {
        let mut answers = self.ledger.append(vec![judged])?;
        let sealed = answers.pop().expect("one answer for one record")?;
        Ok(sealed)
    }

    /// The record as an intent, and what is kept of it until it ends.
    fn intent(&self, mut record: Record, verdict: &Verdict) -> (Record, Entered) {
        record.phase = Phase::Intent;
        record.outcome = None;
        record.operation.get_or_insert(record.id);
        self.ledger.tenant().clone_into(&mut record.tenant);
        let parts = std::mem::take(&mut record.parts);
        let raised = verdict.enforced().filter(|hit| hit.effect >= Decision::Alert);
        let said = raised.map(|hit| hit.rule.clone()).collect();
        let mut kept = Box::new(record.clone());
        record.parts = parts;
        if record.part(PartName::Before).is_some() {
            kept.parts.insert(PartName::Before, files::without_content(&record));
        }
        let entered = Entered { begun: self.ledger.now(), record: kept, sealed: None, buffered: true, said };
        (record, entered)
    }

    /// Redacts what was judged, and queues it together with the alerts that it raises.
    fn submit(&self, record: Record, verdict: Verdict) -> Result<Submitted, Error> {
        let judged = self.policy().admit_with(Raw::new(self.small(record)), verdict)?;
        let mut all = vec![judged];
        all.append(&mut self.alerts(&all[0], &[])?);
        Ok(self.ledger.submit(all))
    }

    /// The alerts that a record raises; those of `said` rules were raised by its intent.
    pub(crate) fn alerts(&self, judged: &Judged, said: &[String]) -> Result<Vec<Judged>, Error> {
        let raised = judged.alerts();
        let fresh = raised.into_iter().filter(|raw| !said.contains(&raw.record().target.id));
        fresh.map(|raw| Ok(self.policy().admit(raw)?)).collect()
    }

    /// What the stop and the rules say, before anybody is asked.
    fn rule(&self, record: &Record, judgement: &Judgement) -> Ruled {
        // A stop is a person's word, and holds where rules are only watched too.
        // What calls something off helps it.
        if let Some(scope) = judgement.stop.as_ref().filter(|_| record.action != "notifications.cancelled") {
            return Ruled::Refused(Refused::by_stop(record.id, scope));
        }
        let verdict = &judgement.verdict;
        let decision = verdict.decision();
        if self.options.mode == Mode::Observe || (decision < Decision::Ask && verdict.reviews().next().is_none()) {
            return Ruled::Passes;
        }
        if decision <= Decision::Ask {
            return Ruled::Waits;
        }
        let deciding = verdict.enforced().filter(|hit| hit.effect == decision);
        let rules: Vec<String> = deciding.map(|hit| hit.name.clone()).collect();
        Ruled::Refused(Refused::blocked(record.id, &rules))
    }

    /// Whether it passes. A refusal is on its way to the disk already.
    fn decide(self: &Arc<Self>, record: Record, judgement: Judgement) -> Result<Decided, Error> {
        let ruled = self.rule(&record, &judgement);
        let verdict = judgement.verdict;
        Ok(match ruled {
            Ruled::Passes => Decided::Passes(Box::new(record), verdict),
            Ruled::Refused(refused) => Decided::Refused(self.refuse(record, verdict, refused)?),
            Ruled::Waits => Decided::Waits(Box::new(record), verdict),
        })
    }

    /// Queues the intent of something that passes.
    fn passes(self: &Arc<Self>, intent: Record, verdict: Verdict) -> Result<Pending, Error> {
        let opens = self.options.fail == Fail::Open || verdict.fail() == Fail::Open;
        let (record, entered) = self.intent(intent, &verdict);
        let ticket = self.submit(record, verdict)?;
        Ok(Pending::sealing(Arc::clone(self), ticket, Entered { buffered: false, ..entered }, opens))
    }

    /// Seals the one event of something that was refused.
    fn refuse(self: &Arc<Self>, mut record: Record, verdict: Verdict, refused: Refused) -> Result<Pending, Error> {
        record.phase = Phase::Event;
        record.outcome = Some(Outcome::Blocked);
        record.operation.get_or_insert(record.id);
        record.severity = record.severity.max(Severity::Warning);
        record.reason = Some(refused.text.clone());
        self.ledger.tenant().clone_into(&mut record.tenant);
        let ticket = self.submit(record, verdict)?;
        Ok(Pending::refusing(Arc::clone(self), ticket, refused))
    }
}

impl Decided {
    /// The same for a caller that cannot wait: what a person has to say first is refused, and they are asked.
    fn at_once(self, core: &Arc<Core>) -> Result<Self, Error> {
        let Self::Waits(record, verdict) = self else { return Ok(self) };
        let mut held = Held::new(Arc::clone(core), record, verdict);
        Ok(match held.ask()? {
            held::Said::Passes => {
                let (record, verdict) = held.into_parts();
                Self::Passes(record, verdict)
            }
            held::Said::Refused(refused) => {
                let (record, verdict) = held.into_parts();
                Self::Refused(core.refuse(*record, verdict, refused)?)
            }
            held::Said::Waits => Self::Refused(held.give_up()?),
        })
    }
}

impl std::fmt::Debug for Gate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Gate").field("options", &self.core.options).finish_non_exhaustive()
    }
}
