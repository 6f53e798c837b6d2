//! Keeping what holds now up with what is sealed.

use sealbook_policy::State;
use sealbook_record::Timestamp;

use crate::approver::Approvers;
use crate::{Error, Layout, Ledger, Query, Reader, Stored};

/// So many records behind, the index is asked which of them matter; fewer are read one by one.
const READ_ALL_MAX: u64 = 512;

impl Ledger {
    /// Brings a state up to the newest sealed record.
    ///
    /// A gate calls it before each decision: where nothing was sealed since, it reads the head and no more.
    ///
    /// In a restored book, what held at the end of the ledger before holds on: a stop, a rule, an open alert.
    pub fn bring_up(&self, state: &mut State) -> Result<(), Error> {
        if state.next_seq() == 0 {
            let Layout { book, keys, heads } = &self.layout;
            let places = [book, keys, heads].into_iter().filter_map(|place| place.to_str().map(str::to_owned));
            state.guard(&places.collect::<Vec<_>>());
            // On a copy: half of it must not be taken for all.
            let mut brought = state.clone();
            self.bring_before(&mut brought, 0)?;
            *state = brought;
        }
        self.bring_own(state)
    }

    /// As [`Ledger::bring_up`], of this ledger alone.
    pub(crate) fn bring_own(&self, state: &mut State) -> Result<(), Error> {
        let reader = self.reader()?;
        let size = reader.size()?;
        let from = state.next_seq();
        if from >= size {
            return Ok(());
        }
        let mut approvers = None;
        if size - from <= READ_ALL_MAX {
            for seq in from..size {
                take(self, state, &mut approvers, &reader, &reader.record(seq)?)?;
            }
        } else {
            let query = Query {
                action: state.actions().map(str::to_owned).collect(),
                cursor: from.checked_sub(1).map(crate::Cursor),
                ascending: true,
                ..Query::default()
            };
            self.each_match(&query, &mut |stored| {
                // What came after this view was taken may be signed by an approver who is not in it.
                let is_in_view = stored.seq < size;
                if is_in_view {
                    take(self, state, &mut approvers, &reader, &stored)?;
                }
                Ok(is_in_view)
            })?;
        }
        state.seen_to(size);
        Ok(())
    }
}

/// Approvers are read only where a record is one of those that they sign: most are not.
fn take(
    ledger: &Ledger,
    state: &mut State,
    approvers: &mut Option<Approvers>,
    reader: &Reader<'_>,
    stored: &Stored,
) -> Result<(), Error> {
    let Some(record) = &stored.record else { return Ok(()) };
    if !stored.altered.is_empty() || !state.actions().any(|action| action == record.action) {
        return Ok(());
    }
    let approvers = match approvers {
        Some(approvers) => approvers,
        None => approvers.insert(Approvers::read(reader.view(), ledger.inherited()?)?),
    };
    let sealed = Timestamp::from_micros(stored.leaf.sealed_us);
    state.push(stored.seq, sealed, record, approvers.of(stored));
    Ok(())
}
