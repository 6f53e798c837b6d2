//! Long work shows how far it is.

/// Told by sources, from any thread.
pub trait Progress: Sync {
    /// A stage begins; `total` where it is known.
    fn begin(&self, what: &str, total: Option<u64>);
    /// So many more are done.
    fn advance(&self, done: u64);
    /// The stage is over.
    fn end(&self);
}

/// Tells nobody.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Progress for Silent {
    fn begin(&self, _: &str, _: Option<u64>) {}
    fn advance(&self, _: u64) {}
    fn end(&self) {}
}
