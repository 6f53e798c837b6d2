//! Long work shows how far it is, and can be called off.

use crate::Error;

/// Told by sources, from any thread.
pub trait Progress: Sync {
    /// A stage begins; `total` where it is known.
    fn begin(&self, what: &str, total: Option<u64>);
    /// So many more are done.
    fn advance(&self, done: u64);
    /// The stage is over.
    fn end(&self);
    /// Whether whoever asked wants it no more. Sources and the collector ask between one piece of work and the next.
    fn is_cancelled(&self) -> bool {
        false
    }
}

/// Goes on, unless it was called off.
pub(crate) fn go_on(progress: &dyn Progress) -> Result<(), Error> {
    if progress.is_cancelled() { Err(Error::Cancelled) } else { Ok(()) }
}

/// Tells nobody.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Progress for Silent {
    fn begin(&self, _: &str, _: Option<u64>) {}
    fn advance(&self, _: u64) {}
    fn end(&self) {}
}
