//! The `security` analyzer: secrets in the tree and in history, insecure code, permissions and dependencies, each
//! thing once.
//!
//! What lies in the tree is told by the newest run that looked; a secret that history brought stays a secret when its
//! line is gone, because every clone has it.

mod read;

use std::collections::{BTreeMap, BTreeSet};

use sealbook_record::{Finding, Location, Severity};

use self::read::{Advisory, Commit, Pattern, Permission, Scan, Secret, Told};
use crate::progress::go_on;
use crate::{Analyzer, AnalyzerMetadata, Error, Progress, Scope, Sealed};

/// Reads what lets others in into findings.
#[derive(Debug, Clone, Copy, Default)]
pub struct SecurityAnalyzer;

static METADATA: AnalyzerMetadata = AnalyzerMetadata {
    name: "security",
    about: "Secrets in files and in history, insecure code, permissions too wide, vulnerable dependencies",
    version: "1",
    sources: &["security", "git"],
    actions: &[
        "security.secret",
        "security.pattern",
        "security.permission",
        "security.advisory",
        "security.scan",
        "git.secret",
        "git.history",
    ],
    rules: &["secret", "insecure", "permission", "advisory"],
};

/// A private key that others on the machine can read.
const KEY_READABLE: &str = "key_readable";
/// Places of one thing that a message quotes.
const QUOTED: usize = 3;
/// Findings of one rule of code, and of one sort of permission, that are told one by one.
const ONE_BY_ONE: usize = 20;

/// What the run knows of how things are now.
#[derive(Default)]
struct Now {
    /// How it looked through the tree, if it did.
    tree: Option<Scan>,
    /// Files that held a secret and are not in the commit that is checked out.
    gone: BTreeSet<String>,
}

/// A secret, wherever it was seen.
#[derive(Default)]
struct Seen {
    tree: Option<Secret>,
    history: Vec<(Secret, Commit)>,
    evidence: BTreeSet<u64>,
}

impl Analyzer for SecurityAnalyzer {
    fn metadata(&self) -> &'static AnalyzerMetadata {
        &METADATA
    }

    fn analyze(
        &self,
        records: &mut dyn Iterator<Item = Result<Sealed, Error>>,
        scope: &Scope<'_>,
        progress: &dyn Progress,
    ) -> Result<Vec<Finding>, Error> {
        // By rule and digest, then by path.
        let mut secrets: BTreeMap<(String, String), BTreeMap<String, Seen>> = BTreeMap::new();
        let mut code: Vec<(u64, Pattern)> = Vec::new();
        let mut permissions: BTreeMap<String, Vec<(u64, Permission)>> = BTreeMap::new();
        let mut advisories: Vec<(u64, Advisory)> = Vec::new();
        let mut now = Now::default();
        let (mut history, mut rules_of, mut newest) = (Vec::new(), BTreeMap::new(), None);
        progress.begin("security analysis", None);
        for sealed in records {
            go_on(progress)?;
            progress.advance(1);
            let Sealed { seq, record } = sealed?;
            // Of the tree only what this run saw: an older run tells of what may be gone.
            let is_of_now = record.occurred >= scope.now;
            match read::read(&record) {
                Some(Told::InHistory(secret, commit)) => history.push((seq, record.operation, secret, commit)),
                Some(Told::Walked(walk)) => {
                    if is_of_now {
                        now.gone = walk.gone();
                    }
                    if let Some(digest) = walk.rules() {
                        rules_of.insert(record.operation, digest.clone());
                        newest = Some(digest);
                    }
                }
                Some(Told::InTree(secret)) if is_of_now => {
                    let seen = secrets.entry(secret.key()).or_default().entry(secret.path.clone()).or_default();
                    seen.evidence.insert(seq);
                    seen.tree.get_or_insert(secret);
                }
                Some(Told::Scanned(scan)) if is_of_now => now.tree = Some(scan),
                Some(Told::Pattern(pattern)) if is_of_now => code.push((seq, pattern)),
                Some(Told::Permission(permission)) if is_of_now => {
                    permissions.entry(permission.issue.clone()).or_default().push((seq, permission));
                }
                Some(Told::Advisory(advisory)) if is_of_now => advisories.push((seq, advisory)),
                _ => {}
            }
        }
        progress.end();
        // What other rules found in history stands for nothing once these looked through it.
        for (seq, run, secret, commit) in history {
            if rules_of.get(&run).is_none_or(|rules| Some(rules) == newest.as_ref()) {
                let seen = secrets.entry(secret.key()).or_default().entry(secret.path.clone()).or_default();
                seen.evidence.insert(seq);
                seen.history.push((secret, commit));
            }
        }
        let committed = |path: &str| {
            let is_there = |places: &BTreeMap<String, Seen>| {
                places
                    .get(path)
                    .is_some_and(|seen| seen.tree.as_ref().is_some_and(|it| it.rule.contains("private-key")))
                    && places.values().any(|seen| !seen.history.is_empty())
            };
            secrets.values().any(is_there)
        };
        // git knows no mode that keeps others out: that a key is in a commit is told with the key.
        if let Some(keys) = permissions.get_mut(KEY_READABLE) {
            keys.retain(|(_, it)| !is_of_tests(&it.path) && !committed(&it.path));
        }
        permissions.retain(|_, places| !places.is_empty());
        let mut findings = Vec::new();
        for places in secrets.into_values() {
            of_secret(places, &now, &mut findings);
        }
        of_code(code, &mut findings);
        for (issue, places) in permissions {
            of_permission(&issue, places, &mut findings);
        }
        of_advisories(advisories, &mut findings);
        findings.sort_by(|a, b| {
            b.severity.cmp(&a.severity).then_with(|| path_of(a).cmp(path_of(b))).then_with(|| a.id.cmp(&b.id))
        });
        Ok(findings)
    }
}

