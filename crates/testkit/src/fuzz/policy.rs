//! Rules that a person writes, and content that is redacted.

use std::sync::LazyLock;

use sealbook_ledger::Uuid;
use sealbook_policy::{DigestKey, Policy, Raw, Rule, RuleSet, redact_text};
use sealbook_record::{PartName, Record, Timestamp};
use serde_json::json;

use crate::records::{event, with_part};

static RECORD: LazyLock<Record> = LazyLock::new(|| {
    let record = event(Uuid::nil(), Timestamp::from_micros(0), "agent-1", "file.write", "/srv/prod/a.txt");
    let input = r#"{"path":"/srv/prod/a.txt","n":0.10,"list":[1,{"x":null}],"text":"DELETE FROM users"}"#;
    with_part(with_part(record, PartName::Input, input), PartName::Result, "\"done\"")
});

fn judged(rules: Vec<Rule>) -> bool {
    let Ok(set) = RuleSet::compile(rules) else { return false };
    let verdict = set.evaluate(&RECORD);
    assert_eq!(verdict.decision(), set.evaluate(&RECORD).decision());
    true
}

/// Rules in YAML survive their JSON, and judge.
pub fn rules(data: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(data) else { return false };
    let Ok(rules) = Rule::from_yaml(text) else { return false };
    for rule in &rules {
        let again = Rule::from_json(&rule.to_json()).expect("what is written can be read");
        assert_eq!(again.to_json(), rule.to_json());
    }
    judged(rules)
}

/// A condition in CEL compiles or is refused, and judges.
pub fn cel(data: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(data) else { return false };
    let rule = json!({"id": "r", "effect": "block", "cel": text}).to_string();
    Rule::from_json(&rule).is_ok_and(|rule| judged(vec![rule]))
}

/// A secret that stands where secrets stand is taken out, whatever is around it.
pub fn redact(data: &[u8]) -> bool {
    const SECRET: &str = "Pl4nted-Secret";
    static POLICY: LazyLock<Policy> = LazyLock::new(|| Policy::new(DigestKey::new([7; 32])));
    let text = String::from_utf8_lossy(data);
    let _ = redact_text(&text);
    let is_json = serde_json::from_str::<&serde_json::value::RawValue>(&text).is_ok();
    let said = if is_json { text.into_owned() } else { json!(text).to_string() };
    let input = format!("{{\"said\":{said},\"password\":\"{SECRET}\"}}");
    let record = with_part(RECORD.clone(), PartName::Input, &input);
    let Ok(judged) = POLICY.admit(Raw::new(record)) else { return false };
    let kept = judged.record().part(PartName::Input).expect("it has that part").get();
    let is_text = serde_json::from_str::<&serde_json::value::RawValue>(kept).is_ok();
    assert!(is_text, "what is kept is JSON");
    assert!(said.contains(SECRET) || !kept.contains(SECRET), "{kept}");
    is_json
}
