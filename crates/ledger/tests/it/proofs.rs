//! Receipts, proofs of equivocation, key files, checkpoints: what people keep and pass on.

use sealbook_ledger::{
    Checkpoint, Conflict, Equivocation, Hash, KeyFile, KeyRole, Origin, PublicKey, Receipt, SignedCheckpoint, Trust,
    prove_inclusion,
};

use crate::book::{Book, CHECKPOINT, RECORD, key};

fn note(book: &Book, at: usize) -> String {
    String::from_utf8(book.checkpoints[at].note.clone()).unwrap()
}

fn receipt(book: &Book, seq: u64, at: usize) -> Receipt {
    let size = book.checkpoints[at].size;
    let proof = prove_inclusion(seq, size, &book.tiles).unwrap();
    Receipt { leaf: book.entries[seq as usize].leaf.clone(), seq, proof, checkpoint: note(book, at) }
}

fn trust() -> Trust {
    Trust { origin: None, keys: vec![*key(CHECKPOINT).public()] }
}

#[test]
fn a_receipt_survives_its_text_and_proves_its_leaf() {
    let book = Book::of(300, 70);
    for (seq, at) in [(0, 0), (0, 5), (69, 1), (255, 5), (256, 5), (299, 5)] {
        let receipt = receipt(&book, seq, at);
        let text = receipt.encode();
        assert!(text.starts_with("c2sp.org/tlog-proof@v1\nextra "));
        let read = Receipt::decode(&text).unwrap();
        assert_eq!(read, receipt);
        let signed = read.verify(Some(&receipt.leaf), &trust()).unwrap();
        assert_eq!(signed.checkpoint.size, book.checkpoints[at].size);
        assert_eq!(signed.signers, [key(CHECKPOINT).fingerprint()]);
    }
}

#[test]
fn every_flip_in_a_receipt_is_found() {
    let book = Book::of(20, 20);
    let receipt = receipt(&book, 7, 1);
    let text = receipt.encode();
    for at in 0..text.len() {
        let mut flipped = text.clone().into_bytes();
        flipped[at] ^= 1;
        let Ok(flipped) = String::from_utf8(flipped) else { continue };
        let found = Receipt::decode(&flipped).map(|read| read.verify(Some(&receipt.leaf), &trust()));
        assert!(!matches!(found, Ok(Ok(_))), "byte {at}");
    }
}

#[test]
fn a_receipt_says_what_does_not_hold() {
    let book = Book::of(20, 20);
    let good = receipt(&book, 7, 1);
    let code = |receipt: &Receipt, leaf: Option<&[u8]>, trust: &Trust| receipt.verify(leaf, trust).unwrap_err().code();
    assert_eq!(code(&good, Some(&book.entries[8].leaf), &trust()), "leaf_altered");
    assert_eq!(code(&good, None, &Trust::default()), "untrusted");
    let stranger = Trust { origin: None, keys: vec![*key(9).public()] };
    assert_eq!(code(&good, None, &stranger), "checkpoint_invalid");
    let elsewhere = Trust { origin: Some(Origin::from_random([0; 16])), ..trust() };
    assert_eq!(code(&good, None, &elsewhere), "untrusted");
    let moved = Receipt { seq: 8, ..good.clone() };
    assert_eq!(code(&moved, None, &trust()), "leaf_misplaced");
    let short = Receipt { proof: good.proof[1..].to_vec(), ..good.clone() };
    assert_eq!(code(&short, None, &trust()), "not_included");
    let empty = Receipt { leaf: b"{}".to_vec(), ..good.clone() };
    assert_eq!(code(&empty, None, &trust()), "leaf_malformed");
    let head = Checkpoint { origin: Origin::from_random([7; 16]), ..book.head() };
    let foreign = Receipt { checkpoint: head.sign(&[&key(CHECKPOINT)]), ..good };
    assert_eq!(code(&foreign, None, &trust()), "origin_mismatch");
    for text in ["", "c2sp.org/tlog-proof@v1\n", "c2sp.org/tlog-proof@v1\nindex 0\n\n", "c2sp.org/tlog-proof@v2\n"] {
        assert_eq!(Receipt::decode(text).unwrap_err().code(), "receipt_malformed");
    }
}

/// Two histories that part after the first 30 leaves.
fn fork() -> (Book, Book) {
    let mut one = Book::of(30, 30);
    let mut other = one.clone();
    other.clock_us += 1;
    for _ in 0..300 {
        one.record(&[RECORD]);
        other.record(&[RECORD]);
    }
    one.checkpoint(CHECKPOINT);
    for _ in 0..40 {
        other.record(&[RECORD]);
    }
    other.checkpoint(CHECKPOINT);
    (one, other)
}

