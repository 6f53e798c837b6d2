//! Sagas: what is done and taken back, what is on record, and who can stop them.

mod actions;
mod controls;
mod definitions;
mod forged;
mod kills;
mod orders;
mod world;
