//! JSON within texts: some servers unpack it, so it must not be deeper than what rules look into.

use super::scan::unquoted;

/// Lists and maps that lie in each other, as in what is no text.
const DEPTH_MAX: usize = sealbook_policy::DEPTH_MAX;
/// Texts that are JSON, and lie in each other.
const LEVELS_MAX: usize = 4;

/// Whether a text, with its quotation marks, holds JSON that is deeper than what is looked into.
pub(crate) fn is_too_deep(raw: &str) -> bool {
    is_too_deep_in(raw, 1)
}

fn is_too_deep_in(raw: &str, level: usize) -> bool {
    let begins = raw.as_bytes().get(1..).unwrap_or_default().trim_ascii_start().first();
    if !matches!(begins, Some(b'{' | b'[' | b'\\')) {
        return false;
    }
    let text = unquoted(raw);
    let text = text.trim_ascii_start();
    if !text.starts_with(['{', '[']) {
        return false;
    }
    let (bytes, mut at, mut depth) = (text.as_bytes(), 0, 0_usize);
    let mut is_found = false;
    while at < bytes.len() {
        match bytes[at] {
            b'{' | b'[' => depth += 1,
            // Only what is closed is JSON; all else is a text and no more.
            b'}' | b']' if depth == 1 => return is_found,
            b'}' | b']' => depth -= 1,
            b'"' => {
                let Some(end) = text_end(bytes, at) else { return false };
                is_found = is_found || is_deeper(depth, level) || is_too_deep_in(&text[at..=end], level + 1);
                at = end;
            }
            b',' => {}
            byte if byte.is_ascii_whitespace() => {}
            // Brackets alone hold nothing that a rule could look at.
            _ => is_found = is_found || is_deeper(depth, level),
        }
        at += 1;
    }
    false
}

fn is_deeper(depth: usize, level: usize) -> bool {
    depth > DEPTH_MAX || level > LEVELS_MAX
}

/// Where the text that begins here ends.
fn text_end(bytes: &[u8], at: usize) -> Option<usize> {
    let mut end = at + 1;
    loop {
        match bytes.get(end)? {
            b'"' => return Some(end),
            b'\\' => end += 2,
            _ => end += 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::is_too_deep;

    fn of(json: &str) -> bool {
        is_too_deep(&serde_json::json!(json).to_string())
    }

    #[test]
    fn depth_within_a_text_is_bounded_and_so_are_texts_within_texts() {
        let nested = |n: usize| format!("{}1{}", "[".repeat(n), "]".repeat(n));
        assert!(!of(&nested(128)) && of(&nested(129)));
        assert!(of(&format!(" \n{}", nested(129))));
        assert!(!of(&format!("see {}", nested(300))), "it does not begin with a list");
        assert!(!of(&"[".repeat(1_000)) && !of(&format!("{}x", "[1,".repeat(1_000))), "it is not closed");
        assert!(!of(&format!("{}{}", "[".repeat(1_000), "]".repeat(1_000))), "there is nothing in it");
        assert!(!of("[[[\"") && !of("{") && !of("[]]]]") && !of(""));
        assert!(of(&format!("[{}]", serde_json::json!(nested(129)))));
        let levels = |n: usize| (1..n).fold("[1]".to_owned(), |inner, _| serde_json::json!([inner]).to_string());
        assert!(!of(&levels(4)) && of(&levels(5)));
    }
}
