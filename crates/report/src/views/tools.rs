//! Tools that can be called, and what a call of one gave.

use serde::Serialize;
use serde_json::Value;

use crate::{Block, Column, Document, Text, Tone, View, json};

/// A tool.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ToolLine {
    /// What it is called by.
    pub name: String,
    /// What it does.
    pub description: String,
    /// Which program or server does it.
    pub backend: String,
    /// What a call does to the world.
    pub effect: String,
    /// How that is taken back: `nothing`, `call` or `irreversible`.
    pub reversal: String,
    /// Whether it can be called here and now.
    pub available: bool,
    /// Why not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// Digest over what is declared of it.
    pub pin: String,
    /// What it takes, where it is shown alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input: Option<Value>,
    /// What it gives, where that is declared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output: Option<Value>,
}

/// Tools, by name.
#[derive(Debug, Clone, Copy)]
pub struct ToolList<'a> {
    /// The tools.
    pub tools: &'a [ToolLine],
}

/// One tool.
#[derive(Debug, Clone, Copy)]
pub struct ToolDetail<'a> {
    /// The tool.
    pub tool: &'a ToolLine,
}

/// What a call gave.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct ToolResult<'a> {
    /// Whether it went well.
    pub success: bool,
    /// The tool.
    pub tool: &'a str,
    /// What it gave; nothing where it failed.
    pub data: Option<&'a Value>,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<&'a str>,
    /// The intent on record, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub audit_id: Option<&'a str>,
}

fn standing(tool: &ToolLine) -> Text {
    if tool.available { Text::toned("yes", Tone::Good) } else { Text::toned("no", Tone::Doubtful) }
}

impl View for ToolList<'_> {
    fn document(&self) -> Document {
        let mut page = Document::new();
        let rows = self.tools.iter().map(|tool| {
            vec![
                Text::name(&tool.name),
                standing(tool),
                Text::plain(tool.effect.as_str()),
                Text::plain(tool.reversal.as_str()),
                Text::plain(tool.backend.as_str()),
                Text::plain(tool.why.as_deref().unwrap_or(&tool.description)),
            ]
        });
        let columns = ["Tool", "Available", "Effect", "Undo", "Backend", "What it does"].map(Column::text);
        page.add(Block::Table(columns.into(), rows.collect()));
        page
    }

    fn json(&self) -> String {
        json::text(&serde_json::json!({ "tools": self.tools }))
    }

    fn json_lines(&self) -> Vec<String> {
        self.tools.iter().map(json::text).collect()
    }
}

impl View for ToolDetail<'_> {
    fn document(&self) -> Document {
        let tool = self.tool;
        let mut fields = vec![
            ("tool".to_owned(), Text::name(&tool.name)),
            ("does".to_owned(), Text::plain(tool.description.as_str())),
            ("available".to_owned(), standing(tool)),
        ];
        fields.extend(tool.why.iter().map(|why| ("why not".to_owned(), Text::plain(why.as_str()))));
        fields.extend([
            ("backend".to_owned(), Text::plain(tool.backend.as_str())),
            ("effect".to_owned(), Text::plain(tool.effect.as_str())),
            ("undo".to_owned(), Text::plain(tool.reversal.as_str())),
            ("pin".to_owned(), Text::name(&tool.pin)),
        ]);
        let mut page = Document::new();
        page.heading(1, "Tool").add(Block::Fields(fields));
        for (heading, schema) in [("Input", &tool.input), ("Output", &tool.output)] {
            if let Some(schema) = schema {
                page.heading(2, heading).line(Text::plain(json::text(schema)));
            }
        }
        page
    }

    fn json(&self) -> String {
        json::text(self.tool)
    }
}

impl View for ToolResult<'_> {
    fn document(&self) -> Document {
        let state = if self.success { Text::toned("done", Tone::Good) } else { Text::toned("failed", Tone::Bad) };
        let mut fields = vec![("tool".to_owned(), Text::name(self.tool)), ("state".to_owned(), state)];
        fields.extend(self.error.map(|why| ("why".to_owned(), Text::plain(why))));
        fields.extend(self.audit_id.map(|id| ("record".to_owned(), Text::name(id))));
        let mut page = Document::new();
        page.add(Block::Fields(fields));
        if let Some(data) = self.data {
            page.heading(2, "Result").line(Text::plain(json::text(data)));
        }
        page
    }

    fn json(&self) -> String {
        json::text(self)
    }
}
