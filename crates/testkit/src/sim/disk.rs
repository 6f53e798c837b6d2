//! The simulated machine: one disk, the rows that its engine makes of it, the append lock, the
//! power switch, and what is planned to go wrong.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use sealbook_ledger::Origin;

use super::frame;
use super::tables::{Change, Flip, Tables};
use super::{Fault, Honesty};
use crate::Rng;

/// What a disk writes in one go.
const SECTOR_BYTES: usize = 512;

/// One simulated machine, on which a store is made and opened.
pub struct SimDisk {
    inner: Mutex<Inner>,
    /// The append lock, across handles.
    queue: Mutex<Queue>,
    moved: Condvar,
}

pub(super) struct Inner {
    pub(super) identity: Option<(Origin, String)>,
    /// What was folded out of the log: durable.
    base: Arc<Tables>,
    log: Vec<u8>,
    /// The log's bytes that survive a loss of power.
    synced: usize,
    /// The log's bytes that count; after them may lie a frame in limbo.
    end: usize,
    /// What a reader sees: `base` and the log up to `end`.
    pub(super) live: Arc<Tables>,
    /// Raised when power goes: handles of before are dead.
    pub(super) boot: u64,
    honesty: Honesty,
    plan: VecDeque<Option<Fault>>,
    rng: Rng,
    power_losses: u64,
    faults_met: u64,
}

#[derive(Default)]
struct Queue {
    held: bool,
    waiting: usize,
}

/// Why a commit did not succeed.
pub(super) enum Failed {
    Rejected,
    Unknown(&'static str),
}

impl SimDisk {
    /// An empty disk. `rng` decides what a loss of power leaves of what was not synced.
    pub fn new(rng: Rng, honesty: Honesty) -> Arc<Self> {
        let inner = Inner {
            identity: None,
            base: Arc::default(),
            log: Vec::new(),
            synced: 0,
            end: 0,
            live: Arc::default(),
            boot: 0,
            honesty,
            plan: VecDeque::new(),
            rng,
            power_losses: 0,
            faults_met: 0,
        };
        Arc::new(Self { inner: Mutex::new(inner), queue: Mutex::default(), moved: Condvar::new() })
    }

    /// Lets the transaction after `later` others meet a fault.
    pub fn plan(&self, later: usize, fault: Fault) {
        let mut inner = self.lock();
        while inner.plan.len() <= later {
            inner.plan.push_back(None);
        }
        inner.plan[later] = Some(fault);
    }

    /// Forgets what was planned and did not happen yet.
    pub fn clear_plan(&self) {
        self.lock().plan.clear();
    }

    /// Cuts the power. What was not synced is lost, or torn, or there: sector by sector.
    pub fn power_off(&self) {
        self.lock().power_off();
    }

    /// How many planned faults have come to a transaction.
    pub fn faults_met(&self) -> u64 {
        self.lock().faults_met
    }

    /// How often power was lost.
    pub fn power_losses(&self) -> u64 {
        self.lock().power_losses
    }

    /// Flips a bit of a stored row; `None` where the store is empty there.
    pub fn flip(&self, rng: &mut Rng) -> Option<Flip> {
        let mut inner = self.lock();
        let mut tables = (*inner.live).clone();
        let flipped = tables.flip(rng);
        inner.fold(Arc::new(tables));
        flipped
    }

    /// Whether a bit was flipped in the name of one signature of a checkpoint that has others. Such a
    /// line reads as one of a stranger, which every note may carry, and the others still hold.
    pub fn is_name_of_one_signer(&self, flip: Flip) -> bool {
        let Flip::Checkpoint { size, byte } = flip else { return false };
        let inner = self.lock();
        let Some(note) = inner.live.checkpoints.get(&size) else { return false };
        let lines: Vec<&[u8]> = note.as_bytes().split_inclusive(|byte| *byte == b'\n').skip(4).collect();
        let mut at = note.len() - lines.iter().map(|line| line.len()).sum::<usize>();
        for line in &lines {
            let name = line.rsplit(|byte| *byte == b' ').next().map_or(0, <[u8]>::len);
            if (at..at + line.len() - name).contains(&byte) {
                return lines.len() > 1;
            }
            at += line.len();
        }
        false
    }

    /// Another machine with a copy of the disk; nothing is planned for it.
    #[must_use]
    pub fn copy(&self) -> Arc<Self> {
        let inner = self.lock();
        let copy = Self::new(inner.rng.clone(), inner.honesty);
        let mut own = copy.lock();
        own.identity.clone_from(&inner.identity);
        own.fold(Arc::clone(&inner.live));
        drop(own);
        copy
    }

