//! What errors say, with what differs from one to the next left out.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use sealbook_record::{PartName, Record, Timestamp};
use serde_json::Value;

/// Characters of a pattern.
const CHARS_MAX: usize = 160;
/// Patterns that are kept; errors beyond them are not told apart.
const PATTERNS_MAX: usize = 1_000;
/// Patterns that are told.
const TOLD_MAX: usize = 20;
const OTHERS: &str = "(other errors)";

/// What many errors say.
#[derive(Debug, Clone, PartialEq)]
pub struct ErrorPattern {
    /// The action that failed.
    pub action: String,
    /// What it said, with `#` for numbers and ids.
    pub pattern: String,
    /// How often in the period.
    pub now: u64,
    /// How often in the time before.
    pub before: u64,
    /// When first, and when last, of both times.
    pub seen: (Timestamp, Timestamp),
}

#[derive(Default)]
pub(super) struct Errors {
    all: BTreeMap<(String, String), ErrorPattern>,
}

impl Errors {
    pub(super) fn add(&mut self, record: &Record, is_now: bool) {
        let Some(said) = record.part(PartName::Error).and_then(|part| said(part.get())) else { return };
        let mut key = (record.action.clone(), pattern(&said));
        if self.all.len() >= PATTERNS_MAX && !self.all.contains_key(&key) {
            key.1 = OTHERS.to_owned();
        }
        let (action, pattern) = key.clone();
        let seen = (record.occurred, record.occurred);
        let found = self.all.entry(key).or_insert(ErrorPattern { action, pattern, now: 0, before: 0, seen });
        *(if is_now { &mut found.now } else { &mut found.before }) += 1;
        found.seen.0 = found.seen.0.min(record.occurred);
        found.seen.1 = found.seen.1.max(record.occurred);
    }

    pub(super) fn told(self) -> Vec<ErrorPattern> {
        let mut told: Vec<ErrorPattern> = self.all.into_values().collect();
        told.sort_by_key(|error| Reverse((error.now, error.before)));
        told.truncate(TOLD_MAX);
        told
    }
}

/// The words of an error, wherever its form has them.
fn said(json: &str) -> Option<String> {
    let value: Value = serde_json::from_str(json).ok()?;
    let words = |value: &Value| value.as_str().map(str::to_owned);
    match &value {
        Value::Null => None,
        Value::Object(fields) => {
            let named = ["message", "error", "why", "text", "code"].iter().find_map(|name| fields.get(*name));
            Some(
                named
                    .and_then(|named| words(named).or_else(|| words(&named["message"])))
                    .unwrap_or_else(|| json.to_owned()),
            )
        }
        other => Some(words(other).unwrap_or_else(|| json.to_owned())),
    }
}

/// Words with digits are numbers, ids and names of the moment; in paths the digits alone are.
fn pattern(said: &str) -> String {
    let mut out = String::new();
    for word in said.split_whitespace() {
        if !out.is_empty() {
            out.push(' ');
        }
        let is_id = word.len() >= 8 && word.bytes().filter(u8::is_ascii_digit).count() * 3 >= word.len();
        if is_id {
            out.push('#');
        } else {
            let mut in_number = false;
            for c in word.chars() {
                let is_digit = c.is_ascii_digit();
                if !is_digit {
                    out.push(c);
                } else if !in_number {
                    out.push('#');
                }
                in_number = is_digit;
            }
        }
        if out.len() > CHARS_MAX {
            break;
        }
    }
    let cut = out.char_indices().nth(CHARS_MAX).map_or(out.len(), |(at, _)| at);
    out.truncate(cut);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_from_one_error_to_the_next_is_left_out() {
        for (json, expected) in [
            ("\"HTTP status 503 after 1200 ms\"", "HTTP status # after # ms"),
            (r#"{"code":-32000,"message":"no row 0190f3a2-7c8d-7000-8000-000000000000"}"#, "no row #"),
            (r#"{"error":{"message":"cannot open /srv/a-12.txt"}}"#, "cannot open /srv/a-#.txt"),
            ("[1]", "[#]"),
        ] {
            assert_eq!(said(json).map(|said| pattern(&said)).as_deref(), Some(expected), "{json}");
        }
        assert_eq!(said("null"), None);
        assert_eq!(pattern(&"é".repeat(500)).chars().count(), CHARS_MAX);
    }
}