fn path_of(finding: &Finding) -> &str {
    finding.location.as_ref().map_or("", |at| &at.path)
}

/// One finding for each file of the tree that holds it; where none does any more, one for each file that did.
fn of_secret(mut places: BTreeMap<String, Seen>, now: &Now, findings: &mut Vec<Finding>) {
    let in_tree = places.values().any(|seen| seen.tree.is_some());
    let mut all: Vec<(Secret, Commit)> = Vec::new();
    let mut evidence = BTreeSet::new();
    for seen in places.values_mut() {
        all.extend(seen.history.iter().cloned());
        evidence.extend(seen.evidence.iter().copied());
    }
    all.sort_by(|(_, a), (_, b)| a.at.cmp(&b.at).then_with(|| a.id.cmp(&b.id)));
    for (path, seen) in &places {
        let Some(secret) = seen.tree.as_ref().or(seen.history.first().map(|(secret, _)| secret).filter(|_| !in_tree))
        else {
            continue;
        };
        // Where it was moved, history knows it under another name.
        let own: Vec<&(Secret, Commit)> = all.iter().filter(|(it, _)| in_tree || it.path == *path).collect();
        let mut finding = secret_finding(secret, path, (seen.tree.is_some(), now), &own);
        finding.evidence = if in_tree {
            evidence.iter().map(|seq| (*seq, *seq)).collect()
        } else {
            seen.evidence.iter().map(|seq| (*seq, *seq)).collect()
        };
        findings.push(finding);
    }
}

fn secret_finding(
    secret: &Secret,
    path: &str,
    (is_there, now): (bool, &Now),
    history: &[&(Secret, Commit)],
) -> Finding {
    let length = if secret.length == 0 { String::new() } else { format!(" ({} characters)", secret.length) };
    let since = history.first().map_or_else(String::new, |(_, commit)| {
        format!(", added by commit {} of {}", commit.id.get(..10).unwrap_or(&commit.id), commit.author)
    });
    let is_gone_from_head = now.gone.contains(path);
    // Where nothing was, nothing may be checked out: what is in HEAD is not gone then.
    let has_looked = now.tree.as_ref().is_some_and(|scan| scan.covers(path) && (scan.files > 0 || is_gone_from_head));
    let gone = match (is_there, has_looked) {
        (true, _) => "",
        (false, true) => "; it is not in the tree any more, but in every clone",
        (false, false) if is_gone_from_head => "; its file is not in HEAD any more, but in every clone",
        (false, false) => "; whether it still stands there, this run did not look",
    };
    let comment = if secret.lacks_reason { "; the comment that allows it gives no reason" } else { "" };
    let is_checked_out = is_there && secret.rule.contains("private-key") && !history.is_empty();
    let readable = if is_checked_out { "; git checks it out so that others on the machine can read it" } else { "" };
    let message = format!("{}{length} is written out{since}{gone}{readable}{comment}", secret.about);
    let rule = format!("secret.{}", secret.rule);
    let severity = weigh(secret, path);
    let mut finding = Finding::new(rule, "secret", severity, message, Some(path), &secret.digest);
    let line = if is_there { Some(secret.line) } else { None };
    finding.location = Some(Location { path: path.to_owned(), line, column: line.map(|_| secret.column) });
    finding.recommendation = Some(
        "Revoke it where it was issued, issue another and keep that outside the repository. If it is none, allow it with a \
         comment `sealbook:allow RULE reason` or suppress the finding."
            .to_owned(),
    );
    finding.metadata.insert("digest".to_owned(), secret.digest.clone().into());
    finding.metadata.insert("length".to_owned(), secret.length.into());
    if is_there || has_looked {
        finding.metadata.insert("in_tree".to_owned(), is_there.into());
    }
    if is_gone_from_head {
        finding.metadata.insert("in_head".to_owned(), false.into());
    }
    let commits: Vec<&str> = history.iter().map(|(_, commit)| commit.id.as_str()).collect();
    if !commits.is_empty() {
        finding.metadata.insert("commits".to_owned(), commits.into());
    }
    finding
}

