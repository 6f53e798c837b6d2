//! How much of one file is in another, as git's rename detection sees it.
//!
//! A file is a bag of pieces, each a line or 64 bytes of one; what two files share is the number
//! of bytes in the pieces that both hold. The piece's hash is part of the definition, because
//! different pieces may share one.

use super::lines;

/// A full match.
pub(crate) const MAX_SCORE: u64 = 60_000;

/// The number of classes that pieces fall into.
const CLASSES: u32 = 107_927;

/// Longer lines are cut.
const PIECE_MAX: u32 = 64;

/// What a file is made of: per class, how many bytes; sorted by class.
pub(crate) struct Pieces(Vec<(u32, u32)>);

impl Pieces {
    pub(crate) fn of(data: &[u8]) -> Self {
        let is_text = !lines::is_binary(data);
        let mut pieces = Vec::with_capacity(data.len() / 24);
        let (mut a, mut b, mut len) = (0_u32, 0_u32, 0_u32);
        let mut bytes = data.iter().copied().peekable();
        while let Some(byte) = bytes.next() {
            if is_text && byte == b'\r' && bytes.peek() == Some(&b'\n') {
                continue;
            }
            let before = a;
            a = (a << 7) ^ (b >> 25);
            b = (b << 7) ^ (before >> 25);
            a = a.wrapping_add(u32::from(byte));
            len += 1;
            if len >= PIECE_MAX || byte == b'\n' {
                pieces.push((a.wrapping_add(b.wrapping_mul(0x61)) % CLASSES, len));
                (a, b, len) = (0, 0, 0);
            }
        }
        // Git counts what follows the last newline since 2.44.
        if len > 0 {
            pieces.push((a.wrapping_add(b.wrapping_mul(0x61)) % CLASSES, len));
        }
        pieces.sort_unstable_by_key(|&(class, _)| class);
        pieces.dedup_by(|next, kept| {
            let same = next.0 == kept.0;
            if same {
                kept.1 += next.1;
            }
            same
        });
        Self(pieces)
    }

    /// How many bytes both hold.
    fn shared(&self, other: &Self) -> u64 {
        let mut shared = 0;
        let mut theirs = other.0.iter().peekable();
        for &(class, bytes) in &self.0 {
            while theirs.next_if(|(other, _)| *other < class).is_some() {}
            if let Some(&(_, other_bytes)) = theirs.next_if(|(other, _)| *other == class) {
                shared += u64::from(bytes.min(other_bytes));
            }
        }
        shared
    }
}

/// Whether two sizes leave a score of at least `minimum` possible.
pub(crate) fn sizes_allow(old: usize, new: usize, minimum: u64) -> bool {
    let larger = old.max(new) as u64;
    let difference = old.abs_diff(new) as u64;
    larger * (MAX_SCORE - minimum) >= difference * MAX_SCORE
}

/// The score of two files of these sizes.
pub(crate) fn score(old: (&Pieces, usize), new: (&Pieces, usize)) -> u64 {
    if new.1 == 0 {
        return 0;
    }
    old.0.shared(new.0) * MAX_SCORE / old.1.max(new.1) as u64
}
