//! A document for a terminal: plain lines and tables, colour where wanted.

use std::io::{self, Write};

use comfy_table::{
    CellAlignment, ColumnConstraint, ContentArrangement, ContentLineStyle, LineStyle, Table, TableStyle,
};

use crate::text::{shown, shown_lines, shown_short};
use crate::{Block, Column, Document, Piece, Row, Screen, Text, Tone};

/// Cells are cut after this many characters.
const CELL_CHARS_MAX: usize = 200;

/// Columns are set apart by blanks, the head by a rule.
const LOOK: TableStyle = TableStyle::new()
    .header_lines(ContentLineStyle::none().junction(' '))
    .header_separator(LineStyle::none().fill('─').junction('─'))
    .content_lines(ContentLineStyle::none().junction(' '));

/// A column that is narrower cannot be read.
const COLUMN_CHARS_MIN: usize = 6;

/// Marks around a coloured piece of a table while it is laid out. They have no width, and hostile
/// text has none of them: [`shown`] writes them out.
const MARKS: [(Tone, char); 5] = [
    (Tone::Strong, '\u{2061}'),
    (Tone::Faint, '\u{2062}'),
    (Tone::Good, '\u{2063}'),
    (Tone::Doubtful, '\u{2064}'),
    (Tone::Bad, '\u{206A}'),
];
const MARK_END: char = '\u{206B}';

pub(crate) fn write(document: &Document, screen: Screen, out: &mut dyn Write) -> io::Result<()> {
    let mut before: Option<&Block> = None;
    for block in &document.blocks {
        if matches!(block, Block::Table(_, rows) if rows.is_empty()) {
            continue;
        }
        if before.is_some_and(|before| apart(before, block)) {
            writeln!(out)?;
        }
        write_block(block, screen, out)?;
        before = Some(block);
    }
    Ok(())
}

/// Whether a blank line stands between two blocks: lines follow on lines, and blocks on their heading.
fn apart(before: &Block, block: &Block) -> bool {
    !matches!((before, block), (Block::Line(_), Block::Line(_)) | (Block::Heading(..), _))
        || matches!(block, Block::Heading(..))
}

fn write_block(block: &Block, screen: Screen, out: &mut dyn Write) -> io::Result<()> {
    match block {
        Block::Heading(_, text) => {
            let plain: String = text.pieces.iter().map(|piece| shown(&piece.text)).collect();
            writeln!(out, "{}", paint(&plain, Tone::Strong, screen.colour))
        }
        Block::Line(text) => writeln!(out, "{}", inline(text, screen.colour)),
        Block::Fields(fields) => {
            let width = fields.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
            for (name, value) in fields {
                let name = format!("{:<width$}", shown(name));
                let line = format!("{}  {}", paint(&name, Tone::Faint, screen.colour), inline(value, screen.colour));
                writeln!(out, "{}", line.trim_end())?;
            }
            Ok(())
        }
        Block::List(items) => {
            for item in items {
                writeln!(out, "- {}", inline(item, screen.colour))?;
            }
            Ok(())
        }
        Block::Table(columns, rows) if is_too_wide(columns, rows, screen) => write_rows(columns, rows, screen, out),
        Block::Table(columns, rows) => write_table(columns, rows, screen, out),
        Block::Verbatim(_, text) => {
            // As it is and not set in: a proof or a checkpoint can be copied from the screen.
            writeln!(out, "{}", shown_lines(text.trim_end_matches('\n')))
        }
    }
}

fn inline(text: &Text, colour: bool) -> String {
    text.pieces.iter().map(|piece| paint(&shown(&piece.text), piece.tone, colour)).collect()
}

/// Whether a table could only be laid out with columns that nobody can read.
fn is_too_wide(columns: &[Column], rows: &[Row], screen: Screen) -> bool {
    let Some(width) = screen.width else { return false };
    let needs = |(at, column): (usize, &Column)| {
        let cells = rows.iter().filter_map(|row| row.get(at));
        let length = |cell: &Text| cell.pieces.iter().map(|piece| piece.text.chars().count()).sum::<usize>();
        let longest = cells.map(length).max().unwrap_or(0).max(column.name.chars().count()).min(CELL_CHARS_MAX);
        1 + if column.whole { longest } else { longest.min(COLUMN_CHARS_MIN) }
    };
    columns.iter().enumerate().map(needs).sum::<usize>() > usize::from(width) + 1
}

