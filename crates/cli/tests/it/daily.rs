//! Daily files: `audit_YYYY-MM-DD.log`, one seal across them.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::fixture::{Ended, Place};

/// Three days, two lines each, in the order of the days.
fn days() -> Vec<(String, String)> {
    let line = |day: u32, n: u32| {
        format!(
            r#"{{"timestamp":"2026-02-{day}T07:2{n}:42.457Z","actor":"mcp","action":"mcp_call","success":true,"details":{{"service":"odoo","endpoint":"pay","n":0.1{n}}},"error":null,"session_id":"s-{day}"}}"#
        )
    };
    let file = |day| format!("audit_2026-02-{day}.log");
    (18..21).map(|day| (file(day), format!("{}\n{}\n", line(day, 1), line(day, 2)))).collect()
}

fn filled() -> Place {
    let place = Place::new();
    for (name, lines) in days() {
        place.write(&format!("old/{name}"), lines);
    }
    assert_eq!(place.json(["import", "--dialect", "jsonl", "old"])["sealed"], 6);
    place.ok(["export", "--daily", "Logs", "--quiet"]);
    place
}

fn names(dir: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.retain(|name| name.starts_with("audit_2"));
    names.sort_unstable();
    names
}

fn codes(ended: &Ended) -> Vec<(String, String)> {
    let report: Value = serde_json::from_str(&ended.out).unwrap_or_else(|error| panic!("{error}: {ended:?}"));
    let text = |fault: &Value, name: &str| fault[name].as_str().unwrap().to_owned();
    let faults = report["faults"].as_array().unwrap();
    assert_eq!(report["valid"].as_bool(), Some(faults.is_empty()));
    assert_eq!(ended.code, if faults.is_empty() { 0 } else { 4 });
    faults.iter().map(|fault| (text(fault, "file"), text(fault, "code"))).collect()
}

fn check(place: &Place) -> Vec<(String, String)> {
    codes(&place.run(["verify", "--daily", "Logs", "--format", "json"]))
}

/// The same by somebody who has the files and not the book.
fn check_without_book(place: &Place) -> Vec<(String, String)> {
    codes(&place.run(["verify", "--daily", "Logs", "--format", "json", "--book", "elsewhere"]))
}

fn change(path: &PathBuf, with: impl FnOnce(String) -> String) {
    let text = std::fs::read_to_string(path).unwrap();
    std::fs::write(path, with(text)).unwrap();
}

#[test]
fn daily_files_come_in_and_go_out_as_they_were() {
    let place = filled();
    let logs = place.project().join("Logs");
    assert_eq!(names(&logs), ["audit_2026-02-18.log", "audit_2026-02-19.log", "audit_2026-02-20.log"]);
    for (name, lines) in days() {
        let written = std::fs::read_to_string(logs.join(name)).unwrap();
        let (link, rest) = written.split_once('\n').unwrap();
        assert_eq!(rest, lines, "after the link the lines are those that came in");
        // Every line has the same fields, so that `jq` and shippers need to know nothing of links.
        let link: Value = serde_json::from_str(link).unwrap();
        let first: Value = serde_json::from_str(lines.lines().next().unwrap()).unwrap();
        let fields = |line: &Value| line.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
        assert_eq!(fields(&link), fields(&first));
        assert!(link["details"]["sealbook"]["checkpoint"].as_str().unwrap().starts_with("sealbook/"), "{link}");
    }
    assert_eq!(check(&place), []);
    assert_eq!(check_without_book(&place), []);
    let told = place.ok(["verify", "--daily", "Logs"]);
    assert!(told.contains("Whole: 3 files with 6 records"), "{told}");

    // Links are not taken for records where the files are read again.
    let other = Place::new();
    let from = logs.display().to_string();
    assert_eq!(other.json(["import", "--dialect", "jsonl", &from])["sealed"], 6);
}

