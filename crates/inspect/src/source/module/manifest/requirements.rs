//! Lists of requirements, as pip reads them, and requirements as PEP 508 writes them.

use super::super::package::{Digest, Include, Kind, Manifest, Pin, Requirement};

/// A list: one requirement a line, or another list to read. Options that name registries are left.
pub(super) fn manifest(text: &str) -> Result<Manifest, String> {
    if text.contains('\0') {
        return Err("it holds a NUL byte".to_owned());
    }
    let joined = text.replace("\\\r\n", " ").replace("\\\n", " ");
    let mut manifest = Manifest { pins_itself: true, ..Manifest::default() };
    for line in joined.lines() {
        let line = line.split(" #").next().unwrap_or_default().trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if let Some(local) = line.strip_prefix("-e ").or_else(|| line.strip_prefix("--editable ")) {
            let name = name_of(local.trim());
            let pin = if local.contains("://") { Pin::Moving } else { Pin::Local };
            manifest.requires.push(Requirement::new(name, local.trim(), Kind::Runtime, pin));
            continue;
        }
        if line.starts_with('-') {
            manifest.includes.extend(include(line));
            continue;
        }
        let (wanted, options) = line.split_once(" --").unwrap_or((line, ""));
        let Some(mut requirement) = parse(wanted, Kind::Runtime) else {
            return Err(format!("`{}` is no requirement", line.chars().take(60).collect::<String>()));
        };
        let digests = options.split_ascii_whitespace().filter_map(|word| word.rsplit_once("hash="));
        requirement.hashes = digests
            .filter_map(|(_, digest)| digest.split_once(':'))
            .filter_map(|(name, hex)| Digest::new(name, hex))
            .collect();
        manifest.requires.push(requirement);
    }
    Ok(manifest)
}

/// The list that a line leads to: `-r FILE`, `--constraint=FILE`.
fn include(line: &str) -> Option<Include> {
    [("--requirement", false), ("--constraint", true), ("-r", false), ("-c", true)].into_iter().find_map(
        |(option, is_constraint)| {
            let rest = line.strip_prefix(option)?;
            let is_word = option.starts_with("--") && !rest.starts_with([' ', '\t', '=']);
            let path = rest.trim_start_matches([' ', '\t', '=']).trim_matches(['"', '\'']);
            (!is_word && !path.is_empty()).then(|| Include { path: path.to_owned(), is_constraint })
        },
    )
}

/// A requirement as PEP 508 writes it: name, extras, versions or URL, marker.
pub(super) fn parse(text: &str, kind: Kind) -> Option<Requirement> {
    let text = text.split(';').next()?.trim();
    let local = text.starts_with('.') || text.starts_with('/');
    if local || text.contains("://") && !text.contains(" @ ") {
        let pin = if local { Pin::Local } else { Pin::Exact };
        let name = name_of(text);
        return Some(Requirement::new(name, text, kind, pin));
    }
    let end = text.find(|c: char| !(c.is_ascii_alphanumeric() || "._-".contains(c))).unwrap_or(text.len());
    let (name, mut rest) = (&text[..end], text[end..].trim_start());
    if name.is_empty() {
        return None;
    }
    if rest.starts_with('[') {
        rest = rest.split_once(']')?.1.trim_start();
    }
    let rest = rest.trim_start_matches('(').trim_end_matches(')').trim();
    let pin = match rest {
        "" => Pin::Any,
        url if url.starts_with('@') => return Some(Requirement::new(normal(name), url[1..].trim(), kind, of_url(url))),
        exact if exact.starts_with("==") && !exact.contains(['*', ',']) => Pin::Exact,
        range if range.starts_with(['=', '<', '>', '!', '~']) => Pin::Range,
        _ => return None,
    };
    Some(Requirement::new(normal(name), rest, kind, pin))
}

/// What lies at an address is called as the address says, or as its last part.
fn name_of(address: &str) -> &str {
    if let Some((_, name)) = address.rsplit_once("#egg=") {
        return name;
    }
    let path = address.split(['?', '#']).next().unwrap_or(address).trim_end_matches('/');
    path.rsplit('/').next().unwrap_or(path)
}

/// What lies at a URL may move, unless a commit is named.
fn of_url(url: &str) -> Pin {
    let is_commit = |text: &str| text.len() >= 40 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let commit = url.rsplit_once('@').is_some_and(|(_, end)| is_commit(end.split('#').next().unwrap_or_default()));
    if url.contains("git+") && !commit { Pin::Moving } else { Pin::Exact }
}

/// The one spelling of a name (PEP 503).
pub(super) fn normal(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for c in name.chars() {
        if !matches!(c, '-' | '_' | '.') {
            out.push(c.to_ascii_lowercase());
        } else if !out.ends_with('-') {
            out.push('-');
        }
    }
    out
}
