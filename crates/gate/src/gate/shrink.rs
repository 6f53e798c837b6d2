//! Content that is larger or deeper than a part may be becomes a keyed digest and a size.

use sealbook_policy::{PART_BYTES_MAX, is_too_deep};
use sealbook_record::Record;
use serde_json::value::RawValue;

use super::Core;

impl Core {
    /// The record with every part within the limits.
    pub(crate) fn small(&self, mut record: Record) -> Record {
        for part in record.parts.values_mut() {
            let text = part.get();
            if text.len() > PART_BYTES_MAX || is_too_deep(text) {
                let digest = self.policy().digest(text.as_bytes());
                let withheld = format!(r#"{{"withheld":{{"digest":"{digest}","bytes":{}}}}}"#, text.len());
                *part = RawValue::from_string(withheld).expect("hex and a number are JSON");
            }
        }
        record
    }
}
