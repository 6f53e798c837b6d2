//! Workflows in the book: versions, what cannot be read, and runs that are found by their ids.

use sealbook_flow::workflow::{DEFINED_ACTION, Definition, NewWorkflow, NodeType, Position, RunStatus, find_run, runs};
use sealbook_record::{Record, Target, TargetKind};
use sealbook_testkit::records::{admit, with_part};
use serde_json::{Map, json};

use super::world::{World, ann};
use super::{node, workflow};

fn orders() -> Definition {
    workflow(
        &json!([
            node("n", "input", json!({"input_type": "number"})),
            node("t", "tool", json!({"tool_name": "keyed", "parameters": {"n": "{{ inputs.n }}"}})),
            node("out", "output", json!({"template": "{{ nodes.t.n }}"}))
        ]),
        &["n t", "t out"],
    )
}

#[test]
fn versions_are_kept_and_read_by_id_version_and_digest() {
    let world = World::new();
    let new = NewWorkflow { name: "Orders".to_owned(), ..NewWorkflow::default() };
    let empty = Definition::create(7, new, world.ledger.now()).unwrap();
    let first = world.shelf.put(&*world.journal, &empty, "created", &ann(), None).unwrap();
    assert_eq!((first.version, first.node_count, first.name.as_str()), (1, 0, "Orders"));
    let id = first.workflow_id.clone();
    let add = |it: &Definition| {
        it.with_node(9, NodeType::Parallel, "Fork", &Map::new(), Position::default()).map(|(next, _)| next)
    };
    let second = world.shelf.edit(&*world.journal, &id, "add", &ann(), add).unwrap();
    assert_eq!((second.version, second.node_count), (2, 1));
    // What was made from the version before comes too late.
    let late = empty.renamed(Some("Late"), None, None).unwrap();
    let error = world.shelf.put(&*world.journal, &late, "rename", &ann(), None).unwrap_err();
    assert_eq!(error.code(), "definition_not_taken");
    assert!(error.to_string().contains("somebody was faster"), "{error}");
    let world = world.again();
    let (listed, unread) = world.shelf.list().unwrap();
    assert_eq!((listed.len(), listed[0].version, unread.len()), (1, 2, 1));
    assert_eq!(world.shelf.versions(&id).unwrap().len(), 2);
    for (wanted, version) in [(id.clone(), 2), (format!("{id}@1"), 1), (first.digest.clone(), 1)] {
        assert_eq!(world.shelf.find(&wanted).unwrap().version(), version, "{wanted}");
    }
    assert_eq!(world.shelf.find(&second.digest[..8]).unwrap().digest(), second.digest);
    for wanted in ["workflow_000000000000", "", "*", &format!("{id}@9"), &second.digest[..7]] {
        assert_eq!(world.shelf.find(wanted).unwrap_err().code(), "workflow_not_found", "{wanted}");
    }
    // Off the list, it stays readable.
    world.shelf.delete(&*world.journal, &id, &ann(), None).unwrap();
    assert!(world.shelf.list().unwrap().0.is_empty());
    assert_eq!(world.shelf.find(&id).unwrap_err().code(), "workflow_not_found");
    assert_eq!(world.shelf.find(&format!("{id}@2")).unwrap().digest(), second.digest);
}

#[test]
fn what_cannot_be_read_is_named_and_the_rest_stays() {
    let world = World::new();
    let kept = world.keep(&orders());
    for input in ["{\"name\": 7}", "[]", &orders().to_canonical()] {
        let target = Target::new(TargetKind::Workflow, "other");
        let record = Record::event(world.ledger.next_id(), ann(), DEFINED_ACTION, target, world.ledger.now());
        let record = with_part(record, sealbook_record::PartName::Input, input);
        let note = r#"{"digest":"00","version":1,"change":"forged"}"#;
        let record = with_part(record, sealbook_record::PartName::Context, note);
        world.ledger.append(vec![admit(record)]).unwrap().pop().unwrap().unwrap();
    }
    let world = world.again();
    let (listed, unread) = world.shelf.list().unwrap();
    assert_eq!(listed.iter().map(|it| it.digest.clone()).collect::<Vec<_>>(), [kept.digest()]);
    assert_eq!(unread.len(), 3, "{unread:?}");
    assert!(unread.iter().all(|it| it.workflow_id == "other" && !it.why.is_empty()), "{unread:?}");
}

#[test]
fn a_secret_in_a_config_is_not_kept() {
    let world = World::new();
    let json = orders().to_json().to_string().replace("{{ inputs.n }}", "AKIAIOSFODNN7EXAMPLQ");
    let error = world.shelf.adopt(&*world.journal, &super::read(&json), &ann()).unwrap_err();
    assert!(error.to_string().contains("secret://NAME"), "{error}");
    assert!(!error.to_string().contains("AKIA"), "{error}");
    assert!(world.shelf.list().unwrap().0.is_empty());
}

#[test]
fn a_file_becomes_the_next_version_and_the_same_file_none() {
    let world = World::new();
    let first = world.keep(&orders());
    assert_eq!(world.keep(&orders()).digest(), first.digest());
    let other = world.keep(&orders().renamed(Some("Other"), None, None).unwrap());
    assert_eq!(other.version(), 2);
    assert_eq!(world.keep(&orders()).digest(), first.digest(), "an older version is known by what it says");
    assert_eq!(world.shelf.versions("orders").unwrap().len(), 2);
}

#[test]
fn runs_are_found_by_their_ids_after_a_restart() {
    let world = World::new();
    let orders = world.keep(&orders());
    let done = world.run(&orders, json!({"n": 7})).unwrap();
    let failing = world.keep(&workflow(
        &json!([
            node("t", "tool", json!({"tool_name": "keyed", "parameters": {"fail": true}, "retry_count": 0})),
            node("out", "output", json!({"template": "x"}))
        ]),
        &["t out"],
    ));
    let failed = world.run(&failing, json!({})).unwrap();
    let world = world.again();
    let found = world.found(&done.run_id);
    assert_eq!((found.status, &found.digest, found.version), (RunStatus::Completed, &orders.digest(), Some(1)));
    let definition = world.shelf.find(&found.digest).unwrap();
    assert_eq!(found.outputs(&definition), done.outputs(&orders));
    assert_eq!(found.trace(&definition).len(), 6);
    let failed = world.found(&failed.run_id);
    assert_eq!(failed.status, RunStatus::Failed);
    assert!(failed.why.as_ref().unwrap().contains("it was told to"), "{failed:?}");
    for id in ["exec_000000000000", "*", "exec_*", ""] {
        let error = find_run(&world.ledger, id).unwrap_err();
        assert_eq!(error.to_string(), format!("Execution {id} not found"));
    }
    let (all, more) = runs(&world.ledger, None, &[], 10).unwrap();
    assert_eq!(all.iter().map(|run| run.status).collect::<Vec<_>>(), [RunStatus::Failed, RunStatus::Completed]);
    assert!(!more);
    let (completed, _) = runs(&world.ledger, Some("orders"), &[RunStatus::Completed], 10).unwrap();
    assert_eq!(completed.len(), 1);
    assert_eq!(runs(&world.ledger, None, &[], 1).unwrap().1, true);
    assert!(runs(&world.ledger, Some("nobody"), &[], 10).unwrap().0.is_empty());
}
