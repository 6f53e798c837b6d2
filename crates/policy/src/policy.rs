//! The gate every record goes through.

use std::sync::Arc;

use aws_lc_rs::hmac;
use sealbook_record::{Classification, Record, Redaction};
use serde_json::value::RawValue;

use crate::key::digest;
use crate::redact::{self, Found};
use crate::shares::in_shares;
use crate::{DigestKey, Error, Judged, Raw, Redacted, RuleSet, Verdict, limits};

/// What may be written and done. One per ledger; shared freely between threads.
pub struct Policy {
    key: hmac::Key,
    keep_restricted: bool,
    rules: Arc<RuleSet>,
}

impl Policy {
    /// The built-in policy: everything is redacted, nothing is forbidden.
    #[expect(clippy::needless_pass_by_value, reason = "the key does not live on beside the policy")]
    pub fn new(key: DigestKey) -> Self {
        Self { key: key.hmac(), keep_restricted: false, rules: RuleSet::shared_builtin() }
    }

    /// Whether the content of records classified `restricted` is kept (redacted) instead of a digest and a size.
    #[must_use]
    pub fn keep_restricted(mut self, keep: bool) -> Self {
        self.keep_restricted = keep;
        self
    }

    /// Judges by these rules instead of the built-in ones.
    #[must_use]
    pub fn with_rules(mut self, rules: Arc<RuleSet>) -> Self {
        self.rules = rules;
        self
    }

    /// The same policy, judging by other rules.
    #[must_use]
    pub fn judging_by(&self, rules: Arc<RuleSet>) -> Self {
        Self { key: self.key.clone(), keep_restricted: self.keep_restricted, rules }
    }

    /// The rules it judges by.
    pub fn rules(&self) -> &Arc<RuleSet> {
        &self.rules
    }

    /// What the rules say of the raw record. All are evaluated; the strictest that is enforced decides.
    pub fn judge(&self, raw: &Raw) -> Verdict {
        self.rules.evaluate(raw.record())
    }

    /// Judges the raw record in memory, then redacts it.
    ///
    /// Errors: the record holds more than a record may; nothing was written.
    pub fn admit(&self, raw: Raw) -> Result<Judged, Error> {
        limits::check(raw.record())?;
        let verdict = self.judge(&raw);
        self.admit_judged(raw, verdict)
    }

    /// As [`Policy::admit`], with a verdict that stands already: what became of an action is sealed with what
    /// was said of it when it was about to happen, whatever the rules say of the outcome.
    pub fn admit_with(&self, raw: Raw, verdict: Verdict) -> Result<Judged, Error> {
        limits::check(raw.record())?;
        self.admit_judged(raw, verdict)
    }

    fn admit_judged(&self, raw: Raw, verdict: Verdict) -> Result<Judged, Error> {
        let Raw(mut record) = raw;
        verdict.write_into(&mut record)?;
        let redacted = self.redact(Raw(record))?;
        Ok(Judged { redacted, verdict })
    }

    /// Keyed digest of content that may hold secrets, as redactions carry it.
    pub fn digest(&self, content: &[u8]) -> String {
        digest(&self.key, content)
    }

    /// As [`Policy::admit`] for each of many, over at most `threads` threads, in their order.
    pub fn admit_all(&self, raws: Vec<Raw>, threads: usize) -> Vec<Result<Judged, Error>> {
        let admit = |share: Vec<Raw>| share.into_iter().map(|raw| self.admit(raw)).collect::<Vec<_>>();
        in_shares(raws, threads, admit).into_iter().flatten().collect()
    }
}

impl Policy {
    /// Version of what is redacted and how; each redaction names it.
    pub const VERSION: &'static str = "builtin-1";

    /// Makes what every process makes once, before it is needed: for one that lives for a single call, beside other
    /// work.
    pub fn warm_up() {
        redact::warm_up();
        RuleSet::shared_builtin();
        crate::rules::warm_up();
    }

    fn redact(&self, raw: Raw) -> Result<Redacted, Error> {
        let Raw(mut record) = raw;
        record.tags.sort_unstable();
        record.tags.dedup();
        let mut redactions = Vec::new();
        if record.classification == Classification::Restricted && !self.keep_restricted {
            self.withhold_parts(&mut record, &mut redactions);
        } else {
            self.redact_parts(&mut record, &mut redactions);
        }
        let mut statement = record.statement_json(&redactions);
        if redact::may_hold_secret(&statement) && self.redact_statement(&mut record, &mut redactions)? {
            statement = record.statement_json(&redactions);
        }
        Ok(Redacted { record, redactions, statement })
    }

