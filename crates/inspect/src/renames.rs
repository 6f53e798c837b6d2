//! Findings of files that were renamed keep the key that they had.
//!
//! A key is made of rule, path and content. Where a file is called otherwise since, by what `git` sealed of its commits
//! or by two manifests of the `file` source, the finding is the one that was told, and maybe suppressed, under the old
//! name. Only keys that are known are carried over: a file that was renamed before anybody looked has its own.

use std::cell::OnceCell;
use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};

use sealbook_ledger::Uuid;
use sealbook_record::{Finding, PartName, Record, Timestamp};
use serde::Deserialize;
use serde_json::Value;

use crate::suppression::SUPPRESSED;
use crate::{Error, Prior, Sealed, Selection};

/// Earlier analyses whose findings are known.
const ANALYSES: usize = 3;
/// Runs that are looked at for them.
const RUNS: usize = 32;
/// Names that a file had, at most.
const NAMES: usize = 100;
/// In the metadata of a finding: the key that its present path would give it.
const OWN: &str = "key_of_path";
/// In the metadata of a finding: the path under which it was found first.
const FROM: &str = "renamed_from";

/// What is known of renames and of earlier findings; read when it is needed, and once in a run.
pub(crate) struct Renames<'a> {
    prior: &'a dyn Prior,
    project: Option<&'a str>,
    run: Uuid,
    /// The names that a file had before, by its name.
    before: OnceCell<HashMap<String, BTreeSet<String>>>,
}

/// Keys that were told before.
#[derive(Default)]
struct Known {
    ids: HashSet<String>,
    /// Keys that were carried over, and where from, by the key of the path.
    carried: HashMap<String, (String, Option<String>)>,
}

/// Files of a `git.commit`, or of a page of one.
#[derive(Deserialize)]
struct Changed {
    files: Vec<File>,
}

#[derive(Deserialize)]
struct File {
    status: Value,
    path: Value,
    #[serde(default)]
    old_path: Option<Value>,
}

/// A `file.observed`.
#[derive(Deserialize)]
struct Observed {
    change: String,
    #[serde(default)]
    other: Option<Value>,
}

#[derive(Deserialize)]
struct Input {
    analyzer: String,
}

impl<'a> Renames<'a> {
    pub(crate) fn new(prior: &'a dyn Prior, project: Option<&'a str>, run: Uuid) -> Self {
        Self { prior, project, run, before: OnceCell::new() }
    }

    /// Gives findings of renamed files the keys that they had.
    pub(crate) fn follow(&self, analyzer: &str, findings: &mut [Finding]) -> Result<(), Error> {
        let own: HashSet<String> = findings.iter().map(|finding| finding.id.clone()).collect();
        if findings.iter().all(|finding| finding.location.is_none()) {
            return Ok(());
        }
        let known = self.known(analyzer)?;
        let mut gone: HashSet<&str> = known.ids.iter().map(String::as_str).filter(|id| !own.contains(*id)).collect();
        for finding in findings.iter_mut().filter(|finding| finding.location.is_some()) {
            if gone.is_empty() {
                break;
            }
            let known_as = known.carried.get(&finding.id).filter(|(id, _)| gone.contains(id.as_str()));
            let carried = match known_as {
                Some((id, from)) => Some((id.as_str(), from.clone())),
                None if known.ids.contains(&finding.id) => None,
                None => self.under_another_name(finding, &gone)?,
            };
            if let Some((id, from)) = carried {
                gone.remove(id);
                finding.metadata.insert(OWN.to_owned(), finding.id.clone().into());
                finding.id = id.to_owned();
                if let Some(from) = from {
                    finding.metadata.insert(FROM.to_owned(), from.into());
                }
            }
        }
        Ok(())
    }

