//! What git keeps as bytes, as JSON.

use std::fmt::Write as _;

use aws_lc_rs::digest;
use serde::{Serialize, Serializer};

use super::engine::commit::Person;
use super::engine::id::Id;
use crate::TreePath;

/// Text whose encoding nobody vouches for.
///
/// UTF-8 is a string; Latin-1 that says so is turned into one; all else is `{"b64": …}`. What is
/// longer than a record should hold is cut, and says how long it was and what it hashed to.
pub(super) struct Text<'a> {
    bytes: &'a [u8],
    encoding: Option<&'a [u8]>,
    limit: usize,
}

impl<'a> Text<'a> {
    pub(super) fn new(bytes: &'a [u8], encoding: Option<&'a [u8]>, limit: usize) -> Self {
        Self { bytes, encoding, limit }
    }

    /// For people, with `\xNN` for what is no text, and no longer than `limit` bytes.
    pub(super) fn shown(&self) -> String {
        let bytes = cut(self.bytes, self.limit);
        match latin1(bytes, self.encoding) {
            Some(text) => text,
            None => TreePath::new(bytes).to_string(),
        }
    }
}

#[derive(Serialize)]
struct Long<'a> {
    head: Value<'a>,
    bytes: usize,
    sha256: String,
}

struct Value<'a>(&'a [u8], Option<&'a [u8]>);

impl Serialize for Value<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match (std::str::from_utf8(self.0), latin1(self.0, self.1)) {
            (_, Some(text)) => serializer.serialize_str(&text),
            (Ok(text), None) => serializer.serialize_str(text),
            (Err(_), None) => TreePath::new(self.0).serialize(serializer),
        }
    }
}

impl Serialize for Text<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.bytes.len() <= self.limit {
            return Value(self.bytes, self.encoding).serialize(serializer);
        }
        let digest = digest::digest(&digest::SHA256, self.bytes);
        let sha256 = Id::from_bytes(digest.as_ref()).expect("a digest has 32 bytes").to_string();
        let head = Value(cut(self.bytes, self.limit / 4), self.encoding);
        Long { head, bytes: self.bytes.len(), sha256 }.serialize(serializer)
    }
}

/// The first bytes, and no half character at the end where it can be helped.
fn cut(bytes: &[u8], limit: usize) -> &[u8] {
    if bytes.len() <= limit {
        return bytes;
    }
    let boundary = (limit.saturating_sub(3)..=limit).rev().find(|&at| bytes[at] & 0xc0 != 0x80);
    &bytes[..boundary.unwrap_or(limit)]
}

/// The text, if it claims to be Latin-1 and is not plain ASCII.
fn latin1(bytes: &[u8], encoding: Option<&[u8]>) -> Option<String> {
    let names: [&[u8]; 4] = [b"iso-8859-1", b"iso8859-1", b"latin1", b"latin-1"];
    let claims = encoding.is_some_and(|encoding| names.iter().any(|name| encoding.eq_ignore_ascii_case(name)));
    (claims && !bytes.is_ascii()).then(|| bytes.iter().copied().map(char::from).collect())
}

/// A person in a record: `{name, email, time}`.
#[derive(Serialize)]
pub(super) struct Who<'a> {
    name: Text<'a>,
    email: Text<'a>,
    time: String,
}

/// Names and addresses are not longer than this, except to mislead.
const NAME_LIMIT: usize = 1_000;

impl<'a> Who<'a> {
    pub(super) fn new(person: &'a Person, encoding: Option<&'a [u8]>) -> Self {
        Self {
            name: Text::new(&person.name, encoding, NAME_LIMIT),
            email: Text::new(&person.email, encoding, NAME_LIMIT),
            time: time(person.seconds, person.offset_minutes),
        }
    }

    /// Who acts, in a record's own words: by address, else by name.
    pub(super) fn actor(&self) -> sealbook_record::Actor {
        let (name, email) = (self.name.shown(), self.email.shown());
        let id = [&email, &name].into_iter().find(|text| !text.trim().is_empty());
        let Some(id) = id else {
            return sealbook_record::Actor::unknown();
        };
        let mut actor = sealbook_record::Actor::new(sealbook_record::ActorKind::User, id);
        actor.name = (!name.trim().is_empty()).then(|| name.clone());
        // Git asks nobody to prove who they are.
        let mut claimed = format!("{name} <{email}>");
        claimed.truncate(claimed.floor_char_boundary(NAME_LIMIT));
        actor.claimed = Some(claimed);
        actor
    }
}

/// RFC 3339 in the writer's own offset; the bare seconds where no calendar has such a day.
fn time(seconds: i64, offset_minutes: i32) -> String {
    let offset = jiff::tz::Offset::from_seconds(offset_minutes.saturating_mul(60)).unwrap_or(jiff::tz::Offset::UTC);
    let Ok(at) = jiff::Timestamp::from_second(seconds) else {
        return format!("@{seconds}");
    };
    let local = offset.to_datetime(at);
    let (sign, minutes) = if offset_minutes < 0 { ('-', -offset_minutes) } else { ('+', offset_minutes) };
    let mut text = String::with_capacity(25);
    write!(
        text,
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}{sign}{:02}:{:02}",
        local.year(),
        local.month(),
        local.day(),
        local.hour(),
        local.minute(),
        local.second(),
        minutes / 60,
        minutes % 60
    )
    .expect("writing to a string succeeds");
    text
}

/// Seconds since the epoch as a record's time, if any record may bear it.
pub(super) fn timestamp(seconds: i64) -> Option<sealbook_record::Timestamp> {
    use sealbook_record::Timestamp;
    let micros = seconds.checked_mul(1_000_000)?;
    (Timestamp::MIN.as_micros()..=Timestamp::MAX.as_micros()).contains(&micros).then(|| Timestamp::from_micros(micros))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_keep_the_offset_they_were_written_with() {
        assert_eq!(time(0, 0), "1970-01-01T00:00:00+00:00");
        assert_eq!(time(1_700_000_000, -210), "2023-11-14T18:43:20-03:30");
        assert_eq!(time(i64::MAX, 0), format!("@{}", i64::MAX));
    }

    #[test]
    fn text_is_a_string_where_it_can_be_and_says_when_it_was_cut() {
        let json = |text: Text<'_>| serde_json::to_string(&text).expect("text is JSON");
        assert_eq!(json(Text::new("é".as_bytes(), None, 10)), "\"é\"");
        assert_eq!(json(Text::new(b"\xe9", Some(b"ISO-8859-1"), 10)), "\"é\"");
        assert_eq!(json(Text::new(b"\xe9", None, 10)), "{\"b64\":\"6Q==\"}");
        let long = json(Text::new(&[b'a'; 40], None, 20));
        assert!(long.starts_with("{\"head\":\"aaaaa\",\"bytes\":40,\"sha256\":\""), "{long}");
    }
}