/// What lies among tests and samples is mostly made for them, and weighs less; so does what goes by its name alone in
/// pages that explain something.
fn weigh(secret: &Secret, path: &str) -> Severity {
    if secret.rule == "assigned-secret" && is_of_pages(path) {
        return Severity::Info;
    }
    if !is_of_tests(path) {
        return secret.severity;
    }
    match secret.severity {
        Severity::Critical => Severity::Warning,
        _ => Severity::Info,
    }
}

fn is_of_pages(path: &str) -> bool {
    let lower = path.to_ascii_lowercase();
    let is_page = [".md", ".rst", ".adoc"].iter().any(|ending| lower.ends_with(ending));
    is_page || lower.rsplit('/').skip(1).any(|part| matches!(part, "doc" | "docs"))
}

fn is_of_tests(path: &str) -> bool {
    const PARTS: [&str; 13] = [
        "test",
        "tests",
        "testdata",
        "test-data",
        "__tests__",
        "spec",
        "specs",
        "fixtures",
        "fixture",
        "examples",
        "example",
        "samples",
        "mocks",
    ];
    let lower = path.to_ascii_lowercase();
    let mut parts = lower.split('/').rev();
    let name = parts.next().unwrap_or_default();
    let stem = name.split('.').next().unwrap_or_default();
    parts.any(|part| PARTS.contains(&part))
        || stem.starts_with("test_")
        || stem.ends_with("_test")
        || name.contains(".test.")
        || name.contains(".spec.")
        || name.contains(".example")
        || name.contains(".sample")
}

fn of_code(mut code: Vec<(u64, Pattern)>, findings: &mut Vec<Finding>) {
    code.sort_by(|(_, a), (_, b)| (&a.rule, &a.path, a.line).cmp(&(&b.rule, &b.path, b.line)));
    for group in code.chunk_by(|(_, a), (_, b)| a.rule == b.rule) {
        let mut known = BTreeSet::new();
        let (own, of_tests): (Vec<_>, Vec<_>) = group.iter().partition(|(_, pattern)| !is_of_tests(&pattern.path));
        for (seq, pattern) in own.iter().take(ONE_BY_ONE) {
            // The same line twice in a file is one thing to mend.
            if known.insert((&pattern.path, &pattern.digest)) {
                findings.push(code_finding(*seq, pattern, &pattern.about));
            }
        }
        for rest in [own.get(ONE_BY_ONE..).unwrap_or_default(), &of_tests[..]] {
            if let Some((seq, first)) = rest.first() {
                let places = places(rest.iter().map(|(_, it)| it.path.as_str()));
                let mut finding = code_finding(*seq, first, &format!("{}, in {places}", first.about));
                finding.severity = if is_of_tests(&first.path) { Severity::Info } else { first.severity };
                finding.evidence = rest.iter().map(|(seq, _)| (*seq, *seq)).collect();
                findings.push(finding);
            }
        }
    }
}

fn code_finding(seq: u64, pattern: &Pattern, message: &str) -> Finding {
    let rule = format!("insecure.{}", pattern.rule);
    let mut finding = Finding::new(rule, "insecure", pattern.severity, message, Some(&pattern.path), &pattern.digest);
    finding.location =
        Some(Location { path: pattern.path.clone(), line: Some(pattern.line), column: Some(pattern.column) });
    finding.recommendation = pattern.advice.clone();
    finding.evidence = vec![(seq, seq)];
    finding
}

