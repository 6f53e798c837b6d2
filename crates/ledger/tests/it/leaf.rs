//! One leaf has one byte form, and every byte of it counts.

use std::borrow::Cow;

use proptest::prelude::*;
use sealbook_ledger::{Draft, Hash, Leaf, LeafType, Origin, Phase, SigningKey, Uuid, commit};

fn origin() -> Origin {
    Origin::from_random(*b"0123456789abcdef")
}

fn draft(parts: &[(&'static str, &[u8])], phase: Phase, operation: Option<Uuid>) -> Draft {
    let parts = parts.iter().map(|(name, bytes)| (Cow::Borrowed(*name), bytes.to_vec())).collect();
    let mut salt = 0;
    let mut salts = |out: &mut [u8; 32]| {
        salt += 1;
        out.fill(salt);
    };
    let id = Uuid::from_u128(0x0193_4a2b_7c8d_7e9f_8a1b_2c3d_4e5f_6071);
    Draft::new(LeafType::Record, id, operation, phase, -5, parts, &mut salts).unwrap()
}

fn sealed(draft: &Draft) -> Vec<u8> {
    let mut bytes = Vec::new();
    let hash = draft.seal_into(&origin(), 7, &Hash::of(b"before"), 1_700_000_000_000_000, &mut bytes).unwrap();
    assert_eq!(hash, Leaf::hash(&bytes));
    bytes
}

fn signed_draft() -> Draft {
    let mut draft = draft(&[("statement", b"{}"), ("input", b"[1]")], Phase::Intent, Some(Uuid::max()));
    draft.sign(&origin(), &SigningKey::from_seed(&[1; 32]));
    draft.sign(&origin(), &SigningKey::from_seed(&[2; 32]));
    draft
}

#[test]
fn what_was_sealed_is_read() {
    let draft = signed_draft();
    let bytes = sealed(&draft);
    let leaf = Leaf::parse(&bytes).unwrap();
    assert_eq!((leaf.seq, leaf.occurred_us, leaf.sealed_us), (7, -5, 1_700_000_000_000_000));
    assert_eq!((leaf.id, leaf.operation, leaf.phase), (draft.id, Some(Uuid::max()), Phase::Intent));
    assert_eq!(leaf.origin, origin());
    assert_eq!(leaf.prev, Hash::of(b"before"));
    assert_eq!(leaf.parts.iter().map(|(name, _)| &**name).collect::<Vec<_>>(), ["input", "statement"]);
    assert_eq!(leaf.commitment("input"), Some(&commit("input", draft.id, &[1; 32], b"[1]")));
    assert_eq!(leaf.sigs, draft.sigs());
    assert_eq!(leaf.to_bytes(), bytes);
}

#[test]
fn signatures_cover_the_record_and_not_its_place() {
    let draft = signed_draft();
    let bytes = sealed(&draft);
    let digest = Leaf::signing_digest_of(&bytes).unwrap();
    assert_eq!(digest, draft.signing_digest(&origin()));
    for seed in [1, 2] {
        let key = SigningKey::from_seed(&[seed; 32]);
        let sig = draft.sigs().iter().find(|sig| sig.key == key.fingerprint()).unwrap();
        assert!(sig.verify(&digest, key.public()));
        assert!(!sig.verify(&Hash::of(b"other"), key.public()));
    }
    let elsewhere = Origin::from_random([0; 16]);
    assert_ne!(digest, draft.signing_digest(&elsewhere));
    let mut other = draft.clone();
    other.clear_sigs();
    let key = SigningKey::from_seed(&[1; 32]);
    let sig = *draft.sigs().iter().find(|sig| sig.key == key.fingerprint()).unwrap();
    assert_eq!(other.add_signature(&elsewhere, sig, key.public()).unwrap_err().code(), "signature_invalid");
    other.add_signature(&origin(), sig, key.public()).unwrap();
}

#[test]
fn every_flip_is_refused_or_changes_the_hash() {
    let bytes = sealed(&signed_draft());
    let hash = Leaf::hash(&bytes);
    for at in 0..bytes.len() {
        for bit in 0..8 {
            let mut flipped = bytes.clone();
            flipped[at] ^= 1 << bit;
            assert_ne!(Leaf::hash(&flipped), hash);
            if let Ok(leaf) = Leaf::parse(&flipped) {
                assert_eq!(leaf.to_bytes(), flipped, "byte {at}: another form was accepted");
            }
        }
        assert!(Leaf::parse(&bytes[..at]).is_err());
    }
    assert!(Leaf::parse(&[&bytes[..], b" "].concat()).is_err());
}

#[test]
fn other_spellings_are_refused() {
    let text = String::from_utf8(sealed(&signed_draft())).unwrap();
    let refused = |from: &str, to: &str| {
        assert!(text.contains(from), "{from} is not in the leaf");
        let error = Leaf::parse(text.replacen(from, to, 1).as_bytes()).unwrap_err();
        assert_eq!(error.code(), "leaf_malformed", "{from} -> {to}");
    };
    refused("\"seq\":\"7\"", "\"seq\":\"07\"");
    refused("\"seq\":\"7\"", "\"seq\":7");
    refused("\"seq\":\"7\"", "\"seq\":\"-7\"");
    refused("\"seq\":\"7\"", "\"seq\":\"18446744073709551616\"");
    refused("\"seq\":\"7\"", "\"seq\":\"\"");
    refused("\"-5\"", "\"-0\"");
    refused("\"-5\"", "\"-9223372036854775809\"");
    refused("\"-5\"", "\"9223372036854775808\"");
    refused("\"-5\"", "\"+5\"");
    refused("\"v\":\"1\"", "\"v\":\"2\"");
    refused("intent", "intents");
    refused("record", "recor");
    refused("01934a2b", "01934A2B");
    refused("sealbook/", "Sealbook/");
    refused("\"input\"", "\"zinput\"");
    refused("\"input\"", "\"statement\"");
    refused("\"input\"", "\"1nput\"");
    refused("\"input\"", "\"\"");
    refused("{\"id\"", "{ \"id\"");
    refused("\"sigs\":[", "\"sigs\":[]");
    refused("\"operation\":\"f", "\"operation\":null,\"x\":\"f");
}

#[test]
fn parts_that_cannot_be_sealed_are_refused() {
    let new = |parts: Vec<(Cow<'static, str>, Vec<u8>)>| {
        Draft::new(LeafType::Record, Uuid::nil(), None, Phase::Event, 0, parts, &mut |_| {})
    };
    let one = |name: &'static str, bytes| (Cow::Borrowed(name), bytes);
    let refused = |parts| assert_eq!(new(parts).unwrap_err().code(), "part_refused");
    refused(vec![]);
    refused(vec![one("input", vec![]), one("input", vec![1])]);
    refused(vec![one("Input", vec![])]);
    refused(vec![one("", vec![])]);
    refused(vec![one("a234567890123456789012345678901234", vec![])]);
    refused(vec![one("input", vec![0; (1 << 20) + 1])]);
    refused((0..17).map(|n| (Cow::from(format!("p{n}")), vec![0; 1 << 20])).collect());
    refused((0..65).map(|n| (Cow::from(format!("p{n}")), vec![])).collect());
    new(vec![one("input", vec![0; 1 << 20])]).unwrap();
}

#[test]
fn the_largest_leaf_fits_an_entry_of_a_tile_log() {
    let parts = (0..64).map(|n| (Cow::from(format!("part-with-a-rather-long-name-{n:03}")), vec![])).collect();
    let mut draft = Draft::new(LeafType::Record, Uuid::nil(), None, Phase::Event, 0, parts, &mut |_| {}).unwrap();
    for seed in 0..64 {
        draft.sign(&origin(), &SigningKey::from_seed(&[seed; 32]));
    }
    let mut out = b"kept".to_vec();
    draft.seal_into(&origin(), u64::MAX, &Hash::ZERO, i64::MIN, &mut out).unwrap();
    assert!(out.len() < 65_535);
    Leaf::parse(&out[4..]).unwrap();
    draft.sign(&origin(), &SigningKey::from_seed(&[64; 32]));
    out.truncate(4);
    assert_eq!(draft.seal_into(&origin(), 0, &Hash::ZERO, 0, &mut out).unwrap_err().code(), "leaf_too_large");
    assert_eq!(out, b"kept");
}

fn any_leaf() -> impl Strategy<Value = Leaf> {
    let hash = any::<[u8; 32]>().prop_map(Hash);
    let parts = prop::collection::btree_map("[a-z][a-z0-9_.-]{0,31}", hash, 1..9);
    let sigs = prop::collection::btree_map(any::<[u8; 32]>(), any::<[u8; 64]>(), 0..4);
    let head = (any::<[u8; 16]>(), any::<u128>(), any::<Option<u128>>(), 0..3_usize, 0..3_usize);
    let tail = (any::<i64>(), any::<i64>(), any::<u64>(), any::<[u8; 32]>());
    (head, parts, sigs, tail).prop_map(|(head, parts, sigs, tail)| Leaf {
        v: 1,
        origin: Origin::from_random(head.0),
        typ: LeafType::ALL[head.3],
        id: Uuid::from_u128(head.1),
        operation: head.2.map(Uuid::from_u128),
        phase: Phase::ALL[head.4],
        occurred_us: tail.0,
        sealed_us: tail.1,
        seq: tail.2,
        prev: Hash(tail.3),
        parts: parts.into_iter().map(|(name, hash): (String, Hash)| (Box::from(name), hash)).collect(),
        sigs: sigs.into_iter().map(|(key, sig)| sealbook_ledger::RecordSignature { key: Hash(key), sig }).collect(),
    })
}

proptest! {
    #[test]
    fn reading_undoes_writing(leaf in any_leaf()) {
        let bytes = leaf.to_bytes();
        prop_assert_eq!(&Leaf::parse(&bytes).unwrap(), &leaf);
        let json: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
        prop_assert_eq!(serde_json::to_vec(&json).unwrap(), bytes, "keys are not in order, or not compact");
    }

    #[test]
    fn what_is_read_is_written_the_same(leaf in any_leaf(), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut bytes = leaf.to_bytes();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        if let Ok(read) = Leaf::parse(&bytes) {
            prop_assert_eq!(read.to_bytes(), bytes);
        }
    }
}
