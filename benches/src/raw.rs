//! The yardstick: bare SQLite from the same crate, opened as the store opens its own.

use std::path::Path;

use rusqlite::Connection;
use rusqlite::types::Value;

use crate::Result;

/// The WAL is moved into the database when it has so many bytes, as in the store.
const WAL_BYTES_MAX: u32 = 32 << 20;

/// A new database with the pragmas of the store's writer (`crates/store/src/sqlite.rs`).
pub(crate) fn create(path: &Path, page_bytes: u32, tables: &str) -> Result<Connection> {
    let connection = Connection::open(path)?;
    connection.pragma_update(None, "page_size", page_bytes)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "secure_delete", true)?;
    connection.pragma_update(None, "wal_autocheckpoint", WAL_BYTES_MAX / page_bytes)?;
    connection.pragma_update(None, "cache_size", -32_768)?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.execute_batch(tables)?;
    Ok(connection)
}

/// The page size of a book, for the yardstick to have the same.
pub(crate) fn page_bytes(ledger_db: &Path) -> Result<u32> {
    Ok(Connection::open(ledger_db)?.pragma_query_value(None, "page_size", |row| row.get(0))?)
}

/// One transaction that inserts these rows.
pub(crate) fn insert<'r>(connection: &Connection, sql: &str, rows: impl Iterator<Item = &'r [Value]>) -> Result {
    connection.execute_batch("BEGIN IMMEDIATE")?;
    let mut insert = connection.prepare_cached(sql)?;
    for row in rows {
        insert.execute(rusqlite::params_from_iter(row))?;
    }
    drop(insert);
    connection.execute_batch("COMMIT")?;
    Ok(())
}

/// A sealed row's leaf and packed parts.
pub(crate) type Packed = (Vec<u8>, Vec<u8>);

/// Rows of a book as they lie, its first leaf (the keys) left out.
pub(crate) fn packed_rows(ledger_db: &Path) -> Result<Vec<Packed>> {
    let connection = Connection::open(ledger_db)?;
    let mut select = connection.prepare("SELECT leaf, content FROM records WHERE seq > 0 ORDER BY seq")?;
    let rows = select.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// The table of packed rows: nothing but the row.
pub(crate) const PACKED: &str =
    "CREATE TABLE records (seq INTEGER PRIMARY KEY, leaf BLOB NOT NULL, content BLOB NOT NULL)";

/// One transaction that inserts packed rows, numbered from `first`.
pub(crate) fn insert_packed(connection: &Connection, first: usize, rows: &[Packed]) -> Result {
    connection.execute_batch("BEGIN IMMEDIATE")?;
    let mut insert = connection.prepare_cached("INSERT INTO records (seq, leaf, content) VALUES (?1, ?2, ?3)")?;
    for (seq, (leaf, content)) in (first as i64..).zip(rows) {
        insert.execute(rusqlite::params![seq, leaf, content])?;
    }
    drop(insert);
    connection.execute_batch("COMMIT")?;
    Ok(())
}
