//! Pages of HTML: what strangers write in them, what they may do, and that their script says things as the program does.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::process::{Command, Stdio};

use sealbook_record::{Outcome, Severity};
use sealbook_report::{AuditPage, AuditReport, AuditRun, Carried, Chronicle, Extent, Format, RunTally, View, shown};
use sealbook_store::Head;

use crate::hostile::{HOSTILE, each_view, hostile_record};
use crate::samples::{at, finding, hash, id, origin, record, rendered, stored};

/// Elements that pages are made of.
const ELEMENTS: &[&str] = &[
    "a", "b", "bdi", "body", "button", "code", "dd", "div", "dl", "dt", "form", "g", "h1", "h2", "h3", "h4", "h5",
    "head", "html", "i", "input", "label", "li", "line", "main", "meta", "nav", "option", "p", "pre", "rect", "script",
    "section", "select", "small", "span", "style", "svg", "table", "tbody", "td", "text", "th", "thead", "title", "tr",
    "ul",
];

/// Every element of a page with its attributes; scripts and the style are passed over.
fn elements(page: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut rest = page.strip_prefix("<!doctype html>").expect("a page");
    while let Some(at) = rest.find('<') {
        let end = at + rest[at..].find('>').expect("an element ends");
        let inside = &rest[at + 1..end];
        rest = &rest[end + 1..];
        if inside.starts_with('/') {
            continue;
        }
        let (name, attributes) = inside.split_once(' ').unwrap_or((inside, ""));
        found.push((name.trim_end_matches('/').to_owned(), attributes.to_owned()));
        if matches!(name, "script" | "style") {
            rest = &rest[rest.find(&format!("</{name}>")).expect("it ends")..];
        }
    }
    found
}

fn check_markup(page: &str, text: &str) {
    for (name, attributes) in elements(page) {
        assert!(ELEMENTS.contains(&&*name), "<{name} {attributes}> comes of {text:?}");
        let outside: String = attributes.split('"').step_by(2).collect();
        assert!(!outside.contains(" on") && !outside.starts_with("on"), "{attributes} comes of {text:?}");
        assert!(!outside.contains("style=") && !outside.contains("src="), "{attributes} comes of {text:?}");
    }
    assert_eq!(page.matches("<script").count(), page.matches("</script>").count(), "{text:?}");
}

#[test]
fn a_page_holds_no_markup_of_others() {
    each_view(|view, text| check_markup(&rendered(view, Format::Html), text));
    for text in HOSTILE {
        let page = audit_page(text);
        check_markup(&page, text);
        let escaped = shown(text).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        let escaped = escaped.replace('"', "&quot;").replace('\'', "&#39;");
        assert!(page.contains(&format!("<bdi>{escaped}</bdi>")), "the finding of {text:?} is told");
    }
}

#[test]
fn a_page_may_run_its_own_scripts_and_nothing_else() {
    let page = audit_page("x");
    let policy = page.split("content=\"").nth(1).and_then(|rest| rest.split('"').next()).expect("a policy");
    for said in ["default-src 'none'", "style-src 'sha256-", "script-src 'sha256-", "base-uri 'none'"] {
        assert!(policy.contains(said), "{policy}");
    }
    assert!(!policy.contains("unsafe") && !policy.contains("http"), "{policy}");
    assert_eq!(policy.matches("'sha256-").count(), 3, "the style, the filter, the check");
    let other: Vec<&str> =
        page.split(['"', '\'', ' ', '(']).filter(|word| word.contains("//") && word.contains(':')).collect();
    assert_eq!(other, Vec::<&str>::new(), "no address is in it");
    let plain = rendered(&sealbook_report::Findings { findings: &[] }, Format::Html);
    assert!(plain.contains("script-src 'none'") && !plain.contains("<script"), "what needs no script has none");
}

#[test]
fn what_is_not_read_stands_before_what_was_found() {
    let page = audit_page("x");
    let place = |of: &str| page.find(of).unwrap_or_else(|| panic!("{of} is told"));
    assert!(place("INCOMPLETE") < place("secret.bin") && place("secret.bin") < place("id=\"list\""));
    for told in
        ["id=\"trend\"", "id=\"timeline\"", "id=\"who\"", "id=\"files\"", "id=\"book\"", "class=\"chart strip\""]
    {
        assert!(page.contains(told), "{told}");
    }
}

