//! The secret key of redaction digests: one file per ledger, beside the other keys, mode 0600.

use std::fs::{DirBuilder, File};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::Path;

use sealbook_ledger::Origin;
use sealbook_policy::DigestKey;
use zeroize::Zeroizing;

use crate::{Entropy, Error};

const HEAD: &str = "sealbook-digest-key-v1\nkey: ";
/// Longer than any such file: a stranger's file is not read to its end.
const FILE_BYTES_MAX: u64 = 1_024;

/// Reads the key of a ledger's redaction digests, or makes it where there is none yet.
///
/// Errors: [`Error::DigestKey`], which says what is wrong with the file.
pub fn digest_key(keys: &Path, origin: &Origin, entropy: &dyn Entropy) -> Result<DigestKey, Error> {
    let name = origin.as_str().rsplit('/').next().unwrap_or_default();
    let path = keys.join(format!("digest-{}.key", &name[..name.len().min(16)]));
    if let Some(key) = load(&path)? {
        return Ok(key);
    }
    create(keys, &path, entropy)?;
    // Another process may have been faster: what lies there counts.
    load(&path)?.ok_or_else(|| unusable(&path, "vanished while it was made; try again"))
}

fn load(path: &Path) -> Result<Option<DigestKey>, Error> {
    let failed = |cause: std::io::Error| unusable(path, &format!("cannot be read: {cause}; check its owner and mode"));
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(failed(e)),
    };
    let mode = file.metadata().map_err(failed)?.mode() & 0o7777;
    if mode & 0o077 != 0 {
        return Err(unusable(path, &format!("has mode {mode:o}: others can read it; run `chmod 600` on it")));
    }
    let mut text = Zeroizing::new(String::new());
    (&mut file).take(FILE_BYTES_MAX).read_to_string(&mut text).map_err(failed)?;
    let key = decode(&text).ok_or_else(|| {
        unusable(path, "is not a digest key file; restore it from a backup, or remove it: new digests will not compare with old ones")
    })?;
    Ok(Some(key))
}

fn create(dir: &Path, path: &Path, entropy: &dyn Entropy) -> Result<(), Error> {
    let mut seed = Zeroizing::new([0_u8; 32]);
    entropy.fill(&mut *seed);
    let mut text = Zeroizing::new(String::with_capacity(128));
    text.push_str(HEAD);
    for byte in seed.iter() {
        for nibble in [byte >> 4, byte & 15] {
            text.push(char::from(b"0123456789abcdef"[usize::from(nibble)]));
        }
    }
    text.push('\n');
    let draft = path.with_extension(format!("new-{}", std::process::id()));
    let written = (|| {
        DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
        let mut file = File::options().write(true).create_new(true).mode(0o600).open(&draft)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        // A link, not a rename: a key that is there already must stay.
        let linked = std::fs::hard_link(&draft, path);
        std::fs::remove_file(&draft)?;
        match linked {
            Err(e) if e.kind() != ErrorKind::AlreadyExists => Err(e),
            _ => File::open(dir)?.sync_all(),
        }
    })();
    written.map_err(|cause| unusable(path, &format!("cannot be made: {cause}; check the directory's owner and mode")))
}

fn decode(text: &str) -> Option<DigestKey> {
    let hex = text.strip_prefix(HEAD)?.strip_suffix('\n')?.as_bytes();
    if hex.len() != 64 {
        return None;
    }
    let mut seed = Zeroizing::new([0_u8; 32]);
    for (byte, pair) in seed.iter_mut().zip(hex.chunks_exact(2)) {
        let digit = |c: u8| char::from(c).to_digit(16);
        *byte = u8::try_from(digit(pair[0])? * 16 + digit(pair[1])?).ok()?;
    }
    Some(DigestKey::new(*seed))
}

fn unusable(path: &Path, why: &str) -> Error {
    Error::DigestKey { path: path.to_owned(), why: why.to_owned() }
}
