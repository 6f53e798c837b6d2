//! Calls that are held open until somebody has decided.

use std::sync::Arc;
use std::time::Duration;

use sealbook_gate::mcp::HoldOptions;
use sealbook_ledger::SigningKey;
use sealbook_policy::{Approval, Choice, State};
use sealbook_record::{Actor, ActorKind, Outcome, PartName, Record};
use sealbook_store::{Ledger, Options};

use crate::fixture::Book;
use crate::wire::{Setup, Wire, polite};

pub(crate) const ASK: &str = "
- {id: ask-writes, name: Writes are asked about, effect: ask, when: {field: target.id, matches: write}}
";
const DEMANDS: &str = "
- {id: ask-writes, effect: ask, approval: approver, when: {field: target.id, matches: write}}
";
pub(crate) const LEAVES: &str = "
- {id: ask-writes, effect: ask, approval: client, when: {field: target.id, matches: write}}
";
/// Far longer than any test: what ends a held call is what the test does.
const LONG: Duration = Duration::from_mins(10);

fn holding(hold: Duration) -> HoldOptions {
    HoldOptions { hold, hold_progress: hold, elicit: false }
}

pub(crate) fn asking(rules: &'static str) -> Setup {
    Setup { rules, holding: holding(LONG), ..Setup::default() }
}

fn call(id: u32, tool: &str) -> String {
    format!(
        r#"{{"jsonrpc":"2.0","id":{id},"method":"tools/call","params":{{"name":"{tool}","arguments":{{"n": 1.50}}}}}}"#
    )
}

/// What another process sees and writes: a ledger of its own, and an approver's key.
pub(crate) struct Person {
    ledger: Ledger,
    key: SigningKey,
}

impl Person {
    pub(crate) fn new(book: &Book) -> Self {
        let key = SigningKey::from_seed(&[9; 32]);
        let mut by = book.call("key");
        "key.approver".clone_into(&mut by.action);
        let by = sealbook_testkit::records::admit(by);
        book.ledger.add_approver(*key.public(), by, None).unwrap();
        Self { ledger: Ledger::open(book.place.layout(), Options::default()).unwrap(), key }
    }

    /// Waits until so many requests are there, and gives the newest.
    pub(crate) fn asked(&self, count: usize) -> Approval {
        loop {
            let mut state = State::with_history();
            self.ledger.bring_up(&mut state).unwrap();
            if state.approvals().iter().count() >= count {
                return state.approvals().iter().max_by_key(|it| it.seq).unwrap().clone();
            }
            std::thread::yield_now();
        }
    }

    pub(crate) fn decide(&self, approval: &Approval, choice: Choice, met: &[&str]) -> Option<&'static str> {
        let mut record = self.record("approval.decided");
        record.parent = Some(approval.id);
        let met = met.iter().map(|text| (*text).to_owned()).collect();
        record.set_part_json(PartName::Input, choice.decision_json_with(approval.digest, met)).unwrap();
        let judged = sealbook_testkit::records::admit(record);
        let sealed = self.ledger.append_approved(vec![judged], &self.key).unwrap().remove(0).unwrap();
        let mut state = State::with_history();
        self.ledger.bring_up(&mut state).unwrap();
        state.refused().iter().find(|(seq, _)| *seq == sealed.seq).map(|(_, why)| *why)
    }

    fn record(&self, action: &str) -> Record {
        let target = sealbook_record::Target::new(sealbook_record::TargetKind::Record, "x");
        Record::event(self.ledger.next_id(), Actor::new(ActorKind::User, "bob"), action, target, self.ledger.now())
    }

    fn stop(&self) {
        let mut stop = self.record("stop.set");
        stop.set_part_json(PartName::Input, r#"{"scope":{"kind":"tool","id":"write"}}"#).unwrap();
        self.ledger.append(vec![sealbook_testkit::records::admit(stop)]).unwrap().remove(0).unwrap();
    }
}

