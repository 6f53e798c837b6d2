//! The words of a text's simple commands, as a shell takes them apart.

use std::rc::Rc;

use super::braces::Word;
use super::loops::resolve;
use super::programs::is_keyword;
use super::quotes::Closes;
use super::room::{COMMAND_BYTES, Room};

/// Substitutions, quotes and braces within each other.
pub(super) const NEST_MAX: usize = 48;

/// A command with its words, before anything is known of the program.
#[derive(Debug, Default)]
pub(super) struct Simple {
    pub(super) words: Vec<String>,
    /// Files that its output goes to.
    pub(super) targets: Vec<String>,
    /// Texts that are its input.
    pub(super) fed: Vec<Rc<str>>,
    /// Commands that are put into its words or stand beside them: `$(…)`, backticks, `<(…)`.
    pub(super) inner: Vec<Self>,
    /// Whether its input is the output of the command before.
    pub(super) is_piped: bool,
}

/// What the next word is.
#[derive(Clone, Copy, PartialEq)]
enum Next {
    Word,
    Target,
    Source,
    Fed,
    /// The end of a text that begins on the next line; whether tabs before it are let be.
    Ends(bool),
}

/// A text that begins on the next line.
struct Pending {
    /// The number of its command.
    of: usize,
    end: String,
    is_indented: bool,
    /// Whether substitutions in it are none.
    is_quoted: bool,
}

/// The simple commands of a text, in order.
pub(super) fn simple(text: &str, room: &mut Room) -> Vec<Simple> {
    if !room.take_text(text) {
        return Vec::new();
    }
    let chars: Vec<char> = text.chars().collect();
    let commands = Reader::new(&chars, 0, 0, room).read(None).0;
    resolve(&chars, commands, room)
}

pub(super) struct Reader<'r> {
    pub(super) chars: &'r [char],
    pub(super) at: usize,
    /// The word that is being read.
    pub(super) word: Option<Word>,
    pub(super) now: Simple,
    pub(super) room: &'r mut Room,
    /// Within how many substitutions, quotes and braces this lies.
    pub(super) depth: usize,
    next: Next,
    ends: Vec<Pending>,
    all: Vec<Simple>,
    /// Brackets and `case`s that are open: no `)` of theirs ends a substitution.
    open: usize,
    cases: usize,
}

impl<'r> Reader<'r> {
    pub(super) fn new(chars: &'r [char], at: usize, depth: usize, room: &'r mut Room) -> Self {
        let mut reader = Self {
            chars,
            at,
            word: None,
            now: Simple::default(),
            room,
            depth,
            next: Next::Word,
            ends: Vec::new(),
            all: Vec::new(),
            open: 0,
            cases: 0,
        };
        reader.give_up_if(depth > NEST_MAX);
        reader
    }

