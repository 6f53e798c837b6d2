//! Rules as data: what they look at, what they ask for, and a set of them that is ready to judge.

mod error;
mod rule;
mod set;

pub use error::RuleError;
pub use rule::{Rule, Scope};
pub use set::RuleSet;
