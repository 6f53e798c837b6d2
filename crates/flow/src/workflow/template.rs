//! Templates: a text in which `{{ … }}` and `{% … %}` stand for data.
//!
//! A template that is one expression gives that expression's value, with its type; a mixture gives a text. What is
//! missing is an error unless `default` says what it is then. What makes a template a bomb is refused before it is
//! parsed (tags that bind names, products, deep brackets) or ends at a bound (steps, bytes).

use std::io;
use std::sync::LazyLock;

use minijinja::value::{Kwargs, ValueKind};
use minijinja::{Environment, Error, ErrorKind, UndefinedBehavior, filters};
use sealbook_policy::Reading;
use serde_json::{Map, Value};

use super::error::WorkflowError;
use super::node::TEXT_BYTES_MAX;
use super::path::Path;
use super::scope::Scope;

/// Bytes that a template may give.
const GIVEN_BYTES_MAX: usize = 1 << 20;
/// Steps of a template, and the bytes that all of them may look at.
const STEPS_MAX: u64 = 50_000;
const STEPS_MIN: u64 = 2_000;
const LOOKED_BYTES_MAX: u64 = 1 << 31;
const BRACKETS_MAX: usize = 16;
const JOINS_MAX: usize = 8;
const LOOPS_MAX: usize = 2;

static TAGS: &[&str] = &["for", "endfor", "if", "elif", "else", "endif"];
static FILTERS: &[&str] = &[
    "abs",
    "capitalize",
    "d",
    "default",
    "first",
    "float",
    "int",
    "join",
    "last",
    "length",
    "lower",
    "replace",
    "round",
    "string",
    "title",
    "tojson",
    "trim",
    "upper",
];

static ENVIRONMENT: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut environment = Environment::empty();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_recursion_limit(32);
    environment.set_formatter(|out, _, value| match value.kind() {
        ValueKind::Undefined => Err(Error::from(ErrorKind::UndefinedError)),
        ValueKind::String => Ok(out.write_str(value.as_str().unwrap_or_default())?),
        _ => Ok(out.write_str(&json_text(value)?)?),
    });
    environment.add_filter("abs", filters::abs);
    environment.add_filter("capitalize", filters::capitalize);
    environment.add_filter("d", filters::default);
    environment.add_filter("default", filters::default);
    environment.add_filter("first", filters::first);
    environment.add_filter("float", filters::float);
    environment.add_filter("int", filters::int);
    environment.add_filter("join", join);
    environment.add_filter("last", filters::last);
    environment.add_filter("length", filters::length);
    environment.add_filter("lower", filters::lower);
    environment.add_filter("replace", replace);
    environment.add_filter("round", filters::round);
    environment.add_filter("string", filters::string);
    environment.add_filter("title", filters::title);
    environment.add_filter("tojson", |value: minijinja::Value| json_text(&value));
    environment.add_filter("trim", filters::trim);
    environment.add_filter("upper", filters::upper);
    for (name, test) in [
        ("defined", minijinja::tests::is_defined as fn(&minijinja::Value) -> bool),
        ("undefined", minijinja::tests::is_undefined),
        ("none", minijinja::tests::is_none),
        ("string", minijinja::tests::is_string),
        ("number", minijinja::tests::is_number),
        ("mapping", minijinja::tests::is_mapping),
        ("sequence", minijinja::tests::is_sequence),
    ] {
        environment.add_test(name, move |value: &minijinja::Value| test(value));
    }
    environment
});

/// A template that was read.
#[derive(Debug)]
pub(super) struct Template<'s> {
    source: &'s str,
    form: Form,
}

#[derive(Debug)]
enum Form {
    /// Nothing in it stands for data.
    Plain,
    /// One expression that is a path, and what it is where it leads nowhere.
    Path(Path, Option<Value>),
    /// One expression.
    Expression(String),
    /// A text with expressions.
    Mixed,
}

impl<'s> Template<'s> {
    /// Says what is wrong with the text, and the mend.
    pub(super) fn read(source: &'s str) -> Result<Self, String> {
        let form = match measure(source)? {
            Found::Nothing => Form::Plain,
            Found::One(inside) => match as_path(inside) {
                Some((path, or)) => Form::Path(path, or),
                None => Form::Expression(inside.to_owned()),
            },
            Found::More => Form::Mixed,
        };
        let parsed = match &form {
            Form::Plain | Form::Path(..) => Ok(()),
            Form::Expression(inside) => ENVIRONMENT.compile_expression(inside).map(drop),
            Form::Mixed => ENVIRONMENT.template_from_str(source).map(drop),
        };
        parsed.map_err(|error| {
            let line = error.line().map_or(String::new(), |line| format!(" in line {line}"));
            format!("the template cannot be parsed{line}; check its braces, quotes and tags")
        })?;
        Ok(Self { source, form })
    }