/// A page in which everything that can is `text`.
fn audit_page(text: &str) -> String {
    let result = r#"{"complete":false,"sources":[{"source":"file","records":7,"coverage":{"covered":6,"bytes":2048,
        "ignored":3,"skipped":[{"path":"secret.bin","why":"unreadable","detail":"no"}],
        "skipped_by_reason":{"unreadable":1},"notes":[]}}],"analyses":[]}"#;
    let mut begun = record(1, "audit.run", text);
    text.clone_into(&mut begun.actor.id);
    begun.phase = sealbook_ledger::Phase::Intent;
    begun.outcome = None;
    begun.operation = Some(id(1));
    let mut analysis = record(2, "analysis.run", "x");
    let mut found = finding(Severity::Error, text, Some(text), text);
    found.metadata = serde_json::json!({"count": 1, text: text}).as_object().expect("an object").clone();
    analysis.set_findings(&[found]);
    let mut ended = record(3, "audit.run", text);
    ended.phase = sealbook_ledger::Phase::Outcome;
    ended.set_part_json(sealbook_record::PartName::Result, result.to_owned()).expect("JSON");
    let records = [stored(1, begun), stored(2, analysis), stored(3, ended)];
    let run = AuditRun::of(&records).expect("a run");
    let mut chronicle = Chronicle::default();
    let mut blocked = record(9, text, text);
    blocked.outcome = Some(Outcome::Blocked);
    blocked.reason = Some(text.to_owned());
    for stored in [stored(9, blocked), hostile_record(text)].iter().chain(&records) {
        chronicle.push(stored);
    }
    let tally = |complete| RunTally { complete, began: at(0), ..RunTally::of(&run) };
    let head = Head { origin: origin(), size: 3, root: hash(1), checkpoint: format!("{text}\n") };
    let page = AuditPage {
        report: AuditReport { run: &run, head: &head, keys: &[], verification: None },
        chronicle: &chronicle,
        trend: &[tally(true), tally(false)],
        held: vec![("Approvals", sealbook_report::RecordList { rows: &records, next: None }.document())],
        assessment: None,
        carried: Some(Carried { bundle: text.as_bytes().to_vec(), extent: Extent::Book }),
    };
    rendered(&page, Format::Html)
}

/// What the page's own script answers.
fn said_in_node(script: &str, input: &str) -> String {
    let check = concat!(env!("CARGO_MANIFEST_DIR"), "/src/html/check.js");
    let driver = format!(
        "const fs = require('node:fs'); const words = new Function(fs.readFileSync(process.argv[1], 'utf8') + \
         '; return sealbookWords;')(); const given = fs.readFileSync(0, 'utf8'); process.stdout.write({script});"
    );
    let mut child = Command::new("node")
        .args(["-e", &driver, check])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("node runs");
    child.stdin.take().expect("a pipe").write_all(input.as_bytes()).expect("it reads");
    String::from_utf8(child.wait_with_output().expect("it ends").stdout).expect("text")
}

#[test]
fn the_script_of_a_page_shows_every_character_as_the_program_does() {
    let all: String = (0..=0x10_FFFF).filter_map(char::from_u32).collect();
    let theirs = said_in_node("words.shown(given)", &all);
    assert!(theirs == shown(&all), "they differ");
}

#[test]
fn the_script_of_a_page_says_numbers_as_the_program_does() {
    // Through a report, so that the words are those that pages have.
    let sizes: BTreeSet<u64> = [0, 1, 999, 1_000, 1_023, 1_024, 1_075, 1_126, 1_280, 1_331, 1_536, 1_792, 123_456_789]
        .into_iter()
        .chain((0..2_000).map(|n| n * 53 + 1_024))
        .chain([1 << 30, (1 << 30) + (1 << 28), (1 << 40) + (3 << 38)])
        .collect();
    let sources: Vec<_> = sizes
        .iter()
        .map(|size| {
            serde_json::json!({"source": "file", "records": size, "coverage": {"covered": size, "bytes": size,
                "ignored": 0, "skipped": [], "skipped_by_reason": {}, "notes": []}})
        })
        .collect();
    let mut ended = record(3, "audit.run", "x");
    ended.phase = sealbook_ledger::Phase::Outcome;
    let result = serde_json::json!({"complete": true, "sources": sources, "analyses": []});
    ended.set_part(sealbook_record::PartName::Result, &result).expect("JSON");
    let run = AuditRun::of(&[stored(3, ended)]).expect("a run");
    let told = rendered(&sealbook_report::AuditSummary { run: &run }, Format::Html);
    let cells: Vec<&str> =
        told.split("data-name=\"Bytes\"><bdi>").skip(1).filter_map(|rest| rest.split('<').next()).collect();
    assert_eq!(cells.len(), sizes.len());
    let given: Vec<String> = sizes.iter().map(u64::to_string).collect();
    let theirs = said_in_node("given.split(' ').map((size) => words.bytes(Number(size))).join('|')", &given.join(" "));
    assert_eq!(theirs.split('|').collect::<Vec<_>>(), cells);
    let theirs =
        said_in_node("given.split(' ').map((size) => words.grouped(Number(size))).join('|')", &given.join(" "));
    let cells: Vec<&str> =
        told.split("data-name=\"Records\"><bdi>").skip(1).filter_map(|rest| rest.split('<').next()).collect();
    assert_eq!(theirs.split('|').collect::<Vec<_>>(), cells);
}
