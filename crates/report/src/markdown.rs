//! A document as GitHub-flavoured Markdown.
//!
//! Source: `CommonMark` 0.31 and the GFM tables extension. Text is escaped so
//! that it means nothing but itself: no markup, no raw HTML, no image. A bare
//! address may still become a link to itself where a forge makes links of them.

use std::io::{self, Write};

use crate::text::{shown, shown_lines, shown_short};
use crate::{Block, Column, Document, Row, Text, Tone};

/// Cells are cut after this many characters.
const CELL_CHARS_MAX: usize = 300;

pub(crate) fn write(document: &Document, out: &mut dyn Write) -> io::Result<()> {
    for (at, block) in document.blocks.iter().enumerate() {
        if matches!(block, Block::Table(_, rows) if rows.is_empty()) {
            continue;
        }
        if at > 0 {
            writeln!(out)?;
        }
        write_block(block, out)?;
    }
    Ok(())
}

fn write_block(block: &Block, out: &mut dyn Write) -> io::Result<()> {
    match block {
        Block::Heading(level, text) => {
            let marks = "#".repeat(usize::from(*level).clamp(1, 6));
            writeln!(out, "{marks} {}", inline(text, Place::LineStart))
        }
        Block::Line(text) => writeln!(out, "{}", inline(text, Place::LineStart)),
        Block::Fields(fields) => {
            for (name, value) in fields {
                writeln!(out, "- **{}:** {}", escape(&shown(name), false), inline(value, Place::InLine))?;
            }
            Ok(())
        }
        Block::List(items) => {
            for item in items {
                writeln!(out, "- {}", inline(item, Place::LineStart))?;
            }
            Ok(())
        }
        Block::Table(columns, rows) => write_table(columns, rows, out),
        Block::Verbatim(language, text) => {
            let fence = "`".repeat(longest_run(text, '`').max(2) + 1);
            writeln!(out, "{fence}{language}\n{}\n{fence}", shown_lines(text.trim_end_matches('\n')))
        }
    }
}

fn write_table(columns: &[Column], rows: &[Row], out: &mut dyn Write) -> io::Result<()> {
    let names: Vec<String> =
        columns.iter().map(|column| escape(&shown_short(&column.name, CELL_CHARS_MAX), false)).collect();
    let rules: Vec<&str> = columns.iter().map(|column| if column.number { "---:" } else { "---" }).collect();
    writeln!(out, "| {} |\n|{}|", names.join(" | "), rules.join("|"))?;
    for row in rows {
        let cells: Vec<String> = row.iter().map(|cell| inline(cell, Place::Cell)).collect();
        writeln!(out, "| {} |", cells.join(" | "))?;
    }
    Ok(())
}

/// Where a text stands decides what in it could be markup.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// At the start of a line or of a list's item: it could begin a block.
    LineStart,
    /// After other text.
    InLine,
    /// In a table's cell.
    Cell,
}

fn inline(text: &Text, place: Place) -> String {
    let mut out = String::new();
    for piece in text.pieces.iter().filter(|piece| !piece.text.is_empty()) {
        let short = match place {
            Place::Cell => shown_short(&piece.text, CELL_CHARS_MAX),
            Place::LineStart | Place::InLine => shown(&piece.text),
        };
        let begins_line = place == Place::LineStart && out.is_empty();
        let piece = match (piece.name, piece.tone) {
            (true, _) => code_span(&short, place == Place::Cell),
            (false, Tone::Strong | Tone::Bad) => strong(&escape(&short, begins_line)),
            (false, _) => escape(&short, begins_line),
        };
        out.push_str(&piece);
    }
    out
}

/// Emphasis marks stand at the words, not at the spaces around them, or they are no marks.
fn strong(text: &str) -> String {
    let words = text.trim();
    if words.is_empty() { text.to_owned() } else { text.replacen(words, &format!("**{words}**"), 1) }
}

/// A code span: fenced by more backticks than it holds.
fn code_span(text: &str, in_table: bool) -> String {
    let fence = "`".repeat(longest_run(text, '`') + 1);
    let pad = if text.starts_with(['`', ' ']) || text.ends_with(['`', ' ']) { " " } else { "" };
    // A table is cut into cells before its code spans are read.
    let text = if in_table { text.replace('|', "\\|") } else { text.to_owned() };
    format!("{fence}{pad}{text}{pad}{fence}")
}

/// Escapes what Markdown might take for markup: anywhere, and what could begin a block where the
/// text begins a line.
fn escape(text: &str, begins_line: bool) -> String {
    let text = if begins_line { text.trim_start() } else { text };
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let mut out = String::with_capacity(text.len() + 8);
    for (at, c) in text.char_indices() {
        let anywhere = matches!(c, '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '~' | '&' | '$');
        let begins = at == 0 && matches!(c, '#' | '+' | '-' | '=' | ':');
        let ends_number = at > 0 && at == digits && matches!(c, '.' | ')');
        if anywhere || (begins_line && (begins || ends_number)) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

fn longest_run(text: &str, of: char) -> usize {
    let mut longest = 0;
    let mut run = 0;
    for c in text.chars() {
        run = if c == of { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    longest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_in_text_means_itself() {
        let text = "# <b>*x*</b> [a](b) | `c` ![i](j)";
        let escaped = "# \\<b\\>\\*x\\*\\</b\\> \\[a\\](b) \\| \\`c\\` !\\[i\\](j)";
        assert_eq!(escape(text, false), escaped);
        assert_eq!(escape(text, true), format!("\\{escaped}"));
        assert_eq!(escape("  1. item", true), "1\\. item");
        assert_eq!(escape("- item", true), "\\- item");
        assert_eq!(escape("- 0.10 of v1.2", false), "- 0.10 of v1.2");
    }

    #[test]
    fn code_spans_cannot_be_left() {
        assert_eq!(code_span("plain", false), "`plain`");
        assert_eq!(code_span("a``b|c", true), "```a``b\\|c```");
        assert_eq!(code_span("`", false), "`` ` ``");
    }

    #[test]
    fn strong_hugs_its_words() {
        assert_eq!(strong(" bad "), " **bad** ");
        assert_eq!(strong(" "), " ");
    }
}
