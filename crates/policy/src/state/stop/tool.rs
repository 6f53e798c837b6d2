//! Which tool a stop names, and which names a call answers to.
//!
//! Each way in has its own word for a tool: the gateway says `SERVER/TOOL`, an agent's hook what the agent calls it
//! (`Bash`, `mcp__SERVER__TOOL`, `MCP:TOOL`), `sealbook exec` the program's name. A stop means the tool, whoever
//! tells of it and in whichever of these spellings; in doubt it holds.

use std::borrow::Cow;

use sealbook_record::{Category, PartName, Record, TargetKind};
use serde::Deserialize;

use crate::limits::TARGET_BYTES_MAX;

/// What commands that are run on record have as their source.
const EXEC: &str = "exec";
/// What hooks have before their agent's name.
const HOOK: &str = "hook/";

/// Why a name means no tool, whichever way it comes in.
pub(super) fn check(wanted: &str) -> Result<(), &'static str> {
    let is_call = wanted.ends_with(')') && wanted.contains('(');
    if wanted.is_empty() {
        Err("it is empty; name the tool, or `SERVER/*` for all of a server")
    } else if wanted.trim() != wanted || wanted.chars().any(char::is_control) {
        Err("it begins or ends with a blank, or holds a control character, as no tool's name does; leave that out")
    } else if wanted.ends_with('/') {
        Err("it names a server and no tool; `SERVER/*` means all tools of a server")
    } else if is_call {
        Err("it names a call with its arguments; name the tool alone, and write a rule for its arguments")
    } else if wanted.len() > TARGET_BYTES_MAX {
        Err("it is longer than the name of any tool")
    } else {
        Ok(())
    }
}

/// Where a stop of this tool holds, for whoever sets it.
pub(super) fn reach(wanted: &str) -> String {
    let spelt = spelt(wanted);
    if let Some(program) = program(wanted) {
        return format!(
            "it holds for commands that `sealbook exec` runs; a program is known by its name alone, so for every program `{program}`"
        );
    }
    match spelt.rsplit_once('/') {
        Some((EXEC, program)) => format!("it holds for the program `{program}` where `sealbook exec` runs it"),
        Some((server, tool)) => format!(
            "it holds for the tool `{tool}` of a server `{server}` (gateway and hooks) and of an agent `{server}` (hooks), and not for programs that `sealbook exec` runs; `--tool {tool}` holds for every server, agent and program"
        ),
        None => format!(
            "it holds for the tool `{spelt}` of every server (gateway and hooks) and agent (hooks), and for a program of that name that `sealbook exec` runs; not for what a tool or a program starts itself"
        ),
    }
}

/// Whether the record is a call of the tool.
pub(super) fn is_called(wanted: &str, record: &Record) -> bool {
    if record.source == EXEC
        && let Some(program) = program(wanted)
    {
        return record.target.id == program;
    }
    let forms = [Cow::Borrowed(wanted), spelt(wanted)];
    names(record).iter().any(|name| forms.iter().any(|form| is_meant(form, name, record)))
}

fn is_meant(wanted: &str, name: &str, record: &Record) -> bool {
    // Names of tools may hold slashes, and those of servers too: each tail is meant.
    let tails = std::iter::once(name).chain(name.match_indices('/').map(|(at, _)| &name[at + 1..]));
    if tails.clone().any(|tail| fits(wanted, tail)) {
        return true;
    }
    if let Some(way) = way(record)
        && fits(wanted, &format!("{way}/{name}"))
    {
        return true;
    }
    if record.category != Category::McpCall {
        return false;
    }
    // Agents that name servers and tools in one word put `_` in the place of what it may not hold.
    let wanted = plain(wanted);
    let is_of_hook = record.source.starts_with(HOOK);
    // Where a hook does not say whose tool it is, it may be this server's.
    let of_unnamed = |tail: &str| is_of_hook && !name.contains('/') && fits(tail, &plain(name));
    is_of_hook && tails.into_iter().any(|tail| fits(&wanted, &plain(tail)))
        || wanted.rsplit_once('/').is_some_and(|(_, tail)| of_unnamed(tail))
}

