//! What the processes of a run do.

use sealbook_ledger::{KeyRole, LeafType};
use sealbook_policy::Judged;
use sealbook_record::PartName;
use sealbook_store::{EraseRequest, Error, Sealed};

use super::{HANDLES_MAX, Known, World, unexpected};
use crate::model::{Violation, hold};
use crate::records::{admit, event, parts_of, random_event, with_part};

/// What a submission ended as.
type Answer = Result<Vec<Result<Sealed, Error>>, Error>;

/// One record of a submission, and what must become of it.
struct Sent {
    judged: Judged,
    /// It has an id that is taken, and other bytes.
    conflict: bool,
}

impl World {
    pub(super) fn step(&mut self) -> Result<(), Violation> {
        let handle = self.rng.index(self.handles.len());
        match self.rng.below(100) {
            0..42 => self.append(handle),
            42..58 => self.append_as_a_group(handle),
            58..72 => {
                let later = self.rng.index(3);
                self.plan_a_fault(later);
                Ok(())
            }
            72..76 => {
                self.disk.power_off();
                Ok(())
            }
            76..82 => self.come_and_go(handle),
            82..86 => self.rotate(handle),
            86..92 => self.erase(handle),
            92..96 => {
                // Half an hour forth, a minute back.
                let step = self.rng.below(1_860_000_000) as i64 - 60_000_000;
                self.clock.step(if self.rng.percent(20) { -step } else { step });
                Ok(())
            }
            96 => self.handles[handle].ledger.scrub().map(drop).map_err(|e| unexpected("scrubbing", &e)),
            97 => self.check_queries(),
            _ => self.check(),
        }
    }

    fn append(&mut self, handle: usize) -> Result<(), Violation> {
        let sent = self.batch(handle);
        let answer = self.handles[handle].ledger.append(sent.iter().map(|s| s.judged.clone()).collect());
        let is_in_doubt = self.take_answer(handle, &sent, answer)?;
        self.after_answers(handle, is_in_doubt)
    }

    /// The first submission is one commit, all others are the next: see [`crate::sim::SimDisk::hold`].
    fn append_as_a_group(&mut self, handle: usize) -> Result<(), Violation> {
        let batches: Vec<Vec<Sent>> = (0..2 + self.rng.index(4)).map(|_| self.batch(handle)).collect();
        let mut tickets = Vec::new();
        let disk = std::sync::Arc::clone(&self.disk);
        let hold = disk.hold();
        for batch in &batches {
            let submitted = self.handles[handle].ledger.submit(batch.iter().map(|s| s.judged.clone()).collect());
            if tickets.is_empty() && submitted.is_ok() {
                hold.wait_for_waiter();
            }
            tickets.push(submitted);
        }
        drop(hold);
        let answers: Vec<Answer> = tickets.into_iter().map(|ticket| ticket?.wait()).collect();
        let mut is_in_doubt = false;
        for (batch, answer) in batches.iter().zip(answers) {
            is_in_doubt |= self.take_answer(handle, batch, answer)?;
        }
        self.after_answers(handle, is_in_doubt)
    }

    /// New records mostly, with some that were submitted before, unchanged or changed.
    fn batch(&mut self, handle: usize) -> Vec<Sent> {
        let count = if self.rng.percent(2) { 100 + self.rng.below(200) } else { 1 + self.rng.below(8) };
        let mut batch = Vec::new();
        for _ in 0..count {
            let known = self.rng.index(self.known.len().max(1));
            let again = self.known.get(known).filter(|_| self.rng.percent(15)).map(|known| known.judged.clone());
            batch.push(match again {
                Some(judged) if self.rng.percent(30) => {
                    let id = judged.record().id;
                    let other = with_part(judged.record().clone(), PartName::After, "\"other bytes\"");
                    // A record that is not there yet may get these bytes instead: then it is no conflict.
                    if self.model.seq_of(id).is_some() {
                        Sent { judged: admit(other), conflict: true }
                    } else {
                        Sent { judged, conflict: false }
                    }
                }
                Some(judged) => Sent { judged, conflict: false },
                None => Sent { judged: self.new_record(handle), conflict: false },
            });
        }
        batch
    }

    fn new_record(&mut self, handle: usize) -> Judged {
        let actor = format!("agent-{}", self.rng.below(4));
        let id = self.new_id(handle);
        let judged = admit(random_event(&mut self.rng, id, self.handles[handle].ledger.now(), &actor));
        self.known.push(Known { judged: judged.clone(), actor });
        judged
    }

