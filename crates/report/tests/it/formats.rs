//! What holds for every view: formats, width, colour, digits.

use sealbook_report::{Format, RecordDetail, RecordList, Screen};
use sealbook_store::Stored;
use serde_json::Value;

use crate::samples::{erased, full, record, rendered, rendered_on, stored};

fn rows() -> Vec<Stored> {
    vec![stored(2, record(2, "file.write", "src/main.rs")), erased(1)]
}

#[test]
fn a_format_is_named_and_an_unknown_one_lists_the_others() {
    for format in Format::ALL {
        assert_eq!(format.as_str().parse(), Ok(*format));
    }
    assert_eq!("md".parse(), Ok(Format::Markdown));
    let error = "yaml".parse::<Format>().expect_err("no such format");
    assert_eq!(error.code(), "unknown_format");
    assert!(error.to_string().contains("`yaml`") && error.to_string().contains("jsonl"), "{error}");
}

#[test]
fn json_is_one_document_and_json_lines_one_per_row() {
    let rows = rows();
    let list = RecordList { rows: &rows, next: Some("s1") };
    let document: Value = serde_json::from_str(&rendered(&list, Format::Json)).expect("one document");
    assert_eq!(document["records"].as_array().map(Vec::len), Some(2));
    assert_eq!(document["next"], "s1");
    let lines = rendered(&list, Format::Jsonl);
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).expect("a document a line")).collect();
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[0]["record"]["action"], "file.write");
    assert_eq!(lines[1]["record"], Value::Null);
    assert_eq!(lines[1]["erased"][0], "statement");
}

#[test]
fn digits_of_content_stay_as_they_came() {
    let stored = full();
    for format in [Format::Json, Format::Jsonl, Format::Terminal, Format::Markdown, Format::Html] {
        let text = rendered(&RecordDetail { stored: &stored }, format);
        for digits in ["0.10", "1e400", "12345678901234567890123"] {
            assert!(text.contains(digits), "{format}: {digits} is not in\n{text}");
        }
    }
}

#[test]
fn a_table_fits_the_screen_where_it_can() {
    let long = "a/long/path/".repeat(12) + "file.rs";
    let rows = [stored(1, record(1, "file.write", &long))];
    let list = RecordList { rows: &rows, next: None };
    for width in [80, 120, 200] {
        let text = rendered_on(&list, Format::Terminal, Screen { width: Some(width), colour: false });
        let widest = text.lines().map(|line| line.chars().count()).max().unwrap_or(0);
        assert!(widest <= usize::from(width), "{widest} columns on a screen of {width}:\n{text}");
    }
    let unbounded = rendered_on(&list, Format::Terminal, Screen::default());
    assert!(unbounded.contains(&long), "without a screen nothing is broken over lines:\n{unbounded}");
}

#[test]
fn a_table_on_a_narrow_screen_is_told_row_by_row() {
    let rows = [stored(1, record(1, "file.write", "src/a.rs")), stored(2, record(2, "file.delete", "src/b.rs"))];
    let list = RecordList { rows: &rows, next: None };
    let text = rendered_on(&list, Format::Terminal, Screen { width: Some(30), colour: false });
    for told in ["Action: file.write", "Target: file src/a.rs", "Action: file.delete"] {
        assert!(text.lines().any(|line| line == told), "{told} is not on a line of its own:\n{text}");
    }
}

#[test]
fn colour_comes_only_where_it_is_wanted_and_changes_no_word() {
    let stored = full();
    let view = RecordDetail { stored: &stored };
    for width in [None, Some(60), Some(100)] {
        let plain = rendered_on(&view, Format::Terminal, Screen { width, colour: false });
        let coloured = rendered_on(&view, Format::Terminal, Screen { width, colour: true });
        assert!(!plain.contains('\u{1b}'));
        assert!(coloured.contains("\u{1b}[31m"), "failures are red");
        assert_eq!(without_colour(&coloured), plain);
    }
}

#[test]
fn an_altered_part_is_said_in_lists_and_alone() {
    let mut row = stored(5, record(5, "file.write", "x"));
    row.altered = vec!["input".to_owned()];
    let alone = rendered(&RecordDetail { stored: &row }, Format::Terminal);
    assert!(alone.contains("Part `input` does not fit its commitment"), "{alone}");
    let rows = [row];
    let list = rendered(&RecordList { rows: &rows, next: None }, Format::Markdown);
    assert!(list.contains("is not shown, in: 5"), "{list}");
}

/// The text without its colours (select graphic rendition).
pub(crate) fn without_colour(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("\u{1b}[") {
        out.push_str(&rest[..at]);
        let end = rest[at..].find('m').expect("a colour ends with m");
        assert!(rest[at + 2..at + end].bytes().all(|b| b.is_ascii_digit()), "only colours are written");
        rest = &rest[at + end + 1..];
    }
    out + rest
}
