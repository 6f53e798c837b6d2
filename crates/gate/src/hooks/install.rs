//! Adding our hooks to an agent's settings, as text: what is there keeps its place, its order and its blanks.
//!
//! Nothing here opens a file: texts come in and go out.

use std::fmt::Write as _;
use std::path::PathBuf;

use sealbook_record::push_string;
use serde_json::value::RawValue;

use super::Agent;
use super::agent::Kind;
use crate::Error;

/// Seconds after which the agent gives a hook up. Ours refuses by itself before.
pub const TIMEOUT_S: u64 = 30;

/// Where the agent's settings lie below the user's home, or below a project.
pub fn settings_path(agent: Agent) -> PathBuf {
    PathBuf::from(match agent {
        Agent::ClaudeCode => ".claude/settings.json",
        Agent::Codex => ".codex/hooks.json",
        Agent::Gemini => ".gemini/settings.json",
        Agent::Cursor => ".cursor/hooks.json",
    })
}

/// The settings with a hook for each event that `command` should hear of; none where all are there.
///
/// Errors: the settings are not a JSON object of the agent's form.
pub fn with_hooks(agent: Agent, settings: Option<&str>, command: &str) -> Result<Option<String>, Error> {
    let text = settings.unwrap_or_default();
    let text = if text.trim().is_empty() { "{}\n" } else { text };
    let top = Fields::parse(text)?;
    let hooks = top.get("hooks");
    let mut new_hooks = hooks.map_or("{}", |hooks| text_of(text, hooks)).to_owned();
    let mut is_changed = false;
    for event in agent.events().iter().filter(|event| event.installed) {
        let group = group(agent, event.kind, command);
        if let Some(changed) = with_group(&new_hooks, event.name, &group, command)? {
            new_hooks = changed;
            is_changed = true;
        }
    }
    if !is_changed {
        return Ok(None);
    }
    let mut changed = match hooks {
        Some(hooks) => {
            let start = offset(text, hooks);
            format!("{}{new_hooks}{}", &text[..start], &text[start + hooks.get().len()..])
        }
        None => with_member(text, "hooks", &new_hooks, "  ")?,
    };
    // Cursor reads its hooks only where they say which version of the form they have.
    if agent == Agent::Cursor && top.get("version").is_none() {
        changed = with_member(&changed, "version", "1", "  ")?;
    }
    // What we made of it must be what we meant.
    Fields::parse(&changed)?;
    Ok(Some(changed))
}

/// What is added for one event, in the agent's form.
fn group(agent: Agent, kind: Kind, command: &str) -> String {
    let mut quoted = Vec::new();
    push_string(&mut quoted, command);
    let command = String::from_utf8(quoted).expect("it is made of text");
    match agent {
        Agent::Cursor => {
            let fails_closed = matches!(kind, Kind::Before | Kind::Prompt);
            format!("{{ \"command\": {command}, \"timeout\": {TIMEOUT_S}, \"failClosed\": {fails_closed} }}")
        }
        Agent::Gemini => {
            let timeout_ms = TIMEOUT_S * 1_000;
            format!("{{ \"hooks\": [{{ \"type\": \"command\", \"command\": {command}, \"timeout\": {timeout_ms} }}] }}")
        }
        Agent::ClaudeCode | Agent::Codex => {
            format!("{{ \"hooks\": [{{ \"type\": \"command\", \"command\": {command}, \"timeout\": {TIMEOUT_S} }}] }}")
        }
    }
}

/// The hooks with one more group for an event; none where the command is there already.
fn with_group(hooks: &str, event: &str, group: &str, command: &str) -> Result<Option<String>, Error> {
    let fields = Fields::parse(hooks)?;
    let Some(list) = fields.get(event) else {
        return with_member(hooks, event, &format!("[\n      {group}\n    ]"), "    ").map(Some);
    };
    let groups: Vec<&RawValue> =
        serde_json::from_str(list.get()).map_err(|_| invalid("an event's hooks are no list"))?;
    if groups.iter().any(|group| mentions(group, command)) {
        return Ok(None);
    }
    let start = offset(hooks, list);
    let inner = list.get().strip_suffix(']').unwrap_or(list.get()).trim_end();
    let comma = if groups.is_empty() { "" } else { "," };
    let list_end = start + list.get().len();
    Ok(Some(format!("{}{inner}{comma}\n      {group}\n    ]{}", &hooks[..start], &hooks[list_end..])))
}

