//! The records of a run.

use std::collections::BTreeMap;

use sealbook_policy::{Raw, redact_text};
use sealbook_record::{Category, Finding, Location, Outcome, PartName, Record, Severity, Target, TargetKind};
use serde::Serialize;

use super::level::{LEVELS, NAMES};
use super::resume::{Loss, Lost};
use super::seen::Seen;
use super::state::State;
use super::sum::{Group, Sum, cluster_key, time};
use super::work::Done;
use super::{CLUSTER, LOST, NAME, SEGMENT, STATE, TEMPLATE};
use crate::{Error, Request, Sink, TreePath};

/// Bytes of an example.
const EXAMPLE_BYTES: usize = 2_000;
/// Bytes of a template's text.
const TEMPLATE_BYTES: usize = 1_000;
/// Files in one page of states.
pub(super) const PAGE: usize = 500;

#[derive(Serialize)]
struct SegmentTold<'a> {
    path: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    was: Option<String>,
    device: u64,
    inode: u64,
    from: u64,
    to: u64,
    /// Of the first `to` bytes.
    sha256: &'a str,
    format: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    compression: Option<super::open::Compression>,
    service: String,
    lines: u64,
    entries: u64,
    levels: BTreeMap<&'static str, u64>,
    first: Option<String>,
    last: Option<String>,
    templates: usize,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    also: BTreeMap<&'static str, u64>,
}

/// A cluster in the record over a run, and in one of its own.
#[derive(Serialize)]
pub(super) struct ClusterTold<'a> {
    pub(super) key: String,
    pub(super) id: String,
    pub(super) level: &'static str,
    pub(super) template: String,
    pub(super) count: u64,
    pub(super) first: Option<String>,
    pub(super) last: Option<String>,
    pub(super) files: Vec<&'a str>,
    pub(super) services: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) example: Option<String>,
    pub(super) new: bool,
}

/// Counts by weight, those that are not nought.
pub(super) fn levels(counts: &[u64; LEVELS]) -> BTreeMap<&'static str, u64> {
    NAMES.iter().zip(counts).filter(|(_, count)| **count > 0).map(|(name, count)| (*name, *count)).collect()
}

/// Text of a log as it may be kept: valid, redacted, and not too long.
pub(super) fn kept(bytes: &[u8], most: usize) -> String {
    let text = String::from_utf8_lossy(bytes);
    let mut text = redact_text(&text).into_owned();
    if text.len() > most {
        text.truncate(text.floor_char_boundary(most));
        text.push('…');
    }
    text
}

/// The record of what was read of one log.
pub(super) fn segment(
    request: &Request<'_>,
    done: &Done,
    state: &State,
    shown: &str,
    sink: &mut dyn Sink,
) -> Result<(), Error> {
    let Some(told) = &done.told else { return Ok(()) };
    let seen = &told.seen;
    let also = [
        ("unparsed", seen.unparsed),
        ("joined", seen.joined),
        ("not_utf8", seen.not_utf8),
        ("binary", seen.binary),
        ("too_long", seen.too_long),
        ("undated", seen.undated),
        ("backwards", seen.backwards),
        ("not_selected", seen.read - seen.entries),
    ];
    let segment = SegmentTold {
        path: shown,
        was: done.was.as_ref().map(TreePath::to_string),
        device: state.device,
        inode: state.inode,
        from: done.from,
        to: done.to,
        sha256: &state.sha256,
        format: state.format.as_str(),
        compression: state.compression,
        service: String::from_utf8_lossy(&done.service).into_owned(),
        lines: seen.lines,
        entries: seen.entries,
        levels: levels(&seen.levels),
        first: seen.first.map(time),
        last: seen.last.map(time),
        templates: told.tallies.iter().filter(|tally| tally.total() > 0).count(),
        also: also.into_iter().filter(|(_, count)| *count > 0).collect(),
    };
    let target = Target::new(TargetKind::Log, shown);
    let mut record = request.event(NAME, SEGMENT, target, request.now);
    if seen.errors() > 0 {
        record.severity = Severity::Warning;
    }
    set(&mut record, PartName::Result, &segment)?;
    sink.record(Raw::new(record))
}

