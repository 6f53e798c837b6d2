//! What is remembered of something that was taken out.

use serde::{Deserialize, Serialize};

/// One place at which a record was redacted. It stands in the statement, so it is sealed with the rest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Redaction {
    /// Where: the part and a JSON pointer below it (`input/headers/authorization`), or a field of the
    /// statement (`target.id`).
    pub path: String,
    /// Which detector saw it: `key`, `jwt`, `github_token`, …
    pub detector: String,
    /// HMAC-SHA-256 of what was taken out, lower hex: equal secrets show as equal to whoever holds the key.
    pub digest: String,
    /// Version of the policy that did it.
    pub policy: String,
}
