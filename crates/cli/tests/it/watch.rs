//! Watching files, logs and services, as a program that is told to end.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};

use serde_json::Value;

use crate::fixture::Place;

/// A watch that runs, and what it says line by line.
struct Watch {
    child: Child,
    lines: Receiver<String>,
}

impl Watch {
    /// Starts it, and waits until it watches.
    fn start(place: &Place, arguments: &[&str]) -> Self {
        let all = ["watch"].iter().chain(arguments).chain(&["--format", "json"]);
        let mut command = place.command(all);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let (say, lines) = channel();
        let err = child.stderr.take().unwrap();
        std::thread::spawn(move || {
            use std::io::BufRead as _;
            std::io::BufReader::new(err).lines().map_while(Result::ok).for_each(|line| drop(say.send(line)));
        });
        let watch = Self { child, lines };
        watch.hears("watching;");
        watch
    }

    /// Waits for a line that says this.
    fn hears(&self, what: &str) -> String {
        self.lines.iter().find(|line| line.contains(what)).unwrap_or_else(|| panic!("it never said {what:?}"))
    }

    fn signal(&self, name: &str) {
        let killed = Command::new("kill").args([&format!("-{name}"), &self.child.id().to_string()]).status().unwrap();
        assert!(killed.success());
    }

    /// Ends it as a person does; its code and what it says at the end.
    fn end(self) -> (i32, Value) {
        self.signal("INT");
        let output = self.child.wait_with_output().unwrap();
        (output.status.code().unwrap(), serde_json::from_slice(&output.stdout).unwrap())
    }
}

fn results(place: &Place, action: &str) -> Vec<Value> {
    let page = place.json(["query", "--action", action, "--limit", "1000"]);
    let ids = page["records"].as_array().unwrap().iter().map(|it| it["record"]["id"].as_str().unwrap().to_owned());
    ids.map(|id| place.json(["show", &id])["record"]["result"].clone()).collect()
}

/// What was sealed of a path, newest first.
fn of_path(place: &Place, path: &str) -> Vec<Value> {
    let all = results(place, "watch.changed").into_iter();
    let lines = all.flat_map(|it| it["paths"].as_array().unwrap().clone());
    lines.filter(|line| line["path"] == path).collect()
}

fn sha256(path: &Path) -> String {
    let output = Command::new("sha256sum").arg(path).output().unwrap();
    String::from_utf8(output.stdout).unwrap()[..64].to_owned()
}

#[test]
fn what_happens_to_files_is_sealed_as_it_happens() {
    let place = Place::new();
    place.write(".gitignore", "out/\n");
    place.write("src/deep/.gitignore", "*.log\n!kept.log\n");
    place.write("old.txt", "old");
    place.write("out/x", "");
    let watch = Watch::start(&place, &["."]);
    place.write("src/deep/new.txt", "one");
    watch.hears("events");
    place.write("src/deep/new.txt", "two");
    place.write("src/deep/x.log", "nobody asked");
    place.write("src/deep/kept.log", "somebody did");
    place.write("out/x", "nobody asked");
    std::fs::remove_file(place.project().join("old.txt")).unwrap();
    watch.hears("1 gone");
    let (code, told) = watch.end();
    assert_eq!(code, 0, "{told}");
    assert_eq!((&told["gaps"], &told["incomplete"]), (&0.into(), &0.into()));
    assert!(told["ignored"].as_u64().unwrap() > 0, "{told}");
    let new = of_path(&place, "src/deep/new.txt");
    assert_eq!(new[0]["sha256"], sha256(&place.project().join("src/deep/new.txt")));
    let old = of_path(&place, "old.txt");
    assert_eq!((&old[0]["sort"], &old[0]["gone"]), (&"removed".into(), &true.into()));
    assert!(of_path(&place, "out/x").is_empty() && of_path(&place, "src/deep/x.log").is_empty());
    assert_eq!(of_path(&place, "src/deep/kept.log").len(), 1, "an ignore file within counts for what is below it");
    let runs = place.json(["query", "--action", "watch.run"]);
    let phases: Vec<&str> =
        runs["records"].as_array().unwrap().iter().map(|it| it["record"]["phase"].as_str().unwrap()).collect();
    assert_eq!(phases, ["outcome", "intent"]);
}

#[test]
fn a_module_is_watched_by_its_name() {
    let place = Place::new();
    place.write("Cargo.toml", "[workspace]\nmembers = [\"crates/api\"]\n");
    place.write("crates/api/Cargo.toml", "[package]\nname = \"shop-api\"\nversion = \"0.1.0\"\n");
    crate::fixture::git(&place.project(), &["init", "--quiet"]);
    let watch = Watch::start(&place, &["--module", "shop-api"]);
    place.write("elsewhere.txt", "no");
    place.write("crates/api/src/lib.rs", "pub fn a() {}\n");
    watch.hears("events");
    let (code, told) = watch.end();
    assert_eq!(code, 0, "{told}");
    assert!(of_path(&place, "src/lib.rs").len() == 1 && of_path(&place, "elsewhere.txt").is_empty());
}

