//! Legal holds and pinned tools, from the records that say them.

use sealbook_policy::{Holds, Standing};
use sealbook_record::Record;

use crate::state::sealed_as_listed;
use crate::{Error, Ledger, Stored};

impl Ledger {
    /// What is held now, in this ledger.
    ///
    /// Errors: nobody can tell ([`Error::StandingUntrusted`], [`Error::StandingAltered`]).
    pub fn holds(&self) -> Result<Holds, Error> {
        let approvers = self.approvers()?;
        let reader = self.reader()?;
        let mut holds = Holds::default();
        for stands in self.standing(&reader, &[Standing::Hold], Default::default())?.0 {
            if let Some(stored) = sealed_as_listed(&reader, stands)?
                && let Some(record) = &stored.record
            {
                holds.push(record, approvers.of(&stored));
            }
        }
        Ok(holds)
    }

    /// The newest record that pins tools and fits.
    ///
    /// Errors: nobody can tell ([`Error::StandingUntrusted`], [`Error::StandingAltered`]).
    pub fn newest_pin(&self, fits: &dyn Fn(&Record) -> bool) -> Result<Option<Stored>, Error> {
        let reader = self.reader()?;
        for stands in self.standing(&reader, &[Standing::Pin], Default::default())?.0.into_iter().rev() {
            let stored = sealed_as_listed(&reader, stands)?;
            if let Some(stored) = stored.filter(|stored| stored.record.as_ref().is_some_and(fits)) {
                return Ok(Some(stored));
            }
        }
        Ok(None)
    }
}
