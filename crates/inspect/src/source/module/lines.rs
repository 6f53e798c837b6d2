//! Lines of code, of comments, and empty ones.
//!
//! A line with code and a comment is a line of code; an empty one is empty wherever it stands; what stands in a text
//! is code.

use serde::Serialize;

use super::language::{Language, Text};

/// How many lines of each sort.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub(super) struct Lines {
    pub(super) code: u64,
    pub(super) comments: u64,
    pub(super) blank: u64,
}

impl Lines {
    pub(super) fn add(&mut self, other: Self) {
        self.code += other.code;
        self.comments += other.comments;
        self.blank += other.blank;
    }
}

/// Where a line begins: in code, or in what began before it.
enum State {
    Code,
    /// In so many block comments.
    Block(&'static (&'static str, &'static str), u32),
    Text(&'static Text),
    /// In a raw text that ends with so many `#`.
    Raw(usize),
}

/// Counts the lines of a file.
pub(super) fn count(language: &'static Language, content: &[u8]) -> Lines {
    let (mut lines, mut state) = (Lines::default(), State::Code);
    let content = content.strip_suffix(b"\n").unwrap_or(content);
    if content.is_empty() {
        return lines;
    }
    let mut start = 0;
    for end in memchr::memchr_iter(b'\n', content).chain([content.len()]) {
        let line = content[start..end].trim_ascii();
        start = end + 1;
        if line.is_empty() {
            lines.blank += 1;
        } else if scan(language, line, &mut state) {
            lines.code += 1;
        } else {
            lines.comments += 1;
        }
        // A text that ends with its line ends there, also where its end is missing.
        if matches!(&state, State::Text(text) if !text.many_lines) {
            state = State::Code;
        }
    }
    lines
}

/// Whether there is code in the line.
fn scan(language: &'static Language, line: &[u8], state: &mut State) -> bool {
    let (mut at, mut code) = (0, false);
    while at < line.len() {
        let rest = &line[at..];
        match *state {
            State::Block(marks, depth) => {
                if rest.starts_with(marks.1.as_bytes()) {
                    at += marks.1.len();
                    *state = if depth > 1 { State::Block(marks, depth - 1) } else { State::Code };
                } else if language.nests && rest.starts_with(marks.0.as_bytes()) {
                    at += marks.0.len();
                    *state = State::Block(marks, depth + 1);
                } else {
                    at += 1;
                }
            }
            State::Text(text) => {
                code = true;
                if text.escapes && rest[0] == b'\\' {
                    at += 2;
                } else if rest.starts_with(text.mark.as_bytes()) {
                    at += text.mark.len();
                    *state = State::Code;
                } else {
                    at += 1;
                }
            }
            State::Raw(marks) => {
                code = true;
                let ends = rest[0] == b'"' && rest.len() > marks && rest[1..=marks].iter().all(|byte| *byte == b'#');
                at += if ends { marks + 1 } else { 1 };
                if ends {
                    *state = State::Code;
                }
            }
            State::Code => {
                if rest[0].is_ascii_whitespace()
                    || rest[0].is_ascii_alphanumeric() && !(language.raw && rest[0] == b'r')
                {
                    // No mark begins with these, but for comments that are words.
                    if !rest[0].is_ascii_alphabetic()
                        || !language.line.iter().any(|mark| rest.starts_with(mark.as_bytes()))
                    {
                        code |= !rest[0].is_ascii_whitespace();
                        at += 1;
                        continue;
                    }
                }
                // A block comment may begin as a line comment does.
                if let Some(marks) = language.block.iter().find(|marks| rest.starts_with(marks.0.as_bytes())) {
                    *state = State::Block(marks, 1);
                    at += marks.0.len();
                    continue;
                }
                if language.line.iter().any(|mark| rest.starts_with(mark.as_bytes())) {
                    return code;
                }
                code = true;
                at += step(language, rest, state);
            }
        }
    }
    code
}

/// Takes what begins here: a text, a character, or a byte of code.
fn step(language: &'static Language, rest: &[u8], state: &mut State) -> usize {
    if language.raw && rest[0] == b'r' {
        let marks = rest[1..].iter().take_while(|byte| **byte == b'#').count();
        if rest.get(1 + marks) == Some(&b'"') {
            *state = State::Raw(marks);
            return marks + 2;
        }
        return 1;
    }
    if language.chars && rest[0] == b'\'' {
        return match rest {
            [_, b'\\', _, tail @ ..] => {
                3 + tail.iter().take(10).position(|byte| *byte == b'\'').map_or(0, |end| end + 1)
            }
            [_, _, b'\'', ..] => 3,
            _ => 1,
        };
    }
    match language.texts.iter().find(|text| rest.starts_with(text.mark.as_bytes())) {
        Some(text) => {
            *state = State::Text(text);
            text.mark.len()
        }
        None => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::super::language::{Means, of};
    use super::*;

    fn counted(file: &str, text: &str) -> (u64, u64, u64) {
        let Means::Code(language) = of(file) else { panic!("{file} is no code") };
        let Lines { code, comments, blank } = count(language, text.as_bytes());
        (code, comments, blank)
    }

    #[test]
    fn texts_and_comments_are_told_apart() {
        assert_eq!(counted("a.rs", "/* a /* b */\n still */ let x = 1; // c\n\n// d\n"), (1, 2, 1));
        assert_eq!(counted("a.rs", "let s = \"/* no\n // comment\n\";\nlet c = '\"'; // x\n// y\n"), (4, 1, 0));
        assert_eq!(counted("a.rs", "let s = r#\"\n// \" in it\n\"#;\n// y"), (3, 1, 0));
        assert_eq!(counted("a.py", "x = '''\n# no\n'''\n# yes\n\n"), (3, 1, 1));
        assert_eq!(counted("a.ts", "const a = `\n// no\n`; /* x\n*/\n"), (3, 1, 0));
        assert_eq!(counted("a.go", "s := `a\n/*\n`\n/* c */ x()\n"), (4, 0, 0));
        assert_eq!(counted("a.lua", "--[[ a\nb ]]\n-- c\nx = 1\n"), (1, 3, 0));
        assert_eq!(counted("a.rs", ""), (0, 0, 0));
        assert_eq!(counted("a.bat", "REM x\necho REMOVE\n"), (1, 1, 0));
    }
}
