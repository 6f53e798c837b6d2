//! The words of the domain: what a record is, and every closed set it draws from.
//!
//! A [`Record`] holds what the five older vocabularies held: who, what, to what, when, where from, how and
//! why. Its content lies in parts, each JSON text that is kept as given: numbers keep their digits, objects
//! their order and their duplicate keys.
//!
//! What this crate never does: touch a disk, a clock, randomness or the environment; decide what may be
//! written (that is policy's); quote content in an error.

mod certificate;
mod completeness;
mod dialects;
mod diff;
mod error;
mod file_state;
mod finding;
mod id;
mod json;
mod lawful;
mod native;
mod operation;
mod record;
mod redaction;
mod statement;
mod time;
mod vocabulary;

pub use certificate::{
    CERTIFICATE_ACTION, Certificate, CertificateCheck, CertifiedFile, CertifiedOperation, Undone, Unfounded,
    content_word,
};
pub use completeness::{
    CaptureGap, Completeness, CompletenessLimits, MissingNumbers, OpenIntent, SeenOnce, Silence, Told,
};
pub use dialects::{DIALECTS, Dialect};
pub use diff::{Patch, PatchOp};
pub use error::{Error, Place};
pub use file_state::{FileContent, FileState, plain_path, working_directory};
pub use finding::{Finding, Location, Signature, Violation};
pub use id::{IdSource, derived_id};
pub use json::{bytes_to_json, push_string};
pub use lawful::{LawfulCheck, Unlawful};
pub use native::Defaults;
pub use operation::{COMPENSATION_PREFIX, NOT_UNDOABLE_TAG, OperationStatus, RECONCILED_ACTION, Step};
pub use record::{Actor, DEFAULT_TENANT, PartName, Record, Target};
pub use redaction::Redaction;
pub use time::{Timestamp, parse_duration, parse_time};
pub use vocabulary::{ActorKind, Category, Classification, Outcome, Severity, Status, TargetKind};

pub use jiff::tz::TimeZone;
pub use sealbook_ledger::Phase;
pub use uuid::Uuid;
