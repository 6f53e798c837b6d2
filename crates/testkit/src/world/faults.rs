//! Which faults a run meets.

use super::World;
use crate::sim::Fault;

impl World {
    /// Plans one for the transaction after `later` others.
    pub(super) fn plan_a_fault(&mut self, later: usize) {
        let fault = match self.rng.below(12) {
            0 => Fault::Begin,
            1 | 2 => Fault::Write(self.rng.below(8) as u32),
            3 => Fault::Reject,
            4 | 5 => Fault::AppliedUnknown,
            6 | 7 => Fault::LostUnknown,
            8 => Fault::Limbo,
            _ => Fault::Power(self.rng.below(64) as u32),
        };
        self.disk.plan(later, fault);
    }
}
