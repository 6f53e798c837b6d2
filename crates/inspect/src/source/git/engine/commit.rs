//! Commits and annotated tags: what is written in them.

use super::id::Id;
use super::objects::Damage;

/// A commit, as written. Text is bytes: git promises no encoding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Commit {
    pub(crate) tree: Id,
    pub(crate) parents: Vec<Id>,
    pub(crate) author: Person,
    pub(crate) committer: Person,
    /// The `encoding` header: what the message and names claim to be written in.
    pub(crate) encoding: Option<Vec<u8>>,
    pub(crate) signature: Option<SignatureKind>,
    pub(crate) message: Vec<u8>,
}

/// An annotated tag, as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tag {
    pub(crate) target: Id,
    pub(crate) target_kind: Vec<u8>,
    pub(crate) tagger: Option<Person>,
    pub(crate) signature: Option<SignatureKind>,
    pub(crate) message: Vec<u8>,
}

/// Who, and when.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Person {
    pub(crate) name: Vec<u8>,
    pub(crate) email: Vec<u8>,
    /// Seconds since the epoch; 0 if what is written is no number.
    pub(crate) seconds: i64,
    /// Minutes east of Greenwich.
    pub(crate) offset_minutes: i32,
}

/// What a signature was made with. Whether it is good is not asked here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum SignatureKind {
    Gpg,
    Ssh,
    X509,
    Unknown,
}

impl Commit {
    /// Parses the content of a commit object.
    pub(crate) fn parse(data: &[u8]) -> Result<Self, Damage> {
        let mut headers = Headers { rest: data };
        let corrupt = |what: &str| Damage::Corrupt(format!("the commit has no {what}"));
        let mut tree = None;
        let mut parents = Vec::new();
        let (mut author, mut committer, mut encoding, mut signature) = (None, None, None, None);
        for (name, value) in headers.by_ref() {
            match name {
                b"tree" if tree.is_none() => tree = Id::from_hex(value),
                // Git reads parents up to the author and none behind.
                b"parent" if author.is_none() => {
                    parents.push(Id::from_hex(value).ok_or_else(|| corrupt("readable parent"))?);
                }
                b"author" if author.is_none() => author = Some(Person::parse(value)),
                b"committer" if committer.is_none() => committer = Some(Person::parse(value)),
                b"encoding" => encoding = Some(value.to_vec()),
                b"gpgsig" | b"gpgsig-sha256" if signature.is_none() => signature = Some(SignatureKind::of(value)),
                _ => {}
            }
        }
        Ok(Self {
            tree: tree.ok_or_else(|| corrupt("tree"))?,
            parents,
            author: author.ok_or_else(|| corrupt("author"))?,
            committer: committer.ok_or_else(|| corrupt("committer"))?,
            encoding,
            signature,
            message: headers.rest.to_vec(),
        })
    }

    /// The message's first paragraph on one line, as `git log --format=%s`, and what follows it.
    pub(crate) fn subject_and_body(&self) -> (Vec<u8>, &[u8]) {
        let text = skip_blank_lines(&self.message);
        let end = paragraph_end(text);
        let mut subject = Vec::with_capacity(end);
        for line in text[..end].split(|&byte| byte == b'\n') {
            if !subject.is_empty() {
                subject.push(b' ');
            }
            subject.extend_from_slice(line.trim_ascii_end());
        }
        (subject, skip_blank_lines(&text[end..]))
    }
}

impl Commit {
    /// The message's first line, as `git blame` shows it.
    pub(crate) fn first_line(&self) -> &[u8] {
        let text = skip_blank_lines(&self.message);
        &text[..memchr::memchr(b'\n', text).unwrap_or(text.len())]
    }
}

impl Tag {
    /// Parses the content of a tag object.
    pub(crate) fn parse(data: &[u8]) -> Result<Self, Damage> {
        let mut headers = Headers { rest: data };
        let (mut target, mut target_kind, mut tagger) = (None, Vec::new(), None);
        for (name, value) in headers.by_ref() {
            match name {
                b"object" => target = Id::from_hex(value),
                b"type" => target_kind = value.to_vec(),
                b"tagger" => tagger = Some(Person::parse(value)),
                _ => {}
            }
        }
        let message = headers.rest;
        let begin = SignatureKind::ARMOUR.iter().filter_map(|(armour, kind)| {
            let at = memchr::memmem::find(message, armour)?;
            (at == 0 || message[at - 1] == b'\n').then_some((at, *kind))
        });
        let signature = begin.min_by_key(|(at, _)| *at);
        Ok(Self {
            target: target.ok_or_else(|| Damage::Corrupt("the tag has no object".to_owned()))?,
            target_kind,
            tagger,
            signature: signature.map(|(_, kind)| kind),
            message: message[..signature.map_or(message.len(), |(at, _)| at)].to_vec(),
        })
    }
}

