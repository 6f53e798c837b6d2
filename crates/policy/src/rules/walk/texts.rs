//! JSON within a text: where it is a list or a map, it is looked into.

use std::borrow::Cow;

use crate::redact::Decoded;

/// How deep texts that are JSON may lie in each other. The gateway refuses more.
pub(super) const LEVELS_MAX: usize = 4;

/// The list or map that a text is, from its first bracket on; `raw` is what stands between quotation marks. Numbers
/// and words in it are not looked at: some readers take more of them than others.
pub(super) fn json_in(raw: &[u8]) -> Option<Cow<'_, [u8]>> {
    let first = raw.trim_ascii_start().first()?;
    if !matches!(first, b'{' | b'[' | b'\\') {
        return None;
    }
    let text = match Decoded::new(raw).text {
        Cow::Borrowed(text) => Cow::Borrowed(text.trim_ascii_start()),
        Cow::Owned(mut text) => {
            let blanks = text.len() - text.trim_ascii_start().len();
            text.drain(..blanks);
            Cow::Owned(text)
        }
    };
    is_closed(&text).then_some(text)
}

/// Whether a list or map begins here and ends somewhere, and so does every text in it.
fn is_closed(json: &[u8]) -> bool {
    if !matches!(json.first(), Some(b'{' | b'[')) {
        return false;
    }
    let mut depth = 0_usize;
    let mut bytes = json.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => loop {
                match bytes.next() {
                    None => return false,
                    Some(b'\\') => drop(bytes.next()),
                    Some(b'"') => break,
                    Some(_) => {}
                }
            },
            b'{' | b'[' => depth += 1,
            b'}' | b']' => {
                depth -= 1;
                if depth == 0 {
                    return true;
                }
            }
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::json_in;

    fn inner(raw: &str) -> Option<String> {
        json_in(raw.as_bytes()).map(|json| String::from_utf8(json.into_owned()).unwrap())
    }

    #[test]
    fn a_text_is_a_list_or_map_where_it_is_closed() {
        assert_eq!(inner(r#"{\"a\":\"}\"}"#).as_deref(), Some(r#"{"a":"}"}"#));
        assert_eq!(inner(r" \n[1, NaN]").as_deref(), Some("[1, NaN]"));
        assert_eq!(inner(r"\u007b\u007d").as_deref(), Some("{}"));
        for none in ["", "x", "{", "[1", "\\", r#"{\"a"#, r#"[\"\\"#, "]", "a [1]", "1"] {
            assert_eq!(inner(none), None, "{none}");
        }
    }
}
