//! The `git` analyzer: what the history of a repository says about how it is worked on, and what
//! is wrong with it.
//!
//! Records come once, newest run last, and are not kept: each measure holds counters. Those over
//! files and pairs of files are bounded, and say by how much they may be too low. The counters can be put down and
//! taken up again, which gives what counting all of it again would give.

mod authors;
mod clocks;
mod coupling;
mod frequency;
mod hotspots;
mod integrity;
mod large_files;
mod lossy;
mod messages;
mod names;
mod read;
mod recent;
mod signatures;
mod state;
mod text;

use std::collections::HashSet;

use foldhash::fast::RandomState;
use sealbook_ledger::Uuid;
use sealbook_record::{Finding, Timestamp};

use self::names::{Named, Names};
use self::read::{Commit, Told};
use self::recent::{Day, Window};
use self::state::{Reader, Writer};
use crate::progress::go_on;
use crate::{Analyzer, AnalyzerMetadata, Error, Fold, Progress, Resumable, Scope, Sealed};

/// Reads commits, references and damage into findings.
#[derive(Debug, Clone, Copy, Default)]
pub struct GitAnalyzer;

static METADATA: AnalyzerMetadata = AnalyzerMetadata {
    name: "git",
    about: "Forged and damaged objects, rewritten references; frequency, contribution, hotspots, coupling, messages, large files",
    version: "2",
    sources: &["git"],
    actions: &["git.commit", "git.commit.files", "git.ref", "git.forged", "git.damaged"],
    rules: &[
        "git.forged",
        "git.damaged",
        "git.ref.forced",
        "git.ref.deleted",
        "git.ref.replace",
        "git.clock",
        "git.large_file",
        "git.contribution",
        "git.hotspot",
        "git.coupling",
        "git.message.vague",
        "git.message.unexplained",
        "git.signature",
        "git.signature.bad",
        "git.frequency",
    ],
};

/// What one measure is told, and what it says in the end.
trait Measure {
    /// A commit that was not seen before.
    fn commit(&mut self, seen: &Seen<'_>);

    /// Some of its files; a commit of very many comes in several portions.
    fn files(&mut self, _seen: &Seen<'_>, _files: &[Named<'_>]) {}

    /// Takes down what was counted.
    fn save(&self, out: &mut Writer);

    /// Takes it up again, for a later analysis; `None` where that cannot go on from it.
    fn load(&mut self, from: &mut Reader<'_>, window: Window) -> Option<()>;

    /// What it found.
    fn finish(self: Box<Self>, names: &Names) -> Vec<Finding>;
}

/// A commit where a measure sees it.
struct Seen<'a> {
    seq: u64,
    at: Timestamp,
    /// The day, if it is within a year before the analysis.
    lately: Option<Day>,
    /// Which run sealed it, counted from 0. Within a run, newer commits come first.
    run: u32,
    commit: &'a Commit,
}

impl Analyzer for GitAnalyzer {
    fn metadata(&self) -> &'static AnalyzerMetadata {
        &METADATA
    }

    fn analyze(
        &self,
        records: &mut dyn Iterator<Item = Result<Sealed, Error>>,
        scope: &Scope<'_>,
        progress: &dyn Progress,
    ) -> Result<Vec<Finding>, Error> {
        let mut counted = Counted::new(scope.now);
        progress.begin("git analysis", None);
        for sealed in records {
            go_on(progress)?;
            counted.record(sealed?);
            progress.advance(1);
        }
        progress.end();
        Ok(Box::new(counted).finish())
    }

    fn resumable(&self) -> Option<&dyn Resumable> {
        Some(self)
    }
}

impl Resumable for GitAnalyzer {
    fn begin(&self, scope: &Scope<'_>) -> Box<dyn Fold> {
        Box::new(Counted::new(scope.now))
    }

    fn resume(&self, state: &[u8], scope: &Scope<'_>) -> Option<Box<dyn Fold>> {
        Some(Box::new(Counted::load(state, scope.now)?))
    }
}

/// Changes whenever what is put down does.
const FORMAT: u64 = 1;

