//! Definitions as they are written down.

use std::collections::BTreeSet;

use proptest::prelude::*;
use sealbook_flow::workflow::{Config, Definition, NodeType, node_templates, schema};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{node, read, text, workflow};

/// One node of each type, with the least that it takes.
pub(crate) fn one_of_each() -> Value {
    json!([
        node("ask", "input", json!({})),
        node("plan", "agent", json!({"agent_type": "planner", "task_template": "{{ inputs.ask }}"})),
        node("book", "tool", json!({"tool_name": "calendar", "parameters": {"title": "{{ nodes.plan }}"}})),
        node("big", "condition", json!({"condition_type": "exists", "field_path": "nodes.book.id"})),
        node(
            "each",
            "loop",
            json!({
                "iteration_source": "nodes.book.guests",
                "loop_body": [node("mail", "tool", json!({"tool_name": "send_email", "parameters": {"to": "{{ item }}"}}))]
            })
        ),
        node("fork", "parallel", json!({})),
        node(
            "left",
            "transform",
            json!({"transform_type": "extract", "transform_config": {"source_field": "nodes.book", "path": "id"}})
        ),
        node("right", "wait", json!({"seconds": 60})),
        node("join", "merge", json!({})),
        node("yes", "approval", json!({"message": "Go on with {{ nodes.join.left }}?"})),
        node("sub", "workflow", json!({"workflow": "invoices", "inputs": {"id": "{{ nodes.book.id }}"}})),
        node("safe", "saga", json!({"saga_body": [node("pay", "tool", json!({"tool_name": "pay"}))]})),
        node("out", "output", json!({"template": {"id": "{{ nodes.book.id }}"}}))
    ])
}

pub(crate) fn whole() -> Definition {
    let edges = [
        "ask plan",
        "plan book",
        "book big",
        "big each true",
        "big fork false",
        "fork left",
        "fork right",
        "left join",
        "right join",
        "join yes",
        "yes sub",
        "sub safe",
        "safe out",
        "each out",
    ];
    workflow(&one_of_each(), &edges)
}

#[test]
fn every_node_type_survives_its_json() {
    let whole = whole();
    let types: BTreeSet<&str> = whole.nodes().iter().map(|node| node.config.node_type().as_str()).collect();
    assert_eq!(types, NodeType::ALL.iter().map(|it| it.as_str()).collect());
    let again = read(&whole.to_json().to_string());
    assert_eq!(again, whole);
    assert_eq!(again.digest(), whole.digest());
    assert_eq!(read(&whole.to_canonical()).to_canonical(), whole.to_canonical());
}

#[test]
fn fields_ids_and_defaults_are_those_that_were_asked_for() {
    let whole = whole();
    let json = whole.to_listed_json();
    let names = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<BTreeSet<_>>();
    for field in ["workflow_id", "name", "description", "nodes", "version", "tags", "metadata"] {
        assert!(names(&json).contains(field), "{field}");
    }
    for field in ["node_id", "name", "node_type", "config", "inputs", "outputs", "position", "metadata"] {
        assert!(names(&json["nodes"][3]).contains(field), "{field}");
    }
    assert_eq!(json["nodes"][3]["inputs"], json!(["book"]));
    assert_eq!(json["nodes"][3]["outputs"], json!(["each", "fork"]));
    assert_eq!(json["timeout_s"], 300);
    assert_eq!(json["version"], 1);
    assert_eq!(json["nodes"][2]["config"]["retry_count"], 3);
    assert_eq!(json["nodes"][4]["config"]["max_iterations"], 100);
    assert_eq!(json["nodes"][0]["position"], json!({"x": 0.0, "y": 0.0}));
}

