//! Every checkpoint: its signatures, and the root of the leaves it covers.

use std::collections::BTreeMap;

use super::{
    Fault, Faults, StoredCheckpoint, Subject,
    views::{Cursor, View, Views},
};
use crate::{BatchVerifier, Checkpoint, Error, Hash, KeyRing, Origin, PublicKey, checkpoint};

/// Signatures that are checked together.
const BATCH: usize = 1_024;

/// Takes checkpoints as they come, in ascending order of size.
pub(super) struct Checkpoints<'a> {
    subject: Subject<'a>,
    leaves: Cursor,
    tiles: Cursor,
    batch: BatchVerifier<u64>,
    /// Well-formed, their signatures still unchecked.
    waiting: Vec<Waiting>,
    /// Signed, but over roots that neither leaves nor tiles make.
    unmatched: Vec<(u64, Hash)>,
    count: u64,
    newest_size: u64,
    newest_signers: Vec<Hash>,
    /// Whether a signed root bears out the one view and not the other.
    leaves_alone: bool,
    tiles_alone: bool,
    /// Notes by keys that no key leaf names, by key id: the first size, and how many.
    unknown: BTreeMap<u32, (u64, u64)>,
}

struct Waiting {
    size: u64,
    root: Hash,
    by_leaves: bool,
    by_tiles: bool,
    signers: Vec<Hash>,
}

impl<'a> Checkpoints<'a> {
    pub(super) fn new(subject: &Subject<'a>) -> Self {
        Self {
            subject: *subject,
            leaves: Cursor::new(View::Leaves),
            tiles: Cursor::new(View::Tiles),
            batch: BatchVerifier::new(),
            waiting: Vec::new(),
            unmatched: Vec::new(),
            count: 0,
            newest_size: 0,
            newest_signers: Vec::new(),
            leaves_alone: false,
            tiles_alone: false,
            unknown: BTreeMap::new(),
        }
    }

    /// How many there were.
    pub(super) fn count(&self) -> u64 {
        self.count
    }

    /// Fingerprints of the keys that signed the newest good one.
    pub(super) fn into_signers(self) -> Vec<Hash> {
        self.newest_signers
    }

    pub(super) fn take(
        &mut self,
        views: &Views<'_>,
        stored: &StoredCheckpoint,
        faults: &mut Faults,
    ) -> Result<(), Error> {
        self.count += 1;
        let size = stored.size;
        self.newest_size = self.newest_size.max(size);
        if size > self.subject.size {
            faults.add(Fault::Truncated { size, have: self.subject.size });
            return Ok(());
        }
        let (checkpoint, signers) = match read(&stored.note, size, &self.subject, &mut self.batch) {
            Ok(read) => read,
            Err(Refusal::UnknownKey(id)) => {
                self.unknown.entry(id).or_insert((size, 0)).1 += 1;
                return Ok(());
            }
            Err(Refusal::Invalid(why)) => {
                faults.add(Fault::CheckpointInvalid { size, why });
                return Ok(());
            }
        };
        self.leaves.advance(views, size)?;
        let by_leaves = self.leaves.root() == checkpoint.root;
        let by_tiles = if views.has_suspects() {
            self.tiles.advance(views, size)?;
            self.tiles.root() == checkpoint.root
        } else {
            by_leaves
        };
        self.waiting.push(Waiting { size, root: checkpoint.root, by_leaves, by_tiles, signers });
        if self.batch.len() >= BATCH {
            self.flush(faults);
        }
        Ok(())
    }

