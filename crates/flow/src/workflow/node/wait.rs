//! `wait`: time passes.

use schemars::JsonSchema;
use sealbook_record::Timestamp;
use serde::{Deserialize, Serialize};

use super::{NAME_BYTES_MAX, SECONDS_MAX, check_seconds, check_text};
use crate::workflow::error::WorkflowError;
use crate::workflow::scope::Scope;
use crate::workflow::template::text;
use crate::workflow::uses::Uses;

/// Waits, for a time or until one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Wait {
    /// How long.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds: Option<u64>,
    /// Until when: a time (RFC 3339), or a template that gives one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
}

impl Wait {
    pub(super) fn bounds(&self) -> Result<(), String> {
        check_seconds("/seconds", self.seconds)?;
        check_text("/until", self.until.as_deref().unwrap_or_default(), NAME_BYTES_MAX)?;
        match (&self.seconds, &self.until) {
            (Some(_), None) => Ok(()),
            (None, Some(until)) if until.contains("{{") || until.parse::<Timestamp>().is_ok() => Ok(()),
            (None, Some(_)) => Err("/until: this is no time; write it as 2026-03-01T09:00:00Z".to_owned()),
            _ => Err("/seconds: say either `seconds` or `until`".to_owned()),
        }
    }

    pub(super) fn uses(&self, uses: &mut Uses) {
        if let Some(until) = &self.until {
            uses.template("/until", until, &[]);
        }
    }

    /// When it is over, if it began at this time.
    pub fn ends(&self, began: Timestamp, scope: &Scope) -> Result<Timestamp, WorkflowError> {
        let unfit = |why: &str| WorkflowError::DataUnfit { at: "until".to_owned(), why: why.to_owned() };
        let Some(until) = &self.until else {
            let micros = i64::try_from(self.seconds.unwrap_or(0)).unwrap_or(i64::MAX).saturating_mul(1_000_000);
            return Ok(Timestamp::from_micros(began.as_micros().saturating_add(micros)));
        };
        let ends: Timestamp = text("until", until, scope)?
            .parse()
            .map_err(|_| unfit("this is no time; give it as 2026-03-01T09:00:00Z"))?;
        let most = i64::try_from(SECONDS_MAX).unwrap_or(i64::MAX).saturating_mul(1_000_000);
        if ends.as_micros().saturating_sub(began.as_micros()) > most {
            return Err(unfit("this is more than 31 days away; begin another run then"));
        }
        Ok(ends)
    }

    pub(super) fn tells(&self) -> String {
        match (&self.seconds, &self.until) {
            (Some(seconds), _) => format!("waits {}", lasting(*seconds)),
            (None, Some(until)) => format!("waits until {}", super::tool::brief(until)),
            (None, None) => "waits".to_owned(),
        }
    }
}

/// A time in the largest unit that says it exactly.
pub(crate) fn lasting(seconds: u64) -> String {
    let (count, unit) = match seconds {
        s if s % 86_400 == 0 && s > 0 => (s / 86_400, "day"),
        s if s % 3_600 == 0 && s > 0 => (s / 3_600, "hour"),
        s if s % 60 == 0 && s > 0 => (s / 60, "minute"),
        s => (s, "second"),
    };
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}
