//! Bringing the index up to the ledger.
//!
//! Rows are read in order and their terms collected in memory; a flush merges them into the
//! tables, sorted, in one transaction with the cursor. Between flushes nothing is written, so a
//! bulk load touches each row of the index about once for every chunk.
//!
//! What is gathered comes from a snapshot, and an erasure may be sealed after it was taken: the index counts
//! erasures, and words that were gathered before the last one began are never written. The words of a record
//! whose erasure is under way are left to whoever erases it.
//!
//! Nobody waits here for an eraser: whoever waits may have a view of the ledger open, for which a checkpoint
//! waits, for which the eraser waits.

use std::fs::File;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OptionalExtension, params};

use super::db::TIME_BLOCK_BITS;
use super::gathered::Gathered;
use super::postings::{self, CHUNK_BITS};
use super::terms::{Field, each_term, write_term};
use super::text::each_text_word;
use super::{IndexView, chunk_of};
use crate::sqlite::{SHRINK, engine, file_error};
use crate::stored::Decoded;
use crate::{Error, Row, Snapshot, Store};

/// What is gathered before a flush, in bytes: a chunk of ordinary records takes a tenth of it.
const PENDING_BYTES_MAX: usize = 256 << 20;

/// How far an index has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IndexProgress {
    /// Records that are in it.
    pub indexed: u64,
    /// Records of the ledger.
    pub size: u64,
    /// Whether the list of the records that say what holds was there, not believed, and made again.
    pub relisted: bool,
}

/// The side of an index that writes.
pub(crate) struct CatchUp {
    path: PathBuf,
    /// Held while the tables are changed; none where nobody else can.
    lock: Option<File>,
    /// Held by whoever erases, through a handle of its own ([`super::db::Alone`]).
    eraser: Option<File>,
    connection: Connection,
    pending: Pending,
    /// Erasures that had begun when what is pending was read.
    erasures: i64,
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
    /// The record whose erasure is under way: its words are not gathered.
    blank: Option<u64>,
}

impl CatchUp {
    /// The two locks: while the tables are changed, and while something is erased.
    pub(super) fn new(path: &Path, connection: Connection, locks: Option<(File, File)>) -> Result<Self, Error> {
        let (lock, eraser) = locks.unzip();
        let mut this =
            Self { path: path.to_owned(), lock, eraser, connection, pending: Pending::default(), erasures: 0 };
        this.restart()?;
        Ok(this)
    }

    /// How many records the tables hold.
    pub(crate) fn cursor(&self) -> Result<u64, Error> {
        Ok(self.meta("cursor")?.unwrap_or_default() as u64)
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

    /// Reads what was sealed into memory, and flushes whenever a chunk is full.
    pub(crate) fn follow(&mut self, store: &dyn Store) -> Result<u64, Error> {
        let (snapshot, size) = self.look(store)?;
        self.gather(&*snapshot, size)?;
        Ok(size)
    }

    /// Brings the tables up to the head, and says how many records that is.
    pub(crate) fn catch_up(&mut self, store: &dyn Store) -> Result<u64, Error> {
        loop {
            let (snapshot, size) = self.look(store)?;
            if self.fill(&*snapshot, size)? {
                return Ok(size);
            }
        }
    }

    /// Empties the tables and fills them again.
    pub(crate) fn rebuild(&mut self, store: &dyn Store) -> Result<u64, Error> {
        self.locked(|this| {
            this.connection
                .execute_batch(
                    "BEGIN IMMEDIATE; DELETE FROM postings; DELETE FROM times;
                     UPDATE meta SET value = 0 WHERE key = 'cursor'; COMMIT;",
                )
                .map_err(|e| engine(&this.path, &e))?;
            this.restart()
        })?;
        self.catch_up(store)
    }

    /// The ledger as it is now.
    fn look<'s>(&mut self, store: &'s dyn Store) -> Result<(Box<dyn Snapshot + Send + 's>, u64), Error> {
        // In this order: an erasure that begins after these were read makes what is gathered stale.
        let erasures = self.count_erasures()?;
        self.settle(store)?;
        let blank = self.erasing()?;
        let snapshot = store.snapshot()?;
        if (erasures, blank) != (self.erasures, self.pending.blank) {
            self.restart()?;
            (self.erasures, self.pending.blank) = (erasures, blank);
        }
        let size = snapshot.head()?.map_or(0, |head| head.size);
        Ok((snapshot, size))
    }

