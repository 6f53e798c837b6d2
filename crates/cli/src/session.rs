//! An open ledger, with what is needed to write to it: who acts, and the policy.

use std::cell::OnceCell;
use std::sync::Arc;
use std::time::Duration;

use sealbook_flow::{Journal, LedgerJournal};
use sealbook_gate::{Gate, GateOptions};
use sealbook_policy::{Decision, Hit, Judged, Policy, Raw, State, is_reserved};
use sealbook_record::{Actor, Category, Outcome, PartName, Phase, Record, Target, TargetKind};
use sealbook_serve::Checks;
use sealbook_store::{Error, Ledger, Options, Sealed, Stored, Upgraded};

use crate::environment::Environment;
use crate::failure::Failure;
use crate::place::Place;
use crate::reviewer::ModelReview;
use crate::teller::Tellers;
use crate::{digest_key, hints, output};

/// An open ledger.
pub(crate) struct Session {
    pub(crate) ledger: Ledger,
    pub(crate) place: Place,
    pub(crate) actor: Actor,
    policy: OnceCell<Policy>,
}

/// A ledger, where what is done beside it is written down, and what redacts it there.
pub(crate) struct Journaled {
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) journal: Arc<dyn Journal>,
    pub(crate) policy: Arc<Policy>,
}

impl Session {
    /// Opens the ledger that lies at a place.
    ///
    /// It is compared with the head that is kept outside it, and with the project's pointer. One
    /// that cannot be written, or has no room left, is opened for reading.
    pub(crate) fn open(place: Place, actor: Actor) -> Result<Self, Failure> {
        place.refuse_strange()?;
        place.notice_gone()?;
        let options = options(&place);
        let ledger = Ledger::open_or_read(place.layout.clone(), options)?;
        if ledger.tenant() != place.tenant {
            let cause =
                format!("it names the tenant `{}` and lies where `{}` has its book", ledger.tenant(), place.tenant);
            return Err(Error::BookUnreadable { path: place.layout.ledger_db(), cause }.into());
        }
        let session = Self::of(ledger, place, actor);
        session.compare_with_pointer()?;
        session.place.remember();
        Ok(session)
    }

    /// Opens the ledger for reading alone, without looking at what is kept outside it.
    pub(crate) fn open_unchecked(place: Place, actor: Actor) -> Result<Self, Failure> {
        place.refuse_strange()?;
        place.notice_gone()?;
        let ledger = Ledger::open_read_only(place.layout.clone(), options(&place))?;
        Ok(Self::of(ledger, place, actor))
    }

    /// Makes a ledger where there is none.
    pub(crate) fn create(place: Place, actor: Actor) -> Result<Self, Failure> {
        place.notice_gone()?;
        let options = options(&place);
        let ledger = Ledger::create(place.layout.clone(), &place.tenant, options, None)?;
        Ok(Self::of(ledger, place, actor))
    }

    /// A gate before the ledger, with those whom it asks. No review takes longer than `review_max`.
    pub(crate) fn into_gate(
        self,
        options: GateOptions,
        environment: &Environment,
        tellers: Arc<Tellers>,
        review_max: Duration,
    ) -> Result<Gate, Failure> {
        let key = digest_key::load_or_create(&self.place.layout.keys, self.ledger.origin())?;
        let book = hints::naming(&self.place);
        let ledger = Arc::new(self.ledger);
        let reviewer = ModelReview::new(Arc::clone(&ledger), &self.place, environment, review_max);
        let gate = Gate::new(ledger, Policy::new(key), options)?.spoken_of_as(&book);
        Ok(gate.telling(tellers).reviewed_by(Arc::new(reviewer)))
    }

    /// A gate for what has happened already: nobody is asked.
    pub(crate) fn into_intake(self, options: GateOptions) -> Result<Gate, Failure> {
        let key = digest_key::load_or_create(&self.place.layout.keys, self.ledger.origin())?;
        Ok(Gate::new(Arc::new(self.ledger), Policy::new(key), options)?)
    }

    /// The ledger, and where what is done beside it is written down.
    pub(crate) fn into_journal(self) -> Result<Journaled, Failure> {
        let key = digest_key::load_or_create(&self.place.layout.keys, self.ledger.origin())?;
        let (ledger, policy) = (Arc::new(self.ledger), Arc::new(Policy::new(key)));
        let journal = LedgerJournal::new(Arc::clone(&ledger), Arc::clone(&policy));
        Ok(Journaled { ledger, journal: Arc::new(journal), policy })
    }

