//! One record, with all there is to know of it.

use std::collections::BTreeMap;

use sealbook_record::{PartName, Record, Redaction};
use sealbook_store::Stored;
use serde::Serialize;
use serde_json::value::RawValue;

use super::findings::{Findings, violations};
use super::words;
use crate::{Block, Column, Document, Text, Tone, View, json};

/// Content is cut after this many lines where a person reads it.
const CONTENT_LINES_MAX: usize = 200;

/// One record: who, what, to what; how it is sealed; what changed; its content.
#[derive(Debug, Clone, Copy)]
pub struct RecordDetail<'a> {
    /// The record as the store read it.
    pub stored: &'a Stored,
}

/// A record as JSON: its place and seal around its native form.
#[derive(Serialize)]
pub(super) struct RecordJson<'a> {
    seq: u64,
    #[serde(rename = "type")]
    typ: &'static str,
    id: String,
    hash: String,
    sealed: String,
    occurred: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    leaf: Option<LeafJson<'a>>,
    /// The native form; null where the statement was erased or the leaf is no record.
    record: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    diff: Option<sealbook_record::Patch>,
    #[serde(skip_serializing_if = "no_items")]
    redactions: &'a [Redaction],
    #[serde(skip_serializing_if = "no_items")]
    erased: &'a [String],
    #[serde(skip_serializing_if = "no_items")]
    altered: &'a [String],
}

#[derive(Serialize)]
struct LeafJson<'a> {
    v: u32,
    origin: String,
    phase: &'static str,
    operation: Option<String>,
    prev: String,
    parts: BTreeMap<&'a str, String>,
    signed_by: Vec<String>,
}

fn no_items<T>(items: &&[T]) -> bool {
    items.is_empty()
}

impl<'a> RecordJson<'a> {
    /// Without the leaf's own fields and the diff, for lists.
    pub(super) fn short(stored: &'a Stored) -> Self {
        let raw = |text: &str| RawValue::from_string(text.to_owned()).ok();
        Self {
            seq: stored.seq,
            typ: stored.leaf.typ.as_str(),
            id: stored.leaf.id.to_string(),
            hash: stored.hash.to_string(),
            sealed: words::time_of_us(stored.leaf.sealed_us).to_string(),
            occurred: words::time_of_us(stored.leaf.occurred_us).to_string(),
            leaf: None,
            record: stored.record.as_ref().and_then(|record| raw(&record.to_json())),
            note: stored.note.as_deref().and_then(raw),
            diff: None,
            redactions: &stored.redactions,
            erased: &stored.erased,
            altered: &stored.altered,
        }
    }

    fn whole(stored: &'a Stored) -> Self {
        let leaf = &stored.leaf;
        let leaf = LeafJson {
            v: leaf.v,
            origin: leaf.origin.to_string(),
            phase: leaf.phase.as_str(),
            operation: leaf.operation.map(|operation| operation.to_string()),
            prev: leaf.prev.to_string(),
            parts: leaf.parts.iter().map(|(name, commitment)| (&**name, commitment.to_string())).collect(),
            signed_by: leaf.sigs.iter().map(|sig| sig.key.to_string()).collect(),
        };
        Self { leaf: Some(leaf), diff: stored.record.as_ref().and_then(Record::diff), ..Self::short(stored) }
    }
}

impl View for RecordDetail<'_> {
    fn document(&self) -> Document {
        let stored = self.stored;
        let mut page = Document::new();
        page.heading(1, format!("Record {}", stored.seq));
        let mut fields = Fields::default();
        match &stored.record {
            Some(record) => fields.of_record(record),
            None => fields.add("content", words::instead_of_record(stored)),
        }
        fields.of_seal(stored);
        page.add(Block::Fields(fields.0));
        for name in &stored.altered {
            let what = format!("Part `{name}` does not fit its commitment; its content is not shown.");
            page.line(Text::toned(what, Tone::Bad));
        }
        if let Some(record) = &stored.record {
            found_in(record, &mut page);
            changes(record, &mut page);
        }
        redactions(&stored.redactions, &mut page);
        if let Some(record) = &stored.record {
            for (name, part) in &record.parts {
                if !matches!(name, PartName::Findings | PartName::Violations) {
                    content(name.as_str(), part.get(), &mut page);
                }
            }
        }
        if let Some(note) = &stored.note {
            content(stored.leaf.typ.as_str(), note, &mut page);
        }
        page
    }

    fn json(&self) -> String {
        json::text(&RecordJson::whole(self.stored))
    }
}

#[derive(Default)]
struct Fields(Vec<(String, Text)>);

impl Fields {
    fn add(&mut self, name: &str, value: impl Into<Text>) {
        let value = value.into();
        if !value.is_empty() {
            self.0.push((name.to_owned(), value));
        }
    }

