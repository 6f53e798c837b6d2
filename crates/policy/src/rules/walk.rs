//! Values within JSON text, found without building a tree: duplicate members are all visited.

use crate::DEPTH_MAX;
use crate::redact::{Decoded, scalar_end, string_end, value_end};

use super::field::Step;

/// Texts of a list or map that are also looked at as one, joined by spaces: no longer than this.
const JOINED_BYTES_MAX: usize = 64 * 1024;

/// Calls `each` with every value at the path until it says `true`; whether it did.
///
/// A path that ends at a list or map means every value in it, and then all of them joined by spaces:
/// `["sealbook", "approve"]` is looked at as a command line too.
pub(crate) fn any_value(json: &[u8], path: &[Step], each: &mut dyn FnMut(&str) -> bool) -> bool {
    value(json, path, each, 0)
}

/// Calls `each` with every member's name at any depth.
pub(crate) fn any_name(json: &[u8], each: &mut dyn FnMut(&str) -> bool) -> bool {
    names(json, each, 0)
}

fn value(json: &[u8], path: &[Step], each: &mut dyn FnMut(&str) -> bool, depth: usize) -> bool {
    let json = json.trim_ascii_start();
    let is_container = matches!(json.first(), Some(b'{' | b'['));
    if depth > DEPTH_MAX {
        return false;
    }
    match path {
        [] | [Step::Deep] if is_container => {
            let mut joined = String::new();
            if scalars(json, each, &mut joined, depth) {
                return true;
            }
            joined.contains(' ') && each(&joined)
        }
        [] | [Step::Deep] => scalar(json, each),
        [Step::Deep, rest @ ..] => {
            value(json, rest, each, depth)
                || (is_container && any_child(json, &mut |_, _, child| value(child, path, each, depth + 1)))
        }
        [Step::Any, rest @ ..] => {
            is_container && any_child(json, &mut |_, _, child| value(child, rest, each, depth + 1))
        }
        [Step::Name(name), rest @ ..] => {
            let number = if json.first() == Some(&b'[') { name.parse::<usize>().ok() } else { None };
            is_container
                && any_child(json, &mut |key, index, child| {
                    let here = match key {
                        Some(key) => Decoded::new(key).text.as_ref() == name.as_bytes(),
                        None => number == Some(index),
                    };
                    here && value(child, rest, each, depth + 1)
                })
        }
    }
}

fn scalars(json: &[u8], each: &mut dyn FnMut(&str) -> bool, joined: &mut String, depth: usize) -> bool {
    if depth > DEPTH_MAX {
        return false;
    }
    any_child(json, &mut |_, _, child| match child.first() {
        Some(b'{' | b'[') => scalars(child, each, joined, depth + 1),
        _ => scalar(child, &mut |text| {
            if joined.len() + text.len() < JOINED_BYTES_MAX {
                if !joined.is_empty() {
                    joined.push(' ');
                }
                joined.push_str(text);
            }
            each(text)
        }),
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

fn names(json: &[u8], each: &mut dyn FnMut(&str) -> bool, depth: usize) -> bool {
    let json = json.trim_ascii_start();
    if depth > DEPTH_MAX || !matches!(json.first(), Some(b'{' | b'[')) {
        return false;
    }
    any_child(json, &mut |key, _, child| {
        key.is_some_and(|key| each(&String::from_utf8_lossy(&Decoded::new(key).text))) || names(child, each, depth + 1)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::field::Place;

    fn found(json: &str, path: &str) -> Vec<String> {
        let Ok(Place::Part { path, .. }) = Place::parse(path) else { panic!("{path}") };
        let mut texts = Vec::new();
        any_value(json.as_bytes(), &path, &mut |text| {
            texts.push(text.to_owned());
            false
        });
        texts
    }

    #[test]
    fn values_are_found_by_their_path() {
        let json = r#"{"path":"a","path":"b", "list" : [1, {"path":"c\u0064"}, true],"deep":{"x":{"path":"e"}}}"#;
        assert_eq!(found(json, "input.path"), ["a", "b"]);
        assert_eq!(found(json, "input.**.path"), ["a", "b", "cd", "e"]);
        assert_eq!(found(json, "input.list.*.path"), ["cd"]);
        assert_eq!(found(json, "input.list.0"), ["1"]);
        assert_eq!(found(json, "/input/list/1/path"), ["cd"]);
        assert_eq!(found(json, "input.list"), ["1", "cd", "true", "1 cd true"]);
        assert_eq!(found(json, "input.nothing"), Vec::<String>::new());
        assert_eq!(found("\"alone\"", "input"), ["alone"]);
        assert_eq!(found("[]", "input.**"), Vec::<String>::new());
        assert_eq!(found("{\"a\":{}}", "input.a.b"), Vec::<String>::new());
    }

    #[test]
    fn names_are_found_at_any_depth() {
        let mut names = Vec::new();
        any_name(br#"{"a":[{"b\u0063":1}],"a":{"d":{}}}"#, &mut |name| {
            names.push(name.to_owned());
            false
        });
        assert_eq!(names, ["a", "bc", "a", "d"]);
    }

    #[test]
    fn depth_is_bounded() {
        let json = format!("{}1{}", "[".repeat(5_000), "]".repeat(5_000));
        assert!(found(&json, "input.**").is_empty());
        assert!(found(&json, "input").is_empty());
    }
}
