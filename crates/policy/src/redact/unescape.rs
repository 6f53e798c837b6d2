//! The text of a JSON string, and where each of its bytes stands in the raw text.

use std::borrow::Cow;

/// A decoded JSON string (RFC 8259 §7). A lone surrogate becomes U+FFFD.
pub(crate) struct Decoded<'a> {
    pub(crate) text: Cow<'a, [u8]>,
    /// Pairs of decoded and raw offset, before and after each escape; between them both run alike.
    marks: Vec<(usize, usize)>,
}

impl<'a> Decoded<'a> {
    /// Decodes what stands between the quotation marks.
    pub(crate) fn new(raw: &'a [u8]) -> Self {
        let Some(first) = memchr::memchr(b'\\', raw) else {
            return Self { text: Cow::Borrowed(raw), marks: Vec::new() };
        };
        let mut text = Vec::with_capacity(raw.len());
        let mut marks = vec![(0, 0)];
        let (mut kept, mut next) = (0, Some(first));
        while let Some(at) = next {
            text.extend_from_slice(&raw[kept..at]);
            marks.push((text.len(), at));
            kept = at + decode_escape(&raw[at..], &mut text);
            marks.push((text.len(), kept));
            next = memchr::memchr(b'\\', &raw[kept..]).map(|offset| kept + offset);
        }
        text.extend_from_slice(&raw[kept..]);
        Self { text: Cow::Owned(text), marks }
    }

    /// The offset in the raw text of an offset in the decoded one.
    pub(crate) fn raw_offset(&self, decoded: usize) -> usize {
        match self.marks.partition_point(|(mark, _)| *mark <= decoded).checked_sub(1) {
            Some(index) => {
                let (mark, raw) = self.marks[index];
                raw + (decoded - mark)
            }
            None => decoded,
        }
    }
}

/// Appends the character of the escape that `raw` begins with; returns its length.
fn decode_escape(raw: &[u8], text: &mut Vec<u8>) -> usize {
    let plain = match raw.get(1) {
        Some(b'u') => return decode_unicode(raw, text),
        Some(b'n') => b'\n',
        Some(b't') => b'\t',
        Some(b'r') => b'\r',
        Some(b'b') => 0x08,
        Some(b'f') => 0x0c,
        Some(other) => *other,
        None => b'\\',
    };
    text.push(plain);
    raw.len().min(2)
}

fn decode_unicode(raw: &[u8], text: &mut Vec<u8>) -> usize {
    let unit = |at: usize| -> Option<u32> {
        let digits = std::str::from_utf8(raw.get(at..at + 4)?).ok()?;
        u32::from_str_radix(digits, 16).ok()
    };
    let (code, length) = match unit(2) {
        Some(high @ 0xd800..=0xdbff) if raw.get(6..8) == Some(b"\\u") => match unit(8) {
            Some(low @ 0xdc00..=0xdfff) => (0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00), 12),
            _ => (0xfffd, 6),
        },
        Some(code) => (code, 6),
        None => (0xfffd, raw.len().min(6)),
    };
    let character = char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
    text.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
    length
}

#[cfg(test)]
mod tests {
    use super::Decoded;

    #[test]
    fn offsets_lead_back_to_the_raw_text() {
        let raw = br"a\u0041\n\/b\ud83d\ude00c\ud800d";
        let decoded = Decoded::new(raw);
        assert_eq!(&decoded.text[..], "aA\n/b😀c\u{fffd}d".as_bytes());
        let at = |needle: char| {
            let text = String::from_utf8_lossy(&decoded.text).into_owned();
            decoded.raw_offset(text.find(needle).expect("it is there"))
        };
        assert_eq!(
            [at('a'), at('A'), at('\n'), at('/'), at('b'), at('😀'), at('c'), at('d')],
            [0, 1, 7, 9, 11, 12, 24, 31]
        );
        assert_eq!(decoded.raw_offset(decoded.text.len()), raw.len());
    }
}
