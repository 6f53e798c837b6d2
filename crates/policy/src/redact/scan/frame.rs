//! Where in a JSON text the scan is, and what the neighbours of a value have said.

use crate::redact::span::PLACEHOLDER;
use crate::redact::text::find_secrets;
use crate::redact::unescape::Decoded;
use crate::redact::words::Sensitivity;

/// What a member's name says about its sibling.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// `name`, `key`, `header`: its text names what the sibling holds.
    Name,
    /// `value`, `content`, `default`: holds what the sibling names.
    Value,
    /// Neither.
    None,
}

impl Role {
    pub(super) fn of(key: &[u8]) -> Self {
        const NAMES: [&str; 9] = ["name", "key", "header", "field", "variable", "param", "parameter", "env", "k"];
        const VALUES: [&str; 7] = ["value", "val", "content", "data", "default", "v", "secretvalue"];
        let is = |list: &[&str]| list.iter().any(|word| word.as_bytes().eq_ignore_ascii_case(key));
        if is(&NAMES) {
            Self::Name
        } else if is(&VALUES) {
            Self::Value
        } else {
            Self::None
        }
    }
}

/// One open list or map.
#[derive(Debug)]
pub(super) struct Frame {
    pub(super) map: bool,
    /// In a map: whether the next string is a name.
    key_next: bool,
    /// In a list: the place of the current value.
    pub(super) index: usize,
    /// In a map: the raw name between its quotation marks.
    pub(super) key: (usize, usize),
    sensitivity: Option<Sensitivity>,
    role: Role,
    value_start: usize,
    /// In a map: a sibling's text is the name of a secret.
    pub(super) names_secret: bool,
    /// In a map: the value that a sibling may name.
    nameable: Option<(usize, usize)>,
    /// In a list: what the text before says of the next one.
    pub(super) before: Before,
    /// In a list of arguments: the flag after which the command takes a password, and whether they may be apart.
    pub(super) flag: Option<(&'static [u8], bool)>,
}

/// What the text before in a list says of the next one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Before {
    Nothing,
    /// `--password`, or the name in a pair.
    Name,
    /// `-u`, `--user`: a name and a password with a colon between them.
    Login,
    /// A private key in lines has begun.
    PrivateKey,
}

impl Frame {
    pub(super) fn new(map: bool) -> Self {
        Self {
            map,
            key_next: map,
            index: 0,
            key: (0, 0),
            sensitivity: None,
            role: Role::None,
            value_start: 0,
            names_secret: false,
            nameable: None,
            before: Before::Nothing,
            flag: None,
        }
    }

    pub(super) fn awaits_key(&self) -> bool {
        self.map && self.key_next
    }

    pub(super) fn key(&mut self, start: usize, end: usize, sensitivity: Option<Sensitivity>, role: Role) {
        self.key = (start, end);
        self.sensitivity = sensitivity;
        self.role = role;
    }

    pub(super) fn value_follows(&mut self) {
        self.key_next = false;
    }

    pub(super) fn value_begins(&mut self, at: usize) {
        self.value_start = at;
    }

    pub(super) fn sensitivity(&self) -> Option<Sensitivity> {
        if self.map { self.sensitivity } else { None }
    }

    /// After a comma.
    pub(super) fn next(&mut self) {
        self.key_next = self.map;
        self.index += 1;
    }

    pub(super) fn key_is(&self, json: &[u8], key: &[u8]) -> bool {
        self.map && &json[self.key.0..self.key.1] == key
    }

    pub(super) fn is_name_member(&self) -> bool {
        self.map && self.role == Role::Name
    }

    /// Called when a value ends: the value to take because its sibling names a secret, whichever came first.
    pub(super) fn named_value(&mut self, end: usize) -> Option<(usize, usize)> {
        if !self.map {
            return None;
        }
        if self.role == Role::Value {
            self.nameable = Some((self.value_start, end));
        }
        if self.names_secret { self.nameable.take() } else { None }
    }
}

const PATH_MOST: usize = 1_024;
/// A longer name is shown as `…`.
const NAME_MOST: usize = 256;

/// `input/headers/authorization`: the part and a JSON pointer (RFC 6901). A name that holds a secret is
/// shown redacted, a path beyond measure is cut.
pub(super) fn path(json: &[u8], part: &str, frames: &[Frame]) -> String {
    let mut path = part.to_owned();
    for frame in frames {
        path.push('/');
        if frame.map {
            match &json[frame.key.0..frame.key.1] {
                key if key.len() > NAME_MOST => path.push('…'),
                key => push_segment(&mut path, &without_secrets(&Decoded::new(key).text)),
            }
        } else {
            path.push_str(&frame.index.to_string());
        }
        if path.len() > PATH_MOST {
            let cut = (0..=PATH_MOST).rev().find(|at| path.is_char_boundary(*at)).unwrap_or(0);
            path.truncate(cut);
            path.push('…');
            break;
        }
    }
    path
}

fn without_secrets(key: &[u8]) -> Vec<u8> {
    let mut kept = 0;
    let mut out = Vec::with_capacity(key.len());
    for span in find_secrets(key) {
        out.extend_from_slice(&key[kept..span.start]);
        out.extend_from_slice(PLACEHOLDER.as_bytes());
        kept = span.end;
    }
    out.extend_from_slice(&key[kept..]);
    out
}

fn push_segment(path: &mut String, segment: &[u8]) {
    for character in String::from_utf8_lossy(segment).chars() {
        match character {
            '~' => path.push_str("~0"),
            '/' => path.push_str("~1"),
            other => path.push(other),
        }
    }
}
