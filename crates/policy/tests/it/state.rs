//! What follows from sealed records: rules, stops, approvals, alerts.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use sealbook_ledger::Hash;
use sealbook_policy::{
    ApprovalState, Call, Choice, Conditions, Decision, Policy, Raw, Standing, State, StopKind, StopScope,
};
use sealbook_record::{Actor, ActorKind, PartName, Record, Target, TargetKind, Timestamp, Uuid};

use crate::fixture::{policy, record};

const APPROVER: Option<Hash> = Some(Hash([1; 32]));

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_micros(seconds * 1_000_000)
}

/// A record as it is after sealing: redacted like all else.
fn sealed(policy: &Policy, record: Record) -> Record {
    policy.admit(Raw::new(record)).expect("it is admitted").record().clone()
}

fn change(id: u128, action: &str, by: &str, target: (TargetKind, &str), input: &str) -> Record {
    let target = Target::new(target.0, target.1);
    let mut record = Record::event(Uuid::from_u128(id), Actor::new(ActorKind::User, by), action, target, at(0));
    record.set_part_json(PartName::Input, input).expect("it is JSON");
    record.reason = Some("because".to_owned());
    record
}

#[test]
fn rules_need_an_approver_and_survive_a_restart() {
    let json = r#"{"id":"no-writes","effect":"block","scope":{"actions":"file.write"}}"#;
    let add = sealed(&policy(), change(1, "rule.add", "alice", (TargetKind::Rule, "no-writes"), json));
    let mut state = State::new();
    let builtin = state.rules().digest();
    state.push(0, at(1), &add, None);
    assert_eq!((state.rules().digest(), state.refused().len()), (builtin, 1));
    state.push(1, at(1), &add, APPROVER);
    assert_eq!(state.rules().evaluate(&record()).decision(), Decision::Block);
    let off = change(2, "rule.disable", "alice", (TargetKind::Rule, "no-writes"), "{}");
    state.push(2, at(2), &off, None);
    assert_eq!(state.rules().evaluate(&record()).decision(), Decision::Block);
    state.push(3, at(2), &off, APPROVER);
    assert_eq!((state.rules().evaluate(&record()).decision(), state.rules().digest()), (Decision::Allow, builtin));
    let on = change(3, "rule.enable", "alice", (TargetKind::Rule, "no-writes"), "{}");
    state.push(4, at(3), &on, APPROVER);
    assert_eq!(state.rules().evaluate(&record()).decision(), Decision::Block);
    // The same records give the same state, and those seen before change nothing.
    let mut again = State::new();
    for (seq, record) in [(1, &add), (3, &off), (4, &on), (2, &off)] {
        again.push(seq, at(9), record, APPROVER);
    }
    assert_eq!(again.rules().digest(), state.rules().digest());
}

#[test]
fn a_built_in_rule_is_replaced_and_never_doubled() {
    let mut state = State::new();
    let before = state.rules().len();
    let json = r#"{"id":"data_export_monitor","effect":"block","scope":{"actions":"file.write"}}"#;
    let add = change(1, "rule.add", "a", (TargetKind::Rule, "data_export_monitor"), json);
    for seq in 0..3 {
        state.push(seq, at(1), &add, APPROVER);
    }
    assert_eq!(state.rules().len(), before);
    assert!(state.held_rules().iter().any(|held| held.rule().id == "data_export_monitor" && !held.builtin));
}

