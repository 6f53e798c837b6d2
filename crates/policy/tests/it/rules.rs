//! Rules: the language, what is refused and how it is said, how they decide, how they are replayed.

use sealbook_policy::{Decision, Fail, Mode, Policy, Raw, Replayed, Rule, RuleSet};
use sealbook_record::{Category, PartName, Record, Redaction, Severity, Target, TargetKind};

use crate::fixture::{policy, record, with_part};

fn set(yaml: &str) -> RuleSet {
    let rules = Rule::from_yaml(yaml).unwrap_or_else(|error| panic!("{yaml}: {error}"));
    RuleSet::compile(rules).unwrap_or_else(|error| panic!("{yaml}: {error}"))
}

fn fits(when: &str, record: &Record) -> bool {
    let yaml = format!("id: r\neffect: log\nwhen: {when}");
    !set(&yaml).evaluate(record).hits().is_empty()
}

fn refused(yaml: &str) -> String {
    Rule::from_yaml(yaml).and_then(RuleSet::compile).map(|_| ()).expect_err(yaml).to_string()
}

const FULL: &str = "
rules:
  - id: no-prod-writes
    name: No writes to production
    description: Production is written by the pipeline alone.
    effect: block
    mode: observe
    severity: high
    fail: open
    retention: 7
    scope: {actors: [agent-*], actions: [file.write], tools: ['shop/*']}
    when:
      any:
        - field: input.path
          starts_with: [/srv/prod, /srv/live]
        - all:
            - {field: category, equals: configuration_change}
            - not: {field: [target.id, reason], matches: 'test|demo', words: true}
        - {field: /input/a~1b, exists: false}
        - {field: names(input), glob: 'x*'}
  - id: by-cel
    effect: ask
    cel: action == 'file.write' && has(input.path)
";

#[test]
fn a_rule_survives_its_json() {
    let rules = Rule::from_yaml(FULL).unwrap();
    assert_eq!((rules[0].severity, rules[0].mode, rules[0].fail), (Severity::Error, Mode::Observe, Fail::Open));
    assert_eq!((rules[0].retention_years, rules[1].name.as_str()), (Some(7), "by-cel"));
    for rule in &rules {
        let again = Rule::from_json(&rule.to_json()).unwrap();
        assert_eq!(again.to_json(), rule.to_json());
        assert_eq!(again.id, rule.id);
    }
    let digest = |rules: Vec<Rule>| RuleSet::compile(rules).unwrap().digest();
    let again = rules.iter().map(|rule| Rule::from_json(&rule.to_json()).unwrap()).collect();
    assert_eq!(digest(rules.clone()), digest(again));
    assert_ne!(digest(rules.clone()), digest(rules[..1].to_vec()));
}

#[test]
fn every_comparison_compares() {
    let record = with_part(
        PartName::Input,
        r#"{"path":"/srv/prod/a.csv","args":["rm","-rf","/"],"n":0.10,"deep":{"user_token":"x"},"\u0065sc":"\u002f"}"#,
    );
    for when in [
        "{field: action, equals: file.write}",
        "{field: actor.kind, one_of: [user, agent]}",
        "{field: input.path, starts_with: /srv/}",
        "{field: input.path, ends_with: [.json, .csv]}",
        "{field: input, contains: prod}",
        "{field: input.path, glob: '/srv/*/*.csv'}",
        "{field: input.path, matches: '^/srv/[a-z]+/'}",
        "{field: input.args, equals: rm -rf /}",
        "{field: input.args.1, equals: '-rf'}",
        "{field: input.n, equals: '0.10'}",
        "{field: /input/esc, equals: /}",
        "{field: names(input), matches: token, words: true}",
        "{field: input.**.user_token, exists: true}",
        "{field: input.nothing, exists: false}",
        "{not: {field: input.path, equals: x}}",
        "[{field: action, equals: file.write}, {field: input.args.0, equals: rm}]",
        "{any: [{field: action, equals: x}, {field: source, glob: '**'}]}",
        "{cel: 'input.args.exists(a, a == \"rm\")'}",
    ] {
        assert!(fits(when, &record), "{when}");
    }
    for when in [
        "{field: action, equals: file.writ}",
        "{field: input.path, matches: '^srv'}",
        "{field: input.path, glob: '/srv/*.csv'}",
        "{field: input.args.7, exists: true}",
        "{field: reason, exists: true}",
        "{all: [{field: action, equals: file.write}, {field: action, equals: x}]}",
        "{cel: 'input.args.all(a, a == \"rm\")'}",
    ] {
        assert!(!fits(when, &record), "{when}");
    }
}

