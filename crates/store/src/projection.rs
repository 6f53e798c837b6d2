//! The projections in `index.db`: what is derived, and can be made again.
//!
//! One table answers every question: postings. A term is a field and a value
//! (`actor.id` = `agent-7`) or a word of the text; its postings are the
//! sequence numbers of the records that have it, one row per term and chunk of
//! 65,536 records, as a list while it is short and a Roaring bitmap after that.
//! AND is an intersection of bitmaps, newest first is walking chunks downwards,
//! and bringing the index up to date merges sorted rows: no random insert per record.
//!
//! - The index follows the ledger by a cursor that is written in the same transaction as the
//!   rows it stands for. A crash loses nothing but the work since the last flush.
//! - Nothing here is believed: a query reads each record it shows from the ledger, re-hashes it
//!   and checks that it fits. `verify --projections` compares with a rebuild.

mod catch_up;
mod compare;
mod db;
mod gathered;
mod postings;
mod terms;
mod text;

pub(crate) use catch_up::CatchUp;
pub use catch_up::IndexProgress;
pub(crate) use compare::compare;
pub use db::ProjectionFault;
pub(crate) use db::{Index, IndexView};
pub(crate) use postings::{CHUNK_BITS, chunk_of};
pub(crate) use terms::{Field, Term, each_term, term_of};
pub(crate) use text::{cut, each_text_word, each_word};
