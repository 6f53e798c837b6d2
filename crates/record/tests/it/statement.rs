//! What is sealed can be read again, exactly.

use proptest::prelude::*;
use sealbook_record::{Error, PartName, Record, Redaction, bytes_to_json};

use crate::fixture::{event, full, records, told};

fn again(record: &Record, redactions: &[Redaction]) -> Result<(Record, Vec<Redaction>), Error> {
    let statement = record.statement_json(redactions);
    let parts = record.parts.iter().map(|(name, part)| (*name, part.get().as_bytes()));
    Record::from_stored(record.id, record.operation, record.phase, record.occurred, &statement, parts)
}

#[test]
fn the_statement_has_one_form() {
    insta::assert_snapshot!(String::from_utf8_lossy(&full().statement_json(&[Redaction {
        path: "input/password".to_owned(),
        detector: "key".to_owned(),
        digest: "00ff".to_owned(),
        policy: "builtin-1".to_owned(),
    }])));
    insta::assert_snapshot!(String::from_utf8_lossy(&event(1, "git.commit").statement_json(&[])));
}

#[test]
fn a_stored_record_that_is_none_is_told_by_part() {
    let record = event(1, "x.y");
    let read = |statement: &[u8], part: &'static [u8]| {
        let parts = [(PartName::Input, part)].into_iter();
        Record::from_stored(record.id, None, record.phase, record.occurred, statement, parts).map(|_| ())
    };
    let good = record.statement_json(&[]);
    assert!(read(&good, b"{}").is_ok());
    assert_eq!(read(&good, b"{"), Err(Error::Stored { what: "input" }));
    assert_eq!(read(&good, b"\xff"), Err(Error::Stored { what: "input" }));
    assert_eq!(read(b"{}", b"{}"), Err(Error::Stored { what: "statement" }));
    let newer = String::from_utf8_lossy(&good).replace("{\"tenant\"", "{\"novelty\":1,\"tenant\"");
    assert_eq!(read(newer.as_bytes(), b"{}"), Err(Error::Stored { what: "statement" }));
}

#[test]
fn bytes_that_are_no_text_are_kept() {
    assert_eq!(bytes_to_json(b"a\"\n").get(), r#""a\"\n""#);
    assert_eq!(bytes_to_json(b"\xff\x00").get(), r#"{"b64":"/wA="}"#);
}

proptest! {
    #[test]
    fn every_record_survives_storage(record in records()) {
        let redactions = vec![Redaction {
            path: record.tenant.clone(), detector: "x".to_owned(), digest: String::new(), policy: String::new(),
        }];
        let (read, read_redactions) = again(&record, &redactions).expect("what was written can be read");
        prop_assert_eq!(told(&read), told(&record));
        prop_assert_eq!(read_redactions, redactions);
    }
}
