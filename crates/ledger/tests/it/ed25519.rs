//! One acceptance rule: alone, in a batch, in Python, and in a browser with and without an Ed25519 of its own.

use curve25519_dalek::{
    constants::{ED25519_BASEPOINT_POINT, EIGHT_TORSION},
    edwards::EdwardsPoint,
    scalar::Scalar,
    traits::Identity,
};
use sealbook_ledger::{BatchVerifier, PublicKey, SigningKey};
use sha2::{Digest, Sha512};

use crate::book::key;
use crate::others::Others;

const MESSAGE: &[u8] = b"one acceptance rule";

struct Case {
    name: String,
    key: [u8; 32],
    sig: [u8; 64],
    /// None where the key itself is refused.
    expected: Option<bool>,
}

/// The order of the base point, little-endian.
const ORDER: [u8; 32] = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
];

fn challenge(r: &[u8; 32], a: &[u8; 32]) -> Scalar {
    let digest = Sha512::new().chain_update(r).chain_update(a).chain_update(MESSAGE).finalize();
    Scalar::from_bytes_mod_order_wide(&digest.into())
}

/// A signature with a commitment of our choosing: `S = r + k a` whatever `R` says.
fn signature(nonce: Scalar, r: [u8; 32], secret: Scalar, a: [u8; 32]) -> [u8; 64] {
    let s = nonce + challenge(&r, &a) * secret;
    let mut sig = [0; 64];
    sig[..32].copy_from_slice(&r);
    sig[32..].copy_from_slice(s.as_bytes());
    sig
}

/// The encodings of low order that no reader may take, because they are not canonical.
fn other_encodings_of_the_identity() -> [[u8; 32]; 3] {
    let mut signed = [0; 32];
    (signed[0], signed[31]) = (1, 0x80);
    let mut unreduced = [0xff; 32];
    (unreduced[0], unreduced[31]) = (0xee, 0x7f);
    let mut both = unreduced;
    both[31] = 0xff;
    [signed, unreduced, both]
}

fn cases() -> Vec<Case> {
    let (secret, nonce) = (Scalar::from(987_654_321_u64), Scalar::from(123_456_789_u64));
    let point = |scalar: Scalar| scalar * ED25519_BASEPOINT_POINT;
    let bytes = |point: EdwardsPoint| point.compress().to_bytes();
    let a = bytes(point(secret));
    let mut cases = Vec::new();
    let mut add = |name: String, key, sig, expected| cases.push(Case { name, key, sig, expected });

    let good = signature(nonce, bytes(point(nonce)), secret, a);
    add("honest".into(), a, good, Some(true));
    let mut other = good;
    other[3] ^= 1;
    add("another R".into(), a, other, Some(false));
    other = good;
    other[40] ^= 1;
    add("another S".into(), a, other, Some(false));
    for (order, torsion) in EIGHT_TORSION.iter().enumerate() {
        let defect = signature(nonce, bytes(point(nonce) + torsion), secret, a);
        add(format!("R with torsion {order}"), a, defect, Some(true));
        let small = signature(Scalar::ZERO, bytes(*torsion), secret, a);
        add(format!("R of small order {order}"), a, small, Some(true));
        let low = bytes(*torsion);
        add(format!("key of small order {order}"), low, signature(nonce, bytes(point(nonce)), Scalar::ZERO, low), None);
        if order > 0 {
            let mixed = bytes(point(secret) + torsion);
            add(format!("key with torsion {order}"), mixed, signature(nonce, bytes(point(nonce)), secret, mixed), None);
        }
    }
    assert_eq!(bytes(EdwardsPoint::identity())[0], 1);
    for (which, encoding) in other_encodings_of_the_identity().into_iter().enumerate() {
        add(format!("R not canonical {which}"), a, signature(Scalar::ZERO, encoding, secret, a), Some(false));
        add(format!("key not canonical {which}"), encoding, good, None);
    }
    let mut off_curve = [0; 32];
    off_curve[0] = 2;
    add("R off the curve".into(), a, signature(Scalar::ZERO, off_curve, secret, a), Some(false));
    add("key off the curve".into(), off_curve, good, None);
    add("S not reduced".into(), a, plus_order(good), Some(false));
    add("all zeros".into(), a, [0; 64], Some(false));
    add("all ones".into(), a, [0xff; 64], Some(false));
    add("key of all ones".into(), [0xff; 32], good, None);
    cases
}

