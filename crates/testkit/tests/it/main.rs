//! The kit itself: what it simulates keeps the contract that the real engine keeps.

mod contract;
mod fuzz;
