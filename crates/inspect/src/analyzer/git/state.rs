//! What was counted, as bytes: numbers of few bytes, tables in the order of their keys, each key as its distance from
//! the one before. The same counts give the same bytes.

use sealbook_record::Timestamp;

use super::text::Evidence;

/// Takes down what a measure holds.
#[derive(Default)]
pub(super) struct Writer {
    bytes: Vec<u8>,
}

/// Reads it back. Whatever does not fit is `None`: it is then counted again.
pub(super) struct Reader<'a> {
    rest: &'a [u8],
}

impl Writer {
    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// Seven bits a byte, the lowest first (LEB128).
    pub(super) fn number(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.bytes.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.bytes.push(number as u8);
    }

    pub(super) fn signed(&mut self, number: i64) {
        self.number(((number << 1) ^ (number >> 63)) as u64);
    }

    pub(super) fn count(&mut self, count: usize) {
        self.number(count as u64);
    }

    pub(super) fn text(&mut self, text: &str) {
        self.count(text.len());
        self.bytes.extend_from_slice(text.as_bytes());
    }

    pub(super) fn time(&mut self, at: Timestamp) {
        self.signed(at.as_micros());
    }

    pub(super) fn maybe<T>(&mut self, value: Option<T>, write: impl FnOnce(&mut Self, T)) {
        self.number(u64::from(value.is_some()));
        if let Some(value) = value {
            write(self, value);
        }
    }

    /// Keys in rising order.
    pub(super) fn keys(&mut self, keys: &[u64]) {
        self.count(keys.len());
        let mut before = 0;
        for key in keys {
            self.number(key - before);
            before = *key;
        }
    }

    pub(super) fn evidence(&mut self, evidence: &Evidence) {
        self.count(evidence.cited().len());
        let mut before = 0;
        for seq in evidence.cited() {
            self.signed((*seq).wrapping_sub(before) as i64);
            before = *seq;
        }
    }
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.rest.is_empty()
    }

    pub(super) fn number(&mut self) -> Option<u64> {
        let (mut number, mut shift) = (0_u64, 0);
        loop {
            let (byte, rest) = self.rest.split_first()?;
            self.rest = rest;
            number |= u64::from(byte & 0x7f).checked_shl(shift)?;
            if byte & 0x80 == 0 {
                return Some(number);
            }
            shift += 7;
        }
    }

    pub(super) fn narrow<T: TryFrom<u64>>(&mut self) -> Option<T> {
        self.number()?.try_into().ok()
    }

    pub(super) fn signed(&mut self) -> Option<i64> {
        let number = self.number()?;
        Some((number >> 1) as i64 ^ -((number & 1) as i64))
    }

    /// How many of something follow. Each takes a byte at least.
    pub(super) fn count(&mut self) -> Option<usize> {
        self.narrow().filter(|count| *count <= self.rest.len())
    }

    pub(super) fn text(&mut self) -> Option<&'a str> {
        let length = self.count()?;
        let (text, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        std::str::from_utf8(text).ok()
    }

    pub(super) fn time(&mut self) -> Option<Timestamp> {
        self.signed().map(Timestamp::from_micros)
    }

    pub(super) fn flag(&mut self) -> Option<bool> {
        match self.number()? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }

    #[expect(clippy::option_option, reason = "one for whether it could be read, one for whether there is any")]
    pub(super) fn maybe<T>(&mut self, read: impl FnOnce(&mut Self) -> Option<T>) -> Option<Option<T>> {
        if self.flag()? { read(self).map(Some) } else { Some(None) }
    }

    pub(super) fn keys(&mut self) -> Option<Vec<u64>> {
        let count = self.count()?;
        let mut keys = Vec::with_capacity(count);
        let mut before = 0_u64;
        for _ in 0..count {
            before = before.checked_add(self.number()?)?;
            keys.push(before);
        }
        Some(keys)
    }

    pub(super) fn evidence(&mut self) -> Option<Evidence> {
        let mut evidence = Evidence::default();
        let mut before = 0_u64;
        for _ in 0..self.count()? {
            before = before.wrapping_add(self.signed()? as u64);
            evidence.cite(before);
        }
        Some(evidence)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let mut out = Writer::default();
        let numbers = [0, 1, 127, 128, 16_384, u64::from(u32::MAX), u64::MAX];
        numbers.iter().for_each(|number| out.number(*number));
        let signed = [0, -1, 1, i64::MIN, i64::MAX];
        signed.iter().for_each(|number| out.signed(*number));
        out.text("Grüße");
        out.keys(&[0, 7, 7, u64::MAX]);
        out.maybe(Some("x"), Writer::text);
        out.maybe(None, Writer::text);
        let mut evidence = Evidence::default();
        [900, 20, 21, 5].iter().for_each(|seq| evidence.cite(*seq));
        out.evidence(&evidence);
        let bytes = out.into_bytes();
        let mut from = Reader::new(&bytes);
        assert!(numbers.iter().all(|number| from.number() == Some(*number)));
        assert!(signed.iter().all(|number| from.signed() == Some(*number)));
        assert_eq!(from.text(), Some("Grüße"));
        assert_eq!(from.keys(), Some(vec![0, 7, 7, u64::MAX]));
        assert_eq!(from.maybe(Reader::text), Some(Some("x")));
        assert_eq!(from.maybe(Reader::text), Some(None));
        assert_eq!(from.evidence().unwrap().cited(), evidence.cited());
        assert!(from.is_at_end() && from.number().is_none());
    }

    #[test]
    fn what_is_no_state_is_refused() {
        assert!(Reader::new(&[0xff; 11]).number().is_none(), "longer than a number");
        assert!(Reader::new(&[9, b'x']).text().is_none(), "shorter than it says");
        assert!(Reader::new(&[0xff, 0xff, 3, 1]).keys().is_none(), "more than there are bytes");
        assert!(Reader::new(&[2]).flag().is_none());
    }
}
