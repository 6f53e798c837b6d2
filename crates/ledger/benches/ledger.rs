//! What the steps of the hot path cost, in nanoseconds each: `cargo bench -p sealbook-ledger`.

#![expect(clippy::print_stdout, reason = "a table for people is what it makes")]
#![expect(clippy::unwrap_used, reason = "a benchmark may stop")]

use std::{borrow::Cow, collections::BTreeMap, hint::black_box, time::Instant};

use sealbook_ledger::{
    BatchVerifier, Draft, Entry, EntryPart, Hash, KeyEvent, KeyRing, KeyRole, Leaf, LeafType, NamedKey, Origin, Phase,
    RangeOptions, RangeVerifier, SigningKey, Subject, TreeState, Uuid, commit,
};

const COUNT: usize = 65_536;
const BLOCK: usize = 1_024;
const PARTS: [(&str, usize); 4] = [("context", 100), ("input", 150), ("result", 100), ("statement", 250)];

fn main() {
    let origin = Origin::from_random([7; 16]);
    let (checkpoint, record) = (SigningKey::from_seed(&[1; 32]), SigningKey::from_seed(&[2; 32]));
    let mut ring = KeyRing::new();
    let keys = vec![
        NamedKey { key: *checkpoint.public(), role: KeyRole::Checkpoint },
        NamedKey { key: *record.public(), role: KeyRole::Record },
    ];
    ring.apply(0, &KeyEvent::Genesis { keys, continues: None }).unwrap();

    let id = |n: usize| Uuid::from_u128((n as u128) << 64 | 0x7000);
    let mut drafts = Vec::new();
    time("draft: four parts of 600 B committed to", |n| drafts.push(draft(id(n))));
    time("commit: 150 B", |n| drop(black_box(Box::new(commit("input", id(n), &[3; 32], &[9; 150])))));
    let leaves = seal(&origin, &drafts, "seal: leaf written and hashed");
    time("leaf read", |n| drop(black_box(Leaf::parse(&leaves[n]).unwrap())));
    time("leaf hashed", |n| assert_ne!(black_box(Leaf::hash(&leaves[n])), Hash::ZERO));
    tree(&leaves);
    range("range verified, no signatures", &origin, &ring, &drafts, &leaves, false);

    time("record signed", |n| drafts[n].sign(&origin, &record));
    let leaves = seal(&origin, &drafts, "seal: signed leaf written and hashed");
    time("signed leaf read", |n| drop(black_box(Leaf::parse(&leaves[n]).unwrap())));
    range("range verified, with signatures", &origin, &ring, &drafts, &leaves, true);
    batch(&record);
}

/// Prints what one step cost in the quickest block, which is the one that was disturbed least.
fn time(what: &str, mut run: impl FnMut(usize)) {
    let mut best = f64::INFINITY;
    for block in 0..COUNT / BLOCK {
        let start = Instant::now();
        (block * BLOCK..(block + 1) * BLOCK).for_each(&mut run);
        best = best.min(start.elapsed().as_nanos() as f64 / BLOCK as f64);
    }
    println!("{best:>10.0} ns  {what}");
}

fn draft(id: Uuid) -> Draft {
    let parts = PARTS.map(|(name, bytes)| (Cow::Borrowed(name), vec![b'x'; bytes])).into();
    let mut salt = |out: &mut [u8; 32]| out.copy_from_slice(&[5; 32]);
    Draft::new(LeafType::Record, id, None, Phase::Event, 1_700_000_000_000_000, parts, &mut salt).unwrap()
}

fn seal(origin: &Origin, drafts: &[Draft], what: &str) -> Vec<Vec<u8>> {
    let mut prev = Hash::ZERO;
    let mut out = Vec::new();
    let seal = |n: usize, prev: Hash, out: &mut Vec<u8>| {
        out.clear();
        drafts[n].seal_into(origin, n as u64, &prev, 1_700_000_000_000_000, out).unwrap()
    };
    time(what, |n| prev = seal(n, prev, &mut out));
    prev = Hash::ZERO;
    let leaf = |n: usize| {
        prev = seal(n, prev, &mut out);
        out.clone()
    };
    (0..COUNT).map(leaf).collect()
}

fn tree(leaves: &[Vec<u8>]) {
    let mut tree = TreeState::empty();
    let hashes: Vec<Hash> = leaves.iter().map(|leaf| Leaf::hash(leaf)).collect();
    time("tree: leaf pushed", |n| tree.push(hashes[n]));
    time("tree: root named", |_| assert_ne!(black_box(tree.root()), Hash::ZERO));
}

fn range(what: &str, origin: &Origin, ring: &KeyRing, drafts: &[Draft], leaves: &[Vec<u8>], signatures: bool) {
    let mut tree = TreeState::empty();
    for leaf in leaves {
        tree.push(Leaf::hash(leaf));
    }
    let tiles: BTreeMap<(u8, u64), Vec<u8>> =
        tree.take_dirty().into_iter().map(|tile| ((tile.level, tile.index), tile.hashes)).collect();
    let size = COUNT as u64;
    let subject = Subject { origin, size, ring, tiles: &tiles };
    let mut verifier = RangeVerifier::new(subject, 0..size, RangeOptions { signatures }).unwrap();
    time(what, |n| {
        let parts = drafts[n].parts();
        let part =
            |at: usize| EntryPart::Present { name: &parts[at].name, salt: &parts[at].salt, bytes: &parts[at].bytes };
        let parts = [part(0), part(1), part(2), part(3)];
        verifier.push(&Entry { seq: n as u64, leaf: &leaves[n], parts: &parts }).unwrap();
    });
    verifier.finish().unwrap();
}

fn batch(key: &SigningKey) {
    let sigs: Vec<[u8; 64]> = (0..COUNT as u64).map(|n| key.sign(&n.to_be_bytes())).collect();
    let mut batch = BatchVerifier::new();
    time("signature verified, in batches of 1024", |n| {
        batch.queue(key.public(), &(n as u64).to_be_bytes(), &sigs[n], n);
        if batch.len() == 1_024 {
            assert!(batch.verify().is_empty());
        }
    });
    time("signature verified alone (times 1/64)", |n| {
        assert!(n % 64 > 0 || key.public().verify(&(n as u64).to_be_bytes(), &sigs[n]));
    });
}
