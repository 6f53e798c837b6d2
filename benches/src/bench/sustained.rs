//! Sustained: records appended *and* every projection caught up, full text included, against bare
//! inserts of the same columns with four secondary indexes, one of them over a random hash.
//!
//! Ours counts until the last record is durable and indexed. The index follows in a thread of its
//! own while records come in, as a long-lived process would have it.

use std::sync::mpsc::{Receiver, channel};

use crate::measure::{Bound, Contender, Row, in_turns, rate, tell, timed};
use crate::records::Maker;
use crate::{Result, book, place, raw, setting};
use rusqlite::types::Value;
use sealbook_record::{Outcome, PartName, Record};
use sealbook_store::Ledger;
use sealbook_testkit::Rng;

/// Batches of the yardstick, and of ours.
const BATCH: usize = 1_000;
/// The index looks for more when this many records wait.
const INDEX_EVERY: u64 = 16_384;

pub(crate) fn run() -> Result {
    let records = setting("SEALBOOK_BENCH_RECORDS", 1_000_000)? as usize;
    let first = place::fresh()?;
    drop(book::create(first.path(), false)?);
    let page = raw::page_bytes(&book::layout(first.path()).ledger_db())?;
    let contenders: Vec<Contender<'_>> = vec![
        ("ours", Box::new(|| ours(records))),
        ("bare, four indexes", Box::new(|| bare(records, page, true))),
        ("bare, without the random one", Box::new(|| bare(records, page, false))),
    ];
    let figures = in_turns(contenders)?;
    let row = |what, target| Row { bench: "sustained", what, unit: "records/s", target };
    tell(row("appended and indexed; four indexes", Some(Bound::AtLeast(0.45))), &figures[0], &figures[1]);
    tell(row("appended and indexed; three, without the random hash", None), &figures[0], &figures[2]);
    Ok(())
}

fn ours(records: usize) -> Result<f64> {
    let place = place::fresh()?;
    let mut maker = Maker::new(1);
    let input = (0..records.div_ceil(BATCH))
        .map(|at| maker.batch(BATCH.min(records - at * BATCH)))
        .collect::<Result<Vec<_>>>()?;
    let ledger = book::create(place.path(), false)?;
    let policy = book::policy();
    let (progress, took) = timed(|| {
        std::thread::scope(|scope| {
            let (sent, arrived) = channel();
            let follower = scope.spawn(|| follow(&ledger, arrived));
            let told = input.into_iter().inspect(|batch| {
                // A follower that has failed says so when it is joined.
                let _ = sent.send(batch.len() as u64);
            });
            let appended = book::append(&ledger, &policy, told, 2);
            drop(sent);
            follower.join().expect("indexing does not panic")?;
            appended
        })?;
        Ok(ledger.catch_up()?)
    })?;
    if progress.indexed != progress.size || progress.size < records as u64 {
        return Err(format!("{} of {} records are indexed", progress.indexed, progress.size).into());
    }
    Ok(rate(records, took))
}

fn follow(ledger: &Ledger, arrived: Receiver<u64>) -> Result {
    let mut waiting = 0;
    for count in arrived {
        waiting += count;
        if waiting >= INDEX_EVERY {
            ledger.follow()?;
            waiting = 0;
        }
    }
    Ok(())
}

const COLUMNS: &str = "seq, hash, id, operation, parent, phase, occurred_us, tenant, actor_id, actor_kind, actor_name, \
    on_behalf_of, claimed, verified, action, category, outcome, target_id, target_kind, severity, classification, \
    retention, duration_us, tags, source, reason, session, conversation, project, trace, input, result";

fn bare(records: usize, page: u32, is_random: bool) -> Result<f64> {
    let place = place::fresh()?;
    let columns = COLUMNS.strip_prefix("seq").expect("it comes first");
    let mut tables = format!(
        "CREATE TABLE records (seq INTEGER PRIMARY KEY{columns});
         CREATE INDEX by_time ON records (occurred_us);
         CREATE INDEX by_actor ON records (actor_id);
         CREATE INDEX by_session ON records (session);"
    );
    if is_random {
        tables.push_str("CREATE UNIQUE INDEX by_hash ON records (hash);");
    }
    let connection = raw::create(&place.path().join("raw.db"), page, &tables)?;
    let marks = vec!["?"; COLUMNS.split(',').count()].join(", ");
    let sql = format!("INSERT INTO records ({COLUMNS}) VALUES ({marks})");
    let mut maker = Maker::new(1);
    let mut rng = Rng::new(2);
    let mut busy = std::time::Duration::ZERO;
    for first in (0..records).step_by(BATCH) {
        let batch = maker.batch(BATCH.min(records - first))?;
        let rows: Vec<Vec<Value>> =
            batch.into_iter().enumerate().map(|(at, record)| columns_of(first + at, record, &mut rng)).collect();
        busy += timed(|| raw::insert(&connection, &sql, rows.iter().map(Vec::as_slice)))?.1;
    }
    Ok(rate(records, busy))
}

/// A record's fields and content as columns, with 32 random bytes for its hash.
fn columns_of(seq: usize, record: Record, rng: &mut Rng) -> Vec<Value> {
    let mut hash = vec![0; 32];
    rng.fill(&mut hash);
    let part = |name| record.part(name).map(|json| json.get().to_owned()).into();
    let (input, result) = (part(PartName::Input), part(PartName::Result));
    let id = |id: sealbook_ledger::Uuid| id.as_bytes().to_vec();
    vec![
        Value::Integer(seq as i64),
        hash.into(),
        id(record.id).into(),
        record.operation.map(id).into(),
        record.parent.map(id).into(),
        record.phase.as_str().to_owned().into(),
        record.occurred.as_micros().into(),
        record.tenant.into(),
        record.actor.id.into(),
        record.actor.kind.as_str().to_owned().into(),
        record.actor.name.into(),
        record.actor.on_behalf_of.into(),
        record.actor.claimed.into(),
        record.actor.verified.into(),
        record.action.into(),
        record.category.as_str().to_owned().into(),
        record.outcome.map(Outcome::as_str).map(str::to_owned).into(),
        record.target.id.into(),
        record.target.kind.as_str().to_owned().into(),
        record.severity.as_str().to_owned().into(),
        record.classification.as_str().to_owned().into(),
        record.retention.into(),
        record.duration_us.map(|us| us as i64).into(),
        record.tags.join(" ").into(),
        record.source.into(),
        record.reason.into(),
        record.session.into(),
        record.conversation.into(),
        record.project.into(),
        record.trace.into(),
        input,
        result,
    ]
}
