//! What all logs of a run say together: templates across files, and errors that belong together.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::level::{LEVELS, NAMES};
use super::read::Told;
use super::seen::Seen;
use super::state::hex;
use super::tally::{self, Tally};
use super::templates::{Miner, OTHER};

/// Templates of a run and of those before it, at most.
const TEMPLATES: usize = 20_000;
/// Requests that are followed across files.
const REQUESTS: usize = 500_000;
/// Groups of errors that are told.
const GROUPS: usize = 20;
/// So many errors within a minute are a burst, where they are ten times what is usual.
const BURST: u64 = 10;

/// A template that was sealed by an earlier run.
#[derive(Debug, Clone)]
pub(super) struct Known {
    pub(super) id: String,
    pub(super) text: String,
}

/// Everything together.
pub(super) struct Sum {
    pub(super) seen: Seen,
    pub(super) miner: Miner,
    pub(super) tallies: Vec<Tally>,
    /// By place: what was sealed before.
    known: Vec<Option<Known>>,
    /// By place: the files in which it is an error.
    files: Vec<Vec<u32>>,
    requests: HashMap<u64, Vec<(u32, u32)>>,
    spans: HashMap<u64, (i64, i64)>,
    bursts: BTreeMap<i64, BTreeSet<u32>>,
    /// Paths of files by their number.
    pub(super) paths: Vec<String>,
    /// Whether something was left out because it did not fit.
    pub(super) is_bounded: bool,
}

/// Errors that occur together.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Group {
    /// `request` or `time`.
    pub(super) by: &'static str,
    pub(super) files: Vec<String>,
    /// Ids of the templates, where they are known.
    pub(super) templates: Vec<String>,
    /// Requests, or minutes.
    pub(super) count: u64,
    pub(super) first: Option<String>,
    pub(super) last: Option<String>,
}

impl Sum {
    pub(super) fn new(known: Vec<Known>) -> Self {
        let mut sum = Self {
            seen: Seen::default(),
            miner: Miner::new(TEMPLATES),
            tallies: vec![Tally::default()],
            known: vec![None],
            files: vec![Vec::new()],
            requests: HashMap::new(),
            spans: HashMap::new(),
            bursts: BTreeMap::new(),
            paths: Vec::new(),
            is_bounded: false,
        };
        for known in known {
            let place = sum.learn(&known.text);
            if place != OTHER && sum.known[place].is_none() {
                sum.known[place] = Some(known);
            }
        }
        sum
    }

    fn learn(&mut self, text: &str) -> usize {
        let place = self.miner.learn(text.as_bytes());
        self.tallies.resize_with(self.miner.places(), Tally::default);
        self.known.resize_with(self.miner.places(), || None);
        self.files.resize_with(self.miner.places(), Vec::new);
        place
    }

    /// Adds what one log says.
    pub(super) fn add(&mut self, path: String, told: Told) {
        let file = self.paths.len() as u32;
        self.paths.push(path);
        self.is_bounded |= told.miner.is_full || told.has_more_requests;
        let mut places = vec![OTHER];
        for place in 1..told.miner.places() {
            places.push(self.learn(&told.miner.text(told.miner.place(place))));
        }
        for (place, tally) in told.tallies.into_iter().enumerate() {
            let place = places[place];
            if tally.counts[4] + tally.counts[5] > 0 && self.files[place].len() < tally::NAMES {
                self.files[place].push(file);
            }
            self.tallies[place].join(tally);
        }
        for request in told.requests {
            if self.requests.len() >= REQUESTS && !self.requests.contains_key(&request.id) {
                self.is_bounded = true;
                continue;
            }
            let pair = (file, places[request.place] as u32);
            let pairs = self.requests.entry(request.id).or_default();
            if pairs.len() < tally::NAMES && !pairs.contains(&pair) {
                pairs.push(pair);
            }
            if let Some(time) = request.time {
                let span = self.spans.entry(request.id).or_insert((time, time));
                *span = (span.0.min(time), span.1.max(time));
            }
        }
        let (seconds, rows) = told.seen.timeline.clone().rows();
        if seconds == 60 {
            let errors: u64 = rows.iter().map(|row| row.2).sum();
            let minutes = rows.last().zip(rows.first()).map_or(1, |(last, first)| (last.0 - first.0) / 60 + 1);
            for (begin, _, count) in rows {
                if count >= BURST && count.saturating_mul(minutes as u64) >= errors.saturating_mul(10) {
                    self.bursts.entry(begin).or_default().insert(file);
                }
            }
        }
        self.seen.join(told.seen);
    }

    /// Brings together what was counted before templates became one.
    pub(super) fn settle(&mut self) {
        for place in 1..self.tallies.len() {
            let now = self.miner.place(place);
            if now == place {
                continue;
            }
            let tally = std::mem::take(&mut self.tallies[place]);
            self.tallies[now].join(tally);
            for file in std::mem::take(&mut self.files[place]) {
                if self.files[now].len() < tally::NAMES && !self.files[now].contains(&file) {
                    self.files[now].push(file);
                }
            }
            // Those that were sealed before stay what they were; the whole takes the id of the first.
            if let Some(known) = self.known[place].take() {
                self.known[now].get_or_insert(known);
            }
        }
        for pairs in self.requests.values_mut() {
            for pair in pairs {
                pair.1 = self.miner.place(pair.1 as usize) as u32;
            }
        }
    }

