//! What was found, as records.

use std::path::Path;

use sealbook_policy::Raw;
use sealbook_record::{Category, Outcome, PartName, Record, Severity, Target, TargetKind};
use serde::Serialize;

use super::advisories::Match;
use super::files::Found;
use super::permission::Issue;
use super::{ADVISORY, NAME, PATTERN, PERMISSION, SCAN, SECRET};
use crate::secrets::{Rule, RuleSet};
use crate::{Coverage, Error, Request, Sink, TreePath};

/// Records of one sort, at most: whoever has more has one problem, not so many.
const TOLD_MOST: u64 = 5_000;
/// Files that were not looked through, listed by name.
const UNREAD_LISTED: usize = 500;
/// What comments allow, listed by name.
const ALLOWED_LISTED: usize = 200;

/// Seals what is found, and counts it.
pub(super) struct Teller<'a> {
    request: &'a Request<'a>,
    secrets: &'a RuleSet,
    patterns: &'a RuleSet,
    told: [u64; 4],
    allowed: Vec<AllowedTold>,
    allowed_count: u64,
    pub(super) binaries: u64,
    unread: Vec<TreePath>,
    unread_left: u64,
    pub(super) advisories: Option<AdvisoriesTold>,
}

/// What a secret leaves behind.
#[derive(Serialize)]
pub(crate) struct SecretTold<'a> {
    pub(crate) rule: &'a str,
    pub(crate) about: &'a str,
    pub(crate) severity: Severity,
    pub(crate) path: &'a TreePath,
    pub(crate) line: u64,
    pub(crate) column: u64,
    /// Characters; bytes of what is no text.
    pub(crate) length: usize,
    /// Keyed: the same secret has the same, and nobody can guess a short one from it.
    pub(crate) digest: String,
    /// A comment would allow it, but says not why.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) lacks_reason: bool,
}

#[derive(Serialize)]
struct PatternTold<'a> {
    rule: &'a str,
    about: &'a str,
    advice: Option<&'a str>,
    severity: Severity,
    path: &'a TreePath,
    line: u64,
    column: u64,
    digest: String,
}

#[derive(Serialize)]
struct PermissionTold<'a> {
    issue: &'static str,
    path: &'a TreePath,
    mode: String,
}

#[derive(Serialize)]
struct AllowedTold {
    rule: String,
    path: TreePath,
    line: u64,
    reason: String,
}

/// Which advisories there were, and what they were held against.
#[derive(Serialize)]
pub(super) struct AdvisoriesTold {
    pub(super) directory: TreePath,
    pub(super) loaded: u64,
    pub(super) withdrawn: u64,
    pub(super) unreadable: u64,
    pub(super) digest: String,
    pub(super) modules: usize,
    pub(super) components: usize,
}

#[derive(Serialize)]
struct ScanTold<'a> {
    root: TreePath,
    complete: bool,
    files: u64,
    bytes: u64,
    binaries: u64,
    rules: RulesTold<'a>,
    patterns: RulesTold<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    advisories: Option<AdvisoriesTold>,
    /// Where it is below the repository.
    #[serde(skip_serializing_if = "Option::is_none")]
    below: Option<TreePath>,
    /// What is there, or belongs there, and was not looked through.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    unread: &'a [TreePath],
    /// How many more there are.
    #[serde(skip_serializing_if = "is_zero")]
    unread_left: u64,
    leaks: u64,
    insecure: u64,
    permissions: u64,
    vulnerable: u64,
    allowed: u64,
    allowed_by_comment: &'a [AllowedTold],
}

#[derive(Serialize)]
pub(crate) struct RulesTold<'a> {
    pub(crate) from: &'a str,
    pub(crate) loaded: usize,
    pub(crate) digest: &'a str,
}

impl<'a> Teller<'a> {
    pub(super) fn new(request: &'a Request<'a>, secrets: &'a RuleSet, patterns: &'a RuleSet) -> Self {
        let told = [0; 4];
        Self {
            request,
            secrets,
            patterns,
            told,
            allowed: Vec::new(),
            allowed_count: 0,
            binaries: 0,
            unread: Vec::new(),
            unread_left: 0,
            advisories: None,
        }
    }

    /// Takes note of what was not looked through: of a secret that was there, nothing is known then.
    pub(super) fn unread(&mut self, path: &TreePath) {
        if self.unread.len() < UNREAD_LISTED && path.as_bytes().len() <= Coverage::LISTED_BYTES {
            let path = self.seen_from_base(path);
            self.unread.push(path);
        } else {
            self.unread_left += 1;
        }
    }

