//! A thing worth showing, and how it is written.

use std::io::{self, Write};

use crate::html::{self, Page};
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

    /// A page of HTML: what a person reads, where there is no more to it than that.
    fn page(&self) -> Page {
        Page::of(&self.document())
    }

    /// The bill of materials, as `CycloneDX` JSON, where what is shown has one.
    fn bom(&self) -> Option<String> {
        None
    }

    /// The findings, as a SARIF log, where what is shown has findings or could have had some.
    fn sarif(&self) -> Option<String> {
        None
    }

    /// The assessment, as OSCAL assessment results, where what is shown is one.
    fn oscal(&self) -> Option<String> {
        None
    }
}

const NO_BOM: &str = "this has no bill of materials; `sealbook module` and reports of it have one";
const NO_FINDINGS: &str = "this has no findings; audits, queries and reports have them";
const NO_ASSESSMENT: &str = "this is no assessment; `sealbook compliance --framework` and reports of it are";

/// Writes a view, ending with a line end.
///
/// Errors: those of `out`.
pub fn render(view: &dyn View, format: Format, screen: Screen, out: &mut dyn Write) -> io::Result<()> {
    match format {
        Format::Terminal => terminal::write(&view.document(), screen, out),
        Format::Markdown => markdown::write(&view.document(), out),
        Format::Html => html::write(&view.page(), out),
        Format::Json => writeln!(out, "{}", json::indented(&json::harmless(&view.json()))),
        Format::CycloneDx => document(view.bom(), NO_BOM, out),
        Format::Sarif => document(view.sarif(), NO_FINDINGS, out),
        Format::Oscal => document(view.oscal(), NO_ASSESSMENT, out),
        Format::Jsonl => {
            for line in view.json_lines() {
                writeln!(out, "{}", json::harmless(&line))?;
            }
            Ok(())
        }
    }
}

fn document(json: Option<String>, lacking: &'static str, out: &mut dyn Write) -> io::Result<()> {
    let json = json.ok_or_else(|| io::Error::new(io::ErrorKind::Unsupported, lacking))?;
    writeln!(out, "{}", json::indented(&json::harmless(&json)))
}
