//! Edits, versions, and what is told and drawn of a workflow.

use sealbook_flow::workflow::{
    Definition, Detail, DiagramFormat, NewWorkflow, NodeChange, NodeType, Position, diagram, diff, explain, listing,
    node_id, not_mentioned, run_id, workflow_id,
};
use sealbook_record::Timestamp;
use serde_json::{Map, Value, json};

use super::definitions::whole;
use super::{node, read, workflow};

fn map(value: Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}

fn created() -> Definition {
    let new = NewWorkflow { name: "Tea".to_owned(), ..NewWorkflow::default() };
    Definition::create(0xabcd, new, Timestamp::from_micros(1_767_225_600_000_000)).unwrap()
}

#[test]
fn ids_have_their_forms() {
    assert_eq!(workflow_id(0xabcd), "workflow_00000000abcd");
    assert_eq!(workflow_id(u64::MAX), "workflow_ffffffffffff");
    assert_eq!(node_id(7), "node_00000007");
    assert_eq!(run_id(1 << 60 | 5), "exec_000000000005");
}

#[test]
fn each_edit_gives_the_next_version_and_leaves_the_old_one() {
    let first = created();
    assert_eq!((first.version(), first.description(), first.tags().len(), first.nodes().len()), (1, "", 0, 0));
    let (second, tool) =
        first.with_node(1, NodeType::Tool, "Boil", &map(json!({"tool_name": "kettle"})), Position::default()).unwrap();
    let (third, out) = second.with_node(1, NodeType::Output, "Cup", &Map::new(), Position { x: 1.0, y: 2.0 }).unwrap();
    assert_eq!((tool.as_str(), out.as_str()), ("node_00000001", "node_00000002"), "an id that is taken is not used");
    let fourth = third.with_edge(&tool, &out, None).unwrap();
    assert_eq!(fourth.with_edge(&tool, &out, None).unwrap(), fourth, "no edge stands twice");
    let fifth = fourth
        .with_change(
            &tool,
            NodeChange {
                name: Some("Heat".to_owned()),
                config: Some(map(json!({"tool_name": "stove"}))),
                ..NodeChange::default()
            },
        )
        .unwrap();
    let sixth = fifth.without_edge(&tool, &out, None).unwrap();
    let seventh = fourth.without_node(&tool).unwrap();
    let versions = [&first, &second, &third, &fourth, &fifth, &sixth, &seventh].map(Definition::version);
    assert_eq!(versions, [1, 2, 3, 4, 5, 6, 5]);
    assert_eq!((first.nodes().len(), fourth.inputs(&out), sixth.inputs(&out)), (0, vec![tool.as_str()], vec![]));
    assert!(seventh.edges().is_empty() && seventh.node(&tool).is_none());
    let copy = fifth.clone_as(9, "Tea again", Timestamp::from_micros(0)).unwrap();
    assert_eq!((copy.id(), copy.version(), copy.nodes()), ("workflow_000000000009", 1, fifth.nodes()));
    assert_eq!(fifth.renamed(Some("Coffee"), None, None).unwrap().name(), "Coffee");
    for made in [&first, &fifth, &copy] {
        assert_eq!(&read(&made.to_json().to_string()), made);
    }
}

#[test]
fn edits_that_cannot_be_made_say_why() {
    let first = created();
    let tool = || map(json!({"tool_name": "kettle"}));
    let (second, id) = first.with_node(1, NodeType::Tool, "Boil", &tool(), Position::default()).unwrap();
    assert_eq!(second.with_edge(&id, "nobody", None).unwrap_err().to_string(), "Source or target node not found");
    assert_eq!(second.without_node("nobody").unwrap_err().to_string(), "Node nobody not found");
    assert_eq!(second.with_change("nobody", NodeChange::default()).unwrap_err().code(), "node_not_found");
    assert!(second.without_edge(&id, &id, None).is_err());
    let bad = second.with_node(2, NodeType::Tool, "Pour", &Map::new(), Position::default()).unwrap_err();
    assert!(bad.to_string().contains("missing field `tool_name`"), "{bad}");
    let bad = second.with_change(&id, NodeChange { config: Some(map(json!({"tool": "x"}))), ..NodeChange::default() });
    assert!(bad.unwrap_err().to_string().contains("/config"));
    let gone = sealbook_flow::workflow::WorkflowError::WorkflowNotFound { id: "w1".to_owned() };
    assert_eq!(gone.to_string(), "Workflow w1 not found");
}