/// The rows of a table one after the other, a cell a line.
fn write_rows(columns: &[Column], rows: &[Row], screen: Screen, out: &mut dyn Write) -> io::Result<()> {
    for (at, row) in rows.iter().enumerate() {
        if at > 0 {
            writeln!(out)?;
        }
        for (column, cell) in columns.iter().zip(row).filter(|(_, cell)| !cell.pieces.is_empty()) {
            let name = format!("{}:", shown_short(&column.name, CELL_CHARS_MAX));
            let pieces = cell.pieces.iter().map(|piece| {
                let text = shown_short(&piece.text, CELL_CHARS_MAX);
                paint(&text, piece.tone, screen.colour)
            });
            writeln!(out, "{} {}", paint(&name, Tone::Faint, screen.colour), pieces.collect::<String>())?;
        }
    }
    Ok(())
}

fn write_table(columns: &[Column], rows: &[Row], screen: Screen, out: &mut dyn Write) -> io::Result<()> {
    let mut table = Table::new();
    table.load_style(LOOK);
    table.set_header(columns.iter().map(|column| shown_short(&column.name, CELL_CHARS_MAX)));
    for row in rows {
        table.add_row(
            row.iter().map(|cell| cell.pieces.iter().map(|piece| marked(piece, screen.colour)).collect::<String>()),
        );
    }
    for (at, column) in columns.iter().enumerate() {
        let Some(laid) = table.column_mut(at) else {
            continue;
        };
        laid.set_padding((0, 1));
        if column.number {
            laid.set_cell_alignment(CellAlignment::Right);
        }
        if column.whole {
            laid.set_constraint(ColumnConstraint::ContentWidth);
        }
    }
    if let Some(width) = screen.width {
        table.set_content_arrangement(ContentArrangement::Dynamic);
        table.set_width(width);
    }
    for (at, line) in table.lines().enumerate() {
        let line = line.trim_end();
        let line = if at == 0 { paint(line, Tone::Faint, screen.colour) } else { coloured(line) };
        writeln!(out, "{line}")?;
    }
    Ok(())
}

/// A piece with its marks, word by word, so that a cell may be broken between them.
fn marked(piece: &Piece, colour: bool) -> String {
    let text = shown_short(&piece.text, CELL_CHARS_MAX);
    match MARKS.iter().find(|(tone, _)| colour && *tone == piece.tone) {
        None => text.into_owned(),
        Some((_, mark)) => text.split(' ').map(|word| format!("{mark}{word}{MARK_END}")).collect::<Vec<_>>().join(" "),
    }
}

/// Turns the marks of a laid-out line into colours. A mark whose end fell on another line is dropped.
fn coloured(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(at) = rest.find(|c| c == MARK_END || tone_of(c).is_some()) {
        out.push_str(&rest[..at]);
        let mark = rest[at..].chars().next().expect("found there");
        rest = &rest[at + mark.len_utf8()..];
        let Some(tone) = tone_of(mark) else { continue };
        let end = rest.find(|c| c == MARK_END || tone_of(c).is_some());
        if let Some(end) = end.filter(|end| rest[*end..].starts_with(MARK_END)) {
            out.push_str(&paint(&rest[..end], tone, true));
            rest = &rest[end..];
        }
    }
    out.push_str(rest);
    out
}

fn tone_of(mark: char) -> Option<Tone> {
    MARKS.iter().find(|(_, known)| *known == mark).map(|(tone, _)| *tone)
}

/// The text in its colour (ECMA-48, select graphic rendition).
fn paint(text: &str, tone: Tone, colour: bool) -> String {
    let code = match tone {
        _ if !colour || text.is_empty() => return text.to_owned(),
        Tone::Plain => return text.to_owned(),
        Tone::Strong => "1",
        Tone::Faint => "2",
        Tone::Good => "32",
        Tone::Doubtful => "33",
        Tone::Bad => "31",
    };
    format!("\u{1b}[{code}m{text}\u{1b}[0m")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_without_its_end_on_the_line_colours_nothing() {
        assert_eq!(coloured("a \u{206A}bad\u{206B} b"), "a \u{1b}[31mbad\u{1b}[0m b");
        assert_eq!(coloured("a \u{206A}ba   next"), "a ba   next");
        assert_eq!(coloured("d\u{206B} x \u{2063}ok\u{206B}"), "d x \u{1b}[32mok\u{1b}[0m");
    }
}
