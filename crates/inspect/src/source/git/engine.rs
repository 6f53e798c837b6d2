//! Reading git repositories: everything here is plain data in, plain data out, and knows no record.
//!
//! gitoxide is used for what it is good at (packs, deltas, references) and behind [`objects`] and
//! [`repository`] only, because it is 0.x and changes often.

pub(crate) mod id;
pub(crate) mod objects;
pub(crate) mod repository;
mod cache;
pub(crate) mod reader;
pub(crate) mod commit;
pub(crate) mod tree;
pub(crate) mod lines;
mod similarity;
mod renames;
pub(crate) mod changes;
pub(crate) mod walk;
pub(crate) mod history;
pub(crate) mod blame;
pub(crate) mod refs;
