//! Secrets that commits brought, as records: one for each secret and path, which names the oldest commit of the run.

use std::collections::BTreeMap;

use sealbook_policy::Raw;
use sealbook_record::{Category, Outcome, PartName, Severity, Target, TargetKind, Timestamp};
use serde::Serialize;

use super::engine::history::{Leak, Step};
use super::engine::id::Id;
use super::tell_commit::set;
use super::text::{Who, timestamp};
use super::{NAME, SECRET};
use crate::secrets::RuleSet;
use crate::security::{RulesTold, SecretTold};
use crate::{Coverage, Error, Request, Sink, TreePath};

/// Secrets of one run that are told; whoever has more has one problem, not so many.
const TOLD_MOST: usize = 10_000;

/// Secrets in history, gathered over a run.
pub(super) struct Secrets<'a> {
    pub(super) rules: &'a RuleSet,
    from: Option<String>,
    found: BTreeMap<Key, Found>,
    allowed: u64,
    left: u64,
    keyless: bool,
}

/// Rule, keyed digest, path.
type Key = (usize, String, Vec<u8>);

struct Found {
    commit: Id,
    at: Option<Timestamp>,
    author: sealbook_record::Actor,
    line: u64,
    column: u64,
    length: usize,
    lacks_reason: bool,
    commits: u64,
}

#[derive(Serialize)]
struct LeakTold<'a> {
    commit: Id,
    /// Commits of this run that added it to this path.
    commits: u64,
    #[serde(flatten)]
    secret: SecretTold<'a>,
}

/// With which rules was looked, and how much was found.
#[derive(Serialize)]
pub(super) struct SecretsTold<'a> {
    rules: RulesTold<'a>,
    found: usize,
    allowed: u64,
}

impl<'a> Secrets<'a> {
    pub(super) fn new(rules: &'a RuleSet, request: &Request<'_>) -> Self {
        let from = request.options.security.rules.as_ref().map(|path| path.display().to_string());
        Self { rules, from, found: BTreeMap::new(), allowed: 0, left: 0, keyless: false }
    }

    /// Takes what a commit brought. Commits come newest first: the last that brings a secret is its oldest.
    pub(super) fn add(&mut self, step: &Step, request: &Request<'_>) {
        let commit = &step.node.commit;
        for Leak { path, hit, line, column, secret } in &step.secrets {
            if hit.allowed.is_some() {
                self.allowed += 1;
                continue;
            }
            let Some(digest) = request.stamp.digest(secret) else {
                self.keyless = true;
                continue;
            };
            let key = (hit.rule, digest, path.clone());
            let known = self.found.get(&key).map_or(0, |found| found.commits);
            if known == 0 && self.found.len() >= TOLD_MOST {
                self.left += 1;
                continue;
            }
            let found = Found {
                commit: step.node.id,
                at: timestamp(commit.committer.seconds),
                author: Who::new(&commit.author, commit.encoding.as_deref()).actor(),
                line: *line,
                column: *column,
                length: secret.len(),
                lacks_reason: hit.lacks_reason,
                commits: known + 1,
            };
            self.found.insert(key, found);
        }
    }

    /// Seals one record each.
    pub(super) fn seal(
        &self,
        request: &Request<'_>,
        sink: &mut dyn Sink,
        coverage: &mut Coverage,
    ) -> Result<(), Error> {
        if self.keyless {
            let why = "there is no key to make digests of secrets with, and they are not kept otherwise".to_owned();
            coverage.skip(TreePath::from("secrets"), "no_digest_key", Some(why));
        }
        if self.left > 0 {
            let why = format!("the first {TOLD_MOST} are told, {} are not", self.left);
            coverage.skip(TreePath::from("secrets"), "too_many_findings", Some(why));
        }
        for ((rule, digest, path), found) in &self.found {
            let (rule, path) = (self.rules.rule(*rule), TreePath::new(path.as_slice()));
            let told = LeakTold {
                commit: found.commit,
                commits: found.commits,
                secret: SecretTold {
                    rule: &rule.id,
                    about: &rule.about,
                    severity: rule.severity,
                    path: &path,
                    line: found.line,
                    column: found.column,
                    length: found.length,
                    digest: digest.clone(),
                    lacks_reason: found.lacks_reason,
                },
            };
            let target = Target::new(TargetKind::Git, found.commit.to_string());
            let mut record = request.event(NAME, SECRET, target, found.at.unwrap_or(request.now));
            record.actor = found.author.clone();
            record.category = Category::SecurityEvent;
            record.severity = Severity::Warning;
            record.outcome = Some(Outcome::Failed);
            set(&mut record, PartName::Result, &told)?;
            sink.record(Raw::new(record))?;
        }
        Ok(())
    }

    /// Files that brought them, some more than once.
    pub(super) fn paths(&self) -> impl Iterator<Item = &[u8]> {
        self.found.keys().map(|(_, _, path)| path.as_slice())
    }

    pub(super) fn told(&self) -> SecretsTold<'_> {
        let rules = RulesTold::of(self.rules, self.from.as_deref());
        SecretsTold { rules, found: self.found.len(), allowed: self.allowed }
    }
}
