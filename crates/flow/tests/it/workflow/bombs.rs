//! Definitions, templates and expressions that are meant to hurt: each ends at a bound, with an error.

use sealbook_flow::workflow::{Config, Definition, Detail, DiagramFormat, Scope, diagram, explain, validate};
use serde_json::{Value, json};

use super::data::{config, given};
use super::{node, text, workflow};

#[test]
fn templates_that_would_grow_without_end_are_refused() {
    let nested = |open: &str, close: &str, depth: usize| format!("{}x{}", open.repeat(depth), close.repeat(depth));
    for (template, word) in [
        ("{% set a = 'x' %}{{ a }}".to_owned(), "no tag `set`"),
        ("{%- with a = 'x' %}{% endwith %}".to_owned(), "no tag `with`"),
        ("{% macro m() %}{{ m() }}{% endmacro %}".to_owned(), "no tag `macro`"),
        ("{% include 'x' %}".to_owned(), "no tag `include`"),
        ("{{ 'a' * 100000000 }}".to_owned(), "does not multiply"),
        ("{{ 9 ** 9 ** 9 }}".to_owned(), "does not multiply"),
        ("{{ range(1000000000) }}".to_owned(), "function"),
        ("{{ 'a' | center(1000000000) }}".to_owned(), "no filter `center`"),
        ("{{ '%1000000000d' | format(1) }}".to_owned(), "no filter `format`"),
        ("{{ 'a' | indent(1000000000) }}".to_owned(), "no filter `indent`"),
        (format!("{{{{ {} }}}}", vec!["inputs.name"; 40].join(" ~ ")), "brackets"),
        (format!("{{{{ {} }}}}", nested("(", ")", 200)), "brackets"),
        (nested("{% for x in inputs.list %}", "{% endfor %}", 3), "loops"),
        (nested("{% if true %}", "{% endif %}", 30), "conditions"),
        (
            "{% for x in inputs.list recursive %}{{ loop(inputs.list) }}{% endfor %}".to_owned(),
            "do not call themselves",
        ),
        ("x".repeat(20_000), "16384"),
        ("{{ inputs.n".to_owned(), "not closed"),
        ("{{ inputs. }}".to_owned(), "parsed"),
    ] {
        let error = given(&json!(template)).expect_err(&template);
        assert!(error.to_string().contains(word), "{}: {error}", &template[..60.min(template.len())]);
    }
}

#[test]
fn a_template_of_many_signs_is_worked_out() {
    assert_eq!(given(&json!(format!("{{{{ {}true }}}}", "not ".repeat(3_000)))).unwrap(), json!(true));
}

#[test]
fn templates_over_much_data_end_at_their_bound() {
    let Config::Output(output) = config(
        "output",
        json!({
            "template": "a{% for x in inputs.l %}{% for y in inputs.l %}{{ y }}{% endfor %}{% endfor %}"
        }),
    ) else {
        unreachable!()
    };
    let scope = |list: Value| Scope::new(json!({"l": list}).as_object().unwrap().clone());
    let error = output.value("o", &scope(json!(vec![1; 10_000]))).unwrap_err().to_string();
    assert!(error.contains("too many steps"), "{error}");
    let error = output.value("o", &scope(json!(vec!["x".repeat(10_000); 50]))).unwrap_err().to_string();
    assert!(error.contains("1048576 bytes"), "{error}");
    let Config::Output(replace) = config(
        "output",
        json!({
            "template": "{{ inputs.l | replace('a', inputs.l) | replace('a', inputs.l) }}"
        }),
    ) else {
        unreachable!()
    };
    assert!(replace.value("o", &scope(json!("a".repeat(5_000)))).is_err());
}