/// The system drops events that nobody fetches: the program is stopped while more happen than its queue holds.
#[test]
fn events_that_were_lost_are_said_and_looked_for() {
    let queue: usize =
        std::fs::read_to_string("/proc/sys/fs/inotify/max_queued_events").unwrap().trim().parse().unwrap();
    let place = Place::new();
    place.write("many/.keep", "");
    let watch = Watch::start(&place, &["."]);
    watch.signal("STOP");
    let many = place.project().join("many");
    // Each comes, is opened, changed and closed: some events of each.
    for nth in 0..queue / 2 {
        std::fs::write(many.join(format!("f{nth}")), "x").unwrap();
    }
    watch.signal("CONT");
    watch.hears("EVENTS WERE LOST");
    let (code, told) = watch.end();
    assert_eq!(code, 3, "{told}");
    assert!(told["gaps"].as_u64().unwrap() >= 1);
    let gap = results(&place, "watch.gap").remove(0);
    assert_eq!((&gap["why"], &gap["lost"]), (&"queue_overflow".into(), &"unknown".into()));
    // The look after it found what nobody told of.
    let newest = results(&place, "file.manifest").remove(0);
    assert!(newest.to_string().contains(&(queue / 2 + 1).to_string()), "{newest}");
}

#[test]
fn logs_are_read_on_over_rotation() {
    let place = Place::new();
    let log = place.project().join("var/shop.log");
    let line =
        |nth: usize| format!("{{\"time\":\"2026-01-01T00:00:00Z\",\"level\":\"error\",\"msg\":\"failed {nth}\"}}\n");
    place.write("var/shop.log", line(0));
    let watch = Watch::start(&place, &["--logs", "var"]);
    let append = |from: usize, count: usize| {
        use std::io::Write as _;
        let mut file = std::fs::File::options().create(true).append(true).open(&log).unwrap();
        (from..from + count).for_each(|nth| file.write_all(line(nth).as_bytes()).unwrap());
    };
    append(1, 10);
    watch.hears("log entries, 10 ERRORS");
    std::fs::rename(&log, place.project().join("var/shop.log.1")).unwrap();
    append(11, 10);
    watch.hears("log entries, 10 ERRORS");
    let (_, told) = watch.end();
    assert_eq!(told["gaps"], 0);
    let entries: u64 = results(&place, "log.segment").iter().map(|it| it["entries"].as_u64().unwrap()).sum();
    assert_eq!(entries, 21, "each line once");
}

#[test]
fn a_service_is_looked_at_again_and_again() {
    let place = Place::new();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    place.write("services.yaml", format!("services: {{db: {{checks: [{{tcp: '127.0.0.1:{port}', timeout: 5s}}]}}}}\n"));
    let watch = Watch::start(&place, &["--service", "db", "--interval", "1s"]);
    watch.hears("looked at service: 0 findings");
    drop(listener);
    watch.hears("looked at service: 1 findings");
    let (code, told) = watch.end();
    assert_eq!(code, 1, "{told}");
    assert_eq!(told["worst"], "critical");
}

#[test]
fn what_cannot_be_watched_is_refused() {
    let place = Place::new();
    place.write("a.txt", "");
    for arguments in [&["a.txt"][..], &["nowhere"], &[".", "--for", "never"], &[".", "--interval", "0"]] {
        let ended = place.run(["watch"].iter().chain(arguments));
        assert_eq!(ended.code, 2, "{arguments:?}: {ended:?}");
    }
    let ended = place.run(["watch", ".", "--for", "1s", "--format", "json"]);
    assert_eq!(ended.code, 0, "{ended:?}");
}

#[test]
fn what_logs_said_between_the_looks_is_told_at_the_end() {
    use std::io::Write as _;
    let place = Place::new();
    place.write("var/shop.log", "2026-11-21 10:00:00 INFO begun\n");
    let watch = Watch::start(&place, &["--logs", "var", "--fail-on", "error"]);
    let mut log = std::fs::OpenOptions::new().append(true).open(place.project().join("var/shop.log")).unwrap();
    let errors = "2026-11-21 10:00:01 CRITICAL payment service cannot reach database\n".repeat(50);
    log.write_all(errors.as_bytes()).unwrap();
    watch.hears("50 ERRORS");
    log.write_all(b"2026-11-21 10:00:09 INFO ok\n").unwrap();
    watch.hears("read 1 log entries;");
    let (code, told) = watch.end();
    assert_eq!(code, 1, "{told}");
    assert_eq!(
        (&told["errors"], &told["findings"], &told["worst"]),
        (&50.into(), &1.into(), &"error".into()),
        "{told}"
    );
    assert!(place.ok(["export"]).contains("log.error.new"));
    let again = place.json(["logs", "--dir", "var"]);
    assert_eq!(again["audit"]["run"]["findings"], serde_json::json!([]), "once");
}

#[test]
fn a_log_is_waited_for() {
    let place = Place::new();
    place.write("var/.keep", "");
    let watch = Watch::start(&place, &["--logs", "var"]);
    place.write("var/shop.log", "2026-11-21 10:00:00 INFO begun\n");
    watch.hears("read 1 log entries");
    assert_eq!(watch.end().0, 0);
    let empty = Place::new();
    let watch = Watch::start(&empty, &["--logs", "."]);
    assert_eq!(watch.end().0, 3, "nothing was ever read");
}
