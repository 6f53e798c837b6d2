//! What is refused before anything runs.

use sealbook_flow::SagaDefinition;
use serde_json::{Value, json};

use super::world::{World, read, step, trip};

#[test]
fn a_saga_that_cannot_be_read_is_refused_with_its_place() {
    let bad: [(Value, &str); 12] = [
        (json!({"name": "x", "steps": []}), "steps"),
        (json!({"name": "", "steps": [step("a")]}), "name"),
        (json!({"name": "x", "steps": [step("a"), step("a")]}), "steps[1].name"),
        (json!({"name": "x", "steps": [step("a b")]}), "steps[0].name"),
        (json!({"name": "x", "steps": [{"name": "a", "tool": "a", "inputs": {}}]}), "steps[0]"),
        (
            json!({"name": "x", "steps": [{"name": "a", "tool": "a", "input": ["$.steps.b.result"]}, step("b")]}),
            "steps[0].input",
        ),
        (json!({"name": "x", "steps": [{"name": "a", "tool": "a", "input": "$.nothing"}]}), "steps[0].input"),
        (json!({"name": "x", "steps": [{"name": "a", "tool": "a", "retries": 101}]}), "steps[0].retries"),
        (json!({"name": "x", "steps": [{"name": "a", "tool": "a", "deadline_s": 0}]}), "steps[0].deadline_s"),
        (
            json!({"name": "x", "steps": [{"name": "a", "tool": "a", "compensation": {"tool": "b", "input": "$.results"}}]}),
            "steps[0].compensation.input",
        ),
        (
            json!({"name": "x", "steps": [{"name": "a", "tool": "a", "irreversible": true, "compensation": {"tool": "b"}}]}),
            "steps[0].irreversible",
        ),
        (json!([]), ""),
    ];
    for (saga, place) in bad {
        let error = SagaDefinition::read(&saga.to_string()).unwrap_err();
        assert_eq!(error.code(), "saga_invalid", "{saga}");
        assert!(error.to_string().contains(&format!("`{place}")), "{error}");
    }
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    assert!(SagaDefinition::read(&deep).is_err());
    let many: Vec<Value> = (0..1_001).map(|at| json!({"name": format!("s{at}"), "tool": "a"})).collect();
    assert!(SagaDefinition::read(&trip(&many).to_string()).is_err());
    assert!(SagaDefinition::read(&" ".repeat(2 << 20)).is_err());
}

#[test]
fn the_same_saga_has_one_digest_and_unknown_tools_are_named() {
    let one = json!({"steps": [{"tool": "flight", "name": "a"}], "name": "x"});
    let same = json!({"name": "x", "order": "strict", "steps": [{"name": "a", "tool": "flight", "input": {}, "pivot": false}]});
    let other = json!({"name": "x", "steps": [{"name": "a", "tool": "flight", "pivot": true}]});
    assert_eq!(read(&one).digest(), read(&same).digest());
    assert_ne!(read(&one).digest(), read(&other).digest());
    let world = World::new();
    let saga = trip(&[step("teleport"), json!({"name": "b", "tool": "car", "compensation": {"tool": "unteleport"}})]);
    let errors = read(&saga).problems(&world.runner.tools).errors;
    assert_eq!(errors.len(), 2, "{errors:?}");
    assert!(errors[0].contains("`teleport`") && errors[1].contains("`unteleport`"), "{errors:?}");
}

#[test]
fn what_a_step_gave_points_nowhere() {
    let world = World::new();
    let flight = json!({"name": "flight", "tool": "flight", "input": {"note": "plain"}});
    // What comes back as text is data: it is not bound again.
    let mut request = super::world::request();
    request.inputs.insert("evil".to_owned(), json!("$.inputs.day"));
    let car = json!({"name": "car", "tool": "car", "input": {"evil": "$.inputs.evil"}});
    let saga = read(&trip(&[flight, car]));
    crate::fixture::wait_for(world.runner.run(&saga, &request)).unwrap();
    assert_eq!(world.done.effects.lock().unwrap()[1].2, json!({"evil": "$.inputs.day"}));
}
