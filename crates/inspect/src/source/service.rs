//! The `service` source: whether services are up, and what they take.
//!
//! Services are named by a file of their own (`services.yaml`), by compose files and by systemd units. Each run seals
//! one `service.checked` record per check, one `service.host` record of the host, and names in its coverage what could
//! not be checked. Every check has a time that it may take. Headers, users, passwords and queries of addresses are
//! told nowhere.

mod check;
mod compose;
mod config;
mod container;
mod find;
mod host;
mod process;
mod unit;
pub(in crate::source) mod yaml;

use std::path::{Path, PathBuf};

use sealbook_policy::Raw;
use sealbook_record::{Outcome, PartName, Severity, Target, TargetKind};
use serde::Serialize;
use serde_json::value::to_raw_value;
use serde_json::{Map, Value};

use self::check::{Check, Means, Seen, State, What};
use self::find::Found;
use self::process::Processes;
use crate::progress::go_on;
use crate::source::resolved;
use crate::{
    Coverage, Error, OptionHelp, Prior, Progress, Request, ServiceOptions, Sink, Source, SourceMetadata, TreePath,
};

/// The source's name in records.
const NAME: &str = "service";
/// One check in one run.
const CHECKED: &str = "service.checked";
/// The host in one run.
const HOST: &str = "service.host";

/// Looks at services.
#[derive(Debug, Clone, Copy, Default)]
pub struct ServiceSource;

static METADATA: SourceMetadata = SourceMetadata {
    name: NAME,
    about: "Services: HTTP, TCP, process, command and container checks; CPU, memory, disks, uptime",
    version: "1",
    kinds: &[TargetKind::Service],
    actions: &[CHECKED, HOST],
    options: &[
        OptionHelp { name: "file", about: "The file that names the services" },
        OptionHelp { name: "health", about: "Only whether they are up" },
    ],
};

#[derive(Serialize)]
struct Asked<'a> {
    version: u32,
    service: &'a str,
    check: &'a str,
    what: &'a str,
    from: &'a str,
    timeout_us: u64,
}

#[derive(Serialize)]
struct Told<'a> {
    service: &'a str,
    check: &'a str,
    what: &'a str,
    state: State,
    severity: Severity,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<&'a str>,
    took_us: u64,
    figures: &'a Map<String, Value>,
}

impl Source for ServiceSource {
    fn metadata(&self) -> &'static SourceMetadata {
        &METADATA
    }

    fn collect(
        &self,
        request: &Request<'_>,
        _: &dyn Prior,
        sink: &mut dyn Sink,
        progress: &dyn Progress,
    ) -> Result<Coverage, Error> {
        let options = &request.options.service;
        let root = directory(&request.target)?;
        let mut coverage = Coverage::default();
        let mut found = Found::look(&root, options, &mut coverage)?;
        coverage.bytes = found.bytes;
        select(&mut found, options)?;
        let services = &found.said.services;
        for (file, sha256) in &found.files {
            coverage.notes.push(format!("services are named by {file} (SHA-256 {sha256})"));
        }
        for service in services.iter().filter(|service| service.checks.is_empty()) {
            let detail = "there is nothing by which it could be looked at".to_owned();
            coverage.skip(TreePath::from(&*service.name), "no_checks", Some(detail));
        }
        let count: usize = services.iter().map(|service| service.checks.len()).sum();
        if count == 0 && coverage.is_complete() {
            let detail = "no services.yaml, compose file or unit names a service".to_owned();
            coverage.skip(TreePath::from("."), "no_checks", Some(detail));
        }
        let has_processes =
            services.iter().flat_map(|it| &it.checks).any(|check| matches!(check.what, What::Process { .. }));
        let processes = if has_processes { Processes::look() } else { Processes::none() };
        let health_only = options.health_only;
        let means = Means { reach: request.reach, processes: &processes, directory: &root, health_only };
        progress.begin("checks", Some(count as u64));
        for service in services {
            for check in &service.checks {
                go_on(progress)?;
                one(request, service, check, &means, &mut coverage, sink)?;
                progress.advance(1);
            }
        }
        progress.end();
        if !health_only && options.name.is_none() {
            let seen = host::look(found.said.host.unwrap_or_default());
            let told = Told {
                service: "host",
                check: "host",
                what: "host",
                state: seen.state,
                severity: Severity::Error,
                why: seen.why.as_deref(),
                took_us: 0,
                figures: &seen.figures,
            };
            seal(request, HOST, None, &told, sink)?;
            coverage.covered += u64::from(seen.state != State::Unknown);
        }
        Ok(coverage)
    }
}

