//! The other ledgers of a book: each tenant has one, and what is meant for the whole book is sealed in all of them.

use sealbook_store::Ledger;

use crate::failure::Failure;
use crate::place::Place;
use crate::session::{self, Session};

/// Calls `each` with the ledger of every other tenant of the book; gives what failed, with the ledger's directory.
pub(crate) fn each_other(
    own: &Session,
    mut each: impl FnMut(&Session) -> Result<(), Failure>,
) -> Result<Vec<(String, Failure)>, Failure> {
    let mut failed = Vec::new();
    let book = own.place.directory();
    let broken = |cause| Failure::Input { name: book.display().to_string(), cause };
    for directory in own.ledger.beside().map_err(broken)? {
        let done = open(own, &directory).and_then(|other| each(&other));
        if let Err(cause) = done {
            failed.push((directory.display().to_string(), cause));
        }
    }
    Ok(failed)
}

fn open(own: &Session, directory: &std::path::Path) -> Result<Session, Failure> {
    let mut place = Place { by_pointer: false, ..own.place.clone() };
    directory.clone_into(&mut place.layout.book);
    let ledger = Ledger::open(place.layout.clone(), session::options(&place))?;
    ledger.tenant().clone_into(&mut place.tenant);
    Ok(Session::of(ledger, place, own.actor.clone()))
}
