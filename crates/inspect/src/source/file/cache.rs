//! What was read before and has not changed since, by all that the system says of a file.
//!
//! An entry of the last manifest stands for the file where path, sort, size, mode, owner, both times to the
//! nanosecond, inode and device are the same, and where both times lie safely before that run: a change within the
//! same tick of the clock leaves no trace in the times, so a file that was young when it was read is read again (as
//! git does with its index). Who can set the clock back and rewrite a file in place can hide from this; who reads
//! with `paranoid` on sees them.

use std::collections::HashMap;

use sealbook_record::Timestamp;

use super::entry::Meta;
use super::previous::{Previous, known};
use crate::Error;

/// A file changed less than so long before a run may have changed during it. Two seconds are what the coarsest file
/// systems round to.
const YOUNG_US: i64 = 2_000_000;
/// Bytes of entries that are kept; files beyond it are read.
const BYTES_MAX: usize = 192 << 20;

/// Entries of the last manifest, by path.
#[derive(Debug, Default)]
pub(super) struct Cache {
    entries: HashMap<Box<[u8]>, Box<str>>,
    /// Files whose times lie before this are not young.
    settled: Option<Timestamp>,
    /// Whether all of the manifest is here.
    pub(super) is_whole: bool,
}

impl Cache {
    /// Of a manifest; empty where it does not say when its run began.
    pub(super) fn of(mut previous: Previous<'_>) -> Result<Self, Error> {
        let Some(began) = previous.began else { return Ok(Self::default()) };
        let settled = Timestamp::from_micros(began.as_micros() - YOUNG_US);
        let mut cache = Self { entries: HashMap::new(), settled: Some(settled), is_whole: true };
        let mut bytes = 0;
        while previous.peek()?.is_some() {
            let text = previous.take().expect("just seen");
            if !text.contains(",\"sha256\":\"") {
                continue;
            }
            let Some(known) = known(&text) else { continue };
            let path: Box<[u8]> = known.path.as_bytes().into();
            bytes += path.len() + text.len();
            if bytes > BYTES_MAX {
                cache.is_whole = false;
                break;
            }
            cache.entries.insert(path, text.into_boxed_str());
        }
        Ok(cache)
    }

    /// The entry of a file whose own begins with `head` (all that `stat` says of it).
    pub(super) fn unchanged(&self, path: &[u8], meta: &Meta, head: &[u8]) -> Option<&str> {
        let settled = self.settled?;
        if meta.newest_us() >= settled.as_micros() {
            return None;
        }
        let text = self.entries.get(path)?;
        let rest = text.as_bytes().strip_prefix(head)?;
        rest.starts_with(b",\"sha256\":\"").then_some(&**text)
    }
}
