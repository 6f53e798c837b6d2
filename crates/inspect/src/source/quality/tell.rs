//! A tool's run as records.

use sealbook_ledger::Phase;
use sealbook_policy::Raw;
use sealbook_record::{Outcome, PartName, Record, Severity, Target, TargetKind};
use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};

use super::open::{Change, Open, changes};
use super::tool::Crash;
use super::{FAILED, FINDING, FIX, NAME, PAGE, RUN};
use crate::{Error, Prior, Request, Selection, Sink};

/// Bytes of what is open in one record: a part holds 1 MiB, and redaction may add to it.
const PAGE_BYTES: usize = 512 * 1024;

/// Seals what tools say.
pub(super) struct Teller<'a, 'r> {
    pub(super) request: &'a Request<'r>,
    pub(super) prior: &'a dyn Prior,
    pub(super) sink: &'a mut dyn Sink,
    /// What was asked for, below the root.
    pub(super) scope: String,
}

/// What is told of one run of a tool, beside what is open.
#[derive(Serialize)]
pub(super) struct Telling<'a> {
    pub(super) tool: &'a str,
    /// `run`, `sarif` or `own`.
    pub(super) how: &'a str,
    pub(super) version: &'a str,
    /// SHA-256 over its configuration.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub(super) config: &'a str,
    pub(super) rules: Option<u64>,
    pub(super) files: u64,
    /// Lines of these files that are not empty.
    pub(super) lines: u64,
    pub(super) exit: Option<i32>,
    #[serde(rename = "complete")]
    pub(super) is_whole: bool,
}

#[derive(Serialize)]
struct Run<'a> {
    #[serde(flatten)]
    telling: &'a Telling<'a>,
    scope: &'a str,
    total: usize,
    counts: Counts,
    changes: Changes,
    pages: usize,
    open: &'a [Box<RawValue>],
}

#[derive(Serialize, Default)]
struct Counts {
    error: usize,
    warning: usize,
    info: usize,
}

#[derive(Serialize, Default)]
struct Changes {
    appeared: usize,
    changed: usize,
    moved: usize,
    gone: usize,
}

#[derive(Serialize)]
struct Page<'a> {
    tool: &'a str,
    scope: &'a str,
    page: usize,
    open: &'a [Box<RawValue>],
}

#[derive(Serialize)]
struct Changed<'a> {
    tool: &'a str,
    change: Change,
    #[serde(flatten)]
    open: &'a Open,
    #[serde(skip_serializing_if = "Option::is_none")]
    was: Option<&'a Open>,
}

#[derive(Deserialize)]
struct Before {
    open: Vec<Open>,
}

impl Teller<'_, '_> {
    pub(super) fn run(&mut self, telling: &Telling<'_>, mut open: Vec<Open>) -> Result<(), Error> {
        let before = self.before(telling.tool)?;
        let differ = match &before {
            // Of files that could not be looked at nothing is known: what is not said of them is not gone.
            Some(before) if !telling.is_whole => {
                let mut differ = changes(before, &mut open);
                differ.retain(|(change, ..)| *change != Change::Gone);
                differ
            }
            Some(before) => changes(before, &mut open),
            None => open.iter().map(|it| (Change::Appeared, it.clone(), None)).collect(),
        };
        let mut counts = Counts::default();
        for it in &open {
            *(match it.severity {
                Severity::Error | Severity::Critical => &mut counts.error,
                Severity::Warning => &mut counts.warning,
                _ => &mut counts.info,
            }) += 1;
        }
        let count = |wanted: Change| differ.iter().filter(|(change, ..)| *change == wanted).count();
        let changes = Changes {
            appeared: count(Change::Appeared),
            changed: count(Change::Changed),
            moved: count(Change::Moved),
            gone: count(Change::Gone),
        };
        let mut pages = pages(&open)?;
        let first = pages.remove(0);
        let told =
            Run { telling, scope: &self.scope, total: open.len(), counts, changes, pages: pages.len(), open: &first };
        let result = part(RUN, &told)?;
        let mut record = self.record(RUN, telling.tool);
        record.severity = if telling.is_whole { Severity::Info } else { Severity::Warning };
        record.parts.insert(PartName::Result, result);
        self.sink.record(Raw::new(record))?;
        for (nth, open) in pages.iter().enumerate() {
            let page = part(PAGE, &Page { tool: telling.tool, scope: &self.scope, page: nth + 1, open })?;
            let mut record = self.record(PAGE, telling.tool);
            record.parts.insert(PartName::Result, page);
            self.sink.record(Raw::new(record))?;
        }
        for (change, open, was) in &differ {
            let target = Target::new(TargetKind::File, open.path.clone());
            let mut record = self.request.event(NAME, FINDING, target, self.request.stamp.now());
            record.severity = if *change == Change::Gone { Severity::Info } else { open.severity };
            let told = Changed { tool: telling.tool, change: *change, open, was: was.as_ref() };
            record.parts.insert(PartName::Result, part(FINDING, &told)?);
            self.sink.record(Raw::new(record))?;
        }
        // What is sealed now is what the next run of the same tool is compared with.
        self.sink.seal().map(drop)
    }