    /// What it reads.
    pub(super) fn readings(&self) -> Vec<Reading> {
        let names = match &self.form {
            Form::Plain => return Vec::new(),
            Form::Path(path, or) => return vec![Reading { path: path.names(), asked: or.is_some() }],
            Form::Expression(inside) => {
                ENVIRONMENT.compile_expression(inside).map(|it| it.undeclared_variables(true)).unwrap_or_default()
            }
            Form::Mixed => {
                ENVIRONMENT.template_from_str(self.source).map(|it| it.undeclared_variables(true)).unwrap_or_default()
            }
        };
        // Which of its names a `default` or a test is about, nobody says: then all of them may be missing.
        let asked = ["default", "d(", " is "].iter().any(|word| self.source.contains(word));
        let mut names: Vec<String> = names.into_iter().collect();
        names.sort();
        names.iter().map(|name| Reading { path: name.split('.').map(str::to_owned).collect(), asked }).collect()
    }

    /// Says what failed, without the data.
    pub(super) fn render(&self, scope: &Scope) -> Result<Value, String> {
        match &self.form {
            Form::Plain => Ok(Value::String(self.source.to_owned())),
            Form::Path(path, None) => path.find(scope),
            Form::Path(path, Some(or)) => Ok(path.find(scope).unwrap_or_else(|_| or.clone())),
            Form::Expression(inside) => {
                let (environment, data) = self.prepared(scope);
                let code = environment.compile_expression(inside).map_err(|error| self.told(&error, scope))?;
                let given = code.eval(data).map_err(|error| self.told(&error, scope))?;
                if given.is_undefined() {
                    return Err(self.told(&Error::from(ErrorKind::UndefinedError), scope));
                }
                serde_json::to_value(&given).map_err(|_| "it gives something that JSON does not know".to_owned())
            }
            Form::Mixed => {
                let (environment, data) = self.prepared(scope);
                let template = environment.template_from_str(self.source).map_err(|error| self.told(&error, scope))?;
                let mut given = Bounded(Vec::new());
                template.render_captured_to(data, &mut given).map_err(|error| self.told(&error, scope))?;
                String::from_utf8(given.0).map(Value::String).map_err(|_| "it gives no text".to_owned())
            }
        }
    }

    /// The data that it reads, and an environment with as many steps as that data allows.
    fn prepared(&self, scope: &Scope) -> (Environment<'static>, minijinja::Value) {
        let mut data = Map::new();
        let readings = self.readings();
        for name in super::scope::NAMES {
            let of_name = || readings.iter().filter(|reading| reading.path[0] == *name);
            let value = if of_name().any(|reading| reading.path.len() == 1) {
                scope.whole(name)
            } else {
                let members: Vec<&str> = of_name().filter_map(|it| it.path.get(1)).map(String::as_str).collect();
                if members.is_empty() { None } else { scope.some(name, &members) }
            };
            data.extend(value.map(|value| ((*name).to_owned(), value)));
        }
        let mut size = Size(1);
        serde_json::to_writer(&mut size, &data).expect("counting does not fail");
        let mut environment = ENVIRONMENT.clone();
        environment.set_fuel(Some((LOOKED_BYTES_MAX / size.0).clamp(STEPS_MIN, STEPS_MAX)));
        (environment, minijinja::Value::from(minijinja::value::Serde(&data)))
    }

    fn told(&self, error: &Error, scope: &Scope) -> String {
        match error.kind() {
            ErrorKind::OutOfFuel => {
                "the template takes too many steps; give it less data, or a transform before".to_owned()
            }
            ErrorKind::UnknownFilter
            | ErrorKind::UnknownTest
            | ErrorKind::UnknownFunction
            | ErrorKind::UnknownMethod => "it uses a filter, a test or a function that is not there".to_owned(),
            ErrorKind::WriteFailure => format!("it gives more than {GIVEN_BYTES_MAX} bytes; give less"),
            kind => match (self.missing(scope), kind) {
                (Some(path), _) => format!("there is no `{path}`; give it, or write `| default(…)`"),
                (None, ErrorKind::UndefinedError) => {
                    "something that it reads is not there; give it, or write `| default(…)`".to_owned()
                }
                (None, _) => "the types in it do not fit; `| int` and `| string` convert".to_owned(),
            },
        }
    }

