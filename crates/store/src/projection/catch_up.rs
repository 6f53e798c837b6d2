//! Bringing the index up to the ledger.
//!
//! Rows are read in order and their terms collected in memory; a flush merges them into the
//! tables, sorted, in one transaction with the cursor. Between flushes nothing is written, so a
//! bulk load touches each row of the index about once for every chunk.

use std::fs::File;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OptionalExtension, params};

use super::db::TIME_BLOCK_BITS;
use super::gathered::Gathered;
use super::postings::{self, CHUNK_BITS};
use super::terms::{Field, each_term, write_term};
use super::text::each_text_word;
use super::{IndexView, chunk_of};
use crate::sqlite::{engine, file_error};
use crate::stored::Decoded;
use crate::{Error, Row, Snapshot};

/// What is gathered before a flush, in bytes: a chunk of ordinary records takes a tenth of it.
const PENDING_BYTES_MAX: usize = 256 << 20;

/// How far an index has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IndexProgress {
    /// Records that are in it.
    pub indexed: u64,
    /// Records of the ledger.
    pub size: u64,
}

/// The side of an index that writes.
pub(crate) struct CatchUp {
    path: PathBuf,
    /// Held while the tables are changed; none where nobody else can.
    lock: Option<File>,
    connection: Connection,
    pending: Pending,
}

/// What was read from the ledger and is not in the tables yet: records `from..next` of one chunk.
#[derive(Default)]
struct Pending {
    from: u64,
    next: u64,
    postings: Gathered,
    times: Vec<i64>,
    key: Vec<u8>,
    word: String,
}

impl CatchUp {
    pub(super) fn new(path: &Path, connection: Connection, lock: Option<File>) -> Result<Self, Error> {
        let mut this = Self { path: path.to_owned(), lock, connection, pending: Pending::default() };
        this.restart()?;
        Ok(this)
    }

    /// How many records the tables hold.
    pub(crate) fn cursor(&self) -> Result<u64, Error> {
        self.connection
            .prepare_cached("SELECT value FROM meta WHERE key = 'cursor'")
            .and_then(|mut s| s.query_row([], |row| row.get::<_, i64>(0)))
            .map(|c| c as u64)
            .map_err(|e| engine(&self.path, &e))
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn connection(&self) -> &Connection {
        &self.connection
    }

    /// A view for questions; what is pending is not in it.
    pub(crate) fn view(&self) -> IndexView<'_> {
        IndexView { connection: &self.connection, path: &self.path }
    }

    /// Reads records up to `size` into memory, and flushes whenever a chunk is full.
    pub(crate) fn follow(&mut self, snapshot: &dyn Snapshot, size: u64) -> Result<(), Error> {
        while self.pending.next < size {
            let chunk_end = (chunk_of(self.pending.next) + 1) << CHUNK_BITS;
            let pending = &mut self.pending;
            snapshot.scan(pending.next, size.min(chunk_end), &mut |row| {
                pending.add(row);
                Ok(!pending.is_full())
            })?;
            if !self.pending.is_full() {
                // A gap in the rows is for `verify` to report; the index steps over it.
                self.pending.skip_to(size.min(chunk_end));
            }
            if self.pending.is_full() || self.pending.next == chunk_end {
                self.flush()?;
            }
        }
        Ok(())
    }

    /// Brings the tables up to `size`.
    pub(crate) fn catch_up(&mut self, snapshot: &dyn Snapshot, size: u64) -> Result<(), Error> {
        self.settle(snapshot)?;
        while self.cursor()? < size {
            self.follow(snapshot, size)?;
            self.flush()?;
        }
        Ok(())
    }

    /// Empties the tables and fills them again.
    pub(crate) fn rebuild(&mut self, snapshot: &dyn Snapshot, size: u64) -> Result<(), Error> {
        self.locked(|this| {
            this.connection
                .execute_batch(
                    "BEGIN IMMEDIATE; DELETE FROM postings; DELETE FROM times;
                     DELETE FROM meta WHERE key = 'erasing'; UPDATE meta SET value = 0 WHERE key = 'cursor'; COMMIT;",
                )
                .map_err(|e| engine(&this.path, &e))?;
            this.restart()
        })?;
        self.catch_up(snapshot, size)
    }

    /// Forgets what is pending and starts again where the tables end.
    fn restart(&mut self) -> Result<(), Error> {
        let cursor = self.cursor()?;
        self.pending.clear(cursor);
        Ok(())
    }

