//! The portable proof that a keeper signed two histories of one ledger.

use std::fmt::Write;

use base64::{Engine, engine::general_purpose::STANDARD};

use crate::{
    Checkpoint, Error, Hash, PublicKey, Receipt, SignedCheckpoint, TileReader, check_consistency, check_inclusion,
    prove_consistency, prove_inclusion, receipt::decimal, root_at, tree::hash_of,
};

/// Two signed checkpoints of one ledger that cannot both be true.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Equivocation {
    /// One note, the one of the smaller size.
    pub first: String,
    /// The other note.
    pub second: String,
    /// Why they contradict each other.
    pub conflict: Conflict,
}

/// Why two checkpoints contradict each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Conflict {
    /// They are of one size and sign different roots.
    Roots,
    /// The tree of the second begins with a tree of the first's size and another root.
    Prefix {
        /// That other root.
        root: Hash,
        /// Consistency proof from it to the second's root.
        proof: Vec<Hash>,
    },
    /// Different leaves stand at one place.
    Leaves {
        /// The place.
        seq: u64,
        /// Leaf hash and inclusion proof under the first checkpoint.
        first: (Hash, Vec<Hash>),
        /// Leaf hash and inclusion proof under the second.
        second: (Hash, Vec<Hash>),
    },
}

impl Equivocation {
    /// Looks for a contradiction between two notes; `tiles` are those of the larger tree.
    ///
    /// Their signatures are not looked at: [`verify`](Self::verify) does that.
    pub fn of_checkpoints(one: &str, other: &str, tiles: &dyn TileReader) -> Result<Option<Self>, Error> {
        let (mut first, mut second) = (one, other);
        let (mut small, mut large) = (Checkpoint::of_note(one)?, Checkpoint::of_note(other)?);
        if small.size > large.size {
            std::mem::swap(&mut first, &mut second);
            std::mem::swap(&mut small, &mut large);
        }
        if small.origin != large.origin || small.size == 0 {
            return Ok(None);
        }
        let conflict = if small.size == large.size {
            if small.root == large.root {
                return Ok(None);
            }
            Conflict::Roots
        } else {
            let root = root_at(small.size, tiles)?;
            if root == small.root {
                return Ok(None);
            }
            let proof = prove_consistency(small.size, large.size, tiles)?;
            check_consistency(small.size, &root, large.size, &large.root, &proof)?;
            Conflict::Prefix { root, proof }
        };
        Ok(Some(Self { first: first.to_owned(), second: second.to_owned(), conflict }))
    }

    /// Looks for a contradiction between a receipt and a note; `tiles` are those of the note's tree.
    pub fn of_receipt(receipt: &Receipt, note: &str, tiles: &dyn TileReader) -> Result<Option<Self>, Error> {
        let (kept, shown) = (Checkpoint::of_note(&receipt.checkpoint)?, Checkpoint::of_note(note)?);
        if kept.origin != shown.origin {
            return Ok(None);
        }
        let seq = receipt.seq;
        if seq >= shown.size {
            // A cut tail, unless more was sealed since: then the checkpoints contradict each other.
            return Ok(None);
        }
        let start = (seq % 256) as usize * 32;
        let tile = tiles.tile(0, seq / 256)?.unwrap_or_default();
        let bytes = tile.get(start..start + 32).ok_or(Error::TileMissing { level: 0, index: seq / 256 })?;
        let (kept_leaf, shown_leaf) = (Hash::of_leaf(&receipt.leaf), hash_of(bytes));
        if kept_leaf == shown_leaf {
            return if kept.size <= shown.size {
                Self::of_checkpoints(&receipt.checkpoint, note, tiles)
            } else {
                Ok(None)
            };
        }
        let proof = prove_inclusion(seq, shown.size, tiles)?;
        check_inclusion(seq, &shown_leaf, shown.size, &shown.root, &proof)?;
        check_inclusion(seq, &kept_leaf, kept.size, &kept.root, &receipt.proof)?;
        let (kept_side, shown_side) = ((kept_leaf, receipt.proof.clone()), (shown_leaf, proof));
        let mut found = Self {
            first: receipt.checkpoint.clone(),
            second: note.to_owned(),
            conflict: Conflict::Leaves { seq, first: kept_side, second: shown_side },
        };
        if kept.size > shown.size {
            found.swap();
        }
        Ok(Some(found))
    }

