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

/// Brings an older format up to [`FORMAT`], a step at a time, each in a transaction of its own.
pub(super) fn upgrade(connection: &Connection, path: &Path) -> Result<(), Error> {
    // Format 1 is the first that was released.
    if check_format(connection, path)? < FORMAT_STANDING {
        let step = "BEGIN IMMEDIATE;
            ALTER TABLE checkpoints ADD COLUMN standing BLOB;
            CREATE TABLE standing (sort INTEGER, seq INTEGER, hash BLOB NOT NULL, PRIMARY KEY (sort, seq)) WITHOUT ROWID;
            PRAGMA user_version = 2;
            COMMIT;";
        connection.execute_batch(step).map_err(|e| {
            let _ = connection.execute_batch("ROLLBACK");
            engine(path, &e)
        })?;
    }
    Ok(())
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
