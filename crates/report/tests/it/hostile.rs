//! Text from records tries to get out of its place. It must not.

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};
use sealbook_record::{PartName, Record, Redaction, Severity};
use sealbook_report::{Findings, Format, RecordDetail, RecordList, Screen, View, shown};
use sealbook_store::Stored;

use crate::formats::without_colour;
use crate::samples::{finding, formats, record, rendered, rendered_on, stored};

/// What somebody might write to a record in order to fool whoever reads it.
pub(crate) const HOSTILE: &[&str] = &[
    "\u{1b}[2J\u{1b}[31mred\u{1b}]0;title\u{7}",
    "\u{9b}31m\u{9d}0;x\u{9c}",
    "a\r\nb\nc\td\u{8}\u{8}",
    "gnp.\u{202e}exe.\u{2066}x\u{2069}",
    "zero\u{200b}width\u{feff}\u{2060}\u{2061}\u{206a}\u{206b}\u{e0041}\u{fe01}",
    "\u{2028}line\u{2029}para\u{85}next",
    "| a | b |\n|---|---|\n| c |",
    "<script>alert(1)</script><img src=x onerror=y><!--",
    "\" onmouseover=\"x\" '><svg onload=x></title></style></script>",
    "[link](javascript:alert(1)) ![image](http://example.org/x.png) [r]: x",
    "`code` ``two`` ```three``` `",
    "**bold** __b__ *i* _i_ ~~s~~ $m$ \\| \\` \\",
    "# heading",
    "- item\n- item",
    "1. item",
    "    indented",
    "> quote",
    "===",
    "---",
    "&lt;b&gt; &#x1b; &amp;",
    "```\nfence\n```\n~~~\n",
    "",
    " ",
];

pub(crate) fn hostile_record(text: &str) -> Stored {
    let mut record: Record = record(1, text, text);
    text.clone_into(&mut record.actor.id);
    record.actor.name = Some(format!("{text} "));
    record.actor.on_behalf_of = Some(text.to_owned());
    record.actor.claimed = Some(text.to_owned());
    record.actor.verified = Some(text.to_owned());
    text.clone_into(&mut record.source);
    text.clone_into(&mut record.tenant);
    record.reason = Some(text.to_owned());
    record.tags = vec![text.to_owned()];
    record.session = Some(text.to_owned());
    record.conversation = Some(text.to_owned());
    record.project = Some(text.to_owned());
    record.trace = Some(text.to_owned());
    record.retention = Some(text.to_owned());
    for name in [PartName::Before, PartName::Input] {
        record.set_part(name, &[text]).expect("JSON");
    }
    record.set_part(PartName::After, &std::collections::BTreeMap::from([(text, text)])).expect("JSON");
    record.set_findings(&[finding(Severity::Error, text, Some(text), text)]);
    let mut stored = stored(1, record);
    stored.redactions = vec![Redaction {
        path: text.to_owned(),
        detector: text.to_owned(),
        digest: text.to_owned(),
        policy: text.to_owned(),
    }];
    stored.altered = vec![text.to_owned()];
    stored.erased = vec![text.to_owned()];
    stored
}

/// Calls `check` with every view of hostile text.
pub(crate) fn each_view(mut check: impl FnMut(&dyn View, &str)) {
    for text in HOSTILE {
        let rows = [hostile_record(text), hostile_record(text)];
        let findings = [finding(Severity::Critical, text, Some(text), text)];
        check(&RecordList { rows: &rows, next: Some(text) }, text);
        check(&RecordDetail { stored: &rows[0] }, text);
        check(&Findings { findings: &findings }, text);
    }
}

fn acts(c: char) -> bool {
    c != '\n'
        && (c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
                | '\u{e0000}'..='\u{e0fff}' | '\u{fe00}'..='\u{fe0d}'))
}

#[test]
fn nothing_that_acts_or_hides_reaches_any_format() {
    each_view(|view, text| {
        for format in formats() {
            let out = rendered(view, format);
            assert!(!out.contains(acts), "{format} of {text:?}:\n{out:?}");
        }
        for width in [None, Some(40), Some(90)] {
            let coloured = rendered_on(view, Format::Terminal, Screen { width, colour: true });
            assert!(!without_colour(&coloured).contains(acts), "{text:?}:\n{coloured:?}");
        }
    });
}

