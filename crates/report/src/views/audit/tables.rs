//! Tables made of findings that carry figures: hotspots, contributors, whatever
//! an analyzer counts.
//!
//! Nothing here knows a rule. Figures of one kind stand in the metadata of
//! several findings of a rule (a row each), or as a list of objects in the
//! metadata of one (a table of its own).

use std::collections::{BTreeMap, BTreeSet};

use sealbook_record::Finding;
use serde_json::{Map, Value};

use super::super::words;
use crate::{Block, Column, Document, Row, Text};

/// A person reads this many rows of a table; JSON has all.
const ROWS_SHOWN: usize = 20;
/// A table has at most so many columns of figures.
const COLUMNS_MAX: usize = 8;

/// The tables of a run's findings; an empty page where none carries figures.
pub(super) fn of(findings: &[Finding]) -> Document {
    let mut by_rule: BTreeMap<&str, Vec<&Finding>> = BTreeMap::new();
    for finding in findings {
        by_rule.entry(&finding.rule).or_default().push(finding);
    }
    let mut page = Document::new();
    for (rule, findings) in by_rule {
        let figures: Vec<Figures<'_>> = findings.iter().map(|finding| Figures::of(finding)).collect();
        if figures.iter().any(Figures::has_number) {
            table(Text::name(rule), &figures, &mut page);
        }
        for finding in findings {
            for (name, list) in finding.metadata.iter().filter_map(|(name, value)| Some((name, objects(value)?))) {
                let figures: Vec<Figures<'_>> = list.into_iter().map(Figures::of_object).collect();
                table(Text::name(rule).and(": ").and(name), &figures, &mut page);
            }
        }
    }
    if !page.blocks.is_empty() {
        let mut titled = Document::new();
        titled.heading(1, "Figures").append(page, 0);
        return titled;
    }
    page
}

/// One row: where it is about a place, that; then its plain values by name.
struct Figures<'a> {
    place: Option<&'a str>,
    values: BTreeMap<&'a str, &'a Value>,
}

impl<'a> Figures<'a> {
    fn of(finding: &'a Finding) -> Self {
        let place = finding.location.as_ref().map(|location| location.path.as_str());
        Self { place, ..Self::of_object(&finding.metadata) }
    }

    fn of_object(object: &'a Map<String, Value>) -> Self {
        let plain = object.iter().filter(|(_, value)| !value.is_array() && !value.is_object() && !value.is_null());
        Self { place: None, values: plain.map(|(name, value)| (name.as_str(), value)).collect() }
    }

    fn has_number(&self) -> bool {
        self.values.values().any(|value| value.is_number())
    }
}

/// A list of objects; none where the value is something else.
fn objects(value: &Value) -> Option<Vec<&Map<String, Value>>> {
    let list = value.as_array().filter(|list| !list.is_empty())?;
    list.iter().map(Value::as_object).collect()
}

fn table(title: Text, rows: &[Figures<'_>], page: &mut Document) {
    let has_place = rows.iter().any(|row| row.place.is_some());
    let names = names(rows);
    let mut columns = Vec::new();
    if has_place {
        columns.push(Column::text("where"));
    }
    columns.extend(names.iter().map(|(name, is_number)| Column::named(*name, *is_number)));
    let cells = rows.iter().take(ROWS_SHOWN).map(|row| {
        let mut cells: Row = Vec::new();
        if has_place {
            cells.push(Text::name(row.place.unwrap_or("")));
        }
        cells
            .extend(names.iter().map(|(name, _)| row.values.get(name).map_or_else(Text::default, |value| cell(value))));
        cells
    });
    page.heading(2, title);
    page.add(Block::Table(columns, cells.collect()));
    if rows.len() > ROWS_SHOWN {
        page.line(format!("… and {} more; --format json has all.", words::grouped((rows.len() - ROWS_SHOWN) as u64)));
    }
}

/// The names of the values and whether they are numbers: words first, they say what a row is about.
fn names<'a>(rows: &[Figures<'a>]) -> Vec<(&'a str, bool)> {
    let all: BTreeSet<&str> = rows.iter().flat_map(|row| row.values.keys().copied()).collect();
    let is_number = |name: &str| rows.iter().filter_map(|row| row.values.get(name)).all(|value| value.is_number());
    let mut names: Vec<(&str, bool)> = all.into_iter().map(|name| (name, is_number(name))).collect();
    names.sort_by_key(|(_, is_number)| *is_number);
    names.truncate(COLUMNS_MAX);
    names
}

fn cell(value: &Value) -> Text {
    match value {
        Value::String(text) => Text::name(text),
        Value::Number(number) => match (number.as_u64(), number.is_f64(), number.as_f64()) {
            (Some(whole), ..) => Text::plain(words::grouped(whole)),
            (None, true, Some(fraction)) => Text::plain(format!("{fraction:.2}")),
            _ => Text::plain(number.to_string()),
        },
        other => Text::plain(other.to_string()),
    }
}
