//! Line diffs that agree with git's, to the line.
//!
//! `git log --numstat` runs the Myers diff of xdiff with its heuristics, and neither the number of
//! lines nor their choice is unique, so the same algorithm is run here. Most changes need none of
//! it: once the common head and tail are cut off, one side is empty.

use std::ops::Range;

use gix_imara_diff::{Algorithm, Diff, IndentHeuristic, IndentLevel, Token};

/// Lines added and deleted.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Count {
    pub(crate) added: u64,
    pub(crate) deleted: u64,
}

/// How far git looks for a NUL before it calls a file text.
const BINARY_WINDOW: usize = 8_000;

/// Whether git takes content for binary.
pub(crate) fn is_binary(data: &[u8]) -> bool {
    memchr::memchr(0, &data[..data.len().min(BINARY_WINDOW)]).is_some()
}

/// How many lines content has; a last line without a newline counts.
pub(crate) fn count(data: &[u8]) -> u64 {
    let ends = memchr::memchr_iter(b'\n', data).count() as u64;
    ends + u64::from(data.last().is_some_and(|&byte| byte != b'\n'))
}

/// Counts lines; keeps its tables between calls.
#[derive(Default)]
pub(crate) struct Counter {
    interner: Interner,
    diff: Diff,
}

impl Counter {
    /// What `git diff --numstat` says of two texts.
    pub(crate) fn count(&mut self, old: &[u8], new: &[u8]) -> Count {
        let (head, tail) = common_ends(old, new);
        let (old_middle, new_middle) = (&old[head..old.len() - tail], &new[head..new.len() - tail]);
        if old_middle.is_empty() || new_middle.is_empty() {
            return Count { added: count(new_middle), deleted: count(old_middle) };
        }
        if let Some(count) = count_few(old_middle, new_middle) {
            return count;
        }
        self.interner.fill(old, new, head, tail);
        let Interner { old, new, lines, .. } = &self.interner;
        self.diff.compute_with(Algorithm::Myers, old, new, lines.len() as u32);
        Count { added: u64::from(self.diff.count_additions()), deleted: u64::from(self.diff.count_removals()) }
    }
}

impl Counter {
    /// The same as [`Counter::count`], and where the added lines are in the new text: blocks of whole lines.
    ///
    /// Of a region of a few lines those are given that the old side has nowhere in it.
    pub(crate) fn count_added(&mut self, old: &[u8], new: &[u8], added: &mut dyn FnMut(Range<usize>)) -> Count {
        let (head, tail) = common_ends(old, new);
        let (old_middle, new_middle) = (&old[head..old.len() - tail], &new[head..new.len() - tail]);
        if new_middle.is_empty() {
            return Count { added: 0, deleted: count(old_middle) };
        }
        if old_middle.is_empty() {
            added(head..new.len() - tail);
            return Count { added: count(new_middle), deleted: 0 };
        }
        if let Some(count) = count_few(old_middle, new_middle) {
            let mut lines = [&[][..]; FEW];
            let known = split_few(old_middle, &mut lines).unwrap_or_default();
            let mut at = head;
            while at < new.len() - tail {
                let end = line_end(new, at);
                if !lines[..known].contains(&&new[at..end]) {
                    added(at..end);
                }
                at = end;
            }
            return count;
        }
        self.interner.fill(old, new, head, tail);
        let Interner { old: before, new: after, lines, .. } = &self.interner;
        self.diff.compute_with(Algorithm::Myers, before, after, lines.len() as u32);
        let (mut line, mut at) = (memchr::memchr_iter(b'\n', &new[..head]).count() as u32, head);
        for hunk in self.diff.hunks().filter(|hunk| !hunk.after.is_empty()) {
            let mut go_to = |wanted: u32| {
                while line < wanted {
                    at = line_end(new, at);
                    line += 1;
                }
                at
            };
            let start = go_to(hunk.after.start);
            let end = go_to(hunk.after.end);
            added(start..end);
        }
        Count { added: u64::from(self.diff.count_additions()), deleted: u64::from(self.diff.count_removals()) }
    }
}

