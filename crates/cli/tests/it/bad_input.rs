//! What nobody should give: each gets its error, which names the input, the place and the mend, and the
//! book verifies afterwards. Disks and books that cannot be written are in `bad_place`.

use std::process::{Command, Stdio};

use crate::fixture::{Ended, Place, end};

/// More than the program needs to say no, and far less than what it is given.
const ADDRESS_SPACE_KIB: u32 = 300_000;

fn place_with_a_record() -> Place {
    let place = Place::new();
    place.append(&["--action", "a", "--target", "t"]);
    place
}

/// The error, in full; and after it the book is what it was.
fn refused(place: &Place, ended: &Ended, code: &str, says: &str) {
    assert_eq!(ended.code, 2, "{ended:?}");
    let at = ended.err.find("error[").unwrap_or_else(|| panic!("{ended:?}"));
    let mut lines = ended.err[at..].lines();
    let error = lines.next().unwrap();
    assert!(error.starts_with(&format!("error[{code}]: ")) && error.contains(says), "{says}: {ended:?}");
    assert!(lines.next().is_some_and(|help| help.starts_with("help: ")), "a mend: {ended:?}");
    assert!(ended.err.len() < 600, "nothing is quoted: {}", ended.err.len());
    let report = place.json(["verify"]);
    assert_eq!((&report["valid"], &report["size"]), (&true.into(), &2.into()), "nothing was sealed: {report}");
}

/// One record over all ways by which a stranger's JSON comes in.
fn give(place: &Place, record: &[u8], code: &str, says: &str) {
    place.write("bad.jsonl", record);
    for (arguments, input) in [
        (&["append", "--json", "-"][..], record),
        (&["import", "-"], record),
        (&["append", "--json", "bad.jsonl"], b""),
        (&["import", "bad.jsonl"], b""),
    ] {
        let ended = place.run_with(arguments, input);
        refused(place, &ended, code, says);
        let source = if arguments.contains(&"-") { "standard input" } else { "bad.jsonl" };
        assert!(ended.err.contains(source), "which input: {ended:?}");
    }
}

