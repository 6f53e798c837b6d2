//! The embedded engine: one SQLite file in WAL mode, `synchronous=FULL`,
//! `secure_delete=ON`.
//!
//! - A crash before `COMMIT` returns leaves the old head: the WAL frames of the
//!   batch carry no commit mark and are ignored.
//! - A crash after it leaves the whole batch: `synchronous=FULL` has the WAL on
//!   disk before `COMMIT` returns.
//! - Processes queue on a file lock that the kernel hands on, never on SQLite's
//!   sleeping busy handler.

mod schema;
mod strays;
mod view;

use std::fs::File;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rusqlite::{Connection, OpenFlags};
use sealbook_ledger::{Origin, Uuid};
use sealbook_policy::Standing;

use schema::Shape;

use crate::seam::{EachId, EachRow, EachStands, Stands, Stray};
use crate::whole::private_file;
use crate::{CommitError, Error, NewRow, Snapshot, Store, StoreHead, Transaction};

/// Bytes of a page in books made from now on. A record has about 1.7 KB: of pages of 4 KiB it would leave
/// a fifth empty, and each would hold two.
const PAGE_BYTES: u32 = 16_384;
/// Pages after which the WAL is moved into the book: 32 MiB, so that a bulk append seldom waits for it.
const WAL_PAGES_MAX: u32 = (32 << 20) / PAGE_BYTES;
/// What one reading connection keeps, in KiB (SQLite takes it as a negative number): most reading is a scan,
/// and the system caches the file.
const READ_CACHE_KIB: i32 = -2_048;
/// Gives back the pages that a connection keeps.
pub(crate) const SHRINK: &str = "PRAGMA shrink_memory";
/// Read connections that are kept for later.
const READERS_KEPT: usize = 8;

/// Called once with the book's file, when the first writer has brought it up to the newest format.
pub type Upgraded = Arc<dyn Fn(&Path) + Send + Sync>;

/// A ledger in an SQLite file.
pub struct SqliteStore {
    path: PathBuf,
    origin: Origin,
    tenant: String,
    /// How the list of records that say what holds is kept: a [`Shape`].
    shape: AtomicU8,
    /// Who is told that the book was brought up to a newer format.
    upgraded: Option<Upgraded>,
    /// Device and inode of the file that is open.
    file: (u64, u64),
    /// Before the writer, and so closed before it: the last connection moves the WAL into the book,
    /// and one that only reads cannot.
    readers: Mutex<Vec<Connection>>,
    /// `None` in a book that is opened for reading.
    writer: Option<Mutex<WriteSide>>,
}

/// Less than what a commit has to wait for: loses acknowledged records with the power.
#[doc(hidden)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    Normal,
    Off,
}

struct WriteSide {
    connection: Connection,
    lock: File,
}

impl SqliteStore {
    /// Makes an empty store for `origin` at `path`, which must not exist.
    pub fn create(path: &Path, origin: &Origin, tenant: &str) -> Result<Self, Error> {
        if path.exists() {
            return Err(Error::BookExists { path: path.to_owned() });
        }
        let connection = open_write(path)?;
        schema::create(&connection, origin, tenant).map_err(|e| engine(path, &e))?;
        drop(connection);
        Self::open(path)
    }

    /// Opens a store for writing. A book of an older format stays as it is until something is written.
    pub fn open(path: &Path) -> Result<Self, Error> {
        require_file(path)?;
        // Looked at before anything is written: setting the journal mode is a write.
        let file = place_of(path)?;
        schema::check_format(&open_read(path)?, path)?;
        let lock_path = path.with_extension("lock");
        let lock = private_file(&lock_path)?;
        lock.lock().map_err(|cause| file_error(&lock_path, cause))?;
        let connection = open_write(path);
        lock.unlock().map_err(|cause| file_error(&lock_path, cause))?;
        let connection = connection?;
        let shape = Shape::of(&connection, path)?;
        let (origin, tenant) = schema::identity(&connection, path)?;
        require_same(path, file)?;
        Ok(Self {
            path: path.to_owned(),
            origin,
            tenant,
            shape: AtomicU8::new(shape as u8),
            upgraded: None,
            file,
            writer: Some(Mutex::new(WriteSide { connection, lock })),
            readers: Mutex::default(),
        })
    }

    /// As [`SqliteStore::open`], with less durability: for tests that prove that they see the loss.
    #[doc(hidden)]
    pub fn open_with(path: &Path, durability: Durability) -> Result<Self, Error> {
        let store = Self::open(path)?;
        let synchronous = match durability {
            Durability::Normal => "NORMAL",
            Durability::Off => "OFF",
        };
        let set = store.write_side()?.connection.pragma_update(None, "synchronous", synchronous);
        set.map_err(|e| engine(path, &e))?;
        Ok(store)
    }

