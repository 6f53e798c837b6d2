//! Signatures that SSH keys make (OpenSSH, PROTOCOL.sshsig), and the file that says whose keys they are
//! (ssh-keygen(1), ALLOWED SIGNERS).

use aws_lc_rs::digest;
use aws_lc_rs::signature::{
    self, ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ECDSA_P521_SHA512_FIXED, ED25519,
    RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA512, RsaPublicKeyComponents, UnparsedPublicKey,
};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};

const MAGIC: &[u8] = b"SSHSIG";
const NAMESPACE: &[u8] = b"git";
/// Longer ones exist to mislead.
const ARMOUR_BYTES: usize = 64 * 1024;
const LINES_MOST: usize = 100_000;

/// What a signature turned out to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Made with a key of this person.
    Good { signer: String, key: String },
    /// It does not fit what was signed.
    Bad { why: &'static str },
    /// It fits, and nobody says whose key it is.
    UnknownKey { key: String },
    /// It fits, but the key was not valid then, or not for this.
    NotValid { signer: String, key: String, why: &'static str },
    /// It could not be looked at.
    NotVerified { why: &'static str },
}

/// Whose keys are whose.
#[derive(Debug, Default)]
pub(crate) struct AllowedSigners(Vec<Allowed>);

#[derive(Debug)]
struct Allowed {
    principals: String,
    key: Vec<u8>,
    namespaces: Option<String>,
    /// Seconds; ends included.
    after: Option<i64>,
    before: Option<i64>,
}

impl AllowedSigners {
    pub(crate) fn parse(text: &str) -> Self {
        Self(text.lines().take(LINES_MOST).filter_map(line).collect())
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Looks at a signature over a text, made at a time (seconds).
    pub(crate) fn verify(&self, armour: &[u8], signed: &[u8], at: i64) -> Verdict {
        let Some(blob) = unarmoured(armour) else { return Verdict::Bad { why: "it cannot be read" } };
        let Some(parts) = Parts::read(&blob) else { return Verdict::Bad { why: "it cannot be read" } };
        if parts.namespace != NAMESPACE {
            return Verdict::Bad { why: "it was made for something else than git" };
        }
        let hash = match parts.hash {
            b"sha512" => &digest::SHA512,
            b"sha256" => &digest::SHA256,
            _ => return Verdict::NotVerified { why: "its digest is of an unknown kind" },
        };
        let mut message = MAGIC.to_vec();
        for field in [parts.namespace, parts.reserved, parts.hash, digest::digest(hash, signed).as_ref()] {
            message.extend((field.len() as u32).to_be_bytes());
            message.extend(field);
        }
        match fits(parts.key, parts.signature, &message) {
            None => return Verdict::NotVerified { why: "its key is of a kind that is not known here" },
            Some(false) => return Verdict::Bad { why: "it does not fit what is signed" },
            Some(true) => {}
        }
        let key = format!("SHA256:{}", STANDARD_NO_PAD.encode(digest::digest(&digest::SHA256, parts.key).as_ref()));
        let mut reason = None;
        for allowed in self.0.iter().filter(|it| it.key == parts.key) {
            let signer = allowed.principals.clone();
            let is_for_git =
                allowed.namespaces.as_ref().is_none_or(|list| list.split(',').any(|it| it == "git" || it == "*"));
            let why = if !is_for_git {
                "the key is not for git"
            } else if allowed.after.is_some_and(|after| at < after) || allowed.before.is_some_and(|before| at > before)
            {
                "the key was not valid at that time"
            } else {
                return Verdict::Good { signer, key };
            };
            reason = Some(Verdict::NotValid { signer, key: key.clone(), why });
        }
        reason.unwrap_or(Verdict::UnknownKey { key })
    }
}

struct Parts<'a> {
    key: &'a [u8],
    namespace: &'a [u8],
    reserved: &'a [u8],
    hash: &'a [u8],
    signature: &'a [u8],
}

impl<'a> Parts<'a> {
    fn read(blob: &'a [u8]) -> Option<Self> {
        let mut rest = blob.strip_prefix(MAGIC)?.strip_prefix(&[0, 0, 0, 1])?;
        let mut next = || string(&mut rest);
        Some(Self { key: next()?, namespace: next()?, reserved: next()?, hash: next()?, signature: next()? })
    }
}

fn unarmoured(armour: &[u8]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(armour.get(..armour.len().min(ARMOUR_BYTES))?).ok()?;
    let body =
        text.trim().strip_prefix("-----BEGIN SSH SIGNATURE-----")?.strip_suffix("-----END SSH SIGNATURE-----")?;
    STANDARD.decode(body.split_whitespace().collect::<String>()).ok()
}

fn string<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (length, tail) = rest.split_first_chunk::<4>()?;
    let (value, tail) = tail.split_at_checked(u32::from_be_bytes(*length) as usize)?;
    *rest = tail;
    Some(value)
}

/// Whether a signature fits; none where the kind of the key is not known.
fn fits(mut key: &[u8], mut signature: &[u8], message: &[u8]) -> Option<bool> {
    let kind = string(&mut key)?;
    let algorithm = string(&mut signature)?;
    let bytes = string(&mut signature)?;
    let plain = |algorithm: &'static dyn signature::VerificationAlgorithm, key: &[u8], message: &[u8], bytes: &[u8]| {
        Some(UnparsedPublicKey::new(algorithm, key).verify(message, bytes).is_ok())
    };
    match kind {
        b"ssh-ed25519" if algorithm == kind => plain(&ED25519, string(&mut key)?, message, bytes),
        b"sk-ssh-ed25519@openssh.com" if algorithm == kind => {
            let (public, application) = (string(&mut key)?, string(&mut key)?);
            // What the token signs: digests of both, and flags and counter between them.
            let mut told = digest::digest(&digest::SHA256, application).as_ref().to_vec();
            told.extend(signature);
            told.extend(digest::digest(&digest::SHA256, message).as_ref());
            plain(&ED25519, public, &told, bytes)
        }
        b"ecdsa-sha2-nistp256" | b"ecdsa-sha2-nistp384" | b"ecdsa-sha2-nistp521" if algorithm == kind => {
            let (_, point) = (string(&mut key)?, string(&mut key)?);
            let (algorithm, size): (&'static dyn signature::VerificationAlgorithm, usize) = match kind {
                b"ecdsa-sha2-nistp256" => (&ECDSA_P256_SHA256_FIXED, 32),
                b"ecdsa-sha2-nistp384" => (&ECDSA_P384_SHA384_FIXED, 48),
                _ => (&ECDSA_P521_SHA512_FIXED, 66),
            };
            let mut both = bytes;
            let mut fixed = padded(string(&mut both)?, size)?;
            fixed.extend(padded(string(&mut both)?, size)?);
            plain(algorithm, point, message, &fixed)
        }
        b"ssh-rsa" => {
            let (e, n) = (string(&mut key)?, string(&mut key)?);
            let zeros = |number: &[u8]| number.iter().take_while(|byte| **byte == 0).count();
            let components = RsaPublicKeyComponents { n: &n[zeros(n)..], e: &e[zeros(e)..] };
            let parameters = match algorithm {
                b"rsa-sha2-512" => &RSA_PKCS1_2048_8192_SHA512,
                b"rsa-sha2-256" => &RSA_PKCS1_2048_8192_SHA256,
                _ => return None,
            };
            Some(components.verify(parameters, message, bytes).is_ok())
        }
        _ => None,
    }
}

