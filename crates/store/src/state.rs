//! Keeping what holds now up with what is sealed.

use sealbook_policy::State;
use sealbook_record::Timestamp;

use crate::approver::Approvers;
use crate::{Error, Layout, Ledger, Query, Stored};

/// So many records behind, the index is asked which of them matter; fewer are read one by one.
const READ_ALL_MAX: u64 = 512;

impl Ledger {
    /// Brings a state up to the newest sealed record.
    ///
    /// A gate calls it before each decision: where nothing was sealed since, it reads the head and no more.
    pub fn bring_up(&self, state: &mut State) -> Result<(), Error> {
        let reader = self.reader()?;
        let size = reader.size()?;
        let from = state.next_seq();
        if from == 0 {
            let Layout { book, keys, heads } = &self.layout;
            let places = [book, keys, heads].into_iter().filter_map(|place| place.to_str().map(str::to_owned));
            state.guard(&places.collect::<Vec<_>>());
        }
        if from >= size {
            return Ok(());
        }
        let approvers = Approvers::read(reader.view())?;
        if size - from <= READ_ALL_MAX {
            for seq in from..size {
                take(state, &approvers, &reader.record(seq)?);
            }
        } else {
            let query = Query {
                action: State::ACTIONS.iter().map(|action| (*action).to_owned()).collect(),
                cursor: from.checked_sub(1).map(crate::Cursor),
                ascending: true,
                ..Query::default()
            };
            self.each_match(&query, &mut |stored| {
                take(state, &approvers, &stored);
                Ok(true)
            })?;
        }
        state.seen_to(size);
        Ok(())
    }
}

fn take(state: &mut State, approvers: &Approvers, stored: &Stored) {
    let Some(record) = &stored.record else { return };
    if !State::ACTIONS.contains(&record.action.as_str()) || !stored.altered.is_empty() {
        return;
    }
    let sealed = Timestamp::from_micros(stored.leaf.sealed_us);
    state.push(stored.seq, sealed, record, approvers.of(stored));
}
