//! The `Store` seam over a [`SimDisk`].

use std::path::{Path, PathBuf};
use std::sync::Arc;

use sealbook_ledger::{Origin, Uuid};
use sealbook_store::{
    CommitError, EachId, EachRow, Error, NewRow, Row, Snapshot, Store, StoreHead, Stray, Transaction,
};

use super::Fault;
use super::disk::{Failed, Hold, SimDisk};
use super::tables::{Change, Tables};

/// One handle on a simulated store: what one process has.
pub struct SimStore {
    disk: Arc<SimDisk>,
    origin: Origin,
    tenant: String,
    /// The boot of the machine in which the handle was opened.
    boot: u64,
    read_only: bool,
}

fn place() -> PathBuf {
    PathBuf::from("the simulated disk")
}

impl SimStore {
    /// Makes an empty store.
    pub fn create(disk: &Arc<SimDisk>, origin: &Origin, tenant: &str) -> Result<Self, Error> {
        let mut inner = disk.lock();
        if inner.identity.is_some() {
            return Err(Error::BookExists { path: place() });
        }
        inner.identity = Some((origin.clone(), tenant.to_owned()));
        drop(inner);
        Self::open(disk)
    }

    /// Opens the store that is there.
    pub fn open(disk: &Arc<SimDisk>) -> Result<Self, Error> {
        let inner = disk.lock();
        let (origin, tenant) = inner.identity.clone().ok_or_else(|| Error::BookMissing { path: place() })?;
        Ok(Self { disk: Arc::clone(disk), origin, tenant, boot: inner.boot, read_only: false })
    }

    /// Opens the store for reading.
    pub fn open_read_only(disk: &Arc<SimDisk>) -> Result<Self, Error> {
        Ok(Self { read_only: true, ..Self::open(disk)? })
    }

    /// How many rows there are; for tests, which look past the power switch.
    pub fn live_size(&self) -> u64 {
        self.disk.lock().live.rows.len() as u64
    }

    /// The rows as they are now, if the machine was not switched off since this was opened.
    fn live(&self) -> Result<Arc<Tables>, Error> {
        let inner = self.disk.lock();
        if inner.boot == self.boot { Ok(Arc::clone(&inner.live)) } else { Err(dark()) }
    }
}

fn dark() -> Error {
    Error::Engine { path: place(), cause: "the power went".to_owned() }
}

fn full() -> Error {
    Error::DiskFull { path: place() }
}

impl Store for SimStore {
    /// Ids and key leaves are found in what is folded from the log: there is nothing else to make again.
    fn relearn(&self) -> Result<(), Error> {
        Ok(())
    }

    fn origin(&self) -> &Origin {
        &self.origin
    }

    fn tenant(&self) -> &str {
        &self.tenant
    }

    fn place(&self) -> &Path {
        Path::new("the simulated disk")
    }

    fn scrub(&self) -> Result<bool, Error> {
        let _hold = self.disk.hold();
        self.live()?;
        self.disk.lock().scrub();
        Ok(true)
    }

    fn snapshot(&self) -> Result<Box<dyn Snapshot + Send + '_>, Error> {
        Ok(Box::new(View { store: self, tables: self.live()? }))
    }

    fn begin(&self) -> Result<Box<dyn Transaction + '_>, Error> {
        if self.read_only {
            return Err(Error::BookReadOnly { path: place(), cause: "it was opened for reading".to_owned() });
        }
        let hold = self.disk.hold();
        let tables = self.live()?;
        let fault = self.disk.next_fault();
        if fault == Some(Fault::Begin) {
            return Err(Error::Engine { path: place(), cause: "the lock cannot be had".to_owned() });
        }
        Ok(Box::new(Writing { view: View { store: self, tables }, changes: Vec::new(), writes: 0, fault, _hold: hold }))
    }
}

struct View<'s> {
    store: &'s SimStore,
    tables: Arc<Tables>,
}

impl View<'_> {
    /// A dead machine answers nothing, whatever was open.
    fn tables(&self) -> Result<&Tables, Error> {
        if self.store.disk.lock().boot == self.store.boot { Ok(&self.tables) } else { Err(dark()) }
    }
}

