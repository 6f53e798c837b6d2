//! A simulated store: the `Store` seam in memory, over a simulated disk that can fail in every way
//! a disk can, with faults that are planned, so that a seed brings them back.
//!
//! The engine is a log of frames over folded tables, as `SQLite`'s WAL is over its file: a frame
//! holds one transaction and a checksum, a commit is its frame on the disk and then an fsync, and
//! opening replays the frames that are whole.

mod disk;
mod frame;
mod plan;
mod store;
mod tables;

pub use disk::SimDisk;
pub use plan::{Fault, Honesty};
pub use store::SimStore;
pub use tables::{Flip, Tables};
