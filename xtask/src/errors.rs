//! `cargo xtask errors`: every error code has a page in `docs/errors/`, and
//! every page a code.
//!
//! A code is a string in the body of a method called `code`, the one place
//! where a room names its errors. Pages start with a title, `# <code>: what it
//! means`; the index is made from the titles.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use crate::rust_text;
use crate::workspace::{Verdict, Workspace, verdict};

/// Where the pages lie.
const PAGES: &str = "docs/errors/";
/// The page that lists the others; written by `cargo xtask gen`.
pub(crate) const INDEX: &str = "docs/errors/index.md";

pub(crate) fn run(workspace: &Workspace, _arguments: &[String]) -> Verdict {
    let codes = codes(workspace)?;
    let pages = pages(workspace)?;
    let mut problems = Vec::new();
    for (code, places) in &codes {
        if !is_code(code) {
            problems.push(format!("{}: code `{code}` is not lower_snake_case", join(places)));
        } else if !pages.contains_key(code) {
            problems.push(format!("{}: code `{code}` has no page {PAGES}{code}.md", join(places)));
        }
    }
    for (code, text) in &pages {
        if !codes.contains_key(code) {
            problems.push(format!("{PAGES}{code}.md: no crate has the code `{code}`"));
        }
        problems.extend(page_problem(code, text));
    }
    verdict(problems, || format!("{} codes, each with its page", codes.len()))
}

/// The index page, from the pages' titles and the rooms that have the codes.
pub(crate) fn index(workspace: &Workspace) -> Result<String, Vec<String>> {
    let codes = codes(workspace)?;
    let mut text = String::from(
        "# Errors\n\nEvery error and every verification fault has a stable code; scripts may rely on it, the wording may change.\nThis page is written by `cargo xtask gen`.\n\n| Code | Meaning | Room |\n|---|---|---|\n",
    );
    for (code, page) in pages(workspace)? {
        let rooms: BTreeSet<&str> =
            codes.get(&code).into_iter().flatten().filter_map(|path| path.split('/').nth(1)).collect();
        let rooms = rooms.into_iter().collect::<Vec<_>>().join(", ");
        let meaning = meaning(&code, &page).replace('|', "\\|");
        let _ = writeln!(text, "| [`{code}`]({code}.md) | {meaning} | {rooms} |");
    }
    Ok(text)
}

/// Every code and the files that have it.
fn codes(workspace: &Workspace) -> Result<BTreeMap<String, BTreeSet<String>>, Vec<String>> {
    let mut codes: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for path in workspace.files(&[".rs"])? {
        if path.starts_with("crates/") && path.contains("/src/") {
            for code in codes_of(&workspace.read(&path)?) {
                codes.entry(code).or_default().insert(path.clone());
            }
        }
    }
    Ok(codes)
}

fn codes_of(source: &str) -> Vec<String> {
    let source = rust_text::without_tests(source);
    let bodies = rust_text::bodies(source, "code");
    bodies.into_iter().flat_map(|body| rust_text::strings(&source[body])).map(str::to_owned).collect()
}

/// The pages' texts by code.
fn pages(workspace: &Workspace) -> Result<BTreeMap<String, String>, Vec<String>> {
    let mut pages = BTreeMap::new();
    for path in workspace.files(&[".md"])? {
        if let Some(name) = path.strip_prefix(PAGES)
            && path != INDEX
        {
            pages.insert(name.trim_end_matches(".md").to_owned(), workspace.read(&path)?);
        }
    }
    Ok(pages)
}

fn page_problem(code: &str, text: &str) -> Option<String> {
    let title = text.lines().next().unwrap_or("");
    if !title.starts_with("# ") || !title.contains(code) {
        return Some(format!("{PAGES}{code}.md: the first line is not `# {code}: <what it means>`"));
    }
    let lines = text.lines().skip(1).filter(|line| !line.trim().is_empty()).count();
    (lines < 3).then(|| format!("{PAGES}{code}.md: says too little; what it means, the likely cause, the mend"))
}

/// What the title says besides the code; the first sentence of the page where it says nothing.
fn meaning(code: &str, page: &str) -> String {
    let title = page.lines().next().unwrap_or("").trim_start_matches("# ").replace('`', "");
    let rest = title.replacen(code, "", 1);
    let rest = rest.trim_matches(|c: char| c.is_whitespace() || matches!(c, ':' | '-' | '–' | '.' | '(' | ')'));
    if rest.is_empty() {
        let text = page.lines().skip(1).find(|line| !line.trim().is_empty()).unwrap_or("");
        return text.split_inclusive(". ").next().unwrap_or("").trim().to_owned();
    }
    rest.to_owned()
}

fn is_code(code: &str) -> bool {
    code.starts_with(|c: char| c.is_ascii_lowercase())
        && code.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

fn join(places: &BTreeSet<String>) -> String {
    places.iter().map(String::as_str).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_come_from_code_functions_only() {
        let source = "impl E { pub fn code(&self) -> &'static str { match self { Self::A => \"a_b\", Self::B(x) => x.code() } }\n fn name() -> &'static str { \"other\" } }\n#[cfg(test)] mod t { fn code() { \"not_me\" } }";
        assert_eq!(codes_of(source), ["a_b"]);
        assert!(is_code("key_mode_too_open") && !is_code("Key") && !is_code("a b") && !is_code("1a"));
    }

    #[test]
    fn a_page_needs_a_title_and_a_text() {
        let good = "# chain_break: a leaf does not follow the one before\n\nMeaning.\n\nCause.\n\nMend.\n";
        assert_eq!(page_problem("chain_break", good), None);
        assert_eq!(meaning("chain_break", good), "a leaf does not follow the one before");
        assert_eq!(
            meaning("chain_break", "# `chain_break`\n\nA leaf is out of line. More.\n"),
            "A leaf is out of line."
        );
        assert!(page_problem("chain_break", "# chain_break\n\nShort.\n").is_some());
        assert!(page_problem("chain_break", "chain_break\n\na\nb\nc\n").is_some());
    }
}
