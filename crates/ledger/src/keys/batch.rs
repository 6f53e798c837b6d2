//! Many signatures at once, with the verdict that each would get alone.

use std::convert::Infallible;

use ed25519_zebra::{Signature, batch};
use rand_core::{TryCryptoRng, TryRng};
use sha2::{Digest, Sha256};

use super::{PublicKey, is_canonical};
use crate::Hash;

/// A queue of signatures, each with a tag that names it.
///
/// The batch equation weighs every signature by a number that a forger must not
/// foresee. The weights come from a hash over all that is queued, so they need
/// no source of randomness and depend on every byte that is checked.
#[derive(Debug, Default)]
pub struct BatchVerifier<T> {
    items: Vec<(batch::Item, T)>,
    offenders: Vec<T>,
    transcript: Sha256,
}

impl<T> BatchVerifier<T> {
    /// An empty queue.
    pub fn new() -> Self {
        Self { items: Vec::new(), offenders: Vec::new(), transcript: Sha256::new() }
    }

    /// How many signatures wait.
    pub fn len(&self) -> usize {
        self.items.len() + self.offenders.len()
    }

    /// Whether none waits.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Adds a signature. Around a thousand are best: more save little and cost memory.
    pub fn queue(&mut self, key: &PublicKey, message: &[u8], sig: &[u8; 64], tag: T) {
        if !is_canonical(sig.first_chunk().expect("32 of 64 bytes")) {
            self.offenders.push(tag);
            return;
        }
        self.transcript.update(key.fingerprint().0);
        self.transcript.update(sig);
        self.transcript.update((message.len() as u64).to_be_bytes());
        self.transcript.update(message);
        let item = batch::Item::from((key.point_bytes(), Signature::from(*sig), message));
        self.items.push((item, tag));
    }

    /// Checks all that waits, empties the queue, and returns the tags of those that do not hold.
    pub fn verify(&mut self) -> Vec<T> {
        let weights = Weights::new(Hash(self.transcript.finalize_reset().into()));
        let mut batch = batch::Verifier::new();
        for (item, _) in &self.items {
            batch.queue(item.clone());
        }
        let mut offenders = std::mem::take(&mut self.offenders);
        if batch.verify(weights).is_ok() {
            self.items.clear();
        } else {
            let bad = |(item, tag): (batch::Item, T)| item.verify_single().is_err().then_some(tag);
            offenders.extend(self.items.drain(..).filter_map(bad));
        }
        offenders
    }
}

/// SHA-256 in counter mode over the digest of the queue.
struct Weights {
    seed: Hash,
    block: [u8; 32],
    /// Blocks made so far.
    made: u64,
    /// How much of the block was given away.
    used: usize,
}

impl Weights {
    fn new(seed: Hash) -> Self {
        Self { seed, block: [0; 32], made: 0, used: 32 }
    }
}

impl TryRng for Weights {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut bytes = [0; 4];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Infallible> {
        for byte in out {
            if self.used == self.block.len() {
                let digest = Sha256::new().chain_update(self.seed.0).chain_update(self.made.to_be_bytes()).finalize();
                (self.block, self.made, self.used) = (digest.into(), self.made + 1, 0);
            }
            *byte = self.block[self.used];
            self.used += 1;
        }
        Ok(())
    }
}

impl TryCryptoRng for Weights {}
