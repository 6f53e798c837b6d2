//! What a record promises, from outside.

mod dialects;
mod diff;
mod fixture;
mod ids;
mod native;
mod operations;
mod statement;
mod times;
