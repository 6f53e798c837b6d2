//! Logs that real programs wrote (testdata/logs): each is read as what it is, and its errors are told.

use std::path::{Path, PathBuf};

use sealbook_inspect::LogOptions;
use sealbook_record::Severity;
use serde_json::Value;

use crate::book::{Book, result};
use crate::log_run::{audit, run, segment};

fn samples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/logs")
}

#[test]
fn each_is_read_as_what_it_is() {
    let book = Book::new();
    let coverage = audit(&book, &samples(), LogOptions::default());
    assert!(coverage.is_complete(), "{coverage:?}");
    // Format, entries, lines joined to others, errors and worse, warnings: counted by hand or by `grep -c`.
    for (path, format, entries, joined, errors, warnings) in [
        ("cargo.log", "plain", None, true, Some(4), Some(0)),
        ("git-trace.log", "plain", None, false, Some(0), Some(0)),
        ("go-slog.logfmt.log", "logfmt", None, false, None, None),
        ("http-server.log", "access", None, false, None, None),
        ("java.log", "plain", Some(28), true, Some(5), Some(3)),
        ("nginx-access.log", "access", None, false, None, None),
        ("nginx-error.log", "plain", None, false, None, None),
        ("postgres.jsonl", "json", None, false, None, None),
        ("postgres.log", "plain", None, false, None, None),
        ("python.jsonl", "json", None, false, None, None),
        ("python.log", "plain", None, true, None, None),
        ("redis.log", "plain", None, true, None, None),
        ("syslog-3164.log", "syslog_3164", None, false, None, None),
        ("syslog-5424.log", "syslog_5424", None, false, None, None),
    ] {
        let told = segment(&book, path);
        let text = std::fs::read_to_string(samples().join(path)).unwrap();
        assert_eq!(told["format"], format, "{path}: {told}");
        assert_eq!(told["to"], text.len(), "{path}");
        assert_eq!(told["lines"], text.lines().count(), "{path}");
        let also = |name: &str| told["also"][name].as_u64().unwrap_or(0);
        assert_eq!(also("joined") > 0, joined, "{path}: {told}");
        let count = |level: &str| told["levels"][level].as_u64().unwrap_or(0);
        let (errors_told, warnings_told) = (count("error") + count("critical"), count("warning"));
        let has = |word: &str| text.lines().filter(|line| line.contains(word)).count() as u64;
        let (expected_errors, expected_warnings) = match path {
            "go-slog.logfmt.log" => (has("level=ERROR"), has("level=WARN")),
            "http-server.log" => (0, has("\" 404 -")),
            "nginx-access.log" => (has("\" 502 "), has("\" 404 ") + has("\" 400 ")),
            "nginx-error.log" => (has("[error]"), has("[warn]")),
            "postgres.jsonl" => (has("\"ERROR\"") + has("\"FATAL\""), has("\"WARNING\"")),
            "postgres.log" => (has("] ERROR:") + has("] FATAL:"), has("] WARNING:")),
            "python.jsonl" => (has("\"ERROR\""), has("\"WARNING\"")),
            "python.log" => (has(" - ERROR - "), has(" - WARNING - ")),
            "redis.log" => (0, has(" # ")),
            "syslog-3164.log" | "syslog-5424.log" => (has("<11>") + has("<10>"), 0),
            _ => (errors.unwrap(), warnings.unwrap()),
        };
        assert_eq!((errors_told, warnings_told), (expected_errors, expected_warnings), "{path}: {told}");
        if let Some(entries) = entries {
            assert_eq!(told["entries"], entries, "{path}: {told}");
        }
        // What has times in every line has them in every entry.
        if !matches!(path, "cargo.log" | "http-server.log") {
            assert_eq!(also("undated"), 0, "{path}: {told}");
            assert_eq!(also("unparsed"), 0, "{path}: {told}");
            let first = told["first"].as_str().unwrap();
            assert!(first.starts_with("2026-11-21T17:"), "{path}: {first}");
        }
    }
    let formats: Vec<String> = run(&book)["formats"].as_object().unwrap().keys().cloned().collect();
    assert_eq!(formats, ["access", "json", "logfmt", "plain", "syslog_3164", "syslog_5424"]);
}

fn clusters(told: &Value) -> Vec<String> {
    let clusters = told["clusters"].as_array().unwrap().iter();
    clusters
        .map(|cluster| {
            format!(
                "{} {} {}",
                cluster["count"],
                cluster["level"].as_str().unwrap(),
                cluster["template"].as_str().unwrap()
            )
        })
        .collect()
}

