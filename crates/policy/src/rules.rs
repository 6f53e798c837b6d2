//! Rules as data: what they look at, what they ask for, and a set of them that is ready to judge.

mod builtin;
mod cel;
mod changes;
mod commands;
mod condition;
mod error;
mod field;
mod given;
mod literals;
mod matcher;
mod names;
mod node;
mod pattern;
mod places;
mod rule;
mod set;
mod shell;
mod told;
mod vocabulary;
mod walk;
mod within;

#[cfg(test)]
mod tests;

pub(crate) use builtin::guarding;
pub(crate) use cel::warm_up;
pub use cel::{Expression, ExpressionError, Reading};
pub use error::RuleError;

pub use rule::{Rule, Scope};
pub(crate) use set::Compiled;
pub use set::{Replayed, RuleSet};
