//! What a part says is run: members that hold a command line, a program and its words, or what is typed.

use serde::de::IgnoredAny;

use crate::DEPTH_MAX;
use crate::redact::{string_end, value_end};

use super::text_of;
use super::texts::{LEVELS_MAX, json_in};
use crate::rules::field::folded;

/// Something that is run.
#[derive(Debug)]
pub(crate) enum Line<'l> {
    /// A text for a shell.
    Shell(&'l str),
    /// A text for a shell that is JSON as well.
    Json(&'l str),
    /// A program and its words.
    Words(&'l [String]),
    /// A text in whatever language.
    Code(&'l str),
    /// A text that may be typed into a terminal, and may be prose; whether it surely goes into one.
    Typed(&'l str, bool),
    /// A text that is not run, and may be a path.
    Value(&'l str),
    /// A text that is written, said or looked for.
    Written(&'l str),
}

/// What a member's name says of its value.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Sort {
    /// A command line, or a program and its words, or a program.
    Command,
    /// Command lines.
    Script,
    Code,
    Program,
    Words,
    Typed,
    Written,
    /// One of several words, which are looked at together.
    Word,
    Other,
}

impl Sort {
    fn of(name: &str, is_terminal: bool) -> Self {
        let name: String = folded(name).chars().filter(|c| c.is_alphanumeric()).collect();
        match name.as_str() {
            "command" | "cmd" | "commandline" | "cmdline" | "shellcommand" | "bashcommand" | "terminalcommand"
            | "bash" | "shell" | "run" | "exec" => Self::Command,
            "commands" | "cmds" | "script" | "scripts" | "steps" | "chars" => Self::Script,
            "code" | "snippet" => Self::Code,
            "program" | "executable" | "binary" | "bin" | "process" | "app" | "file" => Self::Program,
            "args" | "argv" | "arguments" | "parameters" | "params" => Self::Words,
            "keys" | "data" | "input" | "stdin" | "line" => Self::Typed,
            "text" | "body" | "content" | "message" | "prompt" if is_terminal => Self::Typed,
            "text" | "body" | "content" | "contents" | "message" | "prompt" | "description" | "title" | "comment"
            | "summary" | "filetext" | "inserttext" | "newstr" | "newstring" | "newtext" | "oldstr" | "oldstring"
            | "oldtext" | "pattern" | "query" | "regex" => Self::Written,
            _ => Self::Other,
        }
    }
}

/// Calls `each` with everything that the part says is run until it says `true`; whether it did.
///
/// A list of texts is a program and its words, or, where its first text has a blank in it, a list of command lines.
/// The words that stand in a member of their own belong to the program beside them. JSON within texts is looked into.
/// Only into a terminal what is called `text` or `message` is typed.
pub(crate) fn any_line(json: &[u8], is_terminal: bool, each: &mut dyn FnMut(&Line<'_>) -> bool) -> bool {
    let json = json.trim_ascii_start();
    let mut search = Search { each, is_terminal, found: false };
    if !json.is_empty() {
        search.value(json, 0, Sort::Other, Level::default());
    }
    search.found
}

/// How deep a value lies, and within how many texts.
#[derive(Clone, Copy, Default)]
struct Level {
    depth: usize,
    texts: usize,
}

struct Search<'s> {
    each: &'s mut dyn FnMut(&Line<'_>) -> bool,
    is_terminal: bool,
    found: bool,
}

/// A program, or its words, that may belong to a member beside it.
#[derive(Default)]
struct Beside {
    programs: Vec<String>,
    words: Vec<Vec<String>>,
}

impl Search<'_> {
    fn tell(&mut self, line: &Line<'_>) {
        self.found = self.found || (self.each)(line);
    }

    /// The value that begins at `at`, and where it ends.
    fn value(&mut self, json: &[u8], at: usize, sort: Sort, level: Level) -> usize {
        match json[at] {
            _ if self.found || level.depth > DEPTH_MAX => value_end(json, at),
            b'{' => self.map(json, at, level),
            b'[' => self.list(json, at, sort, level),
            b'"' => {
                let end = value_end(json, at);
                if let [b'"', raw @ .., b'"'] = &json[at..end] {
                    self.text(raw, sort, level);
                }
                end
            }
            _ => value_end(json, at),
        }
    }

    fn text(&mut self, raw: &[u8], sort: Sort, level: Level) {
        let text = text_of(raw);
        let is_json = text.trim_start().starts_with(['{', '[']) && serde_json::from_str::<IgnoredAny>(&text).is_ok();
        match sort {
            Sort::Command | Sort::Script | Sort::Words | Sort::Program if is_json => self.tell(&Line::Json(&text)),
            Sort::Command | Sort::Script | Sort::Words | Sort::Program => self.tell(&Line::Shell(&text)),
            Sort::Code => self.tell(&Line::Code(&text)),
            Sort::Typed => self.tell(&Line::Typed(&text, self.is_terminal)),
            Sort::Written => self.tell(&Line::Written(&text)),
            Sort::Other => self.tell(&Line::Value(&text)),
            Sort::Word => {}
        }
        let inner = if level.texts == LEVELS_MAX || self.found { None } else { json_in(raw) };
        // `[ -f x ] || y` begins like a list and is none.
        if let Some(json) = inner.filter(|json| is_json || json[0] == b'{') {
            self.value(&json, 0, sort, Level { depth: 0, texts: level.texts + 1 });
        }
    }

    fn list(&mut self, json: &[u8], at: usize, sort: Sort, level: Level) -> usize {
        let is_argv = matches!(sort, Sort::Command | Sort::Words | Sort::Script | Sort::Program | Sort::Code);
        let mut words = Vec::new();
        let below = Level { depth: level.depth + 1, ..level };
        let end = each_child(json, at, |at, _| {
            if json[at] == b'"' {
                let end = value_end(json, at);
                words.extend(text_at(json, at, end));
                // An element that is JSON itself; as a line it is looked at below.
                if let [b'"', raw @ .., b'"'] = &json[at..end] {
                    self.text(raw, if is_argv && sort != Sort::Code { Sort::Word } else { sort }, below);
                }
                return end;
            }
            let end = self.value(json, at, sort, below);
            if !matches!(json[at], b'{' | b'[') {
                words.push(String::from_utf8_lossy(&json[at..end]).into_owned());
            }
            end
        });
        if is_argv && !words.is_empty() {
            self.tell(&Line::Words(&words));
            let are_lines = sort == Sort::Script || words[0].contains(char::is_whitespace);
            for line in words.iter().filter(|_| are_lines) {
                self.tell(&Line::Shell(line));
            }
        }
        end
    }

    fn map(&mut self, json: &[u8], at: usize, level: Level) -> usize {
        let mut beside = Beside::default();
        let below = Level { depth: level.depth + 1, ..level };
        let end = each_child(json, at, |at, name| {
            let name = name.map(text_of).unwrap_or_default();
            let sort = Sort::of(&name, self.is_terminal);
            // Some name files by the members of a map.
            if name.contains('/') {
                self.tell(&Line::Value(&name));
            }
            let end = self.value(json, at, sort, below);
            match sort {
                Sort::Command | Sort::Program => beside.programs.extend(text_at(json, at, end)),
                Sort::Words => beside.words.push(words_at(json, at, end)),
                _ => {}
            }
            end
        });
        for program in &beside.programs {
            for words in &beside.words {
                if self.found {
                    return end;
                }
                let mut all = vec![program.clone()];
                all.extend(words.iter().cloned());
                self.tell(&Line::Words(&all));
            }
        }
        end
    }
}

/// The texts of a list, the words of a text.
fn words_at(json: &[u8], at: usize, end: usize) -> Vec<String> {
    if json[at] != b'[' {
        let text = text_at(json, at, end).unwrap_or_default();
        return match json_in(&json[(at + 1).min(end)..end.saturating_sub(1).max(at + 1).min(end)]) {
            Some(inner) if json[at] == b'"' && inner.first() == Some(&b'[') => words_at(&inner, 0, inner.len()),
            _ => text.split_whitespace().map(str::to_owned).collect(),
        };
    }
    let mut words = Vec::new();
    each_child(json, at, |at, _| {
        let end = value_end(json, at);
        words.extend(text_at(json, at, end));
        end
    });
    words
}

fn text_at(json: &[u8], at: usize, end: usize) -> Option<String> {
    let [b'"', raw @ .., b'"'] = &json[at..end] else { return None };
    Some(text_of(raw).into_owned())
}

/// Calls `each` with where a child begins and its name, for where it ends; where the list or map ends.
fn each_child<'j>(json: &'j [u8], at: usize, mut each: impl FnMut(usize, Option<&'j [u8]>) -> usize) -> usize {
    let is_map = json[at] == b'{';
    let (mut at, mut key) = (at + 1, None);
    while at < json.len() {
        match json[at] {
            b'}' | b']' => return at + 1,
            b',' | b':' | b' ' | b'\n' | b'\r' | b'\t' => at += 1,
            b'"' if is_map && key.is_none() => {
                let end = string_end(json, at);
                key = Some(&json[at + 1..end.max(at + 1)]);
                at = end + 1;
            }
            _ => at = each(at, key.take()).max(at + 1),
        }
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(json: &str) -> Vec<String> {
        let mut all = Vec::new();
        any_line(json.as_bytes(), false, &mut |line| {
            all.push(match line {
                Line::Shell(text) | Line::Json(text) => format!("sh {text}"),
                Line::Words(words) => words.join("|"),
                Line::Code(text) => format!("code {text}"),
                Line::Typed(text, _) => format!("typed {text}"),
                Line::Value(text) => format!("value {text}"),
                Line::Written(text) => format!("written {text}"),
            });
            false
        });
        all
    }

    #[test]
    fn what_is_run_is_known_by_names() {
        for (json, found) in [
            (r#"{"command":"a b","content":"c d"}"#, &["sh a b", "written c d"][..]),
            (r#"{"a":[{"CMD":"a"}]}"#, &["sh a"]),
            (r#"{"cmd":["a","b c"]}"#, &["a|b c"]),
            (r#"{"script":["a","b c"]}"#, &["a|b c", "sh a", "sh b c"]),
            (r#"{"command":["a b","c"]}"#, &["a b|c", "sh a b", "sh c"]),
            (r#"{"args":["b",1],"program":"a"}"#, &["b|1", "sh a", "a|b"]),
            (r#"{"args":"b c","command":"a"}"#, &["sh b c", "sh a", "a|b|c"]),
            (r#"{"x":"{\"command\":\"a\"}"}"#, &[r#"value {"command":"a"}"#, "sh a"]),
            (r#"{"code":"a"}"#, &["code a"]),
            (r#"{"keys":"a"}"#, &["typed a"]),
            (r#"{"text":"a","new_string":"b"}"#, &["written a", "written b"]),
            (r#"{"x":["a"],"files":{"b/c":"d","e":1}}"#, &["value a", "value b/c", "value d"]),
            ("1", &[]),
            ("", &[]),
        ] {
            assert_eq!(lines(json), found, "{json}");
        }
        assert!(lines(&"[".repeat(5_000)).is_empty());
    }
}
