//! The room from outside: sources over real trees, the collector over an in-memory book.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails there")]

mod book;
mod git_repo;
mod tree;

mod authorship;
mod collector;
mod compliance;
mod drift;
mod file_cache;
mod file_changes;
mod file_ignores;
mod file_manifest;
mod file_odd;
mod sealed;

mod module;
mod module_figures;
mod module_hostile;
mod module_locks;
mod module_oracles;

mod git_analyzer;
mod git_blame;
mod git_copies;
mod git_forged;
mod git_numstat;
mod git_odd;
mod git_people;
mod git_refs;
mod git_state;

mod log_hostile;
mod log_resume;
mod log_run;
mod log_samples;

mod secrets;
mod security;
mod security_unread;
