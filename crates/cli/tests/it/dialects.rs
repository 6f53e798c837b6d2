//! Records of older audit systems in and out through a book.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::fixture::Place;

/// Two lines of each system; no secret in them, for what redaction takes out is not given back.
const SAMPLES: &[(&str, &str, &str)] = &[
    (
        "audit_logger",
        "acme",
        r#"{"audit_id":"audit_1700000000123_a1b2c3d4","timestamp":1700000000.123456,"action_type":"code_execution","level":"compliance","user_id":"ann","tenant_id":"acme","details":{"tool_name":"execute_code","execution_time":0.10,"success":false,"result_size":0},"context":{"timestamp":1e400},"previous_hash":"genesis","compliance_tags":["tool_execution","execute_code"]}
{"audit_id":"audit_1700000000124_a1b2c3d5","timestamp":1700000000.5,"action_type":"security_event","level":"critical","user_id":"system","tenant_id":"acme","details":{"error":"Compliance review failed"},"context":{},"previous_hash":"00","compliance_tags":["review_failure","general"]}"#,
    ),
    (
        "audit_log",
        "default",
        r#"{"id":"5f0c6a5e-2f5b-4f0e-9d0e-0f6c2a3b4c5d","event_type":"project_update","operation_name":"Rename project","operation_id":"op-17","user_id":null,"project_id":"p1","args":"{\"name\": \"new\", \"n\": 0.10}","result":null,"error":"","before_state":{},"after_state":"{\"name\": \"new\"}","created_at":"2026-02-20T07:21:42.457123"}
{"id":"5f0c6a5e-2f5b-4f0e-9d0e-0f6c2a3b4c5e","event_type":"tool_call","operation_name":"List","operation_id":"op-18","user_id":"bob","project_id":null,"args":{},"result":[1,2.50],"error":null,"before_state":null,"after_state":null,"created_at":"2026-02-20T07:21:43"}"#,
    ),
    (
        "jsonl",
        "default",
        r#"{"timestamp":"2026-02-20T07:21:42.457Z","actor":"mcp","action":"mcp_call","success":true,"details":{"service":"social_mcp","endpoint":"facebook_post","data":{"text":"Hello"},"response":{"post_id":"12345"}},"error":null,"session_id":"session-123"}
{"timestamp":"2026-02-20T07:21:42.457Z","actor":"watcher","action":"watcher_event","success":false,"details":{"file":"in/a.md"},"error":"no such task","session_id":"session-123"}"#,
    ),
    (
        "ami",
        "default",
        r#"{"record_id":"0190163d-8694-739b-aea5-966c26f8ad90","record_hash":"ab12","timestamp":"2025-10-31T10:00:00","actor":"ami-agent","action":"quality_check","target":"base/backend/","target_type":"quality","source":"quality_source","reason":null,"context":{"record_id":"7"},"metadata":{"dialect":"mine","n":1e400},"previous_hash":"0","nonce":0,"signatures":[],"findings":[{"finding_id":"f1","finding_type":"complexity","severity":"high","description":"too long","location":"a.py:10:2","recommendation":null,"metadata":{"score":0.10}}],"violations":[],"severity":"HIGH","classification":"confidential","status":"verified"}"#,
    ),
    (
        "booking",
        "benova",
        r#"{"audit_id":"audit_xyz123","company_id":"benova","user_id":"user_maria","agent_name":"schedule_agent","conversation_id":"conv_789","action_type":"booking","action_name":"google_calendar.create_event","input_params":{"date":"2025-01-20","time":"10:00"},"status":"compensated","result":{"event_id":"evt_abc123"},"error_message":null,"duration_ms":250.5,"compensable":true,"compensation_action":"google_calendar.delete_event","compensation_params":{"event_id":"evt_abc123"},"tags":["calendar","booking"],"created_at":"2025-01-19T09:00:00.000001","ttl_days":90}
{"audit_id":"audit_xyz124","company_id":"benova","user_id":null,"agent_name":"schedule_agent","conversation_id":null,"action_type":"notification","action_name":"email.send","input_params":{},"status":"pending","result":null,"error_message":null,"duration_ms":null,"compensable":false,"compensation_action":null,"compensation_params":{},"tags":[],"created_at":"2025-01-19T09:00:01","ttl_days":90}"#,
    ),
    (
        "cloudevents",
        "default",
        r#"{"specversion":"1.0","type":"com.github.pull_request.opened","source":"https://github.com/cloudevents/spec/pull","subject":"123","id":"A234-1234-1234","time":"2018-04-05T17:31:00Z","comexampleextension1":"value","comexampleothervalue":5,"datacontenttype":"text/xml","data":"<much wow=\"xml\"/>"}
{"specversion":"1.0","type":"com.example.someevent","source":"/mycontext","id":"B234-1234-1234","traceparent":"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01","data":{"n":0.10,"big":12345678901234567890123}}
{"specversion":"1.0","type":"com.example.someevent","source":"/other","id":"B234-1234-1234","data_base64":"AAEC"}"#,
    ),
];

