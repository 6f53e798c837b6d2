//! A watch's own records.

use std::path::Path;

use sealbook_inspect::{BookSink, Gap, Now, Sighted, Sink as _, Sort, TreePath, Window};
use sealbook_ledger::{Phase, Uuid};
use sealbook_policy::Raw;
use sealbook_record::{Category, Outcome, PartName, Record, Severity, Target, TargetKind};
use sealbook_store::Ledger;
use serde::Serialize;

use super::{Watched, Watching};
use crate::Error;

const SOURCE: &str = "watch";
const RUN: &str = "watch.run";
const CHANGED: &str = "watch.changed";
const GAP: &str = "watch.gap";
/// Paths that one record tells of.
const PATHS: usize = 2_000;
/// Longer paths are told by their beginning.
const PATH_BYTES: usize = 4_096;

pub(super) struct Telling<'a> {
    watching: &'a Watching,
    ledger: &'a Ledger,
    /// The operation, which is also the id of its intent.
    run: Uuid,
    began: i64,
}

#[derive(Serialize)]
struct Line {
    path: TreePath,
    sort: Sort,
    events: u64,
    #[serde(flatten)]
    now: Now,
}

impl<'a> Telling<'a> {
    pub(super) fn new(watching: &'a Watching, ledger: &'a Ledger) -> Self {
        Self { watching, ledger, run: ledger.next_id(), began: ledger.now().as_micros() }
    }

    pub(super) fn begin(&self, sink: &mut BookSink<'_>) -> Result<(), Error> {
        let mut record = self.record(RUN);
        record.id = self.run;
        record.phase = Phase::Intent;
        record.outcome = None;
        let until = self.watching.until.map(|until| until.to_string());
        let plan = serde_json::json!({
            "sources": self.watching.sources,
            "interval_s": self.watching.interval.as_secs(),
            "until": until,
        });
        set(&mut record, PartName::Input, &plan)?;
        seal(record, sink)
    }

    pub(super) fn end(&self, watched: &Watched, error: Option<&Error>, sink: &mut BookSink<'_>) -> Result<(), Error> {
        let mut record = self.record(RUN);
        record.parent = Some(self.run);
        record.phase = Phase::Outcome;
        record.outcome = Some(if error.is_some() { Outcome::Failed } else { Outcome::Ok });
        record.severity = if watched.gaps + watched.incomplete > 0 { Severity::Warning } else { Severity::Info };
        record.duration_us = u64::try_from(record.occurred.as_micros() - self.began).ok();
        set(&mut record, PartName::Result, watched)?;
        if let Some(error) = error {
            set(
                &mut record,
                PartName::Error,
                &serde_json::json!({"code": error.code(), "message": error.to_string()}),
            )?;
        }
        seal(record, sink)
    }

    pub(super) fn gap(&self, gap: &Gap, sink: &mut BookSink<'_>) -> Result<(), Error> {
        let mut record = self.record(GAP);
        record.severity = Severity::Warning;
        record.outcome = Some(Outcome::Unknown);
        let detail = if let Gap::Unwatched(cause) = gap { Some(cause) } else { None };
        let told = serde_json::json!({
            "why": gap.why(), "detail": detail, "lost": "unknown", "then": "a look at everything follows",
        });
        set(&mut record, PartName::Result, &told)?;
        seal(record, sink)
    }

    pub(super) fn changed(&self, window: &Window, sink: &mut BookSink<'_>) -> Result<(), Error> {
        let root = self.watching.target.as_path();
        for seen in window.seen.chunks(PATHS) {
            let now = Now::of(root, seen.iter().map(|(path, _)| path.as_path()));
            let lines: Vec<Line> = seen.iter().zip(now).map(|(seen, now)| line(seen, now)).collect();
            let mut record = self.record(CHANGED);
            let events: u64 = seen.iter().map(|(_, seen)| seen.events).sum();
            let told = serde_json::json!({"events": events, "paths": lines});
            set(&mut record, PartName::Result, &told)?;
            sink.record(Raw::new(record))?;
        }
        sink.seal()?;
        Ok(())
    }

    fn record(&self, action: &str) -> Record {
        let watching = self.watching;
        let id = TreePath::from(watching.target.as_path()).to_string();
        let target = Target::new(TargetKind::Project, id);
        let mut record =
            Record::event(self.ledger.next_id(), watching.actor.clone(), action, target, self.ledger.now());
        self.ledger.tenant().clone_into(&mut record.tenant);
        record.operation = Some(self.run);
        record.project.clone_from(&watching.project);
        record.reason.clone_from(&watching.reason);
        record.category = Category::Audit;
        record.outcome = Some(Outcome::Ok);
        SOURCE.clone_into(&mut record.source);
        record
    }
}

fn line((path, seen): &(std::path::PathBuf, Sighted), now: Now) -> Line {
    let bytes = std::os::unix::ffi::OsStrExt::as_bytes(Path::as_os_str(path));
    let path = TreePath::new(&bytes[..bytes.len().min(PATH_BYTES)]);
    Line { path, sort: seen.sort, events: seen.events, now }
}

fn set(record: &mut Record, part: PartName, value: &impl Serialize) -> Result<(), Error> {
    record.set_part(part, value).map_err(|cause| Error::Arguments { why: cause.to_string() })
}

fn seal(record: Record, sink: &mut BookSink<'_>) -> Result<(), Error> {
    sink.record(Raw::new(record))?;
    sink.seal()?;
    Ok(())
}
