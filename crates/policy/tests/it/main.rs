//! What the policy promises, from outside.

mod admission;
mod corpus;
mod fixture;
