//! Audits of quality with the real linters.

use std::path::Path;

use serde_json::Value;

use crate::fixture::{Ended, Place, git};
use crate::peers::tool;

const PYTHON: &str = "import os\nimport subprocess\n\n\ndef run(name: str) -> int:\n    \
                      return subprocess.call('ls ' + name, shell=True)\n\n\ndef wrong() -> str:\n    return 1\n";

/// The run's options that say where tools lie.
fn with_tools(names: &[&str]) -> Vec<String> {
    let path = |name: &str| match name {
        "eslint" => tool("eslint/node_modules/eslint/bin/eslint.js"),
        "clippy" => Path::new(env!("CARGO")).to_owned(),
        name => tool(&format!("quality/bin/{name}")),
    };
    names.iter().flat_map(|name| ["--tool".to_owned(), format!("{name}={}", path(name).display())]).collect()
}

fn audit(place: &Place, arguments: &[&str], tools: &[&str]) -> Ended {
    let all = ["quality"].into_iter().chain(arguments.iter().copied()).map(str::to_owned).chain(with_tools(tools));
    let mut command = place.command(all.chain(["--format".to_owned(), "json".to_owned()]));
    let node = tool("node/node_modules/.bin");
    command.env("PATH", format!("{}:{}", node.display(), std::env::var("PATH").unwrap()));
    command.env("HOME", std::env::var_os("HOME").unwrap_or_default());
    crate::fixture::end(&mut command, b"")
}

fn told(ended: &Ended) -> Value {
    serde_json::from_str(&ended.out).unwrap_or_else(|error| panic!("{error}: {ended:?}"))
}

fn rules(told: &Value) -> Vec<String> {
    let audit = if told["audit"].is_null() { told } else { &told["audit"] };
    let findings = audit["run"]["findings"].as_array().unwrap().iter();
    findings.map(|it| it["rule"].as_str().unwrap().to_owned()).collect()
}

fn results(place: &Place, action: &str) -> Vec<Value> {
    let page = place.json(["query", "--action", action, "--limit", "100"]);
    let ids = page["records"].as_array().unwrap().iter().map(|it| it["record"]["id"].as_str().unwrap().to_owned());
    ids.map(|id| place.json(["show", &id])["record"].clone()).collect()
}

fn changes(place: &Place) -> Vec<String> {
    let mut changes: Vec<String> = results(place, "quality.finding")
        .iter()
        .map(|it| {
            format!(
                "{} {} {}",
                it["result"]["change"].as_str().unwrap(),
                it["result"]["rule"].as_str().unwrap(),
                it["result"]["path"].as_str().unwrap()
            )
        })
        .collect();
    changes.sort();
    changes
}

