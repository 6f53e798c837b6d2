//! Which book a gate uses: the one that was meant, wherever it is started and whatever was taken away.

use serde_json::Value;

use crate::fixture::{Ended, Place, end};
use crate::hook::{before, hook};

fn exec_in(place: &Place, directory: &std::path::Path, more: &[&str]) -> Ended {
    let mut command = place.command(more.iter().copied().chain(["exec", "--no-watch", "--", "true"]));
    end(command.current_dir(directory).env("PATH", std::env::var_os("PATH").unwrap()), b"")
}

fn is_stopped(ended: &Ended) {
    assert!(ended.code == 126 && ended.err.contains("error[stopped]"), "{ended:?}");
}

#[test]
fn a_book_is_found_though_its_pointer_was_taken_away() {
    let place = Place::new();
    place.ok(["stop", "--reason", "a test"]);
    std::fs::create_dir_all(place.project().join("src/deep")).unwrap();
    is_stopped(&exec_in(&place, &place.project(), &[]));
    std::fs::remove_dir_all(place.project().join(".sealbook")).unwrap();
    for directory in [place.project(), place.project().join("src/deep")] {
        let ended = exec_in(&place, &directory, &[]);
        is_stopped(&ended);
        assert!(ended.err.contains("book.toml is missing"), "{ended:?}");
        let ended = hook(&place, "claude-code", &before("claude-code", &directory, "ls"));
        assert!(ended.out.contains("deny") || ended.code == 2, "{ended:?}");
    }
    assert_eq!(std::fs::read_dir(place.home().join("books")).unwrap().count(), 1, "no other was made");
    // A person may begin anew; the directory then has two, and the pointer says which.
    place.ok(["init"]);
    assert_eq!(exec_in(&place, &place.project(), &[]).code, 0);
    std::fs::remove_dir_all(place.project().join(".sealbook")).unwrap();
    let ended = exec_in(&place, &place.project(), &[]);
    assert!(ended.code != 0 && ended.err.contains("--book"), "{ended:?}");
}

#[test]
fn no_gate_makes_a_book() {
    let place = Place::empty();
    let refused = |ended: &Ended| assert!(ended.code != 0 && ended.err.contains("book_missing"), "{ended:?}");
    refused(&exec_in(&place, &place.project(), &[]));
    refused(&exec_in(&place, &place.project(), &["--book", "other"]));
    refused(&place.run(["wrap", "--", "cat"]));
    refused(&place.run(["mcp"]));
    refused(&place.run(["ingest", "--without-token"]));
    let ended = hook(&place, "claude-code", &before("claude-code", &place.project(), "ls"));
    assert!(ended.code == 2 && ended.err.contains("book_missing"), "{ended:?}");
    assert!(!place.home().join("books").exists());
    place.ok(["--book", "default", "init"]);
    let ended = exec_in(&place, &place.project(), &[]);
    assert!(ended.code == 0 && ended.err.contains("the book `default` is used"), "{ended:?}");
}

#[test]
fn what_is_installed_names_its_book_and_holds_from_anywhere() {
    let place = Place::new();
    let file = place.beside("claude.json");
    std::fs::write(&file, r#"{"mcpServers": {"a": {"command": "cat", "args": []}}}"#).unwrap();
    let settings = place.beside("settings.json");
    std::fs::write(&settings, "{}\n").unwrap();
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    std::fs::set_permissions(&settings, mode).unwrap();
    let before = std::fs::read_to_string(&file).unwrap();
    place.ok(["wrap", "--install", "claude-desktop", "--file", file.to_str().unwrap(), "--yes"]);
    place.ok(["hook", "claude-code", "--install", "--settings", settings.to_str().unwrap(), "--yes"]);
    let book = place.book().parent().unwrap().canonicalize().unwrap();
    let changed: Value = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
    let args: Vec<&str> =
        changed["mcpServers"]["a"]["args"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    let at = args.iter().position(|arg| *arg == "--book").unwrap();
    assert_eq!(std::path::Path::new(args[at + 1]).canonicalize().unwrap(), book);
    let hooks = std::fs::read_to_string(&settings).unwrap();
    assert!(hooks.contains(&format!("--book {}", args[at + 1])), "{hooks}");
    // A stop of the project's book holds for a command with that book, started anywhere.
    place.ok(["stop", "--reason", "a test"]);
    is_stopped(&exec_in(&place, std::path::Path::new("/"), &["--book", args[at + 1]]));
    // What lies beside settings that only their owner reads is read by nobody else.
    let beside = place.beside("settings.json.before-sealbook");
    let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(beside).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
    place.ok(["wrap", "--install", "claude-desktop", "--file", file.to_str().unwrap(), "--undo", "--yes"]);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), before);
    place.ok(["hook", "claude-code", "--undo", "--settings", settings.to_str().unwrap(), "--yes"]);
    assert_eq!(std::fs::read_to_string(&settings).unwrap(), "{}\n");
    let none = Place::empty();
    let ended = none.run(["wrap", "--install", "claude-desktop", "--file", file.to_str().unwrap()]);
    assert!(ended.code == 2 && ended.err.contains("book_missing"), "{ended:?}");
}

