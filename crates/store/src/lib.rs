//! Where it lies: the [`Store`] seam, the writer that gives records their
//! place, the embedded SQLite engine, and the projections that answer queries.
//!
//! Invariants:
//! - One transaction holds leaves, content, tiles and the checkpoint over them,
//!   fenced on the head that was read inside it. There is no half-sealed batch.
//! - A submitter is answered after the commit is durable, never before.
//! - Leaves, content and checkpoints are the truth. Everything in `index.db`
//!   can be deleted; [`Ledger::reindex`] makes it again.
//! - Only [`sealbook_policy::Judged`] records enter: what was not redacted does not compile.
//!
//! This crate never reads the environment, never prints, and never decides
//! where a book lies: paths come in as [`Layout`].

mod activity;
mod append;
mod approver;
mod backup;
mod before;
mod beside;
mod bundle;

mod claim;
mod clock;
mod content;
pub mod daily;
mod derived;
mod digest_key;
mod erase;
mod error;
mod head_file;
mod health;
mod holds;
mod keys;
mod knowledge;
mod ledger;
mod marks;
mod operations;
mod own;
mod place;
mod projection;
mod provenance;
mod query;
mod reader;
mod sealer;
mod seam;
mod sqlite;
mod standing;
mod state;
mod stored;
mod tallied;
mod ticket;
mod trusted;

mod verify;
mod whole;
mod writer;

pub use activity::{Activity, Patterns};
pub use append::Sealed;
pub use approver::Approvers;
pub use backup::BackupSummary;
pub use before::kept_size;
pub use bundle::Selection;
pub use health::{ErrorPattern, Group, Health, Resource, Tally, Unusual, UnusualKind};
pub use marks::{MARK_ACTION, Mark, mark};

pub use claim::Claim;
pub use clock::{Clock, Entropy, SystemClock, SystemEntropy};
pub use content::{Content, PartSlot};
pub use digest_key::digest_key;
pub use erase::{EraseRequest, Erased};
pub use error::{CommitError, Error};
pub use keys::KeyDir;
pub use knowledge::{DocumentInfo, FoundPassages, Knowledge, NewDocument, Passage, PassageQuery, Vectors, passages};
pub use ledger::{By, Head, Layout, Ledger, Options};
pub use operations::Operation;
pub use place::{is_book_name, tenant_directory};
pub use projection::{IndexProgress, ProjectionFault};
pub use provenance::Provenance;
pub use query::{Cursor, Page, Query};
pub use reader::Reader;
pub use seam::{EachId, EachRow, EachStands, NewRow, Row, Snapshot, Stands, Store, StoreHead, Stray, Transaction};
#[doc(hidden)]
pub use sqlite::Durability;
pub use sqlite::{SqliteStore, Upgraded};
pub use stored::Stored;
pub use tallied::{OperationTallies, OperationTally, TallyBy};
pub use ticket::Ticket;
pub use verify::{VerifyOptions, verify};
