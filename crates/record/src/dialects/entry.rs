//! What every dialect needs to read a foreign object and to write one.

use std::cell::RefCell;

use serde_json::value::RawValue;

use crate::json::{Fields, push_string};
use crate::native::Value;
use crate::{Actor, ActorKind, Defaults, Error, PartName, Record, Target, TargetKind, Timestamp, Uuid, derived_id};

/// A foreign object that is read.
pub(super) struct Entry<'a> {
    dialect: &'static str,
    fields: &'a Fields<'a>,
    /// Fields that hold JSON within a text, as database columns do.
    pub(super) encoded: RefCell<Vec<String>>,
}

impl<'a> Entry<'a> {
    pub(super) fn new(dialect: &'static str, fields: &'a Fields<'a>) -> Result<Self, Error> {
        for (index, (name, raw)) in fields.list.iter().enumerate() {
            if fields.list[..index].iter().any(|(earlier, _)| earlier == name) {
                return Err(Error::DuplicateField { field: crate::native::printable(name), place: fields.place(raw) });
            }
        }
        Ok(Self { dialect, fields, encoded: RefCell::default() })
    }

    /// A record of this dialect in which nothing is said yet.
    pub(super) fn fresh_record(&self, defaults: Defaults) -> Record {
        let target = Target::new(TargetKind::Other, Actor::UNKNOWN);
        let mut record = Record::event(defaults.id, Actor::unknown(), Actor::UNKNOWN, target, defaults.now);
        record.tenant = defaults.tenant;
        self.dialect.clone_into(&mut record.source);
        record
    }

    fn value(&self, name: &'a str) -> Option<Value<'_>> {
        let raw = self.fields.last(name)?;
        (raw.get() != "null").then_some(Value { fields: self.fields, field: name, raw })
    }

    fn read<T>(&self, name: &'a str, read: impl Fn(&Value<'_>) -> Result<T, Error>) -> Result<Option<T>, Error> {
        self.value(name).map(|value| read(&value)).transpose()
    }

    /// The text; none where it is absent, null or empty.
    pub(super) fn filled(&self, name: &'a str) -> Result<Option<String>, Error> {
        Ok(self.text(name)?.filter(|text| !text.is_empty()))
    }

    pub(super) fn text(&self, name: &'a str) -> Result<Option<String>, Error> {
        self.value(name).as_ref().map(Value::text).transpose()
    }

    pub(super) fn texts(&self, name: &'a str) -> Result<Vec<String>, Error> {
        Ok(self.value(name).as_ref().map(Value::texts).transpose()?.unwrap_or_default())
    }

    pub(super) fn flag(&self, name: &'a str) -> Result<Option<bool>, Error> {
        self.read(name, |value| match value.raw.get() {
            "true" => Ok(true),
            "false" => Ok(false),
            _ => Err(value.wrong("true or false")),
        })
    }

    pub(super) fn time(&self, name: &'a str) -> Result<Option<Timestamp>, Error> {
        self.value(name).as_ref().map(Value::time).transpose()
    }

    /// A word of a closed set; an error lists the set.
    pub(super) fn word<T: std::str::FromStr<Err = Error>>(&self, name: &'a str) -> Result<Option<T>, Error> {
        self.read(name, |value| value.word("one of"))
    }

    /// A UUID, or one derived from an id of another form.
    pub(super) fn id(&self, name: &'a str) -> Result<Option<Uuid>, Error> {
        Ok(self.filled(name)?.map(|text| match text.parse() {
            Ok(id) => id,
            Err(_) => derived_id(self.dialect, &text),
        }))
    }

    /// Milliseconds with decimals, as whole microseconds.
    pub(super) fn millis_as_us(&self, name: &'a str) -> Result<Option<u64>, Error> {
        self.read(name, |value| {
            let wrong = || value.wrong("a number of milliseconds, 0 or more");
            let micros = Timestamp::from_epoch_text(value.raw.get()).map_err(|_| wrong())?.as_micros();
            u64::try_from(micros / 1_000).map_err(|_| wrong())
        })
    }

