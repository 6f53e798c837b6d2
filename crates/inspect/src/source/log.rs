//! The `log` source: what logs say, and whether they are still what they were.
//!
//! Each run seals a `log.segment` record per file in which there was something new, a `log.template` record per
//! kind of message and a `log.cluster` record per kind of error that no run sealed before, pages of `log.state`
//! from which the next run goes on, and one `log.run` record over all of it, last: a run that is cut short
//! leaves none, and what it read is read again. Never one record per line.
//!
//! A later run reads what is new. Logs that were renamed, copied and emptied, or compressed are known again; one
//! that was shortened or written over becomes a `log.lost` record. Of what was read before, the beginning and the
//! end are looked at; `again` checks all of it. With `level`, `since`, `until` or `services`, a run answers that
//! question over whole files, in a `log.selection` record, and moves no place.
//!
//! Values are masked before messages are compared, and what is kept as an example is redacted.

mod entry;
mod find;
mod format;
#[cfg(test)]
mod grouping;
mod level;
mod lines;
mod mask;
mod open;
mod previous;
mod read;
mod resume;
mod run;
mod seen;
mod state;
mod sum;
mod tally;
mod tell;
mod templates;
mod time;
mod work;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use sealbook_policy::redact_text;
use sealbook_record::{TargetKind, TimeZone, Timestamp};
use serde::Serialize;

use self::find::Place;
use self::previous::Previous;
use self::read::Wanted;
use self::resume::{Job, Plan};
use self::run::Run;
use self::sum::Sum;
use self::work::{Done, Task};
use crate::progress::go_on;
use crate::{Coverage, Error, OptionHelp, Options, Prior, Progress, Request, Sink, Source, SourceMetadata, TreePath};

/// The source's name in records.
const NAME: &str = "log";
/// What was read of one file.
const SEGMENT: &str = "log.segment";
/// A kind of message.
const TEMPLATE: &str = "log.template";
/// A kind of error.
const CLUSTER: &str = "log.cluster";
/// A file that is not what it was.
const LOST: &str = "log.lost";
/// How far files were read.
const STATE: &str = "log.state";
/// The record over a whole run.
const RUN: &str = "log.run";
/// The record over a run that asked for a part.
const SELECTION: &str = "log.selection";

/// Files that are worked on before what they said is put together.
const WAVE: usize = 64;

/// Options of the `log` source.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct LogOptions {
    /// Only entries this grave or graver.
    pub level: Option<sealbook_record::Severity>,
    /// Only entries at or after this time.
    pub since: Option<Timestamp>,
    /// Only entries at or before this time.
    pub until: Option<Timestamp>,
    /// Only entries of these services.
    pub services: Vec<String>,
    /// Read and check what earlier runs sealed, too.
    pub again: bool,
    /// The zone of times that name none; UTC where nothing is given.
    #[serde(skip)]
    pub zone: Option<TimeZone>,
}

impl LogOptions {
    /// Whether nothing is asked for but what is new.
    pub(crate) fn is_default(&self) -> bool {
        Self { zone: None, ..self.clone() } == Self::default()
    }

    fn selects(&self) -> bool {
        self.level.is_some() || self.since.is_some() || self.until.is_some() || !self.services.is_empty()
    }
}

/// Reads logs: entries, levels, kinds of messages and errors, rotation, tampering.
#[derive(Debug, Clone, Copy, Default)]
pub struct LogSource;

static METADATA: SourceMetadata = SourceMetadata {
    name: NAME,
    about: "Logs: JSON, logfmt, syslog, access logs, journal exports, text; levels, templates, error clusters, rotation",
    version: "1",
    kinds: &[TargetKind::Log],
    actions: &[SEGMENT, TEMPLATE, CLUSTER, LOST, STATE, RUN, SELECTION],
    options: &[
        OptionHelp { name: "level", about: "Only entries this grave or graver" },
        OptionHelp { name: "service", about: "Only entries of this service" },
        OptionHelp { name: "since", about: "Only entries at or after this time" },
        OptionHelp { name: "until", about: "Only entries at or before this time" },
        OptionHelp { name: "again", about: "Check all that earlier runs read, byte by byte" },
    ],
};

