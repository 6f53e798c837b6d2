//! Which content is looked through, and as what text.
//!
//! A NUL makes content binary for git. Whoever runs a script does not ask git: a byte in a comment must not hide the
//! rest. So what has the name of a language, names its interpreter, or reads as text but for some bytes, is looked
//! through as it is, and wide characters are decoded first.

use std::borrow::Cow;

use crate::source::module::is_code;

/// How much is looked at, as git does, to tell binary from text.
const PROBE: usize = 8_000;

/// The text of a file of this path; nothing where it is none.
pub(crate) fn text_of<'t>(path: &[u8], content: &'t [u8]) -> Option<Cow<'t, [u8]>> {
    let probe = &content[..content.len().min(PROBE)];
    if let Some(text) = of_wide(content, probe) {
        return Some(Cow::Owned(text));
    }
    let is_text = memchr::memchr(0, probe).is_none()
        || content.starts_with(b"#!")
        || is_code(path)
        || odd(probe).saturating_mul(10) <= probe.len();
    is_text.then_some(Cow::Borrowed(content))
}

/// UTF-16 and UTF-32: by the mark they begin with, or because every other byte of it is NUL.
fn of_wide(content: &[u8], probe: &[u8]) -> Option<Vec<u8>> {
    let little = |pair: &[u8]| u16::from_le_bytes([pair[0], pair[1]]);
    let big = |pair: &[u8]| u16::from_be_bytes([pair[0], pair[1]]);
    match content {
        [0xff, 0xfe, 0, 0, rest @ ..] => of_utf32(rest, u32::from_le_bytes),
        [0, 0, 0xfe, 0xff, rest @ ..] => of_utf32(rest, u32::from_be_bytes),
        [0xff, 0xfe, rest @ ..] => of_utf16(rest.chunks_exact(2).map(little)),
        [0xfe, 0xff, rest @ ..] => of_utf16(rest.chunks_exact(2).map(big)),
        _ => {
            let pairs = probe.len() / 2;
            let with_nul = |at: usize| {
                let fits = |pair: &&[u8]| pair[at] == 0 && is_plain(pair[1 - at]);
                probe.chunks_exact(2).filter(fits).count().saturating_mul(10) >= pairs.saturating_mul(7)
            };
            match pairs {
                0 => None,
                _ if with_nul(1) => of_utf16(content.chunks_exact(2).map(little)),
                _ if with_nul(0) => of_utf16(content.chunks_exact(2).map(big)),
                _ => None,
            }
        }
    }
}

fn of_utf16(units: impl Iterator<Item = u16>) -> Option<Vec<u8>> {
    of_chars(char::decode_utf16(units).map(Result::ok))
}

fn of_utf32(content: &[u8], unit: fn([u8; 4]) -> u32) -> Option<Vec<u8>> {
    of_chars(content.chunks_exact(4).map(|it| char::from_u32(unit([it[0], it[1], it[2], it[3]]))))
}

/// The characters as UTF-8, unless too many of them are none.
fn of_chars(chars: impl Iterator<Item = Option<char>>) -> Option<Vec<u8>> {
    let (mut all, mut wrong) = (0_usize, 0_usize);
    let mut note = |it: Option<char>| {
        all += 1;
        wrong += usize::from(it.is_none());
        it.unwrap_or(char::REPLACEMENT_CHARACTER)
    };
    let text: String = chars.map(&mut note).collect();
    (wrong.saturating_mul(10) <= all).then(|| text.into_bytes())
}

fn is_plain(byte: u8) -> bool {
    matches!(byte, b'\t'..=b'\r' | 0x1b | 0x20..=0x7e)
}

/// Bytes that no text has: controls, and what is no UTF-8.
fn odd(probe: &[u8]) -> usize {
    let of_chunk = |chunk: std::str::Utf8Chunk<'_>| {
        let controls = chunk.valid().bytes().filter(|byte| byte.is_ascii() && !is_plain(*byte)).count();
        controls + chunk.invalid().len()
    };
    probe.utf8_chunks().map(of_chunk).sum()
}
