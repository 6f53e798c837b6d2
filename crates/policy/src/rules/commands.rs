//! Which commands a text calls, and which of them are meant by a rule.

use super::shell::{Room, Run, any_run, any_run_in_code, any_run_of, program};
use super::walk::Line;

/// Words of a command that are looked at.
const OWN_MAX: usize = 256;
/// Options that take a word of their own.
static WITH_VALUE: &[&str] = &["--book", "--format", "--output", "--tenant", "-o"];
/// Options that take none, and may stand before those that let a command pass.
static FLAGS: &[&str] = &["--all", "--json", "--quiet", "--verbose", "--yes", "-q", "-v", "-y"];
/// With these a command only tells what it is for.
static HELP: &[&str] = &["--help", "-h"];
/// Words of a text that was typed, beside the command's own, without which it is no sentence.
const TYPED_MAX: usize = 2;

/// Commands of programs.
#[derive(Debug)]
pub(crate) struct Commands(Vec<Called>);

#[derive(Debug)]
struct Called {
    program: String,
    /// Words that come first, in this order.
    words: Vec<String>,
    /// Options that must be there.
    with: Vec<String>,
    /// Options that must not be there.
    without: Vec<String>,
}

impl Commands {
    /// `sealbook rules add`, `sealbook wrap --undo`, `sealbook stop !--list`.
    pub(crate) fn new(commands: &[String]) -> Self {
        Self(commands.iter().map(|command| Called::new(command)).collect())
    }

    /// Whether one of them is called by a text that a shell runs.
    pub(crate) fn are_in(&self, text: &str, room: &mut Room) -> bool {
        any_run(text, room, &mut |run| self.fit(run))
    }

    /// Whether one of them is called by what a part says.
    pub(crate) fn are_called(&self, line: &Line<'_>, room: &mut Room) -> bool {
        let mut each = |run: &Run<'_>| self.fit(run);
        match line {
            Line::Shell(text) => self.are_in(text, room),
            Line::Json(text) => room.guess(|room| self.are_in(text, room)),
            Line::Words(words) => {
                any_run_of(words, room, &mut each) || room.guess(|room| self.are_in(&words.join(" "), room))
            }
            Line::Code(text) => room.guess(|room| self.are_in(text, room)) || any_run_in_code(text, room, &mut each),
            // Prose shows commands between backticks and in brackets.
            Line::Typed(text, _) => room.guess(|room| {
                any_run(&text.replace(['`', '(', ')'], " "), room, &mut |run| self.fit(run) && !is_sentence(run))
            }),
            Line::Value(_) | Line::Written(_) => false,
        }
    }

    fn fit(&self, run: &Run<'_>) -> bool {
        let Some((first, rest)) = run.words.split_first() else { return false };
        let name = program(first);
        self.0.iter().any(|command| command.program == name && command.fits(rest, run))
    }
}

impl Called {
    fn new(text: &str) -> Self {
        let mut command = Self { program: String::new(), words: Vec::new(), with: Vec::new(), without: Vec::new() };
        for word in text.split_whitespace() {
            if command.program.is_empty() {
                command.program = word.to_ascii_lowercase();
            } else if let Some(word) = word.strip_prefix('!') {
                command.without.push(word.to_owned());
            } else if word.starts_with('-') {
                command.with.push(word.to_owned());
            } else {
                command.words.push(word.to_owned());
            }
        }
        command
    }

    fn fits(&self, words: &[String], run: &Run<'_>) -> bool {
        let own = || words.iter().take(OWN_MAX).take_while(|word| *word != "--");
        let has = |option: &String| own().any(|word| is_option(word, option));
        let helps = || HELP.iter().any(|option| is_surely_given(words, option));
        let is_let = || self.without.iter().any(|option| is_surely_given(words, option));
        // Options may come with what comes from elsewhere.
        if is_let() || helps() || !(run.is_open || self.with.iter().all(has)) {
            return false;
        }
        let mut operands = operands(words);
        self.words.iter().all(|wanted| match operands.next() {
            // Of what a substitution would give, nothing is known; nor of what comes from elsewhere.
            Some(word) => word == wanted || word.starts_with('$') || (run.is_open && word == "{}"),
            None => run.is_open,
        })
    }
}

/// The words that are no options and no values of such.
fn operands(words: &[String]) -> impl Iterator<Item = &String> {
    let mut words = words.iter().take(OWN_MAX).take_while(|word| *word != "--" && *word != ":::");
    std::iter::from_fn(move || {
        loop {
            let word = words.next()?;
            if WITH_VALUE.contains(&word.as_str()) {
                words.next();
            } else if !word.starts_with('-') {
                return Some(word);
            }
        }
    })
}

/// Whether an option is there that is not the value of another.
fn is_surely_given(words: &[String], option: &str) -> bool {
    let own = words.iter().take(OWN_MAX).take_while(|word| *word != "--");
    let mut may_be_value = false;
    own.into_iter().any(|word| {
        let is_given = !may_be_value && is_option(word, option);
        may_be_value = word.starts_with('-') && !word.contains('=') && !FLAGS.contains(&word.as_str());
        is_given
    })
}

fn is_option(word: &str, option: &str) -> bool {
    word.strip_prefix(option).is_some_and(|rest| rest.is_empty() || rest.starts_with('='))
}

/// Whether words that somebody typed speak of a command rather than being one: more of them are plain words than a
/// command takes.
pub(super) fn is_sentence(run: &Run<'_>) -> bool {
    let is_plain = |word: &&String| word.trim_end_matches(['.', ',', '!', '?', ':']).chars().all(char::is_alphabetic);
    operands(run.words.get(1..).unwrap_or_default()).skip(1).filter(is_plain).count() > TYPED_MAX
}
