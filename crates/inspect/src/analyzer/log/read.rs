//! The records over runs, as far as they are needed, and words for people.

use std::collections::BTreeMap;

use sealbook_record::{PartName, Record, Timestamp};
use serde::Deserialize;

/// A run over logs.
#[derive(Deserialize)]
pub(super) struct Run {
    /// The record of the run that it went on from.
    pub(super) resumed: Option<u64>,
    pub(super) selected: bool,
    first: Option<Timestamp>,
    last: Option<Timestamp>,
    pub(super) clusters: Vec<Cluster>,
    pub(super) groups: Vec<Group>,
    pub(super) gaps: Vec<Gap>,
    pub(super) silent: Vec<Silent>,
    pub(super) timeline: Timeline,
}

/// A kind of error.
#[derive(Deserialize)]
pub(super) struct Cluster {
    pub(super) key: String,
    pub(super) id: String,
    pub(super) level: String,
    pub(super) template: String,
    pub(super) count: u64,
    first: Option<String>,
    last: Option<String>,
    pub(super) files: Vec<String>,
    pub(super) new: bool,
}

/// Errors that occur together.
#[derive(Deserialize)]
pub(super) struct Group {
    pub(super) by: String,
    pub(super) files: Vec<String>,
    pub(super) templates: Vec<String>,
    pub(super) count: u64,
}

#[derive(Deserialize)]
pub(super) struct Gap {
    pub(super) path: String,
    pub(super) from: String,
    pub(super) to: String,
    pub(super) seconds: i64,
}

#[derive(Deserialize)]
pub(super) struct Silent {
    pub(super) path: String,
    pub(super) last: String,
    pub(super) seconds: i64,
}

#[derive(Deserialize)]
pub(super) struct Timeline {
    pub(super) seconds: i64,
    pub(super) rows: Vec<(i64, u64, u64)>,
}

impl Run {
    pub(super) fn of(record: &Record) -> Option<Self> {
        serde_json::from_str(record.part(PartName::Result)?.get()).ok()
    }

    /// This run and the next as one.
    pub(super) fn and(mut self, next: Self) -> Self {
        self.first = self.first.into_iter().chain(next.first).min();
        self.last = self.last.max(next.last);
        for cluster in next.clusters {
            match self.clusters.iter_mut().find(|known| known.key == cluster.key) {
                Some(known) => known.add(cluster),
                None => self.clusters.push(cluster),
            }
        }
        self.clusters.sort_by_key(|it| std::cmp::Reverse((it.level == "critical", it.count)));
        for group in next.groups {
            let is_same = |it: &&mut Group| it.by == group.by && it.files == group.files;
            match self.groups.iter_mut().find(is_same) {
                Some(known) => {
                    known.count += group.count;
                    known.templates.extend(group.templates);
                    let mut seen = std::collections::HashSet::new();
                    known.templates.retain(|id| seen.insert(id.clone()));
                }
                None => self.groups.push(group),
            }
        }
        self.gaps.extend(next.gaps);
        // What is silent, the newest says.
        self.silent = next.silent;
        self.timeline = self.timeline.and(next.timeline);
        self
    }
}

impl Timeline {
    /// In the wider buckets of the two.
    fn and(self, next: Self) -> Self {
        let seconds = self.seconds.max(next.seconds).max(1);
        let mut rows: BTreeMap<i64, (u64, u64)> = BTreeMap::new();
        for (at, entries, errors) in self.rows.into_iter().chain(next.rows) {
            let row = rows.entry(at.div_euclid(seconds) * seconds).or_default();
            *row = (row.0 + entries, row.1 + errors);
        }
        Self { seconds, rows: rows.into_iter().map(|(at, (entries, errors))| (at, entries, errors)).collect() }
    }
}

impl Cluster {
    fn add(&mut self, other: Self) {
        self.count += other.count;
        self.new |= other.new;
        self.first = self.first.take().into_iter().chain(other.first).min();
        self.last = self.last.take().max(other.last);
        for file in other.files {
            if !self.files.contains(&file) {
                self.files.push(file);
            }
        }
    }

    /// `connection lost: error, 3 times in a.log`.
    pub(super) fn told(&self) -> String {
        let times = if self.count == 1 { "once".to_owned() } else { format!("{} times", self.count) };
        format!("{}: {}, {times} in {}", self.template, self.level, names(&self.files))
    }

    /// When, where that is known.
    pub(super) fn span(&self) -> String {
        match (&self.first, &self.last) {
            (Some(first), Some(last)) if short(first) != short(last) => {
                format!(" ({} to {})", short(first), short(last))
            }
            (Some(first), _) => format!(" ({})", short(first)),
            _ => String::new(),
        }
    }
}

/// To the second.
fn short(time: &str) -> String {
    format!("{}Z", time.split('.').next().unwrap_or(time).trim_end_matches('Z'))
}

/// The hours that a run's entries span; a quarter at least.
pub(super) fn hours(run: &Run) -> f64 {
    let span = run.first.zip(run.last).map_or(0, |(first, last)| last.as_micros() - first.as_micros());
    (span as f64 / 3.6e9).max(0.25)
}

pub(super) fn rate(count: u64, hours: f64) -> f64 {
    count as f64 / hours
}

/// Names of files: two, and how many more.
pub(super) fn names(files: &[String]) -> String {
    match files {
        [] => "no file".to_owned(),
        [one] => one.clone(),
        [one, two] => format!("{one} and {two}"),
        [one, two, rest @ ..] => format!("{one}, {two} and {} more", rest.len()),
    }
}

/// A time to the second.
pub(super) fn moment(us: i64) -> String {
    short(&Timestamp::from_micros(us).to_string())
}

/// A length of time for people.
pub(super) fn length(seconds: i64) -> String {
    match seconds {
        ..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", seconds / 60),
        7_200..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} days", seconds / 86_400),
    }
}