    /// Opens a store for reading alone; nothing of it changes.
    pub fn open_read_only(path: &Path) -> Result<Self, Error> {
        require_file(path)?;
        let file = place_of(path)?;
        let connection = open_read(path)?;
        let shape = Shape::of(&connection, path)?;
        let (origin, tenant) = schema::identity(&connection, path)?;
        require_same(path, file)?;
        Ok(Self {
            path: path.to_owned(),
            origin,
            tenant,
            shape: AtomicU8::new(shape as u8),
            upgraded: None,
            file,
            writer: None,
            readers: Mutex::new(vec![connection]),
        })
    }

    /// The same; `upgraded` is told when the book is brought up to the newest format.
    #[must_use]
    pub fn telling(self, upgraded: Option<Upgraded>) -> Self {
        Self { upgraded, ..self }
    }

    /// Whether the list of records that say what holds is kept here.
    ///
    /// Errors: it should be, and is not.
    fn keeps_standing(&self) -> Result<bool, Error> {
        match self.shape.load(Ordering::Acquire) {
            shape if shape == Shape::Old as u8 => Ok(false),
            shape if shape == Shape::Current as u8 => Ok(true),
            _ => Err(self.standing_gone("the format that the book says it has does not fit its tables")),
        }
    }

    fn standing_gone(&self, why: &str) -> Error {
        Error::StandingUntrusted { origin: self.origin.clone(), why: why.to_owned() }
    }

    /// What went wrong with the list: it may have been taken away meanwhile.
    fn standing_failed(&self, e: &rusqlite::Error) -> Error {
        let said = e.to_string();
        let is_gone = ["no such table: standing", "no such column: standing", "no column named standing"];
        if is_gone.iter().any(|gone| said.contains(gone)) {
            return self.standing_gone("the list of records that say what holds is missing from its file");
        }
        engine(&self.path, e)
    }

    fn write_side(&self) -> Result<MutexGuard<'_, WriteSide>, Error> {
        let writer = self.writer.as_ref().ok_or_else(|| Error::BookReadOnly {
            path: self.path.clone(),
            cause: "it was opened for reading".to_owned(),
        })?;
        Ok(writer.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn reader(&self) -> Result<Connection, Error> {
        let kept = self.readers.lock().unwrap_or_else(PoisonError::into_inner).pop();
        kept.map_or_else(|| open_read(&self.path), Ok)
    }

    fn give_back(&self, reader: Connection) {
        let mut readers = self.readers.lock().unwrap_or_else(PoisonError::into_inner);
        if readers.len() < READERS_KEPT {
            readers.push(reader);
        }
    }
}

impl Store for SqliteStore {
    fn origin(&self) -> &Origin {
        &self.origin
    }

    fn tenant(&self) -> &str {
        &self.tenant
    }

    fn place(&self) -> &Path {
        &self.path
    }