    pub(super) fn failed(&mut self, tool: &str, crash: &Crash) -> Result<(), Error> {
        let mut record = self.record(FAILED, tool);
        record.severity = Severity::Warning;
        record.outcome = Some(Outcome::Failed);
        let told = serde_json::json!({
            "tool": tool, "scope": self.scope, "why": crash.why, "detail": crash.detail, "exit": crash.exit,
            "covered": "nothing",
        });
        record.parts.insert(PartName::Error, part(FAILED, &told)?);
        self.sink.record(Raw::new(record))
    }

    /// A record of what is about to be changed, sealed before it is, or of what was.
    pub(super) fn fix(&mut self, tool: &str, phase: Phase, of: &Fix<'_>) -> Result<sealbook_ledger::Uuid, Error> {
        let mut record = self.record(FIX, tool);
        // An operation of its own: an intent without an outcome shows where it did not come to its end.
        record.operation = Some(of.operation);
        record.parent = of.intent;
        record.phase = phase;
        record.outcome = (phase == Phase::Outcome).then_some(if of.is_well { Outcome::Ok } else { Outcome::Failed });
        let told = serde_json::json!({"tool": tool, "scope": self.scope, "run": self.request.run.id.to_string()});
        record.parts.insert(PartName::Input, part(FIX, &told)?);
        record.parts.insert(PartName::Before, part(FIX, &of.before)?);
        if let Some(after) = &of.after {
            record.parts.insert(PartName::After, part(FIX, after)?);
        }
        let id = record.id;
        self.sink.record(Raw::new(record))?;
        self.sink.seal()?;
        Ok(id)
    }

    fn record(&self, action: &'static str, tool: &str) -> Record {
        let target = Target::new(TargetKind::Quality, format!("{tool} {}", self.scope));
        self.request.event(NAME, action, target, self.request.stamp.now())
    }

    /// What was open when this tool last looked at the same place; nothing where it never did.
    fn before(&self, tool: &str) -> Result<Option<Vec<Open>>, Error> {
        let target = format!("{tool} {}", self.scope);
        let project = self.request.run.project.as_deref();
        let asked = Selection { source: Some(NAME), target: Some(&target), project, ..Selection::default() };
        let Some(last) = self.prior.latest(&Selection { actions: &[RUN], ..asked })? else { return Ok(None) };
        let of = |record: &Record| {
            let part = record.part(PartName::Result)?;
            serde_json::from_str::<Before>(part.get()).ok()
        };
        let Some(mut before) = of(&last.record) else { return Ok(None) };
        let pages = Selection { actions: &[PAGE], operation: last.record.operation, ..asked };
        for page in self.prior.records(&pages)? {
            let page = page?;
            // A run may look twice, before and after it mends: the pages of the second look follow it.
            if page.seq > last.seq {
                before.open.extend(of(&page.record).map(|it| it.open).unwrap_or_default());
            }
        }
        Ok(Some(before.open))
    }
}

/// What is told of a mending.
pub(super) struct Fix<'a> {
    pub(super) operation: sealbook_ledger::Uuid,
    pub(super) intent: Option<sealbook_ledger::Uuid>,
    pub(super) before: &'a serde_json::Value,
    pub(super) after: Option<serde_json::Value>,
    pub(super) is_well: bool,
}

/// The list, cut where one record would hold too much; one empty page where there is nothing.
fn pages(open: &[Open]) -> Result<Vec<Vec<Box<RawValue>>>, Error> {
    let (mut pages, mut bytes) = (vec![Vec::new()], 0);
    for it in open {
        let text = part(PAGE, it)?;
        bytes += text.get().len() + 1;
        if bytes > PAGE_BYTES {
            bytes = text.get().len() + 1;
            pages.push(Vec::new());
        }
        pages.last_mut().expect("there is one").push(text);
    }
    Ok(pages)
}

pub(super) fn part(action: &'static str, value: &impl Serialize) -> Result<Box<RawValue>, Error> {
    to_raw_value(value).map_err(|cause| Error::Encoding { action, cause })
}
