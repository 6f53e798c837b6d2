//! What becomes of a body: read, sealed, counted, answered.

use std::collections::HashMap;
use std::sync::Arc;

use hyper::StatusCode;
use opentelemetry_proto::tonic::collector::logs::v1::{ExportLogsPartialSuccess, ExportLogsServiceResponse};
use opentelemetry_proto::tonic::collector::trace::v1::{ExportTracePartialSuccess, ExportTraceServiceResponse};
use prost::Message;
use sealbook_record::{PartName, Record};
use serde::Serialize;

use super::answer::{Answer, Form, Refusal, answer};
use super::otlp::{self, Signal};
use super::{Limits, lines};
use crate::{Error, Gate, Taken};

/// Takes bodies in for a gate.
#[derive(Debug, Clone)]
pub struct Desk {
    pub(super) gate: Arc<Gate>,
    pub(super) limits: Limits,
}

/// What became of the records of one body.
#[derive(Debug, Default, Serialize)]
pub(super) struct Count {
    pub(super) records: u64,
    pub(super) sealed: u64,
    pub(super) duplicates: u64,
    pub(super) refused: Vec<Line>,
}

/// A record that was not taken, by its place in the body, from 1.
#[derive(Debug, Serialize)]
pub(super) struct Line {
    pub(super) line: usize,
    pub(super) code: &'static str,
    pub(super) message: String,
}

/// Refused records that an answer names; the rest is counted.
const NAMED_MAX: usize = 100;

impl Desk {
    /// A desk before that gate.
    pub fn new(gate: Arc<Gate>, limits: Limits) -> Self {
        Self { gate, limits }
    }

    /// An export of spans or logs. What cannot be sealed is told as a partial success, as the specification says.
    pub(super) fn export(
        &self,
        signal: Signal,
        form: Form,
        body: &[u8],
        sender: Option<&str>,
    ) -> Result<(Answer, Count), Refusal> {
        let digest = |bytes: &[u8]| self.gate.digest(bytes);
        let about = otlp::About {
            tenant: self.gate.ledger().tenant(),
            sender,
            now: self.gate.ledger().now(),
            records_max: self.limits.records_max,
            digest: &digest,
        };
        let read = otlp::read(signal, form, body, &about)?;
        let numbered = read.records.into_iter().enumerate().map(|(at, record)| (at + 1, record)).collect();
        let mut count = self.seal(numbered)?;
        count.records += read.rejected;
        let rejected = (read.rejected + count.refused.len() as u64) as i64;
        let why = read.why.map(str::to_owned).or_else(|| count.refused.first().map(|line| line.message.clone()));
        let body = partial(signal, form, rejected, why.unwrap_or_default());
        Ok((answer(StatusCode::OK, form, body), count))
    }

    /// Records as JSON Lines. The answer counts, and names what was not taken.
    pub(super) fn records(&self, body: &[u8], sender: Option<&str>) -> Result<(Answer, Count), Refusal> {
        let read = lines::read(&self.gate, body, sender, self.limits.records_max)?;
        let mut count = self.seal(read.records)?;
        count.records += read.refused.len() as u64;
        count.refused.extend(read.refused);
        count.refused.sort_by_key(|line| line.line);
        let status = if count.refused.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
        let named = count.refused.len().min(NAMED_MAX);
        let told = serde_json::json!({
            "records": count.records,
            "sealed": count.sealed,
            "duplicates": count.duplicates,
            "refused": count.refused.len(),
            "lines": count.refused[..named],
        });
        Ok((answer(status, Form::Json, told.to_string().into_bytes()), count))
    }

    fn seal(&self, records: Vec<(usize, Record)>) -> Result<Count, Refusal> {
        let mut count = Count { records: records.len() as u64, ..Count::default() };
        let mut digests = HashMap::new();
        let (mut places, mut bare) = (Vec::with_capacity(records.len()), Vec::with_capacity(records.len()));
        for (line, record) in records {
            if let Some(digest) = digest_of(&record) {
                digests.insert(line, digest);
            }
            places.push((line, record.id));
            bare.push(record);
        }
        let taken = self.gate.take_in(bare).map_err(|cause| Refusal::later(&cause))?;
        for ((line, id), taken) in places.into_iter().zip(taken) {
            match taken {
                Taken::Sealed(sealed) if sealed.duplicate => count.duplicates += 1,
                Taken::Sealed(_) => count.sealed += 1,
                Taken::Refused(refused) if refused.sealed.is_none() => {
                    return Err(Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "ingest_unavailable", refused.text));
                }
                Taken::Refused(refused) => {
                    count.refused.push(Line { line, code: refused.code, message: refused.text });
                }
                // Rules may have changed since it came first, and then it would be sealed with other words.
                Taken::Rejected(Error::Store(sealbook_store::Error::IdConflict { .. }))
                    if self.is_the_same(id, digests.get(&line)) =>
                {
                    count.duplicates += 1;
                }
                Taken::Rejected(cause) => {
                    count.refused.push(Line { line, code: cause.code(), message: cause.to_string() });
                }
            }
        }
        Ok(count)
    }

    /// Whether what is sealed under the id was made of the same bytes.
    fn is_the_same(&self, id: sealbook_record::Uuid, digest: Option<&String>) -> bool {
        let Some(digest) = digest else { return false };
        let stored = self.gate.ledger().reader().ok().and_then(|reader| reader.by_id(id).ok().flatten());
        let sealed = stored.and_then(|stored| stored.record).and_then(|record| digest_of(&record));
        sealed.as_ref() == Some(digest)
    }
}

/// The keyed digest of what a record was made of.
fn digest_of(record: &Record) -> Option<String> {
    #[derive(serde::Deserialize)]
    struct Metadata {
        otlp: Told,
    }
    #[derive(serde::Deserialize)]
    struct Told {
        digest: String,
    }
    let metadata = record.part(PartName::Metadata)?;
    serde_json::from_str::<Metadata>(metadata.get()).ok().map(|metadata| metadata.otlp.digest)
}

/// The response of an export.
fn partial(signal: Signal, form: Form, rejected: i64, error_message: String) -> Vec<u8> {
    let is_partial = rejected > 0;
    match (signal, form) {
        (_, Form::Json) if !is_partial => b"{}".to_vec(),
        (Signal::Traces, Form::Json) => {
            told(&serde_json::json!({"rejectedSpans": rejected, "errorMessage": error_message}))
        }
        (Signal::Logs, Form::Json) => {
            told(&serde_json::json!({"rejectedLogRecords": rejected, "errorMessage": error_message}))
        }
        (Signal::Traces, Form::Protobuf) => {
            let success = ExportTracePartialSuccess { rejected_spans: rejected, error_message };
            ExportTraceServiceResponse { partial_success: is_partial.then_some(success) }.encode_to_vec()
        }
        (Signal::Logs, Form::Protobuf) => {
            let success = ExportLogsPartialSuccess { rejected_log_records: rejected, error_message };
            ExportLogsServiceResponse { partial_success: is_partial.then_some(success) }.encode_to_vec()
        }
    }
}

fn told(success: &serde_json::Value) -> Vec<u8> {
    serde_json::json!({ "partialSuccess": success }).to_string().into_bytes()
}
