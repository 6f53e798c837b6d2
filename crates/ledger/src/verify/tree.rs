//! The tree again, from subtrees of any height.

use crate::{Hash, tree::fold_peaks};

/// The roots of the full subtrees that make up a tree, largest first.
#[derive(Debug, Clone, Default)]
pub(crate) struct Peaks {
    size: u64,
    peaks: Vec<Hash>,
}

impl Peaks {
    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// Adds a full subtree of `2^height` leaves; the size so far is a multiple of that.
    pub(crate) fn push(&mut self, height: u32, root: Hash) {
        debug_assert_eq!(self.size & ((1 << height) - 1), 0, "subtrees join on their own grid");
        self.size += 1 << height;
        let merges = self.size.trailing_zeros() - height;
        let join = |right, _| Hash::of_node(&self.peaks.pop().expect("every set bit has its peak"), &right);
        let node = (0..merges).fold(root, join);
        self.peaks.push(node);
    }

    pub(crate) fn root(&self) -> Hash {
        fold_peaks(&self.peaks)
    }
}