    /// Tells the model. `true` if nobody knows what became of it.
    fn take_answer(&mut self, handle: usize, sent: &[Sent], answer: Answer) -> Result<bool, Violation> {
        let answers = match answer {
            Ok(answers) => answers,
            Err(Error::WriterStopped(_)) => {
                self.is_provoked(handle, "a doubt")?;
                self.outcome.in_doubt += 1;
                sent.iter().filter(|s| !s.conflict).for_each(|s| self.model.in_doubt(&s.judged));
                return Ok(true);
            }
            // Surely not written: the model hears nothing of it, and would call it a stranger.
            Err(e) => {
                self.is_provoked(handle, &e.to_string())?;
                self.outcome.refused += 1;
                return Ok(false);
            }
        };
        hold(answers.len() == sent.len(), || format!("{} answers to {} records", answers.len(), sent.len()))?;
        let mut is_in_doubt = false;
        for (sent, answer) in sent.iter().zip(answers) {
            match answer {
                Ok(sealed) => {
                    hold(!sent.conflict, || format!("record {} was sealed with other bytes", sealed.id))?;
                    self.outcome.acknowledged += 1;
                    self.outcome.duplicates += u64::from(sealed.duplicate);
                    self.model.acknowledged(&sent.judged, &sealed)?;
                }
                Err(Error::IdConflict { .. }) if sent.conflict => {}
                // A large batch is sealed in pieces: what went wrong with a later one leaves the first.
                Err(Error::WriterStopped(_)) => {
                    self.is_provoked(handle, "a doubt")?;
                    is_in_doubt = true;
                    if !sent.conflict {
                        self.model.in_doubt(&sent.judged);
                    }
                }
                Err(e) => self.is_provoked(handle, &e.to_string())?,
            }
        }
        self.outcome.in_doubt += u64::from(is_in_doubt);
        Ok(is_in_doubt)
    }

    /// Nothing is refused and nothing is in doubt unless something went wrong.
    fn is_provoked(&self, handle: usize, what: &str) -> Result<(), Violation> {
        let is_dark = self.disk.power_losses() > self.outcome.power_losses;
        let met = self.disk.faults_met() > self.handles[handle].faults_met;
        hold(is_dark || met, || format!("nothing went wrong, and yet: {what}"))
    }

    /// A process whose writer stopped opens the book again: mostly at once, sometimes after another attempt.
    fn after_answers(&mut self, handle: usize, is_in_doubt: bool) -> Result<(), Violation> {
        if self.disk.power_losses() > self.outcome.power_losses {
            return Ok(());
        }
        if !is_in_doubt {
            self.handles[handle].faults_met = self.disk.faults_met();
            return Ok(());
        }
        if self.rng.percent(10) {
            return Ok(());
        }
        drop(self.handles.swap_remove(handle));
        self.open()
    }

    fn come_and_go(&mut self, handle: usize) -> Result<(), Violation> {
        if self.handles.len() < HANDLES_MAX && self.rng.percent(60) {
            return self.open();
        }
        self.handles.swap_remove(handle);
        if self.handles.is_empty() { self.open() } else { Ok(()) }
    }

    fn rotate(&mut self, handle: usize) -> Result<(), Violation> {
        let role = if self.rng.percent(50) { KeyRole::Record } else { KeyRole::Checkpoint };
        let mut told = Vec::new();
        let ledger = &self.handles[handle].ledger;
        let done = ledger.rotate_key(role, &mut |action| {
            let judged = admit(event(ledger.next_id(), ledger.now(), "operator", action, "key"));
            told.push(judged.clone());
            Ok(judged)
        });
        if let Err(e) = &done {
            self.is_provoked(handle, &e.to_string())?;
        }
        for judged in &told {
            match done {
                Ok(_) => self.model.sealed_somewhere(judged),
                Err(_) => self.model.in_doubt(judged),
            }
        }
        Ok(())
    }

    fn erase(&mut self, handle: usize) -> Result<(), Violation> {
        let Some(known) = self.rng.pick(&self.known).map(|known| known.judged.clone()) else { return Ok(()) };
        let id = known.record().id;
        let Some(seq) = self.model.seq_of(id) else { return Ok(()) };
        let parts = parts_of(&known);
        let Some((part, _)) = self.rng.pick(&parts).cloned() else { return Ok(()) };
        let ledger = &self.handles[handle].ledger;
        let by = admit(event(ledger.next_id(), ledger.now(), "operator", "record.erase", &id.to_string()));
        match ledger.erase(&EraseRequest { seq, parts: vec![part.clone()] }, by.clone()) {
            Ok(erased) => {
                self.model.acknowledged(&by, &erased.sealed)?;
                self.model.erased(id, &part, true);
            }
            Err(Error::WriterStopped(_)) => {
                self.is_provoked(handle, "a doubt")?;
                self.model.in_doubt(&by);
                self.model.erased(id, &part, false);
                return self.after_answers(handle, true);
            }
            // Erased before.
            Err(Error::EraseRefused { .. }) => {}
            Err(e) => {
                self.is_provoked(handle, &e.to_string())?;
                self.outcome.refused += 1;
            }
        }
        Ok(())
    }
}

/// Whether a leaf of this type tells of a record that somebody submitted.
pub(super) fn is_record(typ: LeafType) -> bool {
    typ == LeafType::Record
}
