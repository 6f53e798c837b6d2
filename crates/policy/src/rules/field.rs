//! Where a rule looks: fields of the statement, and values within parts.

use std::borrow::Cow;
use std::fmt;

use sealbook_record::{PartName, Record, Redaction};

use super::walk;

/// The fields of a record's statement that have one text, by name.
macro_rules! fields {
    ($($variant:ident = $name:literal => $read:expr),+ $(,)?) => {
        /// A field of the statement.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub(crate) enum Field { $($variant),+ }

        impl Field {
            pub(crate) const ALL: &'static [Self] = &[$(Self::$variant),+];

            pub(crate) const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }

            /// Its text; `None` where the record has none.
            pub(crate) fn text(self, record: &Record) -> Option<Cow<'_, str>> {
                match self { $(Self::$variant => { let read: fn(&Record) -> Option<Cow<'_, str>> = $read; read(record) })+ }
            }
        }
    };
}

#[expect(clippy::unnecessary_wraps, reason = "it stands beside fields that a record may not have")]
fn of(text: &str) -> Option<Cow<'_, str>> {
    Some(Cow::Borrowed(text))
}

fn may(text: Option<&String>) -> Option<Cow<'_, str>> {
    text.map(|text| Cow::Borrowed(text.as_str()))
}

fields! {
    Id = "id" => |r| Some(Cow::Owned(r.id.to_string())),
    Tenant = "tenant" => |r| of(&r.tenant),
    Operation = "operation" => |r| r.operation.map(|id| Cow::Owned(id.to_string())),
    Parent = "parent" => |r| r.parent.map(|id| Cow::Owned(id.to_string())),
    Phase = "phase" => |r| of(r.phase.as_str()),
    Session = "session" => |r| may(r.session.as_ref()),
    Conversation = "conversation" => |r| may(r.conversation.as_ref()),
    Project = "project" => |r| may(r.project.as_ref()),
    Trace = "trace" => |r| may(r.trace.as_ref()),
    ActorId = "actor.id" => |r| of(&r.actor.id),
    ActorKind = "actor.kind" => |r| of(r.actor.kind.as_str()),
    ActorName = "actor.name" => |r| may(r.actor.name.as_ref()),
    OnBehalfOf = "actor.on_behalf_of" => |r| may(r.actor.on_behalf_of.as_ref()),
    Claimed = "actor.claimed" => |r| may(r.actor.claimed.as_ref()),
    Verified = "actor.verified" => |r| may(r.actor.verified.as_ref()),
    Action = "action" => |r| of(&r.action),
    Category = "category" => |r| of(r.category.as_str()),
    Outcome = "outcome" => |r| r.outcome.and_then(|it| of(it.as_str())),
    DurationUs = "duration_us" => |r| r.duration_us.map(|it| Cow::Owned(it.to_string())),
    TargetId = "target.id" => |r| of(&r.target.id),
    TargetKind = "target.kind" => |r| of(r.target.kind.as_str()),
    Source = "source" => |r| of(&r.source),
    Reason = "reason" => |r| may(r.reason.as_ref()),
    Severity = "severity" => |r| of(r.severity.as_str()),
    Classification = "classification" => |r| of(r.classification.as_str()),
    Retention = "retention" => |r| may(r.retention.as_ref()),
}

/// One step of a way into a part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    /// The member of this name, or the element of this number.
    Name(String),
    /// The member of this name, which is folded, however it is written: `Path` is `path`.
    Folded(String),
    /// Every member or element.
    Any,
    /// Everything at any depth.
    Deep,
}

/// A name as readers see it that ignore case: two that fold alike are one to them.
pub(crate) fn folded(name: &str) -> Cow<'_, str> {
    if name.bytes().all(|byte| byte.is_ascii() && !byte.is_ascii_uppercase()) {
        return Cow::Borrowed(name);
    }
    Cow::Owned(name.chars().flat_map(char::to_uppercase).flat_map(char::to_lowercase).collect())
}

/// Where a rule looks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    Field(Field),
    Tags,
    Part {
        part: PartName,
        path: Vec<Step>,
        /// As it was written, for output.
        text: String,
    },
    /// The names of all members at any depth.
    Names(PartName),
}

