//! What varies in a message, masked: numbers, ids, addresses, paths, what is quoted or given as a value.
//!
//! Two lines of one statement in a program mostly become the same text; what is left to be told apart, such as
//! names in running text, is for the miner.

/// Longer messages are masked up to here.
pub(super) const MESSAGE_BYTES: usize = 2_048;

/// The most that stands between two quotes.
const QUOTED_BYTES: usize = 1_024;

/// Longer words without any blank are data.
const WORD_BYTES: usize = 48;

/// Writes the masked text of a message: its first line, blanks joined.
pub(super) fn mask(message: &[u8], out: &mut Vec<u8>) {
    out.clear();
    let message = &message[..message.len().min(MESSAGE_BYTES)];
    let mut at = 0;
    while at < message.len() {
        let byte = message[at];
        if byte == b'\n' {
            break;
        }
        if byte.is_ascii_whitespace() || byte < b' ' {
            at += 1;
            continue;
        }
        if !out.is_empty() {
            out.push(b' ');
        }
        at = token(message, at, out);
    }
}

/// One word from `at` on; a quote in it may take it further. Gives where it ends.
fn token(text: &[u8], begin: usize, out: &mut Vec<u8>) -> usize {
    let (mut at, mut is_plain) = (begin, true);
    while let Some(&byte) = text.get(at) {
        match CLASS[usize::from(byte)] {
            Class::Blank => break,
            Class::Quote if opens(text, begin, at) => {
                if let Some(end) = closes(text, at) {
                    word(&text[begin..at], is_plain, out);
                    out.push(byte);
                    out.extend_from_slice(b"<*>");
                    out.push(byte);
                    // What follows directly belongs to the same word.
                    return match text.get(end + 1) {
                        Some(next) if CLASS[usize::from(*next)] != Class::Blank => token(text, end + 1, out),
                        _ => end + 1,
                    };
                }
            }
            Class::Telling => is_plain = false,
            Class::Quote | Class::Plain => {}
        }
        at += 1;
    }
    word(&text[begin..at], is_plain, out);
    at
}

/// Whether a quote begins something: at a word's start or behind a sign, never inside a word (`don't`).
fn opens(text: &[u8], begin: usize, at: usize) -> bool {
    at == begin || matches!(text[at - 1], b'=' | b'(' | b'[' | b'{' | b':' | b',' | b'<')
}

/// Where the quote that began at `at` ends on the same line, before a sign or a blank.
fn closes(text: &[u8], at: usize) -> Option<usize> {
    let quote = text[at];
    let window = &text[at + 1..text.len().min(at + 1 + QUOTED_BYTES)];
    let mut from = 0;
    loop {
        let found = from + memchr::memchr(quote, &window[from..])?;
        if window[..found].contains(&b'\n') {
            return None;
        }
        let next = text.get(at + 1 + found + 1);
        if next.is_none_or(|next| !next.is_ascii_alphanumeric()) {
            return Some(at + 1 + found);
        }
        from = found + 1;
    }
}

fn word(word: &[u8], is_plain: bool, out: &mut Vec<u8>) {
    if is_plain && word.len() <= WORD_BYTES {
        out.extend_from_slice(word);
        return;
    }
    // Signs around it stay.
    let open = word.iter().take_while(|byte| matches!(byte, b'(' | b'[' | b'{' | b'<' | b'|')).count();
    // What closes nothing that was opened here belongs to a value: `host=[local]`.
    let closes = |byte: &&u8| match **byte {
        b')' | b']' | b'}' | b'>' | b'|' => open > 0,
        byte => matches!(byte, b',' | b';' | b':' | b'.' | b'!' | b'?'),
    };
    let close = word[open..].iter().rev().take_while(closes).count();
    let core = &word[open..word.len() - close];
    out.extend_from_slice(&word[..open]);
    masked(core, out);
    out.extend_from_slice(&word[word.len() - close..]);
}

