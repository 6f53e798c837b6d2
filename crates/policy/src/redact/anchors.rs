//! One automaton over everything a secret can begin with or be called. It only says where to look.

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};

use super::assign;
use super::shapes::SHAPES;
use super::special::SPECIALS;

/// What stands at a match.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Anchor {
    /// A prefix: index into [`SHAPES`].
    Shape(usize),
    /// A mark with its own reader: index into [`SPECIALS`].
    Special(usize),
    /// Part of a name of a secret.
    Word,
    /// What only a reader of the JSON can judge: an escape that hides any character, a flag in a list.
    Look,
}

/// What every name of a secret contains one of.
const NAME_PARTS: &[&str] = &[
    "pass", "pwd", "secret", "credential", "creds", "token", "key", "auth", "cookie", "jwt", "bearer", "otp", "cvv",
    "cvc", "mnemonic", "encrypted", "recovery", "backup", "seed", "pincode", "pin_code", "pin-code", "pin code",
    "card_pin", "card-pin", "cardpin", "user_pin", "userpin", "security_code", "securitycode", "security-code",
    "security code", "sessid", "kennwort", "contrase", "senha",
];

struct Automaton {
    search: AhoCorasick,
    anchors: Vec<Anchor>,
}

static AUTOMATON: LazyLock<Automaton> = LazyLock::new(|| {
    let mut patterns: Vec<String> = Vec::new();
    let mut anchors = Vec::new();
    let mut add = |pattern: String, anchor| {
        patterns.push(pattern);
        anchors.push(anchor);
    };
    for (index, shape) in SHAPES.iter().enumerate() {
        if shape.prefix.len() > 2 {
            add(shape.prefix.to_owned(), Anchor::Shape(index));
            continue;
        }
        // Two letters alone stand in every other word; with the digit that follows they are rare.
        for digit in "0123456789abcdef".chars() {
            add(format!("{}{digit}", shape.prefix), Anchor::Shape(index));
        }
    }
    for (index, special) in SPECIALS.iter().enumerate() {
        add(special.mark.to_owned(), Anchor::Special(index));
    }
    for part in NAME_PARTS {
        add((*part).to_owned(), Anchor::Word);
    }
    for look in ["\\u", "\\/", "\"-u\"", "-user\"", "\"b64\""] {
        add(look.to_owned(), Anchor::Look);
    }
    let search = AhoCorasick::builder()
        .ascii_case_insensitive(true)
        .match_kind(MatchKind::Standard)
        .kind(Some(AhoCorasickKind::DFA))
        .build(&patterns)
        .expect("the patterns are few and short");
    Automaton { search, anchors }
});

/// Every place at which a secret could begin or be called: anchor, start, end.
pub(crate) fn matches(text: &[u8]) -> impl Iterator<Item = (Anchor, usize, usize)> + '_ {
    let Automaton { search, anchors } = &*AUTOMATON;
    search.find_overlapping_iter(text).map(|found| (anchors[found.pattern().as_usize()], found.start(), found.end()))
}

/// Whether a JSON text could hold a secret. False only where it surely holds none; makes nothing, copies nothing.
///
/// It reads the text as it stands. That suffices, because strings with escapes that could hide a letter are
/// always looked into, and the other escapes stand for characters that no secret and no name contains.
pub(crate) fn may_hold_secret(json: &[u8]) -> bool {
    matches(json).any(|(anchor, start, end)| match anchor {
        Anchor::Look => true,
        Anchor::Shape(index) => SHAPES[index].check(json, start, start + SHAPES[index].prefix.len()).is_some(),
        Anchor::Special(index) => (SPECIALS[index].plausible)(json, start, end),
        Anchor::Word => assign::may_name_secret(json, start, end),
    }) || super::cards::may_hold_card(json)
}

/// Whether a name contains any part that names of secrets have.
pub(crate) fn may_be_name(name: &[u8]) -> bool {
    matches(name).any(|(anchor, ..)| anchor == Anchor::Word)
}
