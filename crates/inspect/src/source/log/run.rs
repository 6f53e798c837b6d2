//! What a run gathers, and the records in which it ends.

use std::collections::BTreeMap;

use sealbook_policy::{Raw, redact_text};
use sealbook_record::PartName;

use super::previous::Previous;
use super::state::{State, Unread};
use super::sum::{self, Sum};
use super::work::Done;
use super::{RUN, SELECTION, find, resume, tell, templates};
use crate::{Coverage, Error, Request, Sink, TreePath};

/// Clusters in the record over a run.
const CLUSTERS: usize = 100;
/// Kinds of errors that get a record of their own in one run.
const NEW_CLUSTERS: usize = 2_000;
/// Gaps and silent logs in the record over a run.
const GAPS: usize = 50;

/// What a run gathers.
pub(super) struct Run<'a> {
    pub(super) request: &'a Request<'a>,
    pub(super) scope: String,
    /// What paths in records begin with.
    pub(super) base: String,
    pub(super) previous: Previous,
    pub(super) coverage: Coverage,
    pub(super) sum: Sum,
    pub(super) states: Vec<State>,
    pub(super) formats: BTreeMap<&'static str, u64>,
    pub(super) gaps: Vec<tell::GapTold>,
    pub(super) lost: u64,
    pub(super) gone: u64,
    pub(super) unchanged: u64,
    pub(super) rotated: u64,
}

