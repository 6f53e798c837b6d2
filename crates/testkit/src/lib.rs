//! For tests of any room: the contract that every `Store` keeps, a simulated store with its
//! faults, a model to compare with, fuzz targets, builders. No room depends on it outside its tests.
//!
//! Nothing here sleeps, and a seed decides whatever looks random: a failure names the seed, and
//! the seed brings it back.

pub mod contract;
pub mod corpus;
pub mod endpoint;
pub mod fuzz;
pub mod model;
pub mod records;
pub mod sim;
pub mod world;

mod place;
mod rng;

pub use place::{Place, SimClock, SimEntropy, layout_under, seeded_options};
pub use rng::Rng;
