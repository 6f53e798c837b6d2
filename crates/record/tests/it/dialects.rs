//! The five older shapes come in and go out as they were.

use std::collections::BTreeMap;

use proptest::prelude::*;
use sealbook_record::{
    Actor, ActorKind, Category, DEFAULT_TENANT, DIALECTS, Defaults, Dialect, Outcome, PartName, Phase, Record,
    Severity, Signature, Target, TargetKind, Uuid, derived_id,
};
use serde_json::value::RawValue;

use crate::fixture::{defaults, records};

const AUDIT_LOGGER: &str = r#"{"audit_id":"audit_1700000000123_a1b2c3d4","timestamp":1700000000.123456,"action_type":"code_execution","level":"compliance","user_id":"ann","tenant_id":"acme","details":{"tool_name":"execute_code","arguments_hash":"d41d8cd98f00b204e9800998ecf8427e","execution_time":0.10,"success":false,"result_size":0},"context":{"arguments":{"code":"1/0"},"timestamp":1e400},"previous_hash":"genesis","entry_hash":"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855","signature":"c2lnbmF0dXJl","compliance_tags":["tool_execution","execute_code"]}"#;
const AUDIT_LOG: &str = r#"{"id":"5f0c6a5e-2f5b-4f0e-9d0e-0f6c2a3b4c5d","event_type":"project_update","operation_name":"Rename project","operation_id":"op-17","user_id":null,"project_id":"p1","args":"{\"name\": \"new\", \"n\": 0.10}","result":null,"error":"","before_state":{},"after_state":"{\"name\": \"new\"}","created_at":"2026-02-20T07:21:42.457123"}"#;
const JSONL: &str = r#"{"timestamp":"2026-02-20T07:21:42.457Z","actor":"mcp","action":"mcp_call","success":true,"details":{"service":"social_mcp","endpoint":"facebook_post","data":{"text":"Hello"},"response":{"post_id":"12345"}},"error":null,"session_id":"session-123"}"#;
const AMI: &str = r#"{"record_id":"0190163d-8694-739b-aea5-966c26f8ad90","record_hash":"ab12","timestamp":"2025-10-31T10:00:00","actor":"ami-agent","action":"quality_check","target":"base/backend/","target_type":"quality","source":"quality_source","reason":null,"context":{"record_id":"7"},"metadata":{"dialect":"mine","n":1e400},"previous_hash":"0","nonce":0,"signatures":[{"signer":"a","signature":"b","algorithm":"Ed25519","timestamp":"2025-10-31T10:00:00"}],"findings":[{"finding_id":"f1","finding_type":"complexity","severity":"high","description":"too long","location":"a.py:10:2","recommendation":null,"metadata":{"score":0.10}}],"violations":[{"violation_id":"v1","rule":"banned","severity":"error","message":"word","file_path":"b.py","line_number":3,"column_number":null}],"severity":"HIGH","classification":"confidential","status":"verified"}"#;
const BOOKING: &str = r#"{"audit_id":"audit_xyz123","company_id":"benova","user_id":"user_maria","agent_name":"schedule_agent","conversation_id":"conv_789","action_type":"booking","action_name":"google_calendar.create_event","input_params":{"date":"2025-01-20","time":"10:00"},"status":"compensated","result":{"event_id":"evt_abc123"},"error_message":null,"duration_ms":250.5,"compensable":true,"compensation_action":"google_calendar.delete_event","compensation_params":{"event_id":"evt_abc123"},"tags":["calendar","booking"],"created_at":"2025-01-19T09:00:00.000001","ttl_days":90}"#;

const SAMPLES: [(&str, &str); 5] =
    [("audit_logger", AUDIT_LOGGER), ("audit_log", AUDIT_LOG), ("jsonl", JSONL), ("ami", AMI), ("booking", BOOKING)];

fn dialect(name: &str) -> &'static Dialect {
    Dialect::named(name).expect("it is one of ours")
}

fn read(name: &str, text: &str) -> Record {
    dialect(name).read(text, defaults()).unwrap_or_else(|error| panic!("{name}: {error}\n{text}"))
}

/// Fields with the digits of their numbers; texts without their escapes.
fn fields(text: &str) -> BTreeMap<String, String> {
    let raw: BTreeMap<String, Box<RawValue>> = serde_json::from_str(text).expect("it is an object");
    let plain = |raw: &RawValue| match serde_json::from_str::<String>(raw.get()) {
        Ok(text) => format!("text {text}"),
        Err(_) => raw.get().split_whitespace().collect(),
    };
    raw.into_iter().map(|(name, raw)| (name, plain(&raw))).collect()
}

