//! A compiled condition, and what it says of a record.

use sealbook_record::{PartName, Record, Redaction};

use super::cel::{Evaluation, Program, Variables};
use super::changes::Files;
use super::commands::Commands;
use super::condition::{Condition, How, Test};
use super::field::{Field, Place, Step};
use super::names::{Look, Names};
use super::node::error_at;
use super::pattern::{Glob, Pattern, When};
use super::places::Places;
use super::shell::Room;
use super::vocabulary::spelt;
use super::walk::{Line, any_line, any_value};
use super::within::Directories;
use crate::RuleError;

/// What a condition says. Of sealed records not everything is known: what was redacted may have fitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    Yes,
    No,
    /// What would tell is hidden.
    Hidden,
    /// It could not be worked out.
    Error,
}

/// A record, and what is missing from it.
pub(crate) struct Seen<'v> {
    pub(crate) record: &'v Record,
    pub(crate) redactions: &'v [Redaction],
    /// Parts that were erased or withheld.
    pub(crate) gone: &'v [String],
    pub(crate) cel: Evaluation<'v>,
    pub(crate) names: Names,
}

impl<'v> Seen<'v> {
    pub(crate) fn raw(variables: &'v Variables<'v>) -> Self {
        Self {
            record: variables.record(),
            redactions: &[],
            gone: &[],
            cel: Evaluation::new(variables),
            names: Names::default(),
        }
    }
}

#[derive(Debug)]
pub(crate) enum Matcher {
    Always,
    All(Vec<Self>),
    Any(Vec<Self>),
    Not(Box<Self>),
    Test(Vec<Look>, Compare),
    Cel(Program),
}

#[derive(Debug)]
pub(crate) enum Compare {
    /// The values for each place, as records spell them.
    Equals(Vec<Vec<String>>),
    StartsWith(Vec<String>),
    EndsWith(Vec<String>),
    Contains(Vec<String>),
    Glob(Vec<Glob>),
    Matches(Pattern),
    Exists(bool),
    Touches(Places),
    Above(Places),
    Gathers(Places),
    Within(Directories),
    Runs(Commands),
    Changes(Files),
}

impl Matcher {
    pub(crate) fn compile(condition: &Condition, when: When) -> Result<Self, RuleError> {
        let all = |list: &[Condition]| list.iter().map(|it| Self::compile(it, when)).collect::<Result<_, _>>();
        Ok(match condition {
            Condition::All(list) => Self::All(all(list)?),
            Condition::Any(list) => Self::Any(all(list)?),
            Condition::Not(inner) => Self::Not(Box::new(Self::compile(inner, when)?)),
            Condition::Test(test) => {
                let compare = Compare::compile(test, when).map_err(|what| error_at(test.line, what))?;
                Self::Test(test.places.iter().cloned().map(Look::new).collect(), compare)
            }
            Condition::Cel(text, line) => {
                Self::Cel(Program::compile(text, when).map_err(|what| error_at(*line, what))?)
            }
        })
    }

    pub(crate) fn answer(&self, seen: &Seen<'_>) -> Answer {
        match self {
            Self::Always => Answer::Yes,
            Self::All(list) => fold(list, seen, Answer::No, Answer::Yes),
            Self::Any(list) => fold(list, seen, Answer::Yes, Answer::No),
            Self::Not(inner) => match inner.answer(seen) {
                Answer::Yes => Answer::No,
                Answer::No => Answer::Yes,
                other => other,
            },
            Self::Test(looks, compare) => test(looks, compare, seen),
            Self::Cel(program) => {
                if program.is_hidden(seen.redactions, seen.gone) {
                    return Answer::Hidden;
                }
                match seen.cel.run(program) {
                    Some(true) => Answer::Yes,
                    Some(false) => Answer::No,
                    None => Answer::Error,
                }
            }
        }
    }

