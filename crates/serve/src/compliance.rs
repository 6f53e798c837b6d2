//! What was recorded in a time, and what nobody has resolved.

use sealbook_ledger::LeafType;
use sealbook_policy::{Compliance, State};
use sealbook_record::Timestamp;
use sealbook_store::{Ledger, Query};

use crate::Error;

/// The figures of a time; open ends are those of the book.
pub fn compliance(
    ledger: &Ledger,
    state: &State,
    from: Option<Timestamp>,
    to: Option<Timestamp>,
) -> Result<Compliance, Error> {
    let query = Query {
        leaf_type: vec![LeafType::Record.as_str().to_owned()],
        since: from,
        until: to,
        ascending: true,
        ..Query::default()
    };
    let mut compliance = Compliance::default();
    ledger.each_match(&query, &mut |stored| {
        if let Some(record) = &stored.record {
            compliance.count(record.severity);
        }
        Ok(true)
    })?;
    let within = |at: Timestamp| from.is_none_or(|from| from <= at) && to.is_none_or(|to| at <= to);
    for alert in state.alerts().list() {
        if within(alert.raised) {
            compliance.alert(alert);
        }
    }
    Ok(compliance)
}
