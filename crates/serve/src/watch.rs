//! Watching: what happens to files as it happens, logs and services again and again, all of it sealed.
//!
//! A watch is one operation: `watch.run` is sealed as an intent before anything is watched, and as an outcome when it
//! ends. Between them stand `watch.changed` for each moment in which something happened, `watch.gap` wherever the
//! system lost events, and an audit of its own for each look at everything: at the beginning, after each gap, and
//! whenever logs or services are due. What was lost is thus said, and the look after it says how things are.

mod tell;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use sealbook_inspect::{Audit, Book, Options, Progress, Silent, Stream, Window};
use sealbook_policy::Policy;
use sealbook_record::{Actor, PartName, Severity, Timestamp};
use sealbook_store::{Ledger, Query};

use self::tell::Telling;
use crate::audit::read;
use crate::{Allowed, Error, Plan, collect};

/// How soon it is noticed that nobody wants it any more.
const LOOK: Duration = Duration::from_millis(500);
/// Logs are not read more often.
const LOGS_EVERY_US: i64 = 2_000_000;
/// How often memory that was kept to be quicker is given back: half a minute.
const REST_EVERY_US: i64 = 30_000_000;

/// What is watched, for whom.
#[derive(Debug, Clone)]
pub struct Watching {
    /// A directory, links resolved.
    pub target: PathBuf,
    /// What the paths in records are relative to.
    pub base: PathBuf,
    /// Of `file`, `log` and `service`, at least one.
    pub sources: Vec<String>,
    /// Their options.
    pub options: Options,
    /// Who asks for it.
    pub actor: Actor,
    /// The project that the target belongs to.
    pub project: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// What it may reach beside files.
    pub allowed: Allowed,
    /// How often services are looked at.
    pub interval: Duration,
    /// When it ends by itself.
    pub until: Option<Timestamp>,
}

/// What came of it.
#[derive(Debug, Clone, Default, serde::Serialize)]
pub struct Watched {
    /// Moments in which something happened.
    pub moments: u64,
    /// Events, those of one path counted each.
    pub events: u64,
    /// Lines about paths that were sealed.
    pub paths: u64,
    /// Events of what is not watched.
    pub ignored: u64,
    /// How often events were lost; each is a record, and a look at everything follows it.
    pub gaps: u64,
    /// Looks at everything, at logs and at services.
    pub audits: u64,
    /// How many of them did not see all that they should have.
    pub incomplete: u64,
    /// Entries of logs that tell of errors, as they were read; what they are, the findings at the end say.
    pub errors: u64,
    /// Findings of its last look; those of services, of each look.
    pub findings: u64,
    /// The gravest finding of them.
    pub worst: Option<Severity>,
}

