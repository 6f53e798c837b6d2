//! Card numbers: a plausible issuer prefix (ISO/IEC 7812), a length that issuer uses, and a Luhn check digit.

use std::sync::LazyLock;

use super::span::Span;

const DIGITS_LEAST: usize = 13;
const DIGITS_MOST: usize = 19;

/// Whether a text could hold a card number; false only where it surely holds none.
///
/// Of any 12 neighbouring places a card number fills at least one, so that only every twelfth is looked at.
pub(crate) fn may_hold_card(text: &[u8]) -> bool {
    if has_wide_groups(text) {
        return true;
    }
    let mut at = DIGITS_LEAST - 2;
    while at < text.len() {
        if touches_digit(text, at) {
            let (start, end) = run_around(text, at);
            if any_card(&text[start..end]) {
                return true;
            }
            at = at.max(end);
        }
        at += DIGITS_LEAST - 1;
    }
    false
}

/// Adds the card numbers in a text.
pub(crate) fn find(text: &[u8], spans: &mut Vec<Span>) {
    if has_wide_groups(text) {
        find_in_wide_groups(text, spans);
    }
    find_plain(text, spans);
}

/// A blank that does not break: text from the web has it between the groups of a number.
const WIDE_BLANK: &[u8] = "\u{a0}".as_bytes();

/// Whether such a blank stands between two digits.
fn has_wide_groups(text: &[u8]) -> bool {
    static FINDER: LazyLock<memchr::memmem::Finder<'static>> =
        LazyLock::new(|| memchr::memmem::Finder::new(WIDE_BLANK));
    let between_digits = |at: usize| {
        let after = text.get(at + WIDE_BLANK.len());
        at > 0 && text[at - 1].is_ascii_digit() && after.is_some_and(u8::is_ascii_digit)
    };
    FINDER.find_iter(text).any(between_digits)
}

/// Looks at the text with plain blanks instead.
fn find_in_wide_groups(text: &[u8], spans: &mut Vec<Span>) {
    let (mut plain, mut offsets) = (Vec::with_capacity(text.len()), Vec::with_capacity(text.len() + 1));
    let mut at = 0;
    while at < text.len() {
        let wide = text[at..].starts_with(WIDE_BLANK);
        plain.push(if wide { b' ' } else { text[at] });
        offsets.push(at);
        at += if wide { WIDE_BLANK.len() } else { 1 };
    }
    offsets.push(text.len());
    let mut found = Vec::new();
    find_plain(&plain, &mut found);
    spans.extend(found.into_iter().map(|span| Span { start: offsets[span.start], end: offsets[span.end], ..span }));
}

fn find_plain(text: &[u8], spans: &mut Vec<Span>) {
    let mut at = DIGITS_LEAST - 2;
    while at < text.len() {
        if touches_digit(text, at) {
            let (start, end) = run_around(text, at);
            cards_in_run(text, start, end, spans);
            at = at.max(end);
        }
        at += DIGITS_LEAST - 1;
    }
}

/// Whether a JSON number, all of it, is a card number.
pub(crate) fn is_card(number: &[u8]) -> bool {
    number.iter().all(u8::is_ascii_digit) && digits_are_card(number)
}

fn is_separator(byte: u8) -> bool {
    matches!(byte, b' ' | b'-' | b'.')
}

fn touches_digit(text: &[u8], at: usize) -> bool {
    text[at].is_ascii_digit() || (is_separator(text[at]) && text.get(at + 1).is_some_and(u8::is_ascii_digit))
}

/// The stretch of digits and single separators around a place, both ends digits.
fn run_around(text: &[u8], at: usize) -> (usize, usize) {
    let mut start = at;
    while start > 0
        && (text[start - 1].is_ascii_digit() || (is_separator(text[start - 1]) && text[start].is_ascii_digit()))
    {
        start -= 1;
    }
    let mut end = at + 1;
    while end < text.len()
        && (text[end].is_ascii_digit() || (is_separator(text[end]) && text[end - 1].is_ascii_digit()))
    {
        end += 1;
    }
    while start < end && !text[start].is_ascii_digit() {
        start += 1;
    }
    while end > start && !text[end - 1].is_ascii_digit() {
        end -= 1;
    }
    (start, end)
}

fn any_card(run: &[u8]) -> bool {
    let mut spans = Vec::new();
    cards_in_run(run, 0, run.len(), &mut spans);
    !spans.is_empty()
}

/// Looks at every group of digits of a run as the beginning of a card number.
fn cards_in_run(text: &[u8], start: usize, end: usize, spans: &mut Vec<Span>) {
    if end - start < DIGITS_LEAST {
        return;
    }
    let mut group = start;
    while group < end {
        let group_end = group + digits_at(&text[group..end]);
        let card_end = plain_card(text, group, group_end).or_else(|| grouped_card(text, group, end));
        if let Some(card_end) = card_end {
            spans.push(Span { start: group, end: card_end, detector: "card_number" });
            group = card_end;
        } else {
            group = group_end;
        }
        group += 1;
    }
}

fn digits_at(text: &[u8]) -> usize {
    text.iter().take_while(|byte| byte.is_ascii_digit()).count()
}

/// One group of digits that stands alone: no letter beside it, and no decimal point within digits.
fn plain_card(text: &[u8], start: usize, end: usize) -> Option<usize> {
    (stands_alone(text, start, end) && digits_are_card(&text[start..end])).then_some(end)
}

