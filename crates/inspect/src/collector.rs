//! One run over a target: sources first, then analyzers.

mod state;
mod tell;

use std::collections::BTreeSet;

use sealbook_ledger::Uuid;
use sealbook_policy::Raw;
use sealbook_record::Finding;

use crate::{
    Analyzer, Coverage, Difference, Error, Picture, Prior, Progress, Request, Scope, Sealed, Selection, SeqRange, Sink,
    Source, Suppressions,
};

/// One run: some sources and analyzers over one target.
pub struct Batch<'a> {
    /// Asked in this order.
    pub sources: Vec<&'a dyn Source>,
    /// Asked afterwards, in this order, those that support one of the sources.
    pub analyzers: Vec<&'a dyn Analyzer>,
    /// What to read, and for whom.
    pub request: Request<'a>,
    /// What the target is compared with, beside what it was last.
    pub baseline: Option<&'a Picture>,
}

/// What a run did.
#[derive(Debug)]
pub struct Audit {
    /// The run's operation id.
    pub run: Uuid,
    /// From the run's intent to its outcome; others' records may lie between.
    pub range: Option<SeqRange>,
    /// One entry per source.
    pub sources: Vec<SourceRun>,
    /// One entry per analyzer that ran.
    pub analyses: Vec<Analysis>,
}

/// What one source did.
#[derive(Debug)]
pub struct SourceRun {
    /// Its name.
    pub source: &'static str,
    /// Records it gave.
    pub records: u64,
    /// What it covered, or why it could not.
    pub result: Result<Coverage, Error>,
}

/// What one analyzer did.
#[derive(Debug)]
pub struct Analysis {
    /// Its name.
    pub analyzer: &'static str,
    /// Records it read, those among them that an earlier run read for it.
    pub records: u64,
    /// The first and the last of them.
    pub range: Option<SeqRange>,
    /// The record `analysis.state` that says what it goes on from; what came before that was not read again.
    pub resumed: Option<u64>,
    /// What it found, or why it could not.
    pub result: Result<Vec<Finding>, Error>,
}

impl Audit {
    /// Whether everything that should have been read was read: no source or analyzer failed, and
    /// none left anything out.
    pub fn is_complete(&self) -> bool {
        self.sources.iter().all(|run| run.result.as_ref().is_ok_and(Coverage::is_complete))
            && self.analyses.iter().all(|analysis| analysis.result.is_ok())
    }

    /// Whether it was called off before it was done.
    pub fn was_cancelled(&self) -> bool {
        let cancelled = |error: Option<&Error>| matches!(error, Some(Error::Cancelled));
        self.sources.iter().any(|run| cancelled(run.result.as_ref().err()))
            || self.analyses.iter().any(|analysis| cancelled(analysis.result.as_ref().err()))
    }

    /// Whether a source or an analyzer failed altogether.
    pub fn has_failed(&self) -> bool {
        self.sources.iter().any(|run| run.result.is_err())
            || self.analyses.iter().any(|analysis| analysis.result.is_err())
    }

    /// All findings.
    pub fn findings(&self) -> impl Iterator<Item = &Finding> {
        self.analyses.iter().flat_map(|analysis| analysis.result.iter().flatten())
    }
}