/// Lines of the old and of the new text that stand in each other's place, counted from 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Hunk {
    pub(crate) old: Range<u32>,
    pub(crate) new: Range<u32>,
}

impl Counter {
    /// The hunks that `git blame` works with: no context, slid to where indentation suggests.
    pub(crate) fn hunks(&mut self, old: &[u8], new: &[u8]) -> Vec<Hunk> {
        let tail = common_blocks(old, new);
        let (old, new) = (&old[..old.len() - tail], &new[..new.len() - tail]);
        self.interner.fill(old, new, 0, 0);
        let Interner { old: before, new: after, lines, .. } = &self.interner;
        self.diff.compute_with(Algorithm::Myers, before, after, lines.len() as u32);
        let indent = |token: Token| {
            let line = &lines[token.0 as usize];
            let text = if line.in_new { new } else { old };
            IndentLevel::for_ascii_line(text[line.start..line.start + line.len].iter().copied(), 8)
        };
        self.diff.postprocess_with(before, after, IndentHeuristic::new(indent));
        self.diff.hunks().map(|hunk| Hunk { old: hunk.before, new: hunk.after }).collect()
    }
}

/// What git cuts off the ends of two texts before it diffs them without context: whole blocks, of
/// which it gives back the first line. It decides which lines count as frequent.
fn common_blocks(old: &[u8], new: &[u8]) -> usize {
    const BLOCK: usize = 1_024;
    let blocks = old.rchunks_exact(BLOCK).zip(new.rchunks_exact(BLOCK)).take_while(|(a, b)| a == b).count();
    let tail = &old[old.len() - blocks * BLOCK..];
    memchr::memchr(b'\n', tail).map_or(0, |at| tail.len() - at - 1)
}

/// Git's heuristics leave a region alone in which neither side has this many lines: to set aside a
/// frequent line they must see seven others about it that the other side has not.
const FEW: usize = 8;

/// Counts a small region exactly: without heuristics the longest common subsequence decides.
fn count_few(old: &[u8], new: &[u8]) -> Option<Count> {
    let (mut old_lines, mut new_lines) = ([&[][..]; FEW], [&[][..]; FEW]);
    let (old_len, new_len) = (split_few(old, &mut old_lines)?, split_few(new, &mut new_lines)?);
    let mut row = [0_u8; FEW];
    for line in &old_lines[..old_len] {
        let mut diagonal = 0;
        for at in 0..new_len {
            let above = row[at + 1];
            row[at + 1] = if *line == new_lines[at] { diagonal + 1 } else { above.max(row[at]) };
            diagonal = above;
        }
    }
    let common = usize::from(row[new_len]);
    Some(Count { added: (new_len - common) as u64, deleted: (old_len - common) as u64 })
}

/// Splits into fewer than [`FEW`] lines, or gives up.
fn split_few<'a>(data: &'a [u8], lines: &mut [&'a [u8]; FEW]) -> Option<usize> {
    let (mut start, mut len) = (0, 0);
    while start < data.len() {
        if len + 1 == FEW {
            return None;
        }
        let end = line_end(data, start);
        lines[len] = &data[start..end];
        len += 1;
        start = end;
    }
    Some(len)
}

/// The end of the line that begins at `start`, its newline included.
fn line_end(data: &[u8], start: usize) -> usize {
    memchr::memchr(b'\n', &data[start..]).map_or(data.len(), |at| start + at + 1)
}

