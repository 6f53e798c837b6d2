//! The hot path of the tree against the reference of `tlog_tiles`.

use std::cell::RefCell;
use std::collections::BTreeMap;

use proptest::prelude::*;
use sealbook_ledger::{
    Error, Hash, TreeState, check_consistency, check_inclusion, edge_tiles, prove_consistency, prove_inclusion, root_at,
};
use tlog_tiles::{HashReader, stored_hashes_for_record_hash, tree_hash};

type Tiles = BTreeMap<(u8, u64), Vec<u8>>;

fn leaf(number: u64) -> Hash {
    Hash::of_leaf(&number.to_be_bytes())
}

/// The crate's own storage of hashes, one after the other.
#[derive(Default)]
struct Reference(RefCell<Vec<tlog_tiles::Hash>>);

impl HashReader for Reference {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<tlog_tiles::Hash>, tlog_tiles::Error> {
        Ok(indexes.iter().map(|index| self.0.borrow()[*index as usize]).collect())
    }
}

impl Reference {
    fn push(&self, number: u64) {
        let hashes = stored_hashes_for_record_hash(number, tlog_tiles::Hash(leaf(number).0), self).unwrap();
        self.0.borrow_mut().extend(hashes);
    }
}

fn grow(tree: &mut TreeState, tiles: &mut Tiles, to: u64) {
    for number in tree.size()..to {
        tree.push(leaf(number));
    }
    tiles.extend(tree.take_dirty().into_iter().map(|tile| ((tile.level, tile.index), tile.hashes)));
}

#[test]
fn roots_agree_with_the_reference_at_every_size() {
    let (reference, mut tree, mut tiles) = (Reference::default(), TreeState::empty(), Tiles::new());
    assert_eq!(tree.root().0, tlog_tiles::EMPTY_HASH.0);
    for size in 1..=1100 {
        reference.push(size - 1);
        grow(&mut tree, &mut tiles, size);
        assert_eq!(tree.root().0, tree_hash(size, &reference).unwrap().0, "size {size}");
        assert_eq!(tree.root(), root_at(size, &tiles).unwrap(), "size {size}");
    }
}

#[test]
fn a_tree_is_taken_up_again_at_every_size() {
    let (mut tree, mut tiles) = (TreeState::empty(), Tiles::new());
    for size in 0..=600 {
        grow(&mut tree, &mut tiles, size);
        let edge = edge_tiles(size).iter().map(|at| tiles[at].clone()).collect();
        let again = TreeState::from_edge(size, edge).unwrap();
        assert_eq!((again.size(), again.root()), (size, tree.root()));
    }
}

#[test]
fn three_levels_of_tiles() {
    let (mut tree, mut tiles) = (TreeState::empty(), Tiles::new());
    grow(&mut tree, &mut tiles, 65_536 + 300);
    assert_eq!(tree.root(), root_at(tree.size(), &tiles).unwrap());
    assert_eq!(edge_tiles(tree.size()), [(0, 257), (1, 1), (2, 0)]);
    assert_eq!(tiles[&(2, 0)].len(), 32);
    let edge: Vec<_> = edge_tiles(tree.size()).iter().map(|at| tiles[at].clone()).collect();
    assert!(matches!(
        TreeState::from_edge(tree.size(), edge[..2].to_vec()),
        Err(Error::TileMissing { level: 2, index: 0 })
    ));
    let mut again = TreeState::from_edge(tree.size(), edge).unwrap();
    let mut other = tiles.clone();
    grow(&mut tree, &mut tiles, 66_700);
    grow(&mut again, &mut other, 66_700);
    assert_eq!((tree.root(), &tiles), (again.root(), &other));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn commits_of_any_size_leave_the_same_tiles(sizes in prop::collection::vec(0_u64..700, 1..8)) {
        let (mut steps, mut step_tiles) = (TreeState::empty(), Tiles::new());
        for size in &sizes {
            let to = steps.size() + size;
            grow(&mut steps, &mut step_tiles, to);
        }
        let (mut once, mut once_tiles) = (TreeState::empty(), Tiles::new());
        grow(&mut once, &mut once_tiles, steps.size());
        prop_assert_eq!(step_tiles, once_tiles);
    }

    #[test]
    fn proofs_hold_and_only_for_what_they_prove(old in 1_u64..800, more in 0_u64..800, at in any::<prop::sample::Index>()) {
        let (mut tree, mut tiles) = (TreeState::empty(), Tiles::new());
        grow(&mut tree, &mut tiles, old);
        let old_root = tree.root();
        let size = old + more;
        grow(&mut tree, &mut tiles, size);
        let root = tree.root();

        let consistency = prove_consistency(old, size, &tiles).unwrap();
        check_consistency(old, &old_root, size, &root, &consistency).unwrap();
        prop_assert!(check_consistency(old, &leaf(0), size, &root, &consistency).is_err() || old_root == leaf(0));

        let seq = at.index(size as usize) as u64;
        let mut inclusion = prove_inclusion(seq, size, &tiles).unwrap();
        check_inclusion(seq, &leaf(seq), size, &root, &inclusion).unwrap();
        prop_assert!(check_inclusion(seq, &leaf(seq + 1), size, &root, &inclusion).is_err());
        prop_assert!(check_inclusion(seq, &leaf(seq), size, &old_root, &inclusion).is_err() || root == old_root);
        inclusion.push(root);
        prop_assert!(check_inclusion(seq, &leaf(seq), size, &root, &inclusion).is_err());
    }
}

#[test]
fn numbers_outside_the_tree_are_refused() {
    let tiles = Tiles::new();
    assert_eq!(prove_inclusion(1, 1, &tiles).unwrap_err().code(), "outside_tree");
    assert_eq!(prove_consistency(0, 1, &tiles).unwrap_err().code(), "outside_tree");
    assert_eq!(prove_inclusion(0, 2, &tiles).unwrap_err().code(), "tile_missing");
    assert_eq!(check_inclusion(0, &leaf(0), u64::MAX, &leaf(0), &[]).unwrap_err().code(), "outside_tree");
    assert_eq!(check_inclusion(0, &leaf(0), 2, &leaf(0), &[]).unwrap_err().code(), "proof_invalid");
}