#[test]
fn expressions_that_would_take_for_ever_are_refused_or_end() {
    let transformed = |mapping: &str, count: usize| {
        let Config::Transform(it) =
            config("transform", json!({"transform_type": "map", "transform_config": {"mapping": mapping}}))
        else {
            unreachable!()
        };
        let list: Vec<usize> = (0..count).collect();
        let scope = Scope::new(json!({"l": list}).as_object().unwrap().clone());
        it.value(Some(&json!([1])), &scope).map_err(|error| error.to_string())
    };
    for (mapping, count) in [
        ("inputs.l.all(x, inputs.l.all(y, inputs.l.all(z, x == y)))", 3),
        ("inputs.l.all(x, inputs.l.all(y, x != y - 10000))", 1_500),
        ("inputs.l.size()", 5_000),
        (&"[".repeat(5_000), 1),
        (&format!("{}1{}", "(".repeat(1_000), ")".repeat(1_000)), 1),
    ] {
        assert!(transformed(mapping, count).is_err(), "{}", &mapping[..40.min(mapping.len())]);
    }
    assert_eq!(transformed("inputs.l.size()", 500), Ok(json!([500])));
    let Config::Transform(it) =
        config("transform", json!({"transform_type": "map", "transform_config": {"source_field": "inputs.l"}}))
    else {
        unreachable!()
    };
    let long = Scope::new(json!({"l": vec![1; 10_001]}).as_object().unwrap().clone());
    assert!(it.value(None, &long).unwrap_err().to_string().contains("10001 elements"));
}

#[test]
fn hostile_graphs_are_answered() {
    let waits = |count: usize| -> Vec<Value> {
        (0..count).map(|at| node(&format!("n{at}"), "wait", json!({"seconds": 1}))).collect()
    };
    // One long circle; a long chain; everything to everything; a thousand conditions in a row.
    let ring: Vec<String> = (0..2_000).map(|at| format!("n{at} n{}", (at + 1) % 2_000)).collect();
    let chain: Vec<String> = (0..1_999).map(|at| format!("n{at} n{}", at + 1)).collect();
    let dense: Vec<String> =
        (0..126).flat_map(|from| (from + 1..126).map(move |to| format!("n{from} n{to}"))).collect();
    let conditions: Vec<Value> = (0..1_000)
        .map(|at| node(&format!("n{at}"), "condition", json!({"condition_type": "expression", "expression": "true"})))
        .collect();
    let ladder: Vec<String> =
        (0..999).flat_map(|at| [format!("n{at} n{} true", at + 1), format!("n{at} n{} false", at + 1)]).collect();
    for (nodes, edges) in [(waits(2_000), ring), (waits(2_000), chain), (waits(126), dense), (conditions, ladder)] {
        let edges: Vec<&str> = edges.iter().map(String::as_str).collect();
        let definition = workflow(&json!(nodes), &edges);
        let validation = validate(&definition, None);
        assert!(!validation.valid && validation.errors.len() <= 101 && validation.warnings.len() <= 101);
        assert!(!explain(&definition, Detail::Detailed, None).is_empty());
        assert!(
            diagram(&definition, DiagramFormat::Dot).is_ok() && diagram(&definition, DiagramFormat::Mermaid).is_ok()
        );
        assert_eq!(diagram(&definition, DiagramFormat::Svg).unwrap_err().code(), "diagram_too_large");
    }
}

#[test]
fn a_million_nodes_are_refused_at_once() {
    let many: Vec<Value> = (0..20_000).map(|at| node(&format!("n{at}"), "wait", json!({"seconds": 1}))).collect();
    let many = text(&json!(many), &[]);
    let error = Definition::read(&many).unwrap_err();
    assert_eq!(error.code(), "definition_too_large");
    let million = format!("{{\"workflow_id\":\"w\",\"name\":\"w\",\"nodes\":[{}1]}}", "1,".repeat(1_000_000));
    assert_eq!(Definition::read(&million).unwrap_err().code(), "definition_too_large");
}

#[test]
fn what_is_given_is_never_read_as_a_template() {
    let Config::Output(output) = config("output", json!({"template": "Hello {{ inputs.l }}"})) else { unreachable!() };
    let scope = Scope::new(json!({"l": "{{ nodes.secret }} {% for x in y %}"}).as_object().unwrap().clone());
    assert_eq!(output.value("o", &scope).unwrap(), json!("Hello {{ nodes.secret }} {% for x in y %}"));
}
