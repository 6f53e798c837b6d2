//! Times on the command line.

use sealbook_record::{TimeZone, Timestamp, parse_duration, parse_time};
use sealbook_store::{Clock, SystemClock};

use crate::failure::Failure;

/// The time now.
pub(crate) fn now() -> Timestamp {
    SystemClock.now()
}

/// `7 days ago`, `2024-01-31`, `now`, RFC 3339.
pub(crate) fn read(option: &'static str, text: Option<&str>, zone: &TimeZone) -> Result<Option<Timestamp>, Failure> {
    text.map(|text| parse_time(text, now(), zone)).transpose().map_err(|cause| Failure::from(cause).at(option))
}

/// `24h`, `7 days`, in microseconds.
pub(crate) fn read_length(option: &'static str, text: Option<&str>) -> Result<Option<i64>, Failure> {
    text.map(parse_duration).transpose().map_err(|cause| Failure::from(cause).at(option))
}
