//! What an approval is about: one call, exactly as it was asked for.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::time::Duration;

use sealbook_gate::exec::{Exec, Ran, run};
use sealbook_gate::mcp::HoldOptions;
use sealbook_gate::{Gate, GateOptions, Passage};
use sealbook_policy::{Choice, Rule, RuleSet};
use sealbook_record::{Actor, ActorKind, Category, PartName, Record, Target, TargetKind};

use crate::fixture::Book;
use crate::holds::{ASK, Person, asking};
use crate::wire::{Setup, Wire, polite};

fn gate(book: &Book, rules: &str) -> Gate {
    let rules = RuleSet::compile(Rule::from_yaml(rules).unwrap()).unwrap();
    let policy = Book::policy().with_rules(std::sync::Arc::new(rules));
    Gate::new(std::sync::Arc::clone(&book.ledger), policy, GateOptions::default()).unwrap()
}

fn passes(gate: &Gate, record: Record) -> bool {
    matches!(gate.enter(record).unwrap(), Passage::Entered(_))
}

#[test]
fn a_yes_to_reading_a_file_is_none_to_deleting_it() {
    let book = Book::new();
    let person = Person::new(&book);
    let gate = gate(&book, "{id: ask, effect: ask, when: {field: target.id, starts_with: /prod/}}");
    let to = |action: &str, kind: TargetKind, target: &str| {
        let mut record = book.call("x");
        action.clone_into(&mut record.action);
        record.target = Target::new(kind, target);
        record.category = Category::FileRead;
        record.set_part_json(PartName::Input, r#"{"file_path":"/prod/customers.db"}"#).unwrap();
        record
    };
    let read = || to("file.read", TargetKind::File, "/prod/customers.db");
    assert!(!passes(&gate, read()));
    let approval = person.asked(1);
    assert_eq!((&*approval.call.tool, &*approval.call.server), ("/prod/customers.db", &*read().source));
    assert_eq!(person.decide(&approval, Choice::Approve, &[]), None);
    assert!(!passes(&gate, to("file.delete", TargetKind::File, "/prod/customers.db")));
    assert!(!passes(&gate, to("file.read", TargetKind::Other, "/prod/customers.db")));
    assert!(!passes(&gate, to("file.read", TargetKind::File, "/prod//customers.db")));
    assert!(passes(&gate, read()), "the call itself goes");
    assert!(!passes(&gate, read()), "once");
}

fn exec(book: &Book, command: &[&[u8]], cwd: &str, environment: &str) -> Exec {
    Exec {
        command: command.iter().map(|word| OsString::from_vec(word.to_vec())).collect(),
        cwd: book.place.layout().ledger_db().parent().unwrap().join(cwd),
        environment: vec![("EVIL".into(), environment.into())],
        watched: None,
        actor: Actor::new(ActorKind::Agent, "x"),
        project: None,
        reason: None,
        session: None,
    }
}

#[test]
fn a_yes_to_a_command_is_none_elsewhere_with_other_variables_or_other_bytes() {
    let book = Book::new();
    let person = Person::new(&book);
    let gate = gate(&book, "{id: ask, effect: ask, when: {field: action, equals: command.run}}");
    let runs = |exec: &Exec| matches!(run(&gate, exec).unwrap().0, Ran::Ended(_));
    for (count, command) in [[&b"true"[..], b"x"], [b"true", b"\xff"]].iter().enumerate() {
        let wanted = exec(&book, command, "", "0");
        assert!(!runs(&wanted));
        assert_eq!(person.decide(&person.asked(4 * count + 1), Choice::Approve, &[]), None);
        for other in [
            exec(&book, command, "b", "0"),
            exec(&book, command, "", "1"),
            exec(&book, &[b"true", if count == 0 { b"y" } else { b"\xfe" }], "", "0"),
        ] {
            assert!(!runs(&other), "{other:?}");
        }
        assert!(runs(&wanted));
    }
}

#[test]
fn a_yes_to_a_command_outlasts_what_shells_set_by_themselves() {
    let book = Book::new();
    let person = Person::new(&book);
    let gate = gate(&book, "{id: ask, effect: ask, when: {field: action, equals: command.run}}");
    let with = |variables: &[(&str, &str)]| {
        let mut wanted = exec(&book, &[b"true"], "", "0");
        wanted.environment.extend(variables.iter().map(|(name, value)| (name.into(), value.into())));
        matches!(run(&gate, &wanted).unwrap().0, Ran::Ended(_))
    };
    assert!(!with(&[("_", "/usr/bin/a"), ("SHLVL", "1"), ("OLDPWD", "/x"), ("PWD", "/y"), ("COLUMNS", "80")]));
    assert_eq!(person.decide(&person.asked(1), Choice::Approve, &[]), None);
    for changed in [("PATH", "/evil"), ("LD_PRELOAD", "/evil.so"), ("BASH_ENV", "x"), ("__", "x")] {
        assert!(!with(&[changed]), "{changed:?}");
    }
    assert!(with(&[("_", "/bin/sealbook"), ("SHLVL", "3"), ("LINES", "24")]), "the same command");
}

#[test]
fn a_tool_whose_name_holds_a_secret_can_be_approved() {
    let book = Book::new();
    let person = Person::new(&book);
    let gate = gate(&book, "{id: ask, effect: ask, when: {field: action, equals: tools.call}}");
    let to = |tool: &str| {
        let mut record = book.call("x");
        "tools.call".clone_into(&mut record.action);
        record.target = Target::new(TargetKind::Tool, tool);
        record
    };
    let secret = |last: char| format!("files/ghp_{}{last}", "aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bC1dE3f4");
    assert!(!passes(&gate, to(&secret('x'))));
    let approval = person.asked(1);
    assert!(!approval.call.tool.contains("ghp_aB3d"), "{}", approval.call.tool);
    assert_eq!(person.decide(&approval, Choice::Approve, &[]), None);
    assert!(!passes(&gate, to(&secret('y'))), "another tool");
    assert!(passes(&gate, to(&secret('x'))));
    assert!(!passes(&gate, to(&secret('x'))), "once");
}

fn deploy(id: u32, more: &str) -> String {
    format!(
        r#"{{"jsonrpc":"2.0","id":{id},"method":"tools/call","params":{{"name":"write","arguments":{{"v":1}}{more}}}}}"#
    )
}

#[test]
fn a_yes_to_a_call_is_none_to_one_with_other_parameters_but_for_what_changes_by_itself() {
    let book = Book::new();
    let person = Person::new(&book);
    let setup = Setup {
        holding: HoldOptions { hold: Duration::ZERO, hold_progress: Duration::ZERO, elicit: false },
        ..asking(ASK)
    };
    let mut wire = Wire::new(&book, setup, polite());
    let mut passes = |id, more: &str| {
        wire.send(&deploy(id, more));
        let said = wire.answer();
        assert!(said["result"].is_object(), "{said}");
        said["result"]["isError"].is_null()
    };
    assert!(!passes(1, r#","_meta":{"progressToken":1,"traceparent":"00-a","env":"test"}"#));
    assert_eq!(person.decide(&person.asked(1), Choice::Approve, &[]), None);
    for (id, other) in [
        (2, ""),
        (3, r#","_meta":{"env":"PROD"}"#),
        (4, r#","_meta":{"env":"test","more":1}"#),
        (5, r#","_meta":{"env":"test"},"inputResponses":{"confirm":{"action":"accept"}}"#),
        (6, r#","_meta":{"env":"test"},"task":{"ttl":1}"#),
    ] {
        assert!(!passes(id, other), "{other}");
    }
    assert!(passes(7, r#","_meta":{"progressToken":2,"traceparent":"00-b","env":"test"}"#));
    assert!(!passes(8, r#","_meta":{"env":"test"}"#), "once");
    wire.end();
}

#[test]
fn many_that_hold_the_same_call_ask_once_and_each_yes_lets_one_go() {
    let book = Book::new();
    let person = Person::new(&book);
    let mut wire = Wire::new(&book, asking(ASK), polite());
    for id in 0..12 {
        wire.send(&deploy(id, ""));
    }
    let mut approved = std::collections::BTreeSet::new();
    for count in 1..=3 {
        let approval = person.asked(count);
        assert!(approved.insert(approval.id), "each is another request");
        assert_eq!(person.decide(&approval, Choice::Approve, &[]), None);
        assert!(wire.answer()["result"]["content"].is_array(), "one goes for each yes");
    }
    let (_, seen) = wire.end();
    assert_eq!(String::from_utf8(seen).unwrap().lines().count(), 3, "and no more");
    let asked = book.story().iter().filter(|told| told.starts_with("approval.requested")).count();
    assert!(asked <= 4, "{asked} requests");
}

#[test]
fn calls_that_a_moved_book_refused_show_as_a_gap_when_it_is_back() {
    let book = Book::new();
    let gate = gate(&book, "{id: ask, effect: ask, when: {field: action, equals: nothing}}");
    assert!(passes(&gate, book.call("a")) && gate.gap().is_none());
    let (lies, away) = (book.place.layout().book, book.place.join("away"));
    std::fs::rename(&lies, &away).unwrap();
    for _ in 0..2 {
        assert_eq!(gate.enter(book.call("b")).unwrap_err().code(), "book_moved");
    }
    let told = gate.gap().expect("somebody has to be told");
    assert!(told.contains("2 calls were refused") && told.contains("book_moved"), "{told}");
    std::fs::rename(&away, &lies).unwrap();
    assert!(passes(&gate, book.call("c")) && gate.gap().is_none());
    let gap = book.records().into_iter().filter_map(|stored| stored.record).find(|it| it.action == "capture.gap");
    let gap: serde_json::Value = serde_json::from_str(gap.unwrap().part(PartName::Context).unwrap().get()).unwrap();
    assert_eq!((&gap["refused"], &gap["passed"], &gap["cause"]), (&2.into(), &0.into(), &"book_moved".into()));
    assert!(gap["since"].is_string() && gap["until"].is_string(), "{gap}");
}

#[test]
fn two_gateways_that_hold_one_call_each_let_one_go_for_each_yes() {
    let book = Book::new();
    let person = Person::new(&book);
    let mut wires = [(); 2].map(|()| Wire::new(&book, asking(ASK), polite()));
    for wire in &mut wires {
        wire.send(&deploy(1, ""));
    }
    let mut decided = std::collections::BTreeSet::new();
    for count in 1..=2 {
        let approval = loop {
            let mut state = sealbook_policy::State::with_history();
            book.ledger.bring_up(&mut state).unwrap();
            let waiting = state.approvals().iter().find(|it| !decided.contains(&it.id)).cloned();
            if let Some(approval) = waiting {
                break approval;
            }
            std::thread::yield_now();
        };
        decided.insert(approval.id);
        assert_eq!(person.decide(&approval, Choice::Approve, &[]), None);
        // Whichever hears of it first: an approval is of the bytes, and is used up once.
        let gone = || book.story().iter().filter(|told| *told == "tools.call intent").count();
        while gone() < count {
            std::thread::yield_now();
        }
        assert_eq!(gone(), count, "one goes for each yes");
    }
    for mut wire in wires {
        assert!(wire.answer()["result"]["content"].is_array());
        wire.end();
    }
}