impl Place {
    /// Reads `action`, `input`, `input.a.*.b`, `input.**.path`, `/input/a~1b/0`, `names(input)`.
    ///
    /// Fails with what is wrong and the mend.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        if text == "tags" {
            return Ok(Self::Tags);
        }
        if let Some(field) = Field::ALL.iter().find(|field| field.as_str() == text) {
            return Ok(Self::Field(*field));
        }
        if let Some(part) = text.strip_prefix("names(").and_then(|rest| rest.strip_suffix(')')) {
            return part.parse().map(Self::Names).map_err(|_| unknown(text));
        }
        if let Some(pointer) = text.strip_prefix('/') {
            let mut steps = pointer.split('/').map(|step| step.replace("~1", "/").replace("~0", "~"));
            let part = steps.next().and_then(|part| part.parse().ok()).ok_or_else(|| unknown(text))?;
            return Ok(Self::Part { part, path: steps.map(Step::Name).collect(), text: text.to_owned() });
        }
        let mut steps = text.split('.');
        let part = steps.next().and_then(|part| part.parse().ok()).ok_or_else(|| unknown(text))?;
        let path: Vec<Step> = steps
            .map(|step| match step {
                "*" => Step::Any,
                "**" => Step::Deep,
                name => Step::Name(name.to_owned()),
            })
            .collect();
        if path.iter().filter(|step| **step == Step::Deep).count() > 1 {
            return Err("a field has at most one `**`; name the steps between".to_owned());
        }
        if path.contains(&Step::Name(String::new())) {
            return Err("a field has an empty step; write the way as a pointer, `/input/a.b`".to_owned());
        }
        Ok(Self::Part { part, path, text: text.to_owned() })
    }

    /// The same place, with names that are compared as they fold.
    pub(crate) fn in_any_case(mut self) -> Self {
        if let Self::Part { path, .. } = &mut self {
            for step in path {
                if let Step::Name(name) = step {
                    *step = Step::Folded(folded(name).into_owned());
                }
            }
        }
        self
    }

    /// Whether a member of exactly this name, which is folded here, is looked for.
    pub(crate) fn names(&self, name: &str) -> bool {
        let is_it = |step: &Step| matches!(step, Step::Name(own) if folded(own) == name);
        matches!(self, Self::Part { path, .. } if path.iter().any(is_it))
    }

    /// The part, where all of it is meant.
    pub(crate) fn whole_part(&self) -> Option<PartName> {
        match self {
            Self::Part { part, path, .. } if path.is_empty() => Some(*part),
            _ => None,
        }
    }

    /// Calls `each` with every text there until it says `true`; whether it did.
    pub(crate) fn any(&self, record: &Record, each: &mut dyn FnMut(&str) -> bool) -> bool {
        match self {
            Self::Field(field) => field.text(record).is_some_and(|text| each(&text)),
            Self::Tags => record.tags.iter().any(|tag| each(tag)),
            Self::Part { part, path, .. } => {
                record.part(*part).is_some_and(|json| walk::any_value(json.get().as_bytes(), path, each))
            }
            Self::Names(part) => record.part(*part).is_some_and(|json| walk::any_name(json.get().as_bytes(), each)),
        }
    }

    /// Whether something that was taken out of a sealed record may have stood here.
    pub(crate) fn is_hidden(&self, redactions: &[Redaction], gone: &[String]) -> bool {
        match self {
            Self::Field(field) => redactions.iter().any(|it| it.path == field.as_str()),
            Self::Tags => redactions.iter().any(|it| it.path == "tags"),
            Self::Names(part) => is_gone(*part, gone) || redactions.iter().any(|it| part_of(&it.path) == part.as_str()),
            Self::Part { part, path, .. } => {
                is_gone(*part, gone)
                    || redactions.iter().any(|it| {
                        let mut steps = it.path.split('/');
                        let within = steps.next() == Some(part.as_str());
                        let first = match path.first() {
                            Some(Step::Name(name)) => steps.next().is_none_or(|step| step == name),
                            Some(Step::Folded(name)) => steps.next().is_none_or(|step| folded(step) == *name),
                            _ => true,
                        };
                        within && first
                    })
            }
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Field(field) => f.write_str(field.as_str()),
            Self::Tags => f.write_str("tags"),
            Self::Part { text, .. } => f.write_str(text),
            Self::Names(part) => write!(f, "names({part})"),
        }
    }
}

pub(crate) fn part_of(path: &str) -> &str {
    path.split('/').next().unwrap_or_default()
}

fn is_gone(part: PartName, gone: &[String]) -> bool {
    gone.iter().any(|name| name == part.as_str())
}

fn unknown(text: &str) -> String {
    let known: Vec<&str> = Field::ALL.iter().map(|field| field.as_str()).chain(["tags"]).collect();
    let parts: Vec<&str> = PartName::ALL.iter().map(|part| part.as_str()).collect();
    let shown: String = text.chars().take(40).collect();
    format!(
        "there is no field `{shown}`; use one of {}, or a way into a part ({}), such as `input.path` or `input.**`",
        known.join(", "),
        parts.join(", ")
    )
}
