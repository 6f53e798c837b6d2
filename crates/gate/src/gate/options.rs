//! How a gate is set up.

use sealbook_policy::{Fail, Mode};

/// When a call goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Durability {
    /// When its intent is on disk.
    #[default]
    Durable,
    /// When its intent is queued. Takes effect inside a [`super::Capture`] only, so that a crash shows.
    Buffered,
}

/// How a gate is set up. The default enforces, is durable, and fails closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct GateOptions {
    /// Whether refusals are carried out.
    pub mode: Mode,
    /// What becomes of a call when the book cannot be written.
    pub fail: Fail,
    /// When a call goes on.
    pub durability: Durability,
}
