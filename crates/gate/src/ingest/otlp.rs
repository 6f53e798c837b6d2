//! OTLP exports as records.

mod attributes;
mod genai;
mod log;
mod span;

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::InstrumentationScope;
use opentelemetry_proto::tonic::resource::v1::Resource;
use prost::Message;
use sealbook_record::{Record, Timestamp};

use super::answer::{Form, Refusal};

/// What an export holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// Spans.
    Traces,
    /// Log records and events.
    Logs,
}

/// What is the same for all records of an export.
pub(super) struct About<'a> {
    pub(super) tenant: &'a str,
    /// Who was authenticated.
    pub(super) sender: Option<&'a str>,
    /// For what says no time.
    pub(super) now: Timestamp,
    pub(super) records_max: usize,
    /// Keyed: what came may hold secrets.
    pub(super) digest: &'a dyn Fn(&[u8]) -> String,
}

/// The records of an export, and what of it is none.
#[derive(Debug, Default)]
pub(super) struct Exported {
    pub(super) records: Vec<Record>,
    pub(super) rejected: u64,
    pub(super) why: Option<&'static str>,
}

impl Exported {
    fn push(&mut self, record: Result<Record, &'static str>) {
        match record {
            Ok(record) => self.records.push(record),
            Err(why) => {
                self.rejected += 1;
                self.why.get_or_insert(why);
            }
        }
    }
}

/// Reads an export. What it holds that is no span or log is counted, and the rest is read.
///
/// Errors: it cannot be read at all.
pub(super) fn read(signal: Signal, form: Form, body: &[u8], about: &About<'_>) -> Result<Exported, Refusal> {
    let mut exported = Exported::default();
    let too_many = |count: usize| {
        let text = format!("more than {} records in one export; send smaller batches", about.records_max);
        if count > about.records_max { Err(Refusal::bad(text)) } else { Ok(()) }
    };
    match signal {
        Signal::Traces => {
            let request: ExportTraceServiceRequest = decode(form, body)?;
            too_many(request.resource_spans.iter().flat_map(|of| &of.scope_spans).map(|of| of.spans.len()).sum())?;
            for of_resource in &request.resource_spans {
                for of_scope in &of_resource.scope_spans {
                    let from = From::new(of_resource.resource.as_ref(), of_scope.scope.as_ref());
                    of_scope.spans.iter().for_each(|span| exported.push(span::record(span, &from, about)));
                }
            }
        }
        Signal::Logs => {
            let request: ExportLogsServiceRequest = decode(form, body)?;
            too_many(request.resource_logs.iter().flat_map(|of| &of.scope_logs).map(|of| of.log_records.len()).sum())?;
            let mut seen = log::Seen::new();
            for of_resource in &request.resource_logs {
                for of_scope in &of_resource.scope_logs {
                    let from = From::new(of_resource.resource.as_ref(), of_scope.scope.as_ref());
                    of_scope
                        .log_records
                        .iter()
                        .for_each(|log| exported.push(log::record(log, &from, about, &mut seen)));
                }
            }
        }
    }
    Ok(exported)
}

/// Where spans and logs come from.
struct From<'a> {
    resource: attributes::Attributes,
    resource_bytes: Vec<u8>,
    scope: Option<&'a InstrumentationScope>,
    scope_bytes: Vec<u8>,
}

impl<'a> From<'a> {
    fn new(resource: Option<&Resource>, scope: Option<&'a InstrumentationScope>) -> Self {
        Self {
            resource: attributes::Attributes::of(resource.map_or(&[], |resource| &resource.attributes)),
            resource_bytes: resource.map(Message::encode_to_vec).unwrap_or_default(),
            scope,
            scope_bytes: scope.map(Message::encode_to_vec).unwrap_or_default(),
        }
    }

    /// The keyed digest of what was sent, whichever form it had.
    fn digest(&self, about: &About<'_>, message: &impl Message) -> String {
        let mut bytes = message.encode_to_vec();
        for piece in [&self.resource_bytes, &self.scope_bytes] {
            bytes.extend((piece.len() as u64).to_be_bytes());
            bytes.extend(piece);
        }
        (about.digest)(&bytes)
    }
}

/// Errors name no more than what kind of body it is not: a parser's own words may quote it.
fn decode<T: Message + Default + serde::de::DeserializeOwned>(form: Form, body: &[u8]) -> Result<T, Refusal> {
    match form {
        Form::Protobuf => T::decode(body)
            .map_err(|_| Refusal::bad("the body is no OTLP export in protobuf; send one, or say application/json")),
        // A list of fields in their order would be read as an object too.
        Form::Json if !body.trim_ascii_start().starts_with(b"{") => {
            Err(Refusal::bad("line 1, column 1: this is no JSON object; send an OTLP export"))
        }
        Form::Json => serde_json::from_slice(body).map_err(|cause| {
            let (line, column) = (cause.line(), cause.column());
            Refusal::bad(format!("line {line}, column {column}: this is no OTLP export in JSON; mend it there"))
        }),
    }
}

/// Microseconds of nanoseconds; none where nothing was said.
fn time(nanos: u64) -> Option<Timestamp> {
    (nanos > 0).then(|| Timestamp::from_micros((nanos / 1_000) as i64))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Whether an id of that length says anything.
fn is_id(bytes: &[u8], length: usize) -> bool {
    bytes.len() == length && bytes.iter().any(|byte| *byte != 0)
}

/// For the tests of strangers' bytes: reads an export as a server would, and tells how many records it holds.
pub fn try_export(signal: Signal, is_json: bool, body: &[u8]) -> Option<usize> {
    let digest = |bytes: &[u8]| format!("{:016x}", bytes.len());
    let about = About {
        tenant: sealbook_record::DEFAULT_TENANT,
        sender: None,
        now: Timestamp::from_micros(0),
        records_max: 10_000,
        digest: &digest,
    };
    let form = if is_json { Form::Json } else { Form::Protobuf };
    read(signal, form, body, &about).ok().map(|exported| exported.records.len())
}
