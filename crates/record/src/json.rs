//! JSON text written and read by hand, where digits, duplicate keys and order must survive.

use serde_json::value::RawValue;

use crate::Error;
use crate::error::Place;

/// Appends `text` as a JSON string.
pub fn push_string(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    let bytes = text.as_bytes();
    let mut kept = 0;
    for (at, &byte) in bytes.iter().enumerate() {
        if byte >= 0x20 && byte != b'"' && byte != b'\\' {
            continue;
        }
        out.extend_from_slice(&bytes[kept..at]);
        kept = at + 1;
        match byte {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            control => {
                out.extend_from_slice(b"\\u00");
                out.extend([control >> 4, control & 15].map(|nibble| b"0123456789abcdef"[usize::from(nibble)]));
            }
        }
    }
    out.extend_from_slice(&bytes[kept..]);
    out.push(b'"');
}

/// An object being written, field by field.
pub(crate) struct ObjectWriter {
    out: Vec<u8>,
}

impl ObjectWriter {
    pub(crate) fn with_capacity(capacity: usize) -> Self {
        let mut out = Vec::with_capacity(capacity);
        out.push(b'{');
        Self { out }
    }

    /// Writes `"key":` and hands out the buffer for the value.
    pub(crate) fn key(&mut self, key: &str) -> &mut Vec<u8> {
        if self.out.len() > 1 {
            self.out.push(b',');
        }
        self.out.push(b'"');
        self.out.extend_from_slice(key.as_bytes());
        self.out.extend_from_slice(b"\":");
        &mut self.out
    }

    /// As [`ObjectWriter::key`], for a key that is quoted and escaped already.
    pub(crate) fn raw_key(&mut self, quoted: &[u8]) -> &mut Vec<u8> {
        if self.out.len() > 1 {
            self.out.push(b',');
        }
        self.out.extend_from_slice(quoted);
        self.out.push(b':');
        &mut self.out
    }

    pub(crate) fn string(&mut self, key: &str, value: &str) {
        push_string(self.key(key), value);
    }

    /// Nothing is written for `None`.
    pub(crate) fn optional(&mut self, key: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.string(key, value);
        }
    }

    pub(crate) fn raw(&mut self, key: &str, value: &str) {
        self.key(key).extend_from_slice(value.as_bytes());
    }

    pub(crate) fn finish(mut self) -> Vec<u8> {
        self.out.push(b'}');
        self.out
    }
}

/// Text that only we wrote, and so is UTF-8.
pub(crate) fn into_text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).expect("JSON written from text is UTF-8")
}

/// A raw value from JSON text that only we wrote.
pub(crate) fn into_raw(bytes: Vec<u8>) -> Box<RawValue> {
    RawValue::from_string(into_text(bytes)).expect("what we write is JSON")
}

/// The fields of one JSON object: names unescaped, values as they stand, duplicates included.
#[derive(Debug)]
pub(crate) struct Fields<'a> {
    text: &'a str,
    pub(crate) list: Vec<(String, &'a RawValue)>,
}

impl<'a> Fields<'a> {
    /// Reads the object that `text` is.
    pub(crate) fn parse(text: &'a str) -> Result<Self, Error> {
        let Pairs(list) = serde_json::from_str(text).map_err(|error| Error::Json {
            // What fails before the first byte is taken fails at it.
            place: Place { line: error.line().max(1), column: error.column().max(1) },
            what: match error.classify() {
                serde_json::error::Category::Eof => "it ends too early",
                serde_json::error::Category::Data => "it is not an object",
                _ => "syntax error",
            },
        })?;
        Ok(Self { text, list })
    }

    /// Where `value`, one of this object's, stands in the text.
    pub(crate) fn place(&self, value: &RawValue) -> Place {
        let offset = (value.get().as_ptr() as usize).saturating_sub(self.text.as_ptr() as usize);
        let before = self.text.as_bytes().get(..offset).unwrap_or_default();
        let line_start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        Place { line: before.split(|byte| *byte == b'\n').count(), column: offset - line_start + 1 }
    }

    /// The value of the field, the last one where it is given twice.
    pub(crate) fn last(&self, name: &str) -> Option<&'a RawValue> {
        self.list.iter().rev().find(|(key, _)| key == name).map(|(_, value)| *value)
    }
}

/// The pairs of an object in order.
struct Pairs<'a>(Vec<(String, &'a RawValue)>);

impl<'de: 'a, 'a> serde::Deserialize<'de> for Pairs<'a> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> serde::de::Visitor<'de> for Visitor {
            type Value = Vec<(String, &'de RawValue)>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut list = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    list.push(pair);
                }
                Ok(list)
            }
        }
        deserializer.deserialize_map(Visitor).map(Pairs)
    }
}

/// Bytes as JSON: text as a string, what is not UTF-8 as `{"b64": …}` (standard alphabet, padded).
pub fn bytes_to_json(bytes: &[u8]) -> Box<RawValue> {
    use base64::Engine;
    if let Ok(text) = std::str::from_utf8(bytes) {
        let mut out = Vec::with_capacity(text.len() + 2);
        push_string(&mut out, text);
        return into_raw(out);
    }
    let encoded = base64::engine::general_purpose::STANDARD.encode(bytes);
    into_raw(format!("{{\"b64\":\"{encoded}\"}}").into_bytes())
}

/// Lower hex.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let nibbles = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    nibbles.map(|nibble| char::from(b"0123456789abcdef"[usize::from(nibble)])).collect()
}
