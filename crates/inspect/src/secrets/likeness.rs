//! What looks like a secret and is none: placeholders, samples, names, digests, code.

use super::words::{ABOUT, PLACEHOLDERS, REFERENCES, SEQUENCES};

/// Bits of a byte, after Shannon.
pub(super) fn entropy(text: &[u8]) -> f64 {
    let mut counts = [0_u32; 256];
    for byte in text {
        counts[usize::from(*byte)] += 1;
    }
    let length = text.len() as f64;
    counts
        .iter()
        .filter(|count| **count > 0)
        .map(|count| f64::from(*count) / length)
        .map(|share| -share * share.log2())
        .sum()
}

/// Whether somebody made it up, to show where a secret would stand.
pub(super) fn is_made_up(secret: &[u8]) -> bool {
    let lower = secret.to_ascii_lowercase();
    let has = |word: &&str| memchr::memmem::find(&lower, word.as_bytes()).is_some();
    // In a long secret chance makes a short word.
    let words = PLACEHOLDERS.iter().filter(|word| secret.len() < 60 || word.len() >= 6);
    let run = lower.chunk_by(|a, b| a == b).map(<[u8]>::len).max().unwrap_or(0);
    run >= 6 && run * 3 > secret.len().min(60) || words.clone().any(&has) || SEQUENCES.iter().any(has)
}

/// Whether it has digits and letters, and is no word with a number behind it.
pub(super) fn is_mixed(secret: &[u8]) -> bool {
    let count = |of: fn(&u8) -> bool| secret.iter().filter(|byte| of(byte)).count();
    let (digits, lower, upper) =
        (count(u8::is_ascii_digit), count(u8::is_ascii_lowercase), count(u8::is_ascii_uppercase));
    (digits > 0 && lower + upper > 0 || lower > 3 && upper > 3) && wordy(secret) * 2 < secret.len()
}

/// Bytes that stand in runs of four and more small letters, as words are written.
fn wordy(text: &[u8]) -> usize {
    let is_small = |byte: &u8| byte.is_ascii_lowercase();
    let mut sum = 0;
    for run in text.chunk_by(|a, b| is_small(a) == is_small(b)).filter(|run| run.len() >= 4 && is_small(&run[0])) {
        // Words have vowels; what chance makes of hex and small letters has them too, but more seldom.
        let vowels = run.iter().filter(|byte| b"aeiouy".contains(byte)).count();
        if vowels * 5 >= run.len() {
            sum += run.len();
        }
    }
    sum
}

/// Whether a name is that of a secret, and not of something about one.
pub(super) fn names_a_secret(name: &[u8]) -> bool {
    let lower: Vec<u8> = snake(name);
    let has = |word: &&str| memchr::memmem::find(&lower, word.as_bytes()).is_some();
    !ABOUT.iter().any(|word| if word.starts_with(['_', '-', '.']) { ends_with_word(&lower, word) } else { has(word) })
}

/// Whether a name ends in this word, or goes on with another behind it.
fn ends_with_word(name: &[u8], word: &str) -> bool {
    let mut from = 0;
    while let Some(at) = memchr::memmem::find(&name[from..], word.as_bytes()) {
        let end = from + at + word.len();
        // `_expir` stands for more than one ending.
        if end == name.len() || matches!(name[end], b'_' | b'-' | b'.') || word == "_expir" {
            return true;
        }
        from = end;
    }
    false
}

/// `secretKeyName` as `secret_key_name`.
fn snake(name: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(name.len() + 8);
    let mut before = 0_u8;
    for byte in name {
        if byte.is_ascii_uppercase() && before.is_ascii_lowercase() {
            out.push(b'_');
        }
        out.push(byte.to_ascii_lowercase());
        before = *byte;
    }
    out
}

/// Whether what stands behind a name could be the secret itself.
pub(super) fn is_value(value: &[u8], quoted: bool) -> bool {
    let lower = value.to_ascii_lowercase();
    let starts = |word: &&str| lower.starts_with(word.as_bytes());
    if REFERENCES.iter().any(starts) || is_made_up(value) || is_public(&lower) || is_of_another_script(value) {
        return false;
    }
    if matches!(
        value[0],
        b'$' | b'@'
            | b'/'
            | b'~'
            | b'.'
            | b'&'
            | b'!'
            | b'*'
            | b'?'
            | b':'
            | b'['
            | b'('
            | b'{'
            | b'%'
            | b'#'
            | b'-'
            | b'^'
    ) || memchr::memmem::find(value, b"://").is_some()
    {
        return false;
    }
    let count = |of: fn(&u8) -> bool| value.iter().filter(|byte| of(byte)).count();
    let (digits, letters) = (count(u8::is_ascii_digit), count(u8::is_ascii_alphabetic));
    let special = count(|byte| b"!@#$%^&*+=?~|".contains(byte));
    let brackets = count(|byte| b"()[]{}<>;,\\\"'`".contains(byte));
    if digits == 0 && special == 0 && !(quoted && is_mixed(value) && value.len() >= 20)
        || letters < 2
        || brackets > 0 && !quoted
    {
        return false;
    }
    if brackets > 1 || memchr::memchr(b'(', value).is_some() {
        return false;
    }
    // Names in words, whatever they are joined with, and a number at their end.
    let words = wordy(value);
    if special == 0 && words * 2 >= value.len() || special <= 1 && words * 4 >= value.len() * 3 {
        return false;
    }
    let least = if quoted { (value.len() as f64).log2().min(3.4) * 0.86 } else { 3.3 };
    entropy(value) >= least && (quoted || value.len() >= 12 && digits > 0 && letters > 0)
}

