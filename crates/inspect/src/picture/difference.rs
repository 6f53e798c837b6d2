//! What differs between two pictures.

use std::collections::{BTreeMap, HashMap, HashSet};

use sealbook_record::Timestamp;
use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::{Files, Found, Picture};
use crate::TreePath;
use crate::source::file::{Known, is_redacted, known};

/// What differs between two pictures of a project.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Difference {
    /// The manifests that were compared, where both have one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub between: Option<(Moment, Moment)>,
    /// Files, in the order of the walk.
    pub files: Vec<FileDifference>,
    /// Files of which the time alone is another.
    pub touched: u64,
    /// Files with the same content and mode.
    pub same: u64,
    /// Entries of which redaction has taken the name: nothing can be said of them.
    pub unclear: u64,
    /// References, by name.
    pub references: Vec<ReferenceDifference>,
    /// Findings that were not there before, by key.
    pub findings_new: BTreeMap<String, Found>,
    /// Findings that are no longer there, by key.
    pub findings_gone: BTreeMap<String, Found>,
    /// What was not compared, and why.
    pub not_compared: Vec<String>,
}

/// A manifest, as one side of a comparison.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Moment {
    /// When it was made.
    pub at: Timestamp,
    /// Its place in the ledger.
    pub seq: u64,
    /// Its Merkle root.
    pub root: String,
}

/// One file that is not what it was.
#[derive(Debug, Clone, Serialize)]
pub struct FileDifference {
    /// Its path below the root; where it is now, if it was renamed.
    pub path: TreePath,
    /// `appeared`, `vanished`, `renamed` or `changed`.
    pub change: &'static str,
    /// Where it was before it was renamed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub renamed_from: Option<TreePath>,
    /// What of it changed: `content`, `mode`, `owner`, `kind`, `link`, `readable`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<&'static str>,
    /// The entry as it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<Box<RawValue>>,
    /// The entry as it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<Box<RawValue>>,
}

/// One reference that points elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReferenceDifference {
    /// Its name.
    pub name: String,
    /// What it pointed at; nothing where it is new.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// What it points at; nothing where it is gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
}

impl Difference {
    pub(super) fn between(before: &Picture, after: &Picture) -> Self {
        let mut difference = Self::default();
        difference.compare_files(before.files.as_ref(), after.files.as_ref());
        difference.compare_references(before.references.as_ref(), after.references.as_ref());
        match (&before.findings, &after.findings) {
            (Some(was), Some(is)) => {
                let without = |these: &BTreeMap<String, Found>, those: &BTreeMap<String, Found>| {
                    these
                        .iter()
                        .filter(|(key, _)| !those.contains_key(*key))
                        .map(|(k, v)| (k.clone(), v.clone()))
                        .collect()
                };
                difference.findings_new = without(is, was);
                difference.findings_gone = without(was, is);
            }
            (None, None) => {}
            _ => difference.not_compared.push("findings: only one side has an audit of the whole project".to_owned()),
        }
        difference
    }

