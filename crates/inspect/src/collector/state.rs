//! What an analyzer counted, put down at the end of a run and taken up by the next one, which then reads only what was
//! sealed since.
//!
//! The bytes lie where [`Derived`](crate::Derived) keeps them and can be thrown away; a record `analysis.state` holds
//! their digest, and says which records they come from. They are taken up where all of this holds, and otherwise
//! everything is read again:
//!
//! - the newest such record of the analyzer and the project is of its version, and the bytes have its digest;
//! - nothing was erased since: what is erased may be among what was counted;
//! - the whole project is asked about, not all of it `again`, and it is no earlier than it was.
//!
//! Sealed records never change, so what comes from a prefix of them stays true, whatever becomes of the repository:
//! a history that was rewritten adds records, and takes none away.

use sealbook_policy::Raw;
use sealbook_record::{PartName, Record, Target, TargetKind};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::Batch;
use super::tell::part;
use crate::progress::go_on;
use crate::{Analyzer, Error, Fold, Prior, Progress, Resumable, Scope, Sealed, Selection, SeqRange, Sink};

const STATE: &str = "analysis.state";

/// What the record says of the bytes.
#[derive(Serialize, Deserialize)]
struct State {
    analyzer: String,
    version: String,
    project: Option<String>,
    /// How many records were read, and the first and the last of them.
    records: u64,
    range: SeqRange,
    bytes: u64,
    sha256: String,
}

/// An analysis that goes on, or begins.
pub(super) struct Folding<'a> {
    analyzer: &'a dyn Analyzer,
    fold: Box<dyn Fold>,
    /// Read by this run.
    read: u64,
    pub(super) records: u64,
    pub(super) range: Option<SeqRange>,
    /// The record that it goes on from.
    pub(super) from: Option<u64>,
    /// Whether the last record that was read is one of this run, which is over: none of its operation follows.
    is_settled: bool,
}

impl Batch<'_> {
    /// Takes up what the last run put down, where it can be believed.
    pub(super) fn fold<'a>(
        &self,
        analyzer: &'a dyn Analyzer,
        resumable: &dyn Resumable,
        prior: &dyn Prior,
        scope: &Scope<'_>,
    ) -> Result<Folding<'a>, Error> {
        if let Some((from, state, bytes)) = self.believed(analyzer, prior)?
            && let Some(fold) = resumable.resume(&bytes, scope)
        {
            let (records, range) = (state.records, Some(state.range));
            return Ok(Folding { analyzer, fold, read: 0, records, range, from: Some(from), is_settled: false });
        }
        let fold = resumable.begin(scope);
        Ok(Folding { analyzer, fold, read: 0, records: 0, range: None, from: None, is_settled: false })
    }

    fn believed(&self, analyzer: &dyn Analyzer, prior: &dyn Prior) -> Result<Option<(u64, State, Vec<u8>)>, Error> {
        let Some(derived) = prior.derived().filter(|_| !self.request.options.git.again) else { return Ok(None) };
        let (metadata, project) = (analyzer.metadata(), self.request.run.project.as_deref());
        let target = self.state_target(metadata.name).id;
        let actions = &[STATE];
        let selection = Selection {
            source: Some(super::tell::NAME),
            actions,
            target: Some(&target),
            project,
            ..Selection::default()
        };
        let Some(Sealed { seq, record }) = prior.latest(&selection)? else { return Ok(None) };
        let Some(state) = state_of(&record) else { return Ok(None) };
        let fits = state.analyzer == metadata.name
            && state.version == metadata.version
            && state.project.as_deref() == project
            && state.range.last < seq;
        if !fits || derived.has_erased_since(state.range.last)? {
            return Ok(None);
        }
        let bytes = derived.load(&self.state_name(metadata.name)).filter(|bytes| digest(bytes) == state.sha256);
        Ok(bytes.map(|bytes| (seq, state, bytes)))
    }

    /// Puts down what was counted, where so much was read that it is worth it.
    pub(super) fn put_down(&self, folding: &Folding<'_>, prior: &dyn Prior, sink: &mut dyn Sink) -> Result<(), Error> {
        let Some(derived) = prior.derived() else { return Ok(()) };
        let Some(range) = folding.range.filter(|_| folding.is_settled && folding.read >= derived.worth_records())
        else {
            return Ok(());
        };
        let bytes = folding.fold.state();
        let metadata = folding.analyzer.metadata();
        if !derived.keep(&self.state_name(metadata.name), &bytes, range.last) {
            return Ok(());
        }
        let state = State {
            analyzer: metadata.name.to_owned(),
            version: metadata.version.to_owned(),
            project: self.request.run.project.clone(),
            records: folding.records,
            range,
            bytes: bytes.len() as u64,
            sha256: digest(&bytes),
        };
        let mut record = self.record_of(STATE, self.state_target(metadata.name));
        record.parts.insert(PartName::Result, part(STATE, &state)?);
        sink.record(Raw::new(record))
    }

    /// One for an analyzer in a project; a run without a project reads those of all.
    fn state_target(&self, analyzer: &str) -> Target {
        let id = match self.request.run.project {
            Some(_) => analyzer.to_owned(),
            None => format!("{analyzer} of all projects"),
        };
        Target { id, kind: TargetKind::Tool }
    }

    /// What the bytes are called: projects may have any name.
    fn state_name(&self, analyzer: &str) -> String {
        match &self.request.run.project {
            Some(project) => format!("{analyzer}-{}", &digest(project.as_bytes())[..16]),
            None => analyzer.to_owned(),
        }
    }
}

impl Folding<'_> {
    /// Reads what was sealed since.
    pub(super) fn read(
        &mut self,
        batch: &Batch<'_>,
        prior: &dyn Prior,
        selection: &Selection<'_>,
        progress: &dyn Progress,
    ) -> Result<(), Error> {
        let metadata = self.analyzer.metadata();
        progress.begin("analysis", None);
        let selection = Selection { after: self.range.map(|range| range.last), ..*selection };
        for sealed in prior.records(&selection)? {
            go_on(progress)?;
            let sealed = sealed?;
            if !metadata.sources.contains(&sealed.record.source.as_str()) {
                continue;
            }
            progress.advance(1);
            let (seq, operation) = (sealed.seq, sealed.record.operation);
            self.read += 1;
            self.records += 1;
            self.range = super::join(self.range, Some(SeqRange { first: seq, last: seq }));
            self.is_settled = operation == Some(batch.request.run.id);
            self.fold.record(sealed);
        }
        progress.end();
        Ok(())
    }

    pub(super) fn finish(self) -> Vec<sealbook_record::Finding> {
        self.fold.finish()
    }
}

fn state_of(record: &Record) -> Option<State> {
    serde_json::from_str(record.part(PartName::Result)?.get()).ok()
}

fn digest(bytes: &[u8]) -> String {
    let digest: [u8; 32] = Sha256::digest(bytes).into();
    sealbook_ledger::Hash(digest).to_string()
}
