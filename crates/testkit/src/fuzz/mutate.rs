//! Changes to an input, as a seed decides.

use crate::Rng;

/// What our formats are made of, and what their readers stumble over.
const TOKENS: &[&str] = &[
    "{",
    "}",
    "[",
    "]",
    "\"",
    "'",
    ":",
    ",",
    "\\",
    "\\u0000",
    "\\ud800",
    "\\\"",
    "\n",
    "\r\n",
    "\r",
    "\t",
    " ",
    "\0",
    "null",
    "true",
    "false",
    "0",
    "-0",
    "-1",
    "1e400",
    "0.10",
    "18446744073709551616",
    "99999999999999999999999",
    "[[[[[[[[[[[[[[[[",
    "{\"a\":{\"a\":{\"a\":",
    "((((((((((((((((",
    "\"id\":",
    "\"method\":",
    "\"params\":",
    "- id: ",
    "when: ",
    "cel: ",
    "matches: '",
    "(a+)+$",
    "&a",
    "*a",
    "<<: *a",
    "!!binary ",
    "|\n  ",
    "data: ",
    "event: ",
    "id: ",
    "\u{feff}",
    "\u{2028}",
    "ſ",
    "\u{212a}",
    "é",
    "😀",
    "\u{202e}",
    "=?base64?",
    "?=",
    "— ",
    "==",
    "password",
    "AKIAIOSFODNN7EXAMPLE",
    "-----BEGIN RSA PRIVATE KEY-----",
    "https://u:p@h/",
    "1970-01-01T00:00:00Z",
    "9999-12-31T23:59:59.999999999Z",
    "00000000-0000-7000-8000-000000000000",
];

/// A mutant of one of them.
pub fn mutated(rng: &mut Rng, pool: &[Vec<u8>]) -> Vec<u8> {
    let mut input = pool[rng.index(pool.len())].clone();
    for _ in 0..=rng.below(4) {
        let at = rng.index(input.len() + 1);
        let length = rng.index((input.len() - at).min(64) + 1);
        match rng.below(9) {
            0 => change(&mut input, at, |byte| byte ^ 1 << (at % 8)),
            1 => {
                let byte = rng.bits() as u8;
                change(&mut input, at, |_| byte);
            }
            2 => change(&mut input, at, |byte| byte.wrapping_add(1)),
            3 => drop(input.drain(at..at + length)),
            4 => {
                let piece = input[at..at + length].to_vec();
                let times = 1 + rng.index(8);
                put(&mut input, at, &piece.repeat(times));
            }
            5 => {
                let other = &pool[rng.index(pool.len())];
                let from = rng.index(other.len() + 1);
                let until = from + rng.index((other.len() - from).min(256) + 1);
                put(&mut input, at, &other[from..until]);
            }
            6 => {
                let other = &pool[rng.index(pool.len())];
                input.truncate(at);
                input.extend_from_slice(&other[rng.index(other.len() + 1)..]);
            }
            _ => put(&mut input, at, TOKENS[rng.index(TOKENS.len())].as_bytes()),
        }
    }
    input
}

fn change(input: &mut [u8], at: usize, to: impl Fn(u8) -> u8) {
    if let Some(byte) = input.get_mut(at) {
        *byte = to(*byte);
    }
}

fn put(input: &mut Vec<u8>, at: usize, piece: &[u8]) {
    input.splice(at..at, piece.iter().copied());
}
