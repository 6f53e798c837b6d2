//! A thing worth showing, and how it is written.

use std::io::{self, Write};

use crate::{Document, Format, Screen, json, markdown, terminal};

/// One thing worth showing.
pub trait View {
    /// What a person reads.
    fn document(&self) -> Document;

    /// What a program reads: one JSON document.
    fn json(&self) -> String;

    /// The same as JSON Lines: one document per row where the view is a list of rows.
    fn json_lines(&self) -> Vec<String> {
        vec![self.json()]
    }

    /// The bill of materials, as `CycloneDX` JSON, where what is shown has one.
    fn bom(&self) -> Option<String> {
        None
    }
}

const NO_BOM: &str = "this has no bill of materials; `sealbook module` and reports of it have one";

/// Writes a view, ending with a line end.
///
/// Errors: those of `out`.
pub fn render(view: &dyn View, format: Format, screen: Screen, out: &mut dyn Write) -> io::Result<()> {
    match format {
        Format::Terminal => terminal::write(&view.document(), screen, out),
        Format::Markdown => markdown::write(&view.document(), out),
        Format::Json => writeln!(out, "{}", json::indented(&json::harmless(&view.json()))),
        Format::CycloneDx => {
            let bom = view.bom().ok_or_else(|| io::Error::new(io::ErrorKind::Unsupported, NO_BOM))?;
            writeln!(out, "{}", json::indented(&json::harmless(&bom)))
        }
        Format::Jsonl => {
            for line in view.json_lines() {
                writeln!(out, "{}", json::harmless(&line))?;
            }
            Ok(())
        }
    }
}
