//! The secret key of redaction digests, from the directory of the ledger's keys.

use std::path::Path;

use sealbook_ledger::Origin;
use sealbook_policy::DigestKey;
use sealbook_store::SystemEntropy;

use crate::failure::Failure;

/// Reads the key of a ledger, or makes it where there is none yet.
pub(crate) fn load_or_create(keys: &Path, origin: &Origin) -> Result<DigestKey, Failure> {
    Ok(sealbook_store::digest_key(keys, origin, &SystemEntropy)?)
}
