//! Paths into data: `nodes.look_up.rows[0].id`.

use serde_json::Value;

use super::error::shown;
use super::scope::Scope;

const STEPS_MAX: usize = 32;

/// One step of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    Member(String),
    Index(usize),
}

/// Where a value lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path {
    pub(super) steps: Vec<Step>,
}

impl Path {
    /// Reads a path that begins with `inputs`, `nodes` or another name.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        let path = Self::read_within(text)?;
        match path.steps.first() {
            Some(Step::Member(name)) if super::scope::NAMES.contains(&name.as_str()) => Ok(path),
            _ => Err(format!("`{0}` is not known here; write `inputs.{0}` or `nodes.{0}`", shown(text))),
        }
    }

    /// Reads a path into a value.
    pub(super) fn read_within(text: &str) -> Result<Self, String> {
        let bad = || format!("`{}` is no path; write it as `inputs.order.rows[0].id`", shown(text));
        let mut steps = Vec::new();
        let mut rest = text.trim();
        while !rest.is_empty() {
            if let Some(inside) = rest.strip_prefix('[') {
                let (inside, after) = inside.split_once(']').ok_or_else(bad)?;
                let quoted = inside.strip_prefix(['"', '\'']).and_then(|it| it.strip_suffix(['"', '\'']));
                steps.push(match quoted {
                    Some(name) => Step::Member(name.to_owned()),
                    None => Step::Index(inside.parse().map_err(|_| bad())?),
                });
                rest = after;
            } else {
                let name = if steps.is_empty() { rest } else { rest.strip_prefix('.').ok_or_else(bad)? };
                let end = name.find(['.', '[']).unwrap_or(name.len());
                let (name, after) = name.split_at(end);
                if name.is_empty() || !name.chars().all(|c| c.is_alphanumeric() || c == '_') {
                    return Err(bad());
                }
                // A number between points is an index, as in templates.
                steps.push(match name.parse() {
                    Ok(index) if !steps.is_empty() => Step::Index(index),
                    _ => Step::Member(name.to_owned()),
                });
                rest = after;
            }
            if steps.len() > STEPS_MAX {
                return Err(format!("a path of more than {STEPS_MAX} steps; take it in two"));
            }
        }
        if steps.is_empty() { Err(bad()) } else { Ok(Self { steps }) }
    }

    /// The members at its beginning.
    pub(super) fn names(&self) -> Vec<String> {
        let name = |step: &Step| match step {
            Step::Member(name) => Some(name.clone()),
            Step::Index(_) => None,
        };
        self.steps.iter().map_while(name).collect()
    }

    /// The value there; says which step leads nowhere.
    pub(super) fn find(&self, scope: &Scope) -> Result<Value, String> {
        let name = match &self.steps[0] {
            Step::Member(name) => name.as_str(),
            Step::Index(_) => return Err("a path begins with a name".to_owned()),
        };
        if let ("nodes", Some(Step::Member(node))) = (name, self.steps.get(1)) {
            let value = scope.begin(name, Some(node)).ok_or_else(|| self.nowhere(1))?;
            return self.follow(value, 2);
        }
        match scope.begin(name, None) {
            Some(value) => self.follow(value, 1),
            None => self.follow(&scope.whole(name).ok_or_else(|| self.nowhere(0))?, 1),
        }
    }

    /// The value there, in this one.
    pub(super) fn find_in(&self, value: &Value) -> Result<Value, String> {
        self.follow(value, 0)
    }

    fn follow(&self, value: &Value, from: usize) -> Result<Value, String> {
        let mut value = value;
        for (at, step) in self.steps.iter().enumerate().skip(from) {
            let next = match (step, value) {
                (Step::Member(name), Value::Object(members)) => members.get(name),
                (Step::Index(index), Value::Array(items)) => items.get(*index),
                (Step::Index(index), Value::Object(members)) => members.get(&index.to_string()),
                _ => None,
            };
            value = next.ok_or_else(|| self.nowhere(at))?;
        }
        Ok(value.clone())
    }

    fn nowhere(&self, at: usize) -> String {
        let shown_to = |end: usize| shown(&self.to_text(end));
        if at == 0 {
            return format!("there is no `{}`", shown_to(1));
        }
        format!("there is no `{}`; `{}` does not have it", shown_to(at + 1), shown_to(at))
    }

    fn to_text(&self, end: usize) -> String {
        self.steps[..end].iter().fold(String::new(), |text, step| match step {
            Step::Member(name) if text.is_empty() => name.clone(),
            Step::Member(name) => format!("{text}.{name}"),
            Step::Index(index) => format!("{text}[{index}]"),
        })
    }
}