/// The same `S` modulo the order, a second time around.
fn plus_order(mut sig: [u8; 64]) -> [u8; 64] {
    let mut carry = 0;
    for (byte, order) in sig[32..].iter_mut().zip(ORDER) {
        let sum = u16::from(*byte) + u16::from(order) + carry;
        (*byte, carry) = ((sum & 255) as u8, sum >> 8);
    }
    sig
}

#[test]
fn single_batch_and_others_give_one_verdict() {
    let (mut others, mut poor) = (Others::start(), Others::without_a_platform());
    let mut everything = BatchVerifier::new();
    let mut expected_offenders = Vec::new();
    for case in cases() {
        let Case { name, key: bytes, sig, expected } = case;
        let key = PublicKey::from_bytes(bytes).ok();
        assert_eq!(key.is_some(), expected.is_some(), "{name}: key");
        for (verifier, found) in
            others.holds(&bytes, MESSAGE, &sig).into_iter().chain(poor.holds(&bytes, MESSAGE, &sig))
        {
            assert_eq!(found, expected, "{name}: {verifier}");
        }
        let (Some(key), Some(expected)) = (key, expected) else { continue };
        assert_eq!(key.verify(MESSAGE, &sig), expected, "{name}: single");
        let mut alone = BatchVerifier::new();
        alone.queue(&key, MESSAGE, &sig, ());
        assert_eq!(alone.verify().is_empty(), expected, "{name}: batch of one");
        if !expected {
            expected_offenders.push(name.clone());
        }
        everything.queue(&key, MESSAGE, &sig, name);
    }
    let mut offenders = everything.verify();
    offenders.sort();
    expected_offenders.sort();
    assert_eq!(offenders, expected_offenders);
    assert!(everything.is_empty());
}

/// RFC 8032 section 7.1, tests 1 to 3.
#[test]
fn vectors_of_rfc_8032() {
    let bytes = |hex: &str| -> Vec<u8> {
        (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
    };
    let vectors = include_str!("../../../../testdata/ed25519-rfc8032.txt");
    let (mut others, mut poor) = (Others::start(), Others::without_a_platform());
    let mut count = 0;
    for line in vectors.lines().filter(|line| !line.starts_with('#')) {
        let [seed, public, message, sig] = line.split(':').map(bytes).collect::<Vec<_>>().try_into().unwrap();
        let key = SigningKey::from_seed(&seed.try_into().unwrap());
        assert_eq!(key.public().to_bytes().to_vec(), public);
        assert_eq!(key.sign(&message).to_vec(), sig);
        assert!(key.public().verify(&message, &sig.clone().try_into().unwrap()));
        for (verifier, found) in
            others.holds(&public, &message, &sig).into_iter().chain(poor.holds(&public, &message, &sig))
        {
            assert_eq!(found, Some(true), "{verifier}");
        }
        count += 1;
    }
    assert_eq!(count, 3);
}

#[test]
fn a_batch_names_its_offenders() {
    let mut batch = BatchVerifier::new();
    for number in 0..2_000_u32 {
        let key = key((number % 7) as u8);
        let mut sig = key.sign(&number.to_be_bytes());
        if number % 333 == 5 {
            sig[number as usize % 64] ^= 1;
        }
        batch.queue(key.public(), &number.to_be_bytes(), &sig, number);
    }
    assert_eq!(batch.len(), 2_000);
    let mut offenders = batch.verify();
    offenders.sort_unstable();
    assert_eq!(offenders, [5, 338, 671, 1_004, 1_337, 1_670]);
    assert_eq!(batch.verify(), [0; 0]);
}
