//! What of history could not be read: kept from run to run until it is there.
//!
//! A run that goes on leaves what earlier ones read, so what those could not read would be forgotten: a clone that was
//! cut off would be complete the second time. The record over a run lists it; the next one looks whether it is here
//! now, reads all of history again if so, and skips it by name if not.

use serde::{Deserialize, Serialize};

use super::engine::id::Id;
use super::engine::objects::Objects;
use super::engine::repository::Repository;
use crate::{Coverage, TreePath};

/// Gaps that are listed; where there are more, history is read again each time.
const LISTED: usize = 2_000;
/// The word for a commit whose parents were not cloned.
const SHALLOW: &str = "history_not_cloned";

/// What is missing.
#[derive(Debug, Default, Clone, Serialize, Deserialize)]
pub(super) struct Gaps {
    listed: Vec<Gap>,
    /// How many more there are.
    #[serde(default, skip_serializing_if = "is_zero")]
    more: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Gap {
    object: String,
    why: String,
}

impl Gaps {
    /// Of a run that did not list them.
    pub(super) fn unlisted() -> Self {
        Self { listed: Vec::new(), more: 1 }
    }

    pub(super) fn add(&mut self, object: Id, why: &'static str) {
        let gap = Gap { object: object.to_string(), why: why.to_owned() };
        if self.listed.contains(&gap) {
            return;
        }
        if self.listed.len() < LISTED {
            self.listed.push(gap);
        } else {
            self.more += 1;
        }
    }

    pub(super) fn extend(&mut self, gaps: impl Iterator<Item = (Id, &'static str)>) {
        gaps.for_each(|(object, why)| self.add(object, why));
    }

    /// Whether some of it is here now, or may be.
    pub(super) fn is_closed(&self, repository: &Repository, objects: &mut Objects) -> bool {
        self.more > 0
            || self.listed.iter().any(|gap| {
                let Some(id) = Id::from_hex(gap.object.as_bytes()) else { return true };
                if gap.why == SHALLOW { !repository.shallow().contains(&id) } else { objects.read_any(&id).is_ok() }
            })
    }

    /// Skips what is still missing.
    pub(super) fn tell(&self, coverage: &mut Coverage) {
        for gap in &self.listed {
            let why = if gap.why == SHALLOW {
                "its parents were not cloned; an earlier run found that too, and `git fetch --unshallow` brings them"
            } else {
                "an earlier run could not read it either"
            };
            coverage.skip(TreePath::from(gap.object.as_str()), gap.why.clone(), Some(why.to_owned()));
        }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}