/// The names that a call of a tool goes by: its target, and what a hook's agent calls it, which has a file or an
/// address as its target where the tool is made for one.
fn names(record: &Record) -> Vec<String> {
    #[derive(Deserialize)]
    struct Told {
        tool_name: Option<String>,
    }
    let mut names = Vec::new();
    if record.target.kind == TargetKind::Tool {
        names.push(record.target.id.clone());
    }
    let told = record.part(PartName::Metadata).and_then(|part| serde_json::from_str::<Told>(part.get()).ok());
    if let Some(told) = told.and_then(|told| told.tool_name) {
        let name = spelt(&told).into_owned();
        names.extend([told, name]);
    }
    names
}

/// Who told of it, where that is no server: an agent, or `exec`.
fn way(record: &Record) -> Option<&str> {
    record.source.strip_prefix(HOOK).or_else(|| (record.source == EXEC).then_some(EXEC))
}

/// `SERVER/TOOL` of the ways in which agents write it: `mcp__SERVER__TOOL`, `mcp__SERVER` for all of a server,
/// `MCP:SERVER:TOOL`, `MCP:TOOL`.
fn spelt(name: &str) -> Cow<'_, str> {
    if let Some(rest) = name.strip_prefix("mcp__").filter(|rest| !rest.is_empty()) {
        return rest
            .split_once("__")
            .map_or_else(|| format!("{rest}/*"), |(server, tool)| format!("{server}/{tool}"))
            .into();
    }
    match name.strip_prefix("MCP:").filter(|rest| !rest.is_empty()) {
        Some(rest) => rest.replacen(':', "/", 1).into(),
        None => name.into(),
    }
}

/// The program's name, where a path is given.
fn program(wanted: &str) -> Option<&str> {
    let is_path = ["/", "./", "../", "~/"].iter().any(|start| wanted.starts_with(start));
    wanted.rsplit('/').next().filter(|_| is_path)
}

fn plain(name: &str) -> String {
    let is_kept = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '/' | '*');
    name.chars().map(|c| if is_kept(c) { c } else { '_' }).collect()
}

/// Whether a name is the one that is wanted; `*` stands for anything in it.
fn fits(wanted: &str, name: &str) -> bool {
    let Some((start, rest)) = wanted.split_once('*') else { return wanted == name };
    let Some(mut left) = name.strip_prefix(start) else { return false };
    let mut pieces = rest.split('*').peekable();
    while let Some(piece) = pieces.next() {
        if pieces.peek().is_none() {
            return left.ends_with(piece);
        }
        let Some(at) = left.find(piece) else { return false };
        left = &left[at + piece.len()..];
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_anything() {
        for (wanted, name, is) in [
            ("a", "a", true),
            ("a", "ab", false),
            ("*", "", true),
            ("s/*", "s/t/u", true),
            ("s/*", "xs/t", false),
            ("s/*", "s", false),
            ("d*_*o", "delete_repo", true),
            ("d*_*o", "delete_repos", false),
            ("a*a", "a", false),
            ("*a*a*", "ba", false),
            ("*a*a*", "baa", true),
            ("ä*ö", "äxö", true),
        ] {
            assert_eq!(fits(wanted, name), is, "{wanted} {name}");
        }
    }

    #[test]
    fn spellings_of_agents_are_server_and_tool() {
        for (name, is) in [
            ("mcp__files__read_file", "files/read_file"),
            ("mcp__files__a__b", "files/a__b"),
            ("mcp__files", "files/*"),
            ("MCP:read_file", "read_file"),
            ("MCP:files:read_file", "files/read_file"),
            ("mcp__", "mcp__"),
            ("Bash", "Bash"),
        ] {
            assert_eq!(spelt(name), is);
        }
    }

    #[test]
    fn what_no_way_in_can_match_is_told() {
        for wanted in ["", " Bash", "Bash ", "files/", "a\nb", "Bash(rm -rf *)", &"x".repeat(9_000)] {
            assert!(check(wanted).is_err(), "{wanted}");
        }
        for wanted in ["Bash", "files/*", "My files/read", "/bin/rm", "*", "mcp__files__read_file"] {
            assert_eq!(check(wanted), Ok(()));
        }
    }
}