/// One finding for a few, one for all where they are many: then the cause is one.
fn of_permission(issue: &str, mut places_of: Vec<(u64, Permission)>, findings: &mut Vec<Finding>) {
    places_of.sort_by(|(_, a), (_, b)| a.path.cmp(&b.path));
    let (says, severity, mend) = match issue {
        "file_world_writable" => ("everybody on this machine may write to", Severity::Warning, "chmod o-w"),
        "directory_world_writable" => {
            ("everybody on this machine may put files into", Severity::Warning, "chmod o-w, or set the sticky bit")
        }
        "setuid" => ("whoever runs it becomes its owner:", Severity::Error, "chmod u-s, unless it is meant so"),
        "setgid" => ("whoever runs it joins its group:", Severity::Warning, "chmod g-s, unless it is meant so"),
        _ => ("others on this machine may read the private key", Severity::Error, "chmod 600"),
    };
    let make = |path: &str, message: String, content: &str| {
        let mut finding =
            Finding::new(format!("permission.{issue}"), "permission", severity, message, Some(path), content);
        finding.recommendation = Some(mend.to_owned());
        finding
    };
    if places_of.len() <= ONE_BY_ONE {
        for (seq, it) in &places_of {
            let mut finding = make(&it.path, format!("{says} {} (mode {})", it.path, it.mode), "");
            finding.evidence = vec![(*seq, *seq)];
            findings.push(finding);
        }
        return;
    }
    let list = places(places_of.iter().map(|(_, it)| it.path.as_str()));
    let mut finding = make(".", format!("{says} {} entries: {list}", places_of.len()), "many");
    finding.evidence = places_of.iter().map(|(seq, _)| (*seq, *seq)).collect();
    findings.push(finding);
}

fn places<'a>(paths: impl Iterator<Item = &'a str>) -> String {
    let paths: BTreeSet<&str> = paths.collect();
    let shown = paths.iter().take(QUOTED).copied().collect::<Vec<_>>().join(", ");
    match paths.len().saturating_sub(QUOTED) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

/// An advisory, the package that it warns of, its version, and the file that names it.
type Warned = (String, String, String, String);

/// One finding for an advisory, a package and a file that names it, whichever modules share that.
fn of_advisories(advisories: Vec<(u64, Advisory)>, findings: &mut Vec<Finding>) {
    let mut groups: BTreeMap<Warned, Vec<(u64, Advisory)>> = BTreeMap::new();
    for (seq, it) in advisories {
        let path = it.file.as_ref().unwrap_or(&it.module).clone();
        groups.entry((it.advisory.clone(), it.package.clone(), it.version.clone(), path)).or_default().push((seq, it));
    }
    for ((advisory, package, version, path), modules) in groups {
        let (_, first) = &modules[0];
        let is_dev = modules.iter().all(|(_, it)| it.is_dev);
        let severity = if first.is_notice { Severity::Info } else { first.severity };
        // What only developers run is not what runs.
        let severity = if is_dev && severity > Severity::Warning { Severity::Warning } else { severity };
        let fixed = if first.fixed.is_empty() {
            "no version without it is known".to_owned()
        } else {
            format!("mended in {}", first.fixed.join(", "))
        };
        let alias = first
            .aliases
            .iter()
            .find(|alias| alias.starts_with("CVE-"))
            .map_or_else(String::new, |alias| format!(" ({alias})"));
        let dev = if is_dev { ", for developers alone" } else { "" };
        let whichever = if first.is_open { ", whichever version of it that is" } else { "" };
        let summary = if first.summary.is_empty() { String::new() } else { format!(": {}", first.summary) };
        let message = format!("{package} {version}{whichever}{dev}: {advisory}{alias}{summary}; {fixed}");
        let content = format!("{advisory}\n{package}\n{version}");
        let rule = if first.is_notice { "advisory.unmaintained" } else { "advisory.vulnerable" };
        let mut finding = Finding::new(rule, "advisory", severity, message, Some(&path), &content);
        finding.recommendation = Some(if first.fixed.is_empty() {
            "Look for a package in its place.".to_owned()
        } else {
            format!("Raise {package} to a version that is mended.")
        });
        finding.evidence = modules.iter().flat_map(|(seq, it)| [(*seq, *seq), (it.record, it.record)]).collect();
        finding.metadata.insert("advisory".to_owned(), advisory.into());
        finding.metadata.insert("aliases".to_owned(), first.aliases.clone().into());
        finding.metadata.insert("package".to_owned(), package.into());
        finding.metadata.insert("version".to_owned(), version.into());
        finding.metadata.insert("ecosystem".to_owned(), first.ecosystem.clone().into());
        let modules: BTreeSet<&str> = modules.iter().map(|(_, it)| it.module.as_str()).collect();
        finding.metadata.insert("modules".to_owned(), modules.into_iter().collect());
        if first.severity_is_assumed {
            finding.metadata.insert("severity_is_assumed".to_owned(), true.into());
        }
        findings.push(finding);
    }
}