    /// The first of its paths that leads nowhere.
    fn missing(&self, scope: &Scope) -> Option<String> {
        let leads_nowhere = |path: &String| Path::read(path).is_ok_and(|path| path.find(scope).is_err());
        self.readings().iter().map(|reading| reading.path.join(".")).find(leads_nowhere)
    }
}

/// A value whose texts are templates, with each replaced by what it gives.
pub(super) fn render(at: &str, value: &Value, scope: &Scope) -> Result<Value, WorkflowError> {
    Ok(match value {
        Value::String(source) => Template::read(source)
            .and_then(|template| template.render(scope))
            .map_err(|why| WorkflowError::TemplateFailed { at: at.to_owned(), why })?,
        Value::Array(items) => {
            let items = items.iter().enumerate().map(|(index, item)| render(&format!("{at}[{index}]"), item, scope));
            Value::Array(items.collect::<Result<_, _>>()?)
        }
        Value::Object(members) => {
            let members = members.iter().map(|(name, member)| {
                Ok((name.clone(), render(&format!("{at}.{}", super::error::shown(name)), member, scope)?))
            });
            Value::Object(members.collect::<Result<_, WorkflowError>>()?)
        }
        other => other.clone(),
    })
}

/// What a template gives, as text.
pub(super) fn text(at: &str, source: &str, scope: &Scope) -> Result<String, WorkflowError> {
    let given = Template::read(source).and_then(|template| template.render(scope));
    match given.map_err(|why| WorkflowError::TemplateFailed { at: at.to_owned(), why })? {
        Value::String(text) => Ok(text),
        other => Ok(other.to_string()),
    }
}

/// What stands for data in a text.
enum Found<'s> {
    Nothing,
    /// One expression, and nothing else.
    One(&'s str),
    More,
}

/// Refuses what could be a bomb, before it is parsed.
fn measure(source: &str) -> Result<Found<'_>, String> {
    if source.len() > TEXT_BYTES_MAX {
        return Err(format!("{} bytes, where {TEXT_BYTES_MAX} may be; shorten it", source.len()));
    }
    let (mut rest, mut count, mut one) = (source, 0, None);
    let mut within = Within::default();
    while let Some(at) = rest.find("{{").into_iter().chain(rest.find("{%")).chain(rest.find("{#")).min() {
        let (open, inside) = rest[at..].split_at(2);
        let close = match open {
            "{{" => "}}",
            "{%" => "%}",
            _ => "#}",
        };
        let end = if open == "{#" { inside.find(close) } else { end_of(inside, close) };
        let end = end.ok_or_else(|| format!("`{open}` is not closed; write `{close}` behind it"))?;
        let (code, after) = (&inside[..end], &inside[end + 2..]);
        if open != "{#" {
            within.look(code, open == "{%")?;
        }
        one = (open == "{{" && at == 0 && count == 0 && after.is_empty()).then_some(code);
        count += 1;
        rest = after;
    }
    Ok(match (count, one) {
        (0, _) => Found::Nothing,
        (_, Some(code)) => Found::One(code.trim_matches(['-', '+']).trim()),
        _ => Found::More,
    })
}

/// Where the closing braces stand, outside of texts in quotes.
fn end_of(inside: &str, close: &str) -> Option<usize> {
    let mut quote = None;
    let mut bytes = inside.bytes().enumerate();
    while let Some((at, byte)) = bytes.next() {
        match quote {
            Some(_) if byte == b'\\' => {
                bytes.next();
            }
            Some(open) if open == byte => quote = None,
            None if matches!(byte, b'"' | b'\'') => quote = Some(byte),
            None if inside.as_bytes()[at..].starts_with(close.as_bytes()) => return Some(at),
            Some(_) | None => {}
        }
    }
    None
}

/// What was met so far, in all of a template.
#[derive(Default)]
struct Within {
    joins: usize,
    loops: usize,
    tags: usize,
}