#[test]
fn malformed_json_is_named_with_its_place() {
    let place = place_with_a_record();
    for (record, says) in [
        (&br#"{"action":"a","target":"t","input":{"n":}}"#[..], "column 41"),
        (br#"{"action":"a","target":"t""#, "column 26"),
        (br#"{"action":"a","target":"t"} trailing"#, "column 29"),
        (b"\x01\x02\x03", "column 1"),
        (br#"["a list"]"#, "column 1"),
    ] {
        give(&place, record, "invalid_json", says);
    }
}

#[test]
fn invalid_utf_8_is_named_with_its_place() {
    let place = place_with_a_record();
    give(&place, b"{\"action\":\"a\",\"target\":\"t\",\"input\":\"\xff\"}", "input_not_utf8", "column 37");
    give(&place, b"\xfe\xff\x00{", "input_not_utf8", "column 1");
    // Half of a character, as after a cut.
    give(&place, b"{\"action\":\"a\",\"target\":\"\xe2\x82\"}", "input_not_utf8", "column 25");
}

#[test]
fn deep_nesting_is_refused_at_every_depth() {
    let place = place_with_a_record();
    for depth in [129, 100_000, 500_000] {
        let record =
            format!("{{\"action\":\"a\",\"target\":\"t\",\"input\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
        give(&place, record.as_bytes(), "nesting_too_deep", "part `input`");
    }
    // Never closed: it is read without descending, and the end is named.
    let record = format!("{{\"action\":\"a\",\"target\":\"t\",\"input\":{}", "{\"a\":".repeat(1 << 20));
    give(&place, record.as_bytes(), "invalid_json", "it ends too early");
}

#[test]
fn a_value_of_100_mib_is_refused_before_it_is_read() {
    let place = place_with_a_record();
    let mut record = br#"{"action":"a","target":"t","input":""#.to_vec();
    record.resize(record.len() + (100 << 20), b'x');
    record.extend_from_slice(b"\"}\n");
    give(&place, &record, "input_too_large", "more than 17825792 bytes");
    // What fits a record and not a part is read, and named by its part.
    let part = format!("{{\"action\":\"a\",\"target\":\"t\",\"input\":\"{}\"}}", "x".repeat(16 << 20));
    give(&place, part.as_bytes(), "value_too_large", "part `input`");
}

/// Input that has no end, in little memory: whoever reads it to the end, or keeps it, does not come back.
#[test]
fn input_without_an_end_is_refused_in_little_memory() {
    let place = place_with_a_record();
    let limited = format!("ulimit -v {ADDRESS_SPACE_KIB} && exec \"$0\" \"$@\"");
    for arguments in [
        &["append", "--json", "-"][..],
        &["import", "-"],
        &["append", "--json", "/dev/zero"],
        &["import", "/dev/zero"],
        &["append", "--action", "a", "--target", "t", "--input", "-"],
        &["append", "--action", "a", "--target", "t", "--input", "@/dev/zero"],
    ] {
        let program = place.command(arguments);
        let mut command = Command::new("/bin/sh");
        command.args(["-c", &limited]).arg(program.get_program()).args(program.get_args());
        command.env_clear().envs(program.get_envs().filter_map(|(name, value)| Some((name, value?))));
        command.current_dir(place.project());
        command.stdin(Stdio::from(std::fs::File::open("/dev/zero").unwrap()));
        let output = command.output().unwrap();
        let ended = Ended {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        };
        refused(&place, &ended, "input_too_large", "more than 17825792 bytes");
    }
}

#[test]
fn a_clock_that_goes_back_is_told_and_breaks_nothing() {
    let place = place_with_a_record();
    let shim = place.beside("clock.so");
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/clock.c");
    let mut compiler = Command::new("cc");
    compiler.args(["-shared", "-fPIC", "-O1", "-Wall", "-Wextra", "-Werror", "-o"]).arg(&shim).args([source, "-ldl"]);
    let ended = end(&mut compiler, b"");
    assert_eq!(ended.code, 0, "{ended:?}");
    let at = |seconds: &str, arguments: &[&str]| {
        end(place.command(arguments).env("LD_PRELOAD", &shim).env("SHIM_CLOCK_S", seconds), b"")
    };
    // Two hours back, further back, before 1970, and forward again.
    for (seconds, target) in [("-7200", "b"), ("-90000", "c"), ("-4000000000", "d"), ("0", "e")] {
        let ended = at(seconds, &["append", "--action", "a", "--target", target]);
        assert_eq!(ended.code, 0, "{ended:?}");
    }
    let report = place.json(["verify"]);
    assert_eq!((&report["valid"], &report["verified_entries"]), (&true.into(), &6.into()), "{report}");
    let told: Vec<u64> = report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|finding| finding["code"] == "clock_step")
        .map(|finding| finding["seq"].as_u64().unwrap())
        .collect();
    assert_eq!(told, [2, 3, 4]);
    // It is a thing to look at, with the records around it.
    let ended = place.run(["verify", "--complete", "--format", "json"]);
    let report: serde_json::Value = serde_json::from_str(&ended.out).unwrap();
    let steps = report["completeness"]["clock_steps"].as_array().unwrap();
    let around: Vec<(u64, u64)> =
        steps.iter().map(|step| (step["after"].as_u64().unwrap(), step["before"].as_u64().unwrap())).collect();
    assert_eq!((ended.code, around), (1, vec![(1, 2), (2, 3), (3, 4)]));
    assert!(steps[0]["back_us"].as_i64().unwrap() > 7_000_000_000);
    // Order is the place in the book, whatever the clock said.
    let page = place.json(["query", "--action", "a", "--ascending"]);
    let targets: Vec<&str> =
        page["records"].as_array().unwrap().iter().map(|r| r["record"]["target"]["id"].as_str().unwrap()).collect();
    assert_eq!(targets, ["t", "b", "c", "d", "e"]);
}