/// A cluster of the run.
pub(super) fn cluster(sum: &Sum, (place, level): (usize, usize), is_new: bool) -> ClusterTold<'_> {
    let tally = &sum.tallies[place];
    let id = sum.id(place);
    let example = tally.example.as_ref().filter(|(of, _)| *of == level);
    ClusterTold {
        key: cluster_key(&id, level),
        id,
        level: NAMES[level],
        template: template_text(sum, place),
        count: tally.counts[level],
        first: tally.first[level].map(time),
        last: tally.last[level].map(time),
        files: sum.files(place),
        services: tally.services.iter().map(|service| String::from_utf8_lossy(service).into_owned()).collect(),
        example: example.map(|(_, text)| kept(text, EXAMPLE_BYTES)),
        new: is_new,
    }
}

fn template_text(sum: &Sum, place: usize) -> String {
    let text = sum.miner.text(place);
    if place == super::templates::OTHER { "<other>".to_owned() } else { kept(text.as_bytes(), TEMPLATE_BYTES) }
}

/// The record of an error cluster that has none yet.
pub(super) fn new_cluster(
    request: &Request<'_>,
    scope: &str,
    cluster: &ClusterTold<'_>,
    is_first_run: bool,
    sink: &mut dyn Sink,
) -> Result<(), Error> {
    #[derive(Serialize)]
    struct Told<'a> {
        #[serde(flatten)]
        cluster: &'a ClusterTold<'a>,
        first_run: bool,
    }
    let mut record = event(request, CLUSTER, scope);
    record.severity = if cluster.level == "critical" { Severity::Critical } else { Severity::Error };
    set(&mut record, PartName::Result, &Told { cluster, first_run: is_first_run })?;
    sink.record(Raw::new(record))
}

/// The record of a template that is new, or more general than it was.
pub(super) fn template(
    request: &Request<'_>,
    scope: &str,
    sum: &Sum,
    place: usize,
    sink: &mut dyn Sink,
) -> Result<(), Error> {
    #[derive(Serialize)]
    struct Told<'a> {
        id: String,
        template: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        was: Option<&'a str>,
        count: u64,
        levels: BTreeMap<&'static str, u64>,
    }
    let tally = &sum.tallies[place];
    let told = Told {
        id: sum.id(place),
        template: template_text(sum, place),
        was: sum.known(place).map(|known| &*known.text),
        count: tally.total(),
        levels: levels(&tally.counts),
    };
    let mut record = event(request, TEMPLATE, scope);
    set(&mut record, PartName::Result, &told)?;
    sink.record(Raw::new(record))
}

/// Pages of states, by which the next run goes on. Gives how many.
pub(super) fn states(
    request: &Request<'_>,
    scope: &str,
    states: &[State],
    sink: &mut dyn Sink,
) -> Result<usize, Error> {
    #[derive(Serialize)]
    struct Page<'a> {
        page: usize,
        files: &'a [State],
    }
    for (page, files) in states.chunks(PAGE).enumerate() {
        let mut record = event(request, STATE, scope);
        set(&mut record, PartName::Result, &Page { page, files })?;
        sink.record(Raw::new(record))?;
    }
    Ok(states.len().div_ceil(PAGE))
}

/// The record of a log that lost what had been read of it, with its finding.
pub(super) fn lost(request: &Request<'_>, lost: &Lost, shown: &str, sink: &mut dyn Sink) -> Result<(), Error> {
    #[derive(Serialize)]
    struct Told<'a> {
        path: &'a str,
        what: &'static str,
        /// What was read and sealed of it.
        read: u64,
        sha256: &'a str,
        size: Option<u64>,
        last_entry: Option<String>,
    }
    let state = &lost.state;
    let (rule, severity, what) = match lost.loss {
        Loss::Shrunk => ("log.shrunk", Severity::Critical, "was cut off at its end"),
        Loss::Rewritten => ("log.rewritten", Severity::Critical, "was written over"),
        Loss::Replaced => {
            ("log.replaced", Severity::Warning, "was emptied or replaced, and no rotated copy of it is here")
        }
        Loss::Vanished => ("log.vanished", Severity::Warning, "is not there any more"),
    };
    let message = format!(
        "{shown} {what}: {} bytes with the digest {}… were sealed earlier, and are not what is there now",
        state.read,
        &state.sha256[..16.min(state.sha256.len())],
    );
    let recommend = match lost.loss {
        Loss::Shrunk | Loss::Rewritten => {
            "Nobody who appends or rotates does this. Keep the file, find out who could write to it, and compare it \
             with a copy whose first bytes have the sealed digest (`head -c BYTES FILE | sha256sum`)."
        }
        Loss::Replaced | Loss::Vanished => {
            "If rotation does not explain it, look for a copy whose first bytes have the sealed digest, and find out \
             who removed it. Run audits more often than logs are rotated away."
        }
    };
    let mut finding = Finding::new(rule, "tampering", severity, message, Some(shown), &state.sha256);
    finding.recommendation = Some(recommend.to_owned());
    finding.location = Some(Location::of(shown));
    let told = Told {
        path: shown,
        what: rule.trim_start_matches("log."),
        read: state.read,
        sha256: &state.sha256,
        size: lost.size,
        last_entry: state.last.map(time),
    };
    let mut record = request.event(NAME, LOST, Target::new(TargetKind::Log, shown), request.now);
    record.severity = severity;
    record.category = Category::SecurityEvent;
    record.outcome = Some(Outcome::Failed);
    set(&mut record, PartName::Result, &told)?;
    record.set_findings(&[finding]);
    sink.record(Raw::new(record))
}