    /// Writes what is pending. Where another process was faster, its work counts and ours is dropped.
    pub(crate) fn flush(&mut self) -> Result<(), Error> {
        if self.pending.next == self.pending.from {
            // Nothing of ours; the tables may have moved all the same.
            return self.restart();
        }
        self.locked(|this| {
            if this.cursor()? != this.pending.from {
                return this.restart();
            }
            write(&this.connection, &this.pending).map_err(|e| {
                let _ = this.connection.execute_batch("ROLLBACK");
                engine(&this.path, &e)
            })?;
            this.pending.clear(this.pending.next);
            Ok(())
        })
    }

    fn locked<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T, Error>) -> Result<T, Error> {
        if let Some(lock) = &self.lock {
            lock.lock().map_err(|cause| file_error(&self.path, cause))?;
        }
        let done = work(self);
        let _ = self.lock.as_ref().map(File::unlock);
        done
    }

    /// Takes a record's terms out that erasure is about to remove from the ledger, and notes that
    /// it is under way: `before` is the row as it lies, `after` as it will be.
    ///
    /// A crash between this and the ledger's commit is found by [`CatchUp::settle`].
    pub(crate) fn unproject(&mut self, before: Row<'_>, after: Row<'_>) -> Result<(), Error> {
        let mut old = Pending::default();
        old.clear(before.seq);
        old.add(before);
        let mut new = Pending::default();
        new.clear(after.seq);
        new.add(after);
        self.locked(|this| {
            (|| {
                this.connection.execute_batch("BEGIN IMMEDIATE")?;
                for term in old.postings.terms().filter(|term| !new.postings.has(term)) {
                    subtract(&this.connection, term, before.seq)?;
                }
                this.connection.execute("INSERT OR REPLACE INTO meta VALUES ('erasing', ?1)", [before.seq as i64])?;
                this.connection.execute_batch("COMMIT")
            })()
            .map_err(|e: rusqlite::Error| {
                let _ = this.connection.execute_batch("ROLLBACK");
                engine(&this.path, &e)
            })
        })
    }

    /// Ends an erasure that was under way: whatever the ledger says of the record now is projected.
    pub(crate) fn settle(&mut self, snapshot: &dyn Snapshot) -> Result<(), Error> {
        let seq: Option<i64> = self
            .connection
            .prepare_cached("SELECT value FROM meta WHERE key = 'erasing'")
            .and_then(|mut s| s.query_row([], |row| row.get(0)).optional())
            .map_err(|e| engine(&self.path, &e))?;
        let Some(seq) = seq.map(|s| s as u64) else { return Ok(()) };
        let mut now = Pending::default();
        now.clear(seq);
        snapshot.scan(seq, seq + 1, &mut |row| {
            now.add(row);
            Ok(true)
        })?;
        self.locked(|this| {
            (|| {
                this.connection.execute_batch("BEGIN IMMEDIATE")?;
                let mut out = Vec::new();
                now.postings.each_sorted(|term, lows| merge(&this.connection, term, chunk_of(seq), lows, &mut out))?;
                this.connection.execute("DELETE FROM meta WHERE key = 'erasing'", [])?;
                this.connection.execute_batch("COMMIT")
            })()
            .map_err(|e: rusqlite::Error| {
                let _ = this.connection.execute_batch("ROLLBACK");
                engine(&this.path, &e)
            })
        })
    }

    /// Moves the whole WAL into the index and cuts it.
    pub(crate) fn truncate_wal(&self) -> Result<bool, Error> {
        self.connection
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, i64>(0))
            .map(|busy| busy == 0)
            .map_err(|e| engine(&self.path, &e))
    }
}

impl Pending {
    fn clear(&mut self, from: u64) {
        self.from = from;
        self.next = from;
        self.postings.clear();
        self.times.clear();
    }

    /// Whether it is time for a flush, however many records these are.
    fn is_full(&self) -> bool {
        self.postings.bytes_held() > PENDING_BYTES_MAX
    }

    fn skip_to(&mut self, next: u64) {
        while self.next < next {
            self.times.push(0);
            self.next += 1;
        }
    }

    fn add(&mut self, row: Row<'_>) {
        self.skip_to(row.seq);
        let low = row.seq as u16;
        self.next = row.seq + 1;
        // A row that does not decode has no terms. `verify` says what is wrong with it.
        let Some(decoded) = Decoded::new(row.leaf, row.content) else {
            self.times.push(0);
            return;
        };
        self.times.push(decoded.leaf.occurred_us);
        let Self { postings, key, word, .. } = self;
        let mut put = |key: &[u8]| postings.put(key, low);
        write_term(Field::LeafType, decoded.leaf.typ.as_str(), key);
        put(key);
        if let Some((record, _)) = decoded.record() {
            each_term(&record, &mut |field, value| {
                write_term(field, value, key);
                put(key);
            });
            each_text_word(&record, word, &mut |w| {
                key.clear();
                key.push(Field::Text as u8);
                key.extend_from_slice(w.as_bytes());
                put(key);
            });
        }
    }
}