    /// Moves the whole WAL into the book and cuts it: `secure_delete` has blanked the pages in the
    /// book itself, the WAL still has older ones.
    fn scrub(&self) -> Result<bool, Error> {
        let writer = self.write_side()?;
        let busy: i64 = writer
            .connection
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))
            .map_err(|e| engine(&self.path, &e))?;
        Ok(busy == 0)
    }

    fn rest(&self) {
        // What cannot be given back is kept, and no harm done.
        if let Ok(side) = self.write_side() {
            let _ = side.connection.execute_batch(SHRINK);
        }
        for reader in self.readers.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            let _ = reader.execute_batch(SHRINK);
        }
    }

    fn relearn(&self) -> Result<(), Error> {
        let side = self.write_side()?;
        side.lock.lock().map_err(|cause| file_error(&self.path, cause))?;
        let done = view::relearn(&side.connection).map_err(|e| {
            let _ = side.connection.execute_batch("ROLLBACK");
            engine(&self.path, &e)
        });
        let _ = side.lock.unlock();
        done
    }

    fn lists_standing(&self) -> bool {
        self.writer.is_some()
    }

    fn mend_standing(&self) -> Result<(), Error> {
        if self.shape.load(Ordering::Acquire) == Shape::Old as u8 {
            return Ok(());
        }
        let side = self.write_side()?;
        side.lock.lock().map_err(|cause| file_error(&self.path, cause))?;
        let mended = (|| {
            view::run(&side.connection, "BEGIN IMMEDIATE")?;
            schema::upgrade(&side.connection)?;
            view::run(&side.connection, "COMMIT")
        })();
        if mended.is_err() {
            let _ = side.connection.execute_batch("ROLLBACK");
        }
        let _ = side.lock.unlock();
        mended.map_err(|e| engine(&self.path, &e))?;
        self.shape.store(Shape::Current as u8, Ordering::Release);
        Ok(())
    }

    /// One statement is a view by itself.
    fn head(&self) -> Result<Option<StoreHead>, Error> {
        require_same(&self.path, self.file)?;
        let connection = self.reader()?;
        let head = view::head(&connection).map_err(|e| engine(&self.path, &e))?;
        self.give_back(connection);
        Ok(head)
    }

    fn snapshot(&self) -> Result<Box<dyn Snapshot + Send + '_>, Error> {
        require_same(&self.path, self.file)?;
        let connection = self.reader()?;
        // The first read inside a deferred transaction fixes what is seen.
        view::begin_reading(&connection).map_err(|e| engine(&self.path, &e))?;
        Ok(Box::new(ReadView { store: self, connection: Some(connection) }))
    }

    fn begin(&self) -> Result<Box<dyn Transaction + '_>, Error> {
        let side = self.write_side()?;
        side.lock.lock().map_err(|cause| file_error(&self.path, cause))?;
        if let Err(moved) = require_same(&self.path, self.file) {
            let _ = side.lock.unlock();
            return Err(moved);
        }
        if let Err(e) = view::run(&side.connection, "BEGIN IMMEDIATE") {
            let _ = side.lock.unlock();
            return Err(engine(&self.path, &e));
        }
        let mut view = WriteView { store: self, side, open: true, is_upgraded: false };
        if self.shape.load(Ordering::Acquire) == Shape::Old as u8 {
            match Shape::of(&view.side.connection, &self.path)? {
                // Within the transaction: what is not committed leaves the book as it was.
                Shape::Old => {
                    schema::upgrade(&view.side.connection).map_err(|e| engine(&self.path, &e))?;
                    view.is_upgraded = true;
                }
                // Another process was first.
                found => self.shape.store(found as u8, Ordering::Release),
            }
        }
        Ok(Box::new(view))
    }
}

struct ReadView<'s> {
    store: &'s SqliteStore,
    connection: Option<Connection>,
}

impl ReadView<'_> {
    fn connection(&self) -> &Connection {
        self.connection.as_ref().expect("held until the view is dropped")
    }
}

impl ReadView<'_> {
    fn keeps_standing(&self) -> Result<bool, Error> {
        self.store.keeps_standing()
    }
}

impl Drop for ReadView<'_> {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take()
            && view::run(&connection, "ROLLBACK").is_ok()
        {
            self.store.give_back(connection);
        }
    }
}

struct WriteView<'s> {
    store: &'s SqliteStore,
    side: MutexGuard<'s, WriteSide>,
    open: bool,
    /// Whether this transaction brings the book up to the newest format.
    is_upgraded: bool,
}

impl WriteView<'_> {
    fn keeps_standing(&self) -> Result<bool, Error> {
        if self.is_upgraded { Ok(true) } else { self.store.keeps_standing() }
    }
}

impl Drop for WriteView<'_> {
    fn drop(&mut self) {
        if self.open {
            // Fails only where SQLite has rolled back already.
            let _ = self.side.connection.execute_batch("ROLLBACK");
        }
        let _ = self.side.lock.unlock();
    }
}