    /// Whether nothing differs that could be compared.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
            && self.references.is_empty()
            && self.findings_new.is_empty()
            && self.findings_gone.is_empty()
    }

    /// How many files are different in that way.
    pub fn count(&self, change: &str) -> u64 {
        self.files.iter().filter(|file| file.change == change).count() as u64
    }

    fn compare_references(
        &mut self,
        before: Option<&BTreeMap<String, String>>,
        after: Option<&BTreeMap<String, String>>,
    ) {
        let (Some(was), Some(is)) = (before, after) else {
            if before.is_some() != after.is_some() {
                self.not_compared.push("references: only one side has the audit of a repository".to_owned());
            }
            return;
        };
        let names: std::collections::BTreeSet<&String> = was.keys().chain(is.keys()).collect();
        for name in names {
            let (before, after) = (was.get(name).cloned(), is.get(name).cloned());
            if before != after {
                self.references.push(ReferenceDifference { name: name.clone(), before, after });
            }
        }
    }

    fn compare_files(&mut self, before: Option<&Files>, after: Option<&Files>) {
        let (Some(was), Some(is)) = (before, after) else {
            if before.is_some() != after.is_some() {
                self.not_compared.push("files: only one side has a manifest".to_owned());
            }
            return;
        };
        self.between = Some((Moment::of(was), Moment::of(is)));
        let same_question = |text: &RawValue| serde_json::from_str::<Value>(text.get()).ok();
        if same_question(&was.asked) != same_question(&is.asked) {
            self.not_compared.push(format!(
                "files: the manifests (records {} and {}) were made with other options",
                was.seq, is.seq
            ));
            return;
        }
        if was.root == is.root {
            self.same = is.entries.len() as u64;
            return;
        }
        let mut left: HashMap<Vec<u8>, &RawValue> = HashMap::with_capacity(was.entries.len());
        for entry in &was.entries {
            match path_of(entry) {
                Some(path) => drop(left.insert(path.as_bytes().to_vec(), entry)),
                None => self.unclear += 1,
            }
        }
        let mut appeared = Vec::new();
        for entry in &is.entries {
            let Some(path) = path_of(entry) else {
                self.unclear += 1;
                continue;
            };
            match left.remove(path.as_bytes()) {
                None => appeared.push((path, &**entry)),
                Some(old) if old.get() == entry.get() => self.same += 1,
                Some(old) => self.compare(path, old, entry),
            }
        }
        let vanished = was.entries.iter().filter_map(|entry| Some((path_of(entry)?, &**entry)));
        let vanished: Vec<_> = vanished.filter(|(path, _)| left.contains_key(path.as_bytes())).collect();
        self.pair(&appeared, &vanished);
        self.files.sort_by(|a, b| TreePath::walk_order(a.path.as_bytes(), b.path.as_bytes()));
    }

    fn compare(&mut self, path: TreePath, old: &RawValue, new: &RawValue) {
        let (Some(before), Some(after)) = (known(old.get()), known(new.get())) else {
            self.unclear += 1;
            return;
        };
        let fields = before.differences(&after);
        if fields.is_empty() {
            self.touched += 1;
            return;
        }
        let (before, after) = (Some(old.to_owned()), Some(new.to_owned()));
        self.files.push(FileDifference { path, change: "changed", renamed_from: None, fields, before, after });
    }

    /// A file that vanished and one that appeared are one that was renamed if they alone have that content.
    fn pair(&mut self, appeared: &[(TreePath, &RawValue)], vanished: &[(TreePath, &RawValue)]) {
        let came = by_content(appeared);
        let went = by_content(vanished);
        let mut renamed = HashSet::new();
        for (index, (path, entry)) in appeared.iter().enumerate() {
            let content = known(entry.get()).and_then(Known::content);
            let alone = content.as_ref().filter(|content| came[*content] == Some(index));
            let from = alone.and_then(|content| went.get(content).copied().flatten());
            let mut one = FileDifference {
                path: path.clone(),
                change: "appeared",
                renamed_from: None,
                fields: Vec::new(),
                before: None,
                after: Some((*entry).to_owned()),
            };
            if let Some(from) = from {
                renamed.insert(from);
                let (old_path, old) = &vanished[from];
                one = FileDifference {
                    change: "renamed",
                    renamed_from: Some(old_path.clone()),
                    before: Some((*old).to_owned()),
                    ..one
                };
            }
            self.files.push(one);
        }
        for (index, (path, entry)) in vanished.iter().enumerate() {
            if !renamed.contains(&index) {
                self.files.push(FileDifference {
                    path: path.clone(),
                    change: "vanished",
                    renamed_from: None,
                    fields: Vec::new(),
                    before: Some((*entry).to_owned()),
                    after: None,
                });
            }
        }
    }
}

impl Moment {
    fn of(files: &Files) -> Self {
        Self { at: files.at, seq: files.seq, root: files.root.clone() }
    }
}

/// For each content the only entry that has it; none where several have.
fn by_content(entries: &[(TreePath, &RawValue)]) -> HashMap<String, Option<usize>> {
    let mut found = HashMap::new();
    for (index, (_, entry)) in entries.iter().enumerate() {
        if let Some(content) = known(entry.get()).and_then(Known::content) {
            found.entry(content).and_modify(|alone| *alone = None).or_insert(Some(index));
        }
    }
    found
}

/// The path of an entry; none where it has none, or redaction has taken a part of it.
fn path_of(entry: &RawValue) -> Option<TreePath> {
    known(entry.get()).map(|known| known.path).filter(|path| !is_redacted(&path.to_string()))
}