    /// Takes the append lock, as a transaction of another process would.
    pub fn hold(&self) -> Hold<'_> {
        let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        queue.waiting += 1;
        self.moved.notify_all();
        while queue.held {
            queue = self.moved.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
        queue.waiting -= 1;
        queue.held = true;
        Hold { disk: self }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is planned for the transaction that begins now.
    pub(super) fn next_fault(&self) -> Option<Fault> {
        let mut inner = self.lock();
        let fault = inner.plan.pop_front().flatten();
        inner.faults_met += u64::from(fault.is_some());
        fault
    }
}

/// The append lock, held.
pub struct Hold<'d> {
    disk: &'d SimDisk,
}

impl Hold<'_> {
    /// Waits until somebody else waits for the lock.
    pub fn wait_for_waiter(&self) {
        let mut queue = self.disk.queue.lock().unwrap_or_else(PoisonError::into_inner);
        while queue.waiting == 0 {
            queue = self.disk.moved.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl Drop for Hold<'_> {
    fn drop(&mut self) {
        self.disk.queue.lock().unwrap_or_else(PoisonError::into_inner).held = false;
        self.disk.moved.notify_all();
    }
}

impl Inner {
    /// Writes a transaction and makes it durable, unless the fault is in the way.
    pub(super) fn commit(
        &mut self,
        changes: &[Change],
        after: Arc<Tables>,
        fault: Option<Fault>,
    ) -> Result<(), Failed> {
        match fault {
            Some(Fault::Reject) => return Err(Failed::Rejected),
            Some(Fault::LostUnknown) => return Err(Failed::Unknown("the disk did not answer")),
            _ => {}
        }
        // A frame in limbo gives its place up.
        self.log.truncate(self.end);
        let frame = frame::encode(changes);
        let sectors = frame.len().div_ceil(SECTOR_BYTES);
        let off_at = match fault {
            Some(Fault::Power(step)) => Some(step as usize % (sectors + 2)),
            _ => None,
        };
        for (step, sector) in frame.chunks(SECTOR_BYTES).enumerate() {
            if off_at == Some(step) {
                return Err(self.went_dark());
            }
            self.log.extend_from_slice(sector);
        }
        if off_at == Some(sectors) {
            return Err(self.went_dark());
        }
        if fault == Some(Fault::Limbo) {
            return Err(Failed::Unknown("the fsync failed"));
        }
        self.sync();
        if off_at.is_some() {
            return Err(self.went_dark());
        }
        self.end = self.log.len();
        self.live = after;
        if fault == Some(Fault::AppliedUnknown) { Err(Failed::Unknown("the answer was lost")) } else { Ok(()) }
    }

    /// Makes the log part of the tables, as far as it is durable: nothing may be lost by it.
    pub(super) fn scrub(&mut self) {
        self.log.truncate(self.end);
        self.sync();
        if self.synced == self.log.len() {
            let live = Arc::clone(&self.live);
            self.fold(live);
        }
    }

    fn sync(&mut self) {
        if self.honesty == Honesty::Honest {
            self.synced = self.log.len();
        }
    }

    fn fold(&mut self, tables: Arc<Tables>) {
        self.base = Arc::clone(&tables);
        self.live = tables;
        self.log.clear();
        (self.synced, self.end) = (0, 0);
    }

    fn went_dark(&mut self) -> Failed {
        self.power_off();
        Failed::Unknown("the power went")
    }

    fn power_off(&mut self) {
        self.power_losses += 1;
        self.boot += 1;
        self.plan.clear();
        // Nothing at all of what was not synced, everything, or sectors in no order.
        match self.rng.below(3) {
            0 => self.log.truncate(self.synced),
            1 => {}
            _ => {
                let from = self.synced;
                for sector in self.log[from..].chunks_mut(SECTOR_BYTES) {
                    if self.rng.percent(50) {
                        sector.fill(0);
                    }
                }
            }
        }
        let mut tables = (*self.base).clone();
        let mut rest = &self.log[..];
        while let Some((changes, after)) = frame::decode(rest) {
            // A frame was checked against what was there before it; on a disk that lost what came
            // before, it no longer fits, and the log ends here.
            let mut next = tables.clone();
            if changes.iter().try_for_each(|change| next.apply(change)).is_err() {
                break;
            }
            (tables, rest) = (next, after);
        }
        self.fold(Arc::new(tables));
    }
}