    /// Checks the last signatures, decides what was altered, and reports what then does not fit.
    pub(super) fn finish(&mut self, views: &mut Views<'_>, faults: &mut Faults) -> Result<(), Error> {
        self.flush(faults);
        for (size, count) in std::mem::take(&mut self.unknown).into_values() {
            faults.add(Fault::CheckpointKeyUnknown { size, count });
        }
        let is_clear = self.unmatched.is_empty();
        views.decide(is_clear && self.leaves_alone, is_clear && self.tiles_alone);
        let mut resolved = Cursor::new(View::Resolved);
        for (size, root) in &self.unmatched {
            resolved.advance(views, *size)?;
            if resolved.root() != *root {
                faults.add(Fault::CheckpointMismatch { size: *size });
            }
        }
        let (from, to) = (self.newest_size, self.subject.size);
        if from < to {
            faults.add(Fault::CheckpointMissing { from, to });
        }
        Ok(())
    }

    fn flush(&mut self, faults: &mut Faults) {
        let bad = self.batch.verify();
        for waiting in self.waiting.drain(..) {
            let Waiting { size, root, by_leaves, by_tiles, signers } = waiting;
            if bad.contains(&size) {
                faults.add(Fault::CheckpointInvalid { size, why: "a signature does not hold" });
                continue;
            }
            self.leaves_alone |= by_leaves && !by_tiles;
            self.tiles_alone |= by_tiles && !by_leaves;
            if !by_leaves && !by_tiles {
                self.unmatched.push((size, root));
            }
            self.newest_signers = signers;
        }
    }
}

/// Why a note does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// It is signed in the ledger's name by a key of this id, which no key leaf names.
    UnknownKey(u32),
    /// Anything else.
    Invalid(&'static str),
}

/// Reads a note and queues its signatures. What is wrong with it is named.
fn read(
    note: &[u8],
    size: u64,
    subject: &Subject<'_>,
    batch: &mut BatchVerifier<u64>,
) -> Result<(Checkpoint, Vec<Hash>), Refusal> {
    let note = std::str::from_utf8(note).map_err(|_| Refusal::Invalid("it is not text"))?;
    let (body, claims) = claims(note, subject.origin, subject.ring, Some(size))?;
    let signers = claims.iter().map(|(key, _)| key.fingerprint()).collect();
    for (key, sig) in &claims {
        batch.queue(key, body.as_bytes(), sig, size);
    }
    Ok((body.parse().map_err(|_| MALFORMED)?, signers))
}

const MALFORMED: Refusal = Refusal::Invalid("it is malformed");

type Claims = Vec<(PublicKey, [u8; 64])>;

/// The text of a note, and what claims to be signed by checkpoint keys of this ledger.
///
/// Whoever knows the ring is stricter than C2SP signed-note asks: a line in the
/// ledger's own name must be by a key that may sign this size.
pub(crate) fn claims<'n>(
    note: &'n str,
    origin: &Origin,
    ring: &KeyRing,
    size: Option<u64>,
) -> Result<(&'n str, Claims), Refusal> {
    let (body, sigs) = checkpoint::split(note).map_err(|_| MALFORMED)?;
    let checkpoint: Checkpoint = body.parse().map_err(|_| MALFORMED)?;
    if checkpoint.origin != *origin {
        return Err(Refusal::Invalid("it belongs to another ledger"));
    }
    if size.is_some_and(|size| size != checkpoint.size) {
        return Err(Refusal::Invalid("it is stored under another size than its own"));
    }
    let mut claims = Claims::new();
    for sig in sigs.iter().filter(|sig| sig.name() == origin.as_str()) {
        let is_it = |key: &&PublicKey| checkpoint::is_by(sig, key, origin);
        let Some(key) = ring.checkpoint_keys(checkpoint.size).find(is_it) else {
            let is_known = ring.entries().iter().any(|entry| is_it(&&entry.key));
            let why = Refusal::Invalid("it is signed by a key that may not, or not here");
            return Err(if is_known { why } else { Refusal::UnknownKey(sig.id()) });
        };
        let Ok(bytes) = sig.signature().try_into() else {
            return Err(Refusal::Invalid("a signature has not 64 bytes"));
        };
        claims.push((*key, bytes));
    }
    if claims.is_empty() {
        return Err(Refusal::Invalid("it is not signed in the name of the ledger"));
    }
    Ok((body, claims))
}
