//! What nodes that only compute make of data.

use sealbook_flow::workflow::{AgentType, Config, Scope};
use serde_json::{Value, json};

use super::data::{config, scope};

fn transformed(transform_type: &str, transform_config: Value) -> Result<Value, String> {
    let Config::Transform(it) =
        config("transform", json!({"transform_type": transform_type, "transform_config": transform_config}))
    else {
        unreachable!()
    };
    it.value(Some(&json!([1, 2, 3])), &scope()).map_err(|error| error.to_string())
}

fn branch(condition: Value) -> Result<String, String> {
    let Config::Condition(it) = config("condition", condition) else { unreachable!() };
    it.branch(&scope()).map(str::to_owned).map_err(|error| error.to_string())
}

#[test]
fn transforms_map_filter_reduce_and_extract() {
    for (kind, how, value) in [
        ("map", json!({"mapping": "item * 2 + index"}), json!([2, 5, 8])),
        ("map", json!({}), json!([1, 2, 3])),
        ("map", json!({"source_field": "nodes.look_up.rows", "mapping": "item.id"}), json!(["r1", "r2"])),
        (
            "map",
            json!({"mapping": "{'n': item, 'of': inputs.name}"}),
            json!([{"n": 1, "of": "ann"}, {"n": 2, "of": "ann"}, {"n": 3, "of": "ann"}]),
        ),
        ("filter", json!({"filter": "item > inputs.n - 2"}), json!([2, 3])),
        ("filter", json!({}), json!([1, 2, 3])),
        ("reduce", json!({"reducer": "accumulator + item", "initial": 10}), json!(16)),
        (
            "reduce",
            json!({"source_field": "nodes.look_up.rows", "reducer": "accumulator + item.id", "initial": ""}),
            json!("r1r2"),
        ),
        ("extract", json!({"path": "[2]"}), json!(3)),
        ("extract", json!({"source_field": "nodes.look_up", "path": "rows[0].id"}), json!("r1")),
        ("map", json!({"source_field": "inputs.list.map(x, x)", "mapping": "type(item) == int"}), json!([true, false])),
    ] {
        assert_eq!(transformed(kind, how.clone()), Ok(value), "{kind} {how}");
    }
}

#[test]
fn a_transform_of_what_does_not_fit_is_an_error() {
    for (kind, how, word) in [
        ("map", json!({"source_field": "inputs.n"}), "no list"),
        ("filter", json!({"source_field": "inputs.name"}), "no list"),
        ("filter", json!({"filter": "item + 1"}), "neither true nor false"),
        ("map", json!({"mapping": "item.a"}), "element 0"),
        ("map", json!({"source_field": "inputs.nothing"}), "no `inputs.nothing`"),
        ("extract", json!({"path": "[7]"}), "there is no `[7]`"),
        ("reduce", json!({"reducer": "accumulator + item"}), "types"),
    ] {
        let error = transformed(kind, how.clone()).unwrap_err();
        assert!(error.contains(word), "{kind} {how}: {error}");
    }
}

#[test]
fn conditions_take_a_branch_or_fail() {
    for (condition, taken) in [
        (json!({"condition_type": "equals", "field_path": "inputs.n", "expected_value": 3}), "true"),
        (json!({"condition_type": "equals", "field_path": "inputs.n", "expected_value": 3.0}), "true"),
        (json!({"condition_type": "equals", "field_path": "inputs.n", "expected_value": "3"}), "false"),
        (
            json!({"condition_type": "equals", "field_path": "inputs.name", "expected_value": "{{ nodes.look_up.rows[0].id }}"}),
            "false",
        ),
        (json!({"condition_type": "contains", "field_path": "inputs.name", "expected_value": "nn"}), "true"),
        (json!({"condition_type": "contains", "field_path": "inputs.list", "expected_value": 1}), "true"),
        (json!({"condition_type": "greater", "field_path": "nodes.look_up.n", "expected_value": 2}), "true"),
        (
            json!({"condition_type": "greater", "field_path": "inputs.big", "expected_value": 9_007_199_254_740_992_i64}),
            "true",
        ),
        (json!({"condition_type": "exists", "field_path": "inputs.none"}), "false"),
        (json!({"condition_type": "exists", "field_path": "inputs.nothing.deep"}), "false"),
        (
            json!({"condition_type": "exists", "field_path": "nodes.look_up", "true_branch": "go", "false_branch": "stay"}),
            "go",
        ),
        (json!({"condition_type": "expression", "expression": "nodes.look_up.rows.exists(r, r.id == 'r2')"}), "true"),
    ] {
        assert_eq!(branch(condition.clone()).as_deref(), Ok(taken), "{condition}");
    }
    for (condition, word) in [
        (json!({"condition_type": "contains", "field_path": "inputs.n", "expected_value": 1}), "neither"),
        (json!({"condition_type": "greater", "field_path": "inputs.name", "expected_value": 1}), "numbers"),
        (json!({"condition_type": "equals", "field_path": "inputs.nothing", "expected_value": 1}), "there is no"),
        (json!({"condition_type": "expression", "expression": "inputs.n"}), "neither true nor false"),
    ] {
        let error = branch(condition.clone()).unwrap_err();
        assert!(error.contains(word), "{condition}: {error}");
    }
}

