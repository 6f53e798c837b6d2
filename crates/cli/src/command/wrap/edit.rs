//! The text of a client's configuration with its servers behind the gateway, and back.
//!
//! Only the values that must change are replaced; comments, order and spaces stay.

use std::ops::Range;

use crate::jsonc::{Node, Value};

/// The text after a change, and the servers that were changed.
#[derive(Debug, PartialEq)]
pub(super) struct Edited {
    pub(super) text: String,
    pub(super) servers: Vec<String>,
    /// Servers that are reached over the network: nothing is run for them.
    pub(super) remote: Vec<String>,
}

/// Puts every server that is run as a program behind `program`, called with `options` and the server's name.
/// Fails with the offset where the text is no JSON.
pub(super) fn wrap(text: &str, key: &str, program: &str, options: &[String]) -> Result<Edited, usize> {
    let root = Node::parse(text)?;
    let mut edits: Vec<(Range<usize>, String)> = Vec::new();
    let (mut servers, mut remote) = (Vec::new(), Vec::new());
    for (name, server) in entries(&root, key) {
        let Some(command) = server.get("command").filter(|node| node.text().is_some()) else {
            remote.push(name.clone());
            continue;
        };
        if is_wrapped(server) {
            continue;
        }
        let mut before = vec!["wrap".to_owned()];
        before.extend_from_slice(options);
        before.extend(["--name".to_owned(), name.clone(), "--".to_owned()]);
        before.extend(command.text().map(str::to_owned));
        let before = before.iter().map(|text| quoted(text)).collect::<Vec<_>>().join(", ");
        match server.get("args") {
            Some(Node { value: Value::List(list), span }) => {
                let comma = if list.is_empty() { "" } else { ", " };
                edits.push((span.start + 1..span.start + 1, format!("{before}{comma}")));
            }
            Some(other) => edits.push((other.span.clone(), format!("[{before}]"))),
            None => edits.push((command.span.end..command.span.end, format!(", \"args\": [{before}]"))),
        }
        edits.push((command.span.clone(), quoted(program)));
        servers.push(name.clone());
    }
    Ok(Edited { text: apply(text, edits), servers, remote })
}

/// Takes every server out from behind the gateway.
pub(super) fn unwrap(text: &str, key: &str) -> Result<Edited, usize> {
    let root = Node::parse(text)?;
    let mut edits = Vec::new();
    let mut servers = Vec::new();
    for (name, server) in entries(&root, key) {
        let (Some(command), Some(args)) = (server.get("command"), server.get("args").and_then(Node::list)) else {
            continue;
        };
        let end = args.iter().position(|arg| arg.text() == Some("--")).filter(|_| is_wrapped(server));
        let Some(own) = end.and_then(|end| args.get(end + 1)) else { continue };
        let rest = end.and_then(|end| args.get(end + 2)).map_or(own.span.end, |next| next.span.start);
        edits.push((command.span.clone(), text[own.span.clone()].to_owned()));
        edits.push((args[0].span.start..rest, String::new()));
        servers.push(name.clone());
    }
    Ok(Edited { text: apply(text, edits), servers, remote: Vec::new() })
}

/// `before`, put behind the gateway with the program and the options that `now` shows.
pub(super) fn rewrapped(before: &str, now: &str, key: &str) -> Option<String> {
    let root = Node::parse(now).ok()?;
    let (name, server) = entries(&root, key).find(|(_, server)| is_wrapped(server))?;
    let program = server.get("command").and_then(Node::text)?;
    let args: Vec<&str> = server.get("args")?.list()?.iter().map_while(Node::text).collect();
    let end = args.windows(3).position(|three| three == ["--name", name.as_str(), "--"])?;
    let options: Vec<String> = args[1..end].iter().map(|text| (*text).to_owned()).collect();
    wrap(before, key, program, &options).ok().map(|edited| edited.text)
}

fn entries<'a>(root: &'a Node, key: &str) -> impl Iterator<Item = &'a (String, Node)> {
    // Claude Code keeps servers of single projects in the same file, under the projects' directories.
    let projects = fields(root.get("projects")).map(|(_, project)| project.get(key));
    [root.get(key)].into_iter().chain(projects).flat_map(fields)
}

fn fields(node: Option<&Node>) -> impl Iterator<Item = &(String, Node)> {
    let fields = node.and_then(|node| match &node.value {
        Value::Map(fields) => Some(fields),
        _ => None,
    });
    fields.into_iter().flatten()
}

/// Whether a server is behind a gateway of ours already.
fn is_wrapped(server: &Node) -> bool {
    let command = server.get("command").and_then(Node::text).unwrap_or_default();
    let program = command.rsplit(['/', '\\']).next().unwrap_or_default();
    let first = server.get("args").and_then(Node::list).and_then(|args| args.first()).and_then(Node::text);
    matches!(program, "sealbook" | "sealbook.exe") && first == Some("wrap")
}

