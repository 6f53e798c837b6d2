//! The projections against a rebuild of them.

use rusqlite::Connection;
use sealbook_ledger::Origin;

use super::db::{Index, ProjectionFault, throw_away};
use super::{CatchUp, postings};
use crate::sqlite::engine;
use crate::{Error, Store};

/// Differences that are listed at most.
const FAULTS_MAX: usize = 1_000;

/// Builds the projections anew beside the live ones, and walks both in step. What others write meanwhile is in
/// neither.
pub(crate) fn compare(index: &Index, store: &dyn Store, origin: &Origin) -> Result<Vec<ProjectionFault>, Error> {
    let alone = index.alone()?;
    let live = &mut *index.lock();
    let (snapshot, size) = live.hold(store)?;
    drop(alone);
    let found = (|| {
        let rebuilt = throw_away(live.path(), origin)?;
        rebuilt.lock().fill(&*snapshot, size)?;
        let mut faults = Vec::new();
        walk(live, &rebuilt, "postings", "SELECT term, chunk, seqs FROM postings ORDER BY term, chunk", &mut faults)?;
        walk(live, &rebuilt, "times", "SELECT CAST(block AS BLOB), 0, us FROM times ORDER BY block", &mut faults)?;
        Ok(faults)
    })();
    live.let_go();
    found
}

/// A row's key, and what it holds.
type Item = ((Vec<u8>, i64), Vec<u8>);

fn walk(
    live: &CatchUp,
    rebuilt: &Index,
    table: &'static str,
    sql: &str,
    faults: &mut Vec<ProjectionFault>,
) -> Result<(), Error> {
    let rebuilt = rebuilt.lock();
    let fail = |e: rusqlite::Error| engine(live.path(), &e);
    let (mut left, mut right) =
        (rows(live.connection(), sql).map_err(fail)?, rows(rebuilt.connection(), sql).map_err(fail)?);
    let (mut left, mut right) = (left.query([]).map_err(fail)?, right.query([]).map_err(fail)?);
    let (mut ours, mut theirs) = (next(&mut left).map_err(fail)?, next(&mut right).map_err(fail)?);
    while faults.len() < FAULTS_MAX {
        let order = match (&ours, &theirs) {
            (None, None) => break,
            (Some(_), None) => std::cmp::Ordering::Less,
            (None, Some(_)) => std::cmp::Ordering::Greater,
            (Some((a, _)), Some((b, _))) => a.cmp(b),
        };
        let empty = Vec::new();
        let (key, one, other) = match (order, &ours, &theirs) {
            (std::cmp::Ordering::Less, Some((key, held)), _) => (key, held, &empty),
            (std::cmp::Ordering::Greater, _, Some((key, held))) => (key, &empty, held),
            (_, Some((key, held)), Some((_, wanted))) => (key, held, wanted),
            _ => break,
        };
        if one != other {
            faults.extend(difference(table, key, one, other));
        }
        if order.is_le() {
            ours = next(&mut left).map_err(fail)?;
        }
        if order.is_ge() {
            theirs = next(&mut right).map_err(fail)?;
        }
    }
    Ok(())
}

fn rows<'c>(connection: &'c Connection, sql: &str) -> rusqlite::Result<rusqlite::Statement<'c>> {
    connection.prepare(sql)
}

fn next(rows: &mut rusqlite::Rows<'_>) -> rusqlite::Result<Option<Item>> {
    let Some(row) = rows.next()? else { return Ok(None) };
    let bytes = |column: usize| -> rusqlite::Result<Vec<u8>> {
        Ok(row.get_ref(column)?.as_bytes_or_null().ok().flatten().unwrap_or_default().to_vec())
    };
    Ok(Some(((bytes(0)?, row.get(1)?), bytes(2)?)))
}

/// `None` where both hold the same records in different forms, as an index does that grew in small steps.
fn difference(table: &'static str, key: &(Vec<u8>, i64), one: &[u8], other: &[u8]) -> Option<ProjectionFault> {
    if table == "times" {
        let place = format!("block {}", String::from_utf8_lossy(&key.0));
        let first = String::from_utf8_lossy(&key.0).parse::<u64>().unwrap_or(0) << super::db::TIME_BLOCK_BITS;
        let (a, b) = (one.chunks(8).collect::<Vec<_>>(), other.chunks(8).collect::<Vec<_>>());
        let seqs = (0..a.len().max(b.len())).filter(|i| a.get(*i) != b.get(*i)).map(|i| first + i as u64).collect();
        return Some(ProjectionFault { table, place, seqs });
    }
    let place = format!("field {}, {:?}, chunk {}", key.0.first()?, String::from_utf8_lossy(&key.0[1..]), key.1);
    let decode =
        |bytes: &[u8]| if bytes.is_empty() { Some(roaring::RoaringBitmap::new()) } else { postings::decode(bytes) };
    let first = (key.1 as u64) << postings::CHUNK_BITS;
    match (decode(one), decode(other)) {
        (Some(a), Some(b)) if a == b => None,
        (Some(a), Some(b)) => {
            Some(ProjectionFault { table, place, seqs: (a ^ b).iter().map(|low| first + u64::from(low)).collect() })
        }
        _ => Some(ProjectionFault { table, place, seqs: Vec::new() }),
    }
}
