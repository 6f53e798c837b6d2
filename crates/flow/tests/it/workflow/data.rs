//! Inputs, templates and expressions: typed data, and errors that say what is missing.

use sealbook_flow::workflow::{Config, Definition, Scope, WorkflowError};
use serde_json::{Value, json};

use super::{node, workflow};

pub(crate) fn config(node_type: &str, config: Value) -> Config {
    workflow(&json!([node("n", node_type, config)]), &[]).nodes()[0].config.clone()
}

pub(crate) fn scope() -> Scope {
    let inputs =
        json!({"n": 3, "name": "ann", "list": [1, {"b": [true]}], "none": null, "big": 9_007_199_254_740_993_i64});
    let mut scope = Scope::new(inputs.as_object().unwrap().clone());
    scope.gave("look_up", json!({"rows": [{"id": "r1"}, {"id": "r2"}], "n": 2.5}));
    scope
}

/// What a template gives, as the template of an output of JSON.
pub(crate) fn given(template: &Value) -> Result<Value, WorkflowError> {
    let Config::Output(output) = config("output", json!({"template": template})) else { unreachable!() };
    output.value("Out", &scope())
}

#[test]
fn one_expression_keeps_its_type_and_a_mixture_is_text() {
    for (template, value) in [
        (json!("{{ inputs.n }}"), json!(3)),
        (json!("{{inputs.list[1].b[0]}}"), json!(true)),
        (json!("{{ inputs.list.1.b }}"), json!([true])),
        (json!("{{ inputs.none }}"), json!(null)),
        (json!("{{ inputs.big }}"), json!(9_007_199_254_740_993_i64)),
        (json!("{{ nodes.look_up.rows }}"), json!([{"id": "r1"}, {"id": "r2"}])),
        (json!("{{ nodes.look_up['rows'][1]['id'] }}"), json!("r2")),
        (json!("{{ inputs.n + 1 }}"), json!(4)),
        (json!("{{ inputs.n > 2 and inputs.name == 'ann' }}"), json!(true)),
        (json!("{{ inputs.list | length }}"), json!(2)),
        (json!("{{ inputs.name | upper }}"), json!("ANN")),
        (json!("n={{ inputs.n }}, {{ inputs.list }} {{ inputs.none }}"), json!("n=3, [1,{\"b\":[true]}] null")),
        (json!(" {{ inputs.n }}"), json!(" 3")),
        (json!("{% for row in nodes.look_up.rows %}{{ loop.index }}:{{ row.id }} {% endfor %}"), json!("1:r1 2:r2 ")),
        (json!("{% if inputs.n > 5 %}many{% else %}few{% endif %}"), json!("few")),
        (json!({"a": ["{{ inputs.n }}", 7, {"b": "x{{ inputs.n }}"}]}), json!({"a": [3, 7, {"b": "x3"}]})),
        (json!("no braces"), json!("no braces")),
        (json!("{{ '}}' }}"), json!("}}")),
        (json!("{# not shown #}a"), json!("a")),
        (json!("{{ ['a', inputs.name] | join('-') }}"), json!("a-ann")),
    ] {
        assert_eq!(given(&template).unwrap_or_else(|error| panic!("{template}: {error}")), value, "{template}");
    }
}

#[test]
fn what_is_missing_is_an_error_unless_there_is_a_default() {
    for (template, word) in [
        ("{{ inputs.nothing }}", "there is no `inputs.nothing`"),
        ("{{ inputs.list[7] }}", "there is no `inputs.list[7]`"),
        ("{{ inputs.name.first }}", "`inputs.name` does not have it"),
        ("{{ nodes.other.x }}", "there is no `nodes.other`"),
        ("a {{ inputs.nothing }}", "there is no `inputs.nothing`"),
        ("{{ inputs.nothing + 1 }}", "there is no `inputs.nothing`"),
        ("{% for x in inputs.nothing %}{% endfor %}", "there is no `inputs.nothing`"),
    ] {
        let error = given(&json!(template)).expect_err(template);
        assert_eq!(error.code(), "template_failed");
        assert!(error.to_string().contains(word), "{template}: {error}");
    }
    for (template, value) in [
        ("{{ inputs.nothing | default(7) }}", json!(7)),
        ("{{ nodes.other.deep.x | default('none') }}", json!("none")),
        ("{{ nodes.other.x | default(none) }}", json!(null)),
        ("{{ inputs.n | default(7) }}", json!(3)),
        ("a {{ inputs.nothing | default('b') }}", json!("a b")),
    ] {
        assert_eq!(given(&json!(template)).unwrap(), value, "{template}");
    }
}

#[test]
fn inputs_are_typed_checked_and_have_defaults() {
    let value = |input: Value, given: Option<Value>| {
        let Config::Input(input) = config("input", input) else { unreachable!() };
        input.value("order", given.as_ref()).map_err(|error| error.to_string())
    };
    let number = json!({"input_type": "number", "validation": "value > 0.0 && value < 100.0", "default_value": 5.5});
    assert_eq!(value(number.clone(), None), Ok(json!(5.5)));
    assert_eq!(value(number.clone(), Some(json!(7.5))), Ok(json!(7.5)));
    assert!(value(number.clone(), Some(json!("7"))).unwrap_err().contains("no number"));
    assert!(value(number, Some(json!(700.5))).unwrap_err().contains("does not pass its validation"));
    let text = json!({"input_type": "text", "validation": "value.matches('^[a-z]+@[a-z.]+$')"});
    assert_eq!(value(text.clone(), Some(json!("a@b.c"))), Ok(json!("a@b.c")));
    assert!(value(text.clone(), None).unwrap_err().contains("not given"));
    let error = value(text.clone(), Some(json!("Hunter2"))).unwrap_err();
    assert!(error.contains("input `order`") && !error.contains("Hunter2"), "{error}");
    assert!(value(text, Some(json!(1))).unwrap_err().contains("no text"));
    let file = json!({"input_type": "file"});
    assert!(value(file.clone(), Some(json!({"name": "a.txt", "text": "x"}))).is_ok());
    assert!(value(file.clone(), Some(json!({"name": "a.txt", "text": "x", "b64": "eA=="}))).is_err());
    assert!(value(file, Some(json!("a.txt"))).unwrap_err().contains("no file"));
    assert_eq!(value(json!({"input_type": "json"}), Some(json!([null]))), Ok(json!([null])));
}

#[test]
fn a_default_that_does_not_fit_is_found_before_a_run() {
    let bad = workflow(
        &json!([
            node("n", "input", json!({"input_type": "number", "default_value": "x"})),
            node("o", "output", json!({"template": "{{ inputs.n }}"}))
        ]),
        &["n o"],
    );
    let errors = sealbook_flow::workflow::validate(&bad, None).errors;
    assert!(errors.iter().any(|error| error.contains("default_value")), "{errors:?}");
}

#[test]
fn inputs_and_nodes_do_not_share_names() {
    let same: Definition = workflow(
        &json!([
            node("order", "input", json!({})),
            node("out", "output", json!({"template": "{{ inputs.order }} {{ nodes.order }}"}))
        ]),
        &["order out"],
    );
    assert!(sealbook_flow::workflow::validate(&same, None).valid);
    let bare = config("output", json!({"template": "x"}));
    assert!(matches!(bare, Config::Output(_)));
    let wrong = workflow(&json!([node("out", "output", json!({"template": "{{ order }}"}))]), &[]);
    let errors = sealbook_flow::workflow::validate(&wrong, None).errors;
    assert!(errors[0].contains("`order` is not known here; use inputs.…, nodes.…"), "{errors:?}");
}
