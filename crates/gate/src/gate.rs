//! The gate itself: judge in memory, seal the intent, answer, seal the outcome.

mod ask;
mod gap;
mod options;
mod passage;
mod recorder;
mod shrink;
mod watch;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use sealbook_policy::{Decision, Fail, Judged, Mode, Policy, Raw, Verdict};
use sealbook_record::{Outcome, Phase, Record, Severity};
use sealbook_store::{Ledger, Sealed};

pub use options::{Durability, GateOptions};
pub use passage::{Capture, Ended, Entered, Passage, Pending, Refused};

use crate::Error;
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
    pub(crate) policy: Policy,
    pub(crate) options: GateOptions,
    pub(crate) gap: Gap,
    pub(crate) watch: Watch,
}

impl Gate {
    /// A gate before a ledger.
    ///
    /// Errors: the book cannot be read.
    pub fn new(ledger: Arc<Ledger>, policy: Policy, options: GateOptions) -> Result<Self, Error> {
        let watch = Watch::new(&ledger)?;
        let core = Arc::new(Core { ledger, policy, options, gap: Gap::default(), watch });
        let recorder = Recorder::start(Arc::clone(&core));
        Ok(Self { core, recorder, captured: AtomicBool::new(false) })
    }

    /// The ledger behind the gate.
    pub fn ledger(&self) -> &Ledger {
        &self.core.ledger
    }

    /// How the gate was set up.
    pub fn options(&self) -> &GateOptions {
        &self.core.options
    }

    /// Digest of content that may hold secrets, under the ledger's own key.
    pub fn digest(&self, bytes: &[u8]) -> String {
        self.core.policy.digest(bytes)
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
        let record = self.outcome(entered, ended);
        self.event(record)
    }

    /// As [`Gate::leave`], soon: what comes out of a call need not wait for the disk. A failure is tried
    /// again, and what cannot be sealed in the end is an intent without outcome, which every verifier lists.
    pub fn leave_soon(&self, entered: Entered, ended: Ended) {
        let record = self.outcome(entered, ended);
        self.recorder.push(record);
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
        self.recorder.push(record);
    }

    /// Judges something that needs no record of its own. It is sealed where it is refused, where a rule
    /// wants it noted, and where `keep` says so.
    pub fn consider(&self, record: Record, keep: bool) -> Result<Option<Refused>, Error> {
        let verdict = self.core.judge(&record)?;
        if let Some(refused) = self.core.refusal(&record, &verdict)? {
            return Ok(Some(self.core.seal_refusal(record, refused)?.wait_refused()));
        }
        if keep || !verdict.hits().is_empty() {
            self.recorder.push(record);
        }
        Ok(None)
    }

    /// Opens a capture: a durable intent that [`Capture`] closes with an outcome. A process that ends
    /// without closing it leaves an open intent, and so a gap that shows.
    pub fn capture(&self, record: Record) -> Result<Capture, Error> {
        let (judged, entered) = self.core.announce(record)?;
        let sealed = self.core.seal(judged)?;
        self.captured.store(true, Ordering::Release);
        Ok(Capture(Entered { sealed: Some(sealed), ..entered }))
    }

    /// Seals everything that is queued and ends the capture. From here on everything is durable again.
    pub fn close(&self, capture: Capture, ended: Ended) -> Result<Sealed, Error> {
        self.captured.store(false, Ordering::Release);
        self.recorder.flush();
        self.leave(capture.0, ended)
    }

    /// Waits until everything that was to be recorded soon is sealed or has failed once more.
    pub fn flush(&self) {
        self.recorder.flush();
    }

    fn is_buffered(&self) -> bool {
        self.core.options.durability == Durability::Buffered && self.captured.load(Ordering::Acquire)
    }