/// What is told while it goes on.
#[derive(Debug)]
pub enum Heard<'a> {
    /// It begins: everything was looked at once.
    Begun,
    /// Something happened.
    Moment(&'a Window),
    /// Logs or services were looked at, and analyzed.
    Audited(&'a Audit),
    /// Logs were read on; analyzers are asked at the end.
    Read {
        /// Entries that are new.
        entries: u64,
        /// How many of them are errors.
        errors: u64,
        /// Whether all was read that should have been.
        complete: bool,
    },
}

/// Watches until it is told to stop, and seals what it sees.
pub fn watch(
    watching: &Watching,
    ledger: &Ledger,
    policy: &Policy,
    is_over: &dyn Fn() -> bool,
    hear: &mut dyn FnMut(&Heard<'_>),
) -> Result<Watched, Error> {
    let telling = Telling::new(watching, ledger);
    let mut sink = Book::new(ledger).sink(policy);
    telling.begin(&mut sink)?;
    let mut on = On { watching, ledger, policy, watched: Watched::default() };
    let ended = on.go(&telling, &mut sink, is_over, hear);
    let watched = on.watched;
    telling.end(&watched, ended.as_ref().err(), &mut sink)?;
    ended.map(|()| watched)
}

struct On<'a> {
    watching: &'a Watching,
    ledger: &'a Ledger,
    policy: &'a Policy,
    watched: Watched,
}

/// Whether all that a look missed is a log or a file, of which there is none yet.
fn is_waiting(audit: &Audit) -> bool {
    let coverages = audit.sources.iter().filter_map(|source| source.result.as_ref().ok());
    let mut reasons = coverages.flat_map(|coverage| coverage.skipped_by_reason.keys());
    !audit.has_failed() && reasons.all(|why| why == "no_log_found" || why == "no_file")
}

impl On<'_> {
    fn go(
        &mut self,
        telling: &Telling<'_>,
        sink: &mut sealbook_inspect::BookSink<'_>,
        is_over: &dyn Fn() -> bool,
        hear: &mut dyn FnMut(&Heard<'_>),
    ) -> Result<(), Error> {
        let has = |name: &str| self.watching.sources.iter().any(|source| source == name);
        let (files, logs, services) = (has("file"), has("log"), has("service"));
        // It is watched before it is looked at: nothing happens in between that neither sees.
        let mut stream = if files || logs { Some(Stream::start(&self.watching.target)?) } else { None };
        let all: Vec<String> = self.watching.sources.clone();
        self.audit(&all, (true, false), hear)?;
        hear(&Heard::Begun);
        let now = || self.ledger.now().as_micros();
        let every = i64::try_from(self.watching.interval.as_micros()).unwrap_or(i64::MAX);
        let (mut services_at, mut logs_at, mut logs_wait) = (now() + every, now(), false);
        let mut rest_at = now() + REST_EVERY_US;
        let idle = std::sync::mpsc::channel::<()>();
        let mut is_last = false;
        while !is_last {
            let now = self.ledger.now();
            is_last = is_over() || self.watching.until.is_some_and(|until| now >= until);
            let window = match &mut stream {
                Some(stream) if is_last => stream.take(),
                Some(stream) => stream.window(LOOK),
                None => {
                    if !is_last {
                        let _ = idle.1.recv_timeout(LOOK);
                    }
                    Window::default()
                }
            };
            let has_gap = window.gap.is_some();
            logs_wait |= logs && (has_gap || !window.seen.is_empty());
            self.take(&window, files, telling, sink)?;
            if has_gap || !window.seen.is_empty() {
                hear(&Heard::Moment(&window));
            }
            if has_gap && files {
                self.audit(&["file".to_owned()], (true, is_last), hear)?;
            }
            let now = self.ledger.now().as_micros();
            if logs && (is_last || logs_wait && now >= logs_at) {
                // Analyzers read all that was sealed: once at the beginning and once at the end.
                self.audit(&["log".to_owned()], (is_last, is_last), hear)?;
                (logs_wait, logs_at) = (false, self.ledger.now().as_micros() + LOGS_EVERY_US);
            }
            if services && (is_last || now >= services_at) {
                self.audit(&["service".to_owned()], (true, is_last), hear)?;
                services_at = self.ledger.now().as_micros() + every;
            }
            if now >= rest_at {
                self.ledger.rest();
                rest_at = now + REST_EVERY_US;
            }
        }
        Ok(())
    }

    fn take(
        &mut self,
        window: &Window,
        files: bool,
        telling: &Telling<'_>,
        sink: &mut sealbook_inspect::BookSink<'_>,
    ) -> Result<(), Error> {
        let watched = &mut self.watched;
        watched.events += window.events;
        watched.ignored += window.ignored;
        if let Some(gap) = &window.gap {
            watched.gaps += 1;
            telling.gap(gap, sink)?;
        }
        if !window.seen.is_empty() {
            watched.moments += 1;
            watched.paths += window.seen.len() as u64;
            if files {
                telling.changed(window, sink)?;
            }
        }
        Ok(())
    }

    fn audit(
        &mut self,
        sources: &[String],
        (analyzes, is_last): (bool, bool),
        hear: &mut dyn FnMut(&Heard<'_>),
    ) -> Result<(), Error> {
        let watching = self.watching;
        let plan = Plan {
            target: watching.target.clone(),
            base: watching.base.clone(),
            sources: sources.to_vec(),
            analyzers: &[],
            options: watching.options.clone(),
            actor: watching.actor.clone(),
            project: watching.project.clone(),
            reason: watching.reason.clone(),
            baseline: None,
            allowed: watching.allowed,
        };
        let progress: &dyn Progress = &Silent;
        let audit = if analyzes {
            collect(plan, self.ledger, self.policy, progress)?
        } else {
            read(plan, self.ledger, self.policy, progress)?
        };
        self.watched.audits += 1;
        // What is to come is waited for: only at the end it is missing.
        self.watched.incomplete += u64::from(!audit.is_complete() && (is_last || !is_waiting(&audit)));
        self.watched.worst = self.watched.worst.max(audit.findings().map(|finding| finding.severity).max());
        let (entries, errors) = self.read_of(&audit)?;
        self.watched.errors += errors;
        if analyzes {
            self.watched.findings += audit.findings().count() as u64;
            hear(&Heard::Audited(&audit));
        } else {
            hear(&Heard::Read { entries, errors, complete: audit.is_complete() });
        }
        Ok(())
    }

    /// How many entries of logs a run read, and how many of them are errors.
    fn read_of(&self, audit: &Audit) -> Result<(u64, u64), Error> {
        #[derive(serde::Deserialize)]
        struct Read {
            entries: u64,
            levels: BTreeMap<String, u64>,
        }
        let query =
            Query { operation: vec![audit.run.to_string()], action: vec!["log.run".to_owned()], ..Query::default() };
        let mut read = (0, 0);
        self.ledger.each_match(&query, &mut |stored| {
            let part = stored.record.as_ref().and_then(|record| record.part(PartName::Result));
            if let Some(told) = part.and_then(|part| serde_json::from_str::<Read>(part.get()).ok()) {
                let errors = ["error", "critical"].iter().filter_map(|level| told.levels.get(*level)).sum::<u64>();
                read = (read.0 + told.entries, read.1 + errors);
            }
            Ok(true)
        })?;
        Ok(read)
    }
}
