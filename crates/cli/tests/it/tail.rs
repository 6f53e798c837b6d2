//! The newest records, and those that come: `tail`.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStdout, Stdio};

use serde_json::Value;

use crate::fixture::Place;

fn append(place: &Place, action: &str) {
    place.append(&["--action", action, "--target", "t"]);
}

/// The program while it follows, killed at the end of the test.
struct Following(Child, Option<BufReader<ChildStdout>>);

impl Following {
    fn start(place: &Place, arguments: &[&str]) -> Self {
        let mut command = place.command(["tail", "--follow"].iter().chain(arguments));
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        Self(child, Some(out))
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.1.as_mut().unwrap().read_line(&mut line).unwrap();
        line
    }

    fn action(&mut self) -> String {
        let line = self.line();
        let record: Value = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"));
        record["record"]["action"].as_str().unwrap().to_owned()
    }
}

impl Drop for Following {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn the_newest_stand_last() {
    let place = Place::new();
    for n in 0..15 {
        append(&place, &format!("a{n}"));
    }
    let actions = |arguments: &[&str]| -> Vec<String> {
        let out = place.ok(["tail", "--format", "jsonl"].iter().chain(arguments));
        let action =
            |line: &str| serde_json::from_str::<Value>(line).unwrap()["record"]["action"].as_str().unwrap().to_owned();
        out.lines().map(action).collect()
    };
    assert_eq!(actions(&[]), (5..15).map(|n| format!("a{n}")).collect::<Vec<_>>());
    assert_eq!(actions(&["-n", "2"]), ["a13", "a14"]);
    assert_eq!(actions(&["--action", "a1*", "-n", "3"]), ["a12", "a13", "a14"]);
    assert_eq!(actions(&["-n", "0"]), [""; 0]);
    assert_eq!(place.json(["tail"])["records"].as_array().unwrap().len(), 10);
    for format in ["terminal", "markdown"] {
        assert!(place.ok(["tail", "--format", format]).contains("a14"));
    }
}

#[test]
fn what_comes_is_shown_when_it_is_sealed() {
    let place = Place::new();
    append(&place, "before");
    let mut all = Following::start(&place, &["--format", "jsonl"]);
    assert_eq!([all.line().contains("\"seq\":0"), all.action() == "before"], [true, true]);
    // Whatever is sealed before they are up they show as the newest, and whatever comes then as it comes.
    let mut some = Following::start(&place, &["--format", "jsonl", "--action", "w*"]);
    let mut told = Following::start(&place, &["--format", "terminal"]);
    for action in ["wanted", "other", "wanted.too", "more", "wanted.last"] {
        append(&place, action);
        assert_eq!(all.action(), action);
    }
    assert_eq!([some.action(), some.action(), some.action()], ["wanted", "wanted.too", "wanted.last"]);
    while !told.line().contains("wanted.last") {}
}

#[test]
fn it_ends_when_nobody_reads() {
    let place = Place::new();
    append(&place, "a");
    let mut following = Following::start(&place, &[]);
    assert!(!following.line().is_empty());
    // The reader goes away, and nothing is sealed any more.
    following.1 = None;
    assert!(following.0.wait().unwrap().success());
}

#[test]
fn it_ends_when_it_is_interrupted() {
    use std::os::unix::process::ExitStatusExt;
    let place = Place::new();
    let mut following = Following::start(&place, &[]);
    assert!(!following.line().is_empty());
    let pid = rustix::process::Pid::from_child(&following.0);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    assert_eq!(following.0.wait().unwrap().signal(), Some(2));
    let mut rest = String::new();
    following.1.take().unwrap().read_to_string(&mut rest).unwrap();
    assert!(rest.is_empty() || rest.ends_with('\n'), "no half of a line");
}

#[test]
fn what_has_no_end_is_not_written_to_a_file() {
    let place = Place::new();
    let ended = place.run(["tail", "--follow", "--output", "x"]);
    assert!(ended.code == 2 && ended.err.starts_with("error[usage]"), "{ended:?}");
}