fn directory(target: &Path) -> Result<PathBuf, Error> {
    let found = resolved(target)?;
    if found.is_dir() { Ok(found) } else { Ok(found.parent().unwrap_or(&found).to_owned()) }
}

/// Leaves the service that is asked for.
fn select(found: &mut Found, options: &ServiceOptions) -> Result<(), Error> {
    let Some(name) = &options.name else { return Ok(()) };
    let services = &mut found.said.services;
    if !services.iter().any(|service| service.name == *name) {
        let known: Vec<&str> = services.iter().map(|service| service.name.as_str()).collect();
        let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
        return Err(Error::UnknownService { name: name.clone(), known });
    }
    services.retain(|service| service.name == *name);
    Ok(())
}

fn one(
    request: &Request<'_>,
    service: &config::Service,
    check: &Check,
    means: &Means<'_>,
    coverage: &mut Coverage,
    sink: &mut dyn Sink,
) -> Result<(), Error> {
    let what = check.what.name();
    let kind = check.what.kind();
    let begun = request.stamp.now();
    let mut seen: Seen = check.what.look(check.most, means);
    let took_us = u64::try_from(request.stamp.now().as_micros() - begun.as_micros()).unwrap_or(0);
    if let Some(slow) = check.slow.filter(|slow| u128::from(took_us) > slow.as_micros()) {
        seen.degrade(format!("it took {} ms; {} at most", took_us / 1_000, slow.as_millis()));
    }
    if seen.state == State::Unknown {
        let why = seen.why.clone().map(|why| why.chars().take(200).collect());
        coverage.skip(TreePath::from(&*format!("{}: {kind} {what}", service.name)), "not_checked", why);
    } else {
        coverage.covered += 1;
    }
    let asked = Asked {
        version: 1,
        service: &service.name,
        check: kind,
        what: &what,
        from: &service.from,
        timeout_us: u64::try_from(check.most.as_micros()).unwrap_or(u64::MAX),
    };
    let told = Told {
        service: &service.name,
        check: kind,
        what: &what,
        state: seen.state,
        severity: check.severity,
        why: seen.why.as_deref(),
        took_us,
        figures: &seen.figures,
    };
    seal(request, CHECKED, Some(&asked), &told, sink)
}

fn seal(
    request: &Request<'_>,
    action: &'static str,
    asked: Option<&Asked<'_>>,
    told: &Told<'_>,
    sink: &mut dyn Sink,
) -> Result<(), Error> {
    let part = |value: Result<_, serde_json::Error>| value.map_err(|cause| Error::Encoding { action, cause });
    let target = Target { id: told.service.to_owned(), kind: TargetKind::Service };
    let mut record = request.event(NAME, action, target, request.stamp.now());
    record.duration_us = Some(told.took_us);
    match told.state {
        State::Up => {}
        State::Degraded => record.severity = Severity::Warning.min(told.severity),
        State::Unknown => {
            record.severity = Severity::Warning;
            record.outcome = Some(Outcome::Unknown);
        }
        State::Down => {
            record.severity = told.severity;
            record.outcome = Some(Outcome::Failed);
        }
    }
    if let Some(asked) = asked {
        record.parts.insert(PartName::Input, part(to_raw_value(asked))?);
    }
    record.parts.insert(PartName::Result, part(to_raw_value(told))?);
    sink.record(Raw::new(record))
}

/// Where the files that name services say that the logs of one lie; paths as they stand there.
pub fn logs_of(target: &Path, options: &ServiceOptions) -> Result<Vec<PathBuf>, Error> {
    let root = directory(target)?;
    let mut found = Found::look(&root, options, &mut Coverage::default())?;
    select(&mut found, options)?;
    Ok(found.said.services.iter().flat_map(|service| &service.logs).map(|log| root.join(log)).collect())
}
