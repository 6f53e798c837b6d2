//! Braces of a word: `a{b,c}` is two words.

use super::room::{Room, WORD_BYTES};

/// Braces and commas of a word, and the words that it may come to. What has more cannot be judged.
const MARKS_MAX: usize = 256;
const EXPANDED_MAX: usize = 4_096;

/// A word, with the places in it where braces and commas mean something.
#[derive(Debug, Default)]
pub(super) struct Word {
    pub(super) text: String,
    pub(super) marks: Vec<usize>,
    /// Whether some of it stood in quotes.
    pub(super) is_quoted: bool,
}

impl Word {
    /// A brace or comma that means something.
    pub(super) fn mark(&mut self, c: char) {
        self.marks.push(self.text.len());
        self.text.push(c);
    }

    pub(super) fn append(&mut self, other: &Self) {
        let from = self.text.len();
        self.marks.extend(other.marks.iter().map(|at| at + from));
        self.text.push_str(&other.text);
    }

    /// What stands from a place on.
    pub(super) fn after(&self, from: usize) -> Self {
        let marks = self.marks.iter().filter_map(|at| at.checked_sub(from)).collect();
        Self { text: self.text[from..].to_owned(), marks, is_quoted: self.is_quoted }
    }

    /// The words that it comes to. What is in braces alone stays one.
    pub(super) fn expand(self, words: &mut Vec<String>, room: &mut Room) {
        if self.marks.len() > MARKS_MAX {
            room.spend();
        }
        let most = words.len() + EXPANDED_MAX;
        expand(self.text, &self.marks, words, most, room);
    }
}

fn expand(word: String, marks: &[usize], words: &mut Vec<String>, most: usize, room: &mut Room) {
    if !room.take(word.len() + marks.len() + WORD_BYTES) {
        return words.push(word);
    }
    let Some((open, close, commas)) = braces(word.as_bytes(), marks) else { return words.push(word) };
    let mut from = open + 1;
    for to in commas.into_iter().chain([close]) {
        if words.len() >= most {
            room.spend();
        }
        if room.is_over() {
            return;
        }
        let piece = format!("{}{}{}", &word[..open], &word[from..to], &word[close + 1..]);
        let moved = |at: &usize| match *at {
            at if at >= from && at < to => Some(at - from + open),
            at if at > close => Some(at - (close + 1) + open + (to - from)),
            _ => None,
        };
        let rest: Vec<usize> = marks.iter().filter_map(moved).collect();
        expand(piece, &rest, words, most, room);
        from = to + 1;
    }
}

/// The first braces that are closed and have commas of their own: where they open, close, and those commas.
fn braces(bytes: &[u8], marks: &[usize]) -> Option<(usize, usize, Vec<usize>)> {
    marks.iter().enumerate().filter(|(_, at)| bytes[**at] == b'{').find_map(|(index, open)| {
        let (mut depth, mut commas) = (0_usize, Vec::new());
        for at in &marks[index..] {
            match bytes[*at] {
                b'{' => depth += 1,
                b'}' => depth -= 1,
                _ if depth == 1 => commas.push(*at),
                _ => {}
            }
            if depth == 0 {
                return (!commas.is_empty()).then_some((*open, *at, commas));
            }
        }
        None
    })
}
