//! Rules, approvals, alerts, stops and the compliance report, as a person meets them.

use std::path::Path;

use sealbook_ledger::Hash;
use sealbook_policy::{Call, DigestKey, Policy, Raw};
use sealbook_record::{Actor, ActorKind, PartName, Record, Target, TargetKind, Timestamp, Uuid};
use sealbook_store::{Layout, Ledger, Options};
use serde_json::Value;

use crate::fixture::{Ended, Place, end};

const NO_PROD: &str = "
- id: no-prod
  name: Production is written by the pipeline
  effect: block
  severity: critical
  when:
    - {field: action, equals: deploy.start}
    - {field: input.env, equals: prod}
- id: watch
  effect: block
  mode: observe
  scope: {actions: ['deploy.*']}
";

fn error(ended: &Ended, code: &str) {
    assert_eq!(ended.code, 2, "{ended:?}");
    assert!(ended.err.starts_with(&format!("error[{code}]")), "{ended:?}");
}

fn deploy(phase: &'static str, env: &str) -> [String; 9] {
    ["append", "--action", "deploy.start", "--target", "service:shop", "--phase", phase, "--input"]
        .map(str::to_owned)
        .into_iter()
        .chain([format!(r#"{{"env":"{env}"}}"#)])
        .collect::<Vec<_>>()
        .try_into()
        .unwrap()
}

/// The book, opened as any program of the same user may open it.
fn ledger(place: &Place) -> Ledger {
    let layout = Layout { book: place.book(), keys: place.home().join("keys"), heads: place.home().join("heads") };
    Ledger::open(layout, Options::default()).unwrap()
}

/// Seals a record past the commands, without an approver.
fn seal_bare(ledger: &Ledger, action: &str, target: (TargetKind, &str), parent: Option<Uuid>, input: &str) -> Uuid {
    let actor = Actor::new(ActorKind::Agent, "agent-1");
    let target = Target::new(target.0, target.1);
    let mut record = Record::event(ledger.next_id(), actor, action, target, ledger.now());
    record.set_part_json(PartName::Input, input).unwrap();
    record.set_part(PartName::Context, &serde_json::json!({"arguments": {"repo": "shop"}})).unwrap();
    record.parent = parent;
    let id = record.id;
    let judged = Policy::new(DigestKey::new([1; 32])).admit(Raw::new(record)).unwrap();
    ledger.append(vec![judged]).unwrap().remove(0).unwrap();
    id
}

fn ids(list: &Value, of: &str, id: &str) -> Vec<String> {
    list[of].as_array().unwrap().iter().map(|it| it[id].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_rule_is_added_by_an_approver_and_blocks_from_then_on() {
    let place = Place::new();
    place.write("rules.yaml", NO_PROD);
    error(&place.run(["rules", "add", "rules.yaml"]), "approver_missing");
    place.make_approver();
    error(&place.run(["rules", "add", "rules.yaml", "--passphrase-file", "rules.yaml"]), "passphrase_wrong");
    assert_eq!(place.run(deploy("intent", "prod")).code, 0, "no rule holds yet");
    place.approved(&["rules", "add", "rules.yaml", "--reason", "agreed"]);
    let list = place.json(["rules", "list"]);
    assert_eq!(
        ids(
            &serde_json::json!({ "r": list["rules"].as_array().unwrap().iter().map(|it| &it["rule"]).collect::<Vec<_>>() }),
            "r",
            "id"
        )[8..],
        ["no-prod", "watch"]
    );
    assert_eq!((list["rules"][8]["by"].as_str(), list["rules"][8]["builtin"].as_bool()), (Some("ann"), Some(false)));

    let ended = place.run(deploy("intent", "prod"));
    error(&ended, "action_blocked");
    assert!(ended.err.contains("Action blocked by compliance rule: Production is written"), "{ended:?}");
    assert_eq!(place.run(deploy("intent", "test")).code, 0);
    let blocked = place.json(["query", "--outcome", "blocked"]);
    let record = &blocked["records"][0]["record"];
    assert_eq!((record["phase"].as_str(), record["outcome"].as_str()), (Some("event"), Some("blocked")));
    let violations = record["violations"].as_array().unwrap();
    let told: Vec<_> =
        violations.iter().map(|it| (it["rule"].as_str().unwrap(), it["mode"].as_str().unwrap())).collect();
    assert_eq!(told, [("no-prod", "enforce"), ("watch", "observe")]);
    // What has happened is kept, whatever the rules say.
    assert_eq!(place.run(deploy("event", "prod")).code, 0);

    place.approved(&["rules", "disable", "no-prod", "--reason", "freeze is over"]);
    assert_eq!(place.run(deploy("intent", "prod")).code, 0);
    place.approved(&["rules", "enable", "no-prod"]);
    error(&place.run(deploy("intent", "prod")), "action_blocked");
    error(&place.run(["rules", "show", "nothing"]), "rule_unknown");
    assert!(place.ok(["rules", "show", "no-prod"]).contains("Production is written by the pipeline"));
    // The approver's signature stands in the leaf, and the book verifies.
    let add = place.json(["query", "--action", "rule.add", "--ascending"]);
    assert_eq!(add["records"][0]["record"]["reason"], "agreed");
    assert_eq!(
        ledger(&place).reader().unwrap().record(add["records"][0]["seq"].as_u64().unwrap()).unwrap().leaf.sigs.len(),
        2
    );
    assert_eq!(place.run(["verify"]).code, 0);
}

#[test]
fn rules_are_tried_before_they_hold() {
    let place = Place::new();
    place.write("rules.yaml", NO_PROD);
    place.write("call.json", r#"{"action":"deploy.start","target":"shop","input":{"env":"prod"}}"#);
    let said = place.json(["rules", "test", "rules.yaml", "--against", "call.json"]);
    assert_eq!((said["decision"].as_str(), said["hits"].as_array().unwrap().len()), (Some("block"), 2));
    assert!(place.ok(["rules", "test", "rules.yaml", "--against", "call.json"]).contains("2 of 2 rules fit."));

    for env in ["prod", "test", "prod", "prod"] {
        place.ok(deploy("event", env));
    }
    place.append(&["--action", "deploy.start", "--target", "x", "--input", r#"{"env":"x","password":"hunter22"}"#]);
    let erased = place.append(&["--action", "deploy.start", "--target", "y", "--input", r#"{"env":"prod"}"#]);
    place.ok(["erase", &erased.to_string(), "--part", "input", "--reason", "asked"]);
    place.write("more.yaml", "- {id: secret, effect: alert, when: {field: input.password, equals: hunter22}}\n- {id: cel, effect: log, cel: \"has(input.env) && input.env == 'prod'\"}\n");
    let replay = place.json(["rules", "replay", "rules.yaml", "--examples", "2"]);
    assert_eq!((replay["records"].as_u64(), replay["erased"].as_u64()), (Some(6), Some(0)));
    let rule = &replay["rules"][0];
    assert_eq!((rule["fits"].as_u64(), rule["undecidable"].as_u64()), (Some(3), Some(1)), "{replay}");
    assert_eq!(rule["examples"].as_array().unwrap().len(), 2);
    assert_eq!(rule["undecidable_seqs"][0].as_u64(), Some(erased));
    let more = place.json(["rules", "replay", "more.yaml"]);
    assert_eq!((more["rules"][0]["fits"].as_u64(), more["rules"][0]["undecidable"].as_u64()), (Some(0), Some(2)));
    assert_eq!((more["rules"][1]["fits"].as_u64(), more["rules"][1]["undecidable"].as_u64()), (Some(3), Some(2)));
    for format in ["terminal", "markdown"] {
        let text = place.ok(["rules", "replay", "rules.yaml", "--format", format]);
        assert!(text.contains("would have blocked 3") && text.contains("1 record undecidable"), "{text}");
    }
    assert_eq!(place.ok(["rules", "replay", "rules.yaml", "--format", "jsonl"]).lines().count(), 2);
    let none = place.json(["rules", "replay", "rules.yaml", "--to", "1970-01-02"]);
    assert_eq!(none["records"].as_u64(), Some(0));
}

#[test]
fn a_bad_rule_is_refused_with_its_place() {
    let place = Place::new();
    place.make_approver();
    place.write("bad.yaml", "- id: r\n  effect: log\n  when:\n    field: categori\n    equals: x\n");
    let ended = place.run(["rules", "test", "bad.yaml", "--against", "bad.yaml"]);
    error(&ended, "rule_invalid");
    assert!(ended.err.contains("bad.yaml: rule `r`, line 4") && ended.err.contains("categori"), "{ended:?}");
    let deep = format!("id: r\neffect: log\ncel: '{}1{}'\n", "(".repeat(100_000), ")".repeat(100_000));
    place.write("deep.yaml", deep);
    error(&place.run(["rules", "replay", "deep.yaml"]), "rule_invalid");
    // What redaction would change cannot be signed as it is meant.
    place.write("secret.yaml", "{id: r, effect: log, when: {field: input, contains: AKIAIOSFODNN7EXAMPLE}}");
    error(
        &place.run(["rules", "add", "secret.yaml", "--passphrase-file", place.beside("passphrase").to_str().unwrap()]),
        "holds_secret",
    );
    place.write("latin.yaml", b"id: r\n\xe4");
    let ended = place.run(["rules", "add", "latin.yaml"]);
    error(&ended, "input_not_utf8");
    assert!(ended.err.contains(":2"), "{ended:?}");
}

#[test]
fn alerts_wait_for_a_person_who_says_why() {
    let place = Place::new();
    place.append(&["--action", "config.set", "--category", "config_change", "--target", "api-key"]);
    place.append(&["--action", "config.set", "--category", "config_change", "--target", "user password"]);
    place.append(&["--action", "config.set", "--category", "config_change", "--target", "monkey"]);
    let list = place.json(["alerts", "list"]);
    assert_eq!(list["unresolved"].as_u64(), Some(2), "{list}");
    let alert = &list["alerts"][0];
    assert_eq!(alert["rule_id"], "security_operations");
    assert_eq!(alert["message"], "Compliance rule 'Security Operations Monitor' triggered");
    assert_eq!((alert["severity"].as_str(), alert["action_type"].as_str()), (Some("critical"), Some("config.set")));
    let about = place.json(["show", alert["record"].as_str().unwrap()]);
    assert_eq!(about["record"]["target"]["id"], "user password");
    let ids = ids(&list, "alerts", "alert_id");
    assert_ne!(ids[0], ids[1]);
    place.ok(["alerts", "assign", &ids[0], "--to", "bob"]);
    place.ok(["alerts", "resolve", &ids[0], "--reason", "a drill"]);
    let list = place.json(["alerts", "list"]);
    assert_eq!((list["unresolved"].as_u64(), list["alerts"].as_array().unwrap().len()), (Some(1), 1));
    let all = place.json(["alerts", "list", "--all"]);
    let resolved = all["alerts"].as_array().unwrap().iter().find(|it| it["alert_id"] == ids[0].as_str()).unwrap();
    assert_eq!((resolved["assigned"].as_str(), resolved["resolved"]["by"].as_str()), (Some("bob"), Some("ann")));
    assert_eq!(resolved["resolved"]["reason"], "a drill");
    error(&place.run(["alerts", "resolve", &ids[0], "--reason", "again"]), "usage");
    error(&place.run(["alerts", "show", "ffff"]), "not_found");
    error(&place.run(["append", "--action", "alert.resolved", "--target", "x"]), "action_reserved");
    let import = place.run_with(["import", "-"], r#"{"action":"stop.set","target":"x"}"#);
    error(&import, "action_reserved");
}

#[test]
fn an_import_raises_each_alert_once() {
    let place = Place::new();
    let line = r#"{"id":"01890a5d-ac96-774b-bcce-b302099a8057","occurred":"2024-01-01T00:00:00Z","actor":"bob","action":"config.set","category":"config_change","target":"api key"}"#;
    for _ in 0..2 {
        let ended = place.run_with(["import", "-", "--format", "json"], line);
        assert_eq!(ended.code, 0, "{ended:?}");
        assert!(ended.out.contains("\"records\": 1"), "{ended:?}");
    }
    assert_eq!(place.json(["alerts", "list"])["unresolved"].as_u64(), Some(1));
}

#[test]
fn a_stop_holds_until_an_approver_resumes() {
    let place = Place::new();
    let act = ["append", "--action", "a", "--target", "tool:github/delete_repo", "--phase", "intent"];
    place.ok(["stop", "--tool", "delete_repo", "--reason", "looks odd", "--by", "agent:watchdog"]);
    let ended = place.run(act);
    error(&ended, "action_blocked");
    assert!(ended.err.contains("tool delete_repo (looks odd)"), "{ended:?}");
    assert_eq!(place.run(["append", "--action", "a", "--target", "tool:other", "--phase", "intent"]).code, 0);
    error(&place.run(["resume", "--tool", "delete_repo", "--reason", "x"]), "approver_missing");
    place.make_approver();
    error(&place.run(["resume", "--tool", "delete_repo", "--reason", "x"]), "passphrase_missing");
    assert_eq!(place.run(["resume", "--tool", "delete_repo", "--reason", "x", "--by", "user:boss"]).code, 2);
    error(&place.run(["resume", "--reason", "x"]), "not_stopped");
    place.ok(["stop", "--reason", "all of it"]);
    let stops = place.json(["stop", "--list"]);
    assert_eq!(stops["stops"].as_array().unwrap().len(), 2);
    assert_eq!(
        (stops["stops"][0]["by"].as_str(), stops["stops"][0]["scope"]["kind"].as_str()),
        (Some("watchdog"), Some("tool"))
    );
    error(&place.run(["append", "--action", "a", "--target", "x", "--phase", "intent"]), "action_blocked");
    place.approved(&["resume", "--all", "--reason", "mended"]);
    assert_eq!(place.run(act).code, 0);
    assert!(place.ok(["stop", "--list"]).contains("Nothing is stopped."));
}

#[test]
fn a_stop_of_a_tool_holds_for_what_is_run_and_says_where_it_holds() {
    for (tool, is_refused, told) in [
        ("true", true, "for a program of that name that `sealbook exec` runs"),
        ("exec/true", true, "it holds for the program `true` where `sealbook exec` runs it"),
        ("/usr/bin/true", true, "for every program `true`"),
        ("exec/*", true, "it holds for the program `*`"),
        ("github/true", false, "and not for programs that `sealbook exec` runs; `--tool true` holds for every"),
        ("claude-code/*", false, "of an agent `claude-code` (hooks)"),
    ] {
        let place = Place::new();
        let ended = place.run(["stop", "--tool", tool, "--reason", "looks odd"]);
        assert!(ended.code == 0 && ended.err.contains(told), "{tool}: {ended:?}");
        let mut run = place.command(["exec", "--no-watch", "--", "/bin/true"]);
        let ended = end(run.env("PATH", std::env::var_os("PATH").unwrap()), b"");
        assert_eq!(
            (ended.code, ended.err.contains("stopped")),
            if is_refused { (126, true) } else { (0, false) },
            "{tool}"
        );
        // What is stopped is lifted in the same words.
        place.make_approver();
        place.approved(&["resume", "--tool", tool, "--reason", "mended"]);
    }
}

#[test]
fn a_stop_that_nothing_can_run_into_is_refused() {
    let place = Place::new();
    for (option, id, why) in [
        ("--tool", "", "it is empty"),
        ("--tool", "github/", "`SERVER/*` means all tools of a server"),
        ("--tool", "Bash(rm *)", "it names a call with its arguments"),
        ("--tool", " Bash", "it begins or ends with a blank"),
        ("--actor", "", "it is empty"),
        ("--session", "s1 ", "it begins or ends with a blank"),
    ] {
        let ended = place.run(["stop", option, id, "--reason", "x"]);
        error(&ended, "usage");
        assert!(ended.err.contains(why), "{ended:?}");
    }
    // A name that would be redacted would be another one in the book.
    let token = format!("ghp_{}", "aB3dE6gH9j".repeat(4).split_at(36).0);
    error(&place.run(["stop", "--actor", &token, "--reason", "x"]), "holds_secret");
    assert!(place.ok(["stop", "--list"]).contains("Nothing is stopped."));
}

#[test]
fn what_no_approver_signed_changes_nothing() {
    let place = Place::new();
    place.make_approver();
    place.ok(["stop", "--reason", "x"]);
    {
        let ledger = ledger(&place);
        seal_bare(&ledger, "stop.lift", (TargetKind::Ledger, "x"), None, r#"{"scope":{"kind":"all"}}"#);
        seal_bare(&ledger, "rule.disable", (TargetKind::Rule, "guard-files"), None, "{}");
        // Whoever holds the book's own keys can name an approver, but nobody believes in it.
        let mine = sealbook_ledger::SigningKey::from_seed(&[5; 32]);
        let by = |action: &str| {
            let target = Target::new(TargetKind::Key, "x");
            let record =
                Record::event(ledger.next_id(), Actor::new(ActorKind::User, "x"), action, target, ledger.now());
            Policy::new(DigestKey::new([1; 32])).admit(Raw::new(record)).unwrap()
        };
        ledger.add_approver(*mine.public(), by("key.add"), None).unwrap();
        let mut lift = Record::event(
            ledger.next_id(),
            Actor::new(ActorKind::User, "x"),
            "stop.lift",
            Target::new(TargetKind::Ledger, "x"),
            ledger.now(),
        );
        lift.set_part_json(PartName::Input, r#"{"scope":{"kind":"all"}}"#).unwrap();
        let lift = Policy::new(DigestKey::new([1; 32])).admit(Raw::new(lift)).unwrap();
        ledger.append_approved(vec![lift], &mine).unwrap().remove(0).unwrap();
    }
    assert_eq!(place.json(["stop", "--list"])["stops"].as_array().unwrap().len(), 1);
    let list = place.json(["rules", "list"]);
    assert!(list["rules"].as_array().unwrap().iter().all(|rule| rule["enabled"] == true));
    assert_eq!(place.run(["verify"]).code, 0);
}

fn request(ledger: &Ledger, tool: &str, lasts_us: i64) -> (Uuid, Call, Timestamp) {
    let call = Call {
        caller: "agent-1".to_owned(),
        server: "github".to_owned(),
        tool: tool.to_owned(),
        arguments: Hash::of(br#"{"repo":"shop"}"#),
        whole: None,
        policy: Hash([7; 32]),
    };
    let expires = Timestamp::from_micros(ledger.now().as_micros() + lasts_us);
    let json = call.request_json(expires);
    (seal_bare(ledger, "approval.requested", (TargetKind::Tool, tool), None, &json), call, expires)
}

fn admits(ledger: &Ledger, call: &Call) -> bool {
    let mut state = sealbook_policy::State::new();
    ledger.bring_up(&mut state).unwrap();
    state.approvals().admits(call, ledger.now()).is_some()
}

#[test]
fn a_call_is_approved_once_by_a_person() {
    let place = Place::new();
    place.make_approver();
    let ledger = ledger(&place);
    let hour = 3_600_000_000;
    let (one, call, _) = request(&ledger, "delete_repo", hour);
    let (two, other, _) = request(&ledger, "close_issue", hour);
    let (late, ..) = request(&ledger, "late", 1);
    let list = place.json(["approvals", "list"]);
    assert_eq!(ids(&list, "approvals", "id"), [one.to_string(), two.to_string()]);
    let shown = place.ok(["approvals", "show", &one.to_string()]);
    assert!(shown.contains("delete_repo") && shown.contains("\"repo\": \"shop\""), "{shown}");
    assert!(!admits(&ledger, &call));
    // Who decides is who the system says it is.
    let pass = place.beside("passphrase");
    for command in ["approve", "deny"] {
        assert_eq!(place.run([command, &one.to_string(), "--actor", "user:boss"]).code, 2);
    }
    place.configure("actor = \"agent:agent-1\"\n");
    error(&place.run(["approve", &one.to_string()]), "approver_no_person");
    place.configure("actor = \"agent-1\"\n");
    let asker = ["approve", &one.to_string(), "--passphrase-file", pass.to_str().unwrap()];
    error(&place.run(asker), "without_effect");
    place.configure("actor = \"ann\"\n");
    assert!(!admits(&ledger, &call));
    place.approved(&["approve", &one.to_string(), "--reason", "as discussed"]);
    assert!(admits(&ledger, &call) && !admits(&ledger, &other));
    place.ok(["deny", &two.to_string(), "--reason", "not on a Friday"]);
    assert!(!admits(&ledger, &other));
    for (id, state) in [(one, "approved"), (two, "denied"), (late, "expired")] {
        error(&place.run(["approve", &id.to_string()]), "approval_over");
        let all = place.json(["approvals", "list", "--all"]);
        let found = all["approvals"].as_array().unwrap().iter().find(|it| it["id"] == id.to_string()).unwrap();
        assert_eq!(found["state"], state);
    }
    let decided = place.json(["approvals", "show", &one.to_string()]);
    assert_eq!(decided["approvals"][0]["decided"]["by"], "ann");
    assert_eq!(decided["approvals"][0]["decided"]["reason"], "as discussed");
    seal_bare(&ledger, "approval.used", (TargetKind::Record, "x"), Some(one), "{}");
    assert!(!admits(&ledger, &call));
}

#[test]
fn the_compliance_report_has_the_shape_that_was_asked_for() {
    let place = Place::new();
    let secret =
        |n: usize| ["--action", "config.set", "--category", "config_change", "--target", ["key", "token"][n % 2]];
    for n in 0..11 {
        place.append(&secret(n));
    }
    for _ in 0..6 {
        place.append(&["--action", "bash", "--category", "code_execution", "--target", "sudo"]);
    }
    let report = place.json(["compliance"]);
    let keys: Vec<&String> = report.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["generated_at", "period", "recommendations", "report_id", "summary", "tenant_id", "violations"]);
    let id = report["report_id"].as_str().unwrap().strip_prefix("compliance_").unwrap();
    assert!(id.parse::<u64>().is_ok());
    assert_eq!((report["tenant_id"].as_str(), report["period"]["start"].is_null()), (Some("default"), true));
    assert_eq!(report["summary"]["entries_by_level"]["critical"].as_u64(), Some(11));
    assert_eq!(report["summary"]["entries_by_level"]["warning"].as_u64(), Some(6));
    let violations = report["violations"].as_array().unwrap();
    assert_eq!((violations.len(), violations[0]["action_type"].as_str()), (17, Some("bash")));
    let fields: Vec<&String> = violations[0].as_object().unwrap().keys().collect();
    assert_eq!(fields, ["action_type", "alert_id", "message", "rule_id", "severity", "timestamp"]);
    let times: Vec<&str> = violations.iter().map(|it| it["timestamp"].as_str().unwrap()).collect();
    assert!(times.windows(2).all(|pair| pair[0] >= pair[1]), "newest first");
    assert_eq!(
        report["recommendations"],
        serde_json::json!([
            "High number of compliance violations detected. Consider reviewing access controls and user training.",
            "Critical compliance violations require immediate attention and remediation.",
            "Multiple warning-level violations suggest process improvements may be needed.",
        ])
    );
    let none = place.json(["compliance", "--from", "1970-01-01", "--to", "1970-01-02"]);
    assert_eq!(none["violations"].as_array().unwrap().len() + none["recommendations"].as_array().unwrap().len(), 0);
    assert_eq!(none["period"]["start"], "1970-01-01T00:00:00.000000Z");
    assert!(place.ok(["compliance"]).contains("Unresolved alerts"));
}

#[test]
fn passphrases_are_in_no_file_of_the_home() {
    let place = Place::new();
    place.make_approver();
    place.approved(&["rules", "disable", "guard-files"]);
    let mut left = vec![place.home()];
    while let Some(path) = left.pop() {
        if Path::is_dir(&path) {
            left.extend(std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        } else {
            let bytes = std::fs::read(&path).unwrap();
            assert!(memchr::memmem::find(&bytes, b"correct horse").is_none(), "{}", path.display());
        }
    }
    assert!(!std::fs::read_to_string(place.approver_file()).unwrap().contains("seed"));
}
