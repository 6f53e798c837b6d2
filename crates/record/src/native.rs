//! The native form: one record as one JSON object on one line, for `append`, `import` and `export`.

use serde_json::value::RawValue;
use uuid::Uuid;

use crate::json::{Fields, ObjectWriter, into_text};
use crate::{Actor, ActorKind, Error, PartName, Place, Record, Target, TargetKind, Timestamp};

/// What a record has that names neither id nor time nor tenant.
#[derive(Debug, Clone)]
pub struct Defaults {
    /// The time of now.
    pub now: Timestamp,
    /// A fresh id.
    pub id: Uuid,
    /// The tenant.
    pub tenant: String,
}

impl Record {
    /// The record as one JSON object on one line: fields in a fixed order, parts as they stand.
    pub fn to_json(&self) -> String {
        let content: usize = self.parts.values().map(|part| part.get().len() + 16).sum();
        let mut object = ObjectWriter::with_capacity(640 + content);
        let mut buffer = Uuid::encode_buffer();
        object.string("id", self.id.as_hyphenated().encode_lower(&mut buffer));
        object.string("tenant", &self.tenant);
        if let Some(operation) = self.operation {
            object.string("operation", operation.as_hyphenated().encode_lower(&mut buffer));
        }
        object.string("phase", self.phase.as_str());
        let occurred = object.key("occurred");
        occurred.push(b'"');
        self.occurred.write_to(occurred);
        occurred.push(b'"');
        self.write_who_and_what(&mut object);
        self.write_weight(&mut object);
        self.write_where_from(&mut object);
        for (name, part) in &self.parts {
            object.raw(name.as_str(), &on_one_line(part.get()));
        }
        into_text(object.finish())
    }

    /// Reads the native form. Needed are `action` and `target`; no `actor` means `unknown`.
    ///
    /// `actor` and `target` may be a text instead of an object: the id, of kind `unknown` and `other`.
    /// `nonce` is accepted and not kept: the difficulty is 0.
    /// `occurred` may be any form [`Timestamp`] reads, or seconds since the epoch as a number.
    ///
    /// Errors name the field and the place, and never quote a value.
    pub fn from_json(text: &str, defaults: Defaults) -> Result<Self, Error> {
        let fields = Fields::parse(text)?;
        let mut record =
            Self::event(defaults.id, Actor::unknown(), "", Target::new(TargetKind::Other, ""), defaults.now);
        record.tenant = defaults.tenant;
        "unknown".clone_into(&mut record.source);
        let mut seen: Vec<&str> = Vec::with_capacity(fields.list.len());
        for (name, raw) in &fields.list {
            if seen.contains(&name.as_str()) {
                return Err(Error::DuplicateField { field: printable(name), place: fields.place(raw) });
            }
            seen.push(name);
            let value = Value { fields: &fields, field: name, raw };
            if !read_field(&mut record, &value)? {
                return Err(value.unknown(name));
            }
        }
        for field in ["action", "target"] {
            if !seen.contains(&field) {
                return Err(Error::MissingField { field: if field == "action" { "action" } else { "target" } });
            }
        }
        Ok(record)
    }
}

/// One field; false where no record has it.
fn read_field(record: &mut Record, value: &Value<'_>) -> Result<bool, Error> {
    match value.field {
        "id" => record.id = value.uuid()?,
        "tenant" => record.tenant = value.filled_text()?,
        "operation" => record.operation = value.optional(Value::uuid)?,
        "phase" => record.phase = value.word("intent, outcome or event")?,
        "occurred" => record.occurred = value.time()?,
        "parent" => record.parent = value.optional(Value::uuid)?,
        "session" => record.session = value.optional(Value::text)?,
        "conversation" => record.conversation = value.optional(Value::text)?,
        "project" => record.project = value.optional(Value::text)?,
        "trace" => record.trace = value.optional(Value::text)?,
        "actor" => record.actor = value.optional(read_actor)?.unwrap_or_else(Actor::unknown),
        "action" => record.action = value.filled_text()?,
        "category" => record.category = value.word("a category")?,
        "outcome" => record.outcome = value.optional(|value| value.word("an outcome"))?,
        "duration_us" => record.duration_us = value.optional(Value::whole_number)?,
        "target" => record.target = read_target(value)?,
        "source" => record.source = value.filled_text()?,
        "reason" => record.reason = value.optional(Value::text)?,
        "tags" => record.tags = value.optional(Value::texts)?.unwrap_or_default(),
        "severity" => record.severity = value.word("a severity")?,
        "classification" => record.classification = value.word("a classification")?,
        "retention" => record.retention = value.optional(Value::text)?,
        // Proof of work of older chains: it proves nothing here, where the difficulty is 0, and is not kept.
        "nonce" => drop(value.optional(Value::nonce)?),
        name => match name.parse::<PartName>() {
            Ok(part) => {
                record.parts.insert(part, value.raw.to_owned());
            }
            Err(_) => return Ok(false),
        },
    }
    Ok(true)
}

fn read_actor(value: &Value<'_>) -> Result<Actor, Error> {
    if !value.is_object() {
        return Ok(Actor::new(ActorKind::Unknown, value.filled_text()?));
    }
    let mut actor = Actor::unknown();
    value.each(|name, inner| {
        match name {
            "id" => actor.id = inner.filled_text()?,
            "kind" => actor.kind = inner.word("an actor kind")?,
            "name" => actor.name = inner.optional(Value::text)?,
            "on_behalf_of" => actor.on_behalf_of = inner.optional(Value::text)?,
            "claimed" => actor.claimed = inner.optional(Value::text)?,
            "verified" => actor.verified = inner.optional(Value::text)?,
            _ => return Ok(false),
        }
        Ok(true)
    })?;
    Ok(actor)
}