/// A book of that tenant.
fn place_of(tenant: &str) -> Place {
    let place = Place::empty();
    place.ok(["init", "--quiet", "--tenant", tenant]);
    place
}

/// Fields by name, texts without their escapes, everything else digit for digit.
fn fields(line: &str) -> BTreeMap<String, String> {
    let raw: BTreeMap<String, Box<serde_json::value::RawValue>> = serde_json::from_str(line).unwrap();
    let plain = |raw: &serde_json::value::RawValue| match serde_json::from_str::<String>(raw.get()) {
        Ok(text) => format!("text {text}"),
        Err(_) => raw.get().split_whitespace().collect(),
    };
    raw.into_iter().map(|(name, raw)| (name, plain(&raw))).collect()
}

#[test]
fn each_dialect_goes_through_a_book_and_comes_back() {
    for (dialect, tenant, lines) in SAMPLES {
        let place = place_of(tenant);
        place.write("old.jsonl", format!("{lines}\n"));
        let count = lines.lines().count() as u64;
        let report = place.json(["import", "--dialect", dialect, "old.jsonl", "--tenant", tenant]);
        assert_eq!((report["sealed"].as_u64(), report["records"].as_u64()), (Some(count), Some(count)), "{dialect}");
        let out = place.ok(["export", "--dialect", dialect, "--tenant", tenant]);
        let back: Vec<_> = out.lines().map(fields).collect();
        assert_eq!(back, lines.lines().map(fields).collect::<Vec<_>>(), "{dialect}");
        place.ok(["verify", "--tenant", tenant]);
        // An import may be repeated, also of lines that bring no id.
        if *dialect == "cloudevents" {
            // One of them has no time: it is another one each time.
            continue;
        }
        let again = place.json(["import", "--dialect", dialect, "old.jsonl", "--tenant", tenant]);
        assert_eq!((again["sealed"].as_u64(), again["duplicates"].as_u64()), (Some(0), Some(count)), "{dialect}");
    }
}

#[test]
fn two_equal_lines_are_two_records() {
    let (_, _, lines) = SAMPLES[2];
    let line = lines.lines().next().unwrap();
    let place = Place::new();
    place.write("a.jsonl", format!("{line}\n{line}\n"));
    place.write("b.jsonl", format!("{line}\n"));
    assert_eq!(place.json(["import", "--dialect", "jsonl", "a.jsonl", "b.jsonl"])["sealed"], 3);
    // The file has grown since.
    place.write("a.jsonl", format!("{line}\n{line}\n{line}\n"));
    assert_eq!(place.json(["import", "--dialect", "jsonl", "a.jsonl"])["sealed"], 1);
}

