//! Whether a text touches a directory: its words as paths, made plain without asking any disk.

mod reads;

use std::borrow::Cow;

use super::commands::is_sentence;
use super::shell::{Room, Run, any_command, any_run, destination, program};
use super::walk::Line;
pub(super) use reads::starts_reader;

/// No path is longer.
pub(super) const PATH_BYTES_MAX: usize = 16 * 1024;
/// Longer texts are looked through as they are.
const TEXT_BYTES_MAX: usize = 256 * 1024;
/// Programs that move away or delete what they are given.
static TAKES_AWAY: &[&str] = &["gio", "mv", "rename", "rm", "rmdir", "shred", "srm", "trash", "trash-put", "unlink"];

/// Whether a program of that name, with these words, moves away or deletes what it is given.
fn takes_away(name: &str, words: &[String]) -> bool {
    let is_told = |option: fn(&str) -> bool| words.iter().any(|word| option(word));
    match name {
        // What it starts for what it finds stands among the words too.
        "find" => is_told(|word| word == "-delete"),
        "git" => is_told(|word| word == "clean") && !is_told(|word| matches!(word, "-n" | "--dry-run")),
        "rsync" => is_told(|word| word.starts_with("--del") || word == "--remove-source-files"),
        name => TAKES_AWAY.contains(&name),
    }
}

/// Directories, and what lies in and above them.
#[derive(Debug, Clone)]
pub(crate) struct Places {
    places: Vec<Vec<String>>,
    /// Directories by the variables that name them, as `HOME`.
    variables: Vec<(String, Vec<String>)>,
}

/// How a path lies to a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lies {
    AtOrBelow,
    Above,
}

impl Places {
    /// `variables` are `NAME=/directory`.
    pub(crate) fn new(places: &[String], variables: &[String]) -> Self {
        let places = places.iter().filter_map(|place| plain(place, None)).filter(|place| !place.is_empty()).collect();
        let named =
            |text: &String| text.split_once('=').and_then(|(name, path)| Some((name.to_owned(), plain(path, None)?)));
        Self { places, variables: variables.iter().filter_map(named).collect() }
    }

    /// Whether the text is a path at or below one of them, or a command line that has one in it, or takes one away
    /// with what is above it. `cwd` is where relative paths begin, where that is known.
    pub(crate) fn touched_by(&self, text: &str, cwd: Option<&str>, room: &mut Room) -> bool {
        if text.len() > TEXT_BYTES_MAX {
            return self.places.iter().any(|place| text.contains(&format!("/{}", place.join("/"))));
        }
        let cwd = cwd.and_then(|cwd| self.led_to(cwd, None));
        let text = &*path_of(text);
        if self.lies(text, cwd.as_deref()) == Some(Lies::AtOrBelow) {
            return true;
        }
        let mut here = cwd.clone();
        let is_touched = any_command(text, room, &mut |words, targets| {
            let takes_away = words.iter().map(|word| program(word)).find(|name| takes_away(name, words));
            let is_meant = |(at, word): (usize, &String)| {
                // What is moved to a place above is not taken away with it.
                let is_aim = at + 1 == words.len() && words.len() > 2 && takes_away.as_deref() == Some("mv");
                let lies = self.lies(word, here.as_deref());
                lies == Some(Lies::AtOrBelow) || (lies.is_some() && takes_away.is_some() && !is_aim)
            };
            let is_written = |word: &String| self.lies(word, here.as_deref()) == Some(Lies::AtOrBelow);
            if words.iter().enumerate().any(is_meant) || targets.iter().any(is_written) {
                return true;
            }
            if let Some(to) = destination(words) {
                here = self.led_to(to, here.as_deref());
            }
            false
        });
        let mut here = cwd;
        is_touched || any_run(text, room, &mut |run| self.are_taken(run, &mut here))
    }

