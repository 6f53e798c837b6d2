//! How well messages are grouped: on logs of real programs, each line with the statement that wrote it.

use std::collections::HashMap;
use std::path::Path;

use jiff::tz::TimeZone;
use sealbook_record::Severity;

use super::entry::Entry;
use super::format::{Format, plain};
use super::read::kind_of;
use super::templates::Miner;
use super::time::Clock;

/// Samples and the accuracy that docs/logs.md tells: the same lines give the same groups, so it is exact.
const SAMPLES: [(&str, usize); 5] = [
    ("git-trace.log", 630),
    ("go-slog.logfmt.log", 1_000),
    ("postgres.jsonl", 859),
    ("python.jsonl", 943),
    ("python.log", 912),
];

/// Grouping accuracy (Zhu et al., ICSE-SEIP 2019): the lines that are in a group with exactly those lines with
/// which they are in truth, per mille.
fn accuracy(told: &[usize], truth: &[&str]) -> usize {
    let mut by_told: HashMap<usize, Vec<usize>> = HashMap::new();
    let mut by_truth: HashMap<&str, Vec<usize>> = HashMap::new();
    for (line, (told, truth)) in told.iter().zip(truth).enumerate() {
        by_told.entry(*told).or_default().push(line);
        by_truth.entry(truth).or_default().push(line);
    }
    let right: usize = by_told.values().filter(|lines| by_truth[truth[lines[0]]] == **lines).map(Vec::len).sum();
    right * 1_000 / told.len()
}

fn grouped(name: &str) -> usize {
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/logs");
    let text = std::fs::read(samples.join(name)).unwrap();
    let labels = std::fs::read_to_string(samples.join(format!("{name}.labels"))).unwrap();
    let mut clock = Clock::new(TimeZone::UTC, 4_000_000_000_000_000);
    let format = Format::detect(&text, &clock);
    let (mut miner, mut masked) = (Miner::new(4_096), Vec::new());
    let (mut told, mut truth): (Vec<usize>, Vec<&str>) = (Vec::new(), Vec::new());
    for (line, label) in text.split(|byte| *byte == b'\n').zip(labels.lines()) {
        let entry: Option<Entry<'_>> = match format {
            Format::Plain => plain::is_dated(line, &mut clock).then(|| plain::parse(line, &mut clock)),
            format => format.parse(line, &mut clock),
        };
        // The further lines of an entry are not grouped on their own.
        let Some(entry) = entry else { continue };
        let cause = entry.cause.as_deref().filter(|_| entry.level >= Some(Severity::Error));
        kind_of(&entry, cause, &mut masked);
        told.push(miner.learn(&masked));
        truth.push(label);
    }
    told.iter_mut().for_each(|place| *place = miner.place(*place));
    assert!(told.len() > 50, "{name}: {}", told.len());
    accuracy(&told, &truth)
}

#[test]
fn messages_are_grouped_as_their_statements_are() {
    assert_eq!(SAMPLES.map(|(name, _)| (name, grouped(name))), SAMPLES);
}