    /// What lies too deep, or is too much, is not read.
    pub(super) fn give_up_if(&mut self, is_too_much: bool) {
        if is_too_much {
            self.room.spend();
        }
        if self.room.is_over() {
            self.at = self.chars.len();
        }
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    pub(super) fn take_if(&mut self, wanted: char) -> bool {
        let is_it = self.peek() == Some(wanted);
        self.at += usize::from(is_it);
        is_it
    }

    pub(super) fn word(&mut self) -> &mut Word {
        self.word.get_or_insert_default()
    }

    pub(super) fn push(&mut self, c: char) {
        self.word().text.push(c);
    }

    /// The commands up to the text's end, or to the bracket that closes them; and where that is.
    pub(super) fn read(mut self, closes: Option<char>) -> (Vec<Simple>, usize) {
        while let Some(c) = self.peek() {
            self.at += 1;
            match c {
                '\\' => self.escape(),
                '\'' => self.single(),
                '"' => self.double(),
                '$' => self.dollar(Closes::Word),
                '`' => self.backticks(),
                '#' if self.word.is_none() => {
                    while self.peek().is_some_and(|c| c != '\n') {
                        self.at += 1;
                    }
                }
                '(' if self.peek() == Some('(') && self.begins() && self.arithmetic(self.at + 1) => {}
                ';' | '&' | '|' | '(' | ')' => {
                    self.end();
                    if c == ')' && self.closed() && closes == Some(c) {
                        break;
                    }
                    self.open += usize::from(c == '(');
                    self.now.is_piped = c == '|' && !self.take_if('|');
                    if self.now.is_piped {
                        self.take_if('&');
                    }
                }
                '\n' | '\r' => {
                    let is_going_on = self.now.is_piped && self.now.words.is_empty() && self.word.is_none();
                    self.end();
                    self.now.is_piped = is_going_on;
                    if c == '\n' {
                        self.texts();
                    }
                }
                '<' | '>' => self.redirect(c),
                c if c.is_whitespace() => self.end_word(),
                '{' | ',' | '}' => self.word().mark(c),
                c => self.push(c),
            }
        }
        self.end();
        (self.all, self.at)
    }

    /// Whether a command's first word would begin here, or the head of a `for`.
    fn begins(&self) -> bool {
        self.word.is_none() && self.now.words.last().is_none_or(|word| is_keyword(word) || word == "for")
    }

    /// Whether a `)` closes nothing that was opened in here.
    fn closed(&mut self) -> bool {
        if self.open == 0 {
            return self.cases == 0;
        }
        self.open -= 1;
        false
    }

    fn redirect(&mut self, c: char) {
        // `2>`: which output, no word.
        if self.word.as_ref().is_some_and(|word| word.text.bytes().all(|byte| byte.is_ascii_digit())) {
            self.word = None;
        }
        self.end_word();
        if self.take_if('(') {
            return self.commands();
        }
        self.next = match c {
            '<' if self.take_if('<') => {
                if self.take_if('<') {
                    Next::Fed
                } else {
                    Next::Ends(self.take_if('-'))
                }
            }
            // `<>` opens for writing too.
            '<' if !self.take_if('>') => Next::Source,
            _ => {
                let _ = self.take_if('>') || self.take_if('|');
                Next::Target
            }
        };
        self.take_if('&');
    }

    pub(super) fn end_word(&mut self) {
        let Some(word) = self.word.take() else { return };
        match std::mem::replace(&mut self.next, Next::Word) {
            Next::Word => word.expand(&mut self.now.words, self.room),
            Next::Target => self.now.targets.push(word.text),
            Next::Source => {}
            Next::Fed => self.now.fed.push(word.text.into()),
            Next::Ends(is_indented) => {
                self.ends.push(Pending { of: self.all.len(), end: word.text, is_indented, is_quoted: word.is_quoted });
            }
        }
        self.give_up_if(false);
    }

    fn end(&mut self) {
        self.end_word();
        self.next = Next::Word;
        let now = std::mem::take(&mut self.now);
        match now.words.iter().find(|word| !is_keyword(word)).map(String::as_str) {
            Some("case") => self.cases += 1,
            Some("esac") => self.cases = self.cases.saturating_sub(1),
            _ => {}
        }
        let feeds = self.ends.iter().any(|pending| pending.of == self.all.len());
        if feeds || !(now.words.is_empty() && now.targets.is_empty() && now.inner.is_empty() && now.fed.is_empty()) {
            let is_counted = self.room.take(COMMAND_BYTES);
            self.give_up_if(!is_counted);
            self.all.push(now);
        }
    }

    /// The texts whose ends were named: they are given to the line's commands.
    fn texts(&mut self) {
        for pending in std::mem::take(&mut self.ends) {
            let (from, to) = self.lines_to(&pending);
            if to == self.chars.len() {
                // What never ends may be none.
                self.aside(from, to);
            }
            let text: Rc<str> = self.chars[from..to].iter().collect::<String>().into();
            if !pending.is_quoted {
                let mut reader = Reader::new(&self.chars[..to], from, self.depth + 1, self.room);
                reader.quoted(Closes::Text);
                let inner = reader.now.inner;
                self.all[pending.of].inner.extend(inner);
            }
            for (at, command) in self.all.iter_mut().enumerate().skip(pending.of) {
                if (at > pending.of && !command.is_piped) || !self.room.take(size_of::<Rc<str>>()) {
                    break;
                }
                command.fed.push(text.clone());
            }
        }
    }

    /// Where the lines before the named end begin and stop.
    fn lines_to(&mut self, pending: &Pending) -> (usize, usize) {
        let from = self.at.min(self.chars.len());
        while self.at < self.chars.len() {
            let start = self.at;
            let rest = &self.chars[start..];
            let len = rest.iter().position(|c| *c == '\n').unwrap_or(rest.len());
            self.at += len + 1;
            let mut line = &rest[..len];
            while let [own @ .., '\r'] = line {
                line = own;
            }
            while let (true, ['\t', own @ ..]) = (pending.is_indented, line) {
                line = own;
            }
            if line.iter().copied().eq(pending.end.chars()) {
                return (from, start);
            }
        }
        (from, self.chars.len())
    }
}