fn outcomes(book: &Book) -> Vec<String> {
    book.story().into_iter().filter(|told| told.starts_with("tools.call") || told.starts_with("approval")).collect()
}

fn text(answer: &serde_json::Value) -> String {
    answer["result"]["content"][0]["text"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn a_held_call_goes_on_with_its_own_bytes_when_another_process_approves_it() {
    let book = Book::new();
    let person = Person::new(&book);
    let mut wire = Wire::new(&book, asking(ASK), polite());
    wire.send(&call(1, "write"));
    let approval = person.asked(1);
    // Others of the same client go on meanwhile.
    wire.send(&call(2, "read"));
    assert_eq!(wire.answer()["id"], 2);
    assert_eq!(person.decide(&approval, Choice::Approve, &[]), None);
    let answer = wire.answer();
    assert_eq!((&answer["id"], answer["result"].get("isError")), (&1.into(), None));
    let (_, seen) = wire.end();
    assert_eq!(String::from_utf8(seen).unwrap(), format!("{}\n{}\n", call(2, "read"), call(1, "write")));
    let told = outcomes(&book);
    let at = |what: &str| told.iter().rposition(|it| it == what).unwrap_or_else(|| panic!("{what}: {told:?}"));
    assert!(at("approval.requested event") < at("approval.decided event"));
    assert!(at("approval.decided event") < at("approval.used event"));
    assert!(at("approval.used event") < at("tools.call intent"), "only then an intent: {told:?}");
    assert!(book.told().is_complete());
}

#[test]
fn what_a_person_denies_is_answered_at_once_and_did_not_happen() {
    let book = Book::new();
    let person = Person::new(&book);
    let mut wire = Wire::new(&book, asking(ASK), polite());
    wire.send(&call(1, "write"));
    assert_eq!(person.decide(&person.asked(1), Choice::Deny, &[]), None);
    let answer = wire.answer();
    assert!(text(&answer).contains("a person said no"), "{answer}");
    assert_eq!(wire.end().1, b"");
    assert!(outcomes(&book).contains(&"tools.call event blocked".to_owned()));
}

#[test]
fn when_nobody_decides_in_time_the_answer_names_the_request_and_one_retry_is_admitted() {
    let book = Book::new();
    let person = Person::new(&book);
    let setup = Setup { holding: holding(Duration::ZERO), ..asking(ASK) };
    let mut wire = Wire::new(&book, setup, polite());
    wire.send(&call(1, "write"));
    let answer = wire.answer();
    let approval = person.asked(1);
    assert!(text(&answer).contains(&format!("sealbook approve {}", approval.id)), "{answer}");
    person.decide(&approval, Choice::Approve, &[]);
    wire.send(&call(2, "write").replace("1.50", "1.5"));
    assert!(text(&wire.answer()).contains("Held by"), "other bytes");
    wire.send(&call(3, "write"));
    assert!(wire.answer()["result"].get("isError").is_none());
    wire.send(&call(4, "write"));
    assert!(text(&wire.answer()).contains("Held by"), "it counts once");
    let (_, seen) = wire.end();
    assert_eq!(String::from_utf8(seen).unwrap(), call(3, "write") + "\n");
}

#[test]
fn two_calls_with_the_same_bytes_need_two_approvals() {
    let book = Book::new();
    let person = Person::new(&book);
    let mut wire = Wire::new(&book, asking(ASK), polite());
    wire.send(&call(1, "write"));
    let first = person.asked(1);
    wire.send(&call(2, "write"));
    wire.send(&call(3, "read"));
    assert_eq!(wire.answer()["id"], 3);
    person.decide(&first, Choice::Approve, &[]);
    let one = wire.answer();
    assert!(one["result"].get("isError").is_none(), "{one}");
    person.decide(&person.asked(2), Choice::Deny, &[]);
    let other = wire.answer();
    assert!(text(&other).contains("a person said no"), "{other}");
    assert_ne!(one["id"], other["id"]);
    let (_, seen) = wire.end();
    // Both may try to use the yes up. The first counts, and one call reached the server.
    let seen = String::from_utf8(seen).unwrap();
    assert_eq!(seen.lines().filter(|line| line.contains("write")).count(), 1, "{seen}");
}

#[test]
fn a_held_call_that_is_cancelled_ends_so_and_a_later_yes_runs_nothing() {
    let book = Book::new();
    let person = Person::new(&book);
    let mut wire = Wire::new(&book, asking(ASK), polite());
    wire.send(&call(1, "write"));
    let approval = person.asked(1);
    wire.send(r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}"#);
    wire.send(&call(2, "read"));
    assert_eq!(wire.answer()["id"], 2);
    while !outcomes(&book).contains(&"tools.call event cancelled".to_owned()) {
        std::thread::yield_now();
    }
    person.decide(&approval, Choice::Approve, &[]);
    wire.send(&call(3, "read"));
    assert_eq!(wire.answer()["id"], 3);
    let (rest, seen) = wire.end();
    assert_eq!(String::from_utf8(seen).unwrap(), format!("{}\n{}\n", call(2, "read"), call(3, "read")));
    assert_eq!(rest, b"", "who cancels gets no answer");
    assert!(!outcomes(&book).contains(&"approval.used event".to_owned()));
}

#[test]
fn a_client_that_leaves_ends_what_it_held() {
    let book = Book::new();
    let person = Person::new(&book);
    let mut wire = Wire::new(&book, asking(ASK), polite());
    wire.send(&call(1, "write"));
    let approval = person.asked(1);
    let (rest, seen) = wire.end();
    assert_eq!(seen, b"");
    assert!(String::from_utf8(rest).unwrap().contains("the client left while it was held"));
    person.decide(&approval, Choice::Approve, &[]);
    let cancelled: Vec<Record> = book.records().into_iter().filter_map(|stored| stored.record).collect();
    let cancelled: Vec<&Record> = cancelled.iter().filter(|it| it.action == "tools.call").collect();
    assert_eq!((cancelled.len(), cancelled[0].outcome), (1, Some(Outcome::Cancelled)));
    assert_eq!(book.story().last().unwrap(), "approval.decided event");
    assert!(book.story().contains(&"capture.open outcome ok".to_owned()));
}

#[test]
fn the_stop_refuses_a_held_call() {
    let book = Book::new();
    let person = Person::new(&book);
    let mut wire = Wire::new(&book, asking(ASK), polite());
    wire.send(&call(1, "write"));
    let approval = person.asked(1);
    person.stop();
    assert!(text(&wire.answer()).starts_with("Stopped"));
    person.decide(&approval, Choice::Approve, &[]);
    assert_eq!(wire.end().1, b"");
}

#[test]
fn a_client_that_wants_news_gets_them_under_its_own_token() {
    let book = Book::new();
    let person = Person::new(&book);
    let mut wire = Wire::new(&book, asking(ASK), polite());
    wire.send(&call(1, "write").replace(r#""name""#, r#""_meta":{"progressToken":"t\u00e9 1"},"name""#));
    let news = wire.answer();
    assert_eq!(news["method"], "notifications/progress");
    assert_eq!(news["params"]["progressToken"], "té 1");
    assert!(news["params"]["progress"].as_f64().unwrap() > 0.0);
    let approval = person.asked(1);
    assert!(news["params"]["message"].as_str().unwrap().contains(&approval.id.to_string()));
    person.decide(&approval, Choice::Approve, &[]);
    assert_eq!(wire.answer()["id"], 1);
    wire.end();
}

pub(crate) const HELLO: &str = r#"{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{"elicitation":{}},"clientInfo":{"name":"eve","version":"1"}}}"#;

/// The gateway's question to a client that said it can ask.
fn question(wire: &mut Wire) -> serde_json::Value {
    wire.send(HELLO);
    assert_eq!(wire.answer()["id"], 0);
    wire.send(&call(1, "write"));
    let question = wire.answer();
    assert_eq!(question["method"], "elicitation/create", "{question}");
    question
}

pub(crate) fn reply(question: &serde_json::Value, result: &str) -> String {
    format!(r#"{{"jsonrpc":"2.0","id":{},"result":{result}}}"#, question["id"])
}

#[test]
fn the_clients_user_is_asked_where_a_rule_leaves_it_to_them_and_how_they_were_known_is_on_record() {
    let book = Book::new();
    let mut wire = Wire::new(&book, asking(LEAVES), polite());
    let question = question(&mut wire);
    let message = question["params"]["message"].as_str().unwrap();
    assert!(message.contains("files/write") && message.contains("1.50"), "{message}");
    assert_eq!(question["params"]["requestedSchema"]["properties"]["approve"]["type"], "boolean");
    wire.send(&reply(&question, r#"{"action":"accept","content":{"approve":true}}"#));
    let answer = wire.answer();
    assert_eq!((&answer["id"], answer["result"].get("isError")), (&1.into(), None), "{answer}");
    // The question is over: what comes late is ours all the same.
    wire.send(&reply(&question, r#"{"action":"accept","content":{"approve":true}}"#));
    let (_, seen) = wire.end();
    assert_eq!(String::from_utf8(seen).unwrap(), format!("{HELLO}\n{}\n", call(1, "write")), "the answer is ours");
    let said: Vec<Record> = book.records().into_iter().filter_map(|stored| stored.record).collect();
    let of = |action: &str| said.iter().filter(|it| it.action == action).cloned().collect::<Vec<_>>();
    let elicited = &of("approval.elicited")[0];
    assert_eq!((elicited.actor.verified.as_deref(), elicited.actor.claimed.as_deref()), (None, Some("eve 1")));
    assert!(elicited.part(PartName::Context).unwrap().get().contains("no approver's key was used"));
    let asked = of("elicitation.create");
    assert_eq!(asked.len(), 2, "an intent and an outcome");
    assert_eq!((asked[0].actor.kind, asked[1].outcome), (ActorKind::System, Some(Outcome::Ok)));
    assert!(asked[1].part(PartName::Result).unwrap().get().contains("\"approve\":true"));
    assert!(book.told().is_complete());
    // It admitted that call, and no other.
    let mut state = State::with_history();
    book.ledger.bring_up(&mut state).unwrap();
    assert_eq!(state.approvals().iter().next().unwrap().used, Some(elicited.id));
}

#[test]
fn a_no_of_the_clients_user_refuses_and_closing_the_question_leaves_it_to_an_approver() {
    let book = Book::new();
    let person = Person::new(&book);
    let mut wire = Wire::new(&book, asking(LEAVES), polite());
    let first = question(&mut wire);
    wire.send(&reply(&first, r#"{"action":"decline"}"#));
    assert!(text(&wire.answer()).contains("a person said no"));
    wire.send(&call(2, "write"));
    let second = wire.answer();
    assert_ne!(second["id"], first["id"]);
    wire.send(&reply(&second, r#"{"action":"cancel"}"#));
    wire.send(&call(3, "read"));
    assert_eq!(wire.answer()["id"], 3);
    person.decide(&person.asked(2), Choice::Approve, &[]);
    assert_eq!(wire.answer()["id"], 2);
    wire.end();
}

#[test]
fn a_clients_answer_never_counts_where_an_approver_is_demanded_or_nothing_says_that_it_does() {
    for (rules, elicit) in [(DEMANDS, true), (ASK, false)] {
        let book = Book::new();
        let person = Person::new(&book);
        let holding = HoldOptions { elicit, ..holding(LONG) };
        let mut wire = Wire::new(&book, Setup { rules, holding, ..Setup::default() }, polite());
        wire.send(HELLO);
        assert_eq!(wire.answer()["id"], 0);
        wire.send(&call(1, "write"));
        let approval = person.asked(1);
        // Nobody was asked through the client; what it says unasked goes to the server, as everything does.
        wire.send(r#"{"jsonrpc":"2.0","id":"sealbook-1","result":{"action":"accept","content":{"approve":true}}}"#);
        wire.send(&call(2, "read"));
        assert_eq!(wire.answer()["id"], 2, "{rules}");
        assert_eq!(person.decide(&approval, Choice::Approve, &[]), None, "it still waited");
        assert_eq!(wire.answer()["id"], 1);
        wire.end();
        assert!(book.story().iter().all(|told| !told.contains("elicit")), "{:?}", book.story());
    }
}

#[test]
fn the_option_lets_the_clients_user_decide_where_rules_say_nothing_but_not_in_the_stateless_revision() {
    let book = Book::new();
    let holding = HoldOptions { elicit: true, ..holding(LONG) };
    let mut wire = Wire::new(&book, Setup { rules: ASK, holding, ..Setup::default() }, polite());
    let question = question(&mut wire);
    wire.send(&reply(&question, r#"{"action":"accept","content":{"approve":true}}"#));
    assert_eq!(wire.answer()["id"], 1);
    let stateless = r#""_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"},"name""#;
    wire.send(&call(2, "write").replace(r#""name""#, stateless));
    wire.send(&call(3, "read"));
    assert_eq!(wire.answer()["id"], 3);
    let (rest, _) = wire.end();
    assert!(!String::from_utf8(rest).unwrap().contains("elicitation/create"));
}

#[test]
fn a_question_that_is_decided_otherwise_is_called_off() {
    let book = Book::new();
    let person = Person::new(&book);
    let mut wire = Wire::new(&book, asking(LEAVES), polite());
    let question = question(&mut wire);
    person.decide(&person.asked(1), Choice::Approve, &[]);
    let cancelled = wire.answer();
    assert_eq!(cancelled["method"], "notifications/cancelled");
    assert_eq!(cancelled["params"]["requestId"], question["id"]);
    assert_eq!(wire.answer()["id"], 1);
    wire.end();
    assert!(book.story().contains(&"elicitation.create outcome cancelled".to_owned()));
}

#[test]
fn many_held_calls_are_bounded_and_every_one_is_answered() {
    let book = Book::new();
    let person = Person::new(&book);
    let mut wire = Wire::new(&book, asking(ASK), polite());
    for id in 0..70 {
        wire.send(&call(id, "write").replace("1.50", &id.to_string()));
    }
    // Beyond the bound they are answered at once.
    for _ in 0..6 {
        assert!(text(&wire.answer()).contains("Held by"));
    }
    person.stop();
    let mut stopped = 0;
    for _ in 0..64 {
        stopped += usize::from(text(&wire.answer()).starts_with("Stopped"));
    }
    assert_eq!(stopped, 64);
    assert_eq!(wire.end().1, b"");
}

#[test]
fn who_should_decide_is_told_and_who_could_not_be_told_is_on_record() {
    struct Deaf;
    impl sealbook_gate::Teller for Deaf {
        fn tell(&self, question: sealbook_gate::Question) {
            assert_eq!((question.tool.as_str(), question.rules.as_slice()), ("write", &["ask".to_owned()][..]));
            question.untold.because("webhook", "it cannot be reached");
        }
    }
    let book = Book::new();
    let rules = sealbook_policy::Rule::from_yaml("{id: ask, effect: ask, when: {field: target.id, matches: write}}");
    let policy = Book::policy().with_rules(Arc::new(sealbook_policy::RuleSet::compile(rules.unwrap()).unwrap()));
    let gate = sealbook_gate::Gate::new(Arc::clone(&book.ledger), policy, sealbook_gate::GateOptions::default());
    let gate = gate.unwrap().telling(Arc::new(Deaf));
    let sealbook_gate::Passage::Refused(refused) = gate.enter(book.call("write")).unwrap() else { panic!("it passed") };
    let untold =
        book.records().into_iter().filter_map(|it| it.record).find(|it| it.action == "approval.untold").unwrap();
    assert_eq!((untold.parent, untold.outcome), (refused.approval, Some(Outcome::Failed)));
    assert!(untold.part(PartName::Context).unwrap().get().contains("cannot be reached"));
}
