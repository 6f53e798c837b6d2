//! Checkpoints: C2SP signed notes of a ledger's size and root.

use std::str::FromStr;

use base64::{Engine, engine::general_purpose::STANDARD};
use signed_note::Signature;

use crate::{Error, Hash, Origin, PublicKey, SIGNATURES_MAX, SigningKey, TREE_SIZE_MAX};

/// The most bytes that a checkpoint may have, cosignatures included.
const NOTE_BYTES_MAX: usize = 64 << 10;

/// How many leaves a ledger has, and the root over them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// The ledger.
    pub origin: Origin,
    /// Number of leaves.
    pub size: u64,
    /// Merkle tree hash over them.
    pub root: Hash,
}

/// A checkpoint whose signatures were checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedCheckpoint {
    /// What was signed.
    pub checkpoint: Checkpoint,
    /// The note as it was read.
    pub note: String,
    /// Fingerprints of the trusted keys that signed it.
    pub signers: Vec<Hash>,
}

impl Checkpoint {
    /// The text that is signed: origin, size and root, a line each.
    pub fn body(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.size, STANDARD.encode(self.root.0))
    }

    /// The signed note. Every key signs under the name of the ledger's origin.
    pub fn sign(&self, keys: &[&SigningKey]) -> String {
        let body = self.body();
        let mut note = body.clone() + "\n";
        for key in keys {
            let id = key.public().note_key_id(self.origin.as_str());
            let sig = key.sign(body.as_bytes()).to_vec();
            let sig = Signature::new(self.origin.to_string(), id, sig).expect("an origin has no space and no plus");
            note.push_str(std::str::from_utf8(&sig.to_bytes()).expect("a signature line is text"));
        }
        note
    }

    /// What a note says, without a look at its signatures: not to be trusted yet.
    pub fn of_note(note: &str) -> Result<Self, Error> {
        let (body, _) = split(note)?;
        body.parse()
    }
}

impl FromStr for Checkpoint {
    type Err = Error;

    /// Reads a body: exactly three lines, in their one form.
    fn from_str(body: &str) -> Result<Self, Error> {
        let fail = |why| Error::CheckpointMalformed { why };
        let mut lines = body.strip_suffix('\n').ok_or(fail("its text does not end with a line feed"))?.split('\n');
        let mut next = || lines.next().ok_or(fail("it has fewer than three lines"));
        let (origin, size, root) = (next()?, next()?, next()?);
        if lines.next().is_some() {
            return Err(fail("it has extension lines"));
        }
        let origin = origin.parse().map_err(|_| fail("its first line is not the origin of a ledger"))?;
        let is_decimal = size.bytes().all(|byte| byte.is_ascii_digit()) && (size == "0" || !size.starts_with('0'));
        let size = size.parse().ok().filter(|size| is_decimal && *size <= TREE_SIZE_MAX);
        let size = size.ok_or(fail("its size is not a decimal number of at most 2^56"))?;
        let root = STANDARD.decode(root).ok().and_then(|root| root.try_into().ok());
        let root = Hash(root.ok_or(fail("its root is not 32 bytes of base64"))?);
        Ok(Self { origin, size, root })
    }
}

impl SignedCheckpoint {
    /// Opens a note with the keys that are trusted for it.
    ///
    /// As C2SP signed-note asks: lines of other keys are passed over, a bad
    /// signature of a known key refuses the whole note, and one good one is needed.
    pub fn open(note: &str, keys: &[PublicKey]) -> Result<Self, Error> {
        let (body, sigs) = split(note)?;
        let checkpoint: Checkpoint = body.parse()?;
        let untrusted = |why| Error::CheckpointUntrusted { size: checkpoint.size, why };
        let mut signers = Vec::new();
        for sig in &sigs {
            for key in keys.iter().filter(|key| is_by(sig, key, &checkpoint.origin)) {
                let bytes = sig.signature().try_into().map_err(|_| untrusted("a signature has not 64 bytes"))?;
                if !key.verify(body.as_bytes(), bytes) {
                    return Err(untrusted("a signature does not hold"));
                }
                signers.push(key.fingerprint());
            }
        }
        if signers.is_empty() {
            return Err(untrusted("none of its signatures is by a trusted key"));
        }
        Ok(Self { checkpoint, note: note.to_owned(), signers })
    }
}

/// Whether a signature line claims to be by this key, under the name of this ledger.
pub(crate) fn is_by(sig: &Signature, key: &PublicKey, origin: &Origin) -> bool {
    sig.name() == origin.as_str() && sig.id() == key.note_key_id(origin.as_str())
}

/// The text of a note, and its signatures.
pub(crate) fn split(note: &str) -> Result<(&str, Vec<Signature>), Error> {
    let fail = |why| Error::CheckpointMalformed { why };
    if note.len() > NOTE_BYTES_MAX {
        return Err(fail("it has more than 64 KiB"));
    }
    if note.bytes().any(|byte| byte < b' ' && byte != b'\n') {
        return Err(fail("it has control characters"));
    }
    let (body, lines) = note.rsplit_once("\n\n").ok_or(fail("it has no signatures"))?;
    let lines = lines.strip_suffix('\n').ok_or(fail("its last line does not end"))?;
    let sigs = lines.split('\n').map(|line| Signature::from_bytes(line.as_bytes()));
    let sigs: Vec<_> = sigs.collect::<Result<_, _>>().map_err(|_| fail("a signature line is not one"))?;
    if sigs.len() > SIGNATURES_MAX {
        return Err(fail("it has more than 64 signatures"));
    }
    Ok((&note[..=body.len()], sigs))
}
