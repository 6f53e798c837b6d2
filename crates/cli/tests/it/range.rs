//! A part of a book: `verify --range`.

use serde_json::{Value, json};

use crate::fixture::Place;
use crate::verify::{codes, tamper};

/// A book of 600 records.
fn place_with_many() -> Place {
    let place = Place::new();
    let line = |n| format!("{{\"action\":\"a\",\"target\":\"t{n}\",\"actor\":\"ann\",\"input\":{{\"n\":\"<{n}>\"}}}}");
    let lines = (1..600).map(line).collect::<Vec<_>>().join("\n");
    assert_eq!(place.run_with(["import", "-"], lines).code, 0);
    place
}

fn look(place: &Place, range: &str) -> (i32, Value) {
    let ended = place.run(["verify", "--range", range, "--format", "json"]);
    (ended.code, serde_json::from_str(&ended.out).unwrap_or_else(|e| panic!("{e}: {ended:?}")))
}

#[test]
fn a_part_is_verified_and_said_exactly() {
    let place = place_with_many();
    for (range, looked_at, entries) in [
        ("300..400", json!([[0, 511]]), 512),
        ("520..530", json!([[0, 255], [512, 599]]), 344),
        ("520..", json!([[0, 255], [512, 599]]), 344),
        ("..10", json!([[0, 255]]), 256),
    ] {
        let (code, report) = look(&place, range);
        assert_eq!((code, &report["valid"]), (0, &true.into()), "{range}: {report}");
        assert_eq!((&report["looked_at"], &report["total_entries"]), (&looked_at, &entries.into()), "{range}");
        assert_eq!(report["size"], 600);
    }
    let (_, whole) = look(&place, "..");
    assert_eq!((&whole["looked_at"], &whole["verified_entries"]), (&Value::Null, &600.into()));
    // Records may be named as everywhere: by id, by the beginning of a hash.
    let [id, hash] = ["id", "hash"].map(|name| place.json(["show", "520"])[name].as_str().unwrap().to_owned());
    for from in [&*id, &hash[..12]] {
        assert_eq!(look(&place, &format!("{from}..530")).1["looked_at"], json!([[0, 255], [512, 599]]));
    }
    // Signatures are checked, or not, as they are asked for.
    let of = |options: &[&str]| place.json(["verify", "--range", "520.."].iter().chain(options))["signatures"].as_u64();
    assert!(of(&["--chain"]) < of(&["--chain", "--signatures"]));
    let told = place.ok(["verify", "--range", "520..530"]);
    assert!(told.contains("looked at") && told.contains("0-255, 512-599"), "{told}");
}

#[test]
fn what_is_broken_in_it_or_just_before_it_is_found_and_elsewhere_is_not_looked_for() {
    let place = place_with_many();
    tamper(&place, "\"<511>");
    for range in ["512..520", "511..511", "400..520"] {
        let ended = place.run(["verify", "--range", range, "--format", "json"]);
        assert_eq!((ended.code, codes(&ended)), (4, vec!["part_altered".to_owned()]), "{range}");
        assert!(ended.out.contains("\"seq\": 511"), "{ended:?}");
    }
    let (code, report) = look(&place, "513..");
    assert_eq!((code, &report["looked_at"]), (0, &json!([[0, 255], [512, 599]])));
    assert_eq!(place.run(["verify"]).code, 4);
}

#[test]
fn a_bad_range_is_an_error_with_its_mend() {
    let place = place_with_many();
    for (range, code) in [
        ("400..300", "range_invalid"),
        ("0..600", "range_invalid"),
        ("700..", "range_invalid"),
        ("0..99999999999999999999", "record_missing"),
        ("a..b", "query_invalid"),
        ("-1..5", "query_invalid"),
        ("1...5", "query_invalid"),
        ("0191e3a2-7c1d-7f00-8000-3f6c1a2b9d10..", "record_missing"),
        ("300", "usage"),
        ("300-400", "usage"),
        ("", "usage"),
    ] {
        let ended = place.run(["verify", "--range", range]);
        assert_eq!(ended.code, 2, "{range}: {ended:?}");
        assert!(ended.err.starts_with(&format!("error[{code}]: ")) && ended.err.len() < 300, "{range}: {ended:?}");
        assert!(ended.out.is_empty());
    }
    for other in ["--projections", "--complete"] {
        assert_eq!(place.run(["verify", "--range", "1..2", other]).code, 2, "{other} is of the whole book");
    }
}
