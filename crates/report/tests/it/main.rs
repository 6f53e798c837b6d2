//! Reports, checked by what they say and by what they must never let through.

mod formats;
mod hostile;
mod pages;
mod samples;
mod snapshots;