#[test]
fn files_only_grow() {
    let place = filled();
    let logs = place.project().join("Logs");
    let before: Vec<Vec<u8>> = names(&logs).iter().map(|name| std::fs::read(logs.join(name)).unwrap()).collect();
    place.ok(["export", "--daily", "Logs", "--quiet"]);
    let again: Vec<Vec<u8>> = names(&logs).iter().map(|name| std::fs::read(logs.join(name)).unwrap()).collect();
    assert_eq!(before, again, "nothing new, nothing written");
    let size = place.json(["status"])["head"]["size"].clone();
    place.ok(["export", "--daily", "Logs", "--quiet"]);
    assert_eq!(place.json(["status"])["head"]["size"], size, "and nothing sealed");

    // One that came late stands in the last file, one of a later day in its own, one that claims to be
    // of the future in that of the day on which it was sealed.
    let append = |at: &str| place.append(&["--action", "late", "--target", "t", "--occurred", at]);
    append("2026-02-01T00:00:00Z");
    append("2026-02-22T00:00:00Z");
    append("9999-01-01T00:00:00Z");
    place.ok(["export", "--daily", "Logs", "--quiet"]);
    assert_eq!(check(&place), []);
    let after = names(&logs);
    assert_eq!(after[3], "audit_2026-02-22.log");
    assert!(after.len() == 5 && !after[4].contains("9999"), "{after:?}");
    for (name, before) in after.iter().zip(&before) {
        assert!(std::fs::read(logs.join(name)).unwrap().starts_with(before));
    }
    assert!(std::fs::read_to_string(logs.join(&after[2])).unwrap().contains("2026-02-01T00:00:00.000Z"));
}

#[test]
fn a_changed_line_and_a_missing_file_are_found() {
    let alter = |text: String| text.replacen("0.11", "9.11", 1);
    let fault = |file: &str, code: &str| vec![(file.to_owned(), code.to_owned())];
    for (file, in_chain) in
        [("audit_2026-02-18.log", true), ("audit_2026-02-19.log", true), ("audit_2026-02-20.log", true)]
    {
        let place = filled();
        let path = place.project().join("Logs").join(file);
        change(&path, alter);
        assert_eq!(check(&place), fault(file, "daily_altered"), "{file}");
        assert_eq!(check_without_book(&place).is_empty(), !in_chain);
        let refused = place.run(["export", "--daily", "Logs"]);
        if file.contains("20.log") {
            assert!(refused.code == 2 && refused.err.starts_with("error[daily_refused]"), "{refused:?}");
        }

        let place = filled();
        std::fs::remove_file(place.project().join("Logs").join(file)).unwrap();
        assert_eq!(check(&place), fault(file, "daily_missing"), "{file}");
    }
    let place = filled();
    let logs = place.project().join("Logs");
    std::fs::remove_file(logs.join("audit_head.json")).unwrap();
    assert_eq!(check(&place), fault("audit_head.json", "daily_missing"));
    assert_eq!(place.run(["export", "--daily", "Logs"]).code, 2, "files without a head are left alone");

    let place = filled();
    std::fs::write(place.project().join("Logs/audit_2026-02-19.log"), "{}\n").unwrap();
    let found = check(&place);
    assert!(found.contains(&("audit_2026-02-19.log".into(), "daily_unlinked".into())), "{found:?}");

    let place = filled();
    let logs = place.project().join("Logs");
    std::fs::copy(logs.join("audit_2026-02-18.log"), logs.join("audit_2026-02-01.log")).unwrap();
    assert!(!check(&place).is_empty(), "a copy under another day");
    std::fs::remove_file(logs.join("audit_2026-02-01.log")).unwrap();
    std::fs::write(logs.join("audit_2026-03-01.log"), "").unwrap();
    assert_eq!(check(&place), fault("audit_2026-03-01.log", "daily_unlinked"));
}

