//! What a line says, as far as the gateway must know: id, method, and where params, result and error lie.
//!
//! Source of the form: JSON-RPC 2.0, and the MCP specification's pages on messages and on stdio.

use std::borrow::Cow;

use super::scan::{Scan, unquoted};

/// Messages of one batch.
const BATCH_MAX: usize = 1_000;

/// Why a line is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bad {
    /// Not UTF-8.
    NotUtf8,
    /// Not one JSON value.
    Syntax,
    /// Nested too deep.
    TooDeep,
    /// A key twice in one object, exactly or but for case: two readers may see two messages.
    Duplicate,
    /// A key that some readers take for another one (`Method`).
    Lookalike,
    /// A carriage return between values, which some readers take for the end of the line.
    LineBreak,
    /// JSON, and no message.
    NoMessage,
    /// Too many messages in one batch.
    TooMany,
    /// Longer than what is judged.
    TooLong,
    /// A call while too many others have no reply yet.
    TooManyOpen,
    /// HTTP headers that name another method, name or revision than the body.
    Headers,
    /// Compressed: what it says is not looked at.
    Encoded,
    /// In another charset than UTF-8, or in two: readers decode it in different ways.
    Charset,
    /// The id of a request that has no reply yet: nobody could tell which one a reply answers.
    IdOpen,
}

impl Bad {
    /// The word for it in records and answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotUtf8 => "not UTF-8",
            Self::Syntax => "not one JSON value",
            Self::TooDeep => "nested too deep",
            Self::Duplicate => "a key is given twice in one object, or twice but for case",
            Self::Lookalike => "a key that looks like another one",
            Self::LineBreak => "a carriage return within the line",
            Self::NoMessage => "no JSON-RPC message",
            Self::TooMany => "too many messages in one batch",
            Self::TooLong => "longer than what can be judged",
            Self::TooManyOpen => "too many calls without a reply",
            Self::Headers => "header and body disagree",
            Self::Encoded => "compressed",
            Self::Charset => "in another charset than UTF-8",
            Self::IdOpen => "the id of a request that has no reply yet",
        }
    }
}

/// What a line holds.
#[derive(Debug, PartialEq)]
pub enum Peek<'a> {
    /// White space.
    Blank,
    /// One message.
    One(Message<'a>),
    /// A list of messages (revision 2025-03-26).
    Batch(Vec<Message<'a>>),
}

/// The parts of one message, as they stand.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Message<'a> {
    /// The id's token.
    pub id: Option<&'a str>,
    /// The method.
    pub method: Option<Cow<'a, str>>,
    /// Parameters.
    pub params: Option<&'a str>,
    /// The result of a reply.
    pub result: Option<&'a str>,
    /// The error of a reply.
    pub error: Option<&'a str>,
    /// Names, as they fold, of members within its parameters that are there twice but for case, where that is
    /// looked for.
    pub twins: Vec<String>,
}

impl Message<'_> {
    /// Whether it answers another message.
    pub fn is_reply(&self) -> bool {
        self.method.is_none() && (self.result.is_some() || self.error.is_some())
    }
}

impl<'a> Peek<'a> {
    /// The messages in it.
    pub(crate) fn messages(&self) -> &[Message<'a>] {
        match self {
            Self::Blank => &[],
            Self::One(message) => std::slice::from_ref(message),
            Self::Batch(messages) => messages,
        }
    }

    /// The same, for keeps.
    pub(crate) fn into_messages(self) -> Vec<Message<'a>> {
        match self {
            Self::Blank => Vec::new(),
            Self::One(message) => vec![message],
            Self::Batch(messages) => messages,
        }
    }
}

/// Peeks at a line without its line break. `strict` refuses whatever two readers could read differently;
/// otherwise the last of two keys counts.
pub fn peek(line: &[u8], strict: bool) -> Result<Peek<'_>, Bad> {
    let peeked = peek_body(line, strict)?;
    // Within strings it would have been a syntax error; at the end it belongs to the line break.
    if strict && line.strip_suffix(b"\r").unwrap_or(line).contains(&b'\r') {
        return Err(Bad::LineBreak);
    }
    Ok(peeked)
}