fn write(connection: &Connection, pending: &Pending) -> rusqlite::Result<()> {
    let chunk = chunk_of(pending.from);
    connection.execute_batch("BEGIN IMMEDIATE")?;
    let mut out = Vec::new();
    if pending.from == chunk << CHUNK_BITS {
        // The chunk begins with us: there is nothing to merge with.
        let mut insert =
            connection.prepare_cached("INSERT OR REPLACE INTO postings (term, chunk, seqs) VALUES (?1, ?2, ?3)")?;
        pending.postings.each_sorted(|term, lows| {
            postings::encode(lows, &mut out);
            insert.execute(params![term, chunk as i64, out]).map(drop)
        })?;
    } else {
        pending.postings.each_sorted(|term, lows| merge(connection, term, chunk, lows, &mut out))?;
    }
    write_times(connection, pending)?;
    connection.prepare_cached("UPDATE meta SET value = ?1 WHERE key = 'cursor'")?.execute([pending.next as i64])?;
    connection.execute_batch("COMMIT")
}

fn merge(connection: &Connection, term: &[u8], chunk: u64, lows: &[u16], out: &mut Vec<u8>) -> rusqlite::Result<()> {
    let stored: Option<Vec<u8>> = connection
        .prepare_cached("SELECT seqs FROM postings WHERE term = ?1 AND chunk = ?2")?
        .query_row(params![term, chunk as i64], |row| row.get(0))
        .optional()?;
    // Postings that do not decode are replaced: `verify --projections` finds what they lost.
    if stored.as_deref().and_then(|s| postings::extend(s, lows, out)).is_none() {
        postings::encode(lows, out);
    }
    connection
        .prepare_cached("INSERT OR REPLACE INTO postings (term, chunk, seqs) VALUES (?1, ?2, ?3)")?
        .execute(params![term, chunk as i64, &*out])
        .map(drop)
}

fn subtract(connection: &Connection, term: &[u8], seq: u64) -> rusqlite::Result<()> {
    let key = params![term, chunk_of(seq) as i64];
    let stored: Option<Vec<u8>> = connection
        .prepare_cached("SELECT seqs FROM postings WHERE term = ?1 AND chunk = ?2")?
        .query_row(key, |row| row.get(0))
        .optional()?;
    let Some(mut map) = stored.as_deref().and_then(postings::decode) else { return Ok(()) };
    map.remove(u32::from(seq as u16));
    if map.is_empty() {
        connection.execute("DELETE FROM postings WHERE term = ?1 AND chunk = ?2", key)?;
    } else {
        let mut out = Vec::new();
        postings::encode_map(&map, &mut out);
        connection.execute(
            "UPDATE postings SET seqs = ?3 WHERE term = ?1 AND chunk = ?2",
            params![term, chunk_of(seq) as i64, out],
        )?;
    }
    Ok(())
}

fn write_times(connection: &Connection, pending: &Pending) -> rusqlite::Result<()> {
    let per_block = 1_u64 << TIME_BLOCK_BITS;
    let mut seq = pending.from;
    let mut times = pending.times.as_slice();
    while !times.is_empty() {
        let block = seq >> TIME_BLOCK_BITS;
        let offset = (seq % per_block) as usize;
        let (now, later) = times.split_at(times.len().min(per_block as usize - offset));
        let stored: Option<Vec<u8>> = connection
            .prepare_cached("SELECT us FROM times WHERE block = ?1")?
            .query_row([block as i64], |row| row.get(0))
            .optional()?;
        let mut us = stored.unwrap_or_default();
        us.resize(offset * 8, 0);
        for time in now {
            us.extend_from_slice(&time.to_le_bytes());
        }
        let all = us.as_chunks::<8>().0.iter().map(|b| i64::from_le_bytes(*b));
        let (min, max) = all.fold((i64::MAX, i64::MIN), |(lo, hi), t| (lo.min(t), hi.max(t)));
        connection
            .prepare_cached("INSERT OR REPLACE INTO times (block, min_us, max_us, us) VALUES (?1, ?2, ?3, ?4)")?
            .execute(params![block as i64, min, max, us])?;
        seq += now.len() as u64;
        times = later;
    }
    Ok(())
}