#[test]
fn errors_are_told_by_kind() {
    let book = Book::new();
    audit(&book, &samples().join("java.log"), LogOptions::default());
    assert_eq!(
        clusters(&run(&book)),
        ["5 error shop.Main - cannot check out cart <n> | java.lang.IllegalStateException: cart <n> is closed"]
    );
    let example = run(&book)["clusters"][0]["example"].as_str().unwrap().to_owned();
    assert!(example.contains("Caused by: java.io.IOException: no route to host"), "{example}");

    let book = Book::new();
    audit(&book, &samples().join("go-slog.logfmt.log"), LogOptions::default());
    assert_eq!(
        clusters(&run(&book)),
        ["8 error cannot write order | disk quota of <*> exceeded", "6 error cannot write order | connection refused"]
    );
}

#[test]
fn a_selection_is_of_level_time_and_service() {
    let book = Book::new();
    let options = LogOptions { level: Some(Severity::Error), ..LogOptions::default() };
    audit(&book, &samples(), options);
    let all = run(&book);
    assert_eq!(all["selected"], true);
    let levels: Vec<&String> = all["levels"].as_object().unwrap().keys().collect();
    assert_eq!(levels, ["critical", "error"]);
    assert!(book.of("log.run").is_empty() && book.of("log.state").is_empty() && book.of("log.cluster").is_empty());

    let options = LogOptions { services: vec!["sshd".into()], ..LogOptions::default() };
    audit(&book, &samples(), options);
    assert_eq!(run(&book)["services"].as_array().unwrap().len(), 1);
    assert_eq!(run(&book)["entries"], 50);

    let (since, until) = ("2026-11-21T17:28:24.5Z".parse().unwrap(), "2026-11-21T17:28:25Z".parse().unwrap());
    audit(&book, &samples(), LogOptions { since: Some(since), until: Some(until), ..LogOptions::default() });
    let told = run(&book);
    let (first, last) = (told["first"].as_str().unwrap(), told["last"].as_str().unwrap());
    assert!(first >= "2026-11-21T17:28:24.5" && last <= "2026-11-21T17:28:25.0", "{first} {last}");
    assert!(told["entries"].as_u64().unwrap() > 10);
}

#[test]
fn requests_are_followed_from_log_to_log() {
    let book = Book::new();
    let tree = crate::tree::Tree::new();
    let line = |second: u32, service: &str, message: &str, request: u32| {
        format!(
            "{{\"time\":\"2026-11-21T10:00:{second:02}Z\",\"level\":\"error\",\"msg\":\"{message}\",\"service\":\"{service}\",\"request_id\":\"req-{request:04}\"}}\n"
        )
    };
    tree.write("api.log", (0..30).map(|n| line(n, "api", "order failed", n)).collect::<String>());
    tree.write("db.log", (5..30).map(|n| line(n, "db", "deadlock detected", n)).collect::<String>());
    tree.write("mail.log", (0..3).map(|n| line(n, "mail", "no route", n + 500)).collect::<String>());
    audit(&book, tree.path(), LogOptions::default());
    let groups = run(&book)["groups"].clone();
    let by = |kind: &str| groups.as_array().unwrap().iter().find(|group| group["by"] == kind).cloned();
    let requests = by("request").unwrap();
    assert_eq!((&requests["count"], &requests["files"]), (&25.into(), &serde_json::json!(["api.log", "db.log"])));
    assert_eq!(requests["templates"].as_array().unwrap().len(), 2);
    assert_eq!(requests["first"], "2026-11-21T10:00:05.000000Z");
}

#[test]
fn secrets_in_logs_stay_there() {
    let (book, tree) = (Book::new(), crate::tree::Tree::new());
    let token = "ghp_0123456789abcdefghijklmnopqrstuvwxyz";
    let mut text = String::new();
    for line in [
        "2026-11-21 10:00:00 ERROR login failed: password=hunter2hunter2 for ann".to_owned(),
        format!("2026-11-21 10:00:01 ERROR push failed with token {token}"),
        "2026-11-21 10:00:02 ERROR cannot reach postgres://shop:s3cr3tpass@db/orders".to_owned(),
        "2026-11-21 10:00:03 INFO Authorization: Bearer abcdefghijklmnopqrstuvwxyz012345".to_owned(),
    ] {
        text.push_str(&line);
        text.push('\n');
    }
    tree.write("app.log", text);
    audit(&book, tree.path(), LogOptions::default());
    assert_eq!(book.of("log.cluster").len(), 3);
    for record in book.records() {
        for part in record.parts.values() {
            for secret in ["hunter2", token, "s3cr3tpass", "abcdefghijklmnopqrstuvwxyz012345"] {
                assert!(!part.get().contains(secret), "{}: {}", record.action, part.get());
            }
        }
    }
    let example = result(&book.of("log.cluster")[0])["example"].to_string();
    assert!(example.contains("***") || example.contains("REDACTED") || example.contains('…'), "{example}");
}