/// As [`peek`], for what does not end with its line.
pub(crate) fn peek_body(line: &[u8], strict: bool) -> Result<Peek<'_>, Bad> {
    let text = without_mark(std::str::from_utf8(line).map_err(|_| Bad::NotUtf8)?);
    let mut scan = Scan::new(text, strict);
    let peeked = match scan.peek() {
        None => return Ok(Peek::Blank),
        Some(b'[') => {
            let raws = batch(&mut scan)?;
            scan.end()?;
            // Their keys are compared as part of the whole; here it is their names that count.
            let messages = raws.into_iter().map(|raw| message(&mut Scan::new(raw, strict), strict));
            Peek::Batch(messages.collect::<Result<_, _>>()?)
        }
        Some(b'{') => Peek::One(message(&mut scan, strict)?),
        Some(_) => {
            scan.value()?;
            scan.end()?;
            return Err(Bad::NoMessage);
        }
    };
    scan.end()?;
    Ok(peeked)
}

/// As [`peek`], for what a server says. `strict` refuses what a client could take for another message: twice the same
/// key in a message itself, whatever is unclear in a request, and, of a line, what could be taken for two.
pub(crate) fn peek_server(text: &[u8], strict: bool, is_line: bool) -> Result<Peek<'_>, Bad> {
    if !strict {
        return peek_body(text, false);
    }
    if is_line && text.strip_suffix(b"\r").unwrap_or(text).contains(&b'\r') {
        return Err(Bad::LineBreak);
    }
    let text = without_mark(std::str::from_utf8(text).map_err(|_| Bad::NotUtf8)?);
    let mut scan = Scan::shallow(text);
    let peeked = match scan.peek() {
        None => return Ok(Peek::Blank),
        Some(b'[') => {
            let raws = batch(&mut scan)?;
            let messages = raws.into_iter().map(|raw| message(&mut Scan::shallow(raw), true));
            Peek::Batch(messages.collect::<Result<_, _>>()?)
        }
        Some(b'{') => Peek::One(message(&mut scan, true)?),
        Some(_) => {
            scan.value()?;
            return Err(Bad::NoMessage);
        }
    };
    scan.end()?;
    for message in peeked.messages().iter().filter(|message| message.method.is_some()) {
        if let Some(params) = message.params {
            let mut scan = Scan::new(params, true);
            scan.value()?;
            if !scan.twins().is_empty() {
                return Err(Bad::Duplicate);
            }
        }
    }
    Ok(peeked)
}

/// The text without the byte order mark that it may begin with: who takes it at all reads the same without it.
fn without_mark(text: &str) -> &str {
    text.strip_prefix('\u{feff}').unwrap_or(text)
}

fn batch<'a>(scan: &mut Scan<'a>) -> Result<Vec<&'a str>, Bad> {
    scan.take(b'[');
    let mut raws = Vec::new();
    if scan.take(b']') {
        return Ok(raws);
    }
    loop {
        let raw = scan.value()?;
        if raws.len() == BATCH_MAX {
            return Err(Bad::TooMany);
        }
        raws.push(raw);
        if scan.take(b']') {
            return Ok(raws);
        }
        if !scan.take(b',') {
            return Err(Bad::Syntax);
        }
    }
}

fn message<'a>(scan: &mut Scan<'a>, strict: bool) -> Result<Message<'a>, Bad> {
    let mut found = Message::default();
    each_field(scan, strict, &["jsonrpc", "id", "method", "params", "result", "error"], &mut |key, value| {
        match key {
            "id" => found.id = Some(value),
            "method" if value.starts_with('"') => found.method = Some(unquoted(value)),
            // Whatever it calls is not to be guessed.
            "method" if strict => return Err(Bad::NoMessage),
            "params" => found.params = Some(value),
            "result" => found.result = Some(value),
            "error" => found.error = Some(value),
            _ => {}
        }
        Ok(())
    })?;
    found.twins = scan.twins();
    let is_message = found.method.is_some() || found.result.is_some() || found.error.is_some();
    if strict && !is_message { Err(Bad::NoMessage) } else { Ok(found) }
}

