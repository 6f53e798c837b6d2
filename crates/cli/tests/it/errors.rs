//! Errors: one line with a code, a hint, the right exit, and no secrets.

use std::fmt::Write;

use crate::fixture::{Place, end};

const SECRET: &str = "AKIAIOSFODNN7EXAMPLE";

#[test]
fn errors_are_one_line_and_a_hint() {
    let place = Place::new();
    let mut all = String::new();
    for arguments in [
        &["query", "--severity", "huge"][..],
        &["query", "--since", "whenever"],
        &["query", "--limit", "many"],
        &["query", "--limit", "0"],
        &["query", "--cursor", "x"],
        &["query", "--nonsense"],
        &["quary"],
        &["append", "--action", "a"],
        &["append", "--json", "nowhere.json"],
        &["append", "--action", "a", "--target", "t", "--input", "{\"a\":"],
        &["show", "99"],
        &["show", "0191e3a2-7c1d-7f00-8000-3f6c1a2b9d10"],
        &["show"],
        &["erase", "1", "--part", "input"],
        &["erase", "0", "--part", "statement", "--reason", "r"],
        &["repo", "nowhere"],
        &["repo", "--sources", "stars"],
        &["git", "--blame"],
        &["git"],
        &["init"],
        &["restore", "nowhere.sealbook"],
        &["key", "retire", "zzzz"],
        &["--book", "a b", "status"],
        &["--book", "other", "status"],
        &["--tenant", "acme", "status"],
        &["status", "--format", "yaml"],
        &["status", "--output", "nowhere/x.json"],
    ] {
        let ended = place.run(arguments);
        assert_eq!(ended.code, 2, "{arguments:?}: {ended:?}");
        let lines: Vec<&str> = ended.err.lines().collect();
        assert!(lines[0].starts_with("error[") && (1..=2).contains(&lines.len()), "{arguments:?}: {ended:?}");
        assert!(lines.get(1).is_none_or(|line| line.starts_with("help: ")), "{arguments:?}: {ended:?}");
        writeln!(all, "$ sealbook {}\n{}", arguments.join(" "), place.plain(&ended.err)).unwrap();
    }
    insta::assert_snapshot!(all);
}

#[test]
fn a_program_gets_errors_as_json() {
    let place = Place::new();
    for (arguments, code) in [(&["show", "99"][..], "record_missing"), (&["show", "--nonsense"], "usage")] {
        let ended = place.run(arguments.iter().chain(&["--format", "json"]));
        let error: serde_json::Value = serde_json::from_str(&ended.err).unwrap();
        assert_eq!((ended.code, &error["error"]["code"], &error["error"]["exit"]), (2, &code.into(), &2.into()));
        assert!(ended.out.is_empty());
    }
}

#[test]
fn what_was_given_is_not_quoted() {
    let place = Place::new();
    let in_json = format!("{{\"password\": \"{SECRET}\"");
    for arguments in [
        &["append", "--action", "a", "--target", "t", "--input", &in_json][..],
        &["append", "--action", "a", "--target", "t", SECRET],
        &["append", "--action", "a", "--target", "t", "--severity", SECRET],
        &["query", "--since", SECRET],
        &["query", "--limit", SECRET],
        &["query", &format!("--pasword={SECRET}")],
        &["status", "--format", SECRET],
        &[SECRET],
    ] {
        let ended = place.run(arguments);
        assert_eq!(ended.code, 2);
        assert!(!ended.err.contains(SECRET) && !ended.out.contains(SECRET), "{ended:?}");
    }
    for record in [
        format!("{{\"action\":\"{SECRET}\"}}"),
        format!("{{\"action\":\"a\",\"target\":\"t\",\"id\":\"{SECRET}\"}}"),
        format!("{{\"action\":\"a\",\"target\":\"t\",\"severity\":\"{SECRET}\"}}"),
        SECRET.to_owned(),
    ] {
        let ended = place.run_with(["append", "--json", "-"], &record);
        assert_eq!(ended.code, 2);
        assert!(!ended.err.contains(SECRET), "{ended:?}");
    }
}

#[test]
fn without_a_home_the_mend_is_told() {
    let place = Place::empty();
    let mut command = place.command(["status"]);
    let ended = end(command.env_clear(), b"");
    assert_eq!(ended.code, 2);
    assert!(ended.err.starts_with("error[home_unknown]"), "{ended:?}");
}

#[test]
fn too_large_and_too_deep_are_refused_and_the_book_stays_whole() {
    let place = Place::new();
    place.append(&["--action", "a", "--target", "t"]);
    let big = format!("{{\"action\":\"a\",\"target\":\"t\",\"input\":\"{}\"}}", "x".repeat(2 << 20));
    let deep =
        format!("{{\"action\":\"a\",\"target\":\"t\",\"input\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000));
    let huge = vec![b'x'; 18 << 20];
    for (record, codes) in [
        (big.as_bytes(), &["value_too_large"][..]),
        (deep.as_bytes(), &["nesting_too_deep", "invalid_json"]),
        (&huge, &["input_too_large"]),
    ] {
        let ended = place.run_with(["append", "--json", "-"], record);
        assert_eq!(ended.code, 2);
        assert!(codes.iter().any(|code| ended.err.starts_with(&format!("error[{code}]"))), "{}", ended.err);
        assert!(ended.err.len() < 500);
    }
    assert_eq!(place.json(["status"])["head"]["size"], 2);
}

#[test]
fn a_configuration_with_a_mistake_is_named_with_its_line() {
    let place = Place::new();
    place.write(".sealbook/config.toml", "actor = \"ann\"\nfail_on = 7\n");
    let ended = place.run(["status"]);
    assert!(ended.err.starts_with("error[config_invalid]") && ended.err.contains("line 2"), "{ended:?}");
}

#[test]
fn a_key_that_others_can_read_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::new();
    place.append(&["--action", "a", "--target", "t"]);
    for key in std::fs::read_dir(place.home().join("keys")).unwrap() {
        let path = key.unwrap().path();
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        let ended = place.run(["append", "--action", "a", "--target", "t"]);
        assert_eq!(ended.code, 2, "{path:?}");
        assert!(ended.err.contains("chmod 600"), "{ended:?}");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    }
    assert_eq!(place.json(["status"])["head"]["size"], 2);
}
