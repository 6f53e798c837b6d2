//! What is admitted, what is refused, and what is remembered of what went.

use sealbook_policy::{DEPTH_MAX, Decision, DigestKey, Error, PART_BYTES_MAX, Policy, Raw};
use sealbook_record::{Classification, PartName, Record};
use sealbook_testkit::corpus;

use crate::fixture::{admit, input, policy, record, redacted, with_part};

const OTHER: &str = r#"{"password":"hunter2","again":["hunter2"],"n":0.10}"#;

#[test]
fn what_goes_is_remembered_by_place_detector_digest_and_policy() {
    let judged = redacted(r#"{"a/b":[0,{"password":"hunter2"}],"x":{"token":"hunter2"}}"#);
    let [first, second] = judged.redactions() else { panic!("two went: {:?}", judged.redactions()) };
    assert_eq!((first.path.as_str(), first.detector.as_str()), ("input/a~1b/1/password", "key"));
    assert_eq!(second.path, "input/x/token");
    assert_eq!(first.policy, Policy::VERSION);
    assert_eq!(first.digest.len(), 64);
    assert_eq!(first.digest, second.digest, "the same secret shows as the same");
    let statement = String::from_utf8_lossy(judged.statement()).into_owned();
    assert!(statement.contains(&first.digest) && !statement.contains("hunter2"), "{statement}");

    let keyed = Policy::new(DigestKey::new([8; 32])).admit(Raw::new(with_part(PartName::Input, OTHER)));
    assert_ne!(keyed.expect("it is admitted").redactions()[0].digest, first.digest, "the digest is keyed");
    assert_ne!(redacted(r#"{"password":"hunter3"}"#).redactions()[0].digest, first.digest);
}

#[test]
fn a_secret_in_a_name_is_not_in_the_path() {
    let secret = corpus::secrets().swap_remove(0).1;
    let judged = redacted(&format!(r#"{{"{secret}":{{"password":1}},"ok":1}}"#));
    assert_eq!(input(&judged), r#"{"***REDACTED***":{"password":"***REDACTED***"},"ok":1}"#);
    let paths: Vec<_> = judged.redactions().iter().map(|redaction| redaction.path.as_str()).collect();
    assert_eq!(paths, ["input/***REDACTED***", "input/***REDACTED***/password"]);
}

#[test]
fn only_the_secret_goes() {
    let token =
        corpus::secrets().into_iter().find(|(kind, _)| *kind == "GitHub personal token").expect("it is there").1;
    for (before, after) in [
        (
            format!(r#"{{ "a" : 0.10,"b":"use {token} now","c":1e400 }}"#),
            r#"{ "a" : 0.10,"b":"use ***REDACTED*** now","c":1e400 }"#,
        ),
        (
            format!(r#"["\u0041\/",12345678901234567890123,"{token}"]"#),
            r#"["\u0041\/",12345678901234567890123,"***REDACTED***"]"#,
        ),
        (
            r#"{"password":null,"password":{"a":[1]},"x":-0}"#.to_owned(),
            r#"{"password":"***REDACTED***","password":"***REDACTED***","x":-0}"#,
        ),
        (r#"{"u":"https://bob:hunter2@h/p?q=1"}"#.to_owned(), r#"{"u":"https://bob:***REDACTED***@h/p?q=1"}"#),
        (
            r#"{"c":"mysql --password=hunter2 -u root"}"#.to_owned(),
            r#"{"c":"mysql --password=***REDACTED*** -u root"}"#,
        ),
        (
            r#"{"h":"curl -H 'Authorization: Bearer abc' https://h"}"#.to_owned(),
            r#"{"h":"curl -H 'Authorization: Bearer ***REDACTED***' https://h"}"#,
        ),
        (
            r#"{"e":"line\nDB_PASSWORD=\"a b\"\nnext"}"#.to_owned(),
            r#"{"e":"line\nDB_PASSWORD=\"***REDACTED***\"\nnext"}"#,
        ),
        (
            r#"{"card":4111111111111111,"id":4111111111111112}"#.to_owned(),
            r#"{"card":"***REDACTED***","id":4111111111111112}"#,
        ),
        (
            r#"{"pwd":"/home/u","tokens":12,"auth_type":"x"}"#.to_owned(),
            r#"{"pwd":"/home/u","tokens":12,"auth_type":"x"}"#,
        ),
    ] {
        assert_eq!(input(&redacted(&before)), after, "{before}");
    }
}

#[test]
fn the_name_of_a_secret_stays_and_nothing_that_only_begins_like_one() {
    let token = corpus::secrets().into_iter().find(|(kind, _)| *kind == "GitHub personal token").unwrap().1;
    let (named, gone) = (r#"{"token":"secret://shop/calendar-2"}"#, r#"{"token":"***REDACTED***"}"#);
    assert_eq!(input(&redacted(named)), named);
    let long = "x".repeat(65);
    for other in
        ["secret://", "secret://Hunter2", "secret://a b", "SECRET://a", "secret:/a", &format!("secret://{long}")]
    {
        assert_eq!(input(&redacted(&format!(r#"{{"token":"{other}"}}"#))), gone, "{other}");
    }
    let hidden = format!(r#"{{"token":"secret://{token}"}}"#);
    assert!(!input(&redacted(&hidden)).contains(&token));
}

#[test]
fn restricted_content_is_withheld() {
    let restricted = |json| {
        let mut record = with_part(PartName::Input, json);
        record.classification = Classification::Restricted;
        record
    };
    let judged = admit(restricted(OTHER)).expect("it is admitted");
    let kept = input(&judged).to_owned();
    let digest = &judged.redactions()[0].digest;
    assert_eq!(kept, format!(r#"{{"withheld":{{"digest":"{digest}","bytes":{}}}}}"#, OTHER.len()));
    assert_eq!(judged.redactions().len(), 1);
    assert_eq!(judged.redactions()[0].detector, "classification");
    assert_ne!(input(&admit(restricted("{}")).expect("it is admitted")), kept);
    assert_eq!(input(&admit(restricted(&kept)).expect("it is admitted")), kept, "what is withheld stays so");

    let keeping = policy().keep_restricted(true).admit(Raw::new(restricted(OTHER))).expect("it is admitted");
    assert_eq!(input(&keeping), r#"{"password":"***REDACTED***","again":["hunter2"],"n":0.10}"#);
}

#[test]
fn the_parts_are_in_the_leafs_order() {
    let mut record = record();
    for name in PartName::ALL {
        record.set_part_json(*name, "[1]").expect("it is JSON");
    }
    let judged = admit(record).expect("it is admitted");
    assert_eq!(judged.decision(), Decision::Allow);
    let statement = judged.statement().to_vec();
    let (record, parts) = judged.split();
    assert!(record.parts.is_empty());
    let names: Vec<_> = parts.iter().map(|(name, _)| name.as_ref()).collect();
    assert!(names.is_sorted() && names.len() == PartName::ALL.len() + 1);
    let stored = parts.iter().find(|(name, _)| name == "statement").map(|(_, bytes)| bytes);
    assert_eq!(stored, Some(&statement));
}

#[test]
fn what_is_admitted_can_be_read_again() {
    let judged = redacted(OTHER);
    let parts = judged.record().parts.iter().map(|(name, part)| (*name, part.get().as_bytes()));
    let whole = judged.record();
    let (read, redactions) =
        Record::from_stored(whole.id, whole.operation, whole.phase, whole.occurred, judged.statement(), parts)
            .expect("it can be read");
    assert_eq!(format!("{read:?}"), format!("{whole:?}"));
    assert_eq!(redactions, judged.redactions());
}

#[test]
fn admission_is_repeatable() {
    let one = redacted(OTHER);
    assert_eq!(one.statement(), redacted(OTHER).statement());
    let again = admit(one.record().clone()).expect("it is admitted");
    assert_eq!(input(&again), input(&one));
}

#[test]
fn tags_are_sorted_and_unique() {
    let mut record = record();
    record.tags = ["b", "a", "b"].map(str::to_owned).to_vec();
    assert_eq!(admit(record).expect("it is admitted").record().tags, ["a", "b"]);
}

#[test]
fn what_is_too_much_is_refused_by_name() {
    let secret = "hunter2-hunter2";
    let large = format!("\"{}\"", secret.repeat(PART_BYTES_MAX / secret.len() + 1));
    let deep = |levels: usize| format!("{}\"{secret}\"{}", "[".repeat(levels), "]".repeat(levels));
    let with = |change: &dyn Fn(&mut Record)| {
        let mut record = record();
        change(&mut record);
        record
    };
    let long = secret.repeat(2_000);
    for (record, code, says) in [
        (with_part(PartName::Result, &large), "value_too_large", "part `result` has 104"),
        (with_part(PartName::Error, &deep(DEPTH_MAX + 1)), "nesting_too_deep", "part `error`"),
        (with_part(PartName::Input, &format!("[{}]", deep(300_000))), "nesting_too_deep", "128 levels"),
        (with(&|record| record.reason = Some(long.clone())), "field_too_long", "`reason` has 30000 bytes"),
        (with(&|record| record.action.clone_from(&long)), "field_too_long", "`action`"),
        (with(&|record| record.tags = vec![long.clone()]), "field_too_long", "`tags`"),
        (with(&|record| record.tags = vec![String::new(); 65]), "too_many_tags", "65 tags"),
        (with(&|record| record.actor.id.clear()), "field_empty", "`actor.id`"),
        (with(&|record| record.target.id.clear()), "field_empty", "`target.id`"),
        (with(&|record| record.tenant = "password=hunter2".to_owned()), "secret_in_tenant", "named_value"),
    ] {
        let error: Error = admit(record).expect_err(code);
        let message = error.to_string();
        assert_eq!(error.code(), code, "{message}");
        assert!(message.contains(says) && !message.contains("hunter2"), "{message}");
    }
    assert!(admit(with_part(PartName::Input, &deep(DEPTH_MAX))).is_ok());
    let full = format!("\"{}\"", "x".repeat(PART_BYTES_MAX - 2));
    assert!(admit(with_part(PartName::Input, &full)).is_ok());
}

#[test]
fn debugging_shows_no_content() {
    let raw = Raw::new(with_part(PartName::Input, OTHER));
    assert!(!format!("{raw:?}").contains("hunter2"));
    assert_eq!(format!("{:?}", DigestKey::new([7; 32])), "DigestKey(…)");
    assert!(!format!("{:?}", policy()).contains('7'));
    assert!(!format!("{:?}", admit(with_part(PartName::Input, r#"{"password":"hunter2"}"#))).contains("hunter2"));
}

/// Texts made to take long. There is nothing to measure: were the time not linear, the test would not end.
#[test]
fn no_text_takes_long() {
    const PIECES: [&str; 24] = [
        "eyJ",
        "eyJx.",
        "://",
        "a://b:",
        "password",
        "password=",
        "password=\\\"",
        "password: ",
        "token:",
        "Bearer ",
        "Basic ",
        "sk-",
        "sk-ant-",
        "-----BEGIN ",
        "-----BEGIN PRIVATE KEY-----",
        "PuTTY-User-Key-File",
        "Authorization: ",
        "Cookie: ",
        "sig=",
        "?key=",
        "4 ",
        "4111 1111 ",
        "curl -u a ",
        "\\u0070",
    ];
    for piece in PIECES {
        let json = format!("\"{}\"", piece.repeat(200_000 / piece.len()));
        redacted(&json);
        let members: Vec<String> = (0..1_000).map(|index| format!("\"{piece}{index}\":\"{piece}\"")).collect();
        redacted(&format!("{{{}}}", members.join(",")));
    }
    let long_name = "password ".repeat(40_000);
    let members = vec![r#""password":1"#; 20_000].join(",");
    let judged = redacted(&format!(r#"{{"{long_name}x":{{{members}}}}}"#));
    assert!(judged.redactions().len() <= 257 && judged.statement().len() < 100_000);
}
