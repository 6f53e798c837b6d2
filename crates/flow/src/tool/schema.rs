//! JSON Schema: what a tool takes and gives.

use std::sync::Arc;

use jsonschema::Validator;
use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::Error;

/// Larger schemas are refused.
const SCHEMA_BYTES_MAX: usize = 256 << 10;
/// How much of a misfit's text is told.
const WHY_CHARS_MAX: usize = 300;

/// A schema that was compiled. Equal texts are equal schemas.
#[derive(Clone)]
pub struct Schema {
    text: Value,
    validator: Arc<Validator>,
}

/// Why a value does not fit. It quotes nothing of the value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Misfit {
    /// Where in the value: a JSON pointer (RFC 6901); empty for the whole.
    pub place: String,
    /// What is wrong there.
    pub why: String,
}

impl Schema {
    /// Compiles a schema, JSON Schema 2020-12 where it names no other draft. References lead nowhere but into the
    /// schema itself; patterns take linear time.
    ///
    /// Errors: [`Error::SchemaInvalid`].
    pub fn new(text: Value) -> Result<Self, Error> {
        let invalid = |why: String| Error::SchemaInvalid { why };
        if text.to_string().len() > SCHEMA_BYTES_MAX {
            return Err(invalid(format!("it has more than {SCHEMA_BYTES_MAX} bytes")));
        }
        let options = jsonschema::options().with_pattern_options(jsonschema::PatternOptions::regex());
        let built = options.should_validate_formats(true).build(&text);
        let validator = built.map_err(|cause| invalid(cause.masked().to_string()))?;
        Ok(Self { text, validator: Arc::new(validator) })
    }

    /// The schema that everything fits.
    pub fn anything() -> Self {
        Self::new(Value::Bool(true)).expect("`true` is a schema")
    }

    /// The schema itself.
    pub const fn text(&self) -> &Value {
        &self.text
    }

    /// Whether a value fits; else the first thing that is wrong with it.
    pub fn check(&self, value: &Value) -> Result<(), Misfit> {
        self.validator.validate(value).map_err(|cause| {
            let why = cause.masked_with("the value").to_string();
            Misfit { place: cause.instance_path().to_string(), why: why.chars().take(WHY_CHARS_MAX).collect() }
        })
    }
}

impl PartialEq for Schema {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Serialize for Schema {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.text.serialize(serializer)
    }
}

impl std::fmt::Debug for Schema {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.text.fmt(f)
    }
}

impl std::fmt::Display for Misfit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.place.is_empty() { f.write_str(&self.why) } else { write!(f, "at {}: {}", self.place, self.why) }
    }
}