    pub(super) fn found(
        &mut self,
        path: &TreePath,
        found: Vec<Found>,
        sink: &mut dyn Sink,
        coverage: &mut Coverage,
    ) -> Result<(), Error> {
        let path = &self.seen_from_base(path);
        for found in found {
            let rules = if found.is_pattern { self.patterns } else { self.secrets };
            let rule = rules.rule(found.hit.rule);
            if let Some(reason) = &found.hit.allowed {
                self.allow(rule, path, found.line, reason);
                continue;
            }
            let Some(digest) = self.request.stamp.digest(&found.secret) else {
                let why = "there is no key to make its digest with, and it is not kept otherwise".to_owned();
                coverage.skip(path.clone(), "no_digest_key", Some(why));
                continue;
            };
            let at = usize::from(found.is_pattern);
            self.told[at] += 1;
            if self.told[at] > TOLD_MOST {
                let why = format!("the first {TOLD_MOST} are told by name");
                coverage.skip(path.clone(), "too_many_findings", Some(why));
                continue;
            }
            if found.is_pattern {
                let told = PatternTold {
                    rule: &rule.id,
                    about: &rule.about,
                    advice: rule.advice.as_deref(),
                    severity: rule.severity,
                    path,
                    line: found.line,
                    column: found.column,
                    digest,
                };
                self.seal(PATTERN, path, &told, sink)?;
            } else {
                let told = SecretTold {
                    rule: &rule.id,
                    about: &rule.about,
                    severity: rule.severity,
                    path,
                    line: found.line,
                    column: found.column,
                    length: std::str::from_utf8(&found.secret).map_or(found.secret.len(), |it| it.chars().count()),
                    digest,
                    lacks_reason: found.hit.lacks_reason,
                };
                self.seal(SECRET, path, &told, sink)?;
            }
        }
        Ok(())
    }

    fn allow(&mut self, rule: &Rule, path: &TreePath, line: u64, reason: &str) {
        self.allowed_count += 1;
        if self.allowed.len() < ALLOWED_LISTED {
            let reason = reason.chars().take(200).collect();
            self.allowed.push(AllowedTold { rule: rule.id.clone(), path: path.clone(), line, reason });
        }
    }

    pub(super) fn permissions(
        &mut self,
        path: &TreePath,
        issues: Vec<(u32, Issue)>,
        sink: &mut dyn Sink,
    ) -> Result<(), Error> {
        let path = &self.seen_from_base(path);
        for (mode, issue) in issues {
            self.told[2] += 1;
            if self.told[2] > TOLD_MOST {
                continue;
            }
            let told = PermissionTold { issue: issue.word(), path, mode: format!("{:04o}", mode & 0o7777) };
            self.seal(PERMISSION, path, &told, sink)?;
        }
        Ok(())
    }

    pub(super) fn advisory(&mut self, found: &Match<'_>, sink: &mut dyn Sink) -> Result<(), Error> {
        self.told[3] += 1;
        self.seal(ADVISORY, &TreePath::from(found.module), found, sink)
    }

    /// Seals the record over the run.
    pub(super) fn finish(self, root: &Path, sink: &mut dyn Sink, coverage: &mut Coverage) -> Result<(), Error> {
        coverage.leave_out("binary", self.binaries);
        if self.binaries > 0 {
            coverage.notes.push(format!("{} files are no text; secrets were not looked for in them", self.binaries));
        }
        if self.allowed_count > 0 {
            coverage.notes.push(format!("{} findings are allowed by a comment in their line", self.allowed_count));
        }
        if self.told[2] > TOLD_MOST {
            coverage.notes.push(format!("{} permissions are too wide; {TOLD_MOST} are told by name", self.told[2]));
        }
        let from = self.request.options.security.rules.as_ref().map(|path| path.display().to_string());
        let [leaks, insecure, permissions, vulnerable] = self.told;
        let below = Some(self.below_base()).filter(|below| !below.as_bytes().is_empty());
        let told = ScanTold {
            root: TreePath::from(root),
            complete: coverage.is_complete(),
            files: coverage.covered,
            bytes: coverage.bytes,
            binaries: self.binaries,
            rules: RulesTold::of(self.secrets, from.as_deref()),
            patterns: RulesTold::of(self.patterns, None),
            advisories: self.advisories,
            below,
            unread: &self.unread,
            unread_left: self.unread_left,
            leaks,
            insecure,
            permissions,
            vulnerable,
            allowed: self.allowed_count,
            allowed_by_comment: &self.allowed,
        };
        let target = Target { id: TreePath::from(root).to_string(), kind: TargetKind::Project };
        let mut record = self.request.event(NAME, SCAN, target, self.request.now);
        set(&mut record, SCAN, &told)?;
        sink.record(Raw::new(record))
    }

    fn seal(
        &self,
        action: &'static str,
        path: &TreePath,
        told: &impl Serialize,
        sink: &mut dyn Sink,
    ) -> Result<(), Error> {
        let target = Target { id: path.to_string(), kind: TargetKind::File };
        let mut record = self.request.event(NAME, action, target, self.request.now);
        record.category = Category::SecurityEvent;
        record.severity = Severity::Warning;
        record.outcome = Some(Outcome::Failed);
        set(&mut record, action, told)?;
        sink.record(Raw::new(record))
    }

    /// A path below the target as one below the request's base, so that it is the one others tell of.
    fn seen_from_base(&self, path: &TreePath) -> TreePath {
        let prefix = self.below_base();
        if prefix.as_bytes().is_empty() {
            path.clone()
        } else {
            TreePath::new([prefix.as_bytes(), b"/", path.as_bytes()].concat())
        }
    }

    fn below_base(&self) -> TreePath {
        let base = self.request.base.as_deref();
        TreePath::from(base.and_then(|base| self.request.target.strip_prefix(base).ok()).unwrap_or(Path::new("")))
    }
}

impl<'a> RulesTold<'a> {
    pub(crate) fn of(rules: &'a RuleSet, from: Option<&'a str>) -> Self {
        Self { from: from.unwrap_or("built-in"), loaded: rules.len(), digest: &rules.digest }
    }
}

fn set(record: &mut Record, action: &'static str, value: &impl Serialize) -> Result<(), Error> {
    record.set_part(PartName::Result, value).map_err(|cause| Error::Encoding { action, cause })
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}