    /// Whether trusted keys signed both, and both cannot be true.
    pub fn verify(&self, keys: &[PublicKey]) -> Result<(), Error> {
        let first = SignedCheckpoint::open(&self.first, keys)?.checkpoint;
        let second = SignedCheckpoint::open(&self.second, keys)?.checkpoint;
        let holds = first.origin == second.origin
            && match &self.conflict {
                Conflict::Roots => first.size == second.size && first.root != second.root,
                Conflict::Prefix { root, proof } => {
                    check_consistency(first.size, root, second.size, &second.root, proof)?;
                    *root != first.root
                }
                Conflict::Leaves { seq, first: one, second: other } => {
                    check_inclusion(*seq, &one.0, first.size, &first.root, &one.1)?;
                    check_inclusion(*seq, &other.0, second.size, &second.root, &other.1)?;
                    one.0 != other.0
                }
            };
        if holds { Ok(()) } else { Err(Error::ProofInvalid { what: "equivocation" }) }
    }

    /// The text form, `sealbook/equivocation/v1`.
    pub fn encode(&self) -> String {
        let mut text = format!("{HEAD}\n");
        let mut put = |label: &str, value: &str| {
            writeln!(text, "{label} {value}").expect("a string takes all");
        };
        put("first", &STANDARD.encode(&self.first));
        put("second", &STANDARD.encode(&self.second));
        match &self.conflict {
            Conflict::Roots => put("conflict", "roots"),
            Conflict::Prefix { root, proof } => {
                put("conflict", "prefix");
                put("root", &STANDARD.encode(root.0));
                for hash in proof {
                    put("proof", &STANDARD.encode(hash.0));
                }
            }
            Conflict::Leaves { seq, first, second } => {
                put("conflict", "leaves");
                put("index", &seq.to_string());
                for (name, (leaf, proof)) in [("first", first), ("second", second)] {
                    put(&format!("{name}-leaf"), &STANDARD.encode(leaf.0));
                    for hash in proof {
                        put(&format!("{name}-proof"), &STANDARD.encode(hash.0));
                    }
                }
            }
        }
        text
    }

    /// Reads the text form. Nothing is verified yet.
    pub fn decode(text: &str) -> Result<Self, Error> {
        let mut fields = Fields { lines: text.lines().collect() };
        if fields.lines.is_empty() || fields.lines.remove(0) != HEAD {
            return Err(malformed("its first line is not `sealbook/equivocation/v1`"));
        }
        let (first, second) = (fields.note("first")?, fields.note("second")?);
        let conflict = match fields.take("conflict")? {
            "roots" => Conflict::Roots,
            "prefix" => Conflict::Prefix { root: fields.hash("root")?, proof: fields.hashes("proof")? },
            "leaves" => Conflict::Leaves {
                seq: decimal(fields.take("index")?).ok_or(malformed("its index is not a number"))?,
                first: (fields.hash("first-leaf")?, fields.hashes("first-proof")?),
                second: (fields.hash("second-leaf")?, fields.hashes("second-proof")?),
            },
            _ => return Err(malformed("its kind of conflict is unknown")),
        };
        let read = Self { first, second, conflict };
        if read.encode() == text { Ok(read) } else { Err(malformed("it is not in its one form")) }
    }

    fn swap(&mut self) {
        std::mem::swap(&mut self.first, &mut self.second);
        if let Conflict::Leaves { first, second, .. } = &mut self.conflict {
            std::mem::swap(first, second);
        }
    }
}

const HEAD: &str = "sealbook/equivocation/v1";

fn malformed(why: &'static str) -> Error {
    Error::TextMalformed { what: "proof of equivocation", why }
}

struct Fields<'a> {
    lines: Vec<&'a str>,
}

impl<'a> Fields<'a> {
    fn next_is(&self, label: &str) -> Option<&'a str> {
        self.lines.first()?.strip_prefix(label)?.strip_prefix(' ')
    }

    fn take(&mut self, label: &'static str) -> Result<&'a str, Error> {
        let value = self.next_is(label).ok_or(malformed("a line is missing or out of order"))?;
        self.lines.remove(0);
        Ok(value)
    }

    fn note(&mut self, label: &'static str) -> Result<String, Error> {
        let note = STANDARD.decode(self.take(label)?).ok().and_then(|note| String::from_utf8(note).ok());
        note.ok_or(malformed("a checkpoint is not text in base64"))
    }

    fn hash(&mut self, label: &'static str) -> Result<Hash, Error> {
        let hash = STANDARD.decode(self.take(label)?).ok().and_then(|hash| hash.try_into().ok());
        hash.map(Hash).ok_or(malformed("a hash is not 32 bytes of base64"))
    }

    fn hashes(&mut self, label: &'static str) -> Result<Vec<Hash>, Error> {
        let mut hashes = Vec::new();
        while self.next_is(label).is_some() {
            hashes.push(self.hash(label)?);
        }
        Ok(hashes)
    }
}
