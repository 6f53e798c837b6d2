//! Words of a record's text.
//!
//! A word is a run of letters and digits, lower case, at most [`WORD_BYTES_MAX`] bytes of it.
//! Of each part the first 64 KiB are taken. JSON escapes are resolved first, so that `caf\u00e9` and `café` are one word and `\n` ends one.

use sealbook_record::Record;

/// Of a longer part only the beginning is searched: a megabyte of manifest would cost more than all else.
const TEXT_BYTES_MAX: usize = 64 << 10;
/// Longer words are cut: what follows is found by reading the record.
const WORD_BYTES_MAX: usize = 40;

/// The words under which a record is found: those of its texts and of every part that is there.
pub(crate) fn each_text_word(record: &Record, scratch: &mut String, each: &mut impl FnMut(&str)) {
    let actor = &record.actor;
    let optional = [&record.reason, &actor.name, &actor.on_behalf_of, &actor.claimed, &record.project];
    let texts = [&record.action, &record.target.id, &actor.id, &record.source]
        .into_iter()
        .chain(optional.into_iter().flatten())
        .chain(&record.tags);
    for text in texts {
        each_word(text, scratch, &mut *each);
    }
    for part in record.parts.values() {
        let text = part.get();
        each_json_word(&text[..text.floor_char_boundary(TEXT_BYTES_MAX)], scratch, &mut *each);
    }
}

/// Calls `each` with every word of `text`, repeats included. `scratch` is used again between calls.
pub(crate) fn each_word(text: &str, scratch: &mut String, mut each: impl FnMut(&str)) {
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        // Most text is ASCII in lower case: such a word is passed on where it lies.
        let start = at;
        let mut plain = true;
        while at < bytes.len() {
            let b = bytes[at];
            match CLASS[b as usize] {
                WORD => at += 1,
                UPPER | WIDE => {
                    plain = false;
                    at += 1;
                }
                _ => break,
            }
        }
        let word = &text[start..at];
        if !word.is_empty() {
            if plain {
                each(cut(word));
            } else {
                folded(word, scratch, &mut each);
            }
        }
        at += 1;
    }
}

/// As [`each_word`], for the text of a JSON value: strings, keys and numbers, escapes resolved.
fn each_json_word(json: &str, scratch: &mut String, each: impl FnMut(&str)) {
    if memchr::memchr(b'\\', json.as_bytes()).is_none() {
        return each_word(json, scratch, each);
    }
    let mut plain = String::with_capacity(json.len());
    let mut rest = json;
    while let Some(at) = memchr::memchr(b'\\', rest.as_bytes()) {
        plain.push_str(&rest[..at]);
        let escape = rest.as_bytes().get(at + 1).copied();
        let mut used = 2;
        match escape {
            Some(b'u') => {
                let (c, len) = unicode_escape(&rest[at..]);
                plain.push(c);
                used = len;
            }
            _ => plain.push(' '),
        }
        rest = rest.get(at + used..).unwrap_or("");
    }
    plain.push_str(rest);
    each_word(&plain, scratch, each);
}

/// The character behind `\uXXXX`, pairs of surrogates included, and how many bytes it took.
fn unicode_escape(text: &str) -> (char, usize) {
    let unit = |at: usize| text.get(at..at + 4).and_then(|h| u16::from_str_radix(h, 16).ok());
    let Some(first) = unit(2) else { return (' ', 2) };
    if let Some(c) = char::from_u32(u32::from(first)) {
        return (c, 6);
    }
    if text.get(6..8) == Some("\\u")
        && let Some(second) = unit(8)
        && let Some(Ok(c)) = char::decode_utf16([first, second]).next()
    {
        return (c, 12);
    }
    (' ', 6)
}

/// A run that has capitals or non-ASCII characters in it, which may hold separators still.
fn folded(run: &str, scratch: &mut String, each: &mut impl FnMut(&str)) {
    scratch.clear();
    for c in run.chars() {
        if c.is_alphanumeric() {
            scratch.extend(c.to_lowercase());
        } else if !scratch.is_empty() {
            each(cut(scratch));
            scratch.clear();
        }
    }
    if !scratch.is_empty() {
        each(cut(scratch));
    }
}

/// The word as it is indexed.
pub(crate) fn cut(word: &str) -> &str {
    if word.len() <= WORD_BYTES_MAX { word } else { &word[..word.floor_char_boundary(WORD_BYTES_MAX)] }
}

const BREAK: u8 = 0;
const WORD: u8 = 1;
const UPPER: u8 = 2;
const WIDE: u8 = 3;

const CLASS: [u8; 256] = {
    let mut class = [BREAK; 256];
    let mut b = 0;
    while b < 256 {
        class[b] = match b as u8 {
            b'0'..=b'9' | b'a'..=b'z' => WORD,
            b'A'..=b'Z' => UPPER,
            0x80.. => WIDE,
            _ => BREAK,
        };
        b += 1;
    }
    class
};

#[cfg(test)]
mod tests {
    use super::*;

    fn words(json: &str) -> Vec<String> {
        let mut out = Vec::new();
        each_json_word(json, &mut String::new(), |w| out.push(w.to_owned()));
        out
    }

    #[test]
    fn words_are_folded_and_escapes_resolved() {
        assert_eq!(words(r#"{"Path":"src/Main.rs\nNext"}"#), ["path", "src", "main", "rs", "next"]);
        assert_eq!(words(r#""caf\u00e9 CAFÉ \ud83d\ude00x""#), ["café", "café", "x"]);
        assert_eq!(words(r#""\u12"#), ["12"]);
        assert_eq!(words("\"Straße—weit\""), ["straße", "weit"]);
    }
}
