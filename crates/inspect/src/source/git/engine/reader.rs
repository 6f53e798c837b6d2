//! Reads on behalf of one commit, and keeps what was wrong with what it read.

use std::sync::Arc;

use super::id::Id;
use super::objects::{Damage, Hash, Kind, Objects};

/// Something wrong with an object that the history needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    /// The name it goes by.
    pub(crate) id: Id,
    /// What it is, or is said to be.
    pub(crate) kind: Kind,
    pub(crate) what: Wrong,
    /// Where it was met first: the path in the tree, empty for a root tree or a commit.
    pub(crate) path: Vec<u8>,
    /// The commit that was being read.
    pub(crate) commit: Option<Id>,
}

impl Fault {
    /// Of an object that was met on no way through history.
    pub(crate) fn unmet(id: Id, kind: Kind, what: Wrong) -> Self {
        Self { id, kind, what, path: Vec::new(), commit: None }
    }
}

/// What is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Wrong {
    /// Its content hashes to this name instead.
    Forged(Id),
    /// It cannot be read.
    Damaged(Damage),
}

/// A reader that takes note instead of giving up.
pub(crate) struct Reader<'o> {
    objects: &'o mut Objects,
    commit: Option<Id>,
    faults: Vec<Fault>,
}

impl<'o> Reader<'o> {
    pub(crate) fn new(objects: &'o mut Objects, commit: Option<Id>) -> Self {
        Self { objects, commit, faults: Vec::new() }
    }

    pub(crate) fn hash(&self) -> Hash {
        self.objects.hash()
    }

    /// The content of an object, met at this path; nothing if it cannot be read.
    pub(crate) fn read(&mut self, id: &Id, kind: Kind, path: &[u8]) -> Option<Arc<[u8]>> {
        self.read_named(id, kind, path).map(|(data, _)| data)
    }

    /// The content of an object, and its true name if that is another.
    pub(crate) fn read_named(&mut self, id: &Id, kind: Kind, path: &[u8]) -> Option<(Arc<[u8]>, Option<Id>)> {
        match self.objects.read(id, kind) {
            Ok(object) => {
                if let Some(actual) = object.forged {
                    self.note(id, kind, path, Wrong::Forged(actual));
                }
                Some((object.data, object.forged))
            }
            Err(damage) => {
                self.damaged(id, kind, path, damage);
                None
            }
        }
    }

    /// Takes note of an object that reads but does not parse.
    pub(crate) fn damaged(&mut self, id: &Id, kind: Kind, path: &[u8], damage: Damage) {
        self.note(id, kind, path, Wrong::Damaged(damage));
    }

    fn note(&mut self, id: &Id, kind: Kind, path: &[u8], what: Wrong) {
        if !self.faults.iter().any(|fault| fault.id == *id && fault.what == what) {
            let fault = Fault { id: *id, kind, what, path: path.to_vec(), commit: self.commit };
            self.faults.push(fault);
        }
    }

    /// What was wrong, in the order in which it was met.
    pub(crate) fn into_faults(self) -> Vec<Fault> {
        self.faults
    }
}
