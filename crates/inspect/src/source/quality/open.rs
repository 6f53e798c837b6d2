//! What a tool said, with keys that stay while the thing stays, and what has changed since its last run.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;

use sealbook_record::{Finding, Severity};
use serde::{Deserialize, Serialize};

use super::super::module::hex;
use super::tool::Said;
use super::tree::Tree;

/// Lines of a place that its key is made of.
const LINES_MAX: usize = 20;
const MESSAGE_CHARS: usize = 300;

/// One thing that is open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Open {
    pub(super) id: String,
    pub(super) rule: String,
    pub(super) severity: Severity,
    pub(super) path: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) line: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) column: Option<u64>,
    pub(super) message: String,
    /// Digest of the lines it is about, without their space, and which of those alike it is.
    pub(super) content: String,
}

/// How something differs from the last run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Change {
    Appeared,
    /// The same rule in the same file, and other lines.
    Changed,
    /// The same lines in another file.
    Moved,
    Gone,
}

/// Gives each its key: rule, path, and digest of the normalised lines.
pub(super) fn keyed(said: Vec<Said>, root: &Path, tree: &Tree) -> Vec<Open> {
    let mut texts: HashMap<String, Option<String>> = HashMap::new();
    let mut alike: HashMap<(String, String, String), usize> = HashMap::new();
    let root = root.to_string_lossy().into_owned();
    let mut said: Vec<Said> = said
        .into_iter()
        .map(|mut it| {
            it.path = relative(&it.path, &root);
            it
        })
        .collect();
    said.sort_by(|a, b| {
        (&a.path, a.line, a.column, &a.rule, &a.message).cmp(&(&b.path, b.line, b.column, &b.rule, &b.message))
    });
    said.dedup();
    let open = said.into_iter().map(|it| {
        let text = texts.entry(it.path.clone()).or_insert_with(|| tree.text(&it.path));
        let lines = it.line.zip(text.as_ref()).map(|(line, text)| {
            let first = usize::try_from(line).unwrap_or(1).saturating_sub(1);
            let last = it.line_end.and_then(|end| usize::try_from(end).ok()).unwrap_or(first + 1).max(first + 1);
            let lines = text.lines().skip(first).take((last - first).min(LINES_MAX));
            lines.flat_map(str::split_whitespace).collect::<Vec<_>>().join(" ")
        });
        // Where the lines cannot be read the message stands for them.
        let lines = lines.filter(|lines| !lines.is_empty()).unwrap_or_else(|| it.message.clone());
        let digest = hex(&aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, lines.as_bytes()).as_ref()[..8]);
        let nth = alike.entry((it.rule.clone(), it.path.clone(), digest.clone())).or_default();
        *nth += 1;
        let content = format!("{digest}.{nth}");
        Open {
            id: Finding::key(&it.rule, &it.path, &content),
            rule: it.rule,
            severity: it.severity,
            path: it.path,
            line: it.line,
            column: it.column,
            message: it.message.chars().take(MESSAGE_CHARS).collect(),
            content,
        }
    });
    open.collect()
}

/// A path below the root.
pub(super) fn relative(path: &str, root: &str) -> String {
    let path = path.strip_prefix(root).map_or(path, |rest| rest.trim_start_matches('/'));
    let path = path.trim_start_matches("./");
    if path.is_empty() { ".".to_owned() } else { path.to_owned() }
}

/// What differs, with what it was before; what moved keeps the key that it had.
pub(super) fn changes(before: &[Open], now: &mut [Open]) -> Vec<(Change, Open, Option<Open>)> {
    let known: HashSet<&str> = before.iter().map(|it| it.id.as_str()).collect();
    let at_place = |it: &Open| (it.rule.clone(), it.path.clone(), it.content.clone());
    // What moved once is known by its old key under its new path.
    let places: HashMap<_, &str> = before.iter().map(|it| (at_place(it), it.id.as_str())).collect();
    for it in now.iter_mut() {
        if let Some(id) = places.get(&at_place(it)) {
            it.id = (*id).to_owned();
        }
    }
    let ids: HashSet<String> = now.iter().map(|it| it.id.clone()).collect();
    let mut gone: Vec<&Open> = before.iter().filter(|it| !ids.contains(&it.id)).collect();
    let mut by_content: BTreeMap<(&str, &str), Vec<&Open>> = BTreeMap::new();
    gone.iter().rev().for_each(|it| by_content.entry((&it.rule, &it.content)).or_default().push(it));
    let mut changes = Vec::new();
    let mut taken: HashSet<&str> = HashSet::new();
    let mut fresh = Vec::new();
    for it in now.iter_mut().filter(|it| !known.contains(it.id.as_str())) {
        match by_content.get_mut(&(it.rule.as_str(), it.content.as_str())).and_then(Vec::pop) {
            Some(was) => {
                it.id.clone_from(&was.id);
                taken.insert(&was.id);
                changes.push((Change::Moved, it.clone(), Some(was.clone())));
            }
            None => fresh.push(it.clone()),
        }
    }
    gone.retain(|it| !taken.contains(it.id.as_str()));
    for it in fresh {
        match gone.iter().position(|was| was.rule == it.rule && was.path == it.path) {
            Some(at) => changes.push((Change::Changed, it, Some(gone.remove(at).clone()))),
            None => changes.push((Change::Appeared, it, None)),
        }
    }
    changes.extend(gone.into_iter().map(|was| (Change::Gone, was.clone(), None)));
    changes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(rule: &str, path: &str, line: u64, content: &str) -> Open {
        Open {
            id: Finding::key(rule, path, content),
            rule: rule.into(),
            severity: Severity::Info,
            path: path.into(),
            line: Some(line),
            column: None,
            message: String::new(),
            content: content.into(),
        }
    }

    #[test]
    fn a_finding_survives_moves_and_reopens_when_its_content_changes() {
        let before = [open("r", "a", 1, "x"), open("r", "a", 5, "y"), open("q", "c", 1, "z"), open("r", "d", 1, "w")];
        let mut now =
            vec![open("r", "a", 90, "x"), open("r", "b", 5, "y"), open("q", "c", 1, "zz"), open("n", "a", 1, "x")];
        let told: Vec<_> = changes(&before, &mut now).into_iter().map(|(change, it, _)| (change, it.path)).collect();
        let of = |change, path: &str| (change, path.to_owned());
        assert_eq!(
            told,
            [of(Change::Moved, "b"), of(Change::Changed, "c"), of(Change::Appeared, "a"), of(Change::Gone, "d")]
        );
        assert_eq!(now[1].id, before[1].id);
        // And again: what moved stays known under its first key.
        let kept = now.clone();
        let mut again =
            vec![open("r", "a", 91, "x"), open("r", "b", 6, "y"), open("q", "c", 1, "zz"), open("n", "a", 1, "x")];
        assert!(changes(&kept, &mut again).is_empty());
        assert_eq!(again[1].id, before[1].id);
    }
}
