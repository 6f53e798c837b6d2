//! Keeping what holds now up with what is sealed.

use sealbook_policy::State;
use sealbook_record::Timestamp;

use crate::approver::Approvers;
use crate::{Error, Layout, Ledger, Query, Reader, Stored};

/// So many records behind, the index is asked which of them matter; fewer are read one by one.
const READ_ALL_MAX: u64 = 512;
/// So many records the index may be behind then, and they are read one by one.
const TAIL_MAX: u64 = 128;
/// Records that are kept while the signatures of all of them are checked together.
const GROUP: usize = 256;

/// The directories that are this book's and its keys', all books of a home among them, and what lies beside them
/// there and says who is asked and told.
fn guarded(layout: &Layout) -> Vec<String> {
    let Layout { book, keys, heads } = layout;
    let mut places = vec![book.clone(), keys.clone(), heads.clone()];
    // The directory above a tenant's is its book's, the one above that may hold all of a home.
    if let Some(books) = book.ancestors().skip(1).take(2).find(|place| place.ends_with("books")) {
        places.push(books.to_owned());
        let beside = ["model.toml", "notify.toml", "domains"];
        places.extend(books.parent().into_iter().flat_map(|home| beside.map(|name| home.join(name))));
    }
    places.iter().filter_map(|place| place.to_str().map(str::to_owned)).collect()
}

impl Ledger {
    /// Brings a state up to the newest sealed record.
    ///
    /// A gate calls it before each decision: where nothing was sealed since but by this handle, it reads the head
    /// and no more.
    ///
    /// In a restored book, what held at the end of the ledger before holds on: a stop, a rule, an open alert.
    pub fn bring_up(&self, state: &mut State) -> Result<(), Error> {
        if state.next_seq() == 0 {
            state.guard(&guarded(&self.layout));
            // On a copy: half of it must not be taken for all.
            let mut brought = state.clone();
            self.bring_before(&mut brought, 0)?;
            *state = brought;
        }
        self.bring_own(state)
    }

    /// As [`Ledger::bring_up`], of this ledger alone.
    pub(crate) fn bring_own(&self, state: &mut State) -> Result<(), Error> {
        // Nearly always there is nothing new but what this process has sealed itself.
        let head = self.store.head()?;
        let size = head.as_ref().map_or(0, |head| head.size);
        let from = state.next_seq();
        if from >= size {
            return Ok(());
        }
        let note = head.map_or_else(String::new, |head| head.note);
        let unread = self.own.to_be_read(from, size, &note);
        if unread.is_empty() {
            state.seen_to(size);
            return Ok(());
        }
        let reader = self.reader()?;
        let mut taken = Taken { ledger: self, state, reader: &reader, approvers: None, group: Vec::new() };
        let mut known = from;
        if unread.iter().map(|run| run.end - run.start).sum::<u64>() > READ_ALL_MAX {
            let query = Query {
                action: taken.state.actions().map(str::to_owned).collect(),
                cursor: from.checked_sub(1).map(crate::Cursor),
                ascending: true,
                ..Query::default()
            };
            known = self.each_indexed(&reader, &query, (size, TAIL_MAX), &mut |stored| {
                taken.take(stored)?;
                Ok(true)
            })?;
        }
        for seq in unread.into_iter().flatten().filter(|seq| *seq >= known) {
            taken.take(reader.record(seq)?)?;
        }
        taken.settle()?;
        state.seen_to(size);
        Ok(())
    }
}

/// Records of the state on their way into it.
struct Taken<'t> {
    ledger: &'t Ledger,
    state: &'t mut State,
    reader: &'t Reader<'t>,
    approvers: Option<Approvers>,
    group: Vec<Stored>,
}

impl Taken<'_> {
    fn take(&mut self, stored: Stored) -> Result<(), Error> {
        let is_wanted = |action: &str| self.state.actions().any(|wanted| wanted == action);
        if stored.altered.is_empty() && stored.record.as_ref().is_some_and(|record| is_wanted(&record.action)) {
            self.group.push(stored);
        }
        if self.group.len() < GROUP { Ok(()) } else { self.settle() }
    }

    /// Puts the group into the state. Approvers are read only where there is something that they sign.
    fn settle(&mut self) -> Result<(), Error> {
        if self.group.is_empty() {
            return Ok(());
        }
        let approvers = match &self.approvers {
            Some(approvers) => approvers,
            None => self.approvers.insert(Approvers::read(self.reader.view(), self.ledger.inherited()?)?),
        };
        let signed = approvers.of_all(&self.group);
        for (stored, approver) in self.group.drain(..).zip(signed) {
            if let Some(record) = &stored.record {
                let sealed = Timestamp::from_micros(stored.leaf.sealed_us);
                self.state.push(stored.seq, sealed, record, approver);
            }
        }
        Ok(())
    }
}