#[test]
fn every_sample_comes_back() {
    for (name, text) in SAMPLES {
        assert_eq!(fields(&dialect(name).write(&read(name, text))), fields(text), "{name}");
    }
}

#[test]
fn little_is_kept_beside_what_is_mapped() {
    for (name, text) in SAMPLES {
        let record = read(name, text);
        let kept = record.part(PartName::Metadata).map_or("", RawValue::get).to_owned();
        insta::assert_snapshot!(format!("kept_{name}"), kept);
    }
}

#[test]
fn the_words_of_each_are_ours() {
    let logger = read("audit_logger", AUDIT_LOGGER);
    assert_eq!(logger.id, derived_id("audit_logger", "audit_1700000000123_a1b2c3d4"));
    assert_eq!((logger.action.as_str(), logger.category), ("code.execution", Category::CodeExecution));
    assert_eq!((logger.severity, logger.outcome), (Severity::Info, Some(Outcome::Failed)));
    assert_eq!((logger.target.id.as_str(), logger.target.kind), ("execute_code", TargetKind::Tool));
    assert_eq!(logger.tags, ["execute_code", "tool_execution"]);
    assert_eq!(logger.occurred.as_micros(), 1_700_000_000_123_456);

    let log = read("audit_log", AUDIT_LOG);
    assert_eq!(log.id.to_string(), "5f0c6a5e-2f5b-4f0e-9d0e-0f6c2a3b4c5d");
    assert!(log.actor_unknown());
    assert_eq!(log.operation, Some(derived_id("audit_log", "op-17")));
    assert_eq!(log.part(PartName::Input).map(RawValue::get), Some(r#"{"name": "new", "n": 0.10}"#));
    assert_eq!(log.part(PartName::Before).map(RawValue::get), Some("{}"), "an empty state is a state");
    assert_eq!(log.part(PartName::Error).map(RawValue::get), Some("\"\""), "an empty error is an error");
    assert!(log.part(PartName::Result).is_none());
    assert_eq!(log.diff().expect("both states are there").len(), 1);

    let line = read("jsonl", JSONL);
    assert_eq!((line.id, line.session.as_deref()), (defaults().id, Some("session-123")));
    assert_eq!((line.category, line.actor.kind), (Category::McpCall, ActorKind::Service));
    assert_eq!(line.target.id, "social_mcp/facebook_post");
    assert!(line.part(PartName::Metadata).is_none(), "nothing was left to keep");

    let ami = read("ami", AMI);
    assert_eq!((ami.severity, ami.target.kind), (Severity::Error, TargetKind::Quality));
    let finding = &ami.findings().expect("they are findings")[0];
    let location = finding.location.as_ref().expect("it has a place");
    assert_eq!((location.path.as_str(), location.line, location.column), ("a.py", Some(10), Some(2)));
    assert_eq!(ami.violations().expect("they are violations")[0].rule, "banned");

    let booking = read("booking", BOOKING);
    assert_eq!((booking.tenant.as_str(), booking.phase), ("benova", Phase::Outcome));
    assert_eq!(
        (booking.actor.id.as_str(), booking.actor.on_behalf_of.as_deref()),
        ("schedule_agent", Some("user_maria"))
    );
    assert_eq!(booking.duration_us, Some(250_500));
    let nobody = read("booking", r#"{"audit_id":"a","status":"pending"}"#);
    assert!(nobody.actor_unknown() && nobody.phase == Phase::Intent && nobody.outcome.is_none());
}

#[test]
fn every_word_of_the_seeds_has_its_category() {
    for word in "file_read file_write code_execution llm_request agent_decision data_access config_change \
        security_event tool_call credential_access credential_create credential_delete project_create project_update \
        project_delete component_sync token_sync state_transition error mcp_call booking notification ticket rag_search \
        api_call"
        .split_whitespace()
    {
        assert_ne!(word.parse::<Category>(), Ok(Category::Other), "{word}");
    }
}

#[test]
fn a_change_of_configuration_has_two_names() {
    for word in ["config_change", "configuration_change", "CONFIGURATION_CHANGE"] {
        assert_eq!(word.parse::<Category>(), Ok(Category::ConfigChange), "{word}");
    }
    let logger = |word: &str| read("audit_logger", &format!(r#"{{"action_type":"{word}"}}"#)).category;
    assert_eq!(logger("configuration_change"), logger("config_change"));
    assert_eq!(Category::ConfigChange.as_str(), "config_change", "one of them is ours");
}

#[test]
fn an_audit_logger_entry_that_says_nothing_has_its_defaults() {
    let ours = Defaults { tenant: DEFAULT_TENANT.to_owned(), ..defaults() };
    let entry = r#"{"action_type":"file_read","level":"info"}"#;
    let record = dialect("audit_logger").read(entry, ours).expect("it is enough");
    assert_eq!((record.actor.id.as_str(), record.tenant.as_str()), ("system", "default"));
    assert!(!record.actor_unknown(), "the system is somebody");
    assert!(
        record.tags.is_empty() && record.part(PartName::Input).is_none() && record.part(PartName::Context).is_none()
    );
    // And so it is told where such an entry is written.
    let ours = Record::event(
        Uuid::from_u128(1),
        Actor::new(ActorKind::System, "system"),
        "file.read",
        Target::new(TargetKind::File, "a"),
        defaults().now,
    );
    let written = fields(&dialect("audit_logger").write(&ours));
    for (name, value) in [
        ("user_id", "text system"),
        ("tenant_id", "text default"),
        ("details", "{}"),
        ("context", "{}"),
        ("compliance_tags", "[]"),
    ] {
        assert_eq!(written[name], value, "{name}");
    }
}

#[test]
fn a_signature_names_its_algorithm_or_is_ed25519() {
    let stamp = r#""timestamp":"2025-10-31T10:00:00Z""#;
    let signature = |text: &str| serde_json::from_str::<Signature>(text).expect("it is a signature");
    let silent = signature(&format!(r#"{{"signer":"a","signature":"b",{stamp}}}"#));
    let other = signature(&format!(r#"{{"signer":"c","signature":"d","algorithm":"RSA-PSS-SHA256",{stamp}}}"#));
    assert_eq!((silent.algorithm.as_str(), other.algorithm.as_str()), ("Ed25519", "RSA-PSS-SHA256"));
    // Several signers, each with its own, come back as they were.
    let both = serde_json::to_string(&[silent, other]).expect("signatures are JSON");
    let document = format!(r#"{{"record_id":"0190163d-8694-739b-aea5-966c26f8ad90","signatures":{both}}}"#);
    assert_eq!(fields(&dialect("ami").write(&read("ami", &document)))["signatures"], fields(&document)["signatures"]);
}

#[test]
fn what_is_wrong_is_named_and_not_quoted() {
    for (name, text, says) in [
        ("audit_logger", r#"{"level":"hunter2-is-secret"}"#, "`level` must be one of: debug"),
        ("audit_logger", r#"{"timestamp":"hunter2-is-secret"}"#, "`timestamp`"),
        ("audit_logger", r#"{"user_id":7}"#, "`user_id` must be a text"),
        ("audit_log", r#"{"id":"a","id":"b"}"#, "given twice"),
        ("jsonl", r#"{"success":"hunter2-is-secret"}"#, "true or false"),
        ("ami", r#"{"target_type":"hunter2-is-secret"}"#, "`target_type`"),
        ("ami", r#"{"status":"hunter2-is-secret"}"#, "recorded, analyzed"),
        ("booking", r#"{"status":"hunter2-is-secret"}"#, "`status`"),
        ("booking", r#"{"duration_ms":-1}"#, "`duration_ms`"),
        ("booking", "[]", "not an object"),
    ] {
        let error = dialect(name).read(text, defaults()).expect_err(text).to_string();
        assert!(error.contains(says) && !error.contains("hunter2"), "{text}: {error}");
    }
    assert_eq!(Dialect::named("x").map(|_| ()).map_err(|error| error.code()), Err("unknown_dialect"));
}

/// Any JSON a field may hold, odd numbers and repeated names included.
fn json() -> impl Strategy<Value = String> {
    prop::sample::select(
        &[
            "null",
            "true",
            "{}",
            "[]",
            "{\"a\":1,\"a\":0.10}",
            "[1e400, 2]",
            "\"\"",
            "\"text\"",
            "12345678901234567890123",
            "{ \"spaced\" : [ ] }",
            "\"{\\\"json\\\": 1}\"",
            "\"\\u00e9\\/\"",
            "{\"success\":true,\"path\":\"a.rs\"}",
            "{\"dialect\":{\"name\":\"ami\"}}",
            "[{\"finding_id\":\"f\"}]",
        ][..],
    )
    .prop_map(str::to_owned)
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        1 => Just("null".to_owned()),
        4 => any::<String>().prop_map(|text| serde_json::to_string(&text).expect("a text is JSON")),
        1 => Just("\"5f0c6a5e-2f5b-4f0e-9d0e-0f6c2a3b4c5d\"".to_owned()),
        1 => Just("\"5F0C6A5E2F5B4F0E9D0E0F6C2A3B4C5D\"".to_owned()),
    ]
}

fn time() -> impl Strategy<Value = String> {
    prop_oneof![
        (0_i64..4_000_000_000, 0_u32..1_000_000).prop_map(|(whole, part)| format!("{whole}.{part}")),
        (0_i64..4_000_000_000).prop_map(|whole| whole.to_string()),
        prop::sample::select(
            &["\"2024-01-01\"", "\"2024-01-01T00:00:00+02:00\"", "\"2026-02-20T07:21:42.4Z\"", "null"][..]
        )
        .prop_map(str::to_owned),
    ]
}

fn words(list: &'static str) -> impl Strategy<Value = String> {
    let words: Vec<String> = list.split(' ').map(|word| format!("\"{word}\"")).collect();
    prop::sample::select(words)
}

/// An object with some of the fields of the sample, each of its kind, and a stranger.
fn documents(sample: &'static str) -> impl Strategy<Value = String> {
    let names: Vec<String> = fields(sample).into_keys().chain(["a stranger \"x\"".to_owned()]).collect();
    let values: Vec<_> = names
        .iter()
        .map(|name| match name.as_str() {
            "timestamp" | "created_at" => time().boxed(),
            "level" | "severity" => words("debug INFO warning compliance critical high").boxed(),
            "target_type" => words("file module service log git quality").boxed(),
            "classification" => words("public internal confidential restricted").boxed(),
            "status" if sample == AMI => words("recorded analyzed verified exported").boxed(),
            "status" => words("pending success failed compensated").boxed(),
            "success" => prop::sample::select(&["true", "false", "null"][..]).prop_map(str::to_owned).boxed(),
            "duration_ms" => prop::sample::select(&["0", "250.5", "1e3", "5000", "0.0001", "null"][..])
                .prop_map(str::to_owned)
                .boxed(),
            "tags" | "compliance_tags" => prop::sample::select(&["[]", "[\"b\",\"a\"]", "[\"a\", \"a\"]", "null"][..])
                .prop_map(str::to_owned)
                .boxed(),
            "details"
            | "context"
            | "args"
            | "result"
            | "error"
            | "before_state"
            | "after_state"
            | "metadata"
            | "input_params"
            | "error_message"
            | "compensable"
            | "compensation_action"
            | "compensation_params"
            | "previous_hash"
            | "entry_hash"
            | "record_hash"
            | "signature"
            | "signatures"
            | "nonce"
            | "findings"
            | "violations"
            | "ttl_days"
            | "a stranger \"x\"" => json().boxed(),
            _ => text().boxed(),
        })
        .collect();
    (values, prop::collection::vec(any::<bool>(), names.len())).prop_map(move |(values, present)| {
        let members: Vec<String> = names
            .iter()
            .zip(values)
            .zip(present)
            .filter(|(_, present)| *present)
            .map(|((name, value), _)| format!("{}:{value}", serde_json::to_string(name).expect("a text is JSON")))
            .collect();
        format!("{{{}}}", members.join(","))
    })
}

proptest! {
    #[test]
    fn every_document_comes_back(
        logger in documents(AUDIT_LOGGER), log in documents(AUDIT_LOG), jsonl in documents(JSONL),
        ami in documents(AMI), booking in documents(BOOKING),
    ) {
        for (name, text) in [("audit_logger", logger), ("audit_log", log), ("jsonl", jsonl), ("ami", ami), ("booking", booking)] {
            let record = read(name, &text);
            let written = dialect(name).write(&record);
            prop_assert_eq!(fields(&written), fields(&text), "{} {}", name, text);
            // Through storage and our own form as well.
            let again = Record::from_json(&record.to_json(), defaults()).expect("our own form holds it all");
            prop_assert_eq!(fields(&dialect(name).write(&again)), fields(&text));
        }
    }

    #[test]
    fn every_record_can_be_told_in_every_dialect(record in records()) {
        for dialect in DIALECTS {
            let written = dialect.write(&record);
            prop_assert!(serde_json::from_str::<BTreeMap<String, Box<RawValue>>>(&written).is_ok(), "{}", written);
        }
    }
}

#[test]
fn a_record_without_id_takes_the_one_it_is_given() {
    assert_eq!(read("jsonl", "{}").id, Uuid::from_u128(99));
}