/// The named fields of an object, as they stand; `None` where one is missing or it is no object.
pub(crate) fn fields<'a, const N: usize>(object: &'a str, names: [&'static str; N]) -> [Option<&'a str>; N] {
    let mut found = [None; N];
    let _ = each_field(&mut Scan::new(object, false), false, &[], &mut |key, value| {
        if let Some(at) = names.iter().position(|name| *name == key) {
            found[at] = Some(value);
        }
        Ok(())
    });
    found
}

/// The same, and all other fields with their names.
pub(crate) fn split<'a, const N: usize>(
    object: &'a str,
    names: [&'static str; N],
) -> ([Option<&'a str>; N], Vec<(String, &'a str)>) {
    let (mut found, mut others) = ([None; N], Vec::new());
    let _ = each_field(&mut Scan::new(object, false), false, &[], &mut |key, value| {
        match names.iter().position(|name| *name == key) {
            Some(at) => found[at] = Some(value),
            None => others.push((key.to_owned(), value)),
        }
        Ok(())
    });
    (found, others)
}

/// Whether an object has keys that look like one of `known` and are not.
pub(crate) fn has_lookalikes(object: &str, known: &[&str]) -> bool {
    each_field(&mut Scan::shallow(object), true, known, &mut |_, _| Ok(())) == Err(Bad::Lookalike)
}

/// Names, as they fold, of members at any depth of an object that are there twice but for case.
pub(crate) fn twins_in(object: &str) -> Vec<String> {
    // Within a list its own members are no protocol's.
    let listed = format!("[{object}]");
    let mut scan = Scan::new(&listed, true);
    if scan.value().is_err() { Vec::new() } else { scan.twins() }
}

/// The elements of a list, as they stand; empty where it is none.
pub(crate) fn elements(list: &str) -> Vec<&str> {
    let mut scan = Scan::new(list, false);
    let mut found = Vec::new();
    if !scan.take(b'[') || scan.take(b']') {
        return found;
    }
    while let Ok(value) = scan.value() {
        found.push(value);
        if !scan.take(b',') {
            break;
        }
    }
    found
}

/// The text that a token is, where it is a string.
pub(crate) fn text(token: &str) -> Option<Cow<'_, str>> {
    token.starts_with('"').then(|| unquoted(token))
}

fn each_field<'a>(
    scan: &mut Scan<'a>,
    strict: bool,
    known: &[&str],
    each: &mut dyn FnMut(&str, &'a str) -> Result<(), Bad>,
) -> Result<(), Bad> {
    if !scan.take(b'{') {
        return Err(Bad::NoMessage);
    }
    if scan.take(b'}') {
        return Ok(());
    }
    loop {
        let key = scan.key()?;
        scan.note(key.clone())?;
        if strict && known.iter().any(|known| *known != key && folds_to(&key, known)) {
            return Err(Bad::Lookalike);
        }
        if !scan.take(b':') {
            return Err(Bad::Syntax);
        }
        each(&key, scan.value()?)?;
        if scan.take(b'}') {
            return Ok(());
        }
        if !scan.take(b',') {
            return Err(Bad::Syntax);
        }
    }
}

/// Whether a reader that ignores case takes one for the other; the long s and the Kelvin sign fold into ASCII.
fn folds_to(key: &str, known: &str) -> bool {
    let folded = key.chars().map(|c| match c {
        'ſ' => 's',
        '\u{212a}' => 'k',
        other => other.to_ascii_lowercase(),
    });
    folded.eq(known.chars())
}

/// Ids are compared by what they mean: `1`, `1.0` and `1e0` are one, `1` and `"1"` are not.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Id {
    Text(String),
    Number(i128),
    /// Null, and numbers that are not whole.
    Other(String),
}

impl Id {
    pub(crate) fn of(token: &str) -> Self {
        if let Some(text) = text(token) {
            return Self::Text(text.into_owned());
        }
        if let Ok(number) = token.parse() {
            return Self::Number(number);
        }
        match token.parse::<f64>() {
            Ok(float) if float.fract() == 0.0 && float.abs() < 9e15 => Self::Number(float as i128),
            _ => Self::Other(token.to_owned()),
        }
    }
}
