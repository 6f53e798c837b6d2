//! Reading git repositories: everything here is plain data in, plain data out, and knows no record.
//!
//! gitoxide is used for what it is good at (packs, deltas, references) and behind [`objects`] and
//! [`repository`] only, because it is 0.x and changes often.

pub(crate) mod blame;
mod cache;
pub(crate) mod changes;
pub(crate) mod commit;
mod copies;
pub(crate) mod doubles;
pub(crate) mod history;
pub(crate) mod id;
pub(crate) mod lines;
mod loose;
pub(crate) mod mailmap;
pub(crate) mod objects;
mod path;
pub(crate) mod reader;
pub(crate) mod refs;
mod renames;
pub(crate) mod repository;
mod similarity;
pub(crate) mod sshsig;
pub(crate) mod tree;
pub(crate) mod walk;