/// The part `result` of the record over a run.
#[derive(Serialize)]
pub(super) struct RunTold<'a> {
    pub(super) root: &'a str,
    /// Whether it went on from an earlier run.
    pub(super) resumed: Option<u64>,
    pub(super) selected: bool,
    pub(super) files: usize,
    pub(super) unchanged: u64,
    pub(super) rotated: u64,
    pub(super) gone: u64,
    pub(super) bytes: u64,
    pub(super) entries: u64,
    pub(super) levels: BTreeMap<&'static str, u64>,
    pub(super) first: Option<String>,
    pub(super) last: Option<String>,
    pub(super) formats: BTreeMap<&'static str, u64>,
    pub(super) services: Vec<ServiceTold>,
    pub(super) templates: TemplatesTold,
    pub(super) clusters_total: usize,
    pub(super) clusters: Vec<ClusterTold<'a>>,
    pub(super) groups: Vec<Group>,
    pub(super) gaps: Vec<GapTold>,
    pub(super) silent: Vec<SilentTold>,
    pub(super) timeline: TimelineTold,
    pub(super) pages: usize,
    pub(super) complete: bool,
    pub(super) notes: &'a [String],
}

#[derive(Serialize)]
pub(super) struct ServiceTold {
    pub(super) service: String,
    pub(super) entries: u64,
    pub(super) errors: u64,
}

#[derive(Serialize)]
pub(super) struct TemplatesTold {
    pub(super) seen: usize,
    pub(super) new: usize,
    pub(super) known: usize,
}

#[derive(Serialize)]
pub(super) struct GapTold {
    pub(super) path: String,
    pub(super) from: String,
    pub(super) to: String,
    pub(super) seconds: i64,
}

/// A log that does not speak any more, while others do.
#[derive(Serialize)]
pub(super) struct SilentTold {
    pub(super) path: String,
    pub(super) last: String,
    pub(super) seconds: i64,
    pub(super) usual_seconds: i64,
}

#[derive(Serialize)]
pub(super) struct TimelineTold {
    pub(super) seconds: i64,
    /// When each bucket begins (seconds since the epoch), entries, errors.
    pub(super) rows: Vec<(i64, u64, u64)>,
}

/// Services by entries, the busiest first.
pub(super) fn services(seen: &Seen) -> Vec<ServiceTold> {
    const SHOWN: usize = 100;
    let mut services: Vec<ServiceTold> = seen
        .services
        .iter()
        .map(|(service, [entries, errors])| ServiceTold {
            service: String::from_utf8_lossy(service).into_owned(),
            entries: *entries,
            errors: *errors,
        })
        .collect();
    services.sort_by(|a, b| b.entries.cmp(&a.entries).then_with(|| a.service.cmp(&b.service)));
    services.truncate(SHOWN);
    services
}

/// Writes a part.
pub(super) fn set(record: &mut Record, part: PartName, value: &impl Serialize) -> Result<(), Error> {
    let action = NAME;
    let json = serde_json::value::to_raw_value(value).map_err(|cause| Error::Encoding { action, cause })?;
    record.parts.insert(part, json);
    Ok(())
}

/// An event about the place as a whole.
pub(super) fn event(request: &Request<'_>, action: &'static str, scope: &str) -> Record {
    request.event(NAME, action, Target::new(TargetKind::Log, scope), request.now)
}
