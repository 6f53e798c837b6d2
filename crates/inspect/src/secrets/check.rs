//! What a format says of itself: a checksum, or a form that chance does not make.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};

use super::bech32;

/// A check that a rule names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Check {
    /// The last six characters are the CRC-32 of the thirty before them, in base 62: tokens of GitHub and of npm.
    Crc32Base62,
    /// Header and claims are JSON, and the header names an algorithm that signs.
    Jwt,
    /// The lines between head and foot are base64 of a key's length.
    Pem,
    /// A checksum over letters and head (BIP 173).
    Bech32,
    /// The part before the first dot is a number in base64.
    Discord,
    /// `name:password` in base64.
    Basic,
    /// Hardly any letter follows itself.
    Runs,
}

const LAX: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_allow_trailing_bits(true)
    .with_decode_padding_mode(DecodePaddingMode::Indifferent);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LAX);
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, LAX);

/// Bytes of the shortest key there is (Ed25519 in PKCS #8 has 48).
const KEY_BYTES: usize = 40;

impl Check {
    pub(super) fn named(name: &str) -> Result<Self, String> {
        Ok(match name {
            "crc32-base62" => Self::Crc32Base62,
            "jwt" => Self::Jwt,
            "pem" => Self::Pem,
            "bech32" => Self::Bech32,
            "discord" => Self::Discord,
            "basic" => Self::Basic,
            "runs" => Self::Runs,
            _ => return Err(format!("no check is called {name:?}")),
        })
    }

    pub(super) fn holds(self, secret: &[u8]) -> bool {
        match self {
            Self::Crc32Base62 => crc32(secret).unwrap_or(false),
            Self::Jwt => jwt(secret).unwrap_or(false),
            Self::Pem => pem(secret).unwrap_or(false),
            Self::Bech32 => bech32::holds(secret),
            Self::Discord => {
                let first = secret.split(|byte| *byte == b'.').next().unwrap_or_default();
                let number = URL_SAFE.decode(first).unwrap_or_default();
                (17..=20).contains(&number.len()) && number.iter().all(u8::is_ascii_digit)
            }
            Self::Basic => {
                let pair = STANDARD.decode(secret).unwrap_or_default();
                let password = pair.iter().position(|byte| *byte == b':').map(|at| &pair[at + 1..]);
                password.is_some_and(|it| {
                    it.len() >= 6
                        && it.iter().all(|byte| (0x20..0x7f).contains(byte))
                        && !super::likeness::is_made_up(it)
                })
            }
            Self::Runs => secret
                .iter()
                .skip_while(|byte| **byte == b'A')
                .collect::<Vec<_>>()
                .windows(4)
                .all(|it| it.iter().any(|byte| *byte != it[0])),
        }
    }
}

/// The digits of base 62, in their order.
const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

fn crc32(secret: &[u8]) -> Option<bool> {
    let body = &secret[secret.iter().position(|byte| *byte == b'_')? + 1..];
    let (random, sum) = body.split_at_checked(body.len().checked_sub(6)?)?;
    let said = sum
        .iter()
        .try_fold(0_u64, |value, byte| Some(value * 62 + DIGITS.iter().position(|digit| digit == byte)? as u64))?;
    Some(said == u64::from(crc32fast::hash(random)))
}

fn jwt(secret: &[u8]) -> Option<bool> {
    let mut parts = secret.split(|byte| *byte == b'.');
    let mut object = || {
        serde_json::from_slice::<serde_json::Map<String, serde_json::Value>>(&URL_SAFE.decode(parts.next()?).ok()?).ok()
    };
    let (header, claims) = (object()?, object()?);
    let algorithm = header.get("alg")?.as_str()?;
    // The one that every tutorial shows.
    let is_sample =
        claims.get("name").and_then(|name| name.as_str()).is_some_and(|name| name.eq_ignore_ascii_case("John Doe"))
            || claims.get("sub").and_then(|sub| sub.as_str()) == Some("1234567890");
    Some(!algorithm.eq_ignore_ascii_case("none") && !is_sample)
}

fn pem(secret: &[u8]) -> Option<bool> {
    let text = std::str::from_utf8(secret).ok()?;
    let head = text.find("KEY-----").map(|at| at + 8).or_else(|| text.find("BLOCK-----").map(|at| at + 10))?;
    let body = text.get(head..text.rfind("-----END")?)?;
    // In JSON and in source code its lines may be joined by a written newline.
    let body = body.replace("\\r", "").replace("\\n", "\n");
    let mut letters = String::new();
    for line in body.lines() {
        let line = line.trim().trim_matches(['"', '\'', ',', '+', '\\', '#', '*', '>', ' ']);
        // Headers of old forms, and the checksum of PGP.
        if line.contains(':') || line.starts_with('=') && line.len() == 5 {
            continue;
        }
        letters.push_str(line);
    }
    let key = STANDARD.decode(letters.trim_end_matches('=')).ok()?;
    let distinct = key.iter().collect::<std::collections::BTreeSet<_>>().len();
    Some(key.len() >= KEY_BYTES && distinct >= 24)
}
