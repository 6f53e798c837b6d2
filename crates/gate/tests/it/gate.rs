//! Intents before answers, outcomes after, and what becomes of both when the book takes nothing.

use std::sync::Arc;

use sealbook_gate::{Durability, Ended, Fail, Gate, GateOptions, Passage};
use sealbook_ledger::SigningKey;
use sealbook_policy::{Choice, Rule, RuleSet, State};
use sealbook_record::{Outcome, PartName, Record};
use serde_json::value::RawValue;

use crate::fixture::Book;

fn enter(gate: &Gate, record: Record) -> sealbook_gate::Entered {
    match gate.enter(record).unwrap() {
        Passage::Entered(entered) => entered,
        Passage::Refused(refused) => panic!("{refused:?}"),
    }
}

#[test]
fn an_intent_is_sealed_before_the_answer_and_an_outcome_after_it() {
    let book = Book::new();
    let gate = book.gate(GateOptions::default());
    let entered = enter(&gate, book.call("read"));
    assert_eq!(book.story(), ["tools.call intent"]);
    assert_eq!(book.told().open_intents.len(), 1);
    let result = RawValue::from_string(r#"{"n":0.10}"#.to_owned()).unwrap();
    gate.leave(entered, Ended::new(Outcome::Ok).with(PartName::Result, result)).unwrap();
    assert_eq!(book.story(), ["tools.call intent", "tools.call outcome ok"]);
    assert!(book.told().is_complete(), "{:?}", book.told());
    let outcome = book.records().pop().unwrap().record.unwrap();
    assert_eq!(outcome.part(PartName::Result).unwrap().get(), r#"{"n":0.10}"#);
    assert!(outcome.duration_us.is_some());
}

#[test]
fn calls_begun_together_share_a_commit_and_all_are_durable() {
    let book = Book::new();
    let gate = book.gate(GateOptions::default());
    let begun: Vec<_> = (0..50).map(|n| gate.begin(book.call(&format!("t{n}"))).unwrap()).collect();
    for pending in begun {
        let Passage::Entered(entered) = pending.wait().unwrap() else { panic!("refused") };
        assert!(entered.sealed().is_some());
        gate.leave_soon(entered, Ended::new(Outcome::Failed));
    }
    gate.flush();
    assert_eq!(book.records().len(), 100);
    assert!(book.told().is_complete());
}

#[test]
fn a_closed_gate_refuses_while_the_book_cannot_be_written_and_says_so_afterwards() {
    let book = Book::new();
    let gate = book.gate(GateOptions::default());
    book.set_full(true);
    let Passage::Refused(refused) = gate.enter(book.call("write")).unwrap() else { panic!("it passed") };
    assert_eq!(refused.code, "disk_full");
    assert!(refused.sealed.is_none() && refused.text.contains("did not run"), "{}", refused.text);
    book.set_full(false);
    let entered = enter(&gate, book.call("write"));
    gate.leave(entered, Ended::new(Outcome::Ok)).unwrap();
    assert_eq!(book.story(), ["tools.call intent", "capture.gap event unknown", "tools.call outcome ok"]);
    let gap = book.records()[1].record.clone().unwrap();
    assert!(gap.part(PartName::Context).unwrap().get().contains(r#""cause":"disk_full","passed":0,"refused":1"#));
}

#[test]
fn an_open_gate_lets_pass_and_seals_the_gap() {
    let book = Book::new();
    let gate = book.gate(GateOptions { fail: Fail::Open, ..GateOptions::default() });
    book.set_full(true);
    let entered = enter(&gate, book.call("write"));
    assert!(entered.sealed().is_none());
    book.set_full(false);
    gate.leave(entered, Ended::new(Outcome::Ok)).unwrap();
    assert_eq!(book.story(), ["tools.call event ok", "capture.gap event unknown"]);
    let unannounced = book.records()[0].record.clone().unwrap();
    assert!(unannounced.tags.contains(&"gap".to_owned()));
    let gap = book.records()[1].record.clone().unwrap();
    assert!(gap.part(PartName::Context).unwrap().get().contains(r#""passed":1"#));
}

#[test]
fn outcomes_that_could_not_be_sealed_are_tried_again() {
    let book = Book::new();
    let gate = book.gate(GateOptions::default());
    let (first, second) = (enter(&gate, book.call("a")), enter(&gate, book.call("b")));
    book.set_full(true);
    gate.leave_soon(first, Ended::new(Outcome::Ok));
    gate.flush();
    assert_eq!(book.told().open_intents.len(), 2);
    book.set_full(false);
    gate.leave_soon(second, Ended::new(Outcome::Ok));
    gate.flush();
    assert!(book.told().is_complete(), "{:?}", book.told());
}

#[test]
fn nothing_is_buffered_outside_a_capture() {
    let book = Book::new();
    let gate = book.gate(GateOptions { durability: Durability::Buffered, ..GateOptions::default() });
    let entered = enter(&gate, book.call("a"));
    assert!(entered.sealed().is_some(), "no capture was open");
    gate.leave(entered, Ended::new(Outcome::Ok)).unwrap();
    let mut open = book.call("capture");
    open.action = "capture.open".to_owned();
    let capture = gate.capture(open).unwrap();
    assert_eq!(book.story().last().unwrap(), "capture.open intent");
    let entered = enter(&gate, book.call("b"));
    assert!(entered.sealed().is_none(), "it is buffered");
    gate.leave_soon(entered, Ended::new(Outcome::Ok));
    gate.close(capture, Ended::new(Outcome::Ok)).unwrap();
    let expected = ["tools.call intent", "tools.call outcome ok", "capture.open outcome ok"];
    assert_eq!(book.story()[3..], expected);
    assert!(book.told().is_complete());
}

#[test]
fn a_capture_that_is_not_closed_is_a_gap() {
    let book = Book::new();
    let gate = book.gate(GateOptions { durability: Durability::Buffered, ..GateOptions::default() });
    let mut open = book.call("capture");
    open.action = "capture.open".to_owned();
    drop(gate.capture(open).unwrap());
    drop(gate);
    assert_eq!(book.told().open_intents.len(), 1);
}

#[test]
fn content_beyond_the_limits_is_a_digest_and_a_size() {
    let book = Book::new();
    let gate = book.gate(GateOptions::default());
    let mut large = book.call("write");
    large.set_part(PartName::Input, &"x".repeat(2 << 20)).unwrap();
    large.set_part_json(PartName::Context, format!("{}1{}", "[".repeat(200), "]".repeat(200))).unwrap();
    let entered = enter(&gate, large);
    gate.leave(entered, Ended::new(Outcome::Ok)).unwrap();
    let intent = book.records()[0].record.clone().unwrap();
    for (part, bytes) in [(PartName::Input, (2 << 20) + 2), (PartName::Context, 401)] {
        let text = intent.part(part).unwrap().get();
        assert!(text.starts_with(r#"{"withheld":{"digest":""#) && text.ends_with(&format!(r#""bytes":{bytes}}}}}"#)));
    }
}

#[test]
fn a_stop_by_another_process_halts_the_next_call_and_only_what_it_names() {
    let book = Book::new();
    let gate = book.gate(GateOptions { mode: sealbook_gate::Mode::Observe, ..GateOptions::default() });
    let entered = enter(&gate, book.call("write"));
    gate.leave(entered, Ended::new(Outcome::Ok)).unwrap();
    let other = sealbook_store::Ledger::open(book.place.layout(), sealbook_store::Options::default()).unwrap();
    let mut stop = book.call("x");
    stop.action = "stop.set".to_owned();
    stop.set_part_json(PartName::Input, r#"{"scope":{"kind":"tool","id":"write"}}"#).unwrap();
    other.append(vec![sealbook_testkit::records::admit(stop)]).unwrap().remove(0).unwrap();
    let Passage::Refused(refused) = gate.enter(book.call("write")).unwrap() else { panic!("it passed") };
    assert_eq!(refused.code, "stopped");
    assert!(refused.text.contains("tool write") && refused.sealed.is_some());
    let entered = enter(&gate, book.call("read"));
    gate.leave(entered, Ended::new(Outcome::Ok)).unwrap();
    // A gate that begins later knows it too.
    let Passage::Refused(_) = book.gate(GateOptions::default()).enter(book.call("write")).unwrap() else {
        panic!("it passed after a restart")
    };
}

#[test]
fn what_is_asked_about_waits_for_a_person_and_passes_once() {
    let book = Book::new();
    let rules = Rule::from_yaml("{id: ask-writes, effect: ask, when: {field: target.id, matches: write}}").unwrap();
    let policy = Book::policy().with_rules(Arc::new(RuleSet::compile(rules).unwrap()));
    let gate = Gate::new(Arc::clone(&book.ledger), policy, GateOptions::default()).unwrap();
    let approver = SigningKey::from_seed(&[9; 32]);
    let by = sealbook_testkit::records::admit(book.call("key"));
    book.ledger.add_approver(*approver.public(), by, None).unwrap();
    let call = |n: u32| {
        let mut call = book.call("write");
        call.set_part_json(PartName::Input, format!("{{\"n\":{n}}}")).unwrap();
        call
    };
    let ask = |n: u32| match gate.enter(call(n)).unwrap() {
        Passage::Entered(entered) => {
            gate.leave(entered, Ended::new(Outcome::Ok)).unwrap();
            None
        }
        Passage::Refused(refused) => Some(refused),
    };
    let refused = ask(1).expect("nobody has approved it");
    assert_eq!(refused.code, "ask");
    let mut state = State::new();
    book.ledger.bring_up(&mut state).unwrap();
    let approval = state.approvals().iter().next().unwrap().clone();
    assert!(refused.text.contains(&approval.id.to_string()), "{}", refused.text);
    assert!(ask(1).unwrap().text.contains(&approval.id.to_string()), "it is asked once");
    let mut decided = book.call("x");
    decided.actor.id = "ann".to_owned();
    decided.action = "approval.decided".to_owned();
    decided.parent = Some(approval.id);
    decided.set_part_json(PartName::Input, Choice::Approve.decision_json(approval.digest)).unwrap();
    let decided = sealbook_testkit::records::admit(decided);
    book.ledger.append_approved(vec![decided], &approver).unwrap().remove(0).unwrap();
    assert!(ask(2).is_some(), "other bytes were not approved");
    assert!(ask(1).is_none(), "it was approved");
    assert!(ask(1).is_some(), "an approval counts once");
}