#[test]
fn what_is_wrong_is_named_by_file_and_line() {
    let place = Place::new();
    let (_, _, good) = SAMPLES[2];
    for (dialect, bad, code) in [
        ("jsonl", "{\"timestamp\":\"2026-02-20", "invalid_json"),
        ("jsonl", r#"{"timestamp":"then","actor":"a"}"#, "invalid_field"),
        ("jsonl", r#"{"actor":"a","actor":"b"}"#, "duplicate_field"),
        ("audit_logger", r#"{"audit_id":"x","level":"SECRET-LEVEL"}"#, "invalid_field"),
        ("ami", r#"{"record_id":"x","severity":9}"#, "invalid_field"),
        ("booking", r#"{"audit_id":"x","company_id":"benova"}"#, "tenant_mismatch"),
        ("booking", r#"{"audit_id":"x","status":"done","duration_ms":"long"}"#, "invalid_field"),
        ("audit_log", "[1]", "invalid_json"),
        ("audit_log", "\u{feff}{}", "invalid_json"),
    ] {
        let lines = if dialect == "jsonl" { good } else { "" };
        place.write("old.jsonl", format!("{lines}\n{bad}\n"));
        let ended = place.run(["import", "--dialect", dialect, "old.jsonl"]);
        let line = if dialect == "jsonl" { 3 } else { 2 };
        let error = ended.err.lines().find(|line| line.starts_with("error[")).unwrap();
        assert_eq!(ended.code, 2, "{ended:?}");
        assert!(error.starts_with(&format!("error[{code}]: old.jsonl:{line}")), "{dialect}: {error}");
        assert!(!error.contains("SECRET-LEVEL"), "{error}");
    }
    let ended = place.run(["import", "--dialect", "cobol", "old.jsonl"]);
    assert!(ended.code == 2 && ended.err.starts_with("error[unknown_dialect]: --dialect:"), "{ended:?}");
}

#[test]
fn records_of_other_tenants_can_be_left_out() {
    let place = place_of("acme");
    let (_, _, acme) = SAMPLES[0];
    place.write("all.jsonl", format!("{acme}\n{}\n", acme.replace("\"acme\"", "\"other\"")));
    let arguments = ["import", "--dialect", "audit_logger", "all.jsonl", "--tenant", "acme"];
    assert_eq!(place.run(arguments).code, 2);
    let report = place.json(arguments.iter().chain(&["--skip-other-tenants"]));
    assert_eq!((&report["duplicates"], &report["other_tenants"]), (&2.into(), &2.into()), "{report}");
    assert_eq!(place.ok(["export", "--tenant", "acme"]).lines().count(), 2);
}

#[test]
fn a_secret_in_an_old_record_does_not_come_in() {
    let place = Place::new();
    let line = r#"{"id":"a","operation_name":"login","args":{"api_key":"sk-live-0123456789abcdef0123","note":"x"}}"#;
    assert_eq!(place.run_with(["import", "--dialect", "audit_log", "-"], line).code, 0);
    let out = place.ok(["export", "--dialect", "audit_log"]);
    assert!(out.contains("\"note\":\"x\"") && !out.contains("sk-live"), "{out}");
}

#[test]
fn any_record_can_be_told_in_any_dialect() {
    let place = Place::new();
    place.append(&["--action", "deploy.start", "--target", "service:shop", "--phase", "intent"]);
    place.append(&["--action", "deploy.start", "--target", "service:shop", "--outcome", "failed", "--error", "\"no\""]);
    for (dialect, _, _) in SAMPLES {
        let out = place.ok(["export", "--dialect", dialect]);
        let lines: Vec<Value> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(lines.len(), 2, "{dialect}");
    }
    let out = place.ok(["export", "--dialect", "jsonl"]);
    let lines: Vec<Value> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((&lines[0]["success"], &lines[1]["success"]), (&Value::Null, &false.into()), "announced is not failed");
}

#[test]
fn every_kind_of_line_is_found_by_its_category_and_session() {
    let place = Place::new();
    let kinds = [
        ("mcp_call", r#"{"service":"odoo","endpoint":"invoice","data":{"n":1},"response":{"id":7}}"#),
        ("llm_request", r#"{"model":"claude","prompt_length":120,"response_length":34}"#),
        ("watcher_event", r#"{"file":"Inbox/a.md","event":"created"}"#),
        ("task_processing", r#"{"file":"Needs_Action/a.md","from":"pending","to":"done"}"#),
        ("iteration", r#"{"iteration":3,"max_iterations":10}"#),
        ("error", r#"{"context":"sync","severity":"high"}"#),
        ("security_event", r#"{"validated":false,"service":"mail"}"#),
        ("access_attempt", r#"{"service":"mail"}"#),
        ("health_check", r#"{"service":"odoo","latency_ms":12.50}"#),
        ("sensitive_operation", r#"{"operation":"payment","amount":0.10,"before":{},"after":{}}"#),
        ("performance", r#"{"duration_ms":1500,"memory_mb":64}"#),
    ];
    let line = |(n, (action, details)): (usize, &(&str, &str))| {
        format!(
            "{{\"timestamp\":\"2026-02-20T07:21:{n:02}.000Z\",\"actor\":\"orchestrator\",\"action\":\"{action}\",\"success\":{},\"details\":{details},\"error\":null,\"session_id\":\"s-9\"}}\n",
            *action != "error"
        )
    };
    place.write("orchestrator_gold.log", kinds.iter().enumerate().map(line).collect::<String>());
    place.ok(["import", "--dialect", "jsonl", "orchestrator_gold.log"]);
    for (category, details) in kinds {
        let found = place.json(["query", "--category", category, "--session", "s-9"]);
        let records = found["records"].as_array().unwrap();
        assert_eq!(records.len(), 1, "{category}");
        let seq = records[0]["seq"].to_string();
        let whole = place.json(["show", &seq]);
        assert_eq!(whole["record"]["input"], serde_json::from_str::<Value>(details).unwrap(), "{category}");
    }
    assert_eq!(place.json(["query", "--outcome", "failed"])["records"].as_array().unwrap().len(), 1);
}
