//! What differs between two moments of a project.

use std::collections::BTreeMap;

use sealbook_inspect::{Difference, FileDifference, Found, ReferenceDifference};
use sealbook_record::{Finding, Location};
use serde::Serialize;

use super::findings::Findings;
use super::section::table;
use super::words;
use crate::{Block, Column, Document, Row, Text, Tone, View, json};

/// Digits of an id that a person reads.
const ID_CHARS: usize = 12;

/// A difference, with what is said of its two sides.
#[derive(Debug, Clone, Copy)]
pub struct DifferenceDetail<'a> {
    /// What differs.
    pub difference: &'a Difference,
    /// What it is compared with.
    pub from: &'a str,
    /// What is compared.
    pub to: &'a str,
    /// What is wrong with one of the sides, where something is.
    pub doubt: Option<&'a str>,
    /// What the drift amounts to, where that was asked for.
    pub drift: Option<&'a [Finding]>,
}

impl View for DifferenceDetail<'_> {
    fn document(&self) -> Document {
        let difference = self.difference;
        let mut page = Document::new();
        page.heading(1, "Difference");
        let mut fields = vec![
            ("from".to_owned(), Text::plain(self.from)),
            ("to".to_owned(), Text::plain(self.to)),
            ("files".to_owned(), files_summary(difference)),
            ("references".to_owned(), counted(difference.references.len(), "differs", "differ")),
            ("findings".to_owned(), findings_summary(difference)),
        ];
        if let Some(doubt) = self.doubt {
            fields.push(("doubt".to_owned(), Text::toned(doubt, Tone::Doubtful)));
        }
        page.add(Block::Fields(fields));
        for why in &difference.not_compared {
            page.line(Text::toned("Not compared: ", Tone::Doubtful).and(why));
        }
        if difference.unclear > 0 {
            let entries = words::count(difference.unclear, "entry", "entries");
            page.line(format!("{entries} could not be compared: redaction has taken their names."));
        }
        table(&mut page, "Files", FILES, difference.files.iter().map(file).collect());
        table(&mut page, "References", REFERENCES, difference.references.iter().map(reference).collect());
        table(&mut page, "New findings", FOUND, difference.findings_new.values().map(found).collect());
        table(&mut page, "Findings that are gone", FOUND, difference.findings_gone.values().map(found).collect());
        if let Some(drift) = self.drift {
            page.heading(2, "Drift");
            page.append(Findings { findings: drift }.document(), 1);
        }
        page
    }

    fn json(&self) -> String {
        #[derive(Serialize)]
        struct All<'a> {
            from: &'a str,
            to: &'a str,
            #[serde(skip_serializing_if = "Option::is_none")]
            doubt: Option<&'a str>,
            difference: &'a Difference,
            #[serde(skip_serializing_if = "Option::is_none")]
            drift: Option<&'a [Finding]>,
        }
        let Self { difference, from, to, doubt, drift } = *self;
        json::text(&All { from, to, doubt, difference, drift })
    }

    fn json_lines(&self) -> Vec<String> {
        self.difference.files.iter().map(json::text).collect()
    }
}

static FILES: &[Column] =
    &[Column::whole("Change"), Column::text("File"), Column::text("What"), Column::text("SHA-256")];

static REFERENCES: &[Column] =
    &[Column::text("Reference"), Column::whole("Change"), Column::whole("Before"), Column::whole("After")];

static FOUND: &[Column] =
    &[Column::whole("Severity"), Column::whole("Rule"), Column::text("Where"), Column::text("Finding")];

fn files_summary(difference: &Difference) -> Text {
    let tones =
        [("appeared", Tone::Plain), ("changed", Tone::Plain), ("renamed", Tone::Plain), ("vanished", Tone::Doubtful)];
    let mut text = Text::default();
    for (change, tone) in tones {
        let count = difference.count(change);
        if count > 0 {
            text = if text.is_empty() { text } else { text.and(", ") };
            text = text.and_toned(format!("{} {change}", words::grouped(count)), tone);
        }
    }
    if text.is_empty() {
        text = Text::plain(if difference.between.is_some() { "the same" } else { "none to compare" });
    }
    if difference.touched > 0 {
        text = text.and(format!("; {} with another time alone", words::grouped(difference.touched)));
    }
    text
}

fn findings_summary(difference: &Difference) -> Text {
    let (new, gone) = (difference.findings_new.len(), difference.findings_gone.len());
    match (new, gone) {
        (0, 0) => Text::plain("the same"),
        _ => Text::plain(format!("{new} new, {gone} gone")),
    }
}

fn counted(count: usize, one: &str, many: &str) -> Text {
    if count == 0 { Text::plain("the same") } else { Text::plain(words::count(count as u64, one, many)) }
}

fn file(file: &FileDifference) -> Row {
    let tone = match file.change {
        "vanished" => Tone::Bad,
        "changed" | "appeared" | "renamed" => Tone::Doubtful,
        _ => Tone::Plain,
    };
    let what = match &file.renamed_from {
        Some(from) => Text::plain("from ").and_name(from.to_string()),
        None => Text::plain(file.fields.join(", ")),
    };
    let digest = file.after.as_ref().or(file.before.as_ref()).and_then(|entry| {
        let entry: BTreeMap<String, serde_json::Value> = serde_json::from_str(entry.get()).ok()?;
        Some(entry.get("sha256")?.as_str()?.to_owned())
    });
    vec![
        Text::toned(file.change, tone),
        Text::name(file.path.to_string()),
        what,
        digest.map_or_else(Text::default, |digest| short(&digest)),
    ]
}

fn reference(reference: &ReferenceDifference) -> Row {
    let change = match (&reference.before, &reference.after) {
        (None, _) => Text::toned("appeared", Tone::Plain),
        (_, None) => Text::toned("gone", Tone::Doubtful),
        _ => Text::toned("moved", Tone::Plain),
    };
    let id = |id: &Option<String>| id.as_deref().map_or_else(Text::default, short);
    vec![Text::name(&reference.name), change, id(&reference.before), id(&reference.after)]
}

fn found(found: &Found) -> Row {
    let place = found.path.as_ref().map(|path| Location::of(path.clone()));
    vec![
        words::severity(found.severity),
        Text::name(&found.rule),
        place.map_or_else(Text::default, |place| Text::name(place.path)),
        Text::plain(&found.message),
    ]
}

fn short(id: &str) -> Text {
    Text::name(id.chars().take(ID_CHARS).collect::<String>())
}