impl Person {
    /// Parses `Name <address> seconds offset`, and makes the best of what is not that.
    fn parse(value: &[u8]) -> Self {
        let close = memchr::memrchr(b'>', value);
        let open = memchr::memchr(b'<', value);
        let (Some(open), Some(close)) = (open, close) else {
            return Self { name: value.trim_ascii().to_vec(), ..Self::default() };
        };
        let email = value.get(open + 1..close).unwrap_or_default();
        let mut times = value[close + 1..].split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
        let number = |word: Option<&[u8]>| std::str::from_utf8(word?).ok()?.parse::<i64>().ok();
        let seconds = number(times.next()).unwrap_or(0);
        let offset = number(times.next()).unwrap_or(0).clamp(-9_999, 9_999) as i32;
        Self {
            name: value[..open].trim_ascii().to_vec(),
            email: email.trim_ascii().to_vec(),
            seconds,
            offset_minutes: offset / 100 * 60 + offset % 100,
        }
    }
}

/// A commit's signature, and what it was made over: the object without its signatures.
pub(crate) fn split_signed(data: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    let (mut signature, mut signed) = (Vec::new(), Vec::with_capacity(data.len()));
    let mut rest = data;
    let mut is_signature = false;
    // Up to the empty line that ends the headers.
    while !rest.is_empty() && rest[0] != b'\n' {
        let end = memchr::memchr(b'\n', rest).map_or(rest.len(), |at| at + 1);
        let (line, tail) = rest.split_at(end);
        rest = tail;
        let begins = [&b"gpgsig "[..], b"gpgsig-sha256 "].into_iter().find_map(|name| line.strip_prefix(name));
        match (begins, line.strip_prefix(b" ")) {
            (Some(first), _) => {
                is_signature = true;
                signature.extend_from_slice(first);
            }
            (None, Some(more)) if is_signature => signature.extend_from_slice(more),
            _ => {
                is_signature = false;
                signed.extend_from_slice(line);
            }
        }
    }
    signed.extend_from_slice(rest);
    (!signature.is_empty()).then_some((signature, signed))
}

/// The same of a tag, whose signature stands behind its message.
pub(crate) fn split_signed_tag(data: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    let begin = SignatureKind::ARMOUR.iter().filter_map(|(armour, _)| {
        let at = memchr::memmem::find(data, armour)?;
        (at == 0 || data[at - 1] == b'\n').then_some(at)
    });
    let at = begin.min()?;
    Some((data[at..].to_vec(), data[..at].to_vec()))
}

impl SignatureKind {
    const ARMOUR: [(&'static [u8], Self); 4] = [
        (b"-----BEGIN PGP SIGNATURE-----", Self::Gpg),
        (b"-----BEGIN PGP MESSAGE-----", Self::Gpg),
        (b"-----BEGIN SSH SIGNATURE-----", Self::Ssh),
        (b"-----BEGIN SIGNED MESSAGE-----", Self::X509),
    ];

    fn of(value: &[u8]) -> Self {
        Self::ARMOUR.iter().find(|(armour, _)| value.starts_with(armour)).map_or(Self::Unknown, |(_, kind)| *kind)
    }
}

/// The headers of a commit or tag, up to the empty line; continuation lines are skipped, because
/// only a signature has them and its first line says enough.
struct Headers<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Headers<'a> {
    type Item = (&'a [u8], &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let end = memchr::memchr(b'\n', self.rest).unwrap_or(self.rest.len());
            let line = &self.rest[..end];
            self.rest = self.rest.get(end + 1..).unwrap_or_default();
            match line.first() {
                None => return None,
                Some(b' ') => {}
                Some(_) => {
                    let space = memchr::memchr(b' ', line).unwrap_or(line.len());
                    return Some((&line[..space], line.get(space + 1..).unwrap_or_default()));
                }
            }
        }
    }
}

fn skip_blank_lines(mut text: &[u8]) -> &[u8] {
    while let Some(end) = memchr::memchr(b'\n', text) {
        if !text[..end].trim_ascii().is_empty() {
            return text;
        }
        text = &text[end + 1..];
    }
    text
}

/// Where the first paragraph ends: before its newline and the blank line that follows.
fn paragraph_end(text: &[u8]) -> usize {
    let mut at = 0;
    loop {
        let line_end = memchr::memchr(b'\n', &text[at..]).map_or(text.len(), |end| at + end);
        if text[at..line_end].trim_ascii().is_empty() {
            return at.saturating_sub(1);
        }
        if line_end == text.len() {
            return line_end;
        }
        at = line_end + 1;
    }
}
