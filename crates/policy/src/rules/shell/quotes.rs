//! What stands in quotes, and what a shell puts in for `$…` and backticks.

use super::braces::Word;
use super::words::{NEST_MAX, Reader};

/// Where a stretch of text that is read as if in quotes ends.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Closes {
    /// It is none: a word that stands bare.
    Word,
    /// At the quotation mark.
    Quote,
    /// At the brace of `${…}` within quotes, and of one that stands bare.
    Brace { is_quoted: bool },
    /// With the text.
    Text,
}

impl Closes {
    fn at(self, c: char) -> bool {
        match self {
            Self::Word | Self::Text => false,
            Self::Quote => c == '"',
            Self::Brace { .. } => c == '}',
        }
    }

    /// Whether single quotes mean nothing, and few escapes do.
    fn is_quoted(self) -> bool {
        !matches!(self, Self::Word | Self::Brace { is_quoted: false })
    }
}

impl Reader<'_> {
    pub(super) fn escape(&mut self) {
        let next = self.peek();
        self.at += 1;
        match next {
            // A line that goes on.
            Some('\n') | None => {}
            Some('\r') => drop(self.take_if('\n')),
            Some(next) => {
                self.word().is_quoted = true;
                self.push(next);
            }
        }
    }

    pub(super) fn single(&mut self) {
        self.word().is_quoted = true;
        while let Some(c) = self.peek() {
            self.at += 1;
            if c == '\'' {
                break;
            }
            self.push(c);
        }
    }

    pub(super) fn double(&mut self) {
        self.word().is_quoted = true;
        self.deeper(|reader| reader.quoted(Closes::Quote));
    }

    fn deeper(&mut self, read: impl FnOnce(&mut Self)) {
        self.depth += 1;
        self.give_up_if(self.depth > NEST_MAX);
        read(self);
        self.depth -= 1;
    }

    /// What stands in quotes, in the braces of a variable or in a text on lines of its own.
    pub(super) fn quoted(&mut self, closes: Closes) {
        while let Some(c) = self.peek() {
            self.at += 1;
            match c {
                c if closes.at(c) => return,
                '\\' if !closes.is_quoted()
                    || matches!(self.peek(), Some('$' | '`' | '"' | '\\' | '\n' | '\r' | '}')) =>
                {
                    self.escape();
                }
                '\'' if !closes.is_quoted() => self.single(),
                '"' if closes != Closes::Text => self.double(),
                '`' => self.backticks(),
                '$' => self.dollar(closes),
                c => self.push(c),
            }
        }
    }

    /// What a dollar begins.
    pub(super) fn dollar(&mut self, closes: Closes) {
        match self.peek() {
            Some('\'') if !closes.is_quoted() => {
                self.at += 1;
                self.decoded();
            }
            Some('"') if !closes.is_quoted() => {}
            Some('(') if self.chars.get(self.at + 1) == Some(&'(') && self.arithmetic(self.at + 2) => self.push('$'),
            // Its text is a command, and the word has something in it that nobody knows.
            Some('(') => {
                self.at += 1;
                self.commands();
                self.push('$');
            }
            Some('[') => {
                if let Some(end) = self.closing(self.at + 1, '[', ']') {
                    self.aside(self.at + 1, end);
                    self.at = end + 1;
                }
                self.push('$');
            }
            Some('{') => self.deeper(|reader| reader.variable(closes.is_quoted())),
            _ => self.push('$'),
        }
    }

    /// The commands up to the `)` that closes what was just opened.
    pub(super) fn commands(&mut self) {
        let (inner, end) = Reader::new(self.chars, self.at, self.depth + 1, self.room).read(Some(')'));
        self.now.inner.extend(inner);
        self.at = end;
        self.give_up_if(false);
    }

    /// What stands between two places, read as commands: some of it may be.
    pub(super) fn aside(&mut self, from: usize, to: usize) {
        let _ = self.room.take(to - from);
        let (inner, _) = Reader::new(&self.chars[..to], from, self.depth + 1, self.room).read(None);
        self.now.inner.extend(inner);
        self.give_up_if(false);
    }

    /// `((…))`, where both brackets are closed together; whether it was one.
    pub(super) fn arithmetic(&mut self, from: usize) -> bool {
        let Some(end) = self.closing(from, '(', ')').filter(|end| self.chars.get(end + 1) == Some(&')')) else {
            return false;
        };
        self.aside(from, end);
        self.at = (end + 2).min(self.chars.len());
        true
    }

    /// Where a bracket is closed that was opened before `from`.
    fn closing(&mut self, from: usize, opens: char, closes: char) -> Option<usize> {
        let (mut depth, mut quote, mut at, mut end) = (1_usize, None, from, None);
        while let (Some(&c), None) = (self.chars.get(at), end) {
            match (quote, c) {
                (None | Some('"'), '\\') => at += 1,
                (Some(open), c) if c == open => quote = None,
                (None, '\'' | '"') => quote = Some(c),
                (None, c) if c == opens => depth += 1,
                (None, c) if c == closes => depth -= 1,
                _ => {}
            }
            end = (depth == 0).then_some(at);
            at += 1;
        }
        let is_counted = self.room.take(at.min(self.chars.len()).saturating_sub(from));
        self.give_up_if(!is_counted);
        end
    }

    pub(super) fn backticks(&mut self) {
        let mut inner = Vec::new();
        while let Some(c) = self.peek() {
            self.at += 1;
            match c {
                '`' => break,
                '\\' if matches!(self.peek(), Some('`' | '\\' | '$')) => {
                    inner.extend(self.peek());
                    self.at += 1;
                }
                c => inner.push(c),
            }
        }
        let is_counted = self.room.take(inner.len());
        self.give_up_if(!is_counted);
        let (commands, _) = Reader::new(&inner, 0, self.depth + 1, self.room).read(None);
        self.now.inner.extend(commands);
        self.give_up_if(false);
        self.push('$');
    }

    /// `${NAME}` is `$NAME`; `${NAME:-other}` may be either; the one that stands for blanks ends a word.
    fn variable(&mut self, is_quoted: bool) {
        self.at += 1;
        let mut name = String::new();
        while let Some(c) = self.peek().filter(|c| c.is_ascii_alphanumeric() || *c == '_') {
            name.push(c);
            self.at += 1;
        }
        let before = self.word.take();
        self.quoted(Closes::Brace { is_quoted });
        let other = self.word.take().unwrap_or_default();
        self.word = before;
        if name == "IFS" && !is_quoted {
            return self.end_word();
        }
        self.put(&name, &other);
    }

    fn put(&mut self, name: &str, other: &Word) {
        let operator = other.text.strip_prefix(':').unwrap_or(&other.text);
        let skipped = other.text.len() - operator.len() + 1;
        let word = self.word();
        match name {
            "" => word.text.extend(["$", &other.text]),
            name if operator.starts_with(['-', '=', '+']) => {
                word.mark('{');
                word.text.extend(["$", name]);
                word.mark(',');
                word.append(&other.after(skipped));
                word.mark('}');
            }
            name => word.text.extend(["$", name]),
        }
    }

    /// `$'…'`, from its text on.
    fn decoded(&mut self) {
        self.word().is_quoted = true;
        while let Some(c) = self.peek() {
            self.at += 1;
            match c {
                '\'' => return,
                '\\' => {
                    if let Some(c) = self.decode() {
                        self.push(c);
                    }
                }
                c => self.push(c),
            }
        }
    }

    /// The letter that an escape of `$'…'` stands for.
    fn decode(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += 1;
        match c {
            'n' => Some('\n'),
            't' => Some('\t'),
            'r' => Some('\r'),
            'a' => Some('\u{7}'),
            'b' => Some('\u{8}'),
            'e' | 'E' => Some('\u{1b}'),
            'f' => Some('\u{c}'),
            'v' => Some('\u{b}'),
            'x' => self.number(16, 2, 0),
            'u' => self.number(16, 4, 0),
            'U' => self.number(16, 8, 0),
            '0'..='7' => self.number(8, 2, c.to_digit(8).unwrap_or_default()),
            'c' => {
                let letter = self.peek()?;
                self.at += 1;
                char::from_u32(u32::from(letter) & 31)
            }
            c => Some(c),
        }
    }

    fn number(&mut self, radix: u32, most: usize, first: u32) -> Option<char> {
        let mut number = first;
        for _ in 0..most {
            let Some(digit) = self.peek().and_then(|c| c.to_digit(radix)) else { break };
            number = number.wrapping_mul(radix).wrapping_add(digit);
            self.at += 1;
        }
        char::from_u32(number)
    }
}
