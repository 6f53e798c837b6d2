//! Errors, warnings and suggestions, and what could not be undone.

use std::collections::HashMap;

use sealbook_flow::workflow::{Definition, Facts, ToolFacts, Undoing, validate};
use serde_json::{Value, json};

use super::{node, workflow};

/// Tools that a test knows: how each is taken back, and what it takes.
pub(crate) struct Known(pub(crate) HashMap<&'static str, (Undoing, Value)>);

impl ToolFacts for Known {
    fn facts(&self, name: &str) -> Option<Facts> {
        let (undoing, schema) = self.0.get(name)?;
        Some(Facts { undoing: *undoing, input_schema: Some(schema.clone()) })
    }
}

pub(crate) fn known() -> Known {
    let mail = json!({"type": "object", "properties": {"to": {"type": "string"}, "n": {"type": "integer"}}, "required": ["to"], "additionalProperties": false});
    Known(HashMap::from([
        ("read", (Undoing::Nothing, json!({"type": "object"}))),
        ("book", (Undoing::Call, json!({"type": "object"}))),
        ("send_email", (Undoing::Irreversible, mail)),
    ]))
}

fn errors(definition: &Definition) -> Vec<String> {
    validate(definition, None).errors
}

fn out() -> Value {
    node("out", "output", json!({"template": "done"}))
}

#[test]
fn the_texts_are_those_that_were_asked_for() {
    let empty = validate(&workflow(&json!([]), &[]), None);
    assert!(!empty.valid);
    assert_eq!(empty.warnings, ["No input nodes found - workflow may not accept external data"]);
    assert_eq!(empty.errors, ["No output nodes found - workflow will not produce results"]);
    let lonely = workflow(
        &json!([node("a", "input", json!({})), node("Tea time", "wait", json!({"seconds": 1})), out()].map(named)),
        &["a out"],
    );
    let lonely = validate(&lonely, None);
    assert!(lonely.valid);
    assert_eq!(lonely.warnings, ["Node 'Tea time' is disconnected"]);
    let cycle = workflow(
        &json!([node("a", "wait", json!({"seconds": 1})), node("b", "wait", json!({"seconds": 1})), out()]),
        &["a b", "b a", "b out"],
    );
    let said = errors(&cycle);
    assert_eq!(said[0], "Workflow contains cycles - this may cause infinite loops");
    assert_eq!(said[1], "On a cycle: 'a', 'b'; a `loop` node repeats within a bound");
    let waits: Vec<Value> = (0..21).map(|at| node(&format!("n{at}"), "wait", json!({"seconds": 1}))).collect();
    let large = validate(&workflow(&json!(waits), &[]), None);
    assert_eq!(large.suggestions, ["Consider breaking this large workflow into smaller, reusable sub-workflows"]);
    let small = validate(&workflow(&json!(waits[..20]), &[]), None);
    assert!(small.suggestions.is_empty());
    let shape = serde_json::to_value(&small).unwrap();
    for field in ["valid", "errors", "warnings", "suggestions"] {
        assert!(!shape[field].is_null(), "{field}");
    }
}

/// The same node, with an id that an id may be.
fn named(mut node: Value) -> Value {
    node["node_id"] = json!(node["name"].as_str().unwrap().replace(' ', "_"));
    node
}

#[test]
fn what_could_not_run_is_refused() {
    let exists = json!({"condition_type": "exists", "field_path": "inputs.a"});
    let input = node("a", "input", json!({}));
    let condition = node("c", "condition", exists);
    for (nodes, edges, word) in [
        (json!([input, condition, out()]), vec!["a c", "c out"], "has no branch; say `true` or `false`"),
        (json!([input, condition, out()]), vec!["a c", "c out maybe"], "the branch `maybe`, which 'c' does not have"),
        (json!([input, condition, out()]), vec!["a c", "c out maybe"], "'out' can never run"),
        (json!([input, out()]), vec!["a out true"], "only conditions have branches"),
        (json!([node("m", "merge", json!({})), out()]), vec!["m out"], "merges nothing"),
        (
            json!([input, node("m", "merge", json!({"join": "n", "count": 2})), out()]),
            vec!["a m", "m out"],
            "waits for 2 branches, and has 1",
        ),
        (json!([node("p", "parallel", json!({})), out()]), vec![], "begins nothing"),
        (
            json!([input, node("l", "loop", json!({"iteration_source": "inputs.a", "loop_body": []})), out()]),
            vec!["a l", "l out"],
            "at least one step",
        ),
        (
            json!([input, node("l", "loop", json!({"iteration_source": "inputs.a", "loop_body": [out()]}))]),
            vec!["a l"],
            "no place within 'l'",
        ),
        (
            json!([input, node("b", "input", json!({"name": "a"})), out()]),
            vec!["a out", "b out"],
            "Two inputs are called `a`",
        ),
        (
            json!([input, node("t", "transform", json!({"transform_type": "map"})), out()]),
            vec!["t out"],
            "0 nodes lead to it",
        ),
        (
            json!([node("out", "output", json!({"template": "{{ inputs.b }}"}))]),
            vec![],
            "there is no input `b`; inputs: there is none",
        ),
        (json!([node("out", "output", json!({"template": "{{ nodes.x.y }}"}))]), vec![], "`nodes.x` is not there"),
        (
            json!([
                node("out", "output", json!({"template": "{{ nodes.late }}"})),
                node("late", "wait", json!({"seconds": 1}))
            ]),
            vec!["out late"],
            "'late' has given nothing by then",
        ),
        (json!([node("out", "output", json!({"template": "{{ nodes.out }}"}))]), vec![], "it is the node itself"),
        (
            json!([node("out", "output", json!({"template": "{{ inputs.a | frobnicate }}"}))]),
            vec![],
            "no filter `frobnicate`",
        ),
        (
            json!([node("c", "condition", json!({"condition_type": "expression", "expression": "1 +"})), out()]),
            vec!["c out true"],
            "cannot be parsed",
        ),
        (
            json!([node("c", "condition", json!({"condition_type": "expression", "expression": "item == 1"})), out()]),
            vec!["c out true"],
            "`item` is not known here",
        ),
        (
            json!([
                node(
                    "c",
                    "condition",
                    json!({"condition_type": "equals", "field_path": "order.total", "expected_value": 1})
                ),
                out()
            ]),
            vec!["c out true"],
            "write `inputs.order.total`",
        ),
    ] {
        let definition = workflow(&nodes, &edges);
        let said = errors(&definition);
        assert!(said.iter().any(|error| error.contains(word)), "{word}: {said:?}");
    }
}

#[test]
fn a_loop_sees_its_element_and_the_steps_before_in_its_round() {
    let looped = |second: &str| {
        let body = json!([
            node(
                "first",
                "tool",
                json!({"tool_name": "read", "parameters": {"id": "{{ item.id }}", "n": "{{ index }}"}})
            ),
            node("second", "tool", json!({"tool_name": "read", "parameters": {"x": second}})),
        ]);
        let nodes = json!([
            node("rows", "input", json!({"input_type": "json"})),
            node("each", "loop", json!({"iteration_source": "inputs.rows", "loop_body": body, "until": "result.done"})),
            node("out", "output", json!({"template": "{{ nodes.each }}"}))
        ]);
        errors(&workflow(&nodes, &["rows each", "each out"]))
    };
    assert_eq!(looped("{{ nodes.first.x }}"), Vec::<String>::new());
    assert!(looped("{{ nodes.second.x }}")[0].contains("runs later in the same body"));
    assert!(looped("{{ nodes.each }}")[0].contains("the node itself"));
    assert!(looped("{{ accumulator }}")[0].contains("not known here"));
}

#[test]
fn what_may_have_been_skipped_is_warned_of() {
    let workflow = |template: &str| {
        workflow(
            &json!([
                node("a", "input", json!({})),
                node("c", "condition", json!({"condition_type": "exists", "field_path": "inputs.a"})),
                node("t", "tool", json!({"tool_name": "read"})),
                node("out", "output", json!({"template": template}))
            ]),
            &["a c", "c t true", "t out", "c out false"],
        )
    };
    let plain = validate(&workflow("{{ nodes.t.x }}"), None);
    assert!(plain.valid);
    assert!(plain.warnings.iter().any(|it| it.contains("'t' may have been skipped by 'c'")), "{:?}", plain.warnings);
    let careful = validate(&workflow("{{ nodes.t.x | default('none') }}"), None);
    assert!(careful.warnings.is_empty(), "{:?}", careful.warnings);
}

#[test]
fn tools_that_are_known_are_checked() {
    let with = |tool: &str, parameters: Value| {
        let nodes = json!([node("t", "tool", json!({"tool_name": tool, "parameters": parameters})), out()]);
        validate(&workflow(&nodes, &["t out"]), Some(&known())).errors
    };
    assert_eq!(with("send_email", json!({"to": "a@b.c", "n": "{{ 1 }}"})), Vec::<String>::new());
    assert!(with("frobnicate", json!({}))[0].contains("no tool `frobnicate`"));
    assert!(with("send_email", json!({}))[0].contains("wants `to`"));
    assert!(with("send_email", json!({"to": "a", "cc": "b"}))[0].contains("does not take `cc`"));
    assert!(with("send_email", json!({"to": 7}))[0].contains("takes a string as `to`"));
    assert!(with("send_email", json!({"to": "a", "n": 1.5}))[0].contains("takes a integer as `n`"));
}

#[test]
fn what_could_not_be_undone_is_said_for_each_step() {
    let tool = |id: &str, name: &str| node(id, "tool", json!({"tool_name": name, "parameters": {"to": "x"}}));
    let nodes = json!([
        tool("book", "book"),
        node("c", "condition", json!({"condition_type": "exists", "field_path": "nodes.book"})),
        tool("mail", "send_email"),
        tool("other", "book"),
        tool("after", "read"),
        node("out", "output", json!({"template": "x"}))
    ]);
    let workflow =
        workflow(&nodes, &["book c", "c mail true", "c other false", "mail after", "other out", "after out"]);
    let said = validate(&workflow, Some(&known()));
    let stuck: Vec<(&str, Vec<&str>)> =
        said.not_undoable.iter().map(|it| (it.name.as_str(), it.stays.iter().map(String::as_str).collect())).collect();
    assert_eq!(stuck, [("after", vec!["mail"]), ("out", vec!["mail"])], "nothing before it, and no other branch");
    assert!(
        said.warnings.iter().any(|it| it.contains("'mail' cannot be undone if 'after', 'out' fails")),
        "{:?}",
        said.warnings
    );
    assert!(validate(&workflow, None).not_undoable.is_empty(), "where no tools are known, nothing is claimed");
}

#[test]
fn a_round_of_a_loop_cannot_undo_the_rounds_before() {
    let mail = node("mail", "tool", json!({"tool_name": "send_email", "parameters": {"to": "{{ item }}"}}));
    let nodes = json!([
        node("l", "input", json!({"input_type": "json"})),
        node("each", "loop", json!({"iteration_source": "inputs.l", "loop_body": [mail]})),
        node("out", "output", json!({"template": "x"}))
    ]);
    let said = validate(&workflow(&nodes, &["l each", "each out"]), Some(&known()));
    assert_eq!(said.not_undoable[0].node_id, "mail");
    assert_eq!(said.not_undoable[0].stays, ["mail"]);
    let compensated = json!({"tool_name": "send_email", "parameters": {"to": "x"}, "compensation": {"tool_name": "book", "parameters": {"id": "{{ result.id }}"}}});
    let nodes = json!([node("t", "tool", compensated), node("out", "output", json!({"template": "x"}))]);
    assert!(validate(&workflow(&nodes, &["t out"]), Some(&known())).not_undoable.is_empty());
}