    /// A ledger that is open already.
    pub(crate) fn of(ledger: Ledger, place: Place, actor: Actor) -> Self {
        Self { ledger, place, actor, policy: OnceCell::new() }
    }

    /// What this ledger's writer lets in.
    pub(crate) fn policy(&self) -> Result<&Policy, Failure> {
        if self.policy.get().is_none() {
            let key = digest_key::load_or_create(&self.place.layout.keys, self.ledger.origin())?;
            let _ = self.policy.set(Policy::new(key).with_rules(self.state()?.rules()));
        }
        Ok(self.policy.get().expect("it was set above"))
    }

    /// What holds now: rules, stops, approvals and alerts, those that are over too.
    pub(crate) fn state(&self) -> Result<State, Failure> {
        let mut state = State::with_history();
        self.ledger.bring_up(&mut state)?;
        Ok(state)
    }

    /// Seals records that the command itself makes, with the alerts they raise.
    pub(crate) fn seal(&self, record: Record) -> Result<Sealed, Failure> {
        self.seal_judged(self.admit(record)?)
    }

    /// Seals what came from outside: the commands' own actions are refused, and what is only announced runs into
    /// rules and stops. What has happened already is sealed whatever they say, and raises its alerts.
    pub(crate) fn seal_outside(&self, mut record: Record) -> Result<Sealed, Failure> {
        refuse_reserved(&record.action)?;
        if record.phase != Phase::Intent {
            return self.seal(record);
        }
        let raw = Raw::new(record.clone());
        let verdict = self.policy()?.judge(&raw);
        let state = self.state()?;
        let why = match state.stopped(&record) {
            Some(stop) => format!("stopped: {} ({})", stop.scope, stop.reason.as_deref().unwrap_or("no reason given")),
            None if verdict.decision() < Decision::Ask => {
                return self.seal_judged(self.policy()?.admit_with(raw, verdict)?);
            }
            None => {
                let strict = verdict.enforced().filter(|hit| hit.effect >= Decision::Ask);
                strict.map(Hit::refusal).collect::<Vec<_>>().join(", ")
            }
        };
        record.phase = Phase::Event;
        record.outcome = Some(Outcome::Blocked);
        let sealed = self.seal_judged(self.policy()?.admit_with(Raw::new(record), verdict)?)?;
        Err(Failure::ActionBlocked { why, seq: sealed.seq })
    }

    fn seal_judged(&self, judged: Judged) -> Result<Sealed, Failure> {
        let alerts = self.alerts_of(&judged)?;
        let answer = self.ledger.append(vec![judged])?.into_iter().next();
        let sealed = answer.ok_or_else(|| Error::WriterStopped("it gave no answer".to_owned()))??;
        // A crash here leaves the record, whose violations say the same, and no alert.
        if !alerts.is_empty() {
            self.ledger.append(alerts)?.into_iter().try_for_each(|alert| alert.map(drop))?;
        }
        Ok(sealed)
    }

    /// The alerts that a record raises, ready to be sealed after it.
    pub(crate) fn alerts_of(&self, judged: &Judged) -> Result<Vec<Judged>, Failure> {
        judged.alerts().into_iter().map(|alert| Ok(self.policy()?.admit(alert)?)).collect()
    }

    /// Redacts and judges.
    pub(crate) fn admit(&self, record: Record) -> Result<Judged, Failure> {
        Ok(self.policy()?.admit(Raw::new(record))?)
    }

    /// A record of something that is done to the book itself, by whoever gave the command.
    pub(crate) fn event(&self, action: &str, target: Target) -> Record {
        let mut record = Record::event(self.ledger.next_id(), self.actor.clone(), action, target, self.ledger.now());
        self.ledger.tenant().clone_into(&mut record.tenant);
        record.category = Category::Administration;
        record.outcome = Some(Outcome::Ok);
        record.project = self.project();
        record
    }

    /// Names the approvers of the ledger before, who go on deciding in this one.
    pub(crate) fn take_approvers_over(&self) -> Result<(), Failure> {
        for key in self.ledger.unnamed_approvers()? {
            let mut record = self.event("key.add", Target::new(TargetKind::Key, key.fingerprint().to_string()));
            record.reason = Some("an approver of the ledger that this one goes on from".to_owned());
            self.ledger.add_approver(key, self.admit(record)?, None)?;
        }
        Ok(())
    }