impl Source for LogSource {
    fn metadata(&self) -> &'static SourceMetadata {
        &METADATA
    }

    fn selects(&self, options: &Options) -> bool {
        options.log.selects()
    }

    fn collect(
        &self,
        request: &Request<'_>,
        prior: &dyn Prior,
        sink: &mut dyn Sink,
        progress: &dyn Progress,
    ) -> Result<Coverage, Error> {
        let options = &request.options.log;
        let place = Place::resolve(&request.target)?;
        let mut coverage = Coverage::default();
        // As it is sealed, since what earlier runs sealed is found by it.
        let scope = redact_text(&TreePath::from(&*place.scope()).to_string()).into_owned();
        let mut previous = Previous::of(prior, &scope, request.run.project.as_deref(), &mut coverage)?;
        let candidates = place.list(&mut coverage)?;
        let before = if options.selects() { Vec::new() } else { std::mem::take(&mut previous.states) };
        let Plan { jobs, lost, gone } = resume::plan(&place, candidates, before, &mut coverage);
        let bytes = jobs.iter().map(|job| job.stat.size.saturating_sub(job.before.as_ref().map_or(0, |was| was.read)));
        progress.begin("log bytes", Some(bytes.sum()));
        let wanted = Wanted {
            level: options.level,
            since: options.since.map(Timestamp::as_micros),
            until: options.until.map(Timestamp::as_micros),
            services: options.services.clone(),
            is_of_service: false,
        };
        let task = Task {
            place: &place,
            wanted: &wanted,
            zone: options.zone.clone().unwrap_or(TimeZone::UTC),
            now_us: request.now.as_micros(),
            is_selection: options.selects(),
            again: options.again,
            progress,
        };
        let sum = Sum::new(std::mem::take(&mut previous.templates));
        let mut run = Run {
            request,
            scope,
            base: base(request, &place),
            previous,
            coverage,
            sum,
            states: Vec::new(),
            formats: BTreeMap::new(),
            gaps: Vec::new(),
            lost: 0,
            gone,
            unchanged: 0,
            rotated: 0,
        };
        for lost in &lost {
            run.lost(lost, sink)?;
        }
        let mut jobs = jobs.into_iter();
        loop {
            let wave: Vec<Job> = jobs.by_ref().take(WAVE).collect();
            if wave.is_empty() {
                break;
            }
            let done = side_by_side(&task, wave, request.threads);
            go_on(progress)?;
            for done in done {
                run.add(done, sink)?;
            }
        }
        progress.end();
        run.finish(sink)
    }
}

/// Works on files side by side; what they said comes in the order of the files.
fn side_by_side(task: &Task<'_>, jobs: Vec<Job>, threads: usize) -> Vec<Done> {
    let count = jobs.len();
    let jobs: Vec<Mutex<Option<Job>>> = jobs.into_iter().map(|job| Mutex::new(Some(job))).collect();
    let results: Vec<Mutex<Option<Done>>> = (0..count).map(|_| Mutex::new(None)).collect();
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..threads.clamp(1, count) {
            scope.spawn(|| {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some(slot) = jobs.get(at) else { break };
                    let job = slot.lock().unwrap_or_else(PoisonError::into_inner).take();
                    let done = job.map(|job| work::work(task, job));
                    *results[at].lock().unwrap_or_else(PoisonError::into_inner) = done;
                }
            });
        }
    });
    let results = results.into_iter().map(|slot| slot.into_inner().unwrap_or_else(PoisonError::into_inner));
    results.flatten().collect()
}

/// The way from the request's base to the logs, with a slash behind it, or nothing.
fn base(request: &Request<'_>, place: &Place) -> String {
    let Some(base) = &request.base else { return String::new() };
    let base = base.canonicalize().unwrap_or_else(|_| base.clone());
    let below = place.root.strip_prefix(&base).unwrap_or(&place.root);
    if below.as_os_str().is_empty() { String::new() } else { format!("{}/", TreePath::from(below)) }
}
