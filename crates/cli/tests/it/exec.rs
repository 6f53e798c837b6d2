//! A command that is run on record.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::fixture::{Ended, Place, end};

fn exec(place: &Place, options: &[&str], command: &[&str]) -> Ended {
    let arguments = ["exec"].iter().chain(options).chain(&["--"]).chain(command);
    end(place.command(arguments).env("PATH", std::env::var_os("PATH").unwrap()), b"from the pipe")
}

fn record(place: &Place, seq: u64) -> Value {
    place.json(["show".to_owned(), seq.to_string()])["record"].clone()
}

#[test]
fn a_command_is_an_intent_and_an_outcome() {
    let place = Place::new();
    place.write("kept.txt", "same");
    place.write("old.txt", "old");
    place.write("gone.txt", "gone");
    let script = "cat; echo err >&2; echo new > new.txt; echo changed > old.txt; rm gone.txt; exit 7";
    let ended = exec(&place, &["--reason", "why not", "--session", "s1"], &["sh", "-c", script]);
    assert_eq!((ended.code, &*ended.out, &*ended.err), (7, "from the pipe", "err\n"), "its own, all of it");
    let (intent, outcome) = (record(&place, 1), record(&place, 2));
    assert_eq!((&intent["phase"], &outcome["phase"]), (&json!("intent"), &json!("outcome")));
    assert_eq!((&intent["action"], &intent["target"]["id"]), (&json!("command.run"), &json!("sh")));
    assert_eq!(
        (&intent["reason"], &intent["session"], &intent["actor"]["id"]),
        (&json!("why not"), &json!("s1"), &json!("ann"))
    );
    assert_eq!(intent["context"]["cwd"], json!(place.project()));
    let environment = &intent["context"]["environment"];
    assert_eq!(environment["digest"].as_str().unwrap().len(), 64);
    assert_eq!(environment["variables"], 3);
    assert_eq!((&outcome["outcome"], &outcome["parent"]), (&json!("failed"), &intent["id"]));
    assert_eq!((&outcome["result"]["exit_code"], &outcome["result"]["signal"]), (&json!(7), &Value::Null));
    assert!(outcome["duration_us"].as_u64().unwrap() > 0);
    let files = &outcome["result"]["files"];
    assert_eq!((&files["complete"], &files["changed"]), (&json!(true), &json!(3)));
    let list = files["list"].as_array().unwrap();
    let told: Vec<_> =
        list.iter().map(|file| (file["path"].as_str().unwrap(), file["change"].as_str().unwrap())).collect();
    assert_eq!(told, [("gone.txt", "removed"), ("new.txt", "added"), ("old.txt", "changed")]);
    assert_eq!(list[1]["bytes"], 4);
    // printf 'new\n' | sha256sum
    assert_eq!(list[1]["sha256"], "7aa7a5359173d05b63cfd682e3c38487f3cb4f7f1d60659fe59fab1505977d4c");
    assert_eq!(place.run(["gaps"]).code, 0);
    place.ok(["verify"]);
}

#[test]
fn equal_environments_have_equal_digests_and_nothing_more_is_kept() {
    let place = Place::new();
    let digest = |value: &str| {
        let mut command = place.command(["exec", "--", "/bin/true"]);
        assert_eq!(end(command.env("API_TOKEN", value), b"").code, 0);
        let newest = place.json(["query", "--phase", "intent", "--limit", "1"]);
        let record = newest["records"][0]["seq"].as_u64().unwrap();
        record_of(&place, record)
    };
    let record_of_secret = digest("hunter2-hunter2");
    assert_eq!(record_of_secret, digest("hunter2-hunter2"));
    assert_ne!(record_of_secret, digest("hunter3-hunter3"));
    assert!(!place.ok(["export"]).contains("hunter"));
}

fn record_of(place: &Place, seq: u64) -> String {
    record(place, seq)["context"]["environment"]["digest"].as_str().unwrap().to_owned()
}

#[test]
fn secrets_on_the_command_line_stay_out_of_the_book() {
    let place = Place::new();
    for command in [
        &["/bin/true", "--password", "hunter2-hunter2"][..],
        &["/bin/true", "--password=hunter2-hunter2"],
        &["/bin/true", "-H", "Authorization: Bearer hunter2hunter2hunter2hunter2"],
        &["/bin/true", "https://ann:hunter2-hunter2@x.example/"],
        &["/bin/sh", "-c", "true # API_KEY=hunter2-hunter2"],
    ] {
        assert_eq!(exec(&place, &[], command).code, 0);
    }
    let exported = place.ok(["export"]);
    assert!(!exported.contains("hunter2"), "{exported}");
    assert_eq!(exported.matches("\"phase\":\"intent\"").count(), 5);
}

