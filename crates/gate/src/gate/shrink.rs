//! Content that is larger or deeper than a part may be becomes a keyed digest and a size.

use sealbook_policy::{DEPTH_MAX, PART_BYTES_MAX};
use sealbook_record::Record;
use serde_json::value::RawValue;

use super::Core;

impl Core {
    /// The record with every part within the limits.
    pub(crate) fn small(&self, mut record: Record) -> Record {
        for part in record.parts.values_mut() {
            let text = part.get();
            if text.len() > PART_BYTES_MAX || depth(text.as_bytes()) > DEPTH_MAX {
                let digest = self.policy().digest(text.as_bytes());
                let withheld = format!(r#"{{"withheld":{{"digest":"{digest}","bytes":{}}}}}"#, text.len());
                *part = RawValue::from_string(withheld).expect("hex and a number are JSON");
            }
        }
        record
    }
}

/// How deep lists and maps lie in each other.
fn depth(json: &[u8]) -> usize {
    let (mut depth, mut deepest): (usize, usize) = (0, 0);
    let mut bytes = json.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => {
                while let Some(byte) = bytes.next() {
                    match byte {
                        b'\\' => drop(bytes.next()),
                        b'"' => break,
                        _ => {}
                    }
                }
            }
            b'[' | b'{' => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

#[cfg(test)]
mod tests {
    #[test]
    fn brackets_in_texts_are_no_depth() {
        assert_eq!(super::depth(br#"{"a":["[[[\"[[",[1]]}"#), 3);
        assert_eq!(super::depth(b"1"), 0);
    }
}