fn apply(text: &str, mut edits: Vec<(Range<usize>, String)>) -> String {
    edits.sort_by_key(|(span, _)| std::cmp::Reverse(span.start));
    let mut text = text.to_owned();
    for (span, new) in edits {
        text.replace_range(span, &new);
    }
    text
}

fn quoted(text: &str) -> String {
    serde_json::to_string(text).expect("a text is JSON")
}

/// The lines that differ: those of before with `-`, those of after with `+`.
pub(super) fn diff(before: &str, after: &str) -> String {
    let (old, new): (Vec<&str>, Vec<&str>) = (before.lines().collect(), after.lines().collect());
    let mut out = String::new();
    let (mut i, mut j) = (0, 0);
    while i < old.len() || j < new.len() {
        if i < old.len() && j < new.len() && old[i] == new[j] {
            (i, j) = (i + 1, j + 1);
            continue;
        }
        // Values are replaced within their lines: the texts meet again soon.
        let meet = (0..64).find_map(|n| {
            (0..=n).find_map(|a| {
                let b = n - a;
                (old.get(i + a).is_some() && old.get(i + a) == new.get(j + b)).then_some((a, b))
            })
        });
        let (a, b) = meet.unwrap_or((old.len() - i, new.len() - j));
        for line in &old[i..i + a] {
            out.extend(["-", line, "\n"]);
        }
        for line in &new[j..j + b] {
            out.extend(["+", line, "\n"]);
        }
        (i, j) = (i + a, j + b);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"{
  // mine
  "mcpServers": {
    "files": { "command": "npx", "args": ["-y", "server-filesystem", "/home"], "env": {"A": "1"} },
    "bare": {"command": "./x"},
    "none": {"args": [], "command": "y",},
    "far": {"url": "https://example.org/mcp"}
  }, "other": 1e400
}
"#;

    #[test]
    fn servers_go_behind_the_gateway_and_come_back() {
        let wrapped = wrap(TEXT, "mcpServers", "/bin/sealbook", &["--observe".to_owned()]).unwrap();
        assert_eq!(wrapped.servers, ["files", "bare", "none"]);
        assert_eq!(wrapped.remote, ["far"]);
        let expected = r#"{ "command": "/bin/sealbook", "args": ["wrap", "--observe", "--name", "files", "--", "npx", "-y", "server-filesystem", "/home"], "env": {"A": "1"} }"#;
        assert!(wrapped.text.contains(expected), "{}", wrapped.text);
        assert!(
            wrapped.text.contains(
                r#"{"command": "/bin/sealbook", "args": ["wrap", "--observe", "--name", "bare", "--", "./x"]}"#
            )
        );
        assert!(wrapped.text.contains("// mine") && wrapped.text.contains("1e400"));
        let again = wrap(&wrapped.text, "mcpServers", "/bin/sealbook", &[]).unwrap();
        assert_eq!((again.text.as_str(), again.servers.len()), (wrapped.text.as_str(), 0));
        let back = unwrap(&wrapped.text, "mcpServers").unwrap();
        assert_eq!(back.servers.len(), 3);
        // A server without arguments keeps an empty list of them.
        assert_eq!(back.text.replace(r#", "args": []}"#, "}"), TEXT);
    }

    #[test]
    fn the_servers_of_single_projects_go_behind_the_gateway_too() {
        let text = r#"{"mcpServers": {"a": {"command": "x", "args": []}},
  "projects": {"/p": {"n": 1, "mcpServers": {"b": {"command": "y", "args": ["-z"]}}}, "/q": {}, "/r": null}}"#;
        let wrapped = wrap(text, "mcpServers", "/bin/sealbook", &["--observe".to_owned()]).unwrap();
        assert_eq!(wrapped.servers, ["a", "b"]);
        let expected = r#"{"command": "/bin/sealbook", "args": ["wrap", "--observe", "--name", "b", "--", "y", "-z"]}"#;
        assert!(wrapped.text.contains(expected), "{}", wrapped.text);
        assert_eq!(unwrap(&wrapped.text, "mcpServers").unwrap().text, text);
        assert_eq!(rewrapped(text, &wrapped.text, "mcpServers"), Some(wrapped.text));
    }

    #[test]
    fn a_diff_shows_what_changes_and_nothing_else() {
        let wrapped = wrap(TEXT, "mcpServers", "/bin/sealbook", &[]).unwrap();
        let shown = diff(TEXT, &wrapped.text);
        assert_eq!(shown.lines().filter(|line| line.starts_with('-')).count(), 3);
        assert_eq!(shown.lines().filter(|line| line.starts_with('+')).count(), 3);
        assert!(!shown.contains("mine"));
        assert_eq!(diff("a\nb\n", "a\nb\n"), "");
        assert_eq!(diff("a\n", ""), "-a\n");
    }
}
