//! Cuts content into lines or entries, block by block, and hashes what was cut.

use std::io::{self, Read};

use sha2::{Digest as _, Sha256};

use super::format::journal;

/// Bytes read at a time.
const BLOCK: usize = 256 << 10;
/// Longer lines are left out. So is a longer entry of a journal.
pub(super) const LINE_MOST: usize = 1 << 20;

/// What lies between two lines or entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cut {
    /// A newline.
    Lines,
    /// An empty line, outside of binary values.
    Journal,
}

/// What a block says of all its lines at once, so that it need not be asked of each.
#[derive(Debug, Clone, Copy)]
pub(super) struct Nature {
    pub(super) has_nul: bool,
    pub(super) has_escape: bool,
    pub(super) is_utf8: bool,
}

/// Reads content from where it stands.
pub(super) struct Lines<R> {
    content: R,
    cut: Cut,
    buffer: Vec<u8>,
    filled: usize,
    /// Bytes that were cut, and with that hashed.
    pub(super) taken: u64,
    pub(super) hash: Sha256,
    /// In a line that is too long.
    is_dropping: bool,
    pub(super) too_long: u64,
    is_at_end: bool,
}

impl<R: Read> Lines<R> {
    /// `hash` has seen what came before.
    pub(super) fn new(content: R, cut: Cut, hash: Sha256) -> Self {
        Self {
            content,
            cut,
            buffer: vec![0; BLOCK],
            filled: 0,
            taken: 0,
            hash,
            is_dropping: false,
            too_long: 0,
            is_at_end: false,
        }
    }

    /// Reads a block and gives its whole lines, without their newlines; `false` at the end. What comes after the
    /// last newline stays for [`Lines::rest`].
    pub(super) fn block(&mut self, each: &mut dyn FnMut(&[u8], Nature)) -> io::Result<bool> {
        if self.is_at_end {
            return Ok(false);
        }
        if self.buffer.len() - self.filled < BLOCK / 2 {
            self.buffer.resize(self.filled + BLOCK, 0);
        }
        let read = loop {
            match self.content.read(&mut self.buffer[self.filled..]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => break other?,
            }
        };
        if read == 0 {
            self.is_at_end = true;
            return Ok(false);
        }
        let fresh = self.filled;
        self.filled += read;
        let whole = match self.cut {
            Cut::Lines => memchr::memrchr(b'\n', &self.buffer[fresh..self.filled]).map_or(0, |end| fresh + end + 1),
            Cut::Journal => self.whole_entries(),
        };
        self.give(whole, each);
        if self.filled > LINE_MOST && self.cut == Cut::Lines {
            self.drop_rest();
        } else if self.filled > LINE_MOST * 16 {
            // A binary value that says it is longer than any journal's.
            self.drop_rest();
        }
        Ok(true)
    }

    /// What comes after the last newline, once there is nothing more; taking it is the caller's choice.
    pub(super) fn rest(&mut self, is_final: bool, each: &mut dyn FnMut(&[u8], Nature)) {
        if self.is_dropping || (is_final && self.filled > 0) {
            let whole = self.filled;
            self.give(whole, each);
        }
    }

    fn whole_entries(&self) -> usize {
        let mut whole = 0;
        while let Some(end) = journal::entry_end(&self.buffer[..self.filled], whole) {
            whole = end;
        }
        whole
    }

    /// Gives the lines of the first bytes, and takes them.
    fn give(&mut self, whole: usize, each: &mut dyn FnMut(&[u8], Nature)) {
        if whole == 0 {
            return;
        }
        let block = &self.buffer[..whole];
        self.hash.update(block);
        self.taken += whole as u64;
        let nature = Nature {
            has_nul: memchr::memchr(0, block).is_some(),
            has_escape: memchr::memchr(0x1b, block).is_some(),
            is_utf8: std::str::from_utf8(block).is_ok(),
        };
        let mut at = 0;
        if self.is_dropping {
            // The end of what was too long.
            at = memchr::memchr(b'\n', block).map_or(whole, |end| end + 1);
            self.is_dropping = false;
        }
        match self.cut {
            Cut::Lines => {
                let mut begin = at;
                for end in memchr::memchr_iter(b'\n', &block[at..]) {
                    let line = &block[begin..at + end];
                    each(line.strip_suffix(b"\r").unwrap_or(line), nature);
                    begin = at + end + 1;
                }
                if begin < whole {
                    each(&block[begin..], nature);
                }
            }
            Cut::Journal => {
                while at < whole {
                    let end = journal::entry_end(block, at).unwrap_or(whole);
                    each(&block[at..end], nature);
                    at = end;
                }
            }
        }
        self.buffer.copy_within(whole..self.filled, 0);
        self.filled -= whole;
    }

    /// Takes what is too long to be held.
    fn drop_rest(&mut self) {
        self.too_long += u64::from(!self.is_dropping);
        self.is_dropping = true;
        self.hash.update(&self.buffer[..self.filled]);
        self.taken += self.filled as u64;
        self.filled = 0;
        self.buffer.truncate(BLOCK);
        self.buffer.shrink_to_fit();
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Gives content in pieces of any size.
    struct Pieces<'a>(&'a [u8], usize);

    impl Read for Pieces<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let length = self.1.min(self.0.len()).min(buffer.len());
            buffer[..length].copy_from_slice(&self.0[..length]);
            self.0 = &self.0[length..];
            Ok(length)
        }
    }

    fn lines(content: &[u8], piece: usize, is_final: bool) -> (Vec<Vec<u8>>, Lines<Pieces<'_>>) {
        let mut lines = Lines::new(Pieces(content, piece), Cut::Lines, Sha256::new());
        let mut found = Vec::new();
        let mut each = |line: &[u8], _: Nature| found.push(line.to_vec());
        while lines.block(&mut each).unwrap() {}
        lines.rest(is_final, &mut each);
        (found, lines)
    }

    proptest! {
        /// However the content comes, its lines are its lines, and what was taken was hashed.
        #[test]
        fn lines_are_lines(content in prop::collection::vec(prop_oneof![Just(b'\n'), Just(b'a'), any::<u8>()], 0..300),
                           piece in 1_usize..40, is_final in any::<bool>()) {
            let (found, lines) = lines(&content, piece, is_final);
            let whole = if is_final { content.len() } else { content.iter().rposition(|b| *b == b'\n').map_or(0, |at| at + 1) };
            let mut expected: Vec<Vec<u8>> = content[..whole].split(|b| *b == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line).to_vec()).collect();
            if content[..whole].last().is_none_or(|b| *b == b'\n') {
                expected.pop();
            } else if let Some(last) = expected.last_mut() {
                *last = content[..whole].split(|b| *b == b'\n').next_back().unwrap().to_vec();
            }
            prop_assert_eq!(found, expected);
            prop_assert_eq!(lines.taken, whole as u64);
            prop_assert_eq!(lines.hash.finalize(), Sha256::digest(&content[..whole]));
        }
    }

    #[test]
    fn a_line_that_is_too_long_is_passed_over_in_little_memory() {
        let mut content = b"first\n".to_vec();
        content.resize(content.len() + 3 * LINE_MOST, b'x');
        content.extend(b"\nlast\n");
        let (found, lines) = lines(&content, usize::MAX, true);
        assert_eq!(found, [b"first".to_vec(), b"last".to_vec()]);
        assert_eq!((lines.too_long, lines.taken), (1, content.len() as u64));
        assert!(lines.buffer.len() <= 2 * LINE_MOST);
    }
}