macro_rules! snapshot_through_connection {
    ($view:ident, |$this:ident| $connection:expr) => {
        impl Snapshot for $view<'_> {
            fn head(&self) -> Result<Option<StoreHead>, Error> {
                let $this = self;
                view::head($connection).map_err(|e| engine(&self.store.path, &e))
            }
            fn scan(&self, from: u64, to: u64, each: &mut EachRow<'_>) -> Result<(), Error> {
                let $this = self;
                view::scan($connection, &self.store.path, from, to, each)
            }
            fn tile(&self, level: u8, index: u64) -> Result<Option<Vec<u8>>, Error> {
                let $this = self;
                view::tile($connection, level, index).map_err(|e| engine(&self.store.path, &e))
            }
            fn checkpoints(
                &self,
                from: u64,
                to: u64,
                each: &mut dyn FnMut(u64, &str) -> Result<bool, Error>,
            ) -> Result<(), Error> {
                let $this = self;
                view::checkpoints($connection, &self.store.path, from, to, each)
            }
            fn seq_of(&self, id: Uuid) -> Result<Option<u64>, Error> {
                let $this = self;
                view::seq_of($connection, id).map_err(|e| engine(&self.store.path, &e))
            }
            fn id_max(&self) -> Result<Option<Uuid>, Error> {
                let $this = self;
                view::id_max($connection).map_err(|e| engine(&self.store.path, &e))
            }
            fn key_seqs(&self) -> Result<Vec<u64>, Error> {
                let $this = self;
                view::key_seqs($connection).map_err(|e| engine(&self.store.path, &e))
            }
            fn each_id(&self, each: &mut EachId<'_>) -> Result<(), Error> {
                let $this = self;
                view::each_id($connection, &self.store.path, each)
            }
            fn standing_seal(&self) -> Result<Option<Vec<u8>>, Error> {
                let $this = self;
                if !self.keeps_standing()? {
                    return Ok(None);
                }
                view::standing_seal($connection).map_err(|e| self.store.standing_failed(&e))
            }
            fn standing(&self, sort: Standing, from: u64, each: &mut EachStands<'_>) -> Result<(), Error> {
                let $this = self;
                if !self.keeps_standing()? {
                    return Ok(());
                }
                let fail = |e: rusqlite::Error| self.store.standing_failed(&e);
                view::standing($connection, &fail, sort, from, each)
            }
            fn strays(&self, size: u64) -> Result<Vec<Stray>, Error> {
                let $this = self;
                strays::find($connection, size).map_err(|e| engine(&self.store.path, &e))
            }
        }
    };
}

snapshot_through_connection!(ReadView, |view| view.connection());
snapshot_through_connection!(WriteView, |view| &view.side.connection);

impl Transaction for WriteView<'_> {
    fn append(&mut self, rows: &[NewRow<'_>]) -> Result<(), Error> {
        view::append(&self.side.connection, rows).map_err(|e| match in_the_way(&e, rows) {
            Some(seq) => {
                let what = "what lies there, or under the id of the record that belongs there, was not sealed";
                Error::RowDamaged { seq, what: what.to_owned() }
            }
            None => engine(&self.store.path, &e),
        })
    }

    fn put_tile(&mut self, level: u8, index: u64, hashes: &[u8]) -> Result<(), Error> {
        view::put_tile(&self.side.connection, level, index, hashes).map_err(|e| engine(&self.store.path, &e))
    }

    fn put_checkpoint(&mut self, size: u64, note: &str) -> Result<(), Error> {
        view::put_checkpoint(&self.side.connection, size, note).map_err(|e| engine(&self.store.path, &e))
    }

    fn put_standing(&mut self, new: &[Stands], size: u64, before: u64, seal: &[u8]) -> Result<(), Error> {
        view::put_standing(&self.side.connection, new, size, before, seal).map_err(|e| self.store.standing_failed(&e))
    }

    fn clear_standing(&mut self) -> Result<(), Error> {
        view::clear_standing(&self.side.connection).map_err(|e| self.store.standing_failed(&e))
    }

    fn replace_content(&mut self, seq: u64, content: &[u8]) -> Result<(), Error> {
        view::replace_content(&self.side.connection, seq, content).map_err(|e| engine(&self.store.path, &e))
    }

    fn commit(mut self: Box<Self>) -> Result<(), CommitError> {
        let committed = view::run(&self.side.connection, "COMMIT");
        match committed {
            Ok(()) => {
                self.open = false;
                if self.is_upgraded {
                    self.store.shape.store(Shape::Current as u8, Ordering::Release);
                    if let Some(upgraded) = &self.store.upgraded {
                        upgraded(&self.store.path);
                    }
                }
                Ok(())
            }
            Err(e) => {
                // A full disk or a lock that was not had leaves the transaction open: it is rolled back.
                // Anything that went wrong while the WAL was synced may or may not be on disk.
                let sure = matches!(
                    e.sqlite_error_code(),
                    Some(
                        rusqlite::ErrorCode::DiskFull
                            | rusqlite::ErrorCode::DatabaseBusy
                            | rusqlite::ErrorCode::ReadOnly
                    )
                );
                let cause = engine(&self.store.path, &e);
                if sure { Err(CommitError::Rejected(cause)) } else { Err(CommitError::Unknown(cause.to_string())) }
            }
        }
    }
}

