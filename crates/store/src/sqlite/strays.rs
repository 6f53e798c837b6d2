//! What lies in a book and belongs to no ledger of its size.
//!
//! None of it changes what is sealed. It changes what happens next: a row where the next record
//! belongs stops every append, a trigger does whatever it says.

use rusqlite::Connection;

use super::schema;
use crate::seam::Stray;

/// Rows of one kind that are named.
const NAMED_MOST: usize = 20;

pub(super) fn find(connection: &Connection, size: u64) -> rusqlite::Result<Vec<Stray>> {
    let size = i64::try_from(size).unwrap_or(i64::MAX);
    let mut found = Vec::new();
    let mut rows = |table: &'static str, sql: &str, what: &str| -> rusqlite::Result<()> {
        let mut statement = connection.prepare(sql)?;
        let mut rows = statement.query([size])?;
        let mut count = 0;
        while let Some(row) = rows.next()? {
            count += 1;
            if count <= NAMED_MOST {
                found.push(Stray { table, what: format!("{what} {}", row.get::<_, i64>(0)?) });
            }
        }
        if count > NAMED_MOST {
            found.push(Stray { table, what: format!("{} more of these", count - NAMED_MOST) });
        }
        Ok(())
    };
    rows("records", "SELECT seq FROM records WHERE seq < 0 OR seq >= ?1", "a row beyond the head, at seq")?;
    rows("keys", "SELECT seq FROM keys WHERE seq < 0 OR seq >= ?1", "it names a key leaf beyond the head, at seq")?;
    rows("erasing", "SELECT seq FROM erasing WHERE ?1 IS NOT NULL", "an erasure that is not under way, of seq")?;
    // Of each level as many tiles as its hashes fill; of the levels above the highest, none.
    let tiles = "WITH RECURSIVE levels (level, hashes) AS (
            SELECT 0, ?1 UNION ALL SELECT level + 1, hashes / 256 FROM levels WHERE hashes >= 256
        )
        SELECT place FROM tiles LEFT JOIN levels ON levels.level = place >> 56
        WHERE levels.level IS NULL OR (place & 0xffffffffffffff) * 256 >= levels.hashes";
    rows("tiles", tiles, "a tile of no leaves, at place")?;
    found.extend(foreign_triggers(connection)?);
    Ok(found)
}

/// Triggers that the book was not made with. Those that are lacking make no difference to what is sealed.
fn foreign_triggers(connection: &Connection) -> rusqlite::Result<Vec<Stray>> {
    let own = Connection::open_in_memory()?;
    own.execute_batch(schema::TABLES)?;
    let own = triggers(&own)?;
    let foreign = triggers(connection)?.into_iter().filter(|trigger| !own.contains(trigger));
    let stray =
        |(name, _)| Stray { table: "sqlite_schema", what: format!("the trigger {name:?} is none of the book's") };
    Ok(foreign.map(stray).collect())
}

fn triggers(connection: &Connection) -> rusqlite::Result<Vec<(String, String)>> {
    let mut statement = connection.prepare("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'")?;
    statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
}
