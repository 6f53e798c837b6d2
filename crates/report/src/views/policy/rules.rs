//! Rules, and what they say of one record.

use sealbook_policy::{Decision, HeldRule, Mode, Verdict};
use serde_json::{Value, json};

use super::super::words;
use crate::{Block, Column, Document, Text, Tone, View};

/// Rules of a book, in the order in which they are evaluated.
#[derive(Debug, Clone)]
pub struct RuleList<'a> {
    /// The rules.
    pub rules: &'a [HeldRule],
    /// Whether all of each is shown.
    pub detailed: bool,
}

pub(super) fn effect(effect: Decision, mode: Mode) -> Text {
    let tone = match (mode, effect) {
        (Mode::Observe, _) | (_, Decision::Allow | Decision::Log) => Tone::Faint,
        (_, Decision::Alert | Decision::Ask) => Tone::Doubtful,
        (_, Decision::Block) => Tone::Bad,
    };
    let text = Text::toned(effect.as_str(), tone);
    if mode == Mode::Observe { text.and_toned(" (observed)", Tone::Faint) } else { text }
}

fn state(held: &HeldRule) -> Text {
    if held.enabled { Text::toned("on", Tone::Good) } else { Text::toned("off", Tone::Faint) }
}

fn origin(held: &HeldRule) -> Text {
    match (held.builtin, &held.by, held.seq) {
        (false, Some(by), Some(seq)) => Text::name(by).and(format!(", record {seq}")),
        _ => Text::toned("built in", Tone::Faint),
    }
}

fn to_json(held: &HeldRule) -> Value {
    let rule: Value = serde_json::from_str(&held.rule().to_json()).unwrap_or_default();
    json!({ "enabled": held.enabled, "builtin": held.builtin, "seq": held.seq, "by": held.by, "rule": rule })
}

impl View for RuleList<'_> {
    fn document(&self) -> Document {
        let mut page = Document::new();
        if self.detailed {
            for held in self.rules {
                let rule = held.rule();
                page.heading(1, Text::plain("Rule ").and_name(&rule.id));
                let mut fields = vec![
                    ("name".to_owned(), Text::plain(&rule.name)),
                    ("effect".to_owned(), effect(rule.effect, rule.mode)),
                    ("severity".to_owned(), words::severity(rule.severity)),
                    ("state".to_owned(), state(held)),
                    ("added by".to_owned(), origin(held)),
                    ("when the book cannot be written".to_owned(), Text::plain(rule.fail.as_str())),
                ];
                if let Some(description) = &rule.description {
                    fields.insert(1, ("description".to_owned(), Text::plain(description)));
                }
                if let Some(years) = rule.retention_years {
                    fields.push(("retention".to_owned(), Text::plain(format!("{years} years"))));
                }
                page.add(Block::Fields(fields));
                page.add(Block::Verbatim("json", crate::json::indented(&rule.to_json())));
            }
            return page;
        }
        let rows = self.rules.iter().map(|held| {
            let rule = held.rule();
            vec![
                Text::name(&rule.id),
                effect(rule.effect, rule.mode),
                words::severity(rule.severity),
                state(held),
                Text::plain(&rule.name),
                origin(held),
            ]
        });
        let columns = vec![
            Column::whole("Rule"),
            Column::whole("Effect"),
            Column::whole("Severity"),
            Column::whole("State"),
            Column::text("Name"),
            Column::text("Added by"),
        ];
        page.add(Block::Table(columns, rows.collect()));
        page
    }

    fn json(&self) -> String {
        json!({ "rules": self.rules.iter().map(to_json).collect::<Vec<_>>() }).to_string()
    }

    fn json_lines(&self) -> Vec<String> {
        self.rules.iter().map(|held| to_json(held).to_string()).collect()
    }
}

/// What rules say of one record, nothing being sealed.
#[derive(Debug, Clone, Copy)]
pub struct RuleCheck<'a> {
    /// What they said.
    pub verdict: &'a Verdict,
    /// How many were asked.
    pub rules: usize,
}

impl View for RuleCheck<'_> {
    fn document(&self) -> Document {
        let mut page = Document::new();
        let decision = self.verdict.decision();
        page.line(
            Text::plain("Decision: ")
                .and_toned(decision.as_str(), if decision >= Decision::Ask { Tone::Bad } else { Tone::Strong }),
        );
        let rows = self.verdict.hits().iter().map(|hit| {
            vec![
                Text::name(&hit.rule),
                effect(hit.effect, hit.mode),
                words::severity(hit.severity),
                Text::plain(&hit.message),
            ]
        });
        let columns =
            vec![Column::whole("Rule"), Column::whole("Effect"), Column::whole("Severity"), Column::text("Message")];
        page.add(Block::Table(columns, rows.collect()));
        let (fit, all) = (self.verdict.hits().len() as u64, self.rules as u64);
        page.line(format!("{} of {} fit.", words::grouped(fit), words::count(all, "rule", "rules")));
        page
    }

    fn json(&self) -> String {
        let hits = self.verdict.hits().iter().map(|hit| {
            json!({
                "rule": hit.rule, "name": hit.name, "effect": hit.effect.as_str(), "mode": hit.mode.as_str(),
                "severity": hit.severity, "message": hit.message,
            })
        });
        json!({
            "decision": self.verdict.decision().as_str(),
            "fail": self.verdict.fail().as_str(),
            "rules": self.rules,
            "hits": hits.collect::<Vec<_>>(),
        })
        .to_string()
    }
}
