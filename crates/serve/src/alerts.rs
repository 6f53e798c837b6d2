//! Alerts by name, and the records that change them.

use sealbook_policy::{Alert, State};
use sealbook_record::{PartName, Record};

use crate::Error;

/// Fewer characters of an id name nothing.
const ID_CHARS_MIN: usize = 4;

/// The alert whose id begins like this.
pub fn find_alert<'s>(state: &'s State, given: &str) -> Result<&'s Alert, Error> {
    let alerts = state.alerts().list();
    let mut found = alerts.into_iter().filter(|alert| alert.id.to_string().starts_with(&given.to_ascii_lowercase()));
    match (found.next(), found.next()) {
        (Some(alert), None) if given.len() >= ID_CHARS_MIN => Ok(alert),
        _ => Err(Error::NotFound { what: "alert", given: given.chars().take(40).collect() }),
    }
}

/// Makes of an event on an alert what changes it: assigned with an input that says to whom, or resolved.
pub fn change_alert(alert: &Alert, mut record: Record, reason: Option<&str>, input: &str) -> Result<Record, Error> {
    if alert.resolved.is_some() {
        return Err(Error::AlertResolved);
    }
    record.parent = Some(alert.id);
    record.reason = reason.map(str::to_owned);
    record.set_part_json(PartName::Input, input)?;
    Ok(record)
}
