//! `index.db`: its tables, its cursor, and reading from it.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use roaring::RoaringBitmap;
use rusqlite::{Connection, OptionalExtension, params};
use sealbook_ledger::Origin;

use super::{CatchUp, Term, postings};
use crate::Error;
use crate::sqlite::{engine, file_error};
use crate::whole::private_file;

/// Raised when the tables or the terms change: an index of another format is made again.
const FORMAT: i64 = 2;

/// The largest that SQLite has: postings of 8 KiB then lie in their page, where a smaller one would give each
/// an overflow page of its own.
const PAGE_BYTES: u32 = 65_536;
/// Pages after which the WAL is moved into the index: 32 MiB.
const WAL_PAGES_MAX: u32 = (32 << 20) / PAGE_BYTES;

const TABLES: &str = "
CREATE TABLE meta (key TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE postings (term BLOB NOT NULL, chunk INTEGER NOT NULL, seqs BLOB NOT NULL, PRIMARY KEY (term, chunk)) WITHOUT ROWID;
CREATE TABLE times (block INTEGER PRIMARY KEY, min_us INTEGER NOT NULL, max_us INTEGER NOT NULL, us BLOB NOT NULL);
";

/// Records per row of `times`: 8 KiB.
pub(super) const TIME_BLOCK_BITS: u32 = 10;

/// The projections of one ledger.
pub(crate) struct Index {
    catch_up: Mutex<CatchUp>,
    /// The lock of whoever erases; none where nobody can.
    eraser: Option<PathBuf>,
}

/// Nobody else erases while this is held, in any process. It is taken before [`Index::lock`], and with no view of
/// the ledger open.
pub(crate) struct Alone(#[expect(dead_code, reason = "it is held, and not looked at")] Option<File>);

/// A difference between a projection and its rebuild.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProjectionFault {
    /// Which table.
    pub table: &'static str,
    /// Which row of it, for people.
    pub place: String,
    /// Sequence numbers that are wrong there: in one of the two and not in the other.
    pub seqs: Vec<u64>,
}

impl Index {
    /// Opens the index at `path`, or makes it; one of another ledger or format is made again.
    pub(crate) fn open(path: &Path, origin: &Origin) -> Result<Self, Error> {
        let lock_path = path.with_extension("lock");
        let fail = |cause| file_error(&lock_path, cause);
        let lock = private_file(&lock_path)?;
        // One at a time: two that make it again would each throw away what the other has made.
        lock.lock().map_err(fail)?;
        let opened = open(path).map_or_else(Err, |c| {
            if fits(&c, origin) {
                Ok(c)
            } else {
                drop(c);
                fresh(path, origin)
            }
        });
        let connection = match opened {
            // A derived file that cannot be read is worth nothing: its place is taken by a new one.
            Err(Error::BookUnreadable { .. }) => fresh(path, origin),
            other => other,
        };
        lock.unlock().map_err(fail)?;
        let eraser = path.with_extension("erase.lock");
        let locks = Some((lock, private_file(&eraser)?));
        Ok(Self { catch_up: Mutex::new(CatchUp::new(path, connection?, locks)?), eraser: Some(eraser) })
    }

    /// Waits until nobody else erases.
    pub(crate) fn alone(&self) -> Result<Alone, Error> {
        let Some(path) = &self.eraser else { return Ok(Alone(None)) };
        // A handle of its own: a lock that this process holds through another one counts too.
        let file = private_file(path)?;
        file.lock().map_err(|cause| file_error(path, cause))?;
        Ok(Alone(Some(file)))
    }

    /// As [`Index::open`]; where nothing can be written, an index in memory answers instead, made
    /// again from the ledger at the first question.
    pub(crate) fn open_for_reading(path: &Path, origin: &Origin) -> Result<Self, Error> {
        match Self::open(path, origin) {
            Err(Error::BookReadOnly { .. } | Error::DiskFull { .. }) => {}
            opened => return opened,
        }
        let connection = Connection::open_in_memory().map_err(|e| engine(path, &e))?;
        make_tables(&connection, origin).map_err(|e| engine(path, &e))?;
        Ok(Self { catch_up: Mutex::new(CatchUp::new(path, connection, None)?), eraser: None })
    }

    /// Exclusive use: to bring it up to date, or to ask it while it cannot move.
    pub(crate) fn lock(&self) -> MutexGuard<'_, CatchUp> {
        self.catch_up.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn open(path: &Path) -> Result<Connection, Error> {
    let fail = |e: rusqlite::Error| engine(path, &e);
    // As with the book: made private, and not touched beside SQLite once it is there.
    if !path.exists() {
        private_file(path)?;
    }
    let connection = Connection::open(path).map_err(fail)?;
    (|| {
        connection.busy_timeout(std::time::Duration::from_secs(30))?;
        connection.pragma_update(None, "page_size", PAGE_BYTES)?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        // What power takes from here is made again from the ledger.
        connection.pragma_update(None, "synchronous", "NORMAL")?;
        connection.pragma_update(None, "secure_delete", true)?;
        connection.pragma_update(None, "wal_autocheckpoint", WAL_PAGES_MAX)?;
        connection.pragma_update(None, "cache_size", -65_536)?;
        connection.pragma_update(None, "trusted_schema", false)
    })()
    .map_err(fail)?;
    Ok(connection)
}

fn fits(connection: &Connection, origin: &Origin) -> bool {
    let format = connection.pragma_query_value(None, "user_version", |row| row.get::<_, i64>(0));
    let own = connection.query_row("SELECT value FROM meta WHERE key = 'origin'", [], |row| row.get::<_, String>(0));
    format.is_ok_and(|f| f == FORMAT) && own.is_ok_and(|o| o == origin.to_string())
}

fn fresh(path: &Path, origin: &Origin) -> Result<Connection, Error> {
    remove(path)?;
    let connection = open(path)?;
    make_tables(&connection, origin).map_err(|e| engine(path, &e))?;
    Ok(connection)
}

fn make_tables(connection: &Connection, origin: &Origin) -> rusqlite::Result<()> {
    connection.execute_batch("BEGIN IMMEDIATE")?;
    connection.execute_batch(TABLES)?;
    connection.execute("INSERT INTO meta VALUES ('origin', ?1), ('cursor', 0)", [origin.to_string()])?;
    connection.pragma_update(None, "user_version", FORMAT)?;
    connection.execute_batch("COMMIT")
}

/// A throw-away index to compare with the one at `path`, in a file beside it that has no name any more: nobody
/// else finds it, and nothing of it is left however the process ends.
pub(super) fn throw_away(path: &Path, origin: &Origin) -> Result<Index, Error> {
    static MADE: AtomicU64 = AtomicU64::new(0);
    let name = format!("{}-{}.rebuild", std::process::id(), MADE.fetch_add(1, Ordering::Relaxed));
    let path = path.with_extension(name);
    let fail = |e: rusqlite::Error| engine(&path, &e);
    private_file(&path)?;
    let made = (|| {
        let connection = Connection::open(&path)?;
        connection.pragma_update(None, "page_size", PAGE_BYTES)?;
        connection.pragma_update(None, "journal_mode", "OFF")?;
        connection.pragma_update(None, "synchronous", "OFF")?;
        connection.pragma_update(None, "cache_size", -65_536)?;
        make_tables(&connection, origin)?;
        Ok(connection)
    })()
    .map_err(fail);
    remove(&path)?;
    Ok(Index { catch_up: Mutex::new(CatchUp::new(&path, made?, None)?), eraser: None })
}

/// Removes the index and what lies beside it.
pub(super) fn remove(path: &Path) -> Result<(), Error> {
    for suffix in ["", "-wal", "-shm"] {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        let file = PathBuf::from(name);
        match std::fs::remove_file(&file) {
            Ok(()) => {}
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {}
            Err(e) => return Err(file_error(&file, e)),
        }
    }
    Ok(())
}

/// Questions to an index that is up to date.
pub(crate) struct IndexView<'i> {
    pub(super) connection: &'i Connection,
    pub(super) path: &'i Path,
}

impl IndexView<'_> {
    fn fail(&self, e: &rusqlite::Error) -> Error {
        engine(self.path, e)
    }

    /// The records of a chunk that have the term; empty where none has.
    pub(crate) fn postings(&self, term: &Term, chunk: u64) -> Result<RoaringBitmap, Error> {
        let stored = self
            .connection
            .prepare_cached("SELECT seqs FROM postings WHERE term = ?1 AND chunk = ?2")
            .and_then(|mut s| s.query_row(params![term.0, chunk as i64], |row| row.get::<_, Vec<u8>>(0)).optional())
            .map_err(|e| self.fail(&e))?;
        Ok(stored.and_then(|bytes| postings::decode(&bytes)).unwrap_or_default())
    }

    /// The chunks in which any record has the term, newest first.
    pub(crate) fn chunks(&self, term: &Term) -> Result<Vec<u64>, Error> {
        self.connection
            .prepare_cached("SELECT chunk FROM postings WHERE term = ?1 ORDER BY chunk DESC")
            .and_then(|mut s| s.query_map([&term.0], |row| row.get::<_, i64>(0).map(|c| c as u64))?.collect())
            .map_err(|e| self.fail(&e))
    }

    /// The values of a field that begin with `prefix`, at most `limit` of them.
    pub(crate) fn values(&self, field: super::Field, prefix: &str, limit: usize) -> Result<Vec<String>, Error> {
        let mut from = super::term_of(field, prefix).0;
        let mut found = Vec::new();
        let start = from.clone();
        while found.len() < limit {
            let next: Option<Vec<u8>> = self
                .connection
                .prepare_cached("SELECT term FROM postings WHERE term >= ?1 ORDER BY term LIMIT 1")
                .and_then(|mut s| s.query_row([&from], |row| row.get(0)).optional())
                .map_err(|e| self.fail(&e))?;
            let Some(term) = next.filter(|t| t.starts_with(&start)) else { break };
            found.push(String::from_utf8_lossy(&term[1..]).into_owned());
            from = term;
            from.push(0);
        }
        Ok(found)
    }

    /// The records of a chunk whose time lies in `from_us..=to_us`.
    pub(crate) fn in_time(&self, chunk: u64, from_us: i64, to_us: i64) -> Result<RoaringBitmap, Error> {
        let blocks = 1 << (postings::CHUNK_BITS - TIME_BLOCK_BITS);
        let first = chunk * blocks;
        let mut map = RoaringBitmap::new();
        let mut statement = self
            .connection
            .prepare_cached("SELECT block, min_us, max_us, us FROM times WHERE block >= ?1 AND block < ?2 AND max_us >= ?3 AND min_us <= ?4")
            .map_err(|e| self.fail(&e))?;
        let mut rows = statement
            .query(params![first as i64, (first + blocks) as i64, from_us, to_us])
            .map_err(|e| self.fail(&e))?;
        while let Some(row) = rows.next().map_err(|e| self.fail(&e))? {
            let read = (|| {
                let block: i64 = row.get(0)?;
                let (min, max): (i64, i64) = (row.get(1)?, row.get(2)?);
                let us: Vec<u8> = row.get(3)?;
                Ok((((block as u64 - first) << TIME_BLOCK_BITS) as u32, min, max, us))
            })();
            let (base, min, max, us) = read.map_err(|e: rusqlite::Error| self.fail(&e))?;
            let times = us.as_chunks::<8>().0;
            if min >= from_us && max <= to_us {
                map.insert_range(base..base + times.len() as u32);
            } else {
                map.extend(
                    (base..).zip(times).filter_map(|(low, bytes)| {
                        (from_us..=to_us).contains(&i64::from_le_bytes(*bytes)).then_some(low)
                    }),
                );
            }
        }
        Ok(map)
    }
}
