//! Keeping what holds now up with what is sealed.

use std::path::PathBuf;

use sealbook_policy::{Standing, State, Tallies};
use sealbook_record::Timestamp;

use crate::approver::Approvers;
use crate::seam::Stands;
use crate::standing::{self, Found};
use crate::{Error, Layout, Ledger, Options, Reader, Stored};

/// Records that are kept while the signatures of all of them are checked together.
const GROUP: usize = 256;

/// The directories that are this book's and its keys', all books of a home among them, and what lies beside them
/// there and says who is asked and told.
fn guarded(layout: &Layout, options: &Options) -> Vec<String> {
    let Layout { book, keys, heads } = layout;
    let mut places = vec![book.clone(), keys.clone(), heads.clone()];
    // Tokens of who may speak to what listens.
    places.extend(["wrap.token", "mcp.token"].map(|name| keys.with_file_name(name)));
    let config = options.variables.iter().filter(|(name, _)| name == "XDG_CONFIG_HOME");
    places.extend(config.map(|(_, path)| path.join("sealbook")));
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
            let named = |(name, path): &(String, PathBuf)| Some(format!("{name}={}", path.to_str()?));
            let variables: Vec<String> = self.options.variables.iter().filter_map(named).collect();
            state.guard(&guarded(&self.layout, &self.options), &variables);
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
        if from == size {
            return Ok(());
        }
        if from > size {
            return Err(Error::BookRolledBack { origin: self.origin().clone(), found: size, kept: from });
        }
        let note = head.map_or_else(String::new, |head| head.note);
        if self.own.to_be_read(from, size, &note).is_empty() {
            state.seen_to(size);
            return Ok(());
        }
        let reader = self.reader()?;
        let size = reader.size()?;
        let (found, tallies) = self.standing(&reader, state.sorts(), state.counted())?;
        let mut taken = Taken { ledger: self, state, reader: &reader, approvers: None, group: Vec::new() };
        for stands in found {
            taken.take(stands)?;
        }
        taken.settle()?;
        state.count(size, tallies);
        Ok(())
    }

    /// The records of these sorts that come after those that were counted.
    pub(crate) fn standing(
        &self,
        reader: &Reader<'_>,
        sorts: &[Standing],
        counted: (u64, Tallies),
    ) -> Result<Found, Error> {
        standing::read(reader.view(), self.origin(), &self.ring(reader.view())?, sorts, counted)
    }
}

/// The record that the list names, where it is what was sealed: what decides is never read in part.
pub(crate) fn sealed_as_listed(reader: &Reader<'_>, stands: Stands) -> Result<Option<Stored>, Error> {
    let stored = reader.record(stands.seq)?;
    let may_lack = stands.sort == Standing::Alert;
    let is_whole = stored.altered.is_empty()
        && (may_lack || (stored.erased.is_empty() && stored.record.is_some()))
        && stored.hash == stands.hash;
    if is_whole {
        Ok(stored.record.is_some().then_some(stored))
    } else {
        Err(Error::StandingAltered { seq: stands.seq })
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
    fn take(&mut self, stands: Stands) -> Result<(), Error> {
        self.group.extend(sealed_as_listed(self.reader, stands)?);
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