    /// Brings the tables up to `size`; `false` where an erasure made the snapshot stale.
    pub(super) fn fill(&mut self, snapshot: &dyn Snapshot, size: u64) -> Result<bool, Error> {
        while self.cursor()? < size {
            if !self.gather(snapshot, size)? || !self.flush()? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Reads records up to `size` into memory, and flushes whenever a chunk is full.
    fn gather(&mut self, snapshot: &dyn Snapshot, size: u64) -> Result<bool, Error> {
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
            if (self.pending.is_full() || self.pending.next == chunk_end) && !self.flush()? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Forgets what is pending and starts again where the tables end.
    fn restart(&mut self) -> Result<(), Error> {
        let cursor = self.cursor()?;
        self.pending.clear(cursor);
        Ok(())
    }

    /// Writes what is pending. Where another process was faster, its work counts and ours is dropped.
    /// `false` where an erasure began since it was read.
    fn flush(&mut self) -> Result<bool, Error> {
        if self.pending.next == self.pending.from {
            // Nothing of ours; the tables may have moved all the same.
            return self.restart().map(|()| true);
        }
        self.locked(|this| {
            if (this.count_erasures()?, this.erasing()?) != (this.erasures, this.pending.blank) {
                return this.restart().map(|()| false);
            }
            if this.cursor()? != this.pending.from {
                return this.restart().map(|()| true);
            }
            write(&this.connection, &this.pending).map_err(|e| {
                let _ = this.connection.execute_batch("ROLLBACK");
                engine(&this.path, &e)
            })?;
            this.pending.clear(this.pending.next);
            Ok(true)
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

    /// Takes a record's terms out that erasure is about to remove from the ledger, and notes that it is under
    /// way: `before` is the row as it lies, `after` as it will be. For whoever is [`super::db::Alone`].
    ///
    /// A crash between this and [`CatchUp::settle_now`] leaves a mark, which the next one to look finds.
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
                this.connection.execute(
                    "INSERT INTO meta VALUES ('erasures', 1) ON CONFLICT (key) DO UPDATE SET value = value + 1",
                    [],
                )?;
                this.connection.execute_batch("COMMIT")
            })()
            .map_err(|e: rusqlite::Error| {
                let _ = this.connection.execute_batch("ROLLBACK");
                engine(&this.path, &e)
            })
        })
    }

    /// Ends an erasure whose process died; one that is under way is its own process's to end.
    fn settle(&mut self, store: &dyn Store) -> Result<(), Error> {
        if self.erasing()?.is_none() || self.eraser.as_ref().is_some_and(|lock| lock.try_lock().is_err()) {
            return Ok(());
        }
        let done = self.settle_now(store);
        let _ = self.eraser.as_ref().map(File::unlock);
        done
    }

    /// Ends an erasure: whatever the ledger says of the record now is projected. For whoever is [`super::db::Alone`].
    pub(crate) fn settle_now(&mut self, store: &dyn Store) -> Result<(), Error> {
        self.locked(|this| this.settle_locked(store))
    }

    fn settle_locked(&mut self, store: &dyn Store) -> Result<(), Error> {
        let Some(seq) = self.erasing()? else { return Ok(()) };
        let mut now = Pending::default();
        now.clear(seq);
        // What the tables have not come to yet is read when they do.
        if seq < self.cursor()? {
            store.snapshot()?.scan(seq, seq + 1, &mut |row| {
                now.add(row);
                Ok(true)
            })?;
        }
        (|| {
            self.connection.execute_batch("BEGIN IMMEDIATE")?;
            let mut out = Vec::new();
            now.postings.each_sorted(|term, lows| merge(&self.connection, term, chunk_of(seq), lows, &mut out))?;
            self.connection.execute("DELETE FROM meta WHERE key = 'erasing'", [])?;
            self.connection.execute_batch("COMMIT")
        })()
        .map_err(|e: rusqlite::Error| {
            let _ = self.connection.execute_batch("ROLLBACK");
            engine(&self.path, &e)
        })
    }

    /// Holds the tables still for reading, and gives the ledger as they know it, to whoever is [`super::db::Alone`]
    /// meanwhile. [`CatchUp::let_go`] ends it.
    pub(super) fn hold<'s>(&mut self, store: &'s dyn Store) -> Result<(Box<dyn Snapshot + Send + 's>, u64), Error> {
        self.settle_now(store)?;
        self.catch_up(store)?;
        self.locked(|this| {
            this.connection.execute_batch("BEGIN").map_err(|e| engine(&this.path, &e))?;
            let views = this.cursor().and_then(|cursor| Ok((store.snapshot()?, cursor)));
            if views.is_err() {
                this.let_go();
            }
            views
        })
    }

    /// Ends [`CatchUp::hold`].
    pub(super) fn let_go(&mut self) {
        let _ = self.connection.execute_batch("ROLLBACK");
    }

    /// The record whose erasure is under way.
    fn erasing(&self) -> Result<Option<u64>, Error> {
        self.meta("erasing").map(|seq| seq.map(|seq| seq as u64))
    }

    /// How many erasures ever began.
    fn count_erasures(&self) -> Result<i64, Error> {
        self.meta("erasures").map(Option::unwrap_or_default)
    }

    fn meta(&self, key: &str) -> Result<Option<i64>, Error> {
        self.connection
            .prepare_cached("SELECT value FROM meta WHERE key = ?1")
            .and_then(|mut s| s.query_row([key], |row| row.get(0)).optional())
            .map_err(|e| engine(&self.path, &e))
    }

    /// Gives back the pages that are kept only to be quicker.
    pub(crate) fn rest(&self) {
        let _ = self.connection.execute_batch(SHRINK);
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
        if self.blank == Some(row.seq) {
            return;
        }
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
        postings::encode_map(map, &mut out);
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
