//! `retention`: what may go, what must stay, and what stays of it.

use serde_json::{Value, json};

use crate::fixture::Place;

fn due(place: &Place, more: &[&str]) -> (Vec<u64>, Value) {
    let told = place.json(["retention", "--from-occurred"].iter().chain(more));
    (told["due"].as_array().unwrap().iter().map(|line| line["seq"].as_u64().unwrap()).collect(), told)
}

fn add(place: &Place, rules: &str) {
    place.write("rules.yaml", rules);
    place.approved(&["rules", "add", "rules.yaml"]);
}

#[test]
fn the_longest_retention_wins_and_what_no_rule_names_is_kept() {
    let place = Place::new();
    place.make_approver();
    add(
        &place,
        "- {id: short, effect: log, retention: 2, scope: {actions: ['mail.*']}}\n- {id: long, effect: log, retention: 10, scope: {actions: [mail.sent]}}\n",
    );
    let old = |action: &str| {
        place.append(&["--action", action, "--target", "t", "--input", "hello", "--occurred", "2020-02-29T10:00:00Z"])
    };
    let (read, sent, other) = (old("mail.read"), old("mail.sent"), old("other"));
    let (seqs, told) = due(&place, &[]);
    assert_eq!((&seqs[..], &told["kept"]), (&[read][..], &json!(1)), "{other}: {told}");
    assert_eq!(
        (&told["due"][0]["rule"], &told["due"][0]["until"]),
        (&json!("short"), &json!("2022-03-01T10:00:00.000000Z"))
    );
    assert_eq!(due(&place, &["--as-of", "2022-03-01T09:59:59Z"]).0, [] as [u64; 0]);
    assert_eq!(due(&place, &["--as-of", "2030-03-01T10:00:00Z"]).0, [read, sent]);
    // From the seal, which is now, nothing is due; a rule that is turned off keeps what it had hit.
    assert_eq!(place.json(["retention"])["due_records"], 0);
    place.approved(&["rules", "disable", "long"]);
    assert_eq!(due(&place, &[]).0, [read]);
    // A rule that came later counts as well.
    add(&place, "id: later\neffect: log\nretention: 1\nscope: {actions: [other]}\n");
    assert_eq!(due(&place, &[]).0, [read, other]);
}

#[test]
fn what_is_due_is_erased_on_record_and_every_proof_stays() {
    let place = Place::new();
    place.make_approver();
    add(&place, "id: short\neffect: log\nretention: 1\nscope: {actions: [mail.read, 'stop.*']}\n");
    let old = |input: &str| {
        place.append(&["--action", "mail.read", "--target", "t", "--input", input, "--occurred", "2020-01-01"])
    };
    let (first, second) = (old("aardvark"), old("platypus"));
    assert_eq!(due(&place, &[]).0, [first, second]);
    assert_eq!(place.run(["retention", "--from-occurred", "--erase"]).code, 2, "why is asked for");
    assert!(place.ok(["export"]).contains("aardvark"), "asking erases nothing");
    let erased =
        place.json(["retention", "--from-occurred", "--erase", "--keep-statement", "--reason", "a year is over"]);
    assert_eq!((&erased["erased"], &erased["due_records"]), (&json!(2), &json!(2)));
    let exported = place.ok(["export"]);
    assert!(!exported.contains("aardvark") && exported.contains("mail.read"), "{exported}");
    place.ok(["retention", "--from-occurred", "--erase", "--reason", "and who it was"]);
    assert_eq!(due(&place, &[]).0, [] as [u64; 0]);
    assert!(place.json(["query", "--action", "mail.read"])["records"].as_array().unwrap().is_empty());
    let told = place.json(["verify"]);
    assert_eq!(told["valid"], true, "{told}");
    let why = place.ok(["show", &first.to_string()]);
    assert!(why.contains("erased"), "{why}");
}

#[test]
fn a_hold_beats_a_purge_and_only_an_approver_ends_it() {
    let place = Place::new();
    place.make_approver();
    add(
        &place,
        "- {id: short, effect: log, retention: 1, scope: {actions: ['mail.*']}}\n- {id: odd, effect: alert, retention: 1, scope: {actions: [mail.odd]}}\n",
    );
    let old = |action: &str| place.append(&["--action", action, "--target", "t", "--occurred", "2020-01-01"]);
    let (held, free, odd) = (old("mail.read"), old("mail.read"), old("mail.odd"));
    let hold = |what: &str| place.ok(["retention", "--hold", what, "--reason", "case 17"]);
    hold(&held.to_string());
    let (seqs, told) = due(&place, &[]);
    assert_eq!((&seqs[..], &told["held"], &told["alerting"]), (&[free][..], &json!(1), &json!(1)), "{odd}: {told}");
    // Nobody erases it by hand either, nor the record of the hold.
    let by_hand = place.run(["erase", &held.to_string(), "--all", "--reason", "r"]);
    assert!(by_hand.code == 2 && by_hand.err.contains("erase_refused") && by_hand.err.contains("hold"), "{by_hand:?}");
    let of_hold = place.json(["query", "--action", "retention.hold"])["records"][0]["seq"].to_string();
    assert_eq!(place.run(["erase", &of_hold, "--all", "--reason", "r"]).code, 2);
    // Nobody releases by an ordinary record.
    let id =
        place.json(["query", "--action", "mail.read", "--ascending", "--limit", "1"])["records"][0]["record"]["id"]
            .clone();
    let ended =
        place.run(["append", "--action", "retention.release", "--target", &format!("record:{}", id.as_str().unwrap())]);
    assert!(ended.code == 2 && ended.err.contains("error[action_reserved]"), "{ended:?}");
    assert_eq!(due(&place, &[]).1["held"], 1);
    hold("all");
    assert_eq!(due(&place, &[]).0, [] as [u64; 0]);
    place.approved(&["retention", "--release", "all", "--reason", "over"]);
    place.approved(&["retention", "--release", &held.to_string(), "--reason", "over"]);
    assert_eq!(due(&place, &[]).0, [held, free]);
}
