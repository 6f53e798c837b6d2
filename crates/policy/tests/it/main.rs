//! What the policy promises, from outside.

mod admission;
mod builtin;
mod corpus;
mod fixture;
mod guards;
mod locked;
mod paths;
mod rules;
mod state;