    pub(super) fn raw(&self, name: &str) -> Option<&'a RawValue> {
        self.fields.last(name).filter(|raw| raw.get() != "null")
    }

    /// Takes a field as a part, as it stands. JSON within a text is taken out of it.
    pub(super) fn part(&self, record: &mut Record, part: PartName, name: &str) {
        let Some(raw) = self.raw(name) else { return };
        let inner = serde_json::from_str::<String>(raw.get()).ok().filter(|text| text.starts_with(['{', '[']));
        match inner.and_then(|text| RawValue::from_string(text.clone()).ok().filter(|inner| inner.get() == text)) {
            Some(inner) => {
                self.encoded.borrow_mut().push(name.to_owned());
                record.parts.insert(part, inner);
            }
            None => {
                record.parts.insert(part, raw.to_owned());
            }
        }
    }

    /// Takes a field as a part, as it stands.
    pub(super) fn plain_part(&self, record: &mut Record, part: PartName, name: &str) {
        if let Some(raw) = self.raw(name) {
            record.parts.insert(part, raw.to_owned());
        }
    }

    /// A text within a field that is an object.
    pub(super) fn inner_text(&self, name: &str, inner: &str) -> Option<String> {
        let fields = Fields::parse(self.raw(name)?.get()).ok()?;
        serde_json::from_str(fields.last(inner)?.get()).ok().filter(|text: &String| !text.is_empty())
    }
}

/// Who acts, where only a name is given.
pub(super) fn actor_named(name: &str) -> Actor {
    let kind = match name {
        "system" => ActorKind::System,
        "unknown" => ActorKind::Unknown,
        "mcp" | "watcher" | "orchestrator" | "scheduler" => ActorKind::Service,
        "claude" => ActorKind::Agent,
        name if name.contains("agent") => ActorKind::Agent,
        name if name.contains("service") || name.contains("server") => ActorKind::Service,
        _ => ActorKind::User,
    };
    Actor::new(kind, name)
}

/// A foreign object that is written: fields in order, values as JSON text.
#[derive(Default)]
pub(super) struct Shape {
    pub(super) fields: Vec<(&'static str, String)>,
}

impl Shape {
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(field, _)| *field == name).map(|(_, value)| value.as_str())
    }

    pub(super) fn raw(&mut self, name: &'static str, value: impl Into<String>) {
        self.fields.push((name, value.into()));
    }

    pub(super) fn text(&mut self, name: &'static str, value: &str) {
        let mut quoted = Vec::with_capacity(value.len() + 2);
        push_string(&mut quoted, value);
        self.raw(name, crate::json::into_text(quoted));
    }

    /// `null` where there is none.
    pub(super) fn optional(&mut self, name: &'static str, value: Option<&str>) {
        match value {
            Some(value) => self.text(name, value),
            None => self.raw(name, "null"),
        }
    }

    pub(super) fn texts(&mut self, name: &'static str, values: &[String]) {
        self.raw(name, serde_json::to_string(values).expect("texts are JSON"));
    }

    /// The part as it stands, or `otherwise`.
    pub(super) fn part(&mut self, name: &'static str, record: &Record, part: PartName, otherwise: &str) {
        self.raw(name, record.part(part).map_or(otherwise, RawValue::get));
    }
}

/// `2026-02-20T07:21:42.457123` without offset, as Python writes UTC; no decimals where there are none.
pub(super) fn python_time(time: Timestamp) -> String {
    let text = time.to_string();
    let text = text.trim_end_matches('Z');
    text.strip_suffix(".000000").unwrap_or(text).to_owned()
}

/// Seconds since the epoch with the decimals that are needed, at least one, as Python writes a float.
pub(super) fn python_seconds(time: Timestamp) -> String {
    decimal(time.as_micros(), 6)
}

/// A whole number of the `places`-th decimal as a decimal fraction.
pub(super) fn decimal(value: i64, places: usize) -> String {
    let digits = format!("{:0width$}", value.unsigned_abs(), width = places + 1);
    let (whole, fraction) = digits.split_at(digits.len() - places);
    let fraction = fraction.trim_end_matches('0');
    format!("{}{whole}.{}", if value < 0 { "-" } else { "" }, if fraction.is_empty() { "0" } else { fraction })
}
