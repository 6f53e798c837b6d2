//! Finding records, and how they are written.

use crate::fixture::Place;

fn place_with_records() -> Place {
    let place = Place::new();
    for (at, actor, action, target, severity) in [
        ("2024-01-01", "ann", "file.write", "file:src/a.rs", "info"),
        ("2024-01-02", "bob", "file.delete", "file:src/b.rs", "error"),
        ("2024-01-03", "ann", "deploy.start", "service:shop", "critical"),
        ("2024-01-04", "agent:bot", "file.write", "file:docs/a.md", "warning"),
    ] {
        place.append(&[
            "--occurred",
            at,
            "--actor",
            actor,
            "--action",
            action,
            "--target",
            target,
            "--severity",
            severity,
        ]);
    }
    place
}

fn targets(place: &Place, arguments: &[&str]) -> Vec<String> {
    let page = place.json(["query"].iter().chain(arguments));
    let records = page["records"].as_array().unwrap().iter();
    records.map(|r| r["record"]["target"]["id"].as_str().unwrap_or("-").to_owned()).collect()
}

#[test]
fn fields_select_and_are_anded() {
    let place = place_with_records();
    assert_eq!(targets(&place, &["--user", "ann"]), ["shop", "src/a.rs"]);
    assert_eq!(targets(&place, &["--actor", "ann", "--action", "file.*"]), ["src/a.rs"]);
    assert_eq!(targets(&place, &["--severity", "HIGH"]), ["src/b.rs"]);
    assert_eq!(targets(&place, &["--min-severity", "high"]), ["shop", "src/b.rs"]);
    assert_eq!(targets(&place, &["--module", "src", "--ascending"]), ["src/a.rs", "src/b.rs"]);
    assert_eq!(targets(&place, &["--since", "2024-01-02", "--until", "2024-01-03"]), ["shop", "src/b.rs"]);
    assert_eq!(targets(&place, &["--since", "1 hour ago", "--until", "now", "--type", "record"]), [""; 0]);
    assert_eq!(targets(&place, &["--actor-kind", "agent", "--target-kind", "file"]), ["docs/a.md"]);
    assert_eq!(targets(&place, &["--action", "file.delete", "--action", "deploy.start"]), ["shop", "src/b.rs"]);
    assert_eq!(targets(&place, &["--project", "shop", "--contains", "DEPLOY"]), ["shop"]);
}

#[test]
fn pages_follow_each_other() {
    let place = place_with_records();
    let first = place.json(["query", "--limit", "3"]);
    assert_eq!(first["records"].as_array().unwrap().len(), 3);
    let rest = place.json(["query", "--limit", "3", "--cursor", first["next"].as_str().unwrap()]);
    assert_eq!(rest["records"].as_array().unwrap().len(), 2);
    assert!(rest["next"].is_null());
}

#[test]
fn an_answer_comes_in_four_formats() {
    let place = place_with_records();
    let arguments = ["query", "--action", "file.*", "--ascending"];
    for format in ["terminal", "json", "jsonl", "markdown"] {
        let out = place.ok(arguments.iter().chain(&["--format", format]));
        insta::assert_snapshot!(format!("format_{format}"), place.plain(&out));
    }
}

#[test]
fn a_file_gets_the_format_of_its_ending_and_appears_whole() {
    let place = place_with_records();
    assert_eq!(place.ok(["query", "--output", "answer.md"]), "");
    let text = std::fs::read_to_string(place.project().join("answer.md")).unwrap();
    assert!(text.starts_with("| "), "{text}");
    assert!(!place.project().join("answer.md.part").exists());
    place.ok(["query", "-o", "answer.json"]);
    let text = std::fs::read_to_string(place.project().join("answer.json")).unwrap();
    assert_eq!(serde_json::from_str::<serde_json::Value>(&text).unwrap()["records"].as_array().unwrap().len(), 5);
}

#[test]
fn off_a_terminal_nothing_is_coloured() {
    let place = place_with_records();
    let ended = place.run(["query"]);
    assert!(!ended.out.contains('\u{1b}') && ended.err.is_empty(), "{ended:?}");
}

