//! Records that come in batches, of things that have happened already.

use sealbook_ledger::Phase;
use sealbook_policy::Standing;
use sealbook_record::Record;
use sealbook_store::Sealed;

use super::{Gate, Pending};
use crate::{Error, Passage};

/// What became of one record of a batch.
#[derive(Debug)]
pub enum Taken {
    /// It is sealed.
    Sealed(Sealed),
    /// It was only announced, and a rule or a stop forbids it; that is sealed.
    Refused(crate::Refused),
    /// It cannot be sealed, now or later. The others are not touched by it.
    Rejected(Error),
}

/// A record on its way.
enum Way {
    /// So many records of the batch before the one that it is.
    Batch(usize),
    Announced(Box<Pending>),
    Over(Taken),
}

impl Gate {
    /// Seals a batch, and returns when it is durable. What has happened is sealed whatever rules say of it, and
    /// raises its alerts; what is only announced runs into rules and stops. Answers come in the order of the records.
    ///
    /// A record that is sealed already, with the same bytes, answers with its first place.
    ///
    /// Errors: the book takes nothing now. What was sealed before stays, so the batch may be brought again.
    pub fn take_in(&self, records: Vec<Record>) -> Result<Vec<Taken>, Error> {
        self.core.bring_rules_up()?;
        let mut batch = Vec::with_capacity(records.len());
        let mut ways = Vec::with_capacity(records.len());
        for record in records {
            if Standing::of(&record.action).is_some() {
                ways.push(Way::Over(Taken::Rejected(Error::ActionReserved)));
            } else if record.phase == Phase::Intent {
                let begun = self.begin(record);
                ways.push(begun.map_or_else(rejected, |pending| Way::Announced(Box::new(pending))));
            } else {
                ways.push(match self.core.admit(record) {
                    Ok(judged) => {
                        let alerts = self.core.alerts(&judged, &[])?;
                        let at = batch.len();
                        batch.push(judged);
                        batch.extend(alerts);
                        Way::Batch(at)
                    }
                    Err(cause) => Way::Over(Taken::Rejected(cause)),
                });
            }
        }
        let mut sealed: Vec<_> =
            if batch.is_empty() { Vec::new() } else { self.core.ledger.append(batch)?.into_iter().map(Some).collect() };
        let taken = ways.into_iter().map(|way| match way {
            Way::Over(taken) => Ok(taken),
            Way::Announced(pending) => Ok(match pending.wait()? {
                Passage::Entered(entered) => match entered.sealed() {
                    Some(sealed) => Taken::Sealed(sealed),
                    None => Taken::Rejected(Error::Unsealed),
                },
                Passage::Refused(refused) => Taken::Refused(refused),
            }),
            Way::Batch(at) => match sealed[at].take().expect("each answer is taken once") {
                Ok(sealed) => Ok(Taken::Sealed(sealed)),
                Err(cause) if is_of_the_record(&cause) => Ok(Taken::Rejected(cause.into())),
                Err(cause) => Err(cause.into()),
            },
        });
        let taken = taken.collect::<Result<_, Error>>()?;
        self.core.close_gap();
        Ok(taken)
    }
}

fn rejected(cause: Error) -> Way {
    Way::Over(Taken::Rejected(cause))
}

/// What the record alone is to blame for; everything else ends the batch.
fn is_of_the_record(cause: &sealbook_store::Error) -> bool {
    use sealbook_store::Error as Store;
    matches!(cause, Store::IdConflict { .. } | Store::TenantMismatch { .. } | Store::Ledger(_))
}
