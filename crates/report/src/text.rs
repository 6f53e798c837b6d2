//! Making hostile text harmless. Whoever wrote a record chose its bytes: they
//! may try to move the cursor, recolour the screen, reverse the reading order or
//! hide a word. Such characters are shown as escapes instead.

use std::borrow::Cow;
use std::fmt::Write as _;

/// The text with every character that would not be seen as itself written out: `\n`, `\u{1b}`.
///
/// Meant for reading, not for reading back: a backslash stays as it is.
pub fn shown(text: &str) -> Cow<'_, str> {
    replace(text, is_unseen)
}

/// Like [`shown`], for text of several lines: line feeds stay.
pub(crate) fn shown_lines(text: &str) -> Cow<'_, str> {
    replace(text, |c| c != '\n' && is_unseen(c))
}

/// [`shown`], cut after `chars` characters of the text, with the number that are missing.
pub(crate) fn shown_short(text: &str, chars: usize) -> Cow<'_, str> {
    match text.char_indices().nth(chars) {
        None => shown(text),
        Some((end, _)) => {
            let more = text[end..].chars().count();
            Cow::Owned(format!("{}… ({more} more)", shown(&text[..end])))
        }
    }
}

fn replace(text: &str, unseen: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !text.contains(&unseen) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            c if !unseen(c) => out.push(c),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c => {
                let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
            }
        }
    }
    Cow::Owned(out)
}

/// Whether a character acts instead of being seen, or is not seen at all: controls (ASCII and C1),
/// format characters (Unicode category Cf, bidirectional overrides among them), line separators,
/// blank letters, variation selectors but the two that emoji need, and private use.
pub fn is_unseen(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{AD}' | '\u{34F}' | '\u{600}'..='\u{605}' | '\u{61C}' | '\u{6DD}' | '\u{70F}'
            | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}' | '\u{180B}'..='\u{180F}'
            | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{2800}' | '\u{3164}'
            | '\u{E000}'..='\u{F8FF}' | '\u{FE00}'..='\u{FE0D}' | '\u{FEFF}' | '\u{FFA0}' | '\u{FFF0}'..='\u{FFFB}'
            | '\u{110BD}' | '\u{110CD}' | '\u{13430}'..='\u{1343F}' | '\u{1BCA0}'..='\u{1BCA3}'
            | '\u{1D173}'..='\u{1D17A}' | '\u{E0000}'..='\u{E0FFF}' | '\u{F0000}'..='\u{10FFFF}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_text_stays_and_is_not_copied() {
        for text in ["", "src/main.rs", "Grüße, 世界 👍🏽 ✔️"] {
            assert!(matches!(shown(text), Cow::Borrowed(same) if same == text), "{text}");
        }
    }

    #[test]
    fn what_acts_or_hides_is_written_out() {
        assert_eq!(shown("a\u{1b}[31mb\u{7}\r\n\t"), "a\\u{1b}[31mb\\u{7}\\r\\n\\t");
        assert_eq!(shown("\u{9b}2J\u{7f}"), "\\u{9b}2J\\u{7f}");
        assert_eq!(shown("gnp.\u{202e}exe\u{2066}"), "gnp.\\u{202e}exe\\u{2066}");
        assert_eq!(shown("ad\u{200b}min\u{e0041}"), "ad\\u{200b}min\\u{e0041}");
        assert_eq!(shown_lines("a\nb\r"), "a\nb\\r");
    }

    #[test]
    fn long_text_is_cut_and_says_so() {
        assert_eq!(shown_short("abcdef", 6), "abcdef");
        assert_eq!(shown_short("äbcdef\u{1b}", 2), "äb… (5 more)");
    }
}
