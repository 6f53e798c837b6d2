//! `cargo xtask tidy`: what no compiler looks at. Files stay short, nothing
//! half-finished lands, no path of one machine is left behind, and links in
//! documents lead somewhere.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

use crate::rust_text;
use crate::workspace::{Verdict, Workspace, is_kind, verdict};

/// Above this a file wants to be two.
const LINES_MAX: usize = 850;

/// Kinds of file that people write and read as code.
static CODE: &[&str] = &[".rs", ".py", ".sh", ".ts", ".tsx"];

/// What must not be left in code, looked for outside comments and text.
static LEFTOVERS: &[&str] = &["todo!(", "unimplemented!(", "dbg!("];

pub(crate) fn run(workspace: &Workspace, _arguments: &[String]) -> Verdict {
    let mut problems = Vec::new();
    let files = workspace.files(&[])?;
    let local = local_paths(workspace);
    for path in &files {
        // A file that is not text (a fixture, an image) is no concern of this check.
        let Ok(text) = std::fs::read_to_string(workspace.root.join(path)) else {
            continue;
        };
        if CODE.iter().any(|end| path.ends_with(end)) {
            problems.extend(too_long(path, &text));
        }
        if is_kind(path, "rs") {
            problems.extend(leftovers(path, &text));
        }
        for local in &local {
            problems.extend(
                text.match_indices(local).map(|(at, _)| {
                    format!("{path}:{}: a path of this machine, `{local}`", rust_text::line_of(&text, at))
                }),
            );
        }
        if is_kind(path, "md") {
            problems.extend(dead_links(workspace, path, &text));
        }
    }
    verdict(problems, || format!("{} files are tidy", files.len()))
}

/// Paths that mean something on the machine that runs this and nowhere else.
fn local_paths(workspace: &Workspace) -> Vec<String> {
    let mut paths = vec![workspace.root.display().to_string()];
    if let Some(home) = std::env::home_dir() {
        paths.extend([".cargo", ".rustup"].iter().map(|name| home.join(name).display().to_string()));
    }
    paths
}

fn too_long(path: &str, text: &str) -> Option<String> {
    let lines = text.lines().count();
    (lines > LINES_MAX).then(|| format!("{path}: {lines} lines; split it ({LINES_MAX} at most)"))
}

fn leftovers(path: &str, text: &str) -> Vec<String> {
    let code = rust_text::code_only(text);
    let found = LEFTOVERS.iter().flat_map(|what| code.match_indices(what));
    found.map(|(at, what)| format!("{path}:{}: `{what}…)` is left over", rust_text::line_of(&code, at))).collect()
}

fn dead_links(workspace: &Workspace, path: &str, text: &str) -> Vec<String> {
    let mut problems = Vec::new();
    for (line, link) in links(text) {
        if link.contains("://") || link.starts_with("mailto:") {
            continue;
        }
        let (file, anchor) = link.split_once('#').map_or((link.as_str(), None), |(file, anchor)| (file, Some(anchor)));
        let Some(target) = resolve(path, file) else {
            problems.push(format!("{path}:{line}: link `{link}` leads out of the repository"));
            continue;
        };
        let whole = workspace.root.join(&target);
        if !whole.exists() {
            problems.push(format!("{path}:{line}: link `{link}` leads nowhere"));
        } else if let Some(anchor) = anchor
            && target.extension().is_some_and(|kind| kind == "md")
            && !std::fs::read_to_string(&whole).is_ok_and(|text| anchors(&text).contains(anchor))
        {
            problems.push(format!("{path}:{line}: link `{link}`: no such heading"));
        }
    }
    problems
}

/// Targets of inline links and the lines they stand on; code blocks and code spans are left out.
fn links(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (number, line) in prose(text) {
        let mut rest: &str = &outside_code_spans(line);
        while let Some(at) = rest.find("](") {
            rest = &rest[at + 2..];
            let Some(end) = rest.find(')') else { break };
            let target = rest[..end].split_whitespace().next().unwrap_or("");
            found.push((number, target.trim_matches(['<', '>']).to_owned()));
            rest = &rest[end..];
        }
    }
    found
}

/// Lines with their numbers, fenced code blocks left out.
fn prose(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut fenced = false;
    text.lines().zip(1..).filter_map(move |(line, number)| {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
            return None;
        }
        (!fenced).then_some((number, line))
    })
}

fn outside_code_spans(line: &str) -> String {
    line.split('`').enumerate().map(|(at, piece)| if at % 2 == 0 { piece } else { "" }).collect()
}

/// The headings of a document as the anchors a forge makes of them.
fn anchors(text: &str) -> BTreeSet<String> {
    let mut anchors = BTreeSet::new();
    for (_, line) in prose(text) {
        let title = line.trim_start_matches('#');
        if title.len() == line.len() || !title.starts_with(' ') {
            continue;
        }
        let slug: String =
            title
                .trim()
                .to_lowercase()
                .chars()
                .filter_map(|c| {
                    if c == ' ' { Some('-') } else { (c.is_alphanumeric() || c == '-' || c == '_').then_some(c) }
                })
                .collect();
        anchors.insert(slug);
    }
    anchors
}

/// The path from the root that a link in `from` leads to; none if it leaves the root.
fn resolve(from: &str, link: &str) -> Option<PathBuf> {
    if link.is_empty() {
        return Some(PathBuf::from(from));
    }
    let mut path = Path::new(from).parent()?.to_owned();
    for component in Path::new(link).components() {
        match component {
            Component::Normal(name) => path.push(name),
            Component::ParentDir => {
                if !path.pop() {
                    return None;
                }
            }
            Component::CurDir => {}
            Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    Some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_leftover_is_found_in_code_only() {
        let call = ["to", "do!()"].concat();
        assert_eq!(leftovers("a.rs", &format!("// {call}\nlet x = \"{call}\";\n{call};\n")).len(), 1);
    }

    #[test]
    fn a_long_file_is_named() {
        assert_eq!(too_long("a.rs", &"x\n".repeat(LINES_MAX)), None);
        assert!(too_long("a.rs", &"x\n".repeat(LINES_MAX + 1)).is_some());
    }

    #[test]
    fn links_are_read_outside_code() {
        let text = "See [a](b.md) and [c](d.md#e \"title\").\n```\n[x](y.md)\n```\n`[z](w.md)`\n";
        assert_eq!(links(text), [(1, "b.md".to_owned()), (1, "d.md#e".to_owned())]);
    }

    #[test]
    fn links_resolve_from_their_document() {
        assert_eq!(resolve("docs/guide.md", "../README.md"), Some(PathBuf::from("README.md")));
        assert_eq!(resolve("docs/guide.md", "errors/index.md"), Some(PathBuf::from("docs/errors/index.md")));
        assert_eq!(resolve("docs/guide.md", "../../x.md"), None);
        assert_eq!(resolve("README.md", "/etc/passwd"), None);
    }

    #[test]
    fn headings_become_anchors() {
        let anchors = anchors("# The leaf, in bytes\n## `verify` & more\n```\n# not me\n```\n#nor-me\n");
        assert_eq!(anchors.into_iter().collect::<Vec<_>>(), ["the-leaf-in-bytes", "verify--more"]);
    }
}
