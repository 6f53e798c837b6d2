//! A leaf before it has its place: parts are committed to and signed in
//! parallel, sealing only fills in what depends on the order.

use std::borrow::Cow;

use uuid::Uuid;

use crate::{
    Error, FORMAT_VERSION, Hash, LEAF_BYTES_MAX, LeafType, Origin, PART_BYTES_MAX, PARTS_MAX, Phase, PublicKey,
    RECORD_BYTES_MAX, RecordSignature, SIGNATURES_MAX, SigningKey, commit,
    leaf::{Body, Seal, emit, is_part_name},
};

const _: () = assert!(FORMAT_VERSION == 1, "the writer of leaves spells its version out");

/// What is known of a leaf before it is sealed.
#[derive(Debug, Clone)]
pub struct Draft {
    /// What the leaf stands for.
    pub typ: LeafType,
    /// Identity of the record.
    pub id: Uuid,
    /// What several records tell together.
    pub operation: Option<Uuid>,
    /// Where the record stands in its operation.
    pub phase: Phase,
    /// When it happened, as claimed: microseconds since 1970, UTC.
    pub occurred_us: i64,
    parts: Vec<DraftPart>,
    sigs: Vec<RecordSignature>,
}

/// One part with what opens its commitment.
#[derive(Debug, Clone)]
pub struct DraftPart {
    /// Name, `[a-z][a-z0-9_.-]{0,31}`.
    pub name: Cow<'static, str>,
    /// Random; without it nobody can guess at the content from the leaf.
    pub salt: [u8; 32],
    /// The content.
    pub bytes: Vec<u8>,
    /// What the leaf carries.
    pub commitment: Hash,
}

impl Draft {
    /// Sorts the parts by name, draws a salt for each and commits to them.
    ///
    /// Refuses no parts at all, more than 64, two of one name, names that are not
    /// `[a-z][a-z0-9_.-]{0,31}`, parts over 1 MiB and records over 16 MiB.
    pub fn new(
        typ: LeafType,
        id: Uuid,
        operation: Option<Uuid>,
        phase: Phase,
        occurred_us: i64,
        mut parts: Vec<(Cow<'static, str>, Vec<u8>)>,
        salts: &mut impl FnMut(&mut [u8; 32]),
    ) -> Result<Self, Error> {
        parts.sort_unstable_by(|(left, _), (right, _)| left.as_bytes().cmp(right.as_bytes()));
        check(&parts)?;
        let commit_to = |(name, bytes): (Cow<'static, str>, Vec<u8>)| {
            let mut salt = [0; 32];
            salts(&mut salt);
            DraftPart { commitment: commit(&name, id, &salt, &bytes), name, salt, bytes }
        };
        let parts = parts.into_iter().map(commit_to).collect();
        Ok(Self { typ, id, operation, phase, occurred_us, parts, sigs: Vec::new() })
    }

    /// The parts, in the order of their names.
    pub fn parts(&self) -> &[DraftPart] {
        &self.parts
    }

    /// The signatures so far, in the order of the keys' fingerprints.
    pub fn sigs(&self) -> &[RecordSignature] {
        &self.sigs
    }

    /// Drops all signatures, before signing again with other keys.
    pub fn clear_sigs(&mut self) {
        self.sigs.clear();
    }

    /// SHA-256 of the leaf without `prev`, `sealed_us`, `seq` and `sigs`.
    pub fn signing_digest(&self, origin: &Origin) -> Hash {
        let mut text = Vec::new();
        self.emit(origin, None, &mut text);
        Hash::of(&text)
    }

    /// Signs for one ledger. A second signature by the same key replaces the first.
    pub fn sign(&mut self, origin: &Origin, key: &SigningKey) {
        let sig = key.sign_record(&self.signing_digest(origin));
        self.insert(sig);
    }

    /// Takes a signature that was made elsewhere, if it holds.
    pub fn add_signature(&mut self, origin: &Origin, sig: RecordSignature, key: &PublicKey) -> Result<(), Error> {
        if sig.key != key.fingerprint() || !sig.verify(&self.signing_digest(origin), key) {
            return Err(Error::SignatureInvalid { key: sig.key });
        }
        self.insert(sig);
        Ok(())
    }

    /// Appends the leaf's bytes to `out`, which is all that may allocate, and
    /// returns the record hash. On error `out` is as it was.
    pub fn seal_into(
        &self,
        origin: &Origin,
        seq: u64,
        prev: &Hash,
        sealed_us: i64,
        out: &mut Vec<u8>,
    ) -> Result<Hash, Error> {
        let start = out.len();
        self.emit(origin, Some(&Seal { prev, sealed_us, seq, sigs: &self.sigs }), out);
        let bytes = out.len() - start;
        if bytes > LEAF_BYTES_MAX || self.sigs.len() > SIGNATURES_MAX {
            out.truncate(start);
            return Err(Error::LeafTooLarge { bytes });
        }
        Ok(Hash::of_leaf(&out[start..]))
    }

    fn emit(&self, origin: &Origin, seal: Option<&Seal<'_>>, out: &mut Vec<u8>) {
        let body = Body {
            id: self.id,
            occurred_us: self.occurred_us,
            operation: self.operation,
            origin,
            phase: self.phase,
            typ: self.typ,
        };
        emit(out, &body, self.parts.iter().map(|part| (&*part.name, &part.commitment)), seal);
    }

    fn insert(&mut self, sig: RecordSignature) {
        match self.sigs.binary_search_by_key(&sig.key, |sig| sig.key) {
            Ok(place) => self.sigs[place] = sig,
            Err(place) => self.sigs.insert(place, sig),
        }
    }
}

fn check(parts: &[(Cow<'static, str>, Vec<u8>)]) -> Result<(), Error> {
    let refuse = |name: &str, why| {
        let name = name.chars().take(crate::PART_NAME_BYTES_MAX).collect();
        Err(Error::PartRefused { name, why })
    };
    if parts.is_empty() {
        return refuse("statement", "a record has at least one part");
    }
    if parts.len() > PARTS_MAX {
        return refuse(&parts[PARTS_MAX].0, "a record has at most 64 parts");
    }
    for pair in parts.windows(2) {
        if pair[0].0 == pair[1].0 {
            return refuse(&pair[0].0, "two parts have this name; join them");
        }
    }
    let mut total = 0;
    for (name, bytes) in parts {
        total += bytes.len();
        if !is_part_name(name.as_bytes()) {
            return refuse(name, "a name is a lower-case letter and at most 31 of `a-z 0-9 _ . -`");
        }
        if bytes.len() > PART_BYTES_MAX {
            return refuse(name, "a part holds at most 1 MiB; store a digest and the size instead");
        }
        if total > RECORD_BYTES_MAX {
            return refuse(name, "the parts of a record hold at most 16 MiB together");
        }
    }
    Ok(())
}
