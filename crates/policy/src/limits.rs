//! How much a record may hold.

use sealbook_record::Record;

use crate::Error;
use crate::redact::{TooDeep, check_depth};

/// Bytes of JSON text that one part holds at most.
pub const PART_BYTES_MAX: usize = 1 << 20;
/// How deep lists and maps may lie in each other.
pub const DEPTH_MAX: usize = 128;
pub(crate) const TAGS_MAX: usize = 64;
const TAG_BYTES_MAX: usize = 256;
pub(crate) const NAME_BYTES_MAX: usize = 1_024;
pub(crate) const TARGET_BYTES_MAX: usize = 8_192;
const REASON_BYTES_MAX: usize = 16_384;

/// Whether lists and maps lie deeper in each other than they may in a part.
pub fn is_too_deep(json: &str) -> bool {
    check_depth(json.as_bytes()).is_err()
}

/// Checks the sizes of everything, and how deep parts nest.
pub(crate) fn check(record: &Record) -> Result<(), Error> {
    for (part, value) in &record.parts {
        let size = value.get().len();
        if size > PART_BYTES_MAX {
            return Err(Error::ValueTooLarge { part: part.as_str(), size });
        }
        check_depth(value.get().as_bytes()).map_err(|TooDeep| Error::NestingTooDeep { part: part.as_str() })?;
    }
    let actor = &record.actor;
    filled("tenant", &record.tenant)?;
    filled("actor.id", &actor.id)?;
    filled("action", &record.action)?;
    filled("target.id", &record.target.id)?;
    filled("source", &record.source)?;
    for (field, text) in [
        ("tenant", Some(&record.tenant)),
        ("actor.id", Some(&actor.id)),
        ("actor.name", actor.name.as_ref()),
        ("actor.on_behalf_of", actor.on_behalf_of.as_ref()),
        ("actor.claimed", actor.claimed.as_ref()),
        ("actor.verified", actor.verified.as_ref()),
        ("action", Some(&record.action)),
        ("source", Some(&record.source)),
        ("session", record.session.as_ref()),
        ("conversation", record.conversation.as_ref()),
        ("project", record.project.as_ref()),
        ("trace", record.trace.as_ref()),
        ("retention", record.retention.as_ref()),
    ] {
        within(field, text.map_or("", String::as_str), NAME_BYTES_MAX)?;
    }
    within("target.id", &record.target.id, TARGET_BYTES_MAX)?;
    within("reason", record.reason.as_deref().unwrap_or_default(), REASON_BYTES_MAX)?;
    if record.tags.len() > TAGS_MAX {
        return Err(Error::TooManyTags { count: record.tags.len() });
    }
    record.tags.iter().try_for_each(|tag| within("tags", tag, TAG_BYTES_MAX))
}

fn filled(field: &'static str, text: &str) -> Result<(), Error> {
    if text.is_empty() { Err(Error::FieldEmpty { field }) } else { Ok(()) }
}

fn within(field: &'static str, text: &str, limit: usize) -> Result<(), Error> {
    if text.len() > limit { Err(Error::FieldTooLong { field, size: text.len(), limit }) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::{DEPTH_MAX, is_too_deep};

    #[test]
    fn brackets_in_texts_are_no_depth() {
        let text = format!(r#"{{"a":["\"{}",[1]]}}"#, "[{".repeat(DEPTH_MAX));
        assert!(!is_too_deep(&text) && !is_too_deep("1"));
        let lists = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
        assert!(!is_too_deep(&lists(DEPTH_MAX)) && is_too_deep(&lists(DEPTH_MAX + 1)));
    }
}
