//! Digests of JSON values that are equal, however they were written.

use std::collections::BTreeMap;

use serde_json::Value;
use sha2::{Digest, Sha256};

/// SHA-256 of a value in compact JSON, members in order of their names; lower hex.
pub(crate) fn digest_of(value: &Value) -> String {
    hex(&Sha256::digest(canonical(value).as_bytes()))
}

fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .map(|nibble| char::from(b"0123456789abcdef"[usize::from(nibble)]))
        .collect()
}

fn canonical(value: &Value) -> String {
    match value {
        Value::Object(members) => {
            let sorted: BTreeMap<_, _> = members.iter().collect();
            let written =
                sorted.into_iter().map(|(name, value)| format!("{}:{}", Value::from(name.as_str()), canonical(value)));
            format!("{{{}}}", written.collect::<Vec<_>>().join(","))
        }
        Value::Array(items) => format!("[{}]", items.iter().map(canonical).collect::<Vec<_>>().join(",")),
        plain => plain.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::digest_of;

    #[test]
    fn the_order_of_members_does_not_count_and_all_else_does() {
        let one = json!({"b": [1, {"y": null, "x": "\u{7f}"}], "a": 0.5});
        let same: serde_json::Value = serde_json::from_str(r#"{"a":0.5,"b":[1,{"x":"\u007f","y":null}]}"#).unwrap();
        assert_eq!(digest_of(&one), digest_of(&same));
        for other in [json!({"b": [{"y": null, "x": "\u{7f}"}, 1], "a": 0.5}), json!({"b": [], "a": 0.5}), json!([])] {
            assert_ne!(digest_of(&one), digest_of(&other));
        }
    }
}
