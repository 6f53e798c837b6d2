//! `sealbook rules replay` of proposed rules over a large book, against a bare loop that reads the same rows; and
//! the peak of its memory beside that of a tenth of the book. What it counts is held to what was planted.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::measure::{Bound, Contender, Row, in_turns, rate, tell, timed};
use crate::records::RARE_WORD;
use crate::{Result, book, place, program, setting};

/// How often the child's memory is looked at. The peak never falls, so only what comes after the last look is missed.
const LOOK_EVERY: Duration = Duration::from_millis(10);

pub(crate) fn run() -> Result {
    let records = setting("SEALBOOK_BENCH_RECORDS", 1_000_000)? as usize;
    let large = Book::new(records)?;
    let small = Book::new(records / 10)?;
    let peaks = std::cell::RefCell::new(Vec::new());
    let contenders: Vec<Contender<'_>> = vec![
        (
            "replay",
            Box::new(|| {
                let (peak, took) = timed(|| large.replay())?;
                peaks.borrow_mut().push(peak);
                Ok(rate(records, took))
            }),
        ),
        ("bare loop", Box::new(|| Ok(rate(records, timed(|| large.read())?.1)))),
        ("peak, a tenth", Box::new(|| small.replay())),
    ];
    let figures = in_turns(contenders)?;
    let what = format!("three rules over {records} records, against reading them");
    tell(Row { bench: "replay", what: &what, unit: "records/s", target: None }, &figures[0], &figures[1]);
    let what = "peak memory, beside a tenth of the records";
    let row = Row { bench: "replay", what, unit: "MiB", target: Some(Bound::AtMost(1.2)) };
    tell(row, &peaks.into_inner(), &figures[2]);
    Ok(())
}

/// A home with a book of the first records, and rules to replay over it.
struct Book {
    dir: TempDir,
    records: usize,
}

impl Book {
    fn new(records: usize) -> Result<Self> {
        let dir = place::fresh()?;
        drop(book::build(dir.path(), records, true, true)?);
        let rules = format!(
            "- id: warned-calls\n  effect: block\n  cel: action == 'tool.call' && severity == 'warning'\n\
             - id: rare-word\n  effect: alert\n  when: {{field: result.stdout, matches: '\\b{RARE_WORD}\\b'}}\n\
             - id: bearers\n  effect: ask\n  when: {{field: input.headers.authorization, starts_with: Bearer}}\n"
        );
        std::fs::write(dir.path().join("rules.yaml"), rules)?;
        Ok(Self { dir, records })
    }

    /// Fitting and undecidable records of each rule, as `Maker` plants them.
    fn planted(&self) -> [(u64, u64); 3] {
        let count = |fits: &dyn Fn(usize) -> bool| (0..self.records).filter(|number| fits(*number)).count() as u64;
        [
            (count(&|number| number % 5 < 2 && number % 40 == 0), 0),
            (count(&|number| number % 10_000 == 77), 0),
            (0, count(&|number| number % 100 == 0)),
        ]
    }

    /// Replays, checks the counts, and gives the most memory that the program held, in MiB.
    fn replay(&self) -> Result<f64> {
        let mut command = Command::new(program()?);
        command.env_clear().env("SEALBOOK_HOME", self.dir.path()).env("HOME", self.dir.path());
        command.arg("rules").arg("replay").arg(self.dir.path().join("rules.yaml")).args(["--format", "json", "--book"]);
        let mut child = command.arg(self.dir.path().join("book")).stdout(Stdio::piped()).spawn()?;
        let status = format!("/proc/{}/status", child.id());
        let mut peak = 0.0;
        while child.try_wait()?.is_none() {
            peak = peak_mib(Path::new(&status)).unwrap_or(peak);
            std::thread::sleep(LOOK_EVERY);
        }
        let output = child.wait_with_output()?;
        self.check(&serde_json::from_slice(&output.stdout)?)?;
        Ok(peak)
    }

    fn check(&self, told: &Value) -> Result {
        let rules = told["rules"].as_array().map(Vec::as_slice).unwrap_or_default();
        let counted: Vec<Value> = rules.iter().map(|rule| json!([rule["fits"], rule["undecidable"]])).collect();
        let planted: Vec<Value> = self.planted().iter().map(|(fits, undecidable)| json!([fits, undecidable])).collect();
        if counted != planted {
            return Err(format!("counted {counted:?}, planted {planted:?}").into());
        }
        Ok(())
    }

    /// Reads every row, and does nothing with it.
    fn read(&self) -> Result {
        let path = book::layout(self.dir.path()).ledger_db();
        let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        let mut select = connection.prepare("SELECT leaf, content FROM records ORDER BY seq")?;
        let (mut rows, mut seen) = (select.query([])?, 0);
        while let Some(row) = rows.next()? {
            std::hint::black_box((row.get_ref(0)?.as_blob()?.len(), row.get_ref(1)?.as_blob()?.len()));
            seen += 1;
        }
        if seen == self.records + 1 { Ok(()) } else { Err(format!("{seen} rows were read").into()) }
    }
}

fn peak_mib(status: &Path) -> Option<f64> {
    let status = std::fs::read_to_string(status).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: f64 = line.trim().trim_end_matches(" kB").parse().ok()?;
    Some(kib / 1024.0)
}