/// All that was counted.
struct Counted {
    now: Timestamp,
    window: Window,
    integrity: integrity::Integrity,
    measures: Vec<Box<dyn Measure>>,
    names: Names,
    told: HashSet<u64, RandomState>,
    /// Whose further files may follow.
    current: Option<Commit>,
    run: u32,
    /// Of the record before, once there was one.
    operation: Option<Uuid>,
    has_begun: bool,
}

impl Counted {
    fn new(now: Timestamp) -> Self {
        let window = Window::new(now);
        Self {
            now,
            window,
            integrity: integrity::Integrity::default(),
            measures: vec![
                Box::new(clocks::Clocks::new(window)),
                Box::<large_files::LargeFiles>::default(),
                Box::<authors::Authors>::default(),
                Box::<hotspots::Hotspots>::default(),
                Box::<coupling::Coupling>::default(),
                Box::<messages::Messages>::default(),
                Box::<signatures::Signatures>::default(),
                Box::new(frequency::Frequency::new(now)),
            ],
            names: Names::default(),
            told: HashSet::default(),
            current: None,
            run: 0,
            operation: None,
            has_begun: false,
        }
    }

    /// As of another time, which is no earlier than when it was put down.
    fn load(state: &[u8], now: Timestamp) -> Option<Self> {
        let mut counted = Self::new(now);
        let mut from = Reader::new(state);
        if from.number()? != FORMAT || from.time()? > now {
            return None;
        }
        counted.run = from.narrow()?;
        counted.has_begun = from.flag()?;
        counted.operation = from.maybe(|from| from.text()?.parse().ok())?;
        counted.current = from.maybe(|from| serde_json::from_str(from.text()?).ok())?;
        counted.told = from.keys()?.into_iter().collect();
        counted.names.load(&mut from, counted.run)?;
        counted.integrity.load(&mut from)?;
        for measure in &mut counted.measures {
            measure.load(&mut from, counted.window)?;
        }
        from.is_at_end().then_some(counted)
    }

    fn files(&mut self, seq: u64, at: Timestamp, files: &[read::File<'_>], is_first: bool) {
        let Some(commit) = &self.current else { return };
        let seen = Seen { seq, at, lately: self.window.day(at), run: self.run, commit };
        let files = self.names.name(self.run, files);
        for measure in &mut self.measures {
            if is_first {
                measure.commit(&seen);
            }
            measure.files(&seen, &files);
        }
    }
}

impl Fold for Counted {
    fn record(&mut self, sealed: Sealed) {
        let Sealed { seq, record } = sealed;
        if !self.has_begun || self.operation != record.operation {
            self.run += u32::from(self.has_begun);
            self.has_begun = true;
            self.operation = record.operation;
        }
        match read::read(&record) {
            Some(Told::Commit(commit, files)) => {
                // The same commit may be sealed by several runs; it happened once.
                let is_new = self.told.insert(read::short(&commit.id));
                self.current = is_new.then_some(commit);
                self.files(seq, record.occurred, &files, true);
            }
            Some(Told::Files(id, files)) if self.current.as_ref().is_some_and(|commit| commit.id == id) => {
                self.files(seq, record.occurred, &files, false);
            }
            Some(Told::Reference(reference)) => self.integrity.reference(seq, self.run, &reference),
            Some(Told::Fault) => self.integrity.fault(seq, &record),
            Some(Told::Files(..)) | None => {}
        }
    }

    fn state(&self) -> Vec<u8> {
        let mut out = Writer::default();
        out.number(FORMAT);
        out.time(self.now);
        out.number(u64::from(self.run));
        out.number(u64::from(self.has_begun));
        out.maybe(self.operation, |out, operation| out.text(&operation.to_string()));
        out.maybe(self.current.as_ref(), |out, commit| {
            out.text(&serde_json::to_string(commit).expect("a commit that was read can be written"));
        });
        let mut told: Vec<u64> = self.told.iter().copied().collect();
        told.sort_unstable();
        out.keys(&told);
        self.names.save(&mut out);
        self.integrity.save(&mut out);
        for measure in &self.measures {
            measure.save(&mut out);
        }
        out.into_bytes()
    }

    fn finish(self: Box<Self>) -> Vec<Finding> {
        let Self { integrity, measures, names, .. } = *self;
        let mut findings = integrity.finish();
        findings.extend(measures.into_iter().flat_map(|measure| measure.finish(&names)));
        findings
    }
}
