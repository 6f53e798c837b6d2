//! Objects of which there is more than one copy, each copy read and hashed.
//!
//! Which copy git serves depends on the ages of packs and on what was looked up before; a forged copy beside an
//! honest one shows to one reader and hides from the next.

use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU16, Ordering};

use super::id::Id;
use super::objects::{Damage, Database, Kind, Tally};

/// What was found among the copies.
#[derive(Default)]
pub(crate) struct Doubles {
    /// Objects that lie in more than one place.
    pub(crate) objects: u64,
    /// Copies that are not what their name says, by name and place.
    pub(crate) wrong: Vec<WrongCopy>,
    /// Indexes of packs whose names are not in order.
    pub(crate) disordered: Vec<PathBuf>,
    pub(crate) tally: Tally,
}

/// A copy that is forged or cannot be read.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct WrongCopy {
    pub(crate) id: Id,
    pub(crate) lies_in: PathBuf,
    pub(crate) kind: Option<Kind>,
    /// What it hashes to; none where it cannot be read.
    pub(crate) actual: Option<Id>,
    pub(crate) cause: String,
}

/// Reads every copy of every object that lies in more than one place.
pub(crate) fn read(database: &Database, threads: usize) -> Doubles {
    let next = AtomicU16::new(0);
    let all = Mutex::new(Doubles { disordered: database.copies().disordered.clone(), ..Doubles::default() });
    std::thread::scope(|scope| {
        for _ in 0..threads.max(1) {
            scope.spawn(|| {
                let found = work(database, &next);
                all.lock().expect("nothing panics with the lock held").add(found);
            });
        }
    });
    let mut all = all.into_inner().expect("nothing panics with the lock held");
    all.wrong.sort_unstable();
    all
}

fn work(database: &Database, next: &AtomicU16) -> Doubles {
    let (copies, mut scratch, mut found) = (database.copies(), database.scratch(), Doubles::default());
    while let Ok(first) = u8::try_from(next.fetch_add(1, Ordering::Relaxed)) {
        for (id, places) in copies.doubles(first) {
            found.objects += 1;
            for place in places {
                let wrong = match copies.read(&id, place, &mut scratch) {
                    Ok(object) => {
                        found.tally.hashed[object.kind as usize] += 1;
                        found.tally.bytes += object.data.len() as u64;
                        object.forged.map(|actual| (Some(object.kind), Some(actual), String::new()))
                    }
                    // It was packed, or taken away, since the copies were listed.
                    Err(Damage::Missing) => None,
                    Err(Damage::Corrupt(cause)) => Some((None, None, cause)),
                    Err(_) => Some((None, None, "it is larger than this reader will hold".to_owned())),
                };
                if let Some((kind, actual, cause)) = wrong {
                    let lies_in = copies.path(&id, place);
                    found.wrong.push(WrongCopy { id, lies_in, kind, actual, cause });
                }
            }
        }
    }
    found
}

impl Doubles {
    fn add(&mut self, other: Self) {
        self.objects += other.objects;
        self.wrong.extend(other.wrong);
        self.tally.add(other.tally);
    }
}
