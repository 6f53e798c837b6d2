//! The shapes in which five older systems wrote such records, and `CloudEvents`, to and from, without loss.
//!
//! A dialect maps what it can onto the fields and parts of a [`Record`]. What that mapping would not give
//! back exactly (an id that is no UUID, a level we have no word for, a hash of their chain, a field nobody
//! knows) is kept in the part `metadata`, under `dialect`:
//!
//! ```json
//! {"dialect": {"name": "audit_logger", "original": {"level": "compliance"}, "absent": ["context"], "encoded": ["args"]}}
//! ```
//!
//! `original` overrides what the mapping writes, `absent` lists what it must not write, `encoded` what it
//! writes as JSON within a text. Reading and writing are compared when a record is read, so that nothing
//! can be forgotten: whatever differs is kept.

mod ami;
mod audit_log;
mod audit_logger;
mod booking;
mod cloudevents;
mod entry;
mod jsonl;

use serde_json::value::RawValue;

use crate::json::{Fields, ObjectWriter, into_raw, into_text, push_string};
use crate::{Defaults, Error, PartName, Record};

use entry::{Entry, Shape};

/// One system's shape of a record.
pub struct Dialect {
    /// Its name on command lines and in `metadata`.
    pub name: &'static str,
    /// What wrote it.
    pub about: &'static str,
    read: fn(&Entry<'_>, &mut Record) -> Result<(), Error>,
    write: fn(&Record, &mut Shape),
}

/// Every dialect.
pub static DIALECTS: &[Dialect] = &[
    Dialect {
        name: "audit_logger",
        about: "hash-chained audit entries with compliance tags",
        read: audit_logger::read,
        write: audit_logger::write,
    },
    Dialect {
        name: "audit_log",
        about: "operation log with states before and after",
        read: audit_log::read,
        write: audit_log::write,
    },
    Dialect {
        name: "jsonl",
        about: "JSON Lines of calls, requests and events of a session",
        read: jsonl::read,
        write: jsonl::write,
    },
    Dialect {
        name: "ami",
        about: "audit trail of files, modules, services and logs with findings and violations",
        read: ami::read,
        write: ami::write,
    },
    Dialect {
        name: "booking",
        about: "compensable actions of assistants, by company",
        read: booking::read,
        write: booking::write,
    },
    Dialect {
        name: "cloudevents",
        about: "CloudEvents 1.0, JSON format",
        read: cloudevents::read,
        write: cloudevents::write,
    },
];

impl Dialect {
    /// The dialect of that name.
    pub fn named(name: &str) -> Result<&'static Self, Error> {
        DIALECTS.iter().find(|dialect| dialect.name == name).ok_or_else(|| Error::Dialect {
            known: DIALECTS.iter().map(|dialect| dialect.name).collect::<Vec<_>>().join(", "),
        })
    }

    /// Reads one record of the dialect: one JSON object.
    ///
    /// An id that is no UUID becomes a derived one ([`crate::derived_id`]); the id itself is kept. A record
    /// without an id, a time or a tenant takes those of `defaults`.
    pub fn read(&self, text: &str, defaults: Defaults) -> Result<Record, Error> {
        let fields = Fields::parse(text)?;
        let entry = Entry::new(self.name, &fields)?;
        let mut record = entry.fresh_record(defaults);
        (self.read)(&entry, &mut record)?;
        record.tags.sort_unstable();
        record.tags.dedup();
        let mut shape = Shape::default();
        (self.write)(&record, &mut shape);
        if let Some(kept) = self.kept(&fields, &entry, &shape) {
            keep(&mut record, &kept);
        }
        Ok(record)
    }

    /// Writes a record in this dialect, on one line. One that was read in this dialect comes out as it was;
    /// any other as near as the dialect can say it.
    pub fn write(&self, record: &Record) -> String {
        let mut shape = Shape::default();
        (self.write)(record, &mut shape);
        let metadata = record.part(PartName::Metadata).map_or("{}", RawValue::get);
        let kept = Kept::of(metadata, self.name);
        let mut object = ObjectWriter::with_capacity(512);
        for (name, value) in &shape.fields {
            match kept.original(name) {
                Some(original) => object.raw(name, original),
                None if kept.absent.iter().any(|absent| absent == name) => {}
                None if kept.encoded.iter().any(|encoded| encoded == name) => object.string(name, value),
                None => object.raw(name, value),
            }
        }
        for (name, value) in &kept.original {
            if shape.get(name).is_none() {
                let mut key = Vec::new();
                push_string(&mut key, name);
                object.raw_key(&key).extend_from_slice(value.get().as_bytes());
            }
        }
        into_text(object.finish())
    }