#[test]
fn a_stop_halts_its_scope_until_an_approver_lifts_it() {
    let mut call = record();
    call.action = "tools.call".to_owned();
    call.target = Target::new(TargetKind::Tool, "github/delete_repo");
    call.session = Some("s".to_owned());
    call.operation = Some(Uuid::from_u128(99));
    let mut other = record();
    other.tenant = "other".to_owned();
    other.actor.id = "someone".to_owned();
    let scope = |kind, id: &str| StopScope { kind, id: id.to_owned() };
    let operation = Uuid::from_u128(99).to_string();
    for scope in [
        StopScope::all(),
        scope(StopKind::Tenant, "default"),
        scope(StopKind::Actor, "agent-1"),
        scope(StopKind::Session, "s"),
        scope(StopKind::Tool, "delete_repo"),
        scope(StopKind::Tool, "github/delete_repo"),
        scope(StopKind::Workflow, &operation),
    ] {
        let mut state = State::new();
        let set = sealed(&policy(), change(1, "stop.set", "bob", (TargetKind::Other, "x"), &scope.to_json()));
        state.push(0, at(1), &set, None);
        state.push(1, at(1), &set, None);
        let stop = state.stopped(&call).unwrap_or_else(|| panic!("{scope}"));
        assert_eq!((stop.by.as_str(), stop.reason.as_deref(), stop.seq), ("bob", Some("because"), 0));
        assert_eq!(state.stopped(&other).is_some(), scope.kind == StopKind::All, "{scope}");
        let lift = change(2, "stop.lift", "bob", (TargetKind::Other, "x"), &scope.to_json());
        state.push(2, at(2), &lift, None);
        assert!(state.stopped(&call).is_some(), "an unsigned resume does nothing");
        state.push(3, at(2), &lift, APPROVER);
        assert!(state.stopped(&call).is_none() && state.stops().is_empty());
        assert_eq!(state.refused().iter().map(|(seq, _)| *seq).collect::<Vec<_>>(), [2]);
    }
    let mut state = State::new();
    state.push(0, at(1), &change(1, "stop.set", "b", (TargetKind::Other, "x"), r#"{"scope":{"kind":"moon"}}"#), None);
    assert_eq!(state.stops()[0].scope, StopScope::all(), "what cannot be read stops everything");
}

#[test]
fn alerts_are_assigned_resolved_and_counted() {
    let rules = sealbook_policy::Rule::from_yaml("{id: r, effect: alert, scope: {actions: [file.write]}}").unwrap();
    let policy = policy().with_rules(sealbook_policy::RuleSet::compile(rules).unwrap().into());
    let alert = |id: u128| {
        let judged = policy.admit(Raw::new(Record { id: Uuid::from_u128(id), ..record() })).unwrap();
        sealed(&policy, judged.alerts()[0].record().clone())
    };
    let (mut state, mut history) = (State::new(), State::with_history());
    let (one, two) = (alert(6), alert(7));
    assert_ne!(one.id, two.id);
    let about = |action: &str, id: u128, alert: Uuid, input: &str| {
        let mut record = change(id, action, "alice", (TargetKind::Record, "alert"), input);
        record.parent = Some(alert);
        record
    };
    let records = [
        one.clone(),
        two.clone(),
        about("alert.assigned", 1, one.id, r#"{"to":"bob"}"#),
        about("alert.resolved", 2, one.id, "{}"),
        about("alert.resolved", 3, one.id, "{}"),
        about("alert.resolved", 4, Uuid::from_u128(12_345), "{}"),
    ];
    for state in [&mut state, &mut history] {
        for (seq, record) in (0..).zip(&records) {
            state.push(seq, at(6), record, None);
        }
    }
    assert_eq!((history.alerts().unresolved(), history.alerts().resolved(), history.refused().len()), (1, 1, 2));
    let open = history.alerts().get(two.id).unwrap();
    assert_eq!((open.rule.as_str(), open.about, open.action.as_str()), ("r", Some(record().id), "file.write"));
    // A gate does not follow what decides nothing.
    assert!(state.alerts().list().is_empty() && state.next_seq() == history.next_seq());
    assert_eq!(state.sorts(), [Standing::Decision]);
    let resolved = history.alerts().get(one.id).unwrap();
    assert_eq!(resolved.assigned.as_deref(), Some("bob"));
    assert_eq!(resolved.resolved, Some(("alice".to_owned(), Some("because".to_owned()))));
}

fn call(arguments: u8) -> Call {
    Call {
        caller: "agent-1".to_owned(),
        server: "github".to_owned(),
        tool: "delete_repo".to_owned(),
        arguments: Hash::of(&[arguments]),
        whole: None,
        policy: Hash([7; 32]),
    }
}

fn request(id: u128, call: &Call, expires: i64) -> Record {
    let mut record = change(
        id,
        "approval.requested",
        "agent-1",
        (TargetKind::Tool, "github/delete_repo"),
        &call.request_json(at(expires)),
    );
    record.actor.kind = ActorKind::Agent;
    record
}

fn decision(id: u128, about: u128, digest: Hash, choice: Choice, by: &str) -> Record {
    let mut record = change(id, "approval.decided", by, (TargetKind::Record, "x"), &choice.decision_json(digest));
    record.parent = Some(Uuid::from_u128(about));
    record
}

fn used(id: u128, about: u128) -> Record {
    let mut record = change(id, "approval.used", "agent-1", (TargetKind::Record, "x"), "{}");
    record.parent = Some(Uuid::from_u128(about));
    record
}

#[test]
fn who_asked_as_a_person_may_not_approve_under_another_name() {
    let call = call(1);
    let mut asked = request(1, &call, 1_000);
    let digest = call.digest(at(1_000));
    let refused_by = |asked: &Record, verified: &str| {
        let mut state = State::new();
        state.push(0, at(1), asked, None);
        let mut decided = decision(2, 1, digest, Choice::Approve, "boss");
        decided.actor.verified = Some(verified.to_owned());
        state.push(1, at(2), &decided, APPROVER);
        state.refused().len()
    };
    asked.actor.verified = Some("uid:7".to_owned());
    assert_eq!(refused_by(&asked, "uid:7"), 0, "a person answers for their agent");
    asked.actor.kind = ActorKind::User;
    assert_eq!(refused_by(&asked, "uid:7"), 1);
    assert_eq!(refused_by(&asked, "uid:8"), 0);
}

#[test]
fn an_approval_admits_the_same_call_once() {
    let policy = policy();
    let mut state = State::new();
    let digest = call(1).digest(at(100));
    state.push(0, at(1), &sealed(&policy, request(1, &call(1), 100)), None);
    assert!(state.approvals().waiting(&call(1), at(2)).is_some());
    assert!(state.approvals().admits(&call(1), at(2)).is_none());
    state.push(1, at(2), &sealed(&policy, decision(2, 1, digest, Choice::Approve, "alice")), None);
    assert!(state.approvals().admits(&call(1), at(2)).is_none(), "unsigned");
    state.push(2, at(2), &sealed(&policy, decision(3, 1, digest, Choice::Approve, "agent-1")), APPROVER);
    assert!(state.approvals().admits(&call(1), at(2)).is_none(), "by the asker");
    state.push(3, at(2), &sealed(&policy, decision(4, 1, Hash::of(b"other"), Choice::Approve, "alice")), APPROVER);
    assert!(state.approvals().admits(&call(1), at(2)).is_none(), "about other bytes");
    state.push(4, at(2), &sealed(&policy, decision(5, 1, digest, Choice::Approve, "alice")), APPROVER);
    assert_eq!(state.approvals().admits(&call(1), at(99)).map(|it| it.id), Some(Uuid::from_u128(1)));
    assert!(state.approvals().admits(&call(1), at(100)).is_none(), "expired");
    assert!(state.approvals().admits(&call(2), at(3)).is_none(), "other bytes");
    for whole in [b"one", b"two"] {
        let other = Call { whole: Some(Hash::of(whole)), ..call(1) };
        assert!(state.approvals().admits(&other, at(3)).is_none(), "another call with the same arguments");
        assert_ne!(other.digest(at(100)), digest);
    }
    let other_rules = Call { policy: Hash([8; 32]), ..call(1) };
    assert!(state.approvals().admits(&other_rules, at(3)).is_none(), "other rules");
    for (seq, id) in [(5, 6), (6, 7)] {
        state.push(seq, at(3), &sealed(&policy, used(id, 1)), None);
    }
    assert!(state.approvals().admits(&call(1), at(3)).is_none(), "used");
    assert!(state.approvals().is_used_by(Uuid::from_u128(1), Uuid::from_u128(6)));
    assert!(!state.approvals().is_used_by(Uuid::from_u128(1), Uuid::from_u128(7)), "the first that is sealed counts");
    assert_eq!(state.refused().len(), 4);
    // Long over, it is forgotten; who keeps history keeps it.
    state.push(7, at(200_000), &used(8, 1), None);
    assert!(state.approvals().get(Uuid::from_u128(1)).is_none());
}

#[test]
fn a_request_that_shows_one_call_and_means_another_is_refused() {
    let evil = call(2);
    let json =
        call(1).request_json(at(100)).replace(&call(1).digest(at(100)).to_string(), &evil.digest(at(100)).to_string());
    let mut state = State::new();
    state.push(0, at(1), &change(1, "approval.requested", "agent-1", (TargetKind::Tool, "x"), &json), None);
    let other = Call { caller: "someone-else".to_owned(), ..call(1) };
    state.push(1, at(1), &request(2, &other, 100), None);
    assert_eq!((state.approvals().iter().count(), state.refused().len()), (0, 2));
}

#[derive(Debug, Clone)]
enum Event {
    Request { id: u8, arguments: u8, expires: i64 },
    Decide { about: u8, approve: bool, signed: bool, by_asker: bool, other_bytes: bool },
    Use { about: u8 },
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        (0..6_u8, 0..3_u8, 0..60_i64).prop_map(|(id, arguments, expires)| Event::Request { id, arguments, expires }),
        (0..6_u8, any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>()).prop_map(
            |(about, approve, signed, by_asker, other_bytes)| Event::Decide {
                about,
                approve,
                signed,
                by_asker,
                other_bytes
            }
        ),
        (0..6_u8).prop_map(|about| Event::Use { about }),
    ]
}

proptest! {
    /// Whatever comes in whatever order: a call is admitted only by a signed yes of another person, to these
    /// bytes, before the end, without a no before it, and once.
    #[test]
    fn nothing_is_admitted_that_was_not_approved(events in proptest::collection::vec(event(), 0..60)) {
        let mut state = State::with_history();
        let mut asked: BTreeMap<u8, (u8, i64)> = BTreeMap::new();
        let mut said: BTreeMap<u8, bool> = BTreeMap::new();
        let mut spent: BTreeSet<u8> = BTreeSet::new();
        for (seq, event) in (0_u64..).zip(&events) {
            let now = i64::try_from(seq).unwrap();
            let record_id = 1_000 + u128::from(seq);
            match *event {
                Event::Request { id, arguments, expires } => {
                    asked.entry(id).or_insert((arguments, expires));
                    state.push(seq, at(now), &request(id.into(), &call(arguments), expires), None);
                }
                Event::Decide { about, approve, signed, by_asker, other_bytes } => {
                    let (arguments, expires) = asked.get(&about).copied().unwrap_or((0, 0));
                    let digest = call(arguments + u8::from(other_bytes)).digest(at(expires));
                    let choice = if approve { Choice::Approve } else { Choice::Deny };
                    let by = if by_asker { "agent-1" } else { "alice" };
                    let counts = asked.contains_key(&about) && !other_bytes && now < expires
                        && (!approve || (signed && !by_asker));
                    if counts {
                        said.entry(about).or_insert(approve);
                    }
                    let record = decision(record_id, about.into(), digest, choice, by);
                    state.push(seq, at(now), &record, APPROVER.filter(|_| signed));
                }
                Event::Use { about } => {
                    let live = asked.get(&about).is_some_and(|(_, expires)| now < *expires);
                    if live && said.get(&about) == Some(&true) {
                        spent.insert(about);
                    }
                    state.push(seq, at(now), &used(record_id, about.into()), None);
                }
            }
            for (id, (arguments, expires)) in &asked {
                let expected = match (spent.contains(id), said.get(id)) {
                    (true, _) => ApprovalState::Used,
                    (_, Some(false)) => ApprovalState::Denied,
                    _ if now >= *expires => ApprovalState::Expired,
                    (_, Some(true)) => ApprovalState::Approved,
                    _ => ApprovalState::Waiting,
                };
                let approval = state.approvals().get(Uuid::from_u128((*id).into())).unwrap();
                prop_assert_eq!(approval.state(at(now)), expected);
                let admits = asked.iter().any(|(other, (bytes, end))| {
                    bytes == arguments && now < *end && said.get(other) == Some(&true) && !spent.contains(other)
                });
                prop_assert_eq!(state.approvals().admits(&call(*arguments), at(now)).is_some(), admits);
            }
        }
    }
}

#[test]
fn the_directories_of_this_book_are_guarded_whatever_they_are_called() {
    let mut state = State::new();
    let places = ["/srv/audit/books/shop/default", "/srv/audit/k", "/"].map(str::to_owned);
    state.guard(&places, &["HOME=/srv".to_owned()]);
    state.guard(&places, &[]);
    let with_input = |kind, input: &str| {
        let mut record = record();
        record.parts.remove(&PartName::Context);
        record.actor.kind = kind;
        record.set_part_json(PartName::Input, input).expect("it is JSON");
        record
    };
    let said = |state: &State, record: &Record| state.rules().evaluate(record).decision();
    let touching = with_input(ActorKind::Agent, r#"{"command":"cat /srv/audit/k/record-1.key"}"#);
    assert_eq!(said(&state, &touching), Decision::Block);
    assert_eq!(said(&State::new(), &touching), Decision::Allow);
    let by_person = with_input(ActorKind::User, r#"{"command":"cat /srv/audit/k/x"}"#);
    assert_eq!(said(&state, &by_person), Decision::Allow);
    assert_eq!(said(&state, &with_input(ActorKind::Agent, r#"{"path":"/srv/auditor"}"#)), Decision::Allow);
    for input in [
        r#"{"command":"cat /srv//audit/./k/x"}"#,
        r#"{"command":"cd /srv/audit && rm -rf k"}"#,
        r#"{"command":"rm -rf /srv/audit"}"#,
        r#"{"command":"rm -rf ~"}"#,
        r#"{"command":"cat $HOME/audit/k/x"}"#,
        r#"{"db_path":"/srv/x/../audit/k/ledger.db"}"#,
        r#"{"cwd":"/srv/audit","path":"k/x"}"#,
    ] {
        assert_eq!(said(&state, &with_input(ActorKind::Agent, input)), Decision::Block, "{input}");
    }
    let mut from_elsewhere = with_input(ActorKind::Agent, r#"{"cmd":"rm -rf k","workdir":"/srv/audit"}"#);
    from_elsewhere.set_part_json(PartName::Context, r#"{"cwd":"/home/u"}"#).expect("it is JSON");
    assert_eq!(said(&state, &from_elsewhere), Decision::Block, "where the call says it is done counts");
    let mut moved = with_input(ActorKind::Agent, r#"{"source":"/srv//audit","destination":"/tmp/x"}"#);
    assert_eq!(said(&state, &moved), Decision::Allow, "to look at what is above is no harm");
    moved.target = Target::new(TargetKind::Tool, "files/move_file");
    assert_eq!(said(&state, &moved), Decision::Block);
    assert_eq!(state.held_rules().iter().filter(|held| held.rule().id == "guard-places").count(), 1);
    let off = change(2, "rule.disable", "alice", (TargetKind::Rule, "guard-places"), "{}");
    state.push(0, at(1), &off, APPROVER);
    assert_eq!(said(&state, &touching), Decision::Allow);
}

fn conditions() -> Conditions {
    Conditions { review: Uuid::from_u128(77), texts: vec!["a backup exists".to_owned(), "ann has seen it".to_owned()] }
}

#[test]
fn a_yes_counts_only_with_a_word_on_every_condition() {
    let policy = policy();
    let mut state = State::new();
    let (conditions, digest) = (conditions(), call(1).digest_with(at(100), Some(&conditions()), 1));
    assert_ne!(digest, call(1).digest(at(100)), "the conditions are part of what is approved");
    let mut asked = request(1, &call(1), 100);
    asked.set_part_json(PartName::Input, call(1).request_json_with(at(100), Some(&conditions), 1)).unwrap();
    state.push(0, at(1), &sealed(&policy, asked), None);
    assert_eq!(state.approvals().waiting(&call(1), at(2)).and_then(|it| it.conditions.clone()), Some(conditions));
    let said = |id, met: &[&str]| {
        let mut record = decision(id, 1, digest, Choice::Approve, "alice");
        let met = met.iter().map(|text| (*text).to_owned()).collect();
        record.set_part_json(PartName::Input, Choice::Approve.decision_json_with(digest, met)).unwrap();
        sealed(&policy, record)
    };
    for (seq, met) in (1..).zip([&[][..], &["yes"], &["yes", " "], &["1", "2", "3"]]) {
        state.push(seq, at(2), &said(u128::from(seq) + 10, met), APPROVER);
        assert!(state.approvals().admits(&call(1), at(2)).is_none(), "{met:?}");
    }
    state.push(8, at(2), &said(30, &["backup 4711", "ticket 7"]), None);
    assert!(state.approvals().admits(&call(1), at(2)).is_none(), "unsigned");
    state.push(9, at(2), &said(31, &["backup 4711", "ticket 7"]), APPROVER);
    assert!(state.approvals().admits(&call(1), at(2)).is_some());
}

#[test]
fn conditions_that_are_shown_and_not_meant_are_refused() {
    let honest = call(1).request_json_with(at(100), Some(&conditions()), 1);
    let less = honest.replace("\"a backup exists\",", "");
    let none = call(1).request_json(at(100)).replace("\"digest\"", "\"review\":\"x\",\"digest\"");
    let mut state = State::new();
    for (seq, json) in (0..).zip([less, none]) {
        let mut asked = request(u128::from(seq) + 1, &call(1), 100);
        asked.set_part_json(PartName::Input, json).unwrap();
        state.push(seq, at(1), &asked, None);
    }
    assert_eq!((state.approvals().iter().count(), state.refused().len()), (0, 2));
}

fn elicited(id: u128, about: u128, digest: Hash, choice: Choice) -> Record {
    let mut record = decision(id, about, digest, choice, "client-user");
    "approval.elicited".clone_into(&mut record.action);
    record
}

#[test]
fn what_a_client_says_of_its_user_ends_a_request_and_admits_nothing() {
    let policy = policy();
    let digest = call(1).digest(at(100));
    for choice in [Choice::Approve, Choice::Deny] {
        let mut state = State::new();
        state.push(0, at(1), &sealed(&policy, request(1, &call(1), 100)), None);
        state.push(1, at(2), &sealed(&policy, elicited(2, 1, Hash::of(b"other"), choice)), None);
        assert!(state.approvals().waiting(&call(1), at(2)).is_some(), "about other bytes");
        state.push(2, at(2), &sealed(&policy, elicited(3, 1, digest, choice)), None);
        assert!(state.approvals().admits(&call(1), at(2)).is_none(), "it admits nothing");
        let is_first = state.approvals().is_used_by(Uuid::from_u128(1), Uuid::from_u128(3));
        assert_eq!(is_first, choice == Choice::Approve);
        // Nobody can make more of it afterwards.
        state.push(3, at(2), &sealed(&policy, decision(4, 1, digest, Choice::Approve, "alice")), APPROVER);
        assert!(state.approvals().admits(&call(1), at(2)).is_none());
    }
    // Whether conditions are met is not for a client to say.
    let mut state = State::new();
    let mut asked = request(1, &call(1), 100);
    asked.set_part_json(PartName::Input, call(1).request_json_with(at(100), Some(&conditions()), 1)).unwrap();
    state.push(0, at(1), &sealed(&policy, asked), None);
    let with = call(1).digest_with(at(100), Some(&conditions()), 1);
    state.push(1, at(2), &sealed(&policy, elicited(2, 1, with, Choice::Approve)), None);
    assert!(state.approvals().waiting(&call(1), at(2)).is_some());
}

/// A request for call 1 that needs so many, and its digest.
fn asked_of(approvers: u32) -> (Record, Hash) {
    let mut asked = request(1, &call(1), 100);
    asked.set_part_json(PartName::Input, call(1).request_json_with(at(100), None, approvers)).expect("it is JSON");
    (asked, call(1).digest_with(at(100), None, approvers))
}

#[test]
fn where_several_must_approve_it_takes_as_many_keys_and_people() {
    let policy = policy();
    let (asked, digest) = asked_of(3);
    assert_ne!(digest, call(1).digest(at(100)), "how many is part of what is approved");
    let mut state = State::new();
    state.push(0, at(1), &sealed(&policy, asked), None);
    let key = |name: &str| Some(Hash::of(name.as_bytes()));
    let mut seq = 0;
    let mut says = |state: &mut State, by: &str, key: Option<Hash>, digest: Hash, choice: Choice| {
        seq += 1;
        let record = sealed(&policy, decision(u128::from(seq) + 10, 1, digest, choice, by));
        state.push(seq, at(2), &record, key);
        state.approvals().admits(&call(1), at(2)).is_some()
    };
    let yes = Choice::Approve;
    assert!(!says(&mut state, "alice", key("a"), digest, yes), "one of three");
    assert!(!says(&mut state, "alice", key("a"), digest, yes), "the same again");
    assert!(!says(&mut state, "alice", key("b"), digest, yes), "the same person with another key");
    assert!(!says(&mut state, "bob", key("a"), digest, yes), "another name on the same key");
    assert!(!says(&mut state, "bob", None, digest, yes), "no key");
    assert!(!says(&mut state, &call(1).caller, key("c"), digest, yes), "who asked");
    assert!(!says(&mut state, "bob", key("b"), call(1).digest(at(100)), yes), "as if one were enough");
    assert!(!says(&mut state, "bob", key("b"), digest, yes), "two of three");
    let approval = state.approvals().get(Uuid::from_u128(1)).unwrap();
    assert_eq!(approval.approved.iter().map(|yes| yes.by.as_str()).collect::<Vec<_>>(), ["alice", "bob"]);
    assert!(says(&mut state, "carol", key("c"), digest, yes), "three of three");
    assert_eq!(state.refused().len(), 6);
    // It is over then: one more is one too many, and so is a no.
    assert!(says(&mut state, "dave", key("d"), digest, Choice::Deny));
    assert_eq!(state.refused().len(), 7);
}

#[test]
fn one_no_is_enough_and_no_client_says_yes_for_several() {
    let policy = policy();
    let (asked, digest) = asked_of(2);
    let key = |name: &str| Some(Hash::of(name.as_bytes()));
    let mut state = State::new();
    state.push(0, at(1), &sealed(&policy, asked.clone()), None);
    state.push(1, at(2), &sealed(&policy, elicited(9, 1, digest, Choice::Approve)), None);
    assert!(state.approvals().waiting(&call(1), at(2)).is_some(), "a client's user is no approver");
    state.push(2, at(2), &sealed(&policy, decision(10, 1, digest, Choice::Approve, "alice")), key("a"));
    state.push(3, at(2), &sealed(&policy, decision(11, 1, digest, Choice::Deny, "bob")), None);
    state.push(4, at(2), &sealed(&policy, decision(12, 1, digest, Choice::Approve, "carol")), key("c"));
    assert!(state.approvals().admits(&call(1), at(2)).is_none());
    assert_eq!(state.approvals().get(Uuid::from_u128(1)).unwrap().state(at(2)), sealbook_policy::ApprovalState::Denied);
    // Who asks may ask for fewer than the rules want: that admits nothing where they want more.
    let mut state = State::new();
    state.push(0, at(1), &sealed(&policy, request(1, &call(1), 100)), None);
    assert!(state.approvals().waiting_for(&call(1), 2, at(2)).is_none());
    let one = call(1).digest(at(100));
    state.push(1, at(2), &sealed(&policy, decision(10, 1, one, Choice::Approve, "alice")), key("a"));
    assert!(state.approvals().admits(&call(1), at(2)).is_some());
    assert!(state.approvals().admits_by(&call(1), 2, at(2)).is_none());
    // A number that is not in the digest is not believed.
    let less = call(1).request_json_with(at(100), None, 2).replace("\"approvers\":2", "\"approvers\":1");
    let none = call(1).request_json_with(at(100), None, 2).replace("\"approvers\":2", "\"approvers\":0");
    for json in [less, none] {
        let mut state = State::new();
        let mut forged = asked.clone();
        forged.set_part_json(PartName::Input, json).unwrap();
        state.push(0, at(1), &sealed(&policy, forged), None);
        assert_eq!((state.approvals().iter().count(), state.refused().len()), (0, 1));
    }
}