/// Whether a group runs the command.
fn mentions(group: &RawValue, command: &str) -> bool {
    fn finds(value: &serde_json::Value, command: &str) -> bool {
        match value {
            serde_json::Value::String(text) => text == command,
            serde_json::Value::Array(values) => values.iter().any(|value| finds(value, command)),
            serde_json::Value::Object(fields) => fields.values().any(|value| finds(value, command)),
            _ => false,
        }
    }
    serde_json::from_str(group.get()).is_ok_and(|value| finds(&value, command))
}

/// The object with one more member at its end.
fn with_member(object: &str, name: &str, value: &str, indent: &str) -> Result<String, Error> {
    let end = object.rfind('}').ok_or_else(|| invalid("they are no JSON object"))?;
    let inner = object[..end].trim_end();
    let comma = if inner.ends_with('{') { "" } else { "," };
    let closing = &indent[2..];
    let mut out = String::with_capacity(object.len() + value.len() + 32);
    let _ = write!(out, "{inner}{comma}\n{indent}\"{name}\": {value}\n{closing}}}{}", &object[end + 1..]);
    Ok(out)
}

/// The members of an object, and where each value stands in its text.
struct Fields<'a>(Vec<(String, &'a RawValue)>);

impl<'a> Fields<'a> {
    fn parse(text: &'a str) -> Result<Self, Error> {
        let fields: std::collections::BTreeMap<String, &'a RawValue> =
            serde_json::from_str(text).map_err(|_| invalid("they are no JSON object without comments"))?;
        Ok(Self(fields.into_iter().collect()))
    }

    fn get(&self, name: &str) -> Option<&'a RawValue> {
        self.0.iter().find(|(field, _)| field == name).map(|(_, value)| *value)
    }
}

fn offset(text: &str, value: &RawValue) -> usize {
    value.get().as_ptr() as usize - text.as_ptr() as usize
}

fn text_of<'a>(text: &'a str, value: &RawValue) -> &'a str {
    let start = offset(text, value);
    &text[start..start + value.get().len()]
}

fn invalid(what: &'static str) -> Error {
    Error::SettingsInvalid { what }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn added(agent: Agent, settings: Option<&str>) -> String {
        with_hooks(agent, settings, "sealbook hook x").expect("they are settings").expect("nothing is there yet")
    }

    #[test]
    fn what_is_there_keeps_its_place() {
        let settings = "{\n\t\"model\":  \"opus\",\n\t\"hooks\": {\"Stop\": [ {\"hooks\":[{\"type\":\"command\",\"command\":\"beep\"}]} ], \"Own\": []},\n\t\"n\": 1e400\n}\n";
        let changed = added(Agent::ClaudeCode, Some(settings));
        assert!(changed.starts_with("{\n\t\"model\":  \"opus\",\n\t\"hooks\": {\"Stop\": [ {\"hooks\":[{\"type\":\"command\",\"command\":\"beep\"}]},"), "{changed}");
        assert!(changed.contains("\"Own\": []") && changed.ends_with(",\n\t\"n\": 1e400\n}\n"), "{changed}");
        let value: serde_json::Value = serde_json::from_str(&changed.replace("1e400", "1")).expect("JSON");
        assert_eq!(value["hooks"]["Stop"].as_array().expect("a list").len(), 2);
        assert_eq!(value["hooks"]["PreToolUse"][0]["hooks"][0]["command"], "sealbook hook x");
    }

    #[test]
    fn each_agent_gets_its_form() {
        for agent in Agent::ALL {
            for settings in [None, Some(""), Some("{}"), Some("{\"hooks\":{}}"), Some("{ \"a\": [1] }\n")] {
                let changed = added(*agent, settings);
                let value: serde_json::Value = serde_json::from_str(&changed).expect("JSON");
                for event in agent.events() {
                    assert_eq!(value["hooks"][event.name].is_array(), event.installed, "{agent} {}", event.name);
                }
                assert_eq!(value["version"].is_number(), *agent == Agent::Cursor);
                assert_eq!(with_hooks(*agent, Some(&changed), "sealbook hook x").expect("settings"), None, "once");
            }
        }
        let cursor: serde_json::Value = serde_json::from_str(&added(Agent::Cursor, None)).expect("JSON");
        assert_eq!(cursor["hooks"]["preToolUse"][0]["failClosed"], true);
        assert_eq!(cursor["hooks"]["stop"][0]["failClosed"], false, "an agent that may not stop never ends");
    }

    #[test]
    fn what_is_no_settings_is_refused() {
        for settings in ["[]", "{", "// mine\n{}", "{\"hooks\":[]}", "{\"hooks\":{\"PreToolUse\":{}}}", "null", "{}{}"]
        {
            assert!(with_hooks(Agent::ClaudeCode, Some(settings), "c").is_err(), "{settings}");
        }
    }
}
