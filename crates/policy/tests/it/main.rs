//! What the policy promises, from outside.

mod corpus;
mod fixture;
