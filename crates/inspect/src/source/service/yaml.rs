//! YAML with a bound, and a walk over it that knows where it is.

use std::time::Duration;

use sealbook_record::parse_duration;
use serde_json::Value;

/// Longer than any file of services that a person wrote.
pub(in crate::source) const TEXT_BYTES_MAX: u64 = 4 << 20;

/// Reads a file of YAML. What is wrong is said without quoting it: it may hold passwords.
pub(in crate::source) fn read(text: &str) -> Result<Value, String> {
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_depth: 32,
            flow_nesting_limit: 32,
            max_nodes: 1 << 17,
            max_events: 1 << 18,
        },
        with_snippet: false,
    };
    serde_saphyr::from_str_with_options::<Value>(text, options).map_err(|error| {
        let line = error.location().map_or_else(String::new, |place| format!("line {}: ", place.line()));
        format!("{line}it is no YAML that can be read; check indentation, quotes and keys that stand twice")
    })
}

/// A value and the way to it: `services.shop.checks[0]`.
#[derive(Clone)]
pub(in crate::source) struct At<'v> {
    pub(in crate::source) path: String,
    pub(in crate::source) value: &'v Value,
}

impl<'v> At<'v> {
    pub(in crate::source) fn root(value: &'v Value) -> Self {
        Self { path: String::new(), value }
    }

    pub(in crate::source) fn wrong(&self, what: &str) -> String {
        if self.path.is_empty() { what.to_owned() } else { format!("{}: {what}", self.path) }
    }

    /// What stands under a key; nothing where it is missing or null.
    pub(in crate::source) fn get(&self, key: &str) -> Option<Self> {
        let value = self.value.get(key).filter(|value| !value.is_null())?;
        Some(Self { path: self.below(key), value })
    }

    fn below(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    /// Keys and what stands under them.
    pub(in crate::source) fn map(&self) -> Result<Vec<(&'v str, Self)>, String> {
        let map = self.value.as_object().ok_or_else(|| self.wrong("it must be a map of names"))?;
        Ok(map.iter().map(|(key, value)| (key.as_str(), Self { path: self.below(key), value })).collect())
    }

    /// Refuses keys that nobody reads: a misspelt one would be left out unnoticed.
    pub(in crate::source) fn only(&self, known: &[&str]) -> Result<(), String> {
        match self.map()?.iter().find(|(key, _)| !known.contains(key)) {
            Some((_, at)) => Err(at.wrong(&format!("there is no such key; there are: {}", known.join(", ")))),
            None => Ok(()),
        }
    }

    pub(in crate::source) fn list(&self) -> Result<Vec<Self>, String> {
        let list = self.value.as_array().ok_or_else(|| self.wrong("it must be a list"))?;
        let at = |(nth, value): (usize, &'v Value)| Self { path: format!("{}[{nth}]", self.path), value };
        Ok(list.iter().enumerate().map(at).collect())
    }

    pub(in crate::source) fn text(&self) -> Result<String, String> {
        match self.value {
            Value::String(text) if !text.is_empty() => Ok(text.clone()),
            Value::Number(number) => Ok(number.to_string()),
            _ => Err(self.wrong("it must be a text that is not empty")),
        }
    }

    pub(in crate::source) fn texts(&self) -> Result<Vec<String>, String> {
        match self.value {
            Value::Array(_) => self.list()?.iter().map(Self::text).collect(),
            _ => Ok(vec![self.text()?]),
        }
    }

    /// A number of at least nothing.
    pub(in crate::source) fn number(&self) -> Result<f64, String> {
        let number = self.value.as_f64().filter(|number| *number >= 0.0 && number.is_finite());
        number.ok_or_else(|| self.wrong("it must be a number that is not negative"))
    }

    pub(in crate::source) fn whole<N: TryFrom<u64>>(&self) -> Result<N, String> {
        let number = self.value.as_u64().and_then(|number| N::try_from(number).ok());
        number.ok_or_else(|| self.wrong("it must be a whole number, and no larger than it can be"))
    }

    /// `500ms`, `2s`, `1 min`.
    pub(in crate::source) fn length(&self) -> Result<Duration, String> {
        let text = self.text()?;
        let millis = text.strip_suffix("ms").and_then(|count| count.trim().parse::<u64>().ok()).map(|it| it * 1_000);
        let micros = millis.or_else(|| parse_duration(&text).ok().and_then(|us| u64::try_from(us).ok()));
        let length = micros.map(Duration::from_micros).filter(|it| !it.is_zero() && *it <= Self::LENGTH_MAX);
        length.ok_or_else(|| self.wrong("it must be a length of time up to 10 minutes, such as `2s` or `500ms`"))
    }

    const LENGTH_MAX: Duration = Duration::from_mins(10);
}