fn stands_alone(text: &[u8], start: usize, end: usize) -> bool {
    let decimal_before = matches!(text[..start], [.., digit, b'.'] if digit.is_ascii_digit());
    let decimal_after = matches!(text[end..], [b'.', digit, ..] if digit.is_ascii_digit());
    super::span::begins(text, start)
        && !text[..start].ends_with(b"_")
        && !text.get(end).is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
        && !decimal_before
        && !decimal_after
}

/// How cards are written in groups: 4-4-4-4, 4-4-4-4-3, 4-6-5 and 4-6-4.
fn grouped_card(text: &[u8], start: usize, end: usize) -> Option<usize> {
    const GROUPINGS: [&[usize]; 4] = [&[4, 4, 4, 4, 3], &[4, 4, 4, 4], &[4, 6, 5], &[4, 6, 4]];
    GROUPINGS.iter().find_map(|groups| {
        let mut digits = [0; DIGITS_MOST];
        let (mut count, mut at, mut separator) = (0, start, None);
        for (index, &size) in groups.iter().enumerate() {
            if index > 0 {
                let found = *text.get(at).filter(|byte| is_separator(**byte))?;
                if *separator.get_or_insert(found) != found {
                    return None;
                }
                at += 1;
            }
            if digits_at(text.get(at..end)?) != size {
                return None;
            }
            digits[count..count + size].copy_from_slice(&text[at..at + size]);
            count += size;
            at += size;
        }
        (stands_alone_grouped(text, start, at) && digits_are_card(&digits[..count])).then_some(at)
    })
}

fn stands_alone_grouped(text: &[u8], start: usize, end: usize) -> bool {
    super::span::begins(text, start) && !text.get(end).is_some_and(u8::is_ascii_alphanumeric)
}

fn digits_are_card(digits: &[u8]) -> bool {
    (DIGITS_LEAST..=DIGITS_MOST).contains(&digits.len()) && issuer_uses(digits) && luhn(digits)
}

/// Prefix and length, by issuer.
fn issuer_uses(digits: &[u8]) -> bool {
    let head = |count: usize| digits[..count].iter().fold(0_u32, |value, digit| value * 10 + u32::from(digit - b'0'));
    let length = digits.len();
    match digits[0] {
        b'4' => matches!(length, 13 | 16 | 19),
        b'5' => match head(2) {
            51..=55 => length == 16,
            _ => matches!(head(4), 5018 | 5020 | 5038 | 5893) && length >= 16,
        },
        b'2' => matches!(head(4), 2200..=2204 | 2221..=2720) && length == 16,
        b'3' => match head(2) {
            34 | 37 => length == 15,
            36 | 38 | 39 => length == 14,
            30 => head(3) <= 305 && length == 14,
            35 => (3528..=3589).contains(&head(4)) && length >= 16,
            _ => false,
        },
        b'6' => match head(2) {
            62 | 65 => length >= 16,
            60 => head(4) == 6011 && length >= 16,
            64 => head(3) >= 644 && length >= 16,
            _ => matches!(head(4), 6304 | 6759 | 6761..=6763) && length >= 16,
        },
        _ => false,
    }
}

fn luhn(digits: &[u8]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(place, digit)| match (u32::from(digit - b'0'), place % 2) {
            (digit, 0) => digit,
            (digit, _) if digit > 4 => digit * 2 - 9,
            (digit, _) => digit * 2,
        })
        .sum();
    sum.is_multiple_of(10)
}

#[cfg(test)]
mod tests {
    use super::{find, may_hold_card};

    fn cards(text: &str) -> Vec<String> {
        let mut spans = Vec::new();
        find(text.as_bytes(), &mut spans);
        assert!(spans.is_empty() || may_hold_card(text.as_bytes()), "the look-ahead must not miss what is found");
        spans.iter().map(|span| text[span.start..span.end].to_owned()).collect()
    }

    #[test]
    fn cards_are_found_as_people_write_them() {
        for card in [
            "4111111111111111",
            "4111 1111 1111 1111",
            "4111-1111-1111-1111",
            "5555555555554444",
            "378282246310005",
            "3782 822463 10005",
            "30569309025904",
            "6011111111111117",
            "3530111333300000",
            "2223003122003222",
            "4222222222222",
            "6200000000000005",
            "3056 930902 5904",
        ] {
            assert_eq!(cards(card), [card]);
            assert_eq!(cards(&format!("charged card {card}, thanks")), [card]);
            assert_eq!(cards(&format!("order 12 4 {card} 7")), [card]);
            let wide = card.replace(' ', "\u{a0}");
            assert_eq!(cards(&format!("charged card {wide}, thanks")), [wide]);
        }
    }

    #[test]
    fn other_numbers_stay() {
        for number in [
            "4111111111111112",
            "1700000000000000000",
            "1234567812345678",
            "0000000000000000",
            "0.4111111111111111",
            "4111111111111111.5",
            "a4111111111111111",
            "4111111111111111b",
            "id_4111111111111111",
            "550e8400-e29b-41d4-a716-446655440000",
            "12345678-1234-4234-8234-123456789012",
            "+1 234 567 8900 1234",
            "2024-01-31 10:00:00.123456",
            "41111111111111111",
            "411111111111111",
            "192.168.100.200",
        ] {
            assert_eq!(cards(number), [""; 0], "{number}");
        }
    }
}
