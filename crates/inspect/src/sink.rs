//! Where records go.

use sealbook_policy::Raw;

use crate::Error;

/// Takes records as they are made. The real one redacts, judges and seals them; it may queue, but
/// must push back, so that memory stays bounded.
pub trait Sink {
    /// Takes one record. Order is kept.
    fn record(&mut self, raw: Raw) -> Result<(), Error>;

    /// Returns when everything taken so far is sealed; gives the range of sequence numbers taken
    /// since the last call, or nothing if no record came. Other writers' records may lie within.
    fn seal(&mut self) -> Result<Option<SeqRange>, Error>;
}

/// Sequence numbers, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct SeqRange {
    /// The first.
    pub first: u64,
    /// The last.
    pub last: u64,
}
