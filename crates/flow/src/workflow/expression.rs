//! CEL over the data of a run, within the bounds of `sealbook_policy::Expression`.

use std::collections::HashSet;

use sealbook_policy::{Expression, Reading};
use serde_json::Value;
use serde_json::value::{RawValue, to_raw_value};

use super::path::Path;
use super::scope::{NAMES, Scope};

/// A compiled expression.
#[derive(Debug)]
pub(super) struct Code(Expression);

impl Code {
    /// Says what is wrong with the text, and the mend.
    pub(super) fn compile(text: &str) -> Result<Self, String> {
        Expression::compile(text, NAMES).map(Self).map_err(|error| error.to_string())
    }

    pub(super) fn readings(&self) -> &[Reading] {
        self.0.readings()
    }

    /// Says what failed, without the data.
    pub(super) fn evaluate(&self, scope: &Scope) -> Result<Value, String> {
        let look_up = |name: &str| -> Option<Box<RawValue>> {
            let of_name = || self.readings().iter().filter(|reading| reading.path[0] == name);
            // A node's result is copied only if it is read: there may be many, and large ones.
            let value = if of_name().any(|reading| reading.path.len() == 1) {
                scope.whole(name)?
            } else {
                let members: HashSet<&str> =
                    of_name().filter_map(|reading| reading.path.get(1)).map(String::as_str).collect();
                scope.some(name, &members.into_iter().collect::<Vec<_>>())?
            };
            to_raw_value(&value).ok()
        };
        let given = self.0.evaluate(&look_up).map_err(|error| error.to_string())?;
        serde_json::from_str(given.get()).map_err(|_| "it gives a number that JSON does not know".to_owned())
    }
}

/// What a path leads to, or an expression gives.
pub(super) fn source(text: &str, scope: &Scope) -> Result<Value, String> {
    match Path::read(text) {
        Ok(path) => path.find(scope),
        Err(_) => Code::compile(text)?.evaluate(scope),
    }
}
