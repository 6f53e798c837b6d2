//! The statements, shared by reading and writing views.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension, params};
use sealbook_ledger::{Hash, Leaf, LeafType, Uuid};
use sealbook_policy::Standing;

use super::engine;
use crate::seam::{EachId, EachRow, EachStands, Stands};
use crate::{Error, NewRow, Row, StoreHead};

/// Runs a statement that gives nothing back, and keeps it for the next time.
pub(super) fn run(connection: &Connection, statement: &'static str) -> rusqlite::Result<()> {
    connection.prepare_cached(statement)?.execute([]).map(drop)
}

pub(super) fn begin_reading(connection: &Connection) -> rusqlite::Result<()> {
    run(connection, "BEGIN")?;
    connection.prepare_cached("SELECT 1 FROM meta LIMIT 1")?.query_row([], |_| Ok(())).optional().map(drop)
}

pub(super) fn head(connection: &Connection) -> rusqlite::Result<Option<StoreHead>> {
    connection
        .prepare_cached("SELECT size, note FROM checkpoints ORDER BY size DESC LIMIT 1")?
        .query_row([], |row| {
            // A damaged note is for `verify` to name, like any other.
            let note = String::from_utf8_lossy(any_bytes(row, 1)?).into_owned();
            Ok(StoreHead { size: row.get::<_, i64>(0)? as u64, note })
        })
        .optional()
}

pub(super) fn scan(
    connection: &Connection,
    path: &Path,
    from: u64,
    to: u64,
    each: &mut EachRow<'_>,
) -> Result<(), Error> {
    let fail = |e: rusqlite::Error| engine(path, &e);
    let mut statement = connection
        .prepare_cached("SELECT seq, leaf, content FROM records WHERE seq >= ?1 AND seq < ?2 ORDER BY seq")
        .map_err(fail)?;
    let mut rows = statement.query(params![clamp(from), clamp(to)]).map_err(fail)?;
    while let Some(row) = rows.next().map_err(fail)? {
        let seq: i64 = row.get(0).map_err(fail)?;
        let (leaf, content) = (any_bytes(row, 1).map_err(fail)?, any_bytes(row, 2).map_err(fail)?);
        if !each(Row { seq: seq as u64, leaf, content })? {
            break;
        }
    }
    Ok(())
}

pub(super) fn tile(connection: &Connection, level: u8, index: u64) -> rusqlite::Result<Option<Vec<u8>>> {
    connection
        .prepare_cached("SELECT hashes FROM tiles WHERE place = ?1")?
        .query_row([place(level, index)], |row| any_bytes(row, 0).map(<[u8]>::to_vec))
        .optional()
}

pub(super) fn checkpoints(
    connection: &Connection,
    path: &Path,
    from: u64,
    to: u64,
    each: &mut dyn FnMut(u64, &str) -> Result<bool, Error>,
) -> Result<(), Error> {
    let fail = |e: rusqlite::Error| engine(path, &e);
    let mut statement = connection
        .prepare_cached("SELECT size, note FROM checkpoints WHERE size >= ?1 AND size < ?2 ORDER BY size")
        .map_err(fail)?;
    let mut rows = statement.query(params![clamp(from), clamp(to)]).map_err(fail)?;
    while let Some(row) = rows.next().map_err(fail)? {
        let size: i64 = row.get(0).map_err(fail)?;
        let note = String::from_utf8_lossy(any_bytes(row, 1).map_err(fail)?);
        if !each(size as u64, &note)? {
            break;
        }
    }
    Ok(())
}

pub(super) fn seq_of(connection: &Connection, id: Uuid) -> rusqlite::Result<Option<u64>> {
    connection
        .prepare_cached("SELECT seq FROM ids WHERE id = ?1")?
        .query_row([id.as_bytes().as_slice()], |row| Ok(row.get::<_, i64>(0)? as u64))
        .optional()
}

pub(super) fn id_max(connection: &Connection) -> rusqlite::Result<Option<Uuid>> {
    connection
        .prepare_cached("SELECT id FROM ids ORDER BY id DESC LIMIT 1")?
        .query_row([], |row| Ok(Uuid::from_slice(bytes(row, 0)?).unwrap_or(Uuid::max())))
        .optional()
}

pub(super) fn key_seqs(connection: &Connection) -> rusqlite::Result<Vec<u64>> {
    connection
        .prepare_cached("SELECT seq FROM keys ORDER BY seq")?
        .query_map([], |row| Ok(row.get::<_, i64>(0)? as u64))?
        .collect()
}

pub(super) fn each_id(connection: &Connection, path: &Path, each: &mut EachId<'_>) -> Result<(), Error> {
    let fail = |e: rusqlite::Error| engine(path, &e);
    let mut statement = connection.prepare_cached("SELECT id, seq FROM ids ORDER BY id").map_err(fail)?;
    let mut rows = statement.query([]).map_err(fail)?;
    while let Some(row) = rows.next().map_err(fail)? {
        let seq = row.get_ref(1).map_err(fail)?.as_i64().map_or(u64::MAX, |seq| seq as u64);
        if !each(any_bytes(row, 0).map_err(fail)?, seq)? {
            break;
        }
    }
    Ok(())
}

pub(super) fn standing_seal(connection: &Connection) -> rusqlite::Result<Option<Vec<u8>>> {
    let newest = connection
        .prepare_cached("SELECT standing FROM checkpoints ORDER BY size DESC LIMIT 1")?
        .query_row([], |row| Ok(row.get_ref(0)?.as_bytes_or_null().ok().flatten().map(<[u8]>::to_vec)))
        .optional()?;
    Ok(newest.flatten())
}