    /// The literal words that a field must have for this to fit, where programs name them.
    pub(crate) fn needs(&self, field: Field) -> Option<Vec<String>> {
        match self {
            Self::All(list) => list.iter().find_map(|matcher| matcher.needs(field)),
            Self::Cel(program) => program.needs(field.as_str()),
            _ => None,
        }
    }
}

/// `ends` as soon as one says so; else what is not known counts above `otherwise`.
fn fold(list: &[Matcher], seen: &Seen<'_>, ends: Answer, otherwise: Answer) -> Answer {
    let mut answer = otherwise;
    for matcher in list {
        match matcher.answer(seen) {
            found if found == ends => return ends,
            Answer::Error => answer = Answer::Error,
            Answer::Hidden if answer != Answer::Error => answer = Answer::Hidden,
            _ => {}
        }
    }
    answer
}

fn test(looks: &[Look], compare: &Compare, seen: &Seen<'_>) -> Answer {
    let mut is_unclear = false;
    let cwd = compare.has_paths().then(|| cwd_of(seen.record)).flatten();
    let mut room = Room::default();
    let fits = looks.iter().enumerate().any(|(index, look)| {
        if let Some(part) = look.place.whole_part().filter(|_| compare.has_lines()) {
            let json = seen.record.part(part).map_or("", |json| json.get());
            let mut each = |line: &Line<'_>| compare.fits_line(line, cwd.as_deref(), &mut room);
            return any_line(json.as_bytes(), is_terminal(seen.record), &mut each);
        }
        let mut each = |text: &str| {
            let fits = compare.fits(index, text, cwd.as_deref(), &mut room);
            is_unclear |= fits.is_none();
            fits != Some(false)
        };
        look.any(seen.record, &seen.names, &mut each)
    });
    if is_unclear {
        return Answer::Error;
    }
    let is_yes = match compare {
        Compare::Exists(wanted) => fits == *wanted,
        _ => fits,
    };
    if !fits && looks.iter().any(|look| look.place.is_hidden(seen.redactions, seen.gone)) {
        return Answer::Hidden;
    }
    if is_yes { Answer::Yes } else { Answer::No }
}

/// Words in the names of tools that type what they are given, or run it.
static TERMINALS: &[&str] = &[
    "bash",
    "cmd",
    "command",
    "console",
    "exec",
    "execute",
    "fish",
    "keyboard",
    "keys",
    "keystrokes",
    "powershell",
    "process",
    "pty",
    "pwsh",
    "repl",
    "sh",
    "shell",
    "ssh",
    "stdin",
    "terminal",
    "tmux",
    "tty",
    "type",
    "zsh",
];

/// Whether what is done is done by a tool that may be a terminal, as its name says.
fn is_terminal(record: &Record) -> bool {
    let id = &record.target.id;
    let mut start = 0;
    id.char_indices().chain([(id.len(), ' ')]).any(|(at, c)| {
        if c.is_lowercase() || c.is_numeric() || (c.is_uppercase() && id[start..at].chars().all(char::is_uppercase)) {
            return false;
        }
        let word = id[std::mem::replace(&mut start, at)..at].trim_matches(|c: char| !c.is_alphanumeric());
        TERMINALS.contains(&word.to_lowercase().as_str())
    })
}

/// Members of the input that say where what is done is done.
static WHERE: &[&str] =
    &["cwd", "workdir", "working_directory", "workingDirectory", "work_dir", "directory", "dir_path"];

/// Where what is done is done, where that is known: what the input says, from where the agent is.
fn cwd_of(record: &Record) -> Option<String> {
    let at = first_of(record, PartName::Context, "cwd");
    let told = WHERE.iter().find_map(|name| first_of(record, PartName::Input, name));
    match (at, told) {
        (Some(at), Some(told)) if !told.starts_with(['/', '~', '$']) => Some(format!("{at}/{told}")),
        (at, told) => told.or(at),
    }
}

