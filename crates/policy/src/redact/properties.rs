//! Properties over texts put together from what secrets are made of, and over garbage.

use std::fmt::Write as _;

use proptest::prelude::*;

use super::{PLACEHOLDER, anchors, part, scan, text};

/// What secrets, their names and their surroundings are made of.
const FRAGMENTS: &[&str] = &[
    "password",
    "passwd",
    "pass",
    "token",
    "tokens",
    "secret",
    "api",
    "key",
    "auth",
    "Authorization",
    "Cookie",
    "pwd",
    "author",
    "count",
    "name",
    "value",
    "login",
    "machine",
    "IDENTIFIED BY ",
    "Bearer ",
    "Basic ",
    "dXNlcjpwYXNz",
    "AKIAIOSFODNN7EXAMPLE",
    "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    "ghp_",
    "a1B2c3D4e5F6g7H8i9J0kLmNoPqRsTuVwXyZ",
    "sk-ant-",
    "sk-",
    "eyJhbGciOiJIUzI1NiJ9",
    ".eyJzdWIiOiIxIn0.",
    "SK",
    "0123456789abcdef0123456789abcdef",
    "xoxb-",
    "https",
    "://",
    "@",
    "user",
    "host",
    ":",
    "::",
    "=",
    "==",
    ": ",
    " = ",
    "\"",
    "'",
    "`",
    "\\",
    "\\\"",
    "/",
    "//",
    "?",
    "&",
    "#",
    ",",
    ";",
    " ",
    "  ",
    "\t",
    "\n",
    "\r\n\r\n",
    "-",
    "--",
    "_",
    ".",
    "<",
    ">",
    "[",
    "]",
    "{",
    "}",
    "(",
    ")",
    "$",
    "${X}",
    "%3D",
    "***",
    PLACEHOLDER,
    "4111 1111 ",
    "1111 1111",
    "4111111111111111",
    "7",
    "hunter2",
    "x",
    "-----BEGIN ",
    "RSA PRIVATE KEY",
    "-----",
    "-----END ",
    "sig=",
    "code=",
    "key=",
    "hooks.slack.com/services/",
    "Q~",
    ":AA",
    "123456789",
    "-u",
    "--user ",
    "curl -u ",
    "b64",
    "\u{1}",
    "é",
    "😀",
    "ß",
    "secret://x",
    "required",
    "PuTTY-User-Key-File",
    "Private-Lines:",
    "sealbook-key-v1",
    "seed: ",
    "$2b$",
    "X-Api-Key",
];

fn texts() -> impl Strategy<Value = String> {
    prop_oneof![
        8 => prop::collection::vec(prop::sample::select(FRAGMENTS), 0..12).prop_map(|pieces| pieces.concat()),
        1 => any::<String>(),
    ]
}

/// A JSON string, some of its letters escaped.
fn strings() -> impl Strategy<Value = String> {
    (texts(), prop::collection::vec(0_u8..12, 0..40)).prop_map(|(text, escapes)| {
        let mut out = String::from("\"");
        for (index, letter) in text.chars().enumerate() {
            match (escapes.get(index % 40).copied().unwrap_or(9), letter) {
                (0, letter) => {
                    let mut units = [0; 2];
                    for unit in letter.encode_utf16(&mut units) {
                        write!(out, "\\u{unit:04x}").expect("a text takes it");
                    }
                }
                (1, '/') => out.push_str("\\/"),
                (_, letter) => {
                    let quoted = serde_json::to_string(&letter).expect("a letter is JSON");
                    out.push_str(&quoted[1..quoted.len() - 1]);
                }
            }
        }
        out + "\""
    })
}

fn scalars() -> impl Strategy<Value = String> {
    prop_oneof![
        6 => strings(),
        1 => prop::sample::select(&["0.10", "1e400", "-0", "12345678901234567890123", "4111111111111111", "null", "true"][..])
            .prop_map(str::to_owned),
        1 => prop::sample::select(&["\"-u\"", "\"--password\"", "\"-----BEGIN RSA PRIVATE KEY-----\"", "\"bob:hunter2\""][..])
            .prop_map(str::to_owned),
    ]
}

fn documents() -> impl Strategy<Value = String> {
    scalars().prop_recursive(5, 40, 6, |inner| {
        let blank = prop::sample::select(&["", " ", "\n", "\t "][..]);
        prop_oneof![
            (prop::collection::vec(inner.clone(), 0..6), blank.clone())
                .prop_map(|(items, blank)| format!("[{blank}{}{blank}]", items.join(&format!("{blank},")))),
            (prop::collection::vec((strings(), inner), 0..6), blank).prop_map(|(members, blank)| {
                let members: Vec<_> =
                    members.iter().map(|(key, value)| format!("{key}{blank}:{blank}{value}")).collect();
                format!("{{{blank}{}{blank}}}", members.join(&format!(",{blank}")))
            }),
        ]
    })
}

/// Whether `after` is `before` with stretches replaced by the placeholder, and nothing else.
fn only_replaced(before: &str, after: &str) -> bool {
    let mut rest = before;
    let mut pieces = after.split(PLACEHOLDER);
    let first = pieces.next().unwrap_or_default();
    let Some(stripped) = rest.strip_prefix(first.strip_suffix('"').unwrap_or(first)) else { return false };
    rest = stripped;
    for piece in pieces {
        // A whole value that was replaced took its own quotation marks or none along.
        let inner = piece.strip_prefix('"').unwrap_or(piece);
        let inner = inner.strip_suffix('"').unwrap_or(inner);
        match rest.find(inner) {
            Some(at) => rest = &rest[at + inner.len()..],
            None => return false,
        }
    }
    true
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, ..ProptestConfig::default() })]

    #[test]
    fn what_the_quick_look_passes_holds_nothing(json in documents()) {
        if !anchors::may_hold_secret(json.as_bytes()) {
            let mut found = Vec::new();
            let redacted = scan::redact(json.as_bytes(), "input", &mut found).map(String::from_utf8);
            prop_assert!(redacted.is_none(), "{json}\nwould become\n{redacted:?}");
        }
    }

    #[test]
    fn redacted_text_is_json_and_stays(json in documents()) {
        let mut found = Vec::new();
        let Some(after) = part(&json, "input", &mut found) else {
            prop_assert!(found.is_empty());
            return Ok(());
        };
        prop_assert!(!found.is_empty());
        prop_assert!(
            serde_json::from_str::<Box<serde_json::value::RawValue>>(&after).is_ok(), "{json}\nbecame\n{after}"
        );
        prop_assert!(only_replaced(&json, &after), "{json}\nbecame\n{after}");
        let again = part(&after, "input", &mut Vec::new());
        prop_assert!(again.is_none(), "{json}\nbecame\n{after}\nand then\n{again:?}");
    }

    #[test]
    fn spans_lie_within_the_text_and_between_characters(text in texts()) {
        let mut end = 0;
        for span in text::find_secrets(text.as_bytes()) {
            prop_assert!(span.start >= end && span.start < span.end && span.end <= text.len());
            prop_assert!(text.is_char_boundary(span.start) && text.is_char_boundary(span.end));
            end = span.end;
        }
    }

    #[test]
    fn garbage_does_no_harm(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        for span in text::find_secrets(&bytes) {
            prop_assert!(span.start < span.end && span.end <= bytes.len());
        }
        anchors::may_hold_secret(&bytes);
    }
}