    /// Whether what a part says is run touches one of them, or a text of it is, as a whole, a path that does.
    pub(crate) fn are_touched(&self, line: &Line<'_>, cwd: Option<&str>, room: &mut Room) -> bool {
        match line {
            Line::Shell(text) => self.touched_by(text, cwd, room),
            Line::Typed(text, true) | Line::Json(text) | Line::Code(text) => {
                room.guess(|room| self.touched_by(text, cwd, room))
            }
            Line::Words(words) => {
                let is_path = |word: &String| self.is_path(word, cwd);
                words.iter().any(is_path) || room.guess(|room| self.touched_by(&words.join(" "), cwd, room))
            }
            Line::Typed(text, false) => {
                self.is_path(text, cwd) || room.guess(|room| self.touched_by(&typed(text, room), cwd, room))
            }
            Line::Value(text) | Line::Written(text) => {
                self.is_path(text, cwd) || patched(text).any(|path| self.is_path(path, cwd))
            }
        }
    }

    /// Whether a text is, as a whole, a path at or below one of them. What lies there has no blanks in its name: a
    /// sentence is no path.
    fn is_path(&self, text: &str, cwd: Option<&str>) -> bool {
        let text = text.trim();
        if text.is_empty() || text.len() > PATH_BYTES_MAX {
            return false;
        }
        let (path, cwd) = (path_of(text), cwd.and_then(|cwd| self.led_to(cwd, None)));
        if !text.contains(char::is_whitespace) {
            let is_there = |path: &str| self.path_lies(path, cwd.as_deref()) == Some(Lies::AtOrBelow);
            // `sqlite:///x`, `a=/x`, `/x,/y` too.
            let mut pieces = path.split(['=', ':', ',', '@']).filter(|piece| piece.starts_with(['/', '~', '$', '.']));
            return is_there(&path) || pieces.any(is_there);
        }
        let has_blank = |piece: &String| piece.contains(char::is_whitespace);
        let is_there = |path: &[String], place: &[String]| {
            let is_it = lies(path, place) == Some(Lies::AtOrBelow) && !path[place.len()..].iter().any(has_blank);
            is_it.then_some(Lies::AtOrBelow)
        };
        self.find(&path, cwd.as_deref(), is_there).is_some()
    }

    /// Whether a program takes away what it was handed by another, or where it stands.
    fn are_taken(&self, run: &Run<'_>, here: &mut Option<Vec<String>>) -> bool {
        if let Some(to) = destination(run.words) {
            *here = self.led_to(to, here.as_deref());
        }
        let Some((first, words)) = run.words.split_first() else { return false };
        let name = program(first);
        let is_here = match name.as_str() {
            "find" => words.first().is_some_and(|word| word.starts_with('-')),
            "git" => words.first().is_some_and(|word| word == "clean"),
            _ => false,
        };
        let lies = |word: &str| self.lies(word, here.as_deref()).is_some();
        takes_away(&name, words) && ((is_here && lies(".")) || run.more.iter().any(|word| word != "." && lies(word)))
    }

    /// Whether the text is a path above one of them.
    pub(crate) fn are_below(&self, text: &str, cwd: Option<&str>) -> bool {
        let cwd = cwd.and_then(|cwd| self.led_to(cwd, None));
        text.len() <= TEXT_BYTES_MAX && self.lies(text, cwd.as_deref()).is_some()
    }

    /// How the nearest path in a word lies.
    fn lies(&self, word: &str, cwd: Option<&[String]>) -> Option<Lies> {
        // `--file=/x`, `of=/x`, `file:///x`, `a:/b` too.
        let starts = word.match_indices(['=', ':', ',', '@']).map(|(at, _)| at + 1);
        let mut found = None;
        for start in std::iter::once(0).chain(starts) {
            let piece = &word[start..];
            let end = piece.find([',', '=']).unwrap_or(piece.len());
            for piece in [piece, &piece[..end]] {
                match self.path_lies(piece, cwd) {
                    Some(Lies::AtOrBelow) => return Some(Lies::AtOrBelow),
                    other => found = found.or(other),
                }
            }
        }
        found
    }