fn read_target(value: &Value<'_>) -> Result<Target, Error> {
    if !value.is_object() {
        return Ok(Target::new(TargetKind::Other, value.filled_text()?));
    }
    let mut target = Target::new(TargetKind::Other, "");
    value.each(|name, inner| {
        match name {
            "id" => target.id = inner.filled_text()?,
            "kind" => target.kind = inner.word("a target kind")?,
            _ => return Ok(false),
        }
        Ok(true)
    })?;
    if target.id.is_empty() { Err(Error::MissingField { field: "target.id" }) } else { Ok(target) }
}

/// A field's value with what is needed to complain about it.
pub(crate) struct Value<'a> {
    pub(crate) fields: &'a Fields<'a>,
    pub(crate) field: &'a str,
    pub(crate) raw: &'a RawValue,
}

impl Value<'_> {
    fn is_object(&self) -> bool {
        self.raw.get().starts_with('{')
    }

    pub(crate) fn wrong(&self, expected: impl Into<String>) -> Error {
        Error::Field { field: printable(self.field), place: self.place(), expected: expected.into() }
    }

    fn place(&self) -> Place {
        self.fields.place(self.raw)
    }

    fn unknown(&self, name: &str) -> Error {
        let field = match printable(name).as_str() {
            NOT_QUOTED => NOT_QUOTED.to_owned(),
            name => format!("`{name}`"),
        };
        Error::UnknownField { field, place: self.place() }
    }

    pub(crate) fn optional<T>(&self, read: impl Fn(&Self) -> Result<T, Error>) -> Result<Option<T>, Error> {
        if self.raw.get() == "null" { Ok(None) } else { read(self).map(Some) }
    }

    pub(crate) fn text(&self) -> Result<String, Error> {
        serde_json::from_str(self.raw.get()).map_err(|_| self.wrong("a text"))
    }

    pub(crate) fn filled_text(&self) -> Result<String, Error> {
        let text = self.text()?;
        if text.is_empty() { Err(self.wrong("a text that is not empty")) } else { Ok(text) }
    }

    pub(crate) fn texts(&self) -> Result<Vec<String>, Error> {
        serde_json::from_str(self.raw.get()).map_err(|_| self.wrong("a list of texts"))
    }

    fn whole_number(&self) -> Result<u64, Error> {
        self.raw.get().parse().map_err(|_| self.wrong("a whole number of microseconds, 0 or more"))
    }

    fn nonce(&self) -> Result<u64, Error> {
        self.raw.get().trim_matches('"').parse().map_err(|_| self.wrong("a whole number, 0 or more"))
    }

    pub(crate) fn uuid(&self) -> Result<Uuid, Error> {
        self.text()?.parse().map_err(|_| self.wrong("a UUID"))
    }

    pub(crate) fn time(&self) -> Result<Timestamp, Error> {
        let wrong = |_| self.wrong("a time: RFC 3339, a date, or seconds since 1970 as a number");
        if self.raw.get().starts_with('"') {
            self.text()?.parse().map_err(wrong)
        } else {
            Timestamp::from_epoch_text(self.raw.get()).map_err(wrong)
        }
    }

    /// A word of a closed set; the error lists the set.
    pub(crate) fn word<T: std::str::FromStr>(&self, what: &str) -> Result<T, Error>
    where
        T::Err: WordError,
    {
        let text = self.text()?;
        text.parse().map_err(|error: T::Err| match error.allowed() {
            Some(allowed) => self.wrong(format!("{what}: {allowed}")),
            None => self.wrong(what),
        })
    }

    /// Hands each field of the object to `read`, which says whether it knows the field.
    fn each(&self, mut read: impl FnMut(&str, &Value<'_>) -> Result<bool, Error>) -> Result<(), Error> {
        let inner = Fields::parse(self.raw.get()).map_err(|_| self.wrong("an object"))?;
        let mut seen: Vec<&str> = Vec::new();
        for (name, raw) in &inner.list {
            let dotted = format!("{}.{}", self.field, printable(name));
            // The value lies inside the outer text, so the outer text tells its place.
            let value = Value { fields: self.fields, field: &dotted, raw };
            if seen.contains(&name.as_str()) {
                return Err(Error::DuplicateField { field: dotted.clone(), place: value.place() });
            }
            seen.push(name);
            if !read(name, &value)? {
                return Err(value.unknown(&dotted));
            }
        }
        Ok(())
    }
}

/// The words that an error of a closed set allows.
pub(crate) trait WordError {
    fn allowed(self) -> Option<String>;
}

impl WordError for Error {
    fn allowed(self) -> Option<String> {
        match self {
            Self::Vocabulary { allowed, .. } => Some(allowed),
            _ => None,
        }
    }
}

impl WordError for sealbook_ledger::Error {
    fn allowed(self) -> Option<String> {
        None
    }
}

const NOT_QUOTED: &str = "this name";

/// A field name that can be shown: short, lower case words. Anything else could be a secret.
pub(crate) fn printable(name: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte == b'_' || byte == b'.';
    if name.len() <= 40 && !name.is_empty() && name.bytes().all(plain) {
        name.to_owned()
    } else {
        NOT_QUOTED.to_owned()
    }
}

/// Line breaks between the tokens of a JSON text would end a line of JSON Lines; within strings they are escaped.
fn on_one_line(json: &str) -> std::borrow::Cow<'_, str> {
    if json.contains(['\n', '\r']) { json.replace(['\n', '\r'], " ").into() } else { json.into() }
}
