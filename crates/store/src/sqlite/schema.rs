//! Tables of `ledger.db`, their formats, and how an older book is brought up to date.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension};
use sealbook_ledger::Origin;

use super::engine;
use crate::Error;

/// The newest format this program writes. Raised with every change of the tables.
pub(crate) const FORMAT: i64 = 2;
/// From this format on, the records that say what holds are listed.
pub(super) const FORMAT_STANDING: i64 = 2;

/// `ids` and `keys` are the two tables that could be made again from the leaves: both are
/// needed inside the append transaction, so they live with it.
///
/// `standing` lists the records that say what holds, and the newest checkpoint's row has the seal over that list:
/// rules and stops must not rest on what can be edited, and nobody should have to read the whole book for them.
///
/// The triggers keep honest programs honest. They prove nothing: whoever can write the file can
/// drop them, which is why `verify` never looks at them.
pub(super) const TABLES: &str = "
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE records (seq INTEGER PRIMARY KEY, leaf BLOB NOT NULL, content BLOB NOT NULL);
CREATE TABLE ids (id BLOB PRIMARY KEY, seq INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE keys (seq INTEGER PRIMARY KEY);
CREATE TABLE tiles (place INTEGER PRIMARY KEY, hashes BLOB NOT NULL);
CREATE TABLE checkpoints (size INTEGER PRIMARY KEY, note TEXT NOT NULL, standing BLOB);
CREATE TABLE standing (sort INTEGER, seq INTEGER, hash BLOB NOT NULL, PRIMARY KEY (sort, seq)) WITHOUT ROWID;
CREATE TABLE erasing (seq INTEGER PRIMARY KEY);
CREATE TRIGGER records_no_update BEFORE UPDATE ON records
WHEN OLD.seq IS NOT NEW.seq OR OLD.leaf IS NOT NEW.leaf
  OR NOT EXISTS (SELECT 1 FROM erasing WHERE seq = OLD.seq)
BEGIN SELECT RAISE(ABORT, 'Audit entries are immutable and cannot be modified'); END;
CREATE TRIGGER records_no_delete BEFORE DELETE ON records
BEGIN SELECT RAISE(ABORT, 'Audit entries are immutable and cannot be deleted'); END;
";

pub(super) fn create(connection: &Connection, origin: &Origin, tenant: &str) -> rusqlite::Result<()> {
    connection.execute_batch("BEGIN IMMEDIATE")?;
    connection.execute_batch(TABLES)?;
    for (key, value) in [("origin", origin.to_string()), ("tenant", tenant.to_owned())] {
        connection.execute("INSERT INTO meta (key, value) VALUES (?1, ?2)", [key, &value])?;
    }
    connection.pragma_update(None, "user_version", FORMAT)?;
    connection.execute_batch("COMMIT")
}

pub(super) fn check_format(connection: &Connection, path: &Path) -> Result<i64, Error> {
    let found: i64 =
        connection.pragma_query_value(None, "user_version", |row| row.get(0)).map_err(|e| engine(path, &e))?;
    if found > FORMAT {
        return Err(Error::BookTooNew { path: path.to_owned(), found, known: FORMAT });
    }
    if found == 0 {
        return Err(Error::BookUnreadable {
            path: path.to_owned(),
            cause: "it is an SQLite file without a sealbook in it".to_owned(),
        });
    }
    Ok(found)
}

/// How the list of records that say what holds is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Shape {
    /// Not at all: format 1, which the first writer brings up to date.
    Old,
    Current,
    /// Not as the format says: somebody changed one or the other.
    False,
}

impl Shape {
    pub(super) fn of(connection: &Connection, path: &Path) -> Result<Self, Error> {
        let format = check_format(connection, path)?;
        let (table, column) = parts(connection).map_err(|e| engine(path, &e))?;
        Ok(match (format < FORMAT_STANDING, table, column) {
            (true, false, false) => Self::Old,
            (false, true, true) => Self::Current,
            _ => Self::False,
        })
    }
}

/// Whether the table of the list is there, and the column of its seal.
fn parts(connection: &Connection) -> rusqlite::Result<(bool, bool)> {
    let is_there = |query: &str| connection.query_row(query, [], |row| row.get::<_, bool>(0));
    Ok((
        is_there("SELECT count(*) > 0 FROM sqlite_schema WHERE type = 'table' AND name = 'standing'")?,
        is_there("SELECT count(*) > 0 FROM pragma_table_info('checkpoints') WHERE name = 'standing'")?,
    ))
}

/// Brings an older format up to [`FORMAT`], and makes what is missing, within the transaction that is open.
pub(super) fn upgrade(connection: &Connection) -> rusqlite::Result<()> {
    // Format 1 is the first that was released.
    let (table, column) = parts(connection)?;
    if !column {
        connection.execute_batch("ALTER TABLE checkpoints ADD COLUMN standing BLOB")?;
    }
    if !table {
        let columns = "(sort INTEGER, seq INTEGER, hash BLOB NOT NULL, PRIMARY KEY (sort, seq)) WITHOUT ROWID";
        connection.execute_batch(&format!("CREATE TABLE standing {columns}"))?;
    }
    connection.pragma_update(None, "user_version", FORMAT)
}

/// Origin and tenant, as they were fixed when the book was made.
pub(super) fn identity(connection: &Connection, path: &Path) -> Result<(Origin, String), Error> {
    let meta = |key: &str| {
        let found = connection
            .prepare("SELECT value FROM meta WHERE key = ?1")
            .and_then(|mut s| s.query_row([key], |row| Ok(row.get_ref(0)?.as_str().map(str::to_owned).ok())).optional())
            .map_err(|e| engine(path, &e))?;
        found.flatten().ok_or_else(|| Error::BookUnreadable {
            path: path.to_owned(),
            cause: format!("its table `meta` does not say its {key}"),
        })
    };
    let origin = meta("origin")?.parse().map_err(|_| Error::BookUnreadable {
        path: path.to_owned(),
        cause: "its origin is not one of a sealbook".to_owned(),
    })?;
    Ok((origin, meta("tenant")?))
}