#[test]
fn a_tail_that_was_cut_off_with_its_head_is_found_by_the_book() {
    let place = filled();
    let logs = place.project().join("Logs");
    let kept = place.beside("kept");
    std::fs::create_dir(&kept).unwrap();
    for name in ["audit_2026-02-20.log", "audit_head.json"] {
        std::fs::copy(logs.join(name), kept.join(name)).unwrap();
    }
    place.append(&["--action", "pay", "--target", "t", "--occurred", "2026-02-20T23:00:00Z"]);
    place.ok(["export", "--daily", "Logs", "--quiet"]);
    assert_eq!(check(&place), []);
    for name in ["audit_2026-02-20.log", "audit_head.json"] {
        std::fs::copy(kept.join(name), logs.join(name)).unwrap();
    }
    assert_eq!(check_without_book(&place), [], "by themselves they look well");
    let found = check(&place);
    assert!(found.contains(&("audit_2026-02-20.log".into(), "daily_altered".into())), "{found:?}");
    let refused = place.run(["export", "--daily", "Logs"]);
    assert!(refused.code == 2 && refused.err.contains("not what the book says"), "{refused:?}");
}

#[test]
fn what_a_killed_writer_left_is_told_and_mended() {
    let place = filled();
    let logs = place.project().join("Logs");
    place.append(&["--action", "pay", "--target", "t", "--occurred", "2026-02-20T23:00:00Z"]);
    place.append(&["--action", "pay", "--target", "t", "--occurred", "2026-02-21T23:00:00Z"]);
    // As it is after half of a line, and the first half of the next file.
    change(&logs.join("audit_head.json"), |head| head.replace("\"writing\": false", "\"writing\": true"));
    change(&logs.join("audit_2026-02-20.log"), |text| text + "{\"timestamp\":\"2026-");
    std::fs::write(logs.join("audit_2026-02-21.log"), "{\"ti").unwrap();
    let found = check(&place);
    assert!(found.contains(&("audit_2026-02-20.log".into(), "daily_unfinished".into())), "{found:?}");
    place.ok(["export", "--daily", "Logs", "--quiet"]);
    assert_eq!(check(&place), []);
    let lines = |name: &str| std::fs::read_to_string(logs.join(name)).unwrap().lines().count();
    assert_eq!((lines("audit_2026-02-20.log"), lines("audit_2026-02-21.log")), (4, 2));

    // Written and not sealed: the next call seals it.
    let place = filled();
    place.append(&["--action", "pay", "--target", "t"]);
    let copy = place.beside("copy");
    copy_dir(&place.book(), &copy);
    place.ok(["export", "--daily", "Logs", "--quiet"]);
    let ended = place.run(["verify", "--daily", "Logs", "--format", "json", "--book", &copy.display().to_string()]);
    assert_eq!(codes(&ended), [("audit_head.json".to_owned(), "daily_unsealed".to_owned())]);
}

#[test]
fn a_hostile_head_leads_nowhere() {
    let place = filled();
    let logs = place.project().join("Logs");
    let head = logs.join("audit_head.json");
    let good = std::fs::read_to_string(&head).unwrap();
    for bad in [
        good.replace("audit_2026-02-20.log", "../../../etc/passwd"),
        good.replace("\"v\": 1", "\"v\": 2"),
        good.replace("sealbook/", "sealbook/0"),
        "[".repeat(100_000),
        String::new(),
    ] {
        std::fs::write(&head, &bad).unwrap();
        assert!(!check(&place).is_empty());
        assert_eq!(place.run(["export", "--daily", "Logs"]).code, 2);
    }
    std::fs::write(&head, &good).unwrap();
    assert_eq!(check(&place), []);
}

#[test]
fn what_does_not_go_together_is_refused() {
    let place = Place::new();
    for arguments in [
        &["export", "--daily", "Logs", "--action", "x"][..],
        &["export", "--daily", "Logs", "--dialect", "ami"],
        &["export", "--bundle", "b", "--dialect", "ami"],
        &["verify", "--daily", "Logs", "--chain"],
        &["verify", "--daily", "nowhere"],
        &["import", "--dialect", "jsonl", "."],
    ] {
        assert_eq!(place.run(arguments).code, 2, "{arguments:?}");
    }
}

fn copy_dir(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_file() {
            std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
        }
    }
}
