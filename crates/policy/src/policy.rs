//! The gate every record goes through.

use aws_lc_rs::hmac;

use crate::{Decision, DigestKey, Error, Judged, Raw, Redacted, limits};

/// What may be written and done. One per ledger; shared freely between threads.
pub struct Policy {
    key: hmac::Key,
    keep_restricted: bool,
}

impl Policy {
    /// The built-in policy: everything is redacted, nothing is forbidden.
    pub fn new(key: DigestKey) -> Self {
        Self { key: key.hmac(), keep_restricted: false }
    }

    /// Whether the content of records classified `restricted` is kept (redacted) instead of a digest and a size.
    #[must_use]
    pub fn keep_restricted(mut self, keep: bool) -> Self {
        self.keep_restricted = keep;
        self
    }

    /// Judges the raw record in memory, then redacts it.
    ///
    /// Errors: the record holds more than a record may; nothing was written.
    pub fn admit(&self, raw: Raw) -> Result<Judged, Error> {
        limits::check(raw.record())?;
        let decision = self.judge(&raw);
        let redacted = self.redact(raw)?;
        Ok(Judged { redacted, decision })
    }
}

impl Policy {
    /// The decision over the raw record. No rule exists yet, so everything is allowed.
    #[expect(clippy::unused_self, reason = "the rules will be part of the policy")]
    fn judge(&self, _raw: &Raw) -> Decision {
        Decision::Allow
    }

    fn redact(&self, raw: Raw) -> Result<Redacted, Error> {
        let Raw(record) = raw;
        let statement = record.statement_json(&[]);
        Ok(Redacted { record, redactions: Vec::new(), statement })
    }
}