/// The place of the first new row, where something that was never sealed keeps rows from being added.
fn in_the_way(e: &rusqlite::Error, rows: &[NewRow<'_>]) -> Option<u64> {
    let is_taken = e.sqlite_error_code() == Some(rusqlite::ErrorCode::ConstraintViolation);
    rows.first().map(|first| first.row.seq).filter(|_| is_taken)
}

/// Device and inode of what lies there.
fn place_of(path: &Path) -> Result<(u64, u64), Error> {
    let found = std::fs::metadata(path).map_err(|cause| file_error(path, cause))?;
    Ok((found.dev(), found.ino()))
}

/// What was moved or deleted while it is open can still be written to, and nobody would ever read it.
fn require_same(path: &Path, file: (u64, u64)) -> Result<(), Error> {
    let is_same = place_of(path).is_ok_and(|found| found == file);
    if is_same { Ok(()) } else { Err(Error::BookMoved { path: path.to_owned() }) }
}

fn require_file(path: &Path) -> Result<(), Error> {
    if path.is_file() { Ok(()) } else { Err(Error::BookMissing { path: path.to_owned() }) }
}

fn open_write(path: &Path) -> Result<Connection, Error> {
    // Never opened beside SQLite where it exists: closing that handle would end SQLite's own locks.
    if !path.exists() {
        private_file(path)?;
    }
    let connection = Connection::open(path).map_err(|e| engine(path, &e))?;
    (|| {
        connection.busy_timeout(std::time::Duration::from_secs(10))?;
        // Takes effect in a new file alone.
        connection.pragma_update(None, "page_size", PAGE_BYTES)?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.pragma_update(None, "secure_delete", true)?;
        connection.pragma_update(None, "wal_autocheckpoint", WAL_PAGES_MAX)?;
        connection.pragma_update(None, "cache_size", -32_768)?;
        connection.pragma_update(None, "temp_store", "MEMORY")?;
        connection.pragma_update(None, "trusted_schema", false)
    })()
    .map_err(|e: rusqlite::Error| engine(path, &e))?;
    Ok(connection)
}

fn open_read(path: &Path) -> Result<Connection, Error> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)
        .and_then(|c| c.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(())).map(|()| c))
        .or_else(|e| open_immutable(path, flags).ok_or(e))
        .map_err(|e| engine(path, &e))?;
    (|| {
        connection.busy_timeout(std::time::Duration::from_secs(10))?;
        connection.pragma_update(None, "query_only", true)?;
        connection.pragma_update(None, "cache_size", READ_CACHE_KIB)?;
        connection.pragma_update(None, "trusted_schema", false)
    })()
    .map_err(|e: rusqlite::Error| engine(path, &e))?;
    Ok(connection)
}

/// A WAL book in a directory that cannot be written cannot make its shared-memory file. Where no WAL
/// waits beside it, it can be read as a file that nobody changes.
fn open_immutable(path: &Path, flags: OpenFlags) -> Option<Connection> {
    let mut wal = path.as_os_str().to_owned();
    wal.push("-wal");
    if std::fs::metadata(&wal).is_ok_and(|m| m.len() > 0) {
        return None;
    }
    let text = path.to_str()?.replace('%', "%25").replace('?', "%3f").replace('#', "%23");
    let uri = format!("file:{text}?immutable=1");
    Connection::open_with_flags(uri, flags | OpenFlags::SQLITE_OPEN_URI).ok()
}

pub(crate) fn file_error(path: &Path, cause: std::io::Error) -> Error {
    match cause.kind() {
        std::io::ErrorKind::PermissionDenied | std::io::ErrorKind::ReadOnlyFilesystem => {
            Error::BookReadOnly { path: path.to_owned(), cause: cause.to_string() }
        }
        std::io::ErrorKind::StorageFull => Error::DiskFull { path: path.to_owned() },
        _ => Error::File { path: path.to_owned(), cause },
    }
}

/// Turns what SQLite says into an error a caller can act on.
pub(crate) fn engine(path: &Path, e: &rusqlite::Error) -> Error {
    use rusqlite::ErrorCode as C;
    // The shared-memory file could not grow.
    if e.sqlite_error().is_some_and(|e| e.extended_code == rusqlite::ffi::SQLITE_IOERR_SHMSIZE) {
        return Error::DiskFull { path: path.to_owned() };
    }
    match e.sqlite_error_code() {
        Some(C::DiskFull) => Error::DiskFull { path: path.to_owned() },
        Some(C::ReadOnly | C::PermissionDenied | C::CannotOpen) => {
            Error::BookReadOnly { path: path.to_owned(), cause: e.to_string() }
        }
        Some(C::NotADatabase | C::DatabaseCorrupt) => {
            Error::BookUnreadable { path: path.to_owned(), cause: e.to_string() }
        }
        _ => Error::Engine { path: path.to_owned(), cause: e.to_string() },
    }
}
