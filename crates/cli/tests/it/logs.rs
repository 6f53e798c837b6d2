//! Audits of logs.

use crate::fixture::Place;

/// Two services, two days, an error that crosses both.
fn place_with_logs() -> Place {
    let place = Place::new();
    let api: String = (0..30)
        .map(|n| {
            let level = if n % 10 == 3 { "error" } else { "info" };
            format!("{{\"time\":\"2026-11-20T10:00:{n:02}Z\",\"level\":\"{level}\",\"msg\":\"order {n} took {n}ms\",\"request_id\":\"req-{n:04}\"}}\n")
        })
        .collect();
    place.write("logs/api.log", api);
    let stock: String = (0..20)
        .map(|n| format!("2026-11-21 09:00:{n:02},000 - stock - WARNING - stock of lamp {n} is low\n"))
        .chain(["2026-11-21 09:01:00,000 - stock - ERROR - sync failed request_id=req-0003\nTraceback (most recent call last):\n  File \"a.py\", line 3, in f\nKeyError: 'lamp'\n".to_owned()])
        .collect();
    place.write("logs/stock.log", stock);
    place
}

#[test]
fn a_directory_of_logs_is_audited() {
    let place = place_with_logs();
    let steady: String =
        (0..400).map(|n| format!("2026-11-21 09:{:02}:{:02} INFO tick {n}\n", n / 60, n % 60)).collect();
    place.write("logs/steady.log", steady);
    let ended = place.run(["logs", "--dir", "logs", "--fail-on", "warning"]);
    assert_eq!(ended.code, 1, "{ended:?}");
    for told in ["Errors by kind", "sync failed", "stock.log", "order 3 took 3ms", "log.error", "log.together"] {
        assert!(ended.out.contains(told), "{told}: {}", ended.out);
    }
    let page = place.json(["query", "--action", "log.segment"]);
    assert_eq!(page["records"].as_array().unwrap().len(), 3);
    // Nothing new: nothing is read, nothing found.
    let again = place.json(["logs", "--dir", "logs"]);
    assert_eq!(again["audit"]["run"]["findings"], serde_json::json!([]));
    assert_eq!(again["audit"]["run"]["sources"][0]["coverage"]["bytes"], 0);
    // What was read is cut off: critical, and so a failure by default.
    let path = place.project().join("logs/steady.log");
    let content = std::fs::read(&path).unwrap();
    std::fs::write(&path, &content[..content.len() / 2]).unwrap();
    let ended = place.run(["logs", "--dir", "logs", "--format", "markdown"]);
    assert_eq!(ended.code, 1, "{ended:?}");
    assert!(ended.out.contains("log.shrunk") && ended.out.contains("# Audit of "), "{}", ended.out);
    assert!(place.ok(["logs", "--dir", "logs/stock.log"]).contains("stock.log"));
}

#[test]
fn what_was_not_read_makes_the_run_incomplete() {
    let place = place_with_logs();
    place.write("logs/old.log.1.gz", b"\x1f\x8b\x08\x00 broken");
    let ended = place.run(["logs", "--dir", "logs", "--fail-on", "warning"]);
    assert_eq!(ended.code, 3, "{ended:?}");
    assert!(ended.out.contains("INCOMPLETE") && ended.out.contains("compressed_"), "{}", ended.out);
    let ended = place.run(["logs", "--dir", "nowhere"]);
    assert_eq!(ended.code, 2, "{ended:?}");
}

#[test]
fn logs_are_narrowed_by_level_service_and_time() {
    let place = place_with_logs();
    let entries = |arguments: &[&str]| {
        let all = ["logs", "--dir", "logs"].iter().chain(arguments).copied();
        let told = place.json(all.collect::<Vec<_>>());
        let run = told["observed"].as_array().unwrap().iter().map(|row| &row["record"]["result"]);
        let entries: Vec<u64> =
            run.filter(|told| told["selected"] == true).filter_map(|told| told["entries"].as_u64()).collect();
        assert_eq!(entries.len(), 1, "{told}");
        entries[0]
    };
    assert_eq!(entries(&["--level", "ERROR"]), 4);
    assert_eq!(entries(&["--level", "warning"]), 24);
    assert_eq!(entries(&["--service", "stock"]), 21);
    assert_eq!(entries(&["--since", "2026-11-21"]), 21);
    assert_eq!(entries(&["--until", "2026-11-20T10:00:09Z", "--level", "error"]), 1);
    assert_eq!(entries(&["--since", "2026-11-20", "--until", "2026-11-21"]), 30);
    assert_eq!(entries(&["--since", "100 years ago"]), 51);
    let ended = place.run(["logs", "--dir", "logs", "--level", "loud"]);
    assert_eq!(ended.code, 2, "{ended:?}");
    // None of these moved the place from which the next run goes on.
    assert_eq!(place.json(["query", "--action", "log.run"])["records"], serde_json::json!([]));
}

#[test]
fn a_repository_is_audited_with_its_logs_where_that_is_asked_for() {
    let place = place_with_logs();
    let report = place.json(["repo", "--sources=file,logs"]);
    let sources: Vec<&str> =
        report["run"]["sources"].as_array().unwrap().iter().filter_map(|source| source["source"].as_str()).collect();
    assert_eq!(sources, ["file", "log"]);
    let report = place.json(["repo"]);
    let sources = report["run"]["sources"].as_array().unwrap();
    assert!(sources.iter().all(|it| it["source"] != "log"), "logs are read when they are asked for");
}
