//! What a verifier reads: leaves, notes, receipts, bundles, keys.

use std::sync::LazyLock;

use sealbook_ledger::{
    Checkpoint, Equivocation, Erasure, KeyEvent, KeyFile, Leaf, PublicKey, Receipt, SignedCheckpoint, Trust,
    verify_bundle,
};

/// What the key of the golden vectors has signed.
macro_rules! golden {
    ($name:literal) => {
        include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../testdata/ledger/", $name)).as_slice()
    };
}

static TRUST: LazyLock<Trust> = LazyLock::new(|| {
    let vkey = std::str::from_utf8(golden!("vkey")).expect("it is text").trim();
    let (origin, key) = PublicKey::from_vkey(vkey).expect("it is a key");
    Trust { origin: Some(origin), keys: vec![key] }
});

/// A leaf has one form.
pub fn leaf(data: &[u8]) -> bool {
    let Ok(leaf) = Leaf::parse(data) else { return false };
    assert_eq!(leaf.to_bytes(), data, "what is read has one form");
    assert!(Leaf::signing_digest_of(data).is_ok());
    true
}

/// Nobody but the key's holder signs a checkpoint.
pub fn note(data: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(data) else { return false };
    let said = Checkpoint::of_note(text);
    if let Ok(opened) = SignedCheckpoint::open(text, &TRUST.keys) {
        let golden = std::str::from_utf8(golden!("checkpoint")).expect("it is text");
        assert_eq!(opened.checkpoint, Checkpoint::of_note(golden).expect("it is one"), "a forged checkpoint");
    }
    let Ok(said) = said else { return false };
    assert_eq!(said.body().parse::<Checkpoint>().expect("it is one"), said);
    true
}

/// A receipt that holds is the one that was given.
pub fn receipt(data: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(data) else { return false };
    let Ok(receipt) = Receipt::decode(text) else { return false };
    assert_eq!(receipt.encode(), text, "what is read has one form");
    if receipt.verify(None, &TRUST).is_ok() {
        let golden = Receipt::decode(std::str::from_utf8(golden!("receipt.tlog-proof")).expect("it is text"));
        let golden = golden.expect("it is one");
        assert_eq!((&receipt.leaf, receipt.seq), (&golden.leaf, golden.seq), "a forged receipt");
    }
    true
}

/// A bundle that verifies is one that was written.
pub fn bundle(data: &[u8]) -> bool {
    let Ok(report) = verify_bundle(data, &TRUST) else { return false };
    if report.valid {
        let written = [golden!("whole.sealbundle"), golden!("selection.sealbundle")];
        assert!(written.contains(&data), "an altered bundle verifies");
    }
    true
}

/// Keys, their changes, erasures, and proofs of two histories.
pub fn keys(data: &[u8]) -> bool {
    let mut is_taken = false;
    if let Ok(event) = KeyEvent::from_json(data) {
        assert_eq!(KeyEvent::from_json(&event.to_json()).expect("it is one").to_json(), event.to_json());
        is_taken = true;
    }
    if let Ok(erasure) = Erasure::from_json(data) {
        assert_eq!(Erasure::from_json(&erasure.to_json()).expect("it is one").to_json(), erasure.to_json());
        is_taken = true;
    }
    let Ok(text) = std::str::from_utf8(data) else { return is_taken };
    if let Ok(key) = KeyFile::decode(text) {
        assert_eq!(KeyFile::decode(&key.encode()).expect("it is one").encode(), key.encode());
        is_taken = true;
    }
    if let Ok((origin, key)) = PublicKey::from_vkey(text) {
        assert_eq!(key.vkey(&origin), text, "what is read has one form");
        is_taken = true;
    }
    if let Ok(proof) = Equivocation::decode(text) {
        assert_eq!(proof.encode(), text, "what is read has one form");
        let golden = std::str::from_utf8(golden!("equivocation")).expect("it is text");
        assert!(proof.verify(&TRUST.keys).is_err() || text == golden, "a forged equivocation");
        is_taken = true;
    }
    is_taken
}
