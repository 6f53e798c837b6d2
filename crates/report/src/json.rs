//! JSON out: one place that serialises, one place that makes the text harmless.

use serde::Serialize;

use crate::text::is_unseen;

/// Deeper values are not set in further.
const INDENT_MAX: usize = 32;

/// `value` as JSON text.
pub(crate) fn text(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("views serialise: their keys are texts")
}

/// JSON text laid out over lines, two blanks a level; values stay as they are, digit for digit.
///
/// Reads the text once, without recursion: depth costs nothing but blanks, and those have a limit.
pub(crate) fn indented(json: &str) -> String {
    let mut out = String::with_capacity(json.len() + json.len() / 4);
    let mut depth = 0_usize;
    let mut chars = json.chars().peekable();
    let mut in_text = false;
    while let Some(c) = chars.next() {
        if in_text {
            out.push(c);
            match c {
                '\\' => out.extend(chars.next()),
                '"' => in_text = false,
                _ => {}
            }
            continue;
        }
        match c {
            c if is_blank(c) => {}
            '{' | '[' => {
                out.push(c);
                while chars.next_if(|next| is_blank(*next)).is_some() {}
                if let Some(close) = chars.next_if(|next| matches!(next, '}' | ']')) {
                    out.push(close);
                } else {
                    depth += 1;
                    new_line(&mut out, depth);
                }
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                new_line(&mut out, depth);
                out.push(c);
            }
            ',' => {
                out.push(c);
                new_line(&mut out, depth);
            }
            ':' => out.push_str(": "),
            c => {
                in_text = c == '"';
                out.push(c);
            }
        }
    }
    out
}

fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\n' | '\r' | '\t')
}

fn new_line(out: &mut String, depth: usize) {
    out.push('\n');
    out.extend(std::iter::repeat_n("  ", depth.min(INDENT_MAX)));
}

/// The same JSON in one line, with what would not be seen written as `\u` escapes.
///
/// JSON has line ends and tabs outside texts only, where they are blanks; content that came with
/// them still makes one line.
pub(crate) fn harmless(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        match c {
            '\n' | '\r' | '\t' => out.push(' '),
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
            out.push(char::from_digit(u32::from(*unit >> shift) & 15, 16).expect("four bits are a digit"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn laying_out_changes_no_value() {
        let json = r#"{"a":[1e400, 0.10,{}],"b":"x, \"{y}: ","b":[ ],"n":12345678901234567890123}"#;
        let expected = r#"{
  "a": [
    1e400,
    0.10,
    {}
  ],
  "b": "x, \"{y}: ",
  "b": [],
  "n": 12345678901234567890123
}"#;
        assert_eq!(indented(json), expected);
        assert_eq!(indented("7"), "7");
        assert!(indented(&"[".repeat(100_000)).len() < 100_000 * (2 + 2 * INDENT_MAX));
    }

    #[test]
    fn escapes_keep_the_value() {
        let json = "{\"a\":\"x\u{7f}\u{9b}\u{202e}\u{e0041}\",\n\t\"b\":0.10}";
        let safe = harmless(json);
        assert_eq!(safe, "{\"a\":\"x\\u007f\\u009b\\u202e\\udb40\\udc41\",  \"b\":0.10}");
        let value = |text: &str| serde_json::from_str::<serde_json::Value>(text).expect("JSON");
        assert_eq!(value(&safe), value(json));
    }
}