impl Run<'_> {
    fn is_selection(&self) -> bool {
        self.request.options.log.selects()
    }

    fn shown(&self, path: &TreePath) -> String {
        format!("{}{path}", self.base)
    }

    pub(super) fn lost(&mut self, lost: &resume::Lost, sink: &mut dyn Sink) -> Result<(), Error> {
        self.lost += 1;
        tell::lost(self.request, lost, &self.shown(&lost.state.path), sink)
    }

    pub(super) fn add(&mut self, mut done: Done, sink: &mut dyn Sink) -> Result<(), Error> {
        if let Some(lost) = done.lost.take() {
            self.lost(&lost, sink)?;
        }
        if done.is_other {
            self.coverage.ignored += 1;
            return Ok(());
        }
        for Unread { why, detail } in std::mem::take(&mut done.skipped) {
            self.coverage.skip(TreePath::from(&*self.shown(&done.path)), why, detail);
        }
        self.rotated += u64::from(done.was.is_some());
        self.coverage.bytes += done.to - done.from + done.checked;
        let Some(state) = done.state.take() else { return Ok(()) };
        self.coverage.covered += 1;
        let shown = self.shown(&done.path);
        if done.told.is_none() {
            self.unchanged += 1;
        } else if done.to > done.from {
            *self.formats.entry(state.format.as_str()).or_default() += 1;
            tell::segment(self.request, &done, &state, &shown, sink)?;
        }
        if let Some(told) = done.told {
            for gap in told.seen.odd_gaps() {
                let seconds = (gap.to - gap.from) / 1_000_000;
                let (from, to) = (sum::time(gap.from), sum::time(gap.to));
                self.gaps.push(tell::GapTold { path: shown.clone(), from, to, seconds });
            }
            self.sum.add(redact_text(&shown).into_owned(), told);
        }
        self.states.push(state);
        Ok(())
    }

    /// Seals what is new of templates and clusters, how far was read, and the record over the run.
    pub(super) fn finish(mut self, sink: &mut dyn Sink) -> Result<Coverage, Error> {
        let is_selection = self.is_selection();
        self.sum.settle();
        let places = self.sum.places();
        let clusters = self.sum.clusters();
        let is_new = |run: &Self, (place, level): (usize, usize)| {
            !run.previous.clusters.contains(&sum::cluster_key(&run.sum.id(place), level))
        };
        let mut new_templates = 0;
        for place in places.iter().copied().filter(|place| *place != templates::OTHER) {
            let known = self.sum.known(place);
            new_templates += usize::from(known.is_none());
            let is_told = known.is_none_or(|known| known.text != self.sum.miner.text(place));
            if is_told && !is_selection {
                tell::template(self.request, &self.scope, &self.sum, place, sink)?;
            }
        }
        let new: Vec<(usize, usize)> = clusters.iter().copied().filter(|cluster| is_new(&self, *cluster)).collect();
        if !is_selection {
            for cluster in new.iter().take(NEW_CLUSTERS) {
                let told = tell::cluster(&self.sum, *cluster, true);
                tell::new_cluster(self.request, &self.scope, &told, !self.previous.exists, sink)?;
            }
        }
        self.notes(new.len());
        let pages = if is_selection { 0 } else { tell::states(self.request, &self.scope, &self.states, sink)? };
        let silent = self.silent();
        let mut gaps = std::mem::take(&mut self.gaps);
        gaps.sort_by_key(|gap| std::cmp::Reverse(gap.seconds));
        gaps.truncate(GAPS);
        let formats = std::mem::take(&mut self.formats);
        let (seconds, rows) = self.sum.seen.timeline.clone().rows();
        let seen = &self.sum.seen;
        let told = tell::RunTold {
            root: &self.scope,
            resumed: (self.previous.exists && !is_selection).then_some(self.previous.seq),
            selected: is_selection,
            files: self.states.len(),
            unchanged: self.unchanged,
            rotated: self.rotated,
            gone: self.gone,
            bytes: self.coverage.bytes,
            entries: seen.entries,
            levels: tell::levels(&seen.levels),
            first: seen.first.map(sum::time),
            last: seen.last.map(sum::time),
            formats,
            services: tell::services(seen),
            templates: tell::TemplatesTold {
                seen: places.len(),
                new: new_templates,
                known: self.sum.miner.places() - 1,
            },
            clusters_total: clusters.len(),
            clusters: clusters
                .iter()
                .take(CLUSTERS)
                .map(|cluster| tell::cluster(&self.sum, *cluster, is_new(&self, *cluster)))
                .collect(),
            groups: self.sum.groups(),
            gaps,
            silent,
            timeline: tell::TimelineTold { seconds, rows },
            pages,
            complete: self.coverage.is_complete(),
            notes: &self.coverage.notes,
        };
        let mut record = tell::event(self.request, if is_selection { SELECTION } else { RUN }, &self.scope);
        tell::set(&mut record, PartName::Result, &told)?;
        tell::set(&mut record, PartName::Input, &self.request.options.log)?;
        sink.record(Raw::new(record))?;
        Ok(self.coverage)
    }

    fn notes(&mut self, new_clusters: usize) {
        let options = &self.request.options.log;
        self.coverage.nothing_read(
            TreePath::from("."),
            "no_log_found",
            "no file here is a log by its name or its content; a file that is named itself is read whatever it is called",
        );
        let is_of_nobody = !options.services.is_empty() && options.level.is_none();
        if is_of_nobody && options.since.is_none() && options.until.is_none() && self.sum.seen.entries == 0 {
            let why = format!("no entry is of the service {}", options.services.join(" or "));
            self.coverage.nothing_selected("no_such_service", why);
        }
        let notes = &mut self.coverage.notes;
        if self.coverage.ignored > 0 {
            notes.push(format!(
                "left out {}, which is no log by name and content, or a link; what is named itself is read",
                if self.coverage.ignored == 1 {
                    "1 file".to_owned()
                } else {
                    format!("{} files", self.coverage.ignored)
                }
            ));
        }
        if self.previous.exists && !self.request.options.log.selects() && !self.request.options.log.again {
            notes.push(
                "of what earlier runs read, the beginning and the end were looked at; --again checks all of it".into(),
            );
        }
        if self.sum.is_bounded || self.sum.miner.is_full {
            notes.push("there are more kinds of messages, or of requests, than are told apart; all are counted".into());
        }
        if new_clusters > NEW_CLUSTERS {
            notes.push(format!("{new_clusters} kinds of errors are new; {NEW_CLUSTERS} have a record of their own"));
        }
        let undated = self.sum.seen.read - self.sum.seen.entries;
        if (options.since.is_some() || options.until.is_some()) && undated > 0 {
            notes.push("entries whose time is not known were not selected".into());
        }
    }

    /// Logs that were busy and have nothing newer, while others go on.
    fn silent(&self) -> Vec<tell::SilentTold> {
        const HOUR_US: i64 = 3_600_000_000;
        let newest = self.states.iter().filter_map(|state| state.last).max().unwrap_or(i64::MIN);
        let mut silent: Vec<tell::SilentTold> = self
            .states
            .iter()
            .filter(|state| state.compression.is_none() && !find::base_name(state.path.as_bytes()).1)
            .filter_map(|state| {
                let (first, last) = (state.first?, state.last?);
                let usual = (last - first) / i64::try_from(state.entries.max(1)).unwrap_or(i64::MAX);
                let quiet = newest.saturating_sub(last);
                let is_silent = state.entries >= 100 && quiet > HOUR_US.max(usual.saturating_mul(100));
                is_silent.then(|| tell::SilentTold {
                    path: self.shown(&state.path),
                    last: sum::time(last),
                    seconds: quiet / 1_000_000,
                    usual_seconds: usual / 1_000_000,
                })
            })
            .collect();
        silent.sort_by_key(|log| std::cmp::Reverse(log.seconds));
        silent.truncate(GAPS);
        silent
    }
}
