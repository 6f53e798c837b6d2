//! Planted secrets, and what looks like one and must stay.
//!
//! Every secret is put together from pieces when the test runs, so that no scanner of this
//! repository takes one for real. None of them ever was.

mod lookalikes;
mod named;
mod secrets;

pub use lookalikes::{lookalike_texts, lookalikes};
pub use named::named;
pub use secrets::secrets;

/// A part with a secret in it.
#[derive(Debug, Clone)]
pub struct Planted {
    /// Which secret, and where it was put.
    pub what: String,
    /// The JSON text of the part.
    pub json: String,
    /// What must be nowhere in what is kept.
    pub secret: String,
}

/// Every secret in every place, and every named one.
pub fn planted() -> Vec<Planted> {
    let mut all: Vec<Planted> = Vec::new();
    for (kind, secret) in secrets() {
        for (place, json) in placements(&secret) {
            all.push(Planted { what: format!("{kind} {place}"), json, secret: secret.clone() });
        }
    }
    all.extend(named());
    all
}

/// The places a secret is put: as value, nested, in lists of lists, in errors, paths, addresses, as a key, escaped.
fn placements(secret: &str) -> Vec<(&'static str, String)> {
    let text = quoted(secret);
    let inner = &text[1..text.len() - 1];
    vec![
        ("as a value", format!(r#"{{"note": {text}}}"#)),
        ("as the whole part", text.clone()),
        ("nested", format!(r#"{{"a":{{"b":[{{"c":{{"d":{text}}}}}]}},"n":0.10}}"#)),
        ("in lists of lists", format!(r#"[[1,[2,[{text}]]],"x"]"#)),
        ("in an error", format!(r#"{{"error":"request failed: {inner} was refused (401)"}}"#)),
        ("at the end of an error", format!(r#"{{"error":"cannot log in with {inner}"}}"#)),
        ("in a path", format!(r#"{{"file":"/home/u/{inner}"}}"#)),
        ("in a query", format!(r#"{{"url":"https://example.org/a?b=1&x={inner}"}}"#)),
        ("in a command", format!(r#"{{"command":"run --verbose --with {inner} -q"}}"#)),
        ("as a name", format!(r#"{{"seen":{{{text}:1}}}}"#)),
        ("after a line break", format!(r#"{{"log":"first line\n{inner}\nthird"}}"#)),
        ("in JSON within a text", format!(r#"{{"body":{}}}"#, quoted(&format!(r#"{{"x":{text}}}"#)))),
        ("with its first letters escaped", format!(r#"{{"note":{}}}"#, escaped_head(secret))),
        ("wholly escaped", format!(r#"{{"note":{}}}"#, wholly_escaped(secret))),
        ("with escaped slashes", format!(r#"{{"note":{}}}"#, text.replace('/', "\\/"))),
        ("under a name given twice", format!(r#"{{"a":1,"a":{text},"a":2}}"#)),
    ]
}

/// A JSON string.
pub fn quoted(text: &str) -> String {
    serde_json::to_string(text).expect("a text is JSON")
}

/// The same JSON string with its first three letters as `\u` escapes.
pub fn escaped_head(text: &str) -> String {
    let (head, rest) = text.split_at(text.char_indices().nth(3).map_or(text.len(), |(at, _)| at));
    let escaped = wholly_escaped(head);
    format!("{}{}", &escaped[..escaped.len() - 1], &quoted(rest)[1..])
}

/// The same JSON string with every letter as a `\u` escape.
pub fn wholly_escaped(text: &str) -> String {
    let units = text.encode_utf16().fold(String::from("\""), |out, unit| out + &format!("\\u{unit:04X}"));
    units + "\""
}

/// Puts a secret together.
pub(crate) fn join(pieces: &[&str]) -> String {
    pieces.concat()
}
