//! The words of the domain: what a record is, and every closed set it draws from.
//!
//! A [`Record`] holds what the five older vocabularies held: who, what, to what, when, where from, how and
//! why. Its content lies in parts, each JSON text that is kept as given: numbers keep their digits, objects
//! their order and their duplicate keys.
//!
//! What this crate never does: touch a disk, a clock, randomness or the environment; decide what may be
//! written (that is policy's); quote content in an error.

mod error;
mod record;
mod vocabulary;
mod time;
mod id;
mod redaction;
mod statement;
mod native;
mod finding;
mod diff;
mod json;

pub use error::{Error, Place};
pub use record::{Actor, DEFAULT_TENANT, PartName, Record, Target};
pub use vocabulary::{ActorKind, Category, Classification, Outcome, Severity, Status, TargetKind};
pub use time::{Timestamp, parse_time};
pub use id::{IdSource, derived_id};
pub use redaction::Redaction;
pub use native::Defaults;
pub use finding::{Finding, Location, Signature, Violation};
pub use diff::{Patch, PatchOp};
pub use json::{bytes_to_json, push_string};

pub use jiff::tz::TimeZone;
pub use sealbook_ledger::Phase;
pub use uuid::Uuid;
