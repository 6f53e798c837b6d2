//! What rules would have said of the records of a book.

use sealbook_policy::{Decision, Mode, Rule};
use serde_json::{Value, json};

use super::super::words;
use super::rules::effect;
use crate::{Block, Column, Document, Text, Tone, View};

/// One rule, and how often it would have fitted.
#[derive(Debug, Clone)]
pub struct ReplayedRule {
    /// Its id.
    pub id: String,
    /// What it asks for.
    pub effect: Decision,
    /// Whether it would have decided.
    pub mode: Mode,
    /// How many records it fits.
    pub fits: u64,
    /// Of how many nobody can say, since what would tell was redacted, withheld or erased.
    pub undecidable: u64,
    /// The first of those it fits: sequence number, action, target, actor.
    pub examples: Vec<(u64, String, String, String)>,
    /// The first of those that cannot be decided.
    pub undecidable_seqs: Vec<u64>,
}

impl ReplayedRule {
    /// A rule that has seen no record.
    pub fn new(rule: &Rule) -> Self {
        Self {
            id: rule.id.clone(),
            effect: rule.effect,
            mode: rule.mode,
            fits: 0,
            undecidable: 0,
            examples: Vec::new(),
            undecidable_seqs: Vec::new(),
        }
    }

    fn to_json(&self) -> Value {
        let examples = self.examples.iter().map(
            |(seq, action, target, actor)| json!({ "seq": seq, "action": action, "target": target, "actor": actor }),
        );
        json!({
            "rule": self.id, "effect": self.effect.as_str(), "mode": self.mode.as_str(), "fits": self.fits,
            "undecidable": self.undecidable, "examples": examples.collect::<Vec<_>>(),
            "undecidable_seqs": self.undecidable_seqs,
        })
    }
}

/// Rules replayed over a book.
#[derive(Debug, Clone)]
pub struct ReplayReport {
    /// The rules, in order.
    pub rules: Vec<ReplayedRule>,
    /// How many records were read.
    pub records: u64,
    /// Of how many the statement is gone: nothing can be said of them.
    pub erased: u64,
}

impl View for ReplayReport {
    fn document(&self) -> Document {
        let mut page = Document::new();
        page.heading(1, "Replay");
        page.line(format!("{} read.", words::count(self.records, "record", "records")));
        if self.erased > 0 {
            let erased = words::count(self.erased, "record has", "records have");
            page.line(format!("{erased} no statement any more and cannot be judged."));
        }
        for rule in &self.rules {
            page.heading(2, Text::name(&rule.id).and(": ").and(would(rule)));
            if rule.undecidable > 0 {
                let seqs: Vec<String> = rule.undecidable_seqs.iter().map(u64::to_string).collect();
                let count = words::count(rule.undecidable, "record", "records");
                let text = format!("{count} undecidable: what would tell was redacted, withheld or erased ");
                page.line(Text::toned(text, Tone::Doubtful).and(format!("(first: {})", seqs.join(", "))));
            }
            let rows = rule.examples.iter().map(|(seq, action, target, actor)| {
                vec![Text::plain(seq.to_string()), Text::name(action), Text::name(target), Text::name(actor)]
            });
            let columns =
                vec![Column::number("Record"), Column::whole("Action"), Column::text("Target"), Column::text("Actor")];
            page.add(Block::Table(columns, rows.collect()));
            let more = rule.fits - rule.examples.len() as u64;
            if more > 0 {
                page.line(format!("… and {} more.", words::grouped(more)));
            }
        }
        let rows = self.rules.iter().map(|rule| {
            vec![
                Text::name(&rule.id),
                effect(rule.effect, rule.mode),
                Text::plain(words::grouped(rule.fits)),
                Text::plain(words::grouped(rule.undecidable)),
            ]
        });
        if self.rules.len() > 1 {
            page.heading(2, "All");
            let columns = vec![
                Column::whole("Rule"),
                Column::whole("Effect"),
                Column::number("Fits"),
                Column::number("Undecidable"),
            ];
            page.add(Block::Table(columns, rows.collect()));
        }
        page
    }

    fn json(&self) -> String {
        let rules: Vec<Value> = self.rules.iter().map(ReplayedRule::to_json).collect();
        json!({ "records": self.records, "erased": self.erased, "rules": rules }).to_string()
    }

    fn json_lines(&self) -> Vec<String> {
        self.rules.iter().map(|rule| rule.to_json().to_string()).collect()
    }
}

/// `would have blocked 14`.
fn would(rule: &ReplayedRule) -> String {
    let done = match rule.effect {
        Decision::Allow => "allowed",
        Decision::Log => "logged",
        Decision::Alert => "raised an alert for",
        Decision::Ask => "asked for",
        Decision::Block => "blocked",
    };
    format!("would have {done} {}", words::grouped(rule.fits))
}