    /// The directory that a path begins with by the name of a variable, and the rest of the path.
    fn named<'p>(&self, path: &'p str) -> Option<(&[String], &'p str)> {
        let (name, rest) = variable(path)?;
        let is_it = |(known, at): &&(String, Vec<String>)| match name.strip_prefix('~') {
            Some(user) => known == "HOME" && (user.is_empty() || at.last().is_some_and(|last| last == user)),
            None => known == name,
        };
        self.variables.iter().find(is_it).map(|(_, at)| (&at[..], rest))
    }

    /// Where a change of directory leads; the home is that of whoever has the book.
    fn led_to(&self, path: &str, cwd: Option<&[String]>) -> Option<Vec<String>> {
        if let Some((at, rest)) = self.named(path) {
            return plain(rest, Some(at));
        }
        let Some(rest) = below_home(path) else { return plain(path, cwd) };
        let homes = self.places.iter().find_map(|place| Some(&place[..home_of(place)?]));
        plain(rest, Some(homes?))
    }

    fn path_lies(&self, path: &str, cwd: Option<&[String]>) -> Option<Lies> {
        self.find(path, cwd, lies)
    }

    /// How a path lies to the first place in or else above which it does.
    fn find(
        &self,
        path: &str,
        cwd: Option<&[String]>,
        lies: impl Fn(&[String], &[String]) -> Option<Lies>,
    ) -> Option<Lies> {
        if let Some((above, name)) = deep(path) {
            return self.is_matched(above, name, cwd).then_some(Lies::AtOrBelow);
        }
        let (named, below_home) = (self.named(path), below_home(path));
        let known = match (named, below_home) {
            (Some((at, rest)), _) => Some(plain(rest, Some(at))?),
            (None, Some(_)) => None,
            (None, None) => Some(plain(path, cwd)?),
        };
        let mut found = None;
        for place in &self.places {
            let lies = match (&known, below_home) {
                (Some(known), _) => lies(known, place),
                (None, rest) => {
                    let Some(home) = home_of(place) else { continue };
                    lies(&plain(rest.unwrap_or_default(), Some(&place[..home]))?, place)
                }
            };
            match lies {
                Some(Lies::AtOrBelow) => return lies,
                other => found = found.or(other),
            }
        }
        found
    }

    /// Whether a pattern for all levels below a directory may mean what lies in one of them. No such pattern means
    /// what is hidden, as shells have them; to ask for what is called like a key is no mistake.
    fn is_matched(&self, above: &str, name: &str, cwd: Option<&[String]>) -> bool {
        let Some(above) = self.led_to(above, cwd).filter(|_| !self.none_is_called(name)) else { return false };
        let is_open = |place: &[String]| !place.iter().skip(above.len()).any(|piece| piece.starts_with('.'));
        let names_all = name.is_empty() || name.ends_with(['*', '?', ']', '/']);
        self.places.iter().any(|place| lies(&above, place).is_some() && (is_open(place) || !names_all))
    }
}

/// The directory before `**` in a path, and the last piece behind it.
fn deep(path: &str) -> Option<(&str, &str)> {
    let (above, rest) = path.split_once("**")?;
    let is_piece = above.is_empty() || above.ends_with('/');
    let name = rest.rsplit('/').next().unwrap_or(rest);
    is_piece.then_some((if above.is_empty() { "." } else { above }, name))
}

/// The commands among what somebody typed, without its sentences.
fn typed(text: &str, room: &mut Room) -> String {
    let mut typed = String::new();
    any_run(text, room, &mut |run| {
        if !is_sentence(run) {
            typed.extend(run.words.iter().flat_map(|word| [word, " "]));
            typed.extend(run.targets.iter().flat_map(|word| ["> ", word, " "]));
            typed.push('\n');
        }
        false
    });
    typed
}

/// The files that a patch names, `*** Update File: PATH`.
pub(super) fn patched(text: &str) -> impl Iterator<Item = &str> {
    let lines = text.contains("*** ").then(|| text.lines()).into_iter().flatten();
    let marks = ["Add File: ", "Update File: ", "Delete File: ", "Move to: "];
    lines
        .filter_map(|line| line.trim_start().strip_prefix("*** "))
        .filter_map(move |line| marks.iter().find_map(|mark| line.strip_prefix(mark)).map(str::trim))
}