    /// The key that is gone, of the same thing under a name that the file had.
    fn under_another_name<'g>(
        &self,
        finding: &Finding,
        gone: &HashSet<&'g str>,
    ) -> Result<Option<(&'g str, Option<String>)>, Error> {
        let Some(location) = &finding.location else { return Ok(None) };
        let before = self.before()?;
        let (mut open, mut seen) = (VecDeque::from([location.path.as_str()]), HashSet::new());
        while let Some(path) = open.pop_front() {
            for old in before.get(path).into_iter().flatten() {
                if seen.len() < NAMES && seen.insert(old.as_str()) {
                    let id = Finding::key(&finding.rule, old, &finding.content);
                    if let Some(id) = gone.get(id.as_str()) {
                        return Ok(Some((*id, Some(old.clone()))));
                    }
                    open.push_back(old);
                }
            }
        }
        Ok(None)
    }

    fn before(&self) -> Result<&HashMap<String, BTreeSet<String>>, Error> {
        if let Some(before) = self.before.get() {
            return Ok(before);
        }
        let mut before: HashMap<String, BTreeSet<String>> = HashMap::new();
        let actions = &["git.commit", "git.commit.files", "file.observed"];
        let selection = Selection { actions, project: self.project, ..Selection::default() };
        for sealed in self.prior.records(&selection)? {
            for (old, new) in renamed(&sealed?.record) {
                before.entry(new).or_default().insert(old);
            }
        }
        Ok(self.before.get_or_init(|| before))
    }

    /// The keys of the last analyses of this sort, and of all suppressions.
    fn known(&self, analyzer: &str) -> Result<Known, Error> {
        let mut known = Known::default();
        let suppressed = Selection { actions: &[SUPPRESSED], project: self.project, ..Selection::default() };
        for sealed in self.prior.records(&suppressed)? {
            known.ids.insert(sealed?.record.target.id);
        }
        let (mut until, mut analyses, mut runs): (Option<Timestamp>, usize, BTreeSet<Uuid>) =
            (None, 0, BTreeSet::new());
        while analyses < ANALYSES && runs.len() < RUNS {
            let run = Selection { actions: &["audit.run"], project: self.project, until, ..Selection::default() };
            let Some(Sealed { record, .. }) = self.prior.latest(&run)? else { break };
            until = Some(Timestamp::from_micros(record.occurred.as_micros() - 1));
            let Some(operation) = record.operation.filter(|it| *it != self.run && runs.insert(*it)) else { continue };
            let of_run = Selection { actions: &["analysis.run"], operation: Some(operation), ..Selection::default() };
            let mut is_one = false;
            for sealed in self.prior.records(&of_run)? {
                let record = sealed?.record;
                if is_of(&record, analyzer) {
                    is_one = true;
                    known.add(record.findings().unwrap_or_default());
                }
            }
            analyses += usize::from(is_one);
        }
        Ok(known)
    }
}

impl Known {
    fn add(&mut self, findings: Vec<Finding>) {
        for finding in findings {
            let text = |name: &str| finding.metadata.get(name).and_then(Value::as_str).map(str::to_owned);
            if let Some(own) = text(OWN) {
                self.carried.entry(own).or_insert_with(|| (finding.id.clone(), text(FROM)));
            }
            // What is suppressed is told in the metadata of the finding that says so.
            let suppressed = finding.metadata.get("suppressed").and_then(Value::as_array).into_iter().flatten();
            self.ids.extend(suppressed.filter_map(|it| Some(it.get("finding")?.as_str()?.to_owned())));
            self.ids.insert(finding.id);
        }
    }
}

fn is_of(record: &Record, analyzer: &str) -> bool {
    let input = record.part(PartName::Input).and_then(|part| serde_json::from_str::<Input>(part.get()).ok());
    input.is_some_and(|input| input.analyzer == analyzer)
}

/// The files that a record says were renamed: what each was called, and what it is called since.
fn renamed(record: &Record) -> Vec<(String, String)> {
    let Some(part) = record.part(PartName::Result) else { return Vec::new() };
    let text = |value: &Value| value.as_str().map(str::to_owned);
    if record.action == "file.observed" {
        let observed = serde_json::from_str::<Observed>(part.get()).ok().filter(|it| it.change == "renamed");
        let old = observed.and_then(|it| text(&it.other?));
        return old.map(|old| (old, record.target.id.clone())).into_iter().collect();
    }
    // Most commits rename nothing, and are not parsed for it.
    if !part.get().contains("\"old_path\"") {
        return Vec::new();
    }
    let files = serde_json::from_str::<Changed>(part.get()).map_or_else(|_| Vec::new(), |changed| changed.files);
    let pair = |file: File| Some((text(&file.old_path?)?, text(&file.path)?, text(&file.status)?));
    files.into_iter().filter_map(pair).filter(|(.., status)| status == "R").map(|(old, new, _)| (old, new)).collect()
}
