//! The `log` analyzer: what in the logs needs a person.
//!
//! It reads the records over runs, not lines. The first run, and one that asked for a part, is told by its gravest
//! and most frequent errors; later ones by what is new or more than it was. Runs that nobody analyzed, such as those
//! of a watch, are told together with the next that is. What was tampered with is told until a person suppresses it.

mod lost;
mod read;

use std::collections::HashMap;

use sealbook_record::{Finding, Severity};

use self::lost::Losses;
use self::read::{Cluster, Group, Run, hours, length, moment, names, rate};
use crate::progress::go_on;
use crate::{Analyzer, AnalyzerMetadata, Error, Progress, Scope, Sealed};

/// Reads runs over logs into findings.
#[derive(Debug, Clone, Copy, Default)]
pub struct LogAnalyzer;

static METADATA: AnalyzerMetadata = AnalyzerMetadata {
    name: "log",
    about: "New kinds of errors, errors that multiply, bursts, failures that cross logs, logs that fell silent",
    version: "2",
    sources: &["log"],
    actions: &["log.run", "log.selection", "log.lost"],
    rules: &[
        "log.shrunk",
        "log.rewritten",
        "log.replaced",
        "log.vanished",
        "log.error",
        "log.error.new",
        "log.error.more",
        "log.burst",
        "log.together",
        "log.silent",
        "log.gap",
    ],
};

/// A log that is not what it was.
const LOST: &str = "log.lost";
/// Findings of one rule, at most.
const SHOWN: usize = 10;
/// Kinds of errors of which earlier rates are kept.
const RATES: usize = 20_000;
/// Fewer are no pattern.
const ENOUGH: u64 = 20;

impl Analyzer for LogAnalyzer {
    fn metadata(&self) -> &'static AnalyzerMetadata {
        &METADATA
    }

    fn analyze(
        &self,
        records: &mut dyn Iterator<Item = Result<Sealed, Error>>,
        scope: &Scope<'_>,
        progress: &dyn Progress,
    ) -> Result<Vec<Finding>, Error> {
        progress.begin("log analysis", None);
        // By place: a project may have logs in several.
        let mut places: HashMap<String, Place> = HashMap::new();
        let mut losses = Losses::default();
        let mut last = None;
        for sealed in records {
            go_on(progress)?;
            progress.advance(1);
            let Sealed { seq, record } = sealed?;
            if record.action == LOST {
                losses.add(seq, &record);
                continue;
            }
            let Some(run) = Run::of(&record) else { continue };
            losses.of_run(&record);
            last = Some(record.target.id.clone());
            let was_analyzed = record.operation.is_some_and(|run| scope.analyzed.binary_search(&run).is_ok());
            places.entry(record.target.id.clone()).or_default().add(seq, run, was_analyzed);
        }
        progress.end();
        let Some((last, place)) = last.and_then(|last| places.remove_entry(&last)) else { return Ok(Vec::new()) };
        let mut findings = losses.finish(&last);
        findings.extend(place.finish());
        Ok(findings)
    }

    fn tells_since_its_last(&self) -> bool {
        true
    }
}

/// The runs over the logs of one place.
#[derive(Default)]
struct Place {
    /// Those that nobody analyzed yet, put together.
    untold: Option<Run>,
    seqs: Vec<(u64, u64)>,
    /// The highest rates of errors, of the runs that were analyzed.
    rates: HashMap<String, f64>,
}

impl Place {
    fn add(&mut self, seq: u64, run: Run, was_analyzed: bool) {
        // A selection answers a question of its own.
        if run.selected {
            if !was_analyzed && self.untold.is_none() {
                (self.untold, self.seqs) = (Some(run), vec![(seq, seq)]);
            }
            return;
        }
        if self.untold.as_ref().is_some_and(|untold| untold.selected) {
            self.seqs.clear();
        }
        self.seqs.push((seq, seq));
        let all = match self.untold.take().filter(|untold| !untold.selected) {
            Some(untold) => untold.and(run),
            None => run,
        };
        if !was_analyzed {
            self.untold = Some(all);
            return;
        }
        self.seqs.clear();
        for cluster in &all.clusters {
            if self.rates.len() < RATES || self.rates.contains_key(&cluster.key) {
                let rate = rate(cluster.count, hours(&all));
                let most = self.rates.entry(cluster.key.clone()).or_default();
                *most = most.max(rate);
            }
        }
    }

    fn finish(self) -> Vec<Finding> {
        let Some(run) = self.untold else { return Vec::new() };
        let mut findings = Vec::new();
        if run.resumed.is_none() {
            findings.extend(run.clusters.iter().take(SHOWN).map(told));
        } else {
            findings.extend(new(&run));
            findings.extend(more(&run, &self.rates));
        }
        findings.extend(burst(&run));
        findings.extend(run.groups.iter().take(SHOWN).map(|group| together(&run, group)));
        if !run.selected {
            findings.extend(silent(&run));
            findings.extend(gaps(&run));
        }
        for finding in &mut findings {
            finding.evidence.clone_from(&self.seqs);
        }
        findings
    }
}

fn finding(
    rule: &str,
    kind: &str,
    severity: Severity,
    message: String,
    (path, content): (Option<&str>, &str),
    recommend: &str,
) -> Finding {
    let mut finding = Finding::new(rule, kind, severity, message, path, content);
    finding.recommendation = Some(recommend.to_owned());
    finding
}

/// Where a cluster is: its first file.
fn place(cluster: &Cluster) -> (Option<&str>, &str) {
    (cluster.files.first().map(String::as_str), &cluster.key)
}

fn with_counts(mut finding: Finding, cluster: &Cluster) -> Finding {
    finding.metadata.insert("template".to_owned(), cluster.id.clone().into());
    finding.metadata.insert("level".to_owned(), cluster.level.clone().into());
    finding.metadata.insert("count".to_owned(), cluster.count.into());
    finding
}

