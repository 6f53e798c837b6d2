//! Reads a leaf: one pass, no allocation once the scratch vectors have grown.

use std::ops::Range;

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::{LeafType, Phase, is_part_name};
use crate::{Error, Hash, Origin, PARTS_MAX, RecordSignature, SIGNATURES_MAX, hash::NIBBLE};

/// A leaf whose text stays where it is: names are ranges into the bytes read.
/// One value is reused from leaf to leaf.
#[derive(Debug)]
pub(crate) struct Parsed {
    pub(crate) id: Uuid,
    pub(crate) occurred_us: i64,
    pub(crate) operation: Option<Uuid>,
    pub(crate) origin: Range<usize>,
    pub(crate) parts: Vec<(Range<usize>, Hash)>,
    pub(crate) phase: Phase,
    pub(crate) prev: Hash,
    pub(crate) sealed_us: i64,
    pub(crate) seq: u64,
    pub(crate) sigs: Vec<RecordSignature>,
    pub(crate) typ: LeafType,
    /// The members that signers do not sign: from `"prev"` up to `"type"`.
    unsigned: Range<usize>,
}

impl Default for Parsed {
    fn default() -> Self {
        Self {
            id: Uuid::nil(),
            occurred_us: 0,
            operation: None,
            origin: 0..0,
            parts: Vec::new(),
            phase: Phase::Event,
            prev: Hash::ZERO,
            sealed_us: 0,
            seq: 0,
            sigs: Vec::new(),
            typ: LeafType::Record,
            unsigned: 0..0,
        }
    }
}

impl Parsed {
    /// Replaces what was read before.
    pub(crate) fn read(&mut self, bytes: &[u8]) -> Result<(), Error> {
        if bytes.len() > crate::LEAF_BYTES_MAX {
            return Err(Error::LeafTooLarge { bytes: bytes.len() });
        }
        let mut cursor = Cursor::new(bytes);
        self.read_from(&mut cursor)?;
        cursor.end()
    }