#[test]
fn a_reader_that_stops_early_is_no_error() {
    let place = place_with_records();
    for arguments in [&["query"][..], &["export"], &["completions", "bash"]] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = place.command(arguments);
        let child = command.stdout(writer).stderr(std::process::Stdio::piped()).spawn().unwrap();
        drop(command);
        let output = child.wait_with_output().unwrap();
        assert_eq!((output.status.code(), &*output.stderr), (Some(0), &b""[..]), "{arguments:?}");
    }
}

#[test]
fn the_history_of_a_target_and_of_an_operation_are_shown() {
    let place = Place::new();
    let operation = "0191e3a2-7c1d-7f00-8000-3f6c1a2b9d10";
    place.append(&["--action", "deploy", "--target", "service:shop", "--phase", "intent", "--operation", operation]);
    insta::assert_snapshot!("operation_pending", place.plain(&place.ok(["show", "--operation", operation])));
    place.append(&[
        "--action",
        "deploy",
        "--target",
        "service:shop",
        "--phase",
        "outcome",
        "--outcome",
        "ok",
        "--operation",
        operation,
    ]);
    assert_eq!(place.json(["show", "--operation", operation])["status"], "ok");
    insta::assert_snapshot!("target_history", place.plain(&place.ok(["show", "--target", "shop"])));
}

#[test]
fn activity_is_added_up() {
    let place = Place::new();
    for target in ["a", "b"] {
        place.append(&["--action", "file.write", "--target", target]);
    }
    let activity = place.json(["activity", "--days", "7"]);
    assert_eq!(activity["user_id"], "ann");
    assert_eq!(activity["total_operations"], 2);
    assert_eq!(activity["projects_touched"][0], "shop");
}

#[test]
fn a_search_looks_in_names_and_errors_newest_first() {
    let place = Place::new();
    let line = |n: u32| {
        let (action, error) =
            [("backup.run", ""), ("disk.check", ",\"error\":\"the BACKUP is gone\""), ("file.read", "")]
                [n as usize % 3];
        format!("{{\"action\":\"{action}\",\"target\":\"t{n}\",\"actor\":\"ann\",\"input\":\"backup\"{error}}}\n")
    };
    assert_eq!(place.run_with(["import", "-"], (0..240).map(line).collect::<String>()).code, 0);
    let expected: Vec<String> = (0..240).rev().filter(|n| n % 3 != 2).map(|n| format!("t{n}")).collect();
    assert_eq!(expected.len(), 160);
    assert_eq!(targets(&place, &["--contains", "backup"]), expected[..100], "as many as every query");
    assert_eq!(targets(&place, &["--contains", "backup", "--limit", "50"]), expected[..50]);
    assert_eq!(targets(&place, &["--contains", "kup is go"]).len(), 80, "anywhere in the text");
}

#[test]
fn wildcards_in_a_search_mean_themselves() {
    let place = Place::new();
    for (target, error) in [("a", "100% full"), ("b", "100 full"), ("c", "disk_full"), ("d", "disk full"), ("e", "a*b")]
    {
        place.append(&["--action", "disk.check", "--target", target, "--error", error]);
    }
    for (needle, found) in
        [("100%", &["a"][..]), ("%", &["a"]), ("_full", &["c"]), ("k_f", &["c"]), ("*", &["e"]), ("1%l", &[])]
    {
        assert_eq!(targets(&place, &["--contains", needle]), found, "{needle}");
    }
    // A category is one of a closed set: another word is a mistake, not an empty answer.
    let ended = place.run(["query", "--category", "no_such_category"]);
    assert_eq!(ended.code, 2);
    assert!(
        ended.err.starts_with("error[unknown_word]: --category: ") && ended.err.contains("config_change"),
        "{ended:?}"
    );
    assert!(targets(&place, &["--category", "file_read"]).is_empty());
}

#[test]
fn a_text_without_a_word_is_refused() {
    let place = Place::new();
    place.append(&["--action", "a", "--target", "t"]);
    for text in ["!!!", "", "😀", " - "] {
        let ended = place.run(["query", "--text", text]);
        assert_eq!(ended.code, 2, "{text:?}: {ended:?}");
        assert!(ended.err.starts_with("error[query_invalid]") && ended.err.contains("word"), "{ended:?}");
    }
    assert_eq!(place.run(["query", "--text", "a!"]).code, 0);
}
