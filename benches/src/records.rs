//! Records as agents and services make them: about 600 bytes of JSON in `input` and `result`, and
//! a statement with the fields that such records have.
//!
//! The same seed makes the same records, apart from nothing: a book of 10,000 is the beginning of
//! one of a million. Words come from a vocabulary of 4,000 with the few used often and the many
//! seldom, as in text; each record also has a checksum and numbers that no other has, and one in
//! a hundred brings a secret that redaction has to take out.

use std::fmt::Write as _;

use sealbook_ledger::Uuid;
use sealbook_record::{
    Actor, ActorKind, Category, IdSource, Outcome, PartName, Record, Severity, Target, TargetKind, Timestamp,
};
use sealbook_testkit::Rng;

use crate::Result;

/// A word that one record in 10,000 has.
pub(crate) const RARE_WORD: &str = "quinquereme";
/// Two words that are common, but never in one record.
pub(crate) const APART: [&str; 2] = ["halcyon", "tempest"];
/// An action and a target's kind that are common, but never in one record.
pub(crate) const APART_ACTION: &str = "tool.call";
/// As [`APART_ACTION`].
pub(crate) const APART_KIND: TargetKind = TargetKind::Service;

const WORDS: usize = 4_000;
const SYLLABLES: [&str; 16] =
    ["ba", "con", "de", "fer", "gi", "hul", "in", "ka", "lo", "mer", "no", "per", "ri", "sta", "tu", "ver"];
/// The first record's time, later than that of any ledger made now, so that ids rise; each comes 40 ms after the one before.
const EPOCH_US: i64 = 1_900_000_000_000_000;

/// Makes records, each from its number.
pub(crate) struct Maker {
    rng: Rng,
    ids: IdSource,
    number: u64,
    words: Vec<String>,
}

impl Maker {
    /// The stream of this seed.
    pub(crate) fn new(seed: u64) -> Self {
        let word = |n: usize| {
            let mut word = String::new();
            for shift in [0, 4, 8] {
                word.push_str(SYLLABLES[(n >> shift) % SYLLABLES.len()]);
            }
            word
        };
        Self { rng: Rng::new(seed), ids: IdSource::new(), number: 0, words: (0..WORDS).map(word).collect() }
    }

    /// So many records.
    pub(crate) fn batch(&mut self, count: usize) -> Result<Vec<Record>> {
        (0..count).map(|_| self.record()).collect()
    }

    /// The next record.
    pub(crate) fn record(&mut self) -> Result<Record> {
        let number = self.number;
        self.number += 1;
        let occurred = Timestamp::from_micros(EPOCH_US + number as i64 * 40_000);
        let id = self.id(occurred);
        let (action, category, kind) = match number % 5 {
            0 | 1 => ("tool.call", Category::ToolCall, TargetKind::Tool),
            2 => ("file.write", Category::FileWrite, TargetKind::File),
            3 => ("file.read", Category::FileRead, TargetKind::File),
            _ => ("api.call", Category::ApiCall, TargetKind::Service),
        };
        let path = self.path();
        let target = match kind {
            TargetKind::Tool => format!("tool-{:02}", self.rng.below(40)),
            TargetKind::Service => format!("service-{:02}.example", self.rng.below(25)),
            _ => path.clone(),
        };
        let mut record = Record::event(id, self.actor(number), action, Target::new(kind, target), occurred);
        record.category = category;
        self.fill(&mut record, number);
        record.set_part_json(PartName::Input, self.input(number, &path))?;
        record.set_part_json(PartName::Result, self.result(number))?;
        Ok(record)
    }

    fn id(&mut self, at: Timestamp) -> Uuid {
        let mut random = [0; 10];
        self.rng.fill(&mut random);
        self.ids.next(at, random)
    }

    fn actor(&mut self, number: u64) -> Actor {
        let nth = number / 50 % 40;
        let kind = if nth < 30 { ActorKind::Agent } else { ActorKind::Service };
        let mut actor = Actor::new(kind, format!("{kind}-{nth:02}"));
        if number.is_multiple_of(3) {
            actor.on_behalf_of = Some(format!("user-{:02}@example.org", self.rng.below(20)));
        }
        if number.is_multiple_of(10) {
            let nth = nth % 6;
            actor.name = Some(format!("Worker {nth}"));
            actor.claimed = Some(format!("worker {nth}"));
            actor.verified = Some(format!("key-{nth:02}"));
        }
        actor
    }