    fn redact_parts(&self, record: &mut Record, redactions: &mut Vec<Redaction>) {
        let mut found = Vec::new();
        for (name, value) in &mut record.parts {
            if let Some(text) = redact::part(value.get(), name.as_str(), &mut found) {
                *value = RawValue::from_string(text).expect("redaction replaces values by strings, and text by text");
            }
        }
        self.note(&found, redactions);
    }

    /// Content of restricted records: keyed digest and size only.
    fn withhold_parts(&self, record: &mut Record, redactions: &mut Vec<Redaction>) {
        for (name, value) in &mut record.parts {
            if is_withheld(value.get()) {
                continue;
            }
            let digest = digest(&self.key, value.get().as_bytes());
            let withheld = format!(r#"{{"withheld":{{"digest":"{digest}","bytes":{}}}}}"#, value.get().len());
            *value = RawValue::from_string(withheld).expect("hex and a number are JSON");
            redactions.push(Redaction {
                path: name.as_str().to_owned(),
                detector: "classification".to_owned(),
                digest,
                policy: Self::VERSION.to_owned(),
            });
        }
    }

    /// Every text of the statement; true where one was changed.
    fn redact_statement(&self, record: &mut Record, redactions: &mut Vec<Redaction>) -> Result<bool, Error> {
        let mut found = Vec::new();
        if redact::plain(&mut record.tenant.clone(), "tenant", &mut found) {
            return Err(Error::SecretInTenant { detector: found[0].detector });
        }
        let actor = &mut record.actor;
        let fields = [
            ("actor.id", Some(&mut actor.id)),
            ("actor.name", actor.name.as_mut()),
            ("actor.on_behalf_of", actor.on_behalf_of.as_mut()),
            ("actor.claimed", actor.claimed.as_mut()),
            ("actor.verified", actor.verified.as_mut()),
            ("action", Some(&mut record.action)),
            ("target.id", Some(&mut record.target.id)),
            ("source", Some(&mut record.source)),
            ("reason", record.reason.as_mut()),
            ("session", record.session.as_mut()),
            ("conversation", record.conversation.as_mut()),
            ("project", record.project.as_mut()),
            ("trace", record.trace.as_mut()),
            ("retention", record.retention.as_mut()),
        ];
        for (path, text) in fields {
            if let Some(text) = text {
                redact::plain(text, path, &mut found);
            }
        }
        for tag in &mut record.tags {
            redact::plain(tag, "tags", &mut found);
        }
        let changed = !found.is_empty();
        self.note(&found, redactions);
        Ok(changed)
    }

    /// Notes what was taken out: place, detector, keyed digest. Beyond a bound the rest is noted as one.
    fn note(&self, found: &[Found], redactions: &mut Vec<Redaction>) {
        let policy = || Self::VERSION.to_owned();
        let room = redact::NOTED_MOST.saturating_sub(redactions.len());
        let (each, together) = found.split_at(found.len().min(room));
        redactions.extend(each.iter().map(|found| Redaction {
            path: found.path.clone(),
            detector: found.detector.to_owned(),
            digest: digest(&self.key, &found.secret),
            policy: policy(),
        }));
        if let Some(first) = together.first() {
            let part = first.path.split('/').next().unwrap_or_default();
            let secrets: Vec<u8> = together.iter().flat_map(|found| found.secret.iter().copied()).collect();
            redactions.push(Redaction {
                path: part.to_owned(),
                detector: format!("{} more", together.len()),
                digest: digest(&self.key, &secrets),
                policy: policy(),
            });
        }
    }
}

/// Whether a part is what was left of one that was withheld before.
fn is_withheld(json: &str) -> bool {
    let digest = json.strip_prefix(r#"{"withheld":{"digest":""#).and_then(|rest| rest.split_once(r#"","bytes":"#));
    digest.is_some_and(|(digest, size)| {
        let size = size.strip_suffix("}}").unwrap_or_default();
        digest.len() == 64
            && digest.bytes().all(|byte| byte.is_ascii_hexdigit())
            && !size.is_empty()
            && size.bytes().all(|byte| byte.is_ascii_digit())
    })
}

impl std::fmt::Debug for Policy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Policy({})", Self::VERSION)
    }
}