impl Batch<'_> {
    /// Runs it: seals the intent, asks the sources and then the analyzers, seals the outcome.
    ///
    /// A source or an analyzer that fails is in the [`Audit`], and the others go on. `Err` means
    /// that the book failed and the run stopped there; its intent stays without an outcome. A run that is called
    /// off asks nobody further, and its outcome is `cancelled`.
    pub fn collect(&self, prior: &dyn Prior, sink: &mut dyn Sink, progress: &dyn Progress) -> Result<Audit, Error> {
        let mut audit = Audit { run: self.request.run.id, range: None, sources: Vec::new(), analyses: Vec::new() };
        let intent = self.intent()?;
        let intent_id = intent.id;
        sink.record(Raw::new(intent))?;
        audit.range = sink.seal()?;
        for source in &self.sources {
            audit.sources.push(self.ask(*source, prior, sink, progress)?);
            if audit.was_cancelled() {
                break;
            }
        }
        audit.range = join(audit.range, sink.seal()?);
        let since_baseline = match self.baseline {
            Some(baseline) if !audit.was_cancelled() => Some(self.compare(baseline, prior)?),
            _ => None,
        };
        let asked: BTreeSet<_> = self.sources.iter().map(|source| source.metadata().name).collect();
        for analyzer in &self.analyzers {
            if !audit.was_cancelled() && asked.iter().any(|source| analyzer.supports(source)) {
                let analysis = self.analyze(*analyzer, prior, sink, since_baseline.as_ref(), progress)?;
                for record in self.analysis_records(*analyzer, &analysis)? {
                    sink.record(Raw::new(record))?;
                }
                audit.analyses.push(analysis);
            }
        }
        sink.record(Raw::new(self.outcome(intent_id, &audit)?))?;
        audit.range = join(audit.range, sink.seal()?);
        Ok(audit)
    }

    fn ask(
        &self,
        source: &dyn Source,
        prior: &dyn Prior,
        sink: &mut dyn Sink,
        progress: &dyn Progress,
    ) -> Result<SourceRun, Error> {
        let name = source.metadata().name;
        let mut counted = Counted { sink, records: 0 };
        match source.collect(&self.request, prior, &mut counted, progress) {
            Err(error) if error.is_of_the_book() => Err(error),
            result => Ok(SourceRun { source: name, records: counted.records, result }),
        }
    }

    /// The run itself, where one of the analyzer's sources was asked for a part only: what is found is then
    /// about that part.
    fn only_run(&self, analyzer: &dyn Analyzer) -> Option<Uuid> {
        let selects =
            |source: &&dyn Source| analyzer.supports(source.metadata().name) && source.selects(&self.request.options);
        self.sources.iter().any(selects).then_some(self.request.run.id)
    }

    /// What is different from the baseline now that the sources are done.
    fn compare(&self, baseline: &Picture, prior: &dyn Prior) -> Result<Difference, Error> {
        let now = Picture::of(prior, &self.request.target, self.request.run.project.as_deref(), None)?;
        let mut difference = baseline.difference(&now);
        // The findings of this run are not made yet.
        difference.findings_new.clear();
        difference.findings_gone.clear();
        Ok(difference)
    }

    fn analyze(
        &self,
        analyzer: &dyn Analyzer,
        prior: &dyn Prior,
        sink: &mut dyn Sink,
        since_baseline: Option<&Difference>,
        progress: &dyn Progress,
    ) -> Result<Analysis, Error> {
        let metadata = analyzer.metadata();
        let project = self.request.run.project.as_deref();
        let all = Selection::default();
        let selection = Selection {
            source: if let [one] = metadata.sources { Some(one) } else { None },
            actions: metadata.actions,
            project,
            operation: self.only_run(analyzer),
            ..Selection::default()
        };
        let selection = if analyzer.reads_all() { &all } else { &selection };
        let suppressed = Suppressions::read(prior, project)?;
        let scope = Scope { project, now: self.request.now, since_baseline, suppressed: Some(&suppressed) };
        let mut analysis =
            Analysis { analyzer: metadata.name, records: 0, range: None, resumed: None, result: Ok(Vec::new()) };
        let result = match analyzer.resumable().filter(|_| selection.operation.is_none()) {
            Some(resumable) => {
                let mut folding = self.fold(analyzer, resumable, prior, &scope)?;
                let read = folding.read(self, prior, selection, progress);
                (analysis.records, analysis.range, analysis.resumed) = (folding.records, folding.range, folding.from);
                match read {
                    Ok(()) => {
                        self.put_down(&folding, prior, sink)?;
                        Ok(folding.finish())
                    }
                    Err(error) => Err(error),
                }
            }
            None => analyze_all(analyzer, prior, selection, &scope, progress, &mut analysis),
        };
        analysis.result = match result {
            Err(error) if error.is_of_the_book() => return Err(error),
            result => result,
        };
        if let Ok(findings) = &mut analysis.result {
            // A finding that names no record rests on all that were read.
            if let Some(SeqRange { first, last }) = analysis.range {
                for finding in findings.iter_mut().filter(|finding| finding.evidence.is_empty()) {
                    finding.evidence.push((first, last));
                }
            }
            suppressed.apply(findings, self.request.now);
        }
        Ok(analysis)
    }
}

/// Reads everything that the selection matches.
fn analyze_all(
    analyzer: &dyn Analyzer,
    prior: &dyn Prior,
    selection: &Selection<'_>,
    scope: &Scope<'_>,
    progress: &dyn Progress,
    analysis: &mut Analysis,
) -> Result<Vec<Finding>, Error> {
    let sources = analyzer.metadata().sources;
    let mut records = prior
        .records(selection)?
        .filter(|sealed| {
            analyzer.reads_all()
                || sealed.as_ref().map_or(true, |sealed| sources.contains(&sealed.record.source.as_str()))
        })
        .inspect(|sealed| {
            if let Ok(Sealed { seq, .. }) = sealed {
                analysis.records += 1;
                analysis.range = join(analysis.range, Some(SeqRange { first: *seq, last: *seq }));
            }
        });
    analyzer.analyze(&mut records, scope, progress)
}

fn join(a: Option<SeqRange>, b: Option<SeqRange>) -> Option<SeqRange> {
    match (a, b) {
        (Some(a), Some(b)) => Some(SeqRange { first: a.first.min(b.first), last: a.last.max(b.last) }),
        (one, other) => one.or(other),
    }
}

struct Counted<'a> {
    sink: &'a mut dyn Sink,
    records: u64,
}

impl Sink for Counted<'_> {
    fn record(&mut self, raw: Raw) -> Result<(), Error> {
        self.records += 1;
        self.sink.record(raw)
    }

    fn seal(&mut self) -> Result<Option<SeqRange>, Error> {
        self.sink.seal()
    }
}
