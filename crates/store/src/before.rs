//! The ledger that a restored one goes on from: it lies beside it, and what held there holds on.

use std::path::{Path, PathBuf};

use sealbook_ledger::{Checkpoint, Continues, KeyEvent, Origin};
use sealbook_policy::State;

use crate::head_file::HeadFile;
use crate::{Error, Layout, Ledger};

/// A book that was restored over and over has this many ledgers at most.
const DEPTH_MAX: usize = 64;
/// Where earlier ledgers lie.
const PREVIOUS: &str = "previous";

impl Ledger {
    /// What the first leaf says of the ledger that this one goes on from.
    pub fn continues(&self) -> Result<Option<Continues>, Error> {
        // Verification says what is wrong with a first leaf that cannot be read; nothing is known of a link then.
        let first = match self.reader()?.record(0) {
            Err(Error::RowDamaged { .. } | Error::RecordMissing { .. }) => return Ok(None),
            read => read?,
        };
        let event = first.note.as_deref().map(|note| KeyEvent::from_json(note.as_bytes())).transpose()?;
        Ok(match event {
            Some(KeyEvent::Genesis { continues, .. }) => continues,
            _ => None,
        })
    }

    /// The ledger before this one, if it lies where a restored book keeps it.
    pub(crate) fn before(&self) -> Result<Option<Self>, Error> {
        let Some(link) = self.continues()? else { return Ok(None) };
        let book = previous_of(&self.layout.book).join(last_piece(&link.origin));
        let layout = Layout { book, ..self.layout.clone() };
        if !layout.ledger_db().exists() || layout.book == self.layout.book {
            return Ok(None);
        }
        let before = Self::open_read_only(layout, self.options.clone())?;
        // Another ledger under its name says nothing of it.
        Ok((*before.origin() == link.origin && before.head()?.size == link.size).then_some(before))
    }

    /// What held at the end of the ledger before, and of those before it: rules, stops and alerts hold on.
    /// Approvals do not: what was lost since might have used them.
    pub(crate) fn bring_before(&self, state: &mut State, depth: usize) -> Result<(), Error> {
        if depth < DEPTH_MAX
            && let Some(before) = self.before()?
        {
            before.bring_before(state, depth + 1)?;
            before.bring_own(state)?;
            state.begin_ledger();
        }
        Ok(())
    }
}

/// How many records this home knows a ledger to have had, where it kept a head of it.
///
/// Errors: the head cannot be read.
pub fn kept_size(layout: &Layout, origin: &Origin) -> Result<Option<u64>, Error> {
    let notes = HeadFile::read(&layout.head_file(origin))?;
    let own = notes.iter().filter_map(|note| Checkpoint::of_note(note).ok()).filter(|kept| kept.origin == *origin);
    Ok(own.map(|kept| kept.size).max())
}

/// The directory of earlier ledgers; an earlier one lies in it itself.
fn previous_of(book: &Path) -> PathBuf {
    let own = book.parent().filter(|parent| parent.file_name().is_some_and(|name| name == PREVIOUS));
    own.map_or_else(|| book.join(PREVIOUS), Path::to_owned)
}

pub(crate) fn last_piece(origin: &Origin) -> &str {
    origin.as_str().rsplit('/').next().unwrap_or("ledger")
}
