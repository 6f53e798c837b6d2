//! The blocks of a document as HTML.

use super::Html;
use crate::{Block, Column, Document, Row, Text, Tone};

/// Headings stand below that of the section they are in: `deeper` levels.
pub(crate) fn document(document: &Document, deeper: u8, html: &mut Html) {
    for block in &document.blocks {
        match block {
            Block::Heading(level, text) => {
                let tag = heading(level + deeper);
                html.open(tag, &[]);
                inline(text, html);
                html.close(tag).raw("\n");
            }
            Block::Line(text) => {
                html.raw("<p>");
                inline(text, html);
                html.raw("</p>\n");
            }
            Block::Fields(named) => fields(named, html),
            Block::List(items) => list(items, &[], html),
            Block::Table(columns, rows) => table(columns, rows, html),
            Block::Verbatim(_, text) => {
                html.raw("<pre>").lines(text.trim_end_matches('\n')).raw("</pre>\n");
            }
        }
    }
}

fn heading(level: u8) -> &'static str {
    ["h1", "h2", "h3", "h4", "h5", "h6"][usize::from(level.clamp(1, 6)) - 1]
}

fn fields(fields: &[(String, Text)], html: &mut Html) {
    html.raw("<dl>\n");
    for (name, value) in fields {
        html.element("dt", &[], name).raw("<dd>");
        inline(value, html);
        html.raw("</dd>\n");
    }
    html.raw("</dl>\n");
}

pub(crate) fn list(items: &[Text], attributes: super::Attributes<'_>, html: &mut Html) {
    html.open("ul", attributes).raw("\n");
    for item in items {
        html.raw("<li>");
        inline(item, html);
        html.raw("</li>\n");
    }
    html.raw("</ul>\n");
}

fn table(columns: &[Column], rows: &[Row], html: &mut Html) {
    if rows.is_empty() {
        return;
    }
    head(columns, html);
    for row in rows {
        html.raw("<tr>");
        for (column, cell) in columns.iter().zip(row) {
            open_cell(column, html);
            inline(cell, html);
            html.raw("</td>");
        }
        html.raw("</tr>\n");
    }
    foot(html);
}

/// Opens a table that scrolls by itself where the page is narrow.
pub(crate) fn head(columns: &[Column], html: &mut Html) {
    html.raw("<div class=\"table\"><table>\n<thead><tr>");
    for column in columns {
        let class = if column.number { "number" } else { "" };
        html.element("th", &[("class", class), ("scope", "col")], &column.name);
    }
    html.raw("</tr></thead>\n<tbody>\n");
}

pub(crate) fn foot(html: &mut Html) {
    html.raw("</tbody></table></div>\n");
}

/// Opens a cell; on a narrow page it says which column it is of.
pub(crate) fn open_cell(column: &Column, html: &mut Html) {
    let class = match (column.number, column.whole) {
        (true, _) => "number",
        (false, true) => "whole",
        (false, false) => "",
    };
    html.open("td", &[("class", class), ("data-name", &column.name)]);
}

/// Names from elsewhere are isolated, so that letters that are read from the right turn nothing beside them around.
pub(crate) fn inline(text: &Text, html: &mut Html) {
    for piece in text.pieces.iter().filter(|piece| !piece.text.is_empty()) {
        if piece.name {
            html.raw("<bdi class=\"name\">").text(&piece.text).raw("</bdi>");
            continue;
        }
        let class = match piece.tone {
            Tone::Plain => {
                html.raw("<bdi>").text(&piece.text).raw("</bdi>");
                continue;
            }
            Tone::Strong => "strong",
            Tone::Faint => "faint",
            Tone::Good => "good",
            Tone::Doubtful => "doubtful",
            Tone::Bad => "bad",
        };
        html.element("bdi", &[("class", class)], &piece.text);
    }
}
