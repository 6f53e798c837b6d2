//! What a node's templates and expressions read, and which tools it calls: looked at before anything runs.

use sealbook_policy::Reading;
use serde_json::{Map, Value};

use super::bounds::step;
use super::expression::Code;
use super::path::Path;
use super::template::Template;

/// Something that is read, and where that is said.
#[derive(Debug)]
pub(super) struct Used {
    pub(super) at: String,
    pub(super) reading: Reading,
}

/// A tool that is called, and where that is said.
#[derive(Debug)]
pub(super) struct ToolUse {
    pub(super) at: String,
    pub(super) name: String,
    /// What it is given, where that is written down.
    pub(super) parameters: Option<Map<String, Value>>,
}

/// What one node uses.
#[derive(Debug, Default)]
pub(super) struct Uses {
    /// Names that are known because of where the node lies.
    pub(super) around: Vec<&'static str>,
    pub(super) read: Vec<Used>,
    pub(super) tools: Vec<ToolUse>,
    /// Places, as pointers from the node's config, and what is wrong there.
    pub(super) problems: Vec<(String, String)>,
    pub(super) wants_one_before: Option<String>,
}

impl Uses {
    pub(super) fn problem(&mut self, at: &str, why: &str) {
        self.problems.push((at.to_owned(), why.to_owned()));
    }

    /// A text that may be a template.
    pub(super) fn template(&mut self, at: &str, source: &str, known: &[&str]) {
        match Template::read(source) {
            Ok(template) => self.readings(at, template.readings(), known),
            Err(why) => self.problem(at, &why),
        }
    }

    /// A value whose texts may be templates.
    pub(super) fn templates(&mut self, at: &str, value: &Value, known: &[&str]) {
        match value {
            Value::String(source) => self.template(at, source, known),
            Value::Array(items) => {
                items
                    .iter()
                    .enumerate()
                    .for_each(|(index, item)| self.templates(&format!("{at}/{index}"), item, known));
            }
            Value::Object(members) => {
                members.iter().for_each(|(name, item)| self.templates(&format!("{at}/{}", step(name)), item, known));
            }
            _ => {}
        }
    }

    /// A CEL expression.
    pub(super) fn expression(&mut self, at: &str, text: &str, known: &[&str]) {
        match Code::compile(text) {
            Ok(code) => self.readings(at, code.readings().to_vec(), known),
            Err(why) => self.problem(at, &why),
        }
    }

    /// A path.
    pub(super) fn path(&mut self, at: &str, text: &str, asked: bool) {
        match Path::read(text) {
            Ok(path) => self.readings(at, vec![Reading { path: path.names(), asked }], &[]),
            Err(why) => self.problem(at, &why),
        }
    }

    /// A path or a CEL expression.
    pub(super) fn source(&mut self, at: &str, text: &str) {
        match Path::read(text) {
            Ok(_) => self.path(at, text, false),
            Err(_) => self.expression(at, text, &[]),
        }
    }

    pub(super) fn tool(&mut self, at: &str, name: &str, parameters: Option<&Map<String, Value>>) {
        self.tools.push(ToolUse { at: at.to_owned(), name: name.to_owned(), parameters: parameters.cloned() });
    }

    /// It works on what the only node before it gave.
    pub(super) fn wants_one_before(&mut self, at: &str) {
        self.wants_one_before = Some(at.to_owned());
    }

    fn readings(&mut self, at: &str, readings: Vec<Reading>, known: &[&str]) {
        for reading in readings {
            let name = reading.path.first().map_or("", String::as_str);
            let is_known = ["inputs", "nodes"].contains(&name) || known.contains(&name) || self.around.contains(&name);
            if is_known {
                self.read.push(Used { at: at.to_owned(), reading });
            } else {
                let mut names = vec!["inputs.…", "nodes.…"];
                names.extend(known.iter().chain(&self.around));
                let why = format!("`{}` is not known here; use {}", super::error::shown(name), names.join(", "));
                self.problem(at, &why);
            }
        }
    }
}