#[test]
fn a_digest_is_over_canonical_json_and_not_over_how_it_was_written() {
    let plain = read(r#"{"workflow_id":"w","name":"W","nodes":[],"edges":[],"tags":["ä"]}"#);
    let spaced = read("{ \"tags\" : [\"\\u00e4\"],\n\"name\":\"W\", \"version\": 1, \"workflow_id\":\"w\" }");
    assert_eq!(plain.digest(), spaced.digest());
    let canonical = r#"{"description":"","edges":[],"metadata":{},"name":"W","nodes":[],"tags":["ä"],"timeout_s":300,"version":1,"workflow_id":"w"}"#;
    assert_eq!(plain.to_canonical(), canonical);
    let digest = Sha256::digest(canonical).iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    assert_eq!(plain.digest(), digest);
    assert_ne!(read(&canonical.replace("\"W\"", "\"V\"")).digest(), digest);
}

#[test]
fn what_has_one_digest_is_one_value() {
    let of = |number: &str| {
        let step = format!(
            r#"{{"node_id":"n","name":"n","node_type":"tool","config":{{"tool_name":"t","parameters":{{"n":{number}}}}}}}"#
        );
        read(&format!(r#"{{"workflow_id":"w","name":"W","nodes":[{step}]}}"#))
    };
    for (one, other) in [("2", "2.0"), ("0", "-0.0"), ("100", "1e2")] {
        assert_eq!(of(one).digest(), of(other).digest());
        assert_eq!(of(one), of(other));
    }
    assert_ne!(of("2").digest(), of("2.5").digest());
}

#[test]
fn edges_in_the_older_form_are_read() {
    let old = json!({"workflow_id": "workflow_0123456789ab", "name": "Old", "nodes": [
        {"node_id": "node_00000001", "name": "in", "node_type": "input", "config": {}, "inputs": [], "outputs": ["node_00000002"], "position": {"x": 1, "y": 2.5}, "metadata": {}},
        {"node_id": "node_00000002", "name": "ask", "node_type": "condition", "config": {"condition_type": "exists", "field_path": "inputs.in", "true_branch": "node_00000003", "false_branch": "node_00000004"}, "inputs": ["node_00000001"], "outputs": ["node_00000003", "node_00000004"]},
        {"node_id": "node_00000003", "name": "yes", "node_type": "output", "inputs": ["node_00000002"]},
        {"node_id": "node_00000004", "name": "no", "node_type": "output", "inputs": ["node_00000002"]}
    ]});
    let old = read(&old.to_string());
    let edges: Vec<_> = old.edges().iter().map(|it| (it.from.as_str(), it.to.as_str(), it.branch.as_deref())).collect();
    assert_eq!(
        edges,
        [
            ("node_00000001", "node_00000002", None),
            ("node_00000002", "node_00000003", Some("node_00000003")),
            ("node_00000002", "node_00000004", Some("node_00000004")),
        ]
    );
    assert!(sealbook_flow::workflow::validate(&old, None).valid);
    assert_eq!(old.to_listed_json()["nodes"][0]["position"], json!({"x": 1.0, "y": 2.5}));
}

#[test]
fn what_is_wrong_is_named_with_its_place() {
    let of = |id: &str, node_type: &str, config: Value| text(&json!([node(id, node_type, config)]), &[]);
    let body = |inner: Value| of("l", "loop", json!({"iteration_source": "inputs.x", "loop_body": [inner]}));
    for (text, place, word) in [
        ("[1]".to_owned(), "", "map"),
        ("{".to_owned(), "", "EOF"),
        (r#"{"workflow_id":"w","name":1}"#.to_owned(), "/name", "a string"),
        (r#"{"workflow_id":"w"}"#.to_owned(), "", "missing field `name`"),
        (r#"{"workflow_id":"w","name":"n","nods":[]}"#.to_owned(), "/nods", "unknown field `nods`"),
        (r#"{"workflow_id":"w","name":"n","name":"m"}"#.to_owned(), "/name", "twice"),
        (r#"{"workflow_id":"1 w","name":"n"}"#.to_owned(), "/workflow_id", "no id"),
        (r#"{"workflow_id":"w","name":"n","nodes":7}"#.to_owned(), "/nodes", "no list"),
        (
            r#"{"workflow_id":"w","name":"n","metadata":{"n":123456789012345678901234}}"#.to_owned(),
            "/metadata/n",
            "text",
        ),
        (r#"{"workflow_id":"w","name":"n","metadata":{"a/b":1e999}}"#.to_owned(), "/metadata/a~1b", "range"),
        (of("a", "frobnicate", json!({})), "/nodes/0/node_type", "unknown variant `frobnicate`"),
        (of("a b", "wait", json!({"seconds": 1})), "/nodes/0/node_id", "no id"),
        (of("a", "tool", json!({})), "/nodes/0/config", "missing field `tool_name`"),
        (of("a", "tool", json!({"tool_name": "t", "retry_count": "three"})), "/nodes/0/config/retry_count", "u32"),
        (of("a", "tool", json!({"tool_name": "t", "retries": 1})), "/nodes/0/config/retries", "unknown field"),
        (of("a", "wait", json!({})), "/nodes/0/config/seconds", "either"),
        (
            of("a", "loop", json!({"iteration_source": "x", "loop_body": [], "max_iterations": 0})),
            "/nodes/0/config/max_iterations",
            "0 rounds",
        ),
        (
            of("a", "condition", json!({"condition_type": "equals", "field_path": "inputs.a"})),
            "/nodes/0/config/expected_value",
            "missing",
        ),
        (of("a", "agent", json!({"agent_type": "custom", "task_template": "x"})), "/nodes/0/config/prompt", "prompt"),
        (of("a", "merge", json!({"join": "n"})), "/nodes/0/config/count", "how many"),
        (
            of("a", "transform", json!({"transform_type": "map", "transform_config": {"path": "x"}})),
            "/nodes/0/config/transform_config/path",
            "does not use",
        ),
        (
            of("a", "approval", json!({"message": "x", "approvers": ["ann", "bob"], "quorum": 3})),
            "/nodes/0/config/quorum",
            "1 to 2",
        ),
        (body(node("x", "tool", json!({"tool_name": ""}))), "/nodes/0/config/loop_body/0/config/tool_name", "empty"),
        (body(json!({"node_id": "x"})), "/nodes/0/config/loop_body/0", "missing field"),
        (body(node("l", "wait", json!({"seconds": 1}))), "/nodes/0/config/loop_body/0/node_id", "twice"),
        (text(&json!([]), &["a b"]), "/edges/0/from", "no node `a`"),
    ] {
        let error = Definition::read(&text).expect_err(&text);
        assert!(matches!(error.code(), "definition_invalid" | "definition_too_large"), "{text}");
        let said = error.to_string();
        assert!(said.contains(&format!("at `{place}`")), "{text}: {said}");
        assert!(said.contains(word), "{text}: {said}");
    }
}

#[test]
fn no_error_quotes_a_value() {
    for text in [
        r#"{"workflow_id":"w","name":"n","version":"hunter2"}"#.to_owned(),
        text(&json!([node("a", "tool", json!({"tool_name": "t", "retry_count": "hunter2"}))]), &[]),
        text(&json!([node("a", "tool", json!({"tool_name": "t", "parameters": "hunter2"}))]), &[]),
    ] {
        let said = Definition::read(&text).unwrap_err().to_string();
        assert!(!said.contains("hunter2"), "{said}");
    }
}

#[test]
fn what_is_too_much_is_refused() {
    let wait = |index: usize| node(&format!("n{index}"), "wait", json!({"seconds": 1}));
    let many: Vec<Value> = (0..2_001).map(wait).collect();
    let long = "x".repeat(20_000);
    let mut nested = node("n0", "wait", json!({"seconds": 1}));
    for depth in 1..8 {
        nested = node(&format!("n{depth}"), "loop", json!({"iteration_source": "inputs.x", "loop_body": [nested]}));
    }
    for (text, word) in [
        (text(&json!(many), &[]), "2001 of them"),
        (" ".repeat(2 << 20), "bytes"),
        ("[".repeat(100_000), "deep"),
        (format!("{}1{}", "{\"a\":".repeat(60), "}".repeat(60)), "deep"),
        (format!("[{}1]", "1,".repeat(300_000)), "values"),
        (text(&json!([nested]), &[]), "deep in each other"),
    ] {
        let error = Definition::read(&text).expect_err(word);
        assert_eq!(error.code(), "definition_too_large", "{error}");
        assert!(error.to_string().contains(word), "{error}");
    }
    let error = Definition::read(&text(&json!([node("a", "approval", json!({"message": long}))]), &[])).unwrap_err();
    assert!(error.to_string().contains("20000 bytes"), "{error}");
}

#[test]
fn templates_have_the_fields_that_were_asked_for() {
    let templates = node_templates();
    let properties = |name: &str| -> BTreeSet<String> {
        let template = templates.iter().find(|it| it.node_type.as_str() == name).unwrap();
        template.config_schema["properties"].as_object().unwrap().keys().cloned().collect()
    };
    let asked: &[(&str, &[&str])] = &[
        ("input", &["input_type", "validation", "default_value"]),
        ("output", &["output_format", "template"]),
        ("agent", &["agent_type", "task_template", "model_preference"]),
        ("tool", &["tool_name", "parameters", "retry_count"]),
        ("condition", &["condition_type", "field_path", "expected_value", "true_branch", "false_branch"]),
        ("loop", &["iteration_source", "loop_body", "max_iterations"]),
        ("transform", &["transform_type", "transform_config"]),
        ("parallel", &["max_concurrent"]),
        ("merge", &["join", "reducer"]),
    ];
    for (name, fields) in asked {
        let has = properties(name);
        assert!(fields.iter().all(|field| has.contains(*field)), "{name}: {has:?}");
    }
    let names: Vec<_> = templates.iter().take(9).map(|it| (it.node_type.as_str(), it.name)).collect();
    assert_eq!(names[0], ("input", "Input Node"));
    assert_eq!(templates[2].description, "Execute tasks using AI agents");
}

#[test]
fn the_published_schema_is_that_of_the_code() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/schemas/workflow.json");
    let made = serde_json::to_string_pretty(&schema()).unwrap() + "\n";
    if std::env::var_os("SCHEMA_WRITE").is_some() {
        std::fs::create_dir_all(std::path::Path::new(path).parent().unwrap()).unwrap();
        std::fs::write(path, &made).unwrap();
    }
    let published = std::fs::read_to_string(path).unwrap();
    assert!(published == made, "docs/schemas/workflow.json is out of date; run this test with SCHEMA_WRITE=1");
}

#[test]
fn the_schema_and_the_reader_agree() {
    let schema = jsonschema::validator_for(&schema()).unwrap();
    let good = whole();
    assert!(schema.is_valid(&good.to_json()));
    assert!(schema.is_valid(&good.to_listed_json()));
    for (at, node) in good.nodes().iter().enumerate() {
        let mut bad = good.to_json();
        bad["nodes"][at]["config"]["frobnicate"] = json!(1);
        assert!(!schema.is_valid(&bad), "{}", node.name);
        assert!(Definition::read(&bad.to_string()).is_err(), "{}", node.name);
        if let Config::Tool(_) | Config::Agent(_) = node.config {
            let mut bad = good.to_json();
            bad["nodes"][at]["config"]["retry_count"] = json!("3");
            assert!(!schema.is_valid(&bad) && Definition::read(&bad.to_string()).is_err());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(256) })]

    #[test]
    fn garbage_is_refused_or_read(text in ".{0,200}") {
        let _ = Definition::read(&text);
    }

    /// A good definition with one piece of it replaced: it is refused, or it survives its JSON.
    #[test]
    fn what_is_read_survives_its_json(at in 0_usize..4_000, len in 0_usize..12, new in "[\\[\\]{}\",:0-9a-z{}%|. -]{0,12}") {
        let good = whole().to_json().to_string();
        let (from, to) = (at.min(good.len()), (at + len).min(good.len()));
        let bad = format!("{}{new}{}", &good[..from], &good[to..]);
        if let Ok(definition) = Definition::read(&bad) {
            prop_assert_eq!(&read(&definition.to_canonical()), &definition);
            let _ = sealbook_flow::workflow::validate(&definition, None);
        }
    }
}