    fn fill(&mut self, record: &mut Record, number: u64) {
        let mut named = [0; 16];
        Rng::new(number / 4).fill(&mut named);
        let of_operation = uuid_of(named);
        record.session = Some(format!("session-{:06}", number / 50));
        record.project = Some(format!("project-{:02}", number / 50 % 12));
        record.operation = (number.is_multiple_of(2)).then_some(of_operation);
        record.parent = (number % 10 == 5).then_some(of_operation);
        record.conversation = (number % 2 == 1).then(|| format!("conversation-{:05}", number / 200));
        record.trace =
            (number.is_multiple_of(8)).then(|| format!("00-{:032x}-{:016x}-01", of_operation.as_u128(), number / 8));
        record.retention = (number.is_multiple_of(20)).then(|| "standard".to_owned());
        record.reason = (number.is_multiple_of(5)).then(|| self.text(60));
        record.outcome = Some(if number.is_multiple_of(25) { Outcome::Failed } else { Outcome::Ok });
        record.duration_us = Some(self.rng.below(2_000_000));
        record.severity = if number.is_multiple_of(40) { Severity::Warning } else { Severity::Info };
        record.source.clear();
        record.source.push_str(if number.is_multiple_of(4) { "gateway" } else { "sdk" });
        if number.is_multiple_of(4) {
            record.tags = vec![format!("env-{}", number / 4 % 3), format!("team-{}", number / 4 % 7)];
        }
    }

    fn input(&mut self, number: u64, path: &str) -> String {
        let mut text = format!("{{\"path\":\"{path}\",\"line\":{},\"limit\":100", self.rng.below(4_000));
        if number.is_multiple_of(100) {
            let secret = format!("{:016x}{:016x}", self.rng.bits(), self.rng.bits());
            let _ = write!(text, ",\"headers\":{{\"authorization\":\"Bearer {secret}\"}}");
        }
        let (before, after) = (self.text(90), self.text(90));
        let _ = write!(text, ",\"before\":\"{before}\",\"after\":\"{after}\",\"dry_run\":false}}");
        text
    }

    fn result(&mut self, number: u64) -> String {
        let mut said = self.text(196);
        if number % 10_000 == 77 {
            let _ = write!(said, " {RARE_WORD}");
        }
        let _ = write!(said, " {}", APART[(number % 2) as usize]);
        format!(
            "{{\"status\":\"ok\",\"exit_code\":0,\"lines_changed\":{},\"checksum\":\"{:016x}\",\"elapsed_ms\":{}.{},\
             \"stdout\":\"{said}\"}}",
            self.rng.below(60),
            self.rng.bits(),
            self.rng.below(900),
            self.rng.below(10),
        )
    }

    fn path(&mut self) -> String {
        let (dir, file) = (self.rng.below(40) as usize, self.rng.below(150) as usize);
        format!("src/{}/{}.rs", self.words[dir * 7], self.words[file * 11])
    }

    /// Words, the first of the vocabulary far more often than the last, of about so many bytes.
    fn text(&mut self, bytes: usize) -> String {
        let mut text = String::with_capacity(bytes + 12);
        while text.len() < bytes {
            if !text.is_empty() {
                text.push(' ');
            }
            let even = self.rng.below(1 << 20) as f64 / f64::from(1 << 20);
            text.push_str(&self.words[(even * even * even * WORDS as f64) as usize]);
        }
        text
    }
}

/// Bytes of the JSON in a record's parts.
pub(crate) fn content_bytes(record: &Record) -> usize {
    record.parts.values().map(|part| part.get().len()).sum()
}

fn uuid_of(mut bytes: [u8; 16]) -> Uuid {
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    Uuid::from_bytes(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_of_the_stated_size_and_the_same_every_time() {
        let records = Maker::new(1).batch(2_000).expect("the parts are JSON");
        let again = Maker::new(1).batch(2_000).expect("the parts are JSON");
        let bytes: usize = records.iter().map(content_bytes).sum();
        assert!((590..=640).contains(&(bytes / records.len())), "{} bytes", bytes / records.len());
        assert!(records.iter().zip(&again).all(|(a, b)| a.to_json() == b.to_json()));
        let apart = |r: &Record| r.action == APART_ACTION && r.target.kind == APART_KIND;
        assert!(!records.iter().any(apart));
    }
}