impl Within {
    fn look(&mut self, code: &str, is_tag: bool) -> Result<(), String> {
        let words = words(code);
        if is_tag {
            let tag = words.iter().find(|word| **word != "-" && **word != "+").copied().unwrap_or_default();
            if !TAGS.contains(&tag) {
                return Err(format!(
                    "there is no tag `{}` here; use one of {}",
                    super::error::shown(tag),
                    TAGS.join(", ")
                ));
            }
            match tag {
                "for" => self.loops += 1,
                "endfor" => self.loops = self.loops.saturating_sub(1),
                "if" => self.tags += 1,
                "endif" => self.tags = self.tags.saturating_sub(1),
                _ => {}
            }
            if self.loops > LOOPS_MAX || self.tags > BRACKETS_MAX {
                return Err(format!(
                    "more than {LOOPS_MAX} loops or {BRACKETS_MAX} conditions within each other; use a transform"
                ));
            }
        }
        let mut depth = 0_usize;
        for (index, word) in words.iter().enumerate() {
            match *word {
                "(" | "[" | "{" => depth += 1,
                ")" | "]" | "}" => depth = depth.saturating_sub(1),
                "*" => return Err("a template does not multiply; work it out in a transform".to_owned()),
                "recursive" => return Err("loops do not call themselves here".to_owned()),
                "~" | "+" => self.joins += 1,
                "|" => {
                    let filter = words.get(index + 1).copied().unwrap_or_default();
                    if !FILTERS.contains(&filter) {
                        let shown = super::error::shown(filter);
                        return Err(format!("there is no filter `{shown}` here; use one of {}", FILTERS.join(", ")));
                    }
                }
                _ => {}
            }
            if depth > BRACKETS_MAX || self.joins > JOINS_MAX {
                return Err(format!(
                    "more than {BRACKETS_MAX} brackets within each other, or more than {JOINS_MAX} `~` and `+`; use a transform"
                ));
            }
        }
        Ok(())
    }
}

/// Names and signs, without the texts in quotes.
fn words(code: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let mut rest = code.trim_start();
    while let Some(first) = rest.chars().next() {
        let end = if first == '"' || first == '\'' {
            let mut escaped = false;
            let end = rest[1..].find(|c: char| {
                let ends = c == first && !escaped;
                escaped = c == '\\' && !escaped;
                ends
            });
            end.map_or(rest.len(), |end| end + 2)
        } else if first.is_alphanumeric() || first == '_' {
            rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len())
        } else {
            first.len_utf8()
        };
        let (word, after) = rest.split_at(end);
        if first != '"' && first != '\'' {
            words.push(word);
        }
        rest = after.trim_start();
    }
    words
}

/// A path, or a path and what it is where it leads nowhere: `inputs.a | default(1)`.
fn as_path(code: &str) -> Option<(Path, Option<Value>)> {
    let Some((path, filter)) = code.split_once('|') else {
        return Some((Path::read(code).ok()?, None));
    };
    let filter = filter.trim();
    let inside = filter.strip_prefix("default(").or_else(|| filter.strip_prefix("d("))?.strip_suffix(')')?.trim();
    let or = match inside {
        "none" => Value::Null,
        text if text.len() > 1 && text.starts_with('\'') && text.ends_with('\'') && !text.contains('\\') => {
            let text = &text[1..text.len() - 1];
            if text.contains('\'') {
                return None;
            }
            Value::String(text.to_owned())
        }
        json => serde_json::from_str(json).ok()?,
    };
    Some((Path::read(path).ok()?, Some(or)))
}

fn json_text(value: &minijinja::Value) -> Result<String, Error> {
    serde_json::to_string(value).map_err(|_| Error::from(ErrorKind::BadSerialization))
}

fn too_large() -> Error {
    Error::from(ErrorKind::WriteFailure)
}

fn join(value: &minijinja::Value, between: Option<&str>, _: Kwargs) -> Result<String, Error> {
    let mut text = String::new();
    for (index, item) in value.try_iter()?.enumerate() {
        if index > 0 {
            text.push_str(between.unwrap_or_default());
        }
        match item.as_str() {
            Some(item) => text.push_str(item),
            None => text.push_str(&json_text(&item)?),
        }
        if text.len() > GIVEN_BYTES_MAX {
            return Err(too_large());
        }
    }
    Ok(text)
}

fn replace(text: &str, from: &str, to: &str) -> Result<String, Error> {
    if !from.is_empty() && text.len() + text.matches(from).count() * to.len() <= GIVEN_BYTES_MAX {
        return Ok(text.replace(from, to));
    }
    if from.is_empty() { Ok(text.to_owned()) } else { Err(too_large()) }
}

/// Takes bytes up to a bound.
struct Bounded(Vec<u8>);

impl io::Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len() + bytes.len() > GIVEN_BYTES_MAX {
            return Err(io::Error::other("too large"));
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Counts bytes.
struct Size(u64);

impl io::Write for Size {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
