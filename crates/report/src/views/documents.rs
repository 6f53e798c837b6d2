//! Documents that questions are answered from.

use sealbook_store::DocumentInfo;
use serde::Serialize;
use serde_json::{Map, Value};

use super::words;
use crate::{Block, Column, Document, Text, View, json};

/// Documents, by name.
#[derive(Debug, Clone, Copy)]
pub struct DocumentList<'a> {
    /// The documents.
    pub documents: &'a [DocumentInfo],
}

#[derive(Serialize)]
struct DocumentJson<'a> {
    name: &'a str,
    digest: String,
    bytes: u64,
    passages: u64,
    embedded: u64,
    added: String,
    metadata: &'a Map<String, Value>,
}

fn of(document: &DocumentInfo) -> DocumentJson<'_> {
    DocumentJson {
        name: &document.name,
        digest: document.digest.to_string(),
        bytes: document.bytes,
        passages: document.passages,
        embedded: document.embedded,
        added: document.added.to_string(),
        metadata: &document.metadata,
    }
}

impl View for DocumentList<'_> {
    fn document(&self) -> Document {
        let mut page = Document::new();
        if self.documents.is_empty() {
            page.line("No documents.");
            return page;
        }
        let rows = self.documents.iter().map(|document| {
            vec![
                Text::name(&document.name),
                Text::plain(document.bytes.to_string()),
                Text::plain(document.passages.to_string()),
                Text::plain(document.embedded.to_string()),
                Text::plain(words::second(document.added)),
                Text::plain(document.digest.to_string().chars().take(16).collect::<String>()),
            ]
        });
        let columns = ["Document", "Bytes", "Passages", "With vectors", "Added", "SHA-256"].map(Column::text);
        page.add(Block::Table(columns.into(), rows.collect()));
        page
    }

    fn json(&self) -> String {
        json::text(&serde_json::json!({ "documents": self.documents.iter().map(of).collect::<Vec<_>>() }))
    }

    fn json_lines(&self) -> Vec<String> {
        self.documents.iter().map(|document| json::text(&of(document))).collect()
    }
}