#[test]
fn two_histories_of_one_ledger_are_proven() {
    let keys = [*key(CHECKPOINT).public()];
    let (one, other) = fork();
    let last = |book: &Book| note(book, book.checkpoints.len() - 1);
    let proof = Equivocation::of_checkpoints(&last(&one), &last(&other), &other.tiles).unwrap().unwrap();
    assert!(matches!(proof.conflict, Conflict::Prefix { .. }));
    proof.verify(&keys).unwrap();
    let text = proof.encode();
    assert_eq!(Equivocation::decode(&text).unwrap(), proof);
    // The order in which the two are given does not matter.
    assert_eq!(Equivocation::of_checkpoints(&last(&other), &last(&one), &other.tiles).unwrap().unwrap(), proof);
    assert_eq!(proof.verify(&[*key(9).public()]).unwrap_err().code(), "checkpoint_untrusted");

    // Checkpoints before the histories part agree with both.
    for book in [&one, &other] {
        assert_eq!(Equivocation::of_checkpoints(&note(&one, 1), &last(book), &book.tiles).unwrap(), None);
    }

    // Of one size, roots alone are enough.
    let (mut short, mut other) = (Book::of(30, 30), Book::of(30, 30));
    short.record(&[RECORD]);
    other.record(&[]);
    short.checkpoint(CHECKPOINT);
    other.checkpoint(CHECKPOINT);
    let proof = Equivocation::of_checkpoints(&last(&short), &last(&other), &other.tiles).unwrap().unwrap();
    assert_eq!(proof.conflict, Conflict::Roots);
    proof.verify(&keys).unwrap();
    assert_eq!(Equivocation::decode(&proof.encode()).unwrap(), proof);
}

#[test]
fn a_receipt_against_a_checkpoint_is_a_proof() {
    let keys = [*key(CHECKPOINT).public()];
    let (one, other) = fork();
    let kept = receipt(&one, 100, one.checkpoints.len() - 1);
    let shown = note(&other, other.checkpoints.len() - 1);
    let proof = Equivocation::of_receipt(&kept, &shown, &other.tiles).unwrap().unwrap();
    assert!(matches!(&proof.conflict, Conflict::Leaves { seq: 100, first, second } if first.0 != second.0));
    proof.verify(&keys).unwrap();
    assert_eq!(Equivocation::decode(&proof.encode()).unwrap(), proof);
    // From the longer history's receipt, against the shorter.
    let kept = receipt(&other, 100, other.checkpoints.len() - 1);
    let shown = note(&one, one.checkpoints.len() - 1);
    Equivocation::of_receipt(&kept, &shown, &one.tiles).unwrap().unwrap().verify(&keys).unwrap();
    // A leaf of the common past, but a checkpoint of the other future.
    let kept = receipt(&one, 5, one.checkpoints.len() - 1);
    let shown = note(&other, other.checkpoints.len() - 1);
    let proof = Equivocation::of_receipt(&kept, &shown, &other.tiles).unwrap().unwrap();
    assert!(matches!(proof.conflict, Conflict::Prefix { .. }));
    // Honest histories prove nothing.
    let kept = receipt(&one, 5, 1);
    assert_eq!(Equivocation::of_receipt(&kept, &note(&one, one.checkpoints.len() - 1), &one.tiles).unwrap(), None);
}

#[test]
fn a_proof_of_equivocation_cannot_be_made_up() {
    let keys = [*key(CHECKPOINT).public()];
    let (one, other) = fork();
    let last = |book: &Book| note(book, book.checkpoints.len() - 1);
    let proof = Equivocation::of_checkpoints(&last(&one), &last(&other), &other.tiles).unwrap().unwrap();
    let text = proof.encode();
    for at in (0..text.len()).step_by(3) {
        let mut flipped = text.clone().into_bytes();
        flipped[at] ^= 1;
        let flipped = String::from_utf8(flipped).unwrap();
        let verdict = Equivocation::decode(&flipped).map(|proof| proof.verify(&keys));
        assert!(!matches!(verdict, Ok(Ok(()))), "byte {at}");
    }
    let honest = Equivocation { first: note(&one, 1), second: last(&one), conflict: Conflict::Roots };
    assert_eq!(honest.verify(&keys).unwrap_err().code(), "proof_invalid");
    let same = Equivocation { first: last(&one), second: last(&one), conflict: Conflict::Roots };
    assert_eq!(same.verify(&keys).unwrap_err().code(), "proof_invalid");
}

