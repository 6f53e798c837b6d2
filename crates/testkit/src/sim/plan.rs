//! What is to go wrong, and when.

/// What goes wrong with one transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The append lock cannot be had.
    Begin,
    /// The `n`th write inside the transaction is refused: the disk is full.
    Write(u32),
    /// The commit is refused: surely not written.
    Reject,
    /// The commit succeeds, and is reported as failed.
    AppliedUnknown,
    /// The commit fails, and nobody can say so.
    LostUnknown,
    /// The commit fails after its frame was written and before it was synced. It is not seen, the
    /// next commit takes its place, but until then a loss of power may bring it back.
    Limbo,
    /// Power goes at this step of the commit: each sector is one, then comes the fsync, then the answer.
    Power(u32),
}

/// Whether the disk does what it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Honesty {
    /// What was synced survives a loss of power.
    Honest,
    /// Every fsync is acknowledged and forgotten. No store survives this; the simulation must notice.
    LosesFsync,
}