#[test]
fn merges_reduce_and_name_conflicts() {
    let reduce = |reducer: &str, given: &[Value]| {
        let Config::Merge(it) = config("merge", json!({"reducer": reducer})) else { unreachable!() };
        let given: Vec<_> = given.iter().enumerate().map(|(at, value)| (format!("b{at}"), value.clone())).collect();
        it.reduce(&given).map_err(|error| (error.code(), error.to_string()))
    };
    assert_eq!(reduce("object", &[json!(1), json!("x")]), Ok(json!({"b0": 1, "b1": "x"})));
    assert_eq!(reduce("list", &[json!(1), json!("x")]), Ok(json!([1, "x"])));
    assert_eq!(reduce("concat", &[json!([1]), json!([2, 3])]), Ok(json!([1, 2, 3])));
    assert_eq!(reduce("first", &[json!(1), json!(2)]), Ok(json!(1)));
    assert_eq!(reduce("sum", &[json!(1), json!(2)]), Ok(json!(3)));
    assert_eq!(reduce("sum", &[json!(1), json!(0.5)]), Ok(json!(1.5)));
    assert_eq!(reduce("union", &[json!({"a": 1}), json!({"b": 2, "a": 1})]), Ok(json!({"a": 1, "b": 2})));
    let (code, said) = reduce("union", &[json!({"a": 1}), json!({"a": 2})]).unwrap_err();
    assert_eq!(code, "merge_conflict");
    assert!(said.contains("differ in `a`"), "{said}");
    assert!(reduce("concat", &[json!(1)]).unwrap_err().1.contains("no list"));
    assert!(reduce("sum", &[json!("x")]).unwrap_err().1.contains("no number"));
}

#[test]
fn loops_go_through_lists_within_their_bound() {
    let items = |source: &str, most: u32, excess: &str| {
        let body = [super::node("b", "wait", json!({"seconds": 1}))];
        let loop_config =
            json!({"iteration_source": source, "loop_body": body, "max_iterations": most, "on_excess": excess});
        let Config::Loop(it) = config("loop", loop_config) else { unreachable!() };
        it.items(&scope()).map(|items| items.len()).map_err(|error| error.to_string())
    };
    assert_eq!(items("nodes.look_up.rows", 2, "fail"), Ok(2));
    assert_eq!(items("nodes.look_up.rows.filter(r, r.id != 'r1')", 2, "fail"), Ok(1));
    assert_eq!(items("nodes.look_up.rows", 1, "stop"), Ok(1));
    assert!(items("nodes.look_up.rows", 1, "fail").unwrap_err().contains("2 elements, where `max_iterations` is 1"));
    assert!(items("inputs.name", 1, "fail").unwrap_err().contains("no list"));
}

#[test]
fn agents_are_asked_in_the_words_of_their_type() {
    let asked = |agent: Value| {
        let Config::Agent(it) = config("agent", agent) else { unreachable!() };
        it.asked(&scope()).unwrap()
    };
    for (agent_type, asked_for) in [
        ("planner", "You are a project planner. Create a detailed plan for: tea for ann"),
        ("coder", "You are a software developer. Write code for: tea for ann"),
        ("reviewer", "You are a code reviewer. Review and provide feedback on: tea for ann"),
        ("analyst", "You are a business analyst. Analyze: tea for ann"),
    ] {
        assert_eq!(asked(json!({"agent_type": agent_type, "task_template": "tea for {{ inputs.name }}"})), asked_for);
    }
    let custom = json!({"agent_type": "custom", "prompt": "Speak to {{ inputs.name }}.", "task_template": "tea"});
    assert_eq!(asked(custom), "Speak to ann.\n\ntea");
    assert_eq!(AgentType::Custom.prefix(), None);
}

#[test]
fn outputs_take_their_form() {
    let value = |output: Value| {
        let Config::Output(it) = config("output", output) else { unreachable!() };
        let mut scope = Scope::new(json!({"a": 1}).as_object().unwrap().clone());
        scope.gave("b", json!([2]));
        it.value("The end", &scope).unwrap()
    };
    assert_eq!(value(json!({})), json!({"inputs": {"a": 1}, "nodes": {"b": [2]}}));
    let text = value(json!({"output_format": "text"}));
    assert_eq!(text.as_str().unwrap().lines().nth(1), Some("  \"inputs\": {"), "JSON with an indent of 2");
    assert_eq!(value(json!({"output_format": "text", "template": "{{ inputs.a }}"})), json!("1"));
    assert_eq!(
        value(json!({"output_format": "file", "template": "x{{ inputs.a }}", "file_name": "f{{ inputs.a }}.txt"})),
        json!({"name": "f1.txt", "text": "x1"})
    );
    assert_eq!(
        value(json!({"output_format": "report", "template": "All {{ inputs.a }}"})),
        json!("# The end\n\nAll 1")
    );
    assert_eq!(value(json!({"template": {"a": "{{ inputs.a }}"}})), json!({"a": 1}));
}

#[test]
fn tools_are_given_what_their_parameters_say() {
    let Config::Tool(it) = config(
        "tool",
        json!({"tool_name": "t", "parameters": {"n": "{{ inputs.n }}", "deep": [{"s": "<{{ inputs.name }}>"}], "plain": 1.5}}),
    ) else {
        unreachable!()
    };
    assert_eq!(it.given(&scope()).unwrap(), json!({"n": 3, "deep": [{"s": "<ann>"}], "plain": 1.5}));
}
