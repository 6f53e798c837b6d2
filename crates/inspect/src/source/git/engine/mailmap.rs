//! `.mailmap`: which names and addresses are one person's (gitmailmap(5)).

use std::collections::HashMap;

/// Lines that are read; a longer file exists to mislead.
const LINES_MOST: usize = 100_000;

/// Who somebody is, by the name and address that commits bear.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Mailmap {
    /// By address in small letters; then by name in small letters, empty for any.
    people: HashMap<Vec<u8>, HashMap<Vec<u8>, Proper>>,
}

/// What stands for what a commit says; nothing where that stays.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
struct Proper {
    name: Option<Vec<u8>>,
    email: Option<Vec<u8>>,
}

impl Mailmap {
    pub(crate) fn parse(text: &[u8]) -> Self {
        let mut map = Self::default();
        for line in text.split(|byte| *byte == b'\n').take(LINES_MOST) {
            let line = line.trim_ascii();
            if line.first().is_none_or(|first| *first == b'#') {
                continue;
            }
            let Some((name, email, rest)) = person(line) else { continue };
            let (proper, commit_name, commit_email) = match person(rest) {
                Some((commit_name, commit_email, _)) => {
                    (Proper { name: name.map(<[u8]>::to_vec), email: Some(email.to_vec()) }, commit_name, commit_email)
                }
                None => (Proper { name: name.map(<[u8]>::to_vec), email: None }, None, email),
            };
            let of_address = map.people.entry(commit_email.to_ascii_lowercase()).or_default();
            let known = of_address.entry(commit_name.unwrap_or_default().to_ascii_lowercase()).or_default();
            // A later line adds to an earlier one.
            known.name = proper.name.or(known.name.take());
            known.email = proper.email.or(known.email.take());
        }
        map
    }

    pub(crate) fn len(&self) -> usize {
        self.people.values().map(HashMap::len).sum()
    }

    /// The proper name and address of somebody.
    pub(crate) fn resolve<'a>(&'a self, name: &'a [u8], email: &'a [u8]) -> (&'a [u8], &'a [u8]) {
        let Some(of_address) = self.people.get(&email.to_ascii_lowercase()) else { return (name, email) };
        let Some(proper) = of_address.get(&name.to_ascii_lowercase()).or_else(|| of_address.get(&b""[..])) else {
            return (name, email);
        };
        (proper.name.as_deref().unwrap_or(name), proper.email.as_deref().unwrap_or(email))
    }
}

type Person<'a> = (Option<&'a [u8]>, &'a [u8], &'a [u8]);

/// A name, if there is one, an address and what stands behind it.
fn person(text: &[u8]) -> Option<Person<'_>> {
    let open = memchr::memchr(b'<', text)?;
    let close = open + memchr::memchr(b'>', &text[open..])?;
    let name = text[..open].trim_ascii();
    Some(((!name.is_empty()).then_some(name), text[open + 1..close].trim_ascii(), &text[close + 1..]))
}
