//! Key files: one key each, mode 0600, loose modes refused.

use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sealbook_ledger::{Hash, KeyFile, KeyRing, KeyRole, SigningKey};
use zeroize::Zeroizing;

use crate::sqlite::file_error;
use crate::whole::make_private_dir;
use crate::{Entropy, Error};

/// Longer than any key file: a stranger's file is not read to its end.
const FILE_BYTES_MAX: u64 = 4_096;

/// A directory of key files.
#[derive(Debug, Clone)]
pub struct KeyDir {
    dir: PathBuf,
}

impl KeyDir {
    /// Names the directory; nothing is read or made.
    pub fn new(dir: &Path) -> Self {
        Self { dir: dir.to_owned() }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.dir
    }

    /// Makes a key and keeps it in a file of its own.
    pub fn generate(&self, role: KeyRole, entropy: &dyn Entropy) -> Result<SigningKey, Error> {
        let mut seed = Zeroizing::new([0; 32]);
        entropy.fill(&mut *seed);
        let file = KeyFile { role, key: SigningKey::from_seed(&seed) };
        self.keep(&file)?;
        Ok(file.key)
    }

    /// Writes a key file. A crash in the middle leaves a file under another name, which nobody reads.
    pub fn keep(&self, key: &KeyFile) -> Result<(), Error> {
        make_private_dir(&self.dir)?;
        let path = self.file_of(key.role, &key.key.fingerprint());
        let draft = path.with_extension("new");
        let written = (|| {
            let mut file = File::options().write(true).create_new(true).mode(0o600).open(&draft)?;
            file.write_all(key.encode().as_bytes())?;
            file.sync_all()?;
            std::fs::rename(&draft, &path)?;
            File::open(&self.dir)?.sync_all()
        })();
        written.map_err(|cause| file_error(&path, cause))
    }

    /// Reads the key of this role and fingerprint; `None` where there is no such file.
    pub fn load(&self, role: KeyRole, fingerprint: &Hash) -> Result<Option<SigningKey>, Error> {
        let path = self.file_of(role, fingerprint);
        let mut file = match File::open(&path) {
            Ok(file) => file,
            Err(e) if e.kind() == ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(file_error(&path, e)),
        };
        let mode = file.metadata().map_err(|cause| file_error(&path, cause))?.mode() & 0o7777;
        if mode & 0o077 != 0 {
            return Err(Error::KeyModeLoose { path, mode });
        }
        let mut text = Zeroizing::new(String::new());
        (&mut file).take(FILE_BYTES_MAX).read_to_string(&mut text).map_err(|cause| file_error(&path, cause))?;
        let key = KeyFile::decode(&text)?;
        Ok((key.role == role && key.key.fingerprint() == *fingerprint).then_some(key.key))
    }

    fn file_of(&self, role: KeyRole, fingerprint: &Hash) -> PathBuf {
        let fingerprint = fingerprint.to_string();
        self.dir.join(format!("{role}-{}.key", &fingerprint[..16]))
    }
}

/// The private keys at hand that are valid at one place of the ledger.
#[derive(Clone, Default)]
pub(crate) struct Signers {
    pub(crate) checkpoint: Vec<Arc<SigningKey>>,
    pub(crate) record: Option<Arc<SigningKey>>,
}

impl Signers {
    /// Loads what is valid for the next leaf, `seq`.
    pub(crate) fn load(dir: &KeyDir, ring: &KeyRing, seq: u64) -> Result<Self, Error> {
        let mut signers = Self::default();
        for key in ring.valid_keys(KeyRole::Checkpoint, seq) {
            signers.checkpoint.extend(dir.load(KeyRole::Checkpoint, &key.fingerprint())?.map(Arc::new));
        }
        for key in ring.valid_keys(KeyRole::Record, seq) {
            if signers.record.is_none() {
                signers.record = dir.load(KeyRole::Record, &key.fingerprint())?.map(Arc::new);
            }
        }
        Ok(signers)
    }
}
