//! How services stand and how they stood: what is down and since when, what takes too much, what was started again.

use std::collections::BTreeMap;

use sealbook_ledger::Uuid;
use sealbook_record::{Finding, PartName, Severity, Timestamp};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::progress::go_on;
use crate::{Analyzer, AnalyzerMetadata, Error, Progress, Scope, Sealed};

/// Reads checks of services into findings.
#[derive(Debug, Clone, Copy, Default)]
pub struct ServiceAnalyzer;

static METADATA: AnalyzerMetadata = AnalyzerMetadata {
    name: "service",
    about: "Services that are down or in need, and since when; those that keep falling, or were started again",
    version: "1",
    sources: &["service"],
    actions: &["service.checked", "service.host"],
    rules: &["service.down", "service.degraded", "service.flapping", "service.restarted"],
};

/// How long back a service is watched for falling again and again.
const FLAPPING_US: i64 = 24 * 3_600 * 1_000_000;
/// So often it must have fallen.
const FALLS: usize = 3;

#[derive(Deserialize)]
struct Told {
    service: String,
    check: String,
    what: String,
    state: String,
    severity: Severity,
    #[serde(default)]
    why: Option<String>,
    #[serde(default)]
    figures: Map<String, Value>,
}

/// What is known of one check.
struct Course {
    last: Told,
    seq: u64,
    /// Since when it stands as it does, and the record that first said so.
    since: (Timestamp, u64),
    /// When it went from up to down.
    falls: Vec<(Timestamp, u64)>,
    /// The records before and after a start that the newest check saw.
    restarted: Option<(u64, u64)>,
    /// The run of the newest check.
    run: Option<Uuid>,
}

impl Course {
    fn new(told: Told, seq: u64, at: Timestamp, run: Option<Uuid>) -> Self {
        Self { last: told, seq, since: (at, seq), falls: Vec::new(), restarted: None, run }
    }

    fn go_on(&mut self, told: Told, seq: u64, at: Timestamp, run: Option<Uuid>) {
        if told.state != self.last.state {
            // Where it could not be looked at nothing is known of how it stood.
            if told.state == "down" && self.last.state != "unknown" {
                self.falls.push((at, seq));
            }
            self.since = (at, seq);
        }
        // The system reckons the time of a start anew for each look; a number of a process stays.
        let started = |told: &Told| {
            let of = |name: &str| told.figures.get(name).filter(|value| !value.is_null());
            let booted = of("booted_s").and_then(Value::as_u64).map(|at| (at / 60).to_string());
            let pid = of("pids").and_then(|pids| pids.get(0)).map(ToString::to_string);
            pid.or_else(|| of("started_at").map(ToString::to_string)).or(booted)
        };
        let (before, now) = (started(&self.last), started(&told));
        self.restarted = (before.is_some() && now.is_some() && before != now).then_some((self.seq, seq));
        (self.last, self.seq, self.run) = (told, seq, run);
    }

    fn find(&self, now: Timestamp, findings: &mut Vec<Finding>) {
        let Told { service, check, what, state, severity, why, .. } = &self.last;
        let name = if check == "host" { "the host".to_owned() } else { format!("{service} ({check} {what})") };
        let why = why.as_ref().map_or_else(String::new, |why| format!(": {why}"));
        let finding = |rule: &str, kind: &str, severity, message: String, evidence: Vec<(u64, u64)>| {
            let mut finding = Finding::new(rule, kind, severity, message, None, &format!("{service}\0{check}\0{what}"));
            finding.evidence = evidence;
            finding.metadata.insert("service".to_owned(), service.clone().into());
            finding.metadata.insert("check".to_owned(), check.clone().into());
            finding
        };
        let since = vec![(self.since.1, self.since.1), (self.seq, self.seq)];
        match state.as_str() {
            "down" => {
                let message = format!("{name} is down, first seen so at {}{why}", self.since.0);
                findings.push(finding("service.down", "service", *severity, message, since));
            }
            "degraded" => {
                let message = format!("{name} is in need{why}");
                let severity = Severity::Warning.min(*severity);
                findings.push(finding("service.degraded", "service", severity, message, since));
            }
            _ => {}
        }
        let falls: Vec<u64> = self
            .falls
            .iter()
            .filter(|(at, _)| now.as_micros() - at.as_micros() <= FLAPPING_US)
            .map(|(_, seq)| *seq)
            .collect();
        if falls.len() >= FALLS {
            let message = format!("{name} fell {} times within a day", falls.len());
            let evidence = falls.iter().map(|seq| (*seq, *seq)).collect();
            let mut found = finding("service.flapping", "service", Severity::Warning, message, evidence);
            found.recommendation =
                Some("Look at what it says before it falls: `sealbook service NAME --logs`.".to_owned());
            findings.push(found);
        }
        if let Some((before, after)) = self.restarted {
            let message = format!("{name} was started again since it was last looked at");
            let evidence = vec![(before, before), (after, after)];
            findings.push(finding("service.restarted", "service", Severity::Info, message, evidence));
        }
    }
}

impl Analyzer for ServiceAnalyzer {
    fn metadata(&self) -> &'static AnalyzerMetadata {
        &METADATA
    }

    fn analyze(
        &self,
        records: &mut dyn Iterator<Item = Result<Sealed, Error>>,
        scope: &Scope<'_>,
        progress: &dyn Progress,
    ) -> Result<Vec<Finding>, Error> {
        let mut courses: BTreeMap<(String, String, String), Course> = BTreeMap::new();
        let mut newest = None;
        progress.begin("service analysis", None);
        for sealed in records {
            go_on(progress)?;
            progress.advance(1);
            let Sealed { seq, record } = sealed?;
            let part = record.part(PartName::Result);
            let Some(told) = part.and_then(|part| serde_json::from_str::<Told>(part.get()).ok()) else { continue };
            newest = record.operation;
            let key = (told.service.clone(), told.check.clone(), told.what.clone());
            let at = record.occurred;
            match courses.get_mut(&key) {
                Some(course) => course.go_on(told, seq, at, record.operation),
                None => {
                    courses.insert(key, Course::new(told, seq, at, record.operation));
                }
            }
        }
        progress.end();
        let mut findings = Vec::new();
        // What the newest run did not look at may be gone by now: of that nothing is said.
        for course in courses.values().filter(|course| course.run == newest) {
            course.find(scope.now, &mut findings);
        }
        Ok(findings)
    }
}
