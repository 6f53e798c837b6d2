//! Reads Rust source as far as the checks need it: which characters are code,
//! which are comment, which are text. Not a parser; it knows string, character
//! and comment syntax, and matching braces.

/// The source with comments and the insides of string and character literals
/// replaced by spaces. Byte offsets and line numbers stay as they were.
pub(crate) fn code_only(source: &str) -> String {
    let bytes = source.as_bytes();
    let mut out = bytes.to_vec();
    let mut at = 0;
    while at < bytes.len() {
        let end = match bytes[at] {
            b'/' if bytes.get(at + 1) == Some(&b'/') => end_of_line(bytes, at),
            b'/' if bytes.get(at + 1) == Some(&b'*') => end_of_block_comment(bytes, at),
            b'r' | b'b' | b'c' if starts_word(bytes, at) && raw_string(bytes, at).is_some() => {
                raw_string(bytes, at).unwrap_or(at + 1)
            }
            b'"' => end_of_string(bytes, at),
            b'\'' => end_of_character(bytes, at),
            _ => {
                at += 1;
                continue;
            }
        };
        blank(&mut out[at..end]);
        at = end;
    }
    String::from_utf8(out).expect("whole characters were replaced by spaces")
}

/// The source up to its `#[cfg(test)]` module, which house style puts last.
pub(crate) fn without_tests(source: &str) -> &str {
    let mut offset = 0;
    for line in source.split_inclusive('\n') {
        if line.trim_start().starts_with("#[cfg(test)]") {
            return &source[..offset];
        }
        offset += line.len();
    }
    source
}

/// The body (between its braces) of every method called `name`, as ranges of `source`.
pub(crate) fn bodies(source: &str, name: &str) -> Vec<std::ops::Range<usize>> {
    let code = code_only(source);
    let head = format!("fn {name}(");
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(at) = code[from..].find(&head) {
        from += at + head.len();
        let is_method = code[from..].split([',', ')']).next().is_some_and(|first| first.contains("self"));
        let Some(open) = code[from..].find(['{', ';']).map(|open| from + open) else {
            break;
        };
        if is_method
            && code.as_bytes()[open] == b'{'
            && let Some(close) = matching_brace(code.as_bytes(), open)
        {
            found.push(open + 1..close);
        }
    }
    found
}

/// The plain string literals of a piece of source.
pub(crate) fn strings(source: &str) -> Vec<&str> {
    let bytes = source.as_bytes();
    let mut found = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'/' if bytes.get(at + 1) == Some(&b'/') => at = end_of_line(bytes, at),
            b'/' if bytes.get(at + 1) == Some(&b'*') => at = end_of_block_comment(bytes, at),
            b'\'' => at = end_of_character(bytes, at),
            b'"' => {
                let end = end_of_string(bytes, at);
                found.push(&source[at + 1..(end - 1).max(at + 1)]);
                at = end;
            }
            _ => at += 1,
        }
    }
    found
}

/// Line number, from 1, of a byte offset.
pub(crate) fn line_of(source: &str, offset: usize) -> usize {
    source[..offset].matches('\n').count() + 1
}

fn blank(bytes: &mut [u8]) {
    for byte in bytes {
        if *byte != b'\n' {
            *byte = b' ';
        }
    }
}

fn end_of_line(bytes: &[u8], from: usize) -> usize {
    bytes[from..].iter().position(|byte| *byte == b'\n').map_or(bytes.len(), |at| from + at)
}

fn end_of_block_comment(bytes: &[u8], from: usize) -> usize {
    let mut depth = 0;
    let mut at = from;
    while at + 1 < bytes.len() {
        match (bytes[at], bytes[at + 1]) {
            (b'/', b'*') => {
                depth += 1;
                at += 2;
            }
            (b'*', b'/') => {
                depth -= 1;
                at += 2;
                if depth == 0 {
                    return at;
                }
            }
            _ => at += 1,
        }
    }
    bytes.len()
}

fn end_of_string(bytes: &[u8], from: usize) -> usize {
    let mut at = from + 1;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    bytes.len()
}

/// A quote opens a character literal or a lifetime; a lifetime ends after its quote.
fn end_of_character(bytes: &[u8], from: usize) -> usize {
    if bytes.get(from + 1) == Some(&b'\\') {
        let rest = bytes.get(from + 3..).unwrap_or_default();
        return rest.iter().position(|byte| *byte == b'\'').map_or(bytes.len(), |at| from + 4 + at);
    }
    let width = match bytes.get(from + 1) {
        Some(0xF0..) => 4,
        Some(0xE0..) => 3,
        Some(0xC0..) => 2,
        _ => 1,
    };
    if bytes.get(from + 1 + width) == Some(&b'\'') { from + width + 2 } else { from + 1 }
}

fn starts_word(bytes: &[u8], at: usize) -> bool {
    at == 0 || !(bytes[at - 1].is_ascii_alphanumeric() || bytes[at - 1] == b'_')
}

/// End of a raw string that starts at `from` (`r"…"`, `r#"…"#`, `br"…"`), if one does.
fn raw_string(bytes: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    if matches!(bytes[at], b'b' | b'c') {
        at += 1;
    }
    if bytes.get(at) != Some(&b'r') {
        return None;
    }
    at += 1;
    let hashes = bytes[at..].iter().take_while(|byte| **byte == b'#').count();
    at += hashes;
    if bytes.get(at) != Some(&b'"') {
        return None;
    }
    let mut close = vec![b'"'];
    close.resize(1 + hashes, b'#');
    let found = bytes[at + 1..].windows(close.len()).position(|window| window == close);
    Some(found.map_or(bytes.len(), |end| at + 1 + end + close.len()))
}

fn matching_brace(code: &[u8], open: usize) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, byte) in code.iter().enumerate().skip(open) {
        match byte {
            b'{' => depth += 1,
            b'}' => {
                depth -= 1;
                if depth == 0 {
                    return Some(at);
                }
            }
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_text_are_blanked_and_lines_stay() {
        let source = "let a = \"x // y\"; // println!\nlet b = '\"'; /* dbg! /* nested */ */ call();\n";
        let code = code_only(source);
        assert_eq!(code.len(), source.len());
        assert!(!code.contains("println!") && !code.contains("dbg!") && !code.contains("// y"));
        assert!(code.contains("call();"));
        assert_eq!(line_of(&code, code.find("call").expect("kept")), 2);
    }

    #[test]
    fn raw_strings_and_lifetimes_do_not_confuse() {
        let code = code_only("fn f<'a>(x: &'a str) { let y = r#\"a \" dbg!()\"#; g('}', '\\u{7f}', '€'); h() }");
        assert!(!code.contains("dbg!"));
        assert!(code.contains("h() }"));
        assert_eq!(code.matches('}').count(), 1);
    }

    #[test]
    fn bodies_finds_the_function_and_its_strings() {
        let source = "impl E { pub const fn code(&self) -> &'static str { match self { Self::A { .. } => \"a_b\", // \"no\"\n Self::C(e) => e.code(), } } fn other() { \"x\" } } fn code(text: &str) { \"no\" }";
        let ranges = bodies(source, "code");
        assert_eq!(ranges.len(), 1);
        assert_eq!(strings(&source[ranges[0].clone()]), ["a_b"]);
    }

    #[test]
    fn tests_at_the_end_are_left_out() {
        assert_eq!(without_tests("fn a() {}\n#[cfg(test)]\nmod tests {}\n"), "fn a() {}\n");
    }
}