#[test]
fn json_says_what_was_recorded_however_hostile() {
    for text in HOSTILE {
        let rows = [hostile_record(text)];
        let list = RecordList { rows: &rows, next: None };
        for format in [Format::Json, Format::Jsonl] {
            let out = rendered(&list, format);
            let value: serde_json::Value = serde_json::from_str(&out).expect("JSON");
            let record = if format == Format::Json { &value["records"][0]["record"] } else { &value["record"] };
            assert_eq!(record["reason"], *text);
            assert_eq!(record["input"][0], *text);
            assert_eq!(record["after"][*text], *text);
        }
    }
}

#[test]
fn markdown_holds_no_markup_of_others() {
    each_view(|view, text| {
        let out = rendered(view, Format::Markdown);
        let options =
            Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_MATH | Options::ENABLE_FOOTNOTES;
        let mut cells = 0;
        let mut columns = None;
        for event in Parser::new_ext(&out, options) {
            let foreign = match &event {
                Event::Html(_)
                | Event::InlineHtml(_)
                | Event::InlineMath(_)
                | Event::DisplayMath(_)
                | Event::FootnoteReference(_)
                | Event::Rule
                | Event::HardBreak => true,
                Event::Start(tag) => {
                    if let Tag::Table(alignments) = tag {
                        columns = Some(alignments.len());
                    }
                    cells += usize::from(matches!(tag, Tag::TableCell));
                    matches!(
                        tag,
                        Tag::Link { .. }
                            | Tag::Image { .. }
                            | Tag::Emphasis
                            | Tag::Strikethrough
                            | Tag::BlockQuote(_)
                            | Tag::List(Some(_))
                            | Tag::HtmlBlock
                    )
                }
                _ => false,
            };
            assert!(!foreign, "{event:?} comes of {text:?}:\n{out}");
            if let Event::End(TagEnd::TableRow) = event {
                assert_eq!(Some(cells), columns, "a row keeps its cells with {text:?}:\n{out}");
            }
            if matches!(event, Event::End(TagEnd::TableRow | TagEnd::TableHead)) {
                cells = 0;
            }
        }
    });
}

#[test]
fn a_markdown_table_keeps_its_cells_and_their_words() {
    for text in HOSTILE {
        let rows = [hostile_record(text)];
        let out = rendered(&RecordList { rows: &rows, next: None }, Format::Markdown);
        let mut cells: Vec<String> = Vec::new();
        for event in Parser::new_ext(&out, Options::ENABLE_TABLES) {
            match event {
                Event::Start(Tag::TableCell) => cells.push(String::new()),
                Event::Text(said) | Event::Code(said) => {
                    if let Some(cell) = cells.last_mut() {
                        cell.push_str(&said);
                    }
                }
                Event::End(TagEnd::TableHead) => cells.clear(),
                Event::End(TagEnd::Table) => break,
                _ => {}
            }
        }
        let words = |cell: &str| cell.split_whitespace().collect::<String>();
        assert_eq!(cells.len(), 7, "{out}");
        assert_eq!(words(&cells[3]), words(&shown(text)), "the action of {text:?}:\n{out}");
        assert_eq!(words(&cells[4]), format!("file{}", words(&shown(text))), "the target of {text:?}:\n{out}");
        assert_eq!((&*cells[5], &*cells[6]), ("ok", "info"), "{out}");
    }
}

#[test]
fn long_text_is_cut_in_tables_and_says_so() {
    let text = "x".repeat(5_000);
    let rows = [stored(1, record(1, "file.write", &text))];
    for format in [Format::Terminal, Format::Markdown] {
        let out = rendered(&RecordList { rows: &rows, next: None }, format);
        assert!(out.len() < 2_000, "{format}: {}", out.len());
        assert!(out.contains("more)"), "{out}");
    }
}

#[test]
fn long_content_is_cut_for_people_only() {
    let mut record = record(1, "a.b", "c");
    record.set_part(PartName::Input, &(0..1_000).collect::<Vec<u32>>()).expect("JSON");
    let stored = stored(1, record);
    let view = RecordDetail { stored: &stored };
    assert!(rendered(&view, Format::Terminal).contains("802 more lines"));
    let json: serde_json::Value = serde_json::from_str(&rendered(&view, Format::Json)).expect("JSON");
    assert_eq!(json["record"]["input"].as_array().map(Vec::len), Some(1_000));
}

#[test]
fn a_long_list_of_findings_is_cut_for_people_only() {
    let findings: Vec<_> =
        (0..300).map(|n| finding(Severity::Info, "git.x", None, &format!("number {n:03}"))).collect();
    let view = Findings { findings: &findings };
    assert!(rendered(&view, Format::Markdown).contains("… and 100 of less weight"));
    assert_eq!(rendered(&view, Format::Jsonl).lines().count(), 300);
}
