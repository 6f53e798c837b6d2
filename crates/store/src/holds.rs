//! Legal holds, from the records that set and lift them.

use sealbook_policy::{HOLD_ACTIONS, Holds};

use crate::{Error, Ledger, Query};

impl Ledger {
    /// What is held now, in this ledger.
    pub fn holds(&self) -> Result<Holds, Error> {
        let approvers = self.approvers()?;
        let mut holds = Holds::default();
        let actions = HOLD_ACTIONS.iter().map(|action| (*action).to_owned()).collect();
        let query = Query { action: actions, ascending: true, ..Query::default() };
        self.each_match(&query, &mut |stored| {
            if let Some(record) = stored.record.as_ref().filter(|_| stored.altered.is_empty()) {
                holds.push(record, approvers.of(&stored));
            }
            Ok(true)
        })?;
        Ok(holds)
    }
}
