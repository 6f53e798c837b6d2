//! References: what each points at, and how it moved since it was last seen.

use std::collections::{BinaryHeap, HashMap, HashSet};

use super::commit::{Commit, Tag};
use super::id::Id;
use super::objects::{Damage, Kind, Objects};
use super::repository::{Points, Reference};

/// What sort of reference, by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum RefKind {
    Head,
    Branch,
    Remote,
    Tag,
    /// Git reads another object in place of the one it names.
    Replace,
    Other,
}

impl RefKind {
    pub(crate) fn of(name: &[u8]) -> Self {
        match name {
            b"HEAD" => Self::Head,
            _ if name.starts_with(b"refs/heads/") => Self::Branch,
            _ if name.starts_with(b"refs/remotes/") => Self::Remote,
            _ if name.starts_with(b"refs/tags/") => Self::Tag,
            _ if name.starts_with(b"refs/replace/") => Self::Replace,
            _ => Self::Other,
        }
    }
}

/// A reference, followed to the end.
#[derive(Clone, Debug)]
pub(crate) struct Resolved {
    pub(crate) name: Vec<u8>,
    pub(crate) kind: RefKind,
    /// The reference it points to, if it is a symbolic one.
    pub(crate) symbolic: Option<Vec<u8>>,
    /// The object it leads to; nothing for a branch that has no commit yet.
    pub(crate) target: Option<Id>,
    /// The annotated tag that the target is.
    pub(crate) tag: Option<Tag>,
    /// The commit behind it all.
    pub(crate) commit: Option<Id>,
    /// What is wrong with the objects on the way.
    pub(crate) problem: Option<(Id, Trouble)>,
}

/// What is wrong on the way to a commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    Damaged(Damage),
    /// The object hashes to another name.
    Forged(Kind, Id),
}

/// A chain of tags or symbolic references longer than this is hostile.
const CHAIN: usize = 64;

/// Follows references to their commits.
pub(crate) fn resolve(objects: &mut Objects, references: &[Reference]) -> Vec<Resolved> {
    let by_name: HashMap<&[u8], &Points> = references.iter().map(|r| (r.name.as_slice(), &r.points)).collect();
    references.iter().map(|reference| resolve_one(objects, &by_name, reference)).collect()
}

fn resolve_one(objects: &mut Objects, by_name: &HashMap<&[u8], &Points>, reference: &Reference) -> Resolved {
    let mut resolved = Resolved {
        name: reference.name.clone(),
        kind: RefKind::of(&reference.name),
        symbolic: None,
        target: None,
        tag: None,
        commit: None,
        problem: None,
    };
    if let Points::To(name) = &reference.points {
        resolved.symbolic = Some(name.clone());
    }
    let mut points = Some(&reference.points);
    for _ in 0..CHAIN {
        match points {
            Some(Points::At(id)) => {
                resolved.target = Some(*id);
                break;
            }
            Some(Points::To(name)) => points = by_name.get(name.as_slice()).copied(),
            None => break,
        }
    }
    let mut at = resolved.target;
    for _ in 0..CHAIN {
        let Some(id) = at else { break };
        let (kind, object) = match objects.read_any(&id) {
            Ok(read) => read,
            Err(damage) => {
                resolved.problem = Some((id, Trouble::Damaged(damage)));
                break;
            }
        };
        if let Some(actual) = object.forged {
            resolved.problem.get_or_insert((id, Trouble::Forged(kind, actual)));
        }
        match kind {
            Kind::Commit => resolved.commit = Some(id),
            Kind::Tag => match Tag::parse(&object.data) {
                Ok(tag) => {
                    at = Some(tag.target);
                    resolved.tag.get_or_insert(tag);
                    continue;
                }
                Err(damage) => resolved.problem = Some((id, Trouble::Damaged(damage))),
            },
            // A tag on a tree or a file is lawful; it has no history.
            Kind::Tree | Kind::Blob => {}
        }
        break;
    }
    resolved
}

/// Clocks may be this much apart before an ancestor is missed.
const CLOCK_SLACK_SECONDS: i64 = 86_400;

/// Whether `old` is among the ancestors of `new` (or is `new`): whether a branch only moved forward.
pub(crate) fn is_ancestor(objects: &mut Objects, old: Id, new: Id) -> bool {
    let mut commit = |id: &Id| {
        let object = objects.read(id, Kind::Commit).ok()?;
        Commit::parse(&object.data).ok()
    };
    let Some(oldest) = commit(&old).map(|commit| commit.committer.seconds.saturating_sub(CLOCK_SLACK_SECONDS)) else {
        return old == new;
    };
    let mut seen = HashSet::from([new]);
    let mut queue = BinaryHeap::from([(i64::MAX, new)]);
    while let Some((date, id)) = queue.pop() {
        if id == old {
            return true;
        }
        if date < oldest {
            continue;
        }
        let Some(parents) = commit(&id).map(|commit| commit.parents) else {
            continue;
        };
        for parent in parents {
            if seen.insert(parent) {
                let date = commit(&parent).map_or(i64::MAX, |commit| commit.committer.seconds);
                queue.push((date, parent));
            }
        }
    }
    false
}