#[test]
fn checkpoints_open_with_the_right_keys() {
    let book = Book::of(20, 20);
    let note = note(&book, 1);
    let open = |note: &str, seeds: &[u8]| {
        let keys: Vec<PublicKey> = seeds.iter().map(|seed| *key(*seed).public()).collect();
        SignedCheckpoint::open(note, &keys).map(|signed| signed.checkpoint).map_err(|error| error.code())
    };
    assert_eq!(open(&note, &[CHECKPOINT]), Ok(book.head()));
    assert_eq!(open(&note, &[9, CHECKPOINT]), Ok(book.head()));
    assert_eq!(open(&note, &[9]), Err("checkpoint_untrusted"));
    assert_eq!(open(&note, &[]), Err("checkpoint_untrusted"));
    let both = book.head().sign(&[&key(CHECKPOINT), &key(9)]);
    assert_eq!(open(&both, &[9]), Ok(book.head()));
    // A cosignature under another name is passed over.
    let line = note.lines().last().unwrap().replace("sealbook/", "witness.example/");
    assert_eq!(open(&format!("{note}{line}\n"), &[CHECKPOINT]), Ok(book.head()));
    for bad in ["", "\n\n", &note[1..], &note[..note.len() - 1], &note.replace("\n20\n", "\n020\n")] {
        assert_eq!(open(bad, &[CHECKPOINT]).unwrap_err(), "checkpoint_malformed", "{bad:?}");
    }
    assert_eq!(open(&note.replace("\n20\n", "\n21\n"), &[CHECKPOINT]), Err("checkpoint_untrusted"));
}

#[test]
fn verifier_keys_are_those_of_c2sp() {
    let origin = Book::empty().origin;
    let vkey = key(CHECKPOINT).public().vkey(&origin);
    assert_eq!(PublicKey::from_vkey(&vkey).unwrap(), (origin.clone(), *key(CHECKPOINT).public()));
    // The reference reads it, and opens what we signed.
    let verifier = signed_note::StandardVerifier::new(&vkey).unwrap();
    let note = Book::of(5, 5).head().sign(&[&key(CHECKPOINT)]);
    let note = signed_note::Note::from_bytes(note.as_bytes()).unwrap();
    let (good, _) = note.verify(&signed_note::VerifierList::new(vec![Box::new(verifier)])).unwrap();
    assert_eq!(good.len(), 1);
    for bad in ["", "a+b", "a+b+c", &vkey.replace("sealbook/", "seal/"), &vkey[..vkey.len() - 4]] {
        assert!(PublicKey::from_vkey(bad).is_err(), "{bad}");
    }
    let mut wrong = vkey.clone().into_bytes();
    wrong[origin.as_str().len() + 1] ^= 1;
    assert_eq!(PublicKey::from_vkey(std::str::from_utf8(&wrong).unwrap()).unwrap_err().code(), "key_refused");
}

#[test]
fn key_files_survive_their_text() {
    for role in KeyRole::ALL {
        let text = KeyFile { role, key: key(7) }.encode();
        let read = KeyFile::decode(&text).unwrap();
        assert_eq!((read.role, read.key.fingerprint()), (role, key(7).fingerprint()));
        assert_eq!(read.key.seed(), key(7).seed());
        let lines: Vec<&str> = text.lines().collect();
        for at in 0..4 {
            let cut = lines[..at].join("\n");
            assert_eq!(KeyFile::decode(&cut).unwrap_err().code(), "key_file_malformed");
        }
        let other = text.replace(&key(7).fingerprint().to_string(), &key(8).fingerprint().to_string());
        assert!(KeyFile::decode(&other).unwrap_err().to_string().contains("line 4"));
        assert!(KeyFile::decode(&format!("{}more\n", *text)).is_err());
        // Neither debugging output nor errors show the seed.
        let seed = lines[3].strip_prefix("seed: ").unwrap();
        assert!(!format!("{read:?}").contains(seed));
        assert!(!KeyFile::decode(&other).unwrap_err().to_string().contains(seed));
    }
}

#[test]
fn hashes_and_origins_have_one_text() {
    let hash = Hash::of(b"text");
    assert_eq!(hash.to_string().parse::<Hash>().unwrap(), hash);
    assert_eq!(serde_json::from_str::<Hash>(&serde_json::to_string(&hash).unwrap()).unwrap(), hash);
    for bad in [String::new(), hash.to_string().to_uppercase(), hash.to_string()[1..].into(), format!("{hash}0")] {
        assert_eq!(bad.parse::<Hash>().unwrap_err().code(), "text_malformed");
    }
    let origin = Origin::from_random([0xab; 16]);
    assert_eq!(origin.to_string(), "sealbook/abababababababababababababababab");
    assert_eq!(origin.as_str().parse::<Origin>().unwrap(), origin);
    for bad in ["", "sealbook/", "sealbook/ABABABABABABABABABABABABABABABAB", "x/abababababababababababababababab"] {
        assert_eq!(bad.parse::<Origin>().unwrap_err().code(), "text_malformed");
    }
}
