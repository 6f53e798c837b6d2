//! Identities rise, and foreign ones are stable.

use proptest::prelude::*;
use sealbook_record::{Finding, IdSource, Severity, Timestamp, derived_id};

#[test]
fn derived_ids_are_golden() {
    let id = derived_id("audit_logger", "audit_1700000000000_a1b2c3d4");
    assert_eq!(id.get_version_num(), 8);
    assert_eq!(id, derived_id("audit_logger", "audit_1700000000000_a1b2c3d4"));
    assert_ne!(id, derived_id("booking", "audit_1700000000000_a1b2c3d4"));
    insta::assert_snapshot!(id);
}

#[test]
fn a_findings_key_has_no_line_number() {
    let new = |path, content| Finding::new("git.hotspot", "hotspot", Severity::Info, "seen", Some(path), content);
    let mut one = new("a.rs", "digest");
    if let Some(location) = &mut one.location {
        location.line = Some(7);
    }
    assert_eq!(one.id, new("a.rs", "digest").id);
    assert_ne!(one.id, new("b.rs", "digest").id);
    assert_ne!(one.id, new("a.rs", "other").id);
}

proptest! {
    #[test]
    fn ids_rise_whatever_the_clock_does(moments in prop::collection::vec((any::<i64>(), any::<[u8; 10]>()), 1..60)) {
        let mut source = IdSource::new();
        let mut last = None;
        for (micros, random) in moments {
            // Times beyond 2262 would use up what is left of the clock's 48 bits for the ones after them.
            let now = Timestamp::from_micros(micros % 9_000_000_000_000_000);
            let id = source.next(now, random);
            prop_assert_eq!(id.get_version_num(), 7);
            prop_assert_eq!(id.get_variant(), uuid::Variant::RFC4122);
            prop_assert!(last.is_none_or(|last| last < id));
            last = Some(id);
        }
    }
}

#[test]
fn an_id_tells_its_millisecond() {
    let id = IdSource::new().next(Timestamp::from_micros(1_700_000_000_123_456), [0xff; 10]);
    assert_eq!(id.as_u128() >> 80, 1_700_000_000_123);
}