/// An error of the first run, or of a selection.
fn told(cluster: &Cluster) -> Finding {
    let severity = if cluster.level == "critical" { Severity::Error } else { Severity::Warning };
    let message = format!("{}{}", cluster.told(), cluster.span());
    let recommend = "See its example in the record of the run; mend it, or have it logged as what it is.";
    with_counts(finding("log.error", "error", severity, message, place(cluster), recommend), cluster)
}

/// Errors that no run before had.
fn new(run: &Run) -> Vec<Finding> {
    let all: Vec<&Cluster> = run.clusters.iter().filter(|cluster| cluster.new).collect();
    let mut findings: Vec<Finding> = all
        .iter()
        .take(SHOWN)
        .map(|cluster| {
            let message = format!("new: {}{}", cluster.told(), cluster.span());
            let recommend = "It was in no run before: look at what was changed shortly before its first time.";
            with_counts(finding("log.error.new", "error", Severity::Error, message, place(cluster), recommend), cluster)
        })
        .collect();
    if all.len() > SHOWN {
        let message = format!("{} further kinds of errors are new in this run", all.len() - SHOWN);
        let recommend = "`sealbook query --action log.cluster` lists all of them.";
        let key = (None, "further");
        findings.push(finding("log.error.new", "error", Severity::Error, message, key, recommend));
    }
    findings
}

/// Errors that come three times as often as in any run before.
fn more(run: &Run, rates: &HashMap<String, f64>) -> Vec<Finding> {
    let hours = hours(run);
    let grown = run.clusters.iter().filter(|cluster| !cluster.new && cluster.count >= ENOUGH).filter_map(|cluster| {
        let (before, now) = (*rates.get(&cluster.key)?, rate(cluster.count, hours));
        (before > 0.0 && now >= before * 3.0).then_some((cluster, before, now))
    });
    grown
        .take(SHOWN)
        .map(|(cluster, before, now)| {
            let message = format!("{now:.0} an hour, at most {before:.1} before: {}", cluster.told());
            let recommend = "Compare with what was changed, and with the load, since the run before.";
            let found = finding("log.error.more", "error", Severity::Warning, message, place(cluster), recommend);
            with_counts(found, cluster)
        })
        .collect()
}

/// The worst time of a run: many errors in one bucket, ten times what the others have.
fn burst(run: &Run) -> Option<Finding> {
    let rows = &run.timeline.rows;
    let worst = rows.iter().max_by_key(|row| row.2)?;
    let errors: u64 = rows.iter().map(|row| row.2).sum();
    let span = rows.last()?.0.saturating_sub(rows.first()?.0);
    let buckets = u64::try_from(span).ok()?.checked_div(u64::try_from(run.timeline.seconds).ok()?)? + 1;
    let others = (errors - worst.2) as f64 / buckets.saturating_sub(1).max(1) as f64;
    if worst.2 < ENOUGH || buckets < 5 || (worst.2 as f64) < others * 10.0 {
        return None;
    }
    let within = length(run.timeline.seconds);
    let message = format!(
        "{} errors within {within} from {}; {others:.1} in as much time otherwise",
        worst.2,
        moment(worst.0.saturating_mul(1_000_000)),
    );
    let recommend = "Look at the first errors of it: those that follow are mostly their consequences.";
    let key = (None, &*worst.0.to_string());
    let mut found = finding("log.burst", "burst", Severity::Warning, message, key, recommend);
    found.metadata.insert("errors".to_owned(), worst.2.into());
    Some(found)
}

/// Errors of the same requests, or in the same minutes, in several logs.
fn together(run: &Run, group: &Group) -> Finding {
    let told = |id: &String| run.clusters.iter().find(|cluster| cluster.id == *id).map(|cluster| &*cluster.template);
    let templates: Vec<&str> = group.templates.iter().filter_map(told).take(3).collect();
    let what = if group.by == "request" { "requests failed in" } else { "minutes had bursts of errors in" };
    let what = if group.count == 1 { what.replacen("s ", " ", 1) } else { what.to_owned() };
    let of = if templates.is_empty() { String::new() } else { format!(": {}", templates.join("; ")) };
    let message = format!("{} {what} {}{of}", group.count, names(&group.files));
    let recommend = "Follow one of them from log to log: the log in which it fails first has the cause.";
    let content = format!("{} {} {}", group.by, group.files.join(" "), group.templates.join(" "));
    let severity = if group.count >= ENOUGH { Severity::Warning } else { Severity::Info };
    let mut found = finding("log.together", "correlation", severity, message, (None, &content), recommend);
    found.metadata.insert("count".to_owned(), group.count.into());
    found
}

fn silent(run: &Run) -> impl Iterator<Item = Finding> + '_ {
    run.silent.iter().take(SHOWN).map(|log| {
        let message = format!(
            "{} has said nothing for {} while other logs went on; its last entry is of {}",
            log.path,
            length(log.seconds),
            log.last
        );
        let recommend = "Find out whether the program stopped, logs elsewhere, or had its log taken away.";
        finding("log.silent", "silence", Severity::Warning, message, (Some(&log.path), &log.last), recommend)
    })
}

fn gaps(run: &Run) -> impl Iterator<Item = Finding> + '_ {
    run.gaps.iter().take(SHOWN).map(|gap| {
        let message = format!("{} has nothing between {} and {} ({})", gap.path, gap.from, gap.to, length(gap.seconds));
        let recommend =
            "A stop of the program explains it, or lines were taken out: compare with other logs of that time.";
        finding("log.gap", "silence", Severity::Info, message, (Some(&gap.path), &gap.from), recommend)
    })
}
