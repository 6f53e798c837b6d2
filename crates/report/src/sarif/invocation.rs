//! How a run went: when, and what it did not read.

use serde::Serialize;

use crate::AuditRun;

/// So many skipped paths of a source are named; all are counted.
const NAMED_MAX: usize = 100;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Invocation {
    execution_successful: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    start_time_utc: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    end_time_utc: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tool_execution_notifications: Vec<Notification>,
}

/// Something that whoever weighs the results has to know.
#[derive(Serialize)]
pub(crate) struct Notification {
    level: &'static str,
    descriptor: Descriptor,
    message: Message,
}

#[derive(Serialize)]
struct Descriptor {
    id: String,
}

#[derive(Serialize)]
struct Message {
    text: String,
}

impl Notification {
    pub(crate) fn new(level: &'static str, id: impl Into<String>, text: impl Into<String>) -> Self {
        Self { level, descriptor: Descriptor { id: id.into() }, message: Message { text: text.into() } }
    }
}

impl Invocation {
    /// Of findings that were read back by a query: what came back is told, and what else there is to know.
    pub(crate) fn of_query(notifications: Vec<Notification>) -> Self {
        Self {
            execution_successful: notifications.iter().all(|it| it.level != "error"),
            start_time_utc: None,
            end_time_utc: None,
            tool_execution_notifications: notifications,
        }
    }

    /// Of a run. It succeeded where everything was read that should have been.
    pub(crate) fn of_run(run: &AuditRun) -> Self {
        let mut told = Vec::new();
        for source in &run.sources {
            if let Some(error) = &source.error {
                let text = format!("source {}: {}", source.source, error.message);
                told.push(Notification::new("error", &error.code, text));
            }
            let Some(coverage) = &source.coverage else { continue };
            for (why, count) in &coverage.skipped_by_reason {
                let text = format!("source {}: {count} not read: {why}", source.source);
                told.push(Notification::new("error", format!("coverage.{why}"), text));
            }
            for skipped in coverage.skipped.iter().take(NAMED_MAX) {
                let detail = skipped.detail.as_deref().map_or_else(String::new, |detail| format!(" ({detail})"));
                let text = format!("not read: {}: {}{detail}", skipped.path, skipped.why);
                told.push(Notification::new("warning", format!("coverage.{}", skipped.why), text));
            }
            for note in &coverage.notes {
                told.push(Notification::new("note", "coverage.note", format!("source {}: {note}", source.source)));
            }
        }
        for analysis in &run.analyses {
            if let Some(error) = &analysis.error {
                let text = format!("analyzer {}: {}", analysis.analyzer, error.message);
                told.push(Notification::new("error", &error.code, text));
            }
        }
        if run.analyses.iter().all(|analysis| analysis.rules == 0) {
            told.push(Notification::new("warning", "no_rules", "no rule was asked: nothing found says nothing here"));
        }
        if !run.unreadable.is_empty() {
            let text = format!("{} records of this run cannot be read any more", run.unreadable.len());
            told.push(Notification::new("error", "unreadable_records", text));
        }
        if run.ended.is_none() {
            told.push(Notification::new("error", "not_ended", "the run did not end"));
        }
        Self {
            execution_successful: run.complete && run.ended.is_some(),
            start_time_utc: Some(run.began.to_string()),
            end_time_utc: run.ended.map(|ended| ended.to_string()),
            tool_execution_notifications: told,
        }
    }
}
