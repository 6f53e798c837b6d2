//! Records as JSON Lines, in the form that `export` writes.

use std::collections::HashMap;

use sealbook_record::{Defaults, Record, Timestamp, derived_id};

use super::answer::Refusal;
use super::desk::Line;
use crate::Gate;

/// What another book called verified was not verified here.
const IMPORTED: &str = "imported:";

/// The records of a body by their lines, and lines that are none.
#[derive(Debug, Default)]
pub(super) struct Lines {
    pub(super) records: Vec<(usize, Record)>,
    pub(super) refused: Vec<Line>,
}

/// Reads each line. One without an id gets one from its content, so that the body may be sent again.
pub(super) fn read(gate: &Gate, body: &[u8], sender: Option<&str>, records_max: usize) -> Result<Lines, Refusal> {
    let text = std::str::from_utf8(body).map_err(|cause| {
        Refusal::bad(format!("byte {} is not UTF-8; send JSON Lines in UTF-8", cause.valid_up_to() + 1))
    })?;
    let mut lines = Lines::default();
    let mut times: HashMap<&str, usize> = HashMap::new();
    for (at, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        if lines.records.len() + lines.refused.len() == records_max {
            return Err(Refusal::bad(format!("more than {records_max} records in one body; send smaller batches")));
        }
        let nth = times.entry(line).or_default();
        *nth += 1;
        let id = derived_id("ingest", &format!("{}\0{nth}", gate.digest(line.as_bytes())));
        let ledger = gate.ledger();
        let defaults = Defaults { now: ledger.now(), id, tenant: ledger.tenant().to_owned() };
        let now = defaults.now;
        match Record::from_json(line, defaults) {
            Ok(mut record) => {
                if record.occurred == now {
                    take_time_of_first(gate, &mut record);
                }
                own_up(&mut record, sender);
                lines.records.push((at + 1, record));
            }
            Err(cause) => {
                lines.refused.push(Line { line: at + 1, code: cause.code(), message: cause.to_string() });
            }
        }
    }
    Ok(lines)
}

/// What is sent again and does not say when it happened, happened when it was sealed first.
fn take_time_of_first(gate: &Gate, record: &mut Record) {
    let first = gate.ledger().reader().and_then(|reader| reader.by_id(record.id));
    if let Ok(Some(first)) = first {
        record.occurred = Timestamp::from_micros(first.leaf.occurred_us);
    }
}

/// Who was authenticated is the sender. What the record says of it is a claim.
fn own_up(record: &mut Record, sender: Option<&str>) {
    let said = record.actor.verified.take();
    if let (None, Some(said)) = (&record.actor.claimed, said) {
        let claimed = if said.starts_with(IMPORTED) { said } else { format!("{IMPORTED}{said}") };
        record.actor.claimed = Some(claimed);
    }
    record.actor.verified = sender.map(|sender| format!("sender:{sender}"));
}
