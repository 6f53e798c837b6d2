//! One simulated run: a machine, a few handles on one ledger, and a seed that decides everything
//! they do and everything that goes wrong.
//!
//! Every step is taken by one thread that waits for each answer, so a seed brings the same run
//! back, byte for byte. Group commit is driven without chance too: the append lock is held until
//! the writer waits for it, and what is submitted meanwhile is its next group.

mod checks;
mod faults;
mod steps;

use std::sync::Arc;

use sealbook_ledger::{Hash, Origin, Uuid};
use sealbook_policy::Judged;
use sealbook_store::{Error, Ledger, Options};

use crate::model::{Model, Violation};
use crate::sim::{Honesty, SimDisk, SimStore};
use crate::{Place, Rng, SimClock, seeded_options};

/// 2026-01-01T00:00:00Z.
const START_US: i64 = 1_767_225_600_000_000;
const HANDLES_MAX: usize = 3;

/// What a run did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Records of the ledger at the end.
    pub size: u64,
    /// The root over them.
    pub root: Hash,
    /// Answers that said where a record is.
    pub acknowledged: u64,
    /// Answers that said that a record was sealed before.
    pub duplicates: u64,
    /// Submissions that were surely refused.
    pub refused: u64,
    /// Submissions that ended in doubt.
    pub in_doubt: u64,
    /// Losses of power.
    pub power_losses: u64,
    /// Flipped bits that verification found where they were.
    pub flips_found: u64,
}

/// Runs a seed on an honest disk, or on one that is not.
pub fn run(seed: u64, honesty: Honesty) -> Result<Outcome, Violation> {
    let mut rng = Rng::new(seed);
    let disk = SimDisk::new(rng.fork(), honesty);
    let clock = Arc::new(SimClock::at(START_US));
    let options = seeded_options(&mut rng, Arc::clone(&clock));
    let mut world = World {
        forgets_heads: honesty == Honesty::LosesFsync && seed.is_multiple_of(2),
        place: Place::new(),
        rng,
        disk,
        clock,
        options,
        handles: Vec::new(),
        model: Model::default(),
        known: Vec::new(),
        outcome: Outcome {
            size: 0,
            root: Hash::ZERO,
            acknowledged: 0,
            duplicates: 0,
            refused: 0,
            in_doubt: 0,
            power_losses: 0,
            flips_found: 0,
        },
    };
    world.found()?;
    for _ in 0..20 + world.rng.below(40) {
        world.step()?;
        world.after_the_step()?;
    }
    world.finish()
}

struct World {
    forgets_heads: bool,
    place: Place,
    rng: Rng,
    disk: Arc<SimDisk>,
    clock: Arc<SimClock>,
    options: Options,
    handles: Vec<Handle>,
    model: Model,
    /// Everything that was ever submitted, to submit it again.
    known: Vec<Known>,
    outcome: Outcome,
}

/// One process's ledger.
struct Handle {
    ledger: Ledger,
    /// Faults that were met before it was opened, or before its last answer in full: a refusal or a
    /// doubt needs one since then.
    faults_met: u64,
}

struct Known {
    judged: Judged,
    actor: String,
}

/// The ledger's own name for an error in a run's story.
fn unexpected(what: &str, e: &Error) -> Violation {
    Violation(format!("{what} failed with `{}`: {e}", e.code()))
}

impl World {
    /// Makes the ledger; whatever goes wrong with that is mended by trying again.
    fn found(&mut self) -> Result<(), Violation> {
        let origin = Origin::from_random([self.rng.below(256) as u8; 16]);
        SimStore::create(&self.disk, &origin, "default").map_err(|e| unexpected("creating", &e))?;
        if self.rng.percent(30) {
            self.plan_a_fault(0);
        }
        let mut last = None;
        for _ in 0..2 {
            let store = self.store()?;
            let empty = store.live_size() == 0;
            let made = if empty {
                Ledger::found(Arc::new(store), self.place.layout(), self.options.clone(), None)
            } else {
                Ledger::open_store(Arc::new(store), self.place.layout(), self.options.clone())
            };
            match made {
                Ok(ledger) => {
                    self.handles.push(Handle { ledger, faults_met: self.disk.faults_met() });
                    return Ok(());
                }
                Err(e) if !empty => return Err(unexpected("opening", &e)),
                Err(e) => last = Some(e),
            }
            self.disk.clear_plan();
        }
        Err(Violation(format!("a ledger could not be founded at the second attempt: {last:?}")))
    }

    fn store(&self) -> Result<SimStore, Violation> {
        SimStore::open(&self.disk).map_err(|e| unexpected("opening the store", &e))
    }

    /// A handle more: another process.
    fn open(&mut self) -> Result<(), Violation> {
        let store = Arc::new(self.store()?);
        let opened = Ledger::open_store(store, self.place.layout(), self.options.clone());
        let ledger = opened.map_err(|e| unexpected("opening an honest book", &e))?;
        self.handles.push(Handle { ledger, faults_met: self.disk.faults_met() });
        Ok(())
    }

    /// An id that is new: above all others, as they come, or anywhere.
    fn new_id(&mut self, handle: usize) -> Uuid {
        if self.rng.percent(80) {
            return self.handles[handle].ledger.next_id();
        }
        let mut bytes = [0; 16];
        self.rng.fill(&mut bytes);
        Uuid::from_bytes(bytes)
    }

    /// After a loss of power every process is gone. They start again, and nothing may be missing.
    fn after_the_step(&mut self) -> Result<(), Violation> {
        let losses = self.disk.power_losses();
        if losses == self.outcome.power_losses {
            return Ok(());
        }
        self.outcome.power_losses = losses;
        self.handles.clear();
        if self.forgets_heads {
            // Without the head that is kept outside, only the model can tell.
            let _ = std::fs::remove_dir_all(self.place.layout().heads);
        }
        self.open()?;
        self.check()
    }

    fn finish(mut self) -> Result<Outcome, Violation> {
        self.disk.clear_plan();
        self.disk.power_off();
        self.after_the_step()?;
        self.check_queries()?;
        self.check_flips()?;
        let book = self.check_book(true)?;
        Ok(Outcome { size: book.rows.len() as u64, root: book.root, ..self.outcome })
    }
}
