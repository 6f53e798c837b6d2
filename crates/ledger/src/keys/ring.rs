//! Which keys may sign what, where: the fold over the key leaves of a ledger.

use super::{KeyEvent, KeyRole, NamedKey, PublicKey};
use crate::{Error, Hash, LeafType};

/// One key and the range of places in which it may sign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyEntry {
    /// The key.
    pub key: PublicKey,
    /// What it may sign.
    pub role: KeyRole,
    /// Place of the leaf that named it; its first.
    pub from_seq: u64,
    /// Place of the leaf that retired or revoked it; it may sign before, not at it.
    pub until_seq: Option<u64>,
    /// From here on, its signatures are in doubt: the key was revoked.
    pub revoked_since: Option<u64>,
}

impl KeyEntry {
    /// Whether a leaf at this place may bear the key's signature.
    pub fn covers(&self, seq: u64) -> bool {
        self.from_seq <= seq && self.until_seq.is_none_or(|until| seq < until)
    }

    /// Whether a signature at this place is in doubt because the key was revoked later.
    pub fn in_doubt(&self, seq: u64) -> bool {
        self.covers(seq) && self.revoked_since.is_some_and(|since| since <= seq)
    }
}

/// The fold over key events. Keys are told apart by fingerprint; none comes twice.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KeyRing {
    /// Ordered by fingerprint.
    entries: Vec<KeyEntry>,
}

impl KeyRing {
    /// A ring without keys, before the first leaf.
    pub fn new() -> Self {
        Self::default()
    }

    /// Every key that was ever named, in the order of fingerprints.
    pub fn entries(&self) -> &[KeyEntry] {
        &self.entries
    }

    /// The key of this fingerprint.
    pub fn get(&self, fingerprint: &Hash) -> Option<&KeyEntry> {
        self.place(fingerprint).ok().map(|place| &self.entries[place])
    }

    /// The keys of a role that may sign at this place.
    pub fn valid_keys(&self, role: KeyRole, seq: u64) -> impl Iterator<Item = &PublicKey> {
        self.entries.iter().filter(move |entry| entry.role == role && entry.covers(seq)).map(|entry| &entry.key)
    }

    /// The keys that may sign a checkpoint of this size: those valid at its last leaf.
    pub fn checkpoint_keys(&self, size: u64) -> impl Iterator<Item = &PublicKey> {
        self.valid_keys(KeyRole::Checkpoint, size.saturating_sub(1))
    }

    /// Whether the key may sign a leaf of this type at this place.
    ///
    /// Records and erasures are signed by record and approver keys. A key leaf is
    /// signed by keys that were valid just before it, or that it names itself.
    pub fn may_sign(&self, fingerprint: &Hash, typ: LeafType, seq: u64) -> bool {
        let Some(entry) = self.get(fingerprint) else {
            return false;
        };
        match typ {
            LeafType::Record | LeafType::Erase => entry.role != KeyRole::Checkpoint && entry.covers(seq),
            LeafType::Key => entry.from_seq <= seq && entry.until_seq.is_none_or(|until| seq <= until),
        }
    }

    /// Whether signers like these may change the keys at this place.
    ///
    /// The first leaf needs every key that it names; a later one needs a
    /// checkpoint key that was valid just before it.
    pub fn may_change(&self, signers: impl Fn(&Hash) -> bool, seq: u64) -> bool {
        let signed = |entry: &KeyEntry| signers(&entry.key.fingerprint());
        if seq == 0 {
            let mut named = self.entries.iter().filter(|entry| entry.from_seq == 0);
            return !self.entries.is_empty() && named.all(signed);
        }
        let held = |entry: &&KeyEntry| {
            entry.role == KeyRole::Checkpoint
                && entry.from_seq < seq
                && entry.until_seq.is_none_or(|until| seq <= until)
        };
        self.entries.iter().filter(held).any(signed)
    }

    /// Takes the event of the key leaf at this place. On error the ring is as it was.
    pub fn apply(&mut self, seq: u64, event: &KeyEvent) -> Result<(), Error> {
        let refuse = |why| Err(Error::KeyEventRefused { why });
        match event {
            KeyEvent::Genesis { keys, continues } => {
                if seq != 0 || !self.entries.is_empty() {
                    return refuse("only the first leaf is a genesis");
                }
                if !keys.iter().any(|named| named.role == KeyRole::Checkpoint) {
                    return refuse("a genesis names a checkpoint key");
                }
                if let Some(old) = continues {
                    old.check()?;
                }
                let mut next = Self::new();
                keys.iter().try_for_each(|named| next.add(seq, named))?;
                *self = next;
                Ok(())
            }
            _ if seq > 0 && self.entries.is_empty() => refuse("the first leaf, a genesis, is missing or broken"),
            KeyEvent::Add(named) if seq > 0 => self.add(seq, named),
            KeyEvent::Retire { key } if seq > 0 => self.end(seq, key, None),
            KeyEvent::Revoke { key, since_seq } if seq > 0 => self.end(seq, key, Some(*since_seq)),
            _ => refuse("the first leaf is a genesis"),
        }
    }

    fn place(&self, fingerprint: &Hash) -> Result<usize, usize> {
        self.entries.binary_search_by_key(fingerprint, |entry| entry.key.fingerprint())
    }

    fn add(&mut self, seq: u64, named: &NamedKey) -> Result<(), Error> {
        let Err(place) = self.place(&named.key.fingerprint()) else {
            return Err(Error::KeyEventRefused { why: "the key was named before; a key has one role, once" });
        };
        let NamedKey { key, role } = *named;
        self.entries.insert(place, KeyEntry { key, role, from_seq: seq, until_seq: None, revoked_since: None });
        Ok(())
    }

    fn end(&mut self, seq: u64, key: &Hash, since_seq: Option<u64>) -> Result<(), Error> {
        let refuse = |why| Err(Error::KeyEventRefused { why });
        let Ok(place) = self.place(key) else {
            return refuse("it names a key that the ledger never had");
        };
        let entry = &self.entries[place];
        let (role, is_ended) = (entry.role, entry.until_seq.is_some());
        if entry.revoked_since.is_some() || (is_ended && since_seq.is_none()) {
            return refuse("the key is retired or revoked already");
        }
        if since_seq.is_some_and(|since| since > seq) {
            return refuse("a key is revoked from a place that is not sealed yet");
        }
        let mut left = self.entries.iter().filter(|entry| entry.role == KeyRole::Checkpoint && entry.covers(seq));
        if role == KeyRole::Checkpoint && left.all(|entry| entry.key.fingerprint() == *key) {
            return refuse("it would leave no checkpoint key; add the new one first");
        }
        let entry = &mut self.entries[place];
        entry.until_seq = entry.until_seq.or(Some(seq));
        entry.revoked_since = since_seq;
        Ok(())
    }
}

impl super::Continues {
    /// Whether the note says what is said of it. Its signature is checked by whoever knows the old keys.
    fn check(&self) -> Result<(), Error> {
        let checkpoint = crate::Checkpoint::of_note(&self.checkpoint)?;
        if checkpoint.origin == self.origin && checkpoint.size == self.size && checkpoint.root == self.root {
            return Ok(());
        }
        Err(Error::KeyEventRefused { why: "`continues` differs from the checkpoint that it quotes" })
    }
}