/// The first text of a part's member.
fn first_of(record: &Record, part: PartName, name: &str) -> Option<String> {
    let mut found = None;
    any_value(record.part(part)?.get().as_bytes(), &[Step::Name(name.to_owned())], &mut |text| {
        found = Some(text.to_owned());
        true
    });
    found
}

impl Compare {
    fn compile(test: &Test, when: When) -> Result<Self, String> {
        Ok(match &test.how {
            How::Equals(values) => Self::Equals(
                test.places
                    .iter()
                    .map(|place| match place {
                        Place::Field(field) => values.iter().map(|value| spelt(*field, value)).collect(),
                        _ => values.clone(),
                    })
                    .collect(),
            ),
            How::StartsWith(values) => Self::StartsWith(values.clone()),
            How::EndsWith(values) => Self::EndsWith(values.clone()),
            How::Contains(values) => Self::Contains(values.clone()),
            How::Glob(globs) => Self::Glob(globs.iter().map(|glob| Glob::new(glob)).collect::<Result<_, _>>()?),
            How::Matches { pattern, words } => Self::Matches(Pattern::new(pattern, *words, when)?),
            How::Exists(wanted) => Self::Exists(*wanted),
            How::Touches(places) => Self::Touches(Places::new(places, &test.variables)),
            How::Above(places) => Self::Above(Places::new(places, &test.variables)),
            How::Gathers(places) => Self::Gathers(Places::new(places, &test.variables)),
            How::Within(names) => Self::Within(Directories::new(names)),
            How::Runs(commands) => Self::Runs(Commands::new(commands)),
            How::Changes(files) => Self::Changes(Files::new(files)),
        })
    }

    /// Whether it looks at paths, which may begin where the agent is.
    fn has_paths(&self) -> bool {
        matches!(self, Self::Above(_)) || (self.has_lines() && !matches!(self, Self::Runs(_)))
    }

    /// Whether it looks at what a whole part says is run.
    fn has_lines(&self) -> bool {
        let is_about_places = matches!(self, Self::Touches(_) | Self::Gathers(_) | Self::Within(_));
        is_about_places || matches!(self, Self::Runs(_) | Self::Changes(_))
    }

    /// Whether what a part says is run fits; what is too much to be read may be anything.
    fn fits_line(&self, line: &Line<'_>, cwd: Option<&str>, room: &mut Room) -> bool {
        let fits = match self {
            Self::Runs(commands) => commands.are_called(line, room),
            Self::Changes(files) => files.are_changed(line, cwd, room),
            Self::Touches(places) => places.are_touched(line, cwd, room),
            Self::Gathers(places) => places.are_gathered(line, cwd, room),
            Self::Within(directories) => directories.are_meant(line, cwd, room),
            _ => false,
        };
        fits || room.is_over()
    }

    /// `None` where it cannot be worked out.
    fn fits(&self, place: usize, text: &str, cwd: Option<&str>, room: &mut Room) -> Option<bool> {
        Some(match self {
            Self::Equals(values) => values[place].iter().any(|value| value == text),
            Self::StartsWith(values) => values.iter().any(|value| text.starts_with(value.as_str())),
            Self::EndsWith(values) => values.iter().any(|value| text.ends_with(value.as_str())),
            Self::Contains(values) => values.iter().any(|value| text.contains(value.as_str())),
            Self::Glob(globs) => globs.iter().any(|glob| glob.fits(text)),
            Self::Matches(pattern) => return pattern.is_in(text),
            Self::Exists(_) => true,
            Self::Touches(places) => places.touched_by(text, cwd, room),
            Self::Above(places) => places.are_below(text, cwd),
            Self::Gathers(places) => places.are_gathered(&Line::Shell(text), cwd, room),
            Self::Within(directories) => directories.hold(text, cwd),
            Self::Runs(commands) => commands.are_in(text, room) || room.is_over(),
            Self::Changes(files) => files.are_named(text, cwd),
        })
    }
}