#[test]
fn what_is_refused_does_not_start() {
    let place = Place::new();
    let ended = exec(&place, &["--actor", "agent:bot"], &["sh", "-c", "touch ran; cat .sealbook/book.toml"]);
    assert!(ended.code == 126 && ended.err.starts_with("error[blocked]"), "{ended:?}");
    assert!(!place.project().join("ran").exists());
    let blocked = place.json(["query", "--outcome", "blocked"]);
    assert_eq!(blocked["records"].as_array().unwrap().len(), 1);
    assert_eq!(place.run(["gaps"]).code, 0, "what did not start needs no end");
}

#[test]
fn what_cannot_start_has_an_outcome_all_the_same() {
    let place = Place::new();
    place.write("plain", "no program");
    for (program, code) in [("nowhere-to-be-found", 127), ("./plain", 126)] {
        let ended = exec(&place, &[], &[program]);
        assert!(ended.code == code && ended.err.starts_with("error[program_failed]"), "{ended:?}");
    }
    assert_eq!(place.json(["query", "--outcome", "failed"])["records"].as_array().unwrap().len(), 2);
    assert_eq!(place.run(["gaps"]).code, 0);
    assert_eq!(place.run(["exec", "--"]).code, 2);
}

#[test]
fn an_interrupt_that_somebody_sends_reaches_the_command() {
    let place = Place::new();
    let script = "sleep 60 >/dev/null 2>&1 & trap \"kill $!; exit 3\" INT; echo ready; wait; exit 9";
    let mut command = place.command(["exec", "--", "sh", "-c", script]);
    command.env("PATH", std::env::var_os("PATH").unwrap()).stdin(Stdio::null()).stdout(Stdio::piped());
    let mut running = command.spawn().unwrap();
    let mut line = String::new();
    BufReader::new(running.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let sent = Command::new("kill").args(["-INT", &running.id().to_string()]).status().unwrap();
    assert!(sent.success());
    assert_eq!(running.wait().unwrap().code(), Some(3));
    assert_eq!(record(&place, 2)["result"]["exit_code"], 3);
}

#[test]
fn a_signal_is_told_and_passed_on() {
    let place = Place::new();
    assert_eq!(exec(&place, &[], &["sh", "-c", "kill -9 $$"]).code, 137);
    assert_eq!(record(&place, 2)["result"]["signal"], 9);
    // Whoever ends us ends the command, and how it ended is on record.
    let ended = exec(&place, &[], &["sh", "-c", "trap 'exit 3' TERM; kill -TERM $PPID; while :; do sleep 0.1; done"]);
    assert_eq!(ended.code, 3);
    assert_eq!(record(&place, 4)["result"]["exit_code"], 3);
    // An interrupt is the command's own matter.
    let ended = exec(&place, &[], &["sh", "-c", "kill -INT $PPID; exit 5"]);
    assert_eq!(ended.code, 5);
    assert_eq!(place.run(["gaps"]).code, 0);
}

#[test]
fn files_are_watched_where_it_is_asked_for() {
    let place = Place::new();
    let touch =
        ["sh", "-c", "touch here; touch \"$0/there\"", &place.beside("else").display().to_string()].map(str::to_owned);
    std::fs::create_dir(place.beside("else")).unwrap();
    let touch: Vec<&str> = touch.iter().map(String::as_str).collect();
    let files = |options: &[&str]| {
        assert_eq!(exec(&place, options, &touch).code, 0);
        let newest = place.json(["query", "--phase", "outcome", "--limit", "1"])["records"][0]["seq"].as_u64().unwrap();
        std::fs::remove_file(place.project().join("here")).unwrap();
        std::fs::remove_file(place.beside("else/there")).unwrap();
        record(&place, newest)["result"]["files"].clone()
    };
    assert_eq!(files(&[])["list"][0]["path"], "here");
    assert_eq!(files(&["--no-watch"]), Value::Null);
    let other = place.beside("else").display().to_string();
    assert_eq!(files(&["--watch", &other])["list"][0]["path"], "there");
    assert_eq!(files(&["--watch", "/nowhere"])["complete"], false, "not looked at is not unchanged");
    // Outside of a project nothing is watched that nobody asked for.
    place.ok(["--book", "default", "init", "--quiet"]);
    let mut command = place.command(["exec", "--", "/bin/true"]);
    command.current_dir("/");
    assert_eq!(end(&mut command, b"").code, 0);
    let newest = place.json(["tail", "-n", "1", "--book", "default"])["records"][0]["record"].clone();
    assert_eq!((&newest["phase"], &newest["project"]), (&json!("outcome"), &Value::Null));
}