/// Whether it is written in letters that no generator of secrets uses: words of a translation.
fn is_of_another_script(value: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(value) else { return false };
    let (mut all, mut foreign) = (0, 0);
    for letter in text.chars() {
        // From the radicals on: Chinese, Japanese, Korean, which write words without blanks.
        if letter >= '\u{2E80}' && letter.is_alphabetic() {
            return true;
        }
        all += 1;
        foreign += usize::from(letter >= '\u{370}' && letter.is_alphabetic());
    }
    foreign * 2 >= all
}

/// Whether it is of a form that is public: UUIDs, digests with their name, versions, dates, files, addresses.
fn is_public(lower: &[u8]) -> bool {
    let text = String::from_utf8_lossy(lower);
    let is_uuid = lower.len() == 36 && [8, 13, 18, 23].iter().all(|at| lower[*at] == b'-');
    let is_named = [
        "sha1-",
        "sha256-",
        "sha384-",
        "sha512-",
        "sha1:",
        "sha256:",
        "sha512:",
        "md5:",
        "data:",
        "urn:",
        "ssh-rsa",
        "ssh-ed25519",
        "-----begin",
        "0x",
    ]
    .iter()
    .any(|it| text.starts_with(it));
    let is_file = [
        ".js", ".ts", ".py", ".json", ".yaml", ".yml", ".txt", ".md", ".pem", ".crt", ".cer", ".key", ".pub", ".html",
        ".xml", ".toml", ".env", ".go", ".rs", ".java", ".com", ".org", ".net", ".io", ".local", ".css", ".png",
        ".svg",
    ]
    .iter()
    .any(|it| text.ends_with(it));
    // `1.2.3-beta`
    let is_version = text
        .splitn(3, '.')
        .take(2)
        .all(|part| !part.is_empty() && part.len() < 5 && part.bytes().all(|byte| byte.is_ascii_digit()))
        && text.matches('.').count() >= 2;
    let numbers = lower.iter().all(|byte| byte.is_ascii_digit() || b".-_:/+tz ,".contains(byte));
    let is_dotted = text.split('.').count() > 2
        && text.split('.').all(|part| {
            !part.is_empty() && part.len() < 24 && part.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b'_')
        });
    is_uuid || is_version || is_named || is_file || numbers || is_dotted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_told_from_what_stands_for_them() {
        for value in [
            "k9#Lm2$pQ7",
            "8f14e45fceea167a5a36dedd4bea2543",
            "Zx81!kd92LqPs",
            "aG93ZHkgZG9vZHkgMTIz9xQ",
            "Grün#92kdLqPs",
        ] {
            assert!(is_value(value.as_bytes(), true), "{value}");
        }
        for value in [
            "changeme123",
            "process.env.TOKEN",
            "550e8400-e29b-41d4-a716-446655440000",
            "config/secrets.yml",
            "user_password_field",
            "getAccessToken1",
            "sha256-abcdefabcdef1234",
            "2024-01-01T00:00",
            "my-service-token-2",
            "${DB_PASSWORD}",
            "1.2.3-beta",
            "2FAトークン",
            "兩步驟驗證12碼",
            "пароль2024",
        ] {
            assert!(!is_value(value.as_bytes(), true), "{value}");
        }
    }

    #[test]
    fn names_about_secrets_are_no_names_of_secrets() {
        for name in ["password", "DB_PASSWORD", "clientSecret", "api_key", "authToken", "secret"] {
            assert!(names_a_secret(name.as_bytes()), "{name}");
        }
        for name in [
            "secretName",
            "token_count_max",
            "password_hash",
            "access_key_id",
            "tokenizer",
            "publicKeyToken",
            "nextPageToken",
            "csrf_token",
            "password_file",
        ] {
            assert!(!names_a_secret(name.as_bytes()), "{name}");
        }
    }
}
