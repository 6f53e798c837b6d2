//! One automaton over everything a secret can begin with or be called. It only says where to look.

use std::sync::LazyLock;

use aho_corasick::automaton::{Automaton as _, StateID};
use aho_corasick::dfa::DFA;
use aho_corasick::{Anchored, MatchKind};

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
const NAME_PARTS: &str = "pass pwd pw secret credential creds token key auth cookie jwt bearer otp cvv cvc mnemonic \
    encrypted recovery backup seed pincode pin_code pin-code card_pin card-pin cardpin user_pin userpin security_code \
    securitycode security-code sessid kennwort contrase senha mdp wachtwoord losenord lösenord adgangskode salasana heslo \
    haslo hasło sifre şifre jelszo jelszó ароль АРОЛЬ 密码 密碼 パスワード 비밀번호";

struct Automaton {
    dfa: DFA,
    start: StateID,
    anchors: Vec<Anchor>,
    /// Bytes of the longest pattern.
    longest: usize,
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
    for part in NAME_PARTS.split_whitespace().chain(["pin code", "security code"]) {
        add(part.to_owned(), Anchor::Word);
    }
    for look in ["\\u", "\\/", "\"-p", "\"-u\"", "-user\"", "\"b64\""] {
        add(look.to_owned(), Anchor::Look);
    }
    let dfa = DFA::builder()
        .ascii_case_insensitive(true)
        .match_kind(MatchKind::Standard)
        .build(&patterns)
        .expect("the patterns are few and short");
    let start = dfa.start_state(Anchored::No).expect("the automaton is built for searches from anywhere");
    let longest = patterns.iter().map(String::len).max().unwrap_or(0);
    Automaton { dfa, start, anchors, longest }
});

/// Makes the automaton, if nobody has.
pub(super) fn warm_up() {
    LazyLock::force(&AUTOMATON);
}

impl Automaton {
    /// Calls `visit` with each anchor that ends with the byte at `at`; true as soon as `visit` is.
    fn visit_matches(&self, state: StateID, at: usize, visit: &mut impl FnMut(Anchor, usize, usize) -> bool) -> bool {
        self.dfa.is_match(state)
            && (0..self.dfa.match_len(state)).any(|index| {
                let pattern = self.dfa.match_pattern(state, index);
                visit(self.anchors[pattern.as_usize()], at + 1 - self.dfa.pattern_len(pattern), at + 1)
            })
    }

    fn step(&self, state: StateID, byte: u8) -> StateID {
        self.dfa.next_state(Anchored::No, state, byte)
    }
}

/// Calls `visit` with every place at which a secret could begin or be called, in order of their ends, until it
/// returns true; whether it did.
pub(crate) fn visit(text: &[u8], mut visit: impl FnMut(Anchor, usize, usize) -> bool) -> bool {
    let automaton = &*AUTOMATON;
    let mut state = automaton.start;
    text.iter().enumerate().any(|(at, byte)| {
        state = automaton.step(state, *byte);
        automaton.dfa.is_special(state) && automaton.visit_matches(state, at, &mut visit)
    })
}

/// As [`visit`], in no order. A step of the automaton waits for the one before it; four stretches walked at a
/// time make four steps in the time of one.
fn visit_fast(text: &[u8], mut visit: impl FnMut(Anchor, usize, usize) -> bool) -> bool {
    let automaton = &*AUTOMATON;
    let quarter = text.len() / 4;
    if quarter <= automaton.longest {
        return self::visit(text, visit);
    }
    // Each stretch begins early enough to see what lies across its beginning.
    let length = quarter + automaton.longest;
    let starts = [0, quarter - automaton.longest, 2 * quarter - automaton.longest, 3 * quarter - automaton.longest];
    let [one, two, three, four] = starts.map(|start| &text[start..start + length]);
    let mut states = [automaton.start; 4];
    for (at, (((one, two), three), four)) in one.iter().zip(two).zip(three).zip(four).enumerate() {
        let bytes = [*one, *two, *three, *four];
        for lane in 0..4 {
            states[lane] = automaton.step(states[lane], bytes[lane]);
        }
        if states.iter().any(|state| automaton.dfa.is_special(*state)) {
            for lane in 0..4 {
                if automaton.visit_matches(states[lane], starts[lane] + at, &mut visit) {
                    return true;
                }
            }
        }
    }
    // Four quarters leave up to three bytes.
    let mut state = states[3];
    (starts[3] + length..text.len()).any(|at| {
        state = automaton.step(state, text[at]);
        automaton.visit_matches(state, at, &mut visit)
    })
}

/// Whether a JSON text could hold a secret. False only where it surely holds none; makes nothing, copies nothing.
///
/// It reads the text as it stands. That suffices, because strings with escapes that could hide a letter are
/// always looked into, and the other escapes stand for characters that no secret and no name contains.
pub(crate) fn may_hold_secret(json: &[u8]) -> bool {
    visit_fast(json, |anchor, start, end| match anchor {
        Anchor::Look => true,
        Anchor::Shape(index) => SHAPES[index].check(json, start, start + SHAPES[index].prefix.len()).is_some(),
        Anchor::Special(index) => (SPECIALS[index].plausible)(json, start, end),
        Anchor::Word => assign::may_name_secret(json, start, end),
    }) || super::cards::may_hold_card(json)
}

/// Whether a name contains any part that names of secrets have.
pub(crate) fn may_be_name(name: &[u8]) -> bool {
    visit(name, |anchor, _, _| anchor == Anchor::Word)
}