#[test]
fn linters_of_python_are_run_and_followed() {
    let place = Place::new();
    git(&place.project(), &["init", "--quiet"]);
    place.write("src/a.py", PYTHON);
    let tools = ["ruff", "mypy", "bandit"];
    let ended = audit(&place, &["src", "--violations"], &tools);
    assert_eq!(ended.code, 0, "{ended:?}");
    let first = told(&ended);
    let found = rules(&first);
    for rule in ["ruff.F401", "mypy.return-value", "bandit.B602", "quality.density", "quality.debt"] {
        assert!(found.iter().any(|it| it == rule), "{rule}: {found:?}");
    }
    let runs = results(&place, "quality.run");
    assert_eq!(runs.len(), 3);
    for run in &runs {
        let result = &run["result"];
        assert!(result["version"].as_str().unwrap().starts_with(|it: char| it.is_ascii_digit()), "{result}");
        assert_eq!((&result["complete"], &result["files"]), (&true.into(), &1.into()), "{result}");
        assert_eq!(result["config"].as_str().unwrap().len(), 64);
    }
    let ruff = runs.iter().find(|run| run["result"]["tool"] == "ruff").unwrap();
    assert!(ruff["result"]["rules"].as_u64().unwrap() > 50, "{ruff}");
    let sealed = changes(&place).len();

    // Lines above and another name: everything is the same thing still.
    place.write("src/b.py", format!("\n\n{PYTHON}"));
    std::fs::remove_file(place.project().join("src/a.py")).unwrap();
    let ended = audit(&place, &["src", "--violations"], &tools);
    let moved = changes(&place);
    assert!(moved.iter().any(|it| it == "moved ruff.F401 src/b.py"), "{moved:?}");
    assert!(!moved.iter().any(|it| it.starts_with("gone")), "{moved:?}");
    let ids = |told: &Value| {
        let audit = if told["audit"].is_null() { told } else { &told["audit"] };
        let all = audit["run"]["findings"].as_array().unwrap().iter().filter(|it| it["rule"] == "ruff.F401");
        all.map(|it| it["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(ids(&first), ids(&told(&ended)), "a finding survives that its file is renamed");

    place.write("src/b.py", PYTHON.replace("import os\n", ""));
    let ended = audit(&place, &["src", "--violations"], &tools);
    assert!(changes(&place).iter().any(|it| it == "gone ruff.F401 src/b.py"));
    assert!(rules(&told(&ended)).contains(&"quality.trend".to_owned()), "{ended:?}");
    let again = changes(&place).len();
    audit(&place, &["src", "--violations"], &tools);
    assert_eq!(changes(&place).len(), again, "nothing changed, and nothing more is said ({sealed})");
}

#[test]
fn what_crashed_or_loaded_no_rules_is_not_clean() {
    let place = Place::new();
    place.write("src/a.py", "x = 1\n");
    place.write("ruff.toml", "[lint]\nselect = []\n");
    let ended = audit(&place, &["--violations"], &["ruff", "mypy", "bandit"]);
    assert_eq!(ended.code, 3, "{ended:?}");
    assert!(ended.out.contains("no_rules"), "{}", ended.out);
    let failed = results(&place, "quality.failed");
    assert_eq!((&failed[0]["error"]["tool"], &failed[0]["error"]["covered"]), (&"ruff".into(), &"nothing".into()));
    // A configuration that it cannot read ends it.
    place.write("ruff.toml", "[lint\n");
    let ended = audit(&place, &["--violations"], &["ruff", "mypy", "bandit"]);
    assert_eq!(ended.code, 3);
    assert!(ended.out.contains("tool_crashed") && ended.out.contains("code 2"), "{}", ended.out);
    // One that is not there.
    std::fs::remove_file(place.project().join("ruff.toml")).unwrap();
    let mut command = place.command(["quality", "--run", "ruff"]);
    let ended = crate::fixture::end(command.env("PATH", "/nowhere"), b"");
    assert_eq!(ended.code, 3);
    assert!(ended.out.contains("tool_missing"), "{}", ended.out);
    // A file that none of them can read.
    place.write("src/b.py", "def (\n");
    let ended = audit(&place, &["--violations"], &["ruff", "mypy", "bandit"]);
    assert_eq!(ended.code, 3);
    assert!(ended.out.contains("not_parsed") && ended.out.contains("blocked"), "{}", ended.out);
    // And nothing to do at all.
    let empty = Place::new();
    assert_eq!(audit(&empty, &[], &[]).code, 3);
}

#[test]
fn files_are_changed_with_consent_only_and_on_record() {
    let place = Place::new();
    git(&place.project(), &["init", "--quiet"]);
    place.write("src/a.py", PYTHON);
    let ended = audit(&place, &["src", "--fix"], &["ruff"]);
    assert_eq!(ended.code, 2, "{ended:?}");
    assert!(ended.err.contains("--allow-changes"), "{}", ended.err);
    assert_eq!(results(&place, "quality.run").len(), 0, "nothing was run");
    let ended = audit(&place, &["src", "--run", "ruff", "--fix", "--allow-changes"], &["ruff"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    let mended = std::fs::read_to_string(place.project().join("src/a.py")).unwrap();
    assert!(!mended.contains("import os"), "{mended}");
    let fixes = results(&place, "quality.fix");
    let phases: Vec<&str> = fixes.iter().map(|it| it["phase"].as_str().unwrap()).collect();
    assert_eq!(phases, ["outcome", "intent"]);
    let (before, after) = (&fixes[0]["before"]["files"][0], &fixes[0]["after"]["files"][0]);
    assert_eq!((&before["path"], &after["path"]), (&"src/a.py".into(), &"src/a.py".into()));
    assert_ne!(before["sha256"], after["sha256"]);
    assert!(changes(&place).iter().any(|it| it == "gone ruff.F401 src/a.py"));
}

#[test]
fn clippy_and_eslint_run_where_they_are_named() {
    let place = Place::new();
    place.write("Cargo.toml", "[package]\nname = \"shop\"\nversion = \"0.1.0\"\nedition = \"2024\"\n[workspace]\n");
    place.write("src/lib.rs", "pub fn f(x: &Vec<u8>) -> bool {\n    x.len() == 0\n}\n");
    place.write("web/a.js", "var a = 1;\nif (a = 2) { b(); }\n");
    place.write("eslint.config.mjs", "export default [{ rules: { 'no-cond-assign': 'error', 'no-undef': 'off' } }];\n");
    let ended = audit(&place, &["."], &["clippy", "eslint"]);
    assert_eq!(ended.code, 3, "{ended:?}");
    assert!(ended.out.contains("not_consented"), "{}", ended.out);
    assert!(!place.project().join("target").exists(), "nothing was built");
    let ended = audit(&place, &[".", "--run", "clippy,eslint"], &["clippy", "eslint"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    let found = rules(&told(&ended));
    for rule in ["clippy.len_zero", "clippy.ptr_arg", "eslint.no-cond-assign"] {
        assert!(found.iter().any(|it| it == rule), "{rule}: {found:?}");
    }
    place.write("src/lib.rs", "pub fn f() -> bool { 1 }\n");
    place.write("eslint.config.mjs", "export default [];\n");
    let ended = audit(&place, &[".", "--run", "clippy,eslint"], &["clippy", "eslint"]);
    assert_eq!(ended.code, 3, "{ended:?}");
    assert!(ended.out.contains("not_built") && ended.out.contains("no_rules"), "{}", ended.out);
    let gone = changes(&place);
    assert!(!gone.iter().any(|it| it.starts_with("gone")), "what could not be looked at is not gone: {gone:?}");
}

#[test]
fn banned_words_and_reports_are_read() {
    let place = Place::new();
    place.write("src/a.txt", "a blacklist of things\n");
    assert_eq!(audit(&place, &["--banned-words"], &[]).code, 3, "no file bans words");
    place.write("banned-words.yaml", "- {word: blacklist, instead: denylist, severity: error}\n");
    let ended = audit(&place, &["--banned-words", "--fail-on", "error"], &[]);
    assert_eq!(ended.code, 1, "{ended:?}");
    // The list itself says the word, as it must.
    let found = told(&ended);
    assert!(found.to_string().contains("write instead: denylist"), "{found}");
    place.write("words.yaml", "banned_words: [{pattern: '('}]\n");
    let ended = audit(&place, &["--banned-words=words.yaml"], &[]);
    assert_eq!(ended.code, 3);
    assert!(ended.out.contains("banned_words[0]"), "{}", ended.out);

    let sarif = r#"{"version":"2.1.0","runs":[{"tool":{"driver":{"name":"Scan","version":"3","rules":[{"id":"X1"}]}},
        "results":[{"ruleId":"X1","level":"error","message":{"text":"bad thing"},"locations":[{"physicalLocation":
        {"artifactLocation":{"uri":"src/a.txt"},"region":{"startLine":1}}}]}]}]}"#;
    place.write("scan.sarif", sarif);
    let ended = audit(&place, &["--sarif", "scan.sarif", "--fail-on", "error"], &[]);
    assert_eq!(ended.code, 1, "{ended:?}");
    assert!(rules(&told(&ended)).contains(&"scan.X1".to_owned()));
    place.write(
        "scan.sarif",
        sarif.replace("\"results\":[{", "\"invocations\":[{\"executionSuccessful\":false}],\"results\":[{"),
    );
    assert_eq!(audit(&place, &["--sarif", "scan.sarif"], &[]).code, 3, "a crashed tool's report covers nothing surely");
    place.write("scan.sarif", "hello");
    let ended = audit(&place, &["--sarif", "scan.sarif"], &[]);
    assert_eq!(ended.code, 3);
    assert!(ended.out.contains("report_unreadable"), "{}", ended.out);
}

#[test]
fn what_changes_often_and_is_complex_comes_first() {
    let place = Place::empty();
    git(&place.project(), &["init", "--quiet"]);
    let branchy: String = (0..30).map(|nth| format!("    if x == {nth}:\n        return {nth}\n")).collect();
    let calm = "x = 1\n";
    for nth in 0..4 {
        place.write("hot.py", format!("import os\n# {nth}\ndef f(x):\n{branchy}    return 0\n"));
        place.write("calm.py", format!("{calm}y = {nth}\n"));
        git(&place.project(), &["add", "."]);
        git(&place.project(), &["commit", "--quiet", "-m", "Change it"]);
    }
    place.write(
        "coverage.xml",
        "<coverage><packages><package><classes><class filename=\"hot.py\"><lines>\
        <line number=\"4\" hits=\"1\"/><line number=\"5\" hits=\"0\"/><line number=\"6\" hits=\"0\"/>\
        </lines></class></classes></package></packages></coverage>",
    );
    place.run(["repo", "--sources", "git,module"]);
    let ended = audit(&place, &[".", "--violations", "--run", "ruff"], &["ruff"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    let told = told(&ended);
    let audit = if told["audit"].is_null() { &told } else { &told["audit"] };
    let of = |rule: &str| {
        let all = audit["run"]["findings"].as_array().unwrap().iter().filter(|it| it["rule"] == rule);
        all.map(|it| it["location"]["path"].as_str().unwrap_or_default().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(of("quality.refactor"), ["hot.py"], "{told}");
    assert_eq!(of("quality.coverage_gap"), ["hot.py"], "{told}");
}

#[test]
fn what_is_lived_with_is_counted_apart_and_comes_back() {
    let place = Place::new();
    place.write("banned-words.yaml", "banned_words: [{word: blacklist, severity: error, paths: ['*.txt']}]\n");
    let line = |nth: usize| format!("blacklist number {nth}\n");
    place.write("a.txt", (0..60).map(line).collect::<String>());
    place.write("b.txt", "the blacklist\n");
    let audit = || {
        let ended = place.run(["quality", "--banned-words", "--fail-on", "error", "--format", "json"]);
        let told = told(&ended);
        let audit = if told["audit"].is_null() { told } else { told["audit"].clone() };
        (ended.code, audit["run"]["findings"].as_array().unwrap().clone())
    };
    let of = |findings: &[Value], rule: &str| -> Vec<Value> {
        findings.iter().filter(|it| it["rule"] == rule).cloned().collect()
    };
    let rule = "banned-words.blacklist";
    let (code, before) = audit();
    assert_eq!((code, of(&before, rule).len()), (1, 50));
    assert!(of(&before, "quality.more")[0]["message"].as_str().unwrap().starts_with("11 more of"));
    // Some that are listed, and one that is not: it is known by its id.
    let first = of(&before, rule)[0]["id"].as_str().unwrap().to_owned();
    let changes = results(&place, "quality.finding");
    let of_b = changes.iter().find(|it| it["result"]["path"] == "b.txt").unwrap();
    let last = of_b["result"]["id"].as_str().unwrap().to_owned();
    assert!(of(&before, rule).iter().all(|it| it["id"] != last.as_str()));
    for id in [&first, &last] {
        place.ok(["suppress", id, "--reason", "a quotation", "--until", "2999-01-01"]);
    }
    let (code, after) = audit();
    assert_eq!((code, of(&after, rule).len()), (1, 50), "others take the place of what is lived with");
    assert!(of(&after, "quality.more")[0]["message"].as_str().unwrap().starts_with("9 more of"));
    assert!(of(&after, rule).iter().all(|it| it["id"] != first.as_str() && it["id"] != last.as_str()));
    let listed = &of(&after, "suppression")[0];
    assert!(listed["message"].as_str().unwrap().starts_with("2 findings are suppressed"), "{listed}");
    assert_eq!(listed["metadata"]["suppressed"][0]["reason"], "a quotation");
    let debt = &of(&after, "quality.debt")[0];
    let message = debt["message"].as_str().unwrap();
    assert!(message.starts_with("to mend all 59 ") && message.ends_with("; 2 more are suppressed"), "{message}");
    assert_eq!(debt["metadata"]["suppressed"], 2);

    // With nothing else left, they fail nothing; taken back or changed, they do.
    std::fs::remove_file(place.project().join("a.txt")).unwrap();
    let (code, alone) = audit();
    assert_eq!((code, of(&alone, rule).len()), (0, 0), "{alone:?}");
    assert!(of(&alone, "quality.debt")[0]["message"].as_str().unwrap().ends_with("; 1 more is suppressed"));
    place.write("b.txt", "the blacklist, still\n");
    assert_eq!(audit().0, 1, "another line is another finding");
    place.write("b.txt", "the blacklist\n");
    assert_eq!(audit().0, 0);
    place.ok(["suppress", &last, "--lift", "--reason", "it was none"]);
    let (code, lifted) = audit();
    assert_eq!((code, of(&lifted, rule).len()), (1, 1));
}
