//! Records as JSON Lines, in our own form and in those of others.

use sealbook_ledger::Uuid;
use sealbook_record::{DEFAULT_TENANT, DIALECTS, Defaults, Record, Timestamp};

fn defaults() -> Defaults {
    Defaults { now: Timestamp::from_micros(0), id: Uuid::nil(), tenant: DEFAULT_TENANT.to_owned() }
}

/// What is written of what was read is read as the same.
pub fn record(data: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(data) else { return false };
    let read = text.lines().filter_map(|line| Record::from_json(line, defaults()).ok());
    let mut taken = 0;
    for record in read {
        let written = record.to_json();
        let again = Record::from_json(&written, defaults()).expect("what is written can be read");
        assert_eq!(again.to_json(), written);
        taken += 1;
    }
    taken > 0
}

/// The same for the dialects; the first line names one.
pub fn dialects(data: &[u8]) -> bool {
    let Some((name, text)) = std::str::from_utf8(data).ok().and_then(|text| text.split_once('\n')) else {
        return false;
    };
    let Some(dialect) = DIALECTS.iter().find(|dialect| dialect.name == name) else { return false };
    let Ok(record) = dialect.read(text, defaults()) else { return false };
    let written = dialect.write(&record);
    let again = dialect.read(&written, defaults()).expect("what is written can be read");
    assert_eq!(dialect.write(&again), written);
    // And every other dialect can say it.
    for other in DIALECTS {
        let said = other.write(&record);
        assert!(serde_json::from_str::<&serde_json::value::RawValue>(&said).is_ok(), "{said}");
    }
    true
}
