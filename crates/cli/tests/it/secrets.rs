//! Planted secrets: in no file of the book, no answer, no error; and what only looks odd stays.

use std::collections::BTreeMap;
use std::path::Path;

use sealbook_testkit::corpus;

use crate::fixture::{Ended, Place};

/// Where a secret may show: every file below a directory, whole.
fn files_below(dir: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    let mut open = vec![dir.to_owned()];
    while let Some(dir) = open.pop() {
        for entry in std::fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else {
                found.push((path.display().to_string(), std::fs::read(&path).unwrap()));
            }
        }
    }
    found
}

fn said(what: &str, ended: Ended) -> [(String, Vec<u8>); 2] {
    [(format!("{what}, answer"), ended.out.into_bytes()), (format!("{what}, error"), ended.err.into_bytes())]
}

#[test]
fn what_was_asked_for_is_not_echoed_with_its_secrets() {
    let place = Place::new();
    let secret = format!("ghp_{}", "a1B2c3D4e5F6".repeat(3));
    let backup = place.beside("b.bak").display().to_string();
    place.ok(["backup", &backup]);
    for question in [
        &["append", "--action", "a", "--target", "t", "--input", &format!("@/no/{secret}")][..],
        &["verify", "--key", &secret],
        &["verify", "--against", &secret],
        &["status", "--book", &secret],
        &["status", "--tenant", &format!("t {secret} {}", "x".repeat(80))],
        &["repo", &secret],
        &["show", &secret],
        &["show", "--target", &secret],
        &["activity", &secret],
        &["query", "--since", &secret],
        &[&format!("--{secret}")],
        &["restore", &backup, "--continue", "--reason", &format!("lost {secret}")],
        &["restore", &backup, "--book", "other", "--reason", &format!("lost {secret}")],
        &["erase", "0", "--part", "keys", "--reason", &secret],
    ] {
        let ended = place.run(question);
        assert!(!ended.out.contains(&secret) && !ended.err.contains(&secret), "{question:?}: {ended:?}");
    }
    for (file, bytes) in files_below(&place.home()) {
        assert!(!bytes.windows(secret.len()).any(|window| window == secret.as_bytes()), "{file}");
    }
}

#[test]
fn no_planted_secret_is_in_a_file_an_answer_or_an_error() {
    let place = Place::new();
    let planted = corpus::planted();
    let mut lines = String::new();
    for (n, plant) in planted.iter().enumerate() {
        let part = ["input", "result", "error", "before", "after", "context", "metadata"][n % 7];
        lines += &format!(
            "{{\"actor\":{{\"id\":\"agent-{}\",\"kind\":\"agent\"}},\"action\":\"tools.call\",\"target\":{{\"id\":\"t{n}\",\"kind\":\"tool\"}},\"{part}\":{}}}\n",
            n % 5,
            plant.json
        );
    }
    // The texts of the statement are looked through as the parts are.
    for (n, (_, secret)) in corpus::secrets().iter().enumerate() {
        let text = corpus::quoted(secret);
        lines += &format!(
            "{{\"actor\":{{\"id\":\"agent\",\"kind\":\"agent\"}},\"action\":\"http.get\",\"target\":{{\"id\":{text},\"kind\":\"service\"}},\"reason\":{text},\"session\":\"s{n}\"}}\n"
        );
    }
    place.write("records.jsonl", &lines);
    let mut seen = Vec::new();
    seen.extend(said("import", place.run(["import", "records.jsonl"])));
    assert_eq!(place.json(["head"])["size"], (1 + planted.len() + corpus::secrets().len()) as u64);
    // Lines that are refused must not be quoted.
    for (_, secret) in corpus::secrets() {
        let text = corpus::quoted(&secret);
        for bad in
            [format!("{{\"actor\":{text},\"action\":"), format!("{{{text}:1}}"), format!("{{\"severity\":{text}}}")]
        {
            let ended = place.run_with(["append", "--json", "-"], &bad);
            assert_ne!(ended.code, 0, "{bad}");
            seen.extend(said("a refused record", ended));
        }
    }
    let backup = place.beside("backup.db");
    seen.extend(said("backup", place.run(["backup".as_ref(), backup.as_os_str()])));
    for format in ["terminal", "json", "jsonl", "markdown"] {
        seen.extend(said(format, place.run(["query", "--limit", "10000", "--format", format])));
    }
    for arguments in
        [&["export"][..], &["show", "5"], &["activity", "agent-1"], &["verify", "--projections"], &["status"]]
    {
        seen.extend(said(arguments[0], place.run(arguments)));
    }
    seen.extend(files_below(&place.home()));
    seen.push(("backup.db".to_owned(), std::fs::read(&backup).unwrap()));
    assert!(seen.len() > 20, "something was looked at");
    let secrets: BTreeMap<&str, &str> = planted.iter().map(|p| (p.secret.as_str(), p.what.as_str())).collect();
    for (secret, planted) in secrets {
        let finder = memchr::memmem::Finder::new(secret);
        for (what, bytes) in &seen {
            assert!(finder.find(bytes).is_none(), "{planted} is in {what}");
        }
    }
    let plain = place.ok(["query", "--limit", "1", "--format", "jsonl"]);
    assert!(plain.contains("***REDACTED***"), "{plain}");
}

#[test]
fn look_alikes_are_sealed_as_they_came() {
    let place = Place::new();
    // A record is one line: what is broken over several stands on one here.
    let lookalikes: Vec<String> = corpus::lookalikes().iter().map(|json| json.replace(['\n', '\r'], " ")).collect();
    let lines: String = lookalikes
        .iter()
        .map(|json| format!("{{\"actor\":\"ann\",\"action\":\"a.b\",\"target\":\"t\",\"input\":{json}}}\n"))
        .collect();
    place.write("records.jsonl", lines);
    place.ok(["import", "records.jsonl"]);
    let exported = place.ok(["export"]);
    for json in &lookalikes {
        assert!(exported.contains(&format!("\"input\":{json}")), "{json}");
    }
}
