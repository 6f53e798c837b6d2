//! What earlier runs over the same place sealed.

use std::collections::HashSet;

use sealbook_record::PartName;
use serde::Deserialize;

use super::state::State;
use super::sum::Known;
use super::{CLUSTER, NAME, RUN, STATE, TEMPLATE};
use crate::{Coverage, Error, Prior, Sealed, Selection};

/// What is gone on from.
#[derive(Debug, Default)]
pub(super) struct Previous {
    /// Whether there was a whole run.
    pub(super) exists: bool,
    /// Its record.
    pub(super) seq: u64,
    pub(super) states: Vec<State>,
    pub(super) templates: Vec<Known>,
    /// Keys of the error clusters that have a record.
    pub(super) clusters: HashSet<String>,
}

#[derive(Deserialize)]
struct Run {
    pages: usize,
}

#[derive(Deserialize)]
struct Page {
    files: Vec<State>,
}

#[derive(Deserialize)]
struct Template {
    id: String,
    template: String,
}

#[derive(Deserialize)]
struct Cluster {
    key: String,
}

impl Previous {
    /// Reads it back. The record over a run is its last, so one that was cut short counts for nothing.
    pub(super) fn of(
        prior: &dyn Prior,
        scope: &str,
        project: Option<&str>,
        coverage: &mut Coverage,
    ) -> Result<Self, Error> {
        let selection = Selection { source: Some(NAME), target: Some(scope), project, ..Selection::default() };
        let mut previous = Self::default();
        for sealed in prior.records(&Selection { actions: &[TEMPLATE, CLUSTER], ..selection })? {
            let Sealed { record, .. } = sealed?;
            let Some(part) = record.part(PartName::Result) else { continue };
            if record.action == CLUSTER {
                previous.clusters.extend(serde_json::from_str(part.get()).map(|Cluster { key }| key));
            } else if let Ok(Template { id, template }) = serde_json::from_str(part.get()) {
                match previous.templates.iter_mut().find(|known| known.id == id) {
                    Some(known) => known.text = template,
                    None => previous.templates.push(Known { id, text: template }),
                }
            }
        }
        let Some(Sealed { seq, record }) = prior.latest(&Selection { actions: &[RUN], ..selection })? else {
            return Ok(previous);
        };
        (previous.exists, previous.seq) = (true, seq);
        let run = record.part(PartName::Result).and_then(|part| serde_json::from_str::<Run>(part.get()).ok());
        let mut pages = 0;
        for sealed in prior.records(&Selection { actions: &[STATE], operation: record.operation, ..selection })? {
            let Sealed { record, .. } = sealed?;
            let page = record.part(PartName::Result).and_then(|part| serde_json::from_str::<Page>(part.get()).ok());
            let Some(page) = page else { continue };
            pages += 1;
            previous.states.extend(page.files);
        }
        if run.is_none_or(|run| run.pages != pages) {
            previous.states.clear();
            coverage.notes.push(format!(
                "how far the last run (record {seq}) read cannot be told, as a part of it was erased or changed; \
                 everything was read again"
            ));
        }
        Ok(previous)
    }
}
