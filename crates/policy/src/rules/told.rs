//! The programs that a part says are run.

use super::commands::is_sentence;
use super::shell::{Room, Run, any_run, any_run_in_code, any_run_of};
use super::walk::Line;

impl Line<'_> {
    /// Calls `each` with every program that is run until it says `true`; whether it did. What need not be a command
    /// says nothing where it cannot be read in full, and a sentence that was typed is none.
    pub(super) fn any_run(&self, room: &mut Room, each: &mut dyn FnMut(&Run<'_>) -> bool) -> bool {
        match self {
            Line::Shell(text) => any_run(text, room, each),
            Line::Typed(text, true) | Line::Json(text) => room.guess(|room| any_run(text, room, each)),
            Line::Words(words) => {
                any_run_of(words, room, each) || room.guess(|room| any_run(&words.join(" "), room, each))
            }
            Line::Code(text) => room.guess(|room| any_run(text, room, each)) || any_run_in_code(text, room, each),
            Line::Typed(text, false) => {
                room.guess(|room| any_run(text, room, &mut |run| !is_sentence(run) && each(run)))
            }
            Line::Value(_) | Line::Written(_) => false,
        }
    }
}
