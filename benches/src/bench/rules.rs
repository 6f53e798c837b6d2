//! A decision under 200 rules, half CEL and half patterns, against the same under none and the time that may
//! come on top: 80 µs where every rule is looked at, 30 µs where the index on the action leaves twenty. The built-in
//! rules, which judge every record, may take 2 µs.

use std::fmt::Write;
use std::hint::black_box;

use crate::measure::{Bound, Contender, Row, in_turns, tell, timed};
use crate::records::Maker;
use crate::{Failure, Result, setting};
use sealbook_policy::{Rule, RuleSet};
use sealbook_record::Record;

const RULES: usize = 200;
/// What may come on top of an empty set, in microseconds.
const ALL_US: f64 = 80.0;
const INDEXED_US: f64 = 30.0;
const BUILTIN_US: f64 = 2.0;

pub(crate) fn run() -> Result {
    let decisions = (setting("SEALBOOK_BENCH_RECORDS", 1_000_000)? as usize / 50).max(100);
    let records = Maker::new(1).batch(1_000)?;
    let (all, indexed) = (set(|_| String::new())?, set(of_some_action)?);
    let (empty, builtin) = (RuleSet::compile(Vec::new())?, RuleSet::builtin());
    let contenders: Vec<Contender<'_>> = vec![
        ("200 rules", Box::new(|| decide(&all, &records, decisions))),
        ("200 rules, indexed", Box::new(|| decide(&indexed, &records, decisions))),
        ("built-in rules", Box::new(|| decide(&builtin, &records, decisions))),
        ("no rules", Box::new(|| decide(&empty, &records, decisions))),
    ];
    let figures = in_turns(contenders)?;
    for (at, what, more) in [
        (0, "200 rules, all looked at, against none and 80 µs", ALL_US),
        (1, "200 rules, twenty left by the index, against none and 30 µs", INDEXED_US),
        (2, "the built-in rules, against none and 2 µs", BUILTIN_US),
    ] {
        let row = Row { bench: "rules", what, unit: "µs/decision", target: Some(Bound::AtMost(1.0)) };
        let allowed: Vec<f64> = figures[3].iter().map(|none| none + more).collect();
        tell(row, &figures[at], &allowed);
    }
    Ok(())
}

/// Microseconds a decision.
fn decide(set: &RuleSet, records: &[Record], decisions: usize) -> Result<f64> {
    let ((), took) = timed(|| {
        for record in records.iter().cycle().take(decisions) {
            black_box(set.evaluate(black_box(record)));
        }
        Ok(())
    })?;
    Ok(took.as_secs_f64() * 1e6 / decisions as f64)
}

fn set(scope: impl Fn(usize) -> String) -> Result<RuleSet> {
    let rules = Rule::from_yaml(&yaml(scope)?).map_err(Failure::from)?;
    Ok(RuleSet::compile(rules)?)
}

/// Rules that look into content and fit nothing, half CEL and half patterns; `scope` is a line of each.
pub(crate) fn yaml(scope: impl Fn(usize) -> String) -> Result<String> {
    let mut text = String::new();
    for number in 0..RULES {
        let condition = if number % 2 == 0 {
            format!(
                "cel: \"target.id.startsWith('/srv/{number}/') && actor.kind == 'agent' || severity == 'none-{number}'\""
            )
        } else {
            format!(
                "when: {{field: [target.id, input.path], matches: '(?i)^/srv/{number}/[a-z0-9_-]+\\.(pem|key|env)$'}}"
            )
        };
        writeln!(text, "- id: rule-{number}\n  effect: block\n{}  {condition}", scope(number))?;
    }
    Ok(text)
}

/// One in ten rules is about each of the actions that occur, the others about ones that do not.
fn of_some_action(number: usize) -> String {
    let action = match number % 10 {
        0 | 1 => "tool.call, file.write, file.read, api.call".to_owned(),
        2..5 => format!("git.push, deploy.start, a.{number}"),
        _ => format!("b.{number}"),
    };
    // Two in ten of every second rule: twenty are left of two hundred.
    let action = if number % 20 >= 10 { format!("c.{number}") } else { action };
    format!("  scope: {{actions: [{action}]}}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_index_leaves_twenty() {
        let record = &Maker::new(1).batch(1).expect("it makes records")[0];
        assert_eq!(set(of_some_action).expect("they are rules").candidates(record), 20);
        let all = set(|_| String::new()).expect("they are rules");
        assert_eq!((all.len(), all.candidates(record)), (RULES, RULES));
        assert!(all.evaluate(record).hits().is_empty());
    }
}
