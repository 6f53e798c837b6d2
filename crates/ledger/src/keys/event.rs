//! What a key leaf says, in its part `keys`: one canonical JSON object.
//!
//! `docs/format.md`, "Key events". The text is compact JSON with the keys in
//! order; a text that the writer would not have written is refused, so that no
//! two verifiers can read it differently.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};

use super::{KeyRole, PublicKey};
use crate::{Checkpoint, Error, Hash, Origin};

/// A public key and what it may sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NamedKey {
    /// The key.
    pub key: PublicKey,
    /// Its role.
    pub role: KeyRole,
}

/// The ledger that a new one goes on from, after a restore or a loss.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Continues {
    /// The old ledger.
    pub origin: Origin,
    /// How many of its leaves are carried on from.
    pub size: u64,
    /// Its root at that size.
    pub root: Hash,
    /// Its checkpoint of that size, as it was signed.
    pub checkpoint: String,
    /// Why, in words for people; what is known to be missing belongs here.
    pub reason: String,
}

impl Continues {
    /// Takes origin, size and root from the note; the text of a key event has nothing else.
    pub fn from_checkpoint(checkpoint: String, reason: String) -> Result<Self, Error> {
        let Checkpoint { origin, size, root } = Checkpoint::of_note(&checkpoint)?;
        Ok(Self { origin, size, root, checkpoint, reason })
    }
}

/// A change of the keys that may sign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyEvent {
    /// The first leaf: the keys a ledger begins with.
    Genesis {
        /// At least one of role checkpoint. In the text they are ordered by fingerprint.
        keys: Vec<NamedKey>,
        /// The ledger that this one goes on from.
        continues: Option<Continues>,
    },
    /// From here on the key may sign.
    Add(NamedKey),
    /// From here on the key may not sign; what it signed stays good.
    Retire {
        /// Fingerprint.
        key: Hash,
    },
    /// From here on the key may not sign, and what it signed since is in doubt.
    Revoke {
        /// Fingerprint.
        key: Hash,
        /// The first place from which its signatures are in doubt.
        since_seq: u64,
    },
}

impl KeyEvent {
    /// The canonical text.
    pub fn to_json(&self) -> Vec<u8> {
        let text = match self {
            Self::Genesis { keys, continues } => {
                let mut keys: Vec<_> = keys.iter().collect();
                keys.sort_unstable_by_key(|named| named.key.fingerprint());
                serde_json::to_vec(&GenesisText {
                    continues: continues.as_ref().map(ContinuesText::from),
                    event: "genesis".into(),
                    keys: keys.into_iter().map(KeyText::from).collect(),
                })
            }
            Self::Add(named) => {
                let KeyText { key, role } = KeyText::from(named);
                serde_json::to_vec(&AddText { event: "add".into(), key, role })
            }
            Self::Retire { key } => serde_json::to_vec(&RetireText { event: "retire".into(), key: *key }),
            Self::Revoke { key, since_seq } => {
                serde_json::to_vec(&RevokeText { event: "revoke".into(), key: *key, since_seq: since_seq.to_string() })
            }
        };
        text.expect("plain structs are JSON")
    }

    /// Reads the canonical text, and no other.
    pub fn from_json(text: &[u8]) -> Result<Self, Error> {
        let Kind { event } = read(text)?;
        let parsed = match event.as_str() {
            "genesis" => {
                let GenesisText { continues, keys, .. } = read(text)?;
                let keys = keys.iter().map(NamedKey::try_from).collect::<Result<_, _>>()?;
                Self::Genesis { keys, continues: continues.map(Continues::try_from).transpose()? }
            }
            "add" => {
                let AddText { key, role, .. } = read(text)?;
                Self::Add((&KeyText { key, role }).try_into()?)
            }
            "retire" => Self::Retire { key: read::<RetireText>(text)?.key },
            "revoke" => {
                let RevokeText { key, since_seq, .. } = read(text)?;
                Self::Revoke { key, since_seq: number(&since_seq)? }
            }
            _ => {
                return Err(Error::KeyEventRefused { why: "its kind is unknown" });
            }
        };
        if parsed.to_json() != text {
            return Err(Error::KeyEventRefused { why: "it is not in canonical form" });
        }
        Ok(parsed)
    }
}

#[derive(Deserialize)]
struct Kind {
    event: String,
}

#[derive(Serialize, Deserialize)]
struct GenesisText {
    continues: Option<ContinuesText>,
    event: String,
    keys: Vec<KeyText>,
}

#[derive(Serialize, Deserialize)]
struct ContinuesText {
    checkpoint: String,
    reason: String,
}

#[derive(Serialize, Deserialize)]
struct KeyText {
    key: String,
    role: KeyRole,
}

#[derive(Serialize, Deserialize)]
struct AddText {
    event: String,
    key: String,
    role: KeyRole,
}

#[derive(Serialize, Deserialize)]
struct RetireText {
    event: String,
    key: Hash,
}

#[derive(Serialize, Deserialize)]
struct RevokeText {
    event: String,
    key: Hash,
    since_seq: String,
}

fn read<'a, T: Deserialize<'a>>(text: &'a [u8]) -> Result<T, Error> {
    serde_json::from_slice(text).map_err(|_| Error::KeyEventRefused { why: "it is not an object of its kind" })
}

fn number(text: &str) -> Result<u64, Error> {
    text.parse().map_err(|_| Error::KeyEventRefused { why: "a number is not in decimal" })
}

impl From<&NamedKey> for KeyText {
    fn from(named: &NamedKey) -> Self {
        Self { key: STANDARD.encode(named.key.to_bytes()), role: named.role }
    }
}

impl TryFrom<&KeyText> for NamedKey {
    type Error = Error;

    fn try_from(text: &KeyText) -> Result<Self, Error> {
        let bytes = STANDARD.decode(&text.key).ok().and_then(|bytes| bytes.try_into().ok());
        let bytes = bytes.ok_or(Error::KeyEventRefused { why: "a key is not 32 bytes of base64" })?;
        Ok(Self { key: PublicKey::from_bytes(bytes)?, role: text.role })
    }
}

impl From<&Continues> for ContinuesText {
    fn from(old: &Continues) -> Self {
        Self { checkpoint: old.checkpoint.clone(), reason: old.reason.clone() }
    }
}

impl TryFrom<ContinuesText> for Continues {
    type Error = Error;

    fn try_from(text: ContinuesText) -> Result<Self, Error> {
        Self::from_checkpoint(text.checkpoint, text.reason)
    }
}