#[test]
fn a_hook_of_the_user_heeds_the_book_of_each_project_first() {
    let place = Place::new();
    let settings = place.beside("settings.json");
    place.ok(["hook", "claude-code", "--install", "--settings", settings.to_str().unwrap(), "--yes"]);
    let hooks: Value = serde_json::from_str(&std::fs::read_to_string(&settings).unwrap()).unwrap();
    let command = hooks["hooks"]["PreToolUse"][0]["hooks"][0]["command"].as_str().unwrap();
    let words: Vec<&str> = command.split(' ').skip(1).collect();
    assert!(words.contains(&"--outside-projects"), "{command}");
    let (other, nowhere) = (place.beside("other"), place.beside("nowhere"));
    for directory in [&other, &nowhere] {
        std::fs::create_dir(directory).unwrap();
    }
    let in_other = |arguments: &[&str]| end(place.command(arguments).current_dir(&other), b"");
    assert_eq!(in_other(&["init", "--quiet"]).code, 0);
    let ask = |directory: &std::path::Path| {
        let event = before("claude-code", directory, "ls");
        let ended = end(place.command(&words).current_dir("/").env("HOME", place.beside("user")), event.as_bytes());
        ended.out.contains("deny") || ended.code == 2
    };
    assert!(!ask(&place.project()) && !ask(&other) && !ask(&nowhere));
    assert_eq!(in_other(&["stop", "--reason", "a test"]).code, 0);
    assert!(ask(&other) && !ask(&place.project()) && !ask(&nowhere));
    // What belongs to no project is under the book that was named.
    place.ok(["stop", "--reason", "a test"]);
    assert!(ask(&nowhere) && ask(&place.project()));
}

#[test]
fn a_stop_of_everything_halts_every_tenant_of_the_book() {
    let place = Place::new();
    place.make_approver();
    place.ok(["--tenant", "b", "init", "--quiet"]);
    assert_eq!(exec_in(&place, &place.project(), &["--tenant", "b"]).code, 0);
    place.ok(["stop", "--reason", "a test"]);
    is_stopped(&exec_in(&place, &place.project(), &[]));
    is_stopped(&exec_in(&place, &place.project(), &["--tenant", "b"]));
    // A tenant without a ledger has no rules: it is refused, and no ledger is made.
    let ended = exec_in(&place, &place.project(), &["--tenant", "new"]);
    assert!(ended.code != 0 && ended.err.contains("book_missing"), "{ended:?}");
    place.approved(&["resume", "--reason", "over"]);
    assert_eq!(exec_in(&place, &place.project(), &[]).code, 0);
    // The other ledger has approvers of its own.
    is_stopped(&exec_in(&place, &place.project(), &["--tenant", "b"]));
    // A tenant that is made while it holds anywhere is stopped too.
    let made = place.run(["--tenant", "new", "init", "--quiet"]);
    assert_eq!(made.code, 0, "{made:?}");
    is_stopped(&exec_in(&place, &place.project(), &["--tenant", "new"]));
    let stops = place.json(["--tenant", "new", "stop", "--list"]);
    assert_eq!((&stops["stops"][0]["reason"], &stops["stops"][1]), (&"a test".into(), &Value::Null), "{stops}");
    let from = place.json(["--tenant", "new", "query", "--action", "stop.set"]);
    let told = &from["records"][0]["record"];
    assert_eq!((&told["context"]["tenant"], &told["severity"]), (&"b".into(), &"critical".into()), "{from}");
    assert_eq!(place.run(["--tenant", "new", "verify"]).code, 0);
    // Each is lifted where it holds, and the next tenant is free.
    let by = |tenant: &str, arguments: &[&str]| {
        place.approved(&[&["--tenant", tenant], arguments].concat());
    };
    for tenant in ["b", "new"] {
        let file = place.beside("passphrase");
        place.ok(["--tenant", tenant, "key", "approver", "--new-passphrase-file", file.to_str().unwrap()]);
        by(tenant, &["resume", "--all", "--reason", "over"]);
        assert_eq!(exec_in(&place, &place.project(), &["--tenant", tenant]).code, 0);
    }
    place.ok(["--tenant", "free", "init", "--quiet"]);
    assert_eq!(exec_in(&place, &place.project(), &["--tenant", "free"]).code, 0);
    // A narrower stop is this tenant's alone.
    place.ok(["stop", "--actor", "nobody", "--reason", "a test"]);
    let stops = place.json(["--tenant", "b", "stop", "--list"]);
    assert_eq!(stops["stops"].as_array().map(Vec::len), Some(0), "{stops}");
    place.ok(["--tenant", "narrow", "init", "--quiet"]);
    let stops = place.json(["--tenant", "narrow", "stop", "--list"]);
    assert_eq!(stops["stops"].as_array().map(Vec::len), Some(0), "{stops}");
}

#[test]
fn resume_says_where_it_did_not_lift_a_stop_and_what_does() {
    let place = Place::new();
    place.make_approver();
    place.ok(["stop", "--reason", "a test"]);
    place.ok(["--tenant", "new", "init", "--quiet"]);
    let file = place.beside("passphrase");
    let ended = place.run(["resume", "--reason", "over", "--passphrase-file", file.to_str().unwrap()]);
    assert_eq!(ended.code, 0, "{ended:?}");
    let wanted = "still stopped for tenant new, which has no approver: `sealbook --tenant new key approver` makes one";
    assert!(ended.err.contains(wanted), "{ended:?}");
    is_stopped(&exec_in(&place, &place.project(), &["--tenant", "new"]));
}

#[test]
fn a_ledger_that_was_set_aside_is_no_tenant() {
    let place = Place::new();
    place.ok(["restore", "--continue", "--reason", "a test"]);
    place.ok(["stop", "--reason", "a test"]);
    is_stopped(&exec_in(&place, &place.project(), &[]));
}
