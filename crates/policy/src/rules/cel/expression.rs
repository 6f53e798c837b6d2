//! An expression over named JSON values, for whoever works with data rather than with records.

use std::sync::Arc;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use cel::common::value::{CowVal, Val};
use cel::context::VariableResolver;
use cel::objects::Key;
use cel::{Context, ExecutionError, Value};
use serde_json::value::RawValue;

use super::cost::Budget;
use super::{ENV, Program, Reading, value};
use crate::limits::{DEPTH_MAX, PART_BYTES_MAX};
use crate::rules::pattern::When;

/// What an expression reads: at most so many names.
const NAMES_MAX: usize = 32;

/// Why an expression cannot be read, or gave nothing. It quotes words of the expression, and no data.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ExpressionError(String);

impl ExpressionError {
    /// Stable name of the kind of error.
    pub const fn code(&self) -> &'static str {
        "expression_failed"
    }
}

/// A CEL expression within the bounds that rules have: it is measured before and after it is parsed, and what it
/// may cost is worked out from the size of what it reads before it reads it.
#[derive(Debug)]
pub struct Expression {
    program: Program,
    names: &'static [&'static str],
}

impl Expression {
    /// Compiles a text that may use these names, and no others.
    ///
    /// # Panics
    ///
    /// If there are more than 32 names.
    pub fn compile(text: &str, names: &'static [&'static str]) -> Result<Self, ExpressionError> {
        assert!(names.len() <= NAMES_MAX, "a budget counts 32 names");
        let program = Program::compile_over(text, When::Now, names).map_err(ExpressionError)?;
        Ok(Self { program, names })
    }

    /// The names that it reads.
    pub fn reads(&self) -> &[&'static str] {
        &self.program.reads
    }

    /// What it reads of them.
    pub fn readings(&self) -> &[Reading] {
        &self.program.readings
    }

    /// What it gives, as JSON. `look_up` gives the value of a name, which is asked for only if the expression reads
    /// it.
    pub fn evaluate(
        &self,
        look_up: &(dyn Fn(&str) -> Option<Box<RawValue>> + Send + Sync),
    ) -> Result<Box<RawValue>, ExpressionError> {
        let made = self.names.iter().map(|_| OnceLock::new()).collect();
        let budget = Budget::default();
        budget.begin(self.program.shape);
        let named = Named { names: self.names, look_up, made, budget, unreadable: AtomicBool::new(false) };
        let mut context = Context::with_env(Arc::clone(&ENV));
        context.set_variable_resolver(&named);
        if !self.program.patterns.is_empty() {
            self.program.add_matches(&mut context).ok_or_else(|| failed("its patterns cannot be used"))?;
        }
        let given = self.program.parsed.execute(&context);
        if named.unreadable.load(Ordering::Relaxed) {
            return Err(failed(
                "what it reads is missing, too large, too deep, or names a member twice; give it less, or split it",
            ));
        }
        let given = given.map_err(|error| ExpressionError(told(&error)))?;
        let mut text = String::new();
        write(&given, 0, &mut text)?;
        RawValue::from_string(text).map_err(|_| failed("what it gives cannot be written as JSON"))
    }
}

fn failed(what: &str) -> ExpressionError {
    ExpressionError(what.to_owned())
}

/// What went wrong, without the values.
fn told(error: &ExecutionError) -> String {
    match error {
        ExecutionError::NoSuchKey(key) => format!("there is no member `{}`", key.chars().take(64).collect::<String>()),
        ExecutionError::IndexOutOfBounds(_) => "an index lies beyond the end of its list".to_owned(),
        ExecutionError::DivisionByZero(_) | ExecutionError::RemainderByZero(_) => "it divides by zero".to_owned(),
        ExecutionError::Overflow(operator, ..) => format!("a number at `{operator}` is too large"),
        ExecutionError::UnsupportedBinaryOperator(operator, ..) => {
            format!("the types on the two sides of `{operator}` do not fit")
        }
        ExecutionError::DuplicateKey(_) => "a map that it makes names a member twice".to_owned(),
        _ => "the types do not fit; `type(x)` says what something is, `int(x)` and `string(x)` convert".to_owned(),
    }
}

/// The named values, each made when it is read first.
struct Named<'v> {
    names: &'static [&'static str],
    look_up: &'v (dyn Fn(&str) -> Option<Box<RawValue>> + Send + Sync),
    made: Vec<OnceLock<Option<Made>>>,
    budget: Budget,
    unreadable: AtomicBool,
}

struct Made {
    value: Box<dyn Val>,
    values: usize,
    bytes: usize,
}

impl VariableResolver for Named<'_> {
    fn resolve<'b>(&'b self, name: &str) -> Option<CowVal<'b, 'b>> {
        let index = self.names.iter().position(|known| *known == name)?;
        let made = self.made[index].get_or_init(|| {
            let json = (self.look_up)(name)?;
            let (value, values) = value::of_json(json.get())?;
            Some(Made { value: value.try_into().ok()?, values, bytes: json.get().len() })
        });
        let made = made.as_ref().filter(|made| self.budget.reads(index, made.values, made.bytes));
        if made.is_none() {
            self.unreadable.store(true, Ordering::Relaxed);
        }
        made.map(|made| CowVal::Borrowed(made.value.as_ref()))
    }
}

