//! What a program can cost at most, from its shape and from the size of what it reads: CEL itself bounds nothing.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

/// Bytes that a program may look at or make, all loops counted.
const BYTES_MAX: u64 = 1 << 26;
/// Steps of loops within each other.
const STEPS_MAX: u64 = 1 << 18;

/// How often a program may look at what it reads.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Shape {
    /// Loops within each other.
    pub(super) loops: u32,
    /// In how many loops something is read that does not come from the loop itself: so often all of it is looked at
    /// for each value.
    pub(super) repeats: u32,
    /// Sums: in a loop, each may double what it is given.
    pub(super) sums: u32,
}

impl Shape {
    /// Whether it stays within the bounds on so many values and bytes.
    fn bears(self, values: u64, bytes: u64) -> bool {
        let grown =
            if self.loops == 0 { u64::from(self.sums) + 1 } else { 1_u64.checked_shl(self.sums).unwrap_or(u64::MAX) };
        let looked = values.saturating_pow(self.repeats).saturating_mul(bytes).saturating_mul(grown);
        looked <= BYTES_MAX && (self.loops == 0 || values.saturating_pow(self.loops) <= STEPS_MAX)
    }
}

/// What the program that runs now has read.
#[derive(Default)]
pub(super) struct Budget {
    loops: AtomicU32,
    repeats: AtomicU32,
    sums: AtomicU32,
    /// A bit for each variable that was counted.
    counted: AtomicU32,
    values: AtomicU64,
    bytes: AtomicU64,
}

impl Budget {
    /// Another program begins.
    pub(super) fn begin(&self, shape: Shape) {
        self.loops.store(shape.loops, Ordering::Relaxed);
        self.repeats.store(shape.repeats, Ordering::Relaxed);
        self.sums.store(shape.sums, Ordering::Relaxed);
        self.counted.store(0, Ordering::Relaxed);
        self.values.store(0, Ordering::Relaxed);
        self.bytes.store(0, Ordering::Relaxed);
    }

    /// It reads a variable; whether it may.
    pub(super) fn reads(&self, variable: usize, values: usize, bytes: usize) -> bool {
        let bit = 1_u32 << variable;
        if self.counted.fetch_or(bit, Ordering::Relaxed) & bit == 0 {
            self.values.fetch_add(values as u64, Ordering::Relaxed);
            self.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
        }
        let load = |number: &AtomicU32| number.load(Ordering::Relaxed);
        let shape = Shape { loops: load(&self.loops), repeats: load(&self.repeats), sums: load(&self.sums) };
        shape.bears(self.values.load(Ordering::Relaxed), self.bytes.load(Ordering::Relaxed))
    }
}
