//! Secrets in text: rules as data, one pass over the text that finds which of them could fit, and checks that tell a
//! secret from what only looks like one.
//!
//! What is found leaves this module as a place in the text it was given; whoever asked makes a keyed digest of it and
//! keeps nothing else.

mod allow;
mod bech32;
mod check;
mod file;
mod likeness;
mod rules;
mod scan;
mod text;
mod words;

pub(crate) use self::rules::{Rule, RuleSet};
pub(crate) use self::scan::{Hit, Scanner};
pub(crate) use self::text::text_of;
