//! What the linters' runs come to: what is open, whether it gets more, how dense it is, what it would take to mend it,
//! where tests are missing, and which file to take apart first.

mod advice;
mod read;

use std::collections::BTreeMap;

use sealbook_ledger::Uuid;
use sealbook_record::{Finding, Location, Severity, Timestamp};

use self::advice::Files;
use self::read::{Open, Run};
use crate::progress::go_on;
use crate::source::quality::{NAME, PAGE, RUN};
use crate::{Analyzer, AnalyzerMetadata, Error, Progress, Scope, Sealed};

/// Reads runs of linters into findings.
#[derive(Debug, Clone, Copy, Default)]
pub struct QualityAnalyzer;

static METADATA: AnalyzerMetadata = AnalyzerMetadata {
    name: "quality",
    about: "What linters left open, its trend, density and debt; gaps of tests; what to take apart first",
    version: "1",
    sources: &["quality", "git", "module"],
    actions: &["quality.run", "quality.page", "quality.failed", "git.commit", "git.commit.files", "module.audited"],
    rules: &[
        "quality.trend",
        "quality.density",
        "quality.debt",
        "quality.coverage_gap",
        "quality.refactor",
        "quality.more",
        "ruff.*",
        "mypy.*",
        "bandit.*",
        "clippy.*",
        "eslint.*",
        "banned-words.*",
    ],
};

/// Of one rule, so many are told one by one; the rest is counted.
const SHOWN: usize = 50;
/// From so many for each thousand lines on, density is more than a note.
const DENSE: f64 = 20.0;
/// Of fewer lines density says little.
const LINES_LEAST: u64 = 1_000;
/// Minutes that mending takes, by weight. A rule of thumb, and said to be one.
const MINUTES: [(Severity, u64); 3] = [(Severity::Error, 30), (Severity::Warning, 15), (Severity::Info, 5)];

/// One tool at one place, over time.
#[derive(Default)]
struct Course {
    run: Run,
    seq: u64,
    at: Option<Timestamp>,
    operation: Option<Uuid>,
    /// The run before this one: its total, its place, its time.
    before: Option<(u64, u64, Timestamp)>,
}

impl Analyzer for QualityAnalyzer {
    fn metadata(&self) -> &'static AnalyzerMetadata {
        &METADATA
    }

    /// History and modules help to weigh what linters say, and say nothing here by themselves.
    fn supports(&self, source: &str) -> bool {
        source == NAME
    }

    fn analyze(
        &self,
        records: &mut dyn Iterator<Item = Result<Sealed, Error>>,
        scope: &Scope<'_>,
        progress: &dyn Progress,
    ) -> Result<Vec<Finding>, Error> {
        let mut courses: BTreeMap<String, Course> = BTreeMap::new();
        let (mut files, mut newest) = (Files::default(), None);
        progress.begin("quality analysis", None);
        for sealed in records {
            go_on(progress)?;
            progress.advance(1);
            let Sealed { seq, record } = sealed?;
            if record.source != NAME {
                files.take(seq, &record);
                continue;
            }
            newest = record.operation;
            if record.action == RUN
                && let Some(run) = read::run(&record)
            {
                let course = courses.entry(record.target.id.clone()).or_default();
                // Before and after mending is one run.
                if let Some(at) = course.at.filter(|_| course.operation != record.operation) {
                    course.before = Some((course.run.total, course.seq, at));
                }
                (course.run, course.seq, course.at) = (run, seq, Some(record.occurred));
                course.operation = record.operation;
            } else if record.action == PAGE
                && let Some(course) = courses.get_mut(&record.target.id)
            {
                course.run.open.extend(read::page(&record).unwrap_or_default());
            }
        }
        progress.end();
        let courses: Vec<&Course> = courses.values().filter(|it| it.operation == newest).collect();
        let mut findings = Vec::new();
        courses.iter().for_each(|course| open(course, scope, &mut findings));
        courses.iter().for_each(|course| findings.extend(trend(course)));
        findings.extend(density(&courses));
        let (suppressed, all): (Vec<_>, Vec<(&Open, u64)>) = courses
            .iter()
            .flat_map(|course| course.run.open.iter().map(|open| (open, course.seq)))
            .partition(|(open, _)| scope.is_suppressed(&open.id));
        findings.extend(debt(&courses, &all, suppressed.len()));
        if !courses.is_empty() {
            findings.extend(files.gaps(&all));
            findings.extend(files.first(&all));
        }
        Ok(findings)
    }
}

