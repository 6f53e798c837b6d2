//! A text as a shell would take it apart: simple commands, the words of each, and the programs that they run.
//!
//! It is no shell. What a variable or a program would make of a word is not known here; quotes, escapes, continued
//! lines and programs that run others are taken away, so that they hide nothing.

mod braces;
mod loops;
mod programs;
mod quotes;
mod room;
mod run;
mod words;

use std::rc::Rc;

use programs::{SHELLS, is_keyword};
pub(crate) use room::Room;
use run::Resolved;
use words::{Simple, simple};

/// Texts within texts that are looked into: `sh -c "sh -c '…'"`. What lies deeper is only split at blanks.
const NEST_MAX: usize = 6;
/// Commands of a pipeline whose words may be those of another.
const PIPED_MAX: usize = 32;
/// Programs that run a text they are given.
static RUNNERS: &[&str] = &[
    "env", "eval", "exec", "node", "nohup", "parallel", "perl", "python", "python3", "ruby", "screen", "script", "ssh",
    "su", "tmux", "watch", "xargs",
];

/// A program that is run.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Run<'r> {
    /// Its name as it is called, and its words.
    pub(crate) words: &'r [String],
    /// Words that came from the commands before it.
    pub(crate) more: &'r [String],
    /// Files that its output goes to.
    pub(crate) targets: &'r [String],
    /// The commands whose words those are, or that are put into its own words.
    pub(crate) sought: &'r [&'r [String]],
    /// Whether further words come from elsewhere.
    pub(crate) is_open: bool,
    /// Whether something is fed to it, and the texts of which that is known.
    pub(crate) is_fed: bool,
    pub(crate) fed: &'r [Rc<str>],
    /// Whether it stands in a text of another language, where anything may come of words.
    pub(crate) is_code: bool,
}

/// Calls `each` with the words of every simple command, and the files it writes to, until it says `true`; whether
/// it did. Texts that may be commands are looked into whatever program has them.
pub(crate) fn any_command(text: &str, room: &mut Room, each: &mut dyn FnMut(&[String], &[String]) -> bool) -> bool {
    any_nested(&simple(text, room), 0, room, each)
}

