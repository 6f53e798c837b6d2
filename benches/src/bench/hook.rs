//! A hook's whole life: a cold process that judges one call under 200 rules and seals it, against `/bin/true` and
//! the 30 ms that may come on top. Once with the book that only holds its rules, once with a long one.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Instant;

use serde_json::json;
use tempfile::TempDir;

use super::rules;
use crate::measure::{Bound, Contender, Row, in_turns, median, tell};
use crate::records::Maker;
use crate::{Failure, Result, place, program, setting};

/// What may come on top of `/bin/true`, in milliseconds.
const MORE_MS: f64 = 30.0;
/// Records of the long book.
const LONG: u64 = 50_000;
/// What a person types, in a file.
const PASSPHRASE: &str = "correct horse battery";

pub(crate) fn run() -> Result {
    let calls = (setting("SEALBOOK_BENCH_CALLS", 5_000)? as usize / 100).clamp(5, 50);
    let short = Home::new(0)?;
    let long = Home::new(setting("SEALBOOK_BENCH_RECORDS", 1_000_000)?.min(LONG))?;
    let contenders: Vec<Contender<'_>> = vec![
        ("hook", Box::new(|| median_ms(calls, || short.hook()))),
        ("hook, long book", Box::new(|| median_ms(calls, || long.hook()))),
        ("true", Box::new(|| median_ms(calls, || ran(&mut Command::new("/bin/true"), "")))),
    ];
    let figures = in_turns(contenders)?;
    let allowed: Vec<f64> = figures[2].iter().map(|idle| idle + MORE_MS).collect();
    for (at, what) in [
        (0, "cold process, 200 rules, durable, against /bin/true and 30 ms".to_owned()),
        (1, format!("the same in a book of {} records", long.records)),
    ] {
        let target = Some(Bound::AtMost(1.0));
        tell(Row { bench: "hook", what: &what, unit: "ms, median", target }, &figures[at], &allowed);
    }
    short.check(calls)?;
    long.check(calls)
}

/// A home with a project, and a book under 200 rules for it.
struct Home {
    dir: TempDir,
    records: u64,
}

impl Home {
    fn new(records: u64) -> Result<Self> {
        let home = Self { dir: place::fresh()?, records };
        std::fs::create_dir(home.project())?;
        home.write("passphrase", PASSPHRASE)?;
        home.write("rules.yaml", &rules::yaml(|_| String::new())?)?;
        let (passphrase, rules) = (home.text("passphrase"), home.text("rules.yaml"));
        home.ok(&["init", "--quiet"], "")?;
        home.ok(&["key", "approver", "--new-passphrase-file", &passphrase], "")?;
        home.ok(&["rules", "add", &rules, "--passphrase-file", &passphrase], "")?;
        if records > 0 {
            let lines = Maker::new(1).batch(records as usize)?.iter().map(|it| it.to_json() + "\n").collect::<String>();
            home.write("records.jsonl", &lines)?;
            home.ok(&["import", &home.text("records.jsonl")], "")?;
        }
        Ok(home)
    }

    /// One call of a shell, as the agent tells it before it happens.
    fn hook(&self) -> Result {
        let event = json!({
            "session_id": "0d9c1c52-6a2e-4c5e-9f0d-6f0f5a1b7a10",
            "transcript_path": "/home/ann/.claude/projects/shop/0d9c1c52.jsonl",
            "cwd": self.project(),
            "permission_mode": "default",
            "hook_event_name": "PreToolUse",
            "tool_name": "Bash",
            "tool_input": {"command": "cargo test --workspace -- --nocapture", "description": "Run the tests"},
            "tool_use_id": "toolu_01ABCDEFGHJKMNPQRSTVWXYZ",
        });
        self.ok(&["hook", "claude-code"], &event.to_string())
    }

    /// Every call is on record, and nothing was refused.
    fn check(&self, calls: usize) -> Result {
        let told = self.command(&["query", "--action", "command.run", "--limit", "10000", "--format", "json"]);
        let found: serde_json::Value = serde_json::from_slice(&output(told)?)?;
        let records = found["records"].as_array().ok_or("the answer has no records")?;
        let intents =
            records.iter().filter(|record| record["record"]["phase"] == "intent" || record["phase"] == "intent");
        match intents.count() {
            sealed if sealed >= calls && sealed == records.len() => Ok(()),
            sealed => Err(format!("{sealed} of {} calls are sealed intents", records.len()).into()),
        }
    }

    fn project(&self) -> PathBuf {
        self.dir.path().join("shop")
    }

    fn text(&self, name: &str) -> String {
        self.dir.path().join(name).display().to_string()
    }

    fn write(&self, name: &str, text: &str) -> Result {
        Ok(std::fs::write(self.dir.path().join(name), text)?)
    }

    fn command(&self, arguments: &[&str]) -> Result<Command> {
        let mut command = Command::new(program()?);
        command.env_clear().env("SEALBOOK_HOME", self.dir.path().join("home")).env("HOME", self.dir.path());
        command.current_dir(self.project()).args(arguments);
        Ok(command)
    }

    fn ok(&self, arguments: &[&str], input: &str) -> Result {
        ran(&mut self.command(arguments)?, input)
    }
}

/// Runs it to its end, which must be clean.
fn ran(command: &mut Command, input: &str) -> Result {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::inherit()).spawn()?;
    let mut stdin = child.stdin.take().ok_or("the child has an input")?;
    // What reads nothing closes it.
    let _ = stdin.write_all(input.as_bytes());
    drop(stdin);
    let status = child.wait()?;
    if status.success() { Ok(()) } else { Err(Failure::from(format!("{command:?}: {status}"))) }
}

fn output(command: Result<Command>) -> Result<Vec<u8>> {
    Ok(command?.stderr(Stdio::inherit()).output()?.stdout)
}

fn median_ms(times: usize, mut work: impl FnMut() -> Result) -> Result<f64> {
    let mut all = Vec::with_capacity(times);
    for _ in 0..times {
        let begun = Instant::now();
        work()?;
        all.push(begun.elapsed().as_secs_f64() * 1e3);
    }
    Ok(median(&all))
}