    /// What the mapping alone would not give back.
    fn kept(&self, fields: &Fields<'_>, entry: &Entry<'_>, shape: &Shape) -> Option<Vec<u8>> {
        let encoded = entry.encoded.borrow();
        let mut original = ObjectWriter::with_capacity(256);
        let mut differs = false;
        for (name, raw) in &fields.list {
            let written = shape.get(name);
            let same = match written {
                Some(written) if encoded.contains(name) => is_text(raw, written),
                Some(written) => same_json(raw.get(), written),
                None => false,
            };
            if !same {
                differs = true;
                let mut key = Vec::new();
                push_string(&mut key, name);
                original.raw_key(&key).extend_from_slice(raw.get().as_bytes());
            }
        }
        let absent: Vec<&str> =
            shape.fields.iter().map(|(name, _)| *name).filter(|name| fields.last(name).is_none()).collect();
        if !differs && absent.is_empty() && encoded.is_empty() {
            return None;
        }
        let mut kept = ObjectWriter::with_capacity(256);
        kept.string("name", self.name);
        if differs {
            kept.key("original").extend_from_slice(&original.finish());
        }
        for (list, names) in [("absent", absent), ("encoded", encoded.iter().map(String::as_str).collect())] {
            if !names.is_empty() {
                let names = serde_json::to_string(&names).expect("texts are JSON");
                kept.raw(list, &names);
            }
        }
        Some(kept.finish())
    }
}

/// Puts what is kept beside the metadata that came with the record.
fn keep(record: &mut Record, kept: &[u8]) {
    let mut metadata = ObjectWriter::with_capacity(kept.len() + 32);
    metadata.key("dialect").extend_from_slice(kept);
    if let Some(own) = record.part(PartName::Metadata) {
        metadata.raw("metadata", own.get());
    }
    record.parts.insert(PartName::Metadata, into_raw(metadata.finish()));
}

/// What was kept when a record was read in a dialect.
#[derive(Default)]
struct Kept {
    original: Vec<(String, Box<RawValue>)>,
    absent: Vec<String>,
    encoded: Vec<String>,
}

impl Kept {
    fn of(metadata: &str, dialect: &str) -> Self {
        Self::read(metadata, dialect).unwrap_or_default()
    }

    fn read(metadata: &str, dialect: &str) -> Option<Self> {
        let fields = Fields::parse(metadata).ok()?;
        let kept = Fields::parse(fields.last("dialect")?.get()).ok()?;
        let name: String = serde_json::from_str(kept.last("name")?.get()).ok()?;
        let names =
            |list: &str| kept.last(list).and_then(|raw| serde_json::from_str(raw.get()).ok()).unwrap_or_default();
        let original = kept.last("original").and_then(|raw| Fields::parse(raw.get()).ok());
        let original = original
            .map_or(Vec::new(), |fields| fields.list.into_iter().map(|(name, raw)| (name, raw.to_owned())).collect());
        (name == dialect).then(|| Self { original, absent: names("absent"), encoded: names("encoded") })
    }

    fn original(&self, name: &str) -> Option<&str> {
        self.original.iter().find(|(kept, _)| kept == name).map(|(_, raw)| raw.get())
    }
}

/// The metadata that the record itself came with, without what a dialect keeps beside it.
fn own_metadata(record: &Record) -> Option<&str> {
    let metadata = record.part(PartName::Metadata)?.get();
    let Ok(fields) = Fields::parse(metadata) else { return Some(metadata) };
    let is_kept = fields
        .last("dialect")
        .is_some_and(|dialect| Fields::parse(dialect.get()).is_ok_and(|dialect| dialect.last("name").is_some()));
    if is_kept { fields.last("metadata").map(RawValue::get) } else { Some(metadata) }
}

/// Whether `raw` is a JSON string that holds exactly `text`.
fn is_text(raw: &RawValue, text: &str) -> bool {
    serde_json::from_str::<String>(raw.get()).is_ok_and(|given| given == text)
}

/// Equal but for blanks between tokens; strings may be escaped differently, numbers must have the same digits.
fn same_json(one: &str, other: &str) -> bool {
    if one == other {
        return true;
    }
    let texts = |json: &str| serde_json::from_str::<String>(json).ok();
    match (one.starts_with('"'), other.starts_with('"')) {
        (true, true) => texts(one).is_some_and(|one| Some(one) == texts(other)),
        (false, false) => without_blanks(one) == without_blanks(other),
        _ => false,
    }
}

fn without_blanks(json: &str) -> String {
    let (mut in_string, mut escaped) = (false, false);
    json.chars()
        .filter(|letter| {
            let keep = in_string || !letter.is_ascii_whitespace();
            match letter {
                '"' if !escaped => in_string = !in_string,
                _ => {}
            }
            escaped = in_string && *letter == '\\' && !escaped;
            keep
        })
        .collect()
}