#[test]
fn a_difference_names_what_is_other() {
    let before = whole();
    let after = before
        .without_node("right")
        .and_then(|it| it.with_edge("ask", "out", None))
        .and_then(|it| it.renamed(Some("Bookings"), None, None))
        .and_then(|it| {
            it.with_change(
                "book",
                NodeChange { config: Some(map(json!({"tool_name": "diary"}))), ..NodeChange::default() },
            )
        })
        .unwrap();
    let told = serde_json::to_value(diff(&before, &after)).unwrap();
    assert_eq!(told["removed"], json!(["right"]));
    assert_eq!(told["connected"], json!([{"from": "ask", "to": "out"}]));
    assert_eq!(told["disconnected"].as_array().unwrap().len(), 2);
    assert_eq!(told["fields"][0], json!({"at": "/name", "before": "Orders", "after": "Bookings"}));
    assert_eq!(told["changed"][0]["node_id"], "book");
    assert_eq!(
        told["changed"][0]["fields"][1],
        json!({"at": "/config/tool_name", "before": "calendar", "after": "diary"})
    );
    assert_eq!((&told["from"], &told["to"]), (&json!(before.digest()), &json!(after.digest())));
    let same = diff(&before, &before);
    assert!(same.added.is_empty() && same.changed.is_empty() && same.fields.is_empty() && same.connected.is_empty());
}

#[test]
fn every_node_is_mentioned_at_every_level() {
    let whole = whole();
    for (word, detail) in [("basic", Detail::Basic), ("medium", Detail::Medium), ("detailed", Detail::Detailed)] {
        assert_eq!(Detail::of_word(word), detail);
        let text = explain(&whole, detail, None);
        assert_eq!(not_mentioned(&whole, &text), Vec::<String>::new(), "{text}");
        assert_eq!(text, explain(&whole, detail, None));
    }
    assert_eq!(Detail::of_word("other"), Detail::Medium);
    let basic = explain(&whole, Detail::Basic, None);
    assert!(basic.split(". ").count() <= 3, "{basic}");
    assert_eq!(not_mentioned(&whole, "only “ask” and “plan”").len(), whole.nodes().len() + 2 - 2);
}

#[test]
fn an_explanation_follows_the_graph() {
    let small = workflow(
        &json!(
            [
                node("order", "input", json!({"input_type": "json"})),
                node(
                    "Large?",
                    "condition",
                    json!({"condition_type": "greater", "field_path": "inputs.order.total", "expected_value": 100})
                ),
                node(
                    "Ask",
                    "approval",
                    json!({"message": "Pay {{ inputs.order.total }}?", "approvers": ["ann", "bob"]})
                ),
                node(
                    "Pay",
                    "tool",
                    json!({"tool_name": "pay", "parameters": {"amount": "{{ inputs.order.total }}"}, "timeout_s": 120})
                ),
                node("Done", "output", json!({"template": "{{ nodes.Pay.id }}"}))
            ]
            .map(|mut node| {
                node["node_id"] = json!(node["name"].as_str().unwrap().trim_end_matches('?'));
                node
            })
        ),
        &["order Large", "Large Ask true", "Large Pay false", "Ask Pay", "Pay Done"],
    );
    let told = explain(&small, Detail::Detailed, None);
    assert_eq!(
        told,
        "“Orders” has 5 steps, and at most 5 minutes for a run.\n\
         \n1. “order” (input) takes JSON from outside; it must be given. Then comes 2 “Large?”.\n\
         \n2. “Large?” (condition) takes the branch “true” if `inputs.order.total` is greater than 100, else “false”. “true” leads to 3 “Ask”. “false” leads to 4 “Pay”. It reads `inputs.order`.\n\
         \n3. “Ask” (approval) waits for a yes from 1 of ann, bob to “Pay {{ inputs.order.total }}?”, 1 day at most. Then comes 4 “Pay”. It reads `inputs.order`.\n\
         \n4. “Pay” (tool) calls the tool `pay` with amount. Then comes 5 “Done”. It reads `inputs.order`. Where it fails and may be repeated, it is tried up to 4 times. It may last 2 minutes.\n\
         \n5. “Done” (output) gives JSON from its template. It reads what “Pay” gave.\n\
         \nWhen a step fails, the run fails, unless a merge bears it. Nothing is known that could not be undone then.\n"
    );
    let list = listing(&small);
    assert!(
        list.starts_with("Nodes (5):\n- order (input): {")
            && list.contains("  Inputs from: Large, Ask\n  Outputs to: Done"),
        "{list}"
    );
}

