//! The `git` analyzer: what the history of a repository says about how it is worked on, and what
//! is wrong with it.
//!
//! Records come once, newest run last, and are not kept: each measure holds counters. Those over
//! files and pairs of files are bounded, and say by how much they may be too low.

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
mod signatures;
mod text;

use std::collections::HashSet;

use sealbook_record::{Finding, Timestamp};

use self::names::{Named, Names};
use self::read::{Commit, Told};
use crate::progress::go_on;
use crate::{Analyzer, AnalyzerMetadata, Error, Progress, Scope, Sealed};

/// Reads commits, references and damage into findings.
#[derive(Debug, Clone, Copy, Default)]
pub struct GitAnalyzer;

static METADATA: AnalyzerMetadata = AnalyzerMetadata {
    name: "git",
    about: "Forged and damaged objects, rewritten references; frequency, contribution, hotspots, coupling, messages, large files",
    version: "1",
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

/// How long ago still counts as lately: a year.
const LATELY_US: i64 = 365 * 86_400 * 1_000_000;

/// What one measure is told, and what it says in the end.
trait Measure {
    /// A commit that was not seen before.
    fn commit(&mut self, seen: &Seen<'_>);

    /// Some of its files; a commit of very many comes in several portions.
    fn files(&mut self, _seen: &Seen<'_>, _files: &[Named<'_>]) {}

    /// What it found.
    fn finish(self: Box<Self>, names: &Names) -> Vec<Finding>;
}

/// A commit where a measure sees it.
struct Seen<'a> {
    seq: u64,
    at: Timestamp,
    /// Within a year before the analysis.
    lately: bool,
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
        let mut integrity = integrity::Integrity::default();
        let mut measures: Vec<Box<dyn Measure>> = vec![
            Box::new(clocks::Clocks::new(scope.now)),
            Box::<large_files::LargeFiles>::default(),
            Box::<authors::Authors>::default(),
            Box::<hotspots::Hotspots>::default(),
            Box::<coupling::Coupling>::default(),
            Box::<messages::Messages>::default(),
            Box::<signatures::Signatures>::default(),
            Box::new(frequency::Frequency::new(scope.now)),
        ];
        let since = scope.now.as_micros() - LATELY_US;
        let mut names = Names::default();
        let mut told: HashSet<u64> = HashSet::new();
        let mut current: Option<Commit> = None;
        let (mut run, mut operation) = (0, None);
        progress.begin("git analysis", None);
        for sealed in records {
            go_on(progress)?;
            let Sealed { seq, record } = sealed?;
            if operation != Some(record.operation) {
                run += u32::from(operation.is_some());
                operation = Some(record.operation);
            }
            progress.advance(1);
            let at = record.occurred;
            match read::read(&record) {
                Some(Told::Commit(commit, files)) => {
                    // The same commit may be sealed by several runs; it happened once.
                    let is_new = told.insert(read::short(&commit.id));
                    current = is_new.then_some(commit);
                    let Some(commit) = &current else { continue };
                    let seen = Seen { seq, at, lately: at.as_micros() >= since, run, commit };
                    let files = names.name(run, &files);
                    for measure in &mut measures {
                        measure.commit(&seen);
                        measure.files(&seen, &files);
                    }
                }
                Some(Told::Files(id, files)) => {
                    let Some(commit) = current.as_ref().filter(|commit| commit.id == id) else { continue };
                    let seen = Seen { seq, at, lately: at.as_micros() >= since, run, commit };
                    let files = names.name(run, &files);
                    for measure in &mut measures {
                        measure.files(&seen, &files);
                    }
                }
                Some(Told::Reference(reference)) => integrity.reference(seq, run, &reference),
                Some(Told::Fault) => integrity.fault(seq, &record),
                None => {}
            }
        }
        progress.end();
        let mut findings = integrity.finish();
        findings.extend(measures.into_iter().flat_map(|measure| measure.finish(&names)));
        Ok(findings)
    }
}
