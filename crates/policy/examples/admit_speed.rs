//! How long admitting one record takes: `cargo run --release -p sealbook-policy --example admit_speed`.
//!
//! Records have about 600 bytes of content and an ordinary statement. Each figure is the median of
//! eleven runs over 20,000 records, taken in batches of 64; making the records is not included.

#![expect(clippy::print_stdout, reason = "it prints its figures")]

use std::time::{Duration, Instant};

use sealbook_policy::{DigestKey, Policy, Raw};
use sealbook_record::{Actor, ActorKind, Category, Outcome, PartName, Record, Target, TargetKind, Timestamp, Uuid};

const RECORDS: usize = 20_000;
const RUNS: usize = 11;
const BATCH: usize = 64;

const CLEAN: &str = r#"{"tool":"write_file","arguments":{"path":"crates/store/src/ledger.rs","mode":"overwrite","create_dirs":true,"lines":[12,13,14,15,200,201],"content":"pub fn append(&mut self, batch: Vec<Judged>) -> Result<Vec<Receipt>, Error> { self.fence()?; self.insert(batch) }","encoding":"utf-8"},"usage":{"prompt_tokens":1834,"completion_tokens":211,"total_tokens":2045},"author":"Ann Author <ann@example.org>","commit":"da39a3ee5e6b4b0d3255bfef95601890afd80709","started":"2026-01-31T10:00:00.123456Z","duration_ms":12.75,"labels":["storage","sqlite","hot path"],"note":"written after review, see the design notes"}"#;

fn main() {
    let policy = Policy::new(DigestKey::new([7; 32]));
    let escaped = CLEAN.replace(", ", ",\\n    ");
    let secret = CLEAN.replace("hot path", &["gh", "p_a1B2c3D4e5F6g7H8i9J0kLmNoPqRsTuVwXyZ"].concat());
    let named = CLEAN.replace("\"encoding\"", "\"password\"");
    for (what, content) in
        [("nothing secret", CLEAN), ("line breaks", &escaped), ("one token", &secret), ("one password", &named)]
    {
        let mut nanos: Vec<f64> = (0..RUNS).map(|_| run(&policy, content)).collect();
        nanos.sort_by(f64::total_cmp);
        println!("{what:16} {:5} bytes  {:7.0} ns a record", content.len(), nanos[RUNS / 2]);
    }
}

fn run(policy: &Policy, content: &str) -> f64 {
    let mut spent = Duration::ZERO;
    for batch in 0..RECORDS / BATCH {
        let records: Vec<Raw> = (0..BATCH).map(|index| Raw::new(record(batch * BATCH + index, content))).collect();
        let start = Instant::now();
        let admitted: Vec<_> = records.into_iter().map(|raw| policy.admit(raw)).collect();
        spent += start.elapsed();
        assert!(admitted.iter().all(Result::is_ok), "every record is within the limits");
    }
    spent.as_nanos() as f64 / (RECORDS / BATCH * BATCH) as f64
}

fn record(index: usize, content: &str) -> Record {
    let actor = Actor::new(ActorKind::Agent, "coding-agent-7");
    let target = Target::new(TargetKind::File, format!("crates/store/src/ledger_{index}.rs"));
    let now = Timestamp::from_micros(1_770_000_000_000_000 + index as i64);
    let mut record = Record::event(Uuid::from_u128(index as u128), actor, "file.write", target, now);
    record.category = Category::FileWrite;
    record.outcome = Some(Outcome::Ok);
    record.session = Some("0190-session".to_owned());
    record.project = Some("sealbook".to_owned());
    record.reason = Some("apply the reviewed change".to_owned());
    record.tags = vec!["edit".to_owned(), "storage".to_owned()];
    record.set_part_json(PartName::Input, content).expect("the content is JSON");
    record
}
