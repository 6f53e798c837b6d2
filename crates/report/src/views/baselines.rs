//! Baselines that were saved.

use sealbook_record::Timestamp;
use serde::{Deserialize, Serialize};

use super::words;
use crate::{Block, Column, Document, Text, Tone, View, json};

/// What the record of a saved baseline says of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SavedBaseline {
    /// Its name.
    pub name: String,
    /// Digest of its file, in hex.
    pub sha256: String,
    /// Bytes of its file.
    pub bytes: u64,
    /// The manifest that it holds.
    pub manifest: Option<u64>,
    /// The Merkle root of that.
    pub root: Option<String>,
    /// Entries in it.
    pub entries: u64,
    /// References in it.
    pub references: u64,
    /// Findings in it.
    pub findings: u64,
}

/// A saved baseline where it stands in the book.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct BaselineLine {
    /// The record's place; none for a file that no record of this book names.
    pub seq: Option<u64>,
    /// When it was saved.
    pub saved: Timestamp,
    /// Its file, as it was named.
    pub file: String,
    /// What is in it.
    #[serde(flatten)]
    pub told: SavedBaseline,
}

/// Baselines, newest first.
#[derive(Debug, Clone, Copy)]
pub struct BaselineList<'a> {
    /// The baselines.
    pub baselines: &'a [BaselineLine],
}

/// One baseline.
#[derive(Debug, Clone, Copy)]
pub struct BaselineDetail<'a> {
    /// The baseline.
    pub baseline: &'a BaselineLine,
}

impl View for BaselineList<'_> {
    fn document(&self) -> Document {
        let mut page = Document::new();
        if self.baselines.is_empty() {
            page.line("No baseline was saved.");
            return page;
        }
        let rows = self.baselines.iter().map(|line| {
            vec![
                Text::plain(line.seq.map_or_else(String::new, |seq| seq.to_string())),
                Text::name(&line.told.name),
                Text::plain(words::second(line.saved)),
                Text::plain(words::grouped(line.told.entries)),
                Text::plain(words::grouped(line.told.references)),
                Text::plain(words::grouped(line.told.findings)),
                Text::name(&line.file),
            ]
        });
        let columns = vec![
            Column::number("Seq"),
            Column::text("Name"),
            Column::whole("Saved"),
            Column::number("Entries"),
            Column::number("References"),
            Column::number("Findings"),
            Column::text("File"),
        ];
        page.add(Block::Table(columns, rows.collect()));
        page
    }

    fn json(&self) -> String {
        json::text(&serde_json::json!({ "baselines": self.baselines }))
    }

    fn json_lines(&self) -> Vec<String> {
        self.baselines.iter().map(json::text).collect()
    }
}

impl View for BaselineDetail<'_> {
    fn document(&self) -> Document {
        let BaselineLine { seq, saved, file, told } = self.baseline;
        let sealed = match seq {
            Some(seq) => Text::toned(format!("as record {seq}"), Tone::Good),
            None => Text::toned("no: this book does not know who made it, or it was edited since", Tone::Bad),
        };
        let mut fields = vec![
            ("name".to_owned(), Text::name(&told.name)),
            ("file".to_owned(), Text::name(file)),
            ("saved".to_owned(), Text::plain(words::second(*saved))),
            ("sealed".to_owned(), sealed),
            ("sha256".to_owned(), Text::name(&told.sha256)),
            ("entries".to_owned(), Text::plain(words::grouped(told.entries))),
            ("references".to_owned(), Text::plain(words::grouped(told.references))),
            ("findings".to_owned(), Text::plain(words::grouped(told.findings))),
        ];
        if let (Some(seq), Some(root)) = (told.manifest, &told.root) {
            fields.push(("manifest".to_owned(), Text::plain(format!("record {seq}, root ")).and_name(root)));
        }
        let mut page = Document::new();
        page.heading(1, "Baseline").add(Block::Fields(fields));
        page
    }

    fn json(&self) -> String {
        json::text(self.baseline)
    }
}
