//! Receipts: C2SP tlog-proof. A record's inclusion proof and the checkpoint it leads to.

use base64::{Engine, engine::general_purpose::STANDARD};

use crate::{
    Checkpoint, EntryPlace, Error, Fault, Hash, LEAF_BYTES_MAX, Leaf, SignedCheckpoint, Trust, check_inclusion,
};

/// What a submitter keeps to prove, without the book, that a record was sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// The leaf, which goes into the line `extra`.
    pub leaf: Vec<u8>,
    /// Its place in the ledger.
    pub seq: u64,
    /// Audit path from the leaf to the root.
    pub proof: Vec<Hash>,
    /// The signed note.
    pub checkpoint: String,
}

impl Receipt {
    /// The text form, `c2sp.org/tlog-proof@v1`.
    pub fn encode(&self) -> String {
        let mut text = format!("{HEAD}\nextra {}\nindex {}\n", STANDARD.encode(&self.leaf), self.seq);
        for hash in &self.proof {
            text.push_str(&STANDARD.encode(hash.0));
            text.push('\n');
        }
        text + "\n" + &self.checkpoint
    }

    /// Reads the text form. Nothing is verified yet.
    pub fn decode(text: &str) -> Result<Self, Error> {
        let mut lines = Lines { text, number: 0 };
        if lines.next()? != HEAD {
            return lines.fail("it is not `c2sp.org/tlog-proof@v1`");
        }
        let Some(extra) = lines.next()?.strip_prefix("extra ") else {
            return lines.fail("it is not `extra ` with the leaf; a receipt of a ledger carries it");
        };
        let leaf = STANDARD.decode(extra).ok().filter(|leaf| leaf.len() <= LEAF_BYTES_MAX);
        let Some(leaf) = leaf else {
            return lines.fail("it is not a leaf in base64");
        };
        let index = lines.next()?.strip_prefix("index ");
        let Some(seq) = index.and_then(decimal) else {
            return lines.fail("it is not `index ` with a number");
        };
        let mut proof = Vec::new();
        loop {
            let line = lines.next()?;
            if line.is_empty() {
                break;
            }
            let hash = STANDARD.decode(line).ok().and_then(|hash| hash.try_into().ok());
            match hash {
                Some(hash) if proof.len() < 64 => proof.push(Hash(hash)),
                _ => return lines.fail("it is not one of at most 64 hashes in base64"),
            }
        }
        Ok(Self { leaf, seq, proof, checkpoint: lines.text.to_owned() })
    }

    /// Checks that the leaf stands in a ledger whose checkpoint a trusted key signed.
    ///
    /// A leaf that is given must be the one of the receipt. A fault says what does not hold.
    pub fn verify(&self, leaf: Option<&[u8]>, trust: &Trust) -> Result<SignedCheckpoint, Fault> {
        let mut entry = EntryPlace { seq: self.seq, id: None };
        let parsed = Leaf::parse(&self.leaf).map_err(|error| match error {
            Error::LeafMalformed { at, expected } => Fault::LeafMalformed { entry, at, expected },
            _ => Fault::LeafMalformed { entry, at: LEAF_BYTES_MAX, expected: "at most 65535 bytes" },
        })?;
        entry.id = Some(parsed.id);
        if leaf.is_some_and(|leaf| leaf != self.leaf) {
            return Err(Fault::LeafAltered { entry });
        }
        if parsed.seq != self.seq {
            return Err(Fault::LeafMisplaced { entry, says: parsed.seq });
        }
        let signed = open(&self.checkpoint, trust)?;
        let Checkpoint { origin, size, root } = &signed.checkpoint;
        if *origin != parsed.origin {
            return Err(Fault::OriginMismatch { entry });
        }
        check_inclusion(self.seq, &Hash::of_leaf(&self.leaf), *size, root, &self.proof)
            .map_err(|_| Fault::NotIncluded { entry })?;
        Ok(signed)
    }
}

/// Opens a checkpoint with the keys that are trusted.
fn open(note: &str, trust: &Trust) -> Result<SignedCheckpoint, Fault> {
    if trust.keys.is_empty() {
        return Err(Fault::Untrusted { why: "no trusted key was given" });
    }
    let signed = SignedCheckpoint::open(note, &trust.keys).map_err(|error| match error {
        Error::CheckpointUntrusted { size, why } => Fault::CheckpointInvalid { size, why },
        _ => Fault::CheckpointInvalid { size: 0, why: "it is malformed" },
    })?;
    if trust.origin.as_ref().is_some_and(|origin| *origin != signed.checkpoint.origin) {
        return Err(Fault::Untrusted { why: "it is another ledger than the one expected" });
    }
    Ok(signed)
}

/// A number in decimal, without signs and leading zeros.
pub(crate) fn decimal(text: &str) -> Option<u64> {
    text.parse().ok().filter(|number: &u64| number.to_string() == text)
}

const HEAD: &str = "c2sp.org/tlog-proof@v1";

struct Lines<'a> {
    text: &'a str,
    number: usize,
}

impl<'a> Lines<'a> {
    fn next(&mut self) -> Result<&'a str, Error> {
        self.number += 1;
        let Some((line, rest)) = self.text.split_once('\n') else {
            return self.fail("it is cut off");
        };
        self.text = rest;
        Ok(line)
    }

    fn fail<T>(&self, why: &'static str) -> Result<T, Error> {
        Err(Error::ReceiptMalformed { line: self.number, why })
    }
}
