//! Completeness: what a book should hold and does not. Integrity is another question.

use std::collections::{BTreeMap, HashMap};

use sealbook_ledger::{LeafType, Phase, Uuid};
use sealbook_record::{Actor, PartName, Record};
use sealbook_report::{Block, Column, Document, Text, Tone, View};
use sealbook_store::{Ledger, Query};
use serde::{Deserialize, Serialize};

use crate::exit::Exit;
use crate::failure::Failure;

/// A person reads this many of each.
const SHOWN: usize = 50;

/// What a book lacks.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Completeness {
    /// Intents of which no outcome is known: it may have happened or not.
    pub(crate) open_intents: Vec<Open>,
    /// Audits that did not read everything.
    pub(crate) incomplete_audits: Vec<Open>,
    /// Records that name no actor.
    pub(crate) without_actor: u64,
    /// Ledgers that the book goes on from and that are not beside it.
    pub(crate) missing_ledgers: Vec<String>,
}

/// A record that something is missing from.
#[derive(Debug, Serialize)]
pub(crate) struct Open {
    seq: u64,
    id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    action: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    target: Option<String>,
}

/// What is needed of an audit's outcome.
#[derive(Deserialize)]
struct Ended {
    complete: bool,
}

impl Completeness {
    /// Reads every leaf of a ledger once. What is kept grows with the open intents alone.
    pub(crate) fn of(ledger: &Ledger, missing: Option<String>) -> Result<Self, Failure> {
        let mut found = Self { missing_ledgers: missing.into_iter().collect(), ..Self::default() };
        // By operation where there is one, else by the intent's own id, which an outcome names as its parent.
        let mut open: HashMap<Uuid, Vec<Open>> = HashMap::new();
        let records =
            Query { leaf_type: vec![LeafType::Record.as_str().to_owned()], ascending: true, ..Query::default() };
        ledger.each_match(&records, &mut |stored| {
            let leaf = &stored.leaf;
            let record = stored.record.as_ref();
            found.without_actor += u64::from(record.is_some_and(names_nobody));
            let told = || Open {
                seq: stored.seq,
                id: leaf.id.to_string(),
                action: record.map(|record| record.action.clone()),
                target: record.map(|record| record.target.id.clone()),
            };
            match leaf.phase {
                Phase::Intent => open.entry(leaf.operation.unwrap_or(leaf.id)).or_default().push(told()),
                Phase::Outcome => {
                    let parent = record.and_then(|record| record.parent);
                    for key in [leaf.operation, parent].into_iter().flatten() {
                        open.remove(&key);
                    }
                }
                Phase::Event => {}
            }
            if record.is_some_and(|record| record.action == "audit.run" && is_incomplete(record)) {
                found.incomplete_audits.push(told());
            }
            Ok(true)
        })?;
        let by_place: BTreeMap<u64, Open> = open.into_values().flatten().map(|open| (open.seq, open)).collect();
        found.open_intents = by_place.into_values().collect();
        Ok(found)
    }

    /// 3 where coverage is incomplete, 1 where there is something to look at.
    pub(crate) fn exit(&self) -> Exit {
        if !self.incomplete_audits.is_empty() || !self.missing_ledgers.is_empty() {
            Exit::Incomplete
        } else if !self.open_intents.is_empty() || self.without_actor > 0 {
            Exit::Findings
        } else {
            Exit::Clean
        }
    }
}

/// Whether nobody was named as the actor.
pub(crate) fn names_nobody(record: &Record) -> bool {
    record.actor_unknown() && record.actor.id == Actor::UNKNOWN
}

fn is_incomplete(record: &Record) -> bool {
    let ended = record.part(PartName::Result).and_then(|part| serde_json::from_str::<Ended>(part.get()).ok());
    ended.is_some_and(|ended| !ended.complete)
}

impl View for Completeness {
    fn document(&self) -> Document {
        let mut page = Document::new();
        page.heading(2, "Completeness");
        if self.exit() == Exit::Clean {
            page.line(
                Text::toned("Nothing is missing", Tone::Good)
                    .and(": every intent has an outcome, every audit read all it should."),
            );
            return page;
        }
        listed(&mut page, "Intents without an outcome", &self.open_intents);
        listed(&mut page, "Audits that did not read everything", &self.incomplete_audits);
        if self.without_actor > 0 {
            page.line(
                Text::toned(format!("{} records name no actor", self.without_actor), Tone::Doubtful)
                    .and(": `sealbook query --actor unknown` lists them."),
            );
        }
        for origin in &self.missing_ledgers {
            page.line(
                Text::toned("A ledger that the book goes on from is not beside it: ", Tone::Bad).and_name(origin),
            );
        }
        page
    }

    fn json(&self) -> String {
        serde_json::to_string(self).expect("plain structs are JSON")
    }
}

fn listed(page: &mut Document, heading: &str, all: &[Open]) {
    if all.is_empty() {
        return;
    }
    page.heading(3, heading);
    let text = |text: &Option<String>| text.as_deref().map_or_else(|| Text::toned("(erased)", Tone::Faint), Text::name);
    let rows = all.iter().take(SHOWN).map(|open| {
        vec![Text::plain(open.seq.to_string()), Text::name(&open.id), text(&open.action), text(&open.target)]
    });
    let columns = vec![Column::number("Seq"), Column::whole("Id"), Column::text("Action"), Column::text("Target")];
    page.add(Block::Table(columns, rows.collect()));
    if all.len() > SHOWN {
        page.line(format!("… and {} more; --format json shows all.", all.len() - SHOWN));
    }
}