    /// A template's id: its own from the run that sealed it first, or the digest of its text.
    pub(super) fn id(&self, place: usize) -> String {
        match &self.known[place] {
            Some(known) => known.id.clone(),
            None => template_id(&self.miner.text(place)),
        }
    }

    /// What was sealed of it, if anything.
    pub(super) fn known(&self, place: usize) -> Option<&Known> {
        self.known[place].as_ref()
    }

    /// Paths of the files in which a template is an error.
    pub(super) fn files(&self, place: usize) -> Vec<&str> {
        self.files[place].iter().map(|file| &*self.paths[*file as usize]).collect()
    }

    /// Templates at which something was counted, the most frequent first.
    pub(super) fn places(&self) -> Vec<usize> {
        let mut places: Vec<usize> = (0..self.tallies.len()).filter(|place| self.tallies[*place].total() > 0).collect();
        places.sort_by_key(|place| std::cmp::Reverse(self.tallies[*place].total()));
        places
    }

    /// Error clusters: template and weight, the gravest and most frequent first.
    pub(super) fn clusters(&self) -> Vec<(usize, usize)> {
        let counts = |place: usize, level: usize| self.tallies[place].counts[level];
        let mut clusters: Vec<(usize, usize)> = (0..self.tallies.len())
            .flat_map(|place| (4..LEVELS).map(move |level| (place, level)))
            .filter(|(place, level)| counts(*place, *level) > 0)
            .collect();
        clusters.sort_by_key(|(place, level)| std::cmp::Reverse((*level, counts(*place, *level))));
        clusters
    }

    /// Errors of one request in several files, and bursts of errors in several files within one minute.
    pub(super) fn groups(&self) -> Vec<Group> {
        let mut by_request: BTreeMap<Vec<(u32, u32)>, (u64, i64, i64)> = BTreeMap::new();
        for (id, pairs) in &self.requests {
            let files: BTreeSet<u32> = pairs.iter().map(|(file, _)| *file).collect();
            if files.len() < 2 {
                continue;
            }
            let mut pairs = pairs.clone();
            pairs.sort_unstable();
            let (first, last) = self.spans.get(id).copied().unwrap_or((i64::MAX, i64::MIN));
            let sum = by_request.entry(pairs).or_insert((0, i64::MAX, i64::MIN));
            *sum = (sum.0 + 1, sum.1.min(first), sum.2.max(last));
        }
        let mut groups: Vec<Group> = by_request
            .into_iter()
            .map(|(pairs, (count, first, last))| {
                let files: BTreeSet<u32> = pairs.iter().map(|(file, _)| *file).collect();
                let templates: BTreeSet<u32> = pairs.iter().map(|(_, place)| *place).collect();
                self.group("request", &files, templates.into_iter(), (count, first, last))
            })
            .collect();
        let mut by_time: BTreeMap<BTreeSet<u32>, (u64, i64, i64)> = BTreeMap::new();
        for (begin, files) in self.bursts.iter().filter(|(_, files)| files.len() > 1) {
            let (begin, end) = (begin * 1_000_000, (begin + 60) * 1_000_000);
            let sum = by_time.entry(files.clone()).or_insert((0, begin, end));
            *sum = (sum.0 + 1, sum.1.min(begin), sum.2.max(end));
        }
        groups.extend(by_time.into_iter().map(|(files, sum)| self.group("time", &files, std::iter::empty(), sum)));
        groups.sort_by_key(|group| std::cmp::Reverse(group.count));
        groups.truncate(GROUPS);
        groups
    }

    fn group(
        &self,
        by: &'static str,
        files: &BTreeSet<u32>,
        templates: impl Iterator<Item = u32>,
        (count, first, last): (u64, i64, i64),
    ) -> Group {
        let files = files.iter().map(|file| self.paths[*file as usize].clone()).collect();
        let templates = templates.map(|place| self.id(place as usize)).collect();
        let told = |at: i64| (at != i64::MAX && at != i64::MIN).then(|| time(at));
        Group { by, files, templates, count, first: told(first), last: told(last) }
    }
}

/// The digest that a template is known by.
fn template_id(text: &str) -> String {
    let mut hash = Sha256::new();
    hash.update(b"sealbook/log-template/v1\0");
    hash.update(text.as_bytes());
    hex(&hash.finalize()[..8])
}

/// A cluster's key: template and weight.
pub(super) fn cluster_key(id: &str, level: usize) -> String {
    format!("{id} {}", NAMES[level])
}

/// Microseconds since the epoch as text.
pub(super) fn time(us: i64) -> String {
    sealbook_record::Timestamp::from_micros(us).to_string()
}