#[test]
fn diagrams_have_their_shapes_and_colours() {
    let whole = whole();
    let dot = diagram(&whole, DiagramFormat::Dot).unwrap();
    assert!(dot.contains("rankdir=TB"));
    assert!(
        dot.contains(r#""ask" [label="ask\n(input)", shape=invhouse, style=filled, fillcolor=lightgreen];"#),
        "{dot}"
    );
    assert!(dot.contains(r#""out" [label="out\n(output)", shape=house, style=filled, fillcolor=lightcoral];"#));
    assert!(dot.contains(r#""big" [label="big\n(condition)", shape=diamond, style=filled, fillcolor=lightyellow];"#));
    assert!(dot.contains(r#""plan" [label="plan\n(agent)", shape=ellipse, style=filled, fillcolor=lightblue];"#));
    assert!(dot.contains(r#""big" -> "each" [label="true"];"#));
    let mermaid = diagram(&whole, DiagramFormat::Mermaid).unwrap();
    assert!(mermaid.starts_with("flowchart TB\n") && mermaid.contains("n3 -->|\"true\"| n4"), "{mermaid}");
    let svg = diagram(&whole, DiagramFormat::Svg).unwrap();
    for colour in ["#90ee90", "#f08080", "#ffffe0", "#add8e6"] {
        assert!(svg.contains(colour), "{colour}");
    }
    assert_eq!(svg.matches("<g>").count(), whole.nodes().len());
    assert_eq!(svg.matches("marker-end").count(), whole.edges().len());
    assert_eq!(svg, diagram(&whole, DiagramFormat::Svg).unwrap(), "the same each time");
    assert_eq!(DiagramFormat::of_word("svg"), Some(DiagramFormat::Svg));
    assert_eq!(DiagramFormat::of_word("png"), None);
}

#[test]
fn labels_cannot_leave_their_place() {
    let evil = "</text><script>alert(1)</script>\"];x[label=\"\\N\u{202e}\n#quot;`%%";
    let mut bad = node("a", "wait", json!({"seconds": 1}));
    bad["name"] = json!(evil);
    let drawn = workflow(&json!([bad, node("end", "output", json!({}))]), &["a end"]);
    let svg = diagram(&drawn, DiagramFormat::Svg).unwrap();
    assert!(!svg.contains("<script") && !svg.contains('\u{202e}') && svg.contains("&lt;script&gt;"), "{svg}");
    let dot = diagram(&drawn, DiagramFormat::Dot).unwrap();
    assert!(dot.matches("\"];x[").count() == dot.matches("\\\"];x[").count() && !dot.contains("<script"), "{dot}");
    let mermaid = diagram(&drawn, DiagramFormat::Mermaid).unwrap();
    assert!(!mermaid.contains("<script") && !mermaid.contains("\"];x") && !mermaid.contains('`'), "{mermaid}");
}

/// Writes pictures to look at, where `DIAGRAMS` names a directory.
#[test]
fn pictures_can_be_looked_at() {
    let Some(dir) = std::env::var_os("DIAGRAMS") else { return };
    let dir = std::path::Path::new(&dir);
    for (name, definition) in [("whole", whole())] {
        for (end, format) in [("svg", DiagramFormat::Svg), ("dot", DiagramFormat::Dot), ("mmd", DiagramFormat::Mermaid)]
        {
            std::fs::write(dir.join(format!("{name}.{end}")), diagram(&definition, format).unwrap()).unwrap();
        }
    }
}
