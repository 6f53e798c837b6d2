//! `parallel`: several branches begin at once.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::workflow::uses::Uses;

const CONCURRENT_MAX: u32 = 1_000;

/// Begins all branches that leave it. A `merge` joins them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Parallel {
    /// How many branches run at the same time.
    #[serde(default = "sixteen")]
    pub max_concurrent: u32,
}

const fn sixteen() -> u32 {
    16
}

impl Parallel {
    pub(super) fn bounds(&self) -> Result<(), String> {
        if (1..=CONCURRENT_MAX).contains(&self.max_concurrent) {
            return Ok(());
        }
        Err(format!("/max_concurrent: {}; say 1 to {CONCURRENT_MAX}", self.max_concurrent))
    }

    #[expect(clippy::unused_self, reason = "as every other config")]
    pub(super) fn uses(&self, _: &mut Uses) {}

    pub(super) fn tells(&self) -> String {
        format!("begins its branches at once, {} at the same time at most", self.max_concurrent)
    }
}