impl Snapshot for View<'_> {
    fn head(&self) -> Result<Option<StoreHead>, Error> {
        let newest = self.tables()?.checkpoints.last_key_value();
        Ok(newest.map(|(size, note)| StoreHead { size: *size, note: note.to_string() }))
    }

    fn scan(&self, from: u64, to: u64, each: &mut EachRow<'_>) -> Result<(), Error> {
        if from >= to {
            return Ok(());
        }
        for (seq, (leaf, content)) in self.tables()?.rows.range(from..to) {
            if !each(Row { seq: *seq, leaf, content })? {
                break;
            }
        }
        Ok(())
    }

    fn tile(&self, level: u8, index: u64) -> Result<Option<Vec<u8>>, Error> {
        Ok(self.tables()?.tiles.get(&(level, index)).map(|hashes| hashes.to_vec()))
    }

    fn checkpoints(
        &self,
        from: u64,
        to: u64,
        each: &mut dyn FnMut(u64, &str) -> Result<bool, Error>,
    ) -> Result<(), Error> {
        if from >= to {
            return Ok(());
        }
        for (size, note) in self.tables()?.checkpoints.range(from..to) {
            if !each(*size, note)? {
                break;
            }
        }
        Ok(())
    }

    fn seq_of(&self, id: Uuid) -> Result<Option<u64>, Error> {
        Ok(self.tables()?.ids.get(&id).copied())
    }

    fn id_max(&self) -> Result<Option<Uuid>, Error> {
        Ok(self.tables()?.ids.last_key_value().map(|(id, _)| *id))
    }

    fn key_seqs(&self) -> Result<Vec<u64>, Error> {
        Ok(self.tables()?.keys.clone())
    }

    fn each_id(&self, each: &mut EachId<'_>) -> Result<(), Error> {
        for (id, seq) in &self.tables()?.ids {
            if !each(id.as_bytes(), *seq)? {
                break;
            }
        }
        Ok(())
    }

    fn strays(&self, size: u64) -> Result<Vec<Stray>, Error> {
        let beyond = self.tables()?.rows.range(size..).map(|(seq, _)| format!("a row at seq {seq}"));
        Ok(beyond.map(|what| Stray { table: "records", what }).collect())
    }
}

struct Writing<'s> {
    view: View<'s>,
    changes: Vec<Change>,
    writes: u32,
    fault: Option<Fault>,
    _hold: Hold<'s>,
}

impl Writing<'_> {
    fn change(&mut self, change: Change) -> Result<(), Error> {
        self.view.tables()?;
        if self.fault == Some(Fault::Write(self.writes)) {
            return Err(full());
        }
        self.writes += 1;
        let applied = Arc::make_mut(&mut self.view.tables).apply(&change);
        applied.map_err(|cause| Error::Engine { path: place(), cause: cause.to_owned() })?;
        self.changes.push(change);
        Ok(())
    }
}

impl Snapshot for Writing<'_> {
    fn head(&self) -> Result<Option<StoreHead>, Error> {
        self.view.head()
    }

    fn scan(&self, from: u64, to: u64, each: &mut EachRow<'_>) -> Result<(), Error> {
        self.view.scan(from, to, each)
    }

    fn tile(&self, level: u8, index: u64) -> Result<Option<Vec<u8>>, Error> {
        self.view.tile(level, index)
    }

    fn checkpoints(
        &self,
        from: u64,
        to: u64,
        each: &mut dyn FnMut(u64, &str) -> Result<bool, Error>,
    ) -> Result<(), Error> {
        self.view.checkpoints(from, to, each)
    }

    fn seq_of(&self, id: Uuid) -> Result<Option<u64>, Error> {
        self.view.seq_of(id)
    }

    fn id_max(&self) -> Result<Option<Uuid>, Error> {
        self.view.id_max()
    }

    fn key_seqs(&self) -> Result<Vec<u64>, Error> {
        self.view.key_seqs()
    }

    fn each_id(&self, each: &mut EachId<'_>) -> Result<(), Error> {
        self.view.each_id(each)
    }

    fn strays(&self, size: u64) -> Result<Vec<Stray>, Error> {
        self.view.strays(size)
    }
}

impl Transaction for Writing<'_> {
    fn append(&mut self, rows: &[NewRow<'_>]) -> Result<(), Error> {
        for NewRow { row, id, is_key } in rows {
            let (leaf, content) = (row.leaf.into(), row.content.into());
            self.change(Change::Row { seq: row.seq, id: *id, is_key: *is_key, leaf, content })?;
        }
        Ok(())
    }

    fn put_tile(&mut self, level: u8, index: u64, hashes: &[u8]) -> Result<(), Error> {
        self.change(Change::Tile { level, index, hashes: hashes.into() })
    }

    fn put_checkpoint(&mut self, size: u64, note: &str) -> Result<(), Error> {
        self.change(Change::Checkpoint { size, note: note.into() })
    }

    fn replace_content(&mut self, seq: u64, content: &[u8]) -> Result<(), Error> {
        self.change(Change::Content { seq, content: content.into() })
    }

    fn commit(self: Box<Self>) -> Result<(), CommitError> {
        let Self { view, changes, fault, _hold, .. } = *self;
        let mut inner = view.store.disk.lock();
        if inner.boot != view.store.boot {
            return Err(CommitError::Unknown("the power went".to_owned()));
        }
        inner.commit(&changes, view.tables, fault).map_err(|failed| match failed {
            Failed::Rejected => CommitError::Rejected(full()),
            Failed::Unknown(cause) => CommitError::Unknown(cause.to_owned()),
        })
    }
}