/// What is open, one by one as far as a person reads it.
fn open(course: &Course, scope: &Scope<'_>, findings: &mut Vec<Finding>) {
    let mut by_rule: BTreeMap<&str, Vec<&Open>> = BTreeMap::new();
    course.run.open.iter().for_each(|open| by_rule.entry(&open.rule).or_default().push(open));
    let evidence = vec![(course.seq, course.seq)];
    for (rule, open) in by_rule {
        // What is lived with takes nobody's place, and is taken out later, with its reason.
        let (suppressed, open): (Vec<&Open>, Vec<&Open>) =
            open.into_iter().partition(|open| scope.is_suppressed(&open.id));
        for it in open.iter().take(SHOWN).chain(&suppressed) {
            let mut finding = Finding::new(rule, "violation", it.severity, &*it.message, Some(&it.path), &it.content);
            finding.id.clone_from(&it.id);
            finding.location = Some(Location { path: it.path.clone(), line: it.line, column: it.column });
            finding.evidence.clone_from(&evidence);
            findings.push(finding);
        }
        if let Some(more) = open.len().checked_sub(SHOWN).filter(|more| *more > 0) {
            let severity = open[SHOWN..].iter().map(|it| it.severity).max().unwrap_or(Severity::Info);
            let message = format!("{more} more of {rule}, {} in all", open.len());
            let mut finding = Finding::new("quality.more", "violation", severity, message, None, rule);
            finding.evidence.clone_from(&evidence);
            findings.push(finding);
        }
    }
}

fn trend(course: &Course) -> Option<Finding> {
    let (was, seq, at) = course.before?;
    let (is, tool, scope) = (course.run.total, &course.run.tool, &course.run.scope);
    if is == was {
        return None;
    }
    let place = if scope == "." { String::new() } else { format!(" in {scope}") };
    let (severity, word) = if is > was { (Severity::Warning, "more") } else { (Severity::Info, "fewer") };
    let message = format!("{tool}{place}: {} {word} than at {at} ({was} → {is})", is.abs_diff(was));
    let mut finding = Finding::new("quality.trend", "trend", severity, message, None, &format!("{tool}\0{scope}"));
    finding.evidence = vec![(seq, seq), (course.seq, course.seq)];
    finding.metadata.insert("before".to_owned(), was.into());
    finding.metadata.insert("now".to_owned(), is.into());
    Some(finding)
}

fn density(courses: &[&Course]) -> Option<Finding> {
    let dense = |course: &&Course| {
        let lines = course.run.lines;
        (lines > 0).then(|| (course.run.tool.clone(), course.run.total as f64 * 1_000.0 / lines as f64, lines))
    };
    let mut by_tool: Vec<(String, f64, u64)> = courses.iter().filter_map(dense).collect();
    by_tool.sort_by(|a, b| b.1.total_cmp(&a.1));
    let whole: f64 = by_tool.iter().map(|(_, density, _)| density).sum();
    let list: Vec<String> =
        by_tool.iter().map(|(tool, density, lines)| format!("{tool} {density:.1} ({lines} lines)")).collect();
    if list.is_empty() {
        return None;
    }
    let is_much = by_tool.iter().any(|(.., lines)| *lines >= LINES_LEAST);
    let severity = if whole > DENSE && is_much { Severity::Warning } else { Severity::Info };
    let message = format!("for each 1,000 lines: {}", list.join(", "));
    let mut finding = Finding::new("quality.density", "density", severity, message, None, "");
    finding.evidence = courses.iter().map(|course| (course.seq, course.seq)).collect();
    for (tool, density, _) in by_tool {
        finding.metadata.insert(tool, ((density * 10.0).round() / 10.0).into());
    }
    Some(finding)
}

/// What is lived with is not to be mended, and is counted apart.
fn debt(courses: &[&Course], open: &[(&Open, u64)], suppressed: usize) -> Option<Finding> {
    let minutes_of = |severity: Severity| {
        let severity = if severity == Severity::Critical { Severity::Error } else { severity };
        MINUTES.iter().find(|(of, _)| *of == severity).map_or(5, |(_, minutes)| *minutes)
    };
    let (count, minutes) =
        open.iter().fold((0_u64, 0), |sum, (open, _)| (sum.0 + 1, sum.1 + minutes_of(open.severity)));
    if count == 0 && suppressed == 0 {
        return None;
    }
    let beside = match suppressed {
        0 => String::new(),
        1 => "; 1 more is suppressed".to_owned(),
        more => format!("; {more} more are suppressed"),
    };
    let message = format!(
        "to mend all {count} would take about {} (a rule of thumb: 30 minutes for an error, 15 for a warning, 5 for \
         what is less){beside}",
        if minutes < 120 { format!("{minutes} minutes") } else { format!("{} hours", minutes.div_ceil(60)) }
    );
    let mut finding = Finding::new("quality.debt", "debt", Severity::Info, message, None, "");
    finding.evidence = courses.iter().map(|course| (course.seq, course.seq)).collect();
    finding.metadata.insert("minutes".to_owned(), minutes.into());
    if suppressed > 0 {
        finding.metadata.insert("suppressed".to_owned(), suppressed.into());
    }
    Some(finding)
}