    /// Reads a leaf that other bytes may follow.
    pub(crate) fn read_from(&mut self, cursor: &mut Cursor<'_>) -> Result<(), Error> {
        self.parts.clear();
        self.sigs.clear();
        cursor.expect(br#"{"id":""#, "`{\"id\":\"`")?;
        self.id = cursor.uuid()?;
        cursor.expect(br#"","occurred_us":""#, "`occurred_us`")?;
        self.occurred_us = cursor.i64()?;
        cursor.expect(br#"","operation":"#, "`operation`")?;
        self.operation = cursor.operation()?;
        cursor.expect(br#","origin":""#, "`origin`")?;
        self.origin = cursor.origin()?;
        cursor.expect(br#"","parts":{"#, "`parts`")?;
        self.read_parts(cursor)?;
        cursor.expect(br#","phase":""#, "`phase`")?;
        self.phase = cursor.one_of(&Phase::ALL.map(|phase| (phase.as_str(), phase)), "a phase")?;
        cursor.expect(br#"","#, "`\",`")?;
        let unsigned = cursor.at;
        cursor.expect(br#""prev":""#, "`prev`")?;
        self.prev = cursor.hash()?;
        cursor.expect(br#"","sealed_us":""#, "`sealed_us`")?;
        self.sealed_us = cursor.i64()?;
        cursor.expect(br#"","seq":""#, "`seq`")?;
        self.seq = cursor.u64()?;
        cursor.expect(br#"","sigs":["#, "`sigs`")?;
        self.read_sigs(cursor)?;
        cursor.expect(b",", "`,`")?;
        self.unsigned = unsigned..cursor.at;
        cursor.expect(br#""type":""#, "`type`")?;
        self.typ = cursor.one_of(&LeafType::ALL.map(|typ| (typ.as_str(), typ)), "a leaf type")?;
        cursor.expect(br#"","v":"1"}"#, "`v` of 1 and the end")
    }

    /// What the signers signed, without making its text: the bytes around the unsigned members.
    pub(crate) fn signing_digest(&self, bytes: &[u8]) -> Hash {
        let hasher = Sha256::new().chain_update(&bytes[..self.unsigned.start]);
        Hash(hasher.chain_update(&bytes[self.unsigned.end..]).finalize().into())
    }

    fn read_parts(&mut self, cursor: &mut Cursor<'_>) -> Result<(), Error> {
        loop {
            cursor.expect(b"\"", "a part")?;
            let start = cursor.at;
            let name = cursor.part_name()?;
            if let Some((last, _)) = self.parts.last()
                && cursor.bytes[last.clone()] >= cursor.bytes[name.clone()]
            {
                cursor.at = start;
                return cursor.fail("parts in ascending order of their names");
            }
            cursor.expect(br#"":""#, "`\":\"`")?;
            let commitment = cursor.commitment()?;
            cursor.expect(b"\"", "`\"`")?;
            self.parts.push((name, commitment));
            if cursor.take(b'}') {
                return Ok(());
            }
            if self.parts.len() == PARTS_MAX {
                return cursor.fail("at most 64 parts");
            }
            cursor.expect(b",", "`,` or `}`")?;
        }
    }

    fn read_sigs(&mut self, cursor: &mut Cursor<'_>) -> Result<(), Error> {
        if cursor.take(b']') {
            return Ok(());
        }
        loop {
            cursor.expect(br#"{"key":""#, "a signature")?;
            let start = cursor.at;
            let key = cursor.hash()?;
            if self.sigs.last().is_some_and(|last| last.key >= key) {
                cursor.at = start;
                return cursor.fail("signatures in ascending order of their keys");
            }
            cursor.expect(br#"","sig":""#, "`sig`")?;
            let sig = cursor.signature()?;
            cursor.expect(br#""}"#, "`\"}`")?;
            self.sigs.push(RecordSignature { key, sig });
            if cursor.take(b']') {
                return Ok(());
            }
            if self.sigs.len() == SIGNATURES_MAX {
                return cursor.fail("at most 64 signatures");
            }
            cursor.expect(b",", "`,` or `]`")?;
        }
    }
}

/// Steps over bytes and says where they stop being what they should be.
#[derive(Debug)]
pub(crate) struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// How many bytes were read.
    pub(crate) fn at(&self) -> usize {
        self.at
    }

    /// Whether all bytes were read.
    pub(crate) fn end(&self) -> Result<(), Error> {
        if self.at == self.bytes.len() {
            return Ok(());
        }
        self.fail("the end")
    }

    pub(crate) fn fail<T>(&self, expected: &'static str) -> Result<T, Error> {
        Err(Error::LeafMalformed { at: self.at, expected })
    }

    #[inline]
    pub(crate) fn expect(&mut self, text: &[u8], expected: &'static str) -> Result<(), Error> {
        if self.bytes[self.at..].starts_with(text) {
            self.at += text.len();
            return Ok(());
        }
        let same = self.bytes[self.at..].iter().zip(text).take_while(|(have, want)| have == want);
        self.at += same.count();
        self.fail(expected)
    }

    #[inline]
    pub(crate) fn take(&mut self, byte: u8) -> bool {
        let is_next = self.bytes.get(self.at) == Some(&byte);
        self.at += usize::from(is_next);
        is_next
    }

    /// The next `len` bytes, not consumed.
    #[inline]
    fn peek(&self, len: usize, expected: &'static str) -> Result<&[u8], Error> {
        match self.bytes.get(self.at..self.at + len) {
            Some(bytes) => Ok(bytes),
            None => self.fail(expected),
        }
    }

    /// Up to the next quotation mark, or one byte more than `max`.
    pub(crate) fn until_quote(&mut self, max: usize) -> Range<usize> {
        let rest = &self.bytes[self.at..];
        let rest = &rest[..rest.len().min(max + 1)];
        let start = self.at;
        self.at += rest.iter().position(|byte| *byte == b'"').unwrap_or(rest.len());
        start..self.at
    }

    /// The name of a part.
    pub(crate) fn part_name(&mut self) -> Result<Range<usize>, Error> {
        let start = self.at;
        let name = self.until_quote(crate::PART_NAME_BYTES_MAX);
        if is_part_name(&self.bytes[name.clone()]) {
            return Ok(name);
        }
        self.at = start;
        self.fail("the name of a part")
    }

    fn uuid(&mut self) -> Result<Uuid, Error> {
        const STARTS: [usize; 16] = [0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34];
        const EXPECTED: &str = "a UUID in lower-case hyphenated form";
        let text = self.peek(36, EXPECTED)?;
        let mut bytes = [0; 16];
        let mut bad = 0;
        for (byte, start) in bytes.iter_mut().zip(STARTS) {
            let (high, low) = (NIBBLE[text[start] as usize], NIBBLE[text[start + 1] as usize]);
            bad |= high | low;
            *byte = high << 4 | (low & 15);
        }
        if bad > 15 || [8, 13, 18, 23].iter().any(|dash| text[*dash] != b'-') {
            return self.fail(EXPECTED);
        }
        self.at += 36;
        Ok(Uuid::from_bytes(bytes))
    }

    fn operation(&mut self) -> Result<Option<Uuid>, Error> {
        if self.take(b'"') {
            let operation = self.uuid()?;
            self.expect(b"\"", "`\"`")?;
            return Ok(Some(operation));
        }
        self.expect(b"null", "a UUID or null")?;
        Ok(None)
    }

    fn origin(&mut self) -> Result<Range<usize>, Error> {
        const EXPECTED: &str = "an origin, `sealbook/` and 32 lower-case hexadecimal digits";
        if !Origin::is_valid(self.peek(Origin::BYTES, EXPECTED)?) {
            return self.fail(EXPECTED);
        }
        self.at += Origin::BYTES;
        Ok(self.at - Origin::BYTES..self.at)
    }

    fn hash(&mut self) -> Result<Hash, Error> {
        const EXPECTED: &str = "64 lower-case hexadecimal digits";
        match Hash::from_hex(self.peek(64, EXPECTED)?) {
            Some(hash) => {
                self.at += 64;
                Ok(hash)
            }
            None => self.fail(EXPECTED),
        }
    }

    fn commitment(&mut self) -> Result<Hash, Error> {
        const EXPECTED: &str = "a commitment, 43 characters of base64url";
        let mut hash = [0; 32];
        match URL_SAFE_NO_PAD.decode_slice(self.peek(43, EXPECTED)?, &mut hash) {
            Ok(32) => {
                self.at += 43;
                Ok(Hash(hash))
            }
            _ => self.fail(EXPECTED),
        }
    }

    fn signature(&mut self) -> Result<[u8; 64], Error> {
        const EXPECTED: &str = "a signature, 88 characters of base64";
        // The decoder asks for room for whole groups of three bytes.
        let mut sig = [0; 66];
        match STANDARD.decode_slice(self.peek(88, EXPECTED)?, &mut sig) {
            Ok(64) => {
                self.at += 88;
                Ok(sig[..64].try_into().expect("64 bytes"))
            }
            _ => self.fail(EXPECTED),
        }
    }

    fn one_of<T: Copy>(&mut self, words: &[(&str, T)], expected: &'static str) -> Result<T, Error> {
        let rest = &self.bytes[self.at..];
        for (word, value) in words {
            if rest.starts_with(word.as_bytes()) && rest.get(word.len()) == Some(&b'"') {
                self.at += word.len();
                return Ok(*value);
            }
        }
        self.fail(expected)
    }

    fn i64(&mut self) -> Result<i64, Error> {
        const EXPECTED: &str = "a 64-bit integer in decimal";
        let negative = self.take(b'-');
        let start = self.at;
        let value = self.u64()?;
        let signed = if negative { 0_i64.checked_sub_unsigned(value) } else { i64::try_from(value).ok() };
        match signed {
            Some(signed) if !(negative && value == 0) => Ok(signed),
            _ => {
                self.at = start;
                self.fail(EXPECTED)
            }
        }
    }

    fn u64(&mut self) -> Result<u64, Error> {
        const EXPECTED: &str = "an unsigned 64-bit integer in decimal";
        let start = self.at;
        let mut value = 0_u64;
        while let Some(digit @ b'0'..=b'9') = self.bytes.get(self.at) {
            let next = value.checked_mul(10).and_then(|tens| tens.checked_add(u64::from(digit - b'0')));
            let Some(next) = next else {
                return self.fail(EXPECTED);
            };
            value = next;
            self.at += 1;
        }
        let digits = &self.bytes[start..self.at];
        if digits.is_empty() || (digits.len() > 1 && digits[0] == b'0') {
            self.at = start;
            return self.fail(EXPECTED);
        }
        Ok(value)
    }
}