/// The lengths of the common head and of the common tail, in whole lines, not overlapping.
fn common_ends(old: &[u8], new: &[u8]) -> (usize, usize) {
    let shorter = old.len().min(new.len());
    let mut head = equal_prefix(&old[..shorter], &new[..shorter]);
    if head == old.len() && head == new.len() {
        return (head, 0);
    }
    // A last line without a newline is a line only if both sides end there, which they do not.
    head = memchr::memrchr(b'\n', &old[..head]).map_or(0, |at| at + 1);
    let (old, new) = (&old[head..], &new[head..]);
    let mut tail = equal_suffix(old, new);
    // The tail must begin a line on both sides.
    let begins = |side: &[u8], tail: usize| tail == side.len() || side[side.len() - tail - 1] == b'\n';
    if tail > 0 && !(begins(old, tail) && begins(new, tail)) {
        let end = &old[old.len() - tail..];
        tail = memchr::memchr(b'\n', end).map_or(0, |at| tail - at - 1);
    }
    (head, tail)
}

fn equal_prefix(a: &[u8], b: &[u8]) -> usize {
    const BLOCK: usize = 64;
    let blocks = a.chunks_exact(BLOCK).zip(b.chunks_exact(BLOCK)).take_while(|(a, b)| a == b).count();
    let start = blocks * BLOCK;
    start + a[start..].iter().zip(&b[start..]).take_while(|(a, b)| a == b).count()
}

fn equal_suffix(a: &[u8], b: &[u8]) -> usize {
    const BLOCK: usize = 64;
    let blocks = a.rchunks_exact(BLOCK).zip(b.rchunks_exact(BLOCK)).take_while(|(a, b)| a == b).count();
    let end = blocks * BLOCK;
    let (a, b) = (&a[..a.len() - end], &b[..b.len() - end]);
    end + a.iter().rev().zip(b.iter().rev()).take_while(|(a, b)| a == b).count()
}

/// Turns lines into numbers, equal lines into equal numbers.
///
/// Only the lines between the common ends get numbers of their own. The algorithm wants to know
/// how often each of these occurs in the whole file, and nothing of all other lines.
#[derive(Default)]
struct Interner {
    old: Vec<Token>,
    new: Vec<Token>,
    lines: Vec<Line>,
    table: Vec<u32>,
    seen: Seen,
}

/// A distinct line: its hash and where it is.
struct Line {
    hash: u64,
    start: usize,
    len: usize,
    in_new: bool,
}

/// The number of all lines that are in no middle.
const ELSEWHERE: Token = Token(0);

impl Interner {
    fn fill(&mut self, old: &[u8], new: &[u8], head: usize, tail: usize) {
        self.lines.clear();
        self.lines.push(Line { hash: 0, start: 0, len: 0, in_new: false });
        self.table.clear();
        self.table.resize(256, VACANT);
        self.seen.clear();
        self.old.clear();
        self.new.clear();
        let texts = [old, new];
        let (old_end, new_end) = (old.len() - tail, new.len() - tail);
        // The middles first: they decide which lines of the ends matter.
        self.intern(texts, head..old_end, false);
        self.intern(texts, head..new_end, true);
        let (old_middle, new_middle) = (self.old.len(), self.new.len());
        let mut tokens = std::mem::take(&mut self.old);
        self.recognise(texts, 0..head, &mut tokens);
        let head_lines = tokens.len() - old_middle;
        self.recognise(texts, old_end..old.len(), &mut tokens);
        // Both sides share what was just recognised.
        self.new.extend_from_slice(&tokens[old_middle..]);
        self.new[..new_middle + head_lines].rotate_left(new_middle);
        tokens[..old_middle + head_lines].rotate_left(old_middle);
        self.old = tokens;
    }

