//! How long 200 rules take to compile and to decide: `cargo run --release -p sealbook-policy --example rules_speed`.
//!
//! For a look beside a change; `cargo xtask bench rules` measures in turns.

#![expect(clippy::print_stdout, reason = "this is what it is for")]

use std::fmt::Write;
use std::time::Instant;

use sealbook_policy::{Rule, RuleSet};
use sealbook_record::{Actor, ActorKind, PartName, Record, Target, TargetKind, Timestamp, Uuid};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut text = String::new();
    for number in 0..200 {
        let condition = if number % 2 == 0 {
            format!(
                "cel: \"target.id.startsWith('/srv/{number}/') && actor.kind == 'agent' || severity == 'none-{number}'\""
            )
        } else {
            format!(
                "when: {{field: [target.id, input.path], matches: '(?i)^/srv/{number}/[a-z0-9_-]+\\.(pem|key|env)$'}}"
            )
        };
        writeln!(text, "- id: rule-{number}\n  effect: block\n  {condition}")?;
    }
    let target = Target::new(TargetKind::File, "src/main.rs");
    let actor = Actor::new(ActorKind::Agent, "agent-1");
    let mut record = Record::event(Uuid::from_u128(7), actor, "file.write", target, Timestamp::from_micros(0));
    record.set_part_json(PartName::Input, r#"{"path":"/srv/7/a.txt","text":"some words to look at"}"#)?;
    for _ in 0..3 {
        let start = Instant::now();
        let rules = Rule::from_yaml(&text)?;
        let read = start.elapsed();
        let start = Instant::now();
        let set = RuleSet::compile(rules)?;
        println!("read {read:?}, compiled {:?}", start.elapsed());
        let start = Instant::now();
        let first = set.evaluate(&record);
        let cold = start.elapsed();
        let start = Instant::now();
        for _ in 0..1_000 {
            assert_eq!(set.evaluate(&record), first);
        }
        println!("first decision {cold:?}, then {:?} each", start.elapsed() / 1_000);
    }
    Ok(())
}