fn masked(core: &[u8], out: &mut Vec<u8>) {
    if let Some(equals) = memchr::memchr(b'=', core)
        && is_name(&core[..equals])
    {
        runs(&core[..equals], out);
        out.push(b'=');
        if equals + 1 < core.len() {
            out.extend_from_slice(b"<*>");
        }
        return;
    }
    let slashes = memchr::memchr_iter(b'/', core).count();
    if slashes > 0 && memchr::memmem::find(core, b"://").is_some() {
        out.extend_from_slice(b"<url>");
    } else if is_path(core, slashes) {
        out.extend_from_slice(b"<path>");
        // A place in a file has its line behind it.
        let line = core.iter().rev().take_while(|byte| byte.is_ascii_digit() || **byte == b':').count();
        if core.len() > line && core[core.len() - line..].first() == Some(&b':') {
            out.extend_from_slice(b":<n>");
        }
    } else if is_address(core) {
        out.extend_from_slice(b"<email>");
    } else if is_uuid(core) || core.len() > WORD_BYTES {
        out.extend_from_slice(b"<id>");
    } else if is_ipv6(core) {
        out.extend_from_slice(b"<ip>");
    } else {
        runs(core, out);
    }
}

fn is_name(name: &[u8]) -> bool {
    !name.is_empty()
        && !name[0].is_ascii_digit()
        && name.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-'))
}

fn is_path(core: &[u8], slashes: usize) -> bool {
    let letters = || core.iter().any(u8::is_ascii_alphabetic);
    match core {
        [b'/', _, ..] | [b'.' | b'~', b'/', ..] | [b'.', b'.', b'/', ..] => letters(),
        [b'A'..=b'Z' | b'a'..=b'z', b':', b'\\', ..] => true,
        _ => slashes >= 2 && letters(),
    }
}

fn is_address(core: &[u8]) -> bool {
    memchr::memchr(b'@', core).is_some_and(|at| at > 0 && core[at + 1..].contains(&b'.'))
}

