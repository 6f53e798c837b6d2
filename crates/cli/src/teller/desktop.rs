//! The desktop, by the program that a person named: it is given a title and a text, and no shell reads them.

use sealbook_gate::{Question, run_briefly};

use super::{DEADLINE, Way, sentence};

/// It says nothing of the call: lists of notifications show it first.
const TITLE: &str = "Sealbook: a call waits for you";

pub(super) struct Desktop {
    program: String,
    arguments: Vec<String>,
}

impl Desktop {
    /// The program, and what it is given before the title and the text. There is a program.
    pub(super) fn new(mut command: Vec<String>) -> Self {
        Self { program: command.remove(0), arguments: command }
    }
}

impl Way for Desktop {
    fn name(&self) -> &'static str {
        "desktop"
    }

    fn tell(&self, question: &Question) -> Result<(), String> {
        let mut arguments = self.arguments.clone();
        arguments.extend([TITLE.to_owned(), text(&sentence(question))]);
        run_briefly(self.program.as_ref(), &arguments, DEADLINE)
    }
}

/// Names are what strangers chose: on a desktop they make no link, no picture and no option.
fn text(sentence: &str) -> String {
    let plain: String = sentence.chars().map(|c| if matches!(c, '<' | '>' | '&') { ' ' } else { c }).collect();
    format!("Call: {plain}")
}