    /// The project's name, where the command was given in one.
    pub(crate) fn project(&self) -> Option<String> {
        self.place.project.as_ref().map(crate::project::Project::name)
    }

    /// The ledgers that this one goes on from, newest first.
    pub(crate) fn earlier(&self) -> Result<Vec<Ledger>, Failure> {
        Ok(sealbook_serve::earlier(&self.ledger)?)
    }

    /// Where one of the earlier ledgers holds a record, and which of them: it is not sealed again.
    ///
    /// With the same id and other content it is refused, as within one ledger.
    pub(crate) fn sealed_in<'l>(
        &self,
        earlier: &'l [Ledger],
        record: &Record,
    ) -> Result<Option<(&'l Ledger, Sealed)>, Failure> {
        for ledger in earlier {
            let Some(stored) = ledger.reader()?.by_id(record.id)? else { continue };
            let admitted = self.admit(record.clone())?;
            if !says_the_same(admitted.record(), &stored) {
                return Err(Error::IdConflict { id: record.id }.into());
            }
            return Ok(Some((ledger, Sealed { seq: stored.seq, id: record.id, hash: stored.hash, duplicate: true })));
        }
        Ok(None)
    }

    /// The ledger that this one goes back to and that is not beside it.
    pub(crate) fn missing_earlier(&self) -> Result<Option<String>, Failure> {
        Ok(sealbook_serve::missing_earlier(&self.ledger)?)
    }

    /// What is checked of this ledger where nothing else is asked for.
    pub(crate) fn checks(&self) -> Checks {
        let expected = self.place.expected().and_then(|(_, origin)| origin.parse().ok());
        Checks { expected, ..Checks::default() }
    }

    /// What `ask` finds in this ledger, else in the ones that it goes on from.
    pub(crate) fn anywhere<T>(&self, ask: impl Fn(&Ledger) -> Result<Option<T>, Error>) -> Result<Option<T>, Failure> {
        if let Some(found) = ask(&self.ledger)? {
            return Ok(Some(found));
        }
        for ledger in self.earlier()? {
            if let Some(found) = ask(&ledger)? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// The project's pointer names the ledger that was there. Another one is not taken for it,
    /// unless it says itself that it goes on from that one.
    fn compare_with_pointer(&self) -> Result<(), Failure> {
        let Some((project, expected)) = self.place.expected() else {
            return Ok(());
        };
        let found = self.ledger.origin().to_string();
        if found == expected {
            return Ok(());
        }
        if self.earlier()?.iter().any(|ledger| ledger.origin().as_str() == expected) {
            return Ok(());
        }
        Err(Failure::BookReplaced {
            book: self.place.book.clone(),
            expected: expected.to_owned(),
            found,
            pointer: project.pointer_path(),
        })
    }
}

/// Whether a record says what was sealed, as far as that can still be read.
fn says_the_same(record: &Record, stored: &Stored) -> bool {
    let Some(sealed) = &stored.record else { return true };
    let mut record = record.clone();
    let is_gone = |name: PartName| stored.erased.iter().chain(&stored.altered).any(|gone| gone == name.as_str());
    record.parts.retain(|name, _| !is_gone(*name));
    record.to_json() == sealed.to_json()
}

/// The actions that change what holds are written by their own commands.
pub(crate) fn refuse_reserved(action: &str) -> Result<(), Failure> {
    if !is_reserved(action) {
        return Ok(());
    }
    let command = match action.split('.').next() {
        Some("retention") => "retention",
        Some("tools") => "wrap",
        Some("rule") => "rules",
        Some("alert") => "alerts",
        Some("approval") => "approvals",
        Some("workflow") => "workflow",
        _ => "stop",
    };
    Err(Failure::ActionReserved { action: action.to_owned(), command })
}

/// How ledgers of a place are opened.
pub(crate) fn options(place: &Place) -> Options {
    let default = Options::default();
    let threads = place.project.as_ref().and_then(|project| project.config.threads);
    let variables = place.variables.clone();
    let upgraded: Upgraded = Arc::new(|path| {
        output::note(&format!("the book at {} was of an older format and is brought up to date", path.display()));
    });
    let upgraded = Some(upgraded);
    Options { threads: threads.unwrap_or(default.threads).clamp(1, 256), variables, upgraded, ..default }
}