fn is_uuid(core: &[u8]) -> bool {
    core.len() == 36
        && core.iter().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => *byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

fn is_ipv6(core: &[u8]) -> bool {
    let colons = memchr::memchr_iter(b':', core).count();
    let signs = |byte: &u8| byte.is_ascii_hexdigit() || *byte == b':';
    (core.starts_with(b"::") || colons >= 4) && core.iter().all(signs)
}

/// Runs of letters and digits: numbers, ids, and words in which numbers are.
fn runs(core: &[u8], out: &mut Vec<u8>) {
    let mut at = 0;
    // Where the number that was written last ends in `out`, and how many numbers it joins by dots.
    let (mut number_end, mut dots) = (usize::MAX, 0);
    while at < core.len() {
        let byte = core[at];
        if !(byte.is_ascii_alphanumeric()) {
            out.push(byte);
            at += 1;
            continue;
        }
        let length = core[at..].iter().take_while(|byte| byte.is_ascii_alphanumeric()).count();
        let run = &core[at..at + length];
        at += length;
        let digits = run.iter().filter(|byte| byte.is_ascii_digit()).count();
        if digits == 0 {
            // `T` between a date and a time.
            out.extend_from_slice(run);
        } else if digits == length {
            // `10.0.0.1`, `12:30`, `3/4`: one number.
            let joins = out.len().checked_sub(1) == Some(number_end)
                && matches!(out[number_end], b'.' | b':' | b'-' | b'/' | b',' | b'_' | b'+');
            if joins {
                let is_dot = out[number_end] == b'.';
                dots += usize::from(is_dot);
                out.truncate(number_end);
                if dots == 3 && is_dot {
                    out.truncate(out.len() - 3);
                    out.extend_from_slice(b"<ip>");
                }
            } else {
                dots = 0;
                // A sign belongs to its number.
                if out.last() == Some(&b'-') && (out.len() < 2 || out[out.len() - 2] == b' ') {
                    out.pop();
                }
                out.extend_from_slice(b"<n>");
            }
            number_end = out.len();
        } else if is_id(run, digits) {
            out.extend_from_slice(b"<id>");
        } else {
            mixed(run, out);
            if run[length - 1].is_ascii_digit() {
                (number_end, dots) = (out.len(), 0);
            }
        }
    }
}

/// Hexadecimal of some length, or too long a mixture to be a name with a number.
fn is_id(run: &[u8], digits: usize) -> bool {
    let hex = || run.iter().all(u8::is_ascii_hexdigit);
    run.starts_with(b"0x")
        || (run.len() >= 6 && hex())
        || run.len() >= 16
        || (run.len() >= 8 && digits >= 3 && {
            // `worker001` is a name; `a1b2c3d4` changes too often between letters and digits.
            let changes = run.windows(2).filter(|pair| pair[0].is_ascii_digit() != pair[1].is_ascii_digit()).count();
            changes >= 3
        })
}

/// `12ms`, `v2`, `worker7`: the word stays.
fn mixed(run: &[u8], out: &mut Vec<u8>) {
    let mut was_digit = false;
    for byte in run {
        let is_digit = byte.is_ascii_digit();
        if !is_digit {
            out.push(*byte);
        } else if !was_digit {
            out.extend_from_slice(b"<n>");
        }
        was_digit = is_digit;
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Plain,
    Blank,
    Quote,
    /// A word with such a byte is looked at closely.
    Telling,
}

static CLASS: [Class; 256] = {
    let mut table = [Class::Plain; 256];
    let mut at = 0;
    while at < 256 {
        table[at] = match at as u8 {
            b'0'..=b'9' | b'/' | b'=' | b'@' | b'\\' => Class::Telling,
            b'"' | b'\'' | b'`' => Class::Quote,
            0..=b' ' => Class::Blank,
            _ => Class::Plain,
        };
        at += 1;
    }
    table
};

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn masked(text: &str) -> String {
        let mut out = Vec::new();
        mask(text.as_bytes(), &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn what_varies_is_masked_and_words_stay() {
        for (text, told) in [
            ("took 12ms for 3 rows", "took <n>ms for <n> rows"),
            ("from 10.0.0.1:8080 at 2026-11-21 10:00:00.25", "from <ip> at <n> <n>"),
            ("user=ann id=17, done", "user=<*> id=<*>, done"),
            ("open /var/log/x.log: no such file", "open <path>: no such file"),
            ("at src/a/b.rs:12:7", "at <path>:<n>"),
            ("get https://a.example/x?y=1 (retry -1)", "get <url> (retry <n>)"),
            ("relation \"orders new\" does not exist", "relation \"<*>\" does not exist"),
            ("don't say 'this, please'.", "don't say '<*>'."),
            ("mail to ann@example.org.", "mail to <email>."),
            ("id 550e8400-e29b-41d4-a716-446655440000 sha 3f2a9bc deadbeef1", "id <id> sha <id> <id>"),
            ("worker-7 v2 [thread-12]", "worker-<n> v<n> [thread-<n>]"),
            ("key='a b' next", "key='<*>' next"),
            ("host=[local] (id=7)", "host=<*> (id=<*>)"),
            ("::1 and fe80:0:0:0:1:2 here", "<ip> and <ip> here"),
            ("first\nsecond", "first"),
            ("  many   blanks\t", "many blanks"),
            ("", ""),
        ] {
            assert_eq!(masked(text), told, "{text}");
        }
    }

    #[test]
    fn an_open_quote_takes_nothing() {
        assert_eq!(masked("it's 5\" wide"), "it's <n>\" wide");
        assert_eq!(masked("say \"never"), "say \"never");
    }

    #[test]
    fn a_name_with_a_number_in_it_is_one_name() {
        assert_eq!(masked("a0="), masked("a7="));
        assert_eq!(masked("retry3=x done"), masked("retry11=y done"));
    }

    proptest! {
        /// No digit survives, whatever stands around it; so no number, date or id does.
        #[test]
        fn no_digit_is_left(text in "[ -~é\n]{0,80}") {
            let told = masked(&text);
            prop_assert!(!told.bytes().any(|byte| byte.is_ascii_digit()), "{told}");
        }

        #[test]
        fn bytes_of_any_kind_are_bounded(bytes in prop::collection::vec(any::<u8>(), 0..4_000)) {
            let mut out = Vec::new();
            mask(&bytes, &mut out);
            prop_assert!(out.len() <= MESSAGE_BYTES * 4);
        }
    }
}