#[test]
fn a_member_that_stands_twice_is_seen_twice() {
    let record = with_part(PartName::Input, r#"{"path":"/ok","path":"/etc/shadow"}"#);
    assert!(fits("{field: input.path, equals: /etc/shadow}", &record));
    assert!(fits("{field: input.path, equals: /ok}", &record));
    // CEL cannot see both: it says so, and a rule that blocks closes.
    let blocks = set("id: r\neffect: block\ncel: input.path == '/nothing'");
    assert_eq!(blocks.evaluate(&record).decision(), Decision::Block);
    assert!(blocks.evaluate(&record).hits()[0].message.contains("could not be worked out"));
    let open = set("id: r\neffect: block\nfail: open\ncel: input.path == '/nothing'");
    assert_eq!(open.evaluate(&record).decision(), Decision::Allow);
    let logs = set("id: r\neffect: log\ncel: input.path == '/nothing'");
    assert!(logs.evaluate(&record).hits().is_empty());
}

#[test]
fn mistakes_are_named_with_rule_line_and_mend() {
    for (yaml, words) in [
        (
            "id: r\neffect: log\nwhen:\n  field: category\n  equals: file_writ\n",
            &["rule `r`", "line 4", "file_write"][..],
        ),
        ("id: r\neffect: log\nwhen:\n  - {field: actoin, equals: x}\n", &["rule `r`", "line 4", "actoin", "action"]),
        ("id: r\neffect: stop\nwhen: {field: action, equals: x}\n", &["rule `r`", "line 2", "block"]),
        ("id: r\nefect: log\n", &["rule `r`", "line 2", "effect"]),
        ("id: Bad Id\neffect: log\n", &["line 1", "slug"]),
        ("effect: log\nwhen: {field: action, equals: x}\n", &["no id"]),
        ("id: r\neffect: log\n", &["rule `r`", "fit everything"]),
        ("id: r\nwhen: {field: action, equals: x}\n", &["rule `r`", "asks for nothing"]),
        ("id: r\neffect: log\nwhen: {field: action, matches: '('}\n", &["rule `r`", "line 3", "brackets"]),
        ("id: r\neffect: log\ncel: action ==\n", &["rule `r`", "line 3", "CEL"]),
        ("id: r\neffect: log\ncel: acton == 'x'\n", &["rule `r`", "line 3", "acton"]),
        ("id: r\neffect: log\nwhen: {field: action}\n", &["rule `r`", "equals"]),
        ("id: r\neffect: log\nwhen: {field: input.**.a.**, equals: x}\n", &["at most one"]),
        ("id: r\neffect: log\nscope: {actor: [a]}\n", &["rule `r`", "line 3", "actors"]),
        ("id: r\neffect: log\nid: r\n", &["line 3"]),
        (
            "- id: r\n  effect: log\n  scope: {actors: [a]}\n- id: r\n  effect: log\n  scope: {actors: [a]}\n",
            &["line 4", "same id"],
        ),
        ("a: [", &["YAML"]),
        ("", &["no rule"]),
    ] {
        let error = refused(yaml);
        for word in words {
            assert!(error.contains(word), "{yaml}: {error}: {word}");
        }
        assert!(error.contains("; "), "no mend: {error}");
    }
}

#[test]
fn hostile_texts_are_refused_and_not_followed() {
    let deep = format!("id: r\neffect: log\nwhen: {}", "{not: ".repeat(5_000));
    let deeper = "[".repeat(100_000);
    let not =
        format!("id: r\neffect: log\nwhen: {}{{field: action, equals: x}}{}", "{not: ".repeat(40), "}".repeat(40));
    let brackets = format!("id: r\neffect: log\ncel: \"{}1{} == 1\"", "(".repeat(100_000), ")".repeat(100_000));
    let laughs = "a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\n\
                  d: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d]\nf: &f [*e,*e,*e,*e,*e,*e,*e,*e,*e]\n\
                  g: [*f,*f,*f,*f,*f,*f,*f,*f,*f]\n";
    let many = format!("id: r\neffect: log\nwhen:\n{}", "  - {field: action, equals: x}\n".repeat(1_000));
    for text in [&deep, &deeper, &not, &brackets, laughs, &many, "\u{0}", "id: !!binary x", &"x".repeat(5 << 20)] {
        let refused = Rule::from_yaml(text).and_then(RuleSet::compile);
        assert!(refused.is_err(), "{}", &text[..40.min(text.len())]);
    }
}

#[test]
fn a_scope_leaves_out_everyone_else() {
    let rules = |scope: &str| set(&format!("id: r\neffect: block\nscope: {{{scope}}}"));
    let mut call = record();
    call.action = "tools.call".to_owned();
    call.target = Target::new(TargetKind::Tool, "github/delete_repo");
    call.session = Some("s-1".to_owned());
    call.project = Some("shop".to_owned());
    for scope in [
        "tools: ['delete_*']",
        "tools: ['github/*']",
        "actors: [agent-1]",
        "sessions: ['s-?']",
        "projects: [shop]",
        "actions: ['tools.*']",
        "tenants: [default]",
        "sources: [sealbook]",
        "tools: [delete_repo], actors: ['agent*']",
    ] {
        assert_eq!(rules(scope).evaluate(&call).decision(), Decision::Block, "{scope}");
    }
    for scope in [
        "tools: ['create_*']",
        "actors: [agent-2]",
        "sessions: [s]",
        "projects: [other]",
        "actions: [tools]",
        "tools: [delete_repo], actors: [x]",
    ] {
        assert_eq!(rules(scope).evaluate(&call).decision(), Decision::Allow, "{scope}");
    }
    // A file is no tool, whatever it is called.
    assert_eq!(rules("tools: ['**']").evaluate(&record()).decision(), Decision::Allow);
}

#[test]
fn all_are_evaluated_and_the_strictest_that_is_enforced_decides() {
    let yaml = "
- {id: a, effect: block, mode: observe, when: {field: action, equals: file.write}}
- {id: b, effect: log, when: {field: action, equals: file.write}}
- {id: c, effect: ask, when: {field: actor.id, equals: agent-1}}
- {id: d, effect: alert, cel: \"action in ['file.write', 'x']\"}
- {id: e, effect: block, when: {field: action, equals: file.read}}
- {id: f, effect: log, fail: open, when: {field: target.kind, equals: file}}
";
    let verdict = set(yaml).evaluate(&record());
    let hits: Vec<_> = verdict.hits().iter().map(|hit| (hit.rule.as_str(), hit.mode)).collect();
    let enforced = Mode::Enforce;
    assert_eq!(hits, [("a", Mode::Observe), ("b", enforced), ("c", enforced), ("d", enforced), ("f", enforced)]);
    assert_eq!((verdict.decision(), verdict.fail()), (Decision::Ask, Fail::Closed));
    let open = set(
        "- {id: f, effect: log, fail: open, scope: {actions: [file.write]}}\n- {id: g, effect: log, scope: {actions: [file.write]}}",
    );
    assert_eq!(open.evaluate(&record()).fail(), Fail::Open);
    assert_eq!(RuleSet::compile(Vec::new()).unwrap().evaluate(&record()).fail(), Fail::Closed);
}

#[test]
fn a_later_rule_takes_the_place_of_one_with_its_id() {
    let mut rules = Rule::from_yaml("{id: a, effect: block, scope: {actions: ['**']}}").unwrap();
    rules.extend(Rule::from_yaml("{id: a, effect: log, scope: {actions: ['**']}}").unwrap());
    let set = RuleSet::compile(rules).unwrap();
    assert_eq!((set.len(), set.evaluate(&record()).decision()), (1, Decision::Log));
    // Compiled again and again, the built-in rules are there once.
    let builtin = RuleSet::builtin();
    let twice = builtin.rules().chain(builtin.rules()).cloned().collect();
    assert_eq!(RuleSet::compile(twice).unwrap().len(), builtin.len());
}

#[test]
fn hits_stand_in_the_record_and_quote_nothing() {
    let rules =
        set("{id: r, name: Paths, effect: alert, severity: error, when: {field: input.path, contains: hunter2}}");
    let policy = policy().with_rules(rules.into());
    let mut raw = with_part(PartName::Input, r#"{"path":"/home/hunter2"}"#);
    raw.set_part_json(PartName::Violations, r#" [{"id":"v","rule":"x","severity":"info","message":"m"}] "#).unwrap();
    let judged = policy.admit(Raw::new(raw.clone())).unwrap();
    assert_eq!(judged.decision(), Decision::Alert);
    let violations = judged.record().violations().unwrap();
    assert_eq!((violations[0].rule.as_str(), violations[1].rule.as_str()), ("x", "r"));
    assert_eq!(violations[1].message, "Compliance rule 'Paths' triggered");
    let text = judged.record().part(PartName::Violations).unwrap().get();
    assert!(
        !text.contains("hunter2") && text.contains(r#""effect":"alert","mode":"enforce","severity":"error""#),
        "{text}"
    );
    // Sealed, exported and judged again, it has each hit once.
    let again = policy.admit(Raw::new(judged.record().clone())).unwrap();
    assert_eq!(again.record().violations().unwrap().len(), 2);
    let alerts = judged.alerts();
    assert_eq!(alerts[0].record().id, judged.alerts()[0].record().id);
    assert_eq!(alerts.len(), 1);
    let alert = alerts[0].record();
    assert_eq!((alert.action.as_str(), alert.parent, alert.severity), ("alert.raised", Some(raw.id), Severity::Error));
    let about_alert = policy.admit_with(Raw::new(alert.clone()), judged.verdict().clone()).unwrap();
    assert!(about_alert.alerts().is_empty(), "an alert about an alert would never end");
}

#[test]
fn what_redaction_hides_is_undecidable() {
    let policy: Policy = policy();
    let sealed = |json: &str| {
        let judged = policy.admit(Raw::new(with_part(PartName::Input, json))).unwrap();
        (judged.record().clone(), judged.redactions().to_vec())
    };
    let one = |yaml: &str, (record, redactions): &(Record, Vec<Redaction>), gone: &[String]| {
        set(yaml).replay(record, redactions, gone)[0]
    };
    let hidden = sealed(r#"{"password":"hunter22","path":"/etc"}"#);
    assert!(!hidden.1.is_empty());
    let password = "{id: r, effect: block, when: {field: input.password, equals: hunter22}}";
    let path = "{id: r, effect: block, when: {field: input.path, equals: /etc}}";
    let either =
        "{id: r, effect: block, when: {any: [{field: input.password, equals: a}, {field: input.path, equals: /etc}]}}";
    let both = "{id: r, effect: block, when: [{field: input.password, equals: a}, {field: input.path, equals: /x}]}";
    let not = "{id: r, effect: block, when: {not: {field: input.password, equals: a}}}";
    assert_eq!(one(password, &hidden, &[]), Replayed::Undecidable);
    assert_eq!(one(path, &hidden, &[]), Replayed::Fits);
    assert_eq!(one(either, &hidden, &[]), Replayed::Fits);
    assert_eq!(one(both, &hidden, &[]), Replayed::Passes);
    assert_eq!(one(not, &hidden, &[]), Replayed::Undecidable);
    assert_eq!(one("{id: r, effect: block, cel: input.path == '/etc'}", &hidden, &[]), Replayed::Undecidable);
    assert_eq!(one("{id: r, effect: block, cel: action == 'x'}", &hidden, &[]), Replayed::Passes);
    let open = sealed(r#"{"path":"/tmp"}"#);
    assert_eq!(one(path, &open, &[]), Replayed::Passes);
    assert_eq!(one(path, &open, &["input".to_owned()]), Replayed::Undecidable);
}

#[test]
fn two_hundred_rules_cost_little_where_few_can_fit() {
    // The index proposes only what names the action or the category, or neither.
    let mut text = String::new();
    for n in 0..200 {
        let rule = match n % 4 {
            0 => format!("- {{id: r{n}, effect: log, when: [{{field: action, equals: a.{n}}}]}}\n"),
            1 => format!("- {{id: r{n}, effect: log, cel: \"action == 'a.{n}' && target.id == 'x'\"}}\n"),
            2 => format!(
                "- {{id: r{n}, effect: log, scope: {{actions: [a.{n}]}}, when: {{field: target.id, equals: x}}}}\n"
            ),
            _ => format!(
                "- {{id: r{n}, effect: log, when: [{{field: category, equals: booking}}, {{field: reason, equals: '{n}'}}]}}\n"
            ),
        };
        text.push_str(&rule);
    }
    let set = set(&text);
    assert_eq!(set.candidates(&record()), 0);
    let mut other = record();
    other.category = Category::Booking;
    assert_eq!(set.candidates(&other), 50);
    for n in [0, 1, 2] {
        let mut other = record();
        other.action = format!("a.{n}");
        other.target.id = "x".to_owned();
        assert_eq!(set.candidates(&other), 1, "{n}");
        assert_eq!(set.evaluate(&other).hits()[0].rule, format!("r{n}"));
    }
}

#[test]
fn a_rule_says_whose_yes_counts_and_under_which_domain_it_is_reviewed() {
    let call = || {
        let mut call = record();
        "deploy.start".clone_into(&mut call.action);
        call
    };
    let said = |yaml: &str, unsaid| set(yaml).evaluate(&call()).client_consents(unsaid);
    let ask = |more: &str| format!("- {{id: a, effect: ask{more}, scope: {{actions: ['deploy.*']}}}}\n");
    assert!(!said(&ask(""), false) && said(&ask(""), true));
    assert!(said(&ask(", approval: client"), false));
    assert!(!said(&ask(", approval: approver"), true), "a client's word never counts there");
    // One that demands an approver is enough, whatever it asks for; one that is only watched demands nothing.
    let other = "- {id: b, effect: log, approval: approver, scope: {actions: ['deploy.*']}}\n";
    assert!(!said(&(ask(", approval: client") + other), true));
    assert!(said(&(ask(", approval: client") + &other.replace("log", "log, mode: observe")), false));
    assert!(!said(&(ask(", approval: client") + &ask("").replace("id: a", "id: c")), false), "each must agree");

    let rules = "- {id: a, name: Money, effect: log, review: finance, scope: {actions: ['deploy.*']}}\n- {id: b, effect: log, mode: observe, review: general, scope: {actions: ['deploy.*']}}\n";
    let verdict = set(rules).evaluate(&call());
    assert_eq!(verdict.reviews().collect::<Vec<_>>(), [("Money", "finance")], "what is watched asks nobody");
    let rule = sealbook_policy::Rule::from_yaml(rules).unwrap().remove(0);
    assert_eq!(sealbook_policy::Rule::from_json(&rule.to_json()).unwrap(), rule);
    assert!(refused("{id: a, effect: log, review: '../x', scope: {actions: [x]}}").contains("`review` names a domain"));
    assert!(refused("{id: a, effect: ask, approval: anyone, scope: {actions: [x]}}").contains("approver, client"));
}

#[test]
fn a_rule_may_want_several_approvers() {
    let two = "id: r\neffect: ask\napprovers: 2\nscope: {actions: [file.write]}";
    let rules = Rule::from_yaml(two).unwrap();
    assert_eq!(Rule::from_json(&rules[0].to_json()).unwrap().to_json(), rules[0].to_json());
    let one = "id: s\neffect: ask\napproval: client\nscope: {actions: [file.write]}";
    let said = |yaml: &str| set(yaml).evaluate(&record());
    assert_eq!((said(two).approvers(), said(two).client_consents(true)), (2, false));
    assert_eq!((said(one).approvers(), said(one).client_consents(false)), (1, true));
    // Of two rules, the one that wants most.
    let both =
        format!("{two}\n---\n{one}\n---\n{}", two.replace("id: r", "id: t").replace("approvers: 2", "approvers: 4"));
    assert_eq!((said(&both).approvers(), said(&both).client_consents(true)), (4, false));
    let watched = two.replace("effect", "mode: observe\neffect");
    assert_eq!(said(&watched).approvers(), 1);
    for (wrong, expected) in [
        (two.replace("approvers: 2", "approvers: 0"), "write 1 to 9"),
        (two.replace("approvers: 2", "approvers: 10"), "write 1 to 9"),
        (two.replace("approvers: 2", "approvers: many"), "write 1 to 9"),
        (two.replace("ask", "alert"), "add `effect: ask`"),
        (two.replace("approvers: 2", "approvers: 2\napproval: client"), "leave `approval: client` out"),
    ] {
        assert!(refused(&wrong).contains(expected), "{wrong}: {}", refused(&wrong));
    }
}

#[test]
fn to_cel_a_text_that_is_json_is_a_text_and_what_blocks_fails_closed() {
    let packed = with_part(PartName::Input, r#"{"cfg":"{\"env\":\"prod\"}"}"#);
    let decides = |rule: &str| {
        let rules = RuleSet::compile(Rule::from_yaml(rule).unwrap()).unwrap();
        rules.evaluate(&packed).decision()
    };
    // A member of a text cannot be worked out: it counts as fitting.
    assert_eq!(decides("{id: a, effect: block, cel: input.cfg.env == 'prod'}"), Decision::Block);
    assert_eq!(decides("{id: a, effect: ask, cel: input.cfg.env == 'test'}"), Decision::Ask);
    // So does asking whether it is there.
    let asked = "{id: a, effect: block, cel: \"has(input.cfg.env) && input.cfg.env == 'prod'\"}";
    assert_eq!(decides(asked), Decision::Block);
    // What lets pass when it is unclear, or blocks nothing, is walked around.
    assert_eq!(decides("{id: a, effect: block, fail: open, cel: input.cfg.env == 'prod'}"), Decision::Allow);
    assert_eq!(decides("{id: a, effect: alert, cel: input.cfg.env == 'prod'}"), Decision::Allow);
    // A field looks into it.
    assert_eq!(decides("{id: a, effect: block, when: {field: input.cfg.env, equals: prod}}"), Decision::Block);
}