    fn begin_with(&self, intent: Record, buffered: bool) -> Result<Pending, Error> {
        let verdict = self.core.judge(&intent)?;
        if let Some(refused) = self.core.refusal(&intent, &verdict)? {
            return self.core.seal_refusal(intent, refused);
        }
        let opens = self.core.options.fail == Fail::Open || verdict.fail() == Fail::Open;
        if buffered && !self.recorder.is_stuck() {
            let (record, entered) = self.core.intent(intent);
            self.recorder.push(record);
            return Ok(Pending::ready(Passage::Entered(entered)));
        }
        let (judged, entered) = self.core.announce(intent)?;
        let ticket = self.core.ledger.submit(vec![judged]);
        Ok(Pending::sealing(Arc::clone(&self.core), ticket, entered, opens))
    }

    /// The record of how something ended.
    fn outcome(&self, entered: Entered, ended: Ended) -> Record {
        let Entered { mut record, sealed, begun, buffered } = entered;
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
        record
    }
}

impl Core {
    /// What the rules that hold now say of the raw record.
    pub(crate) fn judge(&self, record: &Record) -> Result<Verdict, Error> {
        Ok(self.policy.rules().evaluate(record))
    }

    /// Redacts; content larger than a part may be becomes a digest and a size.
    pub(crate) fn admit(&self, record: Record) -> Result<Judged, Error> {
        Ok(self.policy.admit(Raw::new(self.small(record)))?)
    }

    /// Seals one record and waits for it.
    pub(crate) fn seal(&self, judged: Judged) -> Result<Sealed, Error> {
        let mut answers = self.ledger.append(vec![judged])?;
        let sealed = answers.pop().expect("one answer for one record")?;
        self.watch.own(sealed.seq);
        Ok(sealed)
    }

    /// The record as an intent, and what is kept of it until it ends.
    fn intent(&self, mut record: Record) -> (Record, Entered) {
        record.phase = Phase::Intent;
        record.outcome = None;
        record.operation.get_or_insert(record.id);
        self.ledger.tenant().clone_into(&mut record.tenant);
        let parts = std::mem::take(&mut record.parts);
        let entered = Entered { begun: self.ledger.now(), record: record.clone(), sealed: None, buffered: true };
        record.parts = parts;
        (record, entered)
    }

    fn announce(&self, record: Record) -> Result<(Judged, Entered), Error> {
        let (record, entered) = self.intent(record);
        Ok((self.admit(record)?, Entered { buffered: false, ..entered }))
    }

    /// What is said to a caller that may not go on; nothing where it may.
    fn refusal(&self, record: &Record, verdict: &Verdict) -> Result<Option<Refused>, Error> {
        if self.options.mode == Mode::Observe {
            return Ok(None);
        }
        let stopped = self.watch.now(&self.ledger, |state| state.stopped(record).map(|stop| stop.scope.to_string()))?;
        if let Some(scope) = stopped {
            return Ok(Some(Refused::by_stop(record.id, &scope)));
        }
        let decision = verdict.decision();
        if decision < Decision::Ask {
            return Ok(None);
        }
        let deciding = verdict.enforced().filter(|hit| hit.effect == decision);
        let rules: Vec<String> = deciding.map(|hit| hit.name.clone()).collect();
        Ok(Some(Refused::by_rules(record.id, decision, &rules)))
    }

    /// Seals the one event of something that was refused.
    fn seal_refusal(self: &Arc<Self>, mut record: Record, refused: Refused) -> Result<Pending, Error> {
        record.phase = Phase::Event;
        record.outcome = Some(Outcome::Blocked);
        record.operation.get_or_insert(record.id);
        record.severity = record.severity.max(Severity::Warning);
        record.reason = Some(refused.text.clone());
        self.ledger.tenant().clone_into(&mut record.tenant);
        let ticket = self.ledger.submit(vec![self.admit(record)?]);
        Ok(Pending::refusing(Arc::clone(self), ticket, refused))
    }
}

impl std::fmt::Debug for Gate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Gate").field("options", &self.core.options).finish_non_exhaustive()
    }
}
