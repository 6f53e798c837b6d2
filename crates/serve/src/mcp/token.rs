//! The bearer token of a server over HTTP (RFC 6750): from a file, or made into one.

use std::fmt::Write as _;
use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read as _, Write as _};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use sha2::{Digest, Sha256};

use crate::Error;

/// Shorter ones can be guessed.
const CHARS_MIN: usize = 32;
const BYTES_MAX: u64 = 4_096;

/// What is kept of a token: its digest.
#[derive(Clone)]
pub struct Token {
    digest: [u8; 32],
}

impl Token {
    /// Reads the token of a file, or makes the file with a new one. Its mode is 0600.
    ///
    /// Errors: others may read the file, or what it holds is no token.
    pub fn load_or_create(path: &Path) -> Result<Self, Error> {
        let fail = |why: &str| Error::TokenFile { path: path.display().to_string(), why: why.to_owned() };
        let failed = |cause: std::io::Error| fail(&format!("{cause}; check the directory and its permissions"));
        let file = match File::open(path) {
            Ok(file) => file,
            Err(e) if e.kind() == ErrorKind::NotFound => match create(path) {
                // Another server was faster.
                Err(e) if e.kind() == ErrorKind::AlreadyExists => File::open(path).map_err(failed)?,
                made => return made.map(|text| Self::of(&text)).map_err(failed),
            },
            Err(e) => return Err(failed(e)),
        };
        let mode = file.metadata().map_err(failed)?.mode() & 0o7777;
        if mode & 0o077 != 0 {
            return Err(fail(&format!("its mode is {mode:o}, and others may read it; run `chmod 600` on it")));
        }
        let mut text = String::new();
        file.take(BYTES_MAX).read_to_string(&mut text).map_err(failed)?;
        let token = text.trim();
        let is_good = token.len() >= CHARS_MIN && token.bytes().all(|byte| byte.is_ascii_graphic());
        if !is_good {
            return Err(fail(
                "it must hold one token of at least 32 visible characters; remove the file to have one made",
            ));
        }
        Ok(Self::of(token))
    }

    fn of(text: &str) -> Self {
        Self { digest: Sha256::digest(text).into() }
    }

    /// Whether it is this one; takes as long for every other.
    pub(crate) fn is(&self, given: &str) -> bool {
        let digest: [u8; 32] = Sha256::digest(given).into();
        verify_slices_are_equal(&self.digest, &digest).is_ok()
    }

    /// What records call whoever holds it.
    pub(crate) fn principal(&self) -> String {
        format!("token:{}", hex(&self.digest[..4]))
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn create(path: &Path) -> std::io::Result<String> {
    let mut random = [0; 32];
    getrandom::fill(&mut random).expect("the kernel's random generator answers");
    let token = hex(&random);
    if let Some(dir) = path.parent().filter(|dir| !dir.as_os_str().is_empty()) {
        std::fs::create_dir_all(dir)?;
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    writeln!(file, "{token}")?;
    file.sync_all()?;
    Ok(token)
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Token").field(&self.principal()).finish()
    }
}
