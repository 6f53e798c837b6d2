//! What a definition may hold, looked at before anything is made of it.

use std::collections::HashSet;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::error::{WorkflowError, shown};

/// Bytes of a definition: what one part of a record holds.
pub const DEFINITION_BYTES_MAX: usize = 1 << 20;
/// Nodes of a definition, those within loops and sagas counted.
pub const NODES_MAX: usize = 2_000;
/// Edges of a definition.
pub const EDGES_MAX: usize = 8_000;
/// Lists and maps within each other.
const DEPTH_MAX: usize = 48;
/// Values of every kind.
const VALUES_MAX: usize = 200_000;
/// Above this, numbers with and without a point are no longer told apart.
const EXACT_MAX: f64 = 9_007_199_254_740_992.0;

/// Looks at a JSON text once: its size, its depth, how many values it has, members that stand twice and numbers that
/// would lose digits.
pub(super) fn check(text: &str) -> Result<(), WorkflowError> {
    if text.len() > DEFINITION_BYTES_MAX {
        let what = format!("{} bytes, where {DEFINITION_BYTES_MAX} may be", text.len());
        return Err(WorkflowError::DefinitionTooLarge { at: String::new(), what });
    }
    let mut look = Look { at: Vec::new(), left: VALUES_MAX, too_much: None };
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let looked = Seed(&mut look).deserialize(&mut deserializer).and_then(|()| deserializer.end());
    let Err(error) = looked else { return Ok(()) };
    let at = look.at.iter().fold(String::new(), |at, step| format!("{at}/{step}"));
    Err(match look.too_much {
        Some(what) => WorkflowError::DefinitionTooLarge { at, what },
        None => WorkflowError::DefinitionInvalid { at, why: error.to_string() },
    })
}

/// One step of a JSON pointer.
pub(super) fn step(name: &str) -> String {
    shown(name).replace('~', "~0").replace('/', "~1")
}

struct Look {
    at: Vec<String>,
    left: usize,
    too_much: Option<String>,
}

struct Seed<'l>(&'l mut Look);

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        if self.0.at.len() > DEPTH_MAX {
            self.0.too_much = Some(format!("lists and maps lie more than {DEPTH_MAX} deep in each other"));
            return Err(D::Error::custom("too deep"));
        }
        let Some(left) = self.0.left.checked_sub(1) else {
            self.0.too_much = Some(format!("more than {VALUES_MAX} values"));
            return Err(D::Error::custom("too many values"));
        };
        self.0.left = left;
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E: Error>(self, it: f64) -> Result<(), E> {
        if it.abs() >= EXACT_MAX && it.fract() == 0.0 {
            return Err(E::custom("a number so large loses digits; write it as a text"));
        }
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    // The place is left as it was where something fails, so that it can be told.
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        let mut index = 0_usize;
        self.0.at.push("0".to_owned());
        while seq.next_element_seed(Seed(&mut *self.0))?.is_some() {
            index += 1;
            if let Some(last) = self.0.at.last_mut() {
                *last = index.to_string();
            }
        }
        self.0.at.pop();
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut seen = HashSet::new();
        while let Some(name) = map.next_key::<String>()? {
            self.0.at.push(step(&name));
            if !seen.insert(name) {
                return Err(A::Error::custom("this member stands twice; two readers would see different values"));
            }
            map.next_value_seed(Seed(&mut *self.0))?;
            self.0.at.pop();
        }
        Ok(())
    }
}