    /// Gives each line of a middle its number.
    fn intern(&mut self, texts: [&[u8]; 2], range: Range<usize>, in_new: bool) {
        let data = texts[usize::from(in_new)];
        let mut start = range.start;
        while start < range.end {
            let end = line_end(data, start);
            let line = &data[start..end];
            let hash = hash_line(line);
            let token = match self.find(texts, line, hash) {
                Ok(token) => token,
                Err(slot) => {
                    let token = self.lines.len() as u32;
                    self.lines.push(Line { hash, start, len: line.len(), in_new });
                    self.table[slot] = token;
                    self.seen.add(line);
                    if self.lines.len() * 2 >= self.table.len() {
                        self.grow();
                    }
                    Token(token)
                }
            };
            if in_new {
                self.new.push(token);
            } else {
                self.old.push(token);
            }
            start = end;
        }
    }

    /// Numbers the lines of a common end: those that also occur in a middle have a number.
    fn recognise(&mut self, texts: [&[u8]; 2], range: Range<usize>, tokens: &mut Vec<Token>) {
        let data = texts[0];
        let mut start = range.start;
        while start < range.end {
            let end = line_end(data, start);
            let line = &data[start..end];
            let known = self.seen.may_hold(line).then(|| self.find(texts, line, hash_line(line)).ok()).flatten();
            tokens.push(known.unwrap_or(ELSEWHERE));
            start = end;
        }
    }

    /// The number of a line, or the slot it would have.
    fn find(&self, texts: [&[u8]; 2], line: &[u8], hash: u64) -> Result<Token, usize> {
        let mask = self.table.len() - 1;
        let mut slot = hash as usize & mask;
        loop {
            let token = self.table[slot];
            if token == VACANT {
                return Err(slot);
            }
            let known = &self.lines[token as usize];
            let text = texts[usize::from(known.in_new)];
            if known.hash == hash && text[known.start..known.start + known.len] == *line {
                return Ok(Token(token));
            }
            slot = (slot + 1) & mask;
        }
    }

    fn grow(&mut self) {
        let size = self.table.len() * 2;
        self.table.clear();
        self.table.resize(size, VACANT);
        for (token, line) in self.lines.iter().enumerate().skip(1) {
            let mut slot = line.hash as usize & (size - 1);
            while self.table[slot] != VACANT {
                slot = (slot + 1) & (size - 1);
            }
            self.table[slot] = token as u32;
        }
    }
}

/// No line is here.
const VACANT: u32 = u32::MAX;

/// A quick "certainly not": which lengths and letters the numbered lines have.
struct Seen([u64; Self::WORDS]);

impl Default for Seen {
    fn default() -> Self {
        Self([0; Self::WORDS])
    }
}

impl Seen {
    const WORDS: usize = 64;

    fn clear(&mut self) {
        self.0.fill(0);
    }

    fn place(line: &[u8]) -> (usize, u64) {
        let len = line.len();
        let letter = u32::from(line[len / 2]) << 8 | u32::from(line[len.saturating_sub(3)]);
        let key = (len as u32).wrapping_mul(0x9e37_79b1) ^ letter.wrapping_mul(0x85eb_ca6b);
        let bit = key >> 20;
        ((bit / 64) as usize, 1 << (bit % 64))
    }

    fn add(&mut self, line: &[u8]) {
        let (word, bit) = Self::place(line);
        self.0[word] |= bit;
    }

    fn may_hold(&self, line: &[u8]) -> bool {
        let (word, bit) = Self::place(line);
        self.0[word] & bit != 0
    }
}

/// A multiply-fold over eight bytes at a time. Collisions cost time only: lines are compared.
fn hash_line(line: &[u8]) -> u64 {
    const K: u64 = 0x9e37_79b9_7f4a_7c15;
    let fold = |state: u64, word: u64| {
        let product = u128::from(state ^ word) * u128::from(K);
        (product as u64) ^ (product >> 64) as u64
    };
    let mut state = K ^ line.len() as u64;
    let (words, rest) = line.as_chunks::<8>();
    for word in words {
        state = fold(state, u64::from_le_bytes(*word));
    }
    let mut last = [0; 8];
    last[..rest.len()].copy_from_slice(rest);
    fold(state, u64::from_le_bytes(last))
}