/// A number without its sign byte, in so many bytes.
fn padded(number: &[u8], size: usize) -> Option<Vec<u8>> {
    let number = &number[number.iter().take_while(|byte| **byte == 0).count()..];
    let mut out = vec![0; size.checked_sub(number.len())?];
    out.extend(number);
    Some(out)
}

/// `principals [options] kind key [comment]`
fn line(text: &str) -> Option<Allowed> {
    let text = text.trim();
    if text.is_empty() || text.starts_with('#') {
        return None;
    }
    let words: Vec<&str> = text.split_whitespace().collect();
    let is_kind = |word: &&str| word.starts_with("ssh-") || word.starts_with("ecdsa-") || word.starts_with("sk-");
    let kind = words.iter().skip(1).position(is_kind).map(|at| at + 1)?;
    let options = words[1..kind].join(" ");
    // Whoever vouches for other keys vouches with certificates, which are not read.
    if options.split(',').any(|it| it == "cert-authority") {
        return None;
    }
    let option = |name: &str| {
        let from = options.to_ascii_lowercase().find(&format!("{name}=\""))? + name.len() + 2;
        options.get(from..)?.split('"').next().map(str::to_owned)
    };
    Some(Allowed {
        principals: words[0].trim_matches('"').to_owned(),
        key: STANDARD.decode(words.get(kind + 1)?).ok()?,
        namespaces: option("namespaces"),
        after: option("valid-after").and_then(|text| seconds(&text)),
        before: option("valid-before").and_then(|text| seconds(&text)),
    })
}

/// `YYYYMMDD[HHMM[SS]][Z]`; without the letter taken for UTC too, since the zone of whoever wrote it is not known.
fn seconds(text: &str) -> Option<i64> {
    let digits = text.trim_end_matches('Z');
    let number = |from: usize, to: usize| digits.get(from..to).map_or(Some(0), |it| it.parse::<i16>().ok());
    let small = |from, to| number(from, to).and_then(|it| i8::try_from(it).ok());
    let (year, month, day) = (number(0, 4)?, small(4, 6)?, small(6, 8)?);
    let time = jiff::civil::DateTime::new(year, month, day, small(8, 10)?, small(10, 12)?, small(12, 14)?, 0).ok()?;
    jiff::tz::Offset::UTC.to_timestamp(time).ok().map(jiff::Timestamp::as_second)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn whatever_stands_there_is_never_good(armour in any::<Vec<u8>>(), blob in any::<Vec<u8>>(), signers in ".{0,200}") {
            let allowed = AllowedSigners::parse(&signers);
            let is_good = |armour: &[u8]| matches!(allowed.verify(armour, b"text", 0), Verdict::Good { .. });
            prop_assert!(!is_good(&armour));
            let wrapped = [MAGIC, &[0, 0, 0, 1], &blob[..]].concat();
            let dashes = "-----";
            let armour = format!("{dashes}BEGIN SSH SIGNATURE{dashes}\n{}\n{dashes}END SSH SIGNATURE{dashes}\n", STANDARD.encode(wrapped));
            prop_assert!(!is_good(armour.as_bytes()));
            let map = super::super::mailmap::Mailmap::parse(&blob);
            let _ = map.resolve(&armour.as_bytes()[..5], &blob);
        }
    }
}