/// Calls `each` with every program that a text runs until it says `true`; whether it did.
pub(crate) fn any_run(text: &str, room: &mut Room, each: &mut dyn FnMut(&Run<'_>) -> bool) -> bool {
    any_run_in(text, 0, room, each)
}

/// [`any_run`] for a command whose words are known.
pub(crate) fn any_run_of(words: &[String], room: &mut Room, each: &mut dyn FnMut(&Run<'_>) -> bool) -> bool {
    let command = Simple { words: words.to_vec(), ..Simple::default() };
    any_run_among(&[command], 0, room, each)
}

/// Calls `each` with every program that may be called in a text of any language.
pub(crate) fn any_run_in_code(text: &str, room: &mut Room, each: &mut dyn FnMut(&Run<'_>) -> bool) -> bool {
    if !room.take_text(text) {
        return false;
    }
    let is_word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '/' | '\\' | '$' | '~' | '@');
    let words: Vec<String> = text.split(|c| !is_word(c)).filter(|word| !word.is_empty()).map(str::to_owned).collect();
    (0..words.len()).any(|at| each(&Run { words: &words[at..], is_code: true, ..Run::default() }))
}

/// Where a change of directory leads, if the command is one.
pub(crate) fn destination(words: &[String]) -> Option<&str> {
    let mut words = words.iter().skip_while(|word| is_keyword(word) || matches!(word.as_str(), "builtin" | "command"));
    matches!(words.next()?.as_str(), "cd" | "pushd").then_some(())?;
    Some(words.find(|word| !word.starts_with('-')).map_or("~", String::as_str))
}

/// The last piece of a word that names a program, in small letters.
pub(crate) fn program(word: &str) -> String {
    let name = word.rsplit(['/', '\\']).next().unwrap_or(word).to_ascii_lowercase();
    name.strip_suffix(".exe").map(str::to_owned).unwrap_or(name)
}

fn any_run_in(text: &str, depth: usize, room: &mut Room, each: &mut dyn FnMut(&Run<'_>) -> bool) -> bool {
    if depth > NEST_MAX {
        return any_run_in_code(text, room, each);
    }
    any_run_among(&simple(text, room), depth, room, each)
}

fn any_run_among(commands: &[Simple], depth: usize, room: &mut Room, each: &mut dyn FnMut(&Run<'_>) -> bool) -> bool {
    (0..commands.len()).any(|at| any_run_at(commands, at, depth, room, each))
}

fn any_run_at(
    commands: &[Simple],
    at: usize,
    depth: usize,
    room: &mut Room,
    each: &mut dyn FnMut(&Run<'_>) -> bool,
) -> bool {
    let command = &commands[at];
    if any_run_among(&command.inner, depth, room, each) {
        return true;
    }
    let mut resolved = Resolved::of(&command.words, room);
    let is_asked = resolved.is_fed || resolved.is_open;
    let (before, texts) = if is_asked { before(commands, at, room) } else { Default::default() };
    if resolved.is_fed {
        resolved.texts.extend(command.fed.iter().cloned().chain(texts));
        resolved.codes.extend(command.fed.iter().cloned());
    }
    if resolved.runs_inner {
        resolved.texts.extend(command.inner.iter().flat_map(said_by));
    }
    let mut more = Vec::new();
    if resolved.is_open {
        let joined = before.join(" ");
        resolved.texts.iter_mut().for_each(|text| put_in(text, &joined, room));
        let full: Vec<String> = command.words.iter().chain(&before).cloned().collect();
        resolved.runs.extend(Resolved::of(&full, room).runs);
        more = before;
    }
    let sought = sought(commands, at, resolved.is_open);
    let targets = &command.targets;
    if resolved.runs.is_empty() && !targets.is_empty() {
        resolved.runs.push((Vec::new(), false));
    }
    let is_fed = command.is_piped || !command.fed.is_empty();
    let run = Run { more: &more, sought: &sought, targets, is_fed, fed: &command.fed, ..Run::default() };
    let mut is_told = |words: &[String], is_open| each(&Run { words, is_open, ..run });
    if resolved.runs.iter().any(|(words, is_open)| is_told(words, *is_open)) {
        return true;
    }
    resolved.texts.iter().any(|text| any_run_in(text, depth + 1, room, each))
        || resolved.codes.iter().any(|code| any_run_in_code(code, room, each))
}

/// The words that come in, where a text has its place for them.
fn put_in(text: &mut Rc<str>, words: &str, room: &mut Room) {
    let places = text.matches("{}").count();
    if places > 0 && room.take(places * words.len()) {
        *text = text.replace("{}", words).into();
    }
}

/// The texts that a command may print: its words as one, those that are texts, and what it is fed.
fn said_by(command: &Simple) -> Vec<Rc<str>> {
    let own = command.words.get(1..).unwrap_or_default();
    let texts = own.iter().filter(|word| word.contains(char::is_whitespace)).map(|word| word.as_str().into());
    std::iter::once(own.join(" ").into()).chain(texts).chain(command.fed.iter().cloned()).collect()
}

/// The commands that a command's further words may come from: those before it in its pipeline, where it takes words
/// from there, and those in `$(…)` of its own.
fn sought(commands: &[Simple], at: usize, is_open: bool) -> Vec<&[String]> {
    let command = &commands[at];
    let is_put_in = command.words.iter().any(|word| word.contains('$'));
    let inner = command.inner.iter().filter(|_| is_put_in);
    let first = at.saturating_sub(PIPED_MAX);
    let piped = (first + 1..=at).rev().take_while(|at| is_open && commands[*at].is_piped).map(|at| &commands[at - 1]);
    inner.take(PIPED_MAX).chain(piped).map(|command| &command.words[..]).collect()
}

/// What the commands of the same pipeline before this one may say: their words, and the texts that these make.
fn before(commands: &[Simple], at: usize, room: &mut Room) -> (Vec<String>, Vec<Rc<str>>) {
    let (mut words, mut texts) = (Vec::new(), Vec::new());
    let mut at = at;
    let first = at.saturating_sub(PIPED_MAX);
    while commands[at].is_piped && at > 0 {
        if at == first {
            room.spend();
        }
        at -= 1;
        let own = commands[at].words.get(1..).unwrap_or_default();
        if !room.take_words(own) {
            break;
        }
        texts.extend(said_by(&commands[at]));
        words.extend(own.iter().filter(|word| !word.starts_with('-')).cloned());
    }
    (words, texts)
}

fn any_nested(
    commands: &[Simple],
    depth: usize,
    room: &mut Room,
    each: &mut dyn FnMut(&[String], &[String]) -> bool,
) -> bool {
    commands.iter().any(|command| {
        each(&command.words, &command.targets)
            || any_nested(&command.inner, depth, room, each)
            || texts_of(command, depth > 0)
                .any(|text| depth < NEST_MAX && any_nested(&simple(text, room), depth + 1, room, each))
    })
}
/// Texts within a command that may be commands: what it is fed, and what is given to a program that runs texts.
fn texts_of(command: &Simple, is_run: bool) -> impl Iterator<Item = &str> {
    let mut is_run = is_run;
    let words = command.words.iter().filter(move |word| {
        let is_text = is_run && word.contains(char::is_whitespace);
        let is_option = word.starts_with('-') && !word.starts_with("--") && word.ends_with('c');
        let name = program(word);
        is_run = is_run || is_option || RUNNERS.contains(&name.as_str()) || SHELLS.contains(&name.as_str());
        is_text
    });
    command.fed.iter().map(|text| &**text).chain(words.map(String::as_str))
}

#[cfg(test)]
mod tests;
