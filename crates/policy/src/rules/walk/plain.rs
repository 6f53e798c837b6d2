//! The search as the language describes it, level by level and without a thought for time: what the walk is held to.

use crate::DEPTH_MAX;
use crate::redact::{Decoded, scalar_end, string_end, value_end};
use crate::rules::field::{Step, folded};

use super::JOINED_BYTES_MAX;
use super::texts::{LEVELS_MAX, json_in};

/// Calls `each` with every value at the path until it says `true`; whether it did.
///
/// A path that ends at a list or map means every value in it, and then all of them joined by spaces:
/// `["sealbook", "approve"]` is looked at as a command line too.
pub(super) fn any_value(json: &[u8], path: &[Step], each: &mut dyn FnMut(&str) -> bool) -> bool {
    value(json, path, each, 0, 0)
}

/// Calls `each` with every member's name at any depth.
pub(super) fn any_name(json: &[u8], each: &mut dyn FnMut(&str) -> bool) -> bool {
    names(json, each, 0, 0)
}

fn value(json: &[u8], path: &[Step], each: &mut dyn FnMut(&str) -> bool, depth: usize, texts: usize) -> bool {
    let json = json.trim_ascii_start();
    let is_container = matches!(json.first(), Some(b'{' | b'['));
    if depth > DEPTH_MAX {
        return false;
    }
    let here = match path {
        [] | [Step::Deep] if is_container => {
            let mut joined = String::new();
            if scalars(json, each, &mut joined, depth, texts) {
                return true;
            }
            joined.contains(' ') && each(&joined)
        }
        [] | [Step::Deep] => scalar(json, each),
        [Step::Deep, rest @ ..] => {
            value(json, rest, each, depth, texts)
                || (is_container && any_child(json, &mut |_, _, child| value(child, path, each, depth + 1, texts)))
        }
        [Step::Any, rest @ ..] => {
            is_container && any_child(json, &mut |_, _, child| value(child, rest, each, depth + 1, texts))
        }
        [Step::Name(name) | Step::Folded(name), rest @ ..] => {
            let number = if json.first() == Some(&b'[') { name.parse::<usize>().ok() } else { None };
            is_container
                && any_child(json, &mut |key, index, child| {
                    let here = match key {
                        Some(key) if matches!(path[0], Step::Folded(_)) => {
                            folded(&String::from_utf8_lossy(&Decoded::new(key).text)) == name.as_str()
                        }
                        Some(key) => Decoded::new(key).text.as_ref() == name.as_bytes(),
                        None => number == Some(index),
                    };
                    here && value(child, rest, each, depth + 1, texts)
                })
        }
    };
    here || within(json, path, each, texts)
}

/// The same within a text that is JSON.
fn within(json: &[u8], path: &[Step], each: &mut dyn FnMut(&str) -> bool, texts: usize) -> bool {
    let [b'"', raw @ .., b'"'] = json else { return false };
    texts < LEVELS_MAX && json_in(raw).is_some_and(|inner| value(&inner, path, each, 0, texts + 1))
}

fn scalars(json: &[u8], each: &mut dyn FnMut(&str) -> bool, joined: &mut String, depth: usize, texts: usize) -> bool {
    if depth > DEPTH_MAX {
        return false;
    }
    any_child(json, &mut |_, _, child| match child.first() {
        Some(b'{' | b'[') => scalars(child, each, joined, depth + 1, texts),
        _ => {
            scalar(child, &mut |text| {
                if joined.len() + text.len() < JOINED_BYTES_MAX {
                    if !joined.is_empty() {
                        joined.push(' ');
                    }
                    joined.push_str(text);
                }
                each(text)
            }) || within(child, &[], each, texts)
        }
    })
}

fn scalar(json: &[u8], each: &mut dyn FnMut(&str) -> bool) -> bool {
    match json {
        [b'"', text @ .., b'"'] => {
            let decoded = Decoded::new(text);
            each(&String::from_utf8_lossy(&decoded.text))
        }
        _ => each(&String::from_utf8_lossy(json.trim_ascii())),
    }
}

fn names(json: &[u8], each: &mut dyn FnMut(&str) -> bool, depth: usize, texts: usize) -> bool {
    let json = json.trim_ascii_start();
    if let [b'"', raw @ .., b'"'] = json {
        return texts < LEVELS_MAX && json_in(raw).is_some_and(|inner| names(&inner, each, 0, texts + 1));
    }
    if depth > DEPTH_MAX || !matches!(json.first(), Some(b'{' | b'[')) {
        return false;
    }
    any_child(json, &mut |key, _, child| {
        key.is_some_and(|key| each(&String::from_utf8_lossy(&Decoded::new(key).text)))
            || names(child, each, depth + 1, texts)
    })
}

/// What is called for each child: its raw name (of a member), number and text.
type EachChild<'f> = dyn FnMut(Option<&[u8]>, usize, &[u8]) -> bool + 'f;

/// Calls `each` with the raw name (of a member), number and text of each child until it says `true`.
fn any_child(json: &[u8], each: &mut EachChild<'_>) -> bool {
    let is_map = json.first() == Some(&b'{');
    let (mut at, mut index, mut key) = (1, 0, None);
    while at < json.len() {
        match json[at] {
            b'}' | b']' => return false,
            b',' | b':' | b' ' | b'\n' | b'\r' | b'\t' => at += 1,
            b'"' if is_map && key.is_none() => {
                let end = string_end(json, at);
                key = Some(at + 1..end.max(at + 1));
                at = end + 1;
            }
            first => {
                let end = match first {
                    b'{' | b'[' | b'"' => value_end(json, at),
                    _ => scalar_end(json, at),
                };
                let name = key.take().map(|range| &json[range]);
                if each(name, index, &json[at..end]) {
                    return true;
                }
                index += 1;
                at = end.max(at + 1);
            }
        }
    }
    false
}