/// Writes a value as JSON, members in the order of their names.
fn write(value: &Value, depth: usize, text: &mut String) -> Result<(), ExpressionError> {
    if depth > DEPTH_MAX || text.len() > PART_BYTES_MAX {
        return Err(failed("what it gives is too large or nested too deep"));
    }
    match value {
        Value::Null => text.push_str("null"),
        Value::Bool(it) => text.push_str(if *it { "true" } else { "false" }),
        Value::Int(it) => text.push_str(&it.to_string()),
        Value::UInt(it) => text.push_str(&it.to_string()),
        Value::Float(it) => match serde_json::Number::from_f64(*it) {
            Some(number) => text.push_str(&number.to_string()),
            None => return Err(failed("it gives a number that JSON does not know")),
        },
        Value::String(it) => push_text(it, text)?,
        Value::List(list) => {
            text.push('[');
            for (index, item) in list.iter().enumerate() {
                if index > 0 {
                    text.push(',');
                }
                write(item, depth + 1, text)?;
            }
            text.push(']');
        }
        Value::Map(map) => {
            let mut members =
                map.map.iter().map(|(key, value)| Some((name_of(key)?, value))).collect::<Option<Vec<_>>>();
            let members = members.as_mut().ok_or_else(|| failed("it gives a map whose keys are no texts"))?;
            members.sort_by_key(|(name, _)| *name);
            text.push('{');
            for (index, (name, value)) in members.iter().enumerate() {
                if index > 0 {
                    text.push(',');
                }
                push_text(name, text)?;
                text.push(':');
                write(value, depth + 1, text)?;
            }
            text.push('}');
        }
        _ => return Err(failed("it gives something that JSON does not know; convert it with `string(x)`")),
    }
    Ok(())
}

fn push_text(it: &str, text: &mut String) -> Result<(), ExpressionError> {
    if text.len() + it.len() > PART_BYTES_MAX {
        return Err(failed("what it gives is too large or nested too deep"));
    }
    text.push_str(&serde_json::to_string(it).expect("a text is JSON"));
    Ok(())
}

fn name_of(key: &Key) -> Option<&str> {
    match key {
        Key::String(name) => Some(name),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    static NAMES: &[&str] = &["inputs", "item"];

    fn given(text: &str) -> Result<String, String> {
        let expression = Expression::compile(text, NAMES).map_err(|error| error.to_string())?;
        let inputs = r#"{"n":3,"list":[{"a":1},{"a":2}],"name":"ann","none":null,"f":0.5}"#;
        let look_up = |name: &str| (name == "inputs").then(|| RawValue::from_string(inputs.to_owned()).unwrap());
        let given = expression.evaluate(&look_up).map_err(|error| error.to_string())?;
        Ok(given.get().to_owned())
    }

    #[test]
    fn values_keep_their_types() {
        for (text, json) in [
            ("inputs.n + 1", "4"),
            ("inputs.list.map(x, x.a * 2)", "[2,4]"),
            ("inputs.list[1]", r#"{"a":2}"#),
            ("{'b': inputs.name, 'a': inputs.none}", r#"{"a":null,"b":"ann"}"#),
            ("inputs.f", "0.5"),
            ("inputs.n > 2 && has(inputs.name)", "true"),
            ("'quote\" ' + inputs.name", r#""quote\" ann""#),
        ] {
            assert_eq!(given(text).as_deref(), Ok(json), "{text}");
        }
    }

    #[test]
    fn failures_are_told_without_the_data() {
        for (text, word) in [
            ("inputs.nothing", "no member `nothing`"),
            ("inputs.list[7]", "beyond the end"),
            ("inputs.n / 0", "zero"),
            ("inputs.n + inputs.name", "types"),
            ("item", "missing"),
            ("nodes.a", "nothing here is called `nodes`"),
            ("{1: 2}", "keys"),
            ("inputs.n.frobnicate()", "frobnicate"),
        ] {
            let error = given(text).unwrap_err();
            assert!(error.contains(word), "{text}: {error}");
            assert!(!error.contains("ann"), "{text}: {error}");
        }
    }

    #[test]
    fn what_it_reads_is_known() {
        let expression =
            Expression::compile("inputs.a.b + inputs.list.map(x, x.c)[0] + int(has(inputs.d))", NAMES).unwrap();
        assert_eq!(expression.reads(), ["inputs"]);
        let read = |reading: &Reading| format!("{}{}", reading.path.join("."), if reading.asked { "?" } else { "" });
        let read: Vec<String> = expression.readings().iter().map(read).collect();
        assert_eq!(read, ["inputs.a.b", "inputs.a", "inputs.list", "inputs.d?"]);
        let whole = Expression::compile("inputs['a'] == inputs.b", NAMES).unwrap();
        assert!(whole.readings().iter().any(|reading| reading.path == ["inputs"]));
    }
}
