//! Fields and parts of a record as values of CEL.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use cel::Value;
use cel::objects::{Key, Map};
use sealbook_record::Record;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

/// Values of one part. Two macros within each other walk at most their square.
const NODES_MAX: usize = 2_048;

/// A part that is not there: a map without members, so that `has(input.path)` can be asked.
pub(super) fn empty() -> Value {
    Value::Map(Map { map: Arc::new(HashMap::new()) })
}

/// A field of the statement. A text that is not there is empty, a number that is not there is 0.
pub(super) fn of_field(record: &Record, name: &str) -> Value {
    let text = |text: Option<&str>| Value::from(text.unwrap_or_default());
    let id = |id: Option<sealbook_record::Uuid>| Value::from(id.map_or_else(String::new, |id| id.to_string()));
    match name {
        "action" => text(Some(&record.action)),
        "category" => text(Some(record.category.as_str())),
        "classification" => text(Some(record.classification.as_str())),
        "conversation" => text(record.conversation.as_deref()),
        "duration_us" => Value::Int(record.duration_us.map_or(0, |us| i64::try_from(us).unwrap_or(i64::MAX))),
        "id" => id(Some(record.id)),
        "operation" => id(record.operation),
        "outcome" => text(record.outcome.map(sealbook_record::Outcome::as_str)),
        "parent" => id(record.parent),
        "phase" => text(Some(record.phase.as_str())),
        "project" => text(record.project.as_deref()),
        "reason" => text(record.reason.as_deref()),
        "retention" => text(record.retention.as_deref()),
        "session" => text(record.session.as_deref()),
        "severity" => text(Some(record.severity.as_str())),
        "source" => text(Some(&record.source)),
        "tenant" => text(Some(&record.tenant)),
        "trace" => text(record.trace.as_deref()),
        "tags" => Value::List(Arc::new(record.tags.iter().map(|tag| Value::from(tag.as_str())).collect())),
        "target" => map([("id", Some(record.target.id.as_str())), ("kind", Some(record.target.kind.as_str()))]),
        "actor" => {
            let actor = &record.actor;
            map([
                ("id", Some(actor.id.as_str())),
                ("kind", Some(actor.kind.as_str())),
                ("name", actor.name.as_deref()),
                ("on_behalf_of", actor.on_behalf_of.as_deref()),
                ("claimed", actor.claimed.as_deref()),
                ("verified", actor.verified.as_deref()),
            ])
        }
        _ => Value::Null,
    }
}

fn map<const N: usize>(entries: [(&'static str, Option<&str>); N]) -> Value {
    let key = |name: &str| Key::String(Arc::new(name.to_owned()));
    let map = entries.into_iter().map(|(name, text)| (key(name), Value::from(text.unwrap_or_default()))).collect();
    Value::Map(Map { map: Arc::new(map) })
}

/// JSON text, and how many values it has; `None` where it is too large, too deep, out of numbers, or names a member
/// twice.
pub(super) fn of_json(json: &str) -> Option<(Value, usize)> {
    let mut left = NODES_MAX;
    let mut deserializer = serde_json::Deserializer::from_str(json);
    let value = Seed(&mut left).deserialize(&mut deserializer).ok()?;
    Some((value, NODES_MAX - left))
}

struct Seed<'n>(&'n mut usize);

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        *self.0 = self.0.checked_sub(1).ok_or_else(|| D::Error::custom("too many values"))?;
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_bool<E>(self, it: bool) -> Result<Value, E> {
        Ok(Value::Bool(it))
    }

    fn visit_i64<E>(self, it: i64) -> Result<Value, E> {
        Ok(Value::Int(it))
    }

    fn visit_u64<E>(self, it: u64) -> Result<Value, E> {
        // A whole number is an int, as a rule writes one; only what does not fit is unsigned.
        Ok(i64::try_from(it).map_or(Value::UInt(it), Value::Int))
    }

    fn visit_f64<E>(self, it: f64) -> Result<Value, E> {
        Ok(Value::Float(it))
    }

    fn visit_str<E>(self, it: &str) -> Result<Value, E> {
        Ok(Value::from(it))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = seq.next_element_seed(Seed(&mut *self.0))? {
            list.push(item);
        }
        Ok(Value::List(Arc::new(list)))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut map = HashMap::new();
        while let Some(key) = access.next_key::<String>()? {
            let value = access.next_value_seed(Seed(&mut *self.0))?;
            if map.insert(Key::String(Arc::new(key)), value).is_some() {
                return Err(A::Error::custom("a member stands twice"));
            }
        }
        Ok(Value::Map(Map { map: Arc::new(map) }))
    }
}