pub(super) fn standing(
    connection: &Connection,
    fail: &dyn Fn(rusqlite::Error) -> Error,
    sort: Standing,
    from: u64,
    each: &mut EachStands<'_>,
) -> Result<(), Error> {
    let mut statement = connection
        .prepare_cached("SELECT seq, hash FROM standing WHERE sort = ?1 AND seq >= ?2 ORDER BY seq")
        .map_err(fail)?;
    let mut rows = statement.query(params![sort.number(), clamp(from)]).map_err(fail)?;
    while let Some(row) = rows.next().map_err(fail)? {
        let seq = row.get_ref(0).map_err(fail)?.as_i64().map_or(u64::MAX, |seq| seq as u64);
        let hash = any_bytes(row, 1).map_err(fail)?.try_into().map_or(Hash::ZERO, Hash);
        if !each(Stands { sort, seq, hash })? {
            break;
        }
    }
    Ok(())
}

pub(super) fn put_standing(
    connection: &Connection,
    new: &[Stands],
    size: u64,
    before: u64,
    seal: &[u8],
) -> rusqlite::Result<()> {
    for Stands { sort, seq, hash } in new {
        connection.prepare_cached("INSERT INTO standing (sort, seq, hash) VALUES (?1, ?2, ?3)")?.execute(params![
            sort.number(),
            *seq as i64,
            hash.as_bytes().as_slice()
        ])?;
    }
    connection
        .prepare_cached("UPDATE checkpoints SET standing = CASE size WHEN ?1 THEN ?3 END WHERE size IN (?1, ?2)")?
        .execute(params![size as i64, before as i64, seal])
        .map(drop)
}

pub(super) fn clear_standing(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch("DELETE FROM standing; UPDATE checkpoints SET standing = NULL WHERE standing IS NOT NULL;")
}

/// Of two leaves with one id the first is found; `verify` names the second.
pub(super) fn relearn(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch("BEGIN IMMEDIATE; DELETE FROM ids; DELETE FROM keys;")?;
    {
        let mut rows = connection.prepare("SELECT seq, leaf FROM records ORDER BY seq")?;
        let mut rows = rows.query([])?;
        let mut id = connection.prepare("INSERT OR IGNORE INTO ids (id, seq) VALUES (?1, ?2)")?;
        let mut key = connection.prepare("INSERT INTO keys (seq) VALUES (?1)")?;
        while let Some(row) = rows.next()? {
            let Ok(leaf) = Leaf::parse(any_bytes(row, 1)?) else { continue };
            let seq: i64 = row.get(0)?;
            id.execute(params![leaf.id.as_bytes().as_slice(), seq])?;
            if leaf.typ == LeafType::Key {
                key.execute([seq])?;
            }
        }
    }
    connection.execute_batch("COMMIT")
}

pub(super) fn append(connection: &Connection, rows: &[NewRow<'_>]) -> rusqlite::Result<()> {
    let mut record = connection.prepare_cached("INSERT INTO records (seq, leaf, content) VALUES (?1, ?2, ?3)")?;
    let mut id = connection.prepare_cached("INSERT INTO ids (id, seq) VALUES (?1, ?2)")?;
    for new in rows {
        let seq = new.row.seq as i64;
        record.execute(params![seq, new.row.leaf, new.row.content])?;
        id.execute(params![new.id.as_bytes().as_slice(), seq])?;
        if new.is_key {
            connection.prepare_cached("INSERT INTO keys (seq) VALUES (?1)")?.execute([seq])?;
        }
    }
    Ok(())
}

pub(super) fn put_tile(connection: &Connection, level: u8, index: u64, hashes: &[u8]) -> rusqlite::Result<()> {
    connection
        .prepare_cached("INSERT INTO tiles (place, hashes) VALUES (?1, ?2) ON CONFLICT (place) DO UPDATE SET hashes = excluded.hashes")?
        .execute(params![place(level, index), hashes])
        .map(drop)
}

pub(super) fn put_checkpoint(connection: &Connection, size: u64, note: &str) -> rusqlite::Result<()> {
    connection
        .prepare_cached("INSERT INTO checkpoints (size, note) VALUES (?1, ?2)")?
        .execute(params![size as i64, note])
        .map(drop)
}

pub(super) fn replace_content(connection: &Connection, seq: u64, content: &[u8]) -> rusqlite::Result<()> {
    let seq = seq as i64;
    connection.execute("INSERT INTO erasing (seq) VALUES (?1)", [seq])?;
    connection.execute("UPDATE records SET content = ?2 WHERE seq = ?1", params![seq, content])?;
    connection.execute("DELETE FROM erasing WHERE seq = ?1", [seq]).map(drop)
}

/// Level above, index below: 56 bits of index last for 2^64 leaves.
fn place(level: u8, index: u64) -> i64 {
    (i64::from(level) << 56) | (index as i64)
}

fn clamp(seq: u64) -> i64 {
    i64::try_from(seq).unwrap_or(i64::MAX)
}

/// Bytes of what a tampered book may hold instead: text is read as its bytes, a number or nothing as none, which
/// is then found not to be what was sealed.
fn any_bytes<'r>(row: &'r rusqlite::Row<'_>, column: usize) -> rusqlite::Result<&'r [u8]> {
    Ok(row.get_ref(column)?.as_bytes().unwrap_or_default())
}

fn bytes<'r>(row: &'r rusqlite::Row<'_>, column: usize) -> rusqlite::Result<&'r [u8]> {
    row.get_ref(column)?
        .as_bytes()
        .map_err(|e| rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Blob, Box::new(e)))
}
