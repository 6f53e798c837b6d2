//! Golden vectors in `testdata/ledger/`: what version 1 looks like, to the byte, for ever.
//!
//! `SEALBOOK_BLESS=1` writes them anew; a change of them is a change of the format.

use std::{collections::BTreeMap, path::Path};

use sealbook_ledger::{
    Equivocation, Hash, KeyFile, KeyRole, Leaf, Receipt, Trust, commit, prove_inclusion, verify_bundle,
};

use crate::book::{Book, CHECKPOINT, RECORD, key};
use crate::bundle::{selection, small, whole};
use crate::others::Others;

const DIR: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../testdata/ledger");

fn vectors() -> BTreeMap<&'static str, Vec<u8>> {
    let book = small();
    let note = String::from_utf8(book.checkpoints[0].note.clone()).unwrap();
    let receipt = Receipt {
        leaf: book.entries[5].leaf.clone(),
        seq: 5,
        proof: prove_inclusion(5, book.size(), &book.tiles).unwrap(),
        checkpoint: note.clone(),
    };
    let (mut one, mut other) = (Book::of(5, 5), Book::of(5, 5));
    one.record(&[RECORD]);
    one.checkpoint(CHECKPOINT);
    for _ in 0..3 {
        other.record(&[]);
    }
    other.checkpoint(CHECKPOINT);
    let last = |book: &Book| String::from_utf8(book.checkpoints.last().unwrap().note.clone()).unwrap();
    let equivocation = Equivocation::of_checkpoints(&last(&one), &last(&other), &other.tiles).unwrap().unwrap();
    BTreeMap::from([
        ("checkpoint", note.into_bytes()),
        ("equivocation", equivocation.encode().into_bytes()),
        ("key", KeyFile { role: KeyRole::Checkpoint, key: key(CHECKPOINT) }.encode().as_bytes().to_vec()),
        ("leaf.json", book.entries[5].leaf.clone()),
        ("receipt.tlog-proof", receipt.encode().into_bytes()),
        ("selection.sealbundle", selection(&book, &[1, 5, 9], "input")),
        ("vkey", key(3).public().vkey(&book.origin).into_bytes()),
        ("whole.sealbundle", whole(&book)),
    ])
}

#[test]
fn the_format_is_what_it_was() {
    for (name, bytes) in vectors() {
        let path = Path::new(DIR).join(name);
        if std::env::var_os("SEALBOOK_BLESS").is_some() {
            std::fs::create_dir_all(DIR).unwrap();
            std::fs::write(&path, &bytes).unwrap();
        }
        let golden = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        assert!(golden == bytes, "{name} is no longer what it was");
    }
}

#[test]
fn golden_bundles_verify_with_each() {
    let mut others = Others::start();
    let trust = Trust { origin: None, keys: vec![*key(3).public()] };
    for name in ["whole.sealbundle", "selection.sealbundle"] {
        let bundle = std::fs::read(Path::new(DIR).join(name)).unwrap();
        assert!(verify_bundle(&bundle[..], &trust).unwrap().valid);
        for (verifier, faults) in others.verify(&bundle, &[key(3).public().to_bytes()]) {
            assert_eq!(faults, Some(vec![]), "{name}: {verifier}");
        }
    }
}

/// Values worked out by hand from `docs/format.md`, with `sha256sum` and `printf`.
#[test]
fn hashes_are_those_of_the_document() {
    let id = "01934a2b-7c8d-7000-8000-000000000005".parse().unwrap();
    let commitment = commit("input", id, &[7; 32], b"[1,2]");
    assert_eq!(commitment.to_string(), COMMITMENT);
    assert_eq!(Leaf::hash(b"leaf").to_string(), LEAF_HASH);
    assert_eq!(Hash::of_node(&Hash([1; 32]), &Hash([2; 32])).to_string(), NODE_HASH);
}

const COMMITMENT: &str = "89e2c1679a8658e91dc5303666daef1ea2a12b8f30d4365da4cbecdfaa1dc3cb";
const LEAF_HASH: &str = "0d27e27f7827ccd745199e8eb3a6af368e1064af42ae9f83740e98121e2bc025";
const NODE_HASH: &str = "b331da6ec49d4547d9942a6727e5123f69bed5a0b97ac171cfbfd6201431fcfa";