/// The path of a `file:` address; any other text as it is.
pub(super) fn path_of(text: &str) -> Cow<'_, str> {
    let Some(path) = text.strip_prefix("file:").map(|path| path.strip_prefix("//localhost").unwrap_or(path)) else {
        return Cow::Borrowed(text);
    };
    let mut bytes = Vec::new();
    let mut rest = path.as_bytes();
    while let [first, tail @ ..] = rest {
        let escaped = match rest {
            [b'%', high, low, ..] => char::from(*high).to_digit(16).zip(char::from(*low).to_digit(16)),
            _ => None,
        };
        bytes.push(escaped.map_or(*first, |(high, low)| (high * 16 + low) as u8));
        rest = if escaped.is_some() { &rest[3..] } else { tail };
    }
    let path = String::from_utf8_lossy(&bytes);
    Cow::Owned(format!("/{}", path.trim_start_matches('/')))
}

/// The variable that a path begins with, and what follows: `$NAME/x`, `${NAME}/x`, `~/x` and `~user/x`.
fn variable(path: &str) -> Option<(&str, &str)> {
    if path.starts_with('~') {
        let end = path.find('/').unwrap_or(path.len());
        return Some((&path[..end], path[end..].trim_start_matches('/')));
    }
    let inner = path.strip_prefix('$')?;
    let inner = inner.strip_prefix('{').unwrap_or(inner);
    let end = inner.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(inner.len());
    let (name, rest) = inner.split_at(end);
    let rest = rest.strip_prefix('}').unwrap_or(rest);
    (rest.is_empty() || rest.starts_with('/')).then(|| (name, rest.trim_start_matches('/')))
}

/// What follows the user's home in a path that begins there.
fn below_home(path: &str) -> Option<&str> {
    let names = ["~", "$HOME", "${HOME}"];
    let rest = names.iter().find_map(|home| path.strip_prefix(home))?;
    if rest.is_empty() { Some(rest) } else { rest.strip_prefix('/') }
}

/// How many pieces of a path are a user's home, as systems have them.
fn home_of(place: &[String]) -> Option<usize> {
    match place.first().map(String::as_str) {
        Some("root") => Some(1),
        Some("home" | "Users") if place.len() > 2 => Some(2),
        _ => None,
    }
}

fn lies(path: &[String], place: &[String]) -> Option<Lies> {
    let same = path.iter().zip(place).all(|(wanted, name)| may_be(wanted, name));
    same.then_some(if path.len() >= place.len() { Lies::AtOrBelow } else { Lies::Above })
}

/// The pieces of a path from the root on: no empty one, no `.`, no `..`. `None` where it is relative to nobody knows
/// what, or no path.
fn plain(path: &str, cwd: Option<&[String]>) -> Option<Vec<String>> {
    let path = path.trim();
    let path = path.strip_prefix("//").filter(|_| path.starts_with("///")).unwrap_or(path);
    let mut pieces: Vec<String> = if path.starts_with('/') { Vec::new() } else { cwd?.to_vec() };
    if path.is_empty() && cwd.is_none() {
        return None;
    }
    for piece in path.split('/') {
        match piece {
            "" | "." => {}
            ".." => drop(pieces.pop()),
            _ => pieces.push(piece.to_owned()),
        }
    }
    Some(pieces)
}

/// Whether a piece, which may be a pattern of a shell, can be this name.
pub(super) fn may_be(piece: &str, name: &str) -> bool {
    if !piece.contains(['*', '?', '[']) {
        return piece == name;
    }
    // A pattern fits no hidden name unless it begins with the dot.
    if name.starts_with('.') && !piece.starts_with('.') {
        return false;
    }
    let fixed = piece.find(['*', '?', '[']).unwrap_or(piece.len());
    let end = piece.rfind(['*', '?', ']']).map_or(0, |at| at + 1);
    name.starts_with(&piece[..fixed]) && name.ends_with(&piece[end..])
}

#[cfg(test)]
mod tests;
