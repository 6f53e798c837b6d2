//! The ledgers of a book's other tenants, which lie beside each other.

use std::io;
use std::path::{Path, PathBuf};

use sealbook_policy::{Judged, Policy, Raw, State, Stop, StopKind};
use sealbook_record::{Actor, ActorKind, Category, Outcome, PartName, Record, Severity, Target, TargetKind};

use crate::seam::Store as _;
use crate::{Error, Layout, Ledger, SqliteStore, digest_key, tenant_directory};

impl Ledger {
    /// The directories of the book's other tenants; none for a ledger that stands alone, as one that was named by its
    /// own directory does.
    ///
    /// Errors: what lies beside it cannot be read.
    pub fn beside(&self) -> io::Result<Vec<PathBuf>> {
        let own = &self.layout.book;
        let name = own.file_name().and_then(|name| name.to_str()).map(str::to_owned);
        let Some(book) = own.parent().filter(|_| name == tenant_directory(self.tenant())) else {
            return Ok(Vec::new());
        };
        let mut found = Vec::new();
        for entry in std::fs::read_dir(book)? {
            let directory = entry?.path();
            if directory != *own && directory.join("ledger.db").is_file() && !is_set_aside(&directory) {
                found.push(directory);
            }
        }
        found.sort();
        Ok(found)
    }

    /// Seals here each stop of everything that holds for another tenant of the book and not in this ledger yet.
    ///
    /// Errors: what holds beside it cannot be told, or it cannot be sealed.
    pub(crate) fn heed_beside(&self) -> Result<(), Error> {
        let mut held = None;
        for directory in self.beside().map_err(|cause| unreadable(&self.layout.book, &cause))? {
            let layout = Layout { book: directory, ..self.layout.clone() };
            let other = Self::open_read_only(layout, self.options.clone())?;
            let mut state = State::new();
            other.bring_up(&mut state)?;
            held =
                state.stops().iter().find(|stop| stop.scope.kind == StopKind::All).cloned().map(|stop| (other, stop));
            if held.is_some() {
                break;
            }
        }
        let Some((other, stop)) = held else { return Ok(()) };
        let mut own = State::new();
        self.bring_up(&mut own)?;
        if own.stops().iter().any(|own| own.scope == stop.scope) {
            return Ok(());
        }
        self.append(vec![self.copied(&other, &stop)?])?.into_iter().try_for_each(|sealed| sealed.map(drop))
    }

    /// The stop of another tenant, as a record of this ledger.
    fn copied(&self, other: &Self, stop: &Stop) -> Result<Judged, Error> {
        // It is not there where the other ledger goes on from the one in which it was set.
        let actor = other.reader()?.by_id(stop.id)?.and_then(|stored| stored.record).map(|record| record.actor);
        let actor = actor.unwrap_or_else(|| {
            let mut actor = Actor::new(ActorKind::System, "sealbook");
            actor.on_behalf_of = Some(stop.by.clone());
            actor
        });
        let target = Target::new(TargetKind::Ledger, stop.scope.to_string());
        let mut record = Record::event(self.next_id(), actor, "stop.set", target, self.now());
        self.tenant().clone_into(&mut record.tenant);
        record.category = Category::Administration;
        record.outcome = Some(Outcome::Ok);
        record.severity = Severity::Critical;
        record.reason.clone_from(&stop.reason);
        record.set_part_json(PartName::Input, stop.scope.to_json())?;
        let context = Told { held_in: other.origin().as_str(), tenant: other.tenant(), record: stop.id.to_string() };
        record.set_part(PartName::Context, &context).expect("texts are JSON");
        let key = digest_key(&self.layout.keys, self.origin(), &*self.options.entropy)?;
        let admitted = Policy::new(key).admit(Raw::new(record));
        admitted.map_err(|cause| {
            let cause = format!("its stop of everything cannot be taken over: {cause}");
            Error::BookUnreadable { path: other.layout.ledger_db(), cause }
        })
    }
}

/// Where the stop was set that a new ledger begins with.
#[derive(serde::Serialize)]
struct Told<'a> {
    held_in: &'a str,
    tenant: &'a str,
    record: String,
}

/// Whether it is a ledger that a restored one goes on from, kept under another name: nothing is done there any more.
fn is_set_aside(directory: &Path) -> bool {
    let name = directory.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    // What cannot be opened is found by whoever opens it.
    let tenant = SqliteStore::open_read_only(&directory.join("ledger.db")).map(|store| store.tenant().to_owned());
    name.contains(".found-") && tenant.is_ok_and(|tenant| tenant_directory(&tenant).as_deref() != Some(name))
}

fn unreadable(book: &Path, cause: &io::Error) -> Error {
    let path = book.parent().unwrap_or(book).to_owned();
    Error::BookUnreadable { path, cause: format!("the ledgers of its other tenants cannot be listed: {cause}") }
}