    fn add_name(&mut self, name: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.add(name, Text::name(value));
        }
    }

    fn of_record(&mut self, record: &Record) {
        self.add("action", Text::name(&record.action).and(format!(" ({})", record.category)));
        self.add("actor", words::actor(&record.actor).and(format!(", {}", record.actor.kind)));
        self.add_name("on behalf of", record.actor.on_behalf_of.as_deref());
        self.add_name("claimed", record.actor.claimed.as_deref());
        self.add_name("verified", record.actor.verified.as_deref());
        self.add("target", words::target(&record.target));
        self.add("phase", record.phase.as_str());
        if let Some(outcome) = record.outcome {
            self.add("outcome", Text::toned(outcome.as_str(), words::outcome_tone(outcome)));
        }
        if let Some(duration) = record.duration_us {
            self.add("took", words::duration(duration));
        }
        self.add("reason", record.reason.as_deref().unwrap_or(""));
        self.add("severity", words::severity(record.severity));
        self.add("classified", record.classification.as_str());
        self.add_name("retention", record.retention.as_deref());
        self.add("tags", record.tags.join(", "));
        self.add_name("source", Some(&record.source));
        self.add_name("tenant", Some(&record.tenant));
        self.add_name("project", record.project.as_deref());
        self.add_name("session", record.session.as_deref());
        self.add_name("conversation", record.conversation.as_deref());
        self.add_name("trace", record.trace.as_deref());
        self.add_name("parent", record.parent.map(|parent| parent.to_string()).as_deref());
    }

    fn of_seal(&mut self, stored: &Stored) {
        let leaf = &stored.leaf;
        self.add_name("operation", leaf.operation.map(|operation| operation.to_string()).as_deref());
        self.add("occurred", words::time_of_us(leaf.occurred_us).to_string());
        self.add("sealed", words::time_of_us(leaf.sealed_us).to_string());
        self.add_name("id", Some(&leaf.id.to_string()));
        self.add_name("hash", Some(&stored.hash.to_string()));
        self.add_name("previous", Some(&leaf.prev.to_string()));
        for sig in &leaf.sigs {
            self.add_name("signed by", Some(&sig.key.to_string()));
        }
        if !stored.erased.is_empty() {
            self.add("erased", stored.erased.join(", "));
        }
    }
}

/// Findings and violations the record carries; where they cannot be read, that.
fn found_in(record: &Record, page: &mut Document) {
    match record.findings() {
        Ok(findings) if findings.is_empty() => {}
        Ok(findings) => {
            page.heading(2, "Findings").append(Findings { findings: &findings }.document(), 2);
        }
        Err(_) => {
            page.line(Text::toned("The part `findings` is no list of findings.", Tone::Doubtful));
        }
    }
    match record.violations() {
        Ok(list) => violations(&list, page),
        Err(_) => {
            page.line(Text::toned("The part `violations` is no list of violations.", Tone::Doubtful));
        }
    }
}

/// What changed from `before` to `after`.
fn changes(record: &Record, page: &mut Document) {
    let Some(patch) = record.diff() else { return };
    page.heading(2, "Changes");
    if patch.is_empty() {
        page.line("Nothing changed.");
        return;
    }
    let rows = patch.ops.iter().map(|op| {
        let tone = match op.op() {
            "add" => Tone::Good,
            "remove" => Tone::Bad,
            _ => Tone::Doubtful,
        };
        let value = op.value().map_or_else(Text::default, |value| Text::name(value.get()));
        vec![Text::toned(op.op(), tone), Text::name(op.path()), value]
    });
    let columns = vec![Column::whole("Change"), Column::text("Where"), Column::text("New value")];
    page.add(Block::Table(columns, rows.collect()));
}

fn redactions(redactions: &[Redaction], page: &mut Document) {
    if redactions.is_empty() {
        return;
    }
    page.heading(2, "Redacted before sealing");
    let rows = redactions.iter().map(|redaction| {
        vec![
            Text::name(&redaction.path),
            Text::plain(&redaction.detector),
            Text::name(redaction.digest.chars().take(16).collect::<String>()),
            Text::plain(&redaction.policy),
        ]
    });
    let columns =
        vec![Column::text("Where"), Column::whole("Detector"), Column::whole("Digest"), Column::whole("Policy")];
    page.add(Block::Table(columns, rows.collect()));
}

fn content(name: &str, text: &str, page: &mut Document) {
    let laid = json::indented(text);
    let lines = laid.lines().count();
    page.heading(2, Text::plain("Content: ").and(name));
    if lines <= CONTENT_LINES_MAX {
        page.add(Block::Verbatim("json", laid));
        return;
    }
    let first: Vec<&str> = laid.lines().take(CONTENT_LINES_MAX).collect();
    page.add(Block::Verbatim("json", first.join("\n")));
    page.line(format!("… {} more lines; --format json shows all.", lines - CONTENT_LINES_MAX));
}
