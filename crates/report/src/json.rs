//! JSON out: one place that serialises, one place that makes the text harmless.

use serde::Serialize;

use crate::text::is_unseen;

/// `value` as JSON in one line.
pub(crate) fn compact(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("views serialise: their keys are texts")
}

/// `value` as JSON over several lines; content of records stays as it is within them.
pub(crate) fn pretty(value: &impl Serialize) -> String {
    serde_json::to_string_pretty(value).expect("views serialise: their keys are texts")
}

/// The same JSON, with what would not be seen written as `\u` escapes.
///
/// Outside strings JSON has only spaces, tabs and line ends of that sort. They stay, unless
/// `one_line` turns line ends into spaces: content that came with line ends still makes one line.
pub(crate) fn harmless(json: &str, one_line: bool) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        match c {
            '\n' | '\r' if one_line => out.push(' '),
            '\n' | '\r' | '\t' => out.push(c),
            c if is_unseen(c) => push_escape(&mut out, c),
            c => out.push(c),
        }
    }
    out
}

/// RFC 8259, section 7: four hexadecimal digits, twice where UTF-16 needs two.
fn push_escape(out: &mut String, c: char) {
    for unit in c.encode_utf16(&mut [0; 2]) {
        out.push_str("\\u");
        for shift in [12, 8, 4, 0] {
            out.push(
                char::from_digit(u32::from(*unit >> shift) & 15, 16)
                    .expect("four bits are a digit"),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_keep_the_value() {
        let json = "{\"a\":\"x\u{7f}\u{9b}\u{202e}\u{e0041}\",\n\t\"b\":0.10}";
        let safe = harmless(json, true);
        assert_eq!(
            safe,
            "{\"a\":\"x\\u007f\\u009b\\u202e\\udb40\\udc41\", \t\"b\":0.10}"
        );
        let value = |text: &str| serde_json::from_str::<serde_json::Value>(text).expect("JSON");
        assert_eq!(value(&safe), value(json));
    }
}
