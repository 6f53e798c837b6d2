//! Audits by the clock.

use std::process::Stdio;

use serde_json::Value;

use crate::fixture::Place;

fn listed(place: &Place) -> Value {
    place.json(["schedule", "list"])["schedules"].clone()
}

/// Runs what is due until something was run; each try is a start of its own.
fn until_run(place: &Place) -> (i32, Value) {
    loop {
        let ended = place.run(["schedule", "run", "--once", "--format", "json"]);
        let told: Value = serde_json::from_str(&ended.out).unwrap_or_else(|error| panic!("{error}: {ended:?}"));
        if told["runs"] != 0 {
            return (ended.code, told);
        }
    }
}

#[test]
fn schedules_are_added_run_and_removed() {
    let place = Place::new();
    place.write("a.txt", "one");
    place.ok(["schedule", "add", "each-second", "--cron", "* * * * * *", "--sources", "file"]);
    place.ok(["schedule", "add", "nightly", "--cron", "0 3 * * *", "--zone", "Europe/Berlin", "--sources", "file"]);
    let all = listed(&place);
    assert_eq!(all.as_array().unwrap().len(), 2);
    assert_eq!((&all[1]["schedule"]["name"], &all[1]["runs"]), (&"nightly".into(), &0.into()));
    assert!(all[1]["next"].as_str().unwrap().contains(":00:00"), "{all}");

    let (_, told) = until_run(&place);
    assert_eq!((&told["runs"], &told["failed"]), (&1.into(), &0.into()), "{told}");
    // It is known after a restart which times were dealt with, and what was run.
    let first = listed(&place)[0].clone();
    assert_eq!((&first["runs"], &first["last_outcome"]), (&1.into(), &"ok".into()));
    let (_, _) = until_run(&place);
    let second = listed(&place)[0].clone();
    assert!(second["dealt_with"].as_str().unwrap() > first["dealt_with"].as_str().unwrap());
    let runs = place.json(["query", "--action", "schedule.run"]);
    let record = &runs["records"][0]["record"];
    let run = place.json(["show", record["id"].as_str().unwrap()])["record"]["result"]["run"].clone();
    let audit = place.json(["query", "--operation", run.as_str().unwrap(), "--action", "audit.run"]);
    assert_eq!(audit["records"].as_array().unwrap().len(), 2, "the run that it names is in the book");

    place.ok(["schedule", "remove", "each-second"]);
    assert_eq!(listed(&place).as_array().unwrap().len(), 1);
    assert_eq!(place.json(["schedule", "run", "--once"])["runs"], 0);
    assert_eq!(place.run(["schedule", "remove", "each-second"]).code, 2);
}

#[test]
fn what_was_missed_is_said() {
    let place = Place::new();
    place.ok(["schedule", "add", "each-second", "--cron", "* * * * * *", "--sources", "file"]);
    // Nobody runs it for some seconds: the listing tells when two times have passed.
    let added = listed(&place)[0]["next"].as_str().unwrap().to_owned();
    let seconds = |text: &str| text[17..19].parse::<i32>().unwrap();
    while (seconds(listed(&place)[0]["next"].as_str().unwrap()) - seconds(&added)).rem_euclid(60) < 3 {}
    let (code, told) = until_run(&place);
    assert_eq!(code, 3, "{told}");
    let missed = told["missed"].as_u64().unwrap();
    assert!(missed >= 2, "{told}");
    let record = place.json(["query", "--action", "schedule.missed"])["records"][0]["record"].clone();
    let result = place.json(["show", record["id"].as_str().unwrap()])["record"]["result"].clone();
    assert_eq!(result["count"], missed);
    assert!(listed(&place)[0]["missed"].as_u64().unwrap() >= missed);
}

#[test]
fn runs_do_not_overlap() {
    let place = Place::new();
    place.ok(["schedule", "add", "each-second", "--cron", "* * * * * *", "--sources", "file"]);
    // Another process holds it, as one does whose run is not over.
    let path = place.book().parent().unwrap().join("schedule-each-second.lock");
    let paths = [path.clone(), place.book().join("schedule-each-second.lock")];
    let held: Vec<std::fs::File> = paths
        .iter()
        .map(|path| {
            let file = std::fs::File::options().create(true).truncate(false).write(true).open(path).unwrap();
            file.lock().unwrap();
            file
        })
        .collect();
    let refused = loop {
        let ended = place.run(["schedule", "run", "--once", "--format", "json"]);
        let told: Value = serde_json::from_str(&ended.out).unwrap();
        assert_eq!(told["runs"], 0, "{told}");
        if told["refused"] != 0 {
            assert_eq!(ended.code, 3);
            break told["refused"].as_u64().unwrap();
        }
    };
    let record = place.json(["query", "--action", "schedule.refused"])["records"][0]["record"].clone();
    let result = place.json(["show", record["id"].as_str().unwrap()])["record"]["result"].clone();
    assert_eq!((&result["count"], &result["why"]), (&refused.into(), &"another process runs it".into()));
    drop(held);
    until_run(&place);
}

#[test]
fn it_goes_on_until_it_is_told_to_end() {
    let place = Place::new();
    place.ok(["schedule", "add", "each-second", "--cron", "* * * * * *", "--sources", "file"]);
    let mut command = place.command(["schedule", "run", "--format", "json"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let lines = std::io::BufRead::lines(std::io::BufReader::new(child.stderr.take().unwrap()));
    let ran = lines.map_while(Result::ok).filter(|line| line.contains("each-second: run")).take(2).count();
    assert_eq!(ran, 2);
    assert!(std::process::Command::new("kill").arg(child.id().to_string()).status().unwrap().success());
    let output = child.wait_with_output().unwrap();
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(told["runs"].as_u64().unwrap() >= 2, "{told}");
}

#[test]
fn what_is_no_schedule_is_refused() {
    let place = Place::new();
    for (arguments, says) in [
        (&["add", "x", "--cron", "hello"][..], "schedule_invalid"),
        (&["add", "x", "--cron", "0 0 30 2 *"], "no day"),
        (&["add", "x", "--cron", "0 0 * * *", "--zone", "Mars/Dust"], "zone"),
        (&["add", "../x", "--cron", "0 0 * * *"], "cannot name"),
        (&["add", "x", "--cron", "0 0 * * *", "--path", "nowhere"], "nowhere"),
        (&["remove", "x"], "no schedule"),
    ] {
        let ended = place.run(["schedule"].iter().chain(arguments).chain(&["--format", "json"]));
        assert_eq!(ended.code, 2, "{arguments:?}: {ended:?}");
        assert!(ended.err.contains(says), "{arguments:?}: {}", ended.err);
    }
    let forged = place.run(["append", "--action", "schedule.added", "--target", "other:x"]);
    assert_eq!(forged.code, 2, "{forged:?}");
}
